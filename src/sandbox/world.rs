//! Everything that the sandbox knows, and the one place where it is changed.
//!
//! Knows no HTTP and does not wait. Each change is noted, for whoever watches.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Bot,
    bot::{Menus, Profile, Settings, chat_member},
    calls::{Call, Log},
    change::{Change, ChatView, State},
    faults::{Faults, Trouble},
    files::Files,
    pace::Budgets,
    query::Queries,
    refusal::Refusal,
    room::{Action, Post, Rights, Room, Standing, unix_ms, unix_now},
    updates::Updates,
    wire::{ChatKind, User},
};

/// Ids that every sandbox starts with.
const ADA: i64 = 1001;
const GRACE: i64 = 1002;
const GROUP: i64 = -1_002_000_000_001;
/// How long an action is shown. <https://core.telegram.org/bots/api#sendchataction>
const ACTION: Duration = Duration::from_secs(5);
/// Update ids are large and arbitrary, as Telegram's are.
const FIRST_UPDATE: i64 = 701_000_001;

/// The whole state.
#[derive(Debug)]
pub(super) struct World {
    pub(super) bot: User,
    pub(super) profile: Profile,
    pub(super) settings: Settings,
    /// Where updates go instead, if another program has said so.
    pub(super) webhook: Option<String>,
    pub(super) users: BTreeMap<i64, User>,
    pub(super) rooms: BTreeMap<i64, Room>,
    pub(super) updates: Updates,
    pub(super) queries: Queries,
    pub(super) menus: Menus,
    pub(super) faults: Faults,
    pub(super) budgets: Budgets,
    pub(super) files: Files,
    log: Log,
    albums: u64,
    pollers: usize,
    held: usize,
    let_go: u64,
    changes: Vec<Change>,
    touched: bool,
}

impl World {
    /// Two people, the private chat of one, and a group of both.
    pub(super) fn new(bot: &Bot) -> Self {
        let person = |id, first: &str, last: &str, username: &str| User {
            id,
            is_bot: false,
            first_name: first.to_owned(),
            last_name: Some(last.to_owned()),
            username: Some(username.to_owned()),
            language_code: Some("en".to_owned()),
        };
        let ada = person(ADA, "Ada", "Lovelace", "ada_lovelace");
        let grace = person(GRACE, "Grace", "Hopper", "grace_hopper");
        let rooms =
            [Room::private(&ada), Room::group(GROUP, "Analytical Engine", vec![ADA, GRACE])];
        Self {
            bot: User {
                id: bot.id,
                is_bot: true,
                first_name: bot.name.clone(),
                last_name: None,
                username: Some(bot.username.clone()),
                language_code: None,
            },
            profile: Profile::default(),
            settings: Settings::default(),
            webhook: None,
            users: [ada, grace].map(|user| (user.id, user)).into(),
            rooms: rooms.map(|room| (room.chat.id, room)).into(),
            updates: Updates::new(FIRST_UPDATE),
            queries: Queries::default(),
            menus: Menus::default(),
            faults: Faults::default(),
            budgets: Budgets::default(),
            files: Files::default(),
            log: Log::default(),
            albums: 0,
            pollers: 0,
            held: 0,
            let_go: 0,
            changes: Vec::new(),
            touched: false,
        }
    }

    /// Begins anew. The queue is emptied and its ids go on, and so does the call log, as both would
    /// confuse whoever remembers the old ones. What the bot has set up stays.
    pub(super) fn reset(&mut self, bot: &Bot) {
        let old = std::mem::replace(self, Self::new(bot));
        self.updates = old.updates;
        self.updates.clear();
        self.menus = old.menus;
        (self.bot, self.profile, self.settings) = (old.bot, old.profile, old.settings);
        self.log = old.log;
        self.files = old.files;
        (self.pollers, self.held, self.let_go) = (old.pollers, old.held, old.let_go);
        let state = self.state();
        self.note(Change::State { state });
    }

    /// Notes a change for those who watch.
    pub(super) fn note(&mut self, change: Change) {
        self.touched = true;
        self.changes.push(change);
    }

    /// What goes wrong with a call on purpose.
    pub(super) fn strike(&mut self, method: &str, chat: Option<i64>) -> Option<Trouble> {
        let trouble = self.faults.strike(method, chat)?;
        let faults = self.faults.list();
        self.note(Change::Faults { faults });
        Some(trouble)
    }

    /// Notes that something was done which only a waiting press can see.
    pub(super) fn touch(&mut self) {
        self.touched = true;
    }

    /// The bot does something for the next five seconds.
    pub(super) fn act(&mut self, chat: i64, thread: Option<i64>, action: String) {
        let action = Action { action, thread, until: unix_ms() + ACTION.as_millis() as u64 };
        if let Some(room) = self.rooms.get_mut(&chat) {
            room.action = Some(action.clone());
        }
        self.note(Change::Action { chat, action });
    }

    /// The bot's switches are others.
    pub(super) fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
        self.show_bot();
    }

    /// Notes that the bot itself is different.
    pub(super) fn show_bot(&mut self) {
        let (bot, profile) = (self.bot.clone(), self.profile.clone());
        self.note(Change::Bot { bot, profile, settings: self.settings });
    }

    /// What was noted since the last time, and whether anything was done at all.
    pub(super) fn drain(&mut self) -> (Vec<Change>, bool) {
        let touched = std::mem::take(&mut self.touched);
        (std::mem::take(&mut self.changes), touched)
    }

    /// A poller begins to wait; the one before it wakes and finds out.
    pub(super) fn enter(&mut self) -> u64 {
        self.pollers += 1;
        self.note(Change::Polling { polling: true });
        self.updates.enter()
    }

    /// A poller has got its answer, or has gone.
    pub(super) fn leave(&mut self) {
        self.pollers = self.pollers.saturating_sub(1);
        let polling = self.polling();
        self.note(Change::Polling { polling });
    }

    /// Whether the bot waits for updates.
    pub(super) fn polling(&self) -> bool {
        self.pollers > 0
    }

    /// A call is held.
    pub(super) fn hold(&mut self) {
        self.held += 1;
        self.touch();
    }

    /// How often all were let go.
    pub(super) fn let_gos(&self) -> u64 {
        self.let_go
    }

    /// A call is held no more.
    pub(super) fn unhold(&mut self) {
        self.held = self.held.saturating_sub(1);
        self.touch();
    }

    /// How many calls are held.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Lets go of all held calls.
    pub(super) fn let_go(&mut self) {
        self.let_go += 1;
        self.touch();
    }

    /// Whether all that was held then was let go since.
    pub(super) fn is_let_go(&self, since: u64) -> bool {
        self.let_go > since
    }

    /// Queues an update for the bot.
    pub(super) fn tell(&mut self, kind: &str, object: &Value, life: Option<Duration>) {
        self.touched = true;
        self.updates.push(kind, object, life);
    }

    /// Logs a call.
    pub(super) fn record(&mut self, call: Call) {
        let call = self.log.push(call);
        self.note(Change::Call { call });
    }

    /// Logged calls with a greater id.
    pub(super) fn calls(&self, after: u64) -> Vec<Call> {
        self.log.after(after)
    }

    /// The chat to write in.
    pub(super) fn writable(&mut self, chat: i64) -> Result<&mut Room, Refusal> {
        let room = self.rooms.get_mut(&chat).ok_or_else(|| Refusal::bad("chat not found"))?;
        match (room.standing, room.chat.kind) {
            (Standing::Member, _) => Ok(room),
            (_, ChatKind::Private) => Err(Refusal::forbidden("bot was blocked by the user")),
            (_, ChatKind::Group) => Err(Refusal::forbidden("bot was kicked from the group chat")),
            (_, ChatKind::Supergroup) => {
                Err(Refusal::forbidden("bot was kicked from the supergroup chat"))
            }
        }
    }

    /// Appends a message to a chat that exists. It is noted when it is shown.
    pub(super) fn append(&mut self, chat: i64, post: Post) -> Option<i64> {
        let bot = self.bot.id;
        let room = self.rooms.get_mut(&chat)?;
        let drafted = room.draft.is_some();
        let is_done = |action: &mut Action| post.from == bot && action.thread == post.thread;
        if post.service.is_none() {
            room.action.take_if(is_done);
        }
        let id = room.append(post);
        if drafted {
            self.note(Change::Draft { chat, draft: None });
        }
        Some(id)
    }

    /// A number that no album had before.
    pub(super) fn next_album(&mut self) -> u64 {
        self.albums += 1;
        13_000_000_000_000_000 + self.albums
    }

    /// Shows a service message, and tells the bot of it: of its own, too.
    pub(super) fn announce(&mut self, chat: i64, id: i64) {
        self.show(chat, id);
        let update = json!(self.message(chat, id));
        self.tell("message", &update, None);
    }

    /// Notes that a message is new or different.
    pub(super) fn show(&mut self, chat: i64, id: i64) {
        let room = self.rooms.get(&chat);
        if let Some(post) = room.and_then(|room| room.posts.get(&id)).cloned() {
            self.note(Change::Post { chat, post });
        }
    }

    /// Notes that a chat itself is new or different.
    pub(super) fn show_chat(&mut self, chat: i64) {
        if let Some(chat) = self.rooms.get(&chat).map(|room| self.view(room)) {
            self.note(Change::Chat { chat });
        }
    }

    /// Removes messages and notes which were there.
    pub(super) fn remove(&mut self, chat: i64, ids: &[i64]) {
        let Some(room) = self.rooms.get_mut(&chat) else {
            return;
        };
        let present = |id: &&i64| room.posts.remove(id).is_some();
        let messages: Vec<i64> = ids.iter().filter(present).copied().collect();
        let pins = room.pinned.len();
        room.pinned.retain(|id| !messages.contains(id));
        if room.pinned.len() < pins {
            self.show_chat(chat);
        }
        if !messages.is_empty() {
            self.note(Change::Deleted { chat, messages });
        }
    }

    /// A person lets the bot into a chat, gives it rights or shuts it out; the bot is told.
    pub(super) fn admit(
        &mut self,
        chat: i64,
        from: &User,
        (standing, rights): (Standing, Option<Rights>),
    ) {
        let Some(room) = self.rooms.get_mut(&chat) else {
            return;
        };
        let old = std::mem::replace(&mut room.standing, standing);
        let old = (old, std::mem::replace(&mut room.rights, rights));
        if old == (standing, rights) {
            return;
        }
        let update = json!({
            "chat": room.chat,
            "from": from,
            "date": unix_now(),
            "old_chat_member": chat_member(&self.bot, old),
            "new_chat_member": chat_member(&self.bot, (standing, rights)),
        });
        self.tell("my_chat_member", &update, None);
        self.show_chat(chat);
    }

    /// The whole state as a person sees it.
    pub(super) fn state(&self) -> State {
        let now = Instant::now();
        State {
            bot: self.bot.clone(),
            profile: self.profile.clone(),
            settings: self.settings,
            users: self.users.values().cloned().collect(),
            chats: self.rooms.values().map(|room| self.view(room)).collect(),
            posts: self
                .rooms
                .iter()
                .map(|(chat, room)| (*chat, room.posts.values().cloned().collect()))
                .collect(),
            faults: self.faults.list(),
            polling: self.polling(),
            pending: self.queries.pending(now),
        }
    }

    fn view(&self, room: &Room) -> ChatView {
        ChatView {
            chat: room.chat.clone(),
            members: room.members.clone(),
            standing: room.standing,
            commands: self.menus.shown(&room.chat),
            draft: room.draft.clone(),
            topics: room.topics.values().cloned().collect(),
            pinned: room.pinned.iter().copied().collect(),
            action: room.doing().cloned(),
            rights: room.rights,
            anonymous: room.anonymous.iter().copied().collect(),
            reactions: room.allowed.clone(),
        }
    }
}
