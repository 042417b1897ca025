//! What Claude asks the person, and what their presses and words do.

use std::fs;

use segue::sandbox::{Media, Post, Saying};
use serde_json::{Value, json};

use crate::support::{
    headless,
    phone::{ADA, Phone},
    saying::WHO,
    scratch::Scratch,
};

async fn phone() -> (Scratch, Phone) {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    fs::write(scratch.script(), headless::asking_text(&scratch.home())).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    (scratch, phone)
}

fn labels(post: &Post) -> Vec<&str> {
    post.buttons().map(|button| button.text.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_allowed_once_and_then_for_good() {
    let (_scratch, phone) = phone().await;
    let prompt = phone.say("open the gate");
    let question = phone.see_text(&["Claude asks", "touch gate.txt", "Open the gate"]).await;
    assert_eq!(
        labels(&question),
        ["Allow once", "Always here", "Deny", "Deny + reason", "More…", "Stop"]
    );
    phone.press(&question, "More…").await;
    let more = phone.see_text(&["Allow this folder: work in"]).await;
    assert_eq!(labels(&more), ["Allow this folder", "Accept edits", "‹ Back", "Stop"]);
    phone.press(&more, "‹ Back").await;
    let question = phone.see_with("Allow once").await;
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    phone.see_text(&["✓ Run touch gate.txt (you allowed it)"]).await;

    let prompt = phone.say("open the gate again");
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Always here").await;
    phone.answer(prompt).await;
    phone.see_text(&["✓ Run touch gate.txt (you allowed it: touch"]).await;

    let prompt = phone.say("and the gate once more");
    phone.answer(prompt).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_message_is_the_reason_of_a_denial() {
    let (_scratch, phone) = phone().await;
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Deny + reason").await;
    let writing = phone.see_text(&["your next message here goes to Claude"]).await;
    phone.press(&writing, "‹ Back").await;
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Deny + reason").await;
    phone.see_text(&["your next message here goes to Claude"]).await;
    phone.say("the dog is out");
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Then not, since: the dog is out"), "{answer:?}");
    phone.see_text(&["✗ Run touch gate.txt: the dog is out"]).await;
    let answer = phone.ask("hello").await;
    assert!(answer.text.contains("I see 2 prompts; the last is: hello"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dangers_and_changes_are_seen_at_a_glance() {
    let (_scratch, phone) = phone().await;
    let prompt = phone.say("pull the weeds");
    let question = phone.see_text(&["⚠ Deletes files for good", "rm -rf weeds"]).await;
    phone.press(&question, "Deny").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("The weeds stay."), "{answer:?}");
    assert!(!answer.text.contains("rm -rf"), "said once: {answer:?}");
    phone.see_text(&["✗ Run rm -rf weeds (you denied it)"]).await;

    let prompt = phone.say("write notes");
    let question = phone.see_text(&["~/garden/notes.md\n# Notes\nsow in May"]).await;
    phone.press(&question, "Allow once").await;
    let question = phone.see_text(&["~/garden/notes.md\n-sow in May\n+sow in April"]).await;
    let mut languages = question.entities.iter().filter_map(|entity| entity.language.as_deref());
    assert!(languages.any(|language| language == "diff"), "{question:?}");
    phone.press(&question, "Accept edits").await;
    phone.answer(prompt).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_come_in_turn_with_a_way_back_and_own_words() {
    let (_scratch, phone) = phone().await;
    let prompt = phone.say("set up the sensors");
    let first = phone.see_text(&["1 of 2 · Storage", "SQLite — One file"]).await;
    assert_eq!(labels(&first), ["SQLite", "CSV", "Other…", "Stop"]);
    phone.press(&first, "CSV").await;
    let second = phone.see_text(&["2 of 2 · Sensors"]).await;
    assert_eq!(second.id, first.id, "one message for all of it");
    phone.press(&second, "‹ Back").await;
    let first = phone.see_text(&["1 of 2 · Storage"]).await;
    assert_eq!(labels(&first), ["SQLite", "☑ CSV", "Other…", "Stop"]);
    phone.press(&first, "Other…").await;
    phone.see_text(&["your next message here is it"]).await;
    phone.say("a notebook");
    let second = phone.see_text(&["2 of 2 · Sensors"]).await;
    for label in ["☐ Soil, deep", "☐ Rain"] {
        phone.press(&second, label).await;
    }
    let second = phone.see_with("Done").await;
    let second = if labels(&second).contains(&"☑ Rain") {
        second
    } else {
        phone.see_with("☑ Rain").await
    };
    phone.press(&second, "Done").await;
    let answer = phone.answer(prompt).await;
    let heard = "\"Where should the readings go?\"=\"a notebook\"";
    assert!(answer.text.contains(heard), "{answer:?}");
    assert!(answer.text.contains("\"Which sensors?\"=\"Soil, deep, Rain\""), "{answer:?}");
    phone.see_text(&["✓ Where should the readings go? a notebook", "✓ Which sensors?"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_reason_is_one_and_a_place_is_an_answer() {
    let (_scratch, phone) = phone().await;
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Deny + reason").await;
    phone.see_text(&["your next message here goes to Claude"]).await;
    phone.say(&"so ".repeat(1_300));
    phone.say("the dog is out");
    let said = |posts: &[Post]| {
        let is_it = |post: &&Post| post.text.contains("Then not, since: so so");
        posts.iter().find(is_it).cloned()
    };
    phone.see("the first half of the reason", said).await;
    phone.answer(prompt).await;
    phone.see_text(&["so so\nthe dog is out"]).await;

    let prompt = phone.say("set up the sensors");
    let first = phone.see_text(&["1 of 2 · Storage"]).await;
    phone.press(&first, "Other…").await;
    phone.see_text(&["your next message here is it"]).await;
    let place = Media::Location { latitude: 52_500_000, longitude: 13_250_000 };
    phone.client.send(WHO, Saying { media: Some(place), ..Saying::default() }).unwrap();
    let second = phone.see_text(&["2 of 2 · Sensors"]).await;
    phone.press(&second, "☐ Rain").await;
    let second = phone.see_with("☑ Rain").await;
    phone.press(&second, "Done").await;
    let answer = phone.answer(prompt).await;
    let heard = "\"Where should the readings go?\"=\"Location: 52.5, 13.25";
    assert!(answer.text.contains(heard), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_in_full_and_approved_or_not() {
    let (_scratch, phone) = phone().await;
    let prompt = phone.say("draw a blueprint");
    let question = phone.see_text(&["Claude asks: approve this plan?"]).await;
    assert_eq!(labels(&question), ["Approve", "Approve + edits", "Keep planning", "Stop"]);
    assert!(question.text.contains("The plan\n") && question.text.contains("1. Dig\n2. Sow"));
    phone.press(&question, "Keep planning").await;
    phone.see_text(&["Write what should be different"]).await;
    phone.say("smaller, please");
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Then otherwise: smaller, please"), "{answer:?}");
    phone.see_text(&["✗ Plan rejected: smaller, please"]).await;

    let prompt = phone.say("draw a blueprint");
    let question = phone.see_with("Approve").await;
    phone.press(&question, "Approve + edits").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("It is built."), "no further question: {answer:?}");
    phone.see_text(&["✓ Plan approved (accept edits in this session)", "1. Dig\n2. Sow"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_stands_in_the_input_in_its_file_or_before_it() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let plans = scratch.home().join(".claude/plans");
    fs::create_dir_all(&plans).unwrap();
    fs::write(plans.join("bed.md"), "# From the file\n").unwrap();
    let exit = |input: Value| json!({"tool": {"name": "ExitPlanMode", "input": input}});
    let write = json!({"tool": {
        "name": "Write", "result": "File created successfully", "asks": "never",
        "input": {"file_path": plans.join("bed.md"), "content": "# From the file\n"},
    }});
    let told = json!({"plan": "# From the input\n", "planFilePath": plans.join("bed.md")});
    let done = json!([{"text": "Built."}]);
    let script = json!({"rules": [
        {"words": ["input"], "replies": [[{"text": "Words"}, write], [exit(told)], done]},
        {"words": ["file"], "replies": [[{"text": "Words"}, write], [exit(json!({}))], done]},
        {"words": ["words"], "replies": [[{"text": "# From the words"}, exit(json!({}))], done]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    for from in ["input", "file", "words"] {
        let prompt = phone.say(&format!("plan with the {from}"));
        let question = phone.see_with("Approve").await;
        assert!(question.text.contains(&format!("From the {from}")), "{question:?}");
        phone.press(&question, "Approve").await;
        phone.answer(prompt).await;
        phone.see_text(&["✓ Plan approved", &format!("From the {from}")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_closes_with_its_turn() {
    let (_scratch, phone) = phone().await;
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Deny + reason").await;
    phone.say("/stop");
    phone.answer(prompt).await;
    phone.settled().await;
    assert!(phone.client.messages(ADA).iter().all(|post| post.id != question.id));
    let answer = phone.ask("hello").await;
    assert!(answer.text.contains("the last is: hello"), "a reason for nothing: {answer:?}");
    assert!(phone.client.messages(ADA).iter().all(|post| !post.text.contains("✓ Allowed")));
}
