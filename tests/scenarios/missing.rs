//! What the laptop may take away: space on the disk, the right to write, the time of day, and time
//! itself. It is said, and nothing is lost.

use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use segue::sandbox::Post;
use serde_json::{Value, json};

use crate::{
    recovery::{records, taken},
    support::{
        phone::{ADA, Phone, phone_with, session_of},
        processes::{go_on, halt, living},
        scratch::Scratch,
        scripted,
        wait::until,
    },
};

/// A bot in a project where nothing was said yet, whose Claude thinks for a while about what is
/// slow.
async fn bench() -> (Scratch, PathBuf, Phone) {
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"pause": 3000}, {"text": "Done with {last}"},
        ]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    phone_with(&script).await
}

/// How many messages hold a text.
fn count(posts: &[Post], text: &str) -> usize {
    posts.iter().filter(|post| post.text.contains(text)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_on_a_full_disk_is_said_and_survived() {
    let (scratch, _, phone) = bench().await;
    fs::create_dir_all(scratch.home().join(".claude")).unwrap();
    symlink("/dev/full", scratch.home().join(".claude/history.jsonl")).unwrap();
    let first = phone.answer(phone.say("/new herbs")).await;
    phone.see_text(&["history on the laptop cannot be written", "No space left"]).await;
    let second = phone.answer(phone.say("water")).await;
    assert_eq!(session_of(&first), session_of(&second));
    assert!(second.text.contains("I see 2 prompts"), "{second:?}");
    assert_eq!(count(&phone.client.messages(ADA), "cannot be written"), 1, "it is said once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_directory_that_takes_no_files_is_said_and_survived() {
    let (scratch, _, mut phone) = bench().await;
    phone.terminate();
    let state = scratch.home().join("state");
    fs::write(&state, "a file").unwrap();
    phone.set("XDG_STATE_HOME", &state);
    phone.boot().await;
    phone.ask("sow").await;
    let said = phone.see_text(&["state directory on the laptop cannot be written"]).await;
    assert!(said.text.contains("go to Claude all the same"), "{said:?}");
    phone.ask("water").await;
    assert_eq!(count(&phone.client.messages(ADA), "state directory"), 1, "it is said once");
    assert_eq!(taken(&records(&scratch), "water"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_for_all_that_segue_writes_is_said_and_survived() {
    let (scratch, _, mut phone) = bench().await;
    phone.ask("sow").await;
    phone.terminate();
    let starter = scratch.home().join("full");
    fs::write(&starter, "#!/bin/sh\ntrap '' XFSZ\nulimit -S -f 0\nexec \"$@\"\n").unwrap();
    fs::set_permissions(&starter, fs::Permissions::from_mode(0o755)).unwrap();
    phone.start_by(&starter);
    let claude = scripted::link(&scratch.home());
    let body = format!("ulimit -S -f unlimited\nexec {} \"$@\"", claude.display());
    scratch.replace_claude(&body);
    phone.boot().await;
    for (text, seen) in [("water", 2), ("weed", 3)] {
        let answer = phone.answer(phone.say(text)).await;
        assert!(answer.text.contains(&format!("I see {seen} prompts")), "{answer:?}");
    }
    phone.see_text(&["state directory on the laptop cannot be written"]).await;
    phone.see_text(&["history on the laptop cannot be written"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_changes_nothing() {
    let (scratch, garden, mut phone) = bench().await;
    let ahead = Duration::from_secs(7 * 24 * 60 * 60);
    let first = phone.ask("sow the beans").await;
    phone.ask("weed the beans").await;
    phone.settled().await;
    phone.terminate();
    // What was written while the clock was a week ahead.
    let id = session_of(&first);
    let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
    let history = scratch.home().join(".claude/history.jsonl");
    for path in [&transcript, &history] {
        let text = fs::read_to_string(path).unwrap();
        let later: Vec<String> = text.lines().map(|line| later(line, ahead)).collect();
        fs::write(path, later.join("\n") + "\n").unwrap();
        let times = FileTimes::new().set_modified(SystemTime::now() + ahead);
        File::options().write(true).open(path).unwrap().set_times(times).unwrap();
    }
    phone.boot().await;
    let answer = phone.ask("water the beans").await;
    assert_eq!(session_of(&answer), id, "the binding holds");
    phone.say("/sessions");
    phone.see_text(&["sow the beans"]).await;

    // What is in the spool of that time keeps its place before what comes now.
    phone.kill();
    for text in ["one", "two"] {
        phone.say(text);
    }
    phone.boot().await;
    phone.kill();
    // What was half written when the bot was killed was not confirmed to Telegram and comes again.
    for file in phone.kept() {
        let mut kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        kept["at"] = (kept["at"].as_u64().unwrap() + ahead.as_millis() as u64).into();
        fs::write(&file, kept.to_string()).unwrap();
    }
    phone.say("three");
    phone.boot().await;
    until("all taken", || {
        let records = records(&scratch);
        ["one", "two", "three"].iter().all(|text| taken(&records, text) > 0)
    });
    phone.at_rest();
    let records = records(&scratch);
    assert_eq!(["one", "two", "three"].map(|text| taken(&records, text)), [1, 1, 1]);
    let all: Vec<String> = records.iter().map(Value::to_string).collect();
    let place = |text: &str| {
        let quoted = format!("\"{text}\"");
        all.iter().position(|record| record.contains(&quoted)).unwrap()
    };
    assert!(place("one") < place("two") && place("two") < place("three"), "{all:#?}");
}

/// A line whose time is so much later.
fn later(line: &str, ahead: Duration) -> String {
    let mut line: Value = serde_json::from_str(line).unwrap();
    match &line["timestamp"] {
        Value::Number(number) => {
            line["timestamp"] = (number.as_u64().unwrap() + ahead.as_millis() as u64).into();
        }
        Value::String(text) => {
            let at = chrono::DateTime::parse_from_rfc3339(text).unwrap();
            line["timestamp"] = (at + ahead).to_rfc3339().into();
        }
        _ => {}
    }
    line.to_string()
}

/// Longer than a progress message is left without a new time, and than an orphan may idle.
const ASLEEP: Duration = Duration::from_secs(7);

#[tokio::test(flavor = "multi_thread")]
async fn a_laptop_that_slept_goes_on_where_it_was() {
    let (scratch, _, phone) = bench().await;
    phone.ask("sow the beans").await;
    phone.settled().await;
    let slow = phone.say("slow weeds");
    phone.see_text(&["One after the other"]).await;
    let all: Vec<i32> = living(&scratch.home()).into_iter().chain([phone.pid() as i32]).collect();
    all.iter().copied().for_each(halt);
    let asleep = Instant::now();
    let meanwhile = phone.say("water the beans");
    until("awake", || asleep.elapsed() > ASLEEP);
    all.into_iter().for_each(go_on);
    let answer = phone.answer(slow).await;
    assert!(answer.text.contains("Done with slow weeds"), "{answer:?}");
    let answer = phone.answer(meanwhile).await;
    assert!(answer.text.contains("the last is: water the beans"), "{answer:?}");
    phone.at_rest();
    phone.settled().await;
    let records = records(&scratch);
    assert_eq!(["slow weeds", "water the beans"].map(|text| taken(&records, text)), [1, 1]);
    assert_eq!(count(&phone.client.messages(ADA), "Done with slow weeds"), 1);
}
