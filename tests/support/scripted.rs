//! A home whose `claude` is the scripted one.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{headless, laptop};

/// A scratch home with a project directory.
pub(crate) struct Home {
    path: PathBuf,
    _directory: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let directory = TempDir::with_prefix("scripted-").unwrap();
        let home = Self { path: directory.path().canonicalize().unwrap(), _directory: directory };
        link(home.path());
        fs::create_dir(home.garden()).unwrap();
        home
    }

    /// `$HOME`, symbolic links resolved.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The project directory.
    pub(crate) fn garden(&self) -> PathBuf {
        self.path().join("garden")
    }

    /// `claude` in the project directory, with the script of the scenarios.
    pub(crate) fn claude(&self) -> Command {
        let mut command = self.demo();
        play(&mut command, self.path());
        command
    }

    /// `claude` in the project directory, with the demo's script and no delay between pieces.
    pub(crate) fn demo(&self) -> Command {
        let mut command = Command::new(self.path().join("claude"));
        command
            .env_clear()
            .env("HOME", self.path())
            .env("SEGUE_SCRIPT_DELAY", "0")
            .current_dir(self.garden());
        command
    }

    /// The records of a session.
    pub(crate) fn records(&self, session: &str) -> Vec<Value> {
        laptop::records(&self.transcript(session))
    }

    /// Where the records of a session are.
    pub(crate) fn transcript(&self, session: &str) -> PathBuf {
        let projects = self.path().join(".claude/projects");
        let name = format!("{session}.jsonl");
        let mut folders = fs::read_dir(projects).unwrap();
        folders
            .find_map(|folder| {
                let path = folder.unwrap().path().join(&name);
                path.exists().then_some(path)
            })
            .unwrap()
    }
}

/// Puts the scripted `claude` into a directory.
pub(crate) fn link(directory: &Path) -> PathBuf {
    let path = directory.join("claude");
    symlink(env!("CARGO_BIN_EXE_segue"), &path).unwrap();
    path
}

/// Has a scripted `claude` play the scenarios' script, with its files in `home`.
pub(crate) fn play(command: &mut Command, home: &Path) {
    let script = home.join("script.json");
    fs::write(&script, headless::script_text(home)).unwrap();
    command.env("SEGUE_SCRIPT", script);
}
