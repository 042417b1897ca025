//! What becomes of a prompt when the bot goes down and comes back: a row for each way in which
//! Claude may meanwhile have gone on. The same on the scripted and on the real CLI.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use segue::sandbox::Post;
use serde_json::{Value, json};

use crate::support::{
    phone::Phone,
    processes::{end, living},
    wait::until,
};

/// What Claude says in all rows.
pub(crate) fn script() -> Value {
    let look = json!({"name": "Bash", "input": {"command": "sleep 1", "description": "Look"},
        "asks": "never", "takes": 1000});
    let failure = json!({"status": 400, "type": "invalid_request_error", "message": "too wet"});
    json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"pause": 1500}, {"text": "Done with {last}"},
        ]]},
        {"words": ["endless"], "replies": [[{"tool": look}], [{"text": "It begins. "}, "hang"]]},
        {"words": ["failing"], "replies": [[{"tool": look}], [{"error": failure}]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]})
}

/// One way to go down and come back.
struct Row {
    name: &'static str,
    prompt: &'static str,
    /// What is in the chat when the bot goes down; empty: it is down when the prompt is said.
    seen: &'static str,
    /// What Claude does meanwhile.
    meanwhile: Meanwhile,
    /// What the answer says.
    answer: &'static str,
    /// The button beneath, and how often Claude has the prompt's words once it is pressed.
    then: Option<(&'static str, usize)>,
}

enum Meanwhile {
    Nothing,
    ComesToItsEnd,
    IsKilled,
    /// It is killed, after it has noted that the person broke off.
    WasInterrupted,
}

const ROWS: [Row; 6] = [
    Row {
        name: "not in the transcript",
        prompt: "water",
        seen: "",
        meanwhile: Meanwhile::Nothing,
        answer: "the last is: water",
        then: None,
    },
    Row {
        name: "running in a process that outlived us",
        prompt: "slow beans",
        seen: "One after",
        meanwhile: Meanwhile::Nothing,
        answer: "Done with slow beans",
        then: None,
    },
    Row {
        name: "finished without us",
        prompt: "slow peas",
        seen: "One after",
        meanwhile: Meanwhile::ComesToItsEnd,
        answer: "Done with slow peas",
        then: None,
    },
    Row {
        name: "broken off",
        prompt: "endless beets",
        seen: "It begins",
        meanwhile: Meanwhile::IsKilled,
        answer: "cut off here",
        then: Some(("Continue", 1)),
    },
    Row {
        name: "ended by an error of the API",
        prompt: "failing leeks",
        seen: "Running a command",
        meanwhile: Meanwhile::ComesToItsEnd,
        answer: "Claude's API failed",
        then: Some(("Try again", 2)),
    },
    Row {
        name: "ended by an interrupt",
        prompt: "endless herbs",
        seen: "It begins",
        meanwhile: Meanwhile::WasInterrupted,
        answer: "Stopped",
        then: Some(("Try again", 2)),
    },
];

/// Goes through all rows, each in a session of its own. `home` is `$HOME`.
pub(crate) async fn go_through(phone: &mut Phone, home: &Path) {
    for row in ROWS {
        eprintln!("--- {}", row.name);
        phone.ask("/new sow").await;
        phone.at_rest();
        let known = phone.client.messages(crate::support::phone::ADA).len();
        let prompt = go_down(phone, home, &row, known).await;
        phone.boot().await;
        let answer = phone.answer(prompt).await;
        assert!(answer.text.contains(row.answer), "{}: {answer:?}", row.name);
        phone.at_rest();
        phone.settled().await;
        assert_eq!(taken(home, row.prompt), 1, "{}", row.name);
        if let Some((label, times)) = row.then {
            phone.press(&answer, label).await;
            let on_its_way = || match label {
                "Continue" => taken(home, "Continue from where you left off.") == 1,
                _ => taken(home, row.prompt) == times,
            };
            until(row.name, on_its_way);
            if matches!(row.meanwhile, Meanwhile::WasInterrupted) {
                phone.say("/stop");
            }
            phone.settled().await;
            phone.at_rest();
            assert_eq!(taken(home, row.prompt), times, "{}", row.name);
        }
    }
}

async fn go_down(phone: &mut Phone, home: &Path, row: &Row, known: usize) -> i64 {
    if row.seen.is_empty() {
        phone.kill();
        return phone.say(row.prompt);
    }
    let prompt = phone.say(row.prompt);
    let shows = |post: &Post| post.text.contains(row.seen);
    let is_new = |posts: &[Post]| posts[known..].iter().any(shows).then_some(());
    phone.see(row.name, is_new).await;
    until("noted", || phone.noted("progress"));
    phone.kill();
    match row.meanwhile {
        Meanwhile::Nothing => {}
        Meanwhile::ComesToItsEnd => until("its end", || living(home).is_empty()),
        Meanwhile::IsKilled | Meanwhile::WasInterrupted => {
            living(home).into_iter().for_each(end);
            until("killed", || living(home).is_empty());
        }
    }
    if matches!(row.meanwhile, Meanwhile::WasInterrupted) {
        interrupted(home, row.prompt);
    }
    prompt
}

/// Notes at the end of the transcript with these words, as the CLI does, that the person broke off.
fn interrupted(home: &Path, words: &str) {
    let is_it = |path: &&PathBuf| fs::read_to_string(path).unwrap().contains(words);
    let all = transcripts(home);
    let path = all.iter().find(is_it).unwrap();
    let last = lines(path).pop().unwrap();
    let record = json!({
        "type": "user", "uuid": "33333333-3333-4333-8333-333333333333",
        "parentUuid": last["uuid"], "sessionId": last["sessionId"], "isSidechain": false,
        "cwd": last["cwd"], "timestamp": last["timestamp"], "version": last["version"],
        "message": {"role": "user", "content": [
            {"type": "text", "text": "[Request interrupted by user]"},
        ]},
    });
    let mut file = File::options().append(true).open(path).unwrap();
    file.write_all(format!("{record}\n").as_bytes()).unwrap();
}

fn transcripts(home: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(home.join(".claude/projects")).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten());
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// How often Claude has got these words as a prompt.
pub(crate) fn taken(home: &Path, words: &str) -> usize {
    let is_it = |record: &Value| match record["type"].as_str() {
        Some("user") => {
            let content = &record["message"]["content"];
            content == words || content[0]["text"] == words
        }
        Some("attachment") => record["attachment"]["prompt"] == words,
        _ => false,
    };
    transcripts(home).iter().flat_map(|path| lines(path)).filter(is_it).count()
}
