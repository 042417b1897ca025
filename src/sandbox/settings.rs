//! What the bot's owner has set, and where its updates go: `setMySettings` and webhooks.
//!
//! Nothing is ever sent to a webhook. It is in the way of `getUpdates`, as it is at Telegram.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{args::Args, refusal::Refusal, world::World};

/// What the bot can switch on and off for itself since Bot API 10.5, and its owner with `BotFather`
/// ever since. <https://core.telegram.org/bots/api#setmysettings>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches of Telegram's")]
pub struct Settings {
    /// Private chats have topics.
    pub has_topics_enabled: bool,
    /// People may make and delete topics there.
    pub allows_users_to_create_topics: bool,
    /// Clients show these topics at the side.
    pub has_topic_sidebar: bool,
    /// It may be added to groups.
    pub can_join_groups: bool,
    /// It sees every message of a group; else commands, replies to it and what names it, unless it
    /// is an administrator there (privacy mode).
    pub can_read_all_group_messages: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            has_topics_enabled: false,
            allows_users_to_create_topics: false,
            has_topic_sidebar: false,
            can_join_groups: true,
            can_read_all_group_messages: true,
        }
    }
}

/// `setMySettings`: what is not named stays.
pub(super) fn set(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let mut settings = world.settings;
    for (name, switch) in [
        ("has_topics_enabled", &mut settings.has_topics_enabled),
        ("allows_users_to_create_topics", &mut settings.allows_users_to_create_topics),
        ("has_topic_sidebar", &mut settings.has_topic_sidebar),
        ("can_join_groups", &mut settings.can_join_groups),
        ("can_read_all_group_messages", &mut settings.can_read_all_group_messages),
    ] {
        if args.has(name) {
            *switch = args.flag(name)?;
        }
    }
    args.finish()?;
    world.set_settings(settings);
    Ok(json!(true))
}

/// `setWebhook`; without an address it is deleted.
pub(super) fn set_webhook(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let url = args.text("url")?;
    args.finish()?;
    if !url.is_empty() && !url.starts_with("https://") {
        return Err(Refusal::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    world.webhook = Some(url).filter(|url| !url.is_empty());
    Ok(json!(true))
}

/// `deleteWebhook`
pub(super) fn delete_webhook(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let drop = args.flag("drop_pending_updates")?;
    args.finish()?;
    world.webhook = None;
    if drop {
        world.updates.clear();
    }
    Ok(json!(true))
}

/// `getWebhookInfo`
pub(super) fn webhook_info(world: &World, args: &Args) -> Result<Value, Refusal> {
    args.finish()?;
    let mut info = json!({
        "url": world.webhook.as_deref().unwrap_or_default(), "has_custom_certificate": false,
        "pending_update_count": world.updates.count(),
    });
    if !world.updates.allowed().is_empty() {
        info["allowed_updates"] = json!(world.updates.allowed());
    }
    if world.webhook.is_some() {
        info["max_connections"] = 40.into();
        info["ip_address"] = "203.0.113.7".into();
    }
    Ok(info)
}
