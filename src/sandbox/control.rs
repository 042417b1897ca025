//! The control API over HTTP: `/sandbox/…`, JSON in and out, and all changes as Server-Sent Events.
//!
//! It is what the page talks to. A refusal is a 4xx with `{"error": "…"}`.
//!
//! | Path | Body | Gives |
//! |---|---|---|
//! | `GET state` | | people, chats, messages, faults |
//! | `GET events` | | the state as the first event, then each change |
//! | `GET calls?after=` | | the call log, or its later part |
//! | `POST say` | `chat user text reply_to? thread?` | `message` |
//! | `POST send?chat=&user=&kind=&name=&mime=&text=&reply_to=&album=&thread=` | a file | `message` |
//! | `GET files/{id}` | | a file |
//! | `POST edit` | `chat user message text` | |
//! | `POST delete` | `chat user message` | |
//! | `POST press` | `chat user message`, and `data` or `row col` | `answer`, when it comes; null, if it does not |
//! | `POST stop` | `chat` | ends a draft |
//! | `POST pin`, `POST unpin` | `chat user message` | |
//! | `POST react` | `chat user message emoji?` | |
//! | `POST faults` | `what times? skip? method? chat?`; `what` is `{"kind": …}` as in [`Trouble`] | `fault` |
//! | `DELETE faults` | | |
//! | `POST let-go` | | lets held calls go on |
//! | `POST expire` | | lets pressed buttons expire |
//! | `POST reset` | | begins anew |
//!
//! [`Trouble`]: super::Trouble

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post},
};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    change::Change,
    client::Client,
    faults::Fault,
    files::Media,
    hub::Hub,
    person::{Missing, Saying, Which},
};

/// Routes of the control API.
pub(super) fn routes() -> Router<Arc<Hub>> {
    Router::new()
        .route("/sandbox/state", get(state))
        .route("/sandbox/events", get(events))
        .route("/sandbox/calls", get(calls))
        .route("/sandbox/say", post(say))
        .route("/sandbox/forward", post(forward))
        .route("/sandbox/edit", post(edit))
        .route("/sandbox/delete", post(delete))
        .route("/sandbox/press", post(press))
        .route("/sandbox/stop", post(stop_draft))
        .route("/sandbox/pin", post(pin))
        .route("/sandbox/unpin", post(unpin))
        .route("/sandbox/react", post(react))
        .route("/sandbox/faults", post(fault).delete(clear_faults))
        .route("/sandbox/let-go", post(let_go))
        .route("/sandbox/expire", post(expire))
        .route("/sandbox/reset", post(reset))
}

impl IntoResponse for Missing {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Text(_) => StatusCode::BAD_REQUEST,
            Self::Blocked => StatusCode::CONFLICT,
            _ => StatusCode::NOT_FOUND,
        };
        (status, Json(json!({ "error": self.to_string() }))).into_response()
    }
}

pub(super) type Answer = Result<Json<Value>, Missing>;

pub(super) fn client(hub: Arc<Hub>) -> Client {
    Client { hub }
}

pub(super) fn done() -> Json<Value> {
    Json(json!({}))
}

async fn state(State(hub): State<Arc<Hub>>) -> Response {
    Json(client(hub).state()).into_response()
}

async fn events(State(hub): State<Arc<Hub>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (state, changes) = hub.watch();
    let first = Some(Change::State { state });
    let stream = stream::unfold((hub, first, changes), |(hub, first, mut changes)| async move {
        let change = match first {
            Some(change) => change,
            None => next(&hub, &mut changes).await?,
        };
        // A change is plain data; if it cannot be written, the watcher goes without it.
        let event = Event::default().json_data(change).unwrap_or_default();
        Some((Ok(event), (hub, None, changes)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

/// The next change; the whole state again where some were missed; none when the sandbox stops.
async fn next(hub: &Hub, changes: &mut Receiver<Change>) -> Option<Change> {
    let received = tokio::select! {
        received = changes.recv() => received,
        () = hub.stop.cancelled() => return None,
    };
    match received {
        Ok(change) => Some(change),
        Err(RecvError::Lagged(_)) => {
            let (state, fresh) = hub.watch();
            *changes = fresh;
            Some(Change::State { state })
        }
        Err(RecvError::Closed) => None,
    }
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn calls(State(hub): State<Arc<Hub>>, Query(After { after }): Query<After>) -> Response {
    Json(client(hub).calls(after)).into_response()
}

#[derive(Deserialize)]
struct Say {
    chat: i64,
    user: i64,
    #[serde(default)]
    text: String,
    reply_to: Option<i64>,
    quote: Option<String>,
    thread: Option<i64>,
    /// The emoji of a sticker.
    sticker: Option<String>,
    /// Latitude and longitude, millionths of a degree.
    location: Option<(i32, i32)>,
}

async fn say(State(hub): State<Arc<Hub>>, Json(say): Json<Say>) -> Answer {
    let Say { chat, user, text, reply_to, quote, thread, sticker, location } = say;
    let sticker = sticker.map(|emoji| Media::Sticker { emoji });
    let place = |(latitude, longitude)| Media::Location { latitude, longitude };
    let media = sticker.or_else(|| location.map(place));
    let saying = Saying { text, reply_to, quote, media, thread, ..Saying::default() };
    let message = client(hub).send((chat, user), saying)?;
    Ok(Json(json!({ "message": message })))
}

/// A message that somebody in a chat does something with.
#[derive(Deserialize)]
struct Handled {
    chat: i64,
    user: i64,
    message: i64,
}

impl Handled {
    fn who(&self) -> (i64, i64) {
        (self.chat, self.user)
    }
}

async fn forward(State(hub): State<Arc<Hub>>, Json(handled): Json<Handled>) -> Answer {
    let message = client(hub).forward(handled.who(), handled.message)?;
    Ok(Json(json!({ "message": message })))
}

#[derive(Deserialize)]
struct Edit {
    chat: i64,
    user: i64,
    message: i64,
    text: String,
}

async fn edit(State(hub): State<Arc<Hub>>, Json(edit): Json<Edit>) -> Answer {
    client(hub).edit((edit.chat, edit.user), edit.message, &edit.text)?;
    Ok(done())
}

async fn delete(State(hub): State<Arc<Hub>>, Json(handled): Json<Handled>) -> Answer {
    client(hub).delete(handled.who(), handled.message)?;
    Ok(done())
}

async fn pin(State(hub): State<Arc<Hub>>, Json(handled): Json<Handled>) -> Answer {
    client(hub).pin(handled.who(), handled.message)?;
    Ok(done())
}

async fn unpin(State(hub): State<Arc<Hub>>, Json(handled): Json<Handled>) -> Answer {
    client(hub).unpin(handled.who(), handled.message)?;
    Ok(done())
}

#[derive(Deserialize)]
struct React {
    #[serde(flatten)]
    handled: Handled,
    emoji: Option<String>,
}

async fn react(State(hub): State<Arc<Hub>>, Json(React { handled, emoji }): Json<React>) -> Answer {
    client(hub).react(handled.who(), handled.message, emoji.as_deref())?;
    Ok(done())
}

#[derive(Deserialize)]
struct Press {
    chat: i64,
    user: i64,
    message: i64,
    #[serde(flatten)]
    which: Which,
}

async fn press(State(hub): State<Arc<Hub>>, Json(press): Json<Press>) -> Answer {
    let who = (press.chat, press.user);
    let answer = client(hub).press(who, press.message, press.which).await?;
    Ok(Json(json!({ "answer": answer })))
}

#[derive(Deserialize)]
struct Place {
    chat: i64,
}

async fn stop_draft(State(hub): State<Arc<Hub>>, Json(Place { chat }): Json<Place>) -> Answer {
    client(hub).stop_draft(chat)?;
    Ok(done())
}

async fn fault(State(hub): State<Arc<Hub>>, Json(fault): Json<Fault>) -> Json<Value> {
    Json(json!({ "fault": client(hub).fault(fault) }))
}

async fn clear_faults(State(hub): State<Arc<Hub>>) -> Json<Value> {
    client(hub).clear_faults();
    done()
}

async fn let_go(State(hub): State<Arc<Hub>>) -> Json<Value> {
    client(hub).let_go();
    done()
}

async fn expire(State(hub): State<Arc<Hub>>) -> Json<Value> {
    client(hub).expire();
    done()
}

async fn reset(State(hub): State<Arc<Hub>>) -> Json<Value> {
    client(hub).reset();
    done()
}
