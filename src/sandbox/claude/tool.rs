//! Tools: the question before their use, and a result from the script. Nothing is executed.

use std::{path::Path, time::Duration};

use serde_json::{Map, Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    message::Usage,
    run::{Run, Stop},
    script::{Asks, Tool},
    turn::{During, Failure, Turn},
    wire::{Told, Wire, now, now_ms},
};

/// What Claude reads when the person interrupts a question or a tool.
const REJECTED: &str = "The user doesn't want to proceed with this tool use. The tool use was \
    rejected (eg. if it was a file edit, the new_string was NOT written to the file). STOP what \
    you are doing and wait for the user to tell you how to proceed.";
/// What the person's interrupt of a tool leaves in the conversation.
const INTERRUPTED: &str = "[Request interrupted by user for tool use]";

/// A command that runs in the background.
pub(super) struct Task {
    pub(super) id: String,
    pub(super) run_id: String,
    tool_use: String,
    description: String,
    /// When it ends.
    pub(super) due: Instant,
}

/// Whether a tool may be used.
enum Verdict {
    /// Yes: with this input, and for this reason.
    Allowed { input: Value, decision: Value },
    /// No: what Claude is told instead of a result.
    Denied { message: String, meta: Value },
}

impl Run {
    /// Asks if it must, waits as long as the tool takes, and tells the result.
    pub(super) async fn use_tool(&mut self, turn: &mut Turn, usage: Usage) -> Result<(), Failure> {
        let verdict = match self.judge(&usage.tool) {
            Some(verdict) => verdict,
            None => match self.ask(&usage).await {
                Err(Stop::Interrupted) => return Err(self.reject(turn, &usage)),
                other => other?,
            },
        };
        match verdict {
            Verdict::Denied { message, meta } => {
                turn.denials.push(denial(&usage));
                self.deny(turn, &usage, &message, meta);
            }
            Verdict::Allowed { input, decision } => {
                let time = Duration::from_millis(usage.tool.takes);
                if background(&usage.tool) {
                    self.start_task(&usage, time);
                } else if let Err(stop) = self.rest(time).await {
                    return match stop {
                        Stop::Interrupted => Err(self.reject(turn, &usage)),
                        Stop::End(code) => Err(Failure::End(code)),
                    };
                }
                self.allow(turn, &usage, &input, decision);
            }
        }
        Ok(())
    }

    /// The verdict that needs no question.
    fn judge(&self, tool: &Tool) -> Option<Verdict> {
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

    /// Sends the question and waits for its answer.
    async fn ask(&mut self, usage: &Usage) -> Result<Verdict, Stop> {
        let id = Uuid::new_v4().to_string();
        let mut request = question(&usage.tool, &self.directory);
        request["subtype"] = "can_use_tool".into();
        request["tool_name"] = usage.tool.name.as_str().into();
        request["display_name"] = usage.tool.name.as_str().into();
        request["input"] = usage.tool.input.clone();
        request["tool_use_id"] = usage.id.as_str().into();
        self.wire.tell_bare(&json!({
            "type": "control_request", "request_id": id, "request": request,
        }));
        let talks = request["requires_user_interaction"] == true;
        let what = if talks { "input needed" } else { "permission prompt" };
        self.entry.set("waiting", Some(what));
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
        self.entry.set("busy", None);
        Ok(self.read(usage, answer.as_ref()))
    }

    fn read(&mut self, usage: &Usage, answer: Option<&Value>) -> Verdict {
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

    fn allow(&mut self, turn: &Turn, usage: &Usage, input: &Value, decision: Value) {
        let (content, structured) = self.outcome(usage, input);
        let mut block = json!({
            "type": "tool_result", "tool_use_id": usage.id, "content": content,
        });
        if usage.tool.name == "Bash" {
            block["is_error"] = false.into();
        }
        self.talk.results.push(content);
        let meta = json!({"permission_decision": decision});
        self.tell_tool(turn, usage, block, (structured, meta));
    }

    fn deny(&mut self, turn: &Turn, usage: &Usage, message: &str, meta: Value) {
        let block = json!({
            "type": "tool_result", "content": message, "is_error": true,
            "tool_use_id": usage.id,
        });
        self.talk.results.push(message.to_owned());
        let structured = format!("Error: {message}").into();
        self.tell_tool(turn, usage, block, (structured, meta));
    }

    /// The person interrupted the question or the tool.
    fn reject(&mut self, turn: &mut Turn, usage: &Usage) -> Failure {
        turn.denials.push(denial(usage));
        turn.messages += 1;
        let block = json!({
            "type": "tool_result", "content": REJECTED, "is_error": true,
            "tool_use_id": usage.id,
        });
        let meta = json!({"non_execution_kind": "user-rejected"});
        self.tell_tool(turn, usage, block, ("User rejected tool use".into(), meta));
        self.note_interrupt(turn, INTERRUPTED);
        Failure::Interrupted(During::Tool)
    }

    /// Tells and records a tool's result: the block, its structured form and how it came about.
    fn tell_tool(&mut self, turn: &Turn, usage: &Usage, block: Value, more: (Value, Value)) {
        let (structured, mut meta) = more;
        let uuid = Uuid::new_v4();
        let message = json!({"role": "user", "content": [block]});
        meta["id"] = usage.id.as_str().into();
        self.wire.tell(json!({
            "type": "user", "message": message, "parent_tool_use_id": null, "uuid": uuid,
            "timestamp": now(), "tool_use_result": structured, "tool_result_meta": [meta],
        }));
        self.transcript.follow(
            uuid,
            json!({
                "type": "user", "message": message, "promptId": turn.prompt_id,
                "toolUseResult": structured, "sourceToolAssistantUUID": usage.record,
            }),
        );
    }

    /// The result of a tool, as Claude reads it and as programs do.
    fn outcome(&self, usage: &Usage, input: &Value) -> (String, Value) {
        let tool = &usage.tool;
        match tool.name.as_str() {
            "AskUserQuestion" => (answers(input), input.clone()),
            "ExitPlanMode" => {
                let text = "User has approved your plan. You can now start coding.";
                (text.to_owned(), json!({"plan": input["plan"], "isAgent": false}))
            }
            "Bash" if background(tool) => {
                let task = self.tasks.last().map_or("", |task| task.id.as_str());
                let text = format!("Command running in background with ID: {task}.");
                let mut structured = shell("");
                structured["backgroundTaskId"] = task.into();
                (text, structured)
            }
            "Bash" => {
                let stdout = match tool.result.as_str() {
                    "(Bash completed with no output)" => "",
                    text => text,
                };
                (tool.result.clone(), shell(stdout))
            }
            "Write" => (
                tool.result.clone(),
                json!({
                    "type": "create", "filePath": input["file_path"],
                    "content": input["content"], "structuredPatch": [], "originalFile": null,
                    "userModified": false,
                }),
            ),
            _ => (tool.result.clone(), json!({"filePath": input["file_path"]})),
        }
    }

    fn start_task(&mut self, usage: &Usage, time: Duration) {
        let id = format!("b{}", &Uuid::new_v4().simple().to_string()[..8]);
        let task = Task {
            run_id: format!("{}-{id}", now_ms()),
            id,
            tool_use: usage.id.clone(),
            description: usage.tool.input["description"].as_str().unwrap_or_default().to_owned(),
            due: Instant::now() + time,
        };
        self.wire.tell(json!({
            "type": "system", "subtype": "background_tasks_changed", "tasks": [{
                "task_id": task.id, "run_id": task.run_id, "task_type": "local_bash",
                "description": task.description,
            }],
        }));
        self.wire.tell(json!({
            "type": "system", "subtype": "task_started", "task_id": task.id,
            "run_id": task.run_id, "tool_use_id": task.tool_use, "task_type": "local_bash",
            "description": task.description, "is_backgrounded": true,
        }));
        self.tasks.push(task);
    }
}

impl Task {
    /// What is told when it has ended.
    pub(super) fn ending(&self, wire: &Wire, directory: &Path) -> [Value; 3] {
        let folder = directory.to_string_lossy().replace('/', "-");
        let output = format!("/tmp/claude/{folder}/{}/tasks/{}.output", wire.session, self.id);
        [
            json!({
                "type": "system", "subtype": "task_updated", "task_id": self.id,
                "run_id": self.run_id, "patch": {"status": "completed", "end_time": now_ms()},
            }),
            json!({
                "type": "system", "subtype": "task_notification", "task_id": self.id,
                "run_id": self.run_id, "tool_use_id": self.tool_use, "status": "completed",
                "output_file": output,
                "summary": format!(
                    "Background command \"{}\" completed (exit code 0)", self.description
                ),
            }),
            json!({"type": "system", "subtype": "background_tasks_changed", "tasks": []}),
        ]
    }
}

fn background(tool: &Tool) -> bool {
    tool.name == "Bash" && tool.input["run_in_background"] == true
}

fn denial(usage: &Usage) -> Value {
    json!({
        "tool_name": usage.tool.name, "tool_use_id": usage.id, "tool_input": usage.tool.input,
    })
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
            fields.insert("server_policy_ask_only".to_owned(), true.into());
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

/// The person's answers in one sentence.
fn answers(input: &Value) -> String {
    let pairs = input["answers"].as_object().into_iter().flatten().map(|(question, answer)| {
        let answer = match answer {
            Value::String(text) => text.clone(),
            Value::Array(labels) => {
                let labels = labels.iter().filter_map(Value::as_str);
                labels.collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        format!("\"{question}\"=\"{answer}\"")
    });
    format!(
        "Your questions have been answered: {}. You can now continue with these answers in mind.",
        pairs.collect::<Vec<_>>().join(", ")
    )
}

fn shell(stdout: &str) -> Value {
    json!({
        "stdout": stdout, "stderr": "", "interrupted": false, "isImage": false,
        "noOutputExpected": false,
    })
}
