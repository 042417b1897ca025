//! Where a conversation happens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A chat, or one topic of it. Bindings, turns and questions belong to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Telegram's chat id: positive for a private chat, negative for a group.
    pub chat: i64,
    /// Id of the topic (`message_thread_id`), where the message came from one.
    pub thread: Option<i32>,
}

impl Place {
    /// Whether others may read and write here.
    pub fn is_group(self) -> bool {
        self.chat < 0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.thread {
            Some(thread) => write!(f, "{}/{thread}", self.chat),
            None => write!(f, "{}", self.chat),
        }
    }
}
