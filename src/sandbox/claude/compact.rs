//! `/compact`: the conversation is replaced by a summary of it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{ledger::Tokens, queue::Queued, run::Run, stock, wire::now};

impl Run {
    /// Summarises the conversation and tells about it.
    pub(super) fn compact(&mut self, queued: &Queued) {
        let local = self.begin_local(queued, "compact");
        self.status(json!({"status": "compacting"}));
        self.status(json!({"status": null, "compact_result": "success"}));
        self.wire.tell(stock::init(self, &local.turn.uuids));
        let summary = self.summary();
        let tokens = Tokens::of(&self.talk.prompts.concat(), &summary);
        self.ledger.enter(&self.model, tokens);
        self.tell_boundary(&summary);
        let command = local.text();
        let output = "<local-command-stdout>Compacted </local-command-stdout>";
        let printed = Uuid::new_v4();
        self.echo_local(printed, output);
        self.echo_local(local.uuid, &command);
        self.record_local(&local, local.uuid, &command);
        self.record_local(&local, printed, output);
        self.forget();
        self.transcript.mark("/compact");
        self.end_local(&local);
    }

    fn status(&self, fields: Value) {
        let mut event = fields;
        event["type"] = "system".into();
        event["subtype"] = "status".into();
        self.wire.tell(event);
    }

    fn summary(&self) -> String {
        let prompts = self.talk.prompts.join("; ");
        format!(
            "This session is being continued from a previous conversation that ran out of \
             context. The person said: {prompts}"
        )
    }

    /// Tells and records where the summary replaces what came before.
    fn tell_boundary(&mut self, summary: &str) {
        let boundary = Uuid::new_v4();
        let anchor = Uuid::new_v4();
        let before = self.transcript.leaf.take();
        let kept = json!([before]);
        self.wire.tell(json!({
            "type": "system", "subtype": "compact_boundary", "uuid": boundary,
            "compact_metadata": {
                "trigger": "manual", "pre_tokens": 1_000, "post_tokens": 100,
                "cumulative_dropped_tokens": 0, "duration_ms": 1,
                "preserved_segment": {
                    "head_uuid": before, "anchor_uuid": anchor, "tail_uuid": before,
                },
                "preserved_messages": {
                    "anchor_uuid": anchor, "uuids": kept, "all_uuids": kept,
                },
            },
            "logical_parent_uuid": before,
        }));
        self.transcript.follow(
            boundary,
            json!({
                "type": "system", "subtype": "compact_boundary", "logicalParentUuid": before,
                "content": "Conversation compacted", "isMeta": false, "level": "info",
                "compactMetadata": {"trigger": "manual", "preTokens": 1_000},
            }),
        );
        let message = json!({"role": "user", "content": summary});
        self.wire.tell(json!({
            "type": "user", "message": message, "parent_tool_use_id": null, "uuid": anchor,
            "timestamp": now(), "isReplay": false, "isSynthetic": true,
        }));
        self.transcript.follow(
            anchor,
            json!({
                "type": "user", "message": message, "isCompactSummary": true,
                "isVisibleInTranscriptOnly": true,
            }),
        );
    }
}
