//! The transcript as the scripted `claude` appends to it: the records that the real one writes
//! for what can happen here.
//!
//! A record that cannot be written does not end the conversation, as with the real one. Older ones
//! write a moment after they have told: `SEGUE_SCRIPT_LATE` has this one do so, and what a kill
//! keeps it from is lost.

use std::{
    collections::VecDeque,
    env,
    fs::{self, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{VERSION, files, script::Leaves, wire::now};

/// Where the records of a run go.
pub(super) struct Transcript {
    path: PathBuf,
    session: Uuid,
    /// The record that the next one follows.
    pub(super) leaf: Option<Uuid>,
    directory: PathBuf,
    branch: String,
    /// Stamped on every record of the conversation, beside what all of them have.
    stamps: Value,
    /// How much later than they are made records are written.
    late: Duration,
    /// Lines that wait for that, and until when.
    waiting: VecDeque<(Instant, String)>,
}

impl Transcript {
    /// The transcript at `path`, which need not exist yet.
    pub(super) fn new(path: PathBuf, session: Uuid, directory: &Path) -> Self {
        Self {
            path,
            session,
            leaf: None,
            directory: directory.to_owned(),
            branch: files::branch(directory),
            stamps: json!({"isSidechain": false}),
            late: Duration::from_millis(late()),
            waiting: VecDeque::new(),
        }
    }

    /// The transcript of a sub-agent of this session.
    pub(super) fn of_agent(&self, agent: &str) -> Self {
        let folder = self.path.with_extension("").join("subagents");
        let path = folder.join(format!("agent-{agent}.jsonl"));
        let mut other = Self::new(path, self.session, &self.directory);
        other.stamps = json!({"isSidechain": true, "agentId": agent});
        other
    }

    /// Has every record of the conversation say this, too.
    pub(super) fn stamp(&mut self, field: &str, value: &str) {
        self.stamps[field] = value.into();
    }

    /// Appends a record of the conversation after the newest one.
    pub(super) fn follow(&mut self, uuid: Uuid, mut record: Value) {
        record["parentUuid"] = json!(self.leaf);
        record["uuid"] = json!(uuid);
        for (field, value) in self.stamps.as_object().into_iter().flatten() {
            record[field] = value.clone();
        }
        record["timestamp"] = now().into();
        record["userType"] = "external".into();
        record["entrypoint"] = super::entrypoint().into();
        record["cwd"] = json!(self.directory);
        record["version"] = VERSION.into();
        record["gitBranch"] = self.branch.as_str().into();
        self.leaf = Some(uuid);
        self.note(record);
    }

    /// Appends a record that stands beside the conversation.
    pub(super) fn note(&mut self, mut record: Value) {
        record["sessionId"] = json!(self.session);
        self.waiting.push_back((Instant::now() + self.late, format!("{record}\n")));
        self.write_due();
    }

    /// Writes what has waited long enough.
    pub(super) fn write_due(&mut self) {
        let now = Instant::now();
        while self.waiting.front().is_some_and(|(due, _)| *due <= now) {
            let line = self.waiting.pop_front().map(|(_, line)| line);
            let _ = self.append(line.unwrap_or_default());
        }
    }

    /// Writes all that waits.
    pub(super) fn write_all(&mut self) {
        while let Some((_, line)) = self.waiting.pop_front() {
            let _ = self.append(line);
        }
    }

    /// Whether something waits to be written.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Does to the file what a full disk or a power cut does.
    pub(super) fn ruin(&mut self, leaves: Leaves) {
        self.write_all();
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        let zeros = if leaves == Leaves::Zeros { length as usize } else { 0 };
        let _ = fs::write(&self.path, vec![0; zeros]);
    }

    /// Notes where a resume will go on.
    pub(super) fn mark(&mut self, prompt: &str) {
        let line = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
        self.note(json!({"type": "last-prompt", "lastPrompt": line, "leafUuid": self.leaf}));
    }

    /// Notes what happens to a waiting prompt.
    pub(super) fn queue(&mut self, operation: &str, more: Value) {
        let mut record = more;
        record["type"] = "queue-operation".into();
        record["operation"] = operation.into();
        record["timestamp"] = now().into();
        self.note(record);
    }

    /// Whether anything was ever written.
    pub(super) fn exists(&self) -> bool {
        self.path.exists() || self.is_behind()
    }

    fn append(&self, mut line: String) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&self.path)?;
        if is_torn(&mut file)? {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes())
    }
}

/// Milliseconds from a record to its line in the file.
fn late() -> u64 {
    env::var("SEGUE_SCRIPT_LATE").ok().and_then(|ms| ms.parse().ok()).unwrap_or_default()
}

/// Whether the last line of a file has no end.
fn is_torn(file: &mut fs::File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::Transcript;

    #[test]
    fn records_follow_each_other_even_after_a_torn_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p/s.jsonl");
        let mut transcript = Transcript::new(path.clone(), Uuid::nil(), directory.path());
        let first = Uuid::from_u128(1);
        transcript.follow(first, json!({"type": "user"}));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let torn = fs::read_to_string(&path).unwrap() + "{\"type\":";
        fs::write(&path, torn).unwrap();
        transcript.follow(Uuid::from_u128(2), json!({"type": "assistant"}));
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<Option<Value>> =
            text.lines().map(|line| serde_json::from_str(line).ok()).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1], None);
        let last = lines[2].as_ref().unwrap();
        assert_eq!(last["parentUuid"], json!(first));
    }
}
