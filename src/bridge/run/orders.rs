//! What a run does when it is told.

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    bridge::{
        place::Place,
        prompt::{Manner, PromptId},
        question::{Input, Verdict},
        run::{
            Asked, Order,
            actor::{Actor, INTERRUPT, show},
        },
        turn::{Outcome, Phase, Wait},
    },
    claude::{process::Ending, wire::say},
};

impl Actor {
    pub(super) fn order(&mut self, order: Order) {
        match order {
            Order::Ask(asked) => self.accept(*asked),
            Order::Answer { request, input } => self.answer(&request, &input),
            Order::Stop(place) => self.stop(place),
            Order::TakeBack(prompt) => self.take_back(prompt),
            Order::Control(control) => self.controls.push(control),
            Order::Relaunch(choices) => {
                (self.seat.choices, self.relaunch) = (choices, true);
                self.tell_choices();
            }
            Order::LetGo | Order::Compare => {}
        }
    }

    /// Lets a prompt wait in its turn; one that interrupts goes first.
    fn accept(&mut self, asked: Asked) {
        let place = asked.prompt.source.place;
        let here = |other: &Asked| other.prompt.source.place == place;
        let manner = asked.prompt.manner;
        if manner == Manner::Interrupt && self.current.as_ref().is_some_and(here) {
            show(&asked, |turn| turn.phase = Phase::Waiting(Wait::Interrupt));
            if let Some(inside) = self.inside.as_ref().filter(|inside| here(inside)) {
                self.making_way = Some(inside.prompt.id);
                self.cancel(inside.prompt.id);
            }
            self.interrupt();
            return self.waiting.push_front(asked);
        }
        let before = self.waiting.back().or(self.inside.as_ref()).or(self.current.as_ref());
        if let Some(before) = before {
            let wait = match manner {
                _ if !here(before) => Wait::Place,
                Manner::After => Wait::After,
                Manner::Join | Manner::Interrupt => Wait::Turn,
            };
            show(&asked, |turn| turn.phase = Phase::Waiting(wait));
        }
        self.waiting.push_back(asked);
    }

    /// Takes a prompt back that waits here, or asks the CLI for it back.
    fn take_back(&mut self, prompt: PromptId) {
        let waits = self.waiting.iter().position(|asked| asked.prompt.id == prompt);
        if let Some(asked) = waits.and_then(|index| self.waiting.remove(index)) {
            show(&asked, |turn| turn.finish(Outcome::TakenBack));
            self.settle();
        } else if self.inside.as_ref().is_some_and(|inside| inside.prompt.id == prompt) {
            self.cancel(prompt);
        }
    }

    /// Asks the CLI to forget a prompt that it has not begun.
    fn cancel(&self, prompt: PromptId) {
        let body = json!({"subtype": "cancel_async_message", "message_uuid": prompt.0});
        if let Some(process) = &self.process {
            process.say(say::request(&Uuid::new_v4().to_string(), &body));
        }
    }

    /// Interrupts the running turn.
    fn interrupt(&mut self) {
        let (Some(current), Some(process), None) = (&self.current, &self.process, self.patience)
        else {
            return;
        };
        if !current.turn.borrow().taken {
            // A process that still starts would read the interrupt before it has a turn.
            self.cancel(current.prompt.id);
        }
        let body = json!({"subtype": "interrupt"});
        process.say(say::request(&Uuid::new_v4().to_string(), &body));
        self.patience = Some(Instant::now() + INTERRUPT);
    }

    pub(super) fn answer(&mut self, request: &str, input: &Input) {
        let (Some(current), Some(process)) = (&self.current, &self.process) else {
            return;
        };
        let mut verdict = None;
        show(current, |turn| verdict = turn.decide(request, input));
        match verdict {
            Some(Verdict::Allow(input, grants)) => {
                process.say(say::allow(request, &input, &grants));
            }
            Some(Verdict::Deny(reason)) => {
                process.say(say::deny(request, &reason));
            }
            None => {}
        }
    }

    pub(super) fn stop(&mut self, place: Place) {
        let here = |asked: &Asked| asked.prompt.source.place == place;
        for asked in std::mem::take(&mut self.waiting) {
            if here(&asked) {
                show(&asked, |turn| turn.finish(Outcome::TakenBack));
            } else {
                self.waiting.push_back(asked);
            }
        }
        self.making_way = None;
        if let Some(inside) = self.inside.as_ref().filter(|inside| here(inside)) {
            // Without this the CLI would begin with it as soon as the turn has ended.
            self.cancel(inside.prompt.id);
        }
        if self.current.as_ref().is_some_and(here) {
            self.interrupt();
        }
        self.settle();
    }

    /// The process did not end its turn after an interrupt: it is ended itself.
    pub(super) async fn end_hanging(&mut self) {
        tracing::warn!(session = %self.seat.conversation.session(), "the CLI ignores an interrupt");
        if let Some(process) = self.process.take() {
            process.end(Ending::Polite).await;
        }
        if let Some(inside) = self.inside.take() {
            show(&inside, |turn| turn.finish(Outcome::TakenBack));
        }
        self.finish(Outcome::Stopped);
        self.pending.clear();
        self.tasks.clear();
        self.state.send_modify(|state| (state.pid, state.background) = (None, 0));
    }
}
