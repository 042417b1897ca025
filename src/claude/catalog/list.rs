//! Transcripts into one page of a list, opening as few as the page needs.
//!
//! A session is listed by when something was last said in it, which its file must be opened for; its
//! modification time is a bound, since nothing is said after it. So files are opened in the order of
//! their modification times, and a session has its place as soon as no unopened file could come
//! before it. Mostly the two times are one, and the files of the page are all that is opened.

use std::{cmp::Reverse, collections::HashSet, io};

use super::{
    Page, Query,
    each::each,
    files::{Candidate, Candidates, Scope, all_folders},
    seen::{ListFilter, ReadDepth, Seen, first_prompt, statuses, titles},
};
use crate::claude::{home::Home, names::folded, session::SessionId};

/// Sessions whose transcripts are opened at once.
const BATCH: usize = 32;

pub(super) fn page(home: &Home, query: &Query) -> Page {
    let scope = query.project.as_deref().map(Scope::picker);
    let (found, unreadable) = candidates(home, scope.as_ref());
    let within = &query.within;
    let (show, asked) = (query.hidden, ReadDepth::Titles);
    let sieve = ListFilter { home, found: &found, scope: scope.as_ref(), show, within, asked };
    let sessions = found.sessions();
    let mut listing = Listing::new(query, sieve, unreadable);
    let mut rest = &sessions[..];
    while !rest.is_empty() && !listing.page.more {
        let (batch, after) = rest.split_at(listing.batch().min(rest.len()));
        listing.read(batch);
        listing.settle(after.first().map_or(0, |copies| copies[0].modified()));
        rest = after;
    }
    listing.finish()
}

/// How many sessions all pages of a list have together.
pub(super) fn count(home: &Home, query: &Query) -> usize {
    let scope = query.project.as_deref().map(Scope::picker);
    let (found, _) = candidates(home, scope.as_ref());
    let within = &query.within;
    let asked = if query.words.is_empty() { ReadDepth::Membership } else { ReadDepth::Titles };
    let show = query.hidden;
    let sieve = ListFilter { home, found: &found, scope: scope.as_ref(), show, within, asked };
    let mut listing = Listing::new(query, sieve, 0);
    listing.read(&found.sessions());
    listing.waiting.len()
}

/// The transcripts that the list may show, and how many folders and files could not be looked at.
fn candidates(home: &Home, scope: Option<&Scope>) -> (Candidates, usize) {
    let folders = match scope {
        Some(scope) => scope.folders(home),
        None => all_folders(home),
    };
    let unreadable = usize::from(folders.is_err());
    let found = Candidates::of(folders.unwrap_or_default());
    let unreadable = unreadable + found.unreadable;
    (found, unreadable)
}

/// A page being filled.
struct Listing<'l> {
    query: &'l Query,
    sieve: ListFilter<'l>,
    words: Vec<String>,
    /// Sessions that were met already; older copies of them are passed over.
    met: HashSet<SessionId>,
    /// Sessions of the list that an unopened file could still come before.
    waiting: Vec<Seen<'l>>,
    /// Sessions of the list that have their place.
    passed: usize,
    /// Those of them that are on the page.
    chosen: Vec<Seen<'l>>,
    page: Page,
}

impl<'l> Listing<'l> {
    fn new(query: &'l Query, sieve: ListFilter<'l>, unreadable: usize) -> Self {
        Self {
            query,
            sieve,
            words: query.words.iter().map(|word| folded(word)).collect(),
            met: HashSet::new(),
            waiting: Vec::new(),
            passed: 0,
            chosen: Vec::new(),
            page: Page { unreadable, ..Page::default() },
        }
    }

    /// How many sessions to look at next: as many as the page still needs, and one to know whether
    /// more follow.
    fn batch(&self) -> usize {
        if !self.words.is_empty() {
            return BATCH;
        }
        let known = self.passed + self.waiting.len();
        (self.query.skip + self.query.take + 1).saturating_sub(known).clamp(1, BATCH)
    }

    fn read(&mut self, batch: &[&'l [Candidate]]) {
        let mut fresh = batch.to_vec();
        fresh.retain(|copies| self.met.insert(copies[0].id));
        self.page.opened += fresh.iter().map(|copies| copies.len()).sum::<usize>();
        // The largest first, so that no thread begins with it when the others are done.
        fresh.sort_unstable_by_key(|copies| Reverse(copies[0].size));
        let seen = each(&fresh, |copies| self.sieve.look(copies));
        let seen = self.readable(seen).into_iter().flatten().collect();
        let seen = self.matching(seen);
        self.waiting.extend(seen);
    }

    /// Gives their places to the sessions that were active at `bound` or later: no other file was
    /// written to after it.
    fn settle(&mut self, bound: u64) {
        self.waiting.sort_by_key(|seen| Reverse((seen.active, seen.candidate.modified())));
        let settled = self.waiting.partition_point(|seen| seen.active >= bound);
        for seen in self.waiting.drain(..settled) {
            self.passed += 1;
            if self.passed <= self.query.skip {
                continue;
            }
            if self.chosen.len() == self.query.take {
                self.page.more = true;
                return;
            }
            self.chosen.push(seen);
        }
    }

    /// Those in which every word occurs.
    fn matching(&mut self, seen: Vec<Seen<'l>>) -> Vec<Seen<'l>> {
        if self.words.is_empty() {
            return seen;
        }
        let found = self.sieve.found;
        let titles = titles(found, &seen);
        let texts = seen.into_iter().zip(titles).map(|(seen, title)| {
            let title = title?.unwrap_or_default();
            let first = first_prompt(found, &seen)?.unwrap_or_default();
            Ok((folded(&format!("{title}\n{}\n{first}", seen.project.display())), seen))
        });
        let mut texts = self.readable(texts.collect());
        texts.retain(|(text, _)| self.words.iter().all(|word| text.contains(word)));
        texts.into_iter().map(|(_, seen)| seen).collect()
    }

    /// Reads the titles of the page.
    fn finish(mut self) -> Page {
        let (found, live) = (self.sieve.found, statuses(self.sieve.home));
        let chosen = std::mem::take(&mut self.chosen);
        let titles = titles(found, &chosen);
        let sessions = chosen.into_iter().zip(titles).map(|(seen, title)| {
            let folder = found.folder(seen.candidate);
            Ok(seen.session(folder, title?, &live))
        });
        self.page.sessions = self.readable(sessions.collect());
        self.page
    }

    /// Counts what could not be read, and drops it.
    fn readable<T>(&mut self, results: Vec<io::Result<T>>) -> Vec<T> {
        let all = results.len();
        let readable: Vec<T> = results.into_iter().flatten().collect();
        self.page.unreadable += all - readable.len();
        readable
    }
}
