//! Standard output: one event a line, as `--output-format stream-json` has them.
//!
//! A closed pipe is no error here: whoever hung up closes standard input as well, and that ends
//! the process.

use std::{
    io::{self, Write},
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// What is told, and for which session.
pub(super) struct Wire {
    /// Stamped on every event.
    pub(super) session: Uuid,
    /// Whether there is a stream at all.
    pub(super) events: Told,
    /// Whether texts are told while they grow.
    pub(super) partial: Told,
    /// Whether prompts and answers to our requests are told back.
    pub(super) replay: Told,
}

/// Whether a kind of event is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Told {
    Yes,
    #[default]
    No,
}

impl From<bool> for Told {
    fn from(told: bool) -> Self {
        if told { Self::Yes } else { Self::No }
    }
}

impl Wire {
    /// Tells an event; it gets the session, and an id where it has none.
    pub(super) fn tell(&self, mut event: Value) {
        event["session_id"] = json!(self.session);
        if event.get("uuid").is_none() {
            event["uuid"] = json!(Uuid::new_v4());
        }
        self.tell_bare(&event);
    }

    /// Tells a line of the control protocol, which belongs to no session.
    pub(super) fn tell_bare(&self, line: &Value) {
        if self.events == Told::Yes {
            say(line);
        }
    }

    /// Tells a piece of a message that is being written.
    pub(super) fn tell_partial(&self, message: &str, event: Value) {
        self.tell_partial_with(message, event, json!({}));
    }

    /// The same with further fields.
    pub(super) fn tell_partial_with(&self, message: &str, event: Value, more: Value) {
        if self.partial == Told::No {
            return;
        }
        let mut line = more;
        line["type"] = "stream_event".into();
        line["event"] = event;
        line["parent_tool_use_id"] = Value::Null;
        line["api_message_id"] = message.into();
        self.tell(line);
    }

    /// Tells a prompt back.
    pub(super) fn tell_replay(&self, event: Value) {
        if self.replay == Told::Yes {
            self.tell(event);
        }
    }

    /// Tells what became of a prompt.
    pub(super) fn tell_lifecycle(&self, prompt: Option<Uuid>, state: &str) {
        if let Some(prompt) = prompt {
            self.tell(json!({
                "type": "command_lifecycle", "command_uuid": prompt, "state": state,
            }));
        }
    }
}

/// The event that tells a prompt back, without the time at which it was taken.
pub(super) fn replay(uuid: Uuid, content: &Value) -> Value {
    json!({
        "type": "user", "message": {"role": "user", "content": content},
        "parent_tool_use_id": null, "uuid": uuid, "isReplay": true,
    })
}

/// Writes a line at once.
pub(super) fn say(line: &Value) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes a line to standard error.
pub(super) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Now, as the CLI writes it.
pub(super) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Now in milliseconds since the Unix epoch.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
