//! What stands in each chat around a turn: the newest message of the person, the turns that are shown
//! there at once, and the messages that wait for one of them or were taken into it.
//!
//! 1. An answer quotes the message that asked where another message or turn came between, and in
//!    groups.
//! 2. The sign on a message that waits, or was taken in, goes when its turn has its answer. Until
//!    then the message is in the spool, so that a later process takes the sign off, too.
//!
//! In memory only: what was asked before a restart is quoted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{
    bridge::{
        place::Place,
        prompt::{PromptId, Source},
    },
    claude::session::SessionId,
    telegram::callback::Key,
};

/// All chats. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Receipts {
    chats: Arc<Mutex<HashMap<Place, Chat>>>,
    /// Changes with what waits.
    changed: watch::Sender<u64>,
    /// When this process began, seconds since the epoch.
    since: i64,
}

#[derive(Debug, Default)]
struct Chat {
    /// The newest message of a person.
    newest: i32,
    /// A message came that was written long before.
    late: bool,
    shown: Vec<Shown>,
    receipts: Vec<Receipt>,
}

/// A turn that is shown and has no answer yet.
#[derive(Debug)]
struct Shown {
    prompt: PromptId,
    session: SessionId,
    /// The newest message that it is about.
    since: i32,
    /// Another turn is or was shown beside it.
    overlapped: bool,
}

/// A message that waits for a turn, or is part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The session of that turn.
    pub(super) session: SessionId,
    /// The message.
    pub(super) message: i32,
    /// What it asks.
    pub(super) prompt: PromptId,
    /// A line of ours that says so, where the chat allows no reactions.
    pub(super) line: Option<i32>,
    /// What takes it back, and its words, as long as that is possible.
    pub(super) waiting: Option<(Key, String)>,
    /// Whether Claude has it.
    pub(super) taken: bool,
}

impl Default for Receipts {
    fn default() -> Self {
        let since = super::now().cast_signed() / 1_000;
        Self { chats: Arc::default(), changed: watch::Sender::new(0), since }
    }
}

impl Receipts {
    fn with<T>(&self, place: Place, work: impl FnOnce(&mut Chat) -> T) -> T {
        let mut chats: MutexGuard<'_, HashMap<Place, Chat>> =
            self.chats.lock().unwrap_or_else(PoisonError::into_inner);
        work(chats.entry(place).or_default())
    }

    /// A person has written; when, seconds since the epoch. What was written before this process
    /// began has waited, so its answer may stand far below it.
    pub(super) fn heard(&self, place: Place, message: i32, date: i64) {
        let has_waited = date <= self.since;
        self.with(place, |chat| {
            chat.newest = chat.newest.max(message);
            chat.late |= has_waited;
        });
    }

    /// The newest message of a person; 0 where none came yet.
    pub(super) fn newest(&self, place: Place) -> i32 {
        self.with(place, |chat| chat.newest)
    }

    /// A turn begins to be shown, whose newest message is this. Whether an earlier process has seen that already:
    /// its sign may be on it.
    pub(super) fn enter(
        &self,
        place: Place,
        (prompt, message): (PromptId, Option<i32>),
        session: SessionId,
    ) -> bool {
        self.with(place, |chat| {
            let known = message.is_none_or(|message| message <= chat.newest);
            let late = std::mem::take(&mut chat.late) || !known;
            let overlapped = !chat.shown.is_empty() || late;
            chat.shown.iter_mut().for_each(|other| other.overlapped = true);
            let since = message.unwrap_or(chat.newest);
            chat.shown.push(Shown { prompt, session, since, overlapped });
            !known
        })
    }

    /// A turn has its answer.
    pub(super) fn leave(&self, place: Place, prompt: PromptId) {
        self.with(place, |chat| chat.shown.retain(|shown| shown.prompt != prompt));
    }

    /// Whether something came between a turn that is shown and the message that asked.
    pub(super) fn came_between(&self, place: Place, prompt: PromptId) -> bool {
        self.with(place, |chat| {
            let shown = chat.shown.iter().find(|shown| shown.prompt == prompt);
            shown.is_none_or(|shown| shown.overlapped || chat.newest > shown.since)
        })
    }

    /// What is known of a message; replaces what was known before. False where the turn that has
    /// taken it has its answer already: nobody else will take the sign off it.
    pub(super) fn put(&self, place: Place, receipt: Receipt) -> bool {
        let kept = self.with(place, |chat| {
            chat.receipts.retain(|known| known.message != receipt.message);
            let runs = chat.shown.iter().filter(|shown| shown.session == receipt.session).count();
            // One of these is its own.
            let kept = !receipt.taken || runs > 1;
            if kept {
                chat.receipts.push(receipt);
            }
            kept
        });
        self.changed.send_modify(|count| *count += 1);
        kept
    }

    /// A message neither waits nor is part of another turn any more.
    pub(super) fn remove(&self, source: Source) {
        self.with(source.place, |chat| {
            chat.receipts.retain(|known| known.message != source.message);
        });
        self.changed.send_modify(|count| *count += 1);
    }

    /// What waits for the turn of a session in a place.
    pub(super) fn waiting(&self, place: Place, session: SessionId) -> Vec<(Key, String)> {
        self.with(place, |chat| {
            let here = chat.receipts.iter().filter(|receipt| receipt.session == session);
            here.filter_map(|receipt| receipt.waiting.clone()).collect()
        })
    }

    /// The newest message that waits for the turn of a session in a place.
    pub(super) fn newest_waiting(&self, place: Place, session: SessionId) -> Option<PromptId> {
        self.with(place, |chat| {
            let waits = |receipt: &&Receipt| receipt.session == session && !receipt.taken;
            let newest = chat.receipts.iter().filter(waits).max_by_key(|receipt| receipt.message);
            newest.map(|receipt| receipt.prompt)
        })
    }

    /// The messages that were taken into the turn of a session, which has its answer now.
    pub(super) fn answered(&self, place: Place, session: SessionId) -> Vec<Receipt> {
        self.with(place, |chat| {
            let is_it = |receipt: &Receipt| receipt.session == session && receipt.taken;
            let (done, left) = std::mem::take(&mut chat.receipts).into_iter().partition(is_it);
            chat.receipts = left;
            done
        })
    }

    /// Changes with what waits.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const PLACE: Place = Place { chat: 1, thread: None };

    fn prompt(message: i32) -> PromptId {
        PromptId::of(Source { bot: 1, place: PLACE, message }, 0)
    }

    #[test]
    fn an_answer_quotes_where_something_came_between() {
        let receipts = Receipts::default();
        let ask = |message: i32| {
            receipts.heard(PLACE, message, i64::MAX);
            receipts.enter(PLACE, (prompt(message), Some(message)), SessionId(Uuid::nil()));
        };
        let leave = |message: i32| {
            let between = receipts.came_between(PLACE, prompt(message));
            receipts.leave(PLACE, prompt(message));
            between
        };
        ask(1);
        assert!(!leave(1), "nothing came between");
        ask(3);
        receipts.heard(PLACE, 4, i64::MAX);
        assert!(leave(3), "a message came");
        ask(6);
        ask(7);
        assert!(leave(6) && leave(7), "two turns");
        receipts.heard(PLACE, 8, 0);
        ask(8);
        assert!(leave(8), "it was written before this process began");
        ask(9);
        assert!(!leave(9));
        assert!(leave(9), "it is not known any more");
    }

    #[test]
    fn what_waits_becomes_what_was_taken_in() {
        let (receipts, session) = (Receipts::default(), SessionId(Uuid::nil()));
        let waiting = Some((Key(1), "weed".to_owned()));
        let receipt =
            Receipt { session, message: 5, prompt: prompt(5), line: None, waiting, taken: false };
        assert!(receipts.enter(PLACE, (prompt(3), Some(3)), session), "of an earlier process");
        receipts.heard(PLACE, 5, i64::MAX);
        assert!(!receipts.enter(PLACE, (prompt(5), Some(5)), session));
        receipts.put(PLACE, receipt.clone());
        assert_eq!(receipts.waiting(PLACE, session).len(), 1);
        assert_eq!(receipts.answered(PLACE, session), []);
        let taken = Receipt { waiting: None, taken: true, ..receipt };
        assert!(receipts.put(PLACE, taken.clone()));
        assert_eq!(receipts.waiting(PLACE, session), []);
        assert_eq!(receipts.answered(PLACE, session), std::slice::from_ref(&taken));
        assert_eq!(receipts.answered(PLACE, session), []);
        receipts.leave(PLACE, prompt(3));
        assert!(!receipts.put(PLACE, taken), "the answer is there");
    }
}
