//! *Continue then*: what waits for a usage limit to reset.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use segue::sandbox::Post;
use serde_json::{Value, json};

use crate::support::{
    phone::{ADA, PATIENCE, Phone, phone_with},
    scratch::Scratch,
};

/// A bot whose Claude has reached a limit that resets in so many seconds.
async fn phone(seconds: u64) -> (Scratch, PathBuf, Phone) {
    let limit = json!({"error": {
        "status": 429, "type": "rate_limit_error", "message": "Too much", "resets_in": seconds,
    }});
    let script = json!({"rules": [
        {"words": ["beans", "peas"], "replies": [[{"text": "I begin."}, limit]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    phone_with(&script).await
}

/// Runs into the limit and has the prompt wait.
async fn waits(phone: &Phone, text: &str) -> (i64, Post) {
    let prompt = phone.say(text);
    let failed = phone.answer(prompt).await;
    assert!(failed.text.contains("A usage limit was reached. It resets at"), "{failed:?}");
    phone.settled().await;
    phone.press(&failed, "Continue at …").await;
    (prompt, waiting(phone, prompt).await)
}

/// The message that says that a prompt waits.
async fn waiting(phone: &Phone, prompt: i64) -> Post {
    let is_it = |post: &&Post| {
        post.reply_to == Some(prompt) && post.text.contains("Waiting for the limit to reset")
    };
    phone.see("what waits", |posts| posts.iter().find(is_it).cloned()).await
}

/// The answer to what was sent when the limit had reset.
async fn goes_on(phone: &Phone, prompt: i64, count: usize) -> Post {
    let words = format!("I see {count} prompts; the last is: Continue from where you left off.");
    let is_it =
        |post: &&Post| post.reply_to == Some(prompt) && !post.silent && post.text.contains(&words);
    phone.see(&words, |posts| posts.iter().find(is_it).cloned()).await
}

/// Waits until nothing says any more that it waits, and nothing is kept.
async fn nothing_waits(phone: &Phone) {
    let waits = |post: &Post| post.text.contains("Waiting for the limit");
    phone.see("the end of waiting", |posts| (!posts.iter().any(waits)).then_some(())).await;
    phone.at_rest();
}

/// Waits until so many prompts are kept, with the messages that say so; their files.
async fn kept(phone: &Phone, count: usize) -> Vec<PathBuf> {
    let deadline = Instant::now() + PATIENCE;
    let is_whole = |file: &PathBuf| {
        let read = fs::read(file).ok();
        let kept = read.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        kept.is_some_and(|kept| kept["progress"].is_number())
    };
    loop {
        let mut files = phone.kept();
        files.retain(is_whole);
        if files.len() == count {
            return files;
        }
        assert!(Instant::now() < deadline, "{files:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A bot with two prompts that wait for a limit, which resets soon: as soon as this machine can make
/// both wait before it does.
async fn two_wait() -> (Scratch, Phone, [i64; 2]) {
    for seconds in [4, 16, 64] {
        let (scratch, _, phone) = phone(seconds).await;
        let begun = Instant::now();
        let soon = async {
            let (first, said) = waits(&phone, "sow the beans").await;
            let taken_back = said.buttons().any(|button| button.text == "Take back");
            assert!(said.silent && taken_back, "{said:?}");
            let (second, _) = waits(&phone, "sow the peas").await;
            kept(&phone, 2).await;
            [first, second]
        };
        let both = tokio::time::timeout(Duration::from_secs(seconds), soon).await;
        if let Ok(both) = both
            && begun.elapsed().as_secs() < seconds
        {
            return (scratch, phone, both);
        }
    }
    panic!("two prompts do not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_limit_goes_on_by_itself_and_in_order() {
    let (_scratch, phone, [first, second]) = two_wait().await;
    let one = goes_on(&phone, first, 3).await;
    let two = goes_on(&phone, second, 4).await;
    assert!(one.id < two.id);
    nothing_waits(&phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_survives_a_restart() {
    let (_scratch, mut phone, [first, second]) = two_wait().await;
    phone.kill();
    phone.boot().await;
    goes_on(&phone, first, 3).await;
    goes_on(&phone, second, 4).await;
    nothing_waits(&phone).await;
    let left = phone.client.messages(ADA);
    let answers = left.iter().filter(|post| post.text.contains("is: Continue from where"));
    assert_eq!(answers.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_has_reset_while_nobody_looked_is_due_at_once() {
    let (_scratch, _, mut phone) = phone(600).await;
    let (prompt, _) = waits(&phone, "sow the beans").await;
    let [kept] = &kept(&phone, 1).await[..] else { panic!("more than one") };
    phone.kill();
    // As if it had been pressed long ago.
    let mut entry: Value = serde_json::from_slice(&fs::read(kept).unwrap()).unwrap();
    *entry.pointer_mut("/stage/deferred/until").unwrap() = 1.into();
    fs::write(kept, entry.to_string()).unwrap();
    phone.boot().await;
    goes_on(&phone, prompt, 2).await;
    phone.at_rest();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_taken_back_and_may_wait_again() {
    let (_scratch, _, mut phone) = phone(600).await;
    let (prompt, said) = waits(&phone, "sow the beans").await;
    kept(&phone, 1).await;
    assert_eq!(phone.press(&said, "Take back").await, "Taken back.");
    let back = phone.see_text(&["Taken back: nothing is sent when the limit resets."]).await;
    assert_eq!(back.id, said.id);
    phone.at_rest();
    phone.press(&back, "Continue at …").await;
    waiting(&phone, prompt).await;
    kept(&phone, 1).await;
    phone.kill();
    phone.boot().await;
    phone.say("/stop");
    phone
        .see("taken back again", |posts| {
            let is_it = |post: &&Post| post.text.contains("Taken back") && post.id != back.id;
            posts.iter().find(is_it).cloned()
        })
        .await;
    phone.at_rest();
}
