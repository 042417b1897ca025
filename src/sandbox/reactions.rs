//! Reactions to messages: the bot's, one to a message, and those of people, of which the bot is
//! told if it asked to be.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    args::Args,
    person::{Missing, member},
    refusal::Refusal,
    room::{Room, unix_now},
    wire::ChatKind,
    world::World,
};

/// Emoji that Telegram takes as a reaction. <https://core.telegram.org/bots/api#reactiontypeemoji>
const KNOWN: &str = "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡";

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Reaction {
    Emoji { emoji: String },
}

/// `setMessageReaction`: an empty list takes the bot's reaction away.
pub(super) fn set(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let id = args.number("message_id")?.unwrap_or_default();
    let reactions: Vec<Reaction> = args.object("reaction", "reaction types")?.unwrap_or_default();
    args.flag("is_big")?;
    args.finish()?;
    let room = world.writable(chat)?;
    let reaction = reactions.first().map(|Reaction::Emoji { emoji }| emoji.clone());
    let is_allowed = reaction.as_deref().is_none_or(|emoji| allows(room, emoji));
    let post = room.posts.get_mut(&id).filter(|post| post.service.is_none());
    let post = post.ok_or_else(|| Refusal::bad("message to react not found"))?;
    if reactions.len() > 1 {
        return Err(Refusal::bad("REACTIONS_TOO_MANY"));
    }
    if !is_allowed {
        return Err(Refusal::bad("REACTION_INVALID"));
    }
    post.reaction = reaction;
    world.show(chat, id);
    Ok(json!(true))
}

/// Whether an emoji is a reaction in this chat.
fn allows(room: &Room, emoji: &str) -> bool {
    let here = room.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|one| one == emoji));
    here && KNOWN.split(' ').any(|known| known == emoji)
}

/// What the chat allows, as `getChat` tells it; none where that is everything.
pub(super) fn available(room: &Room) -> Option<Value> {
    let allowed = room.allowed.as_ref()?;
    Some(json!(allowed.iter().map(|emoji| typed(Some(emoji)).remove(0)).collect::<Vec<_>>()))
}

/// A person reacts to a message, or does not any more.
pub(super) fn person_reacts(
    world: &mut World,
    who: (i64, i64),
    message: i64,
    emoji: Option<&str>,
) -> Result<(), Missing> {
    let room = member(world, who)?;
    if emoji.is_some_and(|emoji| !allows(room, emoji)) {
        return Err(Missing::Text("this is no reaction here".to_owned()));
    }
    let is_told = room.chat.kind == ChatKind::Private || room.rights.is_some();
    let is_anonymous = room.anonymous.contains(&who.1);
    let chat = json!(room.chat);
    let post = room.posts.get_mut(&message).ok_or(Missing::Message(message))?;
    let old = match emoji {
        Some(emoji) => post.reactions.insert(who.1, emoji.to_owned()),
        None => post.reactions.remove(&who.1),
    };
    let mut update = json!({
        "chat": chat, "message_id": message, "date": unix_now(),
        "old_reaction": typed(old.as_deref()), "new_reaction": typed(emoji),
    });
    if is_anonymous {
        update["actor_chat"] = chat;
    } else {
        update["user"] = json!(world.users.get(&who.1));
    }
    world.show(who.0, message);
    if is_told && old.as_deref() != emoji {
        world.tell("message_reaction", &update, None);
    }
    Ok(())
}

/// A reaction as a list of none or one.
fn typed(emoji: Option<&str>) -> Vec<Value> {
    emoji.map(|emoji| json!({ "type": "emoji", "emoji": emoji })).into_iter().collect()
}
