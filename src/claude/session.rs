//! What a session is: the words every other module uses for it.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a session: the stem of its transcript's file name, never a line's `sessionId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

/// What a live CLI process says of itself in its registry file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for the next prompt.
    Idle,
    /// Works on a turn.
    Busy,
    /// Waits for the person: a permission, an answer, a dialog.
    Waiting,
}

/// One session as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The transcript's file stem.
    pub id: SessionId,
    /// As the CLI's own picker shows it.
    pub title: String,
    /// The directory that it goes on in: the one that it began in (the first `cwd` in the transcript),
    /// or where its transcript lies in the folder of another, that one. May be gone.
    pub project: PathBuf,
    /// Git branch of the newest record that names one.
    pub branch: Option<String>,
    /// When it was last active, milliseconds since the Unix epoch: the time of its last message, or
    /// the modification time of its transcript if that is earlier.
    pub modified: u64,
    /// Size of the transcript in bytes.
    pub size: u64,
    /// `entrypoint` of the first record that has one: `cli`, `telegram`, `sdk-cli`, ….
    pub origin: Option<String>,
    /// It was put away, and nothing was said in it since.
    pub archived: bool,
    /// The session that its conversation has moved on into; the CLI passes this one over.
    pub continued_in: Option<SessionId>,
    /// Status of a live process that holds the session, if there is one.
    pub status: Option<Status>,
}
