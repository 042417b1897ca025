//! A transcript into what a list shows of it.

use std::{borrow::Cow, collections::HashMap, fs::File, io, ops::Range, path::PathBuf};

use super::{
    Show,
    each::each,
    files::{Candidate, Candidates, Scope},
    read::Ends,
    title::{Titles, or_untitled},
};
use crate::claude::{
    home::Home,
    live,
    session::{Session, SessionId, Status},
};

/// Bytes of a transcript that one thread scans for titles at a time.
const PART: u64 = 8 << 20;

/// What the ends of a transcript told. Holds no file.
pub(super) struct Seen<'c> {
    pub(super) candidate: &'c Candidate,
    pub(super) project: PathBuf,
    /// When the session was last active, as the CLI's picker reckons (seen on 2.1.328): when
    /// something was last said in it, unless the file is older than that.
    pub(super) active: u64,
    branch: Option<String>,
    origin: Option<String>,
    /// What the end of the file tells of the title.
    near: Titles,
}

impl<'c> Seen<'c> {
    pub(super) fn read(candidate: &'c Candidate, ends: &Ends) -> Self {
        let modified = candidate.modified();
        Self {
            candidate,
            project: ends.project().unwrap_or_default(),
            active: ends.last_said().map_or(modified, |said| said.min(modified)),
            branch: ends.branch(),
            origin: ends.origin().map(Cow::into_owned),
            near: Titles::near_end(ends.last()),
        }
    }

    pub(super) fn session(
        self,
        title: Option<String>,
        live: &HashMap<SessionId, Status>,
    ) -> Session {
        Session {
            id: self.candidate.id,
            title: or_untitled(title),
            project: self.project,
            branch: self.branch,
            modified: self.active,
            size: self.candidate.size,
            origin: self.origin,
            status: live.get(&self.candidate.id).copied(),
        }
    }
}

/// Looks at a transcript; `None` where it does not belong to the list.
pub(super) fn look<'c>(
    found: &Candidates,
    candidate: &'c Candidate,
    scope: Option<&Scope>,
    show: Show,
) -> io::Result<Option<Seen<'c>>> {
    let ends = Ends::read(&found.path(candidate), candidate.size)?;
    if ends.is_empty() || (show == Show::Visible && ends.is_hidden()) {
        return Ok(None);
    }
    let mut seen = Seen::read(candidate, &ends);
    if let Some(scope) = scope {
        if seen.project.as_os_str().is_empty() {
            seen.project.clone_from(&scope.root);
        }
        if !scope.counts(&found.folders[candidate.folder], &seen.project) {
            return Ok(None);
        }
    }
    Ok(Some(seen))
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
    let files = each(seen, |seen| File::open(found.path(seen.candidate)));
    let mut parts = Vec::new();
    for (at, file) in files.iter().enumerate() {
        if let Ok(file) = file {
            parts.extend(cut(seen[at].candidate.size).map(|range| (at, file, range)));
        }
    }
    let scanned = each(&parts, |(at, file, range)| {
        Titles::scan(file, range.clone(), seen[*at].near.missing())
    });
    let mut all: Vec<io::Result<Titles>> = seen.iter().map(|_| Ok(Titles::default())).collect();
    for ((at, ..), titles) in parts.iter().zip(scanned) {
        let before = std::mem::replace(&mut all[*at], Ok(Titles::default()));
        all[*at] = before.and_then(|before| Ok(before.then(titles?)));
    }
    let title = |((seen, file), all): ((&Seen<'_>, io::Result<File>), io::Result<Titles>)| {
        file?;
        match all?.then(seen.near.clone()).title() {
            Some(title) => Ok(Some(title)),
            None => first_prompt(found, seen),
        }
    };
    seen.iter().zip(files).zip(all).map(title).collect()
}

/// What the person said first, as a title.
pub(super) fn first_prompt(found: &Candidates, seen: &Seen<'_>) -> io::Result<Option<String>> {
    Ends::read(&found.path(seen.candidate), seen.candidate.size)?.first_prompt()
}

/// A file of `size` bytes in parts.
fn cut(size: u64) -> impl Iterator<Item = Range<u64>> {
    (0..size.div_ceil(PART)).map(move |part| part * PART..size.min((part + 1) * PART))
}
