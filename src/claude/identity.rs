//! A process by its id and its start: a later one of the same id is another.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::claude::parentage;

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Its process id.
    pub pid: u32,
    /// When it began, in the system's own words: clock ticks since boot on Linux, a date elsewhere.
    pub start: String,
}

impl Started {
    /// The process that has this id now. `None` where none has, or one that has ended and is not yet
    /// waited for.
    pub fn of(pid: u32) -> Option<Self> {
        let start = match fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))
        {
            Ok(stat) => began(&stat)?.to_owned(),
            Err(_) if cfg!(target_os = "linux") => return None,
            Err(_) => parentage::started(pid)?,
        };
        Some(Self { pid, start })
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }
}

/// When a process began, in clock ticks since boot: field 22 of `/proc/<pid>/stat`. `None` for one
/// that has ended and is not yet waited for. The name, field 2, may hold spaces and parentheses.
pub(super) fn began(stat: &str) -> Option<&str> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    let state = fields.next()?;
    let began = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then_some(began)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_known_until_it_is_gone() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let started = Started::of(child.id()).unwrap();
        assert!(started.is_alive());
        assert!(!Started { start: "1".to_owned(), ..started.clone() }.is_alive(), "another");
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!started.is_alive());
    }

    #[test]
    fn the_start_is_field_22() {
        let rest = "S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 159092 1 1";
        assert_eq!(began(&format!("7 (a) b ) {rest}")), Some("159092"));
        assert_eq!(began(&format!("7 (x) {}", rest.replacen('S', "Z", 1))), None);
        assert_eq!(began("7 (x)"), None);
    }
}
