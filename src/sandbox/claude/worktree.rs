//! A worktree that a session works in: `-w NAME`.
//!
//! The one thing that the scripted `claude` has another program do: git makes it.

use std::{
    io,
    path::{Path, PathBuf},
    process::{self, Command},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::args::Args;

/// The worktree of a run.
pub(super) struct Worktree {
    pub(super) path: PathBuf,
    /// Where the process was started.
    pub(super) original: PathBuf,
    name: String,
    branch: String,
    original_branch: String,
    head: String,
}

/// Makes the worktree that the arguments ask for, or takes up one that is there.
pub(super) fn enter(args: &Args, here: &Path) -> Result<Option<Worktree>, String> {
    let Some(name) = &args.worktree else { return Ok(None) };
    let made_up = || format!("scripted-{}", &Uuid::new_v4().simple().to_string()[..8]);
    let name = if name.is_empty() { made_up() } else { name.clone() };
    if !is_name(&name) {
        return Err(format!(
            "Error creating worktree: Invalid worktree name \"{name}\": each \"/\"-separated \
             segment must be non-empty and contain only letters, digits, dots, underscores, and \
             dashes"
        ));
    }
    let Ok(top) = git(here, &["rev-parse", "--show-toplevel"]) else {
        return Err(format!(
            "Error: Can only use --worktree in a git repository, but {} is not a git repository. \
             Configure a WorktreeCreate hook to use --worktree with other VCS systems.",
            here.display()
        ));
    };
    let path = Path::new(&top).join(".claude/worktrees").join(&name);
    let branch = format!("worktree-{}", name.replace('/', "+"));
    let place = path.to_string_lossy();
    let made = if path.exists() {
        Ok(String::new())
    } else {
        git(here, &["worktree", "add", "-q", "-b", &branch, &place])
    };
    let reason = format!("claude session {name} (pid {})", process::id());
    // It is locked already where it was there.
    let locked = made.map(|_| git(here, &["worktree", "lock", "--reason", &reason, &place]));
    locked.map_err(|error| format!("Error creating worktree: {error}"))?.ok();
    Ok(Some(Worktree {
        original: here.to_owned(),
        original_branch: git(here, &["rev-parse", "--abbrev-ref", "HEAD"]).unwrap_or_default(),
        head: git(here, &["rev-parse", "HEAD"]).unwrap_or_default(),
        path,
        name,
        branch,
    }))
}

impl Worktree {
    /// The record that a transcript in it begins with.
    pub(super) fn record(&self, session: Uuid) -> Value {
        json!({"type": "worktree-state", "worktreeSession": {
            "originalCwd": self.original, "preEnterOriginalCwd": self.original,
            "worktreePath": self.path, "worktreeName": self.name,
            "worktreeBranch": self.branch, "originalBranch": self.original_branch,
            "originalHeadCommit": self.head, "sessionId": session,
        }})
    }
}

/// What git says, on one line.
fn git(directory: &Path, args: &[&str]) -> io::Result<String> {
    let output = Command::new("git").arg("-C").arg(directory).args(args).output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(io::Error::other(text(&output.stderr)))
}

fn is_name(name: &str) -> bool {
    let sign = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
    name.split('/').all(|part| !part.is_empty() && part != ".." && part.chars().all(sign))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_those_that_the_real_one_takes() {
        for (name, good) in
            [("shed", true), ("a/b-1_c.d", true), ("", false), ("a b", false), ("a/..", false)]
        {
            assert_eq!(is_name(name), good, "{name}");
        }
    }
}
