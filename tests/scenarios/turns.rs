//! Turns: progress, answers, questions, what is said during a turn.

use std::{fs, path::Path};

use segue::sandbox::Post;

use crate::support::{
    answers::answers_to,
    phone::{ADA, GROUP, phone, session_of},
    wait::until,
};

fn lives(pid: u64) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_replies_aloud_and_ends_in_the_small_line() {
    let (scratch, garden, phone) = phone().await;
    let session = scratch.session(&garden, &["sow the beans"], 5);
    let prompt = phone.say("water the beans");
    let answer = phone.answer(prompt).await;
    assert!(!answer.silent);
    assert_eq!(session_of(&answer), session);
    let small = answer.text.lines().last().unwrap();
    assert!(small.starts_with("↳ water the beans ·\u{a0}") && small.contains('$'), "{small:?}");
    phone.settled().await;
    let silent = |post: &Post| post.from == ADA || post.silent || post.id == answer.id;
    assert!(phone.client.messages(ADA).iter().all(silent), "one sound an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_goes_to_the_session_of_its_answer() {
    let (_scratch, _, phone) = phone().await;
    let first = phone.ask("sow the beans").await;
    phone.say("/new build a shed");
    phone.see_text(&["I see 1 prompts; the last is: build a shed"]).await;
    let answer = phone.answer(phone.reply("water them", first.id)).await;
    assert_eq!(session_of(&answer), session_of(&first));
    assert!(answer.text.contains("I see 2 prompts"), "{answer:?}");
    assert!(answer.buttons().any(|button| button.text == "Stay in this session"));
    let next = phone.ask("paint it").await;
    assert_ne!(session_of(&next), session_of(&first), "the place stays where it was");
    phone.press(&answer, "Stay in this session").await;
    phone.see_text(&["water them", "Write to continue here"]).await;
    let stayed = phone.ask("and weed").await;
    assert_eq!(session_of(&stayed), session_of(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_is_decided_in_the_chat() {
    let (_scratch, _, phone) = phone().await;
    for (label, mark) in [("Allow once", "(you allowed it)"), ("Deny", "(you denied it)")] {
        let prompt = phone.say("plant tulips");
        let question = phone
            .see("question", |posts| {
                let open = |post: &&Post| post.buttons().any(|button| button.text == label);
                posts.iter().find(open).cloned()
            })
            .await;
        assert!(!question.silent && question.text.contains("mkdir -p beds"), "{question:?}");
        phone.press(&question, label).await;
        phone.answer(prompt).await;
        phone.see_text(&[mark]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_during_a_turn_is_taken_in() {
    let (_scratch, _, phone) = phone().await;
    let first = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks"]).await;
    let second = phone.say("and daffodils");
    phone.see_reaction(second, Some("😴")).await;
    phone.press(&question, "Allow once").await;
    let answer = phone.answer(first).await;
    assert!(answer.text.contains("and daffodils"), "{answer:?}");
    phone.see_reaction(second, None).await;
    assert_eq!(answers_to(&phone.client.messages(ADA), second), [], "one turn, one answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_keeps_what_was_written_and_takes_back_what_waits() {
    let (_scratch, _, phone) = phone().await;
    let prompt = phone.say("ramble on");
    phone.see_text(&["It all began"]).await;
    let second = phone.say("and on");
    phone.see_reaction(second, Some("😴")).await;
    phone.say("/stop");
    let stopped = phone.answer(prompt).await;
    assert!(stopped.text.contains("It all began") && stopped.text.contains("Stopped here."));
    phone.see_text(&["Taken back: Claude has not read this."]).await;
    phone.say("/stop");
    phone.see_text(&["Nothing is running here."]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_place_never_waits_for_another() {
    let (_scratch, _, phone) = phone().await;
    phone.client.say((GROUP, ADA), "/new ramble on").unwrap();
    phone
        .see_in(GROUP, "rambling", |posts| {
            posts.iter().find(|post| post.text.contains("It all began")).cloned()
        })
        .await;
    let answer = phone.ask("/new sow the peas").await;
    assert!(answer.text.contains("I see 1 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_never_goes_into_the_turn_of_another_place() {
    let (_scratch, _, phone) = phone().await;
    let theirs = phone.client.say((GROUP, ADA), "/new plant tulips").unwrap();
    let question = phone
        .see_in(GROUP, "question", |posts| {
            posts.iter().find(|post| post.text.contains("Claude asks")).cloned()
        })
        .await;
    let ours = phone.say("and daffodils");
    phone.see_text(&["Waiting for the turn of another chat"]).await;
    phone.press_as((GROUP, ADA), &question, "Allow once").await;
    let first = phone.answer_in(GROUP, theirs).await;
    let said = first.text.split('↳').next().unwrap();
    assert!(!said.contains("daffodils"), "{first:?}");
    let second = phone.answer(ours).await;
    assert!(second.text.contains("I see 2 prompts; the last is: and daffodils"), "{second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_turns_wait_and_say_so() {
    let (_scratch, _, mut phone) = phone().await;
    phone.terminate();
    phone.configure("pace_ms = 20\nturns_at_once = 1\n");
    phone.boot().await;
    phone.client.say((GROUP, ADA), "/new ramble on").unwrap();
    let rambling = phone
        .see_in(GROUP, "rambling", |posts| {
            posts.iter().find(|post| post.text.contains("It all began")).cloned()
        })
        .await;
    let prompt = phone.say("/new sow the peas");
    phone.see_text(&["Waiting: another turn is running"]).await;
    phone.press_as((GROUP, ADA), &rambling, "Stop").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("I see 1 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_runs_beyond_the_limit_are_let_go() {
    let (scratch, _, mut phone) = phone().await;
    phone.terminate();
    phone.configure("pace_ms = 20\nwarm_runs = 1\n");
    phone.boot().await;
    phone.ask("/new one").await;
    phone.ask("/new two").await;
    phone.settled().await;
    until("one CLI ended", || phone.said().contains("the CLI has ended"));
    phone.say("/status");
    phone.see_text(&["1 process kept warm"]).await;
    let registry = scratch.home().join(".claude/sessions");
    let living = fs::read_dir(&registry).unwrap().flatten().filter_map(|entry| {
        let pid = entry.path().file_stem()?.to_str()?.parse().ok()?;
        lives(pid).then_some(pid)
    });
    assert_eq!(living.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_the_bot() {
    let (scratch, _, mut phone) = phone().await;
    phone.ask("/new one").await;
    phone.say("/new ramble on");
    phone.see_text(&["It all began"]).await;
    let registry = scratch.home().join(".claude/sessions");
    let entries = fs::read_dir(&registry).unwrap().flatten();
    let pids: Vec<u64> =
        entries.filter_map(|entry| entry.path().file_stem()?.to_str()?.parse().ok()).collect();
    assert_eq!(pids.len(), 2);
    phone.terminate();
    assert!(!pids.iter().any(|pid| lives(*pid)), "a process outlives the bot");
    phone.see_text(&["It all began", "segue was ended on the laptop"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_arrives_whole() {
    let (scratch, _, phone) = phone().await;
    let paragraph = "Every word of this **arrives**, `code` and all. ".repeat(20);
    let text: Vec<String> = (1..=12)
        .map(|n| format!("## Part {n}\n\n{paragraph}\n\n```rust\nfn part_{n}() {{}}\n```"))
        .collect();
    let script = serde_json::json!({"rules": [{"replies": [[{"text": text.join("\n\n")}]]}]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let prompt = phone.say("tell me all");
    phone.see_text(&["Part 12", "↳"]).await;
    phone.settled().await;
    let whole: String = phone
        .client
        .messages(ADA)
        .iter()
        .filter(|post| post.id > prompt && !post.text.starts_with('↳'))
        .map(|post| post.text.as_str())
        .collect();
    for n in 1..=12 {
        assert!(whole.contains(&format!("Part {n}")), "part {n} is lost");
        assert!(whole.contains(&format!("fn part_{n}() {{}}")), "code {n} is lost");
    }
    assert_eq!(whole.matches("arrives").count(), 240);
}
