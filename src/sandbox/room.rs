//! One chat: who is in it and what was said.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::{
    detect::detect,
    entities::Formatted,
    files::Media,
    wire::{Chat, ChatKind, Entity, Keyboard, LinkPreview, User},
};

/// A topic as people see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// `message_thread_id`: the id of the service message that tells of it.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// The colour of its icon, RGB.
    pub icon_color: u32,
    /// Whether only administrators may write.
    pub closed: bool,
    /// Who made it: a person's id or the bot's.
    pub by: i64,
}

/// A message as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Post {
    /// Counts in each chat, from 1 in private ones.
    pub id: i64,
    /// Who wrote it: a person's id or the bot's.
    pub from: i64,
    /// Seconds since the Unix epoch.
    pub date: i64,
    /// When it was last edited, seconds since the Unix epoch.
    pub edit_date: Option<i64>,
    /// How often it was edited, its buttons included.
    pub edits: u32,
    /// What is read.
    pub text: String,
    /// Formatting as it was sent, sorted.
    pub entities: Vec<Entity>,
    /// What Telegram found in the text by itself, sorted.
    pub detected: Vec<Entity>,
    /// The message that it answers; it may be gone.
    pub reply_to: Option<i64>,
    /// Buttons beneath it.
    pub keyboard: Option<Keyboard>,
    /// How links are previewed, where the bot said so.
    pub link_preview: Option<LinkPreview>,
    /// Whether it came without a sound.
    pub silent: bool,
    /// The bot's reaction, an emoji.
    pub reaction: Option<String>,
    /// The reactions of people, an emoji each, by their ids.
    pub reactions: BTreeMap<i64, String>,
    /// What it carries besides its text, which then is a caption.
    pub media: Option<Media>,
    /// What messages that were sent together have in common (`media_group_id`).
    pub album: Option<String>,
    /// Who wrote it first, where it was forwarded: a person's id.
    pub forwarded: Option<i64>,
    /// The part of the answered message that was picked.
    pub quote: Option<String>,
    /// The topic that it stands in (`message_thread_id`).
    pub thread: Option<i64>,
    /// Whether an administrator wrote it in the name of the group.
    pub anonymous: bool,
    /// What it tells, where nobody wrote it.
    pub service: Option<Service>,
}

/// What a service message tells: something that was done to the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Service {
    /// A topic was made; the message's id is the topic's.
    TopicCreated {
        /// Its name.
        name: String,
        /// The colour of its icon, RGB.
        icon_color: u32,
    },
    /// A topic has another name.
    TopicEdited {
        /// The new one.
        name: String,
    },
    /// A topic was closed.
    TopicClosed,
    /// A topic was opened again.
    TopicReopened,
    /// A message was pinned.
    Pinned {
        /// Its id.
        message: i64,
    },
}

impl Post {
    /// A message of this moment, with its text and nothing else. Its id comes from the room.
    pub(super) fn new(from: i64, formatted: Formatted) -> Self {
        let Formatted { text, entities } = formatted;
        Self {
            id: 0,
            from,
            date: unix_now(),
            edit_date: None,
            edits: 0,
            detected: detect(&text, &entities),
            text,
            entities,
            reply_to: None,
            keyboard: None,
            link_preview: None,
            silent: false,
            reaction: None,
            reactions: BTreeMap::new(),
            media: None,
            album: None,
            forwarded: None,
            quote: None,
            thread: None,
            anonymous: false,
            service: None,
        }
    }

    /// What a service message of this moment tells.
    pub(super) fn telling(from: i64, service: Service) -> Self {
        let formatted = Formatted { text: String::new(), entities: Vec::new() };
        Self { service: Some(service), ..Self::new(from, formatted) }
    }

    /// Replaces text and formatting.
    pub(super) fn rewrite(&mut self, formatted: Formatted) {
        self.detected = detect(&formatted.text, &formatted.entities);
        self.text = formatted.text;
        self.entities = formatted.entities;
    }

    /// Notes that something was edited now.
    pub(super) fn touch(&mut self) {
        self.edit_date = Some(unix_now());
        self.edits += 1;
    }

    /// Its buttons, from the top left.
    pub fn buttons(&self) -> impl Iterator<Item = &super::wire::Button> {
        self.keyboard.iter().flat_map(|keyboard| keyboard.inline_keyboard.iter().flatten())
    }

    /// What the bot is told: formatting that was sent and found, in one sorted list.
    pub(super) fn all_entities(&self) -> Vec<Entity> {
        let mut all = [self.entities.clone(), self.detected.clone()].concat();
        all.sort_by_key(|entity| (entity.offset, usize::MAX - entity.end(), entity.kind.rank()));
        all
    }
}

/// A preview of a message that the bot is still writing (Bot API 9.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// `draft_id`, not 0.
    pub id: i64,
    /// What is read so far.
    pub text: String,
    /// Formatting as it was sent, sorted.
    pub entities: Vec<Entity>,
    /// Whether the person sees a stop button (Bot API 10.3).
    pub can_stop: bool,
    /// When it vanishes, milliseconds since the Unix epoch.
    pub until: u64,
}

/// Something that the bot is doing: `typing` and the like. Telegram shows it for five seconds, or
/// until a message of the bot's is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// What.
    pub action: String,
    /// In which topic.
    pub thread: Option<i64>,
    /// Until when it is shown, milliseconds since the Unix epoch.
    pub until: u64,
}

/// What the bot may do in a group as its administrator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rights {
    /// Make, rename, close and open topics, and write into closed ones.
    pub manage_topics: bool,
    /// Pin messages.
    pub pin_messages: bool,
    /// Delete messages of others, and topics.
    pub delete_messages: bool,
}

/// The bot's place in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It may write.
    Member,
    /// The person blocked it, or the group threw it out.
    Kicked,
}

/// A chat with all that is in it.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) chat: Chat,
    /// Ids of the people in it.
    pub(super) members: Vec<i64>,
    pub(super) standing: Standing,
    pub(super) posts: BTreeMap<i64, Post>,
    pub(super) draft: Option<Draft>,
    /// Its topics, beside which it goes on as before.
    pub(super) topics: BTreeMap<i64, Topic>,
    /// Ids of the messages that are pinned.
    pub(super) pinned: BTreeSet<i64>,
    pub(super) action: Option<Action>,
    /// What the bot may do, where it is an administrator.
    pub(super) rights: Option<Rights>,
    /// The reactions that the chat allows; none: all.
    pub(super) allowed: Option<Vec<String>>,
    /// Administrators who write in the name of the group.
    pub(super) anonymous: BTreeSet<i64>,
    last: i64,
}

impl Room {
    /// The private chat of a person with the bot.
    pub(super) fn private(user: &User) -> Self {
        let chat = Chat {
            id: user.id,
            kind: ChatKind::Private,
            title: None,
            first_name: Some(user.first_name.clone()),
            last_name: user.last_name.clone(),
            username: user.username.clone(),
            is_forum: None,
        };
        Self::empty(chat, vec![user.id])
    }

    /// A supergroup in which the bot sees every message.
    pub(super) fn group(id: i64, title: &str, members: Vec<i64>) -> Self {
        let chat = Chat {
            id,
            kind: ChatKind::Supergroup,
            title: Some(title.to_owned()),
            first_name: None,
            last_name: None,
            username: None,
            is_forum: None,
        };
        // The first message of a supergroup tells that it was made; 1 is also the General topic.
        Self { last: 1, ..Self::empty(chat, members) }
    }

    fn empty(chat: Chat, members: Vec<i64>) -> Self {
        Self {
            chat,
            members,
            standing: Standing::Member,
            posts: BTreeMap::new(),
            draft: None,
            topics: BTreeMap::new(),
            pinned: BTreeSet::new(),
            action: None,
            rights: None,
            allowed: None,
            anonymous: BTreeSet::new(),
            last: 0,
        }
    }

    /// Whether the bot is an administrator who may do this.
    pub(super) fn may(&self, right: impl Fn(&Rights) -> bool) -> bool {
        self.standing == Standing::Member && self.rights.as_ref().is_some_and(right)
    }

    /// What the bot is doing, unless that was too long ago.
    pub(super) fn doing(&self) -> Option<&Action> {
        self.action.as_ref().filter(|action| action.until > unix_ms())
    }

    /// The pinned message that the chat shows: the newest of them.
    pub(super) fn shown_pin(&self) -> Option<i64> {
        self.pinned.last().copied()
    }

    /// Appends a message and gives its id. Whatever was being written is there now.
    pub(super) fn append(&mut self, mut post: Post) -> i64 {
        self.last += 1;
        post.id = self.last;
        self.posts.insert(self.last, post);
        self.draft = None;
        self.last
    }
}

/// Seconds since the Unix epoch.
pub(super) fn unix_now() -> i64 {
    (unix_ms() / 1_000) as i64
}

/// Milliseconds since the Unix epoch.
pub(super) fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
