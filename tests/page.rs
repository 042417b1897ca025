//! The sandbox's chat page in a real browser: what a person sees of a conversation, and does in it.
//!
//! Left out, each with a line that says so, where there is no Chromium.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests panic and print"
)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};

#[path = "page/bot.rs"]
mod bot;
#[path = "page/chromium.rs"]
mod chromium;
#[path = "page/demo.rs"]
mod demo;
#[path = "page/exchange.rs"]
mod exchange;
#[path = "page/places.rs"]
mod places;
#[path = "page/view.rs"]
mod view;
#[path = "page/walks.rs"]
mod walks;

use bot::{ADA, Bot};
use chromium::find_for;
use view::{Screen, View};

/// Longest wait; nothing waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn button(label: &str, data: &str) -> Value {
    json!({ "inline_keyboard": [[{ "text": label, "callback_data": data }]] })
}

/// A bot and the page with the private chat open.
async fn talk(test: &str, screen: Screen) -> Option<(Bot, View)> {
    let program = find_for(test)?;
    let bot = Bot::start().await;
    let mut view = View::open(&program, &bot.sandbox.page_url(), screen);
    view.click(&format!("[data-chat='{ADA}']"));
    Some((bot, view))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_writes_and_watches_the_answer_grow() {
    let test = "a person writes and watches the answer grow";
    let Some((mut bot, mut view)) = talk(test, Screen::Desktop).await else { return };
    view.say("How are the beans?");
    view.see(".post.out .text", "How are the beans?");
    assert_eq!(bot.update().await["message"]["text"], "How are the beans?");

    let progress = json!({ "text": "Reading", "disable_notification": true,
                           "reply_markup": button("Stop", "stop") });
    let id = bot.send(progress).await;
    let post = format!("[data-message='{id}']");
    view.see(&post, "Reading");
    view.see(&format!("{post} .key"), "Stop");
    for text in ["Reading beans.md", "Reading beans.md and peas.md"] {
        bot.edit(id, json!({ "text": text, "reply_markup": button("Stop", "stop") })).await;
        view.see(&post, text);
    }
    assert_eq!(view.eval("document.querySelectorAll('.post').length"), 2);
    bot.edit(id, json!({ "text": "Done" })).await;
    view.see(&post, "edited");
    view.miss(&format!("{post} .key"));
    bot.call("deleteMessage", json!({ "chat_id": ADA, "message_id": id })).await;
    view.miss(&post);
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pressed_button_is_answered() {
    let Some((mut bot, mut view)) = talk("a pressed button is answered", Screen::Desktop).await
    else {
        return;
    };
    let id = bot.send(json!({ "text": "May I?", "reply_markup": button("Allow", "yes") })).await;
    for alert in [false, true] {
        view.press("Allow");
        view.see("[data-button='yes'][aria-busy='true']", "Allow");
        let query = bot.update().await["callback_query"].take();
        assert_eq!((&query["data"], &query["message"]["message_id"]), (&json!("yes"), &json!(id)));
        let answer = json!({ "callback_query_id": query["id"], "text": "So be it",
                             "show_alert": alert });
        bot.call("answerCallbackQuery", answer).await;
        view.see(if alert { "dialog[open]" } else { ".toast" }, "So be it");
        view.miss("[aria-busy='true']");
    }
    view.click("dialog[open] button");
    view.miss("dialog[open]");
    bot.edit(id, json!({ "text": "Allowed" })).await;
    view.see(&format!("[data-message='{id}']"), "Allowed");
    view.miss("[data-button='yes']");
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_shows_and_carries_what_it_answers() {
    let test = "a reply shows and carries what it answers";
    let Some((mut bot, mut view)) = talk(test, Screen::Desktop).await else { return };
    let id = bot.send(json!({ "text": "Sown in May" })).await;
    bot.send(json!({ "text": "Something else" })).await;
    view.see(".post", "Something else");
    view.hover(&format!("[data-message='{id}'] .bubble"));
    view.click(&format!("[data-message='{id}'] [data-action='reply']"));
    view.see("#context", "Sown in May");
    view.write("Which year?");
    view.enter();
    view.see(&format!(".post.out [data-quote='{id}']"), "Sown in May");
    view.miss("#context");
    assert_eq!(bot.update().await["message"]["reply_to_message"]["message_id"], id);
    bot.edit(id, json!({ "text": "Sown in June" })).await;
    view.see(&format!(".post.out [data-quote='{id}']"), "Sown in June");
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_formatted_and_never_run() {
    let test = "text is formatted and never run";
    let Some((bot, mut view)) = talk(test, Screen::Desktop).await else { return };
    let written = "<img src=x onerror=alert(1)> 🫘 bold code\nfn main() {}\nlink";
    let at = |part: &str| written[..written.find(part).unwrap()].encode_utf16().count();
    let entity = |(kind, part): (&str, &str)| json!({ "type": kind, "offset": at(part), "length": part.encode_utf16().count() });
    let parts =
        [("bold", "bold"), ("code", "code"), ("pre", "fn main() {}"), ("text_link", "link")];
    let mut formatted = parts.map(entity);
    formatted[2]["language"] = json!("rust");
    formatted[3]["url"] = json!("https://example.org/");
    bot.send(json!({ "text": written, "entities": formatted })).await;
    let parts = [
        (".text", "<img src=x onerror=alert(1)> 🫘 "),
        (".text strong", "bold"),
        (".text code[title]", "code"),
        (".text figure figcaption", "rust"),
        (".text figure pre", "fn main() {}"),
        (".text a[href='https://example.org/'][target='_blank'][rel~='noopener']", "link"),
    ];
    for (selector, text) in parts {
        view.see(selector, text);
    }
    assert_eq!(view.eval("document.querySelectorAll('.text img').length"), 0);
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_offered_and_chosen() {
    let Some((mut bot, mut view)) = talk("commands are offered and chosen", Screen::Desktop).await
    else {
        return;
    };
    let commands = json!([{ "command": "new", "description": "Begin a session" },
                          { "command": "stop", "description": "Stop this turn" }]);
    bot.call("setMyCommands", json!({ "commands": commands })).await;
    view.load();
    view.click("#input");
    view.write("/st");
    view.see("#menu [aria-selected='true']", "/stop");
    assert_eq!(view.eval("document.querySelectorAll('#menu button').length"), 1);
    view.enter();
    view.miss("#menu");
    view.see(".post.out", "/stop");
    assert_eq!(bot.update().await["message"]["text"], "/stop");
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn light_and_dark_are_chosen_and_stay() {
    let test = "light and dark are chosen and stay";
    let Some((_bot, mut view)) = talk(test, Screen::Desktop).await else { return };
    let shows = |view: &mut View, wanted: &str| {
        // The lightness, 0 to 255, of what is written and of what it is written on.
        let shown = "(() => {
            const style = getComputedStyle(document.querySelector('.list'));
            const light = (color) => Math.max(...color.match(/\\d+/g).slice(0, 3));
            const [text, ground] = [light(style.color), light(style.backgroundColor)];
            return text - ground > 128 ? 'dark' : ground - text > 128 ? 'light' : null;
        })()";
        view.wait(wanted, &format!("{shown} === '{wanted}'"));
    };
    shows(&mut view, "light");
    view.prefer("dark");
    shows(&mut view, "dark");
    view.prefer("light");
    shows(&mut view, "light");
    view.click("#theme-button");
    shows(&mut view, "dark");
    view.load();
    shows(&mut view, "dark");
    view.click("#theme-button");
    shows(&mut view, "light");
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_shows_one_thing_at_a_time() {
    let test = "a telephone shows one thing at a time";
    let Some((mut bot, mut view)) = talk(test, Screen::Phone).await else { return };
    view.miss(".list");
    let wide = "wide_".repeat(60);
    let rows: Vec<_> = [&wide, "/home/ada/projects/garden"]
        .map(|label| json!([{ "text": &label[..25], "callback_data": label[..9] }]))
        .to_vec();
    let long = json!({ "text": format!("{wide} {wide}"), "reply_markup": { "inline_keyboard": rows },
        "entities": [{ "type": "pre", "offset": 0, "length": wide.len() }] });
    bot.send(long).await;
    view.see(".post pre", &wide);
    view.say(&wide);
    view.see(".post.out", &wide);
    assert_eq!(bot.update().await["message"]["text"], wide.as_str());
    view.click(".post.out .text");
    view.click(".post.out [data-action='reply']");
    view.see("#context", &wide[..99]);
    assert_eq!(view.overhang(), 0, "the conversation");
    view.click(".chat [data-open='drawer']");
    view.see("#drawer", "Calls");
    assert_eq!(view.overhang(), 0, "behind the scenes");
    view.click("#drawer-close");
    view.miss("#drawer");
    view.click("#back-button");
    view.miss(".chat");
    view.see(&format!("[data-chat='{ADA}']"), "wide_");
    assert_eq!(view.overhang(), 0, "the chats");
    view.assert_content();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_would_complain() {
    let Some((_bot, mut view)) = talk("the browser would complain", Screen::Desktop).await else {
        return;
    };
    let wrongs = [
        ("console.error('lost')", "lost"),
        ("void Promise.reject(new Error('broken'))", "broken"),
        (
            "document.body.append(Object.assign(document.createElement('script'), \
          { textContent: '0' }))",
            "Content Security Policy",
        ),
        (
            "document.body.append(Object.assign(new Image(), \
          { src: 'http://127.0.0.2/x.png' }))",
            "Content Security Policy",
        ),
        ("fetch('/sandbox/nothing').then(() => 0)", "404"),
    ];
    for (wrong, said) in wrongs {
        view.eval(wrong);
        let (deadline, mut complaints) = (Instant::now() + PATIENCE, Vec::<String>::new());
        while !complaints.iter().any(|line| line.contains(said)) {
            assert!(Instant::now() < deadline, "{wrong}: {complaints:?}");
            complaints.extend(view.chromium.complaints());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_dropped_and_shown() {
    let Some((mut bot, mut view)) = talk("files", Screen::Desktop).await else { return };
    // A picture and a text, as a person drops them; the picture is drawn by the browser itself.
    view.eval(
        "(async () => {
            const canvas = Object.assign(document.createElement('canvas'), {width: 60, height: 40});
            const picture = await new Promise((done) => canvas.toBlob(done, 'image/png'));
            const files = new DataTransfer();
            files.items.add(new File([picture], 'map.png', {type: 'image/png'}));
            files.items.add(new File(['beans'], 'notes.txt', {type: 'text/plain'}));
            const chat = document.querySelector('main.chat');
            chat.dispatchEvent(new DragEvent('drop', {dataTransfer: files, cancelable: true}));
        })(); true",
    );
    view.wait("the photo", "document.querySelector('.post.out img.photo')?.naturalWidth === 60");
    view.see(".post.out .file", "notes.txt");
    let photo = bot.update().await;
    assert_eq!(photo["message"]["photo"][0]["width"], 60, "{photo}");
    let text = bot.update().await;
    assert_eq!(text["message"]["document"]["file_name"], "notes.txt", "{text}");
    view.assert_content();
}
