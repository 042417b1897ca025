//! Taps about files, voice and what was said before: a family of [`Tap`](super::button::Tap)s.
//!
//! Files are named by a hash of their path: in which folder to look stands in the message that
//! carries the button, or in the session that its small line links to.

use crate::{
    claude::session::SessionId,
    telegram::button::{Key, key, session},
};

/// What a person wants of a file, of what was heard, or of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Look into, or get, an entry of the folder that the message shows.
    Get(Key),
    /// Get a file that Claude has written in the session of the message.
    Send(Key),
    /// See how such a file differs from the last commit.
    Diff(Key),
    /// See all that differs.
    DiffAll,
    /// Send what was heard.
    Say,
    /// Forget what was heard.
    Discard,
    /// See so many exchanges of a session, leaving out as many newer ones.
    Earlier {
        /// The session.
        session: SessionId,
        /// How many newer ones were seen.
        skip: u16,
        /// How many to show.
        take: u16,
    },
    /// Get a whole session.
    Export(SessionId, Format),
}

/// How a session is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A page that looks the same everywhere.
    Html,
    /// Text.
    Markdown,
}

impl Hand {
    pub(super) fn encode(&self) -> String {
        match self {
            Self::Get(key) => format!("g{key}"),
            Self::Send(key) => format!("s{key}"),
            Self::Diff(key) => format!("d{key}"),
            Self::DiffAll => "a".to_owned(),
            Self::Say => "y".to_owned(),
            Self::Discard => "n".to_owned(),
            Self::Earlier { session, skip, take } => {
                format!("e{}:{skip:x}:{take:x}", session.0.simple())
            }
            Self::Export(session, Format::Html) => format!("h{}", session.0.simple()),
            Self::Export(session, Format::Markdown) => format!("m{}", session.0.simple()),
        }
    }

    pub(super) fn decode(data: &str) -> Option<Self> {
        let mut chars = data.chars();
        let (kind, rest) = (chars.next()?, chars.as_str());
        Some(match kind {
            'g' => Self::Get(key(rest)?),
            's' => Self::Send(key(rest)?),
            'd' => Self::Diff(key(rest)?),
            'a' if rest.is_empty() => Self::DiffAll,
            'y' if rest.is_empty() => Self::Say,
            'n' if rest.is_empty() => Self::Discard,
            'e' => {
                let mut fields = rest.splitn(3, ':');
                let number = |text: &str| u16::from_str_radix(text, 16).ok();
                Self::Earlier {
                    session: session(fields.next()?)?,
                    skip: number(fields.next()?)?,
                    take: number(fields.next()?)?,
                }
            }
            'h' => Self::Export(session(rest)?, Format::Html),
            'm' => Self::Export(session(rest)?, Format::Markdown),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::button::{LIMIT, Tap};

    #[test]
    fn what_is_encoded_is_read_again_and_fits() {
        let id: SessionId = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let key = Key(u64::MAX);
        for hand in [
            Hand::Get(key),
            Hand::Send(key),
            Hand::Diff(key),
            Hand::DiffAll,
            Hand::Say,
            Hand::Discard,
            Hand::Earlier { session: id, skip: u16::MAX, take: 7 },
            Hand::Export(id, Format::Html),
            Hand::Export(id, Format::Markdown),
        ] {
            let data = Tap::Hand(hand).encode().unwrap();
            assert!(data.len() <= LIMIT);
            assert_eq!(Tap::decode(&data), Some(Tap::Hand(hand)), "{data}");
        }
        for broken in ["h", "hz", "hax", "he1", "hg"] {
            assert_eq!(Tap::decode(broken), None, "{broken}");
        }
    }
}
