//! What the bot's owner has set, what stands on the bot's page, and where its updates go.
//!
//! Nothing is ever sent to a webhook. It is in the way of `getUpdates`, as it is at Telegram.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{args::Args, refusal::Refusal, world::World};

/// The settings that a bot of the sandbox can change: topics in private chats, whether people may
/// make topics there, whether the bot can be added to groups, whether it sees all that is said there.
/// <https://core.telegram.org/bots/api#setmysettings> (Bot API 10.5)
const KNOWN: [&str; 4] = [
    "has_topics_enabled",
    "allows_users_to_create_topics",
    "can_join_groups",
    "can_read_all_group_messages",
];

/// Texts of the bot's page, and how long each may be, characters.
/// <https://core.telegram.org/bots/api#setmyname>
const TEXTS: [(&str, usize); 3] = [("name", 64), ("description", 512), ("short_description", 120)];

/// The bot's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Those of [`KNOWN`] that are on.
    on: BTreeSet<&'static str>,
    /// What stands on the bot's page, by the names of [`TEXTS`].
    texts: BTreeMap<&'static str, String>,
    /// Address of the webhook; empty: none.
    webhook: String,
}

impl Default for Settings {
    /// As the sandbox has it: the bot may be in groups, and sees every message there.
    fn default() -> Self {
        let on = BTreeSet::from(["can_join_groups", "can_read_all_group_messages"]);
        Self { on, texts: BTreeMap::new(), webhook: String::new() }
    }
}

impl Settings {
    /// Fills in what `getMe` says.
    pub(super) fn tell(&self, me: &mut Value) {
        for name in KNOWN {
            me[name] = json!(self.on.contains(name));
        }
    }

    /// Refuses `getUpdates` while there is a webhook.
    pub(super) fn check_polling(&self) -> Result<(), Refusal> {
        if self.webhook.is_empty() {
            return Ok(());
        }
        Err(Refusal::scripted(
            409,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to \
             delete the webhook first",
        ))
    }
}

/// `setMySettings`: what is not named stays.
pub(super) fn set(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let mut settings = world.settings.clone();
    for name in KNOWN.into_iter().filter(|name| args.has(name)).collect::<Vec<_>>() {
        if args.flag(name)? {
            settings.on.insert(name);
        } else {
            settings.on.remove(name);
        }
    }
    args.finish()?;
    world.settings = settings;
    Ok(json!(true))
}

/// `setMyName`, `setMyDescription`, `setMyShortDescription`: an empty text takes it away.
pub(super) fn set_text(world: &mut World, name: &str, args: &mut Args) -> Result<Value, Refusal> {
    let text = args.text(name)?;
    args.text("language_code")?;
    args.finish()?;
    let known = TEXTS.into_iter().find(|(known, _)| *known == name);
    let (name, most) = known.ok_or_else(Refusal::no_method)?;
    if text.chars().count() > most {
        return Err(Refusal::bad(format!("{name} must be no more than {most} characters")));
    }
    world.settings.texts.insert(name, text);
    Ok(json!(true))
}

/// `getMyName`, `getMyDescription`, `getMyShortDescription`
pub(super) fn text(world: &World, name: &str, args: &mut Args) -> Result<Value, Refusal> {
    args.text("language_code")?;
    args.finish()?;
    let own = if name == "name" { world.bot.first_name.as_str() } else { "" };
    let text = world.settings.texts.get(name).map_or(own, String::as_str);
    Ok(json!({ name: text }))
}

/// `setWebhook`
pub(super) fn set_webhook(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let url = args.text("url")?;
    args.finish()?;
    if !url.is_empty() && !url.starts_with("https://") {
        return Err(Refusal::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    world.settings.webhook = url;
    Ok(json!(true))
}

/// `deleteWebhook`
pub(super) fn delete_webhook(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let drop = args.flag("drop_pending_updates")?;
    args.finish()?;
    if drop {
        world.updates.clear();
    }
    world.settings.webhook.clear();
    Ok(json!(true))
}

/// `getWebhookInfo`
pub(super) fn webhook_info(world: &World, args: &Args) -> Result<Value, Refusal> {
    args.finish()?;
    Ok(json!({
        "url": world.settings.webhook,
        "has_custom_certificate": false,
        "pending_update_count": world.updates.count(),
    }))
}
