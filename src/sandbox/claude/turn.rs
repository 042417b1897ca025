//! A turn: from the prompts that open it to the result that closes it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    input::Prompt,
    ledger::Tokens,
    run::{Queued, Record, Run, Stop, Work},
    script::ApiError,
    stock,
    tool::Task,
    wire::{now, now_ms, replay},
};

/// What begins a turn.
pub(super) enum Opening {
    /// Prompts that came while nothing was running, or during the last turn: they become one.
    Prompts(Vec<Queued>),
    /// The command that summarises the conversation.
    Compact(Queued),
    /// A background task that has ended.
    Task(Task),
}

/// A turn that is running.
pub(super) struct Turn {
    /// The senders' ids of the prompts that it answers.
    pub(super) uuids: Vec<Uuid>,
    /// How many of them opened it; the others were taken in on the way.
    opened_by: usize,
    /// The prompt as it will be told back, until that was done.
    echo: Option<Value>,
    /// Whether something of Claude's was told.
    pub(super) has_spoken: bool,
    /// Why it began, if not by a prompt.
    origin: Option<Value>,
    pub(super) denials: Vec<Value>,
    pub(super) messages: u64,
    pub(super) tokens: Tokens,
    /// Tokens of its first request.
    first: Option<Tokens>,
    /// The text of its last message.
    pub(super) said: String,
    pub(super) prompt_id: Uuid,
    began: Instant,
}

/// Why a turn ends without an answer.
pub(super) enum Failure {
    /// The other side interrupted a message or a tool.
    Interrupted(During),
    /// The Messages API refused.
    Api(Refused),
    /// The process ends.
    End(u8),
}

/// What an interrupt broke off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum During {
    Message,
    Tool,
}

/// A refusal of the Messages API, or of the CLI before it asked.
pub(super) struct Refused {
    pub(super) text: String,
    /// The CLI's class of it.
    pub(super) class: &'static str,
    pub(super) error: Option<ApiError>,
}

impl Turn {
    pub(super) fn new(uuids: Vec<Uuid>) -> Self {
        Self {
            opened_by: uuids.len(),
            uuids,
            echo: None,
            has_spoken: false,
            origin: None,
            denials: Vec::new(),
            messages: 0,
            tokens: Tokens::default(),
            first: None,
            said: String::new(),
            prompt_id: Uuid::new_v4(),
            began: Instant::now(),
        }
    }

    /// Adds the ids of the prompts to an event.
    pub(super) fn sign(&self, event: &mut Value) {
        if let Some(last) = self.uuids[..self.opened_by].last() {
            event["user_message_uuid"] = json!(last);
            event["user_message_uuids"] = json!(self.uuids);
        }
    }

    /// Counts a request.
    pub(super) fn count(&mut self, tokens: Tokens) {
        self.messages += 1;
        self.first.get_or_insert(tokens);
        self.tokens.add(tokens);
    }
}

impl Run {
    /// Plays one turn to its result.
    pub(super) async fn turn(&mut self, opening: Opening) -> Result<(), Stop> {
        self.work = Work::Turn;
        self.entry.set("busy", None);
        let mut turn = match opening {
            Opening::Compact(queued) => {
                self.compact(&queued);
                self.rest_from_turn();
                return Ok(());
            }
            Opening::Prompts(prompts) => self.begin(prompts),
            Opening::Task(task) => self.begin_after(&task),
        };
        self.wire.tell(stock::init(self, &turn.uuids));
        let outcome = self.converse(&mut turn).await;
        self.tell_back(&mut turn);
        let state = match &outcome {
            Ok(()) => "completed",
            Err(Failure::End(code)) => return Err(Stop::End(*code)),
            Err(_) => "cancelled",
        };
        for uuid in &turn.uuids[turn.opened_by..] {
            self.wire.tell_lifecycle(Some(*uuid), state);
        }
        self.close(&mut turn, outcome);
        for uuid in &turn.uuids[..turn.opened_by] {
            self.wire.tell_lifecycle(Some(*uuid), state);
        }
        self.rest_from_turn();
        Ok(())
    }

    fn rest_from_turn(&mut self) {
        self.work = Work::Idle;
        self.entry.set("idle", None);
    }

    /// Opens a turn with prompts: several become one, under the last one's id.
    fn begin(&mut self, prompts: Vec<Queued>) -> Turn {
        let uuids: Vec<Uuid> = prompts.iter().filter_map(|queued| queued.prompt.uuid).collect();
        let mut turn = Turn::new(uuids);
        for _ in &prompts {
            self.transcript.queue("dequeue", json!({}));
        }
        let last = prompts.len().saturating_sub(1);
        for queued in &prompts[..last] {
            let uuid = queued.prompt.uuid.unwrap_or_else(Uuid::new_v4);
            self.wire.tell_replay(replay(uuid, &queued.prompt.content));
        }
        for uuid in &turn.uuids {
            self.wire.tell_lifecycle(Some(*uuid), "started");
        }
        let content = merged(&prompts);
        let uuid = prompts[last].prompt.uuid.unwrap_or_else(Uuid::new_v4);
        let mut echo = replay(uuid, &content);
        echo["timestamp"] = prompts[last].at.as_str().into();
        turn.echo = Some(echo);
        let prompt = Prompt { uuid: None, content };
        let text = prompt.text();
        if prompts[last].record == Record::There {
            self.talk.before = self.talk.prompts.len().saturating_sub(1);
        } else {
            self.record_prompt(&turn, uuid, &prompt.content);
            self.talk.before = self.talk.prompts.len();
            self.talk.prompts.push(text);
        }
        self.talk.replies = 0;
        self.talk.results.clear();
        turn
    }

    fn record_prompt(&mut self, turn: &Turn, uuid: Uuid, content: &Value) {
        let mut record = json!({
            "type": "user", "message": {"role": "user", "content": content},
            "promptId": turn.prompt_id, "permissionMode": self.mode,
            "promptSource": "sdk", "turnOrigin": "sdk",
        });
        if let [merged @ .., _] = turn.uuids.as_slice()
            && !merged.is_empty()
        {
            record["mergedSendUuids"] = json!(merged);
        }
        self.transcript.follow(uuid, record);
    }

    /// Opens a turn that nobody asked for.
    fn begin_after(&mut self, task: &Task) -> Turn {
        for event in task.ending(&self.wire, &self.directory) {
            self.wire.tell(event);
        }
        let mut turn = Turn::new(Vec::new());
        turn.origin = Some(json!({
            "kind": "task-notification", "producer": "session-task", "runId": task.run_id,
        }));
        turn
    }

    /// Requests and tools in turn, until a message uses none.
    async fn converse(&mut self, turn: &mut Turn) -> Result<(), Failure> {
        loop {
            let mut status = json!({
                "type": "system", "subtype": "status", "status": "requesting",
            });
            if !turn.uuids.is_empty() {
                status["user_message_uuids"] = json!(turn.uuids);
            }
            self.wire.tell(status);
            let reply = self.script.reply(&self.talk);
            let uses = self.message(turn, reply).await?;
            self.talk.replies += 1;
            if uses.is_empty() {
                return Ok(());
            }
            for usage in uses {
                self.use_tool(turn, usage).await?;
            }
            self.fold(turn);
        }
    }

    /// Tells the prompt back, once: just before the first thing that Claude says.
    pub(super) fn tell_back(&mut self, turn: &mut Turn) {
        if let Some(echo) = turn.echo.take() {
            self.wire.tell_replay(echo);
        }
    }

    /// Takes the prompts that came on the way into the turn.
    fn fold(&mut self, turn: &mut Turn) {
        for queued in std::mem::take(&mut self.queue) {
            let content = &queued.prompt.content;
            let uuid = queued.prompt.uuid.unwrap_or_else(Uuid::new_v4);
            let delivery = Uuid::new_v4();
            self.transcript.queue(
                "remove",
                json!({
                    "content": content, "reason": "absorbed_mid_turn", "commandUuid": uuid,
                    "deliveryId": delivery,
                }),
            );
            let attachment = json!({
                "type": "queued_command", "prompt": content, "source_uuid": uuid,
                "delivery_id": delivery, "commandMode": "prompt", "timestamp": queued.at,
            });
            self.transcript
                .follow(Uuid::new_v4(), json!({"type": "attachment", "attachment": attachment}));
            let mut echo = replay(uuid, content);
            echo["timestamp"] = queued.at.as_str().into();
            self.wire.tell_replay(echo);
            self.wire.tell_lifecycle(queued.prompt.uuid, "started");
            turn.uuids.extend(queued.prompt.uuid);
            self.talk.prompts.push(queued.prompt.text());
        }
    }

    /// Tells how the turn ended, and notes where the conversation stands.
    fn close(&mut self, turn: &mut Turn, outcome: Result<(), Failure>) {
        let mut result = self.result(turn);
        match outcome {
            Ok(()) => self.answered(turn, &mut result),
            Err(Failure::Api(refused)) => self.refused(turn, &mut result, &refused),
            Err(Failure::Interrupted(during)) => self.interrupted(turn, &mut result, during),
            Err(Failure::End(_)) => return,
        }
        let prompt = self.talk.prompts.get(self.talk.before).cloned().unwrap_or_default();
        self.transcript.mark(&prompt);
        self.tell_result(result);
        self.results += 1;
    }

    /// The fields that every result has.
    pub(super) fn result(&mut self, turn: &Turn) -> Value {
        let (total, since) = self.ledger.close();
        let took = turn.began.elapsed().as_millis() as u64;
        let mut result = json!({
            "type": "result", "duration_ms": took, "duration_api_ms": took,
            "total_cost_usd": self.ledger.cost(), "usage": turn.tokens.usage(),
            "modelUsage": total, "model_usage_since_last_result": since,
            "permission_denials": turn.denials, "num_turns": turn.messages.max(1),
            "fast_mode_state": "off", "fast_mode_disabled_reason": "sdk_opt_in_required",
            "subagent_stats": stock::subagents(), "safety_stops": 0,
            "queued_turn_count": 0, "result_index": self.results,
        });
        turn.sign(&mut result);
        result
    }

    fn answered(&mut self, turn: &Turn, result: &mut Value) {
        result["subtype"] = "success".into();
        result["is_error"] = false.into();
        result["stop_reason"] = "end_turn".into();
        result["terminal_reason"] = "completed".into();
        result["api_error_status"] = Value::Null;
        result["result"] = turn.said.as_str().into();
        for field in ["ttft_ms", "ttft_stream_ms", "time_to_request_ms", "first_content_frame_ms"] {
            result[field] = 1.into();
        }
        if let Some(origin) = &turn.origin {
            result["origin"] = origin.clone();
        }
        if !turn.uuids.is_empty() {
            result["request_sent_wall_ms"] = now_ms().into();
            let first = turn.first.unwrap_or_default().input;
            result["first_request_input_tokens"] = first.into();
            result["first_request_cache_read_input_tokens"] = 0.into();
        }
        self.last = Ok(turn.said.clone());
    }

    fn refused(&mut self, turn: &Turn, result: &mut Value, refused: &Refused) {
        let status = refused.error.as_ref().map(|error| error.status);
        let kind = refused.error.as_ref().map(|error| error.kind.as_str());
        let uuid = Uuid::new_v4();
        let message = synthetic(&refused.text);
        let mut event = json!({
            "type": "assistant", "message": message, "parent_tool_use_id": null, "uuid": uuid,
            "timestamp": now(), "error": refused.class, "is_api_error_message": true,
        });
        let mut record = json!({
            "type": "assistant", "message": message, "error": refused.class,
            "isApiErrorMessage": true,
        });
        if let (Some(status), Some(kind)) = (status, kind) {
            event["api_error_status"] = status.into();
            event["api_error_type"] = kind.into();
            record["apiErrorStatus"] = status.into();
            record["apiErrorType"] = kind.into();
            result["api_error_type"] = kind.into();
        }
        if !turn.has_spoken {
            turn.sign(&mut event);
        }
        self.wire.tell(event);
        self.transcript.follow(uuid, record);
        result["subtype"] = "success".into();
        result["is_error"] = true.into();
        result["stop_reason"] = "stop_sequence".into();
        result["terminal_reason"] = "api_error".into();
        result["api_error_status"] = json!(status);
        result["result"] = refused.text.as_str().into();
        self.last = Err(refused.text.clone());
    }

    fn interrupted(&mut self, turn: &Turn, result: &mut Value, during: During) {
        let (reason, stop) = match during {
            During::Message => ("aborted_streaming", Value::Null),
            During::Tool => ("aborted_tools", "tool_use".into()),
        };
        let diagnostic = format!(
            "[ede_diagnostic] result_type=user last_content_type=n/a stop_reason={}",
            stop.as_str().unwrap_or("null")
        );
        result["subtype"] = "error_during_execution".into();
        result["is_error"] = true.into();
        result["num_turns"] = (turn.messages + 1).into();
        result["stop_reason"] = stop;
        result["terminal_reason"] = reason.into();
        result["errors"] = json!([diagnostic]);
        self.last = Err(String::new());
    }

    /// Tells and records that the person broke something off.
    pub(super) fn note_interrupt(&mut self, turn: &Turn, text: &str) {
        let uuid = Uuid::new_v4();
        let message = json!({"role": "user", "content": [{"type": "text", "text": text}]});
        self.wire.tell(json!({
            "type": "user", "message": message, "parent_tool_use_id": null, "uuid": uuid,
            "timestamp": now(),
        }));
        let record = json!({"type": "user", "message": message, "promptId": turn.prompt_id});
        self.transcript.follow(uuid, record);
    }

    /// Pretends that the request is tried again, where the CLI does so.
    pub(super) async fn retry(&mut self, error: &ApiError) -> Result<(), Stop> {
        let again = matches!(error.status, 401 | 408 | 409 | 429 | 500..);
        let most = if again { retries() } else { 0 };
        for attempt in 1..=most {
            let delay = 500 << (attempt - 1).min(3);
            self.wire.tell(json!({
                "type": "system", "subtype": "api_retry", "attempt": attempt,
                "max_retries": most, "retry_delay_ms": delay, "error_status": error.status,
                "error": error.kind.trim_end_matches("_error"),
            }));
            self.rest(Duration::from_millis(delay)).await?;
        }
        Ok(())
    }
}

/// How often a failed request is tried again. The real one's ten attempts take three minutes,
/// which is too long for a demo.
fn retries() -> u64 {
    let wish = std::env::var("CLAUDE_CODE_MAX_RETRIES").ok();
    wish.and_then(|number| number.parse().ok()).unwrap_or(2)
}

/// Several prompts as one: their words on lines of their own.
fn merged(prompts: &[Queued]) -> Value {
    match prompts {
        [only] => only.prompt.content.clone(),
        several => {
            let texts = several.iter().map(|queued| queued.prompt.text());
            texts.collect::<Vec<_>>().join("\n").into()
        }
    }
}

/// A message that the CLI itself writes in Claude's place.
fn synthetic(text: &str) -> Value {
    json!({
        "diagnostics": null, "id": Uuid::new_v4(), "container": null, "model": "<synthetic>",
        "role": "assistant", "stop_details": null, "stop_reason": "stop_sequence",
        "stop_sequence": "", "type": "message", "context_management": null,
        "usage": {
            "output_tokens_details": null, "input_tokens": 0, "output_tokens": 0,
            "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
            "service_tier": null, "inference_geo": null, "iterations": null, "speed": null,
            "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
            "fallback_credit": null,
        },
        "content": [{"type": "text", "text": text}],
    })
}
