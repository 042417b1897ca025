//! One raw update of the Bot API into what segue knows of it.
//!
//! Knows the JSON of [`Update`](https://core.telegram.org/bots/api#update) and reads it field by
//! field: what is unknown, missing or mistyped costs that field and nothing else, so a kind of
//! entity invented tomorrow cannot eat the text of a message. It never fails, and never decides
//! who may talk to us.

use serde_json::{Map, Value};

use crate::bridge::place::Place;
use crate::telegram::attached;
use crate::telegram::text::{Entity, EntityKind, Text, clean};
use crate::telegram::update::{
    CallbackQuery, ChatKind, Extra, Message, Replied, Update, User, What,
};

/// What carries a file or something else that is not text, as Telegram names the field. An
/// animation comes with a `document` twin, so it stands before it.
const MEDIA: [&str; 21] = [
    "animation",
    "audio",
    "checklist",
    "contact",
    "dice",
    "document",
    "game",
    "giveaway",
    "giveaway_winners",
    "invoice",
    "live_photo",
    "location",
    "paid_media",
    "photo",
    "poll",
    "sticker",
    "story",
    "venue",
    "video",
    "video_note",
    "voice",
];

/// Reads one update. `me` is the id of the bot that received it.
pub fn decode(raw: &Value, me: u64) -> Update {
    let id = raw.get("update_id").and_then(Value::as_i64).unwrap_or(0);
    Update { id, what: what(raw, me) }
}

fn what(raw: &Value, me: u64) -> What {
    let read = if let Some((from, to)) = raw.get("message").and_then(moved) {
        Ok(What::Moved(from, to))
    } else if let Some(body) = raw.get("message") {
        message(body, me).map(What::Message)
    } else if let Some(body) = raw.get("edited_message") {
        message(body, me).map(What::Edited)
    } else if let Some(body) = raw.get("callback_query") {
        press(body, me).map(What::CallbackQuery)
    } else {
        return other(raw);
    };
    read.unwrap_or_else(|missing| What::Undecodable(format!("no {missing}")))
}

fn other(raw: &Value) -> What {
    let mut names = raw.as_object().into_iter().flat_map(Map::keys);
    match names.find(|name| *name != "update_id") {
        Some(kind) => What::Other(kind.clone()),
        None => What::Undecodable("nothing in it".to_owned()),
    }
}

/// Both the old chat and the new one are told of a move.
fn moved(message: &Value) -> Option<(i64, i64)> {
    let here = message.pointer("/chat/id").and_then(Value::as_i64)?;
    let there = |name| message.get(name).and_then(Value::as_i64);
    match (there("migrate_from_chat_id"), there("migrate_to_chat_id")) {
        (Some(from), _) => Some((from, here)),
        (_, to) => Some((here, to?)),
    }
}

/// The error is the name of the field that nothing can be done without.
fn message(raw: &Value, me: u64) -> Result<Message, &'static str> {
    let place = place(raw).ok_or("chat.id")?;
    let id = id(raw).ok_or("message_id")?;
    let (words, marks) = text(raw);
    let entities = known_entities(marks, &words);
    let from = sender(raw);
    // What a person has copied from a message of ours is what they have seen there.
    let shown = Text { text: words, entities };
    let Text { text, entities } = if from.id == me { shown } else { shown.without_joiners() };
    let quote = raw.pointer("/quote/text").and_then(Value::as_str);
    Ok(Message {
        place,
        id,
        from,
        chat: chat_kind(raw, place.chat),
        date: raw.get("date").and_then(Value::as_i64).unwrap_or(0),
        entities,
        text,
        reply: replied(raw, place, me).map(Box::new),
        media: MEDIA.into_iter().find(|kind| raw.get(kind).is_some()).map(str::to_owned),
        forwarded: raw.get("forward_origin").is_some() || raw.get("forward_date").is_some(),
        quote: quote.map(|quote| clean(quote).into_owned()),
        extra: extra(raw),
    })
}

fn press(raw: &Value, me: u64) -> Result<CallbackQuery, &'static str> {
    let message = raw.get("message").and_then(|carrier| message(carrier, me).ok());
    Ok(CallbackQuery {
        id: string(raw, "id").ok_or("id")?,
        from: raw.get("from").map(user).filter(|user| user.id != 0).ok_or("from.id")?,
        place: message.as_ref().map(|message| message.place),
        message,
        data: string(raw, "data").unwrap_or_default(),
    })
}

/// A thread id alone is no topic: in a plain supergroup it numbers a chain of replies.
fn place(message: &Value) -> Option<Place> {
    let chat = message.pointer("/chat/id").and_then(Value::as_i64)?;
    let topic = message.get("is_topic_message") == Some(&Value::Bool(true));
    Some(Place { chat, thread: topic.then(|| int32(message, "message_thread_id")).flatten() })
}

/// In a topic, a message that answers nothing carries the one that created the topic.
fn replied(message: &Value, place: Place, me: u64) -> Option<Replied> {
    let raw = message.get("reply_to_message")?;
    let id = id(raw)?;
    let opens_topic = raw.get("forum_topic_created").is_some() || place.thread == Some(id);
    if place.thread.is_some() && opens_topic {
        return None;
    }
    let from = sender(raw);
    let (text, entities) = text(raw);
    let links = entities.iter().filter(|entity| entity.get("type") == Some(&"text_link".into()));
    Some(Replied {
        id,
        from_me: from.id == me,
        from_bot: from.bot,
        text,
        links: links.filter_map(|entity| string(entity, "url")).collect(),
        extra: extra(raw),
    })
}

fn extra(message: &Value) -> Extra {
    Extra {
        file: attached::read(message),
        album: string(message, "media_group_id"),
        words: attached::in_words(message),
        origin: message.get("forward_origin").map(origin),
        edited: message.get("edit_date").and_then(Value::as_u64).and_then(|at| at.try_into().ok()),
    }
}

/// Who wrote a forwarded message first. <https://core.telegram.org/bots/api#messageorigin>
fn origin(origin: &Value) -> String {
    let person = origin.get("sender_user").map(|from| user(from).name);
    let chat = ["sender_chat", "chat"].into_iter().find_map(|name| origin.get(name));
    person
        .or_else(|| string(origin, "sender_user_name"))
        .or_else(|| chat.and_then(|chat| string(chat, "title")))
        .unwrap_or_default()
}

fn sender(message: &Value) -> User {
    if let Some(from) = message.get("from") {
        return user(from);
    }
    let speaker = message.get("sender_chat").or_else(|| message.get("chat"));
    let name = speaker.and_then(|chat| string(chat, "title")).unwrap_or_default();
    User { id: 0, name, bot: false }
}

fn user(raw: &Value) -> User {
    let names = ["first_name", "last_name"].into_iter().filter_map(|name| string(raw, name));
    let name = names.collect::<Vec<_>>().join(" ");
    User {
        id: raw.get("id").and_then(Value::as_u64).unwrap_or(0),
        name: if name.is_empty() { string(raw, "username").unwrap_or_default() } else { name },
        bot: raw.get("is_bot") == Some(&Value::Bool(true)),
    }
}

fn chat_kind(message: &Value, chat: i64) -> ChatKind {
    match message.pointer("/chat/type").and_then(Value::as_str) {
        Some("private") => ChatKind::Private,
        Some("channel") => ChatKind::Channel,
        Some("group" | "supergroup") => ChatKind::Group,
        _ if chat > 0 => ChatKind::Private,
        _ => ChatKind::Group,
    }
}

/// Text or caption, with the raw entities of the same.
fn text(message: &Value) -> (String, &[Value]) {
    let entities =
        |name| message.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match string(message, "text") {
        Some(text) => (text, entities("entities")),
        None => (string(message, "caption").unwrap_or_default(), entities("caption_entities")),
    }
}

fn known_entities(raw: &[Value], text: &str) -> Vec<Entity> {
    let units = text.encode_utf16().count();
    raw.iter()
        .filter_map(entity)
        .filter(|entity| entity.length > 0)
        .filter(|entity| entity.offset.checked_add(entity.length).is_some_and(|end| end <= units))
        .collect()
}

fn entity(raw: &Value) -> Option<Entity> {
    let units = |name| raw.get(name).and_then(Value::as_u64).map(|n| n as usize);
    let kind = match raw.get("type").and_then(Value::as_str)? {
        "bold" => EntityKind::Bold,
        "italic" => EntityKind::Italic,
        "underline" => EntityKind::Underline,
        "strikethrough" => EntityKind::Strike,
        "code" => EntityKind::Code,
        "pre" => EntityKind::Pre(string(raw, "language")),
        "text_link" => EntityKind::Link(string(raw, "url")?),
        "blockquote" => EntityKind::Quote,
        "expandable_blockquote" => EntityKind::Fold,
        _ => return None,
    };
    Some(Entity { kind, offset: units("offset")?, length: units("length")? })
}

fn id(message: &Value) -> Option<i32> {
    int32(message, "message_id")
}

fn int32(raw: &Value, name: &str) -> Option<i32> {
    raw.get(name).and_then(Value::as_i64).and_then(|n| i32::try_from(n).ok())
}

fn string(raw: &Value, name: &str) -> Option<String> {
    raw.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use crate::bridge::attachment::{Attached, Kind};
    use crate::telegram::update::Extra;
    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
    use proptest::sample::Index;
    use serde_json::{Value, json};

    use super::decode;
    use crate::bridge::place::Place;
    use crate::telegram::text::{Entity, EntityKind};
    use crate::telegram::update::{ChatKind, Message, Replied, User, What};

    const ME: u64 = 42;
    const TEXT: &str = "fix the 🦀 in main.rs";

    /// A message in a topic that uses every field we read.
    fn rich() -> Value {
        json!({"update_id": 7, "message": {
            "message_id": 10, "date": 1_700_000_000, "message_thread_id": 5,
            "is_topic_message": true,
            "chat": {"id": -100, "type": "supergroup", "title": "Work", "is_forum": true},
            "from": {"id": 9, "is_bot": false, "first_name": "Ada", "last_name": "L"},
            "text": TEXT,
            "entities": [
                {"type": "bold", "offset": 0, "length": 3},
                {"type": "date_time", "offset": 4, "length": 3, "unix_time": 1},
                {"type": "pre", "offset": 11, "length": 2, "language": "rust"},
                {"type": "code", "offset": 18, "length": 900},
                {"type": "text_link", "offset": 14, "length": 4, "url": "https://a.b/"},
            ],
            "quote": {"text": "the part", "position": 3},
            "forward_origin": {"type": "hidden_user", "date": 1},
            "photo": [{"file_id": "x"}],
            "reply_to_message": {
                "message_id": 8, "date": 1, "chat": {"id": -100, "type": "supergroup"},
                "from": {"id": ME, "is_bot": true, "first_name": "segue"},
                "text": "· answer",
                "entities": [
                    {"type": "text_link", "offset": 0, "length": 1, "url": "https://t.me/b?start=s_1"},
                    {"type": "url", "offset": 2, "length": 6},
                ],
            },
        }})
    }

    fn read(raw: &Value) -> Message {
        match decode(raw, ME).what {
            What::Message(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_copied_from_us_is_what_was_seen() {
        let raw = |from: u64| {
            json!({"update_id": 1, "message": {
                "message_id": 1, "chat": {"id": 1, "type": "private"}, "from": {"id": from},
                "text": "see /\u{2060}tmp now",
                "entities": [{"type": "bold", "offset": 4, "length": 5},
                             {"type": "code", "offset": 10, "length": 3}],
                "quote": {"text": "/\u{2060}tmp"},
            }})
        };
        let read = |from| match decode(&raw(from), ME).what {
            What::Message(message) => message,
            other => panic!("{other:?}"),
        };
        let places = |message: &Message| {
            let of = |entity: &Entity| (entity.offset, entity.length);
            message.entities.iter().map(of).collect::<Vec<_>>()
        };
        let theirs = read(5);
        assert_eq!((theirs.text.as_str(), theirs.quote.as_deref()), ("see /tmp now", Some("/tmp")));
        assert_eq!(places(&theirs), [(4, 4), (9, 3)]);
        let ours = read(ME);
        assert_eq!(ours.text, "see /\u{2060}tmp now", "it is sent again as it is");
        assert_eq!(places(&ours), [(4, 5), (10, 3)]);
    }

    #[test]
    fn every_field_arrives() {
        let entity = |kind, offset, length| Entity { kind, offset, length };
        assert_eq!(decode(&rich(), ME).id, 7);
        assert_eq!(
            read(&rich()),
            Message {
                place: Place { chat: -100, thread: Some(5) },
                id: 10,
                from: User { id: 9, name: "Ada L".into(), bot: false },
                chat: ChatKind::Group,
                date: 1_700_000_000,
                text: TEXT.into(),
                entities: vec![
                    entity(EntityKind::Bold, 0, 3),
                    entity(EntityKind::Pre(Some("rust".into())), 11, 2),
                    entity(EntityKind::Link("https://a.b/".into()), 14, 4),
                ],
                reply: Some(Box::new(Replied {
                    id: 8,
                    from_me: true,
                    from_bot: true,
                    text: "· answer".into(),
                    links: vec!["https://t.me/b?start=s_1".into()],
                    extra: Extra::default(),
                })),
                media: Some("photo".into()),
                forwarded: true,
                quote: Some("the part".into()),
                extra: Extra {
                    file: Some(Attached {
                        kind: Kind::Photo,
                        id: "x".into(),
                        name: None,
                        size: None,
                    }),
                    origin: Some(String::new()),
                    ..Extra::default()
                },
            }
        );
    }

    #[test]
    fn a_thread_without_topic_is_the_chat_itself() {
        let mut raw = rich();
        raw["message"]["is_topic_message"] = Value::Null;
        assert_eq!(read(&raw).place, Place { chat: -100, thread: None });
    }

    #[test]
    fn the_creation_of_a_topic_is_no_reply() {
        let mut raw = rich();
        raw["message"]["reply_to_message"]["message_id"] = json!(5);
        assert_eq!(read(&raw).reply, None);
        raw["message"]["reply_to_message"] = json!({"message_id": 6, "forum_topic_created": {}});
        assert_eq!(read(&raw).reply, None);
    }

    #[test]
    fn a_caption_is_the_text_of_its_photo() {
        let raw = json!({"update_id": 1, "message": {
            "message_id": 1, "chat": {"id": 9, "type": "private"}, "photo": [], "caption": "see",
            "caption_entities": [{"type": "italic", "offset": 0, "length": 3}]}});
        let message = read(&raw);
        assert_eq!((message.text.as_str(), message.chat), ("see", ChatKind::Private));
        assert_eq!(message.entities.len(), 1);
        assert_eq!(message.from.id, 0);
    }

    #[test]
    fn a_press_carries_its_message_and_what_that_answered() {
        let mut carrier = rich()["message"].take();
        carrier["from"] = json!({"id": ME, "is_bot": true, "first_name": "segue"});
        let raw = json!({"update_id": 3, "callback_query": {"id": "77", "data": "stop",
            "from": {"id": 9, "first_name": "Ada"}, "message": carrier, "chat_instance": "1"}});
        let What::CallbackQuery(press) = decode(&raw, ME).what else { panic!("no press") };
        assert_eq!((press.id.as_str(), press.data.as_str(), press.from.id), ("77", "stop", 9));
        assert_eq!(press.place, Some(Place { chat: -100, thread: Some(5) }));
        let message = press.message.expect("its message");
        assert_eq!((message.from.id, message.reply.expect("its reply").id), (ME, 8));
    }

    #[test]
    fn what_is_not_read_says_what_it_is() {
        let checks = [
            (json!({"update_id": 1, "my_chat_member": {}}), What::Other("my_chat_member".into())),
            (json!({"update_id": 1}), What::Undecodable("nothing in it".into())),
            (
                json!({"message": {"chat": {"id": -100}, "message_id": 1, "migrate_from_chat_id": -5}}),
                What::Moved(-5, -100),
            ),
            (
                json!({"message": {"chat": {"id": -5}, "message_id": 9, "migrate_to_chat_id": -100}}),
                What::Moved(-5, -100),
            ),
            (json!([1]), What::Undecodable("nothing in it".into())),
            (
                json!({"update_id": 1, "message": {"text": "secret"}}),
                What::Undecodable("no chat.id".into()),
            ),
            (
                json!({"update_id": 1, "edited_message": {"chat": {"id": 1}}}),
                What::Undecodable("no message_id".into()),
            ),
            (
                json!({"update_id": 1, "callback_query": {"id": "1", "data": "stop"}}),
                What::Undecodable("no from.id".into()),
            ),
        ];
        for (raw, what) in checks {
            assert_eq!(decode(&raw, ME).what, what, "{raw}");
        }
    }

    /// Every place in a value, as JSON pointers.
    fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
        into.push(at.to_owned());
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, v)| pointers(v, &format!("{at}/{name}"), into));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, v)| pointers(v, &format!("{at}/{i}"), into));
            }
            _ => {}
        }
    }

    fn junk() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!({})),
            Just(json!([])),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            any::<i32>().prop_map(|n| json!({"message_id": n, "chat": {"id": n}, "from": [n]})),
            any::<u64>().prop_map(|n| json!([{"type": "bold", "offset": n, "length": n}])),
        ]
    }

    proptest! {
        #[test]
        fn mutations_never_panic_and_never_take_the_text(
            changes in vec((any::<Index>(), junk()), 1..6)
        ) {
            let vital = |at: &str| {
                ["", "/message", "/message/chat", "/message/chat/id", "/message/message_id",
                 "/message/text"].contains(&at)
            };
            let (mut gentle, mut wild) = (rich(), rich());
            for (index, junk) in changes {
                for (raw, spare) in [(&mut gentle, true), (&mut wild, false)] {
                    let mut places = Vec::new();
                    pointers(raw, "", &mut places);
                    let at = index.get(&places);
                    if !(spare && vital(at)) {
                        *raw.pointer_mut(at).expect("a place of the value") = junk.clone();
                    }
                }
            }
            assert_eq!(read(&gentle).text, TEXT);
            decode(&wild, ME);
        }
    }
}
