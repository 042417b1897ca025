//! What people and places want to be told of sessions, and how that is remembered: a tag on a line of
//! Claude's own history, beside the tags that bind a place.
//!
//! The last line of each wish holds. A tag of a wish names no `chat`, so it never binds a place.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::PathBuf,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    bridge::place::Place,
    claude::{
        history::{self, Entry},
        home::Home,
        session::SessionId,
    },
};

/// What is wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subscription {
    /// A place follows a session.
    Follow(Place),
    /// A person is told of what sessions of this machine do.
    Notices(u64),
    /// A person is told nothing of one session.
    Mute(u64),
    /// A person has a card of all that waits for them.
    Card(u64),
}

impl Subscription {
    fn name(self) -> &'static str {
        match self {
            Self::Follow(_) => "follow",
            Self::Notices(_) => "notices",
            Self::Mute(_) => "mute",
            Self::Card(_) => "card",
        }
    }

    /// Where it stands in a history: `display` as the person wrote it, `project` and `timestamp` as in
    /// every line; `session` is the one that it is about, if it is about one.
    pub fn entry(
        self,
        bot: u64,
        on: bool,
        (project, session): (PathBuf, Option<SessionId>),
        (display, timestamp): (&str, u64),
    ) -> Entry {
        let mut tag = Map::new();
        tag.insert("bot".to_owned(), json!(bot));
        tag.insert("wish".to_owned(), json!(self.name()));
        tag.insert("on".to_owned(), json!(on));
        match self {
            Self::Follow(place) => {
                tag.insert("to".to_owned(), json!(place));
            }
            Self::Notices(person) | Self::Mute(person) | Self::Card(person) => {
                tag.insert("person".to_owned(), json!(person));
            }
        }
        let (display, telegram) = (display.to_owned(), Some(Value::Object(tag)));
        Entry { display, timestamp, project, session, telegram }
    }

    fn read(tag: &Value) -> Option<Self> {
        let person = || tag.get("person")?.as_u64();
        Some(match tag.get("wish")?.as_str()? {
            "follow" => Self::Follow(Place::deserialize(tag.get("to")?).ok()?),
            "notices" => Self::Notices(person()?),
            "mute" => Self::Mute(person()?),
            "card" => Self::Card(person()?),
            _ => return None,
        })
    }
}

/// Every wish that holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriptions {
    /// The session that a place follows.
    pub follows: HashMap<Place, SessionId>,
    /// Who wants notices, and who wants none; the others as the configuration says.
    pub notices: HashMap<u64, bool>,
    /// Sessions that a person wants to hear nothing of.
    pub muted: HashSet<(u64, SessionId)>,
    /// Who has the card.
    pub cards: HashSet<u64>,
}

impl Subscriptions {
    /// Reads the history of `home` from its end.
    pub fn read(home: &Home, bot: u64) -> io::Result<Self> {
        let mut subscriptions = Self::default();
        let mut known = HashSet::new();
        history::newest_tagged(home, |entry| {
            let tag = entry.telegram.as_ref()?;
            let subscription = Subscription::read(tag)
                .filter(|_| tag.get("bot").and_then(Value::as_u64) == Some(bot))?;
            let about = entry.session.filter(|_| matches!(subscription, Subscription::Mute(_)));
            if known.insert((subscription, about)) {
                subscriptions.set(subscription, tag.get("on")?.as_bool()?, entry.session);
            }
            None::<()>
        })?;
        Ok(subscriptions)
    }

    /// From now on this holds.
    pub fn set(&mut self, subscription: Subscription, on: bool, session: Option<SessionId>) {
        match (subscription, session) {
            (Subscription::Follow(place), Some(session)) if on => {
                _ = self.follows.insert(place, session);
            }
            (Subscription::Follow(place), _) => _ = self.follows.remove(&place),
            (Subscription::Notices(person), _) => _ = self.notices.insert(person, on),
            (Subscription::Mute(person), Some(session)) if on => {
                _ = self.muted.insert((person, session));
            }
            (Subscription::Mute(person), Some(session)) => {
                _ = self.muted.remove(&(person, session));
            }
            (Subscription::Mute(_), None) => {}
            (Subscription::Card(person), _) if on => _ = self.cards.insert(person),
            (Subscription::Card(person), _) => _ = self.cards.remove(&person),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{binding::Binding, prompt::Source};

    #[test]
    fn the_last_line_of_each_wish_holds_and_binds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let (one, two): (SessionId, SessionId) = (
            "11111111-1111-4111-8111-111111111111".parse().unwrap(),
            "22222222-2222-4222-8222-222222222222".parse().unwrap(),
        );
        let (here, there) = (Place { chat: 5, thread: None }, Place { chat: -7, thread: Some(3) });
        let write = |bot, subscription: Subscription, on, session| {
            let entry = subscription.entry(bot, on, ("/x".into(), session), ("/follow", 9));
            assert_eq!(Binding::read(&entry), None, "{entry:?}");
            history::append(&home, &entry).unwrap();
        };
        let binding = Binding::to("/x".into(), one);
        let source = Source { bot: 1, place: here, message: 1 };
        history::append(&home, &binding.entry(source, "hello", 9)).unwrap();
        write(1, Subscription::Follow(here), true, Some(one));
        write(1, Subscription::Follow(there), true, Some(one));
        write(1, Subscription::Follow(there), true, Some(two));
        write(1, Subscription::Follow(here), false, Some(one));
        write(2, Subscription::Follow(here), true, Some(two));
        write(1, Subscription::Notices(5), true, None);
        write(1, Subscription::Notices(5), false, None);
        write(1, Subscription::Mute(5), true, Some(one));
        write(1, Subscription::Mute(5), true, Some(two));
        write(1, Subscription::Mute(5), false, Some(one));
        write(1, Subscription::Card(5), true, None);
        let expected = Subscriptions {
            follows: [(there, two)].into(),
            notices: [(5, false)].into(),
            muted: [(5, two)].into(),
            cards: [5].into(),
        };
        assert_eq!(Subscriptions::read(&home, 1).unwrap(), expected);
    }
}
