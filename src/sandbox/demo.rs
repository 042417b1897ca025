//! The demo: made-up sessions and a scripted `claude` in a temporary directory.
//!
//! The made-up Home is part of the binary, so that the demo works wherever the binary does. Its
//! paths and times are moved to where and when it is set up.

use std::{
    ffi::OsString,
    fs::{self, File, FileTimes},
    io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use memchr::memmem;
use tempfile::TempDir;

mod files;
mod garden;

use files::FILES;

/// The home directory in the made-up files.
const MADE_UP: &str = "/home/ada";
/// The newest made-up session was last used so long ago.
const NEWEST: TimeDelta = TimeDelta::minutes(12);
/// Directories of the made-up sessions.
const PROJECTS: [&str; 3] = ["almanac", "greenhouse", "website"];
/// What stands before a time in a record.
const STAMP: &[u8] = b"\"timestamp\":\"";
/// Length of a time, bytes.
const TIME: usize = "2026-05-04T19:32:17.411Z".len();

/// A demo that is set up. Its directory goes when this is dropped.
#[derive(Debug)]
pub struct Demo {
    root: TempDir,
}

impl Demo {
    /// Sets everything up; `binary` is this program, which plays `claude` under that name.
    pub fn set_up(binary: &Path) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("segue-demo-").tempdir()?;
        let demo = Self { root };
        fs::create_dir_all(demo.user_home())?;
        // The CLI resolves links in its working directory, and so do its files.
        let home = demo.user_home().canonicalize()?;
        demo.write_files(&home)?;
        fs::create_dir(demo.root.path().join("bin"))?;
        symlink(binary, demo.claude())?;
        Ok(demo)
    }

    /// The scripted CLI.
    pub fn claude(&self) -> PathBuf {
        self.root.path().join("bin/claude")
    }

    /// The person's home directory.
    pub fn user_home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Claude's directory.
    pub fn config_dir(&self) -> PathBuf {
        self.root.path().join("claude")
    }

    /// What writes down the recordings of the page, which are made up themselves.
    pub fn transcriber() -> String {
        "echo Water the north bed this evening, please.".to_owned()
    }

    /// What the scripted CLI must know.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        vec![
            ("CLAUDE_CONFIG_DIR".into(), self.config_dir().into()),
            ("HOME".into(), self.user_home().into()),
        ]
    }

    fn write_files(&self, home: &Path) -> io::Result<()> {
        let home = home.to_string_lossy();
        let newest = FILES.iter().filter_map(|(_, bytes)| last_word(bytes)).max();
        let shift = Utc::now() - NEWEST - newest.unwrap_or_default();
        for (name, bytes) in FILES {
            let path = self.config_dir().join(name.replace(&slug(MADE_UP), &slug(&home)));
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, later(&moved(bytes, home.as_bytes()), shift))?;
            if let Some(used) = last_word(bytes) {
                let times = FileTimes::new().set_modified((used + shift).into());
                File::options().write(true).open(&path)?.set_times(times)?;
            }
        }
        self.trust(&home)
    }

    /// Makes the directories of the sessions and trusts them, as their person has.
    fn trust(&self, home: &str) -> io::Result<()> {
        let mut projects = serde_json::Map::new();
        for name in PROJECTS {
            let directory = format!("{home}/garden/{name}");
            fs::create_dir_all(&directory)?;
            garden::plant(Path::new(&directory))?;
            projects.insert(directory, serde_json::json!({"hasTrustDialogAccepted": true}));
        }
        let settings = serde_json::json!({"hasCompletedOnboarding": true, "projects": projects});
        fs::write(self.config_dir().join(".claude.json"), settings.to_string())
    }
}

/// When the last record of a transcript was written.
fn last_word(bytes: &[u8]) -> Option<DateTime<Utc>> {
    times(bytes).filter_map(|at| read_time(&bytes[at..at + TIME])).max()
}

/// Where times stand: `"2026-05-04T19:32:17.411Z"`.
fn times(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memmem::find_iter(bytes, STAMP)
        .map(|at| at + STAMP.len())
        .filter(|at| bytes.get(at + TIME) == Some(&b'"'))
}

fn read_time(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// The bytes with every time moved by a span.
fn later(bytes: &[u8], shift: TimeDelta) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for at in times(bytes) {
        if let Some(time) = read_time(&bytes[at..at + TIME]) {
            let moved = (time + shift).to_rfc3339_opts(SecondsFormat::Millis, true);
            out[at..at + TIME].copy_from_slice(moved.as_bytes());
        }
    }
    out
}

/// The name of a project's folder. <https://docs.claude.com/en/docs/claude-code> keeps quiet about
/// it; seen on the real CLI.
fn slug(path: &str) -> String {
    path.encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
            _ => '-',
        })
        .collect()
}

/// The bytes with another home directory.
fn moved(bytes: &[u8], home: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memmem::find(rest, MADE_UP.as_bytes()) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(home);
        rest = &rest[at + MADE_UP.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn files_below(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
            .collect()
    }

    #[test]
    fn every_file_of_the_fixture_is_in_the_demo() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/home");
        let found: BTreeSet<String> = files_below(&root)
            .iter()
            .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned())
            .filter(|name| name != ".claude.json")
            .collect();
        let listed: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, found);
    }

    #[test]
    fn paths_and_times_are_moved() {
        let demo = Demo::set_up(Path::new("/bin/true")).unwrap();
        let home = demo.user_home().canonicalize().unwrap();
        let mut newest = None;
        for path in files_below(&demo.config_dir()) {
            let bytes = fs::read(&path).unwrap();
            assert_eq!(memmem::find(&bytes, b"/home/ada"), None, "{}", path.display());
            newest = newest.max(last_word(&bytes));
        }
        let age = Utc::now() - newest.unwrap();
        assert!((age - NEWEST).num_minutes() == 0, "the newest is {age} old");
        assert!(home.join("garden/almanac").is_dir());
    }
}
