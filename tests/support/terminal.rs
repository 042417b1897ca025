//! A terminal that has a session open, as far as others see it: a process in Claude's registry
//! with an inbox. What it says is written into the transcript by the test.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use uuid::Uuid;

/// How long a message to the inbox may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that holds a session; it ends with the value.
pub(crate) struct HeldOpen {
    child: Child,
    entry: PathBuf,
    content: Value,
    inbox: mpsc::Receiver<Value>,
    transcript: PathBuf,
}

impl HeldOpen {
    /// Opens a session: `home` is `$HOME`.
    pub(crate) fn new(home: &Path, directory: &Path, transcript: &Path, status: &str) -> Self {
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let since = stat.rsplit(") ").next().unwrap().split(' ').nth(19).unwrap();
        let socket = home.join(format!("{pid}.sock"));
        let listener = UnixListener::bind(&socket).unwrap();
        let (sink, inbox) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut line = String::new();
                BufReader::new(stream).read_line(&mut line).unwrap();
                if sink.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let sessions = home.join(".claude/sessions");
        fs::create_dir_all(&sessions).unwrap();
        let session = transcript.file_stem().unwrap().to_str().unwrap();
        let content = json!({
            "pid": pid, "sessionId": session, "cwd": directory, "procStart": since,
            "kind": "interactive", "entrypoint": "cli", "status": status, "version": "2.1.328",
            "messagingSocketPath": socket,
        });
        let entry = sessions.join(format!("{pid}.json"));
        fs::write(&entry, content.to_string()).unwrap();
        Self { child, entry, content, inbox, transcript: transcript.to_owned() }
    }

    /// Changes what it says of itself.
    pub(crate) fn set(&mut self, status: &str, waits: Option<&str>) {
        self.content["status"] = json!(status);
        self.content["waitingFor"] = json!(waits);
        fs::write(&self.entry, self.content.to_string()).unwrap();
    }

    /// The next message in its inbox.
    pub(crate) fn read(&self) -> Value {
        self.inbox.recv_timeout(PATIENCE).unwrap()
    }

    /// Whether nothing is in its inbox.
    pub(crate) fn has_nothing(&self) -> bool {
        self.inbox.try_recv().is_err()
    }

    /// Takes a message up, as the real one does.
    pub(crate) fn take_up(&self, message: &Value) {
        let text = message["message"]["content"].as_str().unwrap();
        self.write(&json!({
            "type": "user", "isMeta": true, "promptSource": "system",
            "origin": {"kind": "peer", "from": message["from"]},
            "message": {"role": "user", "content": format!("Another Claude session sent a message:\n{text}")},
        }));
    }

    /// Says something.
    pub(crate) fn answer(&self, blocks: &Value) {
        self.write(&json!({
            "type": "assistant",
            "message": {"role": "assistant", "model": "claude-opus", "content": blocks},
        }));
    }

    /// Ends its turn.
    pub(crate) fn end_turn(&self) {
        self.write(&json!({"type": "system", "subtype": "turn_duration", "durationMs": 7}));
    }

    fn write(&self, record: &Value) {
        let text = fs::read_to_string(&self.transcript).unwrap();
        let parent = text.lines().rev().find_map(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            record["uuid"].as_str().map(str::to_owned)
        });
        let mut record = record.clone();
        record["uuid"] = json!(Uuid::new_v4());
        record["parentUuid"] = json!(parent);
        record["sessionId"] = self.content["sessionId"].clone();
        record["cwd"] = self.content["cwd"].clone();
        record["isSidechain"] = json!(false);
        record["timestamp"] = json!("2026-11-20T11:00:00.000Z");
        let mut file = File::options().append(true).open(&self.transcript).unwrap();
        file.write_all(format!("{record}\n").as_bytes()).unwrap();
    }

    /// Waits until it was ended by somebody, and with which signal.
    pub(crate) fn ended_by(&mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;

        self.child.wait().unwrap().signal()
    }
}

impl Drop for HeldOpen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.entry);
    }
}
