//! The log of every call that the bot made.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

/// Calls remembered; the oldest go first.
const KEPT: usize = 5_000;

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// Counts from 1.
    pub id: u64,
    /// When it came, milliseconds since the Unix epoch.
    pub at: u64,
    /// Method in Telegram's own spelling; as it was sent where it is unknown.
    pub method: String,
    /// `chat_id`, where there is one.
    pub chat: Option<i64>,
    /// Arguments as they came.
    pub body: Value,
    /// HTTP status; none if the connection was cut.
    pub status: Option<u16>,
    /// The whole envelope, even if it never arrived.
    pub response: Value,
    /// From arrival to answer, milliseconds.
    pub took: u64,
}

/// The newest calls, oldest first.
#[derive(Debug, Default)]
pub(super) struct Log {
    calls: VecDeque<Call>,
    count: u64,
}

impl Log {
    /// Appends a call and numbers it.
    pub(super) fn push(&mut self, mut call: Call) -> Call {
        self.count += 1;
        call.id = self.count;
        self.calls.push_back(call.clone());
        if self.calls.len() > KEPT {
            self.calls.pop_front();
        }
        call
    }

    /// Calls with a greater id.
    pub(super) fn after(&self, id: u64) -> Vec<Call> {
        self.calls.iter().filter(|call| call.id > id).cloned().collect()
    }
}
