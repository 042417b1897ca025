//! Tools: the question before their use, and a result from the script. Nothing is executed.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    block::Usage,
    deed,
    ending::{During, Failure},
    permission::Verdict,
    run::{Run, Stop},
    script::{Newest, Tool},
    turn::Turn,
    wire::{complain, now},
};

/// What Claude reads when the person interrupts a question or a tool.
const REJECTED: &str = "The user doesn't want to proceed with this tool use. The tool use was \
    rejected (eg. if it was a file edit, the new_string was NOT written to the file). STOP what \
    you are doing and wait for the user to tell you how to proceed.";
/// What the person's interrupt of a tool leaves in the conversation.
const INTERRUPTED: &str = "[Request interrupted by user for tool use]";

/// What became of the use of a tool.
struct Outcome {
    /// As Claude reads it.
    block: Value,
    /// As programs read it.
    structured: Value,
    /// How it came about.
    meta: Value,
}

impl Run {
    /// Asks if it must, waits as long as the tool takes, and tells the result.
    pub(super) async fn use_tool(&mut self, turn: &mut Turn, usage: Usage) -> Result<(), Failure> {
        let verdict = match self.judge(&usage.tool) {
            Some(verdict) => verdict,
            None => match self.ask(&usage).await {
                Err(Stop::Interrupted) => {
                    turn.denials.push(denial(&usage));
                    return Err(self.reject(turn, &usage));
                }
                other => other?,
            },
        };
        match verdict {
            Verdict::Denied { message, meta } => {
                turn.denials.push(denial(&usage));
                self.deny(turn, &usage, &message, meta);
            }
            Verdict::Allowed { input, decision } => {
                if let Err(stop) = self.work(&usage).await {
                    return match stop {
                        Stop::Interrupted => Err(self.reject(turn, &usage)),
                        Stop::End(code) => Err(Failure::End(code)),
                    };
                }
                self.plan(&usage.tool);
                self.allow(turn, &usage, &input, &decision);
            }
        }
        Ok(())
    }

    /// Takes the time that a tool takes, and does what the script lets it do.
    async fn work(&mut self, usage: &Usage) -> Result<(), Stop> {
        let time = Duration::from_millis(usage.tool.takes);
        if background(&usage.tool) {
            self.start_command(usage, time);
            return Ok(());
        }
        if sends_agent(&usage.tool) {
            self.start_agent(usage);
            return Ok(());
        }
        self.checkpoints.keep(&self.directory, &usage.tool);
        self.play_inner(usage).await?;
        self.rest(time).await?;
        self.pass_tool(&usage.tool).await?;
        if usage.tool.writes
            && let Err(error) = deed::write(&self.directory, &usage.tool)
        {
            complain(&format!("Warning: {error}"));
        }
        Ok(())
    }

    /// Some tools begin or end the planning.
    fn plan(&mut self, tool: &Tool) {
        let mode = match (tool.name.as_str(), self.mode.as_str()) {
            ("EnterPlanMode", _) => "plan",
            ("ExitPlanMode", "plan") => "default",
            _ => return,
        };
        mode.clone_into(&mut self.mode);
        self.tell_mode();
    }

    fn allow(&mut self, turn: &Turn, usage: &Usage, input: &Value, decision: &Value) {
        let (content, structured) = self.outcome(usage, input);
        let mut block = json!({
            "type": "tool_result", "tool_use_id": usage.id, "content": content,
        });
        if sends_agent(&usage.tool) {
            block["content"] = json!([{"type": "text", "text": content}]);
        }
        if usage.tool.name == "Bash" {
            block["is_error"] = false.into();
        }
        self.talk.results.push(content);
        self.talk.newest = Newest::Result;
        let meta = json!({"id": usage.id, "permission_decision": decision});
        self.tell_tool(turn, usage, &Outcome { block, structured, meta });
    }

    fn deny(&mut self, turn: &Turn, usage: &Usage, message: &str, mut meta: Value) {
        meta["id"] = usage.id.as_str().into();
        self.talk.results.push(message.to_owned());
        self.talk.newest = Newest::Refusal;
        let outcome = Outcome {
            block: failed(usage, message),
            structured: format!("Error: {message}").into(),
            meta,
        };
        self.tell_tool(turn, usage, &outcome);
    }

    /// The person interrupted the question or the tool.
    fn reject(&mut self, turn: &mut Turn, usage: &Usage) -> Failure {
        turn.messages += 1;
        let outcome = Outcome {
            block: failed(usage, REJECTED),
            structured: "User rejected tool use".into(),
            meta: json!({"id": usage.id, "non_execution_kind": "user-rejected"}),
        };
        self.tell_tool(turn, usage, &outcome);
        self.note_interrupt(turn, INTERRUPTED);
        Failure::Interrupted(During::Tool)
    }

    /// Tells and records a tool's result.
    fn tell_tool(&mut self, turn: &Turn, usage: &Usage, outcome: &Outcome) {
        let uuid = Uuid::new_v4();
        let message = json!({"role": "user", "content": [outcome.block]});
        self.wire.tell(json!({
            "type": "user", "message": message, "parent_tool_use_id": null, "uuid": uuid,
            "timestamp": now(), "tool_use_result": outcome.structured,
            "tool_result_meta": [outcome.meta],
        }));
        self.transcript.follow(
            uuid,
            json!({
                "type": "user", "message": message, "promptId": turn.prompt_id,
                "toolUseResult": outcome.structured, "sourceToolAssistantUUID": usage.record,
            }),
        );
    }

    /// The result of sending a sub-agent off.
    fn launched(&self, tool: &Tool) -> (String, Value) {
        let id = self.tasks.last().map_or("", |task| task.id.as_str());
        let text = format!("Async agent launched successfully. (internal metadata)\nagentId: {id}");
        let structured = json!({
            "isAsync": true, "status": "async_launched", "agentId": id,
            "description": tool.input["description"], "prompt": tool.input["prompt"],
            "resolvedModel": self.model, "canReadOutputFile": true, "canContinueAgent": true,
            "outputFile": format!("/tmp/claude/tasks/{id}.output"),
        });
        (text, structured)
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
            _ if sends_agent(tool) => self.launched(tool),
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
}

/// Whether a tool sends a sub-agent off and does not wait for it.
fn sends_agent(tool: &Tool) -> bool {
    let is_agent = matches!(tool.name.as_str(), "Task" | "Agent");
    is_agent && tool.input["run_in_background"] == true
}

fn background(tool: &Tool) -> bool {
    tool.name == "Bash" && tool.input["run_in_background"] == true
}

fn failed(usage: &Usage, content: &str) -> Value {
    json!({
        "type": "tool_result", "content": content, "is_error": true, "tool_use_id": usage.id,
    })
}

fn denial(usage: &Usage) -> Value {
    json!({
        "tool_name": usage.tool.name, "tool_use_id": usage.id, "tool_input": usage.tool.input,
    })
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
