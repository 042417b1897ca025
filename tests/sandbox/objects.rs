//! What the sandbox sends, held against the types of another client.

use frankenstein::{
    methods::{EditMessageTextParams, SendMessageParams},
    types::{BotCommand, ChatFullInfo, Message, User},
    updates::Update,
};
use segue::sandbox::Standing;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{ADA, Bench, GROUP, button};

/// Parses as a type that others wrote, which must know every field.
pub(crate) fn genuine<T: DeserializeOwned + Serialize>(value: &Value) {
    let typed: T = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&typed).unwrap(), value);
}

#[tokio::test]
async fn what_it_sends_is_the_real_bot_api() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    genuine::<User>(&bench.call("getMe", json!({})).await);
    for chat in [1001, GROUP] {
        genuine::<ChatFullInfo>(&bench.call("getChat", json!({ "chat_id": chat })).await);
    }
    let question = client.say(ADA, "/new@segue_sandbox_bot see https://example.org").unwrap();
    let body = json!({
        "chat_id": 1001,
        "text": "Bold and a link; see /help",
        "entities": [
            { "type": "text_link", "offset": 9, "length": 6, "url": "https://t.me/x?start=s_1" },
            { "type": "bold", "offset": 0, "length": 4 },
        ],
        "disable_notification": true,
        "link_preview_options": { "is_disabled": true },
        "reply_parameters": { "message_id": question },
        "reply_markup": { "inline_keyboard": [[
            { "text": "Yes", "callback_data": "yes", "style": "success" },
            { "text": "Docs", "url": "https://example.org" },
            { "text": "Copy", "copy_text": { "text": "cargo run" } },
        ]] },
    });
    genuine::<SendMessageParams>(&body);
    let message = bench.call("sendMessage", body).await;
    genuine::<Message>(&message);
    assert_eq!(message["reply_to_message"]["message_id"], question);
    let kinds: Vec<_> =
        message["entities"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(kinds, ["bold", "text_link", "bot_command"]);
    let answer = message["message_id"].as_i64().unwrap();

    let edit = json!({ "chat_id": 1001, "message_id": answer, "text": "Better", "reply_markup": button("yes") });
    genuine::<EditMessageTextParams>(&edit);
    let edited = bench.call("editMessageText", edit).await;
    genuine::<Message>(&edited);
    assert!(edited["edit_date"].is_i64() && edited["link_preview_options"].is_null());
    bench
        .call(
            "sendMessageDraft",
            json!({ "chat_id": 1001, "draft_id": 3, "text": "…", "can_stop": true }),
        )
        .await;

    client.edit(ADA, question, "/new again").unwrap();
    client.stop_draft(1001).unwrap();
    client.admit(ADA, Standing::Kicked).unwrap();
    let (pressed, updates) = tokio::join!(client.press(ADA, answer, "yes"), async {
        bench.sandbox.client().admit(ADA, Standing::Member).unwrap();
        let updates = bench.updates().await;
        client.expire();
        updates
    });
    assert_eq!(pressed, Ok(None));
    for update in &updates {
        genuine::<Update>(update);
    }
    let kinds: Vec<_> = updates
        .iter()
        .flat_map(|update| update.as_object().unwrap().keys())
        .filter(|key| *key != "update_id")
        .collect();
    assert_eq!(
        kinds,
        [
            "message",
            "edited_message",
            "stopped_message_generation",
            "my_chat_member",
            "callback_query",
            "my_chat_member"
        ]
    );
    let callback = &updates[4]["callback_query"];
    assert_eq!(callback["data"], "yes");
    assert_eq!(callback["message"]["reply_to_message"]["message_id"], question);
    assert!(callback["message"]["reply_to_message"]["reply_to_message"].is_null());
    let found: Vec<_> =
        updates[0]["message"]["entities"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(found, ["bot_command", "url"]);
}

#[tokio::test]
async fn menus_hold_where_they_are_set() {
    let bench = Bench::relaxed().await;
    let set = |name: &str, scope: Value| {
        let body = json!({ "commands": [{ "command": name, "description": "x" }], "scope": scope });
        bench.call("setMyCommands", body)
    };
    set("everywhere", json!({ "type": "default" })).await;
    set("private", json!({ "type": "all_private_chats" })).await;
    let grace = bench.sandbox.client().add_private(1002).unwrap();
    set("grace", json!({ "type": "chat", "chat_id": grace })).await;
    let commands =
        bench.call("getMyCommands", json!({ "scope": { "type": "all_private_chats" } })).await;
    genuine::<Vec<BotCommand>>(&commands);
    let state = bench.sandbox.client().state();
    let shown: Vec<_> =
        state.chats.iter().map(|chat| (chat.chat.id, chat.commands[0].command.as_str())).collect();
    assert_eq!(shown, [(GROUP, "everywhere"), (1001, "private"), (1002, "grace")]);
}

#[tokio::test]
async fn deletions_and_replies_to_what_is_gone() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let said = client.say(ADA, "one").unwrap();
    let sent = bench
        .send(json!({ "chat_id": 1001, "text": "two", "reply_parameters": { "message_id": said } }))
        .await;
    bench.call("deleteMessages", json!({ "chat_id": 1001, "message_ids": [said, 77] })).await;
    assert_eq!(client.messages(1001).len(), 1);
    let edited = bench
        .call("editMessageText", json!({ "chat_id": 1001, "message_id": sent, "text": "three" }))
        .await;
    assert!(edited["reply_to_message"].is_null());
    let body = json!({
        "chat_id": 1001,
        "text": "four",
        "reply_parameters": { "message_id": said, "allow_sending_without_reply": true },
    });
    assert!(bench.call("sendMessage", body).await["reply_to_message"].is_null());
}
