//! Who has started a process, and whether that one lives: read from the system.
//!
//! The CLI's registry does not tell. Linux has it in `/proc`; elsewhere `ps` is asked.

use std::{fs, path::Path, process::Command, time::Duration};

/// The kin of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parentage {
    /// Its parent, or who has adopted it.
    pub(super) parent: u32,
    /// Whether it leads its process group, as what segue starts does.
    pub(super) leads: bool,
}

/// The kin of process `pid`. `None` when it is gone.
pub(super) fn of(pid: u32) -> Option<Parentage> {
    let (parent, group) = match fs::read_to_string(proc(pid, "stat")) {
        Ok(stat) => by_stat(&stat)?,
        Err(_) if cfg!(target_os = "linux") => return None,
        Err(_) => by_ps(pid)?,
    };
    Some(Parentage { parent, leads: group == pid })
}

/// Whether process `pid` runs a program of our own name.
pub(super) fn is_like_us(pid: u32) -> bool {
    let ours = name(std::process::id());
    ours.is_some() && name(pid) == ours
}

fn name(pid: u32) -> Option<String> {
    fs::read_to_string(proc(pid, "comm")).ok().or_else(|| ps(pid, "comm="))
}

fn proc(pid: u32, file: &str) -> std::path::PathBuf {
    Path::new("/proc").join(pid.to_string()).join(file)
}

/// Parent and group: fields 4 and 5 of `/proc/<pid>/stat`. The name, field 2, may hold spaces and
/// parentheses.
fn by_stat(stat: &str) -> Option<(u32, u32)> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn by_ps(pid: u32) -> Option<(u32, u32)> {
    let fields = ps(pid, "ppid=,pgid=")?;
    let mut fields = fields.split_whitespace();
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// For how long process `pid` has run.
pub(super) fn age(pid: u32) -> Option<Duration> {
    elapsed(ps(pid, "etime=")?.trim())
}

/// When process `pid` began, as a date.
pub(super) fn started(pid: u32) -> Option<String> {
    let date = ps(pid, "lstart=")?.trim().to_owned();
    (!date.is_empty()).then_some(date)
}

/// The program and the arguments of process `pid`, a blank between.
pub(super) fn arguments(pid: u32) -> Option<String> {
    ps(pid, "args=")
}

/// `[[days-]hours:]minutes:seconds`, as POSIX has `ps` write it.
fn elapsed(text: &str) -> Option<Duration> {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let mut seconds = 0_u64;
    for part in clock.split(':') {
        seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    let days: u64 = days.parse().ok()?;
    Some(Duration::from_secs(days.checked_mul(86_400)?.checked_add(seconds)?))
}

fn ps(pid: u32, fields: &str) -> Option<String> {
    let output = Command::new("ps").args(["-o", fields, "-p", &pid.to_string()]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::CommandExt, process::Stdio};

    use super::*;

    #[test]
    fn children_and_leaders_are_known() {
        for leads in [true, false] {
            let mut command = Command::new("cat");
            if leads {
                command.process_group(0);
            }
            let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
            let (id, us) = (child.id(), std::process::id());
            assert_eq!(of(id), Some(Parentage { parent: us, leads }));
            assert!(!is_like_us(id) && is_like_us(us));
            if let Some(told) = by_ps(id) {
                assert_eq!((told.0, told.1 == id), (us, leads), "ps tells the same");
            }
            drop(child.stdin.take());
            child.wait().unwrap();
            assert_eq!(of(id), None);
        }
    }

    #[test]
    fn ages_are_read() {
        for (text, seconds) in
            [("00:07", 7), ("12:00", 720), ("03:00:01", 10_801), ("2-00:00:05", 172_805)]
        {
            assert_eq!(elapsed(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(elapsed("soon"), None);
    }

    #[test]
    fn names_may_be_strange() {
        assert_eq!(by_stat("7 (a) b ) S 4 7 1 0"), Some((4, 7)));
        assert_eq!(by_stat("7 (a"), None);
    }
}
