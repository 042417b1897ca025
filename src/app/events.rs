//! What comes back to the app from the tasks that it has started.

use std::{future::pending, path::PathBuf};

use tokio::sync::mpsc;

use crate::{
    app::{places::Written, replies::ReplyTarget},
    bridge::{
        attachment::Unfit,
        choices::Choice,
        place::Place,
        prompt::{PromptId, Source},
        remembered::Memory,
        session::Report,
    },
    claude::{
        session::{Session, SessionId},
        wire::{limits::Limits, offers::Offers},
    },
    telegram::update::Message,
};

/// What a painter, or an errand, tells the app.
#[derive(Debug)]
pub(super) enum AppEvent {
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
    Transcribed {
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
        wish: ReplyTarget,
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

/// What became of a session that was to be deleted.
#[derive(Debug)]
pub(super) struct Deleted {
    /// The message whose button wanted it.
    pub(super) message: Message,
    /// It.
    pub(super) session: Session,
    /// Why it was not.
    pub(super) failed: Option<String>,
}

/// Where an app hears of what comes of its work.
pub(super) struct EventReceivers {
    pub(super) events: mpsc::UnboundedReceiver<AppEvent>,
    pub(super) reports: mpsc::UnboundedReceiver<Report>,
    pub(super) written: mpsc::UnboundedReceiver<Written>,
}

/// What an app hears.
pub(super) enum Received {
    Event(AppEvent),
    Report(Report),
    Written(Written),
}

impl EventReceivers {
    /// What comes next; pending while nothing does. Cancel safe.
    pub(super) async fn next(&mut self) -> Received {
        tokio::select! {
            biased;
            Some(event) = self.events.recv() => Received::Event(event),
            Some(line) = self.written.recv() => Received::Written(line),
            Some(report) = self.reports.recv() => Received::Report(report),
            else => pending().await,
        }
    }
}
