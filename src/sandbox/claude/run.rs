//! One process: what it holds, and the loop that gives waiting prompts their turn.
//!
//! All state has this one owner. While a turn waits for anything, it reads what comes in
//! meanwhile ([`Run::rest`]), so nothing here needs a second task.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    path::PathBuf,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use uuid::Uuid;

use super::{
    args::{Args, Format},
    files::{self, Files},
    found::{self, Refusal},
    gate::{self, Gate},
    input::{self, Input, Lines, Prompt},
    ledger::Ledger,
    registry::Entry,
    script::{self, Script},
    task::Task,
    transcript::Transcript,
    turn::Opening,
    wire::{Told, Wire, complain, now_ms, replay, say},
};

/// The model of a run that names none.
const MODEL: &str = "claude-opus-5-5";
/// How long a wait is that only something that comes in can end.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A running scripted `claude`.
pub(super) struct Run {
    pub(super) files: Files,
    pub(super) directory: PathBuf,
    pub(super) model: String,
    pub(super) mode: String,
    pub(super) wire: Wire,
    pub(super) script: Script,
    pub(super) transcript: Transcript,
    pub(super) entry: Entry,
    pub(super) ledger: Ledger,
    /// What the script's rules look at.
    pub(super) talk: script::Conversation,
    pub(super) queue: VecDeque<Queued>,
    /// Answers to control requests of ours, by request id.
    pub(super) answers: HashMap<String, Value>,
    /// The control request of ours that is open.
    pub(super) asking: Option<String>,
    /// Tools that need no question any more: `Edit`, `Bash(touch gate.txt)`.
    pub(super) granted: HashSet<String>,
    /// Somebody answers permission requests.
    pub(super) asks: Told,
    pub(super) tasks: Vec<Task>,
    pub(super) gate: Gate,
    pub(super) work: Work,
    pub(super) results: u64,
    /// The text of the last result, and whether it was an error.
    pub(super) last: Result<String, String>,
    inbox: mpsc::Receiver<Input>,
    /// Prompts that are not run again, and where they ran.
    pub(super) seen: HashMap<Uuid, Seen>,
    /// The prompt of the past that never got an answer.
    unanswered: Option<Uuid>,
    /// No more prompts will come.
    closed: bool,
    output: Format,
    started: u64,
}

/// A prompt that waits for its turn.
pub(super) struct Queued {
    pub(super) prompt: Prompt,
    /// When it came, as the CLI writes it.
    pub(super) at: String,
    pub(super) record: Record,
}

/// Whether a prompt's record stands in the transcript.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    There,
    Missing,
}

/// What the process is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Idle,
    Turn,
}

#[derive(Clone, Copy)]
pub(super) enum Seen {
    Before,
    Here,
}

/// Why something stops before its end.
pub(super) enum Stop {
    /// The other side asked for it.
    Interrupted,
    /// The process ends with this code.
    End(u8),
}

impl Run {
    /// Finds the conversation and registers the process.
    pub(super) fn open(args: Args, script: Script) -> Result<Self, Refusal> {
        let files = Files::find();
        let directory = files::here()?;
        let found = found::find(&args, &files, &directory)?;
        let mut transcript = Transcript::new(found.path, found.session, &directory);
        transcript.leaf = found.past.leaf;
        let streams = args.input == Format::Stream;
        let lines = if streams { Lines::Read } else { Lines::Ignored };
        let mut run = Self {
            entry: Entry::new(&files, found.session, &directory)?,
            wire: Wire {
                session: found.session,
                events: (args.output == Format::Stream).into(),
                partial: args.partial,
                replay: args.replay,
            },
            model: model(args.model.as_deref()),
            mode: args.mode.unwrap_or_else(|| "default".to_owned()),
            talk: script::Conversation {
                prompts: found.past.prompts,
                ..script::Conversation::default()
            },
            seen: found.past.answered.iter().map(|id| (*id, Seen::Before)).collect(),
            unanswered: found.past.unanswered,
            inbox: input::open(lines)?,
            closed: !streams,
            asks: args.asks,
            output: args.output,
            started: now_ms(),
            queue: VecDeque::new(),
            answers: HashMap::new(),
            granted: HashSet::new(),
            ledger: Ledger::new(script.window),
            tasks: Vec::new(),
            gate: Gate::find(),
            work: Work::Idle,
            asking: None,
            results: 0,
            last: Ok(String::new()),
            files,
            directory,
            script,
            transcript,
        };
        if let Some(name) = args.name {
            run.transcript.note(json!({"type": "custom-title", "customTitle": name}));
        }
        if let Some(text) = args.prompt.filter(|_| !streams) {
            run.enqueue(Prompt { uuid: None, content: text.into() });
        }
        Ok(run)
    }

    /// Gives prompts their turns until there will be no more; returns the exit code.
    pub(super) async fn serve(mut self) -> u8 {
        let code = loop {
            match self.step().await {
                Ok(true) | Err(Stop::Interrupted) => {}
                Ok(false) => break u8::from(self.last.is_err()),
                Err(Stop::End(code)) => break code,
            }
        };
        self.leave();
        code
    }

    /// One turn, or the wait for one. False when there is nothing left to wait for.
    async fn step(&mut self) -> Result<bool, Stop> {
        if let Some(opening) = self.next_opening() {
            self.turn(opening).await?;
            return Ok(true);
        }
        let due = self.tasks.iter().map(|task| task.due).min();
        if self.closed && due.is_none() {
            return Ok(false);
        }
        // A task that is due and still here is held by the gate.
        let due = due.map(|due| due.max(Instant::now() + gate::LOOK));
        let wait = due.unwrap_or_else(|| Instant::now() + FOR_EVER);
        match timeout_at(wait, self.inbox.recv()).await {
            Ok(Some(input)) => self.take(input)?,
            Ok(None) => self.closed = true,
            Err(_) => {}
        }
        Ok(true)
    }

    fn next_opening(&mut self) -> Option<Opening> {
        if self.queue.is_empty() {
            let due = |task: &Task| task.is_due() && !self.gate.stops(&task.description);
            let index = self.tasks.iter().position(due)?;
            return Some(Opening::Task(self.tasks.remove(index)));
        }
        let calls = |queued: &Queued, name: &str| queued.prompt.text().starts_with(name);
        let is_command = |queued: &Queued| calls(queued, "/compact") || calls(queued, "/clear");
        if is_command(&self.queue[0]) {
            let clears = calls(&self.queue[0], "/clear");
            let opening = if clears { Opening::Clear } else { Opening::Compact };
            return self.queue.pop_front().map(opening);
        }
        let plain = self.queue.iter().take_while(|queued| !is_command(queued)).count();
        Some(Opening::Prompts(self.queue.drain(..plain).collect()))
    }

    /// Lets time pass, and does meanwhile what comes in.
    pub(super) async fn rest(&mut self, time: Duration) -> Result<(), Stop> {
        let end = Instant::now() + time;
        while let Ok(input) = timeout_at(end, self.inbox.recv()).await {
            match input {
                Some(input) => self.take(input)?,
                // Without anybody to hear from, only time is left.
                None => tokio::time::sleep_until(end).await,
            }
        }
        Ok(())
    }

    /// Waits until something comes in, and does it.
    pub(super) async fn hear(&mut self) -> Result<(), Stop> {
        match self.inbox.recv().await {
            Some(input) => self.take(input),
            None => Err(Stop::End(1)),
        }
    }

    /// Waits for an interrupt or the end.
    pub(super) async fn hang(&mut self) -> Result<(), Stop> {
        self.rest(FOR_EVER).await
    }

    /// Whether a permission request can still be answered.
    pub(super) fn is_heard(&self) -> bool {
        !self.closed
    }

    fn take(&mut self, input: Input) -> Result<(), Stop> {
        match input {
            Input::Prompt(prompt) => {
                self.enqueue(prompt);
                Ok(())
            }
            Input::Request { id, body } => self.obey(&id, &body),
            Input::Answer(line) => {
                if self.wire.replay == Told::Yes {
                    self.wire.tell_bare(&line);
                }
                let id = line["response"]["request_id"].as_str().unwrap_or_default();
                self.answers.insert(id.to_owned(), line["response"].clone());
                Ok(())
            }
            Input::Garbage(length) => {
                complain(&format!(
                    "Error parsing streaming input line (type=unknown, {length} chars): \
                     SyntaxError"
                ));
                Err(Stop::End(1))
            }
            Input::Closed => {
                self.closed = true;
                Ok(())
            }
            Input::Terminated => Err(Stop::End(143)),
        }
    }

    /// Lets a prompt wait for its turn, unless it had it.
    fn enqueue(&mut self, prompt: Prompt) {
        if let Some((uuid, seen)) = prompt.uuid.and_then(|id| Some((id, self.seen.get(&id)?))) {
            self.wire.tell_replay(replay(uuid, &prompt.content));
            if matches!(seen, Seen::Before) {
                self.wire.tell_lifecycle(Some(uuid), "completed");
            }
            return;
        }
        self.wire.tell_lifecycle(prompt.uuid, "queued");
        self.transcript.queue("enqueue", json!({"content": prompt.content}));
        let known = prompt.uuid.is_some() && prompt.uuid == self.unanswered;
        if let Some(uuid) = prompt.uuid {
            self.seen.insert(uuid, Seen::Here);
        }
        self.queue.push_back(Queued {
            prompt,
            at: super::wire::now(),
            record: if known { Record::There } else { Record::Missing },
        });
    }

    /// The conversation begins anew: what was said is gone from the context.
    pub(super) fn forget(&mut self) {
        self.talk = script::Conversation::default();
        self.seen.clear();
        self.unanswered = None;
    }

    fn leave(&mut self) {
        if self.transcript.exists() {
            let mut state = json!({
                "type": "cost-state", "totalCostUSD": self.ledger.cost(),
                "totalDuration": now_ms() - self.started, "startTime": self.started,
                "modelUsage": self.ledger.state(), "hasUnknownModelCost": false,
            });
            for field in ["totalAPIDuration", "totalAPIDurationWithoutRetries"] {
                state[field] = 0.into();
            }
            for field in ["totalToolDuration", "totalLinesAdded", "totalLinesRemoved"] {
                state[field] = 0.into();
            }
            self.transcript.note(state);
        }
        if self.output == Format::Text {
            let (Ok(text) | Err(text)) = &self.last;
            super::show(text);
        }
    }

    /// Tells a result, in whichever form was asked for.
    pub(super) fn tell_result(&self, mut event: Value) {
        event["session_id"] = json!(self.wire.session);
        if self.output == Format::Json {
            say(&event);
        }
        self.wire.tell(event);
    }
}

/// A model's full name from its short one.
pub(super) fn model(name: Option<&str>) -> String {
    match name {
        None | Some("default" | "opus") => MODEL.to_owned(),
        Some("sonnet") => "claude-sonnet-5-5".to_owned(),
        Some("haiku") => "claude-haiku-5-5".to_owned(),
        Some(name) => name.to_owned(),
    }
}
