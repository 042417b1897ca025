//! A Telegram for these tests: a handful of methods, strict about what they are given, and able
//! to fail on demand. Each request is also read by a typed schema that is not ours.

use std::collections::{HashMap, VecDeque};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::schema;

pub(crate) const TOKEN: &str = "4242:AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao";
pub(crate) const BOT: u64 = 4242;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a call meets in place of its answer.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Its answer all the same.
    None,
    /// This body, with status 400; nothing is done.
    Answer(String),
    /// This status of a server that has troubles of its own; nothing is done.
    Broken(u16),
    /// No reply; nothing is done.
    LostRequest,
    /// No reply; it is done.
    LostReply,
}

impl Fault {
    /// A refusal in Telegram's words.
    pub(crate) fn refusal(description: &str) -> Self {
        Self::Answer(json!({"ok": false, "description": description}).to_string())
    }

    /// A refusal with `parameters`.
    pub(crate) fn parameters(parameters: &Value) -> Self {
        let body = json!({"ok": false, "description": "x", "parameters": parameters});
        Self::Answer(body.to_string())
    }
}

/// What the server remembers.
#[derive(Default)]
pub(crate) struct Room {
    /// Method in lower case and body of each call, in order of arrival.
    pub(crate) calls: Vec<(String, Value)>,
    /// What waits to be fetched.
    pub(crate) updates: Vec<Value>,
    messages: HashMap<(i64, i64), String>,
    faults: HashMap<String, VecDeque<Fault>>,
}

/// The server; it ends with the runtime of its test.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    room: Arc<Mutex<Room>>,
    changed: Arc<Notify>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Self { url, room: Arc::default(), changed: Arc::default() };
        let app = Router::new().fallback(handle).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Room) -> T) -> T {
        let result = change(&mut self.room.lock().expect("the room"));
        self.changed.notify_waiters();
        result
    }

    /// The next call of `method` meets `fault`.
    pub(crate) fn fail(&self, method: &str, fault: Fault) {
        self.change(|room| room.faults.entry(method.to_owned()).or_default().push_back(fault));
    }

    /// Waits until `fact` gives something.
    pub(crate) async fn wait<T>(&self, what: &str, fact: impl Fn(&Room) -> Option<T>) -> T {
        let seen = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = fact(&self.room.lock().expect("the room")) {
                    return found;
                }
                changed.await;
            }
        };
        timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("never: {what}"))
    }

    /// Bodies of all calls of `method` so far.
    pub(crate) fn bodies(&self, method: &str) -> Vec<Value> {
        self.change(|room| {
            let calls = room.calls.iter().filter(|(name, _)| name == method);
            calls.map(|(_, body)| body.clone()).collect()
        })
    }

    /// Texts of all messages that were tried to send or edit, in order.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.change(|room| {
            let texts = room.calls.iter().filter_map(|(_, body)| body["text"].as_str());
            texts.map(str::to_owned).collect()
        })
    }

    async fn updates(&self, body: &Value) -> Value {
        let fetch = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let waiting = {
                    let mut room = self.room.lock().expect("the room");
                    if let Some(offset) = body["offset"].as_i64() {
                        room.updates.retain(|update| update["update_id"].as_i64() >= Some(offset));
                    }
                    room.updates.clone()
                };
                if !waiting.is_empty() {
                    return Value::from(waiting);
                }
                changed.await;
            }
        };
        let hold = Duration::from_secs(body["timeout"].as_u64().unwrap_or(0));
        timeout(hold, fetch).await.unwrap_or_else(|_| json!([]))
    }
}

async fn handle(
    State(server): State<Server>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let method = uri.path().rsplit('/').next().unwrap_or_default().to_lowercase();
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_file = kind.starts_with("multipart/form-data");
    let body: Value = match &body[..] {
        [] => json!({}),
        raw if is_file => json!({"multipart": String::from_utf8_lossy(raw)}),
        raw => parse(raw),
    };
    if !uri.path().starts_with(&format!("/bot{TOKEN}/")) {
        return refuse("Unauthorized");
    }
    if !is_file {
        schema::check(&method, &body).unwrap_or_else(|error| panic!("{error}"));
    }
    let fault = server.change(|room| {
        room.calls.push((method.clone(), body.clone()));
        room.faults.get_mut(&method).and_then(VecDeque::pop_front)
    });
    match fault {
        Some(Fault::Answer(answer)) => return (StatusCode::BAD_REQUEST, answer),
        Some(Fault::Broken(status)) => {
            let status = StatusCode::from_u16(status).expect("a status");
            return (status, "<html>try again</html>".to_owned());
        }
        Some(Fault::LostRequest) => resume_unwind(Box::new("no reply")),
        _ => {}
    }
    let result = match method.as_str() {
        "getupdates" => Ok(server.updates(&body).await),
        _ => server.change(|room| act(room, &method, &body)),
    };
    if matches!(fault, Some(Fault::LostReply)) {
        resume_unwind(Box::new("no reply"));
    }
    match result {
        Ok(result) => (StatusCode::OK, json!({"ok": true, "result": result}).to_string()),
        Err(description) => refuse(description),
    }
}

fn refuse(description: &str) -> (StatusCode, String) {
    let body = json!({"ok": false, "description": description});
    (StatusCode::BAD_REQUEST, body.to_string())
}

fn act(room: &mut Room, method: &str, body: &Value) -> Result<Value, &'static str> {
    let key = |id: &Value| (body["chat_id"].as_i64().unwrap_or(0), id.as_i64().unwrap_or(0));
    let text = body["text"].as_str().unwrap_or_default().to_owned();
    match method {
        "getme" => {
            // As little as there can be, and something new.
            Ok(
                json!({"id": BOT, "is_bot": true, "first_name": "b", "username": "segue_bot", "has_topics_enabled": true,
                      "has_new_things": {"deep": 1}}),
            )
        }
        "sendmessage" if text.is_empty() => Err("Bad Request: message text is empty"),
        "sendmessage" if body["message_thread_id"] == 1 => {
            Err("Bad Request: message thread not found")
        }
        "sendmessage" => {
            let id = room.messages.len() as i64 + 1;
            room.messages.insert(key(&json!(id)), text);
            Ok(json!({"message_id": id, "something": "new"}))
        }
        "editmessagetext" => {
            let shown = room.messages.get_mut(&key(&body["message_id"]));
            let shown = shown.ok_or("Bad Request: message to edit not found")?;
            if *shown == text {
                return Err("Bad Request: message is not modified: specified new message …");
            }
            *shown = text;
            Ok(json!({"message_id": body["message_id"]}))
        }
        "deletemessage" => {
            let gone = room.messages.remove(&key(&body["message_id"]));
            gone.map(|_| json!(true)).ok_or("Bad Request: message to delete not found")
        }
        "getwebhookinfo" => {
            Ok(json!({"url": "https://example.org/hook", "pending_update_count": 3, "new": {}}))
        }
        "getchat" => Ok(json!({
            "id": body["chat_id"], "type": "supergroup", "title": "Garden", "is_forum": true,
            "pinned_message": {"message_id": 7, "from": {"id": 42}, "text": "beds"},
        })),
        "sendphoto" | "senddocument" | "sendvoice" => Ok(json!({"message_id": 50})),
        "createforumtopic" => Ok(json!({"message_thread_id": 77, "name": body["name"]})),
        "answercallbackquery"
        | "sendchataction"
        | "setmessagereaction"
        | "pinchatmessage"
        | "unpinchatmessage"
        | "editforumtopic"
        | "closeforumtopic"
        | "reopenforumtopic"
        | "deleteforumtopic"
        | "setmycommands"
        | "setmyname"
        | "setmydescription"
        | "setmyshortdescription"
        | "setmysettings"
        | "deletewebhook" => Ok(json!(true)),
        _ => Err("Not Found"),
    }
}

fn parse(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("JSON")
}
