//! Never lost, never twice: what was under way when the bot was killed.

use std::{fs, path::PathBuf};

use segue::{
    sandbox::{Fault, Options, Post, Stage, Trouble},
    telegram::{client::Client, poll},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{
    answers::answers_to,
    phone::{ADA, Phone, phone_with, session_of},
    processes::{end, halt, living},
    scratch::Scratch,
    scripted,
    wait::until,
};

/// A garden whose Claude thinks about what is slow until it is let go on, and for ever about what is
/// endless.
pub(crate) async fn phone() -> (Scratch, PathBuf, Phone) {
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"until": "go"}, {"text": "Done with {last}"},
        ]]},
        {"words": ["endless"], "replies": [
            [{"text": "It begins."}, {"tool": {"name": "Bash", "input": {"command": "true"}}}],
            [{"text": "On and on. "}, "hang"],
        ]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    phone_with(&script).await
}

/// Every line of every transcript.
pub(crate) fn records(scratch: &Scratch) -> Vec<Value> {
    let folders = fs::read_dir(scratch.home().join(".claude/projects")).into_iter().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let texts = files.map(|file| fs::read(file.unwrap().path()).unwrap());
    let lines = |text: Vec<u8>| -> Vec<Value> {
        text.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    };
    texts.flat_map(lines).collect()
}

/// How often Claude has got these words.
pub(crate) fn taken(records: &[Value], words: &str) -> usize {
    let is_it = |record: &&Value| match record["type"].as_str() {
        Some("user") => {
            let content = &record["message"]["content"];
            content == words || content[0]["text"] == words
        }
        Some("attachment") => record["attachment"]["prompt"] == words,
        _ => false,
    };
    records.iter().filter(is_it).count()
}

/// Waits until the bot knows that a message is in the chat: until then its reply is as good as lost.
pub(crate) fn noted(phone: &Phone, field: &str) {
    until("noted", || phone.noted(field));
}

/// The answers to a prompt.
pub(crate) fn answers(phone: &Phone, prompt: i64) -> Vec<Post> {
    answers_to(&phone.client.messages(ADA), prompt)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_outlives_the_bot_is_followed_and_answered_once() {
    let (scratch, garden, mut phone) = phone().await;
    let prompt = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    noted(&phone, "progress");
    let next = phone.say("water them");
    phone.see_reaction(next, Some("😴")).await;
    phone.kill();
    phone.boot().await;
    Scratch::go(&garden);
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Done with slow beans"), "{answer:?}");
    phone.at_rest();
    phone.settled().await;
    let records = records(&scratch);
    assert_eq!((taken(&records, "slow beans"), taken(&records, "water them")), (1, 1));
    assert_eq!(answers(&phone, prompt).len(), 1);
    phone.see_reaction(next, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_given_without_us_is_read_from_the_transcript() {
    let (scratch, garden, mut phone) = phone().await;
    let prompt = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    noted(&phone, "progress");
    phone.kill();
    Scratch::go(&garden);
    until("finished without us", || living(&scratch.home()).is_empty());
    assert_eq!(phone.kept().len(), 1);
    phone.boot().await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Done with slow beans"), "{answer:?}");
    phone.at_rest();
    phone.settled().await;
    assert_eq!(taken(&records(&scratch), "slow beans"), 1);
    assert!(!phone.said().contains("started the CLI"), "nothing was run for it");
    let next = phone.ask("water").await;
    assert!(next.text.contains("I see 2 prompts"), "the place is where it was: {next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_broken_off_is_shown_and_goes_on_when_asked() {
    let (scratch, _, mut phone) = phone().await;
    phone.terminate();
    phone.configure("pace_ms = 20\nmode = \"bypassPermissions\"\n");
    phone.boot().await;
    let prompt = phone.say("endless beans");
    phone.see_text(&["On and on"]).await;
    noted(&phone, "progress");
    phone.kill();
    living(&scratch.home()).into_iter().for_each(end);
    phone.boot().await;
    let broken = phone.answer(prompt).await;
    assert!(
        broken.text.contains("It begins") && broken.text.contains("cut off here"),
        "{broken:?}"
    );
    phone.at_rest();
    phone.settled().await;
    phone.press(&broken, "Continue").await;
    phone.see_text(&["Continue from where you left off"]).await;
    assert_eq!(taken(&records(&scratch), "endless beans"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_claude_never_got_is_sent_and_order_is_kept() {
    let (scratch, _, mut phone) = phone().await;
    phone.ask("sow").await;
    phone.at_rest();
    phone.kill();
    let prompts = ["one", "two", "three"].map(|text| (text, phone.say(text)));
    phone.boot().await;
    until("all taken", || {
        let records = records(&scratch);
        prompts.iter().all(|(text, _)| taken(&records, text) > 0)
    });
    phone.at_rest();
    let records = records(&scratch);
    assert_eq!(prompts.map(|(text, _)| taken(&records, text)), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cli_that_is_killed_before_it_has_the_prompt_gets_it_again() {
    let (scratch, _, phone) = phone().await;
    phone.ask("sow").await;
    let [pid] = living(&scratch.home())[..] else { panic!("one process") };
    halt(pid);
    let prompt = phone.say("water");
    until("on its way", || phone.said().contains("\"water\"") || !phone.state().is_empty());
    phone.progress(ADA, prompt).await;
    end(pid);
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: water"), "{answer:?}");
    assert_eq!(taken(&records(&scratch), "water"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_cli_had_begun_to_say_is_not_said_twice() {
    let (scratch, garden, phone) = phone().await;
    let tool = json!({"name": "Bash", "input": {"command": "true"}, "asks": "never"});
    let replies = json!([
        [{"text": "It begins."}, {"tool": tool}],
        [{"until": "go"}, {"text": "It ends."}],
    ]);
    fs::write(scratch.script(), json!({"rules": [{"replies": replies}]}).to_string()).unwrap();
    let prompt = phone.say("water");
    let progress = phone.see_text(&["It begins.", "✓ Run true"]).await;
    let [pid] = living(&scratch.home())[..] else { panic!("one process") };
    // It tells us before it writes down: as if what it said were not on the disk yet.
    let transcript = scratch.folder(&garden).join(format!("{}.jsonl", session_of(&progress)));
    let said = "\"type\":\"assistant\"";
    let written = || fs::read_to_string(&transcript).unwrap();
    until("written down", || written().contains(said));
    halt(pid);
    let text = written();
    let (asked, _) = text.split_once(said).unwrap();
    fs::write(&transcript, &asked[..=asked.rfind('\n').unwrap()]).unwrap();
    Scratch::go(&garden);
    end(pid);
    let answer = phone.answer(prompt).await;
    phone.at_rest();
    let posts = phone.client.messages(ADA);
    let said: String = posts.iter().map(|post| post.text.as_str()).collect();
    assert_eq!(said.matches("It begins.").count(), 1, "{answer:?}");
    assert!(answer.text.contains("It ends."), "{answer:?}");
    assert_eq!(taken(&records(&scratch), "water"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_are_in_the_chat_are_not_sent_again() {
    let (scratch, _, mut phone) = phone().await;
    phone.terminate();
    phone.configure("pace_ms = 1500\n");
    phone.boot().await;
    let paragraph = "Every word of this arrives, and none of it twice. ".repeat(60);
    let text: Vec<String> = (1..=6).map(|n| format!("## Part {n}\n\n{paragraph}")).collect();
    let script = json!({"rules": [{"replies": [[{"text": text.join("\n\n")}]]}]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    phone.say("tell me all");
    noted(&phone, "sent");
    phone.kill();
    phone.boot().await;
    phone.see_text(&["Part 6", "↳"]).await;
    phone.at_rest();
    phone.settled().await;
    let posts = phone.client.messages(ADA);
    let parts = posts.iter().filter(|post| post.from != ADA && !post.text.starts_with('↳'));
    let whole: String = parts.map(|post| post.text.as_str()).collect();
    let counts: Vec<_> = (1..=6).map(|n| whole.matches(&format!("Part {n}\n")).count()).collect();
    assert!(
        counts.iter().all(|count| *count > 0) && counts.iter().sum::<usize>() <= 7,
        "{counts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cli_that_was_only_just_started_is_waited_for() {
    let (scratch, garden, mut phone) = phone().await;
    let claude = scripted::link(&scratch.home());
    let body = format!("until [ -e go ]; do sleep 0.05; done\nexec {} \"$@\"", claude.display());
    scratch.replace_claude(&body);
    let prompt = phone.say("water");
    until("started", || phone.said().contains("started the CLI"));
    phone.kill();
    assert_eq!(living(&scratch.home()), [0; 0], "it has not said that it exists");
    phone.boot().await;
    Scratch::go(&garden);
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("the last is: water"), "{answer:?}");
    phone.at_rest();
    assert_eq!(taken(&records(&scratch), "water"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_read_for_a_moment_hides_no_orphan() {
    let (scratch, garden, mut phone) = phone().await;
    let prompt = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    phone.kill();
    let [pid] = living(&scratch.home())[..] else { panic!("one process") };
    phone.boot().await;
    phone.see_text(&["Waiting for the turn that was running before"]).await;
    // As it is while the CLI writes it anew.
    fs::write(scratch.home().join(format!(".claude/sessions/{pid}.json")), "").unwrap();
    let next = phone.say("water");
    phone.progress(ADA, next).await;
    Scratch::go(&garden);
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Done with slow beans"), "{answer:?}");
    phone.at_rest();
    let records = records(&scratch);
    assert_eq!((taken(&records, "slow beans"), taken(&records, "water")), (1, 1));
    let answered = |record: &&Value| {
        record["type"] == "assistant" && record.to_string().contains("Done with slow beans")
    };
    assert_eq!(records.iter().filter(answered).count(), 1, "one process has worked on it");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_progress_message_outlives_its_turn() {
    let (_scratch, garden, mut phone) = phone().await;
    let hold = Trouble::Hold { at: Stage::Asked };
    phone.client.fault(Fault::on("deleteMessage", hold));
    let prompt = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    Scratch::go(&garden);
    phone.answer(prompt).await;
    until("a call held", || phone.client.held() > 0);
    noted(&phone, "sent");
    phone.kill();
    phone.boot().await;
    phone.settled().await;
    phone.at_rest();
    let answers = answers(&phone, prompt);
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_set_aside_and_said() {
    let (_scratch, garden, mut phone) = phone().await;
    let prompt = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    noted(&phone, "progress");
    phone.kill();
    let [file] = &phone.kept()[..] else { panic!("one file") };
    fs::write(file.with_file_name("11111111-1111-8111-8111-111111111111.json"), "{\"vers").unwrap();
    phone.boot().await;
    phone.see_text(&["could not be read and was set aside"]).await;
    Scratch::go(&garden);
    phone.answer(prompt).await;
    phone.settled().await;
    until("one file left", || phone.state().len() == 1);
    assert!(phone.state()[0].to_string_lossy().contains("set-aside"), "{:?}", phone.state());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_keeps_what_claude_has_not_read() {
    let (scratch, _, mut phone) = phone().await;
    phone.terminate();
    phone.configure("pace_ms = 20\nturns_at_once = 1\ngrace_seconds = 0\n");
    phone.boot().await;
    phone.say("/new endless beans");
    phone.see_text(&["It begins"]).await;
    let prompt = phone.say("/new water");
    phone.see_text(&["Waiting: another turn"]).await;
    phone.terminate();
    phone.see_text(&["It is kept, and goes to Claude"]).await;
    assert_eq!(phone.kept().len(), 1);
    phone.boot().await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("the last is: water"), "{answer:?}");
    phone.at_rest();
    assert_eq!(taken(&records(&scratch), "water"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_runs_once_on_a_machine() {
    let (_scratch, _, mut phone) = phone().await;
    let second = phone.second();
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        !second.status.success() && words.contains("is running for this bot already"),
        "{words}"
    );
    phone.kill();
    phone.boot().await;
    phone.ask("water").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_receiver_of_our_messages_is_told_once_to_the_owner() {
    let (_scratch, _, phone) = phone().await;
    let options = Options::default();
    let client = Client::connect(&options.token, &phone.api_url()).unwrap();
    let (sink, mut updates) = mpsc::channel(8);
    let me = u64::try_from(options.bot.id).unwrap();
    let cancel = CancellationToken::new();
    let other = poll::Poll { client, me, allowed_updates: &["message"], sink };
    let polling = tokio::spawn(poll::run(other, cancel.clone()));
    phone.see_text(&["I get no messages at the moment", "another program"]).await;
    cancel.cancel();
    polling.await.unwrap().unwrap();
    updates.close();
    assert!(phone.said().contains("another program receives the messages of this bot"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_after_a_night_offline_goes_through_one_process_in_order() {
    let (scratch, _, mut phone) = phone().await;
    phone.ask("sow the beans").await;
    phone.kill();
    let words: Vec<String> = (0..150).map(|n| format!("> water bed {n}")).collect();
    let prompts: Vec<i64> = words.iter().map(|words| phone.say(words)).collect();
    phone.boot().await;
    let mut order = Vec::new();
    for prompt in prompts {
        order.push(phone.answer(prompt).await.id);
    }
    assert!(order.is_sorted(), "{order:?}");
    let records = records(&scratch);
    for words in &words {
        assert_eq!(taken(&records, words.trim_start_matches("> ")), 1, "{words}");
    }
    assert_eq!(phone.said().matches("started the CLI").count(), 1);
    phone.at_rest();
}
