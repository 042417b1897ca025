//! The core of a session: what is known of it, and what is done next for what waits.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    path::PathBuf,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};
use uuid::Uuid;

use crate::{
    bridge::{
        prompt::{Manner, Prompt, PromptId, slash_command},
        question::Input,
        session::{
            Activity, Control, Finished, Queued, Report, RunSpec, State, Why, elsewhere::Elsewhere,
        },
        turn::{Outcome, Phase, Turn, Wait},
    },
    claude::{
        live::Live,
        process::{Conversation, Ending},
        session::SessionId,
        wire::{offers::Offers, say},
    },
};

/// Request ids of what every process is asked first.
pub(super) const INITIALIZE: &str = "segue-initialize";
pub(super) const MODES: &str = "segue-modes";
/// How long a slash command may wait for the CLI's list of them.
const LEARN: Duration = Duration::from_secs(10);

/// What the shell is to do, in this order.
#[derive(Debug)]
pub(super) enum Effect {
    /// Find out who has the session and what is there of it: [`Session::prepared`].
    Prepare,
    /// Start a process: [`Session::started`] or [`Session::not_started`].
    Start,
    /// Hand a line to the process.
    Write(Vec<u8>),
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
    pub(super) orphan: Option<u32>,
    /// Whether there is a transcript.
    pub(super) exists: bool,
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
    /// Whether it knows all of the session, so that the next prompt may go to it.
    pub(super) is_current: bool,
    /// What the CLI said last of a background task that ended.
    pub(super) occasion: Option<String>,
    /// What runs in its background.
    pub(super) tasks: Vec<String>,
    /// Whether it tells when it begins with a prompt; old ones do not.
    pub(super) tells_starts: bool,
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
            _ => None,
        }
    }

    /// A moment that [`Session::deadline`] named has come.
    pub(super) fn timer(&mut self, now: Instant) {
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

    // ---- What is done next ----

    /// Does what can be done for what waits.
    pub(super) fn advance(&mut self, now: Instant) {
        match self.holder {
            Holder::Preparing | Holder::Closing(_) => return,
            Holder::Elsewhere(_) => return self.advance_elsewhere(now),
            Holder::Nobody | Holder::Free | Holder::Ours(_) => {}
        }
        if self.running.is_some() || self.inside.is_some() {
            self.send_controls();
            return self.join();
        }
        if self.queue.is_empty() {
            self.free_slot();
            return self.advance_controls();
        }
        self.next_prompt(now);
    }

    /// Brings the first of the queue on its way.
    fn next_prompt(&mut self, now: Instant) {
        let Some(head) = self.queue.front() else { return };
        let elsewhere = head.plan.is_some();
        if elsewhere && matches!(self.holder, Holder::Ours(_)) {
            // What we hold of it is about to be out of date.
            return self.end(Ending::Kill, Cause::Replaced);
        }
        if elsewhere && matches!(self.holder, Holder::Free) {
            // The terminal is gone: the prompt goes on here.
            self.keep_here();
        }
        if matches!(self.holder, Holder::Nobody) && (elsewhere || self.must_look()) {
            return self.prepare();
        }
        if self.look_for_head() {
            return;
        }
        if self.slot != Slot::Held {
            if matches!(self.holder, Holder::Free) {
                // Until there is one, that may change.
                self.holder = Holder::Nobody;
            }
            return self.want_slot();
        }
        let relaunch = self.relaunch;
        match &mut self.holder {
            Holder::Nobody => self.prepare(),
            Holder::Ours(ours) if relaunch && ours.tasks.is_empty() => {
                self.end(Ending::Kill, Cause::Replaced);
            }
            Holder::Ours(ours) if !ours.is_current => self.compare(),
            Holder::Free | Holder::Ours(_) => self.begin(now),
            Holder::Preparing | Holder::Closing(_) | Holder::Elsewhere(_) => {}
        }
    }

    fn must_look(&self) -> bool {
        self.queue.front().is_some_and(|head| head.may_have_run)
    }

    /// Looks for the first of the queue in the transcript, where it may have run. True while it is
    /// not known.
    fn look_for_head(&mut self) -> bool {
        let Some(head) = self.queue.front().filter(|head| head.may_have_run) else { return false };
        let (id, turn) = (head.prompt.id, Box::new(head.turn.borrow().clone()));
        if self.looking.is_none() {
            self.looking = Some(id);
            self.want(Effect::Look(id, turn));
        }
        true
    }

    pub(super) fn prepare(&mut self) {
        self.holder = Holder::Preparing;
        self.want(Effect::Prepare);
    }

    pub(super) fn compare(&mut self) {
        if let Some(ours) = self.ours().filter(|ours| !ours.comparing) {
            ours.comparing = true;
            self.want(Effect::Compare);
        }
    }

    /// Ends our process.
    pub(super) fn end(&mut self, ending: Ending, cause: Cause) {
        if let Holder::Ours(ours) = &mut self.holder {
            if matches!(cause, Cause::Replaced) {
                self.lost.append(&mut ours.tasks);
                self.relaunch = false;
            }
            self.holder = Holder::Closing(cause);
            self.want(Effect::End(ending));
        }
    }

    /// Hands the next prompt into the running turn, if it may.
    fn join(&mut self) {
        let Some(current) = &self.running else { return };
        let place = current.prompt.source.place;
        let runs = current.turn.borrow().taken && self.inside.is_none();
        let joins = |next: &Queued| {
            next.is_of(place) && next.prompt.manner != Manner::After && next.plan.is_none()
        };
        let stopping = !matches!(&self.holder, Holder::Ours(ours) if ours.patience.is_none());
        if !runs || stopping || !self.queue.front().is_some_and(joins) || self.look_for_head() {
            return;
        }
        if let Some(next) = self.queue.pop_front() {
            self.say(say::prompt(next.prompt.id.0, &next.prompt.text, next.prompt.images()));
            self.inside = Some(next);
        }
    }

    // ---- Slots ----

    fn want_slot(&mut self) {
        if self.slot == Slot::None {
            self.slot = Slot::Wanted;
            self.want(Effect::WantSlot);
        }
    }

    /// No slot is free: the queue waits for one.
    pub(super) fn slot_is_awaited(&mut self) {
        let wait = Phase::Waiting(Wait::Slot(self.turns));
        for queued in &self.queue {
            queued.show(|turn| turn.phase = wait.clone());
        }
    }

    pub(super) fn slot_granted(&mut self) {
        if self.slot == Slot::Wanted {
            self.slot = Slot::Held;
        }
    }

    pub(super) fn free_slot(&mut self) {
        if self.slot != Slot::None {
            self.slot = Slot::None;
            self.want(Effect::FreeSlot);
        }
    }

    // ---- The beginning of a turn ----

    /// Begins a turn with the first of the queue, on the warm process or a new one.
    fn begin(&mut self, now: Instant) {
        let Some(next) = self.queue.pop_front() else { return };
        let tasks = self.ours().map(|ours| ours.tasks.clone()).unwrap_or_default();
        let lost = std::mem::take(&mut self.lost);
        next.show(|turn| {
            (turn.phase, turn.began, turn.ended) = (Phase::Starting, now, None);
            turn.lost.extend(lost);
            turn.work.background = tasks;
        });
        let source = next.prompt.source;
        self.state.send_modify(|state| {
            (state.activity, state.last) = (Activity::Busy, Some(source));
        });
        self.running = Some(next);
        if matches!(self.holder, Holder::Free) {
            self.start();
        } else {
            self.write_running();
        }
    }

    fn start(&mut self) {
        self.holder = Holder::Preparing;
        self.want(Effect::Start);
    }

    /// A process of ours has started. It is asked what it offers: no request lists the permission
    /// modes but the refusal of one that does not exist.
    pub(super) fn started(&mut self, pid: u32) {
        tracing::info!(session = %self.id(), pid, "started the CLI");
        self.holder = Holder::Ours(Box::new(Ours { is_current: true, ..Ours::default() }));
        self.state.send_modify(|state| {
            (state.pid, state.background, state.offers) = (Some(pid), 0, None);
        });
        self.say(say::request(INITIALIZE, &json!({"subtype": "initialize"})));
        let body = json!({"subtype": "set_permission_mode", "mode": "?"});
        self.say(say::request(MODES, &body));
        self.write_running();
        self.send_controls();
    }

    /// Hands the running prompt to the process, once its words are those of the CLI: Telegram's
    /// commands have `_` where those of the CLI may have `-`.
    pub(super) fn write_running(&mut self) {
        let Holder::Ours(ours) = &mut self.holder else { return };
        let Some(running) = &self.running else { return };
        let prompt = &running.prompt;
        let name = slash_command(&prompt.text).filter(|name| name.contains('_'));
        if name.is_some() && !ours.offered {
            ours.learning = Some(Instant::now() + LEARN);
            return;
        }
        let known = name.and_then(|name| Some((name, ours.offers.command(name)?)));
        let text = match known {
            Some((name, known)) => format!("/{known}{}", &prompt.text[1 + name.len()..]),
            None => prompt.text.clone(),
        };
        let line = say::prompt(prompt.id.0, &text, prompt.images());
        self.say(line);
    }

    // ---- Control requests ----

    fn advance_controls(&mut self) {
        if self.controls.is_empty() && !self.see_to {
            if matches!(self.holder, Holder::Nobody | Holder::Free) {
                self.over = Some(Why::Idle);
            }
            return;
        }
        match &mut self.holder {
            Holder::Nobody => self.prepare(),
            Holder::Free if self.controls.is_empty() => self.over = Some(Why::Idle),
            Holder::Free => self.start(),
            Holder::Ours(ours) if !ours.is_current => self.compare(),
            _ => self.send_controls(),
        }
    }

    /// Hands the requests that wait to the process.
    fn send_controls(&mut self) {
        if !matches!(self.holder, Holder::Ours(_)) || self.controls.is_empty() {
            return;
        }
        self.touch();
        for control in std::mem::take(&mut self.controls) {
            let id = Uuid::new_v4().to_string();
            self.say(say::request(&id, &control.body));
            if let Some(ours) = self.ours() {
                ours.pending.insert(id, control);
            }
        }
    }

    /// The requests that wait cannot be asked.
    pub(super) fn refuse_controls(&mut self, why: &str) {
        for Control { reply, .. } in self.controls.drain(..) {
            refuse(reply, why);
        }
    }

    /// What was idle is in use.
    pub(super) fn touch(&self) {
        self.state.send_if_modified(|state| match &mut state.activity {
            Activity::Idle(since) => {
                *since = Instant::now();
                true
            }
            Activity::Busy => false,
        });
    }

    pub(super) fn tell_choices(&self) {
        let chosen = self.spec.choices.clone();
        self.state.send_modify(|state| {
            state.mode = chosen.mode.or(state.mode.take());
            state.model = chosen.model.or(state.model.take());
            state.effort = chosen.effort.or(state.effort.take());
        });
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

fn refuse(reply: oneshot::Sender<Result<Value, String>>, why: &str) {
    // Who asked may have gone.
    let _ = reply.send(Err(why.to_owned()));
}

/// How a process comes to a session that has a transcript by now.
pub(super) fn resumed(conversation: Conversation) -> Conversation {
    Conversation::Resume(conversation.session())
}
