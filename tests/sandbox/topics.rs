//! Topics of groups and of private chats: their life, their rights, and what is refused in them.

use frankenstein::{
    methods::{CreateForumTopicParams, EditForumTopicParams},
    types::{ForumTopic, Message, User},
    updates::Update,
};
use segue::sandbox::{Forum, Missing, Rights, Saying, Settings, TopicChange};
use serde_json::{Value, json};

use crate::{ADA, Bench, GROUP, objects::genuine};

const OWNER: (i64, i64) = (GROUP, 1001);
const GRACE: (i64, i64) = (GROUP, 1002);
const ALL: Rights = Rights { manage_topics: true, pin_messages: true, delete_messages: true };

/// A group with topics, where the bot may do all.
async fn forum() -> Bench {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    client.set_forum(GROUP, Forum::On).unwrap();
    client.promote(OWNER, ALL).unwrap();
    bench.updates().await;
    bench
}

fn inside(chat: i64, thread: i64, more: &Value) -> Value {
    let mut body = json!({ "chat_id": chat, "message_thread_id": thread });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn refuses(bench: &Bench, method: &str, body: Value, reason: &str) {
    let refused = bench.refused(method, body.clone()).await;
    assert_eq!(refused, (400, format!("Bad Request: {reason}")), "{method} {body}");
}

#[tokio::test]
async fn a_topic_is_made_renamed_closed_opened_and_deleted() {
    let bench = forum().await;
    let client = bench.sandbox.client();
    let body = json!({ "chat_id": GROUP, "name": "Beans  and peas", "icon_color": 9_367_192 });
    genuine::<CreateForumTopicParams>(&body);
    let topic = bench.call("createForumTopic", body).await;
    genuine::<ForumTopic>(&topic);
    assert_eq!(
        (&topic["name"], &topic["icon_color"]),
        (&json!("Beans and peas"), &json!(9_367_192))
    );
    let thread = topic["message_thread_id"].as_i64().unwrap();
    let sent = bench.call("sendMessage", inside(GROUP, thread, &json!({ "text": "Sown" }))).await;
    genuine::<Message>(&sent);
    assert_eq!(sent["is_topic_message"], true);
    assert_eq!(sent["reply_to_message"]["message_id"], thread, "as every message in a topic");
    let rename = inside(GROUP, thread, &json!({ "name": "Beans" }));
    genuine::<EditForumTopicParams>(&rename);
    bench.call("editForumTopic", rename.clone()).await;
    refuses(&bench, "editForumTopic", rename, "TOPIC_NOT_MODIFIED").await;
    bench.call("closeForumTopic", inside(GROUP, thread, &json!({}))).await;
    let again = inside(GROUP, thread, &json!({}));
    refuses(&bench, "closeForumTopic", again.clone(), "TOPIC_NOT_MODIFIED").await;
    bench.call("reopenForumTopic", again.clone()).await;
    let updates = bench.updates().await;
    for update in &updates {
        genuine::<Update>(update);
    }
    let told: Vec<_> = updates.iter().map(|update| update["message"].clone()).collect();
    assert_eq!(told[0]["forum_topic_created"]["name"], "Beans and peas");
    assert_eq!(told[1]["forum_topic_edited"]["name"], "Beans");
    assert!(
        told[2]["forum_topic_closed"].is_object() && told[3]["forum_topic_reopened"].is_object()
    );
    let view = client.state().chats.into_iter().find(|chat| chat.chat.id == GROUP).unwrap();
    assert_eq!((view.topics[0].name.as_str(), view.topics[0].closed), ("Beans", false));
    bench.call("deleteForumTopic", again.clone()).await;
    assert_eq!(client.messages(GROUP), [], "its messages go with it");
    for method in ["deleteForumTopic", "closeForumTopic"] {
        refuses(&bench, method, again.clone(), "TOPIC_ID_INVALID").await;
    }
    let text = inside(GROUP, thread, &json!({ "text": "x" }));
    refuses(&bench, "sendMessage", text, "message thread not found").await;
}

#[tokio::test]
async fn names_and_ids_that_are_refused() {
    let bench = forum().await;
    let thread = bench.sandbox.client().open_topic(OWNER, "Beds").unwrap();
    let make = |name: &str| json!({ "chat_id": GROUP, "name": name });
    let long = "SANDBOX: a topic's name has more than 128 characters";
    for (method, body, reason) in [
        ("createForumTopic", make(""), "name must be non-empty"),
        ("createForumTopic", make(" \n"), "name must be non-empty"),
        ("createForumTopic", make(&"ü".repeat(129)), long),
        (
            "createForumTopic",
            json!({ "chat_id": GROUP, "name": "x", "icon_color": 7 }),
            "SANDBOX: \"icon_color\" is none of the six",
        ),
        ("editForumTopic", inside(GROUP, thread, &json!({})), "SANDBOX: nothing to edit"),
        ("editForumTopic", inside(GROUP, thread, &json!({ "name": "x".repeat(129) })), long),
        ("editForumTopic", inside(GROUP, 999, &json!({ "name": "x" })), "TOPIC_ID_INVALID"),
        ("editForumTopic", inside(GROUP, 1, &json!({ "name": "x" })), "TOPIC_ID_INVALID"),
        (
            "editForumTopic",
            json!({ "chat_id": GROUP, "name": "x" }),
            "invalid forum topic identifier specified",
        ),
        // The General topic is the chat itself.
        ("sendMessage", inside(GROUP, 1, &json!({ "text": "x" })), "message thread not found"),
        (
            "sendChatAction",
            inside(GROUP, 999, &json!({ "action": "typing" })),
            "message thread not found",
        ),
    ] {
        refuses(&bench, method, body, reason).await;
    }
    bench.call("sendChatAction", inside(GROUP, 1, &json!({ "action": "typing" }))).await;
    bench.call("createForumTopic", make(&"ü".repeat(128))).await;
}

#[tokio::test]
async fn without_the_right_only_its_own_topics_are_the_bots() {
    let bench = forum().await;
    let client = bench.sandbox.client();
    let made = bench.call("createForumTopic", json!({ "chat_id": GROUP, "name": "Own" })).await;
    let own = made["message_thread_id"].as_i64().unwrap();
    let theirs = client.open_topic(OWNER, "Theirs").unwrap();
    client.promote(OWNER, Rights { pin_messages: true, ..Rights::default() }).unwrap();
    let create = json!({ "chat_id": GROUP, "name": "x" });
    refuses(&bench, "createForumTopic", create.clone(), "not enough rights to create a topic")
        .await;
    let name = json!({ "name": "Other" });
    for (method, body, what) in [
        ("editForumTopic", name.clone(), "edit the topic"),
        ("closeForumTopic", json!({}), "close or open the topic"),
        ("deleteForumTopic", json!({}), "delete the topic"),
    ] {
        let reason = format!("not enough rights to {what}");
        refuses(&bench, method, inside(GROUP, theirs, &body), &reason).await;
    }
    bench.call("editForumTopic", inside(GROUP, own, &name)).await;
    client.change_topic(OWNER, own, &TopicChange::Close).unwrap();
    client.change_topic(OWNER, theirs, &TopicChange::Close).unwrap();
    let text = json!({ "text": "x" });
    refuses(&bench, "sendMessage", inside(GROUP, theirs, &text), "TOPIC_CLOSED").await;
    bench.call("sendMessage", inside(GROUP, own, &text)).await;
    let saying =
        |thread| Saying { text: "x".to_owned(), thread: Some(thread), ..Saying::default() };
    assert_eq!(
        client.send(GRACE, saying(theirs)),
        Err(Missing::Text("this topic is closed".to_owned()))
    );
    client.send(OWNER, saying(theirs)).unwrap();
    client.set_forum(GROUP, Forum::Off).unwrap();
    refuses(&bench, "createForumTopic", create, "the chat is not a forum").await;
}

#[tokio::test]
async fn a_private_chat_has_topics_where_the_bot_has_them_switched_on() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let create = json!({ "chat_id": ADA.0, "name": "Beans" });
    refuses(&bench, "createForumTopic", create.clone(), "the chat is not a forum").await;
    assert_eq!(bench.call("getMe", json!({})).await["has_topics_enabled"], false);
    bench.call("setMySettings", json!({ "has_topics_enabled": true })).await;
    let me = bench.call("getMe", json!({})).await;
    genuine::<User>(&me);
    assert_eq!((&me["has_topics_enabled"], &me["can_join_groups"]), (&json!(true), &json!(true)));
    let topic = bench.call("createForumTopic", create).await;
    let thread = topic["message_thread_id"].as_i64().unwrap();
    let sent = bench.call("sendMessage", inside(ADA.0, thread, &json!({ "text": "x" }))).await;
    genuine::<Message>(&sent);
    assert!(sent["reply_to_message"].is_null(), "as in groups alone");
    let here = inside(ADA.0, thread, &json!({}));
    let reason = "the chat is not a supergroup forum";
    refuses(&bench, "closeForumTopic", here.clone(), reason).await;
    let refused = client.open_topic(ADA, "Mine");
    assert!(matches!(refused, Err(Missing::Text(_))), "{refused:?}");
    client.set_settings(Settings {
        has_topics_enabled: true,
        allows_users_to_create_topics: true,
        ..Settings::default()
    });
    let mine = client.open_topic(ADA, "Mine").unwrap();
    let saying = Saying { text: "hello".to_owned(), thread: Some(mine), ..Saying::default() };
    client.send(ADA, saying).unwrap();
    let updates = bench.updates().await;
    assert_eq!(updates.last().unwrap()["message"]["message_thread_id"], mine);
    bench.call("deleteForumTopic", here).await;
}
