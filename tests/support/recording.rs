//! Recordings on disk: what the real CLI said to a scenario, without a trace of where it ran.
//!
//! `fixtures/streams/NAME.jsonl` is standard output, `NAME.end.json` the exit code and standard
//! error. Everything that changes from one recording to the next (ids, times, paths) becomes a
//! stable neutral value, so that a new recording differs only where the CLI does.

use std::{collections::HashMap, fs, path::Path};

use serde_json::Value;

use crate::support::headless::{Ending, HOME, Recording, streams};

const AT: &str = "2026-01-05T09:00:00.000Z";
const WALL_MS: u64 = 1_767_603_600_000;
const DURATION_MS: u64 = 40;
/// Longer texts (descriptions of the CLI's own commands) are cut, in characters.
const LONGEST: usize = 240;

impl Recording {
    /// Reads the recording of a scenario.
    pub(crate) fn load(name: &str) -> Self {
        let text = fs::read_to_string(streams().join(format!("{name}.jsonl"))).unwrap();
        let ending = fs::read(streams().join(format!("{name}.end.json"))).unwrap();
        Self {
            lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            ending: serde_json::from_slice(&ending).unwrap(),
        }
    }

    /// Writes the recording of a scenario.
    pub(crate) fn save(&self, name: &str) {
        let text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(streams().join(format!("{name}.jsonl")), text).unwrap();
        let ending = serde_json::to_string(&self.ending).unwrap();
        fs::write(streams().join(format!("{name}.end.json")), ending + "\n").unwrap();
    }

    /// The recording as it would have been made in Ada's home.
    pub(crate) fn scrubbed(mut self, home: &Path) -> Self {
        let mut scrub = Scrub::new(home);
        for line in &mut self.lines {
            scrub.value(line);
        }
        Self {
            lines: self.lines,
            ending: Ending { code: self.ending.code, stderr: scrub.text(&self.ending.stderr) },
        }
    }
}

struct Scrub {
    /// Paths and their slugs, with what stands for them.
    places: Vec<(String, String)>,
    ids: HashMap<String, usize>,
}

impl Scrub {
    fn new(home: &Path) -> Self {
        let home = home.to_str().unwrap().to_owned();
        let slug = |path: &str| path.replace(|sign: char| !sign.is_ascii_alphanumeric(), "-");
        Self {
            places: vec![(slug(&home), slug(HOME)), (home, HOME.to_owned())],
            ids: HashMap::new(),
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    match name.as_str() {
                        "timestamp" => *field = AT.into(),
                        "request_sent_wall_ms" | "start_time" | "end_time" => {
                            *field = WALL_MS.into();
                        }
                        "pid" => *field = 1.into(),
                        name if name.ends_with("_ms") && field.is_number() => {
                            *field = DURATION_MS.into();
                        }
                        _ => self.value(field),
                    }
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.places {
            text = text.replace(from, to);
        }
        let text = self.without_ids(&without_socket(&text));
        if text.chars().count() <= LONGEST {
            return text;
        }
        text.chars().take(LONGEST).chain(['…']).collect()
    }

    /// Numbers the random ids: UUIDs, and the 32 digits after `msg_` and `toolu_`.
    fn without_ids(&mut self, text: &str) -> String {
        let mut kept = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest
                .find(|sign: char| !(sign.is_ascii_hexdigit() || sign == '-'))
                .unwrap_or(rest.len());
            let (id, after) = rest.split_at(word);
            kept.push_str(&self.number(id));
            let mut signs = after.chars();
            kept.extend(signs.next());
            rest = signs.as_str();
        }
        kept
    }

    fn number(&mut self, word: &str) -> String {
        let ours = word.starts_with("00000000-") || word.starts_with("11111111-");
        let uuid = word.len() == 36 && word.matches('-').count() == 4;
        let digits = word.len() == 32 && !word.contains('-');
        if ours || !(uuid || digits) {
            return word.to_owned();
        }
        let next = self.ids.len() + 1;
        let number = *self.ids.entry(word.to_owned()).or_insert(next);
        if uuid { format!("22222222-0000-4000-8000-{number:012}") } else { format!("{number:032}") }
    }
}

/// The CLI's inbox is named after its process.
fn without_socket(text: &str) -> String {
    match text.strip_suffix(".sock").and_then(|text| text.rsplit_once('/')) {
        Some((folder, _)) => format!("{folder}/1.sock"),
        None => text.to_owned(),
    }
}
