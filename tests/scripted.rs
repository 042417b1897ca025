//! The scripted `claude` says what the real one said: the same events with the same fields, to the
//! same input.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{env, fs, os::unix::fs::symlink, path::Path, process::Command};

use tempfile::TempDir;

use crate::support::{
    headless::{self, Recording, Scenario},
    shape::{assert_same, shape},
};

headless::each_scenario!(check);

/// A home with the scripted `claude` in it.
struct Home {
    directory: TempDir,
}

impl Home {
    fn new() -> Self {
        let directory = TempDir::with_prefix("scripted-").unwrap();
        let home = Self { directory };
        symlink(env!("CARGO_BIN_EXE_segue"), home.path().join("claude")).unwrap();
        fs::create_dir(home.path().join("garden")).unwrap();
        let script = headless::script_text(home.path());
        fs::write(home.path().join("script.json"), script).unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn claude(&self) -> Command {
        let mut command = Command::new(self.path().join("claude"));
        command
            .env_clear()
            .env("HOME", self.path())
            .env("SEGUE_SCRIPT", self.path().join("script.json"))
            .current_dir(self.path().join("garden"));
        command
    }
}

fn check(name: &str) {
    let home = Home::new();
    let scenario = Scenario::load(name);
    if let Some(before) = &scenario.head.after {
        Scenario::load(before).play(home.claude());
    }
    let found = scenario.play(home.claude());
    let expected = Recording::load(name);
    assert_same(name, &shape(&found.events()), &shape(&expected.events()));
    assert_eq!(found.ending, expected.ending, "{name}");
}
