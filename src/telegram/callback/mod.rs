//! What the buttons beneath our messages say when they are pressed: a [`Callback`], written into the
//! 64 bytes of Telegram's `callback_data` and read back.
//!
//! A callback carries all that it needs, so a button works after a restart: sessions by id,
//! directories and files by the hash of their path, which is looked up among those that are known.
//! Long words are hashed too ([`Words`]), so every callback fits and no button is ever left out. A
//! prompt that a button sends on is not in it: it is the message that the button's message replies
//! to ([`Carry`]). Only turns and questions belong to a process; their callbacks are found stale
//! when that has ended.

mod codec;
mod see;

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{
    bridge::{
        choices::{Choice, Verbosity},
        question::Press,
        terminal::When,
    },
    claude::session::SessionId,
};

pub use see::See;

/// Telegram's limit for `callback_data`, bytes. <https://core.telegram.org/bots/api#inlinekeyboardbutton>
pub const LIMIT: usize = 64;

/// What a person wants who presses a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    /// Stop the turn of this prompt.
    Stop(Key),
    /// Take the prompt of this turn back.
    TakeBack(Key),
    /// Do something to a question of Claude's.
    Answer(Key, Press),
    /// Ask Claude to try once more what was never answered.
    AskAgain(SessionId),

    /// Show a page of sessions.
    Sessions(List, Carry),
    /// Show a page of directories; 0 is the first.
    Directories(u16, Carry),
    /// Work in a session.
    Pick(SessionId, Carry),
    /// Start a new session in a directory, or in the place's own.
    New(Option<Key>, Carry),
    /// Work in a directory.
    Directory(Key, Carry),

    /// Go on in a session whose directory is gone, in another one, with the prompt.
    Relocate(SessionId, Key),
    /// Work in a directory that was never trusted, and send the prompt.
    Trust(Key),
    /// Go on in a copy of a session, with the prompt.
    Fork(SessionId),
    /// Send the prompt to the terminal that has a session open.
    Terminal(SessionId),
    /// End the terminal that has a session open, and go on here with the prompt.
    TakeOver(SessionId, When),
    /// Send the prompt again to a session, as this attempt.
    Retry(SessionId, u32),
    /// Ask the session to go on with the prompt, as this attempt.
    Continue(SessionId, u32),
    /// Send the prompt, or that it may go on, when a limit resets.
    Defer(Deferral),

    /// Choose a mode, model or effort.
    Choose(Choice, Words),
    /// Show so much of a turn.
    Verbose(Verbosity),
    /// Choose the mode that asks about nothing, having read the warning.
    Bypass,
    /// Begin a session with an agent.
    Agent(Words),
    /// Suggest a title for a session.
    SuggestTitle(SessionId),
    /// Give a session the title that the message shows.
    UseTitle(SessionId),
    /// Make room in a session's context.
    Compact(SessionId),

    /// Look into, or get, an entry of the folder that the message shows.
    Entry(Key),
    /// Get a file that Claude has written in the session of the message.
    SendFile(Key),
    /// See how such a file differs from the last commit.
    DiffFile(Key),
    /// See all that differs.
    Diff,
    /// Send what was heard in a recording.
    SendHeard,
    /// Forget what was heard in a recording.
    DropHeard,
    /// See earlier exchanges of a session.
    Earlier {
        /// The session.
        session: SessionId,
        /// How many newer exchanges to leave out.
        skip: u16,
        /// How many to show.
        take: u16,
    },
    /// Get a whole session as a file.
    Export(SessionId, Format),

    /// See a page of a search.
    Search {
        /// The query.
        words: Words,
        /// How many newer ones to leave out.
        skip: u16,
    },
    /// See what was said around a moment in a session.
    Point {
        /// The session.
        session: SessionId,
        /// Milliseconds since the Unix epoch.
        at: u64,
    },
    /// Go on in a copy of a session.
    Copy(SessionId),
    /// End the process that has a session open.
    StopLive(SessionId, Sure),
    /// See what sessions elsewhere do.
    See(See),
}

/// Whether the person was asked whether they mean it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    /// They are to be asked.
    Ask,
    /// They were.
    Yes,
}

/// Whether a button takes a prompt along: the message that its own message replies to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carry {
    /// It only changes where the place is.
    #[default]
    Nothing,
    /// It also sends the prompt that waits.
    Prompt,
}

/// A page of the sessions of a directory or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The directory, or None for all.
    pub directory: Option<Key>,
    /// 0 for the first.
    pub page: u16,
    /// Also the sessions that the CLI's own picker hides.
    pub hidden: bool,
    /// What title, directory or first prompt must contain.
    pub words: Words,
}

/// A prompt that is sent when a usage limit resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// The session.
    pub session: SessionId,
    /// As this attempt.
    pub attempt: u32,
    /// When, seconds since the epoch.
    pub at: u64,
    /// What is sent.
    pub what: Deferred,
}

/// What is sent when a usage limit resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deferred {
    /// The prompt, which Claude has not read.
    Prompt,
    /// That Claude may go on with it.
    Continue,
}

/// How a session is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A page that looks the same everywhere.
    Html,
    /// Text.
    Markdown,
}

/// Words that a button stands for: a search, or the name of a model or an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// The words. A callback that is read from a button has at most 40 bytes of them.
    Whole(String),
    /// The key of words that were too long for the button. Whoever acts on them finds them again
    /// where the button got them from.
    Hashed(Key),
}

impl Words {
    /// The words, where they are longer than a button holds found again among `candidates`.
    pub fn find<'a>(&'a self, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        match self {
            Self::Whole(words) => Some(words),
            Self::Hashed(key) => candidates.into_iter().find(|words| Key::of(words) == *key),
        }
    }

    /// The words, where they are here.
    pub fn whole(&self) -> Option<&str> {
        self.find([])
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

impl From<&str> for Words {
    fn from(words: &str) -> Self {
        Self::Whole(words.to_owned())
    }
}

/// A short stand-in for something long: the first 8 bytes of its SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub u64);

impl Key {
    /// The key of any bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        let digest = Sha256::digest(bytes);
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }

    /// The key of a path.
    pub fn of_path(path: &Path) -> Self {
        Self::of(path.as_os_str().as_encoded_bytes())
    }
}
