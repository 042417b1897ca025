//! A message that goes into the turn that runs: the sign on it that says how far it is, in place of a
//! message of ours.

use crate::{
    app::{painter::Painter, receipts::Receipt},
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
        let Some(source) = self.canvas.source else { return };
        let place = self.canvas.place;
        match self.sign {
            None => {
                let reacted =
                    self.canvas.outbox.react(place, source.message, Some(Reaction::Asleep));
                let mut later = self.turn.clone();
                let outcome = tokio::select! {
                    outcome = reacted => Some(outcome),
                    _ = later.wait_for(|turn| !turn.joins()) => None,
                };
                self.sign = match outcome {
                    Some(ReactionOutcome::NotAllowed | ReactionOutcome::Gone) => {
                        self.say_line(turn).await.map(Sign::Line)
                    }
                    _ => Some(Sign::Reaction),
                };
            }
            Some(Sign::Line(id)) => {
                let screen = screens::turn::joining(&self.scene(), turn);
                if self.card.as_ref().is_none_or(|(_, shown)| *shown != screen) {
                    let _ = self.canvas.outbox.repaint(place, id, screen.clone()).await;
                    self.card = Some((id, screen));
                }
            }
            Some(Sign::Reaction) => {}
        }
        let back = (stop_key(turn), self.canvas.display.clone());
        let waiting = (self.sign == Some(Sign::Reaction)).then_some(back);
        self.put(turn.session, waiting, false);
    }

    async fn say_line(&mut self, turn: &Turn) -> Option<i32> {
        let screen = screens::turn::joining(&self.scene(), turn);
        let how = SendOptions { reply_to: self.asked(), sound: Sound::Silent };
        let id = self.canvas.outbox.send(self.canvas.place, screen.clone(), how).await.ok()?;
        self.note(|spool, prompt| spool.shown(prompt, id));
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
        let receipt = Receipt { session, message, line, waiting, taken };
        self.canvas.receipts.put(self.canvas.place, receipt)
    }

    /// The message does not wait for another turn any more.
    pub(super) fn release(&mut self) {
        let (Some(sign), Some(source)) = (self.sign.take(), self.canvas.source) else { return };
        self.canvas.receipts.remove(source);
        if sign == Sign::Reaction {
            drop(self.canvas.outbox.react(source.place, source.message, None));
        }
    }

    /// Claude has taken the message into the turn that runs, which takes the sign off it when it has
    /// its answer.
    pub(super) async fn joined(&mut self, scene: &Scene, turn: &Turn) -> Result<(), SendError> {
        let Some(source) = self.canvas.source else { return Ok(()) };
        if !self.put(turn.session, None, true) {
            match self.sign {
                Some(Sign::Line(id)) => drop(self.canvas.outbox.delete(source.place, id)),
                _ => self.release(),
            }
            return Ok(());
        }
        let outbox = &self.canvas.outbox;
        match self.sign {
            Some(Sign::Line(id)) => {
                let screen = screens::turn::joining(scene, turn);
                outbox.edit(source.place, id, screen).await?;
            }
            Some(Sign::Reaction) => {
                drop(outbox.react(source.place, source.message, Some(Reaction::Eyes)));
            }
            None => {
                let reacted = outbox.react(source.place, source.message, Some(Reaction::Eyes));
                let outcome = reacted.await;
                if matches!(outcome, ReactionOutcome::NotAllowed | ReactionOutcome::Gone) {
                    self.sign = self.say_line(turn).await.map(Sign::Line);
                    self.put(turn.session, None, true);
                }
            }
        }
        Ok(())
    }

    /// The answer is there: the messages that were taken into the turn need no sign any more.
    pub(super) fn clear_receipts(&self, session: SessionId) {
        let place = self.canvas.place;
        for receipt in self.canvas.receipts.answered(place, session) {
            match receipt.line {
                Some(id) => drop(self.canvas.outbox.delete(place, id)),
                None => drop(self.canvas.outbox.react(place, receipt.message, None)),
            }
        }
    }
}
