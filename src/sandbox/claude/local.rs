//! Commands that the CLI runs by itself: how they all begin and end.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    queue::Queued,
    run::Run,
    turn::Turn,
    wire::{now, replay},
};

/// A command of the CLI while it runs.
pub(super) struct Local {
    pub(super) turn: Turn,
    /// Of the record of the command.
    pub(super) uuid: Uuid,
    name: &'static str,
    /// As its prompt came.
    prompt: Option<Uuid>,
}

impl Local {
    /// The command as it stands in a conversation.
    pub(super) fn text(&self) -> String {
        let name = self.name;
        format!(
            "<command-name>/{name}</command-name>\n            \
             <command-message>{name}</command-message>\n            <command-args></command-args>"
        )
    }
}

impl Run {
    /// Takes up a command of this name.
    pub(super) fn begin_local(&mut self, queued: &Queued, name: &'static str) -> Local {
        let prompt = queued.prompt.uuid;
        self.transcript.queue("dequeue", json!({}));
        self.wire.tell_lifecycle(prompt, "started");
        let turn = Turn::new(prompt.into_iter().collect());
        Local { turn, uuid: prompt.unwrap_or_else(Uuid::new_v4), name, prompt }
    }

    /// Tells a text of the command's again.
    pub(super) fn echo_local(&self, id: Uuid, text: &str) {
        let mut echo = replay(id, &text.into());
        echo["timestamp"] = now().into();
        self.wire.tell_replay(echo);
    }

    /// Records a text of the command's.
    pub(super) fn record_local(&mut self, local: &Local, id: Uuid, text: &str) {
        let message = json!({"role": "user", "content": text});
        let record = json!({"type": "user", "message": message, "promptId": local.turn.prompt_id});
        self.transcript.follow(id, record);
    }

    /// Tells that a command is done.
    pub(super) fn end_local(&mut self, local: &Local) {
        let mut result = self.result(&local.turn);
        result["subtype"] = "success".into();
        result["is_error"] = false.into();
        result["num_turns"] = 0.into();
        result["stop_reason"] = Value::Null;
        result["result"] = "".into();
        result["local_command"] = local.name.into();
        self.tell_result(result);
        self.results += 1;
        self.last = Ok(String::new());
        self.wire.tell_lifecycle(local.prompt, "completed");
    }
}
