//! Permission: what is asked about, the question itself, and what the answer means.

use std::path::Path;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    block::Usage,
    run::{Run, Stop, Work},
    script::{Asks, Tool},
    wire::Told,
};

/// Whether a tool may be used.
pub(super) enum Verdict {
    /// Yes: with this input, and for this reason.
    Allowed { input: Value, decision: Value },
    /// No: what Claude is told instead of a result.
    Denied { message: String, meta: Value },
}

impl Run {
    /// The verdict that needs no question.
    pub(super) fn judge(&self, tool: &Tool) -> Option<Verdict> {
        let by_config = |reason: &str| {
            Some(Verdict::Allowed {
                input: tool.input.clone(),
                decision: json!({
                    "decision": "accept", "source": "config", "reason_type": reason,
                }),
            })
        };
        let talks = matches!(tool.name.as_str(), "AskUserQuestion" | "ExitPlanMode");
        let edits = matches!(tool.name.as_str(), "Edit" | "Write" | "NotebookEdit");
        match self.mode.as_str() {
            _ if matches!(tool.name.as_str(), "EnterPlanMode" | "Task" | "Agent") => {
                return Some(Verdict::Allowed {
                    input: tool.input.clone(),
                    decision: json!({"decision": "accept", "source": "config"}),
                });
            }
            _ if tool.asks == Asks::Never => return by_config("subcommandResults"),
            _ if talks => {}
            "bypassPermissions" => return by_config("mode"),
            "acceptEdits" if edits => return by_config("mode"),
            _ if self.granted.contains(&rule(tool)) || self.granted.contains(&tool.name) => {
                return Some(Verdict::Allowed {
                    input: tool.input.clone(),
                    decision: json!({
                        "decision": "accept", "source": "user_permanent", "reason_type": "rule",
                    }),
                });
            }
            _ => {}
        }
        let nobody = self.asks == Told::No || self.mode == "dontAsk" && !talks;
        nobody.then(|| Verdict::Denied {
            message: format!(
                "Claude requested permissions to use {}, but you haven't granted it \
                 yet.",
                tool.name
            ),
            meta: json!({"non_execution_kind": "permission-rule"}),
        })
    }

    /// Sends a question, of a sub-agent if there is one. Gives the request's id.
    pub(super) fn send_question(&mut self, usage: &Usage, agent: Option<&str>) -> String {
        let id = Uuid::new_v4().to_string();
        let mut request = question(&usage.tool, &self.directory);
        request["subtype"] = "can_use_tool".into();
        request["tool_name"] = usage.tool.name.as_str().into();
        request["display_name"] = usage.tool.name.as_str().into();
        request["input"] = usage.tool.input.clone();
        request["tool_use_id"] = usage.id.as_str().into();
        if let Some(agent) = agent {
            request["agent_id"] = agent.into();
        }
        self.wire.tell_bare(&json!({
            "type": "control_request", "request_id": id, "request": request,
        }));
        let talks = request["requires_user_interaction"] == true;
        let what = if talks { "input needed" } else { "permission prompt" };
        self.entry.set("waiting", Some(what));
        id
    }

    /// Says that nobody is waited for any more.
    pub(super) fn question_is_over(&mut self) {
        let status = if self.work == Work::Turn { "busy" } else { "idle" };
        self.entry.set(status, None);
    }

    /// Sends the question and waits for its answer.
    pub(super) async fn ask(&mut self, usage: &Usage) -> Result<Verdict, Stop> {
        let id = self.send_question(usage, None);
        self.asking = Some(id.clone());
        let answer = loop {
            if let Some(answer) = self.answers.remove(&id) {
                break Some(answer);
            }
            if !self.is_heard() {
                break None;
            }
            self.hear().await?;
        };
        self.asking = None;
        self.question_is_over();
        Ok(self.read(usage, answer.as_ref()))
    }

    /// What an answer to a question means; none came if nobody is left to answer.
    pub(super) fn read(&mut self, usage: &Usage, answer: Option<&Value>) -> Verdict {
        let body = answer.map(|answer| &answer["response"]);
        match body.and_then(|body| body["behavior"].as_str()) {
            Some("allow") => {
                let body = body.unwrap_or(&Value::Null);
                for update in body["updatedPermissions"].as_array().into_iter().flatten() {
                    self.grant(update);
                }
                let input = match &body["updatedInput"] {
                    Value::Null => usage.tool.input.clone(),
                    input => input.clone(),
                };
                Verdict::Allowed {
                    input,
                    decision: json!({"decision": "accept", "source": "user_temporary"}),
                }
            }
            Some(_) => Verdict::Denied {
                message: body
                    .and_then(|body| body["message"].as_str())
                    .unwrap_or("Denied")
                    .to_owned(),
                meta: json!({
                    "non_execution_kind": "permission-rule",
                    "permission_decision": {"decision": "reject", "source": "user_reject"},
                }),
            },
            None => Verdict::Denied {
                message: "Tool permission request failed: AbortError: Tool permission stream \
                          closed before response received"
                    .to_owned(),
                meta: json!({"non_execution_kind": "permission-rule"}),
            },
        }
    }

    /// Takes one of the suggestions to heart.
    fn grant(&mut self, update: &Value) {
        if let Some(mode) = update["mode"].as_str() {
            mode.clone_into(&mut self.mode);
            self.tell_mode();
        }
        for rule in update["rules"].as_array().into_iter().flatten() {
            let tool = rule["toolName"].as_str().unwrap_or_default();
            self.granted.insert(match rule["ruleContent"].as_str() {
                Some(content) => format!("{tool}({content})"),
                None => tool.to_owned(),
            });
        }
    }
}

/// The name under which a use of a tool is granted for good.
fn rule(tool: &Tool) -> String {
    match tool.input["command"].as_str() {
        Some(command) => format!("{}({command})", tool.name),
        None => tool.name.clone(),
    }
}

/// What the request says beside the tool and its input.
fn question(tool: &Tool, directory: &Path) -> Value {
    if let Some(fields) = &tool.question {
        return fields.clone().into();
    }
    let mut fields = Map::new();
    match tool.name.as_str() {
        "AskUserQuestion" | "ExitPlanMode" => {
            fields.insert("requires_user_interaction".to_owned(), true.into());
        }
        "Edit" | "Write" => {
            let file = tool.input["file_path"].as_str().unwrap_or_default();
            let name = Path::new(file).strip_prefix(directory).unwrap_or(Path::new(file));
            fields.insert("description".to_owned(), json!(name));
            let mode = json!({"type": "setMode", "mode": "acceptEdits", "destination": "session"});
            fields.insert("permission_suggestions".to_owned(), json!([mode]));
        }
        _ => {
            if let Some(description) = tool.input.get("description") {
                fields.insert("description".to_owned(), description.clone());
            }
            let mut rule = json!({"toolName": tool.name});
            if let Some(command) = tool.input.get("command") {
                rule["ruleContent"] = command.clone();
            }
            let rules = json!({
                "type": "addRules", "rules": [rule], "behavior": "allow",
                "destination": "localSettings",
            });
            fields.insert("permission_suggestions".to_owned(), json!([rules]));
        }
    }
    fields.into()
}
