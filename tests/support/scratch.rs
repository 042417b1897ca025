//! A scratch home with the scripted `claude` and hand-written sessions: the fast counterpart of
//! the laptop.

use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{headless, wait::until};

/// A home directory.
pub(crate) struct Scratch {
    directory: TempDir,
    trusted: Vec<PathBuf>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let directory = TempDir::with_prefix("scratch-").unwrap();
        let scratch = Self { directory, trusted: Vec::new() };
        fs::create_dir_all(scratch.home().join("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_segue"), scratch.claude()).unwrap();
        fs::write(scratch.script(), headless::script_text(&scratch.home())).unwrap();
        scratch
    }

    /// `$HOME`, links resolved.
    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    /// The scripted CLI.
    pub(crate) fn claude(&self) -> PathBuf {
        self.home().join("bin/claude")
    }

    /// The script that it plays.
    pub(crate) fn script(&self) -> PathBuf {
        self.home().join("script.json")
    }

    /// Puts a shell script in the place of the CLI.
    pub(crate) fn replace_claude(&self, body: &str) {
        use std::os::unix::fs::PermissionsExt;

        fs::remove_file(self.claude()).unwrap();
        fs::write(self.claude(), format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(self.claude(), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Puts a launcher in the place of the CLI: a program whose child the CLI is, as some ways to
    /// install it have one.
    pub(crate) fn launch_claude(&self) {
        let real = self.home().join("bin/real");
        fs::create_dir_all(&real).unwrap();
        fs::rename(self.claude(), real.join("claude")).unwrap();
        fs::write(self.claude(), "").unwrap();
        self.replace_claude(&format!("\"{}/claude\" \"$@\"\nexit $?", real.display()));
    }

    /// The environment of a bot that lives here.
    pub(crate) fn base(&self) -> Command {
        let mut command = Command::new("segue");
        command.env("HOME", self.home()).env("PATH", std::env::var_os("PATH").unwrap());
        command.env("SEGUE_CLAUDE", self.claude()).env("SEGUE_SCRIPT", self.script());
        command.env("TZ", "UTC");
        command
    }

    /// A directory that nobody has trusted.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        let directory = self.home().join(name);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// A directory that the person has trusted at the terminal.
    pub(crate) fn project(&mut self, name: &str) -> PathBuf {
        let directory = self.directory(name);
        self.trusted.push(directory.clone());
        let trusted = self.trusted.iter().map(|directory| {
            (directory.to_str().unwrap().to_owned(), json!({"hasTrustDialogAccepted": true}))
        });
        let projects: serde_json::Map<String, Value> = trusted.collect();
        let settings = json!({"hasCompletedOnboarding": true, "projects": projects});
        fs::write(self.home().join(".claude.json"), settings.to_string()).unwrap();
        directory
    }

    /// A session typed in a terminal so many minutes ago, with an answer to each prompt.
    pub(crate) fn session(&self, project: &Path, prompts: &[&str], minutes: u64) -> String {
        let id = Uuid::new_v4();
        let used = SystemTime::now() - Duration::from_secs(60 * minutes);
        let at: DateTime<Utc> = used.into();
        let mut lines = Vec::new();
        let mut parent = Value::Null;
        for prompt in prompts {
            for (kind, content) in [
                ("user", json!(prompt)),
                ("assistant", json!([{"type": "text", "text": format!("Done: {prompt}")}])),
            ] {
                let uuid = Uuid::new_v4();
                lines.push(json!({
                    "parentUuid": parent, "isSidechain": false, "type": kind, "uuid": uuid,
                    "message": {"role": kind, "model": "claude-opus", "content": content},
                    "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true), "userType": "external",
                    "entrypoint": "cli", "cwd": project, "sessionId": id, "version": "2.1.328",
                    "gitBranch": "main",
                }));
                parent = json!(uuid);
            }
        }
        let path = self.folder(project).join(format!("{id}.jsonl"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
        fs::write(&path, text).unwrap();
        let times = FileTimes::new().set_modified(used);
        File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
        id.to_string()
    }

    /// Waits until no CLI is left that an earlier bot has started.
    pub(crate) fn wait_until_alone(&self) {
        let registry = self.home().join(".claude/sessions");
        until("without a CLI", || {
            fs::read_dir(&registry).map_or(true, |mut entries| entries.next().is_none())
        });
    }

    /// Lets a scripted reply go on that waits for the file `go` of its project.
    pub(crate) fn go(project: &Path) {
        fs::write(project.join("go"), "").unwrap();
    }

    /// The folder of a project's transcripts.
    pub(crate) fn folder(&self, project: &Path) -> PathBuf {
        let sign = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '-' };
        let slug: String = project.to_str().unwrap().chars().map(sign).collect();
        self.home().join(".claude/projects").join(slug)
    }

    /// The lines of `history.jsonl`. They are written beside what the chat shows: what must stand
    /// there is waited for.
    pub(crate) fn history(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.home().join(".claude/history.jsonl"));
        let text = text.unwrap_or_default();
        // One that is being written has no end yet.
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
