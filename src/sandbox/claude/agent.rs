//! A sub-agent in the background: a conversation of its own, played beside the turns of the session.
//!
//! It waits for nothing by itself: whoever lets it work comes again. So it asks for a permission
//! while another turn runs, or when none does, and its question belongs to the process.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    block::Usage,
    permission::Verdict,
    run::Run,
    script::{Conversation, Newest, Step},
    task::{Progress, Task, usage},
    transcript::Transcript,
    wire::now,
};

/// A sub-agent and where it stands.
pub(super) struct Agent {
    /// `subagent_type`
    pub(super) kind: String,
    talk: Conversation,
    transcript: Transcript,
    /// What is left of its present reply; none before the first.
    reply: Option<VecDeque<Step>>,
    /// The id of that message.
    message: String,
    /// Tools of the reply that are to be used.
    uses: VecDeque<Usage>,
    /// The permission request that is open, and what for.
    asking: Option<(String, Usage)>,
    /// It rests until then.
    rests: Option<Instant>,
    used_tools: bool,
    said: String,
}

impl Agent {
    /// The one that a tool sends off.
    pub(super) fn new(usage: &Usage, mut transcript: Transcript) -> Self {
        let field = |name: &str| usage.tool.input[name].as_str().unwrap_or_default().to_owned();
        let prompt = field("prompt");
        let message = json!({"role": "user", "content": prompt});
        transcript.follow(Uuid::new_v4(), json!({"type": "user", "message": message}));
        Self {
            kind: field("subagent_type"),
            talk: Conversation { prompts: vec![prompt], ..Conversation::default() },
            transcript,
            reply: None,
            message: String::new(),
            uses: VecDeque::new(),
            asking: None,
            rests: None,
            used_tools: false,
            said: String::new(),
        }
    }

    /// What it was told to do.
    pub(super) fn prompt(&self) -> &str {
        &self.talk.prompts[0]
    }

    /// Goes on until it has to wait or is done.
    pub(super) fn work(&mut self, run: &mut Run, task: &Task) -> Progress {
        loop {
            let came = if self.asking.is_some() {
                self.hear(run, task)
            } else if let Some(usage) = self.uses.pop_front() {
                self.use_tool(run, task, usage);
                Came::On
            } else if self.reply.as_ref().is_some_and(VecDeque::is_empty) {
                if !std::mem::take(&mut self.used_tools) {
                    return Progress::Ended(Some(self.said.clone()));
                }
                self.talk.replies += 1;
                self.reply = None;
                Came::On
            } else {
                self.play(run, task)
            };
            if came == Came::Nowhere {
                return Progress::GoesOn;
            }
        }
    }

    /// The next step of its reply.
    fn play(&mut self, run: &mut Run, task: &Task) -> Came {
        let reply = self.reply.get_or_insert_with(|| {
            self.message = format!("msg_{}", Uuid::new_v4().simple());
            run.script.reply(&self.talk).steps.into()
        });
        if self.rests.is_some_and(|until| until > Instant::now()) {
            return Came::Nowhere;
        }
        let waits = match reply.front() {
            Some(Step::Until(file)) => !file.exists(),
            Some(Step::Hang) => true,
            _ => false,
        };
        if waits {
            return Came::Nowhere;
        }
        match reply.pop_front() {
            Some(Step::Text(text)) => {
                self.say(run, task, &json!({"type": "text", "text": text}));
                self.said = text;
            }
            Some(Step::Pause(ms)) => self.rests = Some(Instant::now() + Duration::from_millis(ms)),
            Some(Step::Tool(tool)) => {
                let id = format!("toolu_{}", Uuid::new_v4().simple());
                let block = json!({
                    "type": "tool_use", "id": id, "name": tool.name, "input": tool.input,
                });
                let record = self.say(run, task, &block);
                run.wire.tell(json!({
                    "type": "system", "subtype": "task_progress", "task_id": task.id,
                    "run_id": task.run_id, "tool_use_id": task.tool_use, "usage": usage(),
                    "description": format!(
                        "Running {}",
                        tool.input["description"].as_str().unwrap_or(&tool.name)
                    ),
                    "subagent_type": self.kind, "last_tool_name": tool.name,
                }));
                self.used_tools = true;
                self.uses.push_back(Usage { id, tool, record });
            }
            _ => {}
        }
        Came::On
    }

    /// Uses a tool, or asks whether it may.
    fn use_tool(&mut self, run: &mut Run, task: &Task, usage: Usage) {
        if let Some(verdict) = run.judge(&usage.tool) {
            self.finish(run, task, &usage, verdict);
        } else {
            let request = run.send_question(&usage, Some(&task.id));
            self.asking = Some((request, usage));
        }
    }

    /// Looks whether the open question was answered.
    fn hear(&mut self, run: &mut Run, task: &Task) -> Came {
        let Some((request, usage)) = self.asking.take() else { return Came::On };
        let answer = run.answers.remove(&request);
        if answer.is_none() && run.is_heard() {
            self.asking = Some((request, usage));
            return Came::Nowhere;
        }
        run.question_is_over();
        let verdict = run.read(&usage, answer.as_ref());
        self.finish(run, task, &usage, verdict);
        Came::On
    }

    /// Tells and records a tool's result.
    fn finish(&mut self, run: &mut Run, task: &Task, usage: &Usage, verdict: Verdict) {
        let (content, mut meta, failed) = match verdict {
            Verdict::Allowed { decision, .. } => {
                (usage.tool.result.clone(), json!({"permission_decision": decision}), false)
            }
            Verdict::Denied { message, meta } => (message, meta, true),
        };
        let content = if content.is_empty() {
            format!("({} completed with no output)", usage.tool.name)
        } else {
            content
        };
        meta["id"] = usage.id.as_str().into();
        self.talk.newest = if failed { Newest::Refusal } else { Newest::Result };
        self.talk.results.push(content.clone());
        let block = json!({
            "tool_use_id": usage.id, "type": "tool_result", "content": content,
            "is_error": failed,
        });
        let message = json!({"role": "user", "content": [block]});
        let uuid = Uuid::new_v4();
        let mut event = self.event(task, "user", uuid, &message);
        event["tool_result_meta"] = json!([meta]);
        run.wire.tell(event);
        let record = json!({
            "type": "user", "message": message, "sourceToolAssistantUUID": usage.record,
        });
        self.transcript.follow(uuid, record);
    }

    /// Tells and records a block of its own. Gives the record's id.
    fn say(&mut self, run: &mut Run, task: &Task, block: &Value) -> Uuid {
        let uuid = Uuid::new_v4();
        let message = json!({
            "id": self.message, "type": "message", "role": "assistant", "model": run.model,
            "content": [block], "stop_reason": null, "stop_sequence": null,
            "context_management": null, "usage": {
                "input_tokens": 100, "output_tokens": 1, "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
            },
        });
        run.wire.tell(self.event(task, "assistant", uuid, &message));
        let record = json!({
            "type": "assistant", "message": message, "attributionAgent": self.kind,
        });
        self.transcript.follow(uuid, record);
        uuid
    }

    fn event(&self, task: &Task, kind: &str, uuid: Uuid, message: &Value) -> Value {
        json!({
            "type": kind, "message": message, "parent_tool_use_id": task.tool_use,
            "agent_id": task.id, "uuid": uuid, "timestamp": now(), "subagent_type": self.kind,
            "task_description": task.description,
        })
    }
}

/// Whether something was done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    On,
    Nowhere,
}
