//! Sending, editing and deleting messages.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    args::Args,
    change::Change,
    entities::{Formatted, format},
    keyboard,
    refusal::Refusal,
    room::{Draft, Post, unix_ms},
    topics,
    wire::{ChatKind, Entity, Keyboard, LinkPreview},
    world::World,
};

/// How long a draft is shown (Bot API 9.5).
const DRAFT: Duration = Duration::from_secs(30);
/// Most messages that one `deleteMessages` takes.
const DELETIONS: usize = 100;

/// <https://core.telegram.org/bots/api#replyparameters>, without what only quotes need.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyTo {
    message_id: i64,
    #[serde(default)]
    chat_id: Option<i64>,
    #[serde(default)]
    allow_sending_without_reply: Option<bool>,
}

/// `sendMessage`
pub(super) fn send(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let formatted = take_text(args)?;
    let chat = args.chat()?;
    let thread = args.number("message_thread_id")?;
    let reply: Option<ReplyTo> = args.object("reply_parameters", "reply parameters JSON object")?;
    let link_preview = take_preview(args)?;
    let keyboard = keyboard::take(args)?;
    let silent = args.flag("disable_notification")?;
    args.flag("protect_content")?;
    args.finish()?;
    let bot = world.bot.id;
    topics::check(world.writable(chat)?, bot, thread)?;
    let reply_to = resolve(world, chat, reply)?;
    let post = Post::new(bot, formatted);
    let post = Post { reply_to, keyboard, link_preview, silent, thread, ..post };
    let id = world.append(chat, post);
    sent(world, chat, id.unwrap_or_default())
}

/// `sendMessageDraft`
pub(super) fn draft(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let Formatted { text, entities } = take_text(args)?;
    let chat = args.chat()?;
    let id = args.number("draft_id")?.unwrap_or_default();
    let thread = args.number("message_thread_id")?;
    let can_stop = args.flag("can_stop")?;
    args.flag("keep_on_stop")?;
    args.finish()?;
    let bot = world.bot.id;
    let room = world.writable(chat)?;
    topics::check(room, bot, thread)?;
    if room.chat.kind != ChatKind::Private {
        return Err(Refusal::bad("TEXTDRAFT_PEER_INVALID"));
    }
    if id == 0 {
        return Err(Refusal::strict("\"draft_id\" must be non-zero"));
    }
    let draft =
        Some(Draft { id, text, entities, can_stop, until: unix_ms() + DRAFT.as_millis() as u64 });
    room.draft.clone_from(&draft);
    world.note(Change::Draft { chat, draft });
    Ok(json!(true))
}

/// `editMessageText`. A keyboard that is not sent again goes.
pub(super) fn edit_text(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let formatted = take_text(args).map_err(|mut refusal| {
        // The length of an edit is found out by another part of Telegram, in other words.
        if refusal.description.ends_with("message is too long") {
            refusal = Refusal::bad("MESSAGE_TOO_LONG");
        }
        refusal
    })?;
    let link_preview = take_preview(args)?;
    let (chat, id, keyboard) = take_edit(args)?;
    let post = editable(world, chat, id)?;
    if post.media.is_some() {
        return Err(Refusal::bad("there is no text in the message to edit"));
    }
    let same = post.text == formatted.text && post.entities == formatted.entities;
    if same && post.keyboard == keyboard {
        return Err(not_modified());
    }
    post.rewrite(formatted);
    post.keyboard = keyboard;
    post.link_preview = link_preview;
    post.touch();
    sent(world, chat, id)
}

/// `editMessageReplyMarkup`
pub(super) fn edit_keyboard(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let (chat, id, keyboard) = take_edit(args)?;
    let post = editable(world, chat, id)?;
    if post.keyboard == keyboard {
        return Err(not_modified());
    }
    post.keyboard = keyboard;
    post.touch();
    sent(world, chat, id)
}

/// `deleteMessage`
pub(super) fn delete(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let id = args.number("message_id")?.unwrap_or_default();
    args.finish()?;
    if id == 0 {
        return Err(Refusal::bad("message identifier is not specified"));
    }
    if !world.writable(chat)?.posts.contains_key(&id) {
        return Err(Refusal::bad("message to delete not found"));
    }
    erase(world, chat, &[id])
}

/// `deleteMessages`: unknown ones are passed over.
pub(super) fn delete_many(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
    let ids: Vec<i64> = args.object("message_ids", "message_ids JSON object")?.unwrap_or_default();
    args.finish()?;
    if ids.is_empty() {
        return Err(Refusal::bad("message identifiers are not specified"));
    }
    if ids.len() > DELETIONS {
        return Err(Refusal::bad("too many message identifiers specified"));
    }
    world.writable(chat)?;
    erase(world, chat, &ids)
}

/// In a group the bot may delete its own messages, and as an administrator those of others.
fn erase(world: &mut World, chat: i64, ids: &[i64]) -> Result<Value, Refusal> {
    let bot = world.bot.id;
    let room = world.writable(chat)?;
    let foreign = |id: &i64| room.posts.get(id).is_some_and(|post| post.from != bot);
    let is_free = room.chat.kind == ChatKind::Private || room.may(|rights| rights.delete_messages);
    if !is_free && ids.iter().any(foreign) {
        return Err(Refusal::bad("message can't be deleted"));
    }
    world.remove(chat, ids);
    Ok(json!(true))
}

fn take_text(args: &mut Args) -> Result<Formatted, Refusal> {
    let text = args.text("text")?;
    let entities: Option<Vec<Entity>> = args.object("entities", "MessageEntity")?;
    if !args.text("parse_mode")?.is_empty() {
        return Err(Refusal::strict("formatting comes as entities here, not by parse_mode"));
    }
    format(&text, entities.unwrap_or_default())
}

fn take_preview(args: &mut Args) -> Result<Option<LinkPreview>, Refusal> {
    args.object("link_preview_options", "link preview options JSON object")
}

/// What both kinds of edits take, and nothing else.
fn take_edit(args: &mut Args) -> Result<(i64, i64, Option<Keyboard>), Refusal> {
    let chat = args.chat()?;
    let id = args.number("message_id")?.unwrap_or_default();
    let keyboard = keyboard::take(args)?;
    args.finish()?;
    Ok((chat, id, keyboard))
}

fn editable(world: &mut World, chat: i64, id: i64) -> Result<&mut Post, Refusal> {
    let bot = world.bot.id;
    match world.writable(chat)?.posts.get_mut(&id) {
        None => Err(Refusal::bad("message to edit not found")),
        Some(post) if post.from != bot => Err(Refusal::bad("message can't be edited")),
        Some(post) => Ok(post),
    }
}

fn not_modified() -> Refusal {
    Refusal::bad(
        "message is not modified: specified new message content and reply markup are exactly the \
         same as a current content and reply markup of the message",
    )
}

/// The message to be answered, if it is there.
pub(super) fn resolve(
    world: &World,
    chat: i64,
    reply: Option<ReplyTo>,
) -> Result<Option<i64>, Refusal> {
    let Some(reply) = reply else { return Ok(None) };
    if reply.chat_id.is_some_and(|other| other != chat) {
        return Err(Refusal::strict("a reply across chats"));
    }
    let id = reply.message_id;
    let room = world.rooms.get(&chat);
    if room.is_some_and(|room| room.posts.contains_key(&id)) {
        return Ok(Some(id));
    }
    if reply.allow_sending_without_reply == Some(true) {
        return Ok(None);
    }
    Err(Refusal::bad("message to be replied not found"))
}

/// Shows a message and gives it back to the bot.
pub(super) fn sent(world: &mut World, chat: i64, id: i64) -> Result<Value, Refusal> {
    world.show(chat, id);
    match world.message(chat, id) {
        Some(message) => Ok(json!(message)),
        None => Err(Refusal::server(500)),
    }
}
