//! A message as the bot gets it: from what a person sees to the object of the Bot API.

use serde_json::{Map, Value, json};

use super::{
    files::Media,
    room::{Post, Room, Service},
    wire::{ChatKind, Message, User},
    world::World,
};

impl World {
    /// A message as the bot gets it, with the one it answers.
    pub(super) fn message(&self, chat: i64, id: i64) -> Option<Message> {
        let room = self.rooms.get(&chat)?;
        let post = room.posts.get(&id)?;
        let reply = post.reply_to.or_else(|| implicit_reply(room, post));
        let reply = reply.and_then(|reply| room.posts.get(&reply));
        let mut message = self.flat(room, post);
        message.reply = reply.map(|reply| Box::new(self.flat(room, reply)));
        Some(message)
    }

    /// The same without the message that it answers.
    pub(super) fn flat(&self, room: &Room, post: &Post) -> Message {
        let (words, entities) = (Some(post.text.clone()), post.all_entities());
        let (text, caption) = match (&post.media, &post.service) {
            (None, None) => ((words, entities), (None, Vec::new())),
            (None, Some(_)) => ((None, Vec::new()), (None, Vec::new())),
            (Some(_), _) => {
                ((None, Vec::new()), (words.filter(|words| !words.is_empty()), entities))
            }
        };
        Message {
            id: post.id,
            from: if post.anonymous { anonymous() } else { self.author(post.from).clone() },
            chat: room.chat.clone(),
            date: post.date,
            edit_date: post.edit_date,
            reply: None,
            text: text.0,
            entities: text.1,
            caption: caption.0,
            caption_entities: caption.1,
            more: self.more(room, post),
            link_preview_options: post.link_preview.clone(),
            reply_markup: post.keyboard.clone(),
        }
    }

    fn author(&self, id: i64) -> &User {
        self.users.get(&id).unwrap_or(&self.bot)
    }

    /// The fields of a message that most messages do not have.
    fn more(&self, room: &Room, post: &Post) -> Map<String, Value> {
        let mut more = post.media.as_ref().map(Media::fields).unwrap_or_default();
        let mut add = |name: &str, value: Value| more.insert(name.to_owned(), value);
        if let Some(album) = &post.album {
            add("media_group_id", json!(album));
        }
        if let Some(author) = post.forwarded {
            let author = self.author(author);
            add(
                "forward_origin",
                json!({"type": "user", "date": post.date, "sender_user": author}),
            );
        }
        if post.anonymous {
            add("sender_chat", json!(room.chat));
        }
        if let Some(thread) = post.thread {
            add("message_thread_id", json!(thread));
            add("is_topic_message", json!(true));
        }
        if let Some(quote) = &post.quote {
            add("quote", json!({"text": quote, "position": 0, "is_manual": true}));
        }
        match &post.service {
            None => {}
            Some(Service::TopicCreated { name, icon_color }) => {
                add("forum_topic_created", json!({"name": name, "icon_color": icon_color}));
            }
            Some(Service::TopicEdited { name }) => {
                add("forum_topic_edited", json!({"name": name}));
            }
            Some(Service::TopicClosed) => {
                add("forum_topic_closed", json!({}));
            }
            Some(Service::TopicReopened) => {
                add("forum_topic_reopened", json!({}));
            }
            Some(Service::Pinned { message }) => {
                let pinned = room.posts.get(message).map(|post| self.flat(room, post));
                add("pinned_message", json!(pinned));
            }
        }
        more
    }
}

/// What a message in a topic of a supergroup answers if it answers nothing: the message that tells
/// of the topic.
fn implicit_reply(room: &Room, post: &Post) -> Option<i64> {
    let is_group = room.chat.kind != ChatKind::Private;
    post.thread.filter(|thread| is_group && *thread < post.id)
}

/// Who writes in Telegram's eyes when an administrator writes in the name of the group.
fn anonymous() -> User {
    User {
        id: 1_087_968_824,
        is_bot: true,
        first_name: "Group".to_owned(),
        last_name: None,
        username: Some("GroupAnonymousBot".to_owned()),
        language_code: None,
    }
}
