//! The core of a session: what is known of it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    path::PathBuf,
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    bridge::{
        prompt::{Prompt, PromptId},
        question::Input,
        session::{
            Activity, Control, Finished, Queued, Report, RunSpec, State, Why, elsewhere::Elsewhere,
        },
        turn::{Outcome, Turn},
    },
    claude::{
        identity::Started,
        live::Live,
        process::{Conversation, Ending},
        session::SessionId,
        wire::offers::Offers,
    },
};

/// Request ids of what every process is asked first.
pub(super) const INITIALIZE: &str = "segue-initialize";
pub(super) const MODES: &str = "segue-modes";

/// What the shell is to do, in this order.
#[derive(Debug)]
pub(super) enum Effect {
    /// Find out who has the session and what is there of it: [`Session::prepared`].
    Prepare,
    /// Start a process: [`Session::started`] or [`Session::not_started`].
    Start,
    /// Hand a line to the process.
    Write(Vec<u8>),
    /// The same with a prompt, once it is written down which process has it.
    Ask(PromptId, Vec<u8>),
    /// Hand the answer to a question to the process: [`Session::answered`] if it took it.
    Answer { request: String, input: Input, line: Vec<u8> },
    /// End the process, when its transcript holds what it has told: [`Session::exited`].
    End(Ending),
    /// Get a slot: [`Session::slot_granted`].
    WantSlot,
    /// Give the slot back, or want it no more.
    FreeSlot,
    /// Compare the transcript with what the process has told: [`Session::compared`].
    Compare,
    /// Our process writes to another transcript now.
    TurnOver,
    /// Find a prompt in the transcript: [`Session::looked`].
    Look(PromptId, Box<Turn>),
    /// See what the holder elsewhere does: [`Session::seen`].
    Watch,
    /// Hand a prompt to a terminal: [`Session::sent`].
    Inbox(PathBuf, PromptId, String),
    /// End the terminal and wait until it is gone: [`Session::taken_over`].
    TakeOver(Box<Live>),
    /// Ask a process of an earlier segue to end.
    Terminate(Box<Live>),
    /// End a process of an earlier segue.
    Kill(Box<Live>),
    /// Write down that a prompt goes on as another.
    Renew { old: PromptId, prompt: Box<Prompt> },
    /// Tell the app.
    Report(Report),
}

/// What is known before a process starts.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// A process of somebody else that has the session.
    pub(super) live: Option<Live>,
    /// A process of an earlier segue that has it.
    pub(super) orphan: Option<Started>,
    /// Whether there is a transcript.
    pub(super) exists: bool,
    /// The message that a process must be told to go on behind, if that is not the last one.
    pub(super) at: Option<Uuid>,
    /// US dollars so far.
    pub(super) spent: f64,
}

/// What a look for a prompt has found.
#[derive(Debug)]
pub(super) enum Found {
    /// It never ran.
    Nothing,
    /// It is part of another turn.
    Joined,
    /// It had this turn, which is over.
    Turn(Box<Turn>),
    /// The transcript cannot be read; the system's words.
    Unreadable(String),
}

/// Who has the session.
#[derive(Debug)]
pub(super) enum Holder {
    Nobody,
    /// Nobody, and it is being found out whether that is so.
    Preparing,
    /// Nobody: a process of ours may start.
    Free,
    /// A process of ours that is starting or works.
    Ours(Box<Ours>),
    /// A process of ours that ends; why.
    Closing(Cause),
    /// Somebody else.
    Elsewhere(Box<Elsewhere>),
}

/// Why a process of ours ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Nothing was to do.
    Idle,
    /// Another is to take its place.
    Replaced,
    /// It did not end its turn after an interrupt.
    Hanging,
    /// It has ended by itself; whether the person wanted it to stop.
    Itself { stopped: bool },
}

/// What is known of a process of ours.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Ours {
    /// What it offers, as far as it has told.
    pub(super) offers: Offers,
    /// Whether it has told.
    pub(super) offered: bool,
    /// Until when a slash command waits for that.
    pub(super) learning: Option<Instant>,
    /// Control requests that it has not answered, by request id.
    pub(super) pending: HashMap<String, Control>,
    /// When it must have ended its turn after an interrupt.
    pub(super) patience: Option<Instant>,
    /// The prompt inside that is to come back, behind one that interrupts.
    pub(super) making_way: Option<PromptId>,
    /// Whether its knowledge of the session is being compared with the transcript.
    pub(super) comparing: bool,
    /// When it is compared once more, because the transcript held what it had not told.
    pub(super) doubted: Option<Instant>,
    /// Whether it has gone back and said something since, which a resume finds once it has ended
    /// politely.
    pub(super) has_branched: bool,
    /// Whether it knows all of the session, so that the next prompt may go to it.
    pub(super) is_current: bool,
    /// What the CLI said last of a background task that ended.
    pub(super) occasion: Option<String>,
    /// What runs in its background.
    pub(super) tasks: Vec<String>,
    /// Whether it tells when it begins with a prompt; old ones do not.
    pub(super) tells_starts: bool,
    /// Whether it is to go when it has answered what it was asked.
    pub(super) leave: bool,
    /// Whether the transcript has changed since it was compared last.
    pub(super) look: bool,
    /// Lines that say nothing we know.
    pub(super) unknown: usize,
}

/// The slot of the running turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    None,
    Wanted,
    Held,
}

/// Everything that is known of a session in use.
pub(super) struct Session {
    pub(super) idle: Duration,
    pub(super) turns: usize,
    pub(super) spec: RunSpec,
    /// The message that the next process goes on behind, if that is not the last one.
    pub(super) at: Option<Uuid>,
    pub(super) state: watch::Sender<State>,
    pub(super) holder: Holder,
    /// What waits, in order.
    pub(super) queue: VecDeque<Queued>,
    /// The turn that runs in our process.
    pub(super) running: Option<Queued>,
    /// A prompt that was written to the process during a turn and has not started.
    pub(super) inside: Option<Queued>,
    /// A turn that there is only for what a task in the background asks.
    pub(super) asking: Option<Queued>,
    /// The prompt that is being looked for.
    pub(super) looking: Option<PromptId>,
    pub(super) slot: Slot,
    /// Control requests that wait for a process.
    pub(super) controls: Vec<Control>,
    /// The process lacks a flag: the next prompt goes to a new one.
    pub(super) relaunch: bool,
    /// Background tasks that ended with a process that had to go, until somebody is told.
    pub(super) lost: Vec<String>,
    /// US dollars before the running turn.
    pub(super) spent: f64,
    /// Prompts whose process ended under them, and which were sent again: once each.
    pub(super) sent_again: HashSet<PromptId>,
    /// Until then no process is started: the last one ended under its prompt.
    pub(super) resting: Option<Instant>,
    /// Whether a process of an earlier segue is to be seen to.
    pub(super) see_to: bool,
    /// Why it is over, once it is.
    pub(super) over: Option<Why>,
    pub(super) effects: VecDeque<Effect>,
}

impl Session {
    pub(super) fn new(spec: RunSpec, (idle, turns): (Duration, usize)) -> Self {
        let state = watch::Sender::new(State {
            session: spec.conversation.session(),
            activity: Activity::Idle(Instant::now()),
            pid: None,
            model: spec.choices.model.clone(),
            mode: spec.choices.mode.clone(),
            effort: spec.choices.effort.clone(),
            offers: None,
            version: None,
            cost: None,
            context: None,
            window: None,
            background: 0,
            last: None,
        });
        Self {
            idle,
            turns,
            spec,
            at: None,
            state,
            holder: Holder::Nobody,
            queue: VecDeque::new(),
            running: None,
            inside: None,
            asking: None,
            looking: None,
            slot: Slot::None,
            controls: Vec::new(),
            relaunch: false,
            lost: Vec::new(),
            spent: 0.0,
            sent_again: HashSet::new(),
            resting: None,
            see_to: false,
            over: None,
            effects: VecDeque::new(),
        }
    }

    pub(super) fn id(&self) -> SessionId {
        self.spec.conversation.session()
    }

    pub(super) fn ours(&mut self) -> Option<&mut Ours> {
        match &mut self.holder {
            Holder::Ours(ours) => Some(ours),
            _ => None,
        }
    }

    pub(super) fn want(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(super) fn say(&mut self, line: Vec<u8>) {
        self.want(Effect::Write(line));
    }

    /// Whether nothing waits, runs, or is expected.
    pub(super) fn is_idle(&self) -> bool {
        let process = match &self.holder {
            Holder::Nobody => true,
            Holder::Ours(ours) => ours.pending.is_empty() && ours.tasks.is_empty(),
            _ => false,
        };
        process
            && !self.see_to
            && self.running.is_none()
            && self.inside.is_none()
            && self.asking.is_none()
            && self.queue.is_empty()
            && self.controls.is_empty()
    }

    /// When to call [`Session::timer`] next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.holder {
            Holder::Ours(ours) => {
                let known = [ours.patience, ours.learning, ours.doubted].into_iter().flatten();
                let idle = match self.state.borrow().activity {
                    Activity::Idle(since) if self.is_idle() => Some(since + self.idle),
                    _ => None,
                };
                known.chain(idle).min()
            }
            Holder::Elsewhere(elsewhere) => elsewhere.deadline(),
            Holder::Nobody => self.resting,
            _ => None,
        }
    }

    /// A moment that [`Session::deadline`] named has come.
    pub(super) fn timer(&mut self, now: Instant) {
        self.resting = self.resting.filter(|until| *until > now);
        let is_idle = self.is_idle();
        let since = self.state.borrow().activity;
        let idle = self.idle;
        let Holder::Ours(ours) = &mut self.holder else { return self.look_elsewhere(now) };
        let passed = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if passed(ours.patience) {
            tracing::warn!(session = %self.id(), "the CLI ignores an interrupt");
            return self.end(Ending::Polite, Cause::Hanging);
        }
        if passed(ours.learning) {
            (ours.learning, ours.offered) = (None, true);
            return self.write_running();
        }
        if passed(ours.doubted) && !ours.comparing {
            ours.comparing = true;
            return self.want(Effect::Compare);
        }
        if is_idle && matches!(since, Activity::Idle(since) if since + idle <= now) {
            self.end(Ending::Kill, Cause::Idle);
        }
    }

    // ---- The end of a turn ----

    /// Ends the running turn without a word of the CLI's.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        if let Some(running) = self.running.take() {
            running.finish(outcome);
        }
        self.settle();
    }

    /// Notes that nothing runs, if nothing does.
    pub(super) fn settle(&mut self) {
        if let Some(ours) = self.ours() {
            ours.is_current = false;
        }
        if self.running.is_none() {
            if let Some(ours) = self.ours() {
                (ours.patience, ours.learning) = (None, None);
            }
            if self.inside.is_none() && self.queue.is_empty() {
                self.free_slot();
                self.state.send_modify(|state| state.activity = Activity::Idle(Instant::now()));
            }
        }
    }

    // ---- The end ----

    /// We are shutting down: ends the process, and lets go of all that waits.
    pub(super) fn shut_down(&mut self) {
        self.over = Some(Why::Shutdown);
    }

    /// What is left when the process is gone.
    pub(super) fn left(mut self) -> Finished {
        let why = self.over.unwrap_or(Why::Shutdown);
        let mut unsent = Vec::new();
        if let Some(running) = self.running.take() {
            if why == Why::NoConversation {
                unsent.push(running);
            } else {
                running.finish(Outcome::Shutdown);
            }
        }
        if let Some(asking) = self.asking.take() {
            asking.finish(Outcome::Shutdown);
        }
        unsent.extend(self.inside.take());
        unsent.extend(self.queue.drain(..));
        Finished { session: self.id(), directory: self.spec.directory, why, unsent }
    }
}

/// How a process comes to a session that has a transcript by now.
pub(super) fn resumed(conversation: Conversation) -> Conversation {
    Conversation::Resume(conversation.session())
}
