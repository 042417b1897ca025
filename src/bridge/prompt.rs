//! What the person sent, and the id by which it is known for ever.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// A prompt on its way to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub attachments: Vec<Attachment>,
}

impl Prompt {
    /// The prompt of a message, at its first attempt.
    pub fn new(source: Source, text: impl Into<String>, attempt: u32) -> Self {
        let (id, attachments) = (PromptId::of(source, attempt), Vec::new());
        Self { id, source, text: text.into(), attempt, attachments }
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
        self.attachments.iter().filter_map(|one| match one {
            Attachment::File(file) => Some(file),
            Attachment::Image(_) => None,
        })
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
}
