//! Resident memory of the program itself, as Linux counts it in `/proc`.

use std::{
    fs,
    io::{self, ErrorKind, PipeReader, PipeWriter, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rustix::fs::{OFlags, fcntl_setfl};

use super::corpus::Corpus;

/// Between two looks at a process.
const GLANCE: Duration = Duration::from_millis(1);

/// So many looks in a row find that nothing goes on: threads also wait for each other, for moments.
const GLANCES: u32 = 50;

/// The program that is measured.
pub(crate) fn segue(corpus: &Corpus) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
    command
        .env_clear()
        .env("HOME", corpus.user_home())
        .env("CLAUDE_CONFIG_DIR", corpus.home().dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Looks at the memory of a command when it is about to print, KiB.
pub(crate) fn peak(
    command: &mut Command,
    look: impl FnOnce(u32) -> Option<u64>,
) -> io::Result<u64> {
    // The system forgets what a process held as soon as it ends, so it is kept from ending: it hangs
    // in its first word, since nobody reads.
    let (_unread, full) = full_pipe()?;
    let mut child = command.stdout(full).spawn()?;
    let mut hung = 0;
    while hung < GLANCES {
        if let Some(status) = child.try_wait()? {
            return Err(io::Error::other(format!("{command:?}: {status}")));
        }
        hung = if hangs(child.id()) { hung + 1 } else { 0 };
        thread::sleep(GLANCE);
    }
    let seen = look(child.id());
    child.kill()?;
    child.wait()?;
    seen.ok_or_else(|| io::Error::other(format!("{command:?}: its memory is not told")))
}

/// A pipe that takes nothing more.
fn full_pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, mut writer) = io::pipe()?;
    fcntl_setfl(&writer, OFlags::NONBLOCK)?;
    for piece in [&[0; 4096][..], &[0]] {
        loop {
            match writer.write(piece) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
    }
    fcntl_setfl(&writer, OFlags::empty())?;
    Ok((reader, writer))
}

/// Whether nothing goes on in a process: all of its threads wait. A search prints while the threads
/// that found something wait for it.
fn hangs(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    let waits = |thread: fs::DirEntry| {
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && line.contains("S (sleeping)"))
    };
    threads.flatten().all(waits)
}

/// Memory of a process, KiB: `VmRSS:` now, `VmHWM:` at most, `RssFile:` mapped from files.
pub(crate) fn held(pid: u32, key: &str) -> Option<u64> {
    status(pid, key)?.strip_suffix(" kB")?.parse().ok()
}

fn status(pid: u32, key: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(value.trim().to_owned())
}

/// Whether this system tells.
pub(crate) fn is_told() -> bool {
    Path::new("/proc/self/status").exists()
}
