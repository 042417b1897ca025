//! Which conversation a process continues or begins, or why it refuses to start.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    args::{Args, Conversation},
    files::Files,
    past::Past,
    stock,
};

/// Why a process refuses to start.
pub(super) struct Refusal {
    /// For standard error.
    pub(super) line: String,
    /// For the stream.
    pub(super) result: Option<Value>,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        format!("Error: {error}").into()
    }
}

impl From<String> for Refusal {
    fn from(line: String) -> Self {
        Self { line, result: None }
    }
}

/// The conversation that a process continues or begins.
pub(super) struct Found {
    pub(super) session: Uuid,
    /// Its transcript, which need not exist yet.
    pub(super) path: PathBuf,
    pub(super) past: Past,
}

/// Finds the conversation that the arguments name.
pub(super) fn find(args: &Args, files: &Files, directory: &Path) -> Result<Found, Refusal> {
    let old = match &args.conversation {
        Conversation::New => {
            let session = args.id.unwrap_or_else(Uuid::new_v4);
            if files.find_session(session).is_some() {
                return Err(format!("Error: Session ID {session} is already in use.").into());
            }
            return Ok(Found {
                session,
                path: files.folder(directory).join(format!("{session}.jsonl")),
                past: Past::default(),
            });
        }
        Conversation::Newest => {
            files.newest(directory).ok_or_else(|| "No conversation found to continue".to_owned())?
        }
        Conversation::Named(name) => Uuid::try_parse(name).map_err(|_| untitled(name))?,
    };
    let unknown = || lost(old, format!("No conversation found with session ID: {old}"));
    let path = files.find_session(old).ok_or_else(unknown)?;
    let past = match &args.at {
        None => Past::read(&path)?,
        Some(at) => {
            Past::read_until(&path, at, args.drops.as_deref())?.map_err(|line| lost(old, line))?
        }
    };
    if !args.fork {
        return Ok(Found { session: old, path, past });
    }
    let session = args.id.unwrap_or_else(Uuid::new_v4);
    let copy = files.folder(directory).join(format!("{session}.jsonl"));
    if let Some(folder) = copy.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(path, &copy)?;
    Ok(Found { session, path: copy, past })
}

/// The refusal of what is no id: titles are not looked for here.
fn untitled(name: &str) -> Refusal {
    let mut line = "Error: --resume requires a valid session ID or session title when used with \
                    --print. Usage: claude -p --resume <session-id|title>"
        .to_owned();
    if !name.is_empty() {
        let what = format!("\"{name}\" is not a UUID and does not match any session title.");
        line.push_str(". Provided value ");
        line.push_str(&what);
    }
    lost(Uuid::new_v4(), line)
}

/// The refusal of a session that is nowhere, told before anything is read.
fn lost(session: Uuid, line: String) -> Refusal {
    let result = json!({
        "type": "result", "subtype": "error_during_execution", "duration_ms": 0,
        "duration_api_ms": 0, "is_error": true, "num_turns": 0, "stop_reason": null,
        "session_id": session, "total_cost_usd": 0, "usage": stock::usage(), "modelUsage": {},
        "permission_denials": [], "uuid": Uuid::new_v4(), "errors": [line], "result_index": 0,
    });
    Refusal { line, result: Some(result) }
}
