//! What watchers are told: the state as a whole, then each change of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    bot::Profile,
    bot::Settings,
    calls::Call,
    faults::Armed,
    room::Topic,
    room::{Action, Draft, Post, Rights, Standing},
    wire::{Chat, Command, User},
};

/// Everything that a person could see.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// The bot.
    pub bot: User,
    /// What it says of itself.
    pub profile: Profile,
    /// Its switches.
    pub settings: Settings,
    /// The people.
    pub users: Vec<User>,
    /// The chats, without their messages.
    pub chats: Vec<ChatView>,
    /// The messages of each chat, oldest first.
    pub posts: BTreeMap<i64, Vec<Post>>,
    /// What goes or went wrong on demand.
    pub faults: Vec<Armed>,
    /// Whether the bot waits for updates at this moment.
    pub polling: bool,
    /// How many pressed buttons wait for the bot.
    pub pending: usize,
}

/// A chat as its header shows it.
#[derive(Clone, Debug, Serialize)]
pub struct ChatView {
    /// Id, kind, names.
    #[serde(flatten)]
    pub chat: Chat,
    /// Ids of the people in it.
    pub members: Vec<i64>,
    /// Whether the bot may write.
    pub standing: Standing,
    /// The command menu that holds here.
    pub commands: Vec<Command>,
    /// What the bot is writing.
    pub draft: Option<Draft>,
    /// Its topics.
    pub topics: Vec<Topic>,
    /// Ids of its pinned messages.
    pub pinned: Vec<i64>,
    /// What the bot is doing there.
    pub action: Option<Action>,
    /// What the bot may do, where it is an administrator.
    pub rights: Option<Rights>,
    /// Who writes in the name of the group.
    pub anonymous: Vec<i64>,
    /// The reactions that it allows; none: all.
    pub reactions: Option<Vec<String>>,
}

/// One change.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Change {
    /// Everything at once: at the start, and when changes were missed.
    State { state: State },
    /// A message is new or different.
    Post { chat: i64, post: Post },
    /// Messages are gone.
    Deleted { chat: i64, messages: Vec<i64> },
    /// A chat is new or different.
    Chat { chat: ChatView },
    /// A person is new.
    User { user: User },
    /// The bot does something for the next five seconds.
    Action { chat: i64, action: Action },
    /// The bot has another name, other texts or other switches.
    Bot { bot: User, profile: Profile, settings: Settings },
    /// The bot goes on writing, or has stopped.
    Draft { chat: i64, draft: Option<Draft> },
    /// The bot waits for updates, or does not.
    Polling { polling: bool },
    /// The bot called.
    Call { call: Call },
    /// Faults were armed, struck or cleared.
    Faults { faults: Vec<Armed> },
}
