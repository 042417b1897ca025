//! What a transcript says of the conversation so far: its active branch, and no more.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use serde_json::Value;
use uuid::Uuid;

use super::input::text;

/// A conversation that is resumed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Past {
    /// The prompts of the person since the last compaction, oldest first.
    pub(super) prompts: Vec<String>,
    /// Ids of the prompts that something came after.
    pub(super) answered: HashSet<Uuid>,
    /// The last prompt, if nothing came after it.
    pub(super) unanswered: Option<Uuid>,
    /// Where the next record is attached.
    pub(super) leaf: Option<Uuid>,
}

struct Node {
    parent: Option<Uuid>,
    role: Role,
}

enum Role {
    Prompt(String),
    /// A prompt that was taken into a running turn. Its id is not looked for again.
    Folded(String),
    Reaction,
    Boundary,
    Other,
}

impl Past {
    /// Reads a transcript; lines that are no records are passed over.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let tree = Tree::read(path)?;
        Ok(tree.past(tree.leaf()))
    }

    /// The same up to a record, from which the conversation goes on. `drops` names the only prompt
    /// that may be lost by that, with its turn. The inner error is the CLI's refusal.
    pub(super) fn read_until(
        path: &Path,
        at: &str,
        drops: Option<&str>,
    ) -> io::Result<Result<Self, String>> {
        let tree = Tree::read(path)?;
        let uuid = Uuid::try_parse(at).ok().filter(|uuid| tree.nodes.contains_key(uuid));
        let Some(uuid) = uuid else {
            return Ok(Err(format!("No message found with message.uuid of: {at}")));
        };
        Ok(match drops.and_then(|drops| tree.refusal(uuid, drops)) {
            Some(line) => Err(line),
            None => Ok(tree.past(Some(uuid))),
        })
    }
}

impl Tree {
    fn read(path: &Path) -> io::Result<Self> {
        let mut tree = Tree::default();
        let mut file = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        while file.read_until(b'\n', &mut line)? > 0 {
            if let Ok(record) = serde_json::from_slice::<Value>(&line) {
                tree.add(&record);
            }
            line.clear();
        }
        Ok(tree)
    }

    /// Why more than the turn of one prompt would be lost after a record; none if no more is.
    fn refusal(&self, at: Uuid, drops: &str) -> Option<String> {
        let mut lost: Vec<Uuid> = Vec::new();
        let mut next = self.leaf();
        while let Some(uuid) = next.filter(|uuid| *uuid != at) {
            lost.push(uuid);
            next = self.nodes.get(&uuid).and_then(|node| node.parent);
        }
        let entries = lost.iter().rev().enumerate();
        let mut prompts = entries.filter(|(_, uuid)| {
            matches!(self.nodes.get(uuid).map(|node| &node.role), Some(Role::Prompt(_)))
        });
        let (index, first) = prompts.next()?;
        let why = if first.to_string() == drops {
            let (index, other) = prompts.next()?;
            format!(
                "range contains a user entry not attributable to the declared turn; entry \
                 {index} [type=user, uuid={other}]"
            )
        } else {
            format!(
                "range does not start with the declared turn prompt; first discarded entry \
                 {index} [type=user, uuid={first}]"
            )
        };
        Some(format!(
            "Resume rejected by --resume-drops-turn: resuming at {at} would discard entries not \
             attributable to turn {drops}: {why}"
        ))
    }
}

#[derive(Default)]
struct Tree {
    nodes: HashMap<Uuid, Node>,
    /// The newest child of each record.
    children: HashMap<Uuid, Uuid>,
    newest: Option<Uuid>,
    /// The leaf that the last `last-prompt` names.
    marked: Option<Uuid>,
}

impl Tree {
    fn add(&mut self, record: &Value) {
        if record["type"] == "last-prompt" {
            self.marked = id(&record["leafUuid"]).or(self.marked);
        }
        let Some(uuid) = id(&record["uuid"]) else {
            return;
        };
        if record["isSidechain"] == true {
            return;
        }
        let parent = id(&record["parentUuid"]);
        if let Some(parent) = parent {
            self.children.insert(parent, uuid);
        }
        self.newest = Some(uuid);
        let role = role(record);
        self.nodes.insert(uuid, Node { parent, role });
    }

    /// The marked leaf and what was attached to it later; without a mark the newest record.
    fn leaf(&self) -> Option<Uuid> {
        let marked = self.marked.filter(|leaf| self.nodes.contains_key(leaf));
        let mut leaf = marked.or(self.newest)?;
        // A record is never its own ancestor, except in a damaged file.
        for _ in 0..self.nodes.len() {
            match self.children.get(&leaf) {
                Some(child) => leaf = *child,
                None => break,
            }
        }
        Some(leaf)
    }

    fn past(&self, leaf: Option<Uuid>) -> Past {
        let mut branch = Vec::new();
        let mut next = leaf;
        while let Some((uuid, node)) = next.and_then(|uuid| Some((uuid, self.nodes.get(&uuid)?))) {
            branch.push((uuid, node));
            next = node.parent;
            if matches!(node.role, Role::Boundary) || branch.len() > self.nodes.len() {
                break;
            }
        }
        let mut past = Past { leaf, ..Past::default() };
        for (uuid, node) in branch.into_iter().rev() {
            match &node.role {
                Role::Prompt(text) => {
                    past.prompts.push(text.clone());
                    past.unanswered = Some(uuid);
                }
                Role::Folded(text) => past.prompts.push(text.clone()),
                Role::Reaction => past.answered.extend(past.unanswered.take()),
                Role::Boundary | Role::Other => {}
            }
        }
        past
    }
}

fn id(value: &Value) -> Option<Uuid> {
    Uuid::try_parse(value.as_str()?).ok()
}

fn role(record: &Value) -> Role {
    match record["type"].as_str() {
        Some("assistant") => Role::Reaction,
        Some("system") if record["subtype"] == "compact_boundary" => Role::Boundary,
        Some("attachment") if record["attachment"]["type"] == "queued_command" => {
            Role::Folded(text(&record["attachment"]["prompt"]))
        }
        Some("user") => user(record),
        _ => Role::Other,
    }
}

fn user(record: &Value) -> Role {
    let text = text(&record["message"]["content"]);
    if text.starts_with("[Request interrupted") {
        return Role::Reaction;
    }
    let ours = record["isMeta"] == true || record["isCompactSummary"] == true;
    let wrapped = ["<local-command", "<command-name>"];
    if ours || text.is_empty() || wrapped.iter().any(|tag| text.starts_with(tag)) {
        return Role::Other;
    }
    Role::Prompt(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::{Past, Tree};

    fn uuid(number: u8) -> Uuid {
        Uuid::from_u128(u128::from(number))
    }

    fn user(number: u8, parent: Option<u8>, text: &str) -> Value {
        json!({"type": "user", "uuid": uuid(number), "parentUuid": parent.map(uuid),
               "message": {"content": text}})
    }

    fn assistant(number: u8, parent: u8) -> Value {
        json!({"type": "assistant", "uuid": uuid(number), "parentUuid": uuid(parent)})
    }

    fn past(records: &[Value]) -> Past {
        let mut tree = Tree::default();
        for record in records {
            tree.add(record);
        }
        tree.past(tree.leaf())
    }

    #[test]
    fn an_abandoned_branch_is_not_the_past() {
        let past = past(&[
            user(1, None, "one"),
            assistant(2, 1),
            user(3, Some(2), "abandoned"),
            assistant(4, 3),
            user(5, Some(2), "two"),
            assistant(6, 5),
            json!({"type": "last-prompt", "leafUuid": uuid(6)}),
        ]);
        assert_eq!(past.prompts, ["one", "two"]);
        assert_eq!(past.answered, [uuid(1), uuid(5)].into());
        assert_eq!((past.unanswered, past.leaf), (None, Some(uuid(6))));
    }

    #[test]
    fn a_prompt_after_the_mark_waits_for_its_answer() {
        let past = past(&[
            user(1, None, "one"),
            assistant(2, 1),
            json!({"type": "last-prompt", "leafUuid": uuid(2)}),
            user(3, Some(2), "two"),
        ]);
        assert_eq!(past.prompts, ["one", "two"]);
        assert_eq!((past.unanswered, past.leaf), (Some(uuid(3)), Some(uuid(3))));
    }

    #[test]
    fn a_compaction_ends_the_past() {
        let past = past(&[
            user(1, None, "one"),
            assistant(2, 1),
            json!({"type": "system", "subtype": "compact_boundary", "uuid": uuid(3)}),
            json!({"type": "user", "isCompactSummary": true, "uuid": uuid(4),
                   "parentUuid": uuid(3), "message": {"content": "It was about beds."}}),
            user(5, Some(4), "two"),
        ]);
        assert_eq!(past.prompts, ["two"]);
        assert!(past.answered.is_empty());
    }

    #[test]
    fn records_in_a_circle_end() {
        let circle = past(&[user(1, Some(2), "one"), user(2, Some(1), "two")]);
        assert!(circle.prompts.len() <= 3, "{circle:?}");
    }
}
