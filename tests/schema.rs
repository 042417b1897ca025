//! The schema that requests are checked by finds what is wrong with them.

#[path = "support/schema.rs"]
mod schema;

use serde_json::{Value, json};

use schema::check;

fn keyboard() -> Value {
    json!({"inline_keyboard": [[{"text": "Stop", "callback_data": "stop"}]]})
}

#[test]
fn what_fits_passes() {
    let entities = json!([
        {"type": "bold", "offset": 0, "length": 1},
        {"type": "pre", "offset": 1, "length": 1, "language": "rust"},
        {"type": "text_link", "offset": 2, "length": 1, "url": "https://example.org/"},
        {"type": "expandable_blockquote", "offset": 3, "length": 1},
    ]);
    let fitting = [
        ("GetMe", json!({})),
        ("getUpdates", json!({"offset": -1, "timeout": 50, "allowed_updates": ["message"]})),
        ("deleteWebhook", json!({"drop_pending_updates": false})),
        (
            "sendMessage",
            json!({"chat_id": -100, "message_thread_id": 5, "text": "abcd", "entities": entities,
                "link_preview_options": {"is_disabled": true}, "disable_notification": true,
                "reply_parameters": {"message_id": 3, "allow_sending_without_reply": true},
                "reply_markup": keyboard()}),
        ),
        (
            "editMessageText",
            json!({"chat_id": 9, "message_id": 1, "text": "x", "reply_markup": keyboard()}),
        ),
        ("editMessageReplyMarkup", json!({"chat_id": 9, "message_id": 1})),
        ("deleteMessage", json!({"chat_id": 9, "message_id": 1})),
        ("deleteMessages", json!({"chat_id": 9, "message_ids": [1, 2]})),
        ("answerCallbackQuery", json!({"callback_query_id": "7", "text": "Expired"})),
        ("sendChatAction", json!({"chat_id": 9, "action": "typing"})),
        (
            "setMessageReaction",
            json!({"chat_id": 9, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "👀"}]}),
        ),
        ("sendMessageDraft", json!({"chat_id": 9, "draft_id": 1, "text": "x", "can_stop": true})),
        (
            "setMyCommands",
            json!({"commands": [{"command": "new", "description": "New session"}],
                "scope": {"type": "all_private_chats"}}),
        ),
        ("getMyCommands", json!({})),
        ("getChat", json!({"chat_id": 9})),
        ("getWebhookInfo", json!({})),
        ("createForumTopic", json!({"chat_id": 9, "name": "Beans", "icon_color": 7_322_096})),
        ("editForumTopic", json!({"chat_id": 9, "message_thread_id": 3, "name": "Peas"})),
        ("closeForumTopic", json!({"chat_id": 9, "message_thread_id": 3})),
        ("pinChatMessage", json!({"chat_id": 9, "message_id": 1, "disable_notification": true})),
        ("unpinChatMessage", json!({"chat_id": 9})),
        ("setMyName", json!({"name": "segue"})),
        ("setMyShortDescription", json!({"short_description": "Continue"})),
        ("setMySettings", json!({"has_topics_enabled": true, "can_join_groups": false})),
        ("sendVoice", json!({"chat_id": 9, "voice": "file-1", "duration": 3})),
    ];
    for (method, body) in fitting {
        assert_eq!(check(method, &body), Ok(()));
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let wrong = [
        ("sendVoiec", json!({}), "no such method"),
        ("getMe", json!({"verbose": true}), ".verbose"),
        ("getMe", Value::Null, "null"),
        ("createForumTopic", json!({"chat_id": 9}), "missing field `name`"),
        ("setMySettings", json!({"callback_query_mode": "x"}), ".callback_query_mode"),
        ("sendMessage", json!({"chat_id": 9}), "missing field `text`"),
        ("sendMessage", json!({"chat_id": 9, "text": 1}), "expected a string"),
        ("sendMessage", json!({"chat_id": 9, "text": "x", "reply_to": 3}), ".reply_to "),
        ("sendMessage", json!({"chat_id": 9, "text": "x", "entities": null}), ".entities "),
        (
            "sendMessage",
            json!({"chat_id": 9, "text": "x", "entities": [
                {"type": "bold", "offset": 0, "length": 1},
                {"type": "bold", "offset": 0, "length": 1, "lang": "de"}]}),
            ".entities[1].lang ",
        ),
        (
            "sendMessage",
            json!({"chat_id": 9, "text": "x",
                "entities": [{"type": "heading", "offset": 0, "length": 1}]}),
            ".entities[0].type ",
        ),
        (
            "editMessageText",
            json!({"chat_id": 9, "message_id": 1, "text": "x",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "calback_data": "a"}]]}}),
            ".reply_markup.inline_keyboard[0][0].calback_data ",
        ),
        ("editMessageText", json!({"chat_id": 9, "message_id": "1", "text": "x"}), "expected i32"),
        ("sendChatAction", json!({"chat_id": 9, "action": "thinking"}), "unknown variant"),
        ("deleteMessages", json!({"chat_id": 9, "message_id": [1]}), "missing field"),
        ("getUpdates", json!({"allowed_updates": ["mesage"]}), "unknown variant"),
    ];
    for (method, body, part) in wrong {
        let error = check(method, &body).expect_err("a complaint");
        assert!(error.starts_with(method) && error.contains(part), "{error}, not {part}");
    }
}
