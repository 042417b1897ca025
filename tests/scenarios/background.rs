//! What works in the background, and the turns that it begins.

use std::{fs, fs::File, io::Write, path::PathBuf};

use segue::sandbox::Post;
use serde_json::json;

use crate::support::{
    phone::{ADA, Phone, session_of},
    scratch::Scratch,
};

/// A CLI that begins a turn of its own in the very moment in which a prompt is written to it: it
/// tells of that turn before it has read the prompt.
const HASTY: &str = r#"
say() { printf '%s\n' "$1"; }
init() { say '{"type":"system","subtype":"init","session_id":"'$session'","permissionMode":"default"'"$1"'}'; }
text() { say '{"type":"assistant","uuid":"'$(cat /proc/sys/kernel/random/uuid)'","message":{"id":"m'$1'","content":[{"type":"text","text":"'"$2"'"}]}}'; }
done_with() { say '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","result":"'"$1"'"'"$2"'}'; }
turn() {
  say '{"type":"command_lifecycle","command_uuid":"'$1'","state":"queued"}'
  say '{"type":"command_lifecycle","command_uuid":"'$1'","state":"started"}'
  init ',"user_message_uuids":["'$1'"]'
  text "$2" "Prompt $2 is answered."
  done_with "Prompt $2 is answered." ',"user_message_uuids":["'$1'"]'
  say '{"type":"command_lifecycle","command_uuid":"'$1'","state":"completed"}'
}
while [ $# -gt 0 ]; do case $1 in --session-id|--resume) session=$2;; esac; shift; done
count=0
while read -r line; do
  case $line in
  *'"type":"user"'*)
    count=$((count + 1))
    uuid=$(printf '%s' "$line" | sed 's/.*"uuid":"\([0-9a-f-]*\)".*/\1/')
    if [ $count = 2 ]; then
      say '{"type":"system","subtype":"task_notification","summary":"The pump has ended"}'
      init ''
      text 9 "The barrel is full."
      done_with "The barrel is full." ',"origin":{"kind":"task-notification"}'
    fi
    turn $uuid $count ;;
  esac
done
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_begins_as_a_prompt_is_written_is_not_its_answer() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.replace_claude(HASTY);
    let phone = Phone::start(&scratch.base(), &garden).await;
    let answer = phone.ask("sow the beans").await;
    assert!(answer.text.contains("Prompt 1 is answered."), "{answer:?}");
    let prompt = phone.say("water them");
    let answer = phone.see_text(&["Prompt 2 is answered."]).await;
    assert_eq!(answer.reply_to, Some(prompt), "of two turns: {answer:?}");
    let stray = phone.see_text(&["The pump has ended", "The barrel is full.", "↳"]).await;
    assert!(stray.reply_to.is_none() && !stray.silent, "{stray:?}");
    let answer = phone.ask("weed them").await;
    assert!(answer.text.contains("Prompt 3 is answered."), "{answer:?}");
}

/// A bot with a session in which something works in the background, and its transcript.
async fn pumping() -> (Scratch, PathBuf, Phone) {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let pump = json!({"tool": {
        "name": "Bash", "takes": 600_000, "asks": "never",
        "input": {"command": "pump", "description": "Fill the barrel", "run_in_background": true},
    }});
    let script = json!({"rules": [
        {"words": ["pump"], "replies": [[pump], [{"text": "It runs."}]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    let answer = phone.ask("start the pump").await;
    assert!(answer.text.contains("Still running in the background: Fill the barrel."));
    phone.settled().await;
    let transcript = scratch.folder(&garden).join(format!("{}.jsonl", session_of(&answer)));
    (scratch, transcript, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_in_the_background_with_its_process_is_said() {
    let (_scratch, transcript, phone) = pumping().await;
    let record = json!({
        "type": "user", "uuid": "22222222-2222-4222-8222-222222222222",
        "message": {"role": "user", "content": "from the laptop"},
    });
    let mut file = File::options().append(true).open(&transcript).unwrap();
    file.write_all(format!("{record}\n").as_bytes()).unwrap();
    let answer = phone.ask("water them").await;
    assert!(answer.text.contains("the last is: water them"), "{answer:?}");
    let said = "its process here was replaced. This ended with it: Fill the barrel.";
    assert!(answer.text.contains(said), "{answer:?}");
    let answer = phone.ask("weed them").await;
    assert!(!answer.text.contains("ended with it"), "said once: {answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_work_in_the_background_outlives_all_idle_ones() {
    let (_scratch, _, phone) = pumping().await;
    for herb in ["basil", "chives", "dill", "fennel"] {
        phone.ask(&format!("/new {herb}")).await;
    }
    let said = phone.client.messages(ADA);
    assert!(said.iter().all(|post| !post.text.contains("One more starts")), "of three warm ones");
    phone.say("/sessions pump");
    let card = phone.see_text(&["start the pump"]).await;
    let answer = phone.reply("water them", card.id);
    let answer: Post = phone.answer(answer).await;
    assert!(
        answer.text.contains("Still running in the background: Fill the barrel."),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_more_process_than_is_kept_warm_is_said() {
    let (_scratch, _, mut phone) = pumping().await;
    phone.terminate();
    phone.configure("pace_ms = 20\nwarm_runs = 1\n");
    phone.boot().await;
    phone.ask("start the pump again").await;
    phone.settled().await;
    phone.ask("/new basil").await;
    phone.see_text(&["Still running in the background: 1 Claude process. One more starts"]).await;
}
