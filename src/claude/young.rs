//! Headless processes of a segue that is gone, which the registry may not tell of.
//!
//! A process has its prompt on its standard input before it has said anywhere that it exists, and
//! an entry cannot be read in the moment in which it is written. To whoever comes after a segue that
//! was killed, the arguments of a process are a better sign. Opens nothing of Claude's, and looks
//! for nothing but the home in a process's environment. Where the system does not show processes
//! below `/proc`, nothing is found.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::claude::{home::Home, kinship, session::SessionId};

/// How long to wait for processes that begin. Few programs hide their arguments for good.
const BEGINS: Duration = Duration::from_millis(200);
/// How often to look whether they have.
const LOOK: Duration = Duration::from_millis(5);

/// A process, as its arguments tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Young {
    /// Its process id.
    pub pid: u32,
    /// The session that it was started on.
    pub session: SessionId,
}

impl Young {
    /// Whether it still runs. One that has ended shows no arguments, waited for or not.
    pub fn is_alive(&self) -> bool {
        session(self.pid) == Some(self.session)
    }
}

/// Those of this home, in no order, registered or not: an entry cannot be read while it is written.
pub fn list(home: &Home) -> Vec<Young> {
    let begun = Instant::now();
    while pids().any(begins) && begun.elapsed() < BEGINS {
        sleep(LOOK);
    }
    let young = |pid| Some(Young { pid, session: session(pid)? });
    pids()
        .filter_map(young)
        .filter(|young| lives_in(young.pid, home) && is_left(young.pid))
        .collect()
}

/// Whether the segue that has started a process is gone.
fn is_left(pid: u32) -> bool {
    kinship::of(pid).is_none_or(|kin| kin.leads && !kinship::is_like_us(kin.parent))
}

/// All processes.
fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Whether a process has a program and no arguments yet. Who has started it may have written to it
/// already.
fn begins(pid: u32) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline"));
    line.is_ok_and(|line| line.is_empty()) && fs::read_link(format!("/proc/{pid}/exe")).is_ok()
}

/// Whether the home of a process is this one.
fn lives_in(pid: u32, home: &Home) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let get = |name: &[u8]| {
        let mut variables = environment.split(|byte| *byte == 0);
        let value = variables.find_map(|variable| variable.strip_prefix(name))?;
        (!value.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(value)))
    };
    let root = get(b"CLAUDE_CONFIG_DIR=").or_else(|| get(b"HOME=").map(|dir| dir.join(".claude")));
    root.is_some_and(|root| root == home.dir)
}

/// The session that a process was started on, if it is a headless CLI.
pub(super) fn session(pid: u32) -> Option<SessionId> {
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) => read(&line),
        Err(_) if cfg!(target_os = "linux") => None,
        // What has blanks in it is torn there, which no argument that is looked at has.
        Err(_) => read(kinship::arguments(pid)?.trim().replace(' ', "\0").as_bytes()),
    }
}

/// The same, from its arguments, each of which ends in a NUL. A fork works on the session that it
/// begins.
fn read(line: &[u8]) -> Option<SessionId> {
    let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| *argument == flag.as_bytes())?;
        str::from_utf8(arguments.get(at + 1)?).ok()
    };
    let is_headless = after("--input-format") == Some("stream-json");
    let id = after("--session-id").or_else(|| after("--resume"));
    id.filter(|_| is_headless)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";
    const TWO: &str = "8f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    #[test]
    fn arguments_tell_the_session() {
        for (line, expected) in [
            (format!("claude\0-p\0--input-format\0stream-json\0--resume\0{ONE}\0"), Some(ONE)),
            (format!("sh\0claude\0--input-format\0stream-json\0--session-id\0{ONE}\0"), Some(ONE)),
            (
                format!(
                    "claude\0--input-format\0stream-json\0--resume\0{ONE}\0--session-id\0{TWO}\0"
                ),
                Some(TWO),
            ),
            (format!("claude\0--resume\0{ONE}\0"), None),
            ("claude\0--input-format\0stream-json\0--resume".to_owned(), None),
            ("claude\0--input-format\0stream-json\0--resume\0the beans\0".to_owned(), None),
            (String::new(), None),
        ] {
            let found = read(line.as_bytes()).map(|session| session.to_string());
            assert_eq!(found.as_deref(), expected, "{line:?}");
        }
    }
}
