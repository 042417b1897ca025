//! Pictures on the real CLI: they reach the API as blocks, and the laptop goes on with them.

use base64::{Engine, engine::general_purpose::STANDARD};
use image::GenericImageView;
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

/// The pictures in the conversation of a request.
fn sources(request: &Value) -> impl Iterator<Item = &Value> {
    let messages = request["messages"].as_array().unwrap();
    let blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    blocks.filter(|block| block["type"] == "image").map(|image| &image["source"])
}

/// Their types.
fn pictures(request: &Value) -> Vec<&str> {
    sources(request).map(|source| source["media_type"].as_str().unwrap()).collect()
}

/// Their widths and heights.
fn sides(request: &Value) -> Vec<(u32, u32)> {
    let bytes = |source: &Value| STANDARD.decode(source["data"].as_str().unwrap()).unwrap();
    sources(request)
        .map(|source| image::load_from_memory(&bytes(source)).unwrap().dimensions())
        .collect()
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

    // A large one is made as large as Claude sees it, before the CLI would do it in its own way.
    let upload = Upload::new("wide.png", "image/png", png((2_400, 600)));
    let media = Some(Media::Photo(phone.client.upload(upload)));
    let wide = Saying { text: "all beds".to_owned(), media, ..Saying::default() };
    phone.answer(phone.client.send((ADA, ADA), wide).unwrap()).await;
    assert_eq!(sides(&newest()), [(40, 30), (40, 30), (1_568, 392)]);

    // A picture without a word is a prompt, too.
    let silent = phone.client.send((ADA, ADA), photo("")).unwrap();
    phone.answer(silent).await;
    assert_eq!(pictures(&newest()).len(), 4);
    assert!(!phone.said().contains("continued elsewhere"), "the run stays warm");
    phone.say("/history");
    phone.see_text(&["two beds", "[2 pictures]", "[1 picture]"]).await;

    let printed = laptop.print(&garden, &["--continue", "water them"]);
    assert!(String::from_utf8(printed.stdout).unwrap().contains("I see"));
    assert_eq!(pictures(&newest()).len(), 4);
}
