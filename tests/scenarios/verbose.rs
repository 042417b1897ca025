//! `/verbose`: how much of a turn is shown.

use serde_json::json;

use crate::support::{
    phone::{ADA, Phone, phone_with},
    scratch::Scratch,
};

async fn phone() -> (Scratch, Phone) {
    let tool = json!({"tool": {
        "name": "Bash", "input": {"command": "ls"}, "asks": "never",
        "result": "apples\nbeans\n\ncress\ndill\nelder\n\u{202e}fennel",
    }});
    let script = json!({"rules": [
        {"words": ["look"], "replies": [[tool], [{"text": "Half of it"}, "hang"]]},
        {"words": ["count"], "replies": [[{"text": "I look first."}, tool], [{"text": "Six."}]]},
        {"replies": [[{"text": "I see {prompts} prompts"}]]},
    ]});
    let (scratch, _, phone) = phone_with(&script).await;
    (scratch, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_turn_shows_as_much_as_is_wanted_from_now_on() {
    let (_scratch, phone) = phone().await;
    let prompt = phone.say("look around");
    let usual = phone.see_text(&["✓ Run ls", "Half of it"]).await;
    assert!(!usual.text.contains("apples"), "{usual:?}");
    phone.say("/verbose 2");
    phone.see_text(&["This chat shows 2"]).await;
    let most = phone.see_text(&["✓ Run ls\napples\nbeans\ncress\ndill\n…", "Half of it"]).await;
    assert_eq!(most.id, usual.id, "the same turn");
    phone.say("/verbose");
    let picker = phone.see_text(&["How much of a turn this chat shows. Now: 2."]).await;
    let labels: Vec<_> = picker.buttons().map(|button| button.text.as_str()).collect();
    assert_eq!(labels, ["0 words", "1 steps", "✓ 2 output"]);
    phone.press(&picker, "0 words").await;
    phone.see_text(&["This chat shows 0"]).await;
    phone
        .see("words alone", |posts| {
            let turn = posts.iter().find(|post| post.id == usual.id)?;
            let quiet = turn.text.contains("Half of it") && !turn.text.contains("Run ls");
            (quiet && turn.text.lines().next()?.contains("Writing")).then_some(())
        })
        .await;
    phone.say("/stop");
    phone.answer(prompt).await;
    phone.settled().await;
    assert!(phone.client.messages(ADA).iter().all(|post| post.id != usual.id), "no trace");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_remembered_for_the_place_and_said_where_it_is_unusual() {
    let (scratch, mut phone) = phone().await;
    phone.ask("hello").await;
    phone.say("/verbose 7");
    phone.see_text(&["There are /verbose 0, 1 and 2."]).await;
    phone.say("/verbose 2");
    phone.see_text(&["This chat shows 2"]).await;
    let prompt = phone.say("count them");
    phone.answer(prompt).await;
    let trace = phone.see_text(&["↳ 1 step · ", "✓ Run ls\napples\nbeans\ncress\ndill\n…"]).await;
    assert!(trace.buttons().next().is_none(), "{trace:?}");
    phone.say("/status");
    phone.see_text(&["Shows: /verbose 2"]).await;
    phone.bound(prompt);
    phone.kill();
    phone.boot().await;
    phone.ask("/new hello").await;
    phone.say("/status");
    phone.see_text(&["hello", "Shows: /verbose 2"]).await;
    assert_eq!(scratch.history().last().unwrap()["telegram"]["verbose"], 2);
    phone.say("/verbose 1");
    phone.see_text(&["This chat shows 1"]).await;
    let before = phone.say("/status");
    let is_it = |post: &&segue::sandbox::Post| post.id > before && post.text.contains("kept warm");
    let status = phone.see("the status", |posts| posts.iter().find(is_it).cloned()).await;
    assert!(!status.text.contains("Shows"), "{status:?}");
}
