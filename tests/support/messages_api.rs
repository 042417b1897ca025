//! A Messages API on loopback that plays a [`Script`] to the real CLI.
//!
//! It turns each request's conversation into the script's next reply, as server-sent events or as
//! an API error, and keeps every request for the test to look at. It runs in a thread of its own,
//! so that blocking and async tests use it alike. It knows nothing of sessions: whatever context
//! a reply proves came with the request.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use futures_util::stream;
use segue::sandbox::claude::script::{Conversation, Pace, Reply, Script, Step};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
};
use uuid::Uuid;

use crate::support::conversation;

/// How often it is looked for a file that is waited for.
const LOOK: Duration = Duration::from_millis(5);

/// A running server; it ends with the value.
pub(crate) struct MessagesApi {
    /// What `ANTHROPIC_BASE_URL` is set to.
    pub(crate) url: String,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<Infallible>,
}

struct Shared {
    script: Mutex<Script>,
    requests: Mutex<Vec<Value>>,
    /// How many hanging replies may go on.
    released: watch::Sender<usize>,
}

impl MessagesApi {
    /// Starts a server on a free port of loopback.
    pub(crate) fn start(script: Script) -> Self {
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            requests: Mutex::default(),
            released: watch::Sender::new(0),
        });
        let router = Router::new()
            .route("/v1/messages", post(messages))
            .route("/v1/messages/count_tokens", post(count))
            .fallback(any(other))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let (bound, port) = std::sync::mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        thread::spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                bound.send(listener.local_addr().unwrap().port()).unwrap();
                tokio::select! {
                    served = axum::serve(listener, router) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        let port = port.recv_timeout(Duration::from_secs(5)).unwrap();
        Self { url: format!("http://127.0.0.1:{port}"), shared, _stop: stop }
    }

    /// Plays another script from the next request on.
    pub(crate) fn play(&self, script: Script) {
        *self.shared.script.lock().unwrap() = script;
    }

    /// Every request for a message so far, as it was sent, helper calls included.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The person's prompts in the newest request that belongs to a conversation, oldest first.
    pub(crate) fn prompts_seen(&self) -> Vec<String> {
        let requests = self.requests();
        let newest = requests.iter().rev().find(|request| !is_helper(request));
        newest.map_or_else(Vec::new, |request| conversation::read(request).prompts)
    }

    /// What each request of a conversation was about, oldest first, and whose it was.
    pub(crate) fn conversations(&self) -> Vec<(String, Conversation)> {
        let is_one = |request: &Value| {
            let names = request["output_config"]["format"].is_object();
            !is_helper(request) && !names && !conversation::wants_summary(request)
        };
        let whose = |request: &Value| request["metadata"]["user_id"].to_string();
        let requests = self.requests().into_iter().filter(is_one);
        requests.map(|request| (whose(&request), conversation::read(&request))).collect()
    }

    /// Lets one hanging reply go on: the first that waits, or else the next.
    pub(crate) fn release(&self) {
        self.shared.released.send_modify(|count| *count += 1);
    }
}

/// Titles and the like are asked for without tools and without a stream.
fn is_helper(request: &Value) -> bool {
    let tools = request["tools"].as_array().map_or(0, Vec::len);
    tools == 0 && request["stream"] != json!(true)
}

async fn messages(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let Ok(request) = serde_json::from_str::<Value>(&body) else {
        return error(StatusCode::BAD_REQUEST, "invalid_request_error", "not JSON");
    };
    shared.requests.lock().unwrap().push(request.clone());
    let model = request["model"].as_str().unwrap_or_default().to_owned();
    if is_helper(&request) {
        return axum::Json(title(&request, &model)).into_response();
    }
    let talk = conversation::read(&request);
    let reply = if request["output_config"]["format"].is_object() {
        Reply {
            pace: shared.script.lock().unwrap().pace,
            steps: vec![Step::Text(title_text(&request))],
        }
    } else if conversation::wants_summary(&request) {
        let prompts = talk.prompts.len();
        Reply {
            pace: shared.script.lock().unwrap().pace,
            steps: vec![Step::Text(format!(
                "<summary>The conversation had {prompts} prompts.</summary>"
            ))],
        }
    } else {
        shared.script.lock().unwrap().reply(&talk)
    };
    perform(shared, reply, model).await
}

async fn count() -> Response {
    axum::Json(json!({"input_tokens": 1_000})).into_response()
}

/// `HEAD /` and what else the CLI looks for: nothing is there, but somebody is at home.
async fn other(headers: HeaderMap) -> Response {
    drop(headers);
    StatusCode::OK.into_response()
}

/// A title from the first words of what is to be named, in the form of the CLI's own schema.
fn title(request: &Value, model: &str) -> Value {
    let text = title_text(request);
    json!({
        "id": message_id(), "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 10, "output_tokens": 5},
    })
}

fn title_text(request: &Value) -> String {
    let text = conversation::read(request).prompts.pop().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().take(5).collect();
    json!({"title": words.join(" ")}).to_string()
}

fn message_id() -> String {
    format!("msg_{}", Uuid::new_v4().simple())
}

fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({"type": "error", "error": {"type": kind, "message": message}});
    (status, axum::Json(body)).into_response()
}

/// How the API tells the programs of subscribers that they have used up what is theirs.
fn limited(seconds: u64) -> [(String, String); 7] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    [
        ("status", "rejected".to_owned()),
        ("reset", (now + seconds).to_string()),
        ("representative-claim", "five_hour".to_owned()),
        ("5h-status", "rejected".to_owned()),
        ("5h-reset", (now + seconds).to_string()),
        ("5h-utilization", "1.0".to_owned()),
        ("overage-status", "rejected".to_owned()),
    ]
    .map(|(name, value)| (format!("anthropic-ratelimit-unified-{name}"), value))
}

/// Answers with the reply: an error status if it fails before its first block, else a stream.
async fn perform(shared: Arc<Shared>, reply: Reply, model: String) -> Response {
    let mut steps = reply.steps.into_iter().peekable();
    while let Some(Step::Pause(silence)) = steps.next_if(|step| matches!(step, Step::Pause(_))) {
        tokio::time::sleep(Duration::from_millis(silence)).await;
    }
    match steps.peek() {
        Some(Step::Error(failure)) => {
            let status = StatusCode::from_u16(failure.status).unwrap();
            let refused = error(status, &failure.kind, &failure.message);
            return match failure.resets_in {
                Some(seconds) => (limited(seconds), refused).into_response(),
                None => refused,
            };
        }
        Some(Step::LoggedOut) => {
            let status = StatusCode::UNAUTHORIZED;
            return error(status, "authentication_error", "invalid x-api-key");
        }
        _ => {}
    }
    let (events, received) = mpsc::channel(16);
    let reply = Reply { pace: reply.pace, steps: steps.collect() };
    tokio::spawn(async move {
        let mut stream = Stream { events, index: 0, open: None, tools: 0 };
        // A closed connection ends the reply: the CLI was interrupted.
        let _ = stream.play(&shared, reply, &model).await;
    });
    let body = stream::unfold(received, |mut received| async move {
        let event = received.recv().await?;
        Some((Ok::<String, Infallible>(event), received))
    });
    let head = [(header::CONTENT_TYPE, "text/event-stream")];
    (head, Body::from_stream(body)).into_response()
}

/// The stream of one message.
struct Stream {
    events: mpsc::Sender<String>,
    index: usize,
    /// Kind of the block that is not closed yet. A silence leaves it open.
    open: Option<&'static str>,
    tools: usize,
}

/// The stream ends here: the CLI hung up, or the script says so.
struct Broken;

impl Stream {
    async fn play(&mut self, shared: &Shared, reply: Reply, model: &str) -> Result<(), Broken> {
        let usage = json!({
            "input_tokens": 100, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0, "output_tokens": 1,
        });
        self.send(json!({"type": "message_start", "message": {
            "id": message_id(), "type": "message", "role": "assistant", "model": model,
            "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage,
        }}))
        .await?;
        for step in reply.steps {
            self.step(shared, step, reply.pace).await?;
        }
        self.close().await?;
        let reason = if self.tools > 0 { "tool_use" } else { "end_turn" };
        self.send(json!({
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": null},
            "usage": {"output_tokens": 20},
        }))
        .await?;
        self.send(json!({"type": "message_stop"})).await
    }

    async fn step(&mut self, shared: &Shared, step: Step, pace: Pace) -> Result<(), Broken> {
        match step {
            Step::Text(text) => {
                self.open("text", json!({"type": "text", "text": ""})).await?;
                for piece in pace.pieces(&text) {
                    self.delta(json!({"type": "text_delta", "text": piece})).await?;
                    tokio::time::sleep(pace.pause()).await;
                }
            }
            Step::Thinking(text) => {
                let block = json!({"type": "thinking", "thinking": "", "signature": ""});
                self.open("thinking", block).await?;
                for piece in pace.pieces(&text) {
                    self.delta(json!({"type": "thinking_delta", "thinking": piece})).await?;
                    tokio::time::sleep(pace.pause()).await;
                }
                let signature = json!({"type": "signature_delta", "signature": "c2lnbmVk"});
                self.delta(signature).await?;
            }
            Step::Tool(tool) => {
                self.tools += 1;
                let id = format!("toolu_{}", Uuid::new_v4().simple());
                self.close().await?;
                let block = json!({"type": "tool_use", "id": id, "name": tool.name, "input": {}});
                self.open("tool_use", block).await?;
                let input = tool.input.to_string();
                let delta = json!({"type": "input_json_delta", "partial_json": input});
                self.delta(delta).await?;
            }
            Step::Pause(silence) => tokio::time::sleep(Duration::from_millis(silence)).await,
            Step::Until(file) => {
                while !file.exists() {
                    tokio::time::sleep(LOOK).await;
                }
            }
            Step::Hang => self.hang(shared).await?,
            Step::Error(failure) => {
                let error = json!({"type": failure.kind, "message": failure.message});
                self.send(json!({"type": "error", "error": error})).await?;
                return Err(Broken);
            }
            Step::LoggedOut | Step::Crash(_) => return Err(Broken),
        }
        Ok(())
    }

    /// Waits for a release, or for the CLI to hang up.
    async fn hang(&self, shared: &Shared) -> Result<(), Broken> {
        let mut released = shared.released.subscribe();
        loop {
            let taken = shared.released.send_if_modified(|count| {
                let free = *count > 0;
                *count -= usize::from(free);
                free
            });
            if taken {
                return Ok(());
            }
            released.mark_unchanged();
            tokio::select! {
                changed = released.changed() => changed.map_err(|_| Broken)?,
                () = self.events.closed() => return Err(Broken),
            }
        }
    }

    /// Begins a block, unless the open one is of the same kind and goes on.
    async fn open(&mut self, kind: &'static str, block: Value) -> Result<(), Broken> {
        if self.open == Some(kind) {
            return Ok(());
        }
        self.close().await?;
        self.open = Some(kind);
        let index = self.index;
        self.send(json!({"type": "content_block_start", "index": index, "content_block": block}))
            .await
    }

    async fn delta(&mut self, delta: Value) -> Result<(), Broken> {
        let index = self.index;
        self.send(json!({"type": "content_block_delta", "index": index, "delta": delta})).await
    }

    /// Ends the open block, if there is one.
    async fn close(&mut self) -> Result<(), Broken> {
        if self.open.take().is_none() {
            return Ok(());
        }
        let index = self.index;
        self.index += 1;
        self.send(json!({"type": "content_block_stop", "index": index})).await
    }

    async fn send(&mut self, event: Value) -> Result<(), Broken> {
        let kind = event["type"].as_str().unwrap_or_default();
        let text = format!("event: {kind}\ndata: {event}\n\n");
        self.events.send(text).await.map_err(|_| Broken)
    }
}
