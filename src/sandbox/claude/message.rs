//! One message of Claude's: a reply of the script, told piece by piece and then recorded.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    block::{Block, Usage},
    ending::{During, Failure, Refused},
    ledger::Tokens,
    run::Run,
    script::{Leaves, Pace, Reply, Step},
    turn::Turn,
    wire::{complain, now},
};

/// What the real one says after an interrupt in the middle of a message.
const INTERRUPTED: &str = "[Request interrupted by user]";

/// A message that is being written.
struct Message {
    id: String,
    tokens: Tokens,
    /// Whether its beginning was told.
    begun: bool,
    block: Option<Block>,
    /// Finished blocks with the ids of their records.
    blocks: Vec<(Uuid, Value)>,
    uses: Vec<Usage>,
    since: Instant,
}

impl Run {
    /// Tells a reply as a message, and returns the tools that it uses.
    pub(super) async fn message(
        &mut self,
        turn: &mut Turn,
        reply: Reply,
    ) -> Result<Vec<Usage>, Failure> {
        let asked = self.talk.prompts.concat();
        let mut message = Message {
            id: format!("msg_{}", Uuid::new_v4().simple()),
            tokens: Tokens::of(&asked, ""),
            begun: false,
            block: None,
            blocks: Vec::new(),
            uses: Vec::new(),
            since: Instant::now(),
        };
        for step in reply.steps {
            match self.play(turn, &mut message, step, reply.pace).await {
                Ok(()) => {}
                Err(Failure::Interrupted(_)) => {
                    self.abandon(turn, message);
                    return Err(Failure::Interrupted(During::Message));
                }
                Err(other) => return Err(other),
            }
        }
        self.begin_message(turn, &mut message);
        self.end_block(turn, &mut message);
        Ok(self.finish(turn, message))
    }

    async fn play(
        &mut self,
        turn: &mut Turn,
        message: &mut Message,
        step: Step,
        pace: Pace,
    ) -> Result<(), Failure> {
        match step {
            Step::Text(text) => {
                self.begin_block(turn, message, Block::Text(String::new()));
                self.write(turn, message, &text, pace).await?;
            }
            Step::Thinking(text) => {
                self.begin_block(turn, message, Block::Thinking(String::new()));
                self.write(turn, message, &text, pace).await?;
                let signature = json!({"type": "signature_delta", "signature": "c2lnbmVk"});
                self.delta(message, &signature);
            }
            Step::Tool(tool) => {
                let input = tool.input.to_string();
                let id = format!("toolu_{}", Uuid::new_v4().simple());
                let record = Uuid::new_v4();
                self.begin_block(turn, message, Block::Tool(Usage { id, tool, record }));
                let delta = json!({"type": "input_json_delta", "partial_json": input});
                self.delta(message, &delta);
            }
            Step::Pause(silence) => self.rest(Duration::from_millis(silence)).await?,
            Step::Until(file) => self.wait_for(&file).await?,
            Step::Hang => self.hang().await?,
            Step::Error(error) => {
                match error.resets_in {
                    Some(seconds) => return Err(Failure::Api(self.limit(seconds, error))),
                    None => self.retry(&error).await?,
                }
                return Err(Failure::Api(error.into()));
            }
            Step::LoggedOut => {
                return Err(Failure::Api(Refused {
                    text: "Not logged in · Please run /login".to_owned(),
                    class: "authentication_failed",
                    error: None,
                    limit: None,
                }));
            }
            Step::Crash(crash) => {
                complain(&crash.stderr);
                if crash.leaves != Leaves::Whole {
                    self.transcript.ruin(crash.leaves);
                }
                // A crash tidies nothing up: the registry entry stays behind.
                std::process::exit(crash.code.into());
            }
        }
        Ok(())
    }

    /// Writes a text into the open block, piece by piece.
    async fn write(
        &mut self,
        turn: &Turn,
        message: &mut Message,
        text: &str,
        pace: Pace,
    ) -> Result<(), Failure> {
        let mut written = 0;
        for piece in pace.pieces(text) {
            self.grow(turn, message, &piece);
            written += piece.len();
            self.rest(pace.pause()).await?;
            self.pass(&text[..written]).await?;
        }
        Ok(())
    }

    /// Tells that a message begins, unless that was told.
    fn begin_message(&mut self, turn: &mut Turn, message: &mut Message) {
        if std::mem::replace(&mut message.begun, true) {
            return;
        }
        self.tell_back(turn);
        turn.begun.push(message.id.clone());
        let start = json!({"type": "message_start", "message": {
            "id": message.id, "type": "message", "role": "assistant", "model": self.model,
            "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": message.tokens.begun(),
        }});
        let mut more = json!({"ttft_ms": 1, "thinking_display": "updates"});
        if turn.messages == 0 && !turn.uuids.is_empty() {
            turn.sign(&mut more);
            more["owed_rows"] = json!([]);
        }
        self.wire.tell_partial_with(&message.id, start, more);
    }

    /// Begins a block, unless the open one is of the same kind and goes on.
    fn begin_block(&mut self, turn: &mut Turn, message: &mut Message, block: Block) {
        self.begin_message(turn, message);
        let open = message.block.as_ref().map(Block::kind);
        if open == Some(block.kind()) && !matches!(block, Block::Tool(_)) {
            return;
        }
        self.end_block(turn, message);
        let start = json!({
            "type": "content_block_start", "index": message.blocks.len(),
            "content_block": block.empty(),
        });
        self.wire.tell_partial_with(&message.id, start, block.display());
        message.block = Some(block);
    }

    /// Adds a piece to the open text.
    fn grow(&mut self, turn: &Turn, message: &mut Message, piece: &str) {
        let (delta, thinking) = match &mut message.block {
            Some(Block::Text(text)) => {
                text.push_str(piece);
                (json!({"type": "text_delta", "text": piece}), None)
            }
            Some(Block::Thinking(text)) => {
                text.push_str(piece);
                (json!({"type": "thinking_delta", "thinking": piece}), Some(text.len()))
            }
            _ => return,
        };
        if let Some(length) = thinking {
            let mut estimate = json!({
                "type": "system", "subtype": "thinking_tokens",
                "estimated_tokens": length.div_ceil(4),
                "estimated_tokens_delta": piece.len().div_ceil(4),
            });
            if let Some(uuid) = turn.uuids.last() {
                estimate["user_message_uuid"] = json!(uuid);
            }
            self.wire.tell(estimate);
        }
        self.delta(message, &delta);
    }

    fn delta(&self, message: &Message, delta: &Value) {
        let more = match (&message.block, delta["type"].as_str()) {
            (Some(block), Some("thinking_delta")) => block.display(),
            _ => json!({}),
        };
        let event = json!({
            "type": "content_block_delta", "index": message.blocks.len(), "delta": delta,
        });
        self.wire.tell_partial_with(&message.id, event, more);
    }

    /// Tells the open block as a whole, and that it has ended.
    fn end_block(&mut self, turn: &mut Turn, message: &mut Message) {
        let Some(block) = message.block.take() else {
            return;
        };
        let event = self.assistant(turn, message, &block);
        let index = message.blocks.len();
        self.keep(message, block, event);
        let stop = json!({"type": "content_block_stop", "index": index});
        self.wire.tell_partial(&message.id, stop);
    }

    /// The event of a whole block.
    fn assistant(&self, turn: &mut Turn, message: &Message, block: &Block) -> Value {
        let uuid = match block {
            Block::Tool(usage) => usage.record,
            _ => Uuid::new_v4(),
        };
        let mut event = json!({
            "type": "assistant", "uuid": uuid, "timestamp": now(), "parent_tool_use_id": null,
            "message": {
                "id": message.id, "type": "message", "role": "assistant", "model": self.model,
                "content": [block.full()], "stop_reason": null, "stop_sequence": null,
                "usage": message.tokens.begun(), "context_management": null,
            },
        });
        if matches!(block, Block::Thinking(_)) {
            event["thinking_duration_ms"] = (message.since.elapsed().as_millis() as u64).into();
            event["thinking_display"] = "updates".into();
        }
        if !std::mem::replace(&mut turn.has_spoken, true) {
            turn.sign(&mut event);
        }
        event
    }

    /// Tells a block, and keeps it for the records.
    fn keep(&mut self, message: &mut Message, block: Block, event: Value) {
        let uuid = event["uuid"].as_str().and_then(|text| Uuid::try_parse(text).ok());
        self.wire.tell(event);
        message.blocks.push((uuid.unwrap_or_default(), block.full()));
        if let Block::Tool(usage) = block {
            message.uses.push(usage);
        }
    }

    /// Ends the message, and records it.
    fn finish(&mut self, turn: &mut Turn, message: Message) -> Vec<Usage> {
        let texts = message.blocks.iter().filter_map(|(_, block)| block["text"].as_str());
        let said = texts.collect::<Vec<_>>().join("\n");
        let tokens = Tokens::of(&self.talk.prompts.concat(), &said);
        self.ledger.enter(&self.model, tokens);
        turn.count(tokens);
        turn.said = said;
        let reason = if message.uses.is_empty() { "end_turn" } else { "tool_use" };
        self.record(&message, &reason.into(), tokens);
        let delta = json!({
            "type": "message_delta", "usage": {"output_tokens": tokens.output},
            "delta": {"stop_reason": reason, "stop_sequence": null},
        });
        self.wire.tell_partial(&message.id, delta);
        self.wire.tell_partial(&message.id, json!({"type": "message_stop"}));
        message.uses
    }

    /// Breaks the message off, and keeps what was said of it.
    fn abandon(&mut self, turn: &mut Turn, mut message: Message) {
        let open = message.block.take().map(|block| {
            let mut event = self.assistant(turn, &message, &block);
            event["aborted"] = true.into();
            let index = message.blocks.len();
            self.keep(&mut message, block, event);
            index
        });
        let tokens = Tokens::of(&self.talk.prompts.concat(), "");
        self.ledger.enter(&self.model, tokens);
        turn.messages += 1;
        self.record(&message, &Value::Null, tokens);
        self.tell_back(turn);
        self.note_interrupt(turn, INTERRUPTED);
        if !message.begun {
            return;
        }
        if let Some(index) = open {
            let stop = json!({"type": "content_block_stop", "index": index});
            self.wire.tell_partial(&message.id, stop);
        }
        let usage = json!({
            "output_tokens_details": {"thinking_tokens": 0}, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0, "input_tokens": tokens.input, "iterations": [],
            "output_tokens": 1, "fallback_credit": null,
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0},
        });
        let delta = json!({
            "type": "message_delta", "context_management": null, "usage": usage,
            "delta": {
                "container": null, "stop_details": null, "stop_reason": null,
                "stop_sequence": null,
            },
        });
        self.wire.tell_partial(&message.id, delta);
        let left = json!({"abandoned_blocks": {
            "api_message_id": message.id, "from_block_index": message.blocks.len(),
        }});
        let stop = json!({"type": "message_stop"});
        self.wire.tell_partial_with(&message.id, stop, left);
    }

    /// Records the blocks of a message, one record each.
    fn record(&mut self, message: &Message, reason: &Value, tokens: Tokens) {
        let request = Uuid::new_v4();
        let is_first = !self.shaped;
        self.note_api_request(request);
        for (index, (uuid, block)) in message.blocks.iter().enumerate() {
            let mut record = json!({
                "type": "assistant", "apiBlockIndex": index, "requestRef": request,
                "requestedModel": self.model, "madeBy": "model",
                "message": {
                    "id": message.id, "type": "message", "role": "assistant",
                    "model": self.model, "content": [block], "stop_reason": reason,
                    "stop_sequence": null, "usage": tokens.usage(), "stop_details": null,
                },
            });
            if reason.is_null() {
                record["isAbortedMidStream"] = true.into();
            }
            self.transcript.follow(*uuid, record);
        }
        if is_first {
            self.note_snapshot();
        }
    }
}
