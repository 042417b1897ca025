//! A call of the outbox as a request to the Bot API.
//!
//! Knows which fields Telegram wants. Text goes with entities and never with a parse mode, so
//! there is nothing to escape; what Telegram answers is read as far as the message id.

use reqwest::Url;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use teloxide::payloads::{
    AnswerCallbackQuery, CloseForumTopic, CreateForumTopic, DeleteForumTopic, DeleteMessage,
    EditForumTopic, EditMessageText, PinChatMessage, ReopenForumTopic, SendChatAction,
    SendDocument, SendMessage, SendPhoto, SendVoice, SetMessageReaction, UnpinChatMessage,
};
use teloxide::requests::Payload;
use teloxide::types::{
    CallbackQueryId, ChatAction, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, InputFile,
    LinkPreviewOptions, MessageEntity, MessageEntityKind, MessageId, ReactionType, ReplyMarkup,
    ReplyParameters, ThreadId,
};

use crate::bridge::place::Place;
use crate::telegram::client::{Client, Lean};
use crate::telegram::outbox::job::{Act, Call, Reaction, SendOptions, Sound};
use crate::telegram::outgoing::{OutgoingFile, SendAs};
use crate::telegram::refusal::Refusal;
use crate::telegram::screen::{Button, Screen};
use crate::telegram::text::{Entity, EntityKind, clean, cut, rules};

/// The General topic of a forum: Telegram refuses its id on sends and takes none for it.
const GENERAL: i32 = 1;

/// Longest notice on a button, in characters.
const NOTICE: usize = 200;

/// Longest name of a topic, in characters.
const TOPIC: usize = 128;

/// What is read of a sent message.
#[derive(Deserialize)]
struct Sent {
    message_id: i32,
}

/// What is read of a new topic.
#[derive(Deserialize)]
struct Topic {
    message_thread_id: i32,
}

/// Makes a call; the id of the message or topic that it is about, 0 where it is about none.
pub(super) async fn make(client: &Client, call: Call) -> Result<i32, Refusal> {
    let Call { place, act } = call;
    let chat = ChatId(place.chat);
    let topic = || {
        let thread = place.thread.filter(|id| *id != GENERAL);
        thread.map(|id| ThreadId(MessageId(id))).ok_or(Refusal::ThreadGone)
    };
    match act {
        Act::Send(screen, how) => {
            let sent: Sent = ask(client, message(place, screen, how)).await?;
            Ok(sent.message_id)
        }
        Act::File(file, how) => send_file(client, place, (file, how)).await,
        Act::CreateTopic(name) => {
            let topic: Topic = ask(client, CreateForumTopic::new(chat, topic_name(&name))).await?;
            Ok(topic.message_thread_id)
        }
        Act::Edit(id, screen) => done(client, edit(place, id, screen)).await.map(|()| id),
        Act::Delete(id) => done(client, DeleteMessage::new(chat, MessageId(id))).await.map(|()| id),
        Act::Pin(id) => done(client, pin(chat, id)).await.map(|()| id),
        Act::Unpin(id) => done(client, unpin(chat, id)).await.map(|()| id),
        Act::RenameTopic(name) => {
            let mut edit = EditForumTopic::new(chat, topic()?);
            edit.name = Some(topic_name(&name));
            done(client, edit).await.map(|()| 0)
        }
        Act::CloseTopic => done(client, CloseForumTopic::new(chat, topic()?)).await.map(|()| 0),
        Act::ReopenTopic => done(client, ReopenForumTopic::new(chat, topic()?)).await.map(|()| 0),
        Act::DeleteTopic => done(client, DeleteForumTopic::new(chat, topic()?)).await.map(|()| 0),
        Act::React(id, reaction) => done(client, react(chat, id, reaction)).await.map(|()| id),
        Act::Type => {
            let mut typing = SendChatAction::new(chat, ChatAction::Typing);
            typing.message_thread_id = thread(place);
            done(client, typing).await.map(|()| 0)
        }
        Act::Probe => client.get_me().await.map(|_| 0),
    }
}

/// Makes a call and reads of its answer what is wanted.
async fn ask<P, O>(client: &Client, payload: P) -> Result<O, Refusal>
where
    P: Payload + Serialize + 'static,
    O: DeserializeOwned + 'static,
{
    client.call(Lean::new(payload)).await
}

/// Makes a call that only succeeds or fails.
async fn done<P: Payload + Serialize + 'static>(
    client: &Client,
    payload: P,
) -> Result<(), Refusal> {
    let IgnoredAny = ask(client, payload).await?;
    Ok(())
}

/// Answers the press of a button, so that it stops glowing.
pub(super) async fn answer(
    client: &Client,
    id: String,
    notice: Option<String>,
) -> Result<(), Refusal> {
    let mut answer = AnswerCallbackQuery::new(CallbackQueryId(id));
    answer.text = notice.map(|notice| cut(&notice, NOTICE).to_owned());
    done(client, answer).await
}

fn message(place: Place, screen: Screen, how: SendOptions) -> SendMessage {
    let mut message = SendMessage::new(ChatId(place.chat), screen.text.text);
    message.message_thread_id = thread(place);
    message.entities = some(entities(screen.text.entities));
    message.link_preview_options = Some(no_preview());
    message.disable_notification = (how.sound == Sound::Silent).then_some(true);
    message.reply_parameters = reply_to(how);
    message.reply_markup = keyboard(screen.keyboard).map(ReplyMarkup::InlineKeyboard);
    message
}

async fn send_file(
    client: &Client,
    place: Place,
    (file, how): (OutgoingFile, SendOptions),
) -> Result<i32, Refusal> {
    let body = InputFile::read(file.content.reader()).file_name(clean(&file.name).into_owned());
    let text = file.caption.text;
    let caption = (!text.text.is_empty()).then_some(text.text);
    let entities = some(entities(text.entities));
    let silent = (how.sound == Sound::Silent).then_some(true);
    let (chat, thread, reply) = (ChatId(place.chat), thread(place), reply_to(how));
    let markup = keyboard(file.caption.keyboard).map(ReplyMarkup::InlineKeyboard);
    let sent = match file.send_as {
        SendAs::Photo => {
            let mut photo = SendPhoto::new(chat, body);
            (photo.message_thread_id, photo.disable_notification) = (thread, silent);
            (photo.caption, photo.caption_entities) = (caption, entities);
            (photo.reply_parameters, photo.reply_markup) = (reply, markup);
            client.upload(Lean::new(photo)).await
        }
        SendAs::Document => {
            let mut document = SendDocument::new(chat, body);
            (document.message_thread_id, document.disable_notification) = (thread, silent);
            (document.caption, document.caption_entities) = (caption, entities);
            (document.reply_parameters, document.reply_markup) = (reply, markup);
            client.upload(Lean::new(document)).await
        }
        SendAs::Voice => {
            let mut voice = SendVoice::new(chat, body);
            (voice.message_thread_id, voice.disable_notification) = (thread, silent);
            (voice.caption, voice.caption_entities) = (caption, entities);
            (voice.reply_parameters, voice.reply_markup) = (reply, markup);
            client.upload(Lean::new(voice)).await
        }
    };
    match sent {
        Ok(Sent { message_id }) => Ok(message_id),
        // It breaks the connection, which looks like trouble with the network.
        Err(_) if file.content.is_unreadable() => {
            Err(Refusal::BadRequest("the file cannot be read any more".to_owned()))
        }
        Err(refusal) => Err(refusal),
    }
}

/// A name that Telegram takes: of one line, and not empty.
fn topic_name(name: &str) -> String {
    let words: Vec<_> = name.split_whitespace().collect();
    let line = clean(&words.join(" ")).into_owned();
    let name = cut(&line, TOPIC).trim_end();
    if rules::shows_nothing(name) { "…".to_owned() } else { name.to_owned() }
}

fn pin(chat: ChatId, id: i32) -> PinChatMessage {
    let mut pin = PinChatMessage::new(chat, MessageId(id));
    pin.disable_notification = Some(true);
    pin
}

fn unpin(chat: ChatId, id: i32) -> UnpinChatMessage {
    let mut unpin = UnpinChatMessage::new(chat);
    unpin.message_id = Some(MessageId(id));
    unpin
}

/// An empty list takes the bot's reaction away.
fn react(chat: ChatId, id: i32, reaction: Option<Reaction>) -> SetMessageReaction {
    let mut react = SetMessageReaction::new(chat, MessageId(id));
    let emoji = |reaction: Reaction| ReactionType::Emoji { emoji: reaction.emoji().to_owned() };
    react.reaction = Some(reaction.map(emoji).into_iter().collect());
    react
}

fn reply_to(how: SendOptions) -> Option<ReplyParameters> {
    how.reply_to.map(|id| ReplyParameters::new(MessageId(id)).allow_sending_without_reply())
}

/// Telegram knows by the message in which topic it is; no keyboard takes the old one away.
fn edit(place: Place, id: i32, screen: Screen) -> EditMessageText {
    let mut edit = EditMessageText::new(ChatId(place.chat), MessageId(id), screen.text.text);
    edit.entities = some(entities(screen.text.entities));
    edit.link_preview_options = Some(no_preview());
    edit.reply_markup = keyboard(screen.keyboard);
    edit
}

fn thread(place: Place) -> Option<ThreadId> {
    place.thread.filter(|id| *id != GENERAL).map(|id| ThreadId(MessageId(id)))
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

fn keyboard(rows: Vec<Vec<Button>>) -> Option<InlineKeyboardMarkup> {
    let button = |button: Button| InlineKeyboardButton::callback(button.label, button.data);
    let rows = rows.into_iter().map(|row| row.into_iter().map(button).collect());
    some(rows.collect()).map(|inline_keyboard| InlineKeyboardMarkup { inline_keyboard })
}

fn entities(entities: Vec<Entity>) -> Vec<MessageEntity> {
    entities.into_iter().filter_map(entity).collect()
}

/// Nothing for a link that is no URL: its text stays.
fn entity(entity: Entity) -> Option<MessageEntity> {
    let kind = match entity.kind {
        EntityKind::Bold => MessageEntityKind::Bold,
        EntityKind::Italic => MessageEntityKind::Italic,
        EntityKind::Underline => MessageEntityKind::Underline,
        EntityKind::Strike => MessageEntityKind::Strikethrough,
        EntityKind::Code => MessageEntityKind::Code,
        EntityKind::Pre(language) => MessageEntityKind::Pre { language },
        EntityKind::Link(url) => MessageEntityKind::TextLink { url: Url::parse(&url).ok()? },
        EntityKind::Quote => MessageEntityKind::Blockquote,
        EntityKind::Fold => MessageEntityKind::ExpandableBlockquote,
    };
    Some(MessageEntity::new(kind, entity.offset, entity.length))
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::telegram::text::Text;

    fn screen() -> Screen {
        let entity = |kind, offset| Entity { kind, offset, length: 1 };
        let entities = vec![
            entity(EntityKind::Pre(None), 0),
            entity(EntityKind::Pre(Some("rust".into())), 1),
            entity(EntityKind::Link("https://t.me/b?start=s_1".into()), 2),
            entity(EntityKind::Link("no url".into()), 3),
            entity(EntityKind::Fold, 4),
        ];
        let button = Button { label: "Stop".into(), data: "stop".into() };
        Screen { text: Text { text: "abcde".into(), entities }, keyboard: vec![vec![button]] }
    }

    fn seen() -> Value {
        json!([
            {"type": "pre", "offset": 0, "length": 1},
            {"type": "pre", "language": "rust", "offset": 1, "length": 1},
            {"type": "text_link", "url": "https://t.me/b?start=s_1", "offset": 2, "length": 1},
            {"type": "expandable_blockquote", "offset": 4, "length": 1},
        ])
    }

    fn sent(place: Place, how: SendOptions) -> Value {
        serde_json::to_value(message(place, screen(), how)).expect("JSON")
    }

    #[test]
    fn a_message_has_the_fields_of_its_place_and_manner() {
        let topic = Place { chat: -100, thread: Some(5) };
        let how = SendOptions { reply_to: Some(3), sound: Sound::Silent };
        let keyboard = json!({"inline_keyboard": [[{"text": "Stop", "callback_data": "stop"}]]});
        assert_eq!(
            sent(topic, how),
            json!({
                "chat_id": -100, "message_thread_id": 5, "text": "abcde", "entities": seen(),
                "link_preview_options": {"is_disabled": true}, "disable_notification": true,
                "reply_parameters": {"message_id": 3, "allow_sending_without_reply": true},
                "reply_markup": keyboard,
            })
        );
        let general = sent(Place { chat: -100, thread: Some(GENERAL) }, SendOptions::default());
        for absent in ["message_thread_id", "disable_notification", "reply_parameters"] {
            assert_eq!(general.get(absent), None, "{absent}");
        }
    }

    #[test]
    fn a_topic_has_a_name_that_telegram_takes() {
        for (given, expected) in [("Sow\nthe  beans", "Sow the beans"), ("\u{200b} ", "…")] {
            assert_eq!(topic_name(given), expected);
        }
        assert_eq!(topic_name(&"ä".repeat(500)).chars().count(), TOPIC);
    }

    #[test]
    fn an_edit_has_no_topic_and_no_empty_lists() {
        let topic = Place { chat: -100, thread: Some(5) };
        let bare = Screen { text: Text { text: "x".into(), ..Text::default() }, ..screen() };
        let bare = Screen { keyboard: Vec::new(), ..bare };
        let body = serde_json::to_value(edit(topic, 9, bare)).expect("JSON");
        let preview = json!({"is_disabled": true});
        assert_eq!(
            body,
            json!({"chat_id": -100, "message_id": 9, "text": "x", "link_preview_options": preview})
        );
    }
}
