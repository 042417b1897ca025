//! Recordings on disk: what the real CLI said to a scenario, without a trace of where it ran.
//!
//! `fixtures/streams/NAME.jsonl` is standard output, `NAME.end.json` the exit code and standard
//! error. Everything that changes from one recording to the next (ids, times, paths) becomes a
//! stable neutral value, so that a new recording differs only where the CLI does. All else, the
//! order of fields included, stays as it was.

use std::{collections::HashMap, fs, path::Path};

use crate::support::headless::{Ending, HOME, Recording, streams};

const AT: &str = "2026-01-05T09:00:00.000Z";
const WALL_MS: &str = "1767603600000";
const DURATION_MS: &str = "40";
/// Longer texts (descriptions of the CLI's own commands) are cut, in characters.
const LONGEST: usize = 240;

impl Recording {
    /// Reads the recording of a scenario.
    pub(crate) fn load(name: &str) -> Self {
        let text = fs::read_to_string(streams().join(format!("{name}.jsonl"))).unwrap();
        let ending = fs::read(streams().join(format!("{name}.end.json"))).unwrap();
        Self {
            lines: text.lines().map(str::to_owned).collect(),
            ending: serde_json::from_slice(&ending).unwrap(),
        }
    }

    /// Writes the recording of a scenario.
    pub(crate) fn save(&self, name: &str) {
        let mut text = self.lines.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        fs::write(streams().join(format!("{name}.jsonl")), text).unwrap();
        let ending = serde_json::to_string(&self.ending).unwrap();
        fs::write(streams().join(format!("{name}.end.json")), ending + "\n").unwrap();
    }

    /// The recording as it would have been made in Ada's home.
    pub(crate) fn scrubbed(self, home: &Path) -> Self {
        let mut scrub = Scrub::new(home);
        Self {
            lines: self.lines.iter().map(|line| scrub.line(line)).collect(),
            ending: Ending { code: self.ending.code, stderr: scrub.text(&self.ending.stderr) },
        }
    }
}

struct Scrub {
    /// What is to be replaced wherever it stands: paths, their slugs, names of tasks.
    words: Vec<(String, String)>,
    /// Random ids in the order of their appearance.
    ids: HashMap<String, usize>,
}

impl Scrub {
    fn new(home: &Path) -> Self {
        let home = home.to_str().unwrap().to_owned();
        let slug = |path: &str| path.replace(|sign: char| !sign.is_ascii_alphanumeric(), "-");
        Self {
            words: vec![(slug(&home), slug(HOME)), (home, HOME.to_owned())],
            ids: HashMap::new(),
        }
    }

    /// A line of JSON with its strings and numbers replaced, and nothing else touched.
    fn line(&mut self, line: &str) -> String {
        let mut kept = String::new();
        let mut name = String::new();
        let mut rest = line;
        while let Some(sign) = rest.chars().next() {
            let length = match sign {
                '"' => string_length(rest),
                '-' | '0'..='9' => rest.find([',', '}', ']']).unwrap_or(rest.len()),
                _ => sign.len_utf8(),
            };
            let (token, after) = rest.split_at(length);
            match sign {
                '"' if after.starts_with(':') => {
                    token.trim_matches('"').clone_into(&mut name);
                    kept.push_str(token);
                }
                '"' => {
                    let text: String = serde_json::from_str(token).unwrap();
                    let text = self.field(&name, &text);
                    kept.push_str(&serde_json::to_string(&text).unwrap());
                }
                '-' | '0'..='9' => kept.push_str(number(&name, token)),
                _ => kept.push_str(token),
            }
            rest = after;
        }
        kept
    }

    fn field(&mut self, name: &str, text: &str) -> String {
        match name {
            "timestamp" => return AT.to_owned(),
            "task_id" | "run_id" => {
                let name = name.trim_end_matches("_id").to_owned() + "-1";
                self.words.push((text.to_owned(), name));
            }
            _ => {}
        }
        self.text(text)
    }

    fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.words {
            text = text.replace(from, to);
        }
        let text = self.without_ids(&without_port(&without_socket(&text)));
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

/// The CLI names the server that it couldn't talk to.
fn without_port(text: &str) -> String {
    let host = "127.0.0.1:";
    let Some((before, after)) = text.split_once(host) else {
        return text.to_owned();
    };
    let after = after.trim_start_matches(|sign: char| sign.is_ascii_digit());
    format!("{before}{host}8080{after}")
}

/// The length in bytes of the JSON string that a text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, sign)| {
        let closes = *sign == '"' && !escaped;
        escaped = *sign == '\\' && !escaped;
        closes
    });
    end.unwrap().0 + 1
}

/// The number of a field, or what stands for it where it is a time.
fn number<'a>(name: &str, token: &'a str) -> &'a str {
    match name {
        "request_sent_wall_ms" | "start_time" | "end_time" => WALL_MS,
        "pid" => "1",
        name if name.ends_with("_ms") => DURATION_MS,
        _ => token,
    }
}
