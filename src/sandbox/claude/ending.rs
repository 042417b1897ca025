//! How a turn ends: its result, and what stands in the conversation afterwards.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    run::{Run, Stop},
    script::ApiError,
    stock,
    turn::Turn,
    wire::{now, now_ms},
};

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
    /// What the CLI knows of a usage limit.
    pub(super) limit: Option<Value>,
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Interrupted => Self::Interrupted(During::Message),
            Stop::End(code) => Self::End(code),
        }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        let class = match error.status {
            401 | 403 => "authentication_failed",
            429 => "rate_limit",
            500.. => "server_error",
            _ => "unknown",
        };
        let hint = match error.status {
            500.. => ". This is a server-side issue, usually temporary — try again in a moment.",
            _ => "",
        };
        Self {
            text: format!("API Error: {} {}{hint}", error.status, error.message),
            class,
            error: Some(error),
            limit: None,
        }
    }
}

impl Run {
    /// Tells how the turn ended, and notes where the conversation stands.
    pub(super) fn close(&mut self, turn: &mut Turn, outcome: Result<(), Failure>) {
        let mut result = self.result(turn);
        result["begun_message_ids"] = json!(turn.begun);
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
            "subagent_stats": self.subagents(), "safety_stops": 0,
            "queued_turn_count": 0, "result_index": self.results,
        });
        turn.sign(&mut result);
        result
    }

    /// What is told of sub-agents in the background.
    fn subagents(&self) -> Value {
        let mut stats = stock::subagents();
        let sent = self.agents.kinds.len();
        for field in ["spawned", "started_in_background"] {
            stats[field] = sent.into();
        }
        stats["requested"]["background"] = sent.into();
        stats["completed"] = self.agents.completed.into();
        stats["max_depth"] = usize::from(sent > 0).into();
        for kind in &self.agents.kinds {
            let count = stats["by_type"][kind].as_u64().unwrap_or_default();
            stats["by_type"][kind] = (count + 1).into();
        }
        stats
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
        if let Some(limit) = &refused.limit {
            for told in [&mut event, &mut record, result] {
                told["api_error"] = "usage_limit_reached".into();
            }
            event["api_error_params"] = json!({"rate_limit_info": limit});
            record["apiErrorParams"] = json!({"rate_limit_info": limit});
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

    /// Tells that a usage limit is reached, and what the request fails with.
    pub(super) fn limit(&self, seconds: u64, error: ApiError) -> Refused {
        let at = now_ms() / 1_000 + seconds;
        let limit = json!({
            "status": "rejected", "resetsAt": at, "rateLimitType": "five_hour",
            "overageStatus": "rejected", "isUsingOverage": false,
        });
        let mut told = limit.clone();
        told["unifiedWindows"] =
            json!({"five_hour": {"utilization": 1, "resetsAt": at, "status": "rejected"}});
        self.wire.tell(json!({"type": "rate_limit_event", "rate_limit_info": told}));
        Refused {
            text: "You've hit your 5-hour limit · resets soon".to_owned(),
            class: "rate_limit",
            error: Some(error),
            limit: Some(limit),
        }
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
