//! What a run does when it is told.

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    bridge::{
        place::Place,
        question::{Deed, Verdict},
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
            Order::Ask(asked) => {
                let before = self.waiting.back().or(self.inside.as_ref()).or(self.current.as_ref());
                if let Some(before) = before {
                    let here = before.prompt.source.place == asked.prompt.source.place;
                    let wait = if here { Wait::Turn } else { Wait::Place };
                    show(&asked, |turn| turn.phase = Phase::Waiting(wait));
                }
                self.waiting.push_back(*asked);
            }
            Order::Answer { request, deed } => self.answer(&request, &deed),
            Order::Stop(place) => self.stop(place),
            Order::LetGo | Order::Compare => {}
        }
    }

    pub(super) fn answer(&mut self, request: &str, deed: &Deed) {
        let (Some(current), Some(process)) = (&self.current, &self.process) else {
            return;
        };
        let mut verdict = None;
        show(current, |turn| verdict = turn.decide(request, deed));
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
        let Some(process) = &self.process else { return self.settle() };
        if let Some(inside) = self.inside.as_ref().filter(|inside| here(inside)) {
            // Without this the CLI would begin with it as soon as the turn has ended.
            let body =
                json!({"subtype": "cancel_async_message", "message_uuid": inside.prompt.id.0});
            process.say(say::request(&Uuid::new_v4().to_string(), &body));
        }
        if let Some(current) = self.current.as_ref().filter(|current| here(current))
            && self.patience.is_none()
        {
            if !current.turn.borrow().taken {
                // A process that still starts would read the interrupt before it has a turn.
                let body =
                    json!({"subtype": "cancel_async_message", "message_uuid": current.prompt.id.0});
                process.say(say::request(&Uuid::new_v4().to_string(), &body));
            }
            let body = json!({"subtype": "interrupt"});
            process.say(say::request(&Uuid::new_v4().to_string(), &body));
            self.patience = Some(Instant::now() + INTERRUPT);
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
        self.state.send_modify(|state| (state.pid, state.background) = (None, 0));
    }
}
