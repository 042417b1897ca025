//! The bot as Telegram knows it: its profile, what its owner has set, its menus of commands, and what
//! it is in a chat.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    room::{Rights, Standing},
    wire::{Chat, ChatKind, Command, User},
};

/// What people read of the bot, in the language of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// In an empty chat.
    pub description: String,
    /// On its page.
    pub short_description: String,
}

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

/// Where a menu holds. <https://core.telegram.org/bots/api#botcommandscope>
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Scope {
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
    /// The chat that it names.
    pub(super) fn chat(&self) -> Option<i64> {
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
    /// The commands of one menu; none where it was not set.
    pub(super) fn get(&self, scope: &Scope, language: &str) -> &[Command] {
        self.find(scope, language).map_or(&[][..], |menu| &menu.commands)
    }

    /// Sets one menu. Without commands it is taken away.
    pub(super) fn set(&mut self, scope: Scope, language: String, commands: Vec<Command>) {
        self.0.retain(|menu| menu.scope != scope || menu.language != language);
        if !commands.is_empty() {
            self.0.push(Menu { scope, language, commands });
        }
    }

    fn find(&self, scope: &Scope, language: &str) -> Option<&Menu> {
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
            .find_map(|scope| self.find(scope, ""))
            .map(|menu| menu.commands.clone())
            .unwrap_or_default()
    }
}

/// The bot as a member of a chat. <https://core.telegram.org/bots/api#chatmember>
pub(super) fn chat_member(bot: &User, (standing, rights): (Standing, Option<Rights>)) -> Value {
    let mut member = json!({ "user": bot });
    match (standing, rights) {
        (Standing::Kicked, _) => {
            member["status"] = "kicked".into();
            member["until_date"] = 0.into();
        }
        (Standing::Member, None) => member["status"] = "member".into(),
        (Standing::Member, Some(rights)) => {
            member["status"] = "administrator".into();
            for (right, given) in [
                ("can_be_edited", false),
                ("is_anonymous", false),
                ("can_manage_chat", true),
                ("can_delete_messages", rights.delete_messages),
                ("can_manage_video_chats", false),
                ("can_restrict_members", false),
                ("can_promote_members", false),
                ("can_change_info", false),
                ("can_invite_users", false),
                ("can_post_stories", false),
                ("can_edit_stories", false),
                ("can_delete_stories", false),
                ("can_pin_messages", rights.pin_messages),
                ("can_manage_topics", rights.manage_topics),
                ("can_send_welcome_messages", false),
            ] {
                member[right] = given.into();
            }
        }
    }
    member
}
