//! The files of the book: one thread that writes and removes them, in the order in which it is told.
//!
//! Nobody else of ours does so, and no task of the runtime ever waits for the disk with a lock held.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use serde_json::Value;
use uuid::Uuid;

use crate::bridge::book::{Entry, entry::VERSION};

/// Directory of what cannot be used.
pub(super) const ASIDE: &str = "set-aside";

/// What an earlier process left.
#[derive(Debug, Default)]
pub struct Found {
    /// Prompts, the oldest first.
    pub entries: Vec<Entry>,
    /// Names of files that could not be read and were set aside.
    pub damaged: Vec<String>,
}

/// The handle of the thread.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    jobs: mpsc::Sender<Job>,
}

/// Where it is heard what came of a write. Dropped, it is only logged.
#[derive(Debug)]
#[must_use]
pub(super) struct Done(mpsc::Receiver<io::Result<()>>);

#[derive(Debug)]
enum Job {
    Write(Uuid, Vec<u8>, mpsc::Sender<io::Result<()>>),
    Remove(Uuid),
    SetAside(Uuid),
    LayAside(i64, String),
    Flush(mpsc::Sender<io::Result<()>>),
}

impl Done {
    /// Waits until it is on the disk.
    pub(super) fn wait(self) -> io::Result<()> {
        let gone = || io::Error::other("the thread that writes it has ended");
        self.0.recv().unwrap_or_else(|_| Err(gone()))
    }
}

impl Disk {
    pub(super) fn start(directory: PathBuf) -> Self {
        let (jobs, inbox) = mpsc::channel();
        // It ends when the last handle is gone.
        thread::spawn(move || work(&directory, &inbox));
        Self { jobs }
    }

    pub(super) fn write(&self, entry: &Entry) -> Done {
        let (done, result) = mpsc::channel();
        match serde_json::to_vec(entry) {
            Ok(bytes) => self.tell(Job::Write(entry.prompt.id.0, bytes, done)),
            Err(error) => drop(done.send(Err(error.into()))),
        }
        Done(result)
    }

    pub(super) fn remove(&self, id: Uuid) {
        self.tell(Job::Remove(id));
    }

    pub(super) fn set_aside(&self, id: Uuid) {
        self.tell(Job::SetAside(id));
    }

    /// Puts an update where it is in nobody's way.
    pub(super) fn lay_aside(&self, update: i64, raw: &Value) {
        self.tell(Job::LayAside(update, raw.to_string()));
    }

    pub(super) fn flush(&self) {
        let (done, result) = mpsc::channel();
        self.tell(Job::Flush(done));
        let _ = Done(result).wait();
    }

    fn tell(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::error!("nobody writes the spool any more");
        }
    }
}

fn work(directory: &Path, jobs: &mpsc::Receiver<Job>) {
    for job in jobs {
        match job {
            Job::Write(id, bytes, done) => {
                let written = write(directory, id, &bytes, &File::sync_all);
                if let Err(error) = &written {
                    tracing::warn!(%error, prompt = %id, "the spool takes no note");
                }
                let _ = done.send(written);
            }
            Job::Remove(id) => {
                // Gone already is as good; what stays for another reason is looked at by the next
                // start.
                let _ = fs::remove_file(directory.join(name(id)));
                let _ = fs::remove_dir(directory);
            }
            Job::SetAside(id) => aside(directory, OsStr::new(&name(id))),
            Job::LayAside(update, raw) => {
                if let Err(error) = lay_aside(directory, &format!("update-{update}.json"), &raw) {
                    tracing::error!(%error, update, "cannot be set aside");
                }
            }
            Job::Flush(done) => drop(done.send(Ok(()))),
        }
    }
}

pub(super) fn name(id: Uuid) -> String {
    format!("{id}.json")
}

/// How a file or a directory is brought to the disk.
type Sync<'a> = &'a dyn Fn(&File) -> io::Result<()>;

/// Writes a file so that it survives a crash of the machine: whatever moment that comes in, there is
/// the file as it was or as it is now. One that replaces another without this could be empty.
fn write(directory: &Path, id: Uuid, bytes: &[u8], sync: Sync<'_>) -> io::Result<()> {
    make(directory, sync)?;
    let path = directory.join(name(id));
    let unfinished = path.with_extension("new");
    let mut file = private(&unfinished)?;
    file.write_all(bytes)?;
    sync(&file)?;
    fs::rename(&unfinished, &path)?;
    sync(&File::open(directory)?)
}

/// Makes a directory that survives a crash of the machine, and those above it.
fn make(directory: &Path, sync: Sync<'_>) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent() {
        make(parent, sync)?;
        match fs::create_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        sync(&File::open(parent)?)?;
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
    for file in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = file.path();
        match path.extension().and_then(OsStr::to_str) {
            // Never confirmed to Telegram, so it comes again.
            Some("new") => drop(fs::remove_file(&path)),
            Some("json") => {
                if let Some(entry) = read(&path) {
                    found.entries.push(entry);
                } else {
                    aside(directory, &file.file_name());
                    found.damaged.push(file.file_name().to_string_lossy().into_owned());
                }
            }
            _ => {}
        }
    }
    found.entries.sort_by_key(|entry| entry.at);
    // Without files it is not to be seen.
    let _ = fs::remove_dir(directory);
    found
}

fn read(path: &Path) -> Option<Entry> {
    let entry = decode(&fs::read(path).ok()?)?;
    (path.file_stem()?.to_str()? == entry.prompt.id.0.to_string()).then_some(entry)
}

/// Reads the content of a file; None for what no book of this version wrote.
pub fn decode(bytes: &[u8]) -> Option<Entry> {
    let entry: Entry = serde_json::from_slice(bytes).ok()?;
    (entry.version == VERSION).then_some(entry)
}

fn aside(directory: &Path, name: &OsStr) {
    let to = directory.join(ASIDE);
    let moved =
        fs::create_dir_all(&to).and_then(|()| fs::rename(directory.join(name), to.join(name)));
    if let Err(error) = moved {
        tracing::error!(%error, name = %name.to_string_lossy(), "cannot be set aside");
    }
}

fn lay_aside(directory: &Path, name: &str, raw: &str) -> io::Result<()> {
    let to = directory.join(ASIDE);
    fs::create_dir_all(&to)?;
    private(&to.join(name))?.write_all(raw.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, os::fd::AsRawFd};

    use super::*;

    /// Linux tells by what name a file is open.
    #[cfg_attr(not(target_os = "linux"), ignore = "needs /proc")]
    #[test]
    fn what_is_written_is_on_the_disk_with_its_name_and_the_directories_above_it() {
        let above = tempfile::tempdir().unwrap();
        let above = above.path().canonicalize().unwrap();
        let directory = above.join("segue/7");
        let id = Uuid::nil();
        let path = directory.join(name(id));
        for first in [true, false] {
            let synced = RefCell::new(Vec::new());
            // What it is called at that moment, and whether its name is there already.
            let sync = |file: &File| {
                let open = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
                synced.borrow_mut().push((open, path.exists()));
                file.sync_all()
            };
            write(&directory, id, b"{}", &sync).unwrap();
            let mut expected = Vec::new();
            if first {
                expected.extend([(above.clone(), false), (above.join("segue"), false)]);
            }
            expected.push((path.with_extension("new"), !first));
            expected.push((directory.clone(), true));
            assert_eq!(synced.into_inner(), expected, "first: {first}");
        }
    }
}
