//! What outlives a restart of what people were told: written down once it is in the chat.

use std::path::PathBuf;

use crate::{
    app::{App, note::Note, now},
    bridge::{
        place::Place,
        remembered::{Memory, Remembered},
    },
    claude::session::SessionId,
    telegram::{
        outbox::{SendOptions, Sound},
        screen::Screen,
    },
};

impl App {
    /// Says something, and remembers when it is in the chat that it was said.
    pub(super) fn say_once(
        &mut self,
        place: Place,
        (screen, sound): (Screen, Sound),
        memory: Memory,
    ) {
        let how = SendOptions { reply_to: None, sound };
        let (sent, notes) = (self.outbox.send(place, screen, how), self.notes.clone());
        self.painters.spawn(async move {
            if sent.await.is_ok() {
                let _ = notes.send(Note::Remember { place, memory, about: None });
            }
        });
    }

    /// Writes down what is to be known after a restart.
    pub(super) fn remember(
        &self,
        place: Place,
        memory: &Memory,
        about: Option<(SessionId, PathBuf)>,
    ) {
        let (session, project) = about.unzip();
        let project = project.unwrap_or_else(|| self.directory_here(place));
        let entry = memory.entry(self.setup.me.id, project, (session, now()));
        self.ledger.log(place, entry);
    }

    /// What an earlier process has written down.
    pub(super) fn remembered(&self) -> Remembered {
        Remembered::read(&self.setup.home, self.setup.me.id, now()).unwrap_or_else(|error| {
            tracing::warn!(%error, "the history cannot be read");
            Remembered::default()
        })
    }
}
