//! The card of what waits for a person: one message on top of their chat, kept true, and gone when
//! nothing waits.
//!
//! Nothing is stored: after a start the card is found again as the chat's pinned message.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::watch, time::sleep};

use crate::{
    bridge::place::Place,
    screens::notices::CARD,
    telegram::{
        account,
        client::Client,
        outbox::{Outbox, SendError, SendOptions, Sound},
        screen::Screen,
    },
};

/// Between two tries to learn what is pinned.
const AGAIN: Duration = Duration::from_secs(10);

/// The cards that are shown, each kept by a task, by whose they are.
#[derive(Default)]
pub(super) struct Cards(HashMap<u64, watch::Sender<Option<Screen>>>);

impl Cards {
    /// Shows this on a person's card. Where they have none yet, what it is to be kept by.
    pub(super) fn show(
        &mut self,
        person: u64,
        screen: Option<Screen>,
    ) -> Option<watch::Receiver<Option<Screen>>> {
        if let Some(card) = self.0.get(&person) {
            card.send_if_modified(|shown| {
                let is_new = *shown != screen;
                *shown = screen;
                is_new
            });
            return None;
        }
        let (card, wanted) = watch::channel(screen);
        self.0.insert(person, card);
        Some(wanted)
    }

    /// A person wants no card any more.
    pub(super) fn take_down(&mut self, person: u64) {
        if let Some(card) = self.0.remove(&person) {
            card.send_replace(None);
        }
    }
}

/// Whose card it is.
pub(super) struct PinnedCard {
    pub(super) client: Client,
    pub(super) outbox: Outbox,
    pub(super) place: Place,
    /// The bot's own account.
    pub(super) me: u64,
}

impl PinnedCard {
    /// Shows what is wanted, `None` for no card, until nobody wants anything more; the last card
    /// stays then.
    pub(super) async fn keep(self, mut wanted: watch::Receiver<Option<Screen>>) {
        let mut shown = self.of_before().await.map(|id| (id, Screen::default()));
        loop {
            let screen = wanted.borrow_and_update().clone();
            shown = match self.show(shown, screen).await {
                Ok(shown) => shown,
                Err(error) => {
                    tracing::warn!(%error, "the card of what waits cannot be shown");
                    None
                }
            };
            if wanted.changed().await.is_err() {
                return;
            }
        }
    }

    async fn show(
        &self,
        shown: Option<(i32, Screen)>,
        wanted: Option<Screen>,
    ) -> Result<Option<(i32, Screen)>, SendError> {
        let (known, screen) = match (shown, wanted) {
            (None, None) => return Ok(None),
            (Some((id, _)), None) => {
                self.outbox.delete(self.place, id).await?;
                return Ok(None);
            }
            (Some((id, known)), Some(screen)) if known == screen => return Ok(Some((id, known))),
            (shown, Some(screen)) => (shown.map(|(id, _)| id), screen),
        };
        let id = if let Some(id) = known {
            // One that is gone is sent anew.
            self.outbox.edit(self.place, id, screen.clone()).await?
        } else {
            let how = SendOptions { reply_to: None, sound: Sound::Silent };
            self.outbox.send(self.place, screen.clone(), how).await?
        };
        if known != Some(id) {
            self.outbox.pin(self.place, id).await?;
        }
        Ok(Some((id, screen)))
    }

    /// The card that an earlier process has left on top of the chat.
    async fn of_before(&self) -> Option<i32> {
        loop {
            match account::chat(&self.client, self.place.chat).await {
                Ok(chat) => {
                    let is_ours = |pinned: &account::Pinned| {
                        pinned.from == self.me && pinned.text.starts_with(CARD)
                    };
                    return chat.pinned.filter(is_ours).map(|pinned| pinned.message);
                }
                Err(refusal) if self.outbox.is_ended() => {
                    tracing::debug!(%refusal, "no card");
                    return None;
                }
                Err(refusal) => {
                    tracing::warn!(%refusal, "what is on top of a chat is not known");
                    sleep(AGAIN).await;
                }
            }
        }
    }
}
