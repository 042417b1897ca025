//! The core of a session: what it does when it is told.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    bridge::{
        place::Place,
        prompt::{Manner, Prompt, PromptId},
        question::{Input, Verdict},
        session::{
            Order, Queued, Report, Why,
            elsewhere::await_terminal,
            state::{Effect, Holder, Session},
        },
        turn::{Outcome, Phase, Wait},
    },
    claude::wire::say,
};

/// An interrupt is answered within milliseconds; a process that has not ended its turn by then
/// hangs and is ended instead.
const INTERRUPT: Duration = Duration::from_secs(5);

impl Session {
    pub(super) fn order(&mut self, order: Order, now: Instant) {
        match order {
            Order::Ask(queued) => self.accept(*queued, now),
            Order::Answer { request, input } => self.answer(request, input),
            Order::Stop(place) => self.stop(place, now),
            Order::TakeBack(prompt) => self.take_back(prompt),
            Order::Edit(prompt) => self.edit(*prompt),
            // What is done next depends on it: that is looked at after every order.
            Order::Fetched => {}
            Order::Choose(prompt, plan) => self.choose(prompt, plan, now),
            Order::Control(control) => self.controls.push(control),
            Order::Relaunch(choices) => {
                (self.spec.choices, self.relaunch) = (choices, true);
                self.tell_choices();
            }
            Order::LetGo => self.let_go(),
            Order::Changed => self.changed(now),
            Order::SeeTo => self.see_to = true,
            Order::Leave => self.leave_elsewhere(),
        }
    }

    /// Lets a prompt wait in its turn; one that interrupts goes first.
    fn accept(&mut self, queued: Queued, now: Instant) {
        if let Some(ours) = self.ours() {
            ours.leave = false;
        }
        let place = queued.prompt.source.place;
        let manner = queued.prompt.manner;
        if queued.plan.is_some() {
            await_terminal(&queued);
            return self.queue.push_back(queued);
        }
        let runs_here = self.running.as_ref().is_some_and(|running| running.is_of(place));
        if manner == Manner::Interrupt && runs_here {
            queued.show(|turn| turn.phase = Phase::Waiting(Wait::Interrupt));
            if let Some(inside) = self.inside.as_ref().filter(|inside| inside.is_of(place)) {
                let id = inside.prompt.id;
                if let Some(ours) = self.ours() {
                    ours.making_way = Some(id);
                }
                self.cancel(id);
            }
            self.interrupt(now);
            return self.queue.push_front(queued);
        }
        if queued.files.is_none() {
            let before = self.queue.back().or(self.inside.as_ref()).or(self.running.as_ref());
            self.show_wait(&queued, before);
        }
        self.queue.push_back(queued);
    }

    /// Shows what a prompt waits for, behind another.
    pub(super) fn show_wait(&self, queued: &Queued, before: Option<&Queued>) {
        let place = queued.prompt.source.place;
        if matches!(self.holder, Holder::Elsewhere(_)) {
            queued.show(|turn| turn.phase = Phase::Waiting(Wait::Orphan));
        } else if let Some(before) = before {
            let wait = match queued.prompt.manner {
                _ if !before.is_of(place) => Wait::Place,
                Manner::After => Wait::After,
                // It cannot be taken into a turn that has not begun.
                _ if before.files.is_some() => Wait::After,
                Manner::Join | Manner::Interrupt => Wait::Turn,
            };
            queued.show(|turn| turn.phase = Phase::Waiting(wait));
        }
    }

    /// Other words for a prompt that waits; of one that was sent it is said that it is too late.
    fn edit(&mut self, prompt: Prompt) {
        let id = prompt.id;
        let waits = |queued: &&mut Queued| queued.prompt.id == id;
        let is_sent = self.is_sent_elsewhere(id);
        match self.queue.iter_mut().find(waits).filter(|_| !is_sent) {
            Some(queued) if queued.files.is_none() => {
                (queued.prompt.text, queued.prompt.manner) = (prompt.text, prompt.manner);
            }
            _ => self.want(Effect::Report(Report::NotEdited(prompt.source))),
        }
    }

    /// Takes a prompt back that waits here, or asks the CLI for it back.
    fn take_back(&mut self, prompt: PromptId) {
        if self.inside.as_ref().is_some_and(|inside| inside.prompt.id == prompt) {
            return self.cancel(prompt);
        }
        let waits = self.queue.iter().position(|queued| queued.prompt.id == prompt);
        let Some(index) = waits.filter(|_| !self.is_sent_elsewhere(prompt)) else { return };
        if let Some(queued) = self.queue.remove(index) {
            self.dequeued(prompt);
            queued.finish(Outcome::TakenBack);
            self.settle();
        }
    }

    /// A prompt has left the queue: what was asked about it comes too late.
    fn dequeued(&mut self, prompt: PromptId) {
        if self.looking == Some(prompt) {
            self.looking = None;
        }
    }

    /// Asks the CLI to forget a prompt that it has not begun.
    fn cancel(&mut self, prompt: PromptId) {
        let body = json!({"subtype": "cancel_async_message", "message_uuid": prompt.0});
        self.say(say::request(&Uuid::new_v4().to_string(), &body));
    }

    /// Interrupts the running turn.
    fn interrupt(&mut self, now: Instant) {
        let Some(running) = &self.running else { return };
        let (id, taken) = (running.prompt.id, running.turn.borrow().taken);
        let Some(ours) = self.ours().filter(|ours| ours.patience.is_none()) else { return };
        ours.patience = Some(now + INTERRUPT);
        if !taken {
            // A process that still starts would read the interrupt before it has a turn.
            self.cancel(id);
        }
        let body = json!({"subtype": "interrupt"});
        self.say(say::request(&Uuid::new_v4().to_string(), &body));
    }

    fn stop(&mut self, place: Place, now: Instant) {
        for queued in std::mem::take(&mut self.queue) {
            let id = queued.prompt.id;
            if queued.is_of(place) && !self.is_sent_elsewhere(id) {
                self.dequeued(id);
                queued.finish(Outcome::TakenBack);
            } else {
                self.queue.push_back(queued);
            }
        }
        self.stop_orphan(place);
        if let Some(ours) = self.ours() {
            ours.making_way = None;
        }
        if let Some(inside) = self.inside.as_ref().filter(|inside| inside.is_of(place)) {
            // Without this the CLI would begin with it as soon as the turn has ended.
            self.cancel(inside.prompt.id);
        }
        if self.running.as_ref().is_some_and(|running| running.is_of(place)) {
            self.interrupt(now);
        }
        self.settle();
    }

    // ---- Questions ----

    /// The turn that shows a question. Questions belong to the process: they may outlive the turn
    /// in which they came.
    fn asks(&self, request: &str) -> Option<&Queued> {
        let shows = |queued: &&Queued| {
            queued.turn.borrow().asks.iter().any(|open| open.ask.request == request)
        };
        self.running.as_ref().into_iter().chain(&self.asking).find(shows)
    }

    /// Does to a question what the person does. What decides it counts when the process has it.
    fn answer(&mut self, request: String, input: Input) {
        let Some(queued) = self.asks(&request) else { return };
        let verdict = {
            let turn = queued.turn.borrow();
            let open = turn.asks.iter().find(|open| open.ask.request == request);
            open.and_then(|open| {
                let mut open = open.clone();
                let decision = open.apply(&input)?;
                Some(open.verdict(&decision))
            })
        };
        let line = match verdict {
            Some(Verdict::Allow(input, grants)) => say::allow(&request, &input, &grants),
            Some(Verdict::Deny(reason)) => say::deny(&request, &reason),
            // Nothing is decided yet.
            None => return queued.show(|turn| drop(turn.decide(&request, &input))),
        };
        self.want(Effect::Answer { request, input, line });
    }

    /// The process has taken the answer to a question.
    pub(super) fn answered(&mut self, request: &str, input: &Input) {
        if let Some(queued) = self.asks(request) {
            queued.show(|turn| drop(turn.decide(request, input)));
        }
        self.end_asking_if_done();
    }

    /// A turn that there was only for a question is over with it.
    pub(super) fn end_asking_if_done(&mut self) {
        let done = |asking: &mut Queued| asking.turn.borrow().asks.is_empty();
        if let Some(asking) = self.asking.take_if(done) {
            asking.finish(Outcome::Silent);
        }
    }

    // ---- The laptop ----

    /// A process that owes the answer to a request goes when it has given it, unless a prompt comes
    /// before.
    fn let_go(&mut self) {
        let works = self.running.is_some() || self.inside.is_some() || self.asking.is_some();
        let (works, is_idle) = (works || !self.queue.is_empty(), self.is_idle());
        match &mut self.holder {
            Holder::Ours(ours) => ours.leave = !works && ours.tasks.is_empty(),
            _ if is_idle => self.over = Some(Why::Idle),
            _ => {}
        }
    }

    /// Claude's files have changed. What is under way then is looked at again when it is done.
    fn changed(&mut self, now: Instant) {
        match &mut self.holder {
            Holder::Elsewhere(elsewhere) => elsewhere.look_at(now),
            Holder::Ours(ours) => ours.look = true,
            _ => {}
        }
    }
}
