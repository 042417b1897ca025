//! What an update of Telegram says, in our words.
//!
//! These are the types that the rest of segue sees; [`decode`](crate::telegram::decode) makes
//! them, and nothing of the JSON outlives it.

use crate::bridge::attachment::Attached;
use crate::bridge::place::Place;
use crate::telegram::text::Entity;

/// One update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// `update_id`; 0 when it is missing, which Telegram never does.
    pub id: i64,
    /// What it brings.
    pub what: What,
}

impl Update {
    /// Where it happened, if that is a place.
    pub fn place(&self) -> Option<Place> {
        match &self.what {
            What::Message(message) | What::Edited(message) => Some(message.place),
            What::CallbackQuery(press) => press.place,
            What::Moved(..) | What::Other(_) | What::Undecodable(_) => None,
        }
    }
}

/// What an update brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A new message.
    Message(Message),
    /// The new form of an earlier message.
    Edited(Message),
    /// A press of an inline button.
    CallbackQuery(CallbackQuery),
    /// A group became a supergroup, under another chat id: the old one and the new.
    Moved(i64, i64),
    /// Something we do not read; its field name, such as `my_chat_member`.
    Other(String),
    /// Something we would read but cannot place, and why. Holds none of its text.
    Undecodable(String),
}

/// A message, ours or a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The chat, and the topic where it was written in one.
    pub place: Place,
    /// `message_id`, unique in its chat.
    pub id: i32,
    /// Who wrote it; id 0 when Telegram does not say (channels).
    pub from: User,
    /// The kind of its chat.
    pub chat: ChatKind,
    /// When it was sent, seconds since the epoch; 0 when Telegram no longer shows the message.
    pub date: i64,
    /// Text or caption.
    pub text: String,
    /// Formatting of the text; unknown kinds and ranges outside of the text are left out.
    pub entities: Vec<Entity>,
    /// The message that it answers.
    pub reply: Option<Box<Replied>>,
    /// Field name of the attached thing, such as `photo`.
    pub media: Option<String>,
    /// Whether somebody else wrote it first.
    pub forwarded: bool,
    /// The part of the answered message that the person picked.
    pub quote: Option<String>,
    /// What it carries besides its text.
    pub extra: Extra,
}

#[cfg(test)]
impl Message {
    /// What Ada writes to the bot: words, and nothing else.
    pub(crate) fn written(place: Place, id: i32, text: &str) -> Self {
        Self {
            place,
            id,
            from: User { id: 1, name: "Ada".to_owned(), bot: false },
            chat: ChatKind::Private,
            date: 0,
            text: text.to_owned(),
            entities: Vec::new(),
            reply: None,
            media: None,
            forwarded: false,
            quote: None,
            extra: Extra::default(),
        }
    }
}

impl Message {
    /// The files that it is about: its own, and one of a person's message that it answers.
    pub fn files(&self) -> impl Iterator<Item = &Attached> {
        let answered = self.reply.as_deref().filter(|reply| !reply.from_bot);
        let answered = answered.and_then(|reply| reply.extra.file.as_ref());
        self.extra.file.iter().chain(answered)
    }
}

/// What only some messages have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// A file.
    pub file: Option<Attached>,
    /// What the messages of an album have in common (`media_group_id`).
    pub album: Option<String>,
    /// A location or contact, in words.
    pub words: Option<String>,
    /// Who wrote it first, where it was forwarded; empty where Telegram does not say.
    pub origin: Option<String>,
    /// When it was last edited, seconds since the epoch.
    pub edited: Option<u32>,
}

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replied {
    /// Its `message_id`.
    pub id: i32,
    /// Whether this very bot wrote it.
    pub from_me: bool,
    /// Whether any bot wrote it.
    pub from_bot: bool,
    /// Text or caption.
    pub text: String,
    /// Addresses behind its `text_link` ranges, in order.
    pub links: Vec<String>,
    /// What it carries besides its text.
    pub extra: Extra,
}

/// A press of an inline button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackQuery {
    /// Id of the callback query: what is answered.
    pub id: String,
    /// Who pressed.
    pub from: User,
    /// Where the button is, unless it belongs to an inline message.
    pub place: Option<Place>,
    /// The message that carries the button; without text when it is too old.
    pub message: Option<Message>,
    /// The button's `callback_data`.
    pub data: String,
}

/// Who wrote or pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Telegram's id of the account; 0 is nobody.
    pub id: u64,
    /// First and last name; the title of the chat that spoke where no person is named.
    pub name: String,
    /// Whether it is a bot.
    pub bot: bool,
}

/// Kinds of chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChatKind {
    /// One person and the bot.
    Private,
    /// A group or supergroup.
    Group,
    /// A channel.
    Channel,
}
