//! A message that goes into the turn that runs: the sign on it that says how far it is, in place of a
//! message of ours.

use crate::{
    app::{
        painter::{Painter, PainterContext},
        receipts::Receipt,
    },
    bridge::turn::Turn,
    claude::session::SessionId,
    screens::{self, Scene, turn::stop_key},
    telegram::outbox::{Reaction, ReactionOutcome, SendError, SendOptions, Sound},
};

/// What says on a message, or below it, that it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A reaction.
    Reaction,
    /// A line of ours, where the chat allows no reactions.
    Line(i32),
}

impl Painter {
    /// The message waits for the turn that runs.
    pub(super) async fn hold(&mut self, turn: &Turn) {
        let Some(source) = self.context.source else { return };
        let place = self.context.place;
        match self.sign {
            None => {
                let reacted =
                    self.context.outbox.react(place, source.message, Some(Reaction::Asleep));
                let mut later = self.turn.clone();
                let outcome = tokio::select! {
                    outcome = reacted => Some(outcome),
                    _ = later.wait_for(|turn| !turn.joins()) => None,
                };
                let none = [ReactionOutcome::NotAllowed, ReactionOutcome::Gone];
                self.sign = if outcome.is_some_and(|outcome| none.contains(&outcome)) {
                    self.say_line(turn).await.map(Sign::Line)
                } else {
                    // It waited for something else before, and had a card then.
                    self.delete_card();
                    Some(Sign::Reaction)
                };
            }
            Some(Sign::Line(id)) => {
                let screen = screens::turn::joining(&self.scene(), turn);
                if self.card.as_ref().is_none_or(|(_, shown)| *shown != screen) {
                    let _ = self.context.outbox.repaint(place, id, screen.clone()).await;
                    self.card = Some((id, screen));
                }
            }
            Some(Sign::Reaction) => {}
        }
        let back = (stop_key(turn), self.context.display.clone());
        let waiting = (self.sign == Some(Sign::Reaction)).then_some(back);
        self.put(turn.session, waiting, false);
    }

    /// Says so in a line, in the place of its card where it had one.
    async fn say_line(&mut self, turn: &Turn) -> Option<i32> {
        let screen = screens::turn::joining(&self.scene(), turn);
        if let Some((id, shown)) = &mut self.card {
            drop(self.context.outbox.edit(self.context.place, *id, screen.clone()));
            *shown = screen;
            return Some(*id);
        }
        let how = SendOptions { reply_to: self.asked(), sound: Sound::Silent };
        let id = self.context.outbox.send(self.context.place, screen.clone(), how).await.ok()?;
        self.note(|book, prompt| book.shown(prompt, id));
        self.card = Some((id, screen));
        Some(id)
    }

    fn put(
        &self,
        session: SessionId,
        waiting: Option<(crate::telegram::callback::Key, String)>,
        taken: bool,
    ) -> bool {
        let Some(message) = self.asked() else { return true };
        let line = match self.sign {
            Some(Sign::Line(id)) => Some(id),
            _ => None,
        };
        let prompt = self.turn.borrow().prompt;
        let receipt = Receipt { session, message, prompt, line, waiting, taken };
        self.context.receipts.put(self.context.place, receipt)
    }

    /// The message does not wait for another turn any more.
    pub(super) fn release(&mut self) {
        let (Some(sign), Some(source)) = (self.sign.take(), self.context.source) else { return };
        self.context.receipts.remove(source);
        // An earlier process may have left a reaction besides its line.
        if sign == Sign::Reaction || self.context.recovered {
            drop(self.context.outbox.react(source.place, source.message, None));
        }
    }

    /// Claude has taken the message into the turn that runs. That takes the sign off it when it has
    /// its answer; where it has that already, there is nothing left to say.
    pub(super) async fn joined(&mut self, scene: &Scene, turn: &Turn) {
        let Some(source) = self.context.source else { return };
        if !self.put(turn.session, None, true) {
            self.delete_card();
            self.release();
            return self.context.book.remove(turn.prompt);
        }
        if !matches!(self.sign, Some(Sign::Line(_))) {
            // It waited for something else before, and had a card then.
            self.delete_card();
        }
        let outbox = &self.context.outbox;
        match self.sign {
            Some(Sign::Line(id)) => {
                let screen = screens::turn::joining(scene, turn);
                drop(outbox.edit(source.place, id, screen));
            }
            Some(Sign::Reaction) => {
                drop(outbox.react(source.place, source.message, Some(Reaction::Eyes)));
            }
            None => {
                let reacted = outbox.react(source.place, source.message, Some(Reaction::Eyes));
                let outcome = reacted.await;
                if matches!(outcome, ReactionOutcome::NotAllowed | ReactionOutcome::Gone) {
                    self.sign = self.say_line(turn).await.map(Sign::Line);
                    if !self.put(turn.session, None, true) {
                        self.delete_card();
                        self.context.book.remove(turn.prompt);
                    }
                }
            }
        }
    }

    /// The answer is there: the messages that were taken into the turn need no sign any more, and
    /// are done with.
    pub(super) async fn clear_receipts(&self, session: SessionId) {
        let PainterContext { outbox, place, receipts, book, .. } = &self.context;
        for receipt in receipts.answered(*place, session) {
            match receipt.line {
                // Left to a later process.
                Some(id) if outbox.delete(*place, id).await == Err(SendError::Ended) => continue,
                Some(_) => {}
                None => drop(outbox.react(*place, receipt.message, None)),
            }
            book.remove(receipt.prompt);
        }
    }
}
