//! Sessions in the background: `claude --bg`, `claude agents`, `claude stop`, `claude logs`.
//!
//! The real one has a daemon; here each is a process of its own that outlives its starter. It takes
//! its prompt from the command line and then waits, as one in a terminal does, until it is stopped.
//! Nobody types into it: a question that it asks stays open.

use std::{
    env, fs, io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    args::{self, Args, Conversation, Which},
    files::Files,
    past::Past,
    run::Run,
    show,
    wire::{complain, now, now_ms},
};

/// Tells a process that it is such a session: the short id.
const MARK: &str = "SEGUE_SCRIPT_JOB";

/// The file of a background session that lists it.
pub(super) struct Job {
    id: String,
    path: PathBuf,
}

impl Job {
    /// The job of this process, if it is one.
    pub(super) fn find() -> Option<Self> {
        Some(Self::of(&Files::find(), &env::var(MARK).ok()?))
    }

    fn of(files: &Files, id: &str) -> Self {
        Self { id: id.to_owned(), path: files.jobs().join(id).join("state.json") }
    }

    fn write(&self, state: &Value) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = self.path.with_extension("new");
        fs::write(&new, state.to_string())?;
        fs::rename(new, &self.path)
    }

    fn read(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(&self.path).ok()?).ok()
    }
}

/// Whether this process is a background session.
pub(super) fn is_meant() -> bool {
    env::var_os(MARK).is_some()
}

impl Run {
    /// A background session lists itself, with what it was told to do.
    pub(super) fn settle_in(&mut self, prompt: &str) {
        let Some(job) = &self.job else { return };
        self.entry.background(&job.id);
        self.transcript.stamp("sessionKind", "bg");
        let state = json!({
            "state": "working", "detail": "", "tempo": "idle", "template": "bg",
            "intent": prompt, "name": prompt, "nameSource": "auto",
            "sessionId": self.wire.session, "resumeSessionId": self.wire.session,
            "daemonShort": job.id, "cliVersion": super::VERSION, "cwd": self.directory,
            "createdAt": now(), "updatedAt": now(), "firstTerminalAt": null,
        });
        // A full disk must not end a session.
        let _ = job.write(&state);
    }
}

/// `claude --bg`: starts a session in the background and says which.
pub(super) fn start(args: &Args) -> ExitCode {
    match spawn(args) {
        Ok(id) => show(&format!(
            "backgrounded · {id}\n  claude agents             list sessions\n  claude attach {id}    \
             open in this terminal\n  claude logs {id}      show recent output\n  claude stop {id}  \
             \u{20}   stop this session"
        )),
        Err(error) => super::refuse(&format!("Error: {error}")),
    }
}

fn spawn(args: &Args) -> io::Result<String> {
    let session = match &args.conversation {
        Conversation::Named(id) => Uuid::try_parse(id).map_err(io::Error::other)?,
        _ => args.id.unwrap_or_else(Uuid::new_v4),
    };
    let id = session.to_string()[..8].to_owned();
    let prompt = args.prompt.clone().unwrap_or_default();
    let files = Files::find();
    let mut command = Command::new(env::current_exe()?);
    command.arg0("claude").arg("-p").env(MARK, &id).env_remove("CLAUDE_CODE_ENTRYPOINT");
    match &args.conversation {
        Conversation::Named(_) => command.args(["--resume", &session.to_string()]),
        _ => command.args(["--session-id", &session.to_string()]),
    };
    for (flag, value) in [
        ("-w", &args.worktree),
        ("--model", &args.model),
        ("--permission-mode", &args.mode),
        ("--name", &args.name),
    ] {
        if let Some(value) = value {
            command.args([flag, value]);
        }
    }
    command.arg(&prompt).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let line = json!({
        "display": prompt, "pastedContents": {}, "timestamp": now_ms(),
        "project": env::current_dir()?, "sessionId": session,
    });
    files.append_history(&line)?;
    Ok(id)
}

/// `claude agents`, `claude stop`, `claude logs`
pub(super) fn serve(command: &args::Command) -> ExitCode {
    let files = Files::find();
    match command {
        args::Command::List(which) => list(&files, *which),
        args::Command::Stop(id) => stop(&files, id),
        args::Command::Logs(id) => logs(&files, id),
    }
}

fn list(files: &Files, which: Which) -> ExitCode {
    let mut rows: Vec<Value> = running(files).iter().map(row).collect();
    if which == Which::All {
        let known = |id: &Value, rows: &[Value]| rows.iter().any(|row| row["id"] == *id);
        let jobs = fs::read_dir(files.jobs()).into_iter().flatten().flatten();
        let states = jobs
            .filter_map(|job| Job::of(files, job.file_name().to_str().unwrap_or_default()).read());
        for state in states.collect::<Vec<_>>() {
            if !known(&state["daemonShort"], &rows) {
                rows.push(json!({
                    "id": state["daemonShort"], "cwd": state["cwd"], "kind": "background",
                    "sessionId": state["sessionId"], "name": state["name"],
                    "state": state["state"],
                }));
            }
        }
    }
    show(&format!("{:#}", Value::Array(rows)))
}

/// The registry entries of background sessions that live.
fn running(files: &Files) -> Vec<Value> {
    let entries = fs::read_dir(files.sessions()).into_iter().flatten().flatten();
    let read = entries.filter_map(|entry| {
        let entry: Value = serde_json::from_slice(&fs::read(entry.path()).ok()?).ok()?;
        let pid = Pid::from_raw(entry["pid"].as_i64()?.try_into().ok()?)?;
        let lives = entry["kind"] == "bg" && test_kill_process(pid).is_ok();
        lives.then_some(entry)
    });
    read.collect()
}

fn row(entry: &Value) -> Value {
    json!({
        "pid": entry["pid"], "id": entry["jobId"], "cwd": entry["cwd"], "kind": "background",
        "startedAt": entry["startedAt"], "sessionId": entry["sessionId"], "name": entry["name"],
        "status": entry["status"], "state": "working",
    })
}

/// The job of a short id, or of a session.
fn job(files: &Files, id: &str) -> Option<Job> {
    let job = Job::of(files, id.get(..8).unwrap_or(id));
    job.read().map(|_| job)
}

fn stop(files: &Files, id: &str) -> ExitCode {
    let Some(job) = job(files, id) else { return unknown(id) };
    let entry = running(files).into_iter().find(|entry| entry["jobId"] == job.id.as_str());
    let pid = entry.and_then(|entry| Pid::from_raw(entry["pid"].as_i64()?.try_into().ok()?));
    if let Some(pid) = pid {
        let _ = kill_process(pid, Signal::TERM);
    }
    let mut state = job.read().unwrap_or_default();
    for (field, value) in [("state", "stopped"), ("detail", "stopped"), ("tempo", "idle")] {
        state[field] = value.into();
    }
    state["firstTerminalAt"] = now().into();
    match job.write(&state) {
        Ok(()) => show(&format!("stopped {}", job.id)),
        Err(error) => super::refuse(&format!("Error: {error}")),
    }
}

/// What stands on the screen of a session: what was said, between escapes.
fn logs(files: &Files, id: &str) -> ExitCode {
    let state = job(files, id).and_then(|job| job.read());
    let session = state.as_ref().and_then(|state| state["sessionId"].as_str()?.parse().ok());
    let Some(path) = session.and_then(|session| files.find_session(session)) else {
        return unknown(id);
    };
    let said = Past::read(Path::new(&path)).map(|past| past.prompts.join("\n")).unwrap_or_default();
    show(&format!("\u{1b}[2J\u{1b}[H\u{1b}[1mClaude Code\u{1b}[0m\r\n\u{276f} {said}"))
}

fn unknown(id: &str) -> ExitCode {
    complain(&format!("No session matching '{id}'. Run 'claude agents' to list running sessions."));
    ExitCode::FAILURE
}
