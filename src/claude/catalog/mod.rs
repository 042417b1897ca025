//! Claude's directory into lists of sessions, as the CLI's own picker shows them.
//!
//! There is no index: names and modification times say which sessions are newest, and only the files
//! of the page that is asked for are opened, with a few more where a file was written to long after
//! the last word in it. Which sessions are shown, and under which titles, are
//! the rules of the CLI's picker, but files in which nothing was ever said are left out. What cannot
//! be read is counted, never an error. Never writes, remembers nothing.

mod buffer;
pub(super) mod each;
pub(super) mod files;
mod list;
mod places;
mod read;
mod scan;
mod seen;
mod shorten;
mod title;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
};

use self::{
    files::{Candidates, Scope},
    read::Ends,
    seen::{ListFilter, ReadDepth, Seen, statuses, titles},
};
use super::{
    history,
    home::Home,
    session::{Session, SessionId},
    transcript,
};

pub use places::{Alternative, Project, left_of, projects};

pub(super) use files::all_folders;
pub(super) use read::directory as began_in;

/// Which sessions are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// Those that the CLI's picker shows.
    #[default]
    Visible,
    /// Also those it hides: begun by programs, of sub-agents, of teams.
    All,
}

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The sessions of this directory, as the picker counts them: inside a git repository those of
    /// the whole working tree. None: of all directories.
    pub project: Option<PathBuf>,
    /// Which of them.
    pub hidden: Show,
    /// Each must occur in the title, the directory or the first prompt, in upper or lower case, accents
    /// composed or not.
    pub words: Vec<String>,
    /// Only sessions of directories at or below one of these; all where it is empty.
    pub within: Vec<PathBuf>,
    /// How many to pass over.
    pub skip: usize,
    /// How many to list.
    pub take: usize,
}

/// One page of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// Last active first.
    pub sessions: Vec<Session>,
    /// Whether more follow.
    pub more: bool,
    /// Folders and transcripts that could not be read.
    pub unreadable: usize,
    /// Transcripts that were opened.
    pub opened: usize,
}

/// Lists sessions, last active first.
pub fn page(home: &Home, query: &Query) -> Page {
    list::page(home, query)
}

/// How many sessions a list has on all its pages, whatever `skip` and `take` say. Opens every file.
pub fn count(home: &Home, query: &Query) -> usize {
    list::count(home, query)
}

/// The session that `claude --continue` would take up in `dir`: of the visible ones of that very
/// directory, the one whose transcript was written to last, said or not. One that holds no
/// conversation (titles alone, zeroes) is passed over, and so is one whose conversation has moved on
/// into another session.
pub fn newest(home: &Home, dir: &Path) -> Option<Session> {
    let scope = Scope::exactly(dir);
    let found = Candidates::of(scope.folders(home).ok()?);
    let (show, asked) = (Show::Visible, ReadDepth::Membership);
    let sieve = ListFilter { home, found: &found, scope: Some(&scope), show, within: &[], asked };
    let is_conversation =
        |seen: &Seen<'_>| transcript::is_conversation(&found.path(seen.candidate)).unwrap_or(false);
    let sessions = found.sessions();
    let mut seen = sessions.iter().filter_map(|copies| sieve.look(copies).ok().flatten());
    session(home, seen.find(is_conversation)?, &found)
}

/// One session by its id, hidden or not; `None` where it has no transcript that can be read.
pub fn find(home: &Home, id: SessionId) -> Option<Session> {
    let mut found = describe(&home.transcript(id)?, id)?;
    found.status = statuses(home).get(&id).copied();
    Some(found)
}

/// The session whose transcript lies at `path`, hidden or not, without the status of its process;
/// `None` where it cannot be read.
pub(super) fn describe(path: &Path, id: SessionId) -> Option<Session> {
    let found = Candidates::only(path, id).ok()?;
    let candidate = found.all.first()?;
    let mut seen = Seen::read(&found, candidate).ok()?;
    let folder = found.folder(candidate);
    seen.settle(folder, None);
    let title = titles(&found, std::slice::from_ref(&seen)).pop()?.ok()?;
    Some(seen.session(folder, title, &HashMap::new()))
}

/// The session that a conversation is in now: `id` itself, or the one that it was continued in, over
/// any number of steps. A step into a session that holds no conversation is not taken.
pub fn follow(home: &Home, id: SessionId) -> SessionId {
    let next = |id| {
        let path = home.transcript(id)?;
        let size = path.metadata().ok()?.len();
        let next = Ends::read(&path, size).ok()?.continued_in()?;
        transcript::is_conversation(&home.transcript(next)?).unwrap_or(false).then_some(next)
    };
    let mut at = id;
    let mut passed = HashSet::from([id]);
    while let Some(next) = next(at).filter(|next| passed.insert(*next)) {
        at = next;
    }
    at
}

/// The sessions whose ids begin so, in upper or lower case, hidden ones included.
pub fn beginning_with(home: &Home, start: &str) -> Vec<SessionId> {
    let start = start.to_lowercase();
    let found = Candidates::of(all_folders(home).unwrap_or_default());
    let ids = found.all.iter().map(|candidate| candidate.id);
    let fits: BTreeSet<_> = ids.filter(|id| id.to_string().starts_with(&start)).collect();
    fits.into_iter().collect()
}

/// The directory used last on the laptop, of those that are there: of the newest prompt typed there,
/// else of the newest session.
pub fn last_project(home: &Home) -> Option<PathBuf> {
    let mut gone = HashSet::new();
    let typed = history::newest(home, |entry| {
        let here = entry.telegram.is_none() && entry.project.is_absolute();
        let is_there = here && !gone.contains(&entry.project) && entry.project.is_dir();
        if here && !is_there {
            gone.insert(entry.project.clone());
        }
        is_there.then(|| entry.project.clone())
    });
    typed.ok().flatten().or_else(|| {
        let there = projects(home).into_iter().find(|project| project.dir.is_dir());
        there.map(|project| project.dir)
    })
}

/// What a list shows of the one session that was looked for.
fn session(home: &Home, seen: Seen<'_>, found: &Candidates) -> Option<Session> {
    let title = titles(found, std::slice::from_ref(&seen)).pop()?.ok()?;
    let folder = found.folder(seen.candidate);
    Some(seen.session(folder, title, &statuses(home)))
}
