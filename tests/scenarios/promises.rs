//! The promises that hold without the real CLI.

use std::{fs, path::PathBuf};

use crate::support::{
    phone::{ADA, GRACE, GROUP, Phone, session_of},
    scratch::Scratch,
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_remembered() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let orchard = scratch.project("orchard");
    scratch.session(&garden, &["sow the beans"], 5);
    let pears = scratch.session(&orchard, &["prune the pears"], 50);
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/cd orchard");
    phone.see_text(&["Working in ~/orchard now", "prune the pears"]).await;
    let answer = phone.ask("pick them").await;
    assert_eq!(session_of(&answer), pears);
    for _ in 0..3 {
        phone.kill();
        phone.boot().await;
        let answer = phone.ask("and more").await;
        assert_eq!(session_of(&answer), pears);
    }
    phone.at_rest();
    phone.terminate();
    assert_eq!(phone.state(), [""; 0].map(PathBuf::from), "at rest the state directory is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn never_silent_about_buttons() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks"]).await;
    phone.confirmed().await;
    phone.kill();
    // With its state, segue would close the question by itself.
    phone.kept().into_iter().for_each(|file| fs::remove_file(file).unwrap());
    phone.boot().await;
    let notice = phone.press(&question, "Allow once").await;
    assert!(notice.contains("has ended: nothing was done"), "{notice:?}");
    assert!(!garden.join("beds").exists());
    let lost =
        phone.see_text(&["Not granted, since segue ended before you answered", "mkdir"]).await;
    scratch.wait_until_alone();
    phone.press(&lost, "Ask again").await;
    phone.answer(lost.id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["a secret plan"], 5);
    let phone = Phone::start(&scratch.base(), &garden).await;
    let hers = phone.client.add_private(GRACE).unwrap();
    phone.client.say((hers, GRACE), "hello").unwrap();
    let told = phone
        .see_in(hers, "a word to the stranger", |posts| {
            posts.iter().find(|post| post.from != GRACE).cloned()
        })
        .await;
    assert!(told.text.contains("its owner only") && told.text.contains("1002"), "{told:?}");
    phone.client.say((hers, GRACE), "/sessions").unwrap();
    phone.client.say((GROUP, GRACE), "/sessions").unwrap();

    phone.client.say((GROUP, ADA), "/sessions").unwrap();
    let list = phone
        .see_in(GROUP, "the picker", |posts| {
            posts.iter().find(|post| post.text.contains("a secret plan")).cloned()
        })
        .await;
    let notice = phone.press_as((GROUP, GRACE), &list, "1").await;
    assert!(notice.contains("its owner only"), "{notice:?}");
    let posts = phone.client.messages(GROUP);
    assert_eq!(posts.iter().filter(|post| post.from > 2_000).count(), 1, "{posts:?}");
    assert_eq!(phone.client.messages(hers).len(), 3, "the second word is not answered");
    assert!(scratch.history().is_empty());
    assert!(!phone.said().contains("SANDBOX-not-a-secret"), "the token is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn light() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let phone = Phone::start(&scratch.base(), &garden).await;
    for count in 1..=3 {
        let answer = phone.ask("again").await;
        assert!(answer.text.contains(&format!("I see {count} prompts")), "{answer:?}");
    }
    let starts = phone.said().matches("started the CLI").count();
    assert_eq!(starts, 1, "a second prompt needs no start");
}
