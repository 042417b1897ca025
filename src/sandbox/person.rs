//! What a person can do in the chats, and what the bot is told of it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{
    change::Change,
    entities::{Formatted, format},
    files::Media,
    room::{Draft, Post, Rights, Room, Standing},
    wire::{Button, CallbackQuery, ChatKind, User},
    world::World,
};

/// Ids of supergroups lie below this.
const SUPERGROUPS: i64 = -1_002_000_000_000;

/// Why something cannot be done in the chats.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// No chat has this id.
    #[error("there is no chat {0}")]
    Chat(i64),
    /// Nobody has this id, or the person is not in the chat.
    #[error("there is no person {0} here")]
    User(i64),
    /// The message does not exist, or not any more.
    #[error("there is no message {0}")]
    Message(i64),
    /// The message has no such button, or pressing it calls nobody.
    #[error("there is no such button")]
    Button,
    /// The bot is not writing anything.
    #[error("there is no draft")]
    Draft,
    /// The bot is shut out of the chat.
    #[error("the bot is blocked here")]
    Blocked,
    /// Telegram would not take the text.
    #[error("{0}")]
    Text(String),
}

/// Which button of a message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Which {
    /// The first with this `callback_data`.
    Data {
        /// `callback_data`
        data: String,
    },
    /// The one at this place.
    At {
        /// From the top, from 0.
        row: usize,
        /// From the left, from 0.
        col: usize,
    },
}

impl From<&str> for Which {
    fn from(data: &str) -> Self {
        Self::Data { data: data.to_owned() }
    }
}

/// What a person sends.
#[derive(Clone, Debug, Default)]
pub struct Saying {
    /// Text, or the caption of what it carries.
    pub text: String,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// The part of that message that was picked.
    pub quote: Option<String>,
    /// Who wrote it first, where it is forwarded: a person's id.
    pub forwarded: Option<i64>,
    /// What it carries.
    pub media: Option<Media>,
    /// What it has in common with those sent together with it.
    pub album: Option<String>,
    /// The topic that it is said in.
    pub thread: Option<i64>,
}

/// Says something, as an answer to another message or not. Gives the message's id.
pub(super) fn say(world: &mut World, who: (i64, i64), saying: Saying) -> Result<i64, Missing> {
    let Saying { text, reply_to, quote, forwarded, media, album, thread } = saying;
    let formatted = match media {
        Some(_) if text.trim().is_empty() => {
            Formatted { text: String::new(), entities: Vec::new() }
        }
        _ => plain(&text)?,
    };
    let room = member(world, who)?;
    if room.standing == Standing::Kicked {
        return Err(Missing::Blocked);
    }
    if let Some(reply) = reply_to.filter(|reply| !room.posts.contains_key(reply)) {
        return Err(Missing::Message(reply));
    }
    let (chat, user) = who;
    check_topic(room, user, thread)?;
    let anonymous = room.anonymous.contains(&user);
    let post = Post::new(user, formatted);
    let post = Post { reply_to, media, album, forwarded, quote, thread, anonymous, ..post };
    let id = world.append(chat, post).ok_or(Missing::Chat(chat))?;
    world.show(chat, id);
    if hears(world, chat, id) {
        let update = json!(world.message(chat, id));
        world.tell("message", &update, None);
    }
    Ok(id)
}

/// Whether the bot is told of a message. In privacy mode it hears in groups only what is meant for
/// it, unless it is an administrator. <https://core.telegram.org/bots/features#privacy-mode>
fn hears(world: &World, chat: i64, id: i64) -> bool {
    let Some(room) = world.rooms.get(&chat) else { return false };
    let all = world.settings.can_read_all_group_messages || room.rights.is_some();
    if all || room.chat.kind == ChatKind::Private {
        return true;
    }
    let Some(post) = room.posts.get(&id) else { return false };
    let answered = post.reply_to.and_then(|reply| room.posts.get(&reply));
    let name = world.bot.username.as_deref().unwrap_or_default();
    answered.is_some_and(|answered| answered.from == world.bot.id)
        || post.text.starts_with('/')
        || post.text.contains(&format!("@{name}"))
}

/// Whether a person may write into a topic: into a closed one only who owns the group.
fn check_topic(room: &Room, user: i64, thread: Option<i64>) -> Result<(), Missing> {
    let Some(thread) = thread else { return Ok(()) };
    let topic = room.topics.get(&thread).ok_or(Missing::Message(thread))?;
    if topic.closed && room.members.first() != Some(&user) {
        return Err(Missing::Text("this topic is closed".to_owned()));
    }
    Ok(())
}

/// Forwards a message of the chat to the same chat. Gives the new message's id.
pub(super) fn forward(world: &mut World, who: (i64, i64), message: i64) -> Result<i64, Missing> {
    let post = member(world, who)?.posts.get(&message).ok_or(Missing::Message(message))?;
    let saying = Saying {
        text: post.text.clone(),
        forwarded: Some(post.forwarded.unwrap_or(post.from)),
        media: post.media.clone(),
        thread: post.thread,
        ..Saying::default()
    };
    say(world, who, saying)
}

/// Edits what the person said.
pub(super) fn edit(
    world: &mut World,
    who: (i64, i64),
    message: i64,
    text: &str,
) -> Result<(), Missing> {
    let formatted = plain(text)?;
    let post = own(world, who, message)?;
    post.rewrite(formatted);
    post.touch();
    world.show(who.0, message);
    let update = json!(world.message(who.0, message));
    world.tell("edited_message", &update, None);
    Ok(())
}

/// Deletes what the person said. The bot is not told, as ever.
pub(super) fn delete(world: &mut World, who: (i64, i64), message: i64) -> Result<(), Missing> {
    own(world, who, message)?;
    world.remove(who.0, &[message]);
    Ok(())
}

/// Presses a button. Gives the id of the query that the bot may answer within `life`.
pub(super) fn press(
    world: &mut World,
    who: (i64, i64),
    (message, which): (i64, &Which),
    life: Duration,
) -> Result<i64, Missing> {
    let (chat, user) = who;
    let data = callback_data(world, who, message, which)?;
    let id = world.queries.open(life);
    let update = CallbackQuery {
        id: id.to_string(),
        from: world.users.get(&user).cloned().ok_or(Missing::User(user))?,
        message: world.message(chat, message).ok_or(Missing::Message(message))?,
        chat_instance: instance(chat),
        data,
    };
    world.tell("callback_query", &json!(update), Some(life));
    Ok(id)
}

/// A number that stands for the chat and does not show its id.
fn instance(chat: i64) -> String {
    chat.wrapping_mul(-7_046_029_254_386_353_131).to_string()
}

/// Presses the stop button of a draft.
pub(super) fn stop_draft(world: &mut World, chat: i64) -> Result<(), Missing> {
    let room = world.rooms.get_mut(&chat).ok_or(Missing::Chat(chat))?;
    let stoppable = |draft: &mut Draft| draft.can_stop;
    let draft = room.draft.take_if(stoppable).ok_or(Missing::Draft)?;
    let update = json!({ "chat": room.chat, "draft_id": draft.id });
    world.tell("stopped_message_generation", &update, None);
    world.note(Change::Draft { chat, draft: None });
    Ok(())
}

/// Shuts the bot out of a chat, lets it in again, or makes it an administrator with these rights.
pub(super) fn admit(
    world: &mut World,
    who: (i64, i64),
    (standing, rights): (Standing, Option<Rights>),
) -> Result<(), Missing> {
    let room = member(world, who)?;
    let rights = rights.filter(|_| room.chat.kind != ChatKind::Private);
    let from = world.users.get(&who.1).cloned().ok_or(Missing::User(who.1))?;
    world.admit(who.0, &from, (standing, rights));
    Ok(())
}

/// Switches topics on in a group, or off.
pub(super) fn set_forum(world: &mut World, chat: i64, forum: Forum) -> Result<(), Missing> {
    let room = world.rooms.get_mut(&chat).ok_or(Missing::Chat(chat))?;
    if room.chat.kind == ChatKind::Private {
        return Err(Missing::Text("here the bot itself switches them on".to_owned()));
    }
    room.chat.is_forum = (forum == Forum::On).then_some(true);
    world.show_chat(chat);
    Ok(())
}

/// Whether a group has topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forum {
    /// It has.
    On,
    /// It has none any more; those that were made stay hidden.
    Off,
}

/// Sets the reactions that a chat allows; none: all.
pub(super) fn allow_reactions(
    world: &mut World,
    chat: i64,
    allowed: Option<Vec<String>>,
) -> Result<(), Missing> {
    world.rooms.get_mut(&chat).ok_or(Missing::Chat(chat))?.allowed = allowed;
    world.show_chat(chat);
    Ok(())
}

/// In whose name somebody writes in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guise {
    /// Their own.
    Person,
    /// The group's, as an anonymous administrator.
    Group,
}

/// Sets in whose name somebody writes in a group.
pub(super) fn set_guise(world: &mut World, who: (i64, i64), guise: Guise) -> Result<(), Missing> {
    let room = member(world, who)?;
    match guise {
        Guise::Group if room.chat.kind != ChatKind::Private => room.anonymous.insert(who.1),
        _ => room.anonymous.remove(&who.1),
    };
    world.show_chat(who.0);
    Ok(())
}

/// A new person. Gives their id.
pub(super) fn add_user(world: &mut World, first_name: &str, username: Option<&str>) -> i64 {
    let id = world.users.last_key_value().map_or(1, |(id, _)| id + 1);
    let user = User {
        id,
        is_bot: false,
        first_name: first_name.to_owned(),
        last_name: None,
        username: username.map(str::to_owned),
        language_code: Some("en".to_owned()),
    };
    world.users.insert(id, user.clone());
    world.note(Change::User { user });
    id
}

/// Opens a person's private chat with the bot. Its id is the person's.
pub(super) fn add_private(world: &mut World, user: i64) -> Result<i64, Missing> {
    let user = world.users.get(&user).ok_or(Missing::User(user))?;
    let room = Room::private(user);
    let chat = room.chat.id;
    world.rooms.entry(chat).or_insert(room);
    world.show_chat(chat);
    Ok(chat)
}

/// A new supergroup. Gives its id.
pub(super) fn add_group(world: &mut World, title: &str, members: &[i64]) -> Result<i64, Missing> {
    if !world.settings.can_join_groups {
        return Err(Missing::Text("the bot can't be added to groups".to_owned()));
    }
    if let Some(user) = members.iter().find(|user| !world.users.contains_key(user)) {
        return Err(Missing::User(*user));
    }
    let lowest = world.rooms.keys().next().copied().unwrap_or_default();
    let chat = lowest.min(SUPERGROUPS) - 1;
    world.rooms.insert(chat, Room::group(chat, title, members.to_vec()));
    world.show_chat(chat);
    Ok(chat)
}

/// Clears a chat.
pub(super) fn clear(world: &mut World, chat: i64) -> Result<(), Missing> {
    let room = world.rooms.get(&chat).ok_or(Missing::Chat(chat))?;
    let ids: Vec<i64> = room.posts.keys().copied().collect();
    world.remove(chat, &ids);
    Ok(())
}

fn plain(text: &str) -> Result<Formatted, Missing> {
    format(text, Vec::new()).map_err(|refusal| Missing::Text(refusal.description))
}

/// The chat, if the person is in it.
pub(super) fn member(world: &mut World, (chat, user): (i64, i64)) -> Result<&mut Room, Missing> {
    let room = world.rooms.get_mut(&chat).ok_or(Missing::Chat(chat))?;
    if room.members.contains(&user) { Ok(room) } else { Err(Missing::User(user)) }
}

/// A message that the person wrote.
fn own(world: &mut World, who: (i64, i64), message: i64) -> Result<&mut Post, Missing> {
    let posts = &mut member(world, who)?.posts;
    posts.get_mut(&message).filter(|post| post.from == who.1).ok_or(Missing::Message(message))
}

/// What a button sends to the bot.
fn callback_data(
    world: &mut World,
    who: (i64, i64),
    message: i64,
    which: &Which,
) -> Result<String, Missing> {
    let room = member(world, who)?;
    let blocked = room.standing == Standing::Kicked && room.chat.kind != ChatKind::Private;
    let post = room.posts.get(&message).ok_or(Missing::Message(message))?;
    let button: Option<&Button> = match which {
        Which::Data { data } => {
            post.buttons().find(|button| button.callback_data.as_ref() == Some(data))
        }
        Which::At { row, col } => post
            .keyboard
            .as_ref()
            .and_then(|keyboard| keyboard.inline_keyboard.get(*row)?.get(*col)),
    };
    let data = button.and_then(|button| button.callback_data.clone());
    if blocked {
        return Err(Missing::Blocked);
    }
    data.ok_or(Missing::Button)
}
