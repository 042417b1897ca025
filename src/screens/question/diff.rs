//! A change to a text as a unified diff: the lines that go, the lines that come, and a few around
//! them. Nothing is read from the disk, so that no line numbers are claimed.

use similar::{ChangeTag, TextDiff};

/// Unchanged lines that are shown before and after a change.
const AROUND: usize = 3;

/// The diff of two texts. Stretches that did not change are left out behind a line `@@`.
pub(super) fn unified(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        let begins = group.first().is_some_and(|op| op.old_range().start == 0);
        if at > 0 || !begins {
            lines.push("@@".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let line = change.value().trim_end_matches(['\n', '\r']);
            lines.push(format!("{sign}{line}"));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expected: &str) {
        assert_eq!(unified(old, new), expected);
    }

    #[test]
    fn changed_lines_stand_among_a_few_that_stay() {
        check("a\nb\nc", "a\nB\nc", " a\n-b\n+B\n c");
        check("", "x\ny\n", "+x\n+y");
        check("x\n", "", "-x");
        check("same", "same", "");
        let old = (1..=20).map(|n: u8| n.to_string()).collect::<Vec<_>>().join("\n") + "\n";
        let new = old.replace("2\n3\n", "2\nthree\n").replace("19\n", "nineteen\n");
        check(&old, &new, " 1\n 2\n-3\n+three\n 4\n 5\n 6\n@@\n 16\n 17\n 18\n-19\n+nineteen\n 20");
    }

    #[test]
    fn hostile_lines_stay_lines() {
        check("a\r\n", "b\r\n", "-a\n+b");
        check("+++ b\n", "--- a\n", "-+++ b\n+--- a");
    }
}
