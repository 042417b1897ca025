//! Sessions that cannot be resumed: a power cut or a full disk has left an empty transcript. The
//! message is taken up once more, in another session; nothing repeats itself for ever.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use segue::sandbox::Post;
use serde_json::json;

use crate::{
    recovery::{noted, records, taken},
    support::{
        phone::{ADA, Phone, phone, phone_with, session_of},
        processes::{end, living},
        scratch::Scratch,
    },
};

/// Puts a CLI in place that dies in the first turn of each new session, `leaving` (a shell command
/// that writes to stdout) in its transcript; the real one once `mended` is there. Like the real one
/// it takes an id for used whose transcript exists, and finds no conversation in an empty one.
fn dies_in_first_turns(scratch: &Scratch, project: &Path, leaving: &str) {
    let home = scratch.home();
    let real = home.join("bin/real");
    fs::create_dir_all(&real).unwrap();
    fs::rename(scratch.claude(), real.join("claude")).unwrap();
    fs::write(scratch.claude(), "").unwrap();
    fs::create_dir_all(scratch.folder(project)).unwrap();
    scratch.replace_claude(&format!(
        r#"[ -e {home}/mended ] && exec {home}/bin/real/claude "$@"
echo "$*" >> {home}/starts
date +%s%3N >> {home}/times
while [ $# -gt 0 ]; do
  case "$1" in
    --session-id) new=$2;;
    --resume) old=$2;;
  esac
  shift
done
id=${{new:-$old}}
transcript={folder}/$id.jsonl
if [ -z "$new" ]; then
  echo "No conversation found with session ID: $id" >&2
  exit 1
fi
if [ -e "$transcript" ]; then
  echo "Error: Session ID $id is already in use." >&2
  exit 1
fi
read -r prompt
{leaving} > "$transcript"
kill -9 $$"#,
        home = home.display(),
        folder = scratch.folder(project).display(),
    ));
}

/// The arguments of each start.
fn starts(scratch: &Scratch) -> Vec<String> {
    let text = fs::read_to_string(scratch.home().join("starts")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The ids under which sessions were begun.
fn begun(scratch: &Scratch) -> HashSet<String> {
    let id = |start: &String| Some(start.split_once("--session-id ")?.1[..36].to_owned());
    starts(scratch).iter().filter_map(id).collect()
}

async fn given_up(phone: &Phone, prompt: i64) -> Post {
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("could not begin a session"), "{answer:?}");
    phone.settled().await;
    phone.at_rest();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cli_that_dies_in_each_first_turn_is_not_started_for_ever() {
    for leaving in ["head -c 3000 /dev/zero", "true"] {
        let (scratch, garden, mut phone) = phone().await;
        dies_in_first_turns(&scratch, &garden, leaving);
        let prompt = phone.say("sow the beans");
        let failed = given_up(&phone, prompt).await;
        assert_eq!(begun(&scratch).len(), 2, "{:?}", starts(&scratch));
        assert!(starts(&scratch).len() <= 4, "{:?}", starts(&scratch));
        let times = fs::read_to_string(scratch.home().join("times")).unwrap();
        let times: Vec<u64> = times.lines().map(|time| time.parse().unwrap()).collect();
        assert!(times[1] - times[0] >= 1_000, "without a pause: {times:?}");
        assert!(times[times.len() - 1] - times[0] >= 5_000, "the pause does not grow: {times:?}");
        let said = phone.client.messages(ADA);
        let replaced = said.iter().filter(|post| post.text.contains("A fresh session")).count();
        assert_eq!(replaced, 1, "{said:#?}");

        // A restart and a new message begin no loop either.
        phone.kill();
        phone.boot().await;
        let before = starts(&scratch).len();
        let second = phone.say("water the beans");
        given_up(&phone, second).await;
        assert!(starts(&scratch).len() <= before + 4, "{:?}", starts(&scratch));

        fs::write(scratch.home().join("mended"), "").unwrap();
        phone.press(&failed, "Try again").await;
        let again = phone
            .see("an answer to the first message", |posts| {
                let is_it =
                    |post: &&Post| post.reply_to == Some(prompt) && post.text.contains("I see 1 ");
                posts.iter().find(is_it).cloned()
            })
            .await;
        assert!(!begun(&scratch).contains(&session_of(&again)), "a session of its own");
        assert_eq!(taken(&records(&scratch), "sow the beans"), 1);
    }
}

/// The transcript of the only session in a project.
fn only_transcript(scratch: &Scratch, project: &Path) -> PathBuf {
    let entries = fs::read_dir(scratch.folder(project)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 1);
    paths.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_turn_that_a_power_cut_has_zeroed_is_taken_up_once() {
    for zeroes in [0, 4_096] {
        let script = json!({"rules": [
            {"words": ["hangs"], "replies": [[{"text": "It begins. "}, "hang"]]},
            {"replies": [[{"text": "I see {prompts} prompts"}]]},
        ]});
        let (scratch, garden, mut phone) = phone_with(&script).await;
        let prompt = phone.say("what hangs here?");
        phone.see_text(&["It begins"]).await;
        noted(&phone, "progress");
        phone.kill();
        living(&scratch.home()).into_iter().for_each(end);
        let script = json!({"rules": [{"replies": [[{"text": "I see {prompts} prompts"}]]}]});
        fs::write(scratch.script(), script.to_string()).unwrap();
        let lost = only_transcript(&scratch, &garden);
        fs::write(&lost, vec![0; zeroes]).unwrap();
        phone.boot().await;
        let answer = phone.answer(prompt).await;
        let old = lost.file_stem().unwrap().to_str().unwrap();
        assert_ne!(session_of(&answer), old);
        phone.see_text(&["could not be resumed", old, "A fresh session"]).await;
        phone.at_rest();
        assert_eq!(taken(&records(&scratch), "what hangs here?"), 1);
        let next = phone.ask("water them").await;
        assert_eq!(session_of(&next), session_of(&answer));
    }
}
