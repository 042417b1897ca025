//! Prompts that wait: for a choice, for their files, for their turn. Each has a way on and a way
//! back, and none is forgotten for another.

use std::{fs, path::PathBuf};

use segue::sandbox::{Fault, Media, Post, Saying, Stage, Trouble, Upload};
use serde_json::{Value, json};

use crate::{
    recovery::{noted, records},
    support::{
        phone::{ADA, GROUP, Phone, phone},
        scratch::Scratch,
        wait::until,
    },
};

const WHO: (i64, i64) = (ADA, ADA);

/// What Claude has been asked, in order.
fn asked(scratch: &Scratch) -> Vec<String> {
    let records = records(scratch);
    let prompts = records.iter().filter(|record| record["type"] == "user");
    prompts.map(|record| words(&record["message"]["content"])).collect()
}

fn words(content: &Value) -> String {
    let blocks = content.as_array().into_iter().flatten();
    let texts = blocks.filter_map(|block| block["text"].as_str());
    content.as_str().map_or_else(|| texts.collect(), str::to_owned)
}

async fn strange() -> (Scratch, Phone) {
    let scratch = Scratch::new();
    let strange = scratch.directory("strange");
    slow(&scratch);
    let phone = Phone::start(&scratch.base(), &strange).await;
    (scratch, phone)
}

/// Claude is at what is slow until it is let go on.
fn slow(scratch: &Scratch) {
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"until": "go"}, {"text": "Done with {last}"},
        ]]},
        {"replies": [[{"text": "I see {prompts} prompts; the last is: {last}"}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_for_one_holds_for_all_that_wait() {
    let (scratch, mut phone) = strange().await;
    let mut cards = Vec::new();
    for text in ["sow", "water", "weed"] {
        let prompt = phone.say(text);
        let of_it =
            |post: &&Post| post.reply_to == Some(prompt) && post.text.contains("haven't trusted");
        let card = phone.see("a question", |posts| posts.iter().find(of_it).cloned()).await;
        cards.push((prompt, card));
    }
    // Also after a restart, and by the button of any of them.
    until("all asked", || asking(&phone) == 3);
    phone.kill();
    phone.boot().await;
    phone.press(&cards[1].1, "Trust and continue").await;
    until("all there", || asked(&scratch) == ["sow", "water", "weed"]);
    phone.at_rest();
    // No question is left behind.
    let asks = |post: &Post| post.text.contains("haven't trusted");
    phone.see("no question", |posts| (!posts.iter().any(asks)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_directory_is_not_handed_out_and_what_waits_goes_where_cd_leads() {
    let scratch = Scratch::new();
    slow(&scratch);
    let project = scratch.directory("project");
    let mut phone = Phone::start(&scratch.base(), &scratch.home()).await;
    phone.terminate();
    phone.set("SEGUE_PROJECT", "");
    phone.boot().await;
    for text in ["sow", "water"] {
        phone.say(text);
        let asked = phone.see_text(&["Where shall Claude work?", "Your message is on hold"]).await;
        assert!(asked.buttons().next().is_none(), "nothing to trust: {asked:?}");
    }
    until("both asked", || asking(&phone) == 2);
    phone.say("/cd ~/project");
    let asked = phone.see_text(&["haven't trusted ~/project"]).await;
    phone.press(&asked, "Trust and continue").await;
    until("both there", || self::asked(&scratch) == ["sow", "water"]);
    phone.at_rest();
    let asks = |post: &Post| post.text.contains("Where shall") || post.text.contains("trusted");
    phone.see("no question", |posts| (!posts.iter().any(asks)).then_some(())).await;
    assert!(scratch.folder(&project).is_dir(), "in the project");
}

/// How many prompts wait for a choice, with its question in the chat.
fn asking(phone: &Phone) -> usize {
    let files = phone.kept();
    let read = files.iter().filter_map(|file| fs::read(file).ok());
    let entries = read.filter_map(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    entries.filter(|entry| entry["stage"] == "asking" && entry["progress"].is_i64()).count()
}

/// The card of the turn that a prompt waits for.
async fn waiting(phone: &Phone, prompt: i64) -> Post {
    phone.see_reaction(prompt, Some("😴")).await;
    phone.see_with("Take back").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_edited_while_it_waits_goes_in_its_new_form() {
    let (scratch, phone) = strange().await;
    let strange = scratch.directory("strange");
    let prompt = phone.say("sow the beams");
    let card = phone.see_text(&["haven't trusted"]).await;
    noted(&phone, "progress");
    phone.client.edit(WHO, prompt, "sow the beans").unwrap();
    let has = |words: &str| {
        let read = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains(words));
        phone.kept().iter().any(read)
    };
    until("written down", || has("beans"));
    phone.press(&card, "Trust and continue").await;
    phone.answer(prompt).await;
    // Behind a turn that runs, too.
    let slow = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    let waits = phone.say("> weed the beams");
    waiting(&phone, waits).await;
    phone.client.edit(WHO, waits, "> weed the beans").unwrap();
    until("written down", || has("weed the beans"));
    phone.confirmed().await;
    Scratch::go(&strange);
    phone.answer(slow).await;
    phone.answer(waits).await;
    assert_eq!(asked(&scratch), ["sow the beans", "slow beans", "weed the beans"]);
    phone.at_rest();
    let offers = phone.client.messages(ADA);
    assert!(offers.iter().all(|post| !post.text.contains("You have edited")), "{offers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_edited_once_claude_has_it_is_offered() {
    let (scratch, garden, phone) = phone().await;
    slow(&scratch);
    let prompt = phone.say("slow beans");
    phone.see_text(&["One after"]).await;
    phone.client.edit(WHO, prompt, "slow peas").unwrap();
    let offer = phone.see_text(&["You have edited this"]).await;
    Scratch::go(&garden);
    phone.answer(prompt).await;
    phone.press(&offer, "Send it again").await;
    until("sent again", || asked(&scratch) == ["slow beans", "slow peas"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_and_what_is_forwarded_with_it_are_one_prompt() {
    let (scratch, _, phone) = phone().await;
    let forwarded =
        |text: &str| Saying { text: text.to_owned(), forwarded: Some(1002), ..Saying::default() };
    phone.hold_polls();
    let comment = phone.say("what does she mean?");
    for text in ["the beds are wet", "and the beans"] {
        phone.client.send(WHO, forwarded(text)).unwrap();
    }
    phone.client.let_go();
    phone.answer(comment).await;
    let expected = "what does she mean?\n\nForwarded message from Grace Hopper:\n> the beds are wet\
                    \n\nForwarded message from Grace Hopper:\n> and the beans";
    assert_eq!(asked(&scratch), [expected]);
    // What comes by itself is by itself.
    phone.ask("and now?").await;
    assert_eq!(asked(&scratch).len(), 2);
}

/// A file that is on its way for as long as the test wants.
fn held_file(phone: &Phone) -> i64 {
    phone.client.fault(Fault::on("getFile", Trouble::Hold { at: Stage::Asked }));
    let upload = Upload::new("beds.txt", "text/plain", *b"three beds");
    let media = Some(Media::Document(phone.client.upload(upload)));
    let saying = Saying { text: "look".to_owned(), media, ..Saying::default() };
    let prompt = phone.client.send(WHO, saying).unwrap();
    until("a file held", || phone.client.held() > 0);
    prompt
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_behind_a_file_is_taken_back() {
    let (scratch, _, phone) = phone().await;
    let file = held_file(&phone);
    let behind = phone.say("and water them");
    let waits = waiting(&phone, behind).await;
    phone.press(&waits, "Take back").await;
    phone.see_text(&["Taken back"]).await;
    phone.client.let_go();
    phone.answer(file).await;
    let asked = asked(&scratch);
    assert_eq!(asked.len(), 1, "{asked:?}");
    phone.at_rest();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_holds_up_its_own_place_only() {
    let (_scratch, _, phone) = phone().await;
    phone.ask("sow").await;
    let group = (GROUP, ADA);
    let prompt = phone.client.say(group, "go on").unwrap();
    let asks = |posts: &[Post]| posts.iter().find(|post| post.text.contains("Everybody")).cloned();
    let question = phone.see_in(GROUP, "question", asks).await;
    phone.press_as(group, &question, "Continue").await;
    phone.answer_in(GROUP, prompt).await;
    let file = held_file(&phone);
    let there = phone.client.say(group, "weed").unwrap();
    let answer = phone.answer_in(GROUP, there).await;
    assert!(answer.text.contains("the last is: weed"), "{answer:?}");
    phone.client.let_go();
    phone.answer(file).await;
    let file = held_file(&phone);
    phone.say("/stop");
    phone
        .see("taken back", |posts| {
            let is_it = |post: &&Post| post.reply_to == Some(file) && post.text.contains("Taken");
            posts.iter().find(is_it).cloned()
        })
        .await;
    phone.client.let_go();
    phone.at_rest();
}
