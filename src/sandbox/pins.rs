//! Pinned messages: `pinChatMessage`, `unpinChatMessage`, `unpinAllChatMessages`, and people who do
//! the same.
//!
//! Pinning leaves a service message, of which the bot is told even when it pinned itself. A chat
//! shows the newest of its pinned messages.

use serde_json::{Value, json};

use super::{
    args::Args,
    person::{Missing, member},
    refusal::Refusal,
    room::{Post, Room, Service},
    wire::ChatKind,
    world::World,
};

/// `pinChatMessage`
pub(super) fn pin(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let id = args.number("message_id")?.unwrap_or_default();
    let silent = args.flag("disable_notification")?;
    args.finish()?;
    let room = pinnable(world, chat)?;
    match room.posts.get(&id) {
        None => return Err(Refusal::bad("message to pin not found")),
        Some(post) if post.service.is_some() => {
            return Err(Refusal::bad("service messages can't be pinned"));
        }
        Some(_) => {}
    }
    let by = world.bot.id;
    add(world, chat, id, Post { silent, ..Post::telling(by, Service::Pinned { message: id }) });
    Ok(json!(true))
}

/// `unpinChatMessage`: without an id the one that the chat shows.
pub(super) fn unpin(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let id = args.number("message_id")?;
    args.finish()?;
    let room = pinnable(world, chat)?;
    let found = match id {
        None => room.shown_pin(),
        Some(id) => room.posts.contains_key(&id).then_some(id),
    };
    let id = found.ok_or_else(|| Refusal::bad("message to unpin not found"))?;
    room.pinned.remove(&id);
    world.show_chat(chat);
    Ok(json!(true))
}

/// `unpinAllChatMessages`
pub(super) fn unpin_all(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    args.finish()?;
    pinnable(world, chat)?.pinned.clear();
    world.show_chat(chat);
    Ok(json!(true))
}

/// A person pins a message.
pub(super) fn person_pins(world: &mut World, who: (i64, i64), message: i64) -> Result<(), Missing> {
    let post = member(world, who)?.posts.get(&message);
    if post.is_none_or(|post| post.service.is_some()) {
        return Err(Missing::Message(message));
    }
    add(world, who.0, message, Post::telling(who.1, Service::Pinned { message }));
    Ok(())
}

/// A person takes a pinned message down. The bot is not told, as ever.
pub(super) fn person_unpins(
    world: &mut World,
    who: (i64, i64),
    message: i64,
) -> Result<(), Missing> {
    let was_there = member(world, who)?.pinned.remove(&message);
    world.show_chat(who.0);
    if was_there { Ok(()) } else { Err(Missing::Message(message)) }
}

fn add(world: &mut World, chat: i64, message: i64, telling: Post) {
    let Some(room) = world.rooms.get_mut(&chat) else { return };
    let thread = room.posts.get(&message).and_then(|post| post.thread);
    if !room.pinned.insert(message) {
        return;
    }
    let id = world.append(chat, Post { thread, ..telling }).unwrap_or_default();
    world.show_chat(chat);
    world.announce(chat, id);
}

/// The chat, if the bot may pin there.
fn pinnable(world: &mut World, chat: i64) -> Result<&mut Room, Refusal> {
    let room = world.writable(chat)?;
    if room.chat.kind == ChatKind::Private || room.may(|rights| rights.pin_messages) {
        return Ok(room);
    }
    Err(Refusal::bad("not enough rights to manage pinned messages in the chat"))
}
