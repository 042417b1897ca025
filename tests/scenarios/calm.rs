//! What each kind of turn leaves in the chat, and what it takes: messages, sounds, quotes, edits.

use std::time::{Duration, Instant};

use segue::sandbox::Post;
use serde_json::{Value, json};

use crate::support::{
    phone::{ADA, GROUP, Phone, phone_with},
    scratch::Scratch,
    wait::until,
};

/// What the bot did since a message of the person's.
#[derive(Debug, PartialEq, Eq)]
struct Tally {
    /// Messages that are there at rest.
    messages: usize,
    /// Messages that made a sound, whether they are still there or not.
    sounds: usize,
    /// Messages at rest that quote another.
    quotes: usize,
}

fn script() -> Value {
    let shell = |command: &str, asks: Value| {
        let mut tool = json!({"name": "Bash", "result": "Done.", "input": {"command": command}});
        if !asks.is_null() {
            tool["asks"] = asks;
        }
        json!({"tool": tool})
    };
    let option = |label: &str| json!({"label": label, "description": label});
    let form = json!([{"question": "Which colour?", "header": "Colour",
        "options": [option("Red"), option("Blue")]}]);
    let tool = |name: &str, input: Value| json!({"tool": {"name": name, "input": input}});
    let pump = json!({"tool": {"name": "Bash", "takes": 400, "asks": "never", "input": {
        "command": "pump", "description": "Fill the barrel", "run_in_background": true,
    }}});
    let error =
        json!({"error": {"status": 400, "type": "invalid_request_error", "message": "No."}});
    let steps = [
        json!({"text": "I look around first."}),
        shell("ls", json!("never")),
        shell("pwd", json!("never")),
    ];
    json!({"rules": [
        {"words": ["slowly"], "replies": [[{"text": "It "}, {"pause": 2600}, {"text": "ends."}]]},
        {"words": ["look"], "replies": [steps, [{"text": "All is well."}]]},
        {"words": ["gate"], "replies": [
            [{"text": "I open the gate."}, shell("touch gate", Value::Null)], [{"text": "So it is."}],
        ]},
        {"words": ["plan"], "replies": [
            [tool("ExitPlanMode", json!({"plan": "1. Dig\n2. Sow"}))], [{"text": "Planned."}],
        ]},
        {"words": ["paint"], "replies": [
            [tool("AskUserQuestion", json!({"questions": form}))], [{"text": "Painted."}],
        ]},
        {"words": ["endless"], "replies": [[{"text": "It begins. "}, "hang"]]},
        {"words": ["broken"], "replies": [[error]]},
        {"words": ["pump"], "replies": [[pump], [{"text": "It runs."}]]},
        {"replies": [[{"text": "I see {prompts} prompts"}]]},
    ]})
}

async fn bench() -> (Scratch, Phone) {
    let (scratch, _, phone) = phone_with(&script()).await;
    // What comes in the second in which the bot begins may have waited for it.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    phone.ask("hello").await;
    phone.at_rest();
    (scratch, phone)
}

fn bots(phone: &Phone, chat: i64, since: i64) -> Vec<Post> {
    let posts = phone.client.messages(chat).into_iter();
    posts.filter(|post| post.from != ADA && post.id > since).collect()
}

/// Waits until a turn is over and says what it has left.
fn tally(phone: &Phone, chat: i64, since: i64) -> Tally {
    phone.at_rest();
    let posts = bots(phone, chat, since);
    let made = phone.client.calls(0);
    let aloud = made.iter().filter(|call| {
        let id = call.response["result"]["message_id"].as_i64().unwrap_or_default();
        call.method == "sendMessage"
            && call.chat == Some(chat)
            && id > since
            && call.body["disable_notification"] != true
    });
    Tally {
        messages: posts.len(),
        sounds: aloud.count(),
        quotes: posts.iter().filter(|post| post.reply_to.is_some()).count(),
    }
}

fn edits(phone: &Phone) -> usize {
    phone.client.calls(0).iter().filter(|call| call.method == "editMessageText").count()
}

const fn left(messages: usize, sounds: usize, quotes: usize) -> Tally {
    Tally { messages, sounds, quotes }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_alone_leave_the_answer_alone() {
    let (_scratch, phone) = bench().await;
    let (before, begun) = (edits(&phone), Instant::now());
    let prompt = phone.say("hello again");
    phone.answer(prompt).await;
    assert_eq!(tally(&phone, ADA, prompt), left(1, 1, 0));
    // What is quick has none.
    let most = |begun: Instant| begun.elapsed().as_secs() as usize;
    assert!(edits(&phone) - before <= most(begun), "quick");
    let (before, begun) = (edits(&phone), Instant::now());
    let prompt = phone.say("slowly");
    let card = phone.progress(ADA, prompt).await;
    assert!(card.silent, "{card:?}");
    phone.answer(prompt).await;
    assert_eq!(tally(&phone, ADA, prompt), left(1, 1, 0));
    assert!(edits(&phone) - before <= most(begun) + 1, "one a second");
    let types = |call: &segue::sandbox::Call| call.method == "sendChatAction";
    until("the person sees that Claude works", || phone.client.calls(0).iter().any(types));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_one_line_above_the_answer() {
    let (_scratch, phone) = bench().await;
    let prompt = phone.say("look");
    let answer = phone.answer(prompt).await;
    assert_eq!(tally(&phone, ADA, prompt), left(2, 1, 0));
    let [card, last] = &bots(&phone, ADA, prompt)[..] else { panic!("two messages") };
    assert_eq!(last.id, answer.id);
    let lines: Vec<_> = card.text.lines().collect();
    assert!(lines[0].starts_with("↳ 2 steps · ") && card.silent, "{card:?}");
    assert_eq!(lines[1..], ["I look around first.", "✓ Run ls", "✓ Run pwd"]);
    assert!(
        answer.text.starts_with("All is well."),
        "what is read first is the answer: {answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_the_newest_message_and_the_only_one_with_stop() {
    let (_scratch, phone) = bench().await;
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate").await;
    let stops = |post: &&Post| post.buttons().any(|button| button.text == "Stop");
    let waits = "↳ Waiting for your answer\nI open the gate.\n▸ Run touch gate";
    let asked = |posts: &[Post]| {
        let card = posts.iter().find(|post| post.id > prompt)?;
        let alone = posts.iter().filter(stops).count() == 1 && posts.last()?.id == question.id;
        (card.text == waits && alone).then_some(())
    };
    phone.see("the card and the question", asked).await;
    let before = edits(&phone);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(edits(&phone), before, "nothing moves while a person is waited for");
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    assert_eq!(tally(&phone, ADA, prompt), left(2, 2, 0));
    let posts = bots(&phone, ADA, prompt);
    assert!(posts[0].text.contains("✓ Run touch gate (you allowed it)"), "{posts:?}");

    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate").await;
    phone.press(&question, "Deny + reason").await;
    phone.see_text(&["your next message here goes to Claude"]).await;
    phone.say("the dog is out");
    phone.answer(prompt).await;
    assert_eq!(tally(&phone, ADA, prompt), left(2, 2, 1), "the reason came between");
    let told = bots(&phone, ADA, prompt);
    let told = told.iter().filter(|post| post.text.contains("the dog is out")).count();
    assert_eq!(told, 1, "a denial is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_and_a_choice_are_asked_in_one_message() {
    let (_scratch, phone) = bench().await;
    for (words, label, line) in [
        ("plan the beds", "Approve", "✓ Plan approved\n1. Dig\n2. Sow"),
        ("paint the fence", "Red", "✓ Which colour? Red"),
    ] {
        let prompt = phone.say(words);
        let question = phone.see_with(label).await;
        let posts = bots(&phone, ADA, prompt);
        assert_eq!(posts.len(), 1, "the question alone: {posts:?}");
        phone.press(&question, label).await;
        phone.answer(prompt).await;
        assert_eq!(tally(&phone, ADA, prompt), left(2, 2, 0), "{words}");
        assert!(bots(&phone, ADA, prompt)[0].text.contains(line), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_in_the_background_is_one_answer_marked_by_itself() {
    let (_scratch, phone) = bench().await;
    let prompt = phone.say("start the pump");
    phone.answer(prompt).await;
    let told = phone.see_text(&["By itself: ", "Fill the barrel", "↳"]).await;
    assert!(told.text.starts_with("By itself: ") && told.reply_to.is_none(), "{told:?}");
    // A call is listed once it is answered.
    until("both answers are listed", || tally(&phone, ADA, prompt).sounds > 1);
    assert_eq!(tally(&phone, ADA, prompt), left(3, 2, 0), "a card and two answers");
    assert_eq!(bots(&phone, ADA, prompt).last().unwrap().id, told.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_in_has_a_sign_and_one_answer() {
    let (_scratch, mut phone) = bench().await;
    phone.provoke("REACTION_INVALID");
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate").await;
    let inside = phone.say("and shut it");
    phone.see_reaction(inside, Some("😴")).await;
    phone.see_with("Take back").await;
    let is_below = |posts: &[Post]| {
        let last = posts.last()?;
        (last.id > inside && last.buttons().any(|button| button.text == "Deny with this"))
            .then_some(())
    };
    phone.see("the question below", is_below).await;
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    phone.see_reaction(inside, None).await;
    assert_eq!(tally(&phone, ADA, prompt), left(2, 2, 1));
    let order: Vec<_> = bots(&phone, ADA, prompt).iter().map(|post| post.id > inside).collect();
    assert_eq!(order, [true, true], "card and answer stand below it");

    // Where there are no reactions, a line says it and goes.
    phone.client.allow_reactions(ADA, Some(Vec::new())).unwrap();
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate").await;
    phone.say("and shut it");
    phone.see_text(&["Claude takes this in at the next step"]).await;
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    assert_eq!(tally(&phone, ADA, prompt), left(2, 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_stops_makes_no_sound() {
    let (_scratch, phone) = bench().await;
    let prompt = phone.say("endless");
    let card = phone.see_text(&["It begins."]).await;
    phone.press(&card, "Stop").await;
    phone.answer(prompt).await;
    // It quotes what *Try again* sends.
    assert_eq!(tally(&phone, ADA, prompt), left(1, 0, 1));

    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate").await;
    phone.press(&question, "Stop").await;
    let stopped = phone.answer(prompt).await;
    assert!(stopped.text.contains("I open the gate.") && stopped.text.contains("Stopped here."));
    assert_eq!(tally(&phone, ADA, prompt), left(2, 1, 1), "the question had its sound");
    assert!(bots(&phone, ADA, prompt)[0].text.starts_with("↳ Stopped · 1 step"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_and_a_group_quote_what_was_asked() {
    let (_scratch, phone) = bench().await;
    let prompt = phone.say("broken");
    let answer = phone.answer(prompt).await;
    assert!(answer.buttons().any(|button| button.text == "Try again"), "{answer:?}");
    assert_eq!(tally(&phone, ADA, prompt), left(1, 1, 1));
    let prompt = phone.client.say((GROUP, ADA), "/new hello").unwrap();
    phone.answer_in(GROUP, prompt).await;
    assert_eq!(tally(&phone, GROUP, prompt), left(1, 1, 1));
    let prompt = phone.say("hello");
    phone.answer(prompt).await;
    assert_eq!(tally(&phone, ADA, prompt), left(1, 1, 0));
}
