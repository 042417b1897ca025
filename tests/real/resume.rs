//! What we read of a transcript is what the CLI sends to the API when it resumes the session.
//!
//! `SEGUE_TREES=200` tries more random trees than the few of every run; `SEGUE_TREES_SEED=N` begins
//! with another one.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use segue::claude::transcript::story::{Event, Outline};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    dice::Dice,
    support::{
        cli,
        headless::{HOME, script},
        laptop::Laptop,
        messages_api::MessagesApi,
    },
};

/// The prompt that the session is resumed with.
const PROBE: &str = "PROBE";
/// Random trees of every run.
const TREES: u64 = 6;

/// A laptop whose transcripts are written by hand.
struct Bench {
    api: MessagesApi,
    laptop: Laptop,
    project: PathBuf,
}

impl Bench {
    fn new(test: &str) -> Option<Self> {
        let cli = cli::find_for(test)?;
        let api = MessagesApi::start(script(HOME.as_ref()));
        let laptop = Laptop::new(&cli, &api.url);
        let project = laptop.project("garden");
        Some(Self { api, laptop, project })
    }

    /// Puts a transcript down: its id, and where it lies.
    fn put(&self, text: &[u8]) -> (String, PathBuf) {
        let id = Uuid::new_v4().to_string();
        let sign = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '-' };
        let slug: String = self.project.to_str().unwrap().chars().map(sign).collect();
        let folder = self.laptop.claude().join("projects").join(slug);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{id}.jsonl"));
        fs::write(&path, text).unwrap();
        (id, path)
    }

    /// What the CLI says to the API of a session, before the probe: texts, calls and results, in
    /// order. `None` where it finds no conversation.
    fn sent(&self, id: &str) -> Option<Vec<String>> {
        let before = self.api.requests().len();
        let output = self.laptop.print(&self.project, &["--resume", id, PROBE]);
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("No conversation found"), "{output:?}");
            return None;
        }
        let requests = self.api.requests();
        let request = requests[before..].iter().rev().find(|request| request["stream"] == true);
        let messages = request.unwrap()["messages"].as_array().unwrap().clone();
        let messages = messages.iter().filter(|message| message["role"] != "system");
        let said = messages.flat_map(|message| said(&message["content"]));
        Some(said.filter(|text| !is_of_the_cli(text)).collect())
    }
}

/// What the CLI adds by itself.
fn is_of_the_cli(text: &str) -> bool {
    text == PROBE
        || text == "No response requested."
        || text.starts_with("<system-reminder>")
        || text.starts_with("Continue from where you left off")
        // What a command stands for, and what one printed: not the person's words.
        || text.starts_with("<bash-stdout>")
        || text == "Please analyze this codebase"
}

fn said(content: &Value) -> Vec<String> {
    let Some(blocks) = content.as_array() else {
        return vec![content.as_str().unwrap_or_default().trim().to_owned()];
    };
    let block = |block: &Value| match block["type"].as_str() {
        Some("text") => Some(block["text"].as_str().unwrap().trim().to_owned()),
        Some("tool_use") => Some(format!("call {}", block["input"])),
        Some("tool_result") => Some(format!("result {}", block["content"])),
        _ => None,
    };
    blocks.iter().filter_map(block).collect()
}

/// What we read of it since the last compaction, in the same words. Results follow their calls there,
/// so they are told apart.
fn told(path: &Path) -> (Vec<String>, Vec<String>) {
    let (mut texts, mut results) = (Vec::new(), Vec::new());
    let each = |event: Event<'_>| {
        match event {
            Event::Asked { prompt, .. } => texts.push(prompt.to_owned()),
            Event::Said(text) | Event::Notice(text) | Event::Summary(text) => {
                texts.push(text.to_owned());
            }
            Event::Used(tool) => {
                texts.push(format!("call {}", tool.input));
                results.extend(tool.result.as_ref().map(|text| format!("result {}", json!(text))));
            }
            Event::Compacted => (texts, results) = (Vec::new(), Vec::new()),
            Event::Shown(_) | Event::Printed(_) | Event::Thought(_) | Event::Unknown(_) => {}
        }
        Ok(())
    };
    Outline::of(path).unwrap().tell(each).unwrap();
    (texts, results)
}

/// A record or the note of a leaf, as a line.
fn line(dice: &mut Dice, number: u64, main: &mut Vec<u64>, clock: &mut u64) -> Value {
    let id = |number: u64| format!("00000000-0000-4000-8000-{number:012}");
    let pick = |dice: &mut Dice, from: &[u64]| from[dice.below(from.len())];
    if dice.percent(8) && !main.is_empty() {
        let leaf = if dice.percent(90) { pick(dice, main) } else { 777 };
        return json!({"type": "last-prompt", "lastPrompt": "x", "leafUuid": id(leaf)});
    }
    let parent = match main.last() {
        None => None,
        Some(_) if dice.percent(8) => None,
        Some(last) if dice.percent(55) => Some(*last),
        Some(_) if dice.percent(40) => Some(9_000 + dice.below(5) as u64),
        Some(_) if dice.percent(8) => Some(number + 1),
        Some(_) => Some(pick(dice, main)),
    };
    *clock += [0, 1, 1, 1, 2][dice.below(5)];
    let at = if dice.percent(85) { *clock } else { dice.below(*clock as usize + 4) as u64 };
    let is_side_chain = dice.percent(10);
    if !is_side_chain {
        main.push(number);
    }
    let kind = if dice.percent(50) { "user" } else { "assistant" };
    let text = format!("{kind} {number}");
    let message = match kind {
        "user" => json!({"role": kind, "content": text}),
        _ => json!({
            "id": format!("msg_{number}"), "type": "message", "role": kind,
            "model": "claude-opus-5-5", "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1},
        }),
    };
    json!({
        "parentUuid": parent.map(id), "isSidechain": is_side_chain, "userType": "external",
        "cwd": "/home/ada", "sessionId": "x", "version": "2.1.332", "entrypoint": "cli",
        "type": kind, "uuid": id(number), "message": message,
        "timestamp": format!("2026-11-20T10:{:02}:{:02}.000Z", at / 60, at % 60),
    })
}

#[test]
fn random_trees_are_followed_as_the_cli_follows_them() {
    let Some(bench) = Bench::new("random trees") else { return };
    let wish = |name: &str| env::var(name).ok().and_then(|value| value.parse().ok());
    let first = wish("SEGUE_TREES_SEED").unwrap_or(1);
    for seed in first..first + wish("SEGUE_TREES").unwrap_or(TREES) {
        let mut dice = Dice::new(seed);
        let (mut main, mut clock) = (Vec::new(), 0);
        let count = 3 + dice.below(12) as u64;
        let mut text = String::new();
        for number in 1..=count {
            text += &line(&mut dice, number, &mut main, &mut clock).to_string();
            text.push('\n');
        }
        if main.is_empty() {
            continue;
        }
        let (id, path) = bench.put(text.as_bytes());
        let sent = bench.sent(&id).unwrap_or_else(|| panic!("seed {seed}\n{text}"));
        fs::write(&path, &text).unwrap();
        assert_eq!(told(&path).0, sent, "seed {seed}\n{text}");
    }
}

#[test]
fn damaged_transcripts_are_read_as_the_cli_reads_them() {
    let Some(bench) = Bench::new("damaged transcripts") else { return };
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases");
    let mut seen = 0;
    for case in fs::read_dir(&cases).unwrap() {
        let case = case.unwrap().path();
        let name = case.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&case).unwrap();
        let text = text.replace("@CWD@", bench.project.to_str().unwrap());
        let (id, path) = bench.put(text.as_bytes());
        let sent = bench.sent(&id);
        fs::write(&path, &text).unwrap();
        if name == "stub" {
            assert_eq!(sent, None);
            continue;
        }
        let sent = sent.unwrap_or_else(|| panic!("{name}: no conversation"));
        let (texts, results) = told(&path);
        let is_result = |said: &&String| said.starts_with("result ");
        let theirs: Vec<_> = sent.iter().filter(is_result).cloned().collect();
        assert_eq!(results, theirs, "{name}");
        let theirs: Vec<_> =
            sent.iter().filter(|said| !is_result(said)).map(|text| plain(text)).collect();
        // What we show beyond it: a prompt behind zero bytes, which the CLI cannot read, and the words
        // of one that came in a turn, which it puts into a reminder.
        let extra = ["q two", "and look at this"];
        let ours: Vec<_> = texts.iter().map(|text| plain(text)).collect();
        let ours: Vec<_> = match &*name {
            "nul-before" | "picture-in-a-turn" => {
                ours.into_iter().filter(|text| !extra.contains(&text.as_str())).collect()
            }
            _ => ours,
        };
        assert_eq!(ours, theirs, "{name}");
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

/// Words as the person typed them: the CLI sends commands in its own tags, and what they stand for.
fn plain(text: &str) -> String {
    match text {
        _ if text.contains("<command-name>/init") && text.starts_with('<') => "/init".to_owned(),
        "<bash-input>ls</bash-input>" => "! ls".to_owned(),
        other => other.to_owned(),
    }
}
