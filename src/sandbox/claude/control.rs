//! Control requests of the other side, and their answers.

use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    args::MODES,
    run::{Run, Stop, Work, model},
    script::Step,
    stock,
};

/// Why a request is refused: the sentence and its code, where it has one.
type Refused = (String, Option<&'static str>);

impl Run {
    /// Does what a control request asks for. An interrupt of a turn is passed on as a stop.
    pub(super) fn obey(&mut self, id: &str, body: &Value) -> Result<(), Stop> {
        let subtype = body["subtype"].as_str().unwrap_or_default();
        if subtype == "interrupt" {
            return self.interrupt(id);
        }
        if subtype == "side_question" {
            self.wire.tell(json!({
                "type": "system", "subtype": "control_request_progress", "request_id": id,
                "status": "started",
            }));
        }
        let answer = self.answer(subtype, body);
        let mut response = response(id, answer);
        if subtype == "initialize" {
            response["pending_permission_requests"] = json!([]);
            response["pending_user_dialog_requests"] = json!([]);
        }
        self.reply(&response);
        match subtype {
            "set_permission_mode" if body["mode"] == self.mode.as_str() => self.tell_mode(),
            "end_session" => return Err(Stop::End(0)),
            _ => {}
        }
        Ok(())
    }

    fn interrupt(&mut self, id: &str) -> Result<(), Stop> {
        if let Some(open) = self.asking.take() {
            let cancel = json!({"type": "control_cancel_request", "request_id": open});
            self.wire.tell_bare(&cancel);
        }
        let waiting: Vec<_> = self.queue.iter().filter_map(|queued| queued.prompt.uuid).collect();
        self.reply(&response(id, Ok(json!({"still_queued": waiting}))));
        match self.work {
            Work::Turn => Err(Stop::Interrupted),
            Work::Idle => Ok(()),
        }
    }

    fn answer(&mut self, subtype: &str, body: &Value) -> Result<Value, Refused> {
        match subtype {
            "initialize" => Ok(stock::initialize(&self.files, &self.mode)),
            "set_permission_mode" => self.set_mode(body["mode"].as_str().unwrap_or_default()),
            "set_model" => {
                self.model = model(body["model"].as_str());
                Ok(json!({"model": self.model}))
            }
            "get_context_usage" => {
                let said = self.talk.prompts.concat().len() as u64;
                Ok(stock::context(&self.model, 100 + said / 4))
            }
            "get_usage" => Ok(self.usage()),
            "get_settings" => Ok(stock::settings(&self.model)),
            "mcp_status" => Ok(json!({"mcpServers": []})),
            "list_permission_rules" => Ok(json!({"state": {
                "rules": [], "workspaceDirectories": [], "originalCwd": self.directory,
                "managedOnly": false,
            }})),
            "rewind_files" => self.checkpoints.rewind(body).map_err(|line| (line, None)),
            "get_session_cost" => Ok(json!({
                "text": format!("Estimated cost:        ${:.4}", self.ledger.cost()),
            })),
            "rename_session" => {
                let title = body["title"].as_str().unwrap_or_default();
                let record = json!({"type": "custom-title", "customTitle": title});
                self.transcript.note(record);
                self.wire.tell(json!({
                    "type": "system", "subtype": "session_title_changed", "title": title,
                }));
                Ok(Value::Null)
            }
            "generate_session_title" => {
                let words = body["description"].as_str().unwrap_or_default();
                let words: Vec<&str> = words.split_whitespace().take(5).collect();
                Ok(json!({"title": words.join(" ")}))
            }
            // A scripted Claude thinks as hard as it can.
            "apply_flag_settings" => Ok(Value::Null),
            "side_question" => Ok(json!({"response": self.aside(body), "synthetic": false})),
            "cancel_async_message" => {
                let wanted = body["message_uuid"].as_str().and_then(|uuid| uuid.parse().ok());
                let before = self.queue.len();
                self.queue.retain(|queued| wanted.is_none() || queued.prompt.uuid != wanted);
                let cancelled = self.queue.len() < before;
                if cancelled {
                    // It may be sent again.
                    self.seen.retain(|uuid, _| Some(*uuid) != wanted);
                    self.wire.tell_lifecycle(wanted, "cancelled");
                }
                Ok(json!({"cancelled": cancelled, "message_uuid": body["message_uuid"]}))
            }
            // Tasks are listed by events, and one that is not there is stopped.
            "background_tasks" | "stop_task" | "end_session" => Ok(json!({})),
            other => Err((
                format!("Unsupported control request subtype: {other}"),
                Some("unsupported_request"),
            )),
        }
    }

    /// What was used since the process began, and of the plan, if the script has one.
    fn usage(&self) -> Value {
        let windows = self.script.limits.iter().map(|(name, window)| {
            let resets = Utc::now() + TimeDelta::seconds(window.resets_in);
            let resets = resets.to_rfc3339_opts(SecondsFormat::Secs, true);
            (name.clone(), json!({"utilization": window.utilization, "resets_at": resets}))
        });
        let windows: serde_json::Map<String, Value> = windows.collect();
        let has_plan = !windows.is_empty();
        json!({
            "session": {
                "total_cost_usd": self.ledger.cost(), "total_api_duration_ms": 0,
                "total_duration_ms": self.age(), "total_lines_added": 0,
                "total_lines_removed": 0, "model_usage": self.ledger.total(),
            },
            "subscription_type": has_plan.then_some("max"), "rate_limits_available": has_plan,
            "rate_limits": has_plan.then_some(windows), "behaviors": null,
        })
    }

    /// What Claude would say, had the question been a prompt.
    fn aside(&self, body: &Value) -> String {
        let mut talk = self.talk.clone();
        talk.before = talk.prompts.len();
        talk.prompts.push(body["question"].as_str().unwrap_or_default().to_owned());
        let said = self.script.reply(&talk).steps.into_iter().filter_map(|step| match step {
            Step::Text(text) => Some(text),
            _ => None,
        });
        said.collect::<Vec<_>>().join("\n")
    }

    fn set_mode(&mut self, mode: &str) -> Result<Value, Refused> {
        let mode = if mode == "manual" { "default" } else { mode };
        if !MODES.contains(&mode) {
            let sentence =
                format!("Cannot set permission mode: must be one of {}", MODES.join(", "));
            return Err((sentence, Some("invalid_mode")));
        }
        mode.clone_into(&mut self.mode);
        Ok(json!({"mode": mode}))
    }

    /// Tells a mode that was set as a status, too.
    pub(super) fn tell_mode(&self) {
        self.wire.tell(json!({
            "type": "system", "subtype": "status", "status": null,
            "permissionMode": self.mode,
        }));
    }

    fn reply(&self, response: &Value) {
        self.wire.tell_bare(&json!({"type": "control_response", "response": response}));
    }
}

fn response(id: &str, answer: Result<Value, Refused>) -> Value {
    match answer {
        Ok(Value::Null) => json!({"subtype": "success", "request_id": id}),
        Ok(body) => json!({"subtype": "success", "request_id": id, "response": body}),
        Err((sentence, code)) => {
            let mut refusal = json!({"subtype": "error", "request_id": id, "error": sentence});
            if let Some(code) = code {
                refusal["error_code"] = code.into();
            }
            refusal
        }
    }
}
