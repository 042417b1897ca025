//! Claude's directory into lists of sessions, as the CLI's own picker shows them.
//!
//! There is no index: names and modification times say which sessions are newest, and only the files
//! of the page that is asked for are opened. Which sessions are shown, and under which titles, are
//! the rules of the CLI's picker, but files in which nothing was ever said are left out. What cannot
//! be read is counted, never an error. Never writes, remembers nothing.

mod each;
mod files;
mod read;
mod scan;
mod title;

use std::{
    borrow::Cow,
    collections::HashMap,
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use self::{
    each::each,
    files::{Candidate, Candidates, Scope, all_folders},
    read::Ends,
    title::{Prompts, Titles, or_untitled},
};
use super::{
    history,
    home::Home,
    live,
    session::{Session, SessionId, Status},
};

/// Transcripts that are held open at once, with their ends in memory.
const BATCH: usize = 32;

/// Bytes of a transcript that one thread scans for titles at a time.
const PART: u64 = 8 << 20;

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

/// What to list, newest first.
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
    /// Newest first.
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

/// Lists sessions.
pub fn page(home: &Home, query: &Query) -> Page {
    list(home, query, query.project.as_deref().map(Scope::picker))
}

/// The session that `claude --continue` would take up in `dir`: the newest visible one of that very
/// directory.
pub fn newest(home: &Home, dir: &Path) -> Option<Session> {
    let query = Query { take: 1, ..Query::default() };
    list(home, &query, Some(Scope::exactly(dir))).sessions.pop()
}

/// One session by its id, hidden or not; `None` where it has no transcript that can be read.
pub fn find(home: &Home, id: SessionId) -> Option<Session> {
    let path = home.transcript(id)?;
    let candidate = Candidate::at(&path, id).ok()?;
    let ends = Ends::read(&path, candidate.size).ok()?;
    let project = ends.project().unwrap_or_default();
    let opened = Opened { candidate: &candidate, ends, project };
    let title = titles(std::slice::from_ref(&opened)).pop()?.ok()?;
    Some(opened.session(or_untitled(title), &statuses(home)))
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
    let typed = history::newest(home, b"", |entry| {
        let here = entry.telegram.is_none() && entry.project.is_absolute();
        here.then(|| entry.project.clone())
    });
    typed.ok().flatten().or_else(|| {
        let query = Query { take: 1, ..Query::default() };
        let newest = list(home, &query, None).sessions.pop()?;
        Some(newest.project)
    })
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

fn list(home: &Home, query: &Query, scope: Option<Scope>) -> Page {
    let folders = match &scope {
        Some(scope) => scope.folders(home),
        None => all_folders(home),
    };
    let unreadable = usize::from(folders.is_err());
    let found = Candidates::of(folders.unwrap_or_default());
    let mut listing = Listing {
        query,
        scope,
        found: &found,
        words: query.words.iter().map(|word| word.to_lowercase()).collect(),
        live: statuses(home),
        passed: 0,
        page: Page { unreadable: unreadable + found.unreadable, ..Page::default() },
    };
    let mut rest = &found.all[..];
    while !rest.is_empty() && !listing.page.more {
        let (batch, after) = rest.split_at(listing.batch().min(rest.len()));
        listing.read(batch);
        rest = after;
    }
    listing.page
}

/// What running processes say of their sessions. Of two that hold one session, the busier counts.
fn statuses(home: &Home) -> HashMap<SessionId, Status> {
    let rank = |status| match status {
        Status::Idle => 0,
        Status::Busy => 1,
        Status::Waiting => 2,
    };
    let mut statuses = HashMap::new();
    for live in live::list(home) {
        let status = statuses.entry(live.session).or_insert(live.status);
        if rank(live.status) > rank(*status) {
            *status = live.status;
        }
    }
    statuses
}

/// A page being filled.
struct Listing<'l> {
    query: &'l Query,
    scope: Option<Scope>,
    found: &'l Candidates,
    words: Vec<String>,
    live: HashMap<SessionId, Status>,
    /// Sessions that belong to the list, so far.
    passed: usize,
    page: Page,
}

impl<'l> Listing<'l> {
    /// How many transcripts to open next: as many as the page still needs, and one to know whether
    /// more follow.
    fn batch(&self) -> usize {
        let needed = (self.query.skip + self.query.take + 1).saturating_sub(self.passed);
        if self.words.is_empty() { needed.clamp(1, BATCH) } else { BATCH }
    }

    fn read(&mut self, batch: &'l [Candidate]) {
        self.page.opened += batch.len();
        let opened = each(batch, |candidate| self.open(candidate));
        let listed = self.readable(opened).into_iter().flatten().collect();
        let mut listed = self.matching(listed);
        let before = self.query.skip.saturating_sub(self.passed).min(listed.len());
        self.passed += listed.len();
        listed.drain(..before);
        let room = self.query.take - self.page.sessions.len();
        self.page.more |= listed.len() > room;
        listed.truncate(room);
        for (opened, title) in listed.iter().zip(titles(&listed)) {
            match title {
                Ok(title) => {
                    self.page.sessions.push(opened.session(or_untitled(title), &self.live));
                }
                Err(_) => self.page.unreadable += 1,
            }
        }
    }

    /// Opens a transcript; `None` where it does not belong to the list.
    fn open(&self, candidate: &'l Candidate) -> io::Result<Option<Opened<'l>>> {
        let ends = Ends::read(&self.found.path(candidate), candidate.size)?;
        if ends.is_empty() || (self.query.hidden == Show::Visible && ends.is_hidden()) {
            return Ok(None);
        }
        let project = ends.project();
        if let (Some(scope), Some(project)) = (&self.scope, &project)
            && !scope.counts(&self.found.folders[candidate.folder], project)
        {
            return Ok(None);
        }
        let root = self.scope.as_ref().map(|scope| scope.root.clone());
        let project = project.or(root).unwrap_or_default();
        Ok(Some(Opened { candidate, ends, project }))
    }

    /// Those in which every word occurs.
    fn matching(&mut self, all: Vec<Opened<'l>>) -> Vec<Opened<'l>> {
        if self.words.is_empty() {
            return all;
        }
        let titles = titles(&all);
        let texts = all.into_iter().zip(titles).map(|(opened, title)| {
            let first = opened.ends.first_prompt()?.unwrap_or_default();
            let title = title?.unwrap_or_default();
            Ok((format!("{title}\n{}\n{first}", opened.project.display()).to_lowercase(), opened))
        });
        let mut texts = self.readable(texts.collect());
        texts.retain(|(text, _)| self.words.iter().all(|word| text.contains(word)));
        texts.into_iter().map(|(_, opened)| opened).collect()
    }

    /// Counts what could not be read, and drops it.
    fn readable<T>(&mut self, results: Vec<io::Result<T>>) -> Vec<T> {
        let all = results.len();
        let readable: Vec<T> = results.into_iter().flatten().collect();
        self.page.unreadable += all - readable.len();
        readable
    }
}

/// A transcript of the list, open.
struct Opened<'c> {
    candidate: &'c Candidate,
    ends: Ends,
    project: PathBuf,
}

impl Opened<'_> {
    fn session(&self, title: String, live: &HashMap<SessionId, Status>) -> Session {
        Session {
            id: self.candidate.id,
            title,
            project: self.project.clone(),
            branch: self.ends.branch(),
            modified: self.candidate.modified(),
            size: self.candidate.size,
            origin: self.ends.origin().map(Cow::into_owned),
            status: live.get(&self.candidate.id).copied(),
        }
    }
}

/// The exact titles of transcripts; `None` where nothing names or began one. Large files are scanned
/// in parts, by several threads.
fn titles(opened: &[Opened<'_>]) -> Vec<io::Result<Option<String>>> {
    let known: Vec<_> = each(opened, |opened| Titles::near_end(&opened.ends));
    let parts: Vec<(usize, Range<u64>, Prompts)> = (0..opened.len())
        .flat_map(|at| parts(opened[at].ends.size).map(move |range| (at, range)))
        .map(|(at, range)| (at, range, known[at].1))
        .collect();
    let scanned = each(&parts, |(at, range, prompts)| {
        Titles::scan(&opened[*at].ends.file, range.clone(), *prompts)
    });
    let mut all: Vec<io::Result<Titles>> = known.iter().map(|_| Ok(Titles::default())).collect();
    for ((at, _, _), titles) in parts.iter().zip(scanned) {
        let before = std::mem::replace(&mut all[*at], Ok(Titles::default()));
        all[*at] = before.and_then(|before| Ok(before.then(titles?)));
    }
    let all = all.into_iter().zip(known).map(|(titles, (end, _))| Ok(titles?.then(end)));
    let named: Vec<_> = all.map(|titles: io::Result<Titles>| titles.map(Titles::title)).collect();
    let named = named.into_iter().zip(opened);
    named
        .map(|(title, opened)| match title? {
            Some(title) => Ok(Some(title)),
            None => opened.ends.first_prompt(),
        })
        .collect()
}

/// A file of `size` bytes in parts.
fn parts(size: u64) -> impl Iterator<Item = Range<u64>> {
    (0..size.div_ceil(PART)).map(move |part| part * PART..size.min((part + 1) * PART))
}
