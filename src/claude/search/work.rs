//! The files of many sessions into what is found in each, by all threads there are.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    num::NonZero,
    ops::{ControlFlow, Range},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use super::{
    anchor::{Anchor, Within},
    message::{self, Match},
    query::Query,
};
use crate::claude::{
    corpus::{Owner, TranscriptFile},
    record::Record,
    sift::{Buffers, Find, Shared, Sieve, line_at},
};

/// Bytes of a file that one thread searches at a time.
const PART: u64 = 8 << 20;

/// More threads than this only wait for each other.
const THREADS: usize = 8;

/// A part of a file of a session, by its number.
struct Item<'f> {
    session: usize,
    file: &'f TranscriptFile,
    number: usize,
    range: Range<u64>,
}

/// What was found in one session.
#[derive(Default)]
pub(super) struct Session {
    /// The newest message that holds what is looked for.
    pub(super) newest: Option<Newest>,
    /// File and offset of each that does.
    pub(super) messages: BTreeSet<(usize, u64)>,
    /// Lines that were too long.
    pub(super) too_long: usize,
    /// Files that could not be read.
    pub(super) unreadable: usize,
}

/// The newest message.
pub(super) struct Newest {
    /// When it was written, milliseconds since the Unix epoch; 0 where it does not say.
    pub(super) at: u64,
    /// Where its line begins.
    offset: u64,
    pub(super) found: Match,
    pub(super) owner: Owner,
}

/// What a part has given.
struct Done {
    session: usize,
    bytes: u64,
    part: Session,
}

/// How far a search has come.
pub(super) enum Step {
    /// A session was searched, by its number.
    Session(usize, Session),
    /// So many bytes were.
    Bytes(u64),
}

/// Searches the files of sessions, given newest first, and hands each session to `each` in that order,
/// until it has had enough.
pub(super) fn search(
    sessions: &[&[TranscriptFile]],
    query: &Query,
    mut each: impl FnMut(Step) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let items = items(sessions);
    let mut left: Vec<usize> = vec![0; sessions.len()];
    for item in &items {
        left[item.session] += 1;
    }
    let (next, stop, shared) = (AtomicUsize::new(0), AtomicBool::new(false), Shared::default());
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let (sender, done) = channel();
    thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            let sender = sender.clone();
            let worker = Worker { items: &items, query, next: &next, stop: &stop, shared: &shared };
            scope.spawn(move || worker.run(&sender));
        }
        drop(sender);
        let ended = collect(left, &done, &mut each);
        stop.store(true, Ordering::Relaxed);
        ended
    })
}

/// Puts the parts of each session together.
fn collect(
    mut left: Vec<usize>,
    done: &Receiver<Done>,
    each: &mut impl FnMut(Step) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut found: Vec<Session> = left.iter().map(|_| Session::default()).collect();
    let (mut next, mut bytes) = (0, 0);
    while next < left.len() {
        while next < left.len() && left[next] == 0 {
            each(Step::Session(next, std::mem::take(&mut found[next])))?;
            next += 1;
        }
        // None comes only where all have.
        let Ok(part) = done.recv() else { break };
        bytes += part.bytes;
        left[part.session] -= 1;
        found[part.session].add(part.part);
        each(Step::Bytes(bytes))?;
    }
    ControlFlow::Continue(())
}

fn items<'f>(sessions: &[&'f [TranscriptFile]]) -> Vec<Item<'f>> {
    let mut items = Vec::new();
    for (session, files) in sessions.iter().enumerate() {
        for (number, file) in files.iter().enumerate() {
            let parts = (0..file.size.div_ceil(PART)).map(|part| part * PART);
            items.extend(parts.map(|from| Item {
                session,
                file,
                number,
                range: from..file.size.min(from + PART),
            }));
        }
    }
    items
}

impl Session {
    fn add(&mut self, part: Self) {
        let is_newer = |new: &Newest| {
            self.newest.as_ref().is_none_or(|old| (new.at, new.offset) >= (old.at, old.offset))
        };
        if part.newest.as_ref().is_some_and(is_newer) {
            self.newest = part.newest;
        }
        self.messages.extend(part.messages);
        self.too_long += part.too_long;
        self.unreadable += part.unreadable;
    }
}

impl Find for Anchor {
    fn longest(&self) -> usize {
        Anchor::longest(self)
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        Anchor::find(self, bytes, from, Within::Json)
    }
}

struct Worker<'w> {
    items: &'w [Item<'w>],
    query: &'w Query,
    next: &'w AtomicUsize,
    stop: &'w AtomicBool,
    shared: &'w Shared,
}

impl Worker<'_> {
    fn run(&self, sender: &Sender<Done>) {
        let mut buffers = Buffers::default();
        // One file is cut in parts, and opened once by each thread.
        let mut open: Option<(&TranscriptFile, File)> = None;
        while !self.stop.load(Ordering::Relaxed) {
            let Some(item) = self.items.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            let mut part = Session::default();
            match self.search(item, &mut open, &mut buffers, &mut part) {
                Ok(()) => {}
                // Deleted meanwhile: there is nothing to say of it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => part.unreadable = usize::from(item.range.start == 0),
            }
            let bytes = item.range.end - item.range.start;
            if sender.send(Done { session: item.session, bytes, part }).is_err() {
                return;
            }
        }
    }

    fn search<'f>(
        &'f self,
        item: &'f Item<'f>,
        open: &mut Option<(&'f TranscriptFile, File)>,
        buffers: &mut Buffers,
        part: &mut Session,
    ) -> io::Result<()> {
        if !open.as_ref().is_some_and(|(file, _)| std::ptr::eq(*file, item.file)) {
            *open = Some((item.file, File::open(&item.file.path)?));
        }
        let Some((_, file)) = open else { return Ok(()) };
        let anchor = self.query.rarest().anchor();
        let sieve = Sieve { finder: anchor, shared: self.shared };
        let mut newest: Option<(u64, u64)> = None;
        part.too_long = sieve.lines(file, item.range.clone(), buffers, |offset, line| {
            let at = Record::decode(line).ok().and_then(|record| self.at(&record));
            if let Some(at) = at {
                part.messages.insert((item.number, offset));
                newest = newest.max(Some((at, offset)));
            }
            !self.stop.load(Ordering::Relaxed)
        })?;
        if let Some((at, offset)) = newest
            && let Some(line) = line_at(file, offset)?
            && let Ok(record) = Record::decode(&line)
            && let Some(found) = message::look(&record, self.query)
        {
            part.newest = Some(Newest { at, offset, found, owner: item.file.owner });
        }
        Ok(())
    }

    /// When a record was written that holds what is looked for, where it is not too old.
    fn at(&self, record: &Record<'_>) -> Option<u64> {
        let at = record.at.unwrap_or_default();
        if self.query.since.is_some_and(|since| at < since) {
            return None;
        }
        message::holds(record, self.query).map(|_| at)
    }
}
