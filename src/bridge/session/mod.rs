//! One session in use: its one queue of prompts, whoever holds it, and the turns it shows.
//!
//! A session may be held by nobody, by a process of ours, by one of ours that is ending, by one that
//! an earlier segue left behind, or by a terminal. Whichever it is, what waits for the session waits
//! in one queue, in the one [`Worker`] that there is for it.
//!
//! | File | Part |
//! |---|---|
//! | `state` | the core: what is known, and what the shell is asked for |
//! | `advance`, `takeover` | the core: what is done next for what waits; pure |
//! | `orders`, `files`, `lines`, `exit`, `elsewhere` | the core: what each kind of event does to it; pure |
//! | `worker` | the shell: one task that carries out what the core wants |
//! | `jobs`, `staleness` | work for the shell that takes a while: files, processes |
//! | `simulation` | random events against the invariants |
//!
//! Invariants of the core; each has a property of its number in `simulation`:
//!
//! 1. No prompt vanishes: one that came in is in the one queue, whoever holds the session, or is
//!    running, or inside the process, or was finished or given back; and only one of these.
//! 2. None is sent twice: what stands in the transcript or lies in a process goes to no other, and
//!    what has files goes nowhere without them.
//! 3. At most one process of ours; the next is started when the one before is gone, and when it was
//!    seen that nobody else has the session.
//! 4. A slot is held from the moment a prompt may begin until nothing of ours runs, and by nothing
//!    else: a turn without one does not begin, and who follows somebody else holds none.
//! 5. No timer ends what waits, and what was to begin as new still does after any wait.
//! 6. Each way to wait has a way back: what waits goes on when what it waits for has come, and an
//!    order that cannot be followed at once is followed later.
//! 7. “Cannot be read” is never “never ran”: a prompt that may have run is looked for before it is
//!    sent, and one that nobody can tell of is not sent.
//! 8. Nothing repeats itself without a pause: what killed a process under its prompt gets a while.

mod advance;
mod elsewhere;
mod exit;
mod files;
mod jobs;
mod lines;
mod orders;
mod staleness;
mod state;
mod takeover;
mod worker;

#[cfg(test)]
mod simulation;

use std::{ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    time::Instant,
};

use crate::{
    bridge::{
        binding::Cut,
        book::Book,
        choices::{Choice, Choices},
        place::Place,
        prompt::{Prompt, PromptId, Source},
        question::Input,
        terminal::Plan,
        turn::{Outcome, Turn},
    },
    claude::{
        home::Home, identity::Started, live::Live, process::Conversation, session::SessionId,
        wire::offers::Offers,
    },
};

pub use worker::Worker;

/// What every worker is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Path or name of the CLI.
    pub program: PathBuf,
    /// Claude's directory.
    pub home: Home,
    /// Variables that the CLI gets beyond our own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// How long a process without work is kept.
    pub idle: Duration,
    /// One permit a running turn, over all sessions.
    pub slots: Arc<Semaphore>,
    /// How many permits there are.
    pub turns: usize,
    /// Where it is written down which prompt became which.
    pub book: Book,
    /// Processes of an earlier segue that may be in no registry yet.
    pub left: Arc<[Left]>,
    /// Where the app hears what does not concern one turn alone.
    pub reports: mpsc::UnboundedSender<Report>,
}

/// A process that an earlier segue has started on a session, for a prompt that is not answered yet.
#[derive(Clone, Debug)]
pub struct Left {
    /// The session.
    pub session: SessionId,
    /// The process.
    pub process: Started,
}

/// How a process of ours comes to a session.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// The session's own directory.
    pub directory: PathBuf,
    /// The session, and how its first process comes to it.
    pub conversation: Conversation,
    /// Where it goes on, if that is not the end of the conversation.
    pub cut: Option<Cut>,
    /// Mode, model and effort, where they are not the CLI's own.
    pub choices: Choices,
    /// The CLI's agent that a new session begins with.
    pub agent: Option<String>,
}

impl RunSpec {
    /// One as the CLI has it without a choice of ours.
    pub fn of(directory: PathBuf, conversation: Conversation) -> Self {
        let (cut, choices, agent) = (None, Choices::default(), None);
        Self { directory, conversation, cut, choices, agent }
    }
}

/// A prompt with the turn that shows what becomes of it.
#[derive(Debug)]
pub struct Queued {
    /// What was asked.
    pub prompt: Prompt,
    /// Where its turn is shown.
    pub turn: watch::Sender<Turn>,
    /// What the person has chosen, where a terminal has the session.
    pub plan: Option<Plan>,
    /// Where it goes on, if that is not the end of the conversation.
    pub cut: Option<Cut>,
    /// Whether an earlier process of ours may have sent it: then the transcript is asked first.
    pub may_have_run: bool,
    /// How it ended as far as is known, should the transcript say that it ran.
    pub ended: Option<Outcome>,
    /// Where its files come to, while they are fetched. Without them it goes nowhere.
    pub files: Option<watch::Receiver<Option<Fetched>>>,
}

/// A prompt with its files, or why these cannot be had, in a sentence.
pub type Fetched = Result<Prompt, String>;

impl Queued {
    /// A prompt that was never sent.
    pub fn new(prompt: Prompt, turn: watch::Sender<Turn>) -> Self {
        let (plan, cut, ended, files) = (None, None, None, None);
        Self { prompt, turn, plan, cut, may_have_run: false, ended, files }
    }

    fn show(&self, change: impl FnOnce(&mut Turn)) {
        self.turn.send_modify(change);
    }

    fn finish(self, outcome: Outcome) {
        self.show(|turn| turn.finish(outcome));
    }

    fn is_of(&self, place: Place) -> bool {
        self.prompt.source.place == place
    }
}

/// What a session is told.
#[derive(Debug)]
pub enum Order {
    /// A prompt, for the running turn or the next.
    Ask(Box<Queued>),
    /// What the person does to a question of the process.
    Answer {
        /// The CLI's request id.
        request: String,
        /// What they do.
        input: Input,
    },
    /// Interrupt the turn of a place and take back what waits there.
    Stop(Place),
    /// Take a prompt back that has not started.
    TakeBack(PromptId),
    /// Other words for a prompt that has not started.
    Edit(Box<Prompt>),
    /// The files of a prompt are here, or will not be.
    Fetched,
    /// Another way for a prompt that waits for a terminal.
    Choose(PromptId, Plan),
    /// Ask the process something, which is started if there is none.
    Control(Control),
    /// Launch the next process with these, and none before: they are flags that no request sets.
    Relaunch(Choices),
    /// End, if there is nothing to do: the place among the warm processes is needed, or the laptop
    /// has opened the session.
    LetGo,
    /// Claude's files have changed: look again.
    Changed,
    /// See to a process that an earlier segue left behind.
    SeeTo,
    /// We are shutting down: what is elsewhere goes on there without us.
    Leave,
}

/// A control request and where its answer goes: the response, or the CLI's error in words. A
/// process that ends before it has answered lets `reply` go.
#[derive(Debug)]
pub struct Control {
    /// The request.
    pub body: Value,
    /// What holds for later processes, too, when the CLI has agreed.
    pub choice: Option<(Choice, String)>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Value, String>>,
}

/// What the app hears of a session beside its turns.
#[derive(Debug)]
pub enum Report {
    /// A turn that nobody asked for, such as the one that the end of a background task begins.
    Unsolicited {
        /// The place that used the session last.
        place: Place,
        /// The turn as it grows; why it began stands in [`Turn::occasion`].
        turn: watch::Receiver<Turn>,
    },
    /// A prompt that was not sent: somebody else has opened the session.
    Opened {
        /// The prompt.
        queued: Queued,
        /// Who has it.
        live: Box<Live>,
    },
    /// A prompt has started: Claude reads what it was before it was edited.
    NotEdited(Source),
    /// A prompt goes on as another attempt.
    Renewed {
        /// What it was.
        old: PromptId,
        /// What it is.
        new: PromptId,
    },
}

/// What a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Without work since then.
    Idle(Instant),
    /// In a turn, or about to begin one.
    Busy,
}

/// What a session shows of itself.
#[derive(Clone, Debug)]
pub struct State {
    /// The session; `/clear` changes it.
    pub session: SessionId,
    /// What it is doing.
    pub activity: Activity,
    /// The process of ours, while there is one.
    pub pid: Option<u32>,
    /// Model in use, as the CLI names it.
    pub model: Option<String>,
    /// Permission mode in use.
    pub mode: Option<String>,
    /// Effort, where it was chosen.
    pub effort: Option<String>,
    /// What the CLI offers here, once it was asked.
    pub offers: Option<Arc<Offers>>,
    /// Version of the CLI.
    pub version: Option<String>,
    /// US dollars so far, where known.
    pub cost: Option<f64>,
    /// Tokens in the context window.
    pub context: Option<u64>,
    /// Size of the context window, tokens.
    pub window: Option<u64>,
    /// Tasks that work in the background.
    pub background: usize,
    /// The prompt it had last.
    pub last: Option<Source>,
}

/// Why a worker is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It had nothing to do, or its place was needed.
    Idle,
    /// The CLI does not know the conversation.
    NoConversation,
    /// We are shutting down.
    Shutdown,
}

/// What is left of a worker; its process is gone.
#[derive(Debug)]
pub struct Finished {
    /// The session it was for.
    pub session: SessionId,
    /// The session's directory.
    pub directory: PathBuf,
    /// Why it ended.
    pub why: Why,
    /// Prompts that Claude never got, in order.
    pub unsent: Vec<Queued>,
}
