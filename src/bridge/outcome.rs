//! What the end of a turn means: read from the CLI's own words, and from the session it is in then.

use std::path::PathBuf;

use crate::{
    bridge::terminal::Trouble,
    claude::{session::SessionId, wire::TurnResult},
};

/// How a prompt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Claude answered.
    Answered,
    /// The person stopped it.
    Stopped,
    /// It was taken into the turn that was running.
    Joined,
    /// It never began, since the person stopped the turn it waited for.
    TakenBack,
    /// The API failed.
    Api {
        /// HTTP status, where there was an answer.
        status: Option<u16>,
        /// The CLI's words.
        message: String,
    },
    /// A usage limit was reached.
    Limit {
        /// When it ends, seconds since the epoch.
        resets_at: Option<u64>,
        /// The CLI's words.
        message: String,
    },
    /// The CLI has no account.
    NotLoggedIn,
    /// There is no CLI.
    Missing {
        /// Where it was looked for.
        program: PathBuf,
    },
    /// The CLI does not know what we need of it.
    TooOld {
        /// Its words.
        message: String,
    },
    /// The session's directory is gone.
    NoDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// Claude had this very prompt already; it did not run again.
    Repeated,
    /// The CLI has no such conversation: the prompt was not read and goes to a fresh one.
    NoConversation,
    /// The CLI could not begin a session for it, and not another in its place either.
    NotBegun,
    /// The CLI ended in the middle, or could not be started.
    Crashed {
        /// How it ended.
        how: String,
        /// The last lines of its stderr.
        stderr: String,
    },
    /// Claude was cut off while nobody of ours was there.
    BrokenOff,
    /// What was to go with the prompt could not be fetched or kept; Claude has not read it.
    NoFile {
        /// Why, in a sentence.
        message: String,
    },
    /// The session's transcript cannot be read, so that nobody knows whether it ran.
    Unreadable {
        /// The system's words.
        message: String,
    },
    /// The terminal that has the session was of no help.
    Terminal(Trouble),
    /// Another message stands in its place: there is nothing to say of it.
    Silent,
    /// We are shutting down.
    Shutdown,
}

/// What a `result` line means. Decided by what it says went wrong, not by its `subtype`: an API
/// error still calls itself `success`.
pub fn of(result: &TurnResult) -> Outcome {
    let stopped =
        result.terminal_reason.as_deref().is_some_and(|reason| reason.starts_with("aborted"));
    if stopped {
        return Outcome::Stopped;
    }
    if !result.is_error {
        return Outcome::Answered;
    }
    let message = match &result.result {
        Some(message) if !message.is_empty() => message.clone(),
        _ => result.errors.join("\n"),
    };
    if is_missing_conversation(&message) {
        Outcome::NoConversation
    } else if result.api_error_status.is_none() && message.contains("/login") {
        Outcome::NotLoggedIn
    } else {
        Outcome::Api { status: result.api_error_status, message }
    }
}

/// Whether the CLI's stderr says that it has no conversation of this id. Hooks and tools write
/// there, too, so the id must be named.
pub fn is_missing(stderr: &str, session: &str) -> bool {
    stderr.lines().any(|line| is_missing_conversation(line) && names(line, session))
}

/// Whether the CLI's stderr says that an id of ours belongs to a session already.
pub fn is_in_use(stderr: &str, session: &str) -> bool {
    stderr.lines().any(|line| line.contains("is already in use") && names(line, session))
}

fn names(line: &str, session: &str) -> bool {
    line.to_ascii_lowercase().contains(session)
}

/// Whether the CLI says that it has no such conversation.
fn is_missing_conversation(words: &str) -> bool {
    words.contains("No conversation found")
}

/// What a command of the CLI did to the conversation that a turn is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextChange {
    /// It goes on from a summary: `/compact`.
    Compacted,
    /// It goes on empty, in another session: `/clear`.
    Cleared,
}

impl ContextChange {
    /// What a turn that was in one session and is in another has gone through.
    pub fn between(before: SessionId, now: SessionId) -> Option<Self> {
        (before != now).then_some(Self::Cleared)
    }
}
