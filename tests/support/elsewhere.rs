//! A process that seems to have a session open: something that sleeps, and its entry in the registry.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use serde_json::{Value, json};

use crate::support::scratch::Scratch;

/// It is ended with the value.
pub(crate) struct Elsewhere {
    child: Child,
    path: PathBuf,
    entry: Value,
}

impl Elsewhere {
    /// A terminal that has opened a session in a project.
    pub(crate) fn open(scratch: &Scratch, project: &Path, session: &str) -> Self {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let began = stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().to_owned();
        let folder = scratch.home().join(".claude/sessions");
        fs::create_dir_all(&folder).unwrap();
        let entry = json!({"pid": pid, "procStart": began, "sessionId": session, "cwd": project,
            "kind": "interactive", "entrypoint": "cli", "status": "idle"});
        let mut elsewhere = Self { child, path: folder.join(format!("{pid}.json")), entry };
        elsewhere.is("idle", None);
        elsewhere
    }

    /// It says that it is `idle`, `busy` or `waiting`, and for what.
    pub(crate) fn is(&mut self, status: &str, waiting_for: Option<&str>) {
        self.entry["status"] = json!(status);
        self.entry["waitingFor"] = json!(waiting_for);
        self.write();
    }

    /// It goes on in another session.
    pub(crate) fn turns_to(&mut self, session: &str) {
        self.entry["sessionId"] = json!(session);
        self.write();
    }

    fn write(&self) {
        // In one step, as the CLI does: half an entry is none.
        let beside = self.path.with_extension("tmp");
        fs::write(&beside, self.entry.to_string()).unwrap();
        fs::rename(beside, &self.path).unwrap();
    }

    /// It leaves politely.
    pub(crate) fn leave(mut self) {
        self.end();
    }

    /// It is killed, and its entry stays behind.
    pub(crate) fn die(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.write();
        std::mem::forget(self);
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.path);
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.end();
    }
}
