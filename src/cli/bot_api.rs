//! Calls of the Bot API that only the terminal makes: to set a bot up, and to look for faults.
//! The running bot polls elsewhere.

use serde::{Serialize, de::IgnoredAny};
use serde_json::Value;
use teloxide::requests::Payload;

use crate::{
    cli::output::code,
    screens::words,
    telegram::{
        account,
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

/// The name of a person who has written to the bot.
pub(super) async fn name(client: &Client, person: u64) -> Result<String, Refusal> {
    let chat = account::chat(client, person.cast_signed()).await?;
    Ok(words::line(&chat.title, NAME))
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
