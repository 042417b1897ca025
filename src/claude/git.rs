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
