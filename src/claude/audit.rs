//! Transcripts into what tools did: each call with how it ended.
//!
//! The call and its result are different records, which may stand far apart and in either order of
//! files; they are put together by the call's id. Knows nothing of which calls are dangerous.

use std::{collections::HashMap, io, ops::ControlFlow, path::PathBuf};

use serde_json::Value;

use super::{
    corpus::{Corpus, Owner, SessionFiles, TranscriptFile},
    home::Home,
    json::{Raw, object},
    prefilter::{Buffers, Literal, Prefilter},
    record::{Block, Kind, Record},
    session::SessionId,
    sweep::{Part, Step, Sweep, sweep},
};

/// Bytes of a text in a call's input that are kept: enough of any command, little of a file.
const KEPT: usize = 4_000;

/// How the result of a call begins that was not allowed, in the words of the CLI (seen on 2.1.332) and
/// in ours.
const DENIED: [&str; 4] = [
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action",
    "Tool permission request failed",
    "The person denied this.",
];

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It gave a result.
    Done,
    /// It failed.
    Failed,
    /// It was not allowed.
    Denied,
    /// No result stands in the transcript: it runs, or was broken off.
    Open,
}

/// One use of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The session.
    pub session: SessionId,
    /// When, milliseconds since the Unix epoch; 0 where it does not say.
    pub at: u64,
    /// A sub-agent called it.
    pub owner: Owner,
    /// The directory that Claude worked in; empty where it does not say.
    pub directory: PathBuf,
    /// The tool's name.
    pub tool: String,
    /// What it was called with; long texts in it are cut.
    pub input: Value,
    /// How it ended.
    pub outcome: Outcome,
}

/// Whose calls are told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// Of this session alone.
    pub session: Option<SessionId>,
    /// Made then or later, milliseconds since the Unix epoch.
    pub since: u64,
}

/// What could not be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missed {
    /// Folders and files that could not be read.
    pub unreadable: usize,
    /// Lines that were too long.
    pub too_long: usize,
}

/// Gives the calls of each session to `each`, the session written to last first, its calls in the order
/// of their time, until that has had enough.
pub fn run(
    home: &Home,
    scope: Scope,
    mut each: impl FnMut(Vec<Call>) -> ControlFlow<()>,
) -> Missed {
    let corpus = Corpus::of(home);
    let is_meant = |session: &&SessionFiles| {
        session.modified >= scope.since && scope.session.is_none_or(|wanted| wanted == session.id)
    };
    let sessions: Vec<&SessionFiles> = corpus.sessions.iter().filter(is_meant).collect();
    let files: Vec<&[TranscriptFile]> = sessions.iter().map(|session| &*session.files).collect();
    let mut missed = Missed { unreadable: corpus.unreadable, too_long: 0 };
    let reader = Reader { anchor: Literal::new("\"tool_"), since: scope.since };
    let _ = sweep(&files, &reader, |step| match step {
        Step::Bytes(_) => ControlFlow::Continue(()),
        Step::Session { number, parts, unreadable } => {
            missed.unreadable += unreadable;
            missed.too_long += parts.iter().map(|part| part.too_long).sum::<usize>();
            let calls = calls(sessions[number].id, parts);
            if calls.is_empty() { ControlFlow::Continue(()) } else { each(calls) }
        }
    });
    missed
}

/// Calls with their results, in the order of their time.
fn calls(session: SessionId, parts: Vec<Events>) -> Vec<Call> {
    let mut results: HashMap<String, Outcome> = HashMap::new();
    let mut calls = Vec::new();
    for part in parts {
        results.extend(part.results);
        calls.extend(part.calls);
    }
    let mut calls: Vec<Call> = calls
        .into_iter()
        .map(|(id, call)| {
            let outcome = results.get(&id).copied().unwrap_or(Outcome::Open);
            Call { session, outcome, ..call }
        })
        .collect();
    calls.sort_by_key(|call| call.at);
    calls
}

/// What a part of a session tells.
#[derive(Default)]
struct Events {
    /// With their ids.
    calls: Vec<(String, Call)>,
    results: Vec<(String, Outcome)>,
    too_long: usize,
}

struct Reader {
    anchor: Literal,
    since: u64,
}

impl Sweep for Reader {
    type Part = Events;

    fn part(&self, part: &Part<'_>, buffers: &mut Buffers) -> io::Result<Events> {
        let mut events = Events::default();
        let mut last = None;
        let sieve = Prefilter { finder: &self.anchor, shared: part.shared };
        let too_long = sieve.lines(part.file, part.range.clone(), buffers, |offset, line| {
            // A line that begins in the part before was read there, if it holds a call at all.
            let is_new = last.replace(offset) != Some(offset);
            if is_new
                && offset >= part.range.start
                && let Ok(record) = Record::decode(line)
                && record.at.is_none_or(|at| at >= self.since)
            {
                events.add(&record, line, part.of.owner);
            }
            part.is_wanted()
        })?;
        events.too_long = too_long;
        Ok(events)
    }
}

impl Events {
    fn add(&mut self, record: &Record<'_>, line: &[u8], owner: Owner) {
        let (Kind::User(message) | Kind::Assistant(message)) = &record.kind else { return };
        for block in &message.blocks {
            match block {
                Block::ToolUse { id, name, input } => {
                    let directory = record.cwd.and_then(Raw::string);
                    let call = Call {
                        session: SessionId(uuid::Uuid::nil()),
                        at: record.at.unwrap_or_default(),
                        owner: if record.sidechain { Owner::Agent } else { owner },
                        directory: PathBuf::from(directory.unwrap_or_default().into_owned()),
                        tool: name.to_string(),
                        input: cut(input.value()),
                        outcome: Outcome::Open,
                    };
                    self.calls.push((id.to_string(), call));
                }
                Block::ToolResult { id, error: false, .. } => {
                    self.results.push((id.to_string(), Outcome::Done));
                }
                Block::ToolResult { id, content, .. } => {
                    let is_denied = content.is_some_and(is_denial) || denial_kind(line);
                    let outcome = if is_denied { Outcome::Denied } else { Outcome::Failed };
                    self.results.push((id.to_string(), outcome));
                }
                _ => {}
            }
        }
    }
}

/// Whether the result of a call says that it was not allowed.
fn is_denial(content: Raw<'_>) -> bool {
    let text = content.text();
    let by_rule = text.starts_with("Permission to use ") && text.contains("has been denied");
    by_rule || DENIED.iter().any(|denied| text.starts_with(denied))
}

/// Whether the record itself says so (seen on 2.1.332).
fn denial_kind(line: &[u8]) -> bool {
    let kind = Raw::new(object(line)).field("toolDenialKind");
    kind.and_then(Raw::string).is_some_and(|kind| !kind.is_empty())
}

/// The input with its long texts cut.
fn cut(input: Value) -> Value {
    match input {
        Value::String(mut text) => {
            let mut ends = (0..=KEPT.min(text.len())).rev();
            let end = ends.find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or_default());
            text.shrink_to_fit();
            Value::String(text)
        }
        Value::Array(all) => all.into_iter().map(cut).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, cut(value))).collect())
        }
        other => other,
    }
}
