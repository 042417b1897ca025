//! The entry of a running process in Claude's registry.
//!
//! It names no inbox: nobody types into a scripted `claude`.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process,
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{VERSION, files::Files, wire::now_ms};

/// `sessions/<pid>.json`; it goes with the value, but stays behind a killed process.
pub(super) struct Entry {
    path: PathBuf,
    content: Value,
}

impl Entry {
    /// Registers this process.
    pub(super) fn new(files: &Files, session: Uuid, directory: &Path) -> io::Result<Self> {
        let folder = files.sessions();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let now = now_ms();
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        let entry = Self {
            path: folder.join(format!("{}.json", process::id())),
            content: json!({
                "pid": process::id(),
                "sessionId": session,
                "cwd": directory,
                "startedAt": now,
                "procStart": start_of_process().unwrap_or_default(),
                "version": VERSION,
                "kind": "interactive",
                "entrypoint": super::entrypoint(),
                "name": format!("{name}-{:02x}", process::id() % 256),
                "nameSource": "derived",
                "status": "idle",
                "updatedAt": now,
                "statusUpdatedAt": now,
            }),
        };
        entry.save()?;
        Ok(entry)
    }

    /// Says what the process does now: `idle`, `busy` or `waiting`, and for what it waits.
    pub(super) fn set(&mut self, status: &str, waiting_for: Option<&str>) {
        self.content["status"] = status.into();
        match waiting_for {
            Some(what) => self.content["waitingFor"] = what.into(),
            None => {
                if let Some(fields) = self.content.as_object_mut() {
                    fields.remove("waitingFor");
                }
            }
        }
        self.content["updatedAt"] = now_ms().into();
        self.content["statusUpdatedAt"] = now_ms().into();
        // A full disk must not end a turn.
        let _ = self.save();
    }

    /// Says that the process is a background session, and which.
    pub(super) fn background(&mut self, job: &str) {
        self.content["kind"] = "bg".into();
        self.content["entrypoint"] = "cli".into();
        self.content["jobId"] = job.into();
        let _ = self.save();
    }

    /// Says that the process has gone on to another session.
    pub(super) fn moved(&mut self, session: Uuid) {
        self.content["sessionId"] = json!(session);
        let _ = self.save();
    }

    /// Replaces the file in one step, so that no reader sees half of it.
    fn save(&self) -> io::Result<()> {
        let new = self.path.with_extension("tmp");
        fs::write(&new, self.content.to_string())?;
        fs::rename(new, &self.path)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Field 22 of `/proc/self/stat`, where there is one.
fn start_of_process() -> Option<String> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19).map(str::to_owned)
}
