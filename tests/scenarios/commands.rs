//! The commands of the chat.

use std::fs;

use segue::sandbox::Post;

use crate::support::{
    phone::{ADA, GROUP, Phone, phone, session_of},
    scratch::Scratch,
    wait::until,
};

#[tokio::test(flavor = "multi_thread")]
async fn cd_goes_by_path_by_name_and_by_button_and_stays_inside_the_roots() {
    let mut scratch = Scratch::new();
    let (garden, orchard) = (scratch.project("garden"), scratch.project("orchard"));
    scratch.session(&garden, &["sow the beans"], 5);
    scratch.session(&orchard, &["prune the pears"], 50);
    scratch.directory("attic/box");
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/cd orch");
    phone.see_text(&["Working in ~/orchard now", "prune the pears"]).await;
    phone.say("/cd ~/attic/box");
    phone.see_text(&["Working in ~/attic/box now", "starts its first session"]).await;
    phone.say("/cd ..");
    phone.see_text(&["Working in ~/attic now"]).await;
    phone.say("/cd /usr");
    phone.see_text(&["/usr lies outside the directories"]).await;
    phone.say("/cd cellar");
    phone.see_text(&["There is no directory and no known project cellar"]).await;
    phone.say("/cd");
    let known = phone.see_text(&["Where to?", "1. ~/garden"]).await;
    phone.press(&known, "1").await;
    phone.see_text(&["Working in ~/garden now", "sow the beans"]).await;
    let answer = phone.ask("water").await;
    assert!(answer.text.contains("I see 2 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_with_and_without_a_first_prompt() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["sow the beans"], 5);
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/new");
    let said =
        phone.see_text(&["New session in ~/garden. It begins with your next message."]).await;
    let answer = phone.ask("build a shed").await;
    assert!(answer.text.contains("I see 1 prompts; the last is: build a shed"), "{answer:?}");
    assert_eq!(session_of(&answer), session_of(&said));
    let answer = phone.ask("/new make a pond").await;
    assert!(answer.text.contains("I see 1 prompts; the last is: make a pond"), "{answer:?}");
    let displays = || -> Vec<String> {
        let lines = scratch.history();
        lines.iter().map(|line| line["display"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(displays(), ["/new", "build a shed", "/new", "make a pond"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_this_place_and_the_others() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["sow the beans"], 5);
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/status");
    phone
        .see_text(&["No session yet", "~/garden\n\n0 turns running · 0 processes kept warm"])
        .await;
    let prompt = phone.client.say((GROUP, ADA), "/new paint the fence").unwrap();
    phone.answer_in(GROUP, prompt).await;
    phone.ask("/new water").await;
    phone.settled().await;
    phone.say("/status");
    let status = phone
        .see_text(&["water", "Ready", "mode manual", "Context", "so far", "Other chats"])
        .await;
    assert!(status.text.contains("paint the fence · ~/garden"), "{status:?}");
    assert!(status.text.contains("2 processes kept warm · Claude Code 2.1"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn help_start_and_the_registered_commands() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/start");
    phone.see_text(&["Claude Code, from here", "claude --continue"]).await;
    phone.say("/help");
    phone.see_text(&["/sessions — ", "/new — ", "/cd — ", "/status — ", "/stop — "]).await;
    let state = serde_json::to_value(phone.client.state()).unwrap();
    let chats = state["chats"].as_array().unwrap();
    let ada = chats.iter().find(|chat| chat["id"] == ADA).unwrap();
    let names: Vec<_> = ada["commands"].as_array().unwrap().iter().map(|c| &c["command"]).collect();
    assert_eq!(
        names,
        [
            "sessions", "new", "cd", "status", "stop", "history", "recap", "search", "live",
            "follow", "notify", "usage", "limits", "audit", "get", "diff", "export", "mode",
            "model", "effort", "verbose", "btw", "fork", "rename", "archive", "delete", "agent",
            "commands", "help"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_never_trusted_is_asked_about_once() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.directory("attic");
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/cd ~/attic");
    phone.see_text(&["Working in ~/attic now"]).await;
    let prompt = phone.say("tidy up");
    let question = phone.see_text(&["haven't trusted ~/attic", "Your message is on hold"]).await;
    phone.press(&question, "Trust and continue").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("the last is: tidy up"), "{answer:?}");
    phone.bound(prompt);
    phone.kill();
    phone.boot().await;
    let answer = phone.ask("and sweep").await;
    assert!(answer.text.contains("I see 2 prompts"), "not asked again: {answer:?}");
}

/// Trust in a repository is no trust in whoever says that he is a worktree of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_claims_to_be_a_worktree_is_asked_about() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let attic = scratch.directory("attic");
    let commons = garden.join(".git");
    for directory in [commons.join("worktrees/beds"), attic.join("own")] {
        fs::create_dir_all(directory).unwrap();
    }
    for (file, words) in [
        (attic.join(".git"), format!("gitdir: {}\n", attic.join("own").display())),
        (attic.join("own/commondir"), commons.display().to_string()),
        (attic.join("own/gitdir"), attic.join(".git").display().to_string()),
    ] {
        fs::write(file, words).unwrap();
    }
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/cd ~/attic");
    phone.see_text(&["Working in ~/attic now"]).await;
    phone.say("tidy up");
    phone.see_text(&["trusted ~/attic", "Your message is on hold"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_hold_lists_buttons_links_and_chats_that_were_elsewhere() {
    let mut scratch = Scratch::new();
    let (garden, orchard) = (scratch.project("garden"), scratch.project("orchard"));
    scratch.session(&garden, &["sow the beans"], 5);
    let pears = scratch.session(&orchard, &["prune the pears"], 50);
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/cd");
    let known = phone.see_text(&["Where to?", "1. ~/garden", "2. ~/orchard"]).await;
    phone.say("/sessions");
    let here = phone.see_text(&["Sessions in ~/garden", "sow the beans"]).await;
    phone.press(&here, "Projects").await;
    let all = phone.see_text(&["Directories, the newest first", "2. ~/orchard"]).await;
    phone.press(&all, "2").await;
    let there = phone.see_text(&["Sessions in ~/orchard", "prune the pears"]).await;
    phone.say("/sessions");
    let again = phone.see_text(&["Sessions in ~/garden", "sow the beans"]).await;
    phone.press(&again, "Projects").await;
    let all = phone.see_text(&["Directories, the newest first", "2. ~/orchard"]).await;
    phone.say("/cd orchard");
    phone.see_text(&["Working in ~/orchard now"]).await;
    phone.terminate();
    phone.configure(&format!("pace_ms = 20\nroots = [{garden:?}]\n"));
    phone.boot().await;

    let refused = async |count: usize| {
        let words = "~/orchard lies outside the directories that this bot may work in";
        let times = |posts: &[Post]| posts.iter().filter(|post| post.text.contains(words)).count();
        phone.see("a refusal", |posts| (times(posts) == count).then_some(())).await;
    };
    phone.press(&known, "2").await;
    refused(1).await;
    phone.press(&all, "2").await;
    refused(2).await;
    phone.press(&there, "1").await;
    refused(3).await;
    phone.press(&there, "New").await;
    refused(4).await;
    phone.say("water the pears");
    refused(5).await;
    phone.say(&format!("/sessions {pears}"));
    refused(6).await;
    phone.say(&format!("/start s_{pears}"));
    refused(7).await;
    phone.say("/cd");
    let known = phone.see("the directories", |posts| {
        let last = posts.iter().rfind(|post| post.text.starts_with("Where to?"))?;
        (last.id > known.id).then(|| last.clone())
    });
    let known = known.await;
    assert!(!known.text.contains("orchard"), "{known:?}");
    phone.say("/sessions");
    let newest = phone.see("the sessions", |posts| {
        let last = posts.iter().rfind(|post| post.text.contains("in ~/orchard"))?;
        (last.id > known.id).then(|| last.clone())
    });
    phone.press(&newest.await, "Everywhere").await;
    let everywhere = phone.see_text(&["Sessions everywhere", "sow the beans"]).await;
    assert!(!everywhere.text.contains("pears"), "{everywhere:?}");
    phone.say("/sessions pears");
    phone.see_text(&["No session anywhere with pears."]).await;
    assert!(scratch.history().iter().all(|line| line["display"] != "water the pears"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_knows_where_one_was() {
    let (_scratch, _, phone) = phone().await;
    phone.say("/start");
    phone.see_text(&["There is no session yet.", "starts one in ~/garden"]).await;
    phone.ask("sow the beans").await;
    phone.say("/start");
    let known = phone.see_text(&["You were here last:", "sow the beans", "~/garden"]).await;
    assert!(known.text.contains("just now") && known.text.contains("Claude\nI see 1"), "{known:?}");
    let labels: Vec<_> = known.buttons().map(|button| button.text.as_str()).collect();
    assert_eq!(labels, ["Continue", "Sessions", "New"]);
    phone.press(&known, "Continue").await;
    phone.see_text(&["Write to continue here."]).await;
    // To a group no session is shown before it was asked.
    phone.client.say((GROUP, ADA), "/start").unwrap();
    let start = |posts: &[Post]| posts.iter().find(|post| post.text.contains("from here")).cloned();
    let shown = phone.see_in(GROUP, "the start", start).await;
    assert!(!shown.text.contains("beans"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_do_not_fall_when_a_process_ends() {
    let (_scratch, _, mut phone) = phone().await;
    phone.terminate();
    phone.configure("pace_ms = 20\nidle_minutes = 0\n");
    phone.boot().await;
    phone.ask("sow the beans").await;
    until("its end", || phone.said().contains("the CLI has ended"));
    phone.say("/status");
    phone.see_text(&["Asleep", "so far"]).await;
}
