//! What a run makes of the lines of its process.

use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    bridge::{
        outcome,
        prompt::{Prompt, PromptId},
        run::{
            Activity, Asked, Stray,
            actor::{Actor, show},
        },
        turn::{Outcome, Phase, Turn, Wait},
    },
    claude::{
        process::{Conversation, Process},
        wire::{Init, Lifecycle, Line, TurnResult, say},
    },
};

impl Actor {
    pub(super) fn line(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        if !process.line().is_empty() {
            if let Ok(line) = Line::decode(process.line()) {
                self.apply(&process, &line);
            } else {
                self.unknown += 1;
            }
        }
        self.process = Some(process);
    }

    pub(super) fn apply(&mut self, process: &Process, line: &Line<'_>) {
        match line {
            Line::Init(init) => self.init(init),
            Line::Reply { request, result } => self.replied(request, result),
            Line::Notified(summary) => self.occasion = Some(summary.clone()),
            Line::Lifecycle { prompt, state } => self.lifecycle(*prompt, *state),
            Line::Record(record) => {
                self.mirror.note(record.uuid);
                // Versions without `command_lifecycle` tell only by the echo that they began.
                if record.replay
                    && let Some(uuid) = record.uuid
                {
                    self.started(uuid);
                }
            }
            Line::Unknown { request, subtype } => {
                tracing::info!(subtype, "the CLI asks for something unknown");
                process.say(say::unsupported(request, subtype));
            }
            Line::Background(tasks) => {
                self.tasks.clone_from(tasks);
                self.state.send_modify(|state| {
                    state.background = tasks.len();
                    if let Activity::Idle(since) = &mut state.activity {
                        *since = Instant::now();
                    }
                });
            }
            // What replaces this process goes on as Claude and the person have agreed, unless the
            // person has chosen how since.
            Line::Mode(mode) if !self.relaunch => {
                self.seat.choices.mode = Some(mode.clone());
                self.tell_choices();
            }
            Line::Result(result) => return self.result(line, result),
            Line::Other(kind) => {
                tracing::trace!(kind, "a line of the CLI");
                self.unknown += 1;
            }
            _ => {}
        }
        if let Some(current) = &self.current {
            show(current, |turn| turn.apply(line));
        }
    }

    pub(super) fn init(&mut self, init: &Init) {
        if let Some(session) = init.session_id
            && session != self.seat.conversation.session()
        {
            self.seat.conversation = Conversation::Resume(session);
            self.mirror.turn_over();
        }
        self.unless_ours(init);
        let session = self.seat.conversation.session();
        self.state.send_modify(|state| {
            state.session = session;
            state.model = init.model.clone().or(state.model.take());
            state.mode = init.mode.clone().or(state.mode.take());
            state.version = init.version.clone().or(state.version.take());
        });
    }

    /// Looks whether a turn that begins is that of the prompt that was written.
    fn unless_ours(&mut self, init: &Init) {
        let unasked = self.tells_starts && init.prompts.is_empty();
        match &self.current {
            None if self.inside.is_none() || unasked => self.stray(),
            Some(current) if unasked && !current.turn.borrow().taken => {
                // It began just as the prompt was written, which it takes in or leaves to the next.
                show(current, |turn| turn.phase = Phase::Waiting(Wait::Turn));
                self.inside = self.current.take();
                self.stray();
            }
            _ => {}
        }
    }

    /// A turn begins that no prompt of ours began.
    pub(super) fn stray(&mut self) {
        let Some(source) = self.state.borrow().last else {
            return;
        };
        let id = PromptId(Uuid::new_v4());
        let prompt = Prompt { id, ..Prompt::new(source, "", 0) };
        let mut turn = Turn::new(&prompt, self.seat.conversation.session(), Instant::now());
        turn.occasion = Some(self.occasion.take().unwrap_or_default());
        turn.work.background.clone_from(&self.tasks);
        let (turn, shown) = watch::channel(turn);
        let stray = Stray { place: source.place, turn: shown };
        if self.settings.strays.try_send(stray).is_err() {
            tracing::warn!("a turn that nobody asked for is not shown");
        }
        self.current = Some(Asked { prompt, turn });
        self.state.send_modify(|state| state.activity = Activity::Busy);
    }

    pub(super) fn lifecycle(&mut self, prompt: Uuid, state: Lifecycle) {
        self.tells_starts = true;
        match state {
            Lifecycle::Queued => {}
            Lifecycle::Started => self.started(prompt),
            Lifecycle::Completed => self.repeated(prompt),
            Lifecycle::Cancelled => {
                if self.current.as_ref().is_some_and(|current| current.prompt.id.0 == prompt) {
                    self.finish(Outcome::Stopped);
                } else if let Some(inside) =
                    self.inside.take_if(|inside| inside.prompt.id.0 == prompt)
                {
                    if self.making_way.take_if(|id| *id == inside.prompt.id).is_some() {
                        // Behind the prompt that interrupts, which is the first.
                        let index = self.waiting.len().min(1);
                        return self.waiting.insert(index, inside);
                    }
                    show(&inside, |turn| turn.finish(Outcome::TakenBack));
                    self.settle();
                }
            }
        }
    }

    /// Claude has a prompt: as its turn, or taken into the one that runs.
    pub(super) fn started(&mut self, prompt: Uuid) {
        if let Some(current) = &self.current {
            if current.prompt.id.0 == prompt {
                return show(current, |turn| turn.taken = true);
            }
            if let Some(inside) = self.inside.take_if(|inside| inside.prompt.id.0 == prompt) {
                show(current, |turn| turn.joined += 1);
                show(&inside, |turn| {
                    turn.taken = true;
                    turn.finish(Outcome::Joined);
                });
                self.state.send_modify(|state| state.last = Some(inside.prompt.source));
            }
        } else if let Some(inside) = self.inside.take_if(|inside| inside.prompt.id.0 == prompt) {
            show(&inside, |turn| {
                (turn.phase, turn.began, turn.taken) = (Phase::Working, Instant::now(), true);
                turn.work.background.clone_from(&self.tasks);
            });
            self.state.send_modify(|state| state.last = Some(inside.prompt.source));
            self.current = Some(inside);
        }
    }

    /// `completed` for a prompt that never started: the CLI knows its uuid and did not run it.
    pub(super) fn repeated(&mut self, prompt: Uuid) {
        let is_it = |asked: &Asked| asked.prompt.id.0 == prompt && !asked.turn.borrow().taken;
        if self.current.as_ref().is_some_and(is_it) {
            self.finish(Outcome::Repeated);
        } else if let Some(inside) = self.inside.take_if(|inside| is_it(inside)) {
            show(&inside, |turn| turn.finish(Outcome::Repeated));
            self.settle();
        }
    }

    /// The turn is over.
    pub(super) fn result(&mut self, line: &Line<'_>, result: &TurnResult) {
        if outcome::of(result) == Outcome::NoConversation {
            return; // The process ends next, and the prompts go elsewhere.
        }
        let cost = result.total_cost_usd.map(|total| {
            let cost = (total - self.spent).max(0.0);
            self.spent = total;
            cost
        });
        let mut context = None;
        if let Some(current) = self.current.take() {
            show(&current, |turn| {
                turn.cost = cost;
                if !result.is_error {
                    turn.said_or(result.result.as_deref());
                }
                turn.apply(line);
                context = turn.context;
            });
        }
        self.patience = None;
        self.state.send_modify(|state| {
            state.cost = result.total_cost_usd.or(state.cost);
            state.context = context.or(state.context);
            state.window = result.context_window.or(state.window);
        });
        self.settle();
    }

    /// Ends the running turn without a word of the CLI's.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        if let Some(current) = self.current.take() {
            show(&current, |turn| turn.finish(outcome));
        }
        self.patience = None;
        self.settle();
    }

    pub(super) fn settle(&mut self) {
        if self.current.is_none() && self.inside.is_none() && self.waiting.is_empty() {
            (self.slot, self.slot_wanted) = (None, None);
            self.state.send_modify(|state| state.activity = Activity::Idle(Instant::now()));
        }
    }
}
