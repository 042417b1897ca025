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
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

mod files;

use files::FILES;

/// The home directory in the made-up files.
const MADE_UP: &str = "/home/ada";
/// The newest made-up session was last used so long ago.
const NEWEST: Duration = Duration::from_secs(12 * 60);

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

    /// What the scripted CLI must know.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        vec![
            ("CLAUDE_CONFIG_DIR".into(), self.config_dir().into()),
            ("HOME".into(), self.user_home().into()),
        ]
    }

    fn write_files(&self, home: &Path) -> io::Result<()> {
        let home = home.to_string_lossy();
        let newest = FILES.iter().map(|file| file.used).max().unwrap_or_default();
        for file in FILES {
            let name = file.name.replace(&slug(MADE_UP), &slug(&home));
            let path = self.config_dir().join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, moved(file.bytes, home.as_bytes()))?;
            let age = NEWEST + Duration::from_secs(newest - file.used);
            let times = FileTimes::new().set_modified(SystemTime::now() - age);
            File::options().write(true).open(&path)?.set_times(times)?;
        }
        self.trust(&home)
    }

    /// Makes the directories of the sessions and trusts them, as their person has.
    fn trust(&self, home: &str) -> io::Result<()> {
        let mut projects = serde_json::Map::new();
        for project in files::PROJECTS {
            let directory = project.replace(MADE_UP, home);
            fs::create_dir_all(&directory)?;
            projects.insert(directory, serde_json::json!({"hasTrustDialogAccepted": true}));
        }
        let settings = serde_json::json!({"hasCompletedOnboarding": true, "projects": projects});
        fs::write(self.config_dir().join(".claude.json"), settings.to_string())
    }
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
    while let Some(at) = memchr::memmem::find(rest, MADE_UP.as_bytes()) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(home);
        rest = &rest[at + MADE_UP.len()..];
    }
    out.extend_from_slice(rest);
    out
}
