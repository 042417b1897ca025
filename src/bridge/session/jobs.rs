//! Work of a session that takes a while: reading its files, and ending what has it.

use std::{
    ffi::OsString,
    future::pending,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::spawn_blocking, time::sleep};
use uuid::Uuid;

use crate::{
    bridge::{
        binding::Cut,
        prompt::PromptId,
        reader::TurnReader,
        reader::{self, PromptTrace},
        session::{
            LeftRunning,
            holder::{Observation, OtherHolder},
            staleness::KnownTranscript,
            state::{Lookup, Prepared},
        },
        turn::{Outcome, Turn},
    },
    claude::{
        home::Home,
        identity::Started,
        inbox,
        live::{self, Live},
        process::{self, Ended, Ending, Process},
        session::{SessionId, Status},
        transcript::{self, messages},
    },
};

/// How long a terminal may take to end after it was told to: it says goodbye and writes its costs.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked whether it has, and whether a transcript has been written.
const LOOK: Duration = Duration::from_millis(20);
/// How long what a process has told may take into its transcript. CLIs before 2.1.300 write up to
/// 0.1 s after their `result`.
const WRITTEN: Duration = Duration::from_secs(2);

/// What comes of it.
pub(super) enum Done {
    Prepared(Box<Prepared>, KnownTranscript),
    Compared { stale: bool, mirror: KnownTranscript },
    Looked(PromptId, Lookup),
    Exited(Ended),
    Seen(Box<Observation>),
    Sent(PromptId, bool),
    TakenOver(bool),
}

/// Finds out who has a session and what there is of it.
pub(super) async fn prepare(
    home: Home,
    session: SessionId,
    left: Arc<[LeftRunning]>,
    cut: Option<Cut>,
) -> Done {
    let look = move || {
        let mut prepared = Prepared::default();
        for live in live::list(&home).into_iter().filter(|live| live.session == session) {
            if live.is_orphan() {
                prepared.orphan = Started::of(live.pid);
            } else if live.is_foreign() {
                prepared.live = Some(live);
            }
        }
        let lives = |left: &&LeftRunning| left.session == session && left.process.is_alive();
        let left = || left.iter().find(lives).map(|left| left.process.clone());
        prepared.orphan = prepared.orphan.or_else(left);
        let transcript = home.transcript(session);
        prepared.exists = transcript.is_some();
        prepared.at = cut.and_then(|cut| start_at(transcript.as_deref(), cut));
        let cost = transcript.as_ref().and_then(|path| transcript::cost(path).ok().flatten());
        prepared.spent = cost.unwrap_or_default();
        (prepared, KnownTranscript::before(transcript.as_deref()))
    };
    let (prepared, mirror) = blocking(look).await;
    Done::Prepared(Box::new(prepared), mirror)
}

/// The message that a process must be told to go on behind: of a copy where it begins, of a session
/// that is gone back in until a resume follows the new branch.
fn start_at(transcript: Option<&Path>, Cut { at, from }: Cut) -> Option<Uuid> {
    match (transcript, from) {
        (None, _) => Some(at),
        (Some(_), None) => None,
        (Some(path), Some(from)) => match messages::back(path, at, from) {
            Ok(messages::Back::To(message)) => Some(message),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "not gone back in");
                None
            }
        },
    }
}

/// Whether the transcript holds a turn that our process did not tell.
pub(super) async fn compare(home: Home, session: SessionId, mut mirror: KnownTranscript) -> Done {
    let check = move || {
        let Some(transcript) = home.transcript(session) else { return (false, mirror) };
        // What cannot be read makes no process stale: what it holds in memory is then the best
        // there is.
        let stale = mirror.is_stale(&transcript).unwrap_or_else(|error| {
            tracing::warn!(%error, transcript = %transcript.display(), "not compared");
            false
        });
        (stale, mirror)
    };
    let (stale, mirror) = blocking(check).await;
    Done::Compared { stale, mirror }
}

/// Finds a prompt that may have run, and the turn it had.
pub(super) async fn look(
    home: Home,
    session: SessionId,
    prompt: PromptId,
    turn: Box<Turn>,
) -> Done {
    let find = move || find(&home, session, prompt, turn);
    Done::Looked(prompt, blocking(find).await)
}

fn find(home: &Home, session: SessionId, prompt: PromptId, mut turn: Box<Turn>) -> Lookup {
    let unreadable = |error: std::io::Error| Lookup::Unreadable(error.to_string());
    let path = match home.find_transcript(session) {
        Ok(Some(path)) => path,
        Ok(None) => return Lookup::Nothing,
        Err(error) => return unreadable(error),
    };
    match reader::look(&path, prompt) {
        Ok(PromptTrace::Unread) => Lookup::Nothing,
        Ok(PromptTrace::Joined) => Lookup::Joined,
        Ok(PromptTrace::Turn(offset)) => match reader::conclude(&path, offset, &mut turn) {
            Ok(()) => Lookup::Turn(turn),
            Err(error) => unreadable(error),
        },
        Err(error) => unreadable(error),
    }
}

/// Ends a process. An idle one is killed when its transcript holds what it has told.
pub(super) async fn end(
    process: Process,
    ending: Ending,
    (home, session, told): (Home, SessionId, Option<Uuid>),
) -> Done {
    if ending == Ending::Kill
        && let Some(told) = told
    {
        let deadline = Instant::now() + WRITTEN;
        let mut offset = None;
        while !is_written((&home, session), told, &mut offset).await && Instant::now() < deadline {
            sleep(LOOK).await;
        }
    }
    Done::Exited(process.end(ending).await)
}

/// Whether a record stands in the last part of a transcript, read on from `offset`.
async fn is_written(
    (home, session): (&Home, SessionId),
    told: Uuid,
    offset: &mut Option<u64>,
) -> bool {
    let (home, from) = (home.clone(), *offset);
    let look = move || {
        let path = home.transcript(session)?;
        let from = from.unwrap_or_else(|| tail_of(&path));
        let mut found = false;
        let end = transcript::since(&path, from, |record| found |= record.uuid == Some(told));
        Some((found, end.ok()?))
    };
    let Some((found, end)) = blocking(look).await else { return false };
    *offset = Some(end);
    found
}

/// Where the last 4 MiB of a transcript begin: the newest records are there.
fn tail_of(path: &Path) -> u64 {
    path.metadata().map_or(0, |meta| meta.len().saturating_sub(4 << 20))
}

/// Looks what the holder elsewhere does, and reads on in the turn of the first prompt.
pub(super) async fn watch(
    (home, session): (Home, SessionId),
    who: OtherHolder,
    head: Option<(PromptId, watch::Sender<Turn>)>,
    tail: Option<(PromptId, TurnReader)>,
) -> Done {
    let looked = (home.clone(), who.clone());
    let look = move || {
        let (home, who) = looked;
        match who {
            OtherHolder::Terminal(live) => (live.now(&home), live.is_alive()),
            OtherHolder::Orphan(process) => {
                let same = |live: &Live| live.session == session && live.is_orphan();
                let live = live::list(&home).into_iter().find(same);
                let alive = live.is_some() || process.is_alive();
                (live, alive)
            }
        }
    };
    let (live, alive) = blocking(look).await;
    let there = live.as_ref().filter(|live| live.session == session);
    let status = match &who {
        OtherHolder::Terminal(_) if alive => there.map(|live| live.status),
        _ => None,
    };
    let tail = match head {
        Some(head) => {
            let (home, tail) = (home.clone(), tail.filter(|(id, _)| *id == head.0));
            blocking(move || read_on((&home, session), head, tail, status)).await
        }
        None => None,
    };
    Done::Seen(Box::new(Observation { live, alive, tail }))
}

/// Reads on in the turn of a prompt. None while that cannot be read: then nothing is known of it.
fn read_on(
    (home, session): (&Home, SessionId),
    (prompt, turn): (PromptId, watch::Sender<Turn>),
    tail: Option<(PromptId, TurnReader)>,
    status: Option<Status>,
) -> Option<(PromptId, TurnReader, Option<Outcome>)> {
    let read = || {
        let mut reader = match tail {
            Some((_, reader)) => reader,
            None => TurnReader::find(home, session, prompt)?,
        };
        let before = reader.offset();
        reader.read(&turn)?;
        let grown = reader.offset() != before;
        let over = match status {
            Some(status) => reader.over_by(status, grown, tokio::time::Instant::now()),
            None => reader.over(),
        };
        std::io::Result::Ok((prompt, reader, over))
    };
    let log = |error: &std::io::Error| tracing::warn!(%error, %session, "a turn cannot be read");
    read().inspect_err(log).ok()
}

/// Hands a prompt to a terminal.
pub(super) async fn send(socket: PathBuf, prompt: PromptId, text: String) -> Done {
    let sent = inbox::send(&socket, prompt.0, &text).await;
    tracing::info!(prompt = %prompt.0, sent = sent.is_ok(), "to the terminal");
    Done::Sent(prompt, sent.is_ok())
}

/// Ends a terminal and waits until it is gone.
pub(super) async fn take_over(
    live: Live,
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
) -> Done {
    tracing::info!(session = %live.session, pid = live.pid, "taking over");
    match &live.job {
        Some(job) => {
            process::stop(&program, job, &environment).await;
        }
        None => live.terminate(),
    }
    let deadline = Instant::now() + PATIENCE;
    while live.is_alive() && Instant::now() < deadline {
        sleep(LOOK).await;
    }
    Done::TakenOver(!live.is_alive())
}

/// Runs work that waits for the disk. A fault in it is one of the session that wanted it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends.
            Err(_) => pending().await,
        },
    }
}
