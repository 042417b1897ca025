//! Sessions that are put away: archived as Anthropic's own SDK does it, or in the system's trash.
//!
//! Archiving writes a note beside the transcript, which the next prompt makes void. Deleting takes the
//! transcript and the folder of its sub-agents, as the SDK does, but leaves them in the trash.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat};
use serde_json::json;
use thiserror::Error;

use super::{home::Home, live, session::SessionId};

/// Why a session is where it was.
#[derive(Debug, Error)]
pub enum PutAwayError {
    /// It has no transcript.
    #[error("it has no transcript")]
    Unknown,
    /// A process has it open.
    #[error("process {0} has it open")]
    Live(u32),
    /// It is not in the trash, or cannot be found there.
    #[error("it is not in the trash any more")]
    NotThere,
    /// The system gives no way to take something out of the trash.
    #[error("this system's trash can only be emptied by hand")]
    NoWayBack,
    /// A file could not be written.
    #[error("{path} cannot be written: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The trash takes nothing.
    #[error("the trash says: {0}")]
    Trash(#[from] trash::Error),
}

/// The transcript of a session, and the folder beside it, which need not be there.
fn files(home: &Home, session: SessionId) -> Result<(PathBuf, PathBuf), PutAwayError> {
    let transcript = home.transcript(session).ok_or(PutAwayError::Unknown)?;
    let folder = transcript.with_extension("");
    Ok((transcript, folder))
}

/// Archives a session, or takes that back; `now` counts milliseconds since the epoch.
pub fn archive(
    home: &Home,
    session: SessionId,
    archived: bool,
    now: u64,
) -> Result<(), PutAwayError> {
    let (_, folder) = files(home, session)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| PutAwayError::Io { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    let at = DateTime::from_timestamp_millis(now.cast_signed()).unwrap_or_default();
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let note = json!({"archived": archived, "at": at, "by": "segue"});
    let path = folder.join("archived.json");
    fs::write(&path, note.to_string()).map_err(failed(&path))
}

/// Puts a session that nobody has open into the system's trash.
pub fn delete(home: &Home, session: SessionId) -> Result<(), PutAwayError> {
    if let Some(live) = live::list(home).into_iter().find(|live| live.session == session) {
        return Err(PutAwayError::Live(live.pid));
    }
    let (transcript, folder) = files(home, session)?;
    // The transcript last: while it is there, so is the session, and it can be tried again.
    if folder.exists() {
        trash::delete(&folder)?;
    }
    Ok(trash::delete(&transcript)?)
}

/// Takes a session out of the trash again, to where it was.
#[cfg(not(target_os = "macos"))]
pub fn restore(session: SessionId) -> Result<(), PutAwayError> {
    use trash::os_limited;

    let (stem, name) = (session.to_string(), format!("{session}.jsonl"));
    let mut newest = [None, None];
    for item in os_limited::list()? {
        let slot = match item.name.to_str() {
            Some(text) if text == name => 0,
            Some(text) if text == stem => 1,
            _ => continue,
        };
        let is_newer = |known: &trash::TrashItem| known.time_deleted < item.time_deleted;
        if newest[slot].as_ref().is_none_or(is_newer) {
            newest[slot] = Some(item);
        }
    }
    let [Some(transcript), folder] = newest else { return Err(PutAwayError::NotThere) };
    // A folder from another time is not of this transcript.
    let parent = transcript.original_parent.clone();
    let folder = folder.filter(|folder| {
        folder.original_parent == parent && transcript.time_deleted - folder.time_deleted < 60
    });
    Ok(os_limited::restore_all(folder.into_iter().chain([transcript]))?)
}

/// Takes a session out of the trash again, which the system does not offer.
#[cfg(target_os = "macos")]
pub fn restore(_session: SessionId) -> Result<(), PutAwayError> {
    Err(PutAwayError::NoWayBack)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claude::catalog;

    #[test]
    fn an_archived_session_is_one_until_it_is_gone_on_with_or_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let id: SessionId = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10".parse().unwrap();
        assert!(matches!(archive(&home, id, true, 0), Err(PutAwayError::Unknown)));
        let folder = home.projects().join("-garden");
        fs::create_dir_all(&folder).unwrap();
        let line = |at: &str| {
            json!({"type": "user", "cwd": "/garden", "timestamp": at, "uuid": id.to_string(),
                "message": {"content": "sow"}})
            .to_string()
        };
        let path = folder.join(format!("{id}.jsonl"));
        fs::write(&path, line("2026-05-04T09:12:33.000Z") + "\n").unwrap();
        let is_archived = || catalog::find(&home, id).unwrap().archived;
        assert!(!is_archived());
        archive(&home, id, true, 1_777_885_954_000).unwrap();
        assert!(is_archived());
        archive(&home, id, false, 1_777_885_955_000).unwrap();
        assert!(!is_archived());
        archive(&home, id, true, 1_777_885_956_000).unwrap();
        let both = [line("2026-05-04T09:12:33.000Z"), line("2026-05-05T09:12:33.000Z")];
        fs::write(&path, both.join("\n") + "\n").unwrap();
        assert!(!is_archived(), "it was gone on with");
    }
}
