//! What a message carries besides its first words: files, quotes, signs, second halves.

use std::{fs, path::Path};

use segue::sandbox::{Guise, Media, Post, Saying, Upload};
use serde_json::{Value, json};

use crate::support::{
    phone::{ADA, GRACE, GROUP, Phone, phone, phone_with, session_of},
    saying::{WHO, kinds, photo, prompts},
    scratch::Scratch,
    wait::until,
};

fn texts(scratch: &Scratch, garden: &Path) -> Vec<String> {
    let text = |content: Value| match content {
        Value::String(text) => text,
        blocks => {
            let text = blocks.as_array().unwrap().iter().find(|block| block["type"] == "text");
            text.map(|block| block["text"].as_str().unwrap().to_owned()).unwrap_or_default()
        }
    };
    prompts(scratch, garden).into_iter().map(text).collect()
}

/// The answer to a message that begins a session of its own.
async fn answered(phone: &Phone, prompt: i64) -> Post {
    let answer = phone.answer(prompt).await;
    phone.settled().await;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caption_that_is_a_command_keeps_its_pictures() {
    let (scratch, garden, phone) = phone().await;
    let first = answered(&phone, phone.say("sow the beans")).await;
    let new = phone.client.send(WHO, photo(&phone, "/new which flower?", (40, 30))).unwrap();
    let second = answered(&phone, new).await;
    assert_ne!(session_of(&first), session_of(&second));
    let album = ["/new two beds", "", ""].map(|text| photo(&phone, text, (40, 30)));
    let album = phone.client.send_album(WHO, album.to_vec()).unwrap();
    let third = answered(&phone, album[0]).await;
    assert_ne!(session_of(&second), session_of(&third));
    let album = ["/fork and these?", ""].map(|text| photo(&phone, text, (40, 30)));
    let album = phone.client.send_album(WHO, album.to_vec()).unwrap();
    let fourth = answered(&phone, album[0]).await;
    assert_ne!(session_of(&third), session_of(&fourth));
    let all = prompts(&scratch, &garden);
    let of = |words: &str| {
        let is_it = |content: &&Value| content.to_string().contains(words);
        kinds(all.iter().find(is_it).unwrap())
    };
    assert_eq!(of("which flower?"), ["image", "text"]);
    assert_eq!(of("two beds"), ["image", "image", "image", "text"]);
    assert_eq!(of("and these?"), ["image", "image", "text"]);
    assert!(texts(&scratch, &garden).iter().all(|text| !text.starts_with('/')));
    phone.client.send(WHO, photo(&phone, "/rename Roses", (40, 30))).unwrap();
    phone.see_text(&["This command takes no file"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_command_is_one_and_a_sign_is_read_with_a_quote() {
    let (scratch, garden, phone) = phone().await;
    let (one, two) = ("a ".repeat(1_950), "the end");
    let first = phone.say(&format!("/new {}", one.trim_end()));
    phone.say(two);
    answered(&phone, first).await;
    let quote = Saying {
        text: "> and weed".to_owned(),
        reply_to: Some(first),
        quote: Some("a a".to_owned()),
        ..Saying::default()
    };
    answered(&phone, phone.client.send(WHO, quote).unwrap()).await;
    let texts = texts(&scratch, &garden);
    assert_eq!(texts, [format!("{}\n{two}", one.trim_end()), "> a a\n\nand weed".to_owned()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_somebodys_photo_takes_it_along() {
    let (scratch, garden, phone) = phone().await;
    let photo = photo(&phone, "my bed", (40, 30));
    let shown = phone.client.send((GROUP, GRACE), photo).unwrap();
    let about = Saying {
        text: "/new which flower?".to_owned(),
        reply_to: Some(shown),
        ..Saying::default()
    };
    let prompt = phone.client.send((GROUP, ADA), about).unwrap();
    phone.answer_in(GROUP, prompt).await;
    let prompts = prompts(&scratch, &garden);
    assert_eq!(kinds(&prompts[0]), ["image", "text"]);
    assert_eq!(texts(&scratch, &garden), ["> my bed\n\nwhich flower?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_new_is_offered_again() {
    let (_scratch, _, phone) = phone().await;
    let prompt = phone.say("/new sow the beams");
    answered(&phone, prompt).await;
    phone.client.edit(WHO, prompt, "/new sow the beans").unwrap();
    let offer = phone.see_text(&["You have edited this"]).await;
    phone.press(&offer, "Send it again").await;
    phone.see_text(&["I see 2 prompts; the last is: sow the beans"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_who_hides_is_told_once_through_the_owner() {
    let (_scratch, _, phone) = phone().await;
    phone.client.set_guise((GROUP, ADA), Guise::Group).unwrap();
    for text in ["sow", "water"] {
        phone.client.say((GROUP, ADA), text).unwrap();
    }
    phone.see_text(&["as an anonymous admin", "Remain anonymous"]).await;
    phone.ask("hello").await;
    let all = phone.client.messages(ADA);
    assert_eq!(all.iter().filter(|post| post.text.contains("anonymous admin")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_of_an_answer_leads_to_its_session() {
    let script = json!({"rules": [
        {"words": ["length"], "replies": [[{"text": "beans and more beans ".repeat(400)}]]},
        {"replies": [[{"text": "As you say."}]]},
    ]});
    let (_scratch, _garden, phone) = phone_with(&script).await;
    phone.say("tell me at length");
    let is_last =
        |post: &&Post| post.text.contains("beans\n\n↳") && post.buttons().next().is_none();
    let last = phone.see("the answer", |posts| posts.iter().find(is_last).cloned()).await;
    let parts = phone.client.messages(ADA);
    let first = parts.iter().find(|post| post.text.starts_with("\u{200b}beans")).unwrap();
    assert!(first.id < last.id, "{first:?}");
    phone.say("/new");
    phone.see_text(&["New session in ~/garden"]).await;
    let reply = phone.reply("which beans?", first.id);
    assert_eq!(session_of(&answered(&phone, reply).await), session_of(&last));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_outlives_the_bot_before_it_is_written_down() {
    let (scratch, _garden, mut phone) = phone().await;
    let go = scratch.home().join("go");
    phone.terminate();
    phone.configure(&format!(
        "pace_ms = 20\ntranscriber = 'until test -e {}; do sleep 0.05; done; cat \"$1\"'\n",
        go.display()
    ));
    phone.boot().await;
    let upload = Upload::new("voice.ogg", "audio/ogg", *b"water the beans");
    let media = Some(Media::Voice(phone.client.upload(upload)));
    let spoken = phone.client.send(WHO, Saying { media, ..Saying::default() }).unwrap();
    let listening = phone.see_text(&["Listening…"]).await;
    until("noted", || phone.noted("progress"));
    phone.kill();
    phone.boot().await;
    fs::write(go, "").unwrap();
    let heard = phone.see_text(&["Heard:", "water the beans"]).await;
    assert_eq!(heard.id, listening.id, "the same message");
    phone.press(&heard, "Send").await;
    answered(&phone, spoken).await;
    phone.terminate();
    phone.at_rest();
}
