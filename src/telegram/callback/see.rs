//! Buttons about sessions that run elsewhere, and their few bytes.

use crate::{
    claude::session::SessionId,
    telegram::callback::{
        Sure,
        codec::{id, session},
    },
};

/// What a person wants to see of other sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum See {
    /// Follow a session in this place.
    Follow(SessionId),
    /// Follow none.
    Unfollow,
    /// Hear nothing of a session, or hear of it again.
    Mute(SessionId, bool),
    /// Hear of what sessions do, or of nothing.
    Notices(bool),
    /// Have a card of what waits, or none.
    Card(bool),
    /// Hold messages until then, seconds since the Unix epoch; 0: no longer.
    Hold(u64),
    /// Archive a session, or take that back.
    Archive(SessionId, bool),
    /// Put a session into the trash.
    Delete(SessionId, Sure),
    /// Take it out again.
    Restore(SessionId),
    /// Go on in a copy of a session that ends with the exchange which began then, milliseconds since
    /// the Unix epoch.
    ForkAt(SessionId, u64),
    /// Go on in a session behind that exchange.
    Rewind(SessionId, u64),
}

impl See {
    /// The letter of its kind, and its fields.
    pub(super) fn encode(self) -> String {
        match self {
            Self::Follow(session) => format!("f{}", id(&session)),
            Self::Unfollow => "u".to_owned(),
            Self::Mute(session, true) => format!("m{}", id(&session)),
            Self::Mute(session, false) => format!("l{}", id(&session)),
            Self::Notices(true) => "n1".to_owned(),
            Self::Notices(false) => "n0".to_owned(),
            Self::Card(true) => "c1".to_owned(),
            Self::Card(false) => "c0".to_owned(),
            Self::Hold(until) => format!("h{until:x}"),
            Self::Archive(session, true) => format!("a{}", id(&session)),
            Self::Archive(session, false) => format!("b{}", id(&session)),
            Self::Delete(session, Sure::Ask) => format!("d{}", id(&session)),
            Self::Delete(session, Sure::Yes) => format!("y{}", id(&session)),
            Self::Restore(session) => format!("r{}", id(&session)),
            Self::ForkAt(session, at) => format!("k{}:{at:x}", id(&session)),
            Self::Rewind(session, at) => format!("w{}:{at:x}", id(&session)),
        }
    }

    pub(super) fn decode(text: &str) -> Option<Self> {
        let mut rest = text.chars();
        let (kind, fields) = (rest.next()?, rest.as_str());
        let flag = || match fields {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        };
        Some(match kind {
            'f' => Self::Follow(session(fields)?),
            'u' if fields.is_empty() => Self::Unfollow,
            'm' => Self::Mute(session(fields)?, true),
            'l' => Self::Mute(session(fields)?, false),
            'n' => Self::Notices(flag()?),
            'c' => Self::Card(flag()?),
            'h' => Self::Hold(u64::from_str_radix(fields, 16).ok()?),
            'a' => Self::Archive(session(fields)?, true),
            'b' => Self::Archive(session(fields)?, false),
            'd' => Self::Delete(session(fields)?, Sure::Ask),
            'y' => Self::Delete(session(fields)?, Sure::Yes),
            'r' => Self::Restore(session(fields)?),
            'k' => point(fields).map(|(session, at)| Self::ForkAt(session, at))?,
            'w' => point(fields).map(|(session, at)| Self::Rewind(session, at))?,
            _ => return None,
        })
    }
}

fn point(fields: &str) -> Option<(SessionId, u64)> {
    let (id, at) = fields.split_once(':')?;
    Some((session(id)?, u64::from_str_radix(at, 16).ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    /// Any of them.
    pub(crate) fn all() -> impl Strategy<Value = See> {
        let session = any::<u128>().prop_map(|id| SessionId(Uuid::from_u128(id)));
        let session = || session.clone();
        prop_oneof![
            session().prop_map(See::Follow),
            Just(See::Unfollow),
            (session(), any::<bool>()).prop_map(|(session, on)| See::Mute(session, on)),
            any::<bool>().prop_map(See::Notices),
            any::<bool>().prop_map(See::Card),
            any::<u64>().prop_map(See::Hold),
            (session(), any::<bool>()).prop_map(|(session, on)| See::Archive(session, on)),
            session().prop_map(|session| See::Delete(session, Sure::Ask)),
            session().prop_map(|session| See::Delete(session, Sure::Yes)),
            session().prop_map(See::Restore),
            (session(), any::<u64>()).prop_map(|(session, at)| See::ForkAt(session, at)),
            (session(), any::<u64>()).prop_map(|(session, at)| See::Rewind(session, at)),
        ]
    }

    #[test]
    fn damaged_data_is_refused() {
        for broken in ["", "f", "f12", "u1", "n", "n2", "c", "x", "m"] {
            assert_eq!(See::decode(broken), None, "{broken}");
        }
    }
}
