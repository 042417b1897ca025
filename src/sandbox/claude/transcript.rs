//! The transcript as the scripted `claude` appends to it: the records that the real one writes
//! for what can happen here.
//!
//! A record that cannot be written does not end the conversation, as with the real one.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{VERSION, files, wire::now};

/// Where the records of a run go.
pub(super) struct Transcript {
    path: PathBuf,
    session: Uuid,
    /// The record that the next one follows.
    pub(super) leaf: Option<Uuid>,
    directory: PathBuf,
    branch: String,
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
        }
    }

    /// Appends a record of the conversation after the newest one.
    pub(super) fn follow(&mut self, uuid: Uuid, mut record: Value) {
        record["parentUuid"] = json!(self.leaf);
        record["uuid"] = json!(uuid);
        record["isSidechain"] = false.into();
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
    pub(super) fn note(&self, mut record: Value) {
        record["sessionId"] = json!(self.session);
        let _ = self.append(&record);
    }

    /// Notes where a resume will go on.
    pub(super) fn mark(&self, prompt: &str) {
        let line = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
        self.note(json!({"type": "last-prompt", "lastPrompt": line, "leafUuid": self.leaf}));
    }

    /// Notes what happens to a waiting prompt.
    pub(super) fn queue(&self, operation: &str, more: Value) {
        let mut record = more;
        record["type"] = "queue-operation".into();
        record["operation"] = operation.into();
        record["timestamp"] = now().into();
        self.note(record);
    }

    /// Whether anything was ever written.
    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    fn append(&self, record: &Value) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(&self.path)?;
        let mut line = format!("{record}\n");
        if is_torn(&mut file)? {
            line.insert(0, '\n');
        }
        file.write_all(line.as_bytes())
    }
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
