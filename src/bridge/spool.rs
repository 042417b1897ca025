//! Prompts that Telegram has delivered and whose answer is not in the chat yet: a file each.
//!
//! A file is written before Telegram hears that the update came, and goes when the last part of the
//! answer is in the chat, so at rest the directory is empty. It holds what a later process needs to
//! take the prompt up by the ordinary path: the updates as they came, where the prompt went, and
//! which messages show it. What the prompt did is not in it: that stands in the transcript. A file
//! that cannot be read is set aside and never in the way.

mod disk;

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    bridge::{
        prompt::PromptId,
        spool::disk::{aside, find, lay_aside, name, write},
    },
    claude::{process::Conversation, session::SessionId},
};

pub use disk::{Found, decode};

/// Form of the files; one of another form is set aside.
const VERSION: u32 = 2;

/// How a prompt came to this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Came {
    /// Telegram has delivered it for the first time.
    #[default]
    New,
    /// Telegram has delivered it, perhaps not for the first time: it may have been answered before.
    Perhaps,
    /// It was in the spool when this process started: it may have run.
    Left,
}

/// A prompt in the spool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    version: u32,
    /// Its key.
    pub id: Uuid,
    /// When it came, milliseconds since the epoch: the order of prompts.
    pub at: u64,
    /// The updates that carry it, as Telegram sent them: its parts in order, and the press that
    /// sent it, if one did.
    pub raws: Vec<Value>,
    /// How far it is.
    #[serde(default)]
    pub stage: Stage,
    /// Where it went, as soon as that is decided.
    #[serde(default)]
    pub leg: Option<Leg>,
    /// The message that shows its progress.
    #[serde(default)]
    pub progress: Option<i32>,
    /// The messages of its answer, in order, as far as they are in the chat.
    #[serde(default)]
    pub sent: Vec<i32>,
    /// How many parts the answer had when one was sent last; 0 where none was.
    #[serde(default)]
    pub parts: usize,
    /// Questions of Claude's that are in the chat and wait for the person.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// The attempt it went on as, where that is not what its updates say.
    #[serde(default)]
    pub attempt: Option<u32>,
}

/// How far a prompt is on its way in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// More parts of it may come.
    Gathering,
    /// It is whole and on its way.
    #[default]
    Going,
    /// A button in the chat sends it, and Telegram would not bring all of it along.
    Waiting,
}

/// A question of Claude's in the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The message that asks.
    pub message: i32,
    /// What it is about, in a few words.
    pub about: String,
}

/// Where a prompt went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The session's directory.
    pub directory: PathBuf,
    /// The session.
    pub session: SessionId,
    /// How a process comes to it, if there is no transcript yet.
    pub start: Start,
    /// Whether the place of the prompt pointed there.
    pub bound: bool,
}

/// How a process comes to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// It exists.
    Resume,
    /// It is begun.
    New,
    /// It is begun as a copy of this one.
    Fork(SessionId),
}

impl From<Conversation> for Start {
    fn from(conversation: Conversation) -> Self {
        match conversation {
            Conversation::Resume(_) => Self::Resume,
            Conversation::New(_) => Self::New,
            Conversation::Fork { of, .. } => Self::Fork(of),
        }
    }
}

/// The spool. Clones share it.
#[derive(Clone, Debug)]
pub struct Spool {
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Debug)]
struct Shelf {
    directory: PathBuf,
    held: HashMap<Uuid, Held>,
    /// Counts what was held, so that what is done late does not touch a later holding.
    count: u64,
    /// Time of the newest prompt: no two have the same.
    newest: u64,
}

#[derive(Debug)]
struct Held {
    kept: Kept,
    came: Came,
    number: u64,
    written: bool,
}

impl Spool {
    /// The spool in `directory`, which need not exist, and what is in it.
    pub fn open(directory: PathBuf) -> (Self, Found) {
        let found = find(&directory);
        let newest = found.kept.last().map_or(0, |kept| kept.at);
        let mut shelf = Shelf { directory, held: HashMap::new(), count: 0, newest };
        for kept in &found.kept {
            shelf.hold(kept.clone(), (Came::Left, true));
        }
        (Self { shelf: Arc::new(Mutex::new(shelf)) }, found)
    }

    /// Takes a prompt in, in memory only: until it is [kept](Self::keep), Telegram must not hear
    /// that it came. Returns the number of this holding.
    pub fn hold(&self, id: PromptId, raws: Vec<Value>, came: Came) -> u64 {
        let mut inner = self.lock();
        inner.newest = (inner.newest + 1).max(now());
        let kept = Kept::new(id.0, inner.newest, raws);
        inner.hold(kept, (came, false))
    }

    /// Makes what was held as `part` the last part of a prompt, and writes that down.
    pub fn join(&self, id: PromptId, part: PromptId) -> io::Result<()> {
        let Some(part) = self.lock().held.remove(&part.0) else { return Ok(()) };
        self.with(id, |held, directory| {
            held.kept.raws.extend(part.kept.raws);
            held.write(directory)
        })
    }

    /// Writes down how far a prompt is.
    pub fn stand(&self, id: PromptId, stage: Stage) -> io::Result<()> {
        self.with(id, |held, directory| {
            if held.written && held.kept.stage == stage {
                return Ok(());
            }
            held.kept.stage = stage;
            held.write(directory)
        })
    }

    /// Whether an update brought a prompt that is held, or a part of one.
    pub fn has(&self, update: i64) -> bool {
        self.holder(update).is_some()
    }

    fn holder(&self, update: i64) -> Option<Uuid> {
        let is_it = |raw: &Value| raw["update_id"] == update;
        let held = &self.lock().held;
        let mut all = held.values();
        all.find(|held| held.kept.raws.iter().any(is_it)).map(|held| held.kept.id)
    }

    /// Writes a prompt down, with where it goes: from here on it survives us.
    pub fn keep(&self, id: PromptId, leg: Option<Leg>) -> io::Result<()> {
        self.with(id, |held, directory| {
            if held.written && leg == held.kept.leg {
                return Ok(());
            }
            if leg.is_some() {
                held.kept.stage = Stage::Going;
            }
            held.kept.leg = leg;
            held.write(directory)
        })
    }

    /// Notes the message that shows the progress of a prompt.
    pub fn shown(&self, id: PromptId, message: i32) -> io::Result<()> {
        self.change(id, |kept| kept.progress = Some(message))
    }

    /// Notes that one more part of an answer of so many parts is in the chat.
    pub fn sent(&self, id: PromptId, message: i32, parts: usize) -> io::Result<()> {
        self.change(id, |kept| {
            kept.sent.push(message);
            kept.parts = parts;
        })
    }

    /// Notes that a question is in the chat.
    pub fn asked(&self, id: PromptId, question: Question) -> io::Result<()> {
        self.change(id, |kept| kept.questions.push(question))
    }

    /// Notes that a question waits no more.
    pub fn closed(&self, id: PromptId, message: i32) -> io::Result<()> {
        self.change(id, |kept| kept.questions.retain(|question| question.message != message))
    }

    /// Notes something of a prompt, in its file where that is written.
    fn change(&self, id: PromptId, change: impl FnOnce(&mut Kept)) -> io::Result<()> {
        self.with(id, |held, directory| {
            change(&mut held.kept);
            if held.written { write(directory, &held.kept) } else { Ok(()) }
        })
    }

    /// Does something to a prompt that is held, and nothing to another.
    fn with(
        &self,
        id: PromptId,
        work: impl FnOnce(&mut Held, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut inner = self.lock();
        let Shelf { directory, held, .. } = &mut *inner;
        held.get_mut(&id.0).map_or(Ok(()), |held| work(held, directory))
    }

    /// A prompt goes on as another attempt: from here on that is found after a crash.
    pub fn renew(&self, old: PromptId, new: PromptId, attempt: u32) -> io::Result<()> {
        let mut inner = self.lock();
        let Some(mut held) = inner.held.remove(&old.0) else { return Ok(()) };
        (held.kept.id, held.kept.attempt) = (new.0, Some(attempt));
        let written = if held.written { held.write(&inner.directory) } else { Ok(()) };
        inner.held.insert(new.0, held);
        if written.is_ok() {
            inner.unlink(old.0);
        }
        written
    }

    /// Reads what is in the spool of a prompt.
    pub fn read<T>(&self, id: PromptId, read: impl FnOnce(&Kept) -> T) -> Option<T> {
        self.lock().held.get(&id.0).map(|held| read(&held.kept))
    }

    /// How a prompt came: one that is not held, for the first time.
    pub fn came(&self, id: PromptId) -> Came {
        self.lock().held.get(&id.0).map_or(Came::New, |held| held.came)
    }

    /// The number of the holding of a prompt.
    pub fn number(&self, id: PromptId) -> Option<u64> {
        self.lock().held.get(&id.0).map(|held| held.number)
    }

    /// A prompt is done with.
    pub fn remove(&self, id: PromptId) {
        let mut inner = self.lock();
        if inner.held.remove(&id.0).is_some_and(|held| held.written) {
            inner.unlink(id.0);
        }
    }

    /// No button sends a prompt any more.
    pub fn forget(&self, id: PromptId) {
        if self.read(id, |kept| kept.stage) == Some(Stage::Waiting) {
            self.remove(id);
        }
    }

    /// The same as [`Spool::remove`], unless it was taken in again since it was held under this
    /// number.
    pub fn remove_if(&self, id: PromptId, number: u64) {
        if self.number(id) == Some(number) {
            self.remove(id);
        }
    }

    /// A prompt with which nothing can be done is put where it is in nobody's way.
    pub fn set_aside(&self, id: Uuid) {
        let mut inner = self.lock();
        if inner.held.remove(&id).is_some_and(|held| held.written) {
            aside(&inner.directory, OsStr::new(&name(id)));
        }
    }

    /// The same with an update, and with what it has brought.
    pub fn lay_aside(&self, update: i64, raw: &Value) {
        let directory = self.lock().directory.clone();
        if let Err(error) = lay_aside(&directory, &format!("update-{update}.json"), raw) {
            tracing::error!(%error, update, "cannot be set aside");
        }
        if let Some(id) = self.holder(update) {
            self.set_aside(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn hold(&mut self, kept: Kept, (came, written): (Came, bool)) -> u64 {
        self.count += 1;
        let number = self.count;
        self.held.insert(kept.id, Held { kept, came, number, written });
        number
    }

    fn unlink(&self, id: Uuid) {
        // Gone already is as good; what stays for another reason is looked at by the next start.
        let _ = fs::remove_file(self.directory.join(name(id)));
        let _ = fs::remove_dir(&self.directory);
    }
}

impl Held {
    fn write(&mut self, directory: &Path) -> io::Result<()> {
        write(directory, &self.kept)?;
        self.written = true;
        Ok(())
    }
}

impl Kept {
    fn new(id: Uuid, at: u64, raws: Vec<Value>) -> Self {
        Self {
            version: VERSION,
            id,
            at,
            raws,
            stage: Stage::Going,
            leg: None,
            progress: None,
            sent: Vec::new(),
            parts: 0,
            questions: Vec::new(),
            attempt: None,
        }
    }

    /// How many of the first of an answer's `parts` need not be sent any more. Read again it may
    /// have fewer than it had: the last is not left out for that.
    pub fn delivered(&self, parts: usize) -> usize {
        let sent = self.sent.len();
        if self.parts > 0 && sent >= self.parts { parts } else { sent.min(parts.saturating_sub(1)) }
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::any, proptest, sample::Index};
    use serde_json::json;
    use tempfile::{TempDir, tempdir};

    use super::{disk::ASIDE, *};

    fn id(n: u128) -> PromptId {
        PromptId(Uuid::from_u128(n))
    }

    fn leg() -> Leg {
        let session = SessionId(Uuid::from_u128(9));
        let directory = "/home/ada".into();
        Leg { directory, session, start: Start::Fork(session), bound: true }
    }

    fn open(state: &TempDir) -> (Spool, Found) {
        Spool::open(state.path().join("7"))
    }

    #[test]
    fn what_is_kept_is_found_in_order_until_it_is_removed() {
        let state = tempdir().unwrap();
        let (spool, found) = open(&state);
        assert_eq!(found.kept, []);
        for n in [3, 1, 2] {
            spool.hold(id(n), vec![json!({"update_id": n as u64})], Came::New);
        }
        spool.keep(id(3), None).unwrap();
        spool.keep(id(1), Some(leg())).unwrap();
        spool.shown(id(1), 10).unwrap();
        spool.sent(id(1), 11, 2).unwrap();
        let (again, found) = open(&state);
        let ids: Vec<_> = found.kept.iter().map(|kept| kept.id).collect();
        assert_eq!(ids, [id(3).0, id(1).0], "what was only held is Telegram's to bring again");
        let (kept, came) = (again.read(id(1), Kept::clone).unwrap(), again.came(id(1)));
        assert_eq!([1, 2, 3].map(|parts| kept.delivered(parts)), [0, 1, 1]);
        assert_eq!((kept.leg, kept.progress, kept.sent), (Some(leg()), Some(10), vec![11]));
        assert_eq!(came, Came::Left);
        again.remove(id(1));
        again.remove(id(3));
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0, "at rest it is empty");
    }

    #[test]
    fn parts_are_one_file_from_the_first_on() {
        let state = tempdir().unwrap();
        let (spool, _) = open(&state);
        let raws = [1, 2, 3].map(|n| json!({"update_id": n}));
        spool.hold(id(1), vec![raws[0].clone()], Came::New);
        spool.stand(id(1), Stage::Gathering).unwrap();
        for n in [2, 3] {
            spool.hold(id(n), vec![raws[n as usize - 1].clone()], Came::New);
            spool.join(id(1), id(n)).unwrap();
            assert_eq!(spool.number(id(n)), None, "it is no prompt of its own");
        }
        let (again, found) = open(&state);
        let [kept] = &found.kept[..] else { panic!("{found:?}") };
        assert_eq!((kept.stage, &kept.raws[..]), (Stage::Gathering, &raws[..]));
        assert_eq!([1, 2, 3, 4].map(|update| again.has(update)), [true, true, true, false]);
        again.forget(id(1));
        assert_eq!(open(&state).1.kept.len(), 1, "it does not wait for a button");
        again.keep(id(1), Some(leg())).unwrap();
        assert_eq!(open(&state).1.kept[0].stage, Stage::Going);
        again.stand(id(1), Stage::Waiting).unwrap();
        again.forget(id(1));
        assert_eq!(open(&state).1.kept, []);
    }

    #[test]
    fn open_questions_are_known_to_the_next_process() {
        let state = tempdir().unwrap();
        let (spool, _) = open(&state);
        spool.hold(id(1), Vec::new(), Came::New);
        spool.keep(id(1), Some(leg())).unwrap();
        let question = |message| Question { message, about: "Run ls".to_owned() };
        for message in [5, 6] {
            spool.asked(id(1), question(message)).unwrap();
        }
        spool.closed(id(1), 5).unwrap();
        assert_eq!(open(&state).1.kept[0].questions, [question(6)]);
    }

    #[test]
    fn a_late_removal_spares_what_came_again() {
        let state = tempdir().unwrap();
        let (spool, _) = open(&state);
        let first = spool.hold(id(1), Vec::new(), Came::New);
        let second = spool.hold(id(1), Vec::new(), Came::New);
        spool.keep(id(1), None).unwrap();
        spool.remove_if(id(1), first);
        assert_eq!(open(&state).1.kept.len(), 1);
        spool.remove_if(id(1), second);
        assert_eq!(open(&state).1.kept.len(), 0);
    }

    #[test]
    fn damage_is_set_aside_and_in_nobodys_way() {
        let state = tempdir().unwrap();
        let (spool, _) = open(&state);
        spool.hold(id(1), vec![json!({"update_id": 1})], Came::New);
        spool.keep(id(1), None).unwrap();
        let directory = state.path().join("7");
        fs::write(directory.join("torn.json"), "{\"version\":1,").unwrap();
        fs::copy(directory.join(name(id(1).0)), directory.join(name(id(2).0))).unwrap();
        fs::write(directory.join("half.new"), "{").unwrap();
        let (spool, found) = open(&state);
        assert_eq!((found.kept.len(), found.damaged.len()), (1, 2));
        assert_eq!(open(&state).1.damaged, [""; 0], "reported once");
        spool.set_aside(id(1).0);
        assert_eq!(open(&state).1.kept, []);
        assert_eq!(fs::read_dir(directory.join(ASIDE)).unwrap().count(), 3);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(harms in vec((any::<Index>(), any::<u8>()), 0..6), cut: Index) {
            let raws = vec![json!({"message": {"text": "héllo"}})];
            let new = Kept::new(Uuid::from_u128(1), 5, raws);
            let kept = Kept { leg: Some(leg()), progress: Some(1), sent: vec![2], ..new };
            let mut bytes = serde_json::to_vec(&kept).unwrap();
            assert_eq!(decode(&bytes), Some(kept));
            for (at, byte) in harms {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = decode(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            assert_eq!(decode(&bytes), None);
        }
    }
}
