//! The outbox over a real connection. Pace, order and fairness are simulated beside the code.

use std::time::{Duration, Instant};

use segue::bridge::place::Place;
use segue::telegram::client::Client;
use segue::telegram::outbox::{
    Outbox, Pace, Rate, Reaction, ReactionOutcome, RepaintOutcome, Scope, SendError, SendOptions,
    Sent, Sound,
};
use segue::telegram::outgoing::{Content, OutgoingFile, SendAs};
use segue::telegram::screen::{Button, Screen};
use segue::telegram::text::{Entity, EntityKind, Text};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::server::{Fault, PATIENCE, Room, Server, TOKEN};

const CHAT: Place = Place { chat: 9, thread: None };
const OTHER: Place = Place { chat: 8, thread: None };
const TOPIC: Place = Place { chat: -100, thread: Some(5) };

struct Started {
    outbox: Outbox,
    task: JoinHandle<()>,
    cancel: CancellationToken,
}

/// An outbox that is not slowed down.
fn start(server: &Server) -> Started {
    let rate = Rate { every: Duration::from_millis(1), burst: 3 };
    start_at(server, Pace { private: rate, group: rate, overall: 1000 })
}

fn start_at(server: &Server, pace: Pace) -> Started {
    let client = Client::connect(TOKEN, &server.url).expect("a client");
    let cancel = CancellationToken::new();
    let (outbox, task) = Outbox::start(client, pace, cancel.clone());
    Started { outbox, task, cancel }
}

fn screen(text: &str) -> Screen {
    Screen { text: Text { text: text.into(), entities: Vec::new() }, keyboard: Vec::new() }
}

fn rich(text: &str) -> Screen {
    let bold = Entity { kind: EntityKind::Bold, offset: 0, length: 1 };
    let button = Button { label: "Stop".into(), data: "stop".into() };
    Screen { text: Text { text: text.into(), entities: vec![bold] }, keyboard: vec![vec![button]] }
}

async fn done(sent: Sent) -> Result<i32, SendError> {
    timeout(PATIENCE, sent).await.expect("in time")
}

#[tokio::test]
async fn messages_arrive_as_they_were_meant() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    let how = SendOptions { reply_to: Some(3), sound: Sound::Silent };
    assert_eq!(done(outbox.send(TOPIC, rich("hello"), how)).await, Ok(1));
    assert_eq!(done(outbox.edit(TOPIC, 1, rich("bye"))).await, Ok(1));
    outbox.delete(TOPIC, 1);
    let entities = json!([{"type": "bold", "offset": 0, "length": 1}]);
    let keyboard = json!({"inline_keyboard": [[{"text": "Stop", "callback_data": "stop"}]]});
    let preview = json!({"is_disabled": true});
    let calls = server
        .wait("three calls", |room| (room.calls.len() == 3).then(|| room.calls.clone()))
        .await;
    let expected = [
        (
            "sendmessage",
            json!({"chat_id": -100, "message_thread_id": 5, "text": "hello",
                "entities": entities, "link_preview_options": preview,
                "disable_notification": true, "reply_markup": keyboard,
                "reply_parameters": {"message_id": 3, "allow_sending_without_reply": true}}),
        ),
        (
            "editmessagetext",
            json!({"chat_id": -100, "message_id": 1, "text": "bye", "entities": entities,
                "link_preview_options": preview, "reply_markup": keyboard}),
        ),
        ("deletemessage", json!({"chat_id": -100, "message_id": 1})),
    ];
    assert_eq!(calls, expected.map(|(method, body)| (method.to_owned(), body)));
}

#[tokio::test]
async fn an_unchanged_message_and_a_missing_one_are_no_failures() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    assert_eq!(done(outbox.send(CHAT, screen("same"), SendOptions::default())).await, Ok(1));
    assert_eq!(done(outbox.edit(CHAT, 1, screen("same"))).await, Ok(1));
    outbox.delete(CHAT, 77);
    assert_eq!(done(outbox.edit(CHAT, 77, screen("anew"))).await, Ok(2));
    assert_eq!(server.bodies("sendmessage")[1]["disable_notification"], true);
}

#[tokio::test]
async fn a_lost_request_is_repeated() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    server.fail("sendmessage", Fault::LostRequest);
    let first = outbox.send(CHAT, screen("a"), SendOptions::default());
    let second = outbox.send(CHAT, screen("b"), SendOptions::default());
    assert_eq!((done(first).await, done(second).await), (Ok(1), Ok(2)));
    assert_eq!(server.texts(), ["a", "a", "b"]);
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again_within_moments() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    let begun = Instant::now();
    for status in [500, 502, 504] {
        server.fail("sendmessage", Fault::Broken(status));
    }
    assert_eq!(done(outbox.send(CHAT, screen("a"), SendOptions::default())).await, Ok(1));
    assert_eq!(server.texts(), ["a", "a", "a", "a"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_penalty_holds_back_its_chat_but_no_other_and_no_button() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    server.fail("sendmessage", Fault::parameters(&json!({"retry_after": 2})));
    let start = Instant::now();
    let held = outbox.send(CHAT, screen("held"), SendOptions::default());
    server.wait("the penalty", |room| (room.calls.len() == 1).then_some(())).await;
    outbox.answer("77".into(), Some("x".repeat(300)));
    assert_eq!(done(outbox.send(OTHER, screen("free"), SendOptions::default())).await, Ok(1));
    let answered = |(name, _): &&(String, Value)| name == "answercallbackquery";
    let answer = |room: &Room| room.calls.iter().find(answered).map(|(_, body)| body.clone());
    let answer = server.wait("the answer", answer).await;
    assert_eq!(answer, json!({"callback_query_id": "77", "text": "x".repeat(200)}));
    assert_eq!(server.texts().into_iter().filter(|text| text == "held").count(), 1);
    assert_eq!(done(held).await, Ok(2));
    assert!(start.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn a_refused_message_goes_out_plainer() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    let how = SendOptions { reply_to: Some(3), sound: Sound::Aloud };
    for _ in 0..2 {
        server.fail("sendmessage", Fault::refusal("Bad Request: ENTITIES_TOO_LONG"));
    }
    assert_eq!(done(outbox.send(CHAT, rich("x"), how)).await, Ok(1));
    let has = |field: &'static str| {
        let sent = server.bodies("sendmessage");
        sent.iter().map(|body| body.get(field).is_some()).collect::<Vec<_>>()
    };
    assert_eq!(has("entities"), [true, false, false]);
    assert_eq!(has("reply_parameters"), [true, true, false]);

    let refused = "Bad Request: message text is empty";
    let lost = done(outbox.send(CHAT, screen(""), SendOptions::default())).await;
    assert_eq!(lost, Err(SendError::Refused(refused.into())));
}

#[tokio::test]
async fn closed_topics_moved_groups_and_blocking_people() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    server.fail("sendmessage", Fault::refusal("Bad Request: TOPIC_CLOSED"));
    assert_eq!(done(outbox.send(TOPIC, screen("a"), SendOptions::default())).await, Ok(2));
    server.fail("sendmessage", Fault::parameters(&json!({"migrate_to_chat_id": -1001})));
    let general = Place { thread: None, ..TOPIC };
    assert_eq!(done(outbox.send(general, screen("b"), SendOptions::default())).await, Ok(3));
    server.fail("sendmessage", Fault::refusal("Forbidden: bot was blocked by the user"));
    let blocked = done(outbox.send(CHAT, screen("c"), SendOptions::default())).await;
    assert_eq!(blocked, Err(SendError::Blocked));
    let shown = |body: &Value| {
        let thread = body["message_thread_id"].as_i64();
        (body["chat_id"].as_i64(), thread, body["text"].as_str().map(|text| text[..1].to_owned()))
    };
    let sent = server.bodies("sendmessage").iter().map(shown).collect::<Vec<_>>();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        sent,
        [
            (Some(-100), Some(5), text("a")),
            (Some(-100), None, text("T")),
            (Some(-100), None, text("a")),
            (Some(-100), None, text("b")),
            (Some(-1001), None, text("b")),
            (Some(9), None, text("c")),
        ]
    );
}

#[tokio::test]
async fn repaints_show_and_give_way() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    assert_eq!(done(outbox.send(CHAT, screen("0"), SendOptions::default())).await, Ok(1));
    for frame in 1..=5 {
        assert_eq!(
            outbox.repaint(CHAT, 1, screen(&frame.to_string())).await,
            RepaintOutcome::Shown
        );
    }
    assert_eq!(outbox.repaint(CHAT, 77, screen("x")).await, RepaintOutcome::Gone);
    let late = outbox.repaint(CHAT, 1, screen("late"));
    let last = outbox.edit(CHAT, 1, screen("last"));
    // The repaint may be on its way already when the edit comes; it never comes after it.
    let late = late.await;
    assert_eq!(done(last).await, Ok(1));
    let mut expected = vec!["0", "1", "2", "3", "4", "5", "x"];
    expected.extend((late == RepaintOutcome::Shown).then_some("late"));
    expected.push("last");
    assert_eq!(server.texts(), expected);
}

#[tokio::test]
async fn a_flush_waits_for_its_chat_and_for_no_other() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    server.fail("sendmessage", Fault::parameters(&json!({"retry_after": 900})));
    drop(outbox.send(OTHER, screen("held"), SendOptions::default()));
    server.wait("the penalty", |room| (room.calls.len() == 1).then_some(())).await;
    for text in ["a", "b", "c"] {
        drop(outbox.send(CHAT, screen(text), SendOptions::default()));
    }
    let flush = outbox.flush(Scope::Messages(CHAT.chat));
    assert_eq!(timeout(PATIENCE, flush).await.expect("in time"), Ok(()));
    assert_eq!(server.texts(), ["held", "a", "b", "c"]);
    let all = outbox.flush(Scope::All);
    assert!(timeout(Duration::from_millis(50), all).await.is_err(), "one is held");
}

fn file(name: &str, send_as: SendAs) -> OutgoingFile {
    let content = Content::bytes(b"sow in May".as_slice());
    OutgoingFile { send_as, name: name.into(), content, caption: rich("beds") }
}

#[tokio::test]
async fn files_arrive_as_they_were_meant_and_plainer_where_they_are_refused() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    let how = SendOptions { reply_to: Some(3), sound: Sound::Silent };
    let refused = || Fault::refusal("Bad Request: VOICE_MESSAGES_FORBIDDEN");
    server.fail("sendvoice", refused());
    let (map, voice) = (file("map.png", SendAs::Photo), file("answer.ogg", SendAs::Voice));
    for file in [map, voice] {
        assert!(done(outbox.send_file(TOPIC, file, how)).await.is_ok());
    }
    let calls = server.change(|room| room.calls.clone());
    let methods: Vec<_> = calls.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["sendphoto", "sendvoice", "senddocument"]);
    for (_, body) in calls {
        let raw = body["multipart"].as_str().expect("a file");
        for part in ["sow in May", "beds", "message_thread_id", "allow_sending_without_reply"] {
            assert!(raw.contains(part), "{part}: {raw}");
        }
    }
}

#[tokio::test]
async fn a_file_waits_out_the_penalty_of_its_chat() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    server.fail("senddocument", Fault::parameters(&json!({"retry_after": 2})));
    let start = Instant::now();
    let film = outbox.send_file(CHAT, file("film", SendAs::Document), SendOptions::default());
    server.wait("the penalty", |room| (room.calls.len() == 1).then_some(())).await;
    assert_eq!(done(outbox.send(OTHER, screen("free"), SendOptions::default())).await, Ok(1));
    assert!(done(film).await.is_ok());
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert_eq!(server.bodies("senddocument").len(), 2);
}

#[tokio::test]
async fn topics_pins_reactions_and_typing_are_calls_of_their_chat() {
    let server = Server::start().await;
    let outbox = start(&server).outbox;
    assert_eq!(done(outbox.create_topic(-100, "Beans".into())).await, Ok(77));
    for sent in [
        outbox.rename_topic(TOPIC, "Peas".into()),
        outbox.close_topic(TOPIC),
        outbox.reopen_topic(TOPIC),
        outbox.pin(TOPIC, 4),
        outbox.unpin(TOPIC, 4),
        outbox.delete_topic(TOPIC),
    ] {
        assert!(done(sent).await.is_ok());
    }
    for reaction in [Some(Reaction::Eyes), None] {
        assert_eq!(outbox.react(TOPIC, 4, reaction).await, ReactionOutcome::Set);
    }
    let typing = outbox.typing(TOPIC);
    let typed = |(name, _): &(String, Value)| name == "sendchataction";
    server.wait("typing", |room| room.calls.iter().any(typed).then_some(())).await;
    drop(typing);
    let calls = server.change(|room| room.calls.clone());
    let topic = json!({"chat_id": -100, "message_thread_id": 5});
    let with = |more: &Value| {
        let mut body = topic.clone();
        let more = more.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(more);
        body
    };
    let react = |reaction: Value| json!({"chat_id": -100, "message_id": 4, "reaction": reaction});
    let pinned = json!({"chat_id": -100, "message_id": 4, "disable_notification": true});
    let expected = [
        ("createforumtopic", json!({"chat_id": -100, "name": "Beans"})),
        ("editforumtopic", with(&json!({"name": "Peas"}))),
        ("closeforumtopic", topic.clone()),
        ("reopenforumtopic", topic.clone()),
        ("pinchatmessage", pinned),
        ("unpinchatmessage", json!({"chat_id": -100, "message_id": 4})),
        ("deleteforumtopic", topic.clone()),
        ("setmessagereaction", react(json!([{"type": "emoji", "emoji": "👀"}]))),
        ("setmessagereaction", react(json!([]))),
        ("sendchataction", with(&json!({"action": "typing"}))),
    ];
    assert_eq!(calls, expected.map(|(method, body)| (method.to_owned(), body)));
}

#[tokio::test]
async fn it_ends_when_cancelled_and_says_what_is_lost() {
    let server = Server::start().await;
    let started = start(&server);
    server.fail("sendmessage", Fault::parameters(&json!({"retry_after": 900})));
    let held = started.outbox.send(CHAT, screen("a"), SendOptions::default());
    server.wait("the penalty", |room| (room.calls.len() == 1).then_some(())).await;
    started.cancel.cancel();
    timeout(PATIENCE, started.task).await.expect("an end in time").expect("no panic");
    assert_eq!(done(held).await, Err(SendError::Ended));
    assert_eq!(
        done(started.outbox.send(CHAT, screen("b"), SendOptions::default())).await,
        Err(SendError::Ended)
    );
    assert_eq!(started.outbox.repaint(CHAT, 1, screen("c")).await, RepaintOutcome::Dropped);
}

#[tokio::test]
async fn it_ends_by_itself_when_nobody_can_write_any_more() {
    let server = Server::start().await;
    let slow = Rate { every: Duration::from_millis(100), burst: 2 };
    let started = start_at(&server, Pace { private: slow, group: slow, overall: 1000 });
    for text in ["a", "b", "c", "d"] {
        drop(started.outbox.send(CHAT, screen(text), SendOptions::default()));
    }
    drop(started.outbox);
    timeout(PATIENCE, started.task).await.expect("an end in time").expect("no panic");
    assert_eq!(server.texts(), ["a", "b", "c", "d"]);
}
