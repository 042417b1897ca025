//! What waits: for a slot, behind another turn, for the end of segue; and buttons pressed again.

use segue::sandbox::{Post, Saying};
use serde_json::json;
use tempfile::{TempDir, tempdir};

use crate::support::{
    answers::answers_to,
    phone::{ADA, GROUP, Phone, phone, phone_with, session_of},
    scratch::Scratch,
};

async fn configured(config: &str) -> (Scratch, Phone) {
    let (scratch, _, mut phone) = phone().await;
    phone.terminate();
    phone.configure(&format!("pace_ms = 20\n{config}"));
    phone.boot().await;
    (scratch, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_waits_for_a_slot_is_still_a_copy() {
    let (_scratch, phone) = configured("turns_at_once = 1\nidle_minutes = 0\n").await;
    phone.ask("sow the beans").await;
    phone.client.say((GROUP, ADA), "/new ramble on").unwrap();
    let begun =
        |posts: &[Post]| posts.iter().any(|post| post.text.contains("It all began")).then_some(());
    phone.see_in(GROUP, "the only turn", begun).await;
    let copy = phone.say("/fork water them");
    phone.see_text(&["another turn is running"]).await;
    phone.client.say((GROUP, ADA), "/stop").unwrap();
    let answer = phone.answer(copy).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: water them"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cli_answers_though_no_process_is_kept() {
    let (_scratch, phone) = configured("idle_minutes = 0\n").await;
    phone.ask("sow the beans").await;
    phone.say("/btw what did I sow?");
    phone.see_text(&["the conversation does not know of this"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_pressed_again_is_another_session() {
    let (_scratch, _, phone) = phone().await;
    phone.ask("sow the beans").await;
    phone.say("/sessions");
    let list = phone.see_text(&["Sessions in ~/garden"]).await;
    let mut sessions = Vec::new();
    for herb in ["basil", "chives"] {
        phone.press(&list, "New").await;
        let answer = phone.ask(herb).await;
        assert!(answer.text.contains(&format!("I see 1 prompts; the last is: {herb}")));
        sessions.push(session_of(&answer));
    }
    assert_ne!(sessions[0], sessions[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclamation_mark_below_a_quote_interrupts() {
    let (_scratch, _, phone) = phone().await;
    let sown = phone.say("sow the beans");
    phone.answer(sown).await;
    let first = phone.say("ramble on");
    phone.see_text(&["It all began"]).await;
    let quoting = Saying {
        text: "! water them".to_owned(),
        reply_to: Some(sown),
        quote: Some("the beans".to_owned()),
        ..Saying::default()
    };
    let second = phone.client.send((ADA, ADA), quoting).unwrap();
    let stopped = phone.answer(first).await;
    assert!(stopped.text.contains("Stopped here."), "{stopped:?}");
    let answer = phone.answer(second).await;
    assert!(answer.text.contains("water them") && !answer.text.contains('!'), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_bound_by_what_is_taken_while_segue_ends() {
    let (scratch, mut phone) = configured("grace_seconds = 30\n").await;
    let first = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks"]).await;
    let second = phone.say("> and daffodils");
    phone.see_reaction(second, Some("😴")).await;
    phone.press(&question, "Allow once").await;
    phone.terminate();
    let said = phone.client.messages(ADA);
    for prompt in [first, second] {
        assert_eq!(answers_to(&said, prompt).len(), 1, "{said:?}");
    }
    let remembered = scratch.history().iter().any(|line| line["display"] == "and daffodils");
    assert!(remembered, "its line stands in the history");
}

/// A sub-agent in the background that asks for a permission when the turn that sent it is over.
async fn late_question() -> ((TempDir, Scratch), Phone, Post) {
    let gate = tempdir().unwrap();
    let script = json!({"rules": [
        {"words": ["send"], "replies": [
            [{"tool": {"name": "Task", "input": {
                "description": "Look around", "prompt": "wait for the owls",
                "subagent_type": "general-purpose", "run_in_background": true,
            }, "asks": "never"}}],
            [{"text": "Somebody waits."}],
        ]},
        {"words": ["owls"], "replies": [
            [{"until": gate.path().join("night")}, {"tool": {
                "name": "Bash", "result": "",
                "input": {"command": "touch owl.txt", "description": "Leave a mark"},
            }}],
            [{"text": "They came."}],
        ]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    let (scratch, _, phone) = phone_with(&script).await;
    let sent = phone.ask("send somebody").await;
    assert!(sent.text.contains("Somebody waits."), "{sent:?}");
    std::fs::write(gate.path().join("night"), "").unwrap();
    let question = phone.see_open("owl.txt").await;
    ((gate, scratch), phone, question)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sub_agent_asks_after_its_turn_is_answered() {
    let (_kept, phone, question) = late_question().await;
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("the last is: water"), "it holds nothing up: {answer:?}");
    phone.press(&question, "Allow once").await;
    let folded = |posts: &[Post]| {
        let open = |post: &Post| post.buttons().any(|button| button.text == "Allow once");
        (!posts.iter().any(open)).then_some(())
    };
    phone.see("no open question", folded).await;
}
