//! The bot is told to end, whatever it is at.

use std::{path::PathBuf, time::Instant};

use serde_json::json;

use crate::{
    recovery::{answers, records, taken},
    support::{
        phone::{ADA, PATIENCE, Phone, phone_with},
        processes::{end, living},
        scratch::Scratch,
        terminal::HeldOpen,
        wait::until,
    },
};

async fn phone(config: &str) -> (Scratch, PathBuf, Phone) {
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"pause": 1500}, {"text": "Done with {last}"},
        ]]},
        {"words": ["endless"], "replies": [[{"text": "It begins. "}, "hang"]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    let (scratch, garden, mut phone) = phone_with(&script).await;
    phone.terminate();
    phone.configure(&format!("pace_ms = 20\n{config}"));
    phone.boot().await;
    (scratch, garden, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_may_finish_within_its_grace() {
    let (scratch, _, mut phone) = phone("grace_seconds = 30\n").await;
    let prompt = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    phone.terminate();
    let [answer] = &answers(&phone, prompt)[..] else { panic!("one answer") };
    assert!(answer.text.contains("Done with slow beans"), "{answer:?}");
    assert!(phone.state().is_empty() && living(&scratch.home()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_beyond_its_grace_is_shown_as_it_is() {
    let (scratch, _, mut phone) = phone("grace_seconds = 0\n").await;
    let prompt = phone.say("endless beans");
    phone.see_text(&["It begins."]).await;
    phone.terminate();
    let [answer] = &answers(&phone, prompt)[..] else { panic!("one answer") };
    assert!(answer.text.contains("It begins.") && answer.text.contains("was ended"), "{answer:?}");
    assert!(answer.buttons().any(|button| button.text == "Continue"), "{answer:?}");
    assert!(phone.state().is_empty() && living(&scratch.home()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_of_prompts_goes_on_in_order_after_the_start() {
    let (scratch, _, mut phone) = phone("grace_seconds = 0\n").await;
    phone.say("endless beans");
    phone.see_text(&["It begins."]).await;
    // In a turn one of our prompts is inside the CLI at most, which says what it has not read.
    let texts = ["> one", "> two", "> three"];
    let prompts = texts.map(|text| phone.say(text));
    for prompt in prompts {
        phone.see_reaction(prompt, Some("😴")).await;
    }
    phone.terminate();
    assert_eq!(phone.state().len(), 3);
    phone.boot().await;
    for (prompt, words) in prompts.into_iter().zip(["one", "two", "three"]) {
        let answer = phone.answer(prompt).await;
        assert!(answer.text.contains(&format!("the last is: {words}")), "{answer:?}");
    }
    phone.at_rest();
    let ids: Vec<_> = prompts.iter().map(|prompt| answers(&phone, *prompt)[0].id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    let records = records(&scratch);
    assert_eq!(["one", "two", "three"].map(|words| taken(&records, words)), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once() {
    let (scratch, _, mut phone) = phone("grace_seconds = 600\n").await;
    phone.say("endless beans");
    phone.see_text(&["It begins."]).await;
    phone.signal(rustix::process::Signal::TERM);
    until("ending", || phone.said().contains("once more ends at once"));
    let begun = Instant::now();
    phone.terminate();
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    // A note may have been cut off in the middle; the file that it was to replace is whole.
    assert_eq!(phone.kept().len(), 1, "the prompt stays in the spool");
    living(&scratch.home()).into_iter().for_each(end);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_terminal_works_on_is_followed_after_the_start() {
    for killed in [false, true] {
        let (scratch, garden, mut phone) = phone("").await;
        let id = scratch.session(&garden, &["sow the beans"], 5);
        let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
        let terminal = HeldOpen::new(&scratch.home(), &garden, &transcript, "idle");
        let prompt = phone.say("water");
        let card = phone.see_text(&["is open in a terminal"]).await;
        phone.press(&card, "Send to the terminal").await;
        let message = terminal.read();
        terminal.take_up(&message);
        terminal.answer(&json!([{"type": "text", "text": "I begin."}]));
        phone.see_text(&["I begin."]).await;
        if killed {
            phone.kill();
        } else {
            phone.terminate();
            phone.see_text(&["ended while the terminal", "when segue is back"]).await;
        }
        assert_eq!(phone.kept().len(), 1);
        phone.boot().await;
        terminal.answer(&json!([{"type": "text", "text": "All wet."}]));
        terminal.end_turn();
        let answer = phone.answer(prompt).await;
        assert!(answer.text.contains("All wet."), "{answer:?}");
        phone.at_rest();
        phone.settled().await;
        assert_eq!(answers(&phone, prompt).len(), 1);
        assert!(terminal.has_nothing(), "it is not sent again");
        let cards = phone.client.messages(ADA);
        assert!(cards.iter().all(|post| !post.text.contains("is open in a terminal")));
    }
}
