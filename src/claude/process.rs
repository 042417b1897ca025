//! One `claude` process: how it is started, spoken to, read, and ended.
//!
//! Knows lines, not their meaning. Its child is the leader of a process group of its own, so that
//! what Claude started ends with it; a process that is dropped is killed.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use uuid::Uuid;

use crate::claude::{home::Home, jsonl::LINE_CAP, session::SessionId};

/// A line buffer above this is given back after its line: tool results reach many MB, rarely.
const KEPT_BUFFER: usize = 1 << 20;
/// How much of stderr is kept for an error message.
const STDERR_LINES: usize = 40;
/// One line of stderr costs at most this many bytes.
const STDERR_LINE: usize = 2_000;
/// Lines to stdin that may wait while the CLI does not read.
const STDIN_LINES: usize = 64;
/// Between closing stdin and TERM, and again between TERM and KILL.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long `claude stop` may take; a second is usual.
const STOP: Duration = Duration::from_secs(20);

/// Which conversation a process continues or begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversation {
    /// `--resume`
    Resume(SessionId),
    /// `--session-id`: a new one under an id of our choice.
    New(SessionId),
    /// `--resume … --fork-session --session-id …`: a copy under an id of our choice.
    Fork {
        /// The session that is copied and stays as it is.
        of: SessionId,
        /// The copy.
        into: SessionId,
    },
}

impl Conversation {
    /// The session that the process will write to.
    pub fn session(self) -> SessionId {
        match self {
            Self::Resume(id) | Self::New(id) | Self::Fork { into: id, .. } => id,
        }
    }
}

/// What a process is started with.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Path or name of the CLI.
    pub program: PathBuf,
    /// The session's own directory.
    pub directory: PathBuf,
    /// Which session.
    pub conversation: Conversation,
    /// `--resume-session-at`: the message that it goes on behind, if that is not the last one.
    pub at: Option<Uuid>,
    /// Claude's directory, which knows how the transcript of a session is called.
    pub home: Home,
    /// `--permission-mode`
    pub mode: Option<String>,
    /// `--model`
    pub model: Option<String>,
    /// `--effort`
    pub effort: Option<String>,
    /// `--agent`, with which a new session begins; the CLI remembers it with the session.
    pub agent: Option<String>,
    /// Variables beyond our own environment.
    pub environment: Vec<(OsString, OsString)>,
}

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no such program.
    #[error("the Claude CLI was not found at `{}`", .0.display())]
    Missing(PathBuf),
    /// The session's directory is gone.
    #[error("the directory `{}` is gone", .0.display())]
    NoDirectory(PathBuf),
    /// The system refused.
    #[error("the Claude CLI could not be started: {0}")]
    Refused(io::Error),
}

/// A running CLI process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    group: Pid,
    stdin: Option<mpsc::Sender<Vec<u8>>>,
    stdout: BufReader<ChildStdout>,
    line: Vec<u8>,
    stderr: Arc<Mutex<VecDeque<String>>>,
    stderr_reader: JoinHandle<()>,
}

/// How a process is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At once, by KILL. For an idle process: it writes nothing then, where a closed stdin or TERM
    /// would append `cost-state` and so change what `claude --continue` picks on the laptop.
    Kill,
    /// Stdin closed, then TERM, then KILL, with patience between. For one that works.
    Polite,
}

impl Process {
    /// Starts the CLI in a process group of its own.
    pub fn start(launch: &Launch) -> Result<Self, LaunchError> {
        if !launch.directory.is_dir() {
            return Err(LaunchError::NoDirectory(launch.directory.clone()));
        }
        let mut child = command(launch).spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => LaunchError::Missing(launch.program.clone()),
            _ => LaunchError::Refused(error),
        })?;
        let gone = || LaunchError::Refused(io::Error::other("the child has no pipes"));
        let group = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).ok_or_else(gone)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { return Err(gone()) };
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, receiver) = mpsc::channel(STDIN_LINES);
        tokio::spawn(write(stdin, receiver));
        Ok(Self {
            child,
            group,
            stdin: Some(sender),
            stdout: BufReader::with_capacity(32 << 10, stdout),
            line: Vec::new(),
            stderr_reader: tokio::spawn(keep_tail(stderr, Arc::clone(&tail))),
            stderr: tail,
        })
    }

    /// Its process id, which is also its group's.
    pub fn pid(&self) -> u32 {
        self.group.as_raw_nonzero().get().cast_unsigned()
    }

    /// Hands a line to the CLI. False when it takes none any more: it is gone or hangs.
    pub fn say(&self, line: Vec<u8>) -> bool {
        self.stdin.as_ref().is_some_and(|stdin| stdin.try_send(line).is_ok())
    }

    /// Reads the next line of stdout into [`Process::line`]; false at its end. Cancel safe.
    pub async fn read(&mut self) -> bool {
        if self.line.last() == Some(&b'\n') {
            self.line.clear();
            if self.line.capacity() > KEPT_BUFFER {
                self.line = Vec::new();
            }
        }
        read_line(&mut self.stdout, &mut self.line).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "reading from the CLI");
            false
        })
    }

    /// The line that was read last, without its line end.
    pub fn line(&self) -> &[u8] {
        self.line.trim_ascii_end()
    }

    /// Ends the process and its group, waits until it is gone, and says how it ended.
    pub async fn end(mut self, ending: Ending) -> Ended {
        self.stdin = None;
        if ending == Ending::Polite && !self.waited(PATIENCE).await {
            self.signal(Signal::TERM);
            self.waited(PATIENCE).await;
        }
        self.signal(Signal::KILL);
        let status = self.child.wait().await.ok();
        let _ = timeout(PATIENCE, &mut self.stderr_reader).await;
        Ended { status, stderr: self.stderr_tail() }
    }

    /// Collects a process whose stdout has ended: it is about to exit, or is killed.
    pub async fn collect(mut self) -> Ended {
        self.stdin = None;
        self.waited(PATIENCE).await;
        self.end(Ending::Kill).await
    }

    async fn waited(&mut self, patience: Duration) -> bool {
        let Self { child, stdout, .. } = self;
        // A full pipe would keep the CLI from ending: what it still says is read and dropped.
        let drained = async {
            let _ = tokio::io::copy_buf(stdout, &mut tokio::io::sink()).await;
            child.wait().await
        };
        timeout(patience, drained).await.is_ok()
    }

    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
    }

    fn stderr_tail(&self) -> String {
        let tail = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Once the child was waited for, its id may belong to somebody else.
        if self.child.id().is_some() {
            self.signal(Signal::KILL);
        }
    }
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Exit code or signal, where the system told.
    pub status: Option<ExitStatus>,
    /// The last lines it wrote to stderr.
    pub stderr: String,
}

fn command(launch: &Launch) -> Command {
    let mut command = Command::new(&launch.program);
    command
        .args(["-p", "--input-format", "stream-json", "--output-format", "stream-json"])
        .args(["--verbose", "--include-partial-messages", "--replay-user-messages"])
        .args(["--permission-prompt-tool", "stdio"]);
    // An id is what its file is called, capitals included.
    let known_as = |id: SessionId| launch.home.resume_id(id).unwrap_or_else(|| id.to_string());
    match launch.conversation {
        Conversation::Resume(id) => command.args(["--resume", &known_as(id)]),
        Conversation::New(id) => command.args(["--session-id", &id.to_string()]),
        Conversation::Fork { of, into } => command
            .args(["--resume", &known_as(of), "--fork-session"])
            .args(["--session-id", &into.to_string()]),
    };
    if let Some(at) = launch.at {
        command.args(["--resume-session-at", &at.to_string()]);
    }
    let bypasses = launch.mode.as_deref() == Some("bypassPermissions");
    let agent =
        launch.agent.clone().filter(|_| matches!(launch.conversation, Conversation::New(_)));
    if bypasses {
        // The mode alone is refused.
        command.arg("--dangerously-skip-permissions");
    }
    for (flag, value) in [
        ("--permission-mode", &launch.mode.clone().filter(|_| !bypasses)),
        ("--model", &launch.model),
        ("--effort", &launch.effort),
        ("--agent", &agent),
    ] {
        if let Some(value) = value {
            command.args([flag, value]);
        }
    }
    clean(&mut command, &launch.environment);
    command
        .env("CLAUDE_CODE_ENTRYPOINT", "telegram")
        .current_dir(&launch.directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Ends a background session by its own command, as it can end no other way; false when that
/// fails.
pub async fn stop(program: &Path, job: &str, environment: &[(OsString, OsString)]) -> bool {
    let mut command = Command::new(program);
    command.args(["stop", job]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    clean(&mut command, environment);
    command.kill_on_drop(true);
    let ended = timeout(STOP, command.status()).await;
    ended.is_ok_and(|status| status.is_ok_and(|status| status.success()))
}

/// Our own environment without what is private, and with what is set for the CLI.
pub(super) fn clean(command: &mut Command, environment: &[(OsString, OsString)]) {
    for name in std::env::vars_os().map(|(name, _)| name).filter(|name| is_private(name)) {
        command.env_remove(name);
    }
    command.envs(environment.iter().map(|(name, value)| (name, value)));
}

/// Whether a variable of our environment must not reach the CLI, and through it Claude's shell
/// commands: our own secrets and settings, the socket of our service manager, and what an outer
/// Claude session told about itself.
/// Settings of the CLI (`CLAUDE_CODE_USE_BEDROCK`, `CLAUDE_CONFIG_DIR`, …) pass, and what tells the
/// sandbox's scripted CLI its script.
pub fn is_private(name: &OsStr) -> bool {
    const OUTER_SESSION: [&str; 10] = [
        "SESSION",
        "ENTRYPOINT",
        "SSE_PORT",
        "CHILD",
        "PARENT",
        "SOCKET",
        "MESSAGING",
        "EXECPATH",
        "BRIDGE",
        "LAUNCHED_BY",
    ];
    let name = name.to_string_lossy();
    name == "TELEGRAM_BOT_TOKEN"
        || matches!(&*name, "CLAUDECODE" | "CLAUDE_PID" | "CLAUDE_EFFORT" | "NOTIFY_SOCKET")
        || (name.starts_with("SEGUE_") && !name.starts_with("SEGUE_SCRIPT"))
        || name
            .strip_prefix("CLAUDE_CODE_")
            .is_some_and(|rest| OUTER_SESSION.iter().any(|word| rest.contains(word)))
}

async fn write(mut stdin: ChildStdin, mut lines: mpsc::Receiver<Vec<u8>>) {
    while let Some(line) = lines.recv().await {
        if stdin.write_all(&line).await.is_err() {
            return;
        }
    }
}

async fn keep_tail(stderr: ChildStderr, tail: Arc<Mutex<VecDeque<String>>>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    while let Ok(true) = read_line(&mut reader, &mut line).await {
        line.truncate(STDERR_LINE);
        let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == STDERR_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
        line.clear();
    }
}

/// Appends to `line` up to and with the next `\n`, or to the end of input. What a line has beyond
/// [`LINE_CAP`] is dropped, so that it no longer decodes. False at the end of input.
async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    loop {
        let chunk = reader.fill_buf().await?;
        if chunk.is_empty() {
            let any = !line.is_empty();
            if any {
                line.push(b'\n');
            }
            return Ok(any);
        }
        let end = memchr::memchr(b'\n', chunk);
        let taken = end.map_or(chunk.len(), |end| end + 1);
        let room = LINE_CAP.saturating_sub(line.len());
        line.extend_from_slice(&chunk[..taken.min(room)]);
        reader.consume(taken);
        if end.is_some() {
            if line.last() != Some(&b'\n') {
                line.push(b'\n');
            }
            return Ok(true);
        }
    }
}

/// Where a program name leads: the path itself, or the first executable of that name on `path`
/// (the value of `PATH`).
pub fn find(program: &Path, path: Option<&OsString>) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    std::env::split_paths(path?).map(|dir| dir.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn launch(program: PathBuf, directory: PathBuf) -> Launch {
        let id = SessionId(uuid::Uuid::nil());
        Launch {
            program,
            directory,
            conversation: Conversation::New(id),
            at: None,
            home: Home::at("/nowhere"),
            mode: None,
            effort: None,
            agent: None,
            model: None,
            environment: Vec::new(),
        }
    }

    fn script(dir: &Path, body: &str) -> PathBuf {
        let path = dir.join("claude");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_session_is_resumed_and_copied_by_the_name_of_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let folder = home.projects().join("-garden");
        std::fs::create_dir_all(&folder).unwrap();
        let (small, large) =
            ("7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10", "7F9C2BA4-E88F-4F82-B71D-4B0E6F6E6A10");
        let (session, into) = (small.parse().unwrap(), SessionId(uuid::Uuid::nil()));
        let named = |conversation| {
            let launch =
                Launch { conversation, home: home.clone(), ..launch("claude".into(), "/".into()) };
            let command = command(&launch);
            let mut arguments = command.as_std().get_args();
            arguments.find(|argument| *argument == "--resume").unwrap();
            arguments.next().unwrap().to_str().unwrap().to_owned()
        };
        for name in [None, Some(large), Some(small)] {
            if let Some(name) = name {
                std::fs::write(folder.join(format!("{name}.jsonl")), "").unwrap();
            }
            for conversation in
                [Conversation::Resume(session), Conversation::Fork { of: session, into }]
            {
                assert_eq!(named(conversation), name.unwrap_or(small));
            }
        }
    }

    #[test]
    fn private_variables_stay_here_and_settings_pass() {
        for (name, private) in [
            ("TELEGRAM_BOT_TOKEN", true),
            ("SEGUE_ALLOWED_USERS", true),
            ("CLAUDECODE", true),
            ("NOTIFY_SOCKET", true),
            ("CLAUDE_CODE_SSE_PORT", true),
            ("CLAUDE_CODE_SESSION_ID", true),
            ("CLAUDE_CODE_ENTRYPOINT", true),
            ("CLAUDE_CODE_MESSAGING_TOKEN", true),
            ("CLAUDE_PID", true),
            ("CLAUDE_CODE_USE_BEDROCK", false),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", false),
            ("CLAUDE_CONFIG_DIR", false),
            ("ANTHROPIC_API_KEY", false),
            ("PATH", false),
        ] {
            assert_eq!(is_private(OsStr::new(name)), private, "{name}");
        }
    }

    #[tokio::test]
    async fn a_missing_program_and_a_missing_directory_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let missing = Process::start(&launch(dir.path().join("no-such"), dir.path().into()));
        assert!(matches!(missing, Err(LaunchError::Missing(_))), "{missing:?}");
        let gone = Process::start(&launch("sh".into(), dir.path().join("gone")));
        assert!(matches!(gone, Err(LaunchError::NoDirectory(_))), "{gone:?}");
    }

    #[tokio::test]
    async fn lines_go_both_ways_and_the_end_tells_stderr_and_code() {
        let dir = tempfile::tempdir().unwrap();
        let body = "read line; echo \"got $line\"; echo oops >&2; printf tail; exit 3";
        let program = script(dir.path(), body);
        let mut process = Process::start(&launch(program, dir.path().into())).unwrap();
        assert!(process.say(b"hello\n".to_vec()));
        assert!(process.read().await);
        assert_eq!(process.line(), b"got hello");
        assert!(process.read().await);
        assert_eq!(process.line(), b"tail");
        assert!(!process.read().await);
        let ended = process.collect().await;
        assert_eq!(ended.status.and_then(|status| status.code()), Some(3));
        assert_eq!(ended.stderr, "oops");
    }

    #[tokio::test]
    async fn a_line_of_many_megabytes_arrives_whole_and_its_buffer_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let body = "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo small; cat";
        let program = script(dir.path(), body);
        let mut process = Process::start(&launch(program, dir.path().into())).unwrap();
        assert!(process.read().await);
        assert_eq!(process.line().len(), 5_000_000);
        assert!(process.read().await);
        assert_eq!(process.line(), b"small");
        assert!(process.line.capacity() <= KEPT_BUFFER);
        process.end(Ending::Kill).await;
    }

    #[tokio::test]
    async fn ending_takes_the_whole_group_along() {
        let dir = tempfile::tempdir().unwrap();
        let program = script(dir.path(), "sleep 1000 & echo $!; wait");
        let mut process = Process::start(&launch(program, dir.path().into())).unwrap();
        assert!(process.read().await);
        let pid: i32 = std::str::from_utf8(process.line()).unwrap().parse().unwrap();
        process.end(Ending::Kill).await;
        let stat = Path::new("/proc").join(pid.to_string()).join("stat");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            assert!(tokio::time::Instant::now() < deadline, "the grandchild lives");
            tokio::task::yield_now().await;
        }
    }
}
