//! Sessions that run elsewhere, followed in the chat.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use segue::sandbox::{Fault, Post};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    elsewhere::Elsewhere,
    phone::{Phone, phone, session_of},
    scratch::Scratch,
};

/// The transcript of a session, as its terminal writes on.
struct Writer(PathBuf);

impl Writer {
    fn of(scratch: &Scratch, project: &Path, session: &str) -> Self {
        Self(scratch.folder(project).join(format!("{session}.jsonl")))
    }

    fn raw(&self, bytes: &[u8]) {
        let mut file = File::options().append(true).create(true).open(&self.0).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn line(&self, line: &Value) {
        self.raw(format!("{line}\n").as_bytes());
    }

    fn asks(&self, text: &str) {
        self.line(&asked(text));
    }

    fn says(&self, text: &str) {
        self.line(&said(text));
    }

    fn uses(&self, id: &str, command: &str) {
        self.line(&json!({"type": "assistant", "uuid": Uuid::new_v4(), "message": {
            "model": "opus", "stop_reason": "tool_use", "content": [{"type": "tool_use", "id": id,
            "name": "Bash", "input": {"command": command}}]}}));
    }
}

fn asked(text: &str) -> Value {
    json!({"type": "user", "uuid": Uuid::new_v4(), "message": {"content": text}})
}

fn said(text: &str) -> Value {
    json!({"type": "assistant", "uuid": Uuid::new_v4(), "message": {"model": "opus",
        "stop_reason": "end_turn", "content": [{"type": "text", "text": text}]}})
}

fn count(posts: &[Post], text: &str) -> usize {
    posts.iter().filter(|post| post.text.contains(text)).count()
}

/// How many messages of the chat hold a text.
async fn seen(phone: &Phone, text: &str) -> usize {
    phone.see("the chat", |posts| Some(count(posts, text))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_elsewhere_is_followed_as_it_grows() {
    let (scratch, garden, phone) = phone().await;
    let id = scratch.session(&garden, &["sow the beans", "and the peas"], 5);
    let mut terminal = Elsewhere::open(&scratch, &garden, &id);
    phone.say("/follow");
    phone.see_text(&["Following sow the beans", "~/garden", "idle there"]).await;
    let last = phone.see_text(&["and the peas", "Done: and the peas"]).await;
    assert!(!last.text.contains("Done: sow"), "only the last exchange: {last:?}");
    assert!(last.silent, "{last:?}");
    let writer = Writer::of(&scratch, &garden, &id);
    terminal.is("busy", None);
    writer.asks("water them");
    phone.see_text(&["You", "water them", "▸ Working…"]).await;
    writer.uses("t1", "water beds");
    phone.see_text(&["water them", "▸ Run water beds", "▸ Run…"]).await;
    terminal.is("waiting", Some("permission prompt"));
    phone.see_text(&["water them", "Waits for an answer there: permission prompt"]).await;
    terminal.is("busy", None);
    let (answer, long) = (said("All wet."), "word ".repeat(2_000));
    let bytes = format!("{answer}\n");
    let (first, rest) = bytes.split_at(40);
    writer.raw(first.as_bytes());
    writer.raw(rest.as_bytes());
    let done = phone.see_text(&["water them", "✓ Run water beds", "All wet."]).await;
    assert!(!done.text.contains('▸'), "{done:?}");
    assert_eq!(seen(&phone, "water them").await, 1, "it is one message");
    // What is too long for one message comes in several, each of which leads to the session.
    writer.asks("tell me all");
    writer.says(&format!("{long} the end"));
    let end = phone.see_text(&["the end"]).await;
    assert_eq!(session_of(&end), id);
    assert_eq!(seen(&phone, "All wet.").await, 1);
    terminal.leave();
    phone.see_text(&["sow the beans has ended there", "should it be opened again"]).await;
    phone.say("/follow off");
    phone.see_text(&["No longer following sow the beans"]).await;
    writer.asks("nobody sees this");
    phone.say("/follow");
    phone.see_text(&["Nothing runs elsewhere"]).await;
    assert_eq!(seen(&phone, "nobody sees this").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_telegram_did_not_take_of_a_followed_session_comes_again() {
    let (scratch, garden, mut phone) = phone().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    phone.say(&format!("/follow {id}"));
    phone.see_text(&["Done: sow the beans"]).await;
    let writer = Writer::of(&scratch, &garden, &id);
    writer.asks("water them");
    phone.see_text(&["water them", "▸ Working…"]).await;
    // The change of a message, and a message: nothing else changes there afterwards.
    phone.provoke("to be refused");
    for (method, text) in [("editMessageText", "All wet."), ("sendMessage", "and the peas")] {
        // Once with formatting, and once without.
        phone.client.fault(Fault::refusing(method, 400, 2));
        if method == "sendMessage" {
            writer.asks(text);
        }
        writer.says(text);
        phone.see_text(&[text]).await;
        assert_eq!(seen(&phone, text).await, 1);
    }
    // What it takes in no form is said in the end.
    phone.client.fault(Fault::refusing("editMessageText", 400, 100));
    writer.asks("prune the pears");
    phone.see_text(&["prune the pears"]).await;
    writer.says("Pruned.");
    phone.see_text(&["Something that was said in sow the beans cannot be shown here"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn following_survives_a_restart_and_tells_nothing_twice() {
    let (scratch, garden, mut phone) = phone().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    let orchard = scratch.directory("orchard");
    let other = scratch.session(&orchard, &["prune the pears"], 7);
    let _terminals =
        [Elsewhere::open(&scratch, &garden, &id), Elsewhere::open(&scratch, &orchard, &other)];
    phone.say("/follow");
    let which = phone.see_text(&["Which one to follow?", "sow the beans", "prune the pears"]).await;
    assert_eq!(which.buttons().count(), 2);
    phone.say("/follow pears");
    phone.see_text(&["Following prune the pears"]).await;
    phone.see_text(&["Done: prune the pears"]).await;
    phone.say("/follow beans");
    phone.see_text(&["Following sow the beans"]).await;
    phone.see_text(&["Done: sow the beans"]).await;
    let moves = phone.say("/cd orchard");
    phone.see_text(&["Working in ~/orchard"]).await;
    // One line after the other.
    phone.bound(moves);
    phone.confirmed().await;
    phone.kill();
    let writer = Writer::of(&scratch, &garden, &id);
    writer.asks("said meanwhile");
    writer.says("And heard.");
    phone.boot().await;
    phone.see_text(&["Still following sow the beans"]).await;
    phone.see_text(&["said meanwhile", "And heard."]).await;
    Writer::of(&scratch, &orchard, &other).asks("of the other one");
    writer.asks("water them");
    writer.says("All wet.");
    phone.see_text(&["water them", "All wet."]).await;
    for (text, times) in [("of the other one", 0), ("water them", 1), ("said meanwhile", 1)] {
        assert_eq!(seen(&phone, text).await, times, "{text}");
    }
    phone.say("/status");
    phone.see_text(&["~/orchard"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_chat_asks_itself_is_not_told_twice() {
    let (scratch, garden, phone) = phone().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    phone.say(&format!("/follow {}", &id[..8]));
    phone.see_text(&["Following sow the beans", "nobody has open"]).await;
    let last = phone.see_text(&["Done: sow the beans"]).await;
    // A reply continues it: nobody else has it, so at once.
    let prompt = phone.reply("water them", last.id);
    let answer = phone.answer(prompt).await;
    assert_eq!(session_of(&answer), id);
    phone.settled().await;
    let writer = Writer::of(&scratch, &garden, &id);
    writer.asks("typed there");
    writer.says("Heard there.");
    phone.see_text(&["typed there", "Heard there."]).await;
    assert_eq!(seen(&phone, "the last is: water them").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_session_that_is_opened_offers_to_be_followed_and_its_terminal_may_turn() {
    let (scratch, garden, phone) = phone().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    let next = scratch.session(&garden, &["prune the pears"], 6);
    let mut terminal = Elsewhere::open(&scratch, &garden, &id);
    terminal.is("busy", None);
    phone.say(&format!("/sessions {id}"));
    let card = phone.see_text(&["Write to continue here", "sow the beans"]).await;
    phone.press(&card, "Follow what it does").await;
    phone.see_text(&["Following sow the beans", "busy there"]).await;
    terminal.turns_to(&next);
    let left = phone.see_text(&["was left there for another session"]).await;
    phone.press(&left, "Follow the other").await;
    let begun = phone.see_text(&["Following prune the pears"]).await;
    phone.press(&begun, "Stop following").await;
    phone.see_text(&["No longer following prune the pears"]).await;
    phone.say("/follow quinces");
    phone.see_text(&["quinces is no session that I can tell from others"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_that_goes_and_comes_again_is_followed_on() {
    let (scratch, garden, phone) = phone().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    phone.say(&format!("/follow {id}"));
    phone.see_text(&["Done: sow the beans"]).await;
    let claude = scratch.home().join(".claude");
    let aside = scratch.home().join("aside");
    fs::rename(&claude, &aside).unwrap();
    phone.see_text(&["The transcript of sow the beans was deleted"]).await;
    fs::rename(&aside, &claude).unwrap();
    let writer = Writer::of(&scratch, &garden, &id);
    writer.asks("water them");
    writer.says("All wet.");
    phone.see_text(&["water them", "All wet."]).await;
    assert_eq!(seen(&phone, "Done: sow the beans").await, 1);
}
