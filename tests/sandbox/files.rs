//! Files over HTTP: multipart bodies, Telegram's limits and words, downloads, and objects that a
//! typed client of others understands.

use std::io::Cursor;

use frankenstein::{
    methods::{SendDocumentParams, SendPhotoParams},
    types::{File, Message},
    updates::Update,
};
use image::{GrayImage, ImageFormat};
use segue::sandbox::{Media, Saying, Upload};
use serde_json::{Value, json};

use crate::{ADA, Bench, objects::genuine};

const BOUNDARY: &str = "frontier";
/// A picture of 40 by 30 pixels.
fn png() -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    GrayImage::new(40, 30).write_to(&mut png, ImageFormat::Png).unwrap();
    png.into_inner()
}

/// Calls a method with a multipart body of a chat, a caption and a file.
async fn send(bench: &Bench, method: &str, (field, bytes): (&str, &[u8])) -> (u16, Value) {
    let text = |name: &str, value: &str| {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let fields = text("chat_id", "1001") + &text("caption", "see") + &text(field, "attach://part");
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"part\"; filename=\"a.txt\"\r\n\
         Content-Type: text/plain\r\n\r\n"
    );
    let mut body = (fields + &head).into_bytes();
    body.extend_from_slice(bytes);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    let response = bench
        .http
        .post(bench.url(&format!("/bot{}/{method}", bench.token)))
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(body)
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn what_the_bot_sends_is_shown_and_kept() {
    let bench = Bench::relaxed().await;
    let (status, envelope) = send(&bench, "SendDocument", ("document", b"one\r\ntwo")).await;
    assert_eq!(status, 200, "{envelope}");
    let message = &envelope["result"];
    genuine::<Message>(message);
    assert_eq!(
        (&message["caption"], &message["document"]["file_name"]),
        (&json!("see"), &json!("a.txt"))
    );
    let id = message["document"]["file_id"].as_str().unwrap();
    assert_eq!(&*bench.sandbox.client().file(id).unwrap().bytes, b"one\r\ntwo");
    let (_, envelope) = send(&bench, "sendPhoto", ("photo", &png())).await;
    genuine::<Message>(&envelope["result"]);
    assert_eq!(envelope["result"]["photo"][0]["width"], 40);
    for call in bench.sandbox.client().calls(0) {
        match call.method.as_str() {
            "sendDocument" => genuine::<SendDocumentParams>(&call.body),
            _ => genuine::<SendPhotoParams>(&call.body),
        }
    }
}

#[tokio::test]
async fn what_telegram_does_not_take_is_refused() {
    let bench = Bench::relaxed().await;
    let large = vec![b'x'; (50 << 20) + 1];
    for (method, field, bytes, words) in [
        ("sendDocument", "document", &b""[..], "file must be non-empty"),
        ("sendDocument", "document", &large, "Request Entity Too Large"),
        ("sendPhoto", "photo", b"no picture", "IMAGE_PROCESS_FAILED"),
        ("sendPhoto", "photo", &large[..=(10 << 20)], "too big for a photo"),
        ("sendPhoto", "document", &png(), "there is no photo"),
    ] {
        let (status, envelope) = send(&bench, method, (field, bytes)).await;
        let description = envelope["description"].as_str().unwrap();
        assert!(status >= 400 && description.contains(words), "{method}: {description}");
    }
    let (_, sent) = send(&bench, "sendDocument", ("document", b"x")).await;
    let id = sent["result"]["message_id"].clone();
    let edit = json!({ "chat_id": 1001, "message_id": id, "text": "y" });
    let (_, words) = bench.refused("editMessageText", edit).await;
    assert_eq!(words, "Bad Request: there is no text in the message to edit");
}

#[tokio::test]
async fn what_people_send_is_downloaded_within_limits() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let document = |bytes: Vec<u8>| Saying {
        text: "read".to_owned(),
        media: Some(Media::Document(client.upload(Upload::new("a.pdf", "application/pdf", bytes)))),
        forwarded: Some(1002),
        ..Saying::default()
    };
    client
        .send_album(ADA, vec![document(b"hello".to_vec()), document(vec![0; (20 << 20) + 1])])
        .unwrap();
    for media in [
        Media::Location { latitude: 1_500_000, longitude: -2_000_000 },
        Media::Sticker { emoji: "🌱".to_owned() },
    ] {
        client.send(ADA, Saying { media: Some(media), ..Saying::default() }).unwrap();
    }
    let updates = bench.updates().await;
    updates.iter().for_each(genuine::<Update>);
    let album = |at: usize| updates[at]["message"]["media_group_id"].as_str().unwrap();
    assert_eq!(album(0), album(1));
    let id = |at: usize| json!({ "file_id": updates[at]["message"]["document"]["file_id"] });
    let file = bench.call("getFile", id(0)).await;
    genuine::<File>(&file);
    let path = file["file_path"].as_str().unwrap();
    for path in [path.to_owned(), path.replace('/', "%2F")] {
        let url = bench.url(&format!("/file/bot{}/{path}", bench.token));
        assert_eq!(bench.http.get(url).send().await.unwrap().bytes().await.unwrap(), "hello");
    }
    let wrong = bench.url(&format!("/file/bot1:x/{path}"));
    assert_eq!(bench.http.get(wrong).send().await.unwrap().status(), 404);
    assert_eq!(bench.refused("getFile", id(1)).await.1, "Bad Request: file is too big");
    let unknown = json!({ "file_id": "nothing" });
    assert_eq!(bench.refused("getFile", unknown).await.1, "Bad Request: invalid file_id");
}
