//! Files from the bot and to it: `sendDocument`, `sendPhoto`, `sendVoice`, `getFile`.

use serde_json::{Value, json};

use super::{
    args::{Args, Given},
    entities::{Formatted, format},
    files::{DOWNLOAD, Media, Upload, sides},
    keyboard,
    messages::{ReplyTo, resolve, sent},
    refusal::Refusal,
    room::Post,
    topics,
    wire::Entity,
    world::World,
};

/// Largest file that a bot may send, bytes.
const UPLOAD: usize = 50 << 20;
/// Largest photo that a bot may send, bytes.
const PHOTO: usize = 10 << 20;
/// Longest caption, UTF-16 units.
const CAPTION: usize = 1024;
/// Most of width and height of a photo together, and the most one may be longer than the other.
const PHOTO_SIDES: u32 = 10_000;
const PHOTO_RATIO: u32 = 20;

/// `sendDocument`
pub(super) fn send_document(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let given = args
        .file("document")?
        .ok_or_else(|| Refusal::bad("there is no document in the request"))?;
    args.flag("disable_content_type_detection")?;
    let upload = content(world, given)?;
    post(world, args, upload, Media::Document)
}

/// `sendPhoto`
pub(super) fn send_photo(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let given =
        args.file("photo")?.ok_or_else(|| Refusal::bad("there is no photo in the request"))?;
    let upload = content(world, given)?;
    check_photo(&upload)?;
    post(world, args, upload, Media::Photo)
}

/// `sendVoice`: Telegram plays OGG with Opus, and takes MP3 and M4A; anything else becomes a plain
/// file.
pub(super) fn send_voice(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let given =
        args.file("voice")?.ok_or_else(|| Refusal::bad("there is no voice in the request"))?;
    args.number("duration")?;
    let upload = content(world, given)?;
    if !upload.bytes.starts_with(b"OggS") {
        return Err(Refusal::strict("a voice message that is no OGG file"));
    }
    post(world, args, upload, Media::Voice)
}

/// `getFile`
pub(super) fn get_file(world: &World, args: &mut Args) -> Result<Value, Refusal> {
    let id = args.text("file_id")?;
    args.finish()?;
    let file = world.files.get(&id).ok_or_else(|| Refusal::bad("invalid file_id"))?;
    let size = file.bytes.len() as u64;
    if size > DOWNLOAD {
        return Err(Refusal::bad("file is too big"));
    }
    Ok(json!({
        "file_id": id, "file_unique_id": format!("u{id}"), "file_size": size,
        "file_path": format!("documents/{id}"),
    }))
}

fn content(world: &World, given: Given) -> Result<Upload, Refusal> {
    let upload = match given {
        Given::Upload(upload) => upload,
        Given::Known(id) => world
            .files
            .get(&id)
            .cloned()
            .ok_or_else(|| Refusal::bad("wrong file identifier/HTTP URL specified"))?,
    };
    match upload.bytes.len() {
        0 => Err(Refusal::bad("file must be non-empty")),
        size if size > UPLOAD => Err(Refusal::scripted(413, "Request Entity Too Large")),
        _ => Ok(upload),
    }
}

fn check_photo(upload: &Upload) -> Result<(), Refusal> {
    let size = upload.bytes.len();
    if size > PHOTO {
        return Err(Refusal::bad(format!(
            "file of size {size} bytes is too big for a photo; the maximum size is {PHOTO} bytes"
        )));
    }
    let (width, height) =
        sides(&upload.bytes).ok_or_else(|| Refusal::bad("IMAGE_PROCESS_FAILED"))?;
    let (long, short) = (width.max(height), width.min(height).max(1));
    if long + short > PHOTO_SIDES || long / short > PHOTO_RATIO {
        return Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS"));
    }
    Ok(())
}

fn post(
    world: &mut World,
    args: &mut Args,
    upload: Upload,
    media: fn(super::files::File) -> Media,
) -> Result<Value, Refusal> {
    let formatted = take_caption(args)?;
    let chat = args.chat()?;
    let thread = args.number("message_thread_id")?;
    let reply: Option<ReplyTo> = args.object("reply_parameters", "reply parameters JSON object")?;
    let keyboard = keyboard::take(args)?;
    let silent = args.flag("disable_notification")?;
    args.finish()?;
    let bot = world.bot.id;
    topics::check(world.writable(chat)?, bot, thread)?;
    let reply_to = resolve(world, chat, reply)?;
    let media = Some(media(world.files.add(upload)));
    let post = Post::new(bot, formatted);
    let post = Post { reply_to, keyboard, silent, media, thread, ..post };
    let id = world.append(chat, post);
    sent(world, chat, id.unwrap_or_default())
}

fn take_caption(args: &mut Args) -> Result<Formatted, Refusal> {
    let text = args.text("caption")?;
    let entities: Option<Vec<Entity>> = args.object("caption_entities", "MessageEntity")?;
    if !args.text("parse_mode")?.is_empty() {
        return Err(Refusal::strict("formatting comes as entities here, not by parse_mode"));
    }
    if text.trim().is_empty() {
        return Ok(Formatted { text: String::new(), entities: Vec::new() });
    }
    let formatted = format(&text, entities.unwrap_or_default())?;
    if formatted.text.encode_utf16().count() > CAPTION {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(formatted)
}
