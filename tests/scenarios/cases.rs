//! What people reported of programs that bring Claude into a chat, where no other file has it: each
//! is named after what broke.

use std::fs;

use segue::sandbox::{Fault, Post, Saying, Trouble, Upload};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::{
    recovery::{records, taken},
    support::{
        headless,
        phone::{ADA, GRACE, GROUP, Phone, phone, phone_with},
        saying::{WHO, document, photo},
        scratch::Scratch,
        wait::until,
    },
};

/// What Claude has been asked, in order.
fn asked(scratch: &Scratch) -> Vec<String> {
    let records = records(scratch);
    let prompts = records.iter().filter(|record| record["type"] == "user");
    let words = |content: &Value| {
        let blocks = content.as_array().into_iter().flatten();
        let texts = blocks.filter_map(|block| block["text"].as_str());
        content.as_str().map_or_else(|| texts.collect(), str::to_owned)
    };
    prompts.map(|record| words(&record["message"]["content"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sub_agent_asks_during_its_turn_outlasts_the_turns_that_end() {
    let gate = tempdir().unwrap();
    let script = json!({"rules": [
        {"words": ["send"], "replies": [
            [{"tool": {"name": "Task", "input": {
                "description": "Look around", "prompt": "look for the owls",
                "subagent_type": "general-purpose", "run_in_background": true,
            }, "asks": "never"}}],
            [{"text": "Somebody "}, {"until": gate.path().join("day")}, {"text": "is out."}],
        ]},
        {"words": ["owls"], "replies": [
            [{"tool": {
                "name": "Bash", "result": "",
                "input": {"command": "touch owl.txt", "description": "Leave a mark"},
            }}],
            [{"text": "They came."}],
        ]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    let (_scratch, _, phone) = phone_with(&script).await;
    let prompt = phone.say("send somebody");
    phone.see_open("touch owl.txt").await;
    fs::write(gate.path().join("day"), "").unwrap();
    phone.answer(prompt).await;
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("the last is: water"), "{answer:?}");
    let question = phone.see_open("touch owl.txt").await;
    phone.press(&question, "Allow once").await;
    let open = |post: &Post| post.buttons().any(|button| button.text == "Allow once");
    phone.see("no open question", |posts| (!posts.iter().any(open)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_opened_is_a_sentence_and_holds_nothing_up() {
    let (_scratch, garden, mut phone) = phone().await;
    // Nobody may read the one; the other, not even root.
    let sealed = garden.join("sealed.txt");
    fs::write(&sealed, "tulips").unwrap();
    fs::set_permissions(&sealed, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let paths = [&*sealed, "/proc/sys/net/ipv4/route/flush".as_ref()];
    let Some(path) = paths.into_iter().find(|path| path.is_file() && fs::File::open(path).is_err())
    else {
        println!("left out: a file that cannot be opened (there is none here)");
        return;
    };
    phone.terminate();
    phone.configure(&format!("pace_ms = 20\nroots = [{garden:?}, \"/proc/sys\"]\n"));
    phone.boot().await;
    phone.say(&format!("/get {}", path.display()));
    phone.see_text(&["could not be sent: Permission denied"]).await;
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("the last is: water"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_progress_message_that_is_refused_for_a_moment_costs_no_answer() {
    let refusals = [
        (403, "Forbidden: bot can't send messages to the user", 1),
        (400, "Bad Request: MESSAGE_OF_NO_FORM", 3),
    ];
    for (code, description, times) in refusals {
        let gate = tempdir().unwrap();
        let go = gate.path().join("go");
        let reply = json!([{"text": "It "}, {"until": go}, {"text": "has grown."}]);
        let script = json!({"rules": [{"replies": [reply]}]});
        let (_scratch, _, mut phone) = phone_with(&script).await;
        phone.provoke("MESSAGE_OF_NO_FORM");
        phone.provoke("can't send messages");
        let refuse = Trouble::Refuse { code, description: description.to_owned() };
        phone.client.fault(Fault { times, ..Fault::on("sendMessage", refuse) });
        let prompt = phone.say("sow");
        until("refused", || phone.client.faults().iter().all(|fault| fault.hits >= times));
        fs::write(&go, "").unwrap();
        let answer = phone.answer(prompt).await;
        assert!(answer.text.contains("has grown."), "{code}: {answer:?}");
        phone.at_rest();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_for_an_aside_is_said_to_be_left_out() {
    let (scratch, _, phone) = phone().await;
    phone.ask("sow the beans").await;
    phone.settled().await;
    phone.client.send(WHO, photo(&phone, "/btw what is it?", (40, 30))).unwrap();
    phone.see_text(&["This command takes no file"]).await;
    assert_eq!(asked(&scratch), ["sow the beans"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_with_a_sign_in_front_is_one_prompt() {
    let (scratch, _, phone) = phone().await;
    let long = "a ".repeat(1_950);
    let long = long.trim_end();
    let first = phone.say(&format!("! {long}"));
    phone.say("the end");
    phone.answer(first).await;
    phone.settled().await;
    assert_eq!(asked(&scratch), [format!("{long}\nthe end")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_in_own_words_is_one() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    fs::write(scratch.script(), headless::asking_text(&scratch.home())).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("set up the sensors");
    let first = phone.see_text(&["1 of 2 · Storage"]).await;
    phone.press(&first, "Other…").await;
    phone.see_text(&["your next message here is it"]).await;
    phone.say("so ".repeat(1_300).trim_end());
    phone.say("the end");
    let second = phone.see_text(&["2 of 2 · Sensors"]).await;
    phone.press(&second, "☐ Rain").await;
    let second = phone.see_with("☑ Rain").await;
    phone.press(&second, "Done").await;
    let heard = |posts: &[Post]| {
        let has = |words: &str| posts.iter().any(|post| post.text.contains(words));
        (has("so so\nthe end") && has("\"Which sensors?\"=\"Rain\"")).then_some(())
    };
    phone.see("both halves and the choice", heard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_somebodys_file_takes_it_along() {
    let (scratch, garden, phone) = phone().await;
    let beds = document(&phone, "my beds", Upload::new("beds.txt", "text/plain", *b"three beds"));
    let shown = phone.client.send((GROUP, GRACE), beds).unwrap();
    let text = "/new what is wrong?".to_owned();
    let about = Saying { text, reply_to: Some(shown), ..Saying::default() };
    let prompt = phone.client.send((GROUP, ADA), about).unwrap();
    phone.answer_in(GROUP, prompt).await;
    let asked = asked(&scratch).concat();
    assert!(asked.contains("what is wrong?") && asked.contains("three beds"), "{asked}");
    assert_eq!(fs::read(garden.join(".segue/inbox/beds.txt")).unwrap(), b"three beds");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_below_a_permission_is_read_after_it_or_is_the_reason() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    fs::write(scratch.script(), headless::asking_text(&scratch.home())).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    let prompt = phone.say("open the gate");
    phone.see_open("touch gate.txt").await;
    let reason = phone.say("the dog is out");
    let question = phone.see_text(&["touch gate.txt", "when you have answered this"]).await;
    assert!(question.id > reason, "the question is the newest message");
    phone.press(&question, "Deny with this").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Then not, since: the dog is out"), "{answer:?}");
    phone.see_text(&["✗ Run touch gate.txt: the dog is out"]).await;
    phone.settled().await;
    // It was a reason and no prompt.
    let answer = phone.ask("hello").await;
    assert!(answer.text.contains("I see 2 prompts; the last is: hello"), "{answer:?}");

    let prompt = phone.say("open the gate");
    phone.see_open("touch gate.txt").await;
    phone.say("and close it again");
    let question = phone.see_text(&["touch gate.txt", "when you have answered this"]).await;
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    phone.settled().await;
    until("read after it", || taken(&records(&scratch), "and close it again") == 1);
}
