//! The end of a turn in the chat: its answer, what is left of its card, or a word in place of both.

use crate::{
    app::{
        changed,
        painter::{Canvas, Painter},
        press::carries,
    },
    bridge::turn::{Outcome, Turn},
    claude::{catalog, home::Home, session::SessionId},
    screens::{self, Scene, card},
    telegram::{
        outbox::{SendError, SendOptions, Sent, Sound},
        screen::Screen,
    },
};

impl Painter {
    /// Sends what is left of the turn.
    pub(super) async fn finish(&mut self) {
        self.typing = None;
        let turn = self.turn.borrow().clone();
        let scene = self.scene();
        if turn.outcome() != Some(&Outcome::Silent) {
            self.canvas.book.deliver(turn.prompt);
        }
        match turn.outcome() {
            // The session's worker broke: its turns ended with it.
            None => {
                let mut turn = turn;
                let how = "a fault in segue ended it".to_owned();
                turn.finish(Outcome::Crashed { how, stderr: String::new() });
                self.answer(&scene, &turn).await;
            }
            Some(Outcome::Silent) => {
                self.delete_card();
                self.clear_receipts(turn.session).await;
            }
            // The prompt was part of another turn, which answers it.
            Some(Outcome::Joined) => self.joined(&scene, &turn).await,
            Some(Outcome::TakenBack) => {
                if self.remark(&scene, &turn).await != Err(SendError::Ended) {
                    self.canvas.book.remove(turn.prompt);
                }
            }
            // It stays in the spool, to go on when segue is back.
            Some(Outcome::Shutdown) if !turn.taken || turn.terminal.is_some() => {
                drop(self.remark(&scene, &turn).await);
            }
            _ => self.answer(&scene, &turn).await,
        }
    }

    /// A word in the place of an answer.
    pub(super) async fn remark(&mut self, scene: &Scene, turn: &Turn) -> Result<(), SendError> {
        if let Some(id) = self.called.take() {
            drop(self.canvas.outbox.delete(self.canvas.place, id));
        }
        self.release();
        let screen = screens::turn::joining(scene, turn);
        let Canvas { outbox, place, .. } = &self.canvas;
        if let Some((id, _)) = self.card.take() {
            outbox.edit(*place, id, screen).await?;
        } else {
            let how = SendOptions { reply_to: self.asked(), sound: Sound::Silent };
            let id = outbox.send(*place, screen, how).await?;
            self.note(|book, prompt| book.shown(prompt, id));
        }
        Ok(())
    }

    /// Sends what is not in the chat yet of the answer. When all of it is, the prompt is done with.
    async fn answer(&mut self, scene: &Scene, turn: &Turn) {
        let mut around = self.around(turn, title(&self.canvas.home, turn.session).await);
        around.changed = changed::of(turn).await;
        self.canvas.ticket.next().await;
        self.release();
        let quote = self.quote();
        // From here on what is written comes after the answer.
        self.canvas.receipts.leave(self.canvas.place, turn.prompt);
        let rest = card::rest(scene, turn, &around);
        if rest.is_some() && self.is_above() {
            self.delete_card();
        }
        let renewed = self.renew_card(rest.as_ref());
        let Canvas { outbox, place, .. } = &self.canvas;
        let parts = screens::turn::answer(scene, turn, &around);
        let (count, left) = (parts.len(), self.left.as_ref());
        let sent: Vec<_> = parts
            .into_iter()
            .enumerate()
            .skip(left.map_or(0, |kept| kept.delivered(count)))
            .map(|(part, screen)| {
                let how = self.manner(turn, part, (quote, &screen));
                outbox.send(*place, screen, how)
            })
            .collect();
        self.canvas.ticket.pass();
        if let Some(sent) = renewed
            && let Ok(id) = sent.await
        {
            self.note(|book, prompt| book.shown(prompt, id));
        }
        let mut lost = None;
        for sent in sent {
            match sent.await {
                Ok(id) => self.canvas.book.sent(turn.prompt, id, count).on_disk().await,
                Err(SendError::Ended) => return,
                Err(error) => lost = Some(error),
            }
        }
        if let Some(error) = lost {
            // Also in a chat that took nothing a moment ago: people change their minds.
            let screen = screens::notice::unsent(scene, turn.session, &error.to_string());
            let how = SendOptions { reply_to: self.asked(), sound: Sound::Silent };
            if outbox.send(*place, screen, how).await == Err(SendError::Ended) {
                return;
            }
        }
        self.clear_receipts(turn.session).await;
        if let Some((id, _)) = self.card.take() {
            let left = match rest {
                Some(screen) => outbox.edit(*place, id, screen),
                None => outbox.delete(*place, id),
            };
            // Whoever takes the prompt up again brings it to its end.
            if left.await == Err(SendError::Ended) {
                return;
            }
        }
        self.canvas.book.remove(turn.prompt);
    }

    /// Whether messages of the person stand below the card.
    fn is_above(&self) -> bool {
        let newest = self.canvas.receipts.newest(self.canvas.place);
        self.card.as_ref().is_some_and(|(id, _)| *id < newest)
    }

    /// Sends the card where there is none to be edited.
    fn renew_card(&self, rest: Option<&Screen>) -> Option<Sent> {
        let was_sent = self.left.as_ref().is_some_and(|kept| !kept.sent.is_empty());
        let screen = rest.filter(|_| self.card.is_none() && !was_sent)?;
        let how = SendOptions { reply_to: self.group_quote(), sound: Sound::Silent };
        Some(self.canvas.outbox.send(self.canvas.place, screen.clone(), how))
    }

    /// How a part of the answer is sent: with one sound for all of it, none for what the person did,
    /// and a quote where it is needed, which it is for buttons that send the prompt again.
    fn manner(
        &self,
        turn: &Turn,
        part: usize,
        (quote, screen): (Option<i32>, &Screen),
    ) -> SendOptions {
        let first = part == 0;
        let aloud = first && turn.outcome() != Some(&Outcome::Stopped);
        SendOptions {
            reply_to: if carries(screen) || self.canvas.always_quote {
                self.asked()
            } else {
                quote.filter(|_| first)
            },
            sound: if aloud { Sound::Aloud } else { Sound::Silent },
        }
    }
}

async fn title(home: &Home, session: SessionId) -> String {
    let home = home.clone();
    let found = tokio::task::spawn_blocking(move || catalog::find(&home, session)).await;
    found.ok().flatten().map(|session| session.title).unwrap_or_default()
}
