//! What the bot's owner has set, and where its updates go: `setMySettings` and webhooks.
//!
//! Nothing is ever sent to a webhook. It is in the way of `getUpdates`, as it is at Telegram.

use serde_json::{Value, json};

use super::{args::Args, refusal::Refusal, world::World};

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
