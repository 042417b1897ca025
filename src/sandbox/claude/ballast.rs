//! What the real one writes beside the conversation since 2.1.332, and none of which belongs to it:
//! what Claude is told of its surroundings, the system prompt, and each request to the model. Most
//! of a young session's bytes are these.
//!
//! The texts are made up. `SEGUE_SCRIPT_BALLAST` says how long each of the large ones is, in bytes;
//! as long as the real ones they are with 40000.

use std::env;

use serde_json::{Value, json};
use uuid::Uuid;

use super::run::Run;

/// Length of a large text where nothing else is said.
const LENGTH: usize = 120;
/// What all of them are made of. Nobody should ever find it.
const FILLER: &str = "Ballast is told to Claude and never said by anybody. ";

/// A large text.
fn filler() -> String {
    let wish = env::var("SEGUE_SCRIPT_BALLAST").ok().and_then(|length| length.parse().ok());
    FILLER.chars().cycle().take(wish.unwrap_or(LENGTH)).collect()
}

fn hash() -> String {
    Uuid::new_v4().simple().to_string().repeat(2)
}

impl Run {
    /// What a first prompt brings with it.
    pub(super) fn note_surroundings(&mut self) {
        let directory = self.directory.to_string_lossy().into_owned();
        let reminder = format!("<system-reminder>\n{}\n</system-reminder>", filler());
        for (attachment, role) in [
            (
                json!({"type": "environment", "snapshot": {
                    "workingDirectory": directory, "isWorktree": self.worktree.is_some(),
                    "isGitRepo": false, "platform": "linux", "shell": "bash",
                }}),
                Some("system"),
            ),
            (
                json!({"type": "model", "identity": {"modelId": self.model},
                    "text": format!("You are powered by the model {}.", self.model)}),
                Some("system"),
            ),
            (
                json!({"type": "skill_listing", "content": filler(), "skillCount": 1,
                    "isInitial": true, "names": ["verify"]}),
                Some("system"),
            ),
            (json!({"type": "session_context", "context": {}}), Some("user")),
            (json!({"type": "prompt_snapshot", "systemPrompt": [filler()]}), None),
        ] {
            let mut record = json!({"type": "attachment", "attachment": attachment});
            if let Some(role) = role {
                record["rendered"] = json!([{"content": reminder}]);
                record["renderedRole"] = role.into();
            }
            self.transcript.follow(Uuid::new_v4(), record);
        }
        self.transcript.note(json!({"type": "atis-latch", "atis": ""}));
    }

    /// A request to the model. The first one of a conversation says what all have in common.
    pub(super) fn note_api_request(&mut self, request: Uuid) {
        if !std::mem::replace(&mut self.shaped, true) {
            let tool = json!({"name": "Bash", "description": filler(), "input_schema": {}});
            self.transcript.note(json!({
                "type": "api-request-shape", "shapeHash": hash(),
                "shape": {"system": [{"type": "text", "text": filler()}], "tools": [tool]},
            }));
            for role in ["user", "system"] {
                let content = json!([{"type": "text", "text": filler()}]);
                self.transcript.note(json!({
                    "type": "api-request-blob", "hash": hash(),
                    "message": {"role": role, "content": content},
                }));
            }
        }
        self.transcript.note(json!({
            "type": "api-request", "id": request, "querySource": "sdk", "keep": 0,
            "params": {"model": self.model, "max_tokens": 128_000}, "tail": [hash()],
        }));
    }

    /// What stands after the first message of a conversation.
    pub(super) fn note_snapshot(&mut self) {
        let attachment = json!({
            "type": "prompt_snapshot", "systemPrompt": [filler()],
            "tools": [{"name": "Bash", "description": filler()}],
        });
        let record: Value = json!({"type": "attachment", "attachment": attachment});
        self.transcript.follow(Uuid::new_v4(), record);
    }
}
