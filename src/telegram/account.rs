//! Calls that belong to no chat's budget: who the bot is and what it may do, its menu and what
//! stands on its page, where its updates go, and what a chat is.
//!
//! Each call is made once. What an older server does not know is no failure here: it is said, and
//! whoever asked says what to do by hand.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::Value;
use teloxide::{
    payloads::{
        DeleteWebhook, GetChat, GetMyDescription, GetMyShortDescription, GetWebhookInfo,
        SetMyCommands, SetMyDescription, SetMyName, SetMyShortDescription,
    },
    requests::Payload,
    types::{BotCommand, ChatId},
};

use crate::telegram::{
    client::{Client, Lean},
    refusal::Refusal,
};

/// Longest name of a command, bytes. <https://core.telegram.org/bots/api#botcommand>
const COMMAND: usize = 32;
/// Longest description of a command, characters.
const DESCRIPTION: usize = 256;
/// Most commands of a menu.
const COMMANDS: usize = 100;

/// Whether Telegram has done something that older servers do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It has.
    Done,
    /// This server does not know it: an older one.
    Unknown,
}

/// What a bot may do, as its owner has set it; `None` leaves a setting as it is.
/// <https://core.telegram.org/bots/api#setmysettings> (Bot API 10.5)
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SetMySettings {
    /// Topics in private chats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_topics_enabled: Option<bool>,
    /// Whether people may make and delete topics there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allows_users_to_create_topics: Option<bool>,
    /// Whether the bot can be added to groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_join_groups: Option<bool>,
}

impl Payload for SetMySettings {
    type Output = IgnoredAny;

    const NAME: &'static str = "SetMySettings";
}

/// What stands on the bot's page; `None` leaves it as it is, and an empty text takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name, at most 64 characters. (`setMyName`)
    pub name: Option<String>,
    /// What is read in an empty chat with it, at most 512 characters. (`setMyDescription`)
    pub description: Option<String>,
    /// What is read on its page, at most 120 characters. (`setMyShortDescription`)
    pub short: Option<String>,
}

/// Where a bot's updates go instead. <https://core.telegram.org/bots/api#webhookinfo>
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Webhook {
    /// Empty where there is none.
    #[serde(default)]
    pub url: String,
    /// Updates that wait.
    #[serde(default)]
    pub pending_update_count: u64,
}

/// What a chat is. <https://core.telegram.org/bots/api#chatfullinfo>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chat {
    /// Its title; of a private chat the person's name.
    pub title: String,
    /// Whether it has topics.
    pub is_forum: bool,
    /// The newest message on top of it.
    pub pinned: Option<Pinned>,
}

/// A message on top of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Its `message_id`.
    pub message: i32,
    /// The account that wrote it; 0 where Telegram does not say.
    pub from: u64,
    /// Text or caption.
    pub text: String,
}

/// Offers commands in the menu: name and description. One that Telegram does not take is left out
/// and named in the log, since Telegram refuses the whole menu for it.
pub async fn set_commands(client: &Client, commands: &[(&str, &str)]) -> Result<(), Refusal> {
    let (good, bad): (Vec<_>, Vec<_>) =
        commands.iter().copied().partition(|command| is_command(*command));
    for (name, _) in bad {
        tracing::error!(name, "no name or description of a command: left out of the menu");
    }
    let good = &good[..good.len().min(COMMANDS)];
    match menu(client, good).await {
        Err(Refusal::BadRequest(_)) => {}
        other => return other,
    }
    // Telegram knows a rule that we do not: each is tried by itself.
    let mut taken = Vec::new();
    for command in good {
        match menu(client, &[*command]).await {
            Ok(()) => taken.push(*command),
            Err(Refusal::BadRequest(why)) => {
                tracing::error!(name = command.0, why, "Telegram refuses a command");
            }
            Err(refusal) => return Err(refusal),
        }
    }
    menu(client, &taken).await
}

async fn menu(client: &Client, commands: &[(&str, &str)]) -> Result<(), Refusal> {
    let commands = commands.iter().map(|(name, about)| BotCommand::new(*name, *about));
    let IgnoredAny = client.call(Lean::new(SetMyCommands::new(commands))).await?;
    Ok(())
}

/// Whether Telegram takes a command into a menu.
fn is_command((name, about): (&str, &str)) -> bool {
    let is_sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
    let is_name = (1..=COMMAND).contains(&name.len()) && name.chars().all(is_sign);
    is_name && !about.trim().is_empty() && about.chars().count() <= DESCRIPTION
}

/// Changes what stands on the bot's page.
pub async fn set_profile(client: &Client, profile: Profile) -> Result<(), Refusal> {
    let Profile { name, description, short } = profile;
    if name.is_some() {
        let IgnoredAny = client.call(Lean::new(SetMyName { name, language_code: None })).await?;
    }
    if description.is_some() {
        let set = SetMyDescription { description, language_code: None };
        let IgnoredAny = client.call(Lean::new(set)).await?;
    }
    if short.is_some() {
        let set = SetMyShortDescription { short_description: short, language_code: None };
        let IgnoredAny = client.call(Lean::new(set)).await?;
    }
    Ok(())
}

/// What stands on the bot's page; its name is left out, since it always has one.
pub async fn profile(client: &Client) -> Result<Profile, Refusal> {
    #[derive(Deserialize)]
    struct Description {
        description: String,
    }
    #[derive(Deserialize)]
    struct Short {
        short_description: String,
    }

    let Description { description } = client.call(Lean::new(GetMyDescription::new())).await?;
    let short = client.call(Lean::new(GetMyShortDescription::new())).await?;
    let Short { short_description } = short;
    Ok(Profile { name: None, description: Some(description), short: Some(short_description) })
}

/// Changes what the bot may do.
pub async fn set_settings(client: &Client, settings: SetMySettings) -> Result<Support, Refusal> {
    match client.call(settings).await {
        Ok(IgnoredAny) => Ok(Support::Done),
        Err(Refusal::BadRequest(_) | Refusal::Unauthorized) => Ok(Support::Unknown),
        Err(refusal) => Err(refusal),
    }
}

/// Where the bot's updates go.
pub async fn webhook(client: &Client) -> Result<Webhook, Refusal> {
    client.call(Lean::new(GetWebhookInfo::new())).await
}

/// Takes the webhook away, so that updates can be fetched; those that wait stay.
pub async fn delete_webhook(client: &Client) -> Result<(), Refusal> {
    let IgnoredAny = client.call(Lean::new(DeleteWebhook::new())).await?;
    Ok(())
}

/// What a chat is, as far as the bot may know.
pub async fn chat(client: &Client, chat: i64) -> Result<Chat, Refusal> {
    let raw: Value = client.call(Lean::new(GetChat::new(ChatId(chat)))).await?;
    Ok(read_chat(&raw))
}

fn read_chat(raw: &Value) -> Chat {
    let text = |path: &str| raw.pointer(path).and_then(Value::as_str);
    let names = ["/title", "/first_name", "/last_name"].into_iter().filter_map(text);
    let pinned = raw.get("pinned_message").and_then(|message| {
        let said = text("/pinned_message/text").or_else(|| text("/pinned_message/caption"));
        Some(Pinned {
            message: i32::try_from(message.get("message_id")?.as_i64()?).ok()?,
            from: message.pointer("/from/id").and_then(Value::as_u64).unwrap_or(0),
            text: said.unwrap_or_default().to_owned(),
        })
    });
    Chat {
        title: names.collect::<Vec<_>>().join(" "),
        is_forum: raw.get("is_forum").and_then(Value::as_bool).unwrap_or(false),
        pinned,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::telegram::command;

    #[test]
    fn our_own_commands_can_stand_in_a_menu() {
        assert!(command::COMMANDS.len() <= COMMANDS);
        assert!(command::COMMANDS.into_iter().all(is_command));
        let long = "x".repeat(257);
        for bad in [("", "x"), ("New", "x"), ("a-b", "x"), ("ä", "x"), ("new", " "), ("new", &long)]
        {
            assert!(!is_command(bad), "{bad:?}");
        }
        assert!(!is_command((&"x".repeat(33), "x")));
    }

    #[test]
    fn a_chat_is_read_as_far_as_it_is_told() {
        assert_eq!(read_chat(&json!({})), Chat::default());
        let raw = json!({"id": -100, "title": "Garden", "is_forum": true, "pinned_message": {
            "message_id": 7, "from": {"id": 42}, "caption": "beds", "new": {},
        }});
        let pinned = Some(Pinned { message: 7, from: 42, text: "beds".to_owned() });
        let expected = Chat { title: "Garden".to_owned(), is_forum: true, pinned };
        assert_eq!(read_chat(&raw), expected);
        let ada = json!({"first_name": "Ada", "last_name": "L.", "pinned_message": {"text": "x"}});
        assert_eq!(read_chat(&ada).title, "Ada L.");
        assert_eq!(read_chat(&ada).pinned, None);
    }
}
