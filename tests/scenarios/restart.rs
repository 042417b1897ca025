//! What an earlier process has left in the chat and on the machine.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use segue::sandbox::{Bot, Media, Options, Pace, Post, Saying, Upload};
use serde_json::{Value, json};

use crate::{
    recovery::{answers, noted, phone, records, taken},
    support::{
        headless,
        phone::{ADA, Phone},
        processes::{end, halt, living},
        rows,
        scratch::Scratch,
        wait::until,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_go_down_has_its_way_back() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    fs::write(scratch.script(), rows::script().to_string()).unwrap();
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    rows::go_through(&mut phone, &scratch.home()).await;
}

async fn asking() -> (Scratch, PathBuf, Phone) {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    fs::write(scratch.script(), headless::asking_again_text(&scratch.home())).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    (scratch, garden, phone)
}

/// The question after the end of the bot that asked it.
async fn lost(phone: &Phone, question: &Post) -> Post {
    let lost = phone.see_text(&["✗ Not granted, since segue ended before you answered"]).await;
    assert_eq!(lost.id, question.id, "the same message");
    assert!(lost.text.ends_with("Run touch gate.txt"), "{lost:?}");
    lost
}

async fn ask_again(phone: &Phone, lost: &Post) {
    phone.press(lost, "Ask again").await;
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Allow once").await;
    phone.answer(lost.id).await;
    phone.see_text(&["✓ Run touch gate.txt (you allowed it)"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_a_killed_bot_says_that_nothing_was_granted() {
    for with_claude in [false, true] {
        let (scratch, _, mut phone) = asking().await;
        let prompt = phone.say("open the gate");
        let question = phone.see_open("touch gate.txt").await;
        noted(&phone, "questions");
        if with_claude {
            // Or it might come to an end of its own between the two.
            living(&scratch.home()).into_iter().for_each(halt);
        }
        phone.kill();
        if with_claude {
            living(&scratch.home()).into_iter().for_each(end);
        }
        phone.boot().await;
        let lost = lost(&phone, &question).await;
        let answer = phone.answer(prompt).await;
        assert_eq!(answer.text.contains("cut off here"), with_claude, "{answer:?}");
        phone.at_rest();
        assert_eq!(answers(&phone, prompt).len(), 1, "one answer");
        ask_again(&phone, &lost).await;
        assert_eq!(taken(&records(&scratch), "open the gate"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_closed_when_the_bot_is_ended() {
    let (_scratch, _, mut phone) = asking().await;
    phone.terminate();
    phone.configure("pace_ms = 20\ngrace_seconds = 0\n");
    phone.boot().await;
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate.txt").await;
    phone.terminate();
    let lost = lost(&phone, &question).await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("segue was ended on the laptop"), "{answer:?}");
    assert_eq!(phone.state(), [""; 0].map(PathBuf::from));
    phone.boot().await;
    ask_again(&phone, &lost).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_progress_message_that_was_not_noted_goes_when_it_is_touched() {
    let (scratch, garden, mut phone) = phone().await;
    let prompt = phone.say("slow beans");
    let progress = phone.progress(ADA, prompt).await;
    noted(&phone, "progress");
    phone.kill();
    for file in phone.kept() {
        let mut kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        kept["progress"] = Value::Null;
        fs::write(file, kept.to_string()).unwrap();
    }
    phone.boot().await;
    Scratch::go(&garden);
    phone.answer(prompt).await;
    phone.at_rest();
    scratch.wait_until_alone();
    // The answer is in the chat a moment before its turn is forgotten.
    while phone.press(&progress, "Stop").await == "Stopping…" {}
    let gone = |posts: &[Post]| posts.iter().all(|post| post.id != progress.id).then_some(());
    phone.see("no stale progress message", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_and_a_spoken_prompt_outlive_the_bot() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One. "}, {"until": "go"}, {"text": "Done with {last}"},
        ]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.terminate();
    phone.configure("pace_ms = 20\ntranscriber = 'echo slow leeks'\n");
    phone.boot().await;
    phone.ask("sow").await;
    phone.at_rest();

    let fork = phone.say("/fork slow peas");
    until("noted", || phone.noted("destination"));
    phone.kill();
    Scratch::go(&garden);
    phone.boot().await;
    let answer = phone.answer(fork).await;
    assert!(answer.text.contains("Done with slow peas"), "{answer:?}");
    phone.at_rest();

    let recording = Upload::new("voice.ogg", "audio/ogg", *b"sound");
    let media = Some(Media::Voice(phone.client.upload(recording)));
    let voice = phone.client.send((ADA, ADA), Saying { media, ..Saying::default() }).unwrap();
    let heard = phone.see_text(&["Heard:", "slow leeks"]).await;
    fs::remove_file(garden.join("go")).unwrap();
    phone.press(&heard, "Send").await;
    until("noted", || phone.noted("destination"));
    phone.kill();
    Scratch::go(&garden);
    phone.boot().await;
    let answer = phone.answer(voice).await;
    assert!(answer.text.contains("Done with slow leeks"), "{answer:?}");
    phone.at_rest();
    let records = records(&scratch);
    assert_eq!(["slow peas", "slow leeks"].map(|words| taken(&records, words)), [1, 1]);
}

// ---- Processes ----

/// A process in Claude's registry whose parent is gone.
fn orphan(home: &Path, session: &str, status: &str) -> i32 {
    let output = Command::new("sh")
        .args(["-c", "setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $!"])
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let pid: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    register(home, pid, session, status);
    pid
}

fn register(home: &Path, pid: i32, session: &str, status: &str) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let since = stat.rsplit(") ").next().unwrap().split(' ').nth(19).unwrap();
    let entry = json!({
        "pid": pid, "sessionId": session, "cwd": home, "procStart": since, "status": status,
        "kind": "interactive", "entrypoint": "telegram", "version": "2.1.328",
    });
    let sessions = home.join(".claude/sessions");
    fs::create_dir_all(&sessions).unwrap();
    fs::write(sessions.join(format!("{pid}.json")), entry.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_are_ended_when_they_are_idle_and_not_before() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let home = scratch.home();
    let ids = ["beans", "peas"].map(|prompt| scratch.session(&garden, &[prompt], 5));
    let (idle, busy) = (orphan(&home, &ids[0], "idle"), orphan(&home, &ids[1], "busy"));
    let phone = Phone::start(&scratch.base(), &garden).await;
    until("the idle one ended", || !living(&home).contains(&idle));
    assert!(living(&home).contains(&busy), "{}", phone.said());
    assert!(phone.said().contains("left by an earlier segue: it may finish"));
    register(&home, busy, &ids[1], "idle");
    until("the busy one ended, too", || !living(&home).contains(&busy));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_without_a_prompt_in_the_spool_is_left_to_finish() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[{"text": "One. "}, {"until": "go"}, {"text": "Done."}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("slow beans");
    phone.see_text(&["One."]).await;
    assert!(phone.noted("process"), "which process has it was written down before it got it");
    phone.confirmed().await;
    phone.kill();
    phone.kept().into_iter().for_each(|file| fs::remove_file(file).unwrap());
    phone.boot().await;
    let next = phone.say("slow peas");
    phone.see_text(&["Waiting for the turn that was running before"]).await;
    Scratch::go(&garden);
    phone.answer(next).await;
    let records = records(&scratch);
    let said = records.iter().filter(|record| record["type"] == "assistant");
    let done = said.filter(|record| record.to_string().contains("Done."));
    assert_eq!(done.count(), 2, "the first turn came to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bot_on_the_same_home_keeps_its_processes() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let script = json!({"rules": [
        {"words": ["endless"], "replies": [[{"text": "It begins. "}, "hang"]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let first = Phone::start(&scratch.base(), &garden).await;
    first.ask("sow").await;
    let [idle] = living(&scratch.home())[..] else { panic!("one process") };
    let other = Options {
        token: "7000000002:SANDBOX-not-a-secret-of-anything".to_owned(),
        bot: Bot { id: 7_000_000_002, username: "other_bot".into(), name: "other".into() },
        pace: Pace::Relaxed,
        ..Options::default()
    };
    let second = Phone::start_with(&scratch.base(), &garden, other).await;
    let prompt = second.say("water");
    let card =
        second.see_text(&["open with another bot on the laptop", "Your message is on hold"]).await;
    assert!(!second.said().contains("left by an earlier segue"));
    assert_eq!(living(&scratch.home()), [idle], "it lives");
    second.press(&card, "Take over").await;
    let answer = second.answer(prompt).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: water"), "{answer:?}");
}
