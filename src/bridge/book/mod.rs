//! The book of prompts: every prompt that is not answered yet, and the one state that it is in.
//!
//! ```text
//! Arrived → Gathering → Asking ⇄ Deferred → Queued → Delivering → gone
//! ```
//!
//! Each arrow is a method of [`Book`], and may leave out what is between. An entry is a file of the
//! state directory from the moment on in which Telegram hears that its prompt came, and as long as it
//! is in the book; so at rest that directory is empty. What a prompt did is not in it: that stands in
//! the transcript.
//!
//! Invariants; each has a property of its number in `simulation`:
//!
//! 1. A prompt is in exactly one state. It leaves the book when it is done with or set aside, and
//!    what was done with is known for a while: it comes in no second time.
//! 6. What is deferred is due at its time, what gathers when its moment has passed; what the person
//!    must choose about is found by the message that it came with.
//! 9. A restart in any state goes on in that state, with all that was noted before it.
//!
//! Files are written and removed by one thread, in the order of the changes. Who must not go on
//! before a change is on the disk waits for it; what is only noted (which messages are in the chat)
//! nobody waits for. A file that cannot be read is set aside and never in the way.

mod destination;
mod disk;
mod entry;
mod gone;
mod known;

#[cfg(test)]
mod simulation;

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tokio::{task::spawn_blocking, time::Instant};
use uuid::Uuid;

use crate::bridge::{
    book::disk::{Disk, find},
    place::Place,
    prompt::{Prompt, PromptId, Source},
};
use crate::claude::identity::Started;

pub use destination::{Destination, Start};
pub use disk::{Found, decode};
pub use entry::{About, Arrival, Entry, Question, Stage};

/// Prompts that are known when they are done with: more than an update brings again.
const DONE: usize = 1_000;
/// The last of these are kept whole, for buttons that send one again and for edits.
const RECENT: usize = 100;
/// Most prompts that wait for a choice: who leaves more unanswered does not want the oldest.
const ASKING: usize = 100;

/// How a prompt came to this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Came {
    /// Telegram has delivered it for the first time.
    #[default]
    New,
    /// Telegram has delivered it, perhaps not for the first time: it may have been answered before.
    Perhaps,
    /// It was in the book when this process started: it may have run.
    Left,
}

/// A note on its way to the disk. What comes of it is logged.
#[derive(Debug)]
pub struct Noted(Option<disk::Done>);

impl Noted {
    /// Waits until it is there, or cannot be.
    pub async fn on_disk(self) {
        if let Some(done) = self.0 {
            let _ = spawn_blocking(move || done.wait()).await;
        }
    }
}

/// The book. Clones share it.
#[derive(Clone, Debug)]
pub struct Book {
    pages: Arc<Mutex<Pages>>,
    disk: Disk,
}

#[derive(Debug, Default)]
struct Pages {
    open: HashMap<Uuid, Page>,
    /// Generation counter: a late removal must not remove a newer entry.
    count: u64,
    /// Time of the newest prompt: no two have the same.
    newest: u64,
    /// The last that are done with, the newest last.
    done: VecDeque<Uuid>,
    /// The last of these, whole.
    recent: VecDeque<Entry>,
}

#[derive(Debug)]
struct Page {
    entry: Entry,
    came: Came,
    number: u64,
    /// Whether it is in a file.
    written: bool,
    /// Until when more of it is waited for.
    whole_at: Option<Instant>,
    /// The message below which the person has chosen what becomes of it.
    chosen_in: Option<i32>,
}

impl Book {
    /// The book in `directory`, which need not exist, and what is in it.
    pub fn open(directory: PathBuf) -> (Self, Found) {
        let found = find(&directory);
        let mut pages = Pages::default();
        for entry in &found.entries {
            pages.newest = pages.newest.max(entry.at);
            pages.insert(entry.clone(), (Came::Left, true));
        }
        let book = Self { pages: Arc::new(Mutex::new(pages)), disk: Disk::start(directory) };
        (book, found)
    }

    // ---- Arrived ----

    /// Takes a prompt in, in memory only: as long as it has only [arrived](Stage::Arrived), Telegram
    /// must not hear that it came. False where it is in the book already.
    pub fn arrive(&self, arrival: Arrival, came: Came) -> bool {
        let mut pages = self.lock();
        if pages.open.contains_key(&arrival.prompt.id.0) {
            return false;
        }
        pages.newest = (pages.newest + 1).max(now());
        let entry = Entry::new(arrival, pages.newest);
        pages.insert(entry, (came, false));
        true
    }

    // ---- Gathering ----

    /// More messages of a prompt may come, until `whole_at`.
    pub fn gather(&self, id: PromptId, whole_at: Instant) -> io::Result<()> {
        self.page(id, |page| page.whole_at = Some(whole_at));
        self.stand(id, Stage::Gathering)
    }

    /// One more message of a prompt has come, which is `prompt` with it.
    pub fn join(&self, prompt: Prompt, message: Value) -> io::Result<()> {
        self.write(prompt.id, |entry| {
            entry.prompt = prompt;
            entry.messages.push(message);
        })
    }

    /// What gathers in a place.
    pub fn gathering(&self, place: Place) -> Option<Entry> {
        let gathers = |page: &&Page| {
            page.entry.stage == Stage::Gathering && page.entry.prompt.source.place == place
        };
        self.lock().open.values().find(gathers).map(|page| page.entry.clone())
    }

    /// What gathers and has waited long enough, in the order in which it came.
    pub fn gathered(&self, now: Instant) -> Vec<Entry> {
        self.all(|page| {
            page.entry.stage == Stage::Gathering && page.whole_at.is_none_or(|at| at <= now)
        })
    }

    /// When something will have gathered.
    pub fn next_whole(&self) -> Option<Instant> {
        let pages = self.lock();
        let gathers = |page: &&Page| page.entry.stage == Stage::Gathering;
        pages.open.values().filter(gathers).filter_map(|page| page.whole_at).min()
    }

    /// What waited goes on: until it is in another state it has only arrived, and a kill leaves it
    /// where it waited.
    pub fn begin(&self, id: PromptId) -> Option<Entry> {
        self.page(id, |page| {
            page.entry.leave_question();
            page.entry.stage = Stage::Arrived;
            page.entry.clone()
        })
    }

    // ---- Waiting ----

    /// Brings a prompt into a state, and waits until that is on the disk.
    pub fn stand(&self, id: PromptId, stage: Stage) -> io::Result<()> {
        self.write(id, |entry| entry.stage = stage)
    }

    /// A prompt waits until the person has chosen, and waits itself until that is on the disk.
    pub fn ask(&self, id: PromptId, about: About) -> io::Result<()> {
        self.forget_oldest();
        self.write(id, |entry| {
            (entry.stage, entry.about, entry.progress) = (Stage::Asking, Some(about), None);
        })
    }

    /// Other words for a prompt, and the message that has them in the place of what it was.
    pub fn rewrite(&self, prompt: Prompt, message: Option<Value>) -> io::Result<()> {
        self.write(prompt.id, |entry| {
            entry.prompt = prompt;
            if let Some(message) = message {
                replace(&mut entry.messages, message);
            }
        })
    }

    /// The prompts that a choice about the prompt of a message is for: those of its place about which
    /// the same is asked, in the order in which they came.
    pub fn asking(&self, source: Source) -> Vec<Entry> {
        let about = {
            let pages = self.lock();
            let asks = |page: &&Page| {
                page.entry.stage == Stage::Asking && page.entry.prompt.source == source
            };
            pages.open.values().find(asks).and_then(|page| page.entry.about.clone())
        };
        let Some(about) = about else { return Vec::new() };
        self.all(|page| {
            let entry = &page.entry;
            entry.stage == Stage::Asking
                && entry.prompt.source.place == source.place
                && entry.about.as_ref() == Some(&about)
        })
    }

    /// All prompts that wait for a time, in the order in which they came.
    pub fn deferred(&self) -> Vec<Entry> {
        self.all(|page| matches!(page.entry.stage, Stage::Deferred { .. }))
    }

    /// The first time that one waits for, seconds since the epoch.
    pub fn next_due(&self) -> Option<u64> {
        let until = |page: &Page| match page.entry.stage {
            Stage::Deferred { until } => Some(until),
            _ => None,
        };
        self.lock().open.values().filter_map(until).min()
    }

    // ---- At its session ----

    /// A prompt goes to its session, and waits until that is on the disk: from here on it may run,
    /// most likely in `process`, which has the session. Then nothing more is to be written before
    /// that gets it.
    pub fn queue(
        &self,
        id: PromptId,
        destination: Destination,
        process: Option<Started>,
    ) -> io::Result<()> {
        self.write(id, |entry| {
            entry.leave_question();
            (entry.stage, entry.destination) = (Stage::Queued, Some(destination));
            entry.process = process.or(entry.process.take());
        })
    }

    /// A process is about to get a prompt: waits until that is on the disk, if it is not.
    pub fn runs_in(&self, id: PromptId, process: Started) -> io::Result<()> {
        self.write(id, |entry| entry.process = Some(process))
    }

    /// A prompt goes on as another attempt, and waits until that is on the disk: a crash finds it.
    pub fn renew(&self, old: PromptId, new: PromptId, attempt: u32) -> io::Result<()> {
        let done = {
            let mut pages = self.lock();
            let Some(mut page) = pages.open.remove(&old.0) else { return Ok(()) };
            (page.entry.prompt.id, page.entry.prompt.attempt) = (new, attempt);
            let done = page.written.then(|| {
                let done = self.disk.write(&page.entry);
                self.disk.remove(old.0);
                done
            });
            pages.open.insert(new.0, page);
            done
        };
        done.map_or(Ok(()), disk::Done::wait)
    }

    /// The turn of a prompt is over: its answer is on its way.
    pub fn deliver(&self, id: PromptId) {
        self.page(id, |page| page.entry.stage = Stage::Delivering);
    }

    // ---- How ----

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page<T>(&self, id: PromptId, work: impl FnOnce(&mut Page) -> T) -> Option<T> {
        self.lock().open.get_mut(&id.0).map(work)
    }

    fn all(&self, is_meant: impl Fn(&Page) -> bool) -> Vec<Entry> {
        let pages = self.lock();
        let meant = pages.open.values().filter(|page| is_meant(page));
        let mut meant: Vec<_> = meant.map(|page| page.entry.clone()).collect();
        meant.sort_unstable_by_key(|entry| entry.at);
        meant
    }

    /// Changes an entry, and waits until that is on the disk.
    fn write(&self, id: PromptId, change: impl FnOnce(&mut Entry)) -> io::Result<()> {
        let done = {
            let mut pages = self.lock();
            let Some(page) = pages.open.get_mut(&id.0) else { return Ok(()) };
            let before = page.entry.clone();
            change(&mut page.entry);
            if page.written && page.entry == before {
                return Ok(());
            }
            page.written = true;
            self.disk.write(&page.entry)
        };
        done.wait()
    }

    /// Notes something of a prompt, in its file where it has one.
    fn note(&self, id: PromptId, change: impl FnOnce(&mut Entry)) -> Noted {
        let mut pages = self.lock();
        let Some(page) = pages.open.get_mut(&id.0) else { return Noted(None) };
        change(&mut page.entry);
        Noted(page.written.then(|| self.disk.write(&page.entry)))
    }

    /// Nobody has chosen for so long that the oldest is let go.
    fn forget_oldest(&self) {
        let asking = self.all(|page| page.entry.stage == Stage::Asking);
        if let Some(oldest) = asking.first().filter(|_| asking.len() >= ASKING) {
            self.remove(oldest.prompt.id);
        }
    }
}

impl Pages {
    fn insert(&mut self, entry: Entry, (came, written): (Came, bool)) {
        self.count += 1;
        let number = self.count;
        let page = Page { entry, came, number, written, whole_at: None, chosen_in: None };
        self.open.insert(page.entry.prompt.id.0, page);
    }

    fn finish(&mut self, entry: Entry) {
        self.done.push_back(entry.prompt.id.0);
        self.recent.push_back(entry);
        if self.done.len() > DONE {
            self.done.pop_front();
        }
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }
}

/// Puts an update in the place of the one that brought the same message.
pub fn replace(messages: &mut [Value], message: Value) {
    let id = |raw: &Value| raw["message"]["message_id"].clone();
    let new = id(&message);
    if let Some(old) = messages.iter_mut().find(|old| id(old) == new) {
        *old = message;
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}
