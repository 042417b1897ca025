//! What a button says when it is pressed: a [`Tap`], in at most 64 bytes of `callback_data`.
//!
//! Taps carry all they need, so that a button works after a restart: sessions by id, directories by
//! a hash that is looked up among the known ones. A prompt that a button sends on is not in it: it
//! is the message that the button's message replies to ([`Carry`]). Only questions and turns belong to a
//! process; their taps are found stale when that has ended.

use std::{fmt, path::Path};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    bridge::{follow::When, question::Press},
    claude::session::SessionId,
    telegram::{handover::Hand, later::Later, steering::Steer},
};

/// Telegram's limit for `callback_data`, bytes. <https://core.telegram.org/bots/api#inlinekeyboardbutton>
pub const LIMIT: usize = 64;

/// Digits of a [`Key`].
const KEY: usize = 16;

/// What a person wants who presses a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tap {
    /// Stop the turn of this prompt.
    Stop(Key),
    /// Do something to a question of Claude's.
    Answer(Key, Press),
    /// Show a page of sessions.
    List(List, Carry),
    /// Show a page of directories.
    Projects(u16, Carry),
    /// Work in a session.
    Pick(SessionId, Carry),
    /// Start a new session in a directory, or in the place's own.
    New(Option<Key>, Carry),
    /// Work in a directory.
    Directory(Key, Carry),
    /// Work in a directory that was never trusted, and send the prompt.
    Trust(Key),
    /// Go on in a copy of a session, with the prompt.
    Fork(SessionId),
    /// Send the prompt to the terminal that has a session open.
    Terminal(SessionId),
    /// End the terminal that has a session open, and go on here with the prompt.
    TakeOver(SessionId, When),
    /// Send the prompt again to a session, as this attempt.
    Again(SessionId, u32),
    /// Ask the session to go on with the prompt, as this attempt.
    GoOn(SessionId, u32),
    /// Send the prompt, or that it may go on, when a limit resets.
    Later(Later),
    /// Steer.
    Steer(Steer),
    /// Ask Claude to try once more what was never answered.
    AskAgain(SessionId),
    /// Make room in a session's context.
    Compact(SessionId),
    /// Something about files, voice or what was said before.
    Hand(Hand),
}

/// Whether a button takes a prompt along: the message that its own message replies to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carry {
    /// It only changes where the place is.
    #[default]
    Nothing,
    /// It also sends the prompt that waits.
    Prompt,
}

/// A page of the sessions of a directory or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The directory, or None for all.
    pub directory: Option<Key>,
    /// 0 for the first.
    pub page: u16,
    /// Also the sessions that the CLI's own picker hides.
    pub hidden: bool,
    /// What title, directory or first prompt must contain.
    pub words: String,
}

/// A short stand-in for something long: the first 8 bytes of its SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub u64);

impl Key {
    /// The key of any bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        let digest = Sha256::digest(bytes);
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(first))
    }

    /// The key of a directory.
    pub fn of_path(path: &Path) -> Self {
        Self::of(path.as_os_str().as_encoded_bytes())
    }
}

impl Tap {
    /// The tap as `callback_data`, or None when words make it longer than [`LIMIT`].
    ///
    /// The first letter is the kind, in upper case where a prompt is carried.
    pub fn encode(&self) -> Option<String> {
        let (kind, rest, carry) = match self {
            Self::Stop(key) => ('x', key.to_string(), Carry::Nothing),
            Self::Answer(key, press) => ('q', format!("{key}{press}"), Carry::Nothing),
            Self::List(list, carry) => ('l', list.to_string(), *carry),
            Self::Projects(page, carry) => ('p', format!("{page:x}"), *carry),
            Self::Pick(session, carry) => ('s', session.0.simple().to_string(), *carry),
            Self::New(directory, carry) => {
                ('w', directory.map_or_else(String::new, |key| key.to_string()), *carry)
            }
            Self::Directory(key, carry) => ('d', key.to_string(), *carry),
            Self::Trust(key) => ('t', key.to_string(), Carry::Prompt),
            Self::Fork(session) => ('f', session.0.simple().to_string(), Carry::Prompt),
            Self::AskAgain(session) => ('r', session.0.simple().to_string(), Carry::Nothing),
            Self::Compact(session) => ('c', session.0.simple().to_string(), Carry::Nothing),
            Self::Terminal(session) => ('i', session.0.simple().to_string(), Carry::Prompt),
            Self::TakeOver(session, When::Idle) => {
                ('o', session.0.simple().to_string(), Carry::Prompt)
            }
            Self::TakeOver(session, When::Now) => {
                ('k', session.0.simple().to_string(), Carry::Prompt)
            }
            Self::Again(session, attempt) => {
                ('a', format!("{}:{attempt:x}", session.0.simple()), Carry::Prompt)
            }
            Self::GoOn(session, attempt) => {
                ('g', format!("{}:{attempt:x}", session.0.simple()), Carry::Prompt)
            }
            Self::Later(later) => ('z', later.encode(), Carry::Prompt),
            Self::Hand(hand) => ('h', hand.encode(), Carry::Nothing),
            Self::Steer(steer) => ('v', steer.encode(), Carry::Nothing),
        };
        let kind = if carry == Carry::Prompt { kind.to_ascii_uppercase() } else { kind };
        let data = format!("{kind}{rest}");
        (data.len() <= LIMIT).then_some(data)
    }

    /// Reads `callback_data`; None for what is not, or no longer, ours.
    pub fn decode(data: &str) -> Option<Self> {
        let mut chars = data.chars();
        let (kind, rest) = (chars.next()?, chars.as_str());
        let carry = if kind.is_ascii_uppercase() { Carry::Prompt } else { Carry::Nothing };
        Some(match (kind.to_ascii_lowercase(), carry) {
            ('x', Carry::Nothing) => Self::Stop(key(rest)?),
            ('v', Carry::Nothing) => Self::Steer(Steer::decode(rest)?),
            ('q', Carry::Nothing) => {
                let (digits, press) = rest.split_at_checked(KEY)?;
                Self::Answer(key(digits)?, Press::read(press)?)
            }
            ('r', Carry::Nothing) => Self::AskAgain(session(rest)?),
            ('c', Carry::Nothing) => Self::Compact(session(rest)?),
            ('l', carry) => Self::List(list(rest)?, carry),
            ('p', carry) => Self::Projects(u16::from_str_radix(rest, 16).ok()?, carry),
            ('s', carry) => Self::Pick(session(rest)?, carry),
            ('w', carry) => Self::New(if rest.is_empty() { None } else { Some(key(rest)?) }, carry),
            ('d', carry) => Self::Directory(key(rest)?, carry),
            ('t', Carry::Prompt) => Self::Trust(key(rest)?),
            ('f', Carry::Prompt) => Self::Fork(session(rest)?),
            ('i', Carry::Prompt) => Self::Terminal(session(rest)?),
            ('o', Carry::Prompt) => Self::TakeOver(session(rest)?, When::Idle),
            ('k', Carry::Prompt) => Self::TakeOver(session(rest)?, When::Now),
            ('a', Carry::Prompt) => {
                let (id, attempt) = rest.split_once(':')?;
                Self::Again(session(id)?, u32::from_str_radix(attempt, 16).ok()?)
            }
            ('g', Carry::Prompt) => {
                let (id, attempt) = rest.split_once(':')?;
                Self::GoOn(session(id)?, u32::from_str_radix(attempt, 16).ok()?)
            }
            ('z', Carry::Prompt) => Self::Later(Later::decode(rest)?),
            ('h', Carry::Nothing) => Self::Hand(Hand::decode(rest)?),
            _ => return None,
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(directory) = self.directory {
            write!(f, "{directory}")?;
        }
        write!(f, ":{:x}{}:{}", self.page, if self.hidden { "h" } else { "" }, self.words)
    }
}

pub(super) fn key(text: &str) -> Option<Key> {
    // A shorter one would be longer when it is written again.
    (text.len() == KEY).then(|| u64::from_str_radix(text, 16).ok().map(Key))?
}

pub(super) fn session(text: &str) -> Option<SessionId> {
    Uuid::try_parse(text).ok().map(SessionId)
}

fn list(text: &str) -> Option<List> {
    let mut fields = text.splitn(3, ':');
    let (directory, page, words) = (fields.next()?, fields.next()?, fields.next()?);
    let (page, hidden) = page.strip_suffix('h').map_or((page, false), |page| (page, true));
    Some(List {
        directory: if directory.is_empty() { None } else { Some(key(directory)?) },
        page: u16::from_str_radix(page, 16).ok()?,
        hidden,
        words: words.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bridge::{choices::Choice, verbosity::Verbosity};

    fn keys() -> impl Strategy<Value = Key> {
        any::<u64>().prop_map(Key)
    }

    fn sessions() -> impl Strategy<Value = SessionId> {
        any::<u128>().prop_map(|id| SessionId(Uuid::from_u128(id)))
    }

    fn carries() -> impl Strategy<Value = Carry> {
        prop_oneof![Just(Carry::Nothing), Just(Carry::Prompt)]
    }

    fn lists() -> impl Strategy<Value = List> {
        (proptest::option::of(keys()), any::<u16>(), any::<bool>(), "\\PC{0,40}")
            .prop_map(|(directory, page, hidden, words)| List { directory, page, hidden, words })
    }

    fn steers() -> impl Strategy<Value = Steer> {
        let choices = prop_oneof![Just(Choice::Mode), Just(Choice::Model), Just(Choice::Effort)];
        prop_oneof![
            (choices, "[a-zA-Z0-9.:-]{1,60}")
                .prop_map(|(choice, value)| Steer::Choose(choice, value)),
            (0..3_u64).prop_map(|level| Steer::Verbose(Verbosity::of(level).unwrap())),
            Just(Steer::Bypass),
            "\\PC{1,14}".prop_map(Steer::Agent),
            keys().prop_map(Steer::TakeBack),
            sessions().prop_map(Steer::Suggest),
            sessions().prop_map(Steer::Title),
        ]
    }

    fn presses() -> impl Strategy<Value = Press> {
        prop_oneof![
            Just(Press::Allow),
            Just(Press::Deny),
            Just(Press::Write),
            any::<u8>().prop_map(Press::Grant),
            any::<(u8, u8)>().prop_map(|(question, option)| Press::Pick(question, option)),
        ]
    }

    fn taps() -> impl Strategy<Value = Tap> {
        prop_oneof![
            keys().prop_map(Tap::Stop),
            (keys(), presses()).prop_map(|(key, press)| Tap::Answer(key, press)),
            (lists(), carries()).prop_map(|(list, carry)| Tap::List(list, carry)),
            (any::<u16>(), carries()).prop_map(|(page, carry)| Tap::Projects(page, carry)),
            (sessions(), carries()).prop_map(|(id, carry)| Tap::Pick(id, carry)),
            (proptest::option::of(keys()), carries()).prop_map(|(key, carry)| Tap::New(key, carry)),
            (keys(), carries()).prop_map(|(key, carry)| Tap::Directory(key, carry)),
            keys().prop_map(Tap::Trust),
            sessions().prop_map(Tap::Fork),
            sessions().prop_map(Tap::AskAgain),
            sessions().prop_map(Tap::Compact),
            sessions().prop_map(Tap::Terminal),
            sessions().prop_map(|id| Tap::TakeOver(id, When::Idle)),
            sessions().prop_map(|id| Tap::TakeOver(id, When::Now)),
            (sessions(), any::<u32>()).prop_map(|(id, attempt)| Tap::Again(id, attempt)),
            (sessions(), any::<u32>()).prop_map(|(id, attempt)| Tap::GoOn(id, attempt)),
            steers().prop_map(Tap::Steer),
        ]
    }

    proptest! {
        #[test]
        fn taps_round_trip_within_64_bytes(tap in taps()) {
            let long = matches!(&tap, Tap::List(list, _) if list.words.len() > 30);
            match tap.encode() {
                Some(data) => {
                    prop_assert!(!data.is_empty() && data.len() <= LIMIT);
                    prop_assert_eq!(Tap::decode(&data), Some(tap));
                }
                None => prop_assert!(long, "{:?} does not fit", tap),
            }
        }

        #[test]
        fn what_is_read_fits_again(digits in "[0-9a-f]{1,16}", words in "[a-z]{30,44}") {
            if let Some(tap) = Tap::decode(&format!("l{digits}:0:{words}")) {
                prop_assert_eq!(tap.encode().as_deref().and_then(Tap::decode), Some(tap));
            }
        }

        #[test]
        fn anything_else_is_refused_without_a_panic(data in "\\PC{0,64}") {
            if let Some(tap) = Tap::decode(&data) {
                prop_assert!(tap.encode().is_some());
            }
        }
    }
}
