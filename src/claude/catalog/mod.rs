//! Claude's directory into lists of sessions, as the CLI's own picker shows them.
//!
//! There is no index: names and modification times say which sessions are newest, and only the files
//! of the page that is asked for are opened, with a few more where a file was written to long after
//! the last word in it. Which sessions are shown, and under which titles, are
//! the rules of the CLI's picker, but files in which nothing was ever said are left out. What cannot
//! be read is counted, never an error. Never writes, remembers nothing.

mod each;
mod files;
mod list;
mod read;
mod scan;
mod seen;
mod title;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use self::{
    each::each,
    files::{Candidate, Candidates, Scope, all_folders},
    read::Ends,
    seen::{Seen, look, statuses, titles},
};
use super::{
    history,
    home::Home,
    session::{Session, SessionId},
};

/// Transcripts of one folder that are opened to learn its directory.
const TRIES: usize = 32;

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
    /// Each must occur in the title, the directory or the first prompt, in upper or lower case.
    pub words: Vec<String>,
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

/// A directory that has sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The first `cwd` of its newest session.
    pub dir: PathBuf,
    /// When a session of it was last written to, milliseconds since the Unix epoch.
    pub modified: u64,
    /// Number of transcripts, hidden ones included.
    pub sessions: usize,
}

/// Lists sessions, last active first.
pub fn page(home: &Home, query: &Query) -> Page {
    list::page(home, query)
}

/// The session that `claude --continue` would take up in `dir`: of the visible ones of that very
/// directory, the one whose transcript was written to last, said or not.
pub fn newest(home: &Home, dir: &Path) -> Option<Session> {
    let scope = Scope::exactly(dir);
    let found = Candidates::of(scope.folders(home).ok()?);
    let look = |candidate| look(&found, candidate, Some(&scope), Show::Visible).ok().flatten();
    session(home, found.all.iter().find_map(look)?, &found)
}

/// One session by its id, hidden or not; `None` where it has no transcript that can be read.
pub fn find(home: &Home, id: SessionId) -> Option<Session> {
    let found = Candidates::only(&home.transcript(id)?, id).ok()?;
    let candidate = found.all.first()?;
    session(
        home,
        Seen::read(candidate, &Ends::read(&found.path(candidate), candidate.size).ok()?),
        &found,
    )
}

/// The sessions whose ids begin so, in upper or lower case, hidden ones included.
pub fn beginning_with(home: &Home, start: &str) -> Vec<SessionId> {
    let start = start.to_lowercase();
    let found = Candidates::of(all_folders(home).unwrap_or_default());
    let ids = found.all.iter().map(|candidate| candidate.id);
    let fits: BTreeSet<_> = ids.filter(|id| id.to_string().starts_with(&start)).collect();
    fits.into_iter().collect()
}

/// The directories that have sessions, last used first.
pub fn projects(home: &Home) -> Vec<Project> {
    let found = Candidates::of(all_folders(home).unwrap_or_default());
    let mut folders: Vec<Vec<&Candidate>> = found.folders.iter().map(|_| Vec::new()).collect();
    for candidate in &found.all {
        folders[candidate.folder].push(candidate);
    }
    let mut projects: Vec<Project> = Vec::new();
    for project in each(&folders, |files| project(&found, files)).into_iter().flatten() {
        match projects.iter_mut().find(|known| known.dir == project.dir) {
            Some(known) => {
                known.modified = known.modified.max(project.modified);
                known.sessions += project.sessions;
            }
            None => projects.push(project),
        }
    }
    projects.sort_unstable_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.dir.cmp(&b.dir)));
    projects
}

/// The directory used last on the laptop: of the newest prompt typed there, else of the newest
/// session.
pub fn last_project(home: &Home) -> Option<PathBuf> {
    let typed = history::newest(home, |entry| {
        let here = entry.telegram.is_none() && entry.project.is_absolute();
        here.then(|| entry.project.clone())
    });
    typed.ok().flatten().or_else(|| {
        let query = Query { take: 1, ..Query::default() };
        Some(page(home, &query).sessions.pop()?.project)
    })
}

/// What a list shows of the one session that was looked for.
fn session(home: &Home, seen: Seen<'_>, found: &Candidates) -> Option<Session> {
    let title = titles(found, std::slice::from_ref(&seen)).pop()?.ok()?;
    Some(seen.session(title, &statuses(home)))
}

/// The project of one folder, by its newest visible session.
fn project(found: &Candidates, files: &[&Candidate]) -> Option<Project> {
    files.iter().take(TRIES).find_map(|candidate| {
        let ends = Ends::read(&found.path(candidate), candidate.size).ok()?;
        let shown = !ends.is_hidden() && !ends.is_empty();
        let dir = ends.project().filter(|_| shown)?;
        Some(Project { dir, modified: candidate.modified(), sessions: files.len() })
    })
}
