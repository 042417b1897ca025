//! The bot's command menus: which commands, where.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    args::Args,
    refusal::Refusal,
    wire::{Chat, ChatKind, Command},
    world::World,
};

/// Most commands in one menu.
const COMMANDS: usize = 100;
/// Longest name, in characters.
const NAME: usize = 32;
/// Longest description, in characters.
const DESCRIPTION: usize = 256;

/// Where a menu holds. <https://core.telegram.org/bots/api#botcommandscope>
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Scope {
    #[default]
    Default,
    AllPrivateChats,
    AllGroupChats,
    AllChatAdministrators,
    Chat {
        chat_id: i64,
    },
    ChatAdministrators {
        chat_id: i64,
    },
    ChatMember {
        chat_id: i64,
        user_id: i64,
    },
}

impl Scope {
    fn chat(&self) -> Option<i64> {
        match self {
            Self::Chat { chat_id }
            | Self::ChatAdministrators { chat_id }
            | Self::ChatMember { chat_id, .. } => Some(*chat_id),
            _ => None,
        }
    }
}

/// One menu: where, in which language, what.
#[derive(Debug)]
struct Menu {
    scope: Scope,
    language: String,
    commands: Vec<Command>,
}

/// All menus that were set.
#[derive(Debug, Default)]
pub(super) struct Menus(Vec<Menu>);

impl Menus {
    fn get(&self, scope: &Scope, language: &str) -> Option<&Menu> {
        self.0.iter().find(|menu| menu.scope == *scope && menu.language == language)
    }

    /// What an ordinary person sees in a chat: the closest menu without a language.
    pub(super) fn shown(&self, chat: &Chat) -> Vec<Command> {
        let kind = match chat.kind {
            ChatKind::Private => Scope::AllPrivateChats,
            ChatKind::Group | ChatKind::Supergroup => Scope::AllGroupChats,
        };
        [Scope::Chat { chat_id: chat.id }, kind, Scope::Default]
            .iter()
            .find_map(|scope| self.get(scope, ""))
            .map(|menu| menu.commands.clone())
            .unwrap_or_default()
    }
}

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
    let menus = &mut world.menus.0;
    menus.retain(|menu| menu.scope != scope || menu.language != language);
    if !commands.is_empty() {
        menus.push(Menu { scope, language, commands });
    }
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
    let menu = world.menus.get(&scope, &language);
    Ok(json!(menu.map_or(&[][..], |menu| &menu.commands)))
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
