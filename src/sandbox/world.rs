//! Everything that the sandbox knows, and the one place where it is changed.
//!
//! Knows no HTTP and does not wait. Each change is noted, for whoever watches.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

use super::{
    Bot,
    calls::{Call, Log},
    change::{Change, ChatView, State},
    commands::Menus,
    faults::{Faults, Trouble},
    files::{Files, Media},
    pace::Budgets,
    query::Queries,
    room::{Post, Room, Standing, unix_now},
    settings::Settings,
    updates::Updates,
    wire::{Message, User},
};

/// Ids that every sandbox starts with.
const ADA: i64 = 1001;
const GRACE: i64 = 1002;
const GROUP: i64 = -1_002_000_000_001;
/// Update ids are large and arbitrary, as Telegram's are.
const FIRST_UPDATE: i64 = 701_000_001;

/// The whole state.
#[derive(Debug)]
pub(super) struct World {
    pub(super) bot: User,
    pub(super) users: BTreeMap<i64, User>,
    pub(super) rooms: BTreeMap<i64, Room>,
    pub(super) updates: Updates,
    pub(super) queries: Queries,
    pub(super) menus: Menus,
    pub(super) settings: Settings,
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
            users: [ada, grace].map(|user| (user.id, user)).into(),
            rooms: rooms.map(|room| (room.chat.id, room)).into(),
            updates: Updates::new(FIRST_UPDATE),
            queries: Queries::default(),
            menus: Menus::default(),
            settings: Settings::default(),
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
        self.settings = old.settings;
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
    pub(super) fn act(&mut self, chat: i64, action: String) {
        self.note(Change::Action { chat, action });
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

    /// A message as the bot gets it, with the one it answers.
    pub(super) fn message(&self, chat: i64, id: i64) -> Option<Message> {
        let room = self.rooms.get(&chat)?;
        let post = room.posts.get(&id)?;
        let reply = post.reply_to.and_then(|reply| room.posts.get(&reply));
        let mut message = self.flat(room, post);
        message.reply = reply.map(|reply| Box::new(self.flat(room, reply)));
        Some(message)
    }

    fn flat(&self, room: &Room, post: &Post) -> Message {
        let author = self.users.get(&post.from).unwrap_or(&self.bot);
        let (words, entities) = (Some(post.text.clone()), post.all_entities());
        let (text, caption) = match post.media {
            None => ((words, entities), (None, Vec::new())),
            Some(_) => ((None, Vec::new()), (words.filter(|words| !words.is_empty()), entities)),
        };
        Message {
            id: post.id,
            from: author.clone(),
            chat: room.chat.clone(),
            date: post.date,
            edit_date: post.edit_date,
            reply: None,
            text: text.0,
            entities: text.1,
            caption: caption.0,
            caption_entities: caption.1,
            more: self.more(post),
            link_preview_options: post.link_preview.clone(),
            reply_markup: post.keyboard.clone(),
        }
    }

    /// The fields of a message that most messages do not have.
    fn more(&self, post: &Post) -> Map<String, Value> {
        let mut more = post.media.as_ref().map(Media::fields).unwrap_or_default();
        if let Some(album) = &post.album {
            more.insert("media_group_id".to_owned(), json!(album));
        }
        if let Some(author) = post.forwarded {
            let author = self.users.get(&author).unwrap_or(&self.bot);
            let origin = json!({"type": "user", "date": post.date, "sender_user": author});
            more.insert("forward_origin".to_owned(), origin);
        }
        if let Some(thread) = post.thread {
            more.insert("message_thread_id".to_owned(), json!(thread));
            more.insert("is_topic_message".to_owned(), json!(true));
        }
        if let Some(quote) = &post.quote {
            let quote = json!({"text": quote, "position": 0, "is_manual": true});
            more.insert("quote".to_owned(), quote);
        }
        more
    }

    /// Appends a message to a chat that exists. It is noted when it is shown.
    pub(super) fn append(&mut self, chat: i64, post: Post) -> Option<i64> {
        let room = self.rooms.get_mut(&chat)?;
        let drafted = room.draft.is_some();
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
        if !messages.is_empty() {
            self.note(Change::Deleted { chat, messages });
        }
    }

    /// A person lets the bot into a chat or shuts it out; the bot is told.
    pub(super) fn admit(&mut self, chat: i64, from: &User, standing: Standing) {
        let Some(room) = self.rooms.get_mut(&chat) else {
            return;
        };
        if room.standing == standing {
            return;
        }
        let old = std::mem::replace(&mut room.standing, standing);
        let member = |standing| match standing {
            Standing::Member => json!({ "status": "member", "user": self.bot }),
            Standing::Kicked => json!({ "status": "kicked", "user": self.bot, "until_date": 0 }),
        };
        let update = json!({
            "chat": room.chat,
            "from": from,
            "date": unix_now(),
            "old_chat_member": member(old),
            "new_chat_member": member(standing),
        });
        self.tell("my_chat_member", &update, None);
        self.show_chat(chat);
    }

    /// The whole state as a person sees it.
    pub(super) fn state(&self) -> State {
        let now = Instant::now();
        State {
            bot: self.bot.clone(),
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
        }
    }
}
