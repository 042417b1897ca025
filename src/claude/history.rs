//! The history of prompts: one line per prompt that a session took, appended and read from its end.
//!
//! The CLI writes a line for every prompt typed at a terminal; we write one of the same form for
//! every prompt from elsewhere, with one more field. Never rewrites a line, never reads more of the
//! file than the answer needs.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use memchr::memmem;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;
use thiserror::Error;

use super::{
    home::Home,
    json::{Raw, object},
    jsonl::{Backward, RawLine},
    session::SessionId,
};

/// Age at which the CLI takes a lock for left behind.
const STALE: Duration = Duration::from_secs(10);

/// How long [`append`] waits for the lock: until one left behind has become stale, and a little.
const PATIENCE: Duration = Duration::from_secs(12);

/// Pause between two attempts at the lock, which the CLI holds for a few milliseconds.
const PAUSE: Duration = Duration::from_millis(10);

/// Our own field in a line.
const TAG: &str = "telegram";

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The prompt, or a slash command, as typed.
    pub display: String,
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// The directory of the session.
    pub project: PathBuf,
    /// The session that took it; older lines have none.
    pub session: Option<SessionId>,
    /// Our own field, `telegram`: the CLI ignores it.
    pub telegram: Option<Value>,
}

impl Entry {
    /// Decodes a line, however it is spaced and whatever the order of its fields; `None` where it is
    /// no entry. Fields of the wrong type are as if absent, and only a line without a project is
    /// refused.
    pub fn decode(line: &[u8]) -> Option<Self> {
        let [project, display, timestamp, session, telegram] =
            Raw::new(object(line)).fields(["project", "display", "timestamp", "sessionId", TAG]);
        Some(Self {
            project: PathBuf::from(project?.string()?.into_owned()),
            display: display.and_then(Raw::string).unwrap_or_default().into_owned(),
            timestamp: timestamp.and_then(Raw::number::<f64>).unwrap_or(0.0) as u64,
            session: session.and_then(Raw::string).and_then(|id| id.parse().ok()),
            telegram: telegram.map(Raw::value).filter(|tag| !tag.is_null()),
        })
    }
}

/// In the CLI's own form: its fields in its order, ours after them.
impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("display", &self.display)?;
        line.serialize_entry("pastedContents", &serde_json::Map::new())?;
        line.serialize_entry("timestamp", &self.timestamp)?;
        line.serialize_entry("project", &self.project.to_string_lossy())?;
        if let Some(session) = self.session {
            line.serialize_entry("sessionId", &session)?;
        }
        if let Some(telegram) = &self.telegram {
            line.serialize_entry(TAG, telegram)?;
        }
        line.end()
    }
}

/// Why a line was not appended.
#[derive(Debug, Error)]
pub enum AppendError {
    /// Another process held the lock all the time.
    #[error("{0} is held by another process")]
    Locked(PathBuf),
    /// The file or its lock could not be written.
    #[error("cannot write {path}: {source}")]
    Io {
        /// Which of them.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Appends one line, under the CLI's own lock and in one write. Blocks while another process holds
/// the lock, for twelve seconds at most.
pub fn append(home: &Home, entry: &Entry) -> Result<(), AppendError> {
    append_within(home, entry, PATIENCE)
}

fn append_within(home: &Home, entry: &Entry, patience: Duration) -> Result<(), AppendError> {
    let path = home.history();
    let failed = |source| AppendError::Io { path: path.clone(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(&home.dir).map_err(failed)?;
    let _lock = Lock::take(home.dir.join("history.jsonl.lock"), Instant::now() + patience)?;
    let line = serde_json::to_vec(entry).map_err(|error| failed(error.into()))?;
    write(&path, line).map_err(failed)
}

/// Writes `line`, on a line of its own even where the file ends in the middle of one.
fn write(path: &Path, line: Vec<u8>) -> io::Result<()> {
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut bytes = Vec::with_capacity(line.len() + 2);
    if is_torn(&mut file)? {
        bytes.push(b'\n');
    }
    bytes.extend(line);
    bytes.push(b'\n');
    file.write_all(&bytes)
}

fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// The directory whose existence is the CLI's lock; released when dropped.
struct Lock(PathBuf);

impl Lock {
    fn take(path: PathBuf, deadline: Instant) -> Result<Self, AppendError> {
        loop {
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(source) => return Err(AppendError::Io { path, source }),
            }
            if is_stale(&path) && fs::remove_dir(&path).is_ok() {
                continue;
            }
            if Instant::now() >= deadline {
                return Err(AppendError::Locked(path));
            }
            thread::sleep(PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Gone already means that somebody took it for stale; there is nothing to undo.
        let _ = fs::remove_dir(&self.0);
    }
}

fn is_stale(lock: &Path) -> bool {
    let modified = fs::metadata(lock).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > STALE))
}

/// The newest line that `pick` accepts; `None` where there is none, or no history. Reads from the
/// end.
pub fn newest<T>(home: &Home, pick: impl FnMut(&Entry) -> Option<T>) -> io::Result<Option<T>> {
    search(home, |_| true, pick)
}

/// The same among the lines that we have tagged ([`Entry::telegram`] is there). The others are not
/// decoded: the laptop's lines are most of a history.
pub fn newest_tagged<T>(
    home: &Home,
    mut pick: impl FnMut(&Entry) -> Option<T>,
) -> io::Result<Option<T>> {
    // The key alone: another program may space the line, or sort what is in it. In a string the
    // quotes are escaped.
    let key = format!("\"{TAG}\"");
    let key = memmem::Finder::new(&key);
    let pick = |entry: &Entry| entry.telegram.as_ref().and_then(|_| pick(entry));
    search(home, |line| key.find(line).is_some(), pick)
}

fn search<T>(
    home: &Home,
    may_be: impl Fn(&[u8]) -> bool,
    mut pick: impl FnMut(&Entry) -> Option<T>,
) -> io::Result<Option<T>> {
    let mut lines = match Backward::open(&home.history()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    while let Some(line) = lines.next()? {
        let bytes = RawLine::bytes(line).filter(|bytes| may_be(bytes));
        if let Some(picked) = bytes.and_then(Entry::decode).and_then(|entry| pick(&entry)) {
            return Ok(Some(picked));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    const ID: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    fn entry(display: &str) -> Entry {
        Entry {
            display: display.to_owned(),
            timestamp: 1_777_885_953_456,
            project: "/home/ada/garden".into(),
            session: ID.parse().ok(),
            telegram: None,
        }
    }

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("claude"));
        (dir, home)
    }

    #[test]
    fn lines_have_the_clis_form() {
        let (_dir, home) = home();
        append(&home, &entry("say \"hi\"\n")).unwrap();
        let tagged = Entry { telegram: Some(json!({"bot": 1, "chat": 2})), ..entry("/new") };
        append(&home, &tagged).unwrap();
        let plain = format!(
            r#"{{"display":"say \"hi\"\n","pastedContents":{{}},"timestamp":1777885953456,"project":"/home/ada/garden","sessionId":"{ID}"}}"#
        );
        let tagged = format!(
            r#"{{"display":"/new","pastedContents":{{}},"timestamp":1777885953456,"project":"/home/ada/garden","sessionId":"{ID}","telegram":{{"bot":1,"chat":2}}}}"#
        );
        let written = fs::read_to_string(home.history()).unwrap();
        assert_eq!(written, format!("{plain}\n{tagged}\n"));
        let mode = fs::metadata(home.history()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!home.dir.join("history.jsonl.lock").exists());
    }

    #[test]
    fn a_torn_line_swallows_nothing() {
        let (_dir, home) = home();
        fs::create_dir_all(&home.dir).unwrap();
        fs::write(home.history(), r#"{"display":"torn"#).unwrap();
        append(&home, &entry("one")).unwrap();
        append(&home, &entry("two")).unwrap();
        let written = fs::read_to_string(home.history()).unwrap();
        assert!(written.starts_with("{\"display\":\"torn\n{\"display\":\"one\""), "{written}");
        assert_eq!(written.lines().count(), 3);
        assert_eq!(newest(&home, |entry| Some(entry.clone())).unwrap(), Some(entry("two")));
    }

    #[test]
    fn odd_lines_are_passed_over() {
        let (_dir, home) = home();
        assert_eq!(newest(&home, |_| Some(())).unwrap(), None);
        append(&home, &entry("good")).unwrap();
        let odd = b"garbage\n\n\0\0\n{\"display\":5,\"timestamp\":\"x\"}\n[]\n\xff\xfe\n{\"project\":7}\n{\"project\":\"/x\"";
        OpenOptions::new().append(true).open(home.history()).unwrap().write_all(odd).unwrap();
        let mut all = Vec::new();
        let none = newest(&home, |entry| {
            all.push(entry.display.clone());
            None::<()>
        });
        assert_eq!((none.unwrap(), all), (None, vec![String::new(), "good".to_owned()]));
    }

    #[test]
    fn mistyped_fields_are_as_if_absent() {
        let line = br#"{"display":5,"timestamp":17.9,"project":"/x","sessionId":"","telegram":{"chat":3}}"#;
        let expected = Entry {
            display: String::new(),
            timestamp: 17,
            project: "/x".into(),
            session: None,
            telegram: Some(json!({"chat": 3})),
        };
        assert_eq!(Entry::decode(line), Some(expected));
    }

    #[test]
    fn a_tag_is_read_however_another_program_has_written_the_line() {
        let (_dir, home) = home();
        fs::create_dir_all(&home.dir).unwrap();
        let lines = [
            r#"{"project":"/x","display":"compact","telegram":{"bot":1,"chat":2}}"#,
            r#"{ "display" : "spaced" , "project" : "/x", "telegram" : { "bot" : 1 , "chat" : 2 } }"#,
            r#"{"telegram":{"chat":2,"bot":1,"a":{}},"project":"/x","display":"sorted"}"#,
            r#"{"display":"he said \"telegram\":{}","project":"/x"}"#,
            r#"{"display":"untagged","project":"/x","telegram":null}"#,
            r#"{"display":"inside","project":"/x","pastedContents":{"telegram":{"bot":1}}}"#,
        ];
        fs::write(home.history(), lines.join("\n")).unwrap();
        let mut seen = Vec::new();
        let none = newest_tagged(&home, |entry| {
            assert_eq!(entry.telegram.as_ref().unwrap()["chat"], 2);
            seen.push(entry.display.clone());
            None::<()>
        });
        assert_eq!(
            (none.unwrap(), seen),
            (None, ["sorted", "spaced", "compact"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn a_held_lock_is_respected_and_a_stale_one_taken() {
        let (_dir, home) = home();
        let lock = home.dir.join("history.jsonl.lock");
        fs::create_dir_all(&lock).unwrap();
        let refused = append_within(&home, &entry("x"), Duration::ZERO);
        assert!(matches!(refused, Err(AppendError::Locked(path)) if path == lock));
        assert!(lock.exists(), "another's lock is left alone");

        let then = std::time::SystemTime::now() - STALE - Duration::from_secs(1);
        File::open(&lock).unwrap().set_modified(then).unwrap();
        append_within(&home, &entry("x"), Duration::ZERO).unwrap();
        assert!(!lock.exists());
    }

    #[test]
    fn concurrent_lines_stay_whole() {
        let (_dir, home) = home();
        thread::scope(|scope| {
            for writer in 0..4 {
                let home = &home;
                scope.spawn(move || {
                    for n in 0..25 {
                        append(home, &entry(&format!("{writer}-{n}"))).unwrap();
                    }
                });
            }
        });
        let written = fs::read(home.history()).unwrap();
        let lines: Vec<_> =
            written.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 100);
        assert!(lines.iter().all(|line| Entry::decode(line).is_some()));
    }
}
