//! The records of a transcript into the branch that a resume would follow.
//!
//! A conversation is a tree by `parentUuid`; branches the person went back from stay in the file.
//! The rules were seen on 2.1.328. The CLI resumes the last record in the file that descends from
//! the leaf of the last `last-prompt` record, or is that leaf; where there is none in the file, the
//! last record at all. Parents may stand after their children. It does not look behind a record
//! whose parent is missing, nor over the `logicalParentUuid` of a compact boundary.

use std::collections::HashMap;

use uuid::Uuid;

use crate::claude::record::{Kind, Record};

/// Where the records of a conversation stand, and how they follow each other.
#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    by_id: HashMap<Uuid, usize>,
    leaf: Option<Uuid>,
}

struct Node {
    parent: Option<Uuid>,
    offset: u64,
    asks: bool,
}

impl Tree {
    /// Takes in the next record of the file; `asks` says whether it begins an exchange.
    pub(super) fn add(&mut self, offset: u64, record: &Record<'_>, asks: bool) {
        if let Kind::LastPrompt { leaf: Some(leaf), .. } = record.kind {
            self.leaf = Some(leaf);
        }
        if let (Some(id), false) = (record.uuid, record.sidechain) {
            self.by_id.insert(id, self.nodes.len());
            self.nodes.push(Node { parent: record.parent, offset, asks });
        }
    }

    /// Offsets of the records of the active branch that its last `exchanges` consist of, oldest
    /// first.
    pub(super) fn branch(&self, exchanges: usize) -> Vec<u64> {
        let mut offsets = Vec::new();
        let mut asked = 0;
        let mut at = self.newest();
        // No branch is longer than the file has records, but a broken file may hold a circle.
        while let Some(node) = at.filter(|_| asked < exchanges && offsets.len() < self.nodes.len())
        {
            let node = &self.nodes[node];
            offsets.push(node.offset);
            asked += usize::from(node.asks);
            at = self.parent(node);
        }
        offsets.reverse();
        offsets
    }

    /// The record that a resume would follow.
    fn newest(&self) -> Option<usize> {
        let last = self.nodes.len().checked_sub(1)?;
        let Some(leaf) = self.leaf.and_then(|leaf| self.by_id.get(&leaf)) else {
            return Some(last);
        };
        let mut elsewhere = vec![false; self.nodes.len()];
        (0..=last).rev().find(|node| self.descends(*node, *leaf, &mut elsewhere))
    }

    /// Whether `leaf` is `node` or above it. `elsewhere` notes the nodes already known not to lead
    /// there, so that all questions together visit each node once.
    fn descends(&self, node: usize, leaf: usize, elsewhere: &mut [bool]) -> bool {
        let mut at = Some(node);
        while let Some(node) = at.filter(|node| !elsewhere[*node]) {
            if node == leaf {
                return true;
            }
            elsewhere[node] = true;
            at = self.parent(&self.nodes[node]);
        }
        false
    }

    fn parent(&self, node: &Node) -> Option<usize> {
        self.by_id.get(&node.parent?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of records given as (id, parent), 0 for none, and last-prompt records as (0, leaf);
    /// the offset of a record is its place in the list. Ids below 100 begin an exchange if odd.
    fn branch(records: &[(u32, u32)], exchanges: usize) -> Vec<u64> {
        let id = |n: u32| format!("{n:08}-aaaa-4000-8000-000000000000");
        let mut tree = Tree::default();
        for (offset, (n, parent)) in records.iter().enumerate() {
            let line = match n {
                0 => format!(r#"{{"type":"last-prompt","leafUuid":"{}"}}"#, id(*parent)),
                _ => {
                    format!(r#"{{"type":"x","uuid":"{}","parentUuid":"{}"}}"#, id(*n), id(*parent))
                }
            };
            tree.add(offset as u64, &Record::decode(line.as_bytes()).unwrap(), n % 2 == 1);
        }
        tree.branch(exchanges)
    }

    #[test]
    fn a_resume_follows_the_branch_the_cli_follows() {
        let all = usize::MAX;
        for (name, records, expected) in [
            ("nothing", &[][..], &[][..]),
            ("no leaf", &[(1, 0), (2, 1)], &[0, 1]),
            ("two branches, no leaf", &[(1, 0), (2, 1), (3, 2), (5, 2)], &[0, 1, 3]),
            ("a stale leaf that goes on", &[(1, 0), (2, 1), (0, 2), (3, 2), (4, 3)], &[0, 1, 3, 4]),
            ("the leaf is not the newest", &[(1, 0), (2, 1), (3, 2), (5, 2), (0, 3)], &[0, 1, 2]),
            ("the other branch goes on", &[(1, 0), (3, 1), (5, 1), (0, 3), (6, 5)], &[0, 1]),
            ("the leaf's branch goes on", &[(1, 0), (3, 1), (5, 1), (0, 3), (6, 3)], &[0, 1, 4]),
            ("two branches from the leaf", &[(1, 0), (0, 1), (2, 1), (4, 1)], &[0, 3]),
            ("an unknown leaf", &[(1, 0), (2, 1), (0, 9)], &[0, 1]),
            ("the last of two leaves", &[(1, 0), (2, 1), (4, 1), (0, 4), (0, 2)], &[0, 1]),
            ("a missing parent", &[(1, 7), (2, 1), (3, 8), (4, 3)], &[2, 3]),
            ("children before parents", &[(2, 1), (1, 0), (4, 3), (3, 2), (0, 4)], &[1, 0, 3, 2]),
            ("a circle", &[(1, 2), (2, 1)], &[0, 1]),
            ("a circle beside the leaf", &[(1, 0), (0, 1), (2, 4), (4, 2)], &[0]),
        ] {
            assert_eq!(branch(records, all), expected, "{name}");
        }
    }

    #[test]
    fn only_the_last_exchanges_are_taken() {
        let records = [(1, 0), (2, 1), (3, 2), (4, 3), (6, 4), (5, 6), (8, 5)];
        assert_eq!(branch(&records, 0), [0_u64; 0]);
        assert_eq!(branch(&records, 1), [5, 6]);
        assert_eq!(branch(&records, 2), [2, 3, 4, 5, 6]);
        assert_eq!(branch(&records, 3).len(), 7);
    }
}
