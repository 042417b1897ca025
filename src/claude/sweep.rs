//! The files of many sessions, all bytes of them, by all threads there are.
//!
//! A file is cut into parts, so that one large session does not hold up the end. What the parts of a
//! session give is handed over together, session by session in the order that was asked for.

use std::{
    fs::File,
    io,
    num::NonZero,
    ops::{ControlFlow, Range},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use super::{
    corpus::TranscriptFile,
    prefilter::{Buffers, Shared},
};

/// Bytes of a file that one thread reads at a time.
const PART: u64 = 8 << 20;

/// More threads than this only wait for each other.
const THREADS: usize = 8;

/// Parts that are read and not yet taken: where what is done with them takes longer, readers wait.
const AHEAD: usize = 16;

/// What is done with each part of a file.
pub(super) trait Sweep: Sync {
    /// What comes of a part.
    type Part: Send + Default;
    /// Reads a part.
    fn part(&self, of: &Part<'_>, buffers: &mut Buffers) -> io::Result<Self::Part>;
}

/// A part of a file of a session.
pub(super) struct Part<'p> {
    pub(super) of: &'p TranscriptFile,
    pub(super) file: &'p File,
    /// Number of the file among those of its session.
    pub(super) number: usize,
    pub(super) range: Range<u64>,
    pub(super) shared: &'p Shared,
    stop: &'p AtomicBool,
}

impl Part<'_> {
    /// Whether anybody still wants to know.
    pub(super) fn is_wanted(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

/// How far it has come.
pub(super) enum Step<P> {
    /// A session is done.
    Session {
        /// Its number.
        number: usize,
        /// What came of its parts, in the order of its files.
        parts: Vec<P>,
        /// Files of it that could not be read.
        unreadable: usize,
    },
    /// So many bytes are.
    Bytes(u64),
}

/// A part to be read.
struct Item<'f> {
    session: usize,
    file: &'f TranscriptFile,
    number: usize,
    range: Range<u64>,
}

/// A part that was read.
struct Done<P> {
    item: usize,
    part: Option<P>,
}

/// Reads the files of sessions and hands each session to `each`, in their order, until that has had
/// enough.
pub(super) fn sweep<S: Sweep>(
    sessions: &[&[TranscriptFile]],
    work: &S,
    mut each: impl FnMut(Step<S::Part>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let items = items(sessions);
    let (next, stop, shared) = (AtomicUsize::new(0), AtomicBool::new(false), Shared::default());
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let (sender, done) = sync_channel(AHEAD);
    let (next, stop, shared, items) = (&next, &stop, &shared, &items);
    thread::scope(move |scope| {
        for _ in 0..threads.min(items.len()) {
            let sender = sender.clone();
            let worker = Worker { items, work, next, stop, shared };
            scope.spawn(move || worker.run(&sender));
        }
        drop(sender);
        let ended = collect(sessions.len(), items, &done, &mut each);
        stop.store(true, Ordering::Relaxed);
        // Whoever waits to hand something over need not.
        drop(done);
        ended
    })
}

fn items<'f>(sessions: &[&'f [TranscriptFile]]) -> Vec<Item<'f>> {
    let mut items = Vec::new();
    for (session, files) in sessions.iter().enumerate() {
        for (number, file) in files.iter().enumerate() {
            items.extend((0..file.size.div_ceil(PART)).map(|part| {
                let range = part * PART..file.size.min((part + 1) * PART);
                Item { session, file, number, range }
            }));
        }
    }
    items
}

/// Puts the parts of each session together.
fn collect<P>(
    sessions: usize,
    items: &[Item<'_>],
    done: &Receiver<Done<P>>,
    each: &mut impl FnMut(Step<P>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut parts: Vec<Option<Done<P>>> = items.iter().map(|_| None).collect();
    let (mut next, mut bytes) = (0, 0);
    for number in 0..sessions {
        let first = next;
        while items.get(next).is_some_and(|item| item.session == number) {
            while parts[next].is_none() {
                // None comes only where all have.
                let Ok(done) = done.recv() else { return ControlFlow::Continue(()) };
                let range = &items[done.item].range;
                bytes += range.end - range.start;
                let at = done.item;
                parts[at] = Some(done);
                each(Step::Bytes(bytes))?;
            }
            next += 1;
        }
        let of_session = (first..next).filter_map(|at| Some((at, parts[at].take()?.part)));
        let (mut read, mut unreadable) = (Vec::new(), 0);
        for (at, part) in of_session {
            match part {
                Some(part) => read.push(part),
                // A file counts once, however many parts it has.
                None => unreadable += usize::from(items[at].range.start == 0),
            }
        }
        each(Step::Session { number, parts: read, unreadable })?;
    }
    ControlFlow::Continue(())
}

struct Worker<'w, S> {
    items: &'w [Item<'w>],
    work: &'w S,
    next: &'w AtomicUsize,
    stop: &'w AtomicBool,
    shared: &'w Shared,
}

impl<S: Sweep> Worker<'_, S> {
    fn run(&self, sender: &SyncSender<Done<S::Part>>) {
        let mut buffers = Buffers::default();
        // A file that is cut is opened once by each thread.
        let mut open: Option<(&TranscriptFile, File)> = None;
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = self.items.get(number) else { return };
            let part = match self.read(item, &mut open, &mut buffers) {
                Ok(part) => Some(part),
                // Deleted meanwhile: there is nothing to say of it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Some(S::Part::default()),
                Err(_) => None,
            };
            if sender.send(Done { item: number, part }).is_err() {
                return;
            }
        }
    }

    fn read<'f>(
        &'f self,
        item: &'f Item<'f>,
        open: &mut Option<(&'f TranscriptFile, File)>,
        buffers: &mut Buffers,
    ) -> io::Result<S::Part> {
        let file = match open.take() {
            Some((of, file)) if std::ptr::eq(of, item.file) => file,
            _ => File::open(&item.file.path)?,
        };
        let (_, file) = open.insert((item.file, file));
        let Item { file: of, number, ref range, .. } = *item;
        let (shared, stop) = (self.shared, self.stop);
        let part = Part { of, file, number, range: range.clone(), shared, stop };
        self.work.part(&part, buffers)
    }
}
