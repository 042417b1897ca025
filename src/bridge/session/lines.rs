//! The core of a session: what the lines of our process do to it.

use std::sync::Arc;

use serde_json::Value;
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    bridge::{
        outcome,
        prompt::{Prompt, PromptId},
        session::{
            Activity, Control, Queued, Report,
            state::{Effect, INITIALIZE, MODES, Session},
        },
        turn::{Outcome, Phase, Turn, Wait},
    },
    claude::{
        process::Conversation,
        wire::{Init, Lifecycle, Line, TurnResult, offers::Offers, say},
    },
};

impl Session {
    /// A line that could not be decoded.
    pub(super) fn unknown_line(&mut self) {
        if let Some(ours) = self.ours() {
            ours.unknown += 1;
        }
    }

    pub(super) fn line(&mut self, line: &Line<'_>, now: Instant) {
        if let Some(ours) = self.ours() {
            ours.doubted = None;
        }
        match line {
            Line::Init(init) => self.init(init, now),
            Line::Reply { request, result } => self.replied(request, result),
            Line::Notified(summary) => {
                if let Some(ours) = self.ours() {
                    ours.occasion = Some(summary.clone());
                }
            }
            Line::Lifecycle { prompt, state } => self.lifecycle(*prompt, *state, now),
            // Versions without `command_lifecycle` tell only by the echo that they began.
            Line::Record(record) if record.replay => {
                if let Some(uuid) = record.uuid {
                    self.prompt_started(uuid, now);
                }
            }
            Line::Ask(_) if self.running.is_none() => {
                self.begin_asking(now);
                if let Some(asking) = &self.asking {
                    asking.show(|turn| turn.apply(line));
                }
                return;
            }
            Line::Unknown { request, subtype } => {
                tracing::info!(subtype, "the CLI asks for something unknown");
                self.say(say::unsupported(request, subtype));
            }
            Line::Background(tasks) => self.background(tasks, now),
            // What replaces this process goes on as Claude and the person have agreed, unless the
            // person has chosen how since.
            Line::Mode(mode) if !self.relaunch => {
                self.spec.choices.mode = Some(mode.clone());
                self.tell_choices();
            }
            Line::Result(result) => return self.result(line, result, now),
            Line::Other(kind) => {
                tracing::trace!(kind, "a line of the CLI");
                self.unknown_line();
            }
            _ => {}
        }
        if let Some(running) = &self.running {
            running.show(|turn| turn.apply(line));
        }
        if let Line::Withdrawn { .. } = line {
            if let Some(asking) = &self.asking {
                asking.show(|turn| turn.apply(line));
            }
            self.end_asking_if_done();
        }
    }

    fn background(&mut self, tasks: &[String], now: Instant) {
        if let Some(ours) = self.ours() {
            ours.tasks = tasks.to_vec();
        }
        self.state.send_modify(|state| {
            state.background = tasks.len();
            if let Activity::Idle(since) = &mut state.activity {
                *since = now;
            }
        });
    }

    fn init(&mut self, init: &Init, now: Instant) {
        if let Some(session) = init.session_id
            && session != self.id()
        {
            self.spec.conversation = Conversation::Resume(session);
            self.want(Effect::TurnOver);
        }
        self.unless_ours(init, now);
        let session = self.id();
        self.state.send_modify(|state| {
            state.session = session;
            state.model = init.model.clone().or(state.model.take());
            state.mode = init.mode.clone().or(state.mode.take());
            state.version = init.version.clone().or(state.version.take());
        });
    }

    /// Looks whether a turn that begins is that of the prompt that was written.
    fn unless_ours(&mut self, init: &Init, now: Instant) {
        let tells = self.ours().is_some_and(|ours| ours.tells_starts);
        let unasked = tells && init.prompts.is_empty();
        match &self.running {
            None if self.inside.is_none() || unasked => self.begin_unsolicited(now),
            Some(running) if unasked && !running.turn.borrow().taken => {
                // It began just as the prompt was written, which it takes in or leaves to the next.
                running.show(|turn| turn.phase = Phase::Waiting(Wait::Turn));
                self.inside = self.running.take();
                self.begin_unsolicited(now);
            }
            _ => {}
        }
    }

    /// A turn begins that no prompt of ours began.
    fn begin_unsolicited(&mut self, now: Instant) {
        self.running = self.unsolicited(now);
        if self.running.is_some() {
            self.state.send_modify(|state| state.activity = Activity::Busy);
        }
    }

    /// Something is asked outside of every turn, by a sub-agent in the background: it has a turn of
    /// its own until it is decided, and holds nothing up.
    fn begin_asking(&mut self, now: Instant) {
        if self.asking.is_none() {
            self.asking = self.unsolicited(now);
        }
    }

    fn unsolicited(&mut self, now: Instant) -> Option<Queued> {
        let source = self.state.borrow().last?;
        let id = PromptId(Uuid::new_v4());
        let prompt = Prompt { id, ..Prompt::new(source, "", 0) };
        let mut turn = Turn::new(&prompt, self.id(), now);
        let ours = self.ours()?;
        turn.occasion = Some(ours.occasion.take().unwrap_or_default());
        turn.work.background.clone_from(&ours.tasks);
        let (turn, shown) = watch::channel(turn);
        self.want(Effect::Report(Report::Unsolicited { place: source.place, turn: shown }));
        Some(Queued::new(prompt, turn))
    }

    fn lifecycle(&mut self, prompt: Uuid, state: Lifecycle, now: Instant) {
        if let Some(ours) = self.ours() {
            ours.tells_starts = true;
        }
        match state {
            Lifecycle::Queued => {}
            Lifecycle::Started => self.prompt_started(prompt, now),
            Lifecycle::Completed => self.repeated(prompt),
            Lifecycle::Cancelled => self.cancelled(prompt),
        }
    }

    fn cancelled(&mut self, prompt: Uuid) {
        if self.running.as_ref().is_some_and(|running| running.prompt.id.0 == prompt) {
            return self.finish(Outcome::Stopped);
        }
        let is_it = |inside: &mut Queued| inside.prompt.id.0 == prompt;
        let Some(mut inside) = self.inside.take_if(is_it) else { return };
        let interrupted_for = self.ours().and_then(|ours| ours.interrupted_for.take());
        if interrupted_for == Some(inside.prompt.id) {
            // A process that has seen an id may pass over it the second time without a word.
            self.renew(&mut inside);
            // Behind the prompt that interrupts, which is the first.
            let index = self.queue.len().min(1);
            self.show_wait(&inside, self.queue.front().or(self.running.as_ref()));
            return self.queue.insert(index, inside);
        }
        inside.finish(Outcome::TakenBack);
        self.settle();
    }

    /// Claude has a prompt: as its turn, or taken into the one that runs.
    fn prompt_started(&mut self, prompt: Uuid, now: Instant) {
        let is_it = |inside: &mut Queued| inside.prompt.id.0 == prompt;
        if let Some(running) = &self.running {
            if running.prompt.id.0 == prompt {
                return running.show(|turn| turn.taken = true);
            }
            let Some(inside) = self.inside.take_if(is_it) else { return };
            running.show(|turn| turn.joined += 1);
            let source = inside.prompt.source;
            inside.show(|turn| turn.taken = true);
            inside.finish(Outcome::Joined);
            self.state.send_modify(|state| state.last = Some(source));
        } else if let Some(inside) = self.inside.take_if(is_it) {
            let tasks = self.ours().map(|ours| ours.tasks.clone()).unwrap_or_default();
            inside.show(|turn| {
                (turn.phase, turn.began, turn.taken) = (Phase::Working, now, true);
                turn.work.background = tasks;
            });
            let source = inside.prompt.source;
            self.state.send_modify(|state| state.last = Some(source));
            self.running = Some(inside);
        }
    }

    /// `completed` for a prompt that never started: the CLI knows its uuid and did not run it.
    fn repeated(&mut self, prompt: Uuid) {
        let is_it = |queued: &Queued| queued.prompt.id.0 == prompt && !queued.turn.borrow().taken;
        if self.running.as_ref().is_some_and(is_it) {
            self.finish(Outcome::Repeated);
        } else if let Some(inside) = self.inside.take_if(|inside| is_it(inside)) {
            inside.finish(Outcome::Repeated);
            self.settle();
        }
    }

    /// The turn is over.
    fn result(&mut self, line: &Line<'_>, result: &TurnResult, now: Instant) {
        if outcome::of(result) == Outcome::NoConversation {
            return; // The process ends next, and the prompts go elsewhere.
        }
        let cost = result.total_cost_usd.map(|total| {
            let cost = (total - self.spent).max(0.0);
            self.spent = total;
            cost
        });
        let (mut context, mut open) = (None, Vec::new());
        if let Some(running) = self.running.take() {
            running.show(|turn| {
                turn.cost = cost;
                if !result.is_error {
                    turn.said_or(result.result.as_deref());
                    // A sub-agent in the background may still ask.
                    open = std::mem::take(&mut turn.asks);
                }
                turn.apply(line);
                context = turn.context;
            });
        }
        self.state.send_modify(|state| {
            state.cost = result.total_cost_usd.or(state.cost);
            state.context = context.or(state.context);
            state.window = result.context_window.or(state.window);
        });
        self.settle();
        if !open.is_empty() {
            self.begin_asking(now);
            if let Some(asking) = &self.asking {
                asking.show(|turn| turn.asks.append(&mut open));
            }
        }
    }

    /// The process has answered a request of ours.
    fn replied(&mut self, request: &str, result: &Result<Value, String>) {
        let Some(ours) = self.ours() else { return };
        let told = match (request, result) {
            (INITIALIZE, Ok(answer)) => {
                ours.offers = Offers::read(answer);
                false
            }
            (MODES, Err(words)) => {
                ours.offers.modes = Offers::modes(words);
                true
            }
            (MODES, Ok(_)) => true,
            _ => false,
        };
        let pending = ours.pending.remove(request);
        if told {
            ours.offered = true;
            let learns = ours.learning.take().is_some();
            let offers = Arc::new(ours.offers.clone());
            self.state.send_modify(|state| state.offers = Some(offers));
            if learns {
                self.write_running();
            }
        }
        let Some(Control { choice, reply, .. }) = pending else { return };
        self.touch();
        if let Some((choice, value)) = choice.filter(|_| result.is_ok()) {
            self.spec.choices.set(choice, value);
            self.tell_choices();
        }
        // Who asked may have gone.
        let _ = reply.send(result.clone());
    }
}
