//! What comes back to the app from the tasks that it has started.

use std::{future::pending, path::PathBuf};

use tokio::sync::mpsc;

use crate::{
    app::{ledger::Written, out::Wish, put_away::Deleted},
    bridge::{
        attachment::Unfit,
        choices::Choice,
        place::Place,
        prompt::{PromptId, Source},
        remembered::Memory,
        session::Report,
    },
    claude::{
        session::SessionId,
        wire::{limits::Limits, offers::Offers},
    },
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
    /// The files of a prompt are here, or will not be.
    Fetched {
        /// The prompt.
        id: PromptId,
        /// Pictures that Claude cannot see, by what they are called.
        unseen: Vec<(String, Unfit)>,
    },
    /// A recording was written down, or not.
    Heard {
        /// The prompt.
        id: PromptId,
        /// The message that says so.
        message: i32,
        /// What was said, or why it is not known.
        heard: Result<String, String>,
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
    /// A session was put into the trash, or not.
    Deleted(Box<Deleted>),
    /// Something was told, or is to be told, that a restart must not forget.
    Remember {
        /// Where.
        place: Place,
        /// What.
        memory: Memory,
        /// The session that it is about, and its directory.
        about: Option<(SessionId, PathBuf)>,
    },
    /// A process has told of the limits of the plan.
    Limits {
        /// Where that is of interest.
        place: Place,
        /// The limits, where any apply.
        limits: Option<Limits>,
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
