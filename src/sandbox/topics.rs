//! Forum topics: their life, what the bot may do with them, and what people do.
//!
//! They are in supergroups that have them switched on, and in private chats where the bot has
//! (Bot API 9.4). The General topic of a supergroup is the chat itself: its id 1 stands in no
//! message, and is refused in what is sent. The words of the refusals are those of
//! <https://github.com/tdlib/td> and of Telegram's server.

use serde_json::{Value, json};

use super::{
    args::Args,
    person::{Missing, member},
    refusal::Refusal,
    room::{Post, Room, Service, Topic},
    wire::ChatKind,
    world::World,
};

/// Longest name, in characters. Telegram cuts longer ones in silence.
const NAME: usize = 128;
/// The General topic.
const GENERAL: i64 = 1;
/// Colours of icons, RGB. <https://core.telegram.org/bots/api#createforumtopic>
const COLORS: [u32; 6] = [7_322_096, 16_766_590, 13_338_331, 9_367_192, 16_749_490, 16_478_047];

/// `createForumTopic`
pub(super) fn create(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let name = take_name(args)?;
    let color = args.number("icon_color")?;
    args.finish()?;
    let room = forum(world, chat)?;
    if room.chat.kind != ChatKind::Private && !room.may(|rights| rights.manage_topics) {
        return Err(Refusal::bad("not enough rights to create a topic"));
    }
    let name = name.ok_or_else(|| Refusal::bad("name must be non-empty"))?;
    let color = match color {
        None => COLORS[0],
        Some(color) => *COLORS
            .iter()
            .find(|known| i64::from(**known) == color)
            .ok_or_else(|| Refusal::strict("\"icon_color\" is none of the six"))?,
    };
    let topic = open(world, (chat, world.bot.id), &name, color);
    Ok(json!({ "message_thread_id": topic, "name": name, "icon_color": color }))
}

/// `editForumTopic`: its name, as icons are not known here.
pub(super) fn edit(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let thread = take_thread(args)?;
    let name = take_name(args)?;
    args.finish()?;
    let room = forum(world, chat)?;
    let topic = manageable(room, thread, "edit the topic")?;
    let name = name.ok_or_else(|| Refusal::strict("nothing to edit"))?;
    if topic.name == name {
        return Err(Refusal::bad("TOPIC_NOT_MODIFIED"));
    }
    rename(world, (chat, world.bot.id), thread, &name);
    Ok(json!(true))
}

/// `closeForumTopic`
pub(super) fn close(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    toggle(world, args, Service::TopicClosed)
}

/// `reopenForumTopic`
pub(super) fn reopen(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    toggle(world, args, Service::TopicReopened)
}

fn toggle(world: &mut World, args: &mut Args, service: Service) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let thread = take_thread(args)?;
    args.finish()?;
    let room = forum(world, chat)?;
    if room.chat.kind == ChatKind::Private {
        return Err(Refusal::bad("the chat is not a supergroup forum"));
    }
    let topic = manageable(room, thread, "close or open the topic")?;
    if topic.closed == (service == Service::TopicClosed) {
        return Err(Refusal::bad("TOPIC_NOT_MODIFIED"));
    }
    set_closed(world, (chat, world.bot.id), thread, service);
    Ok(json!(true))
}

/// `deleteForumTopic`: with all that was said in it.
pub(super) fn delete(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let thread = take_thread(args)?;
    args.finish()?;
    let bot = world.bot.id;
    let room = forum(world, chat)?;
    let topic = known(room, thread)?;
    let is_free = room.chat.kind == ChatKind::Private || topic.by == bot;
    if !is_free && !room.may(|rights| rights.delete_messages) {
        return Err(Refusal::bad("not enough rights to delete the topic"));
    }
    remove(world, chat, thread);
    Ok(json!(true))
}

/// Whether the bot may write into a topic. Without one it writes into the chat itself.
pub(super) fn check(room: &Room, bot: i64, thread: Option<i64>) -> Result<(), Refusal> {
    let Some(thread) = thread else { return Ok(()) };
    match room.topics.get(&thread) {
        None => Err(Refusal::bad("message thread not found")),
        Some(topic)
            if topic.closed && topic.by != bot && !room.may(|rights| rights.manage_topics) =>
        {
            Err(Refusal::bad("TOPIC_CLOSED"))
        }
        Some(_) => Ok(()),
    }
}

/// The same for what is no message: there, the General topic has its id.
pub(super) fn check_action(room: &Room, bot: i64, thread: Option<i64>) -> Result<(), Refusal> {
    let is_general = room.chat.is_forum == Some(true) && thread == Some(GENERAL);
    if is_general { Ok(()) } else { check(room, bot, thread) }
}

/// A person opens a topic. Gives its id.
pub(super) fn person_opens(world: &mut World, who: (i64, i64), name: &str) -> Result<i64, Missing> {
    let settings = world.settings;
    let room = member(world, who)?;
    if room.chat.kind == ChatKind::Private {
        if !(settings.has_topics_enabled && settings.allows_users_to_create_topics) {
            return Err(Missing::Text("the bot allows no topics here".to_owned()));
        }
    } else {
        room.chat.is_forum = Some(true);
    }
    let name = clean(name).ok_or_else(|| Missing::Text("a topic needs a name".to_owned()))?;
    let count = room.topics.len();
    Ok(open(world, who, &name, COLORS[count % COLORS.len()]))
}

/// A person changes a topic.
pub(super) fn person_changes(
    world: &mut World,
    who: (i64, i64),
    thread: i64,
    change: &TopicChange,
) -> Result<(), Missing> {
    let room = member(world, who)?;
    if !room.topics.contains_key(&thread) {
        return Err(Missing::Message(thread));
    }
    match change {
        TopicChange::Rename { name } => {
            let name = clean(name).ok_or_else(|| Missing::Text("no name".to_owned()))?;
            rename(world, who, thread, &name);
        }
        TopicChange::Close => set_closed(world, who, thread, Service::TopicClosed),
        TopicChange::Reopen => set_closed(world, who, thread, Service::TopicReopened),
        TopicChange::Delete => remove(world, who.0, thread),
    }
    Ok(())
}

/// What a person does to a topic.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum TopicChange {
    /// Gives it another name.
    Rename {
        /// The new one.
        name: String,
    },
    /// Lets only administrators write into it.
    Close,
    /// Lets everybody write into it again.
    Reopen,
    /// Deletes it with all that was said in it.
    Delete,
}

fn open(world: &mut World, (chat, by): (i64, i64), name: &str, icon_color: u32) -> i64 {
    let service = Service::TopicCreated { name: name.to_owned(), icon_color };
    let id = world.append(chat, Post::telling(by, service)).unwrap_or_default();
    if let Some(room) = world.rooms.get_mut(&chat) {
        let name = name.to_owned();
        room.topics.insert(id, Topic { id, name, icon_color, closed: false, by });
        if let Some(post) = room.posts.get_mut(&id) {
            post.thread = Some(id);
        }
    }
    world.show_chat(chat);
    world.announce(chat, id);
    id
}

fn rename(world: &mut World, who: (i64, i64), thread: i64, name: &str) {
    let set = |topic: &mut Topic| name.clone_into(&mut topic.name);
    change(world, who, (thread, set), Service::TopicEdited { name: name.to_owned() });
}

fn set_closed(world: &mut World, who: (i64, i64), thread: i64, service: Service) {
    let closed = service == Service::TopicClosed;
    change(world, who, (thread, |topic: &mut Topic| topic.closed = closed), service);
}

fn change(
    world: &mut World,
    (chat, by): (i64, i64),
    (thread, set): (i64, impl FnOnce(&mut Topic)),
    service: Service,
) {
    let Some(topic) = world.rooms.get_mut(&chat).and_then(|room| room.topics.get_mut(&thread))
    else {
        return;
    };
    set(topic);
    let post = Post { thread: Some(thread), ..Post::telling(by, service) };
    let id = world.append(chat, post).unwrap_or_default();
    world.show_chat(chat);
    world.announce(chat, id);
}

fn remove(world: &mut World, chat: i64, thread: i64) {
    let Some(room) = world.rooms.get_mut(&chat) else { return };
    room.topics.remove(&thread);
    let inside = room.posts.values().filter(|post| post.thread == Some(thread));
    let ids: Vec<i64> = inside.map(|post| post.id).collect();
    world.remove(chat, &ids);
    world.show_chat(chat);
}

/// The chat, if it has topics at all.
fn forum(world: &mut World, chat: i64) -> Result<&mut Room, Refusal> {
    let enabled = world.settings.has_topics_enabled;
    let room = world.writable(chat)?;
    let is_forum = match room.chat.kind {
        ChatKind::Private => enabled,
        ChatKind::Group | ChatKind::Supergroup => room.chat.is_forum == Some(true),
    };
    if is_forum { Ok(room) } else { Err(Refusal::bad("the chat is not a forum")) }
}

fn known(room: &Room, thread: i64) -> Result<&Topic, Refusal> {
    room.topics.get(&thread).ok_or_else(|| Refusal::bad("TOPIC_ID_INVALID"))
}

/// A topic that the bot made, or may change as an administrator.
fn manageable<'a>(room: &'a Room, thread: i64, what: &str) -> Result<&'a Topic, Refusal> {
    let topic = known(room, thread)?;
    let is_free = room.chat.kind == ChatKind::Private || !room.members.contains(&topic.by);
    if is_free || room.may(|rights| rights.manage_topics) {
        return Ok(topic);
    }
    Err(Refusal::bad(format!("not enough rights to {what}")))
}

fn take_thread(args: &mut Args) -> Result<i64, Refusal> {
    match args.number("message_thread_id")? {
        None | Some(..=0) => Err(Refusal::bad("invalid forum topic identifier specified")),
        Some(thread) => Ok(thread),
    }
}

/// A name, if there is one that is not blank.
fn take_name(args: &mut Args) -> Result<Option<String>, Refusal> {
    let name = args.text("name")?;
    if name.chars().count() > NAME {
        return Err(Refusal::strict(format!("a topic's name has more than {NAME} characters")));
    }
    Ok(clean(&name))
}

fn clean(name: &str) -> Option<String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then(|| name.chars().take(NAME).collect())
}
