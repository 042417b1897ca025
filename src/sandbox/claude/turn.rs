//! A turn: from the prompts that open it to the result that closes it.

use std::{env, fs::OpenOptions, io::Write};

use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    ending::Failure,
    input::Prompt,
    ledger::Tokens,
    queue::{Queued, Record},
    run::{Run, Stop, Work},
    script::{Newest, Step},
    stock,
    wire::{Told, complain, now, replay},
};

/// How the CLI asks Claude for the next prompt, as far as rules look at it.
const SUGGESTION: &str = "[SUGGESTION MODE: Suggest what the user might naturally type next.]";

/// What begins a turn.
pub(super) enum Opening {
    /// Prompts that came while nothing was running, or during the last turn: they become one.
    Prompts(Vec<Queued>),
    /// The command that summarises the conversation.
    Compact(Queued),
    /// The command that begins another conversation.
    Clear(Queued),
    /// Something in the background has ended: its run.
    Notice(String),
}

/// A turn that is running.
pub(super) struct Turn {
    /// The senders' ids of the prompts that it answers.
    pub(super) uuids: Vec<Uuid>,
    /// How many of them opened it; the others were taken in on the way.
    pub(super) opened_by: usize,
    /// The prompt as it will be told back, until that was done.
    echo: Option<Value>,
    /// Whether something of Claude's was told.
    pub(super) has_spoken: bool,
    /// Why it began, if not by a prompt.
    pub(super) origin: Option<Value>,
    pub(super) denials: Vec<Value>,
    /// Ids of the API messages whose beginning was told.
    pub(super) begun: Vec<String>,
    pub(super) messages: u64,
    pub(super) tokens: Tokens,
    /// Tokens of its first request.
    pub(super) first: Option<Tokens>,
    /// The text of its last message.
    pub(super) said: String,
    pub(super) prompt_id: Uuid,
    pub(super) began: Instant,
}

impl Turn {
    pub(super) fn new(uuids: Vec<Uuid>) -> Self {
        Self {
            opened_by: uuids.len(),
            uuids,
            echo: None,
            has_spoken: false,
            origin: None,
            denials: Vec::new(),
            begun: Vec::new(),
            messages: 0,
            tokens: Tokens::default(),
            first: None,
            said: String::new(),
            prompt_id: Uuid::new_v4(),
            began: Instant::now(),
        }
    }

    /// Adds the ids of the prompts to an event.
    pub(super) fn sign(&self, event: &mut Value) {
        if let Some(last) = self.uuids[..self.opened_by].last() {
            event["user_message_uuid"] = json!(last);
            event["user_message_uuids"] = json!(self.uuids);
        }
    }

    /// Counts a request.
    pub(super) fn count(&mut self, tokens: Tokens) {
        self.messages += 1;
        self.first.get_or_insert(tokens);
        self.tokens.add(tokens);
    }
}

impl Run {
    /// Plays one turn to its result.
    pub(super) async fn turn(&mut self, opening: Opening) -> Result<(), Stop> {
        self.work = Work::Turn;
        self.entry.set("busy", None);
        let mut turn = match opening {
            Opening::Compact(queued) => {
                self.compact(&queued);
                self.rest_from_turn();
                return Ok(());
            }
            Opening::Clear(queued) => {
                self.clear(&queued);
                self.rest_from_turn();
                return Ok(());
            }
            Opening::Prompts(prompts) => self.begin(&prompts),
            Opening::Notice(run) => Self::begin_after(&run),
        };
        self.wire.tell(stock::init(self, &turn.uuids));
        let outcome = self.converse(&mut turn).await;
        self.tell_back(&mut turn);
        let state = match &outcome {
            Ok(()) => "completed",
            Err(Failure::End(code)) => return Err(Stop::End(*code)),
            Err(_) => "cancelled",
        };
        for uuid in &turn.uuids[turn.opened_by..] {
            self.wire.tell_lifecycle(Some(*uuid), state);
        }
        self.close(&mut turn, outcome);
        for uuid in &turn.uuids[..turn.opened_by] {
            self.wire.tell_lifecycle(Some(*uuid), state);
        }
        self.rest_from_turn();
        if state == "completed" {
            self.suggest();
        }
        Ok(())
    }

    /// Suggests the next prompt, from the second one on, if the script has a rule for that.
    fn suggest(&self) {
        if self.suggests == Told::No || self.talk.prompts.len() < 2 {
            return;
        }
        let mut talk = self.talk.clone();
        talk.before = talk.prompts.len();
        talk.replies = 0;
        talk.prompts.push(SUGGESTION.to_owned());
        if let [Step::Text(text)] = self.script.reply(&talk).steps.as_slice() {
            self.wire.tell(json!({"type": "prompt_suggestion", "suggestion": text}));
        }
    }

    fn rest_from_turn(&mut self) {
        self.work = Work::Idle;
        self.entry.set("idle", None);
    }

    /// Opens a turn with prompts: several become one, under the last one's id.
    fn begin(&mut self, prompts: &[Queued]) -> Turn {
        let uuids: Vec<Uuid> = prompts.iter().filter_map(|queued| queued.prompt.uuid).collect();
        let mut turn = Turn::new(uuids);
        for _ in prompts {
            self.transcript.queue("dequeue", json!({}));
        }
        let last = prompts.len().saturating_sub(1);
        for queued in &prompts[..last] {
            let uuid = queued.prompt.uuid.unwrap_or_else(Uuid::new_v4);
            self.wire.tell_replay(replay(uuid, &queued.prompt.content));
        }
        for uuid in &turn.uuids {
            self.wire.tell_lifecycle(Some(*uuid), "started");
        }
        let content = merged(prompts);
        let uuid = prompts[last].prompt.uuid.unwrap_or_else(Uuid::new_v4);
        let mut echo = replay(uuid, &content);
        echo["timestamp"] = prompts[last].at.as_str().into();
        turn.echo = Some(echo);
        let prompt = Prompt { uuid: None, content };
        let text = prompt.text();
        if prompts[last].record == Record::There {
            self.talk.before = self.talk.prompts.len().saturating_sub(1);
        } else {
            self.record_prompt(&turn, uuid, &prompt.content);
            self.checkpoints.begin(uuid);
            if std::mem::take(&mut self.fresh) {
                self.note_surroundings();
            }
            self.talk.before = self.talk.prompts.len();
            self.talk.prompts.push(text);
        }
        self.talk.replies = 0;
        self.talk.newest = Newest::Result;
        self.talk.results.clear();
        turn
    }

    fn record_prompt(&mut self, turn: &Turn, uuid: Uuid, content: &Value) {
        let mut record = json!({
            "type": "user", "message": {"role": "user", "content": content},
            "promptId": turn.prompt_id, "permissionMode": self.mode,
            "promptSource": "sdk", "turnOrigin": "sdk",
        });
        if let [merged @ .., _] = turn.uuids.as_slice()
            && !merged.is_empty()
        {
            record["mergedSendUuids"] = json!(merged);
        }
        self.transcript.follow(uuid, record);
    }

    /// Opens a turn that nobody asked for.
    fn begin_after(run: &str) -> Turn {
        let mut turn = Turn::new(Vec::new());
        turn.origin = Some(json!({
            "kind": "task-notification", "producer": "session-task", "runId": run,
        }));
        turn
    }

    /// Requests and tools in turn, until a message uses none.
    async fn converse(&mut self, turn: &mut Turn) -> Result<(), Failure> {
        loop {
            let mut status = json!({
                "type": "system", "subtype": "status", "status": "requesting",
            });
            if !turn.uuids.is_empty() {
                status["user_message_uuids"] = json!(turn.uuids);
            }
            self.wire.tell(status);
            self.note_request();
            let reply = self.script.reply(&self.talk);
            let uses = self.message(turn, reply).await?;
            self.talk.replies += 1;
            if uses.is_empty() {
                return Ok(());
            }
            for usage in uses {
                self.use_tool(turn, usage).await?;
            }
            self.fold(turn);
        }
    }

    /// Notes what Claude is asked, a line for each request, where the environment wants it.
    fn note_request(&self) {
        let Some(path) = env::var_os("SEGUE_SCRIPT_REQUESTS") else { return };
        let talk = &self.talk;
        let line = json!({
            "session": self.wire.session, "prompts": talk.prompts, "before": talk.before,
            "replies": talk.replies,
        });
        let file = OpenOptions::new().append(true).create(true).open(path);
        let noted = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = noted {
            complain(&format!("the request is not noted: {error}"));
        }
    }

    /// Tells the prompt back, once: just before the first thing that Claude says.
    pub(super) fn tell_back(&mut self, turn: &mut Turn) {
        if let Some(echo) = turn.echo.take() {
            self.wire.tell_replay(echo);
        }
    }

    /// Takes the prompts that came on the way into the turn.
    fn fold(&mut self, turn: &mut Turn) {
        for queued in std::mem::take(&mut self.queue) {
            let content = &queued.prompt.content;
            let uuid = queued.prompt.uuid.unwrap_or_else(Uuid::new_v4);
            let delivery = Uuid::new_v4();
            self.transcript.queue(
                "remove",
                json!({
                    "content": content, "reason": "absorbed_mid_turn", "commandUuid": uuid,
                    "deliveryId": delivery,
                }),
            );
            let attachment = json!({
                "type": "queued_command", "prompt": content, "source_uuid": uuid,
                "delivery_id": delivery, "commandMode": "prompt", "timestamp": queued.at,
            });
            self.transcript
                .follow(Uuid::new_v4(), json!({"type": "attachment", "attachment": attachment}));
            let mut echo = replay(uuid, content);
            echo["timestamp"] = queued.at.as_str().into();
            self.wire.tell_replay(echo);
            self.wire.tell_lifecycle(queued.prompt.uuid, "started");
            turn.uuids.extend(queued.prompt.uuid);
            self.talk.prompts.push(queued.prompt.text());
        }
    }

    /// Tells and records that the person broke something off.
    pub(super) fn note_interrupt(&mut self, turn: &Turn, text: &str) {
        let uuid = Uuid::new_v4();
        let message = json!({"role": "user", "content": [{"type": "text", "text": text}]});
        self.wire.tell(json!({
            "type": "user", "message": message, "parent_tool_use_id": null, "uuid": uuid,
            "timestamp": now(),
        }));
        let record = json!({"type": "user", "message": message, "promptId": turn.prompt_id});
        self.transcript.follow(uuid, record);
    }
}

/// Several prompts as one: their words on lines of their own.
fn merged(prompts: &[Queued]) -> Value {
    match prompts {
        [only] => only.prompt.content.clone(),
        several => {
            let texts = several.iter().map(|queued| queued.prompt.text());
            texts.collect::<Vec<_>>().join("\n").into()
        }
    }
}
