//! What comes back to the app from the tasks that it has started.

use std::future::pending;

use tokio::sync::mpsc;

use crate::{
    app::{fetch::Fetched, ledger::Written, out::Wish},
    bridge::{
        choices::Choice,
        place::Place,
        prompt::{PromptId, Source},
        session::Report,
    },
    claude::{session::SessionId, wire::offers::Offers},
};

/// What a painter, or an errand, tells the app.
#[derive(Debug)]
pub(super) enum Note {
    /// Claude has the prompt.
    Taken {
        /// The message that carries it.
        source: Source,
        /// What was asked.
        display: String,
        /// The session that took it.
        session: SessionId,
    },
    /// The files of a prompt are here, or why they are not.
    Fetched {
        /// Where the prompt stands.
        place: Place,
        /// The prompt.
        id: PromptId,
        /// It with its files.
        fetched: Result<Fetched, String>,
    },
    /// A recording was written down.
    Heard {
        /// The message that carries it.
        source: Source,
        /// What was said.
        text: String,
    },
    /// The CLI has agreed to a choice.
    Chosen {
        /// The message that asked for it.
        source: Source,
        /// What was chosen.
        choice: Choice,
        /// The choice.
        value: String,
    },
    /// A process has told what the CLI offers, which something was to be chosen of.
    Offered {
        /// Who chooses, and where that is answered.
        wish: Wish,
        /// What is to be chosen.
        choice: Choice,
        /// The choice, as it was typed or pressed.
        value: String,
        /// What is offered.
        offers: Offers,
    },
    /// The message that says that a prompt waits for its time is in the chat.
    Announced {
        /// Where.
        place: Place,
        /// The prompt.
        prompt: PromptId,
        /// The message.
        message: i32,
    },
    /// The turn is over and shown.
    Settled {
        /// Its prompt.
        prompt: PromptId,
        /// Where its progress message was.
        place: Place,
        /// That message, if there was one.
        progress: Option<i32>,
    },
    /// The permission mode has changed in a turn.
    Mode {
        /// The message that began it.
        source: Source,
        /// Its session.
        session: SessionId,
        /// The mode.
        mode: String,
    },
    /// The turn ended in another session than it began in.
    Moved {
        /// The place.
        place: Place,
        /// The session it was for, and the one it ended in.
        sessions: (SessionId, SessionId),
    },
}

/// Where an app hears of what comes of its work.
pub(super) struct Ears {
    pub(super) notes: mpsc::UnboundedReceiver<Note>,
    pub(super) reports: mpsc::UnboundedReceiver<Report>,
    pub(super) written: mpsc::UnboundedReceiver<Written>,
}

/// What an app hears.
pub(super) enum Heard {
    Note(Note),
    Report(Report),
    Written(Written),
}

impl Ears {
    /// What comes next; pending while nothing does. Cancel safe.
    pub(super) async fn next(&mut self) -> Heard {
        tokio::select! {
            biased;
            Some(note) = self.notes.recv() => Heard::Note(note),
            Some(line) = self.written.recv() => Heard::Written(line),
            Some(report) = self.reports.recv() => Heard::Report(report),
            else => pending().await,
        }
    }
}
