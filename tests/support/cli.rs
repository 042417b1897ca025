//! Where the pinned Claude CLI and the oldest supported one are, and what a test does when they
//! aren't there.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The pinned CLI, for a test that needs it.
///
/// `None` after one line that names the test as left out. With `SEGUE_TESTS=all` in the
/// environment nothing may be left out, and the test fails.
pub(crate) fn find_for(test: &str) -> Option<PathBuf> {
    find(".bin/claude", test)
}

/// The same for the oldest supported CLI. It is a script, so its path leads to no program of that
/// name.
pub(crate) fn find_oldest_for(test: &str) -> Option<PathBuf> {
    find("claude-oldest/cli.js", test)
}

fn find(name: &str, test: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/node_modules").join(name);
    let tmux = || Command::new("tmux").arg("-V").output().is_ok();
    if path.exists() && tmux() {
        return Some(path);
    }
    assert!(
        env::var_os("SEGUE_TESTS").is_none_or(|wish| wish != "all"),
        "{test} needs tmux and the Claude CLIs: npm ci --prefix tests/cli"
    );
    println!("left out: {test} (no tmux or no {name}; npm ci --prefix tests/cli)");
    None
}
