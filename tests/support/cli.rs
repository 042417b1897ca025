//! Where the pinned Claude CLI is, and what a test does when it isn't there.

use std::{env, path::PathBuf, process::Command};

/// The CLI under `tests/cli`, if it was installed there.
pub(crate) fn find() -> Option<PathBuf> {
    let cli = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/node_modules/.bin/claude");
    cli.exists().then_some(cli)
}

/// The CLI, for a test that needs it.
///
/// `None` after one line that names the test as left out. With `SEGUE_TESTS=all` in the
/// environment nothing may be left out, and the test fails.
pub(crate) fn find_for(test: &str) -> Option<PathBuf> {
    let cli = find().filter(|_| Command::new("tmux").arg("-V").output().is_ok());
    if cli.is_none() {
        assert!(
            env::var_os("SEGUE_TESTS").is_none_or(|wish| wish != "all"),
            "{test} needs tmux and the Claude CLI: npm ci --prefix tests/cli"
        );
        println!("left out: {test} (no tmux or no Claude CLI; npm ci --prefix tests/cli)");
    }
    cli
}
