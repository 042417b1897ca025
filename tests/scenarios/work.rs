//! What Claude does besides talking, as the person sees it.

use std::fs;

use segue::sandbox::Post;

use crate::support::{headless, phone::Phone, scratch::Scratch};

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_things_to_do_is_a_checklist_that_stays() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    fs::write(scratch.script(), headless::asking_text(&scratch.home())).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    let prompt = phone.say("do the chores");
    phone.see_text(&["☑ Dig the bed\n▸ Sow the beans", "Half of it"]).await;
    phone.say("/stop");
    phone.answer(prompt).await;
    phone.settled().await;
    let trace = phone.see_text(&["↳", "☑ Dig the bed\n▸ Sow the beans"]).await;
    assert!(trace.buttons().next().is_none(), "{trace:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_in_the_background_is_named_and_its_end_is_told() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let phone = Phone::start(&scratch.base(), &garden).await;
    let prompt = phone.say("start the pump");
    let question = phone.see_open("echo full > barrel.txt").await;
    phone.press(&question, "Allow once").await;
    let answer = phone.answer(prompt).await;
    let running = "Still running in the background: Fill the barrel.";
    assert!(answer.text.contains(running), "{answer:?}");
    fs::write(garden.join("pumped"), "").unwrap();
    // The end of the task begins a turn that nobody asked for.
    phone
        .see("the turn of the task's end", |posts| {
            let told = |post: &&Post| post.id > answer.id && !post.text.contains(running);
            posts.iter().find(told).cloned()
        })
        .await;
}
