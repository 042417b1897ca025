//! The Bot API over HTTP: `/bot<token>/<method>`.
//!
//! Around every method stand, in this order: the token, the arguments, faults, the pace, and the
//! call log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    args::Args,
    calls::Call,
    faults::{Stage, Trouble, UPLOAD},
    filing::LARGEST,
    hub::Hub,
    line::Cut,
    methods::{self, Method},
    pace::Pace,
    refusal::Refusal,
    room::unix_ms,
    updates::Ask,
};

/// Longest `timeout` of `getUpdates`, seconds.
const LONGEST_POLL: i64 = 50;
/// Most updates in one answer.
const MOST_UPDATES: i64 = 100;

/// Routes of the Bot API.
pub(super) fn routes() -> Router<Arc<Hub>> {
    Router::new().route("/bot{token}/{method}", get(call).post(call))
}

/// How the answer reaches the bot.
enum Delivery {
    Whole,
    Lost,
    /// Not before it is let go once more.
    Held(u64),
}

/// A call that has happened. It is logged when the value goes: also when the connection breaks
/// while its answer is held, and then as one whose answer nobody got.
struct Entry<'a> {
    hub: &'a Hub,
    call: Call,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.hub.with(|world| world.record(self.call.clone()));
    }
}

async fn call(
    State(hub): State<Arc<Hub>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    Path((token, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (started, at) = (Instant::now(), unix_ms());
    let kind =
        headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Some(body) = receive(&hub, kind, body).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let args = Args::read(&query.unwrap_or_default(), kind, &body);
    let (chat, logged) = match &args {
        Ok(args) => (args.peek("chat_id"), args.log()),
        Err(_) => (None, Value::Null),
    };
    let method = Method::find(&name);
    let name = method.map_or(name, |(_, known)| known.to_owned());
    let (result, delivery) = if token == hub.options.token {
        attempt(&hub, (method, &name, chat), args).await
    } else {
        (Err(Refusal::unauthorized()), Delivery::Whole)
    };
    let (status, response) = match result {
        Ok(result) => (200, json!({ "ok": true, "result": result })),
        Err(refusal) => (refusal.code, refusal.envelope()),
    };
    let answer = answer(status, &response);
    let took = started.elapsed().as_millis() as u64;
    let call = Call { id: 0, at, method: name, chat, body: logged, status: None, response, took };
    let mut entry = Entry { hub: &hub, call };
    match delivery {
        Delivery::Lost => cut.cut(),
        Delivery::Held(since) => hub.hold(since).await,
        Delivery::Whole => {}
    }
    if !matches!(delivery, Delivery::Lost) {
        entry.call.status = Some(status);
    }
    answer
}

/// The body of a call, slowly or held after its first megabyte if that was ordered; none if it
/// breaks off or is too large.
async fn receive(hub: &Hub, kind: &str, body: Body) -> Option<Bytes> {
    let is_file = kind.starts_with("multipart/");
    let trouble = is_file.then(|| hub.with(|world| world.strike(UPLOAD, None))).flatten();
    if !matches!(trouble, Some(Trouble::Delay { .. } | Trouble::Hold { .. })) {
        return to_bytes(body, LARGEST).await.ok();
    }
    let since = hub.with(|world| world.let_gos());
    let (mut whole, mut stream) = (Vec::new(), body.into_data_stream());
    while let Some(piece) = stream.next().await {
        let before = whole.len();
        whole.extend_from_slice(&piece.ok()?);
        if whole.len() > LARGEST {
            return None;
        }
        if whole.len() >> 20 == before >> 20 {
            continue;
        }
        match trouble {
            Some(Trouble::Delay { ms }) => sleep(Duration::from_millis(ms)).await,
            _ => hub.hold(since).await,
        }
    }
    Some(whole.into())
}

/// The call with all that may go wrong on purpose.
async fn attempt(
    hub: &Hub,
    (method, name, chat): (Option<(Method, &'static str)>, &str, Option<i64>),
    args: Result<Args, Refusal>,
) -> (Result<Value, Refusal>, Delivery) {
    let trouble = hub.with(|world| world.strike(name, chat));
    let refuse = |refusal| (Err(refusal), Delivery::Whole);
    match trouble {
        None => (perform(hub, method, chat, args).await, Delivery::Whole),
        Some(Trouble::Lose) => (perform(hub, method, chat, args).await, Delivery::Lost),
        Some(Trouble::Cut) => (Err(Refusal::scripted(0, "connection cut")), Delivery::Lost),
        Some(Trouble::RetryAfter { seconds }) => refuse(Refusal::too_many(seconds)),
        Some(Trouble::Moved { chat }) => refuse(Refusal::moved(chat)),
        Some(Trouble::Status { code }) => refuse(Refusal::server(code)),
        Some(Trouble::Refuse { code, description }) => {
            refuse(Refusal::scripted(code, &description))
        }
        Some(Trouble::Hold { at: Stage::Asked }) => {
            hub.hold(hub.with(|world| world.let_gos())).await;
            (perform(hub, method, chat, args).await, Delivery::Whole)
        }
        Some(Trouble::Hold { at: Stage::Done }) => {
            let since = hub.with(|world| world.let_gos());
            (perform(hub, method, chat, args).await, Delivery::Held(since))
        }
        Some(Trouble::Delay { ms }) => {
            tokio::select! {
                () = sleep(Duration::from_millis(ms)) => {}
                () = hub.stop.cancelled() => {}
            }
            (perform(hub, method, chat, args).await, Delivery::Whole)
        }
    }
}

/// The call itself.
async fn perform(
    hub: &Hub,
    method: Option<(Method, &'static str)>,
    chat: Option<i64>,
    args: Result<Args, Refusal>,
) -> Result<Value, Refusal> {
    let mut args = args?;
    let (method, _) = method
        .filter(|(method, _)| method.since() <= hub.options.api)
        .ok_or_else(Refusal::no_method)?;
    if method == Method::GetUpdates {
        return poll(hub, &mut args).await;
    }
    hub.with(|world| {
        if let (Pace::Strict, true, Some(chat)) = (hub.options.pace, method.paced(), chat) {
            let admitted = world.budgets.admit(chat, Instant::now());
            admitted.map_err(Refusal::too_many)?;
        }
        methods::run(world, method, &mut args)
    })
}

/// `getUpdates`
async fn poll(hub: &Hub, args: &mut Args) -> Result<Value, Refusal> {
    let mut ask = Ask {
        offset: args.number("offset")?.unwrap_or_default(),
        limit: args.number("limit")?.unwrap_or(MOST_UPDATES).clamp(1, MOST_UPDATES) as usize,
        timeout: Duration::from_secs(
            args.number("timeout")?.unwrap_or_default().clamp(0, LONGEST_POLL) as u64,
        ),
    };
    let allowed: Option<Vec<String>> = args.object("allowed_updates", "allowed_updates")?;
    args.finish()?;
    let now = Instant::now();
    let first = hub.with(|world| {
        if world.webhook.is_some() {
            return Err(Refusal::webhook());
        }
        if let Some(allowed) = allowed {
            world.updates.allow(allowed)?;
        }
        if hub.options.pace == Pace::Strict {
            ask = world.updates.slow(ask, now);
        }
        Ok(world.updates.fetch(ask, now))
    })?;
    if !first.is_empty() || ask.timeout.is_zero() {
        return Ok(json!(first));
    }
    let (poller, _guard) = hub.poller();
    let updates = hub.until(now + ask.timeout, |world| {
        if !world.updates.holds(poller) {
            return Some(Err(Refusal::conflict()));
        }
        let updates = world.updates.fetch(ask, Instant::now());
        (!updates.is_empty()).then_some(Ok(updates))
    });
    Ok(json!(updates.await.transpose()?.unwrap_or_default()))
}

fn answer(status: u16, response: &Value) -> Response {
    let status_code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry_after = response["parameters"]["retry_after"].as_u64();
    let mut answer =
        (status_code, [(header::CONTENT_TYPE, "application/json")], response.to_string())
            .into_response();
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}
