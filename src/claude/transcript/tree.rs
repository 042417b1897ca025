//! The records of a transcript into the branch that a resume would follow.
//!
//! A conversation is a tree by `parentUuid`; branches the person went back from stay in the file, and
//! damage leaves holes in it. These are the rules of the CLI, seen on 2.1.332 by what it sends to the
//! API after `--resume`; a test holds them to it with random trees.
//!
//! 1. The branch ends in the last record of the file that is no side chain, if that descends from the
//!    leaf of the last `last-prompt` record; else in that leaf. Without a leaf it ends in the last
//!    record, or in the newest of those that descend from it, where children stand before parents.
//! 2. It leads from each record to its parent. A parent that is not there, or that leads in a circle,
//!    is bridged: the newest other record that is no younger takes its place, of the side chains for a
//!    side chain, else of the others. A record without a parent is the beginning.
//! 3. Blocks of one API message are records of their own, and with parallel tools some stand on
//!    branches beside the active one. They belong to it, and so do the results of all its tools.
//!
//! One thing is not as in the CLI: it forgets what came before a compact boundary, and for a reader
//! nothing is lost there. So here the branch goes on before the boundary.
//!
//! Memory is bounded: about a hundred bytes for each record that has an id.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use uuid::Uuid;

use super::exchange::begins;
use crate::claude::{
    literals::COMPACT_BOUNDARY,
    record::{Block, Kind, Message, Record},
};

/// Where the records of a conversation stand, and how they follow each other.
#[derive(Default)]
pub(super) struct Tree {
    /// In the order of the file.
    nodes: Vec<Node>,
    by_id: HashMap<Uuid, usize>,
    leaf: Option<Uuid>,
    /// Results of tools: a hash of the call's id, and the node.
    results: Vec<(u64, usize)>,
}

#[derive(Clone, Copy)]
struct Node {
    parent: Option<Uuid>,
    offset: u64,
    /// Milliseconds since the Unix epoch.
    at: Option<u64>,
    /// A hash of the API message that the record is a block of; 0 for none.
    message: u64,
    role: Role,
    side_chain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It begins an exchange.
    Asks,
    /// A compaction begins the conversation anew.
    Boundary,
    Other,
}

/// The active branch, or the end of it.
#[derive(Default)]
pub(super) struct Branch {
    /// Where the lines of its records begin, oldest first.
    pub(super) offsets: Vec<u64>,
    /// How many of them begin an exchange.
    pub(super) exchanges: usize,
    /// Where the results of tools stand, by the hash of the call's id.
    results: HashMap<u64, u64>,
}

impl Branch {
    /// Where the line of a tool's result begins.
    pub(super) fn result(&self, call: &str) -> Option<u64> {
        self.results.get(&hash(call)).copied()
    }
}

impl Tree {
    /// Takes in the next record of the file, whose line begins at `offset`. Returns whether it begins
    /// an exchange.
    pub(super) fn add(&mut self, offset: u64, record: &Record<'_>) -> bool {
        if let Kind::LastPrompt { leaf: Some(leaf), .. } = record.kind {
            self.leaf = Some(leaf);
        }
        let (message, role) = match &record.kind {
            Kind::Assistant(message) => (message.id.as_deref().map_or(0, hash), Role::Other),
            Kind::System { subtype, .. } if subtype == COMPACT_BOUNDARY => (0, Role::Boundary),
            _ if begins(record) => (0, Role::Asks),
            _ => (0, Role::Other),
        };
        let number = self.nodes.len();
        match record.uuid {
            Some(id) => _ = self.by_id.insert(id, number),
            // Older programs wrote none; such a record can only be the last one.
            None if matches!(record.kind, Kind::User(_) | Kind::Assistant(_)) => {}
            None => return role == Role::Asks,
        }
        if let Kind::User(message) = &record.kind {
            self.add_results(message, number);
        }
        let parent = match role {
            Role::Boundary => record.parent.or(record.logical_parent),
            _ => record.parent,
        };
        let (at, side_chain) = (record.at, record.sidechain);
        self.nodes.push(Node { parent, offset, at, message, role, side_chain });
        role == Role::Asks
    }

    fn add_results(&mut self, message: &Message<'_>, number: usize) {
        let results = message.blocks.iter().filter_map(|block| match block {
            Block::ToolResult { id, .. } => Some((hash(id), number)),
            _ => None,
        });
        self.results.extend(results);
    }

    /// The end of the active branch that its last `exchanges` consist of.
    pub(super) fn branch(&self, exchanges: usize) -> Branch {
        let chain = self.chain(exchanges);
        let mut on_chain = vec![false; self.nodes.len()];
        for node in &chain {
            on_chain[*node] = true;
        }
        let numbers = self.with_parallel(&chain, &on_chain);
        let mut results = HashMap::new();
        for (call, node) in &self.results {
            if on_chain[*node] || !results.contains_key(call) {
                results.insert(*call, self.nodes[*node].offset);
            }
        }
        let asks = |node: &&usize| self.nodes[**node].role == Role::Asks;
        let exchanges = numbers.iter().filter(asks).count();
        let offsets = numbers.into_iter().map(|node| self.nodes[node].offset).collect();
        Branch { offsets, exchanges, results }
    }

    /// The nodes of the branch itself, oldest first.
    fn chain(&self, exchanges: usize) -> Vec<usize> {
        let mut walk = Walk::of(self);
        let mut chain = Vec::new();
        let mut asked = 0;
        let mut at = self.tip();
        while let Some(number) = at.filter(|_| asked < exchanges) {
            chain.push(number);
            asked += usize::from(self.nodes[number].role == Role::Asks);
            at = walk.before(number);
        }
        chain.reverse();
        chain
    }

    /// The chain, and the blocks of its messages that stand beside it, around the last block of their
    /// message that is on the chain, in the order of the file.
    fn with_parallel(&self, chain: &[usize], on_chain: &[bool]) -> Vec<usize> {
        let mut beside: HashMap<u64, Vec<usize>> = HashMap::new();
        for (number, node) in self.nodes.iter().enumerate() {
            if node.message != 0 && !on_chain[number] && !node.side_chain {
                beside.entry(node.message).or_default().push(number);
            }
        }
        if beside.is_empty() {
            return chain.to_vec();
        }
        let mut all = Vec::with_capacity(chain.len());
        for number in chain.iter().rev() {
            let blocks = beside.remove(&self.nodes[*number].message).unwrap_or_default();
            let (before, behind) = blocks.split_at(blocks.partition_point(|block| block < number));
            all.extend(behind.iter().rev());
            all.push(*number);
            all.extend(before.iter().rev());
        }
        all.reverse();
        all
    }

    /// The record that a resume would follow.
    fn tip(&self) -> Option<usize> {
        let last = self.nodes.iter().rposition(|node| !node.side_chain)?;
        let leaf = self.leaf.and_then(|leaf| self.by_id.get(&leaf).copied());
        Some(match leaf.filter(|leaf| !self.nodes[*leaf].side_chain) {
            Some(leaf) if self.descends(last, leaf) => last,
            Some(leaf) => leaf,
            None => self.newest_below(last).unwrap_or(last),
        })
    }

    /// The newest of the records that descend from the last one in the file, if none is older than it:
    /// they stand before it.
    fn newest_below(&self, last: usize) -> Option<usize> {
        let is_child = |node: &Node| !node.side_chain && self.parent(node) == Some(last);
        if !self.nodes.iter().any(is_child) {
            return None;
        }
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        for (number, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.side_chain) {
            if let Some(parent) = self.parent(node) {
                children.entry(parent).or_default().push(number);
            }
        }
        let mut below = Vec::new();
        let mut seen = HashSet::from([last]);
        let mut queue = VecDeque::from([last]);
        while let Some(number) = queue.pop_front() {
            for child in children.get(&number).into_iter().flatten() {
                if seen.insert(*child) {
                    below.push(*child);
                    queue.push_back(*child);
                }
            }
        }
        // Of equally new ones the first that was reached.
        let newest = below.into_iter().rev().max_by_key(|number| self.nodes[*number].at)?;
        (self.nodes[newest].at >= self.nodes[last].at).then_some(newest)
    }

    /// Whether `leaf` is `number` or above it.
    fn descends(&self, number: usize, leaf: usize) -> bool {
        let mut at = Some(number);
        // No branch is longer than the file has records, but a broken file may hold a circle.
        for _ in 0..self.nodes.len() {
            match at {
                Some(number) if number == leaf => return true,
                Some(number) => at = self.parent(&self.nodes[number]),
                None => return false,
            }
        }
        false
    }

    fn parent(&self, node: &Node) -> Option<usize> {
        self.by_id.get(&node.parent?).copied()
    }
}

/// A way from a tip to the beginning that passes each record once.
struct Walk<'t> {
    tree: &'t Tree,
    passed: Vec<bool>,
    /// The records a bridge may lead to, from the side chains and from the others; made when the first
    /// one is needed.
    bridges: [Option<Bridges>; 2],
}

impl<'t> Walk<'t> {
    fn of(tree: &'t Tree) -> Self {
        Self { tree, passed: vec![false; tree.nodes.len()], bridges: [None, None] }
    }

    /// The record before `number` on the branch.
    fn before(&mut self, number: usize) -> Option<usize> {
        self.passed[number] = true;
        for bridges in self.bridges.iter_mut().flatten() {
            bridges.pass(number);
        }
        let node = &self.tree.nodes[number];
        let parent = self.tree.parent(node).filter(|parent| !self.passed[*parent]);
        match (parent, node.role) {
            (Some(parent), _) => Some(parent),
            (None, Role::Boundary) => self.last_before(number),
            (None, _) if node.parent.is_none() => None,
            (None, _) if node.at.is_none() => self.last_before(number),
            (None, _) => self.bridge(node),
        }
    }

    /// The last record before `number` in the file that the branch may go on with.
    fn last_before(&self, number: usize) -> Option<usize> {
        (0..number).rev().find(|at| !self.passed[*at] && !self.tree.nodes[*at].side_chain)
    }

    fn bridge(&mut self, from: &Node) -> Option<usize> {
        let is_like = |node: &Node| node.side_chain == from.side_chain;
        let bridges = &mut self.bridges[usize::from(from.side_chain)];
        let bridges =
            bridges.get_or_insert_with(|| Bridges::over(self.tree, &self.passed, is_like));
        bridges.newest(from.at)
    }
}

/// The records that may take the place of a missing parent, by time. Passed ones are left out by
/// pointing to their neighbour, so that many breaks in a large file cost little.
struct Bridges {
    /// Time and number of each, oldest first; of equally old ones the last in the file first.
    sorted: Vec<(Option<u64>, usize)>,
    /// By number: where it stands in `sorted`.
    places: Vec<usize>,
    /// By place + 1: the next place + 1 to the left that is not passed; 0 where there is none.
    left: Vec<usize>,
}

impl Bridges {
    fn over(tree: &Tree, passed: &[bool], may_be: impl Fn(&Node) -> bool) -> Self {
        let usable = tree.nodes.iter().enumerate().filter(|(_, node)| may_be(node));
        let mut sorted: Vec<_> = usable.map(|(number, node)| (node.at, number)).collect();
        sorted.sort_unstable_by_key(|(at, number)| (*at, Reverse(*number)));
        let mut places = vec![usize::MAX; tree.nodes.len()];
        for (place, (_, number)) in sorted.iter().enumerate() {
            places[*number] = place;
        }
        let mut bridges = Self { left: (0..=sorted.len()).collect(), sorted, places };
        for number in (0..passed.len()).filter(|number| passed[*number]) {
            bridges.pass(number);
        }
        bridges
    }

    fn pass(&mut self, number: usize) {
        let place = self.places[number];
        if place != usize::MAX {
            self.left[place + 1] = place;
        }
    }

    /// The newest that is no younger than `at`.
    fn newest(&mut self, at: Option<u64>) -> Option<usize> {
        let mut place = self.sorted.partition_point(|(theirs, _)| *theirs <= at);
        while self.left[place] != place {
            self.left[place] = self.left[self.left[place]];
            place = self.left[place];
        }
        Some(self.sorted[place.checked_sub(1)?].1)
    }
}

/// A short stand-in for an id; never 0.
fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record: its number, its parent's (0 for none), and its second where that is not its number.
    /// Odd numbers ask. A side chain has a negative number.
    #[derive(Clone, Copy)]
    enum Made {
        Rec(i64, i64),
        At(i64, i64, u64),
        Leaf(i64),
    }
    use Made::{At, Leaf, Rec};

    fn id(n: i64) -> String {
        format!("{:08}-aaaa-4000-8000-000000000000", n.abs())
    }

    fn line(made: Made) -> String {
        let (n, parent, at) = match made {
            Leaf(leaf) => return format!(r#"{{"type":"last-prompt","leafUuid":"{}"}}"#, id(leaf)),
            Rec(n, parent) => (n, parent, n.unsigned_abs()),
            At(n, parent, at) => (n, parent, at),
        };
        let parent = if parent == 0 { "null".to_owned() } else { format!("{:?}", id(parent)) };
        let kind = if n % 2 == 0 { "assistant" } else { "user" };
        format!(
            r#"{{"type":"{kind}","uuid":"{}","parentUuid":{parent},"isSidechain":{},"timestamp":"2026-11-20T10:00:{at:02}.000Z","message":{{"content":"x"}}}}"#,
            id(n),
            n < 0,
        )
    }

    /// Places in the list of the records that the branch consists of.
    fn branch(records: &[Made], exchanges: usize) -> Vec<u64> {
        let mut tree = Tree::default();
        for (offset, made) in records.iter().enumerate() {
            tree.add(offset as u64, &Record::decode(line(*made).as_bytes()).unwrap());
        }
        tree.branch(exchanges).offsets
    }

    #[test]
    fn a_resume_follows_the_branch_the_cli_follows() {
        for (name, records, expected) in [
            ("nothing", &[][..], &[][..]),
            ("no leaf", &[Rec(1, 0), Rec(2, 1)], &[0, 1]),
            ("two branches, no leaf", &[Rec(1, 0), Rec(2, 1), Rec(3, 2), Rec(5, 2)], &[0, 1, 3]),
            (
                "a stale leaf that goes on",
                &[Rec(1, 0), Rec(2, 1), Leaf(2), Rec(3, 2), Rec(4, 3)],
                &[0, 1, 3, 4],
            ),
            (
                "the leaf is not the newest",
                &[Rec(1, 0), Rec(2, 1), Rec(3, 2), Rec(5, 2), Leaf(3)],
                &[0, 1, 2],
            ),
            (
                "the other branch goes on",
                &[Rec(1, 0), Rec(3, 1), Rec(5, 1), Leaf(3), Rec(6, 5)],
                &[0, 1],
            ),
            (
                "the leaf's branch goes on",
                &[Rec(1, 0), Rec(3, 1), Rec(5, 1), Leaf(3), Rec(6, 3)],
                &[0, 1, 4],
            ),
            (
                "both go on, the other one last",
                &[Rec(1, 0), Rec(2, 1), Leaf(2), Rec(4, 2), Rec(5, 1)],
                &[0, 1],
            ),
            ("two branches from the leaf", &[Rec(1, 0), Leaf(1), Rec(2, 1), Rec(4, 1)], &[0, 3]),
            ("an unknown leaf", &[Rec(1, 0), Rec(2, 1), Leaf(9)], &[0, 1]),
            (
                "the last of two leaves",
                &[Rec(1, 0), Rec(2, 1), Rec(4, 1), Leaf(4), Leaf(2)],
                &[0, 1],
            ),
            ("a leaf of a side chain", &[Rec(1, 0), Rec(-2, 1), Leaf(2)], &[0]),
            ("two beginnings", &[Rec(1, 0), Rec(2, 1), Rec(3, 0), Rec(4, 3)], &[2, 3]),
            ("a side chain at the end", &[Rec(1, 0), Rec(2, 1), Rec(-3, 2), Rec(-4, 3)], &[0, 1]),
            (
                "children before parents",
                &[Rec(2, 1), Rec(1, 0), Rec(4, 3), Rec(3, 2), Leaf(4)],
                &[1, 0, 3, 2],
            ),
            ("… of the leaf", &[Rec(1, 0), Rec(4, 3), At(3, 1, 3), Leaf(3)], &[0, 2]),
            ("… but older than them", &[Rec(1, 0), At(4, 3, 3), At(3, 1, 4)], &[0, 2]),
        ] {
            assert_eq!(branch(records, usize::MAX), expected, "{name}");
        }
    }

    #[test]
    fn a_parent_that_is_not_there_is_bridged() {
        for (name, records, expected) in [
            ("once", &[Rec(1, 0), Rec(2, 1), Rec(3, 8), Rec(4, 3)][..], &[0, 1, 2, 3][..]),
            (
                "twice",
                &[Rec(1, 0), Rec(2, 1), Rec(3, 91), Rec(4, 3), Rec(5, 92), Rec(6, 5)],
                &[0, 1, 2, 3, 4, 5],
            ),
            ("at the beginning", &[Rec(1, 7), Rec(2, 1)], &[0, 1]),
            (
                "to the newest, whatever its branch",
                &[Rec(1, 0), Rec(2, 1), Rec(3, 2), Rec(5, 2), Rec(7, 91)],
                &[0, 1, 3, 4],
            ),
            ("to one as old", &[Rec(1, 0), Rec(2, 1), At(3, 91, 2), Rec(4, 3)], &[0, 1, 2, 3]),
            ("to the first of two as new", &[At(1, 0, 2), At(3, 92, 2), At(5, 95, 3)], &[0, 2]),
            ("to none that is younger", &[At(1, 0, 30), At(3, 91, 5), At(4, 3, 32)], &[1, 2]),
            ("past a side chain", &[Rec(1, 0), Rec(2, 1), Rec(-3, 2), Rec(5, 91)], &[0, 1, 3]),
            ("not from a side chain", &[Rec(1, 0), Rec(-3, 91), Rec(4, 3)], &[1, 2]),
            (
                "between side chains",
                &[Rec(1, 0), Rec(-2, 1), Rec(-3, 91), Rec(4, 3)],
                &[0, 1, 2, 3],
            ),
            ("out of a circle", &[Rec(1, 0), Rec(2, 1), Rec(3, 4), Rec(4, 3)], &[0, 1, 2, 3]),
            ("a circle alone", &[Rec(1, 2), Rec(2, 1)], &[0, 1]),
        ] {
            assert_eq!(branch(records, usize::MAX), expected, "{name}");
        }
    }

    #[test]
    fn only_the_last_exchanges_are_taken() {
        let records = [(1, 0), (2, 1), (3, 2), (4, 3), (6, 4), (5, 6), (8, 5)];
        let records = records.map(|(n, parent)| Rec(n, parent));
        assert_eq!(branch(&records, 0), [0_u64; 0]);
        assert_eq!(branch(&records, 1), [5, 6]);
        assert_eq!(branch(&records, 2), [2, 3, 4, 5, 6]);
        assert_eq!(branch(&records, 3).len(), 7);
    }

    #[test]
    fn a_file_that_is_all_holes_takes_no_longer() {
        let mut tree = Tree::default();
        for n in 1..=100_000 {
            let line = format!(
                r#"{{"type":"user","uuid":"r{n}","parentUuid":"gone{n}","timestamp":"2026-11-20T10:00:00.000Z","message":{{"content":"x"}}}}"#
            );
            tree.add(n, &Record::decode(line.as_bytes()).unwrap());
        }
        assert_eq!(tree.branch(usize::MAX).offsets.len(), 100_000);
    }

    /// Places in the list of lines of the branch, and of the results of calls.
    fn read(lines: &[&str], calls: &[&str]) -> (Vec<u64>, Vec<Option<u64>>) {
        let mut tree = Tree::default();
        for (offset, line) in lines.iter().enumerate() {
            tree.add(offset as u64, &Record::decode(line.as_bytes()).unwrap());
        }
        let branch = tree.branch(usize::MAX);
        let results = calls.iter().map(|call| branch.result(call)).collect();
        (branch.offsets, results)
    }

    #[test]
    fn blocks_and_results_of_one_message_belong_together() {
        let lines = [
            r#"{"type":"user","uuid":"a","message":{"content":"x"}}"#,
            r#"{"type":"assistant","uuid":"b","parentUuid":"a","message":{"id":"m","content":[{"type":"tool_use","id":"one"}]}}"#,
            r#"{"type":"assistant","uuid":"c","parentUuid":"b","message":{"id":"m","content":[{"type":"tool_use","id":"two"}]}}"#,
            r#"{"type":"assistant","uuid":"s","parentUuid":"b","isSidechain":true,"message":{"id":"m","content":[]}}"#,
            r#"{"type":"user","uuid":"d","parentUuid":"c","message":{"content":[{"type":"tool_result","tool_use_id":"two"}]}}"#,
            r#"{"type":"user","uuid":"e","parentUuid":"b","message":{"content":[{"type":"tool_result","tool_use_id":"one"}]}}"#,
            r#"{"type":"assistant","uuid":"f","parentUuid":"e","message":{"id":"n","content":[]}}"#,
        ];
        let expected = (vec![0, 1, 2, 5, 6], vec![Some(5), Some(4), None]);
        assert_eq!(read(&lines, &["one", "two", "three"]), expected);
    }

    #[test]
    fn the_branch_goes_on_before_a_compact_boundary() {
        let boundary = |parent: &str| {
            format!(
                r#"{{"type":"system","subtype":"compact_boundary","uuid":"c","parentUuid":null{parent}}}"#
            )
        };
        for (parent, expected) in [
            (r#","logicalParentUuid":"a""#, &[0, 2, 3][..]),
            (r#","logicalParentUuid":"gone""#, &[0, 1, 2, 3]),
            ("", &[0, 1, 2, 3]),
        ] {
            let lines = [
                r#"{"type":"user","uuid":"a","message":{"content":"x"}}"#,
                r#"{"type":"assistant","uuid":"b","parentUuid":"a","message":{"content":"x"}}"#,
                &boundary(parent),
                r#"{"type":"user","uuid":"d","parentUuid":"c","message":{"content":"y"}}"#,
            ];
            assert_eq!(read(&lines, &[]).0, expected, "{parent}");
        }
    }
}
