//! An album and a split text are one prompt, whenever the bot is killed.

use std::{fs, path::PathBuf};

use segue::sandbox::{Fault, Media, Post, Saying, Trouble, Upload};
use serde_json::{Value, json};

use crate::{
    recovery::{noted, records},
    support::{
        phone::{ADA, Phone, phone},
        picture::png,
        processes::living,
        scratch::Scratch,
        wait::until,
    },
};

const WHO: (i64, i64) = (ADA, ADA);
/// How often a moment is tried to be met.
const TRIES: usize = 5;

/// What a person sends in one go.
#[derive(Clone, Copy, Debug)]
enum Whole {
    Album,
    Text,
}

impl Whole {
    fn parts(self, phone: &Phone) -> Vec<Saying> {
        let photo = || {
            let upload = Upload::new("photo.png", "image/png", png((40, 30)));
            Some(Media::Photo(phone.client.upload(upload)))
        };
        let long = "a ".repeat(2_000).trim_end().to_owned();
        let said = |text: &str| Saying { text: text.to_owned(), ..Saying::default() };
        match self {
            Self::Album => ["three beds", "", ""]
                .map(|text| Saying { media: photo(), album: Some("77".into()), ..said(text) })
                .into(),
            Self::Text => vec![said(&long), said(&long), said("the end")],
        }
    }

    /// What Claude has got of it: the prompts, each with the number of its parts.
    fn taken(self, scratch: &Scratch) -> Vec<usize> {
        if matches!(self, Self::Album) {
            return images(scratch);
        }
        let records = records(scratch);
        let prompts = records.iter().filter(|record| record["type"] == "user");
        prompts
            .map(|record| record["message"]["content"].as_str().unwrap().lines().count())
            .collect()
    }
}

/// How many pictures are in each prompt.
fn images(scratch: &Scratch) -> Vec<usize> {
    let records = records(scratch);
    let prompts = records.iter().filter(|record| record["type"] == "user");
    let content = prompts.map(|record| &record["message"]["content"]);
    let count = |content: &Value| {
        let blocks = content.as_array().into_iter().flatten();
        blocks.filter(|block| block["type"] == "image").count()
    };
    content.map(count).collect()
}

/// Sends some parts; the id of the first.
fn send(phone: &Phone, parts: &[Saying]) -> i64 {
    let ids = parts.iter().map(|part| phone.client.send(WHO, part.clone()).unwrap());
    ids.collect::<Vec<_>>()[0]
}

/// The update ids of what is gathered.
fn gathered(phone: &Phone) -> usize {
    let files = phone.kept();
    let read =
        |file: &PathBuf| fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let mut kept = files.iter().filter_map(read);
    kept.find_map(|kept: Value| Some(kept["messages"].as_array()?.len())).unwrap_or_default()
}

/// The bot learns nothing new and confirms nothing from its next poll on.
fn cut_polls(phone: &Phone) {
    phone.client.fault(Fault { times: 1_000, ..Fault::on("getUpdates", Trouble::Cut) });
}

/// A bot that was killed while it waited for more than these parts of something, and their prompt.
/// On a machine that stalls for as long as more is waited for, it is tried again.
async fn killed_while_it_gathers(whole: Whole, parts: usize) -> (Scratch, Phone, i64) {
    for _ in 0..TRIES {
        let (scratch, _, mut phone) = phone().await;
        let prompt = send(&phone, &whole.parts(&phone)[..parts]);
        until("gathered", || gathered(&phone) == parts);
        phone.confirmed().await;
        phone.kill();
        if phone.noted("gathering") {
            assert!(living(&scratch.home()).is_empty(), "Claude has nothing of it");
            return (scratch, phone, prompt);
        }
    }
    panic!("{whole:?} is not gathered");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_came_before_a_kill_are_one_prompt_after_it() {
    for whole in [Whole::Album, Whole::Text] {
        // The last part would make a text whole.
        let (scratch, mut phone, prompt) = killed_while_it_gathers(whole, 2).await;
        phone.boot().await;
        phone.answer(prompt).await;
        phone.at_rest();
        assert_eq!(whole.taken(&scratch), [2], "{whole:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_come_again_after_a_kill_are_not_taken_twice() {
    for whole in [Whole::Album, Whole::Text] {
        let (scratch, _, mut phone) = phone().await;
        let parts = whole.parts(&phone);
        cut_polls(&phone);
        let prompt = send(&phone, &parts[..1]);
        until("gathered", || gathered(&phone) == 1);
        phone.kill();
        send(&phone, &parts[1..]);
        phone.client.clear_faults();
        phone.boot().await;
        phone.answer(prompt).await;
        phone.at_rest();
        assert_eq!(whole.taken(&scratch), [3], "{whole:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_in_two_batches_are_one_prompt() {
    for whole in [Whole::Album, Whole::Text] {
        // A machine that stalls for as long as more is waited for takes them apart.
        let mut taken = Vec::new();
        for _ in 0..TRIES {
            let (scratch, _, phone) = phone().await;
            let parts = whole.parts(&phone);
            let prompt = send(&phone, &parts[..1]);
            until("gathered", || gathered(&phone) == 1);
            send(&phone, &parts[1..]);
            phone.answer(prompt).await;
            phone.at_rest();
            taken = whole.taken(&scratch);
            if taken == [3] {
                break;
            }
        }
        assert_eq!(taken, [3], "{whole:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_in_two_batches_with_a_kill_between_are_one_prompt() {
    for whole in [Whole::Album, Whole::Text] {
        let (scratch, mut phone, prompt) = killed_while_it_gathers(whole, 1).await;
        send(&phone, &whole.parts(&phone)[1..]);
        phone.boot().await;
        phone.answer(prompt).await;
        phone.at_rest();
        assert_eq!(whole.taken(&scratch), [3], "{whole:?}");
    }
}

/// An album that was answered, and comes again to the next process; returns its messages.
async fn answered_and_comes_again(phone: &mut Phone) -> Vec<i64> {
    cut_polls(phone);
    let ids = phone.client.send_album(WHO, Whole::Album.parts(phone)).unwrap();
    phone.answer(ids[0]).await;
    phone.at_rest();
    phone.kill();
    phone.client.clear_faults();
    phone.boot().await;
    ids
}

/// Claude has read the album, and what comes after it, once.
async fn is_left_alone(phone: &mut Phone, scratch: &Scratch) {
    let answer = phone.ask("and water").await;
    assert!(answer.text.contains("I see 2 prompts"), "{answer:?}");
    phone.settled().await;
    assert_eq!(images(scratch), [3, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_that_was_answered_and_comes_again_is_left_alone() {
    let (scratch, _, mut phone) = phone().await;
    answered_and_comes_again(&mut phone).await;
    is_left_alone(&mut phone, &scratch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_that_was_answered_comes_again_before_a_second_kill_and_is_left_alone() {
    let (scratch, _, mut phone) = phone().await;
    let ids = answered_and_comes_again(&mut phone).await;
    noted(&phone, "gathering");
    phone.kill();
    phone.boot().await;
    is_left_alone(&mut phone, &scratch).await;
    phone.at_rest();
    let to = |post: &&Post| post.reply_to == Some(ids[0]) || post.text.contains("I see 1 prompt");
    assert_eq!(phone.client.messages(ADA).iter().filter(to).count(), 1, "answered twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_that_waits_for_a_tap_outlives_the_bot() {
    let scratch = Scratch::new();
    let strange = scratch.directory("strange");
    let mut phone = Phone::start(&scratch.base(), &strange).await;
    let prompt = send(&phone, &Whole::Album.parts(&phone));
    let card = phone.see_text(&["haven't trusted", "Your message is on hold"]).await;
    noted(&phone, "asking");
    noted(&phone, "progress");
    phone.kill();
    phone.boot().await;
    let cards = phone.client.messages(ADA);
    let cards = cards.iter().filter(|post| post.text.contains("haven't trusted"));
    assert_eq!(cards.count(), 1, "it is not asked again");
    phone.press(&card, "Trust and continue").await;
    // At whatever moment: from the press on, the prompt is on its way.
    phone.kill();
    phone.boot().await;
    if phone.noted("asking") {
        let card = phone.see_text(&["haven't trusted", "Your message is on hold"]).await;
        phone.press(&card, "Trust and continue").await;
    }
    phone.answer(prompt).await;
    phone.at_rest();
    assert_eq!(images(&scratch), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_is_tried_again_with_all_its_parts_after_a_kill() {
    let (scratch, _, mut phone) = phone().await;
    let script = json!({"rules": [
        {"words": ["beds"], "replies": [[{"text": "They are "}, "hang"]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let prompt = send(&phone, &Whole::Album.parts(&phone));
    let progress = phone.progress(ADA, prompt).await;
    phone.see_text(&["They are"]).await;
    phone.press(&progress, "Stop").await;
    let stopped = phone.answer(prompt).await;
    phone.at_rest();
    phone.press(&stopped, "Try again").await;
    until("on its way", || phone.noted("destination"));
    phone.kill();
    phone.boot().await;
    let whole = || images(&scratch).iter().filter(|count| **count == 3).count();
    until("asked again, with all its pictures", || whole() == 2);
}
