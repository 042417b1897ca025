//! Transcripts into tokens and costs: by session, day, model and project.
//!
//! Every message counts once, however many records it has; what sub-agents used is their session's. A
//! copy of a session holds the messages of its original: they count in both, and once in all sums.
//! Nothing is written down; all is read at the moment of asking.

pub mod prices;
mod rows;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::{AddAssign, ControlFlow},
    path::{Path, PathBuf},
};

use chrono::NaiveDate;

use self::{
    prices::Prices,
    rows::{Reader, Row, Rows},
};
use super::{
    corpus::{Corpus, SessionFiles, TranscriptFile},
    home::Home,
    session::SessionId,
    sweep::{Step, sweep},
};

/// Tokens of API messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Read, neither from nor to the cache.
    pub input: u64,
    /// Written by the model.
    pub output: u64,
    /// Read and put into the cache.
    pub cache_creation: u64,
    /// Those of them that stay there for an hour.
    pub cache_creation_1h: u64,
    /// Read from the cache.
    pub cache_read: u64,
    /// Searches of the web by the API: no tokens, but paid.
    pub web_searches: u64,
}

/// Tokens and what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// Tokens.
    pub tokens: Tokens,
    /// US dollars; of models without a price nothing.
    pub cost: f64,
}

/// What one session used.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionUsage {
    /// The session.
    pub id: SessionId,
    /// The directory that it began in; empty where it does not say.
    pub project: PathBuf,
    /// When its last message was written, milliseconds since the Unix epoch.
    pub last: u64,
    /// All of it, copied messages included.
    pub sum: Sum,
    /// US dollars as the CLI wrote them when it last ended on the session.
    pub cli_cost: Option<f64>,
}

/// What all sessions used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Every message once.
    pub total: Sum,
    /// Last used first; those without a message of Claude's are left out.
    pub sessions: Vec<SessionUsage>,
    /// By local day.
    pub days: BTreeMap<NaiveDate, Sum>,
    /// By the model's name as it stands in the transcripts.
    pub models: BTreeMap<String, Sum>,
    /// By the directory that the session began in.
    pub projects: BTreeMap<PathBuf, Sum>,
    /// Models without a price.
    pub unknown: BTreeSet<String>,
    /// Folders and files that could not be read.
    pub unreadable: usize,
    /// Lines that were too long to be looked into.
    pub too_long: usize,
}

impl Tokens {
    /// All of them.
    pub fn count(self) -> u64 {
        self.input + self.output + self.cache_creation + self.cache_read
    }
}

impl AddAssign<Tokens> for Tokens {
    fn add_assign(&mut self, more: Tokens) {
        self.input += more.input;
        self.output += more.output;
        self.cache_creation += more.cache_creation;
        self.cache_creation_1h += more.cache_creation_1h;
        self.cache_read += more.cache_read;
        self.web_searches += more.web_searches;
    }
}

impl AddAssign<Sum> for Sum {
    fn add_assign(&mut self, more: Sum) {
        self.tokens += more.tokens;
        self.cost += more.cost;
    }
}

/// What was used since a moment, milliseconds since the Unix epoch; 0 for all. `progress` hears how
/// many bytes of how many are read.
pub fn of(home: &Home, prices: &Prices, since: u64, progress: impl FnMut(u64, u64)) -> Usage {
    of_projects(home, prices, since, &|_| true, progress)
}

/// The same of the sessions whose projects `is_meant` accepts; no sum holds anything of the others.
pub fn of_projects(
    home: &Home,
    prices: &Prices,
    since: u64,
    is_meant: &dyn Fn(&Path) -> bool,
    mut progress: impl FnMut(u64, u64),
) -> Usage {
    let corpus = Corpus::of(home);
    let recent = |session: &&SessionFiles| session.modified >= since;
    let sessions: Vec<&SessionFiles> = corpus.sessions.iter().filter(recent).collect();
    let files: Vec<&[TranscriptFile]> = sessions.iter().map(|session| &*session.files).collect();
    let all = files.iter().copied().flatten().map(|file| file.size).sum();
    let mut books = Totals::new(prices, is_meant);
    books.usage.unreadable = corpus.unreadable;
    let _ = sweep(&files, &Reader::new(since), |step| {
        match step {
            Step::Bytes(bytes) => progress(bytes, all),
            Step::Session { number, parts, unreadable } => {
                books.usage.unreadable += unreadable;
                books.add(sessions[number].id, Rows::of(parts));
            }
        }
        ControlFlow::Continue(())
    });
    books.usage.sessions.sort_by_key(|used| Reverse((used.last, used.id)));
    books.usage
}

/// What a session has used, by its transcript and those of its sub-agents; `None` where it has none.
pub fn of_session(home: &Home, prices: &Prices, id: SessionId) -> Option<SessionUsage> {
    let corpus = Corpus::of(home);
    let session = corpus.sessions.iter().find(|session| session.id == id)?;
    let mut books = Totals::new(prices, &|_| true);
    let _ = sweep(&[&*session.files], &Reader::new(0), |step| {
        if let Step::Session { parts, .. } = step {
            books.add(id, Rows::of(parts));
        }
        ControlFlow::Continue(())
    });
    books.usage.sessions.pop()
}

/// The sums while they grow.
struct Totals<'p> {
    prices: &'p Prices,
    is_meant: &'p dyn Fn(&Path) -> bool,
    /// Messages that the sums hold.
    counted: HashSet<u64>,
    usage: Usage,
}

impl<'p> Totals<'p> {
    fn new(prices: &'p Prices, is_meant: &'p dyn Fn(&Path) -> bool) -> Self {
        Self { prices, is_meant, counted: HashSet::new(), usage: Usage::default() }
    }

    fn add(&mut self, id: SessionId, rows: Rows) {
        self.usage.too_long += rows.too_long;
        let project = rows.project.unwrap_or_default();
        if !(self.is_meant)(&project) {
            return;
        }
        let mut session =
            SessionUsage { id, project, last: 0, sum: Sum::default(), cli_cost: rows.cli_cost };
        let mut is_empty = true;
        let known = rows.known.iter().map(|(key, row)| (Some(*key), row));
        for (key, row) in known.chain(rows.nameless.iter().map(|row| (None, row))) {
            let model = &rows.models[row.model];
            let sum = self.price(model, row);
            session.sum += sum;
            session.last = session.last.max(row.at);
            is_empty = false;
            if key.is_none_or(|key| self.counted.insert(key)) {
                self.count(model, &session.project, row.day, sum);
            }
        }
        if !is_empty {
            self.usage.sessions.push(session);
        }
    }

    fn price(&mut self, model: &str, row: &Row) -> Sum {
        let cost = self.prices.cost(model, row.tokens);
        if cost.is_none() && !self.usage.unknown.contains(model) {
            self.usage.unknown.insert(model.to_owned());
        }
        Sum { tokens: row.tokens, cost: cost.unwrap_or_default() }
    }

    fn count(&mut self, model: &str, project: &PathBuf, day: NaiveDate, sum: Sum) {
        let usage = &mut self.usage;
        usage.total += sum;
        *usage.days.entry(day).or_default() += sum;
        match usage.models.get_mut(model) {
            Some(known) => *known += sum,
            None => _ = usage.models.insert(model.to_owned(), sum),
        }
        match usage.projects.get_mut(project) {
            Some(known) => *known += sum,
            None => _ = usage.projects.insert(project.clone(), sum),
        }
    }
}
