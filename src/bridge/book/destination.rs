//! Where a prompt goes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::claude::{process::Conversation, session::SessionId};

/// Where a prompt goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The session's directory.
    pub directory: PathBuf,
    /// The session.
    pub session: SessionId,
    /// How a process comes to it, if there is no transcript yet.
    pub start: Start,
    /// Whether the place of the prompt pointed there.
    pub bound: bool,
}

/// How a process comes to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// It exists.
    Resume,
    /// It is begun.
    New,
    /// It is begun as a copy of this one.
    Fork(SessionId),
}

impl From<Conversation> for Start {
    fn from(conversation: Conversation) -> Self {
        match conversation {
            Conversation::Resume(_) => Self::Resume,
            Conversation::New(_) => Self::New,
            Conversation::Fork { of, .. } => Self::Fork(of),
        }
    }
}
