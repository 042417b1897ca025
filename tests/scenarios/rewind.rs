//! Sessions that go on from an earlier point, which a search has found.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use segue::sandbox::Post;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    elsewhere::Elsewhere,
    phone::{Phone, phone, session_of},
    scratch::Scratch,
};

/// Appends an exchange that began at so many minutes past nine; returns the answer's id.
fn exchange(
    (garden, path): (&Path, &Path),
    parent: Option<Uuid>,
    minute: u32,
    prompt: &str,
) -> Uuid {
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    let (asked, answered) = (Uuid::new_v4(), Uuid::new_v4());
    for (kind, id, parent, content) in [
        ("user", asked, json!(parent), json!(prompt)),
        (
            "assistant",
            answered,
            json!(asked),
            json!([{"type": "text", "text": format!("Done: {prompt}")}]),
        ),
    ] {
        let line = json!({"type": kind, "uuid": id, "parentUuid": parent, "isSidechain": false,
            "timestamp": format!("2026-05-04T09:{minute:02}:00.000Z"), "entrypoint": "cli",
            "cwd": garden, "version": "2.1.328",
            "message": {"role": kind, "model": "claude-opus", "content": content}});
        writeln!(file, "{line}").unwrap();
    }
    answered
}

/// A session of three exchanges: its id, its transcript, and its last message.
fn session(scratch: &Scratch, garden: &Path) -> (String, PathBuf, Uuid) {
    let id = Uuid::new_v4().to_string();
    let folder = scratch.folder(garden);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{id}.jsonl"));
    let mut last = None;
    for (minute, prompt) in [(1, "sow the beans"), (2, "and the quinces"), (3, "water them")] {
        last = Some(exchange((garden, &path), last, minute, prompt));
    }
    (id, path, last.unwrap())
}

/// What is shown around the quinces.
async fn quinces(phone: &Phone) -> Post {
    phone.say("/search quinces in:user");
    let page = phone.see_text(&["Found quinces in:user", "1. ", "1 session,"]).await;
    phone.press(&page, "1").await;
    phone.see_text(&["You · ", "and the quinces", "Done: and the quinces"]).await
}

/// The records that a person's words or Claude's stand in, by the words.
fn parent_of(path: &Path, prompt: &str) -> Value {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let is_it = |line: &Value| {
        let content = &line["message"]["content"];
        line["type"] == "user" && (content == prompt || content[0]["text"] == prompt)
    };
    lines.filter(is_it).map(|line| line["parentUuid"].clone()).next_back().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_from_where_a_search_has_found_something() {
    let (scratch, garden, mut phone) = phone().await;
    let (id, path, last) = session(&scratch, &garden);
    let around = quinces(&phone).await;
    assert!(!around.text.contains("water them"), "{around:?}");
    phone.press(&around, "Rewind to here").await;
    let will =
        phone.see_text(&["continues sow the beans from there", "the exchange after it"]).await;
    assert_eq!(session_of(&will), id);
    // The wish is written down, and what is asked beside it does not end it.
    phone.say("/status");
    phone.see_text(&["~/garden", "turns running"]).await;
    phone.terminate();
    phone.boot().await;
    phone.say("/model opus");
    phone.see_text(&["Model: Opus"]).await;
    let answer = phone.ask("prune them").await;
    assert!(answer.text.contains("I see 3 prompts"), "{answer:?}");
    assert_eq!(session_of(&answer), id);
    let second = phone.ask("and then?").await;
    assert!(second.text.contains("I see 4 prompts"), "{second:?}");
    phone.settled().await;
    // What was left out stands in the file, on a branch of its own.
    assert_eq!(parent_of(&path, "water them"), parent_of(&path, "prune them"));
    assert!(fs::read_to_string(&path).unwrap().contains(&last.to_string()));
    phone.terminate();
    phone.boot().await;
    let third = phone.ask("after a restart").await;
    assert!(third.text.contains("I see 5 prompts"), "{third:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_process_gives_way_to_one_that_goes_back() {
    let (scratch, garden, phone) = phone().await;
    let (id, _, _) = session(&scratch, &garden);
    phone.say("/model opus");
    phone.see_text(&["Model: Opus"]).await;
    let around = quinces(&phone).await;
    phone.press(&around, "Rewind to here").await;
    phone.see_text(&["continues sow the beans from there"]).await;
    let answer = phone.ask("prune them").await;
    assert!(answer.text.contains("I see 3 prompts"), "{answer:?}");
    assert_eq!(session_of(&answer), id);
    assert_eq!(phone.said().matches("started the CLI").count(), 2, "{}", phone.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_ends_where_a_search_has_found_something() {
    let (scratch, garden, mut phone) = phone().await;
    let (id, path, _) = session(&scratch, &garden);
    let before = fs::read_to_string(&path).unwrap();
    let around = quinces(&phone).await;
    phone.press(&around, "Fork from here").await;
    phone.see_text(&["copy of sow the beans that ends there", "the exchange after it"]).await;
    phone.terminate();
    phone.boot().await;
    let answer = phone.ask("prune them").await;
    assert!(answer.text.contains("I see 3 prompts"), "{answer:?}");
    assert_ne!(session_of(&answer), id);
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "the original stays as it is");
    let next = phone.ask("and then?").await;
    assert!(next.text.contains("I see 4 prompts"), "{next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_back_that_the_person_did_not_know_of() {
    let (scratch, garden, phone) = phone().await;
    let (id, path, last) = session(&scratch, &garden);
    let around = quinces(&phone).await;
    let terminal = Elsewhere::open(&scratch, &garden, &id);
    phone.press(&around, "Rewind to here").await;
    phone.see_text(&["sow the beans is open on the laptop, so nothing of it is taken back"]).await;
    terminal.leave();
    phone.press(&around, "Rewind to here").await;
    let will = phone.see_text(&["continues sow the beans from there"]).await;
    phone.press(&will, "Undo: continue at its end").await;
    phone.see_text(&["Write to continue here", "3 prompts"]).await;
    phone.press(&around, "Rewind to here").await;
    phone
        .see("it twice", |posts| {
            let again = posts.iter().filter(|post| post.text.contains("beans from there"));
            (again.count() == 2).then_some(())
        })
        .await;
    exchange((&garden, &path), Some(last), 4, "typed on the laptop");
    let answer = phone.ask("prune them").await;
    assert!(answer.text.contains("I see 5 prompts"), "{answer:?}");
    phone.see_text(&["has gone on since you chose an earlier point", "at its end"]).await;
    phone.settled().await;
    // A session that opens on the laptop in between keeps all it has, too.
    let around = quinces(&phone).await;
    phone.press(&around, "Rewind to here").await;
    phone.see_text(&["the 3 exchanges after it"]).await;
    let _terminal = Elsewhere::open(&scratch, &garden, &id);
    phone.say("sow more");
    phone.see_text(&["sow the beans is open on the laptop", "go on in a copy"]).await;
    phone.see_with("Take over").await;
}
