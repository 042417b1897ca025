//! The messages of a conversation as `--resume-session-at` names them: where it can be gone back to.
//!
//! Claude knows nothing from before the last compaction but its summary, so what stands before it
//! cannot be gone back to and is left out.
//!
//! A process that has gone back writes where the conversation ends now (`last-prompt`) when it ends
//! politely. Until then a resume follows the branch that was left, and whoever knows better must say so
//! ([`back`]).

use std::{collections::HashSet, io, path::Path};

use uuid::Uuid;

use super::{exchange::begins, story::Outline};
use crate::claude::{
    jsonl::Lines,
    literals::COMPACT_BOUNDARY,
    record::{Kind, Record},
};

/// The messages of the active branch since its last compaction, oldest first.
#[derive(Debug, Default)]
pub struct Messages(Vec<Message>);

#[derive(Debug)]
struct Message {
    id: Uuid,
    /// When the exchange that it is part of began, milliseconds since the Unix epoch.
    asked: Option<u64>,
    /// Number of that exchange.
    exchange: usize,
}

/// The end of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Its last message.
    pub message: Uuid,
    /// How many exchanges came after it.
    pub newer: usize,
}

impl Messages {
    /// Reads the whole file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut messages = Vec::new();
        let (mut asked, mut exchange) = (None, 0);
        Outline::of(path)?.records(|record| {
            if record.sidechain {
                return;
            }
            if begins(record) {
                (asked, exchange) = (record.at, exchange + 1);
            }
            match (&record.kind, record.uuid) {
                (Kind::System { subtype, .. }, _) if subtype == COMPACT_BOUNDARY => {
                    messages.clear();
                }
                (Kind::User(_) | Kind::Assistant(_), Some(id)) => {
                    messages.push(Message { id, asked, exchange });
                }
                _ => {}
            }
        })?;
        Ok(Self(messages))
    }

    /// The last one.
    pub fn last(&self) -> Option<Uuid> {
        self.0.last().map(|message| message.id)
    }

    /// Whether a message is one of them.
    pub fn has(&self, id: Uuid) -> bool {
        self.0.iter().any(|message| message.id == id)
    }

    /// The end of the exchange that was the last to begin by a moment, milliseconds since the Unix
    /// epoch.
    pub fn end_of(&self, at: u64) -> Option<End> {
        let is_by = |message: &&Message| message.asked.is_none_or(|asked| asked <= at);
        let last = self.0.iter().rfind(is_by)?;
        let newer = self.0.last()?.exchange - last.exchange;
        Some(End { message: last.id, newer })
    }
}

/// What has become of the wish to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// The next process must be told to go on behind this message.
    To(Uuid),
    /// A resume follows the new branch.
    Done,
    /// The conversation has gone on where it was.
    WentOn,
}

/// What has become of the wish to go back to `at` in a conversation whose last message was `from`.
pub fn back(path: &Path, at: Uuid, from: Uuid) -> io::Result<Back> {
    let messages = Messages::read(path)?;
    if messages.last() != Some(from) {
        return Ok(if messages.has(from) { Back::WentOn } else { Back::Done });
    }
    // What was said behind `at` since is a branch that no resume finds yet.
    let (mut branch, mut last, mut is_behind) = (HashSet::from([at]), at, false);
    let mut lines = Lines::open(path, 0)?;
    while let Some(line) = lines.next()? {
        let Some(Ok(record)) = line.bytes().map(Record::decode) else { continue };
        let Some(id) = record.uuid.filter(|_| !record.sidechain) else { continue };
        if is_behind && record.parent.is_some_and(|parent| branch.contains(&parent)) {
            branch.insert(id);
            if matches!(record.kind, Kind::User(_) | Kind::Assistant(_)) {
                last = id;
            }
        }
        is_behind |= id == from;
    }
    Ok(Back::To(last))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn an_exchange_ends_before_the_next_and_none_is_from_before_a_compaction() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jsonl");
        let line = |number: u128, kind: &str, content: serde_json::Value| {
            json!({"type": kind, "uuid": id(number), "parentUuid": (number > 1).then(|| id(number - 1)),
                "timestamp": format!("1970-01-01T00:00:{number:02}Z"),
                "message": {"role": kind, "content": content}})
        };
        let said = |number| line(number, "assistant", json!([{"type": "text", "text": "so"}]));
        let mut lines = vec![
            line(1, "user", json!("one")),
            said(2),
            line(3, "user", json!("two")),
            line(
                4,
                "assistant",
                json!([{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]),
            ),
            line(5, "user", json!([{"type": "tool_result", "tool_use_id": "t", "content": "x"}])),
            said(6),
            line(7, "user", json!("three")),
            said(8),
        ];
        let write = |lines: &[serde_json::Value]| {
            let text = lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            fs::write(&path, text + "\n").unwrap();
            Messages::read(&path).unwrap()
        };
        let messages = write(&lines);
        for (second, message, newer) in [(1, 2, 2), (2, 2, 2), (4, 6, 1), (7, 8, 0), (99, 8, 0)] {
            let end = Some(End { message: id(message), newer });
            assert_eq!(messages.end_of(second * 1_000), end, "{second}");
        }
        assert_eq!((messages.end_of(999), messages.last()), (None, Some(id(8))));
        let (at, from) = (id(2), id(8));
        assert_eq!(back(&path, at, from).unwrap(), Back::To(at));
        let beside = |number: u128, parent: u128, kind: &str| {
            let mut line = line(number, kind, json!([{"type": "text", "text": "so"}]));
            line["parentUuid"] = json!(id(parent));
            line
        };
        let leaf = |number| json!({"type": "last-prompt", "leafUuid": id(number)});
        let mut other = lines.clone();
        other.extend([leaf(8), beside(20, 2, "user"), beside(21, 20, "assistant")]);
        write(&other);
        assert_eq!(back(&path, at, from).unwrap(), Back::To(id(21)));
        other.push(leaf(21));
        write(&other);
        assert_eq!(back(&path, at, from).unwrap(), Back::Done);
        other.truncate(8);
        other.push(beside(22, 8, "user"));
        write(&other);
        assert_eq!(back(&path, at, from).unwrap(), Back::WentOn);
        let boundary = json!({"type": "system", "subtype": COMPACT_BOUNDARY, "uuid": id(9),
            "logicalParentUuid": id(8), "parentUuid": null, "timestamp": "1970-01-01T00:00:09Z"});
        lines.extend([boundary, line(10, "user", json!("four")), said(11)]);
        let messages = write(&lines);
        assert!(messages.has(id(11)) && !messages.has(id(8)));
        assert_eq!(messages.end_of(8_000), None);
    }
}
