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
    background::{self, Job},
    checkpoint::Checkpoints,
    files::{self, Files},
    found::{self, Refusal},
    gate::{Gate, LOOK},
    input::{self, Input, Lines, Prompt},
    ledger::Ledger,
    queue::{Queued, Seen},
    registry::Entry,
    script::{self, Script},
    task::Task,
    transcript::Transcript,
    wire::{Told, Wire, complain, now_ms, say},
    worktree::{self, Worktree},
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
    /// Background tasks that have ended and begin a turn: their runs.
    pub(super) notices: VecDeque<String>,
    /// Sub-agents since the process began.
    pub(super) agents: Agents,
    pub(super) gate: Gate,
    pub(super) checkpoints: Checkpoints,
    pub(super) worktree: Option<Worktree>,
    /// Whether the next prompt is the first of its conversation.
    pub(super) fresh: bool,
    /// Whether a request of the conversation stands in the transcript.
    pub(super) shaped: bool,
    /// What it is to the list of background sessions, if it is one.
    pub(super) job: Option<Job>,
    /// Whether the next prompt is suggested.
    pub(super) suggests: Told,
    pub(super) work: Work,
    pub(super) results: u64,
    /// The text of the last result, and whether it was an error.
    pub(super) last: Result<String, String>,
    inbox: mpsc::Receiver<Input>,
    /// Prompts that are not run again, and where they ran.
    pub(super) seen: HashMap<Uuid, Seen>,
    /// The prompt of the past that never got an answer.
    pub(super) unanswered: Option<Uuid>,
    /// No more prompts will come.
    closed: bool,
    output: Format,
    started: u64,
}

/// Sub-agents in the background, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Agents {
    pub(super) kinds: Vec<String>,
    pub(super) completed: usize,
}

/// What the process is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Idle,
    Turn,
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
        let here = files::here()?;
        let worktree = worktree::enter(&args, &here)?;
        let directory = worktree.as_ref().map_or(here, |worktree| worktree.path.clone());
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
            // Whoever looks into a background session answers it, some day.
            closed: !streams && !background::is_meant(),
            asks: if background::is_meant() { Told::Yes } else { args.asks },
            output: args.output,
            started: now_ms(),
            queue: VecDeque::new(),
            answers: HashMap::new(),
            granted: HashSet::new(),
            ledger: Ledger::new(script.window),
            tasks: Vec::new(),
            notices: VecDeque::new(),
            agents: Agents::default(),
            gate: Gate::find(),
            checkpoints: Checkpoints::find(&files, found.session),
            fresh: transcript.leaf.is_none(),
            shaped: transcript.leaf.is_some(),
            job: Job::find(),
            suggests: args.suggests,
            worktree,
            work: Work::Idle,
            asking: None,
            results: 0,
            last: Ok(String::new()),
            files,
            directory,
            script,
            transcript,
        };
        if let Some(worktree) = &run.worktree {
            run.transcript.note(worktree.record(run.wire.session));
        }
        run.settle_in(args.prompt.as_deref().unwrap_or_default());
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
        self.tick();
        if let Some(opening) = self.next_opening() {
            self.turn(opening).await?;
            return Ok(true);
        }
        if self.closed && self.tasks.is_empty() {
            return Ok(false);
        }
        self.hear().await?;
        Ok(true)
    }

    /// Does what goes on beside everything else: background work, late records.
    fn tick(&mut self) {
        self.work_behind();
        self.transcript.write_due();
    }

    /// Whether something goes on that nobody is told of by a line that comes in.
    fn is_restless(&self) -> bool {
        !self.tasks.is_empty() || self.transcript.is_behind()
    }

    /// Lets time pass, and does meanwhile what comes in.
    pub(super) async fn rest(&mut self, time: Duration) -> Result<(), Stop> {
        let end = Instant::now() + time;
        loop {
            self.tick();
            let wake = if self.is_restless() { end.min(Instant::now() + LOOK) } else { end };
            match timeout_at(wake, self.inbox.recv()).await {
                Ok(Some(input)) => self.take(input)?,
                // Without anybody to hear from, only time is left.
                Ok(None) => tokio::time::sleep_until(wake).await,
                Err(_) => {}
            }
            if Instant::now() >= end {
                return Ok(());
            }
        }
    }

    /// Waits until something comes in, and does it; shorter while something goes on besides.
    pub(super) async fn hear(&mut self) -> Result<(), Stop> {
        self.tick();
        let wait = if self.is_restless() { LOOK } else { FOR_EVER };
        match timeout_at(Instant::now() + wait, self.inbox.recv()).await {
            Ok(Some(input)) => self.take(input)?,
            Ok(None) => return Err(Stop::End(1)),
            Err(_) => {}
        }
        Ok(())
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

    /// The conversation begins anew: what was said is gone from the context.
    pub(super) fn forget(&mut self) {
        self.talk = script::Conversation::default();
        self.seen.clear();
        self.unanswered = None;
    }

    /// The conversation has another transcript.
    pub(super) fn begin_anew(&mut self) {
        self.forget();
        (self.fresh, self.shaped) = (true, false);
    }

    /// Milliseconds since the process began.
    pub(super) fn age(&self) -> u64 {
        now_ms() - self.started
    }

    fn leave(&mut self) {
        if self.transcript.exists() {
            let mut state = json!({
                "type": "cost-state", "totalCostUSD": self.ledger.cost(),
                "totalDuration": self.age(), "startTime": self.started,
                "modelUsage": self.ledger.state(), "hasUnknownModelCost": false,
            });
            for field in ["totalAPIDuration", "totalAPIDurationWithoutRetries"] {
                state[field] = 0.into();
            }
            for field in ["totalToolDuration", "totalLinesAdded", "totalLinesRemoved"] {
                state[field] = 0.into();
            }
            self.transcript.note(state);
            self.transcript.write_all();
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
