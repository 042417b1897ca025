//! One prompt in the book: what its file holds.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    bridge::prompt::Prompt,
    claude::{identity::Started, process::Conversation, session::SessionId},
};

/// Form of the files; one of another form is set aside.
pub(super) const VERSION: u32 = 3;

/// A prompt that is not answered yet, with what a later process needs to go on in its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub(super) version: u32,
    /// What is asked. Its files are still with Telegram.
    pub prompt: Prompt,
    /// When it came, milliseconds since the epoch: the order of prompts, and no two have the same.
    pub at: u64,
    /// Who sent it.
    pub from: u64,
    /// Whether others read along.
    pub group: bool,
    /// The session that the person named by a reply or a button.
    pub session: Option<SessionId>,
    /// The updates that carry it, as Telegram sent them: its messages in order. None where a button
    /// says all of it.
    pub messages: Vec<Value>,
    /// Telegram may have delivered it before, and it may have been answered then: known to be new
    /// when it goes to its session.
    #[serde(default)]
    pub(super) repeated: bool,
    /// The state it is in.
    pub stage: Stage,
    /// What the person is asked about it.
    #[serde(default)]
    pub about: Option<HoldReason>,
    /// Where it goes, as soon as that is decided.
    #[serde(default)]
    pub destination: Option<Destination>,
    /// The process that has it, or had it last.
    #[serde(default)]
    pub process: Option<Started>,
    /// The message that shows how it stands: its question, the time it waits for, its progress.
    #[serde(default)]
    pub progress: Option<i32>,
    /// The messages of its answer, in order, as far as they are in the chat.
    #[serde(default)]
    pub sent: Vec<i32>,
    /// How many parts the answer had when one was sent last; 0 where none was.
    #[serde(default)]
    pub parts: usize,
    /// Questions of Claude's that are in the chat and wait for the person.
    #[serde(default)]
    pub questions: Vec<PostedQuestion>,
}

/// The state of a prompt. What a later process goes on from is in its file; the others are known by
/// the process that has the prompt alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It has just come, and is in no file: Telegram has not heard that it came.
    Arrived,
    /// More messages of it may come.
    Gathering,
    /// A recording, which is being written down.
    Listening,
    /// The person must choose: a directory to trust, what to do about a terminal, whether to go on.
    Asking,
    /// It waits for a time.
    Deferred {
        /// Seconds since the epoch.
        until: u64,
    },
    /// It is at its session, which has it from here on.
    Queued,
    /// Its turn is over: the answer is on its way into the chat.
    Delivering,
}

/// What the person must choose before a prompt goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Whether others may see what this session says.
    Group(SessionId),
    /// Whether this directory is to be trusted.
    Trust(PathBuf),
    /// Where to go instead of this directory, which is gone or may not be worked in.
    Directory(PathBuf),
    /// What is to be done about a terminal that has this session.
    Terminal(SessionId),
    /// Whether what was heard in a recording, this message, is right.
    Heard(i32),
}

/// A question of Claude's in the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedQuestion {
    /// The message that asks.
    pub message: i32,
    /// What it is about, in a few words.
    pub about: String,
}

/// A prompt as it comes in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// What is asked.
    pub prompt: Prompt,
    /// Who sent it.
    pub from: u64,
    /// Whether others read along.
    pub group: bool,
    /// The session that the person named.
    pub session: Option<SessionId>,
    /// The updates that carry it.
    pub messages: Vec<Value>,
}

impl From<Entry> for Arrival {
    fn from(entry: Entry) -> Self {
        let Entry { prompt, from, group, session, messages, .. } = entry;
        Self { prompt, from, group, session, messages }
    }
}

impl Entry {
    pub(super) fn new(arrival: Arrival, at: u64) -> Self {
        let Arrival { prompt, from, group, session, messages } = arrival;
        Self {
            version: VERSION,
            prompt,
            at,
            from,
            group,
            session,
            messages,
            repeated: false,
            stage: Stage::Arrived,
            about: None,
            destination: None,
            process: None,
            progress: None,
            sent: Vec::new(),
            parts: 0,
            questions: Vec::new(),
        }
    }

    /// How many of the first of an answer's `parts` need not be sent any more. Read again it may
    /// have fewer than it had: the last is not left out for that.
    pub fn delivered(&self, parts: usize) -> usize {
        let sent = self.sent.len();
        if self.parts > 0 && sent >= self.parts { parts } else { sent.min(parts.saturating_sub(1)) }
    }

    /// The person has chosen: the message that asked them shows it no more.
    pub(super) fn leave_question(&mut self) {
        if self.stage == Stage::Asking {
            (self.about, self.progress) = (None, None);
        }
    }

    /// Whether an update brought it, or a part of it.
    pub(super) fn came_by(&self, update: i64) -> bool {
        self.messages.iter().any(|raw| raw["update_id"] == update)
    }

    /// The newest message that is a part of it.
    pub fn last_message(&self) -> Option<i32> {
        let of = |raw: &Value| i32::try_from(raw["message"]["message_id"].as_i64()?).ok();
        self.messages.iter().filter_map(of).max()
    }

    /// Whether a message is a part of it. `chat` and `message` as in Telegram.
    pub(super) fn has_message(&self, chat: i64, message: i32) -> bool {
        let is_it = |raw: &Value| {
            raw["message"]["chat"]["id"] == chat && raw["message"]["message_id"] == message
        };
        self.messages.iter().any(is_it)
    }
}

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
