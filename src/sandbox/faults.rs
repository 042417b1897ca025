//! Trouble on demand: what goes wrong with the next calls.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trouble {
    /// 429 with `retry_after`.
    RetryAfter {
        /// Seconds.
        seconds: u32,
    },
    /// A 5xx of Telegram's own server.
    Status {
        /// 500, 502, …
        code: u16,
    },
    /// Any refusal, in any words.
    Refuse {
        /// HTTP status and `error_code`.
        code: u16,
        /// The whole description, as in `Bad Request: TOPIC_CLOSED`.
        description: String,
    },
    /// The group has become the supergroup `chat`: 400 with `migrate_to_chat_id`.
    Moved {
        /// Its new id.
        chat: i64,
    },
    /// The connection breaks before anything has happened.
    Cut,
    /// The call takes effect, and the connection breaks before the answer: a lost reply.
    Lose,
    /// The call waits, then goes on; a file comes bit by bit.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The call waits until all are let go, or its connection breaks.
    Hold {
        /// When.
        at: Stage,
    },
}

/// A moment in the life of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nothing has happened yet, and nothing will if the connection breaks.
    Asked,
    /// The call has taken effect, and nobody knows yet.
    Done,
}

/// Trouble for the next calls that match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    pub what: Trouble,
    /// With how many calls.
    #[serde(default = "once")]
    pub times: u32,
    /// After so many that it lets pass.
    #[serde(default)]
    pub skip: u32,
    /// Only with this method, or with [`DOWNLOAD`] or [`UPLOAD`]; none: with every method but `getUpdates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only in this chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<i64>,
}

/// What the download of a file is called where a fault names it: it is no method.
pub const DOWNLOAD: &str = "download";

/// What the body of a call with a file is called: it comes bit by bit, a [`Trouble::Delay`] for each
/// megabyte, or stops after the first one for a [`Trouble::Hold`].
pub const UPLOAD: &str = "upload";

fn once() -> u32 {
    1
}

impl Fault {
    /// The next call, whatever it is.
    pub fn next(what: Trouble) -> Self {
        Self { what, times: 1, skip: 0, method: None, chat: None }
    }

    /// The next call of one method.
    pub fn on(method: &str, what: Trouble) -> Self {
        Self { method: Some(method.to_owned()), ..Self::next(what) }
    }

    /// So many calls of one method are refused in words that no bot knows.
    pub fn refusing(method: &str, code: u16, times: u32) -> Self {
        let class = if code == 403 { "Forbidden" } else { "Bad Request" };
        let description = format!("{class}: message to be refused");
        Self { times, ..Self::on(method, Trouble::Refuse { code, description }) }
    }

    fn matches(&self, method: &str, chat: Option<i64>) -> bool {
        let method_matches = match &self.method {
            Some(wanted) => wanted.eq_ignore_ascii_case(method),
            None => !["getUpdates", DOWNLOAD, UPLOAD].contains(&method),
        };
        method_matches && (self.chat.is_none() || self.chat == chat)
    }
}

/// A fault and how often it has struck. It stays listed when it is spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Armed {
    /// Counts from 1.
    pub id: u64,
    /// What was ordered.
    #[serde(flatten)]
    pub fault: Fault,
    /// How many calls it has hit.
    pub hits: u32,
}

/// All faults, oldest first; the oldest that matches strikes.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Armed>);

impl Faults {
    /// Arms a fault and gives its id.
    pub(super) fn arm(&mut self, fault: Fault) -> u64 {
        let id = self.0.last().map_or(1, |armed| armed.id + 1);
        self.0.push(Armed { id, fault, hits: 0 });
        id
    }

    /// What goes wrong with this call.
    pub(super) fn strike(&mut self, method: &str, chat: Option<i64>) -> Option<Trouble> {
        for armed in &mut self.0 {
            if armed.hits >= armed.fault.times || !armed.fault.matches(method, chat) {
                continue;
            }
            if armed.fault.skip == 0 {
                armed.hits += 1;
                return Some(armed.fault.what.clone());
            }
            armed.fault.skip -= 1;
        }
        None
    }

    /// All of them, spent ones too.
    pub(super) fn list(&self) -> Vec<Armed> {
        self.0.clone()
    }

    /// Disarms one.
    pub(super) fn disarm(&mut self, id: u64) {
        for armed in self.0.iter_mut().filter(|armed| armed.id == id) {
            armed.fault.times = armed.hits;
        }
    }

    /// Disarms and forgets all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_what_it_matches_as_often_as_told() {
        let mut faults = Faults::default();
        faults.arm(Fault { times: 2, chat: Some(7), ..Fault::on("sendmessage", Trouble::Cut) });
        faults.arm(Fault { skip: 1, ..Fault::next(Trouble::Lose) });
        for (method, chat, expected) in [
            ("getUpdates", None, None),
            ("sendMessage", Some(7), Some(Trouble::Cut)),
            ("sendMessage", Some(8), None),
            ("sendMessage", Some(8), Some(Trouble::Lose)),
            ("sendMessage", Some(8), None),
            ("sendMessage", Some(7), Some(Trouble::Cut)),
            ("sendMessage", Some(7), None),
        ] {
            assert_eq!(faults.strike(method, chat), expected, "{method} {chat:?}");
        }
        let hits: Vec<_> = faults.list().iter().map(|armed| armed.hits).collect();
        assert_eq!(hits, [2, 1]);
    }

    #[test]
    fn faults_have_a_plain_json_form() {
        let fault: Fault = serde_json::from_str(
            r#"{"what":{"kind":"retry_after","seconds":3},"method":"sendMessage"}"#,
        )
        .unwrap();
        assert_eq!(fault, Fault::on("sendMessage", Trouble::RetryAfter { seconds: 3 }));
    }
}
