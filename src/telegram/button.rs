//! What a button says when it is pressed: a [`Tap`], in at most 64 bytes of `callback_data`.
//!
//! Taps carry all they need, so that a button works after a restart: sessions by id, directories by
//! a hash that is looked up among the known ones. A prompt that a button sends on is not in it: it
//! is the message that the button's message replies to. Only questions and turns belong to a
//! process; their taps are found stale when that has ended.

use std::path::Path;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::claude::session::SessionId;

/// Telegram's limit for `callback_data`, bytes. <https://core.telegram.org/bots/api#inlinekeyboardbutton>
pub const LIMIT: usize = 64;

/// What a person wants who presses a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tap {
    /// Stop the turn of this prompt.
    Stop(Key),
    /// Let a tool run.
    Allow(Key),
    /// Do not let a tool run.
    Deny(Key),
    /// Show a page of sessions.
    List(List),
    /// Show a page of directories.
    Projects(u16),
    /// Work in a session, and send it the prompt if there is one.
    Pick(SessionId),
    /// Start a new session in the place's directory, with the prompt if there is one.
    New,
    /// Work in a directory, and send the prompt if there is one.
    Directory(Key),
    /// Work in a directory that was never trusted, and send the prompt.
    Trust(Key),
    /// Go on in a copy of a session, with the prompt.
    Fork(SessionId),
    /// Send the prompt again to a session, as this attempt.
    Again(SessionId, u32),
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
    pub fn encode(&self) -> Option<String> {
        let data = match self {
            Self::Stop(key) => format!("x{:016x}", key.0),
            Self::Allow(key) => format!("y{:016x}", key.0),
            Self::Deny(key) => format!("n{:016x}", key.0),
            Self::List(list) => {
                let directory = list.directory.map_or_else(String::new, |key| format!("{:x}", key.0));
                let hidden = if list.hidden { "h" } else { "" };
                format!("l{directory}:{:x}{hidden}:{}", list.page, list.words)
            }
            Self::Projects(page) => format!("p{page:x}"),
            Self::Pick(session) => format!("s{}", session.0.simple()),
            Self::New => "w".to_owned(),
            Self::Directory(key) => format!("d{:016x}", key.0),
            Self::Trust(key) => format!("t{:016x}", key.0),
            Self::Fork(session) => format!("f{}", session.0.simple()),
            Self::Again(session, attempt) => format!("a{}:{attempt:x}", session.0.simple()),
        };
        (data.len() <= LIMIT).then_some(data)
    }

    /// Reads `callback_data`; None for what is not, or no longer, ours.
    pub fn decode(data: &str) -> Option<Self> {
        let mut chars = data.chars();
        let (kind, rest) = (chars.next()?, chars.as_str());
        Some(match kind {
            'x' => Self::Stop(key(rest)?),
            'y' => Self::Allow(key(rest)?),
            'n' => Self::Deny(key(rest)?),
            'l' => Self::List(list(rest)?),
            'p' => Self::Projects(u16::from_str_radix(rest, 16).ok()?),
            's' => Self::Pick(session(rest)?),
            'w' if rest.is_empty() => Self::New,
            'd' => Self::Directory(key(rest)?),
            't' => Self::Trust(key(rest)?),
            'f' => Self::Fork(session(rest)?),
            'a' => {
                let (id, attempt) = rest.split_once(':')?;
                Self::Again(session(id)?, u32::from_str_radix(attempt, 16).ok()?)
            }
            _ => return None,
        })
    }
}

fn key(text: &str) -> Option<Key> {
    u64::from_str_radix(text, 16).ok().map(Key)
}

fn session(text: &str) -> Option<SessionId> {
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

    fn keys() -> impl Strategy<Value = Key> {
        any::<u64>().prop_map(Key)
    }

    fn sessions() -> impl Strategy<Value = SessionId> {
        any::<u128>().prop_map(|id| SessionId(Uuid::from_u128(id)))
    }

    fn lists() -> impl Strategy<Value = List> {
        (proptest::option::of(keys()), any::<u16>(), any::<bool>(), "\\PC{0,40}")
            .prop_map(|(directory, page, hidden, words)| List { directory, page, hidden, words })
    }

    fn taps() -> impl Strategy<Value = Tap> {
        prop_oneof![
            keys().prop_map(Tap::Stop),
            keys().prop_map(Tap::Allow),
            keys().prop_map(Tap::Deny),
            lists().prop_map(Tap::List),
            any::<u16>().prop_map(Tap::Projects),
            sessions().prop_map(Tap::Pick),
            Just(Tap::New),
            keys().prop_map(Tap::Directory),
            keys().prop_map(Tap::Trust),
            sessions().prop_map(Tap::Fork),
            (sessions(), any::<u32>()).prop_map(|(id, attempt)| Tap::Again(id, attempt)),
        ]
    }

    proptest! {
        #[test]
        fn taps_round_trip_within_64_bytes(tap in taps()) {
            let long = matches!(&tap, Tap::List(list) if list.words.len() > 30);
            match tap.encode() {
                Some(data) => {
                    prop_assert!(!data.is_empty() && data.len() <= LIMIT);
                    prop_assert_eq!(Tap::decode(&data), Some(tap));
                }
                None => prop_assert!(long, "{:?} does not fit", tap),
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
