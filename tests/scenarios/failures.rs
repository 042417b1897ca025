//! What goes wrong, each with its sentence and its next step.

use std::fs;

use segue::sandbox::Post;

use crate::support::{
    phone::{Phone, session_of},
    scratch::Scratch,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_transcript_is_a_fresh_session_loudly() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let old = scratch.session(&garden, &["sow the beans"], 5);
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.ask("water").await;
    phone.terminate();
    fs::remove_file(scratch.folder(&garden).join(format!("{old}.jsonl"))).unwrap();
    phone.boot().await;
    let answer = phone.ask("weed").await;
    assert!(answer.text.contains("I see 1 prompts; the last is: weed"), "{answer:?}");
    phone.see_text(&["could not be resumed", &old, "A fresh session"]).await;
    assert_ne!(session_of(&answer), old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_the_cli_does_not_find_is_a_fresh_session_loudly() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let old = scratch.session(&garden, &["sow the beans"], 5);
    let real = scratch.home().join("bin/real");
    fs::create_dir_all(&real).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_segue"), real.join("claude")).unwrap();
    scratch.replace_claude(&format!(
        "case \"$*\" in *--resume*) echo 'No conversation found with session ID: {old}' >&2; exit 1;; \
         esac\nexec {}/claude \"$@\"",
        real.display()
    ));
    let phone = Phone::start(&scratch.base(), &garden).await;
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("I see 1 prompts; the last is: water"), "{answer:?}");
    phone.see_text(&["could not be resumed", &old]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_hook_abandon_no_session() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["sow the beans"], 5);
    scratch.replace_claude("echo 'a hook: No conversation found in the tracker' >&2; exit 1");
    let phone = Phone::start(&scratch.base(), &garden).await;
    let answer = phone.answer(phone.say("water")).await;
    assert!(answer.text.contains("Claude ended unexpectedly"), "{answer:?}");
    phone.see_text(&["The session is kept", "sow the beans"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_gone_keeps_the_message_until_another_is_picked() {
    let mut scratch = Scratch::new();
    let (garden, orchard) = (scratch.project("garden"), scratch.project("orchard"));
    scratch.session(&garden, &["sow the beans"], 5);
    scratch.session(&orchard, &["prune the pears"], 50);
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/cd orchard");
    phone.see_text(&["Working in ~/orchard"]).await;
    phone.ask("pick them").await;
    phone.terminate();
    fs::remove_dir_all(&orchard).unwrap();
    phone.boot().await;
    let prompt = phone.say("where are they?");
    let question = phone.see_text(&["~/orchard is gone", "1. ~/garden"]).await;
    phone.press(&question, "1").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: where are they?"), "{answer:?}");
}

/// Asks, expects an answer with these words and *Try again*, presses it, and returns what comes.
async fn fails_and_is_tried_again(phone: &Phone, text: &str, words: &[&str]) -> Post {
    let prompt = phone.say(text);
    let failed = phone.answer(prompt).await;
    for word in words {
        assert!(failed.text.contains(word), "no {word:?} in {failed:?}");
    }
    phone.settled().await;
    let before = failed.id;
    phone.press(&failed, "Try again").await;
    phone
        .see("the second try", |posts| {
            let is_it =
                |post: &&Post| post.reply_to == Some(prompt) && post.id > before && !post.silent;
            posts.iter().find(is_it).cloned()
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_error_keeps_the_session_and_offers_to_try_again() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.ask("sow the beans").await;
    let words = ["API failed with 400", "The session is intact"];
    fails_and_is_tried_again(&phone, "refused", &words).await;
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("the last is: water"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_logged_in_says_how() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let phone = Phone::start(&scratch.base(), &garden).await;
    fails_and_is_tried_again(&phone, "stranger", &["not logged in", "/login"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_shows_the_end_of_stderr() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let script = serde_json::json!({"rules": [
        {"words": ["crash"], "replies": [[{"text": "Let me"}, {"crash": {"code": 3, "stderr": "out of pots"}}]]},
        {"replies": [[{"text": "I see {prompts} prompts"}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.ask("sow the beans").await;
    let words = ["ended unexpectedly", "exit status: 3", "out of pots", "The session is kept"];
    fails_and_is_tried_again(&phone, "crash", &words).await;
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("I see"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_and_an_old_cli_are_named() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let phone = Phone::start(&scratch.base(), &garden).await;
    scratch.replace_claude("echo \"error: unknown option '--permission-prompt-tool'\" >&2; exit 1");
    let prompt = phone.say("hello");
    let failed = phone.answer(prompt).await;
    assert!(failed.text.contains("too old") && failed.text.contains("claude update"), "{failed:?}");
    fs::remove_file(scratch.claude()).unwrap();
    let prompt = phone.say("hello again");
    let failed = phone.answer(prompt).await;
    assert!(
        failed.text.contains("not found") && failed.text.contains("SEGUE_CLAUDE"),
        "{failed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_open_elsewhere_is_never_forked_in_silence() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let id = scratch.session(&garden, &["sow the beans"], 5);
    let sessions = scratch.home().join(".claude/sessions");
    fs::create_dir_all(&sessions).unwrap();
    let pid = std::process::id();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let since = stat.rsplit(") ").next().unwrap().split(' ').nth(19).unwrap();
    let entry = serde_json::json!({
        "pid": pid, "sessionId": id, "cwd": garden, "procStart": since, "kind": "interactive",
        "entrypoint": "cli", "status": "busy", "version": "2.1.328",
    });
    fs::write(sessions.join(format!("{pid}.json")), entry.to_string()).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/sessions");
    phone.see_text(&["sow the beans", "● open, busy"]).await;
    let prompt = phone.say("water");
    let card = phone.see_text(&["is open in a terminal", "in the middle of a turn"]).await;
    phone.press(&card, "Fork").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: water"), "{answer:?}");
    assert_ne!(session_of(&answer), id);
    phone.see_text(&["Continuing in a copy of sow the beans"]).await;
    let original = fs::read_to_string(scratch.folder(&garden).join(format!("{id}.jsonl"))).unwrap();
    assert!(!original.contains("water"), "the original stays as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overload_is_named_while_the_cli_tries_again() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let phone = Phone::start(&scratch.base(), &garden).await;
    let prompt = phone.say("be overloaded");
    phone.see_text(&["The API is overloaded (529): try 1 of 2"]).await;
    phone.see_text(&["The API is overloaded (529): try 2 of 2"]).await;
    let failed = phone.answer(prompt).await;
    assert!(failed.text.contains("API failed with 529 (overloaded)"), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_is_nearly_full_is_compacted_by_a_button() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let script = serde_json::json!({"window": 130, "rules": [
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    let answer = phone.ask("sow the beans").await;
    assert!(answer.text.contains(" % full."), "{answer:?}");
    phone.press(&answer, "Compact").await;
    let compacted = phone.see_text(&["Compacted: the conversation continues from a summary"]).await;
    assert_eq!(session_of(&compacted), session_of(&answer));
    let pressed = |posts: &[Post]| {
        let answer = posts.iter().find(|post| post.id == answer.id)?;
        answer.buttons().next().is_none().then_some(())
    };
    phone.see("no second press", pressed).await;
}
