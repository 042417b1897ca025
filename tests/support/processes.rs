//! The CLI processes of a home, and what is done to them.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process};

/// The CLI processes that live, in the order of their numbers.
pub(crate) fn living(home: &Path) -> Vec<i32> {
    let entries = fs::read_dir(home.join(".claude/sessions")).into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.path().file_stem()?.to_str()?.parse().ok());
    let lives = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    let mut pids: Vec<i32> = pids.filter(lives).collect();
    pids.sort_unstable();
    pids
}

/// Ends a process without a chance to say anything.
pub(crate) fn end(pid: i32) {
    signal(pid, Signal::KILL);
}

/// Halts a process.
pub(crate) fn halt(pid: i32) {
    signal(pid, Signal::STOP);
}

/// Lets a halted process go on.
pub(crate) fn go_on(pid: i32) {
    signal(pid, Signal::CONT);
}

fn signal(pid: i32, signal: Signal) {
    // It may be gone already.
    let _ = kill_process(Pid::from_raw(pid).unwrap(), signal);
}
