//! What happens around messages: reactions, actions, pins, who somebody is in a group, what the bot
//! says of itself, and where its updates go.

use std::time::{Duration, Instant};

use frankenstein::{
    methods::PinChatMessageParams,
    types::ChatFullInfo,
    updates::{Update, WebhookInfo},
};
use segue::sandbox::{BotApi, Fault, Guise, Missing, Options, Rights, Sandbox, Settings};
use serde_json::{Value, json};

use crate::{ADA, Bench, GROUP, PATIENCE, objects::genuine};

const OWNER: (i64, i64) = (GROUP, 1001);

fn emoji(emoji: &str) -> Value {
    json!([{ "type": "emoji", "emoji": emoji }])
}

async fn refuses(bench: &Bench, method: &str, body: Value, reason: &str) {
    let refused = bench.refused(method, body.clone()).await;
    assert_eq!(refused, (400, format!("Bad Request: {reason}")), "{method} {body}");
}

#[tokio::test]
async fn a_chat_allows_the_reactions_that_it_allows() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let said = client.say(OWNER, "hello").unwrap();
    let react = |with: &Value| json!({ "chat_id": GROUP, "message_id": said, "reaction": with });
    bench.call("setMessageReaction", react(&emoji("👀"))).await;
    client.allow_reactions(GROUP, Some(vec!["👍".to_owned()])).unwrap();
    let full = bench.call("getChat", json!({ "chat_id": GROUP })).await;
    genuine::<ChatFullInfo>(&full);
    assert_eq!(full["available_reactions"], emoji("👍"));
    refuses(&bench, "setMessageReaction", react(&emoji("👀")), "REACTION_INVALID").await;
    bench.call("setMessageReaction", react(&emoji("👍"))).await;
    client.allow_reactions(GROUP, Some(Vec::new())).unwrap();
    refuses(&bench, "setMessageReaction", react(&emoji("👍")), "REACTION_INVALID").await;
    assert_eq!(client.messages(GROUP)[0].reaction.as_deref(), Some("👍"));
    bench.call("setMessageReaction", react(&json!([]))).await;
    assert_eq!(client.messages(GROUP)[0].reaction, None);
    let two = json!([emoji("👍")[0], emoji("👎")[0]]);
    client.allow_reactions(GROUP, None).unwrap();
    refuses(&bench, "setMessageReaction", react(&two), "REACTIONS_TOO_MANY").await;
}

#[tokio::test]
async fn reactions_of_people_are_told_to_who_asks_for_them() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let ours = bench.send(json!({ "chat_id": ADA.0, "text": "hi" })).await;
    client.react(ADA, ours, Some("🔥")).unwrap();
    assert_eq!(bench.updates().await, Vec::<Value>::new());
    bench.call("getUpdates", json!({ "allowed_updates": ["message", "message_reaction"] })).await;
    client.react(ADA, ours, Some("👍")).unwrap();
    client.react(ADA, ours, None).unwrap();
    let updates = bench.updates().await;
    for update in &updates {
        genuine::<Update>(update);
    }
    let reaction = &updates[0]["message_reaction"];
    assert_eq!(
        (&reaction["old_reaction"], &reaction["new_reaction"]),
        (&emoji("🔥"), &emoji("👍"))
    );
    assert_eq!((&reaction["user"]["id"], &reaction["message_id"]), (&json!(1001), &json!(ours)));
    assert_eq!(updates[1]["message_reaction"]["new_reaction"], json!([]));

    let said = client.say(OWNER, "hello").unwrap();
    client.react(OWNER, said, Some("👍")).unwrap();
    assert_eq!(bench.updates().await.len(), 1, "in a group only an administrator is told");
    client.promote(OWNER, Rights::default()).unwrap();
    client.react(OWNER, said, Some("👎")).unwrap();
    assert!(bench.updates().await.last().unwrap()["message_reaction"].is_object());
    assert!(matches!(client.react(OWNER, said, Some("🦀")), Err(Missing::Text(_))));
}

#[tokio::test]
async fn an_action_is_shown_for_five_seconds_or_until_the_message() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let typing = json!({ "chat_id": ADA.0, "action": "typing" });
    bench.call("sendChatAction", typing.clone()).await;
    assert_eq!(client.doing(ADA.0).unwrap().action, "typing");
    bench.send(json!({ "chat_id": ADA.0, "text": "hi" })).await;
    assert_eq!(client.doing(ADA.0), None);
    let begun = Instant::now();
    bench.call("sendChatAction", typing).await;
    while client.doing(ADA.0).is_some() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(4_990), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn pins_are_kept_shown_and_told_of() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let first = bench.send(json!({ "chat_id": ADA.0, "text": "first" })).await;
    let second = client.say(ADA, "second").unwrap();
    let pin = |chat: i64, id: i64| json!({ "chat_id": chat, "message_id": id });
    genuine::<PinChatMessageParams>(&pin(ADA.0, first));
    bench.call("pinChatMessage", pin(ADA.0, first)).await;
    client.pin(ADA, second).unwrap();
    let full = bench.call("getChat", json!({ "chat_id": ADA.0 })).await;
    genuine::<ChatFullInfo>(&full);
    assert_eq!(full["pinned_message"]["text"], "second", "the newest");
    let updates = bench.updates().await;
    for update in &updates {
        genuine::<Update>(update);
    }
    let pinned = |update: &Value| update["message"]["pinned_message"]["message_id"].clone();
    assert_eq!((pinned(&updates[1]), pinned(&updates[2])), (json!(first), json!(second)));
    assert_eq!(updates[1]["message"]["from"]["is_bot"], true, "its own, too");
    bench.call("unpinChatMessage", json!({ "chat_id": ADA.0 })).await;
    bench.call("deleteMessage", pin(ADA.0, first)).await;
    let full = bench.call("getChat", json!({ "chat_id": ADA.0 })).await;
    assert!(full["pinned_message"].is_null());

    let service = client.messages(ADA.0).last().unwrap().id;
    let said = client.say(OWNER, "hello").unwrap();
    let rights = "not enough rights to manage pinned messages in the chat";
    refuses(&bench, "pinChatMessage", pin(ADA.0, 99), "message to pin not found").await;
    refuses(&bench, "pinChatMessage", pin(ADA.0, service), "service messages can't be pinned")
        .await;
    let none = json!({ "chat_id": ADA.0 });
    refuses(&bench, "unpinChatMessage", none, "message to unpin not found").await;
    refuses(&bench, "pinChatMessage", pin(GROUP, said), rights).await;
    client.promote(OWNER, Rights { pin_messages: true, ..Rights::default() }).unwrap();
    bench.call("pinChatMessage", pin(GROUP, said)).await;
    bench.call("unpinAllChatMessages", json!({ "chat_id": GROUP })).await;
    assert!(matches!(client.unpin(OWNER, said), Err(Missing::Message(_))));
}

#[tokio::test]
async fn an_anonymous_administrator_writes_in_the_name_of_the_group() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    client.set_guise(OWNER, Guise::Group).unwrap();
    client.say(OWNER, "hello").unwrap();
    client.say((GROUP, 1002), "hello").unwrap();
    let updates = bench.updates().await;
    for update in &updates {
        genuine::<Update>(update);
    }
    let message = &updates[0]["message"];
    assert_eq!(message["from"]["username"], "GroupAnonymousBot");
    assert_eq!(message["sender_chat"]["id"], GROUP);
    assert_eq!(updates[1]["message"]["from"]["id"], 1002);
}

#[tokio::test]
async fn rights_are_told_and_let_the_bot_delete() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    let said = client.say(OWNER, "hello").unwrap();
    let rights = Rights { delete_messages: true, ..Rights::default() };
    client.promote(OWNER, rights).unwrap();
    let updates = bench.updates().await;
    genuine::<Update>(&updates[1]);
    let now = &updates[1]["my_chat_member"]["new_chat_member"];
    assert_eq!(
        (&now["status"], &now["can_manage_topics"]),
        (&json!("administrator"), &json!(false))
    );
    bench.call("deleteMessage", json!({ "chat_id": GROUP, "message_id": said })).await;
}

#[tokio::test]
async fn what_the_bot_says_of_itself_is_measured_and_kept() {
    let bench = Bench::relaxed().await;
    for (set, get, argument, longest) in [
        ("setMyName", "getMyName", "name", 64),
        ("setMyDescription", "getMyDescription", "description", 512),
        ("setMyShortDescription", "getMyShortDescription", "short_description", 120),
    ] {
        let long = json!({ argument: "ü".repeat(longest + 1) });
        let reason = format!("SANDBOX: \"{argument}\" has more than {longest} characters");
        refuses(&bench, set, long, &reason).await;
        let fitting = "ü".repeat(longest);
        bench.call(set, json!({ argument: fitting })).await;
        assert_eq!(bench.call(get, json!({})).await[argument], fitting);
    }
    let unknown = json!({ "callback_query_mode": "x" });
    let reason = "SANDBOX: unknown parameter \"callback_query_mode\"";
    refuses(&bench, "setMySettings", unknown, reason).await;
    bench.call("setMySettings", json!({ "can_join_groups": false })).await;
    let settings = bench.sandbox.client().state().settings;
    assert_eq!(settings, Settings { can_join_groups: false, ..Settings::default() });
    let refused = bench.sandbox.client().add_group("Yard", &[1001]);
    assert!(matches!(refused, Err(Missing::Text(_))), "{refused:?}");
}

#[tokio::test]
async fn in_privacy_mode_a_bot_hears_in_groups_what_is_meant_for_it() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    bench.call("setMySettings", json!({ "can_read_all_group_messages": false })).await;
    let ours = bench.send(json!({ "chat_id": GROUP, "text": "hi" })).await;
    client.say(OWNER, "among us").unwrap();
    client.say(OWNER, "/new").unwrap();
    client.say(OWNER, "what do you think, @segue_sandbox_bot?").unwrap();
    client.reply(OWNER, "why?", ours).unwrap();
    client.say(ADA, "here it hears all").unwrap();
    let heard: Vec<_> =
        bench.updates().await.iter().map(|update| update["message"]["text"].clone()).collect();
    let expected = ["/new", "what do you think, @segue_sandbox_bot?", "why?", "here it hears all"];
    assert_eq!(heard, expected);
    client.promote(OWNER, Rights::default()).unwrap();
    bench.updates().await;
    client.say(OWNER, "among us").unwrap();
    assert_eq!(bench.updates().await.len(), 1, "an administrator hears all");
}

#[tokio::test]
async fn an_older_server_has_no_settings() {
    let options = Options { api: BotApi::V10_3, ..Options::default() };
    let token = options.token.clone();
    let sandbox = Sandbox::start(options).await.unwrap();
    let bench = Bench::of(sandbox, token);
    let refused = bench.refused("setMySettings", json!({ "has_topics_enabled": true })).await;
    assert_eq!(refused, (404, "Not Found: method not found".to_owned()));
    bench.call("setMyName", json!({ "name": "segue" })).await;
}

#[tokio::test]
async fn a_webhook_keeps_updates_from_the_poller() {
    let bench = Bench::relaxed().await;
    let client = bench.sandbox.client();
    client.say(ADA, "hello").unwrap();
    let info = bench.call("getWebhookInfo", json!({})).await;
    genuine::<WebhookInfo>(&info);
    assert_eq!((&info["url"], &info["pending_update_count"]), (&json!(""), &json!(1)));
    let plain = json!({ "url": "http://example.org" });
    let reason = "bad webhook: An HTTPS URL must be provided for webhook";
    refuses(&bench, "setWebhook", plain, reason).await;
    client.set_webhook("https://example.org/hook");
    let info = bench.call("getWebhookInfo", json!({})).await;
    genuine::<WebhookInfo>(&info);
    assert_eq!(info["url"], "https://example.org/hook");
    let refused = bench.refused("getUpdates", json!({})).await;
    assert_eq!(refused.0, 409);
    assert!(refused.1.contains("webhook is active"), "{}", refused.1);
    bench.call("deleteWebhook", json!({})).await;
    assert_eq!(bench.updates().await.len(), 1);
}

#[tokio::test]
async fn one_method_is_refused_a_number_of_times_in_words_that_nobody_knows() {
    let bench = Bench::relaxed().await;
    bench.sandbox.client().fault(Fault::refusing("sendMessage", 403, 2));
    let body = json!({ "chat_id": ADA.0, "text": "hi" });
    bench.call("sendChatAction", json!({ "chat_id": ADA.0, "action": "typing" })).await;
    for _ in 0..2 {
        let refused = bench.refused("sendMessage", body.clone()).await;
        assert_eq!(refused, (403, "Forbidden: message to be refused".to_owned()));
    }
    bench.send(body).await;
}
