//! A transcript into what a list shows of it.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use chrono::DateTime;

use super::{
    Show,
    each::each,
    files::{Candidate, Candidates, Scope, is_at_home},
    read::Ends,
    title::{Prompts, Titles, or_untitled},
};
use crate::claude::{
    home::{self, Home},
    json::{Raw, object},
    live,
    session::{Session, SessionId, Status},
    transcript,
};

/// Bytes of a transcript that one thread scans for titles at a time.
const PART: u64 = 8 << 20;

/// What the ends of a transcript told. Holds no file.
pub(super) struct Seen<'c> {
    pub(super) candidate: &'c Candidate,
    pub(super) project: PathBuf,
    /// Its transcript lies in the folder of the directory that it began in.
    at_home: bool,
    /// When the session was last active, as the CLI's picker reckons (seen on 2.1.328): when
    /// something was last said in it, unless the file is older than that.
    pub(super) active: u64,
    /// When something was last said, by the record.
    said: Option<u64>,
    branch: Option<String>,
    origin: Option<String>,
    continued_in: Option<SessionId>,
    named: Named,
    /// Whether it was put away; `None` where nobody has looked yet.
    archived: Option<bool>,
}

/// What is known of a session's title.
enum Named {
    /// Nobody has looked yet.
    Unread,
    /// All that the file tells.
    Whole(Titles),
    /// What its beginning and its end tell; what stands between is long.
    Ends { near: [Titles; 2], between: Range<u64>, prompts: Prompts },
}

impl Named {
    /// Looks for titles: in the whole file, unless it is a large one.
    fn read(ends: &Ends) -> io::Result<Self> {
        let last = Titles::near_end(ends.last());
        let Some(prompts) = last.missing() else { return Ok(Self::Whole(last)) };
        let first = Titles::near_beginning(ends.first(), prompts);
        let between = ends.between();
        if between.end - between.start > PART {
            let near = [first, last.with_summary(ends.last())];
            return Ok(Self::Ends { near, between, prompts });
        }
        let all = first.then(Titles::scan(ends.file(), between, prompts)?).then(last);
        Ok(Self::Whole(all.with_summary(ends.last())))
    }
}

/// What is asked of the transcripts that are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Whether they belong to the list.
    Membership,
    /// Their titles, too: most of them are going to be shown.
    Titles,
}

impl<'c> Seen<'c> {
    pub(super) fn read(found: &Candidates, candidate: &'c Candidate) -> io::Result<Self> {
        let ends = Ends::read(&found.path(candidate), candidate.size)?;
        let seen = Self::of(found.folder(candidate), candidate, &ends);
        Ok(Self { named: Named::read(&ends)?, ..seen })
    }

    fn of(folder: &Path, candidate: &'c Candidate, ends: &Ends) -> Self {
        let (modified, (said, continued_in)) = (candidate.modified(), ends.ending());
        let began = ends.directory();
        Self {
            candidate,
            at_home: began.as_deref().is_some_and(|dir| is_at_home(folder, dir)),
            project: began.unwrap_or_default(),
            active: said.map_or(modified, |said| said.min(modified)),
            said,
            branch: ends.branch(),
            origin: ends.origin().map(std::borrow::Cow::into_owned),
            continued_in,
            named: Named::Unread,
            archived: None,
        }
    }

    /// Puts the session where its folder says, which was moved or renamed since it began. `listed` is
    /// what is listed, if it is the list of one directory.
    pub(super) fn settle(&mut self, folder: &Path, listed: Option<&Scope>) {
        if self.at_home {
            return;
        }
        if let Some(scope) = listed.filter(|scope| scope.is_of(folder)) {
            self.project.clone_from(&scope.root);
        } else if let Some(name) = folder.file_name().and_then(|name| name.to_str())
            && let Some(directory) = home::directories_of(name).into_iter().next()
        {
            self.project = directory;
        }
    }

    pub(super) fn session(
        self,
        folder: &Path,
        title: Option<String>,
        live: &HashMap<SessionId, Status>,
    ) -> Session {
        let is_archived =
            self.archived.unwrap_or_else(|| is_archived(folder, self.candidate.id, self.said));
        Session {
            id: self.candidate.id,
            title: or_untitled(title),
            archived: is_archived,
            project: self.project,
            branch: self.branch,
            modified: self.active,
            size: self.candidate.size,
            origin: self.origin,
            continued_in: self.continued_in,
            status: live.get(&self.candidate.id).copied(),
        }
    }
}

/// Whether the session was put away after the last word in it (by the SDK, seen on 0.3.332).
fn is_archived(folder: &Path, id: SessionId, said: Option<u64>) -> bool {
    let Ok(note) = fs::read(folder.join(id.to_string()).join("archived.json")) else {
        return false;
    };
    let [archived, at] = Raw::new(object(&note)).fields(["archived", "at"]);
    let at = at.and_then(Raw::string).and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
    let at = at.and_then(|at| u64::try_from(at.timestamp_millis()).ok());
    archived.is_some_and(Raw::is_true) && !(at.is_some() && said > at)
}

/// What decides whether a transcript belongs to a list.
#[derive(Clone, Copy)]
pub(super) struct Sieve<'l> {
    pub(super) home: &'l Home,
    pub(super) found: &'l Candidates,
    pub(super) scope: Option<&'l Scope>,
    pub(super) show: Show,
    pub(super) within: &'l [PathBuf],
    pub(super) asked: Asked,
}

impl Sieve<'_> {
    /// Looks at the transcripts of one session, of which one is enough; `None` where it does not
    /// belong to the list.
    pub(super) fn look<'c>(self, copies: &'c [Candidate]) -> io::Result<Option<Seen<'c>>> {
        let mut seen: Option<Seen<'c>> = None;
        for candidate in copies {
            let one = self.look_at(candidate)?;
            seen = match (seen, one) {
                (Some(seen), Some(one)) if !seen.at_home && one.at_home => Some(one),
                (seen, one) => seen.or(one),
            };
        }
        Ok(seen)
    }

    fn look_at(self, candidate: &Candidate) -> io::Result<Option<Seen<'_>>> {
        let folder = self.found.folder(candidate);
        let ends = Ends::read(&self.found.path(candidate), candidate.size)?;
        if self.show == Show::Visible && ends.is_hidden() || ends.is_empty()? {
            return Ok(None);
        }
        let mut seen = Seen::of(folder, candidate, &ends);
        let began_anywhere = seen.project.as_os_str().is_empty();
        if let Some(scope) = self.scope.filter(|_| !began_anywhere)
            && !scope.counts(folder, &seen.project)
        {
            return Ok(None);
        }
        if self.show == Show::Visible
            && seen.continued_in.is_some_and(|session| self.goes_on(session))
        {
            return Ok(None);
        }
        seen.settle(folder, self.scope);
        if !self.allows(&seen.project) {
            return Ok(None);
        }
        if self.asked == Asked::Titles {
            seen.named = Named::read(&ends)?;
            seen.archived = Some(is_archived(folder, candidate.id, seen.said));
        }
        Ok(Some(seen))
    }

    fn allows(self, project: &Path) -> bool {
        let is_allowed = |root: &PathBuf| home::is_below(project, root);
        self.within.is_empty() || self.within.iter().any(is_allowed)
    }

    /// Whether a session holds a conversation.
    fn goes_on(self, session: SessionId) -> bool {
        let path = self.home.transcript(session);
        path.is_some_and(|path| transcript::is_conversation(&path).unwrap_or(false))
    }
}

/// What running processes say of their sessions. Of two that hold one session, the busier counts.
pub(super) fn statuses(home: &Home) -> HashMap<SessionId, Status> {
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

/// The exact titles of transcripts; `None` where nothing names or began one. Large files are scanned
/// in parts, by several threads.
pub(super) fn titles(found: &Candidates, seen: &[Seen<'_>]) -> Vec<io::Result<Option<String>>> {
    let read = |seen: &Seen<'_>| -> io::Result<Titles> {
        let ends;
        let named = match &seen.named {
            Named::Unread => {
                ends = Named::read(&Ends::read(&found.path(seen.candidate), seen.candidate.size)?)?;
                &ends
            }
            named => named,
        };
        match named {
            Named::Unread => Ok(Titles::default()),
            Named::Whole(titles) => Ok(titles.clone()),
            Named::Ends { near: [first, last], between, prompts } => {
                let file = File::open(found.path(seen.candidate))?;
                let parts: Vec<_> = cut(between).collect();
                let scanned = each(&parts, |part| Titles::scan(&file, part.clone(), *prompts));
                let inner = scanned.into_iter().try_fold(Titles::default(), |before, titles| {
                    Ok::<_, io::Error>(before.then(titles?))
                });
                Ok(first.clone().then(inner?).then(last.clone()))
            }
        }
    };
    let title = |seen: &Seen<'_>| match read(seen)?.title() {
        Some(title) => Ok(Some(title)),
        None => first_prompt(found, seen),
    };
    seen.iter().map(title).collect()
}

/// What the person said first, as a title.
pub(super) fn first_prompt(found: &Candidates, seen: &Seen<'_>) -> io::Result<Option<String>> {
    Ends::read(&found.path(seen.candidate), seen.candidate.size)?.first_prompt()
}

/// A range of bytes in parts.
fn cut(range: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = *range;
    let parts = (end - start).div_ceil(PART);
    (0..parts).map(move |part| start + part * PART..end.min(start + (part + 1) * PART))
}
