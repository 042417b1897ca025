//! The files of the spool.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use serde_json::Value;
use uuid::Uuid;

use crate::bridge::spool::{Kept, VERSION};

/// Directory of what cannot be used.
pub(super) const ASIDE: &str = "set-aside";

/// What an earlier process left.
#[derive(Debug, Default)]
pub struct Found {
    /// Prompts, the oldest first.
    pub kept: Vec<Kept>,
    /// Names of files that could not be read and were set aside.
    pub damaged: Vec<String>,
}

pub(super) fn name(id: Uuid) -> String {
    format!("{id}.json")
}

/// Writes a file so that it survives a crash of the machine: whatever moment that comes in, there is
/// the file as it was or as it is now. One that replaces another without this could be empty.
pub(super) fn write(directory: &Path, kept: &Kept) -> io::Result<()> {
    make(directory)?;
    let path = directory.join(name(kept.id));
    let unfinished = path.with_extension("new");
    let mut file = private(&unfinished)?;
    file.write_all(&serde_json::to_vec(kept)?)?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    File::open(directory)?.sync_all()
}

/// Makes a directory that survives a crash of the machine, and those above it.
fn make(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        make(parent)?;
        match fs::create_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// A file that only its owner can read: it holds what the person wrote.
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

pub(super) fn find(directory: &Path) -> Found {
    let mut found = Found::default();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.extension().and_then(OsStr::to_str) {
            // Never confirmed to Telegram, so it comes again.
            Some("new") => drop(fs::remove_file(&path)),
            Some("json") => {
                if let Some(kept) = read(&path) {
                    found.kept.push(kept);
                } else {
                    aside(directory, &entry.file_name());
                    found.damaged.push(entry.file_name().to_string_lossy().into_owned());
                }
            }
            _ => {}
        }
    }
    found.kept.sort_by_key(|kept| kept.at);
    // Without files it is not to be seen.
    let _ = fs::remove_dir(directory);
    found
}

fn read(path: &Path) -> Option<Kept> {
    let kept = decode(&fs::read(path).ok()?)?;
    (path.file_stem()?.to_str()? == kept.id.to_string()).then_some(kept)
}

/// Reads the content of a file; None for what no spool of this version wrote.
pub fn decode(bytes: &[u8]) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(bytes).ok()?;
    (kept.version == VERSION).then_some(kept)
}

pub(super) fn aside(directory: &Path, name: &OsStr) {
    let to = directory.join(ASIDE);
    let moved =
        fs::create_dir_all(&to).and_then(|()| fs::rename(directory.join(name), to.join(name)));
    if let Err(error) = moved {
        tracing::error!(%error, name = %name.to_string_lossy(), "cannot be set aside");
    }
}

/// Puts an update where it is in nobody's way.
pub(super) fn lay_aside(directory: &Path, name: &str, raw: &Value) -> io::Result<()> {
    let to = directory.join(ASIDE);
    fs::create_dir_all(&to)?;
    private(&to.join(name))?.write_all(raw.to_string().as_bytes())
}
