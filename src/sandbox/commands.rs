//! The bot's command menus: which commands, where.

use serde_json::{Value, json};

use super::{args::Args, bot::Scope, refusal::Refusal, wire::Command, world::World};

/// Most commands in one menu.
const COMMANDS: usize = 100;
/// Longest name, in characters.
const NAME: usize = 32;
/// Longest description, in characters.
const DESCRIPTION: usize = 256;

/// `setMyCommands`
pub(super) fn set(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let commands: Vec<Command> =
        args.object("commands", "commands JSON object")?.unwrap_or_default();
    let (scope, language) = scope(world, args)?;
    args.finish()?;
    if commands.len() > COMMANDS {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    commands.iter().try_for_each(check)?;
    world.menus.set(scope, language, commands);
    let chats: Vec<i64> = world.rooms.keys().copied().collect();
    for chat in chats {
        world.show_chat(chat);
    }
    Ok(json!(true))
}

/// `getMyCommands`
pub(super) fn get(world: &mut World, args: &mut Args) -> Result<Value, Refusal> {
    let (scope, language) = scope(world, args)?;
    args.finish()?;
    Ok(json!(world.menus.get(&scope, &language)))
}

fn scope(world: &World, args: &mut Args) -> Result<(Scope, String), Refusal> {
    let scope: Scope = args.object("scope", "BotCommandScope")?.unwrap_or_default();
    let language = args.text("language_code")?;
    match scope.chat() {
        Some(chat) if !world.rooms.contains_key(&chat) => Err(Refusal::bad("chat not found")),
        _ => Ok((scope, language)),
    }
}

fn check(command: &Command) -> Result<(), Refusal> {
    let name = command.command.strip_prefix('/').unwrap_or(&command.command);
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() {
        return Err(Refusal::bad("command must be non-empty"));
    }
    if name.chars().count() > NAME {
        return Err(Refusal::bad(format!("command length must not exceed {NAME}")));
    }
    if !name.chars().all(named) {
        return Err(Refusal::bad("BOT_COMMAND_INVALID"));
    }
    let description = command.description.trim();
    if description.is_empty() {
        return Err(Refusal::bad("command description must be non-empty"));
    }
    if description.chars().count() > DESCRIPTION {
        return Err(Refusal::bad(format!(
            "command description length must not exceed {DESCRIPTION}"
        )));
    }
    Ok(())
}
