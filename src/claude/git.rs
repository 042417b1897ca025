//! The few facts of a git repository that decide which sessions the CLI counts to a directory.
//!
//! Reads `.git` files and nothing else; never runs git.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The top of the working tree that `dir` lies in: the nearest ancestor with a `.git`.
pub(super) fn toplevel(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| dir.join(".git").exists())
}

/// The main working tree of the linked one at `top` (`git worktree add`); `None` where `top` is no
/// linked one. There `.git` is a file that names a directory inside the main repository's.
pub(super) fn main_tree(top: &Path) -> Option<PathBuf> {
    let link = fs::read_to_string(top.join(".git")).ok()?;
    let own = top.join(link.strip_prefix("gitdir:")?.trim());
    let common = fs::read_to_string(own.join("commondir")).ok()?;
    let common = fs::canonicalize(own.join(common.trim())).ok()?;
    Some(common.parent()?.to_path_buf())
}

/// The working trees that the repository of the one at `top` has beside its main one. One whose
/// directory was deleted is among them until git forgets it.
pub(super) fn linked_trees(top: &Path) -> Vec<PathBuf> {
    let main = main_tree(top).unwrap_or_else(|| top.to_path_buf());
    let registry = main.join(".git/worktrees");
    let entries = fs::read_dir(registry).into_iter().flatten().flatten();
    let trees = entries.filter_map(|entry| {
        let own = entry.path();
        let link = own.join(fs::read_to_string(own.join("gitdir")).ok()?.trim());
        let tree = link.parent()?;
        Some(fs::canonicalize(tree).unwrap_or_else(|_| tree.to_path_buf()))
    });
    trees.collect()
}
