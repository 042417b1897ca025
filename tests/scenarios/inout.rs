//! Photos, files and voice on their way in.

use std::fs;

use segue::sandbox::{DOWNLOAD, Fault, Media, Saying, Trouble, Upload};

use crate::support::{
    phone::{Phone, phone},
    picture::png,
    saying::{WHO, document, kinds, photo, prompts},
    scratch::Scratch,
    terminal::HeldOpen,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_a_picture_in_the_prompt() {
    let (scratch, garden, phone) = phone().await;
    let prompt = phone.client.send(WHO, photo(&phone, "which flower?", (40, 30))).unwrap();
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("the last is: which flower?"), "{answer:?}");
    let prompts = prompts(&scratch, &garden);
    assert_eq!(kinds(&prompts[0]), ["image", "text"]);
    phone.bound(prompt);
    assert_eq!(prompts[0][0]["source"]["media_type"], "image/png");
    assert_eq!(scratch.history()[0]["display"], "which flower?");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_is_one_prompt_and_what_follows_comes_after_it() {
    let (scratch, garden, phone) = phone().await;
    let album = ["two beds", "", ""].map(|text| photo(&phone, text, (40, 30)));
    let ids = phone.client.send_album(WHO, album.to_vec()).unwrap();
    phone.say("and the third?");
    let first = phone.answer(ids[0]).await;
    assert!(first.text.contains("two beds") || first.text.contains("and the third?"), "{first:?}");
    phone.settled().await;
    let prompts = prompts(&scratch, &garden);
    assert_eq!(kinds(&prompts[0]), ["image", "image", "image", "text"]);
    phone.see_text(&["the last is: and the third?"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_put_down_and_named() {
    let (scratch, garden, phone) = phone().await;
    let notes = Upload::new("../notes of may.txt", "text/plain", *b"sow beans\n");
    let prompt = phone.client.send(WHO, document(&phone, "read this", notes)).unwrap();
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Your file is in .segue/inbox/notes_of_may.txt"), "{answer:?}");
    let saved = garden.join(".segue/inbox/notes_of_may.txt");
    assert_eq!(fs::read_to_string(&saved).unwrap(), "sow beans\n");
    let prompts = prompts(&scratch, &garden);
    let text = prompts[0].as_str().unwrap();
    assert!(text.starts_with("read this\n\nAttached file: "), "{text}");
    assert!(text.contains(saved.to_str().unwrap()) && text.contains("```\nsow beans\n```"));

    let large = Upload::new("film.mp4", "video/mp4", vec![7; (20 << 20) + 1]);
    phone.client.send(WHO, document(&phone, "watch", large)).unwrap();
    phone.see_text(&["film.mp4", "too large", "20 MB at most"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_waits_with_its_prompt() {
    let scratch = Scratch::new();
    let strange = scratch.directory("strange");
    let phone = Phone::start(&scratch.base(), &strange).await;
    let prompt = phone.client.send(WHO, photo(&phone, "look", (40, 30))).unwrap();
    let question = phone.see_text(&["haven't trusted", "Your message is on hold"]).await;
    assert!(!strange.join(".segue").exists());
    phone.press(&question, "Trust and continue").await;
    phone.answer(prompt).await;
    assert_eq!(kinds(&prompts(&scratch, &strange)[0]), ["image", "text"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_had_is_told_and_tried_again() {
    let (scratch, garden, phone) = phone().await;
    phone.client.fault(Fault { times: 4, ..Fault::on("getFile", Trouble::Cut) });
    let prompt = phone.client.send(WHO, photo(&phone, "look", (40, 30))).unwrap();
    let failed = phone.answer(prompt).await;
    assert!(failed.text.contains("Claude has not read this"), "{failed:?}");
    phone.client.clear_faults();
    phone.press(&failed, "Try again").await;
    phone.see_text(&["the last is: look"]).await;
    assert_eq!(kinds(&prompts(&scratch, &garden)[0]), ["image", "text"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_text_is_joined() {
    let (scratch, garden, phone) = phone().await;
    let (one, two) = ("a ".repeat(2_000), "the end");
    let first = phone.say(one.trim_end());
    phone.say(two);
    phone.answer(first).await;
    let prompts = prompts(&scratch, &garden);
    assert_eq!(prompts[0].as_str().unwrap(), format!("{}\n{two}", one.trim_end()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forwarded_is_quoted_and_never_run() {
    let (scratch, garden, phone) = phone().await;
    let saying = Saying { text: "/clear".to_owned(), forwarded: Some(1002), ..Saying::default() };
    let prompt = phone.client.send(WHO, saying).unwrap();
    phone.answer(prompt).await;
    let quoted = phone.say("sow");
    phone.answer(quoted).await;
    let quote = Saying {
        text: "why?".to_owned(),
        reply_to: Some(quoted),
        quote: Some("so".to_owned()),
        ..Saying::default()
    };
    let prompt = phone.client.send(WHO, quote).unwrap();
    phone.answer(prompt).await;
    let prompts = prompts(&scratch, &garden);
    assert_eq!(prompts[0], "Forwarded message from Grace Hopper:\n> /clear");
    assert_eq!(prompts[2], "> so\n\nwhy?");
}

#[tokio::test(flavor = "multi_thread")]
async fn stickers_are_answered_and_places_are_told() {
    let (scratch, garden, phone) = phone().await;
    let sticker = Media::Sticker { emoji: "🌱".to_owned() };
    phone.client.send(WHO, Saying { media: Some(sticker), ..Saying::default() }).unwrap();
    phone.see_text(&["I can't pass this (sticker) to Claude"]).await;
    let place = Media::Location { latitude: 52_500_000, longitude: 13_250_000 };
    let place = Saying { media: Some(place), ..Saying::default() };
    let prompt = phone.client.send(WHO, place).unwrap();
    phone.answer(prompt).await;
    assert_eq!(prompts(&scratch, &garden)[0], "Location: 52.5, 13.25 (latitude, longitude)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_photo_is_made_smaller_and_a_damaged_one_goes_as_a_file() {
    let (scratch, garden, phone) = phone().await;
    let prompt = phone.client.send(WHO, photo(&phone, "which?", (2_000, 500))).unwrap();
    phone.answer(prompt).await;
    let sent = |at: usize| prompts(&scratch, &garden)[at].clone();
    assert_eq!(sent(0)[0]["source"]["media_type"], "image/jpeg");
    assert!(sent(0)[0]["source"]["data"].as_str().unwrap().len() < 40_000);

    // A file that says that it is a picture, and is none that can be shown.
    let half = Upload::new("bed.png", "image/png", &png((300, 200))[..100]);
    let prompt = phone.client.send(WHO, document(&phone, "and this?", half)).unwrap();
    phone.see_text(&["bed.png is damaged", "It has the file."]).await;
    phone.answer(prompt).await;
    assert!(sent(1).as_str().unwrap().contains(".segue/inbox/bed.png (100 bytes)"), "{}", sent(1));
    let heic = Upload::new("IMG_1.heic", "image/heic", *b"\0\0\0\x18ftypheic\0\0\0\0");
    let prompt = phone.client.send(WHO, document(&phone, "", heic)).unwrap();
    phone.see_text(&["IMG_1.heic is not a kind of picture", "sent as a photo"]).await;
    phone.answer(prompt).await;
    assert!(sent(2).as_str().unwrap().starts_with("Attached file: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_tells_how_much_of_it_is_here() {
    let (_scratch, garden, phone) = phone().await;
    phone.client.fault(Fault::on(DOWNLOAD, Trouble::Delay { ms: 6_000 }));
    let film = Upload::new("film.mp4", "video/mp4", vec![7; 3 << 20]);
    let prompt = phone.client.send(WHO, document(&phone, "watch", film)).unwrap();
    let percent = |text: &str| -> Option<u8> {
        let (_, rest) = text.split_once("Fetching your file · ")?;
        rest.split_once(" %")?.0.parse().ok()
    };
    let shown = |posts: &[segue::sandbox::Post]| posts.iter().find_map(|post| percent(&post.text));
    let first = phone.see("a share of the file", shown).await;
    assert!(first < 100, "{first}");
    phone.see("more of it", |posts| shown(posts).filter(|now| *now > first)).await;
    phone.answer(prompt).await;
    assert_eq!(fs::metadata(garden.join(".segue/inbox/film.mp4")).unwrap().len(), 3 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_for_an_open_terminal_waits_for_another_way() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let id = scratch.session(&garden, &["sow"], 5);
    let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
    let phone = Phone::start(&scratch.base(), &garden).await;
    let mut terminal = HeldOpen::new(&scratch.home(), &garden, &transcript, "idle");
    // What was chosen for the words before it cannot hold for a photo.
    phone.say("water");
    let card = phone.see_text(&["is open in a terminal"]).await;
    phone.press(&card, "Send to the terminal").await;
    let message = terminal.read();
    terminal.take_up(&message);
    terminal.answer(&serde_json::json!([{"type": "text", "text": "All wet."}]));
    terminal.end_turn();
    phone.see_text(&["All wet."]).await;
    let prompt = phone.client.send(WHO, photo(&phone, "which flower?", (40, 30))).unwrap();
    let card = phone.see_text(&["The terminal takes words only", "Your message is on hold"]).await;
    assert_eq!(card.reply_to, Some(prompt));
    assert!(card.buttons().all(|button| button.text != "Send to the terminal"));
    phone.press(&card, "Take over").await;
    assert_eq!(terminal.ended_by(), Some(15));
    phone.answer(prompt).await;
    let last = prompts(&scratch, &garden).pop().unwrap();
    assert_eq!(kinds(&last), ["image", "text"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_part_is_offered_as_the_whole() {
    let (scratch, garden, mut phone) = phone().await;
    let album = ["two beds", ""].map(|text| photo(&phone, text, (40, 30)));
    let ids = phone.client.send_album(WHO, album.to_vec()).unwrap();
    phone.answer(ids[0]).await;
    phone.client.edit(WHO, ids[1], "and a third").unwrap();
    let offer = phone.see_text(&["You have edited a part of this"]).await;
    assert_eq!(offer.reply_to, Some(ids[0]));
    phone.press(&offer, "Send all of it again").await;
    phone.see_text(&["I see 2 prompts"]).await;
    let last = |at: usize| prompts(&scratch, &garden)[at].clone();
    assert_eq!(kinds(&last(1)), ["image", "image", "text"]);
    assert_eq!(last(1)[2]["text"], "two beds\n\nand a third");

    let long = "a ".repeat(2_000);
    let first = phone.say(long.trim_end());
    let tail = phone.say("the end");
    phone.answer(first).await;
    phone.client.edit(WHO, tail, "the very end").unwrap();
    let is_it = |post: &&segue::sandbox::Post| {
        post.reply_to == Some(first) && post.text.contains("You have edited a part")
    };
    let offer = phone.see("the offer", |posts| posts.iter().find(is_it).cloned()).await;
    phone.press(&offer, "Send all of it again").await;
    phone.see_text(&["I see 4 prompts"]).await;
    assert_eq!(last(3), format!("{}\nthe very end", long.trim_end()));

    // What the other parts were is not known after a restart.
    phone.terminate();
    phone.boot().await;
    phone.client.edit(WHO, ids[1], "and a fourth").unwrap();
    phone.see_text(&["I do not have the rest of the album any more"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_prompt_is_offered_again() {
    let (_scratch, _, phone) = phone().await;
    let prompt = phone.say("sow the beams");
    phone.answer(prompt).await;
    phone.client.edit(WHO, prompt, "sow the beans").unwrap();
    let offer = phone.see_text(&["You have edited this"]).await;
    phone.press(&offer, "Send it again").await;
    phone.see_text(&["I see 2 prompts; the last is: sow the beans"]).await;
}

fn voice(phone: &Phone) -> i64 {
    let upload = Upload::new("voice.ogg", "audio/ogg", *b"water the beans");
    let media = Some(Media::Voice(phone.client.upload(upload)));
    phone.client.send(WHO, Saying { media, ..Saying::default() }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_heard_is_shown_before_it_is_sent() {
    let (scratch, garden, mut phone) = phone().await;
    voice(&phone);
    phone.see_text(&["transcriber", "segue config"]).await;
    phone.terminate();
    phone.configure("pace_ms = 20\ntranscriber = 'cat \"$1\"'\n");
    phone.boot().await;
    voice(&phone);
    let heard = phone.see_text(&["Heard:", "water the beans"]).await;
    phone.press(&heard, "Discard").await;
    phone.see_text(&["Discarded."]).await;
    let spoken = voice(&phone);
    let heard = phone
        .see("what was heard", |posts| {
            let is_it = |post: &&segue::sandbox::Post| {
                post.reply_to == Some(spoken) && post.text.contains("Heard:")
            };
            posts.iter().find(is_it).cloned()
        })
        .await;
    // Also after a restart, since the message itself says it.
    phone.terminate();
    phone.boot().await;
    phone.press(&heard, "Send").await;
    let answer = phone.answer(spoken).await;
    assert!(answer.text.contains("I see 1 prompts; the last is: water the beans"), "{answer:?}");
    assert_eq!(prompts(&scratch, &garden).len(), 1);
    phone.terminate();
    phone.configure("pace_ms = 20\ntranscriber = 'echo no model >&2; exit 3'\n");
    phone.boot().await;
    voice(&phone);
    phone.see_text(&["could not be written down", "no model"]).await;
}
