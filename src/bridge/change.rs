//! What a command of the CLI did to the conversation that a turn is part of.

use crate::claude::session::SessionId;

/// A change beyond another exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It goes on from a summary: `/compact`.
    Compacted,
    /// It goes on empty, in another session: `/clear`.
    Cleared,
}

impl Change {
    /// What a turn that was in one session and is in another has gone through.
    pub fn between(before: SessionId, now: SessionId) -> Option<Self> {
        (before != now).then_some(Self::Cleared)
    }
}
