//! Calls of the Bot API that only the terminal makes: to set a bot up, and to look for faults.
//! The running bot polls elsewhere.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::Value;
use teloxide::requests::Payload;

use crate::{
    cli::output::code,
    screens::words,
    telegram::{
        client::Client,
        decode::decode,
        refusal::Refusal,
        update::{ChatKind, Message, What},
    },
};

/// Longest name of a person that is shown, characters.
pub(super) const NAME: usize = 60;

/// One short `getUpdates`. <https://core.telegram.org/bots/api#getupdates>
#[derive(Clone, Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    /// Seconds; the client's own limit is 30.
    timeout: u32,
}

impl Payload for GetUpdates {
    type Output = Vec<Value>;

    const NAME: &'static str = "GetUpdates";
}

/// Updates from `offset` on, which confirms all before it; without one nothing is confirmed. The
/// kinds that Telegram sends stay what they were.
pub(super) async fn updates(
    client: &Client,
    offset: Option<i64>,
    seconds: u32,
) -> Result<Vec<Value>, Refusal> {
    client.call(GetUpdates { offset, timeout: seconds }).await
}

/// The number of an update.
pub(super) fn number(update: &Value) -> i64 {
    update.get("update_id").and_then(Value::as_i64).unwrap_or_default()
}

/// The message that a person wrote to the bot in private, when the update is one.
pub(super) fn private_message(update: &Value, me: u64) -> Option<Message> {
    match decode(update, me).what {
        What::Message(message) if message.chat == ChatKind::Private && !message.from.bot => {
            Some(message)
        }
        _ => None,
    }
}

#[derive(Clone, Serialize)]
struct SendMessage {
    chat_id: u64,
    text: String,
}

impl Payload for SendMessage {
    type Output = IgnoredAny;

    const NAME: &'static str = "SendMessage";
}

/// Writes to a person, whose private chat has their id.
pub(super) async fn send(client: &Client, person: u64, text: &str) -> Result<(), Refusal> {
    let text = text.to_owned();
    client.call(SendMessage { chat_id: person, text }).await.map(drop)
}

#[derive(Clone, Serialize)]
struct GetChat {
    chat_id: u64,
}

/// What a chat is called.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
}

impl Payload for GetChat {
    type Output = Named;

    const NAME: &'static str = "GetChat";
}

/// The name of a person who has written to the bot. <https://core.telegram.org/bots/api#getchat>
pub(super) async fn name(client: &Client, person: u64) -> Result<String, Refusal> {
    let Named { first_name, last_name } = client.call(GetChat { chat_id: person }).await?;
    Ok(words::line(&format!("{first_name} {last_name}"), NAME))
}

/// Where a bot's updates go instead. <https://core.telegram.org/bots/api#webhookinfo>
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Webhook {
    /// Empty where there is none.
    #[serde(default)]
    pub(super) url: String,
    /// Updates that wait.
    #[serde(default)]
    pub(super) pending_update_count: u64,
}

#[derive(Clone, Serialize)]
struct GetWebhookInfo {}

impl Payload for GetWebhookInfo {
    type Output = Webhook;

    const NAME: &'static str = "GetWebhookInfo";
}

/// Asks for the webhook.
pub(super) async fn webhook(client: &Client) -> Result<Webhook, Refusal> {
    client.call(GetWebhookInfo {}).await
}

/// What a bot may do, as its owner has set it at Telegram; `None` leaves a setting as it is.
/// <https://core.telegram.org/bots/api#setmysettings> (Bot API 10.5)
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct SetMySettings {
    /// Topics in private chats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) has_topics_enabled: Option<bool>,
    /// Whether people may make and delete topics there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) allows_users_to_create_topics: Option<bool>,
    /// Whether the bot can be added to groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) can_join_groups: Option<bool>,
}

impl Payload for SetMySettings {
    type Output = IgnoredAny;

    const NAME: &'static str = "SetMySettings";
}

/// Who a bot is, and what it may do. <https://core.telegram.org/bots/api#getme>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Abilities {
    #[serde(default)]
    pub(super) has_topics_enabled: bool,
    #[serde(default)]
    pub(super) can_join_groups: bool,
    #[serde(default)]
    pub(super) can_read_all_group_messages: bool,
}

#[derive(Clone, Serialize)]
struct GetMe {}

impl Payload for GetMe {
    type Output = Abilities;

    const NAME: &'static str = "GetMe";
}

/// Asks what the bot may do.
pub(super) async fn abilities(client: &Client) -> Result<Abilities, Refusal> {
    client.call(GetMe {}).await
}

/// What stands between us and Telegram, in a sentence with the way out.
pub(super) fn in_words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unauthorized => format!(
            "Telegram knows no bot with this token. {} shows the one that holds: send it {}.",
            code("@BotFather"),
            code("/mybots")
        ),
        Refusal::Conflict(text) if text.contains("webhook") => {
            "This bot's messages go to a webhook: another program uses it. Take another bot."
                .to_owned()
        }
        Refusal::Conflict(_) => {
            "Another program receives this bot's messages. End it, or take another bot.".to_owned()
        }
        refusal => format!("Telegram cannot be reached: {refusal}"),
    }
}
