//! The methods of the Bot API that answer at once. Each takes its arguments, refuses what is left,
//! checks, and only then acts.

use serde_json::{Value, json};

use super::{
    args::Args,
    commands, media, messages, pins,
    profile::{self, Words},
    query::Answer,
    reactions,
    refusal::Refusal,
    settings, topics,
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
/// A method that the sandbox knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    GetMe,
    GetUpdates,
    DeleteWebhook,
    GetWebhookInfo,
    SetWebhook,
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
    SetMyName,
    GetMyName,
    SetMyDescription,
    GetMyDescription,
    SetMyShortDescription,
    GetMyShortDescription,
    SetMySettings,
    GetChat,
    SendDocument,
    SendPhoto,
    SendVoice,
    GetFile,
    CreateForumTopic,
    EditForumTopic,
    CloseForumTopic,
    ReopenForumTopic,
    DeleteForumTopic,
    PinChatMessage,
    UnpinChatMessage,
    UnpinAllChatMessages,
}

const METHODS: [(Method, &str); 36] = [
    (Method::GetMe, "getMe"),
    (Method::GetUpdates, "getUpdates"),
    (Method::DeleteWebhook, "deleteWebhook"),
    (Method::GetWebhookInfo, "getWebhookInfo"),
    (Method::SetWebhook, "setWebhook"),
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
    (Method::SetMyName, "setMyName"),
    (Method::GetMyName, "getMyName"),
    (Method::SetMyDescription, "setMyDescription"),
    (Method::GetMyDescription, "getMyDescription"),
    (Method::SetMyShortDescription, "setMyShortDescription"),
    (Method::GetMyShortDescription, "getMyShortDescription"),
    (Method::SetMySettings, "setMySettings"),
    (Method::GetChat, "getChat"),
    (Method::SendDocument, "sendDocument"),
    (Method::SendPhoto, "sendPhoto"),
    (Method::SendVoice, "sendVoice"),
    (Method::GetFile, "getFile"),
    (Method::CreateForumTopic, "createForumTopic"),
    (Method::EditForumTopic, "editForumTopic"),
    (Method::CloseForumTopic, "closeForumTopic"),
    (Method::ReopenForumTopic, "reopenForumTopic"),
    (Method::DeleteForumTopic, "deleteForumTopic"),
    (Method::PinChatMessage, "pinChatMessage"),
    (Method::UnpinChatMessage, "unpinChatMessage"),
    (Method::UnpinAllChatMessages, "unpinAllChatMessages"),
];

impl Method {
    /// The method of a name, in whatever case, with Telegram's own spelling.
    pub(super) fn find(name: &str) -> Option<(Self, &'static str)> {
        METHODS.into_iter().find(|(_, known)| known.eq_ignore_ascii_case(name))
    }

    /// Whether it draws on the budget of its chat. Some say that `sendChatAction` does; a bot should
    /// not rely on the others.
    pub(super) fn paced(self) -> bool {
        !matches!(
            self,
            Self::GetMe
                | Self::GetUpdates
                | Self::GetChat
                | Self::GetFile
                | Self::AnswerCallbackQuery
                | Self::SendMessageDraft
        )
    }

    /// The Bot API that has it.
    pub(super) fn since(self) -> BotApi {
        if self == Self::SetMySettings { BotApi::V10_5 } else { BotApi::V10_3 }
    }
}

/// A version of the Bot API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BotApi {
    /// Of 2026-07.
    V10_3,
    /// Of 2026-11: `setMySettings`.
    #[default]
    V10_5,
}

/// Does what the method says. `getUpdates` waits and is not done here.
pub(super) fn run(world: &mut World, method: Method, args: &mut Args) -> Result<Value, Refusal> {
    match method {
        Method::GetMe => profile::get_me(world, args),
        Method::GetUpdates => Err(Refusal::no_method()),
        Method::DeleteWebhook => settings::delete_webhook(world, args),
        Method::GetWebhookInfo => settings::webhook_info(world, args),
        Method::SetWebhook => settings::set_webhook(world, args),
        Method::SendMessage => messages::send(world, args),
        Method::SendMessageDraft => messages::draft(world, args),
        Method::EditMessageText => messages::edit_text(world, args),
        Method::EditMessageReplyMarkup => messages::edit_keyboard(world, args),
        Method::DeleteMessage => messages::delete(world, args),
        Method::DeleteMessages => messages::delete_many(world, args),
        Method::AnswerCallbackQuery => answer_callback_query(world, args),
        Method::SendChatAction => send_chat_action(world, args),
        Method::SetMessageReaction => reactions::set(world, args),
        Method::SetMyCommands => commands::set(world, args),
        Method::GetMyCommands => commands::get(world, args),
        Method::SetMyName => profile::set(world, args, Words::Name),
        Method::GetMyName => profile::get(world, args, Words::Name),
        Method::SetMyDescription => profile::set(world, args, Words::Description),
        Method::GetMyDescription => profile::get(world, args, Words::Description),
        Method::SetMyShortDescription => profile::set(world, args, Words::Short),
        Method::GetMyShortDescription => profile::get(world, args, Words::Short),
        Method::SetMySettings => settings::set(world, args),
        Method::GetChat => get_chat(world, args),
        Method::SendDocument => media::send_document(world, args),
        Method::SendPhoto => media::send_photo(world, args),
        Method::SendVoice => media::send_voice(world, args),
        Method::GetFile => media::get_file(world, args),
        Method::CreateForumTopic => topics::create(world, args),
        Method::EditForumTopic => topics::edit(world, args),
        Method::CloseForumTopic => topics::close(world, args),
        Method::ReopenForumTopic => topics::reopen(world, args),
        Method::DeleteForumTopic => topics::delete(world, args),
        Method::PinChatMessage => pins::pin(world, args),
        Method::UnpinChatMessage => pins::unpin(world, args),
        Method::UnpinAllChatMessages => pins::unpin_all(world, args),
    }
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
    let chat = args.chat()?;
    let action = args.text("action")?;
    let thread = args.number("message_thread_id")?;
    args.finish()?;
    if !ACTIONS.contains(&action.as_str()) {
        return Err(Refusal::bad("wrong parameter action in request"));
    }
    let bot = world.bot.id;
    topics::check_action(world.writable(chat)?, bot, thread)?;
    world.act(chat, thread, action);
    Ok(json!(true))
}

fn get_chat(world: &World, args: &mut Args) -> Result<Value, Refusal> {
    let chat = args.chat()?;
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
    if let Some(reactions) = reactions::available(room) {
        full["available_reactions"] = reactions;
    }
    if let Some(pinned) = room.shown_pin().and_then(|id| room.posts.get(&id)) {
        full["pinned_message"] = json!(world.flat(room, pinned));
    }
    Ok(full)
}
