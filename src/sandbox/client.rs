//! The control API in-process: what a person does in the chats, and what a test wants to know.

use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    bot::Settings,
    calls::Call,
    change::{Change, State},
    faults::{Armed, Fault},
    files::{File, Upload},
    hub::Hub,
    person::{self, Forum, Guise, Missing, Saying, Which},
    pins,
    query::{Answer, Outcome},
    reactions,
    room::{Action, Post, Rights, Standing},
    topics::{self, TopicChange},
    world::World,
};

/// What was waited for has not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing of the kind within {after:?}; what there was:\n{seen}")]
pub struct Late {
    /// How long it was waited for.
    pub after: Duration,
    /// What was there instead, to be read in a failed test.
    pub seen: String,
}

/// A person at their telephone, and a look behind the scenes. `who` is a chat and the person in it
/// who acts. Clones share the sandbox.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) hub: Arc<Hub>,
}

impl Client {
    /// Says something. Gives the message's id.
    pub fn say(&self, who: (i64, i64), text: &str) -> Result<i64, Missing> {
        self.send(who, Saying { text: text.to_owned(), ..Saying::default() })
    }

    /// Answers a message. Gives the new message's id.
    pub fn reply(&self, who: (i64, i64), text: &str, to: i64) -> Result<i64, Missing> {
        let (text, reply_to) = (text.to_owned(), Some(to));
        self.send(who, Saying { text, reply_to, ..Saying::default() })
    }

    /// Sends anything. Gives the message's id.
    pub fn send(&self, who: (i64, i64), saying: Saying) -> Result<i64, Missing> {
        self.hub.with(|world| person::say(world, who, saying))
    }

    /// Sends several things at once, as an album. Gives the ids.
    pub fn send_album(&self, who: (i64, i64), all: Vec<Saying>) -> Result<Vec<i64>, Missing> {
        self.hub.with(|world| {
            let album = Some(format!("{}", world.next_album()));
            let each = all
                .into_iter()
                .map(|saying| person::say(world, who, Saying { album: album.clone(), ..saying }));
            each.collect()
        })
    }

    /// Forwards a message of the chat to the same chat. Gives the new message's id.
    pub fn forward(&self, who: (i64, i64), message: i64) -> Result<i64, Missing> {
        self.hub.with(|world| person::forward(world, who, message))
    }

    /// Takes a file in, to be sent.
    pub fn upload(&self, upload: Upload) -> File {
        self.hub.with(|world| world.files.add(upload))
    }

    /// A file that was sent.
    pub fn file(&self, id: &str) -> Option<Upload> {
        self.hub.with(|world| world.files.get(id).cloned())
    }

    /// Edits what the person said.
    pub fn edit(&self, who: (i64, i64), message: i64, text: &str) -> Result<(), Missing> {
        self.hub.with(|world| person::edit(world, who, message, text))
    }

    /// Deletes what the person said. The bot is not told, as ever.
    pub fn delete(&self, who: (i64, i64), message: i64) -> Result<(), Missing> {
        self.hub.with(|world| person::delete(world, who, message))
    }

    /// Presses a button and waits for the bot's answer; none if it does not come in time.
    pub async fn press(
        &self,
        who: (i64, i64),
        message: i64,
        which: impl Into<Which>,
    ) -> Result<Option<Answer>, Missing> {
        let (which, life) = (which.into(), self.hub.options.callback_life);
        let query = self.hub.with(|world| person::press(world, who, (message, &which), life))?;
        let answered = self.hub.until(Instant::now() + life, |world| {
            match world.queries.outcome(query, Instant::now()) {
                Outcome::Waits(_) => None,
                Outcome::Answered(answer) => Some(Some(answer)),
                Outcome::Expired => Some(None),
            }
        });
        Ok(answered.await.flatten())
    }

    /// Presses the stop button of a draft.
    pub fn stop_draft(&self, chat: i64) -> Result<(), Missing> {
        self.hub.with(|world| person::stop_draft(world, chat))
    }

    /// A new person. Gives their id.
    pub fn add_user(&self, first_name: &str, username: Option<&str>) -> i64 {
        self.hub.with(|world| person::add_user(world, first_name, username))
    }

    /// Opens a person's private chat with the bot. Its id is the person's.
    pub fn add_private(&self, user: i64) -> Result<i64, Missing> {
        self.hub.with(|world| person::add_private(world, user))
    }

    /// A new supergroup. Gives its id.
    pub fn add_group(&self, title: &str, members: &[i64]) -> Result<i64, Missing> {
        self.hub.with(|world| person::add_group(world, title, members))
    }

    /// Clears a chat, as a person can. The bot is not told; ids go on.
    pub fn clear(&self, chat: i64) -> Result<(), Missing> {
        self.hub.with(|world| person::clear(world, chat))
    }

    /// Switches topics on in a group, or off.
    pub fn set_forum(&self, chat: i64, forum: Forum) -> Result<(), Missing> {
        self.hub.with(|world| person::set_forum(world, chat, forum))
    }

    /// Opens a topic; a group without topics gets them. Gives its id.
    pub fn open_topic(&self, who: (i64, i64), name: &str) -> Result<i64, Missing> {
        self.hub.with(|world| topics::person_opens(world, who, name))
    }

    /// Renames, closes, opens or deletes a topic.
    pub fn change_topic(
        &self,
        who: (i64, i64),
        topic: i64,
        change: &TopicChange,
    ) -> Result<(), Missing> {
        self.hub.with(|world| topics::person_changes(world, who, topic, change))
    }

    /// Pins a message.
    pub fn pin(&self, who: (i64, i64), message: i64) -> Result<(), Missing> {
        self.hub.with(|world| pins::person_pins(world, who, message))
    }

    /// Takes a pinned message down. The bot is not told, as ever.
    pub fn unpin(&self, who: (i64, i64), message: i64) -> Result<(), Missing> {
        self.hub.with(|world| pins::person_unpins(world, who, message))
    }

    /// Reacts to a message with an emoji, or not any more.
    pub fn react(&self, who: (i64, i64), message: i64, emoji: Option<&str>) -> Result<(), Missing> {
        self.hub.with(|world| reactions::person_reacts(world, who, message, emoji))
    }

    /// Sets the reactions that a chat allows; none: all.
    pub fn allow_reactions(&self, chat: i64, allowed: Option<Vec<String>>) -> Result<(), Missing> {
        self.hub.with(|world| person::allow_reactions(world, chat, allowed))
    }

    /// Shuts the bot out of a chat, or lets it in again as a plain member.
    pub fn admit(&self, who: (i64, i64), standing: Standing) -> Result<(), Missing> {
        self.hub.with(|world| person::admit(world, who, (standing, None)))
    }

    /// Makes the bot an administrator of a group.
    pub fn promote(&self, who: (i64, i64), rights: Rights) -> Result<(), Missing> {
        self.hub.with(|world| person::admit(world, who, (Standing::Member, Some(rights))))
    }

    /// Has somebody write in a group in their own name, or in the group's.
    pub fn set_guise(&self, who: (i64, i64), guise: Guise) -> Result<(), Missing> {
        self.hub.with(|world| person::set_guise(world, who, guise))
    }

    /// Sets the bot's switches as its owner does with `BotFather`.
    pub fn set_settings(&self, settings: Settings) {
        self.hub.with(|world| world.set_settings(settings));
    }

    /// Another program has updates sent to a web address: the bot cannot fetch them.
    pub fn set_webhook(&self, url: &str) {
        self.hub.with(|world| world.webhook = Some(url.to_owned()));
    }

    /// What the bot is doing in a chat, `typing` and the like, and in which topic.
    pub fn doing(&self, chat: i64) -> Option<Action> {
        self.hub.with(|world| world.rooms.get(&chat)?.doing().cloned())
    }

    /// Brings the bot an update that no chat here makes: `kind` is its field, such as `message`.
    pub fn deliver(&self, kind: &str, object: &serde_json::Value) {
        self.hub.with(|world| world.tell(kind, object, None));
    }

    /// Arms a fault. Gives its id.
    pub fn fault(&self, fault: Fault) -> u64 {
        self.hub.with(|world| {
            let id = world.faults.arm(fault);
            let faults = world.faults.list();
            world.note(Change::Faults { faults });
            id
        })
    }

    /// All faults, spent ones too.
    pub fn faults(&self) -> Vec<Armed> {
        self.hub.with(|world| world.faults.list())
    }

    /// Lets a fault strike no more. It stays listed.
    pub fn disarm(&self, id: u64) {
        self.hub.with(|world| {
            world.faults.disarm(id);
            let faults = world.faults.list();
            world.note(Change::Faults { faults });
        });
    }

    /// Disarms and forgets all faults.
    pub fn clear_faults(&self) {
        self.hub.with(|world| {
            world.faults.clear();
            world.note(Change::Faults { faults: Vec::new() });
        });
    }

    /// How many calls are held at the moment.
    pub fn held(&self) -> usize {
        self.hub.with(|world| world.held())
    }

    /// Lets all held calls go on.
    pub fn let_go(&self) {
        self.hub.with(World::let_go);
    }

    /// Lets every button that was pressed and not answered expire now.
    pub fn expire(&self) {
        self.hub.with(|world| {
            world.queries.expire();
            world.touch();
        });
    }

    /// Begins anew: the first people and chats, nothing said, no faults.
    pub fn reset(&self) {
        let bot = &self.hub.options.bot;
        self.hub.with(|world| world.reset(bot));
    }

    /// Everything at once.
    pub fn state(&self) -> State {
        self.hub.with(|world| world.state())
    }

    /// Waits until the bot waits for updates.
    pub async fn wait_poll(&self, patience: Duration) -> Result<(), Late> {
        let polls =
            self.hub.until(Instant::now() + patience, |world| world.polling().then_some(()));
        polls.await.ok_or_else(|| late(patience, String::new()))
    }

    /// The messages of a chat, oldest first; none if there is no such chat.
    pub fn messages(&self, chat: i64) -> Vec<Post> {
        self.hub.with(|world| posts(world, chat))
    }

    /// Logged calls with an id greater than `after`, oldest first.
    pub fn calls(&self, after: u64) -> Vec<Call> {
        self.hub.with(|world| world.calls(after))
    }

    /// Waits until the messages of a chat give a result.
    pub async fn wait<T>(
        &self,
        chat: i64,
        patience: Duration,
        mut check: impl FnMut(&[Post]) -> Option<T>,
    ) -> Result<T, Late> {
        let found = self.hub.until(Instant::now() + patience, |world| check(&posts(world, chat)));
        found.await.ok_or_else(|| {
            let lines = self.messages(chat).into_iter().fold(String::new(), |seen, post| {
                let labels: Vec<&str> = post.buttons().map(|button| button.text.as_str()).collect();
                seen + &format!("#{} from {}: {:?} {labels:?}\n", post.id, post.from, post.text)
            });
            late(patience, lines)
        })
    }

    /// Waits until the call log gives a result.
    pub async fn wait_calls<T>(
        &self,
        patience: Duration,
        mut check: impl FnMut(&[Call]) -> Option<T>,
    ) -> Result<T, Late> {
        let found = self.hub.until(Instant::now() + patience, |world| check(&world.calls(0)));
        found.await.ok_or_else(|| {
            let lines = self.calls(0).iter().fold(String::new(), |mut seen, call| {
                // Writing to a string does not fail.
                let _ =
                    writeln!(seen, "#{} {} {}: {:?}", call.id, call.method, call.body, call.status);
                seen
            });
            late(patience, lines)
        })
    }
}

fn late(after: Duration, seen: String) -> Late {
    Late { after, seen }
}

fn posts(world: &World, chat: i64) -> Vec<Post> {
    let room = world.rooms.get(&chat);
    room.map(|room| room.posts.values().cloned().collect()).unwrap_or_default()
}
