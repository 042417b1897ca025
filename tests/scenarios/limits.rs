//! How much of the plan is used, and what is held until it resets.

use std::{fs, time::Duration};

use segue::sandbox::Post;
use serde_json::{Value, json};

use crate::support::{
    phone::{Phone, phone, phone_with},
    scratch::Scratch,
    wait::until,
};

/// The usual script on a plan whose windows are used up so far.
fn script(five_hours: f64, resets_in: i64) -> Value {
    let text = json!([{"text": "I see {prompts} prompts; the last is: {last}"}]);
    json!({
        "limits": {
            "five_hour": {"utilization": five_hours, "resets_in": resets_in},
            "seven_day": {"utilization": 12, "resets_in": 90_000},
        },
        "rules": [{"replies": [text]}],
    })
}

fn count(posts: &[Post], text: &str) -> usize {
    posts.iter().filter(|post| post.text.contains(text)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_shown_and_warned_of_once() {
    let (_scratch, _, phone) = phone_with(&script(84.0, 3_600)).await;
    // Nothing is warm: a process starts for it, and its answer is a warning, too.
    phone.say("/limits");
    let shown = phone.see_text(&["Limits of the plan max", "84 % 5 hours", "12 % 7 days"]).await;
    assert!(shown.text.contains("████████░░") && shown.text.contains("resets"), "{shown:?}");
    phone.see_text(&["84 % of the limit for 5 hours is used"]).await;
    phone.ask("sow the beans").await;
    phone.settled().await;
    phone.say("/status");
    phone.see_text(&["Context ", "System prompt", "Limits", "84 % 5 hours"]).await;
    phone.say("/usage");
    phone.see_text(&["Prices of", "Limits", "84 % 5 hours"]).await;
    let warned = phone.see("the chat", |posts| Some(count(posts, "of the limit for"))).await;
    assert_eq!(warned, 1);
}

/// A bot with two prompts that are held until the limit resets, which is soon: as soon as this
/// machine can have both held before it does.
async fn two_wait() -> (Scratch, Phone, [i64; 2]) {
    for seconds in [6, 24, 96] {
        let (scratch, _, phone) = phone_with(&script(100.0, seconds)).await;
        let soon = async {
            phone.say("/limits");
            let shown = phone.see_text(&["100 % 5 hours"]).await;
            fs::write(scratch.script(), script(0.0, 3_600).to_string()).unwrap();
            phone.press(&shown, "Hold my messages until …").await;
            phone.see_text(&["What you write waits until"]).await;
            let both = [phone.say("sow the beans"), phone.say("water them")];
            let wait = |posts: &[Post]| {
                (count(posts, "Waiting for the limit to reset") == 2).then_some(())
            };
            phone.see("both wait", wait).await;
            both
        };
        let time = Duration::from_secs(seconds.unsigned_abs());
        if let Ok(both) = tokio::time::timeout(time, soon).await {
            return (scratch, phone, both);
        }
    }
    panic!("two prompts do not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_and_a_hold_outlive_a_kill() {
    let (scratch, _, mut phone) = phone_with(&script(100.0, 3_600)).await;
    phone.say("/limits");
    let shown = phone.see_text(&["100 % 5 hours"]).await;
    phone.see_text(&["100 % of the limit for 5 hours is used"]).await;
    phone.press(&shown, "Hold my messages until …").await;
    phone.see_text(&["What you write waits until"]).await;
    for told in ["warned", "held"] {
        until("a line", || scratch.history().iter().any(|line| line["telegram"]["told"] == told));
    }
    phone.confirmed().await;
    phone.kill();
    phone.boot().await;
    phone.say("/limits");
    phone
        .see("the limits again", |posts| {
            (count(posts, "Limits of the plan max") == 2).then_some(())
        })
        .await;
    phone.say("sow the beans");
    phone.see_text(&["Waiting for the limit to reset"]).await;
    let warned = phone.see("the chat", |posts| Some(count(posts, "of the limit for"))).await;
    assert_eq!(warned, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_when_the_plan_is_used_up_waits_for_the_reset_in_order() {
    let (_scratch, phone, [first, second]) = two_wait().await;
    let one = phone.answer(first).await;
    assert!(one.text.contains("I see 1 prompts; the last is: sow the beans"), "{one:?}");
    let two = phone.answer(second).await;
    assert!(two.text.contains("I see 2 prompts; the last is: water them"), "{two:?}");
    phone.at_rest();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_taken_back_and_without_a_plan_nothing_is_held() {
    let (_scratch, _, phone) = phone_with(&script(100.0, 600)).await;
    phone.say("/limits");
    let shown = phone.see_text(&["100 % 5 hours"]).await;
    phone.press(&shown, "Hold my messages until …").await;
    let held = phone.see_text(&["What you write waits until"]).await;
    let prompt = phone.say("sow the beans");
    let waiting = phone.see_text(&["Waiting for the limit to reset"]).await;
    phone.press(&held, "Hold no longer").await;
    phone.see_text(&["go to Claude at once"]).await;
    phone.press(&waiting, "Take back").await;
    let gone = |posts: &[Post]| (count(posts, "Waiting for the limit") == 0).then_some(());
    phone.see("nothing waits", gone).await;
    let answer = phone.ask("water them").await;
    assert!(answer.text.contains("I see 1 prompts; the last is: water them"), "{answer:?}");
    let answers = |posts: &[Post]| Some(posts.iter().any(|post| post.reply_to == Some(prompt)));
    let _: bool = phone.see("the chat", answers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_plan_that_is_said() {
    let (_scratch, _, phone) = phone().await;
    phone.say("/limits");
    phone.see_text(&["No plan's limits apply here"]).await;
    phone.ask("sow the beans").await;
    phone.settled().await;
    phone.say("/status");
    let status = phone.see_text(&["Context ", "System prompt"]).await;
    assert!(!status.text.contains("Limits"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_counts_only_what_lies_below_the_roots() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let orchard = scratch.directory("orchard");
    for (project, tokens) in [(&garden, 1_000_000), (&orchard, 3_000_000)] {
        let id = scratch.session(project, &["sow"], 5);
        let line = json!({"type": "assistant", "cwd": project, "requestId": id,
            "timestamp": "2026-05-04T09:12:33.456Z", "message": {"id": id,
            "model": "claude-opus-4-5", "content": [],
            "usage": {"input_tokens": tokens, "output_tokens": 0}}});
        let path = scratch.folder(project).join(format!("{id}.jsonl"));
        fs::write(path, format!("{line}\n")).unwrap();
    }
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.terminate();
    phone.configure(&format!("pace_ms = 20\nroots = [{:?}]\n", garden.to_str().unwrap()));
    phone.boot().await;
    phone.say("/usage");
    let usage = phone.see_text(&["In all  $5.00", "1.0M in"]).await;
    assert!(!usage.text.contains("orchard") && !usage.text.contains("15.00"), "{usage:?}");
}
