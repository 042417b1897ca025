//! What Telegram refuses, in its words.

use reqwest::{Method, StatusCode, header};
use segue::sandbox::{Missing, Standing};
use serde_json::{Value, json};

use crate::{ADA, Bench, GROUP, button};

const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup \
                            are exactly the same as a current content and reply markup of the message";

/// A message to Ada that would do, with other fields.
fn hi(more: &Value) -> Value {
    let mut body = json!({ "chat_id": 1001, "text": "hi" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn rows(rows: usize, columns: usize) -> Value {
    let row = vec![json!({ "text": "x", "callback_data": "x" }); columns];
    json!({ "inline_keyboard": vec![row; rows] })
}

/// Each body is refused with its reason, and nothing changes.
async fn check<const N: usize>(bench: &Bench, method: &str, table: [(Value, &str); N]) {
    let before = bench.sandbox.client().messages(1001);
    for (body, reason) in table {
        let refusal = bench.refused(method, body.clone()).await;
        assert_eq!(refusal, (400, format!("Bad Request: {reason}")), "{method} {body}");
    }
    assert_eq!(bench.sandbox.client().messages(1001), before, "{method}");
}

#[tokio::test]
async fn messages_that_cannot_be_sent() {
    let bench = Bench::relaxed().await;
    let with = |name: &str, value: Value| hi(&json!({ name: value }));
    let reply = json!({ "message_id": 99 });
    let bold = json!([{ "type": "bold", "offset": 1, "length": 2 }]);
    let no_callback = "can't parse inline keyboard button: Text buttons are unallowed in the inline \
                       keyboard";
    let table = [
        (json!({ "text": "hi" }), "chat_id is empty"),
        (with("chat_id", json!(5)), "chat not found"),
        (with("chat_id", json!("@nobody")), "chat not found"),
        (json!({ "chat_id": 1001 }), "message text is empty"),
        (with("text", json!(" \n")), "text must be non-empty"),
        (with("text", json!("a".repeat(4097))), "message is too long"),
        (with("text", json!("😀".repeat(2049))), "message is too long"),
        (with("reply_parameters", reply), "message to be replied not found"),
        (with("message_thread_id", json!(7)), "message thread not found"),
        (with("reply_markup", button(&"x".repeat(65))), "BUTTON_DATA_INVALID"),
        (with("reply_markup", button("")), no_callback),
        (with("reply_markup", rows(13, 8)), "reply markup is too long"),
        (with("reply_markup", rows(1, 9)), "SANDBOX: more than 8 buttons in a row"),
        (
            with("parse_mode", json!("HTML")),
            "SANDBOX: formatting comes as entities here, not by parse_mode",
        ),
        (with("txt", json!("hi")), "SANDBOX: unknown parameter \"txt\""),
        (with("entities", bold), "SANDBOX: entity Bold at 1+2 passes the end of the text at 2"),
    ];
    check(&bench, "sendMessage", table).await;
}

#[tokio::test]
async fn edits_and_deletions_that_cannot_be_made() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let theirs = client.say(ADA, "hello").unwrap();
    let in_group = client.say((GROUP, 1002), "hello").unwrap();
    let ours = bench.send(hi(&json!({ "reply_markup": button("a") }))).await;
    let edits = [
        (hi(&json!({ "message_id": 99 })), "message to edit not found"),
        (hi(&json!({ "message_id": theirs })), "message can't be edited"),
        (hi(&json!({ "message_id": ours, "text": "a".repeat(4097) })), "MESSAGE_TOO_LONG"),
        (hi(&json!({ "message_id": ours, "reply_markup": button("a") })), NOT_MODIFIED),
    ];
    check(&bench, "editMessageText", edits).await;
    let same = json!({ "chat_id": 1001, "message_id": ours, "reply_markup": button("a") });
    check(&bench, "editMessageReplyMarkup", [(same, NOT_MODIFIED)]).await;
    let deletions = [
        (json!({ "chat_id": 1001 }), "message identifier is not specified"),
        (json!({ "chat_id": 1001, "message_id": 99 }), "message to delete not found"),
        (json!({ "chat_id": GROUP, "message_id": in_group }), "message can't be deleted"),
    ];
    check(&bench, "deleteMessage", deletions).await;
    let ids: Vec<i64> = (1..=101).collect();
    let many = [
        (json!({ "chat_id": 1001 }), "message identifiers are not specified"),
        (json!({ "chat_id": 1001, "message_ids": ids }), "too many message identifiers specified"),
    ];
    check(&bench, "deleteMessages", many).await;
}

#[tokio::test]
async fn other_calls_that_are_refused() {
    let bench = Bench::relaxed().await;
    let said = bench.sandbox.client().say(ADA, "hello").unwrap();
    let answers = [
        (
            json!({ "callback_query_id": "17" }),
            "query is too old and response timeout expired or query ID is invalid",
        ),
        (json!({ "callback_query_id": "17", "text": "a".repeat(201) }), "MESSAGE_TOO_LONG"),
    ];
    check(&bench, "answerCallbackQuery", answers).await;
    let dance = json!({ "chat_id": 1001, "action": "dance" });
    check(&bench, "sendChatAction", [(dance, "wrong parameter action in request")]).await;
    let crab = json!([{ "type": "emoji", "emoji": "🦀" }]);
    let reactions = [
        (json!({ "chat_id": 1001, "message_id": said, "reaction": crab }), "REACTION_INVALID"),
        (json!({ "chat_id": 1001, "message_id": 99 }), "message to react not found"),
    ];
    check(&bench, "setMessageReaction", reactions).await;
    let drafts = [
        (json!({ "chat_id": GROUP, "draft_id": 1, "text": "…" }), "TEXTDRAFT_PEER_INVALID"),
        (json!({ "chat_id": 1001, "text": "…" }), "SANDBOX: \"draft_id\" must be non-zero"),
    ];
    check(&bench, "sendMessageDraft", drafts).await;
    let unknown = json!({ "allowed_updates": ["mesage"] });
    check(&bench, "getUpdates", [(unknown, "SANDBOX: unknown kind of update \"mesage\"")]).await;
}

#[tokio::test]
async fn menus_that_cannot_be_set() {
    let bench = Bench::relaxed().await;
    let menu = |name: &str, about: &str| json!({ "commands": [{ "command": name, "description": about }] });
    let long = json!({ "commands": vec![json!({ "command": "a", "description": "a" }); 101] });
    let nowhere = json!({ "commands": [], "scope": { "type": "chat", "chat_id": 5 } });
    let menus = [
        (menu("New", "x"), "BOT_COMMAND_INVALID"),
        (menu("", "x"), "command must be non-empty"),
        (menu(&"a".repeat(33), "x"), "command length must not exceed 32"),
        (menu("new", " "), "command description must be non-empty"),
        (menu("new", &"x".repeat(257)), "command description length must not exceed 256"),
        (long, "BOT_COMMANDS_TOO_MUCH"),
        (nowhere, "chat not found"),
    ];
    check(&bench, "setMyCommands", menus).await;
}

#[tokio::test]
async fn tokens_methods_and_shapes_of_requests() {
    let bench = Bench::relaxed().await;
    let request = |method, path: &str| bench.http.request(method, bench.url(path));
    let token = &bench.token;
    let form = "chat_id=1001&text=a%20b&entities=%5B%7B%22type%22%3A%22bold%22%2C%22offset%22%3A0%2C%22length%22%3A1%7D%5D";
    let by_query = request(Method::GET, &format!("/bot{token}/SendMessage?{form}"));
    let by_form = request(Method::POST, &format!("/bot{token}/sendmessage"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form);
    for request in [by_query, by_form] {
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
    for post in bench.sandbox.client().messages(1001) {
        assert_eq!((post.text.as_str(), post.entities.len()), ("a b", 1));
    }
    for (path, status, description) in [
        (format!("/bot{token}/flyToTheMoon"), 404, "Not Found: method not found"),
        ("/bot1:wrong/getMe".to_owned(), 401, "Unauthorized"),
        ("/bot/nowhere/at/all".to_owned(), 404, "Not Found"),
    ] {
        let response = request(Method::GET, &path).send().await.unwrap();
        let code = response.status().as_u16();
        let envelope: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        let expected = json!({ "ok": false, "error_code": status, "description": description });
        assert_eq!((code, envelope), (status, expected), "{path}");
    }
}

#[tokio::test]
async fn who_blocked_the_bot_is_out_of_reach() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    for (who, reason) in [
        (ADA, "bot was blocked by the user"),
        ((GROUP, 1002), "bot was kicked from the supergroup chat"),
    ] {
        client.admit(who, Standing::Kicked).unwrap();
        let body = json!({ "chat_id": who.0, "text": "hi" });
        let refusal = bench.refused("sendMessage", body).await;
        assert_eq!(refusal, (403, format!("Forbidden: {reason}")));
        assert_eq!(client.say(who, "hi"), Err(Missing::Blocked));
    }
}
