//! What once went wrong and holds by construction now, each tried on the built binary.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use segue::sandbox::Post;
use serde_json::json;

use crate::{
    recovery::{answers, noted, records, taken},
    support::{
        phone::{ADA, Phone, phone, phone_with, session_of},
        processes::{end, living},
        scratch::Scratch,
        terminal::HeldOpen,
        wait::until,
    },
};

/// A garden whose Claude is at what is slow until it is let go on.
async fn slow() -> (Scratch, PathBuf, Phone) {
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"until": "go"}, {"text": "Done with {last}"},
        ]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    phone_with(&script).await
}

/// A CLI that begins with its first prompt and hears nothing more, neither an interrupt nor its end,
/// and says so when another is started beside it. What is started later is the scripted one.
const DEAF: &str = r#"
if [ -e pid ] && kill -0 $(cat pid) 2>/dev/null; then touch doubled; fi
echo $$ > pid
echo started >> starts
if [ $(wc -l < starts) -gt 1 ]; then exec $real "$@"; fi
trap '' TERM INT
while [ $# -gt 0 ]; do case $1 in --session-id|--resume) session=$2;; esac; shift; done
while read -r line; do
  case $line in *'"type":"user"'*)
    uuid=$(printf '%s' "$line" | sed 's/.*"uuid":"\([0-9a-f-]*\)".*/\1/')
    printf '%s\n' '{"type":"command_lifecycle","command_uuid":"'$uuid'","state":"started"}'
    printf '%s\n' '{"type":"system","subtype":"init","session_id":"'$session'","user_message_uuids":["'$uuid'"]}'
    touch begun ;;
  esac
done
while :; do sleep 0.1; done
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_ending_is_not_doubled() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let real = scratch.home().join("bin/real");
    fs::create_dir_all(&real).unwrap();
    fs::rename(scratch.claude(), real.join("claude")).unwrap();
    fs::write(scratch.claude(), "").unwrap();
    scratch.replace_claude(&format!("real={}/claude{DEAF}", real.display()));
    let phone = Phone::start(&scratch.base(), &garden).await;
    let first = phone.say("sow");
    until("a turn", || garden.join("begun").exists());
    let card = phone.progress(ADA, first).await;
    phone.press(&card, "Stop").await;
    // While it is being ended, which it takes its time for, one prompt comes after the other.
    let next = ["water", "weed"].map(|words| phone.say(words));
    for (prompt, words) in next.into_iter().zip(["water", "weed"]) {
        let answer = phone.answer(prompt).await;
        assert!(answer.text.contains(&format!("the last is: {words}")), "{answer:?}");
    }
    assert!(!garden.join("doubled").exists(), "two processes at once");
    let starts = fs::read_to_string(garden.join("starts")).unwrap();
    assert_eq!(starts.lines().count(), 2, "one successor");
    phone.at_rest();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_over_is_answered_through_a_kill() {
    let (scratch, garden, mut phone) = slow().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
    let mut terminal = HeldOpen::new(&scratch.home(), &garden, &transcript, "idle");
    let prompt = phone.say("slow beans");
    let card = phone.see_text(&["is open in a terminal"]).await;
    phone.press(&card, "Send to the terminal").await;
    let message = terminal.read();
    terminal.take_up(&message);
    terminal.set("waiting", Some("permission prompt"));
    let call = phone.see_text(&["waits for an answer", "permission prompt"]).await;
    phone.press(&call, "Take over").await;
    assert_eq!(terminal.ended_by(), Some(15));
    phone.see_text(&["One after"]).await;
    noted(&phone, "process");
    phone.kill();
    drop(terminal);
    phone.boot().await;
    Scratch::go(&garden);
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Done with slow beans"), "{answer:?}");
    assert_eq!(session_of(&answer), id);
    phone.at_rest();
    phone.settled().await;
    assert_eq!(answers(&phone, prompt).len(), 1);
    assert_eq!(taken(&records(&scratch), "slow beans"), 1, "once here, once in the terminal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_that_cannot_be_read_is_not_one_without_the_prompt() {
    let (scratch, garden, mut phone) = slow().await;
    let prompt = phone.say("slow beans");
    let progress = phone.see_text(&["One after"]).await;
    noted(&phone, "progress");
    phone.kill();
    living(&scratch.home()).into_iter().for_each(end);
    until("dead", || living(&scratch.home()).is_empty());
    let id = session_of(&progress);
    let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
    let aside = scratch.home().join("aside.jsonl");
    fs::rename(&transcript, &aside).unwrap();
    // What nobody can read from its beginning: an error of input and output.
    symlink("/proc/self/mem", &transcript).unwrap();
    phone.boot().await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("cannot be read, so I don't know whether"), "{answer:?}");
    assert!(!phone.said().contains("started the CLI"), "nothing is sent: {}", phone.said());
    phone.at_rest();
    fs::remove_file(&transcript).unwrap();
    fs::rename(&aside, &transcript).unwrap();
    Scratch::go(&garden);
    phone.press(&answer, "Try again").await;
    phone.see_text(&["Done with slow beans"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_too_long_is_passed_over_and_that_is_said() {
    let (scratch, garden, phone) = phone().await;
    let id = scratch.session(&garden, &["sow", "water"], 5);
    let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
    let text = fs::read_to_string(&transcript).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let output = "x".repeat(65 << 20);
    lines.insert(2, format!(r#"{{"type":"system","subtype":"output","content":"{output}"}}"#));
    fs::write(&transcript, lines.join("\n") + "\n").unwrap();
    phone.say("/history");
    let shown = phone.see_text(&["sow", "Done: water"]).await;
    assert!(shown.text.contains("1 line could not be read"), "{shown:?}");
    let answer = phone.ask("weed").await;
    assert!(answer.text.contains("I see 3 prompts; the last is: weed"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_terminal_has_not_read_is_said_and_taken_over_with_what_waits_behind_it() {
    let (scratch, garden, phone) = slow().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
    let mut terminal = HeldOpen::new(&scratch.home(), &garden, &transcript, "busy");
    let first = phone.say("water");
    let card = phone.see_text(&["is open in a terminal"]).await;
    phone.press(&card, "Send to the terminal").await;
    terminal.read();
    let sent = phone.see_with("Take over now").await;
    assert!(sent.text.contains("terminal on the laptop"), "{sent:?}");
    // What lies in its inbox can be removed only there, and that is said.
    let notice = phone.press(&sent, "Stop").await;
    assert!(notice.contains("has it in its inbox"), "{notice:?}");
    let taken_back = |post: &Post| post.text.contains("Taken back");
    assert!(!phone.client.messages(ADA).iter().any(taken_back), "nothing is taken back");
    let second = phone.say("weed");
    let is_it = |post: &&Post| {
        post.id > second && post.buttons().any(|button| button.text == "Take over now")
    };
    let of_second = |posts: &[Post]| posts.iter().rfind(is_it).cloned();
    let behind = phone.see("the card of the second", of_second).await;
    phone.press(&behind, "Take over now").await;
    assert_eq!(terminal.ended_by(), Some(15));
    drop(terminal);
    let answer = phone.answer(first).await;
    assert!(answer.text.contains("the last is: water"), "{answer:?}");
    let answer = phone.answer(second).await;
    assert!(answer.text.contains("I see 3 prompts; the last is: weed"), "{answer:?}");
    phone.at_rest();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_was_asked_when_it_ended_is_said() {
    let (scratch, _, mut phone) = phone().await;
    phone.ask("sow").await;
    phone.terminate();
    let body = "while read -r line; do case $line in *side_question*) exit 3;; esac; done";
    scratch.replace_claude(body);
    phone.boot().await;
    phone.say("/btw what did I sow?");
    phone.see_text(&["Claude ended before it answered"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_behind_a_start_that_fails_fails_with_it_and_the_slot_is_free() {
    let (scratch, _, mut phone) = phone().await;
    phone.terminate();
    phone.configure("pace_ms = 20\nturns_at_once = 1\n");
    phone.boot().await;
    let real = scratch.home().join("real");
    fs::rename(scratch.claude(), &real).unwrap();
    // It is there, and the system does not run it.
    fs::write(scratch.claude(), "no program").unwrap();
    fs::set_permissions(scratch.claude(), fs::Permissions::from_mode(0o644)).unwrap();
    phone.hold_polls();
    let prompts = ["sow", "> water", "> weed"].map(|words| phone.say(words));
    phone.client.let_go();
    for prompt in prompts {
        let answer = phone.answer(prompt).await;
        assert!(answer.text.contains("could not be started"), "{answer:?}");
    }
    phone.at_rest();
    fs::remove_file(scratch.claude()).unwrap();
    fs::rename(real, scratch.claude()).unwrap();
    let answer = phone.ask("harvest").await;
    assert!(answer.text.contains("I see 1 prompts; the last is: harvest"), "{answer:?}");
}
