//! Polling: at least once, in order, and on to the next whatever one update is.

use segue::telegram::client::Client;
use segue::telegram::poll::{Delivery, Incoming, Poll, Redelivery, TokenRefused, run};
use segue::telegram::update::{Update, What};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::server::{BOT, Fault, PATIENCE, Server, TOKEN};

const KINDS: &[&str] = &["message", "callback_query"];

struct Polling {
    updates: Receiver<Incoming>,
    task: JoinHandle<Result<(), TokenRefused>>,
    cancel: CancellationToken,
}

/// Polls `server` into a channel that holds `room` updates.
fn poll(server: &Server, room: usize) -> Polling {
    let client = Client::connect(TOKEN, &server.url).expect("a client");
    let (sink, updates) = channel(room);
    let poll = Poll { client, me: BOT, allowed_updates: KINDS, sink };
    let cancel = CancellationToken::new();
    let task = tokio::spawn(run(poll, cancel.clone()));
    Polling { updates, task, cancel }
}

impl Polling {
    async fn handed(&mut self) -> Delivery {
        let next = timeout(PATIENCE, self.updates.recv()).await;
        match next.expect("an update in time").expect("an update") {
            Incoming::Update(handed) => *handed,
            Incoming::Conflict(words) => panic!("{words}"),
        }
    }

    async fn next(&mut self) -> Update {
        let Delivery { update, ack, .. } = self.handed().await;
        ack.confirm();
        update
    }

    /// The text of the next update, or what else it is.
    async fn text(&mut self) -> String {
        match self.next().await.what {
            What::Message(message) => message.text,
            other => format!("{other:?}"),
        }
    }

    async fn end(self) -> Result<(), TokenRefused> {
        timeout(PATIENCE, self.task).await.expect("an end in time").expect("no panic")
    }
}

fn message(id: i64, text: &str) -> Value {
    json!({"update_id": id, "message": {"message_id": id, "date": 1, "text": text,
        "chat": {"id": 9, "type": "private"}, "from": {"id": 9, "first_name": "Ada"}}})
}

fn put(server: &Server, updates: &[Value]) {
    server.change(|room| room.updates.extend_from_slice(updates));
}

/// Offsets of all polls so far.
fn offsets(server: &Server) -> Vec<Option<i64>> {
    server.bodies("getupdates").iter().map(|body| body["offset"].as_i64()).collect()
}

#[tokio::test]
async fn a_batch_is_confirmed_when_all_of_it_was_taken() {
    let server = Server::start().await;
    put(&server, &[message(5, "a"), message(6, "b"), message(7, "c")]);
    let mut polling = poll(&server, 1);
    assert_eq!(polling.text().await, "a");
    let b = polling.handed().await;
    assert_eq!(b.redelivery, Redelivery::Possible, "it waited when polling began");
    assert_eq!(polling.text().await, "c");
    assert_eq!(offsets(&server), [None], "b is not given back");
    b.ack.confirm();
    server.wait("the confirmation", |room| room.updates.is_empty().then_some(())).await;
    assert_eq!(offsets(&server), [None, Some(8)]);
    let polls = server.bodies("getupdates");
    assert_eq!(polls[0]["allowed_updates"], json!(KINDS));
    assert_eq!(polls[0]["timeout"], 50);
    put(&server, &[message(8, "d")]);
    assert_eq!(polling.handed().await.redelivery, Redelivery::No);
}

#[tokio::test]
async fn what_nobody_took_is_not_confirmed() {
    let server = Server::start().await;
    put(&server, &[message(5, "a")]);
    let mut polling = poll(&server, 1);
    drop(polling.handed().await.ack);
    assert_eq!(polling.end().await, Ok(()));
    assert_eq!(offsets(&server), [None]);
}

#[tokio::test]
async fn what_was_taken_is_confirmed_at_the_end() {
    let server = Server::start().await;
    put(&server, &[message(5, "a"), message(6, "b"), message(7, "c")]);
    let mut polling = poll(&server, 8);
    assert_eq!(polling.text().await, "a");
    let [b, c] = [polling.handed().await, polling.handed().await];
    polling.cancel.cancel();
    // It was being handled when the end came.
    b.ack.confirm();
    drop(c.ack);
    assert_eq!(polling.end().await, Ok(()));
    assert_eq!(offsets(&server), [None, Some(7)]);
    assert_eq!(server.change(|room| room.updates.len()), 1, "c comes again");
}

#[tokio::test]
async fn a_conflict_is_told_once() {
    let server = Server::start().await;
    let text = "Conflict: terminated by other getUpdates request";
    server.fail("getupdates", Fault::refusal(text));
    let mut polling = poll(&server, 1);
    let told = timeout(PATIENCE, polling.updates.recv()).await.expect("a word in time");
    assert!(matches!(told, Some(Incoming::Conflict(words)) if words.contains("another program")));
}

#[tokio::test]
async fn what_cannot_be_read_blocks_nothing() {
    let server = Server::start().await;
    let surrogate = r#"{"update_id": 3, "message": {"text": "\ud83d"}}"#;
    let good = message(4, "after");
    server.fail(
        "getupdates",
        Fault::Answer(format!(r#"{{"ok":true,"result":[{{"update_id":2}},{surrogate},{good}]}}"#)),
    );
    let mut polling = poll(&server, 8);
    for id in [2, 3] {
        let update = polling.next().await;
        assert_eq!(update.id, id);
        assert!(matches!(update.what, What::Undecodable(_)), "{update:?}");
    }
    assert_eq!(polling.text().await, "after");
    server.wait("the next poll", |room| (room.calls.len() == 2).then_some(())).await;
    assert_eq!(offsets(&server), [None, Some(5)]);
}

#[tokio::test]
async fn what_comes_again_is_handed_on_once() {
    let server = Server::start().await;
    let batch =
        |updates: &[Value]| Fault::Answer(json!({"ok": true, "result": updates}).to_string());
    server.fail("getupdates", batch(&[message(1, "a"), message(2, "b")]));
    server.fail("getupdates", batch(&[message(1, "a"), message(2, "b"), message(3, "c")]));
    server.fail("getupdates", batch(&[message(-7, "numbers start anew")]));
    let mut polling = poll(&server, 8);
    for text in ["a", "b", "c", "numbers start anew"] {
        assert_eq!(polling.text().await, text);
    }
    server.wait("the last poll", |room| (room.calls.len() == 4).then_some(())).await;
    assert_eq!(offsets(&server), [None, Some(3), Some(4), Some(-6)]);
}

#[tokio::test]
async fn a_lost_reply_loses_nothing() {
    let server = Server::start().await;
    put(&server, &[message(1, "a")]);
    server.fail("getupdates", Fault::LostReply);
    server.fail("getupdates", Fault::LostRequest);
    let mut polling = poll(&server, 8);
    assert_eq!(polling.text().await, "a");
}

#[tokio::test]
async fn a_refused_token_ends_it() {
    let server = Server::start().await;
    for description in ["Unauthorized", "Not Found"] {
        server.fail("getupdates", Fault::refusal(description));
        assert_eq!(poll(&server, 1).end().await, Err(TokenRefused));
    }
}

#[tokio::test]
async fn it_ends_when_cancelled_or_unheard() {
    let server = Server::start().await;
    let polling = poll(&server, 1);
    server.wait("a poll", |room| (room.calls.len() == 1).then_some(())).await;
    polling.cancel.cancel();
    assert_eq!(polling.end().await, Ok(()));

    let mut polling = poll(&server, 1);
    polling.updates.close();
    put(&server, &[message(1, "a")]);
    assert_eq!(polling.end().await, Ok(()));
}
