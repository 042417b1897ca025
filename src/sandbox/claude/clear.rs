//! `/clear`: the conversation begins anew, under another id and in another transcript.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ledger::Ledger,
    run::{Queued, Run},
    stock,
    transcript::Transcript,
    turn::Turn,
    wire::{now, replay},
};

impl Run {
    /// Leaves the conversation as it is and begins another.
    pub(super) fn clear(&mut self, queued: &Queued) {
        let turn = Turn::new(queued.prompt.uuid.into_iter().collect());
        let uuid = queued.prompt.uuid.unwrap_or_else(Uuid::new_v4);
        self.transcript.queue("dequeue", json!({}));
        self.wire.tell_lifecycle(queued.prompt.uuid, "started");
        self.wire.tell(json!({
            "type": "conversation_reset", "new_conversation_id": Uuid::new_v4(),
            "trigger": "clear", "user_message_uuid": uuid, "timestamp": now(),
        }));
        self.wire.tell(json!({
            "type": "system", "subtype": "background_tasks_changed", "tasks": [],
        }));
        let session = Uuid::new_v4();
        let path = self.files.folder(&self.directory).join(format!("{session}.jsonl"));
        self.transcript = Transcript::new(path, session, &self.directory);
        self.wire.session = session;
        self.entry.moved(session);
        self.ledger = Ledger::new(self.script.window);
        self.forget();
        self.wire.tell(stock::init(self, &turn.uuids));
        let command = "<command-name>/clear</command-name>\n            \
             <command-message>clear</command-message>\n            <command-args></command-args>";
        let mut echo = replay(uuid, &command.into());
        echo["timestamp"] = now().into();
        self.wire.tell_replay(echo);
        let message = json!({"role": "user", "content": command});
        let record = json!({"type": "user", "message": message, "promptId": turn.prompt_id});
        self.transcript.follow(uuid, record);
        let mut result = self.result(&turn);
        result["subtype"] = "success".into();
        result["is_error"] = false.into();
        result["num_turns"] = 0.into();
        result["stop_reason"] = Value::Null;
        result["result"] = "".into();
        result["local_command"] = "clear".into();
        self.tell_result(result);
        self.results += 1;
        self.last = Ok(String::new());
        self.wire.tell_lifecycle(queued.prompt.uuid, "completed");
    }
}
