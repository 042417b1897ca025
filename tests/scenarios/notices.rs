//! What a person hears of sessions that others run, and the card of what waits.

use std::{fs::File, io::Write, path::Path};

use chrono::{Local, Timelike};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    elsewhere::Elsewhere,
    phone::{ADA, Phone},
    scratch::Scratch,
    wait::until,
};

const SETTINGS: &str =
    "pace_ms = 20\nnotify = true\nnotify_after_seconds = 0\nnotify_delay_seconds = 0\n";

/// A bot with notices on, and a session in its project.
async fn bench(settings: &str) -> (Scratch, std::path::PathBuf, String, Phone) {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let id = scratch.session(&garden, &["sow the beans"], 5);
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.terminate();
    phone.configure(settings);
    phone.boot().await;
    // It has looked at what runs.
    phone.say("/notify");
    phone.see_text(&["Notices are"]).await;
    (scratch, garden, id, phone)
}

fn write(scratch: &Scratch, project: &Path, id: &str, line: &Value) {
    let path = scratch.folder(project).join(format!("{id}.jsonl"));
    writeln!(File::options().append(true).open(path).unwrap(), "{line}").unwrap();
}

fn says(text: &str) -> Value {
    json!({"type": "assistant", "uuid": Uuid::new_v4(), "message": {"model": "opus",
        "stop_reason": "end_turn", "content": [{"type": "text", "text": text}]}})
}

fn uses(name: &str, input: &Value) -> Value {
    json!({"type": "assistant", "uuid": Uuid::new_v4(), "message": {"model": "opus",
        "stop_reason": "tool_use",
        "content": [{"type": "tool_use", "id": Uuid::new_v4(), "name": name, "input": input}]}})
}

/// A terminal says something of itself, and the bot has seen that.
fn becomes(phone: &Phone, terminal: &mut Elsewhere, status: &str, waits_for: Option<&str>) {
    let seen = || phone.said().matches("seen elsewhere").count();
    let before = seen();
    terminal.is(status, waits_for);
    until("seen by the bot", || seen() > before);
}

/// A terminal opens a session, and the bot has seen that.
fn opened(phone: &Phone, scratch: &Scratch, project: &Path, id: &str) -> Elsewhere {
    let seen = || phone.said().matches("seen elsewhere").count();
    let before = seen();
    let terminal = Elsewhere::open(scratch, project, id);
    until("seen by the bot", || seen() > before);
    terminal
}

async fn count(phone: &Phone, text: &str) -> usize {
    let count = |posts: &[segue::sandbox::Post]| {
        posts.iter().filter(|post| post.from != ADA && post.text.contains(text)).count()
    };
    phone.see("the chat", |posts| Some(count(posts))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_waits_finishes_or_fails_is_told_once() {
    let (scratch, garden, id, phone) = bench(SETTINGS).await;
    let mut terminal = opened(&phone, &scratch, &garden, &id);
    becomes(&phone, &mut terminal, "busy", None);
    write(&scratch, &garden, &id, &uses("Bash", &json!({"command": "rm -r weeds"})));
    becomes(&phone, &mut terminal, "waiting", Some("permission prompt"));
    let call = phone
        .see_text(&["sow the beans in ~/garden waits for you", "permission prompt", "rm -r weeds"])
        .await;
    assert!(!call.silent, "{call:?}");
    assert!(call.text.contains("whether to take it over"), "{call:?}");
    // Answered there: it is not true any more.
    becomes(&phone, &mut terminal, "busy", None);
    let gone =
        |posts: &[segue::sandbox::Post]| posts.iter().all(|post| post.id != call.id).then_some(());
    phone.see("no notice of what was answered", gone).await;
    write(&scratch, &garden, &id, &says("The weeds are gone."));
    becomes(&phone, &mut terminal, "idle", None);
    let done = phone.see_text(&["sow the beans", "has finished", "The weeds are gone."]).await;
    phone.press(&done, "Open").await;
    phone.see_text(&["Write to continue here", "sow the beans"]).await;
    let plan = json!({"plan": "First sow, then water."});
    becomes(&phone, &mut terminal, "busy", None);
    write(&scratch, &garden, &id, &uses("ExitPlanMode", &plan));
    becomes(&phone, &mut terminal, "waiting", Some("input needed"));
    phone.see_text(&["waits for you", "First sow, then water."]).await;
    becomes(&phone, &mut terminal, "busy", None);
    write(
        &scratch,
        &garden,
        &id,
        &json!({"type": "assistant", "isApiErrorMessage": true,
        "message": {"model": "<synthetic>", "content": [{"type": "text", "text": "API Error: 500"}]}}),
    );
    becomes(&phone, &mut terminal, "idle", None);
    phone.see_text(&["has failed", "API Error: 500"]).await;
    // What its person broke off is no news.
    becomes(&phone, &mut terminal, "busy", None);
    write(
        &scratch,
        &garden,
        &id,
        &json!({"type": "user", "message": {"content":
        [{"type": "text", "text": "[Request interrupted by user]"}]}}),
    );
    becomes(&phone, &mut terminal, "idle", None);
    becomes(&phone, &mut terminal, "busy", None);
    write(
        &scratch,
        &garden,
        &id,
        &json!({"type": "user", "uuid": Uuid::new_v4(),
        "message": {"content": "again"}}),
    );
    // Killed: no file tells of it.
    terminal.die();
    phone.see_text(&["ended in the middle of a turn"]).await;
    for (text, times) in
        [("waits for you on the laptop", 0), ("has finished", 1), ("has failed", 1)]
    {
        assert_eq!(count(&phone, text).await, times, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_wished_and_muted_over_a_kill_and_nothing_is_told_again() {
    let quiet = SETTINGS.replace("notify = true", "notify = false");
    let (scratch, garden, id, mut phone) = bench(&quiet).await;
    let other = scratch.session(&garden, &["prune the pears"], 6);
    let mut beans = Elsewhere::open(&scratch, &garden, &id);
    let mut pears = Elsewhere::open(&scratch, &garden, &other);
    beans.is("waiting", Some("permission prompt"));
    phone.say("/notify");
    let state = phone.see_text(&["Notices are off", "a turn of more than"]).await;
    phone.press(&state, "Turn on").await;
    phone.see_text(&["Notices are on"]).await;
    // What waits already is one message without sound.
    let list = phone.see_text(&["What needs you", "sow the beans", "permission prompt"]).await;
    assert!(list.silent, "{list:?}");
    becomes(&phone, &mut pears, "busy", None);
    write(&scratch, &garden, &other, &says("Pruned."));
    becomes(&phone, &mut pears, "idle", None);
    let done = phone.see_text(&["prune the pears", "has finished"]).await;
    phone.press(&done, "Mute this session").await;
    phone.see_text(&["prune the pears", "is muted"]).await;
    until("a remembered wish", || {
        scratch.history().iter().any(|line| line["telegram"]["wish"] == "mute")
    });
    phone.confirmed().await;
    phone.kill();
    phone.boot().await;
    phone
        .see("two lists", |posts| {
            let lists = posts.iter().filter(|post| post.text.starts_with("What needs you"));
            (lists.count() == 2).then_some(())
        })
        .await;
    becomes(&phone, &mut pears, "busy", None);
    becomes(&phone, &mut pears, "idle", None);
    becomes(&phone, &mut beans, "busy", None);
    write(&scratch, &garden, &id, &says("Sown."));
    becomes(&phone, &mut beans, "idle", None);
    phone.see_text(&["sow the beans", "has finished", "Sown."]).await;
    assert_eq!(count(&phone, "has finished").await, 2, "one of each, and none of what is muted");
    phone.say("/notify");
    let state = phone.see_with("Unmute prune the pears").await;
    phone.press(&state, "Unmute prune the pears").await;
    phone.see_text(&["prune the pears", "is heard of again"]).await;
    phone.say("/notify off");
    phone.see_text(&["Notices are off"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_keep_what_happens_for_one_digest() {
    let now = Local::now();
    let minute = |offset: u32| {
        let minute = (60 * now.hour() + now.minute() + offset) % (24 * 60);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    };
    // The bot's clock is UTC, as the scratch home says; this one may not be.
    let utc = chrono::Utc::now();
    let offset =
        (24 * 60 + 60 * utc.hour() + utc.minute() - 60 * now.hour() - now.minute()) % (24 * 60);
    let quiet = format!(
        "quiet = \"{}-{}\"\n",
        minute(offset),
        minute(offset + if now.second() < 25 { 1 } else { 2 })
    );
    let (scratch, garden, id, mut phone) = bench(&format!("{SETTINGS}{quiet}")).await;
    let mut terminal = opened(&phone, &scratch, &garden, &id);
    becomes(&phone, &mut terminal, "busy", None);
    write(&scratch, &garden, &id, &says("Sown."));
    becomes(&phone, &mut terminal, "idle", None);
    phone.say("/notify");
    phone.see_text(&["Notices are on", "Nothing comes from"]).await;
    assert_eq!(count(&phone, "has finished").await, 0);
    // What is kept outlives a kill.
    until("a line", || scratch.history().iter().any(|line| line["telegram"]["told"] == "kept"));
    phone.confirmed().await;
    phone.kill();
    phone.boot().await;
    let digest = |posts: &[segue::sandbox::Post]| {
        posts.iter().find(|post| post.text.starts_with("While it was quiet")).cloned()
    };
    let digest = phone.client.wait(ADA, std::time::Duration::from_secs(140), digest).await.unwrap();
    assert!(digest.text.contains("sow the beans") && digest.text.contains("has finished"));
    assert!(digest.silent, "nobody is needed: {digest:?}");
    // It comes once.
    until("a line", || scratch.history().iter().any(|line| line["telegram"]["told"] == "digest"));
    phone.terminate();
    phone.boot().await;
    until("a first look", || phone.said().contains("seen elsewhere"));
    becomes(&phone, &mut terminal, "busy", None);
    write(&scratch, &garden, &id, &says("Watered."));
    becomes(&phone, &mut terminal, "idle", None);
    phone.see_text(&["sow the beans", "has finished", "Watered."]).await;
    assert_eq!(count(&phone, "While it was quiet").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_is_one_pinned_message_that_is_found_again_and_goes() {
    let (scratch, garden, id, mut phone) = bench("pace_ms = 20\n").await;
    let other = scratch.session(&garden, &["prune the pears"], 6);
    let mut beans = Elsewhere::open(&scratch, &garden, &id);
    let mut pears = Elsewhere::open(&scratch, &garden, &other);
    phone.say("/live");
    let list = phone.see_text(&["2 sessions"]).await;
    phone.press(&list, "Keep a card").await;
    phone.see_text(&["Notices are off", "A card of what needs you is on top"]).await;
    assert_eq!(count(&phone, "What needs you").await, 0);
    beans.is("waiting", Some("permission prompt"));
    let card = phone.see_text(&["What needs you", "sow the beans"]).await;
    assert!(card.silent && !card.text.contains("pears"), "{card:?}");
    pears.is("waiting", Some("input needed"));
    let both = phone.see_text(&["What needs you", "sow the beans", "prune the pears"]).await;
    assert_eq!(both.id, card.id);
    phone.confirmed().await;
    phone.kill();
    beans.is("busy", None);
    phone.boot().await;
    let only = |posts: &[segue::sandbox::Post]| {
        let cards: Vec<_> =
            posts.iter().filter(|post| post.text.starts_with("What needs you")).collect();
        let is_it = matches!(cards[..], [one] if one.id == card.id && !one.text.contains("beans"));
        is_it.then_some(())
    };
    phone.see("the same card, without the beans", only).await;
    pears.is("busy", None);
    let gone =
        |posts: &[segue::sandbox::Post]| posts.iter().all(|post| post.id != card.id).then_some(());
    phone.see("no card", gone).await;
}
