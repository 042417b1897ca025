//! Pictures on the real CLI: they reach the API as blocks, and the laptop goes on with them.

use segue::sandbox::{Media, Saying, Upload};
use serde_json::Value;

use crate::support::{
    cli,
    headless::{HOME, script},
    laptop::Laptop,
    messages_api::MessagesApi,
    phone::{ADA, Phone},
    picture::png,
};

/// The pictures in the conversation of a request: their types.
fn pictures(request: &Value) -> Vec<String> {
    let messages = request["messages"].as_array().unwrap();
    let blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    let images = blocks.filter(|block| block["type"] == "image");
    images.map(|image| image["source"]["media_type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_reach_the_api() {
    let Some(cli) = cli::find_for("pictures") else { return };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let mut base = laptop.claude_in(&garden);
    base.env("SEGUE_CLAUDE", &cli);
    let phone = Phone::start(&base, &garden).await;
    let photo = |text: &str| {
        let upload = Upload::new("photo.png", "image/png", png((40, 30)));
        let media = Some(Media::Photo(phone.client.upload(upload)));
        Saying { text: text.to_owned(), media, ..Saying::default() }
    };
    let album = vec![photo("two beds"), photo("")];
    let ids = phone.client.send_album((ADA, ADA), album).unwrap();
    phone.answer(ids[0]).await;
    let newest = || api.requests().pop().unwrap();
    assert_eq!(pictures(&newest()), ["image/png", "image/png"]);
    assert!(newest()["messages"].to_string().contains("two beds"));

    // A picture without a word is a prompt, too.
    let silent = phone.client.send((ADA, ADA), photo("")).unwrap();
    phone.answer(silent).await;
    assert_eq!(pictures(&newest()).len(), 3);
    assert!(!phone.said().contains("continued elsewhere"), "the run stays warm");
    phone.say("/history");
    phone.see_text(&["two beds", "[2 pictures]", "[1 picture]"]).await;

    let printed = laptop.print(&garden, &["--continue", "water them"]);
    assert!(String::from_utf8(printed.stdout).unwrap().contains("I see"));
    assert_eq!(pictures(&newest()).len(), 3);
}
