//! `/clear`: the conversation begins anew, under another id and in another transcript.

use serde_json::json;
use uuid::Uuid;

use super::{ledger::Ledger, queue::Queued, run::Run, stock, transcript::Transcript, wire::now};

impl Run {
    /// Leaves the conversation as it is and begins another.
    pub(super) fn clear(&mut self, queued: &Queued) {
        let local = self.begin_local(queued, "clear");
        self.wire.tell(json!({
            "type": "conversation_reset", "new_conversation_id": Uuid::new_v4(),
            "trigger": "clear", "user_message_uuid": local.uuid, "timestamp": now(),
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
        self.begin_anew();
        self.wire.tell(stock::init(self, &local.turn.uuids));
        let command = local.text();
        self.echo_local(local.uuid, &command);
        self.record_local(&local, local.uuid, &command);
        self.end_local(&local);
    }
}
