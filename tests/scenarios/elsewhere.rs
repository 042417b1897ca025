//! Sessions that are no longer where they were: moved, renamed, continued in another, or with their
//! directories gone.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::support::{
    phone::{Phone, phone, session_of},
    scratch::Scratch,
};

/// Trusts a directory as the terminal does.
fn trust(scratch: &Scratch, directory: &Path) {
    let path = scratch.home().join(".claude.json");
    let mut settings: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    settings["projects"][directory.to_str().unwrap()] = json!({"hasTrustDialogAccepted": true});
    fs::write(path, settings.to_string()).unwrap();
}

/// A directory that the chat is in, with a session of one exchange.
async fn used(scratch: &mut Scratch, phone: &Phone, name: &str) -> (PathBuf, String) {
    let directory = scratch.project(name);
    phone.say(&format!("/cd {}", directory.display()));
    phone.see_text(&["Working in", name]).await;
    let answer = phone.ask("prune the pears").await;
    (directory, session_of(&answer))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_was_moved_goes_on_where_its_folder_says() {
    let (mut scratch, _, mut phone) = phone().await;
    let (old, session) = used(&mut scratch, &phone, "orchard").await;
    phone.terminate();
    let new = scratch.home().join("meadow");
    fs::rename(&old, &new).unwrap();
    fs::rename(scratch.folder(&old), scratch.folder(&new)).unwrap();
    trust(&scratch, &new);
    phone.boot().await;
    let answer = phone.ask("pick them").await;
    assert!(answer.text.contains("I see 2 prompts"), "{answer:?}");
    assert_eq!(session_of(&answer), session);
    let bound = scratch.history().pop().unwrap();
    assert_eq!(bound["project"], new.to_str().unwrap(), "the place follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_gone_offers_its_other_spelling_and_stays_there() {
    let (mut scratch, _, mut phone) = phone().await;
    let (old, session) = used(&mut scratch, &phone, "my-app").await;
    phone.terminate();
    let new = scratch.home().join("my_app");
    fs::rename(&old, &new).unwrap();
    trust(&scratch, &new);
    phone.boot().await;
    let prompt = phone.say("pick them");
    let question = phone.see_text(&["~/my-app is gone", "Your message is kept"]).await;
    phone.press(&question, "Continue in ~/my_app").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: pick them"), "{answer:?}");
    assert_eq!(session_of(&answer), session);
    // It stays chosen, over a restart, too.
    phone.settled().await;
    phone.terminate();
    phone.boot().await;
    let answer = phone.ask("eat them").await;
    assert!(answer.text.contains("I see 3 prompts"), "{answer:?}");
    assert_eq!(session_of(&answer), session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worktree_that_is_gone_offers_the_main_tree() {
    let (mut scratch, garden, mut phone) = phone().await;
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(&garden).env("GIT_CONFIG_GLOBAL", "/dev/null");
        git.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]);
        assert!(git.args(arguments).output().unwrap().status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["commit", "-q", "--allow-empty", "-m", "First"]);
    git(&["worktree", "add", "-q", ".claude/worktrees/pears"]);
    let (tree, session) = used(&mut scratch, &phone, "garden/.claude/worktrees/pears").await;
    phone.settled().await;
    phone.terminate();
    fs::remove_dir_all(&tree).unwrap();
    phone.boot().await;
    let prompt = phone.say("pick them");
    let question = phone.see_text(&["pears is gone"]).await;
    phone.press(&question, "Continue in the main tree ~/garden").await;
    let answer = phone.answer(prompt).await;
    assert_eq!(session_of(&answer), session);
    assert!(answer.text.contains("I see 2 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_continued_in_another_is_followed_and_that_is_said() {
    let (mut scratch, _, mut phone) = phone().await;
    let (orchard, session) = used(&mut scratch, &phone, "orchard").await;
    phone.settled().await;
    phone.terminate();
    let next = scratch.session(&orchard, &["in the background"], 1);
    let path = scratch.folder(&orchard).join(format!("{session}.jsonl"));
    let line = json!({"type": "continued-in", "continuedInSessionId": next});
    writeln!(File::options().append(true).open(path).unwrap(), "{line}").unwrap();
    phone.boot().await;
    let answer = phone.ask("pick them").await;
    assert_eq!(session_of(&answer), next);
    phone.see_text(&["moved to another session", "in the background"]).await;
    assert_eq!(session_of(&phone.ask("eat them").await), next);
}
