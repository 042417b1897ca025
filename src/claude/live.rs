//! The registry of running CLI processes into a list of those that really run.
//!
//! The CLI keeps one file per process, and files of killed processes stay behind, often as busy, so
//! an entry counts only while its process lives and is the one that wrote it. Never opens the
//! secrets (`*.key`) that lie beside. Before 2.1.100 there is no registry, and the list is empty.

use std::{
    cmp::Reverse,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process, test_kill_process},
};

use super::{
    arguments,
    home::Home,
    identity::began,
    json::Raw,
    literals::PROGRAMS,
    parentage,
    session::{SessionId, Status},
};

/// How much later than its entry a process may seem to have begun: clocks are set, and ages are
/// rounded.
const SLACK: Duration = Duration::from_secs(60);

/// One running CLI process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its process id.
    pub pid: u32,
    /// The session it holds now.
    pub session: SessionId,
    /// The directory it works in.
    pub cwd: PathBuf,
    /// `interactive`, `bg`, …; empty where not said.
    pub kind: String,
    /// `cli`, `telegram`, …; empty where not said.
    pub entrypoint: String,
    /// The name of the session among the running ones; empty where not said.
    pub name: String,
    /// Version of the CLI.
    pub version: Option<String>,
    /// What it does.
    pub status: Status,
    /// What it waits for: `permission prompt`, `input needed`, `dialog open`, ….
    pub waiting_for: Option<String>,
    /// Its inbox, a Unix socket.
    pub socket: Option<PathBuf>,
    /// Its pane, `session:@window.%pane`, where it runs inside tmux.
    pub tmux: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub started: Option<u64>,
    /// Since when its status is what it is, likewise.
    pub since: Option<u64>,
    /// When the process began, in the system's own count (`procStart`).
    pub start: Option<String>,
    /// What `claude stop` calls it, where it is a background session (`jobId`).
    pub job: Option<String>,
}

/// Who has started a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Foreign,
    /// This process.
    Child,
    /// A segue that is gone.
    Orphan,
}

impl Live {
    /// Whether it is a headless process of a segue that is gone.
    pub fn is_orphan(&self) -> bool {
        self.origin() == Origin::Orphan
    }

    /// Whether it is a person's, or of another segue that lives: nobody of ours started it.
    pub fn is_foreign(&self) -> bool {
        self.origin() == Origin::Foreign
    }

    /// What a run of ours starts itself, by `claude -p` in a shell, says the same of itself. It
    /// leads no group, and neither does a CLI behind a launcher; but that one has the arguments by
    /// which we start a session, and no process of another session above it.
    fn origin(&self) -> Origin {
        if self.entrypoint != "telegram" {
            return Origin::Foreign;
        }
        let mut kin = match parentage::of(self.pid) {
            Some(kin) if kin.parent == std::process::id() => return Origin::Child,
            Some(kin) if parentage::is_like_us(kin.parent) => return Origin::Foreign,
            Some(kin) if !kin.leads => kin,
            Some(_) | None => return Origin::Orphan,
        };
        let Some(started_on) = arguments::session(self.pid) else { return Origin::Foreign };
        loop {
            let above = kin.parent;
            if above == std::process::id() {
                return Origin::Child;
            }
            let is_nested = arguments::session(above).is_some_and(|session| session != started_on);
            if is_nested || parentage::is_like_us(above) {
                return Origin::Foreign;
            }
            match parentage::of(above) {
                Some(next) if above > 1 => kin = next,
                _ => return Origin::Orphan,
            }
        }
    }

    /// Whether it belongs to no terminal: `claude --bg`.
    pub fn is_background(&self) -> bool {
        self.job.is_some() || matches!(&*self.kind, "bg" | "background")
    }

    /// What kind of process it is: `interactive`, `headless` or `background`.
    pub fn kind_name(&self) -> &'static str {
        let is_program = self.entrypoint == "telegram" || PROGRAMS.contains(&&*self.entrypoint);
        match self.is_background() {
            true => "background",
            false if is_program => "headless",
            false => "interactive",
        }
    }

    /// Whether this very process still runs. It strikes itself off the registry before it is gone.
    pub fn is_alive(&self) -> bool {
        runs(self.pid, self.start.as_deref(), self.started)
    }

    /// What it says of itself by now; `None` once it says nothing more.
    pub fn now(&self, home: &Home) -> Option<Self> {
        let entry = read(home.sessions().join(format!("{}.json", self.pid)))?;
        (entry.start == self.start).then_some(entry)
    }

    /// Asks this very process to end, by TERM: what it does at that moment, and what is typed
    /// there, is lost.
    pub fn terminate(&self) {
        if self.is_alive() {
            self.signal(Signal::TERM);
        }
    }

    /// Ends it by KILL, which for an idle process means that it writes nothing more.
    pub fn kill(&self) {
        if self.is_alive() {
            self.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    }
}

/// The running processes, in no order. A file that cannot be read counts as gone.
pub fn list(home: &Home) -> Vec<Live> {
    let Ok(files) = fs::read_dir(home.sessions()) else { return Vec::new() };
    let paths = files.flatten().map(|file| file.path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .filter_map(read)
        .collect()
}

/// The same, those that need somebody first: what waits, then what works, then the rest; within each
/// the one whose state is the newest.
pub fn by_need(home: &Home) -> Vec<Live> {
    let mut all = list(home);
    all.sort_by_key(|live| {
        let need = match live.status {
            Status::Waiting => 0,
            Status::Busy => 1,
            Status::Idle => 2,
        };
        (need, Reverse(live.since.or(live.started)), live.pid)
    });
    all
}

fn read(path: PathBuf) -> Option<Live> {
    decode(&fs::read(path).ok()?).filter(Live::is_alive)
}

/// Reads the content of an entry, whether or not its process still runs; `None` for what is none.
pub fn decode(bytes: &[u8]) -> Option<Live> {
    let entry = Raw::new(bytes);
    let text = |name| Some(entry.field(name)?.string()?.into_owned());
    Some(Live {
        pid: entry.field("pid")?.number()?,
        session: text("sessionId")?.parse().ok()?,
        cwd: text("cwd")?.into(),
        kind: text("kind").unwrap_or_default(),
        entrypoint: text("entrypoint").unwrap_or_default(),
        name: text("name").unwrap_or_default(),
        version: text("version"),
        status: match text("status").as_deref() {
            None | Some("idle") => Status::Idle,
            Some("waiting") => Status::Waiting,
            // Of a state nobody knows yet, the careful reading: do not disturb.
            Some(_) => Status::Busy,
        },
        waiting_for: text("waitingFor"),
        socket: text("messagingSocketPath").map(PathBuf::from),
        tmux: text("tmux"),
        started: entry.field("startedAt").and_then(Raw::number),
        since: entry.field("statusUpdatedAt").and_then(Raw::number),
        start: text("procStart"),
        job: text("jobId"),
    })
}

/// Whether process `pid` lives and began at `start`, as the CLI notes it. Where the system does not
/// show that, it is another when it began after it wrote its entry, at `started` (milliseconds since
/// the epoch).
fn runs(pid: u32, start: Option<&str>, started: Option<u64>) -> bool {
    if let Ok(stat) = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")) {
        return began(&stat).is_some_and(|began| start.is_none_or(|start| start == began));
    }
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    !cfg!(target_os = "linux")
        && number.is_some_and(|pid| matches!(test_kill_process(pid), Ok(()) | Err(Errno::PERM)))
        && !is_younger(pid, started)
}

/// Whether process `pid` began after `started`, milliseconds since the epoch.
fn is_younger(pid: u32, started: Option<u64>) -> bool {
    let (Some(started), Some(age)) = (started, parentage::age(pid)) else { return false };
    let written = UNIX_EPOCH + Duration::from_millis(started);
    SystemTime::now().checked_sub(age).is_some_and(|began| began > written + SLACK)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    /// A registry with an entry for this test's own process, changed by `change`.
    fn registry(change: &Value) -> Vec<Live> {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        fs::create_dir_all(home.sessions()).unwrap();
        let pid = std::process::id();
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let mut entry = json!({
            "pid": pid, "procStart": began(&stat), "sessionId": ID, "cwd": "/home/ada", "status": "busy",
        });
        entry.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        fs::write(home.sessions().join(format!("{pid}.json")), entry.to_string()).unwrap();
        fs::create_dir(home.sessions().join(format!("{pid}.key"))).unwrap();
        fs::write(home.sessions().join("1.json"), "torn {").unwrap();
        list(&home)
    }

    #[test]
    fn a_running_process_is_listed() {
        let all = registry(&json!({
            "kind": "interactive", "entrypoint": "cli", "name": "beans", "version": "2.1.328",
            "status": "waiting", "waitingFor": "permission prompt", "startedAt": 5, "statusUpdatedAt": 7,
            "messagingSocketPath": "/run/x.sock", "tmux": "0:@1.%2",
        }));
        let expected = Live {
            pid: std::process::id(),
            session: ID.parse().unwrap(),
            cwd: "/home/ada".into(),
            kind: "interactive".into(),
            entrypoint: "cli".into(),
            name: "beans".into(),
            version: Some("2.1.328".into()),
            status: Status::Waiting,
            waiting_for: Some("permission prompt".into()),
            socket: Some("/run/x.sock".into()),
            tmux: Some("0:@1.%2".into()),
            started: Some(5),
            since: Some(7),
            start: began(&fs::read_to_string("/proc/self/stat").unwrap()).map(str::to_owned),
            job: None,
        };
        assert_eq!(all, [expected]);
    }

    #[test]
    fn what_does_not_run_is_not_listed() {
        for change in [
            json!({"procStart": "1"}),
            json!({"pid": 4_194_305}),
            json!({"pid": 0}),
            json!({"pid": "x"}),
            json!({"sessionId": "x"}),
        ] {
            assert_eq!(registry(&change), [], "{change}");
        }
    }

    #[test]
    fn unknown_states_are_busy_and_missing_ones_idle() {
        for (status, expected) in [
            (json!("idle"), Status::Idle),
            (json!("busy"), Status::Busy),
            (json!("compacting"), Status::Busy),
            (Value::Null, Status::Idle),
        ] {
            let all = registry(&json!({"status": status}));
            assert_eq!(all.first().map(|live| live.status), Some(expected), "{status}");
        }
    }

    #[test]
    fn a_process_that_began_after_its_entry_is_another() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let us = std::process::id();
        assert!(!is_younger(us, Some(now)));
        assert!(!is_younger(us, None));
        assert!(is_younger(us, Some(now - 86_400_000)), "a day before");
    }
}
