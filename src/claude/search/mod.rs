//! Words into the sessions in which they were said, newest first and while it looks.
//!
//! There is no index: every byte of every transcript, those of sub-agents included, is read at the
//! moment of asking, at nearly the speed of reading. Only lines that hold the rarest piece of what is
//! looked for are decoded, and what is no conversation is not looked into. A session is told once, by
//! its newest message that matches, as soon as nothing that was not read yet could be newer. Prompts
//! whose session was deleted are found in Claude's history. Never writes, remembers nothing.

mod anchor;
mod message;
mod past;
mod query;
mod term;
mod work;

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, HashSet},
    fs::File,
    ops::ControlFlow,
    path::PathBuf,
};

use serde::Serialize;

use super::{
    catalog,
    corpus::{Corpus, Owner, SessionFiles, TranscriptFile},
    home::Home,
    session::SessionId,
    sweep::{Step, sweep},
};

pub use message::Excerpt;
pub use query::{BadQuery, Query, QueryContext, Speaker, moment};
pub use term::Term;

use query::Directory;
use work::{Matches, Search};

/// A session in which it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The session; `None` where a prompt is all that is left of it, from before prompts named theirs.
    pub session: Option<SessionId>,
    /// Its title; of one that is gone the prompt.
    pub title: String,
    /// Its directory.
    pub project: PathBuf,
    /// When the newest message that matches was written, milliseconds since the Unix epoch; 0 where
    /// it does not say.
    pub at: u64,
    /// Who said it.
    pub by: Speaker,
    /// The words around it.
    pub excerpt: Excerpt,
    /// How many messages match.
    pub messages: usize,
    /// Where it stands.
    pub place: Place,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the session itself.
    Session,
    /// In what a sub-agent of it did.
    Agent,
    /// In the history of prompts: the transcript is gone.
    History,
}

/// What a search tells while it runs.
#[derive(Debug)]
pub enum Event {
    /// A session in which it was said; none that follows is newer.
    Found(Found),
    /// So many bytes were read.
    Progress {
        /// So far.
        bytes: u64,
        /// In all.
        of: u64,
    },
}

/// Where a search has looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Sessions that were searched.
    pub sessions: usize,
    /// Bytes of their transcripts.
    pub bytes: u64,
    /// Folders and files that could not be read.
    pub unreadable: usize,
    /// Lines that were too long to be looked into.
    pub too_long: usize,
}

/// Searches everything, and tells `each` what it finds until that has had enough.
pub fn run(home: &Home, query: &Query, mut each: impl FnMut(Event) -> ControlFlow<()>) -> Summary {
    let corpus = Corpus::of(home);
    let known: HashSet<SessionId> = corpus.sessions.iter().map(|session| session.id).collect();
    let mut sessions: Vec<&SessionFiles> = corpus.sessions.iter().collect();
    sessions.retain(|session| query.may_be_in(session));
    let files: Vec<&[TranscriptFile]> = sessions.iter().map(|session| &*session.files).collect();
    let of = files.iter().copied().flatten().map(|file| file.size).sum();
    let mut summary =
        Summary { sessions: sessions.len(), bytes: of, unreadable: corpus.unreadable, too_long: 0 };
    let mut waiting: BinaryHeap<Newer> = past::search(home, query, &known).map(Newer).collect();
    let ended = sweep(&files, &Search(query), |step| match step {
        Step::Bytes(bytes) => each(Event::Progress { bytes, of }),
        Step::Session { number, parts, unreadable } => {
            let found = Matches::of(parts);
            summary.too_long += found.too_long;
            summary.unreadable += unreadable;
            waiting.extend(found_in(sessions[number], found).map(Newer));
            // What was not searched yet is no newer than its files.
            let bound = sessions.get(number + 1).map_or(0, |session| session.modified);
            settle(&mut waiting, bound, &mut each)
        }
    });
    if ended.is_continue() {
        let _ = settle(&mut waiting, 0, &mut each);
    }
    summary
}

/// Tells what is at least as new as `bound`: what has not been read yet is older.
fn settle(
    waiting: &mut BinaryHeap<Newer>,
    bound: u64,
    tell: &mut impl FnMut(Event) -> ControlFlow<()>,
) -> ControlFlow<()> {
    while waiting.peek().is_some_and(|Newer(found)| found.at >= bound) {
        if let Some(Newer(found)) = waiting.pop() {
            tell(Event::Found(found))?;
        }
    }
    ControlFlow::Continue(())
}

fn found_in(session: &SessionFiles, found: Matches) -> Option<Found> {
    let newest = found.newest?;
    let file = session.transcript().or(session.files.first())?;
    let about = catalog::describe(&file.path, session.id);
    let (title, project) = about.map(|about| (about.title, about.project)).unwrap_or_default();
    Some(Found {
        session: Some(session.id),
        title,
        project,
        at: newest.at,
        by: newest.found.by,
        excerpt: newest.found.excerpt,
        messages: found.messages.len(),
        place: match newest.owner {
            Owner::Session => Place::Session,
            Owner::Agent => Place::Agent,
        },
    })
}

impl Query {
    /// The term that decides which lines are decoded.
    fn rarest(&self) -> &Term {
        let longest = self.terms.iter().max_by_key(|term| term.anchor().chars.len());
        longest.unwrap_or(&self.terms[0])
    }

    /// Whether a session can hold what is looked for, going by its time and directory.
    fn may_be_in(&self, session: &SessionFiles) -> bool {
        let is_recent = self.since.is_none_or(|since| session.modified >= since);
        is_recent && self.directory.as_ref().is_none_or(|dir| is_in(session, dir))
    }
}

fn is_in(session: &SessionFiles, directory: &Directory) -> bool {
    let began = session.files.first().and_then(|file| {
        let file = File::open(&file.path).ok()?;
        catalog::began_in(&file).ok()?
    });
    began.is_some_and(|dir| directory.covers(&dir))
}

/// What is found in the order of its time.
struct Newer(Found);

impl Newer {
    fn key(&self) -> (u64, Option<SessionId>) {
        (self.0.at, self.0.session)
    }
}

impl PartialEq for Newer {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Newer {}

impl PartialOrd for Newer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Newer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
