//! One session in use: its CLI process, kept warm between turns, and the turns it shows.
//!
//! A [`Run`] is the handle the app holds; the loop that owns the process is in `actor`. Orders go
//! down a channel that is never waited for, turns come up by `watch`, and when a run is over the
//! prompts it never started come back by joining. A run may end and begin processes as it needs:
//! when the laptop has continued the session, its process is replaced before the next prompt.

mod actor;
mod control;
mod doubt;
mod end;
mod lines;
mod mirror;
mod orders;

use std::{ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    bridge::{
        choices::{Choice, Choices},
        place::Place,
        prompt::{Prompt, PromptId, Source},
        question::Input,
        turn::Turn,
    },
    claude::{home::Home, process::Conversation, session::SessionId, wire::offers::Offers},
};

/// What every run is started with.
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
    /// One permit a running turn, over all runs.
    pub slots: Arc<Semaphore>,
    /// How many permits there are.
    pub turns: usize,
    /// Where turns go that no prompt of ours began.
    pub strays: mpsc::Sender<Stray>,
}

/// What one run is about.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The session's own directory.
    pub directory: PathBuf,
    /// The session, and how its first process comes to it.
    pub conversation: Conversation,
    /// Mode, model and effort, where they are not the CLI's own.
    pub choices: Choices,
    /// The CLI's agent that a new session begins with.
    pub agent: Option<String>,
}

/// A prompt with the turn that shows what becomes of it.
#[derive(Debug)]
pub struct Asked {
    /// What was asked.
    pub prompt: Prompt,
    /// Where its turn is shown.
    pub turn: watch::Sender<Turn>,
}

/// What a run is told.
#[derive(Debug)]
pub enum Order {
    /// A prompt, for the running turn or the next.
    Ask(Box<Asked>),
    /// What the person does to a question of the running turn.
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
    /// Ask the process something, which is started if there is none.
    Control(Control),
    /// Launch the next process with these, and none before: they are flags that no request sets.
    Relaunch(Choices),
    /// End, if there is nothing to do: the place among the warm runs is needed, or the laptop has
    /// opened the session.
    LetGo,
    /// End, if there is nothing to do and the transcript holds what the process does not know.
    Compare,
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

/// A turn that nobody asked for, such as the one that the end of a background task begins.
#[derive(Debug)]
pub struct Stray {
    /// The place that used the run last.
    pub place: Place,
    /// The turn as it grows; why it began stands in [`Turn::occasion`].
    pub turn: watch::Receiver<Turn>,
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Warm or cold, without work, since then.
    Idle(Instant),
    /// In a turn.
    Busy,
}

/// What a run shows of itself.
#[derive(Clone, Debug)]
pub struct State {
    /// The session it writes to.
    pub session: SessionId,
    /// What it is doing.
    pub activity: Activity,
    /// Its process, while it has one.
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

/// Why a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It had nothing to do, or its place was needed.
    Idle,
    /// The CLI does not know the conversation.
    NoConversation,
    /// We are shutting down.
    Shutdown,
}

/// What is left of a run.
#[derive(Debug)]
pub struct Over {
    /// The session it was for.
    pub session: SessionId,
    /// The session's directory.
    pub directory: PathBuf,
    /// Why it ended.
    pub why: Why,
    /// Prompts that Claude never got, in order.
    pub unsent: Vec<Asked>,
}

/// The handle of a run.
#[derive(Debug)]
pub struct Run {
    /// Without a bound: what a run takes out waits in a queue of its own, and an order that was refused
    /// would begin a second run of the session.
    orders: mpsc::UnboundedSender<Order>,
    state: watch::Receiver<State>,
}

impl Run {
    /// A run of `seat`, and the loop that must be polled for it to live.
    pub fn new(
        settings: Settings,
        seat: Seat,
        cancel: CancellationToken,
    ) -> (Self, impl Future<Output = Over> + Send) {
        let (orders, inbox) = mpsc::unbounded_channel();
        let (shown, state) = watch::channel(State {
            session: seat.conversation.session(),
            activity: Activity::Idle(Instant::now()),
            pid: None,
            model: seat.choices.model.clone(),
            mode: seat.choices.mode.clone(),
            effort: seat.choices.effort.clone(),
            offers: None,
            version: None,
            cost: None,
            context: None,
            window: None,
            background: 0,
            last: None,
        });
        let actor = actor::Actor::new(settings, seat, shown);
        (Self { orders, state }, actor.run(inbox, cancel))
    }

    /// Hands an order over. What a run that is over cannot take comes back.
    pub fn order(&self, order: Order) -> Result<(), Order> {
        self.orders.send(order).map_err(|refused| refused.0)
    }

    /// What it is doing now.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// The same, as it goes on.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.clone()
    }
}
