//! What goes out through whatever Telegram answers, and what comes in that cannot be read.

use std::{fs, path::PathBuf};

use segue::sandbox::{Fault, Post, Stage, Standing, Trouble};
use serde_json::{Value, json};

use crate::{
    out::file,
    recovery::answers,
    support::{
        headless,
        phone::{ADA, GROUP, Phone, phone_with, session_of},
        scratch::Scratch,
        wait::until,
    },
};

async fn phone() -> (Scratch, PathBuf, Phone) {
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"until": "go"}, {"text": "Done with {last}"},
        ]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    phone_with(&script).await
}

/// A message as Telegram brings it, from Ada.
fn message(chat: &Value, text: &str, more: Value) -> Value {
    let mut message = json!({
        "message_id": 900, "date": 1_790_000_000, "chat": chat, "text": text,
        "from": {"id": ADA, "is_bot": false, "first_name": "Ada"},
    });
    let Value::Object(more) = more else { panic!("no object") };
    message.as_object_mut().unwrap().extend(more);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_blocks_the_bot_holds_up_nothing() {
    let (_scratch, garden, mut phone) = phone().await;
    phone.provoke("blocked by the user");
    let prompt = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    phone.client.admit((ADA, ADA), Standing::Kicked).unwrap();
    Scratch::go(&garden);
    // The answer goes nowhere and is not kept: it stands in the session.
    phone.at_rest();
    assert_eq!(phone.said().matches("a chat takes no messages").count(), 1, "{}", phone.said());
    phone.client.admit((ADA, ADA), Standing::Member).unwrap();
    assert_eq!(answers(&phone, prompt), []);
    phone.say("/history 1");
    phone.see_text(&["slow beans", "Done with slow beans"]).await;
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("I see 2 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_moves_keeps_its_session_and_gets_its_answer() {
    let (_scratch, garden, mut phone) = phone().await;
    phone.provoke("upgraded to a supergroup");
    // The messages of the old chat stay there.
    phone.provoke("message to edit not found");
    phone.provoke("message to delete not found");
    let first = phone.client.say((GROUP, ADA), "/new water").unwrap();
    let session = session_of(&phone.answer_in(GROUP, first).await);
    phone.client.say((GROUP, ADA), "slow beans").unwrap();
    let begun =
        |posts: &[Post]| posts.iter().any(|post| post.text.contains("One after")).then_some(());
    phone.see_in(GROUP, "a turn", begun).await;
    let new = phone.client.add_group("Garden", &[ADA]).unwrap();
    let moved =
        Fault { times: 1_000, chat: Some(GROUP), ..Fault::next(Trouble::Moved { chat: new }) };
    phone.client.fault(moved);
    let chat = json!({"id": new, "type": "supergroup", "title": "Garden"});
    let mut service = message(&chat, "", json!({"migrate_from_chat_id": GROUP}));
    service.as_object_mut().unwrap().remove("text");
    phone.client.deliver("message", &service);
    Scratch::go(&garden);
    let done = |posts: &[Post]| {
        posts.iter().find(|post| post.text.contains("Done with slow beans")).cloned()
    };
    phone.see_in(new, "the answer, in the new chat", done).await;
    phone.at_rest();

    for killed in [false, true] {
        if killed {
            phone.kill();
            phone.boot().await;
        }
        let prompt = phone.client.say((new, ADA), "weed").unwrap();
        let answer = phone.answer_in(new, prompt).await;
        assert_eq!(session_of(&answer), session, "killed: {killed}");
        phone.bound(prompt);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_for_a_topic_that_is_gone_comes_to_its_group() {
    let (_scratch, _, mut phone) = phone().await;
    phone.provoke("message thread not found");
    let chat = json!({"id": GROUP, "type": "supergroup", "title": "Garden", "is_forum": true});
    let more = json!({"message_thread_id": 44, "is_topic_message": true});
    phone.client.deliver("message", &message(&chat, "/new water", more));
    let said = |words: &'static str| {
        move |posts: &[Post]| posts.iter().any(|post| post.text.contains(words)).then_some(())
    };
    phone.see_in(GROUP, "a word", said("The topic is closed or deleted")).await;
    phone.see_in(GROUP, "the answer", said("the last is: water")).await;
    phone.at_rest();
    let words = phone.client.messages(GROUP);
    let words = words.iter().filter(|post| post.text.contains("The topic is closed or deleted"));
    assert_eq!(words.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_without_an_answer_is_sent_again() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    fs::write(scratch.script(), headless::asking_text(&scratch.home())).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.ask("hello").await;
    phone.settled().await;
    let prompt = phone.say("open the gate");
    phone.progress(ADA, prompt).await;
    // The progress message may be on its way: then it is what is lost, and the question comes once.
    phone.client.fault(Fault::on("sendMessage", Trouble::Lose));
    let question = phone.see_open("touch gate.txt").await;
    let lost = |text: &'static str| {
        move |posts: &[Post]| {
            (posts.iter().filter(|post| post.text.contains(text)).count() == 2).then_some(())
        }
    };
    if phone.client.faults()[0].hits == 1 {
        phone.see("the question again", lost("touch gate.txt")).await;
    }
    phone.press(&question, "Allow once").await;
    phone.client.fault(Fault::on("sendMessage", Trouble::Lose));
    phone.see("the answer again", lost("The tool said")).await;
    phone.at_rest();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_cannot_be_read_is_set_aside_and_said_once() {
    let (_scratch, _, mut phone) = phone().await;
    for _ in 0..2 {
        phone.client.deliver("message", &json!({"text": "from nowhere"}));
    }
    phone.see_text(&["something that segue cannot read", "set aside"]).await;
    phone.ask("water").await;
    until("both set aside", || phone.kept().len() == 2);
    for file in phone.kept() {
        assert!(file.to_string_lossy().contains("set-aside/update-"), "{file:?}");
        assert!(fs::read_to_string(file).unwrap().contains("from nowhere"));
    }
    phone.confirmed().await;
    phone.kill();
    phone.boot().await;
    phone.ask("weed").await;
    assert!(!phone.said().contains("cannot be read"), "they do not come again");
    let words = phone.client.messages(ADA);
    assert_eq!(words.iter().filter(|post| post.text.contains("cannot read")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_stands_before_no_answer() {
    let (_scratch, garden, phone) = phone().await;
    fs::write(garden.join("notes.txt"), "sow in May\n").unwrap();
    phone.client.fault(Fault::on("sendDocument", Trouble::Hold { at: Stage::Asked }));
    phone.say("/get notes.txt");
    until("the file is on its way", || phone.client.held() == 1);
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("the last is: water"), "{answer:?}");
    assert_eq!(phone.client.held(), 1, "the file is still on its way");
    phone.client.let_go();
    assert_eq!(file(&phone, "notes.txt").await.1, b"sow in May\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_never_gets_out_is_refused_in_a_sentence() {
    let (_scratch, garden, phone) = phone().await;
    fs::write(garden.join("notes.txt"), "sow in May\n").unwrap();
    phone.client.fault(Fault { times: 1_000, ..Fault::on("sendDocument", Trouble::Cut) });
    phone.say("/get notes.txt");
    phone.ask("water").await;
    phone.see_text(&["notes.txt could not be sent", "no answer from Telegram"]).await;
    phone.client.clear_faults();
    phone.say("/get notes.txt");
    assert_eq!(file(&phone, "notes.txt").await.1, b"sow in May\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_refusal_is_in_the_log() {
    let (_scratch, _, mut phone) = phone().await;
    phone.provoke("MESSAGE_OF_NO_FORM");
    let description = "Bad Request: MESSAGE_OF_NO_FORM".to_owned();
    let refuse = Trouble::Refuse { code: 400, description };
    phone.client.fault(Fault { times: 3, ..Fault::on("sendMessage", refuse) });
    phone.say("/status");
    until("the log says so", || phone.said().contains("refuses a message in every form"));
    assert!(phone.said().contains("MESSAGE_OF_NO_FORM"), "{}", phone.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_telegram_takes_in_no_form_is_said() {
    let gate = tempfile::tempdir().unwrap();
    let go = gate.path().join("go");
    let reply = json!([{"text": "It "}, {"until": go}, {"text": "grows."}]);
    let script = json!({"rules": [{"replies": [reply]}]});
    let (_scratch, _garden, mut phone) = phone_with(&script).await;
    phone.provoke("MESSAGE_OF_NO_FORM");
    let prompt = phone.say("sow");
    phone.progress(ADA, prompt).await;
    let description = "Bad Request: MESSAGE_OF_NO_FORM".to_owned();
    let refuse = Trouble::Refuse { code: 400, description };
    phone.client.fault(Fault { times: 3, ..Fault::on("sendMessage", refuse) });
    fs::write(&go, "").unwrap();
    let said = phone.see_text(&["not all of it can be shown here", "MESSAGE_OF_NO_FORM"]).await;
    assert_eq!(said.reply_to, Some(prompt));
    phone.press(&said, "Export as a file").await;
    let is_page = |post: &Post| post.media.is_some() && post.from != ADA;
    phone.see("the page", |posts| posts.iter().any(is_page).then_some(())).await;
    phone.at_rest();
}
