//! What the person sent, and the id by which it is known for ever.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::{
    bridge::{
        attachment::{Attached, Attachment},
        place::Place,
    },
    claude::{session::SessionId, wire::say::Image},
};

/// Where in Telegram a prompt stands: the message that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The bot that received it.
    pub bot: u64,
    /// The place it was written in.
    pub place: Place,
    /// Its message id, unique in the chat.
    pub message: i32,
}

/// The idempotency key of a prompt.
///
/// A version-8 UUID made of the SHA-256 of bot, chat, message and attempt: the same Telegram
/// message always gives the same id, and *Try again* is the next attempt. The CLI keeps it as the
/// uuid of the transcript's user record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PromptId(pub Uuid);

impl PromptId {
    /// The id of `attempt` (0 for the first) at the message `source`.
    pub fn of(source: Source, attempt: u32) -> Self {
        Self(derive(b"prompt", source, attempt))
    }
}

/// The id of a session that this prompt starts, so that a crash between start and first record
/// makes no second one.
pub fn fresh_session(source: Source, attempt: u32) -> SessionId {
    SessionId(derive(b"session", source, attempt))
}

/// The id of a session that takes the place of one that this prompt could not be given to: never the
/// id that the prompt itself would begin with.
pub fn substitute_session(source: Source, attempt: u32) -> SessionId {
    SessionId(derive(b"substitute", source, attempt))
}

fn derive(purpose: &[u8], source: Source, attempt: u32) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(purpose);
    hash.update(source.bot.to_be_bytes());
    hash.update(source.place.chat.to_be_bytes());
    hash.update(source.message.to_be_bytes());
    hash.update(attempt.to_be_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// A prompt on its way to a session. Written down, it is without pictures that were fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Its key.
    pub id: PromptId,
    /// The message that carries it.
    pub source: Source,
    /// What Claude reads.
    pub text: String,
    /// 0, and one more for each *Try again*.
    pub attempt: u32,
    /// What goes with it.
    #[serde(default, serialize_with = "write_files", deserialize_with = "read_files")]
    pub attachments: Vec<Attachment>,
    /// What it does to a turn that runs.
    pub policy: QueuePolicy,
}

/// What a prompt does to the turn that runs in its session and place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueuePolicy {
    /// It goes into it.
    #[default]
    Join,
    /// It interrupts it and goes first: `!` in front.
    Interrupt,
    /// It waits until it is done: `>` in front, and every slash command, which would be mere text
    /// inside a turn.
    After,
}

impl QueuePolicy {
    /// The policy of what a person has typed, and the text without its sign.
    pub fn read(text: &str) -> (Self, &str) {
        let signed = |sign: char| {
            let rest = text.strip_prefix(sign)?.trim_start();
            (!rest.is_empty() && !rest.starts_with(sign)).then_some(rest)
        };
        if let Some(rest) = signed('!') {
            return (Self::Interrupt, rest);
        }
        if let Some(rest) = signed('>') {
            return (Self::After, rest);
        }
        let policy = if slash_command(text).is_some() { Self::After } else { Self::Join };
        (policy, text)
    }
}

/// The name of the CLI's slash command that a text calls, without `/`.
pub fn slash_command(text: &str) -> Option<&str> {
    let name = text.strip_prefix('/')?.split(char::is_whitespace).next()?;
    let is_name = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '-' | ':' | '.');
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

impl Prompt {
    /// The prompt of a message, at its first attempt.
    pub fn new(source: Source, text: impl Into<String>, attempt: u32) -> Self {
        let (id, policy) = (PromptId::of(source, attempt), QueuePolicy::Join);
        Self { id, source, text: text.into(), attempt, policy, attachments: Vec::new() }
    }

    /// The same of what a person has typed, whose first sign may tell the manner.
    pub fn typed(source: Source, text: &str, attempt: u32) -> Self {
        let (policy, text) = QueuePolicy::read(text);
        Self { policy, ..Self::new(source, text, attempt) }
    }

    /// The same with files.
    #[must_use]
    pub fn with(self, files: impl IntoIterator<Item = Attached>) -> Self {
        Self { attachments: files.into_iter().map(Attachment::File).collect(), ..self }
    }

    /// The same prompt at another attempt.
    #[must_use]
    pub fn again(self, attempt: u32) -> Self {
        Self { id: PromptId::of(self.source, attempt), attempt, ..self }
    }

    /// Files that have to be fetched first.
    pub fn files(&self) -> impl Iterator<Item = &Attached> {
        self.attachments.iter().filter_map(Attachment::file)
    }

    /// Pictures that go to Claude.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.attachments.iter().filter_map(|one| match one {
            Attachment::Image(image) => Some(image),
            Attachment::File(_) => None,
        })
    }

    /// The prompt in a line of history: what was written, or what was sent in its place.
    pub fn display(&self) -> String {
        if !self.text.trim().is_empty() || self.attachments.is_empty() {
            return self.text.clone();
        }
        let labels: Vec<_> = self.files().map(|file| format!("[{}]", file.label())).collect();
        labels.join(" ")
    }
}

fn write_files<S: Serializer>(all: &[Attachment], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(all.iter().filter_map(Attachment::file))
}

fn read_files<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Attachment>, D::Error> {
    let files = Vec::<Attached>::deserialize(from)?;
    Ok(files.into_iter().map(Attachment::File).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(chat: i64, thread: Option<i32>, message: i32) -> Source {
        Source { bot: 7, place: Place { chat, thread }, message }
    }

    #[test]
    fn the_same_message_gives_the_same_id_and_nothing_else_does() {
        let id = PromptId::of(source(1, None, 2), 0);
        assert_eq!(id, PromptId::of(source(1, None, 2), 0));
        assert_eq!(id, PromptId::of(source(1, Some(9), 2), 0), "a topic does not change a message");
        assert_ne!(id, PromptId::of(source(1, None, 3), 0));
        assert_ne!(id, PromptId::of(source(-1, None, 2), 0));
        assert_ne!(id, PromptId::of(source(1, None, 2), 1));
        assert_ne!(id.0, fresh_session(source(1, None, 2), 0).0);
        assert_eq!(id.0.get_version_num(), 8);
    }

    #[test]
    fn the_first_sign_tells_the_manner() {
        for (typed, policy, text) in [
            ("water the beans", QueuePolicy::Join, "water the beans"),
            ("! stop that", QueuePolicy::Interrupt, "stop that"),
            ("!stop that", QueuePolicy::Interrupt, "stop that"),
            ("> and then weed", QueuePolicy::After, "and then weed"),
            ("/compact", QueuePolicy::After, "/compact"),
            ("/my_plugin:do-it now", QueuePolicy::After, "/my_plugin:do-it now"),
            ("/home/ada is here", QueuePolicy::Join, "/home/ada is here"),
            ("!", QueuePolicy::Join, "!"),
            ("!!! why", QueuePolicy::Join, "!!! why"),
            (">> quoted", QueuePolicy::Join, ">> quoted"),
        ] {
            assert_eq!(QueuePolicy::read(typed), (policy, text), "{typed}");
        }
    }
}
