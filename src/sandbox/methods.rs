//! The methods of the Bot API that answer at once. Each takes its arguments, refuses what is left,
//! checks, and only then acts.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    args::Args,
    commands, media, messages,
    query::Answer,
    refusal::Refusal,
    room::{Room, Standing},
    settings,
    wire::ChatKind,
    world::World,
};

/// Longest answer to a press, in characters.
const ANSWER: usize = 200;
/// What `sendChatAction` can say.
const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];
/// Emoji that Telegram takes as a reaction. <https://core.telegram.org/bots/api#reactiontypeemoji>
const REACTIONS: &str = "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡";

/// A method that the sandbox knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    GetMe,
    GetUpdates,
    DeleteWebhook,
    GetWebhookInfo,
    SetWebhook,
    SetMySettings,
    SetMyName,
    GetMyName,
    SetMyDescription,
    GetMyDescription,
    SetMyShortDescription,
    GetMyShortDescription,
    SendMessage,
    SendMessageDraft,
    EditMessageText,
    EditMessageReplyMarkup,
    DeleteMessage,
    DeleteMessages,
    AnswerCallbackQuery,
    SendChatAction,
    SetMessageReaction,
    SetMyCommands,
    GetMyCommands,
    GetChat,
    SendDocument,
    SendPhoto,
    GetFile,
}

const METHODS: [(Method, &str); 27] = [
    (Method::GetMe, "getMe"),
    (Method::GetUpdates, "getUpdates"),
    (Method::DeleteWebhook, "deleteWebhook"),
    (Method::GetWebhookInfo, "getWebhookInfo"),
    (Method::SetWebhook, "setWebhook"),
    (Method::SetMySettings, "setMySettings"),
    (Method::SetMyName, "setMyName"),
    (Method::GetMyName, "getMyName"),
    (Method::SetMyDescription, "setMyDescription"),
    (Method::GetMyDescription, "getMyDescription"),
    (Method::SetMyShortDescription, "setMyShortDescription"),
    (Method::GetMyShortDescription, "getMyShortDescription"),
    (Method::SendMessage, "sendMessage"),
    (Method::SendMessageDraft, "sendMessageDraft"),
    (Method::EditMessageText, "editMessageText"),
    (Method::EditMessageReplyMarkup, "editMessageReplyMarkup"),
    (Method::DeleteMessage, "deleteMessage"),
    (Method::DeleteMessages, "deleteMessages"),
    (Method::AnswerCallbackQuery, "answerCallbackQuery"),
    (Method::SendChatAction, "sendChatAction"),
    (Method::SetMessageReaction, "setMessageReaction"),
    (Method::SetMyCommands, "setMyCommands"),
    (Method::GetMyCommands, "getMyCommands"),
    (Method::GetChat, "getChat"),
    (Method::SendDocument, "sendDocument"),
    (Method::SendPhoto, "sendPhoto"),
    (Method::GetFile, "getFile"),
];

impl Method {
    /// The method of a name, in whatever case, with Telegram's own spelling.
    pub(super) fn find(name: &str) -> Option<(Self, &'static str)> {
        METHODS.into_iter().find(|(_, known)| known.eq_ignore_ascii_case(name))
    }

    /// Whether it draws on the budget of its chat.
    pub(super) fn paced(self) -> bool {
        matches!(
            self,
            Self::SendMessage
                | Self::SendDocument
                | Self::SendPhoto
                | Self::EditMessageText
                | Self::EditMessageReplyMarkup
                | Self::DeleteMessage
                | Self::DeleteMessages
                | Self::SetMessageReaction
        )
    }
}

/// Does what the method says. `getUpdates` waits and is not done here.
pub(super) fn run(world: &mut World, method: Method, args: &mut Args) -> Result<Value, Refusal> {
    match method {
        Method::GetMe => get_me(world, args),
        Method::GetUpdates => Err(Refusal::no_method()),
        Method::DeleteWebhook => settings::delete_webhook(world, args),
        Method::GetWebhookInfo => settings::webhook_info(world, args),
        Method::SetWebhook => settings::set_webhook(world, args),
        Method::SetMySettings => settings::set(world, args),
        Method::SetMyName => settings::set_text(world, "name", args),
        Method::GetMyName => settings::text(world, "name", args),
        Method::SetMyDescription => settings::set_text(world, "description", args),
        Method::GetMyDescription => settings::text(world, "description", args),
        Method::SetMyShortDescription => settings::set_text(world, "short_description", args),
        Method::GetMyShortDescription => settings::text(world, "short_description", args),
        Method::SendMessage => messages::send(world, args),
        Method::SendMessageDraft => messages::draft(world, args),
        Method::EditMessageText => messages::edit_text(world, args),
        Method::EditMessageReplyMarkup => messages::edit_keyboard(world, args),
        Method::DeleteMessage => messages::delete(world, args),
        Method::DeleteMessages => messages::delete_many(world, args),
        Method::AnswerCallbackQuery => answer_callback_query(world, args),
        Method::SendChatAction => send_chat_action(world, args),
        Method::SetMessageReaction => set_message_reaction(world, args),
        Method::SetMyCommands => commands::set(world, args),
        Method::GetMyCommands => commands::get(world, args),
        Method::GetChat => get_chat(world, args),
        Method::SendDocument => media::send_document(world, args),
        Method::SendPhoto => media::send_photo(world, args),
        Method::GetFile => media::get_file(world, args),
    }
}

/// Takes `chat_id`. Names are not known here, as the sandbox has no public chats.
pub(super) fn take_chat(args: &mut Args) -> Result<i64, Refusal> {
    let text = args.text("chat_id")?;
    if text.is_empty() {
        return Err(Refusal::bad("chat_id is empty"));
    }
    text.parse().map_err(|_| Refusal::bad("chat not found"))
}

/// The chat to write in.
pub(super) fn writable(world: &mut World, chat: i64) -> Result<&mut Room, Refusal> {
    let room = world.rooms.get_mut(&chat).ok_or_else(|| Refusal::bad("chat not found"))?;
    match (room.standing, room.chat.kind) {
        (Standing::Member, _) => Ok(room),
        (_, ChatKind::Private) => Err(Refusal::forbidden("bot was blocked by the user")),
        (_, ChatKind::Group) => Err(Refusal::forbidden("bot was kicked from the group chat")),
        (_, ChatKind::Supergroup) => {
            Err(Refusal::forbidden("bot was kicked from the supergroup chat"))
        }
    }
}

fn get_me(world: &World, args: &Args) -> Result<Value, Refusal> {
    args.finish()?;
    let mut me = json!(world.bot);
    world.settings.tell(&mut me);
    for ability in [
        "supports_inline_queries",
        "supports_guest_queries",
        "can_connect_to_business",
        "has_main_web_app",
        "can_manage_bots",
    ] {
        me[ability] = json!(false);
    }
    Ok(me)
}

fn answer_callback_query(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let id = args.number("callback_query_id")?.unwrap_or_default();
    let text = args.text("text")?;
    let show_alert = args.flag("show_alert")?;
    let url = Some(args.text("url")?).filter(|url| !url.is_empty());
    args.number("cache_time")?;
    args.finish()?;
    if text.chars().count() > ANSWER {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    let own = format!("t.me/{}?start=", world.bot.username.as_deref().unwrap_or_default());
    if url.as_ref().is_some_and(|url| !url.contains(&own)) {
        return Err(Refusal::bad("URL_INVALID"));
    }
    let answer = Answer { text, show_alert, url };
    world.queries.answer(id, answer)?;
    world.touch();
    Ok(json!(true))
}

fn send_chat_action(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = take_chat(args)?;
    let action = args.text("action")?;
    let thread = args.number("message_thread_id")?;
    args.finish()?;
    if !ACTIONS.contains(&action.as_str()) {
        return Err(Refusal::bad("wrong parameter action in request"));
    }
    messages::check_topic(writable(world, chat)?, thread)?;
    world.act(chat, action);
    Ok(json!(true))
}

fn set_message_reaction(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
    enum Reaction {
        Emoji { emoji: String },
    }
    let chat = take_chat(args)?;
    let id = args.number("message_id")?.unwrap_or_default();
    let reactions: Vec<Reaction> = args.object("reaction", "reaction types")?.unwrap_or_default();
    args.flag("is_big")?;
    args.finish()?;
    let post = writable(world, chat)?
        .posts
        .get_mut(&id)
        .ok_or_else(|| Refusal::bad("message to react not found"))?;
    if reactions.len() > 1 {
        return Err(Refusal::bad("REACTIONS_TOO_MANY"));
    }
    let reaction = reactions.into_iter().next().map(|Reaction::Emoji { emoji }| emoji);
    if reaction.as_deref().is_some_and(|emoji| !REACTIONS.split(' ').any(|known| known == emoji)) {
        return Err(Refusal::bad("REACTION_INVALID"));
    }
    post.reaction = reaction;
    world.show(chat, id);
    Ok(json!(true))
}

fn get_chat(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = take_chat(args)?;
    args.finish()?;
    let room = world.rooms.get(&chat).ok_or_else(|| Refusal::bad("chat not found"))?;
    let private = room.chat.kind == ChatKind::Private;
    let mut full = json!(room.chat);
    full["accent_color_id"] = json!(0);
    full["max_reaction_count"] = json!(11);
    full["accepted_gift_types"] = json!({
        "unlimited_gifts": private,
        "limited_gifts": private,
        "unique_gifts": private,
        "premium_subscription": private,
        "gifts_from_channels": private,
    });
    Ok(full)
}
