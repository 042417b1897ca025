//! *Continue at …*: prompts that wait for a usage limit to reset.
//!
//! They wait in the book. Due is what the clock of the wall says, looked at again and again, since a
//! laptop sleeps and its clock is set.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    app::{App, now},
    bridge::{
        book::{Arrival, Book, Entry, Stage},
        place::Place,
        prompt::Prompt,
    },
    screens::later as screens,
    telegram::{
        callback::{Deferral, Deferred, Key},
        outbox::{SendOptions, Sound},
    },
};

/// How long the clock of the wall is not looked at.
const LOOK: Duration = Duration::from_secs(20);
/// What *Continue* says to Claude.
pub(super) const GO_ON: &str = "Continue from where you left off.";

/// When to look whether a prompt is due.
pub(super) fn next_due(book: &Book) -> Option<Instant> {
    let first = book.next_due()?;
    let left = Duration::from_millis(first.saturating_mul(1_000).saturating_sub(now()));
    Some(Instant::now() + left.min(LOOK))
}

impl App {
    /// The person wants a prompt to go on when the limit has reset.
    pub(super) fn continue_later(&mut self, later: Deferral, arrival: Arrival) {
        let id = deferred(later, arrival.prompt).id;
        let waits = self.book.stand(id, Stage::Deferred { until: later.at });
        self.spooled(&waits);
        if !is_due(later.at, now())
            && let Some(entry) = self.book.known(id)
        {
            self.announce(&entry, later.at);
        }
    }

    /// Says when a prompt will be sent: in a message that becomes the one of its turn.
    pub(super) fn announce(&mut self, entry: &Entry, until: u64) {
        let Prompt { id, source, .. } = entry.prompt;
        let screen = screens::waiting(until, screens::key(id));
        if let Some(message) = entry.progress {
            return drop(self.outbox.edit(source.place, message, screen));
        }
        let how = SendOptions { reply_to: Some(source.message), sound: Sound::Silent };
        let sent = self.outbox.send(source.place, screen, how);
        let (book, outbox) = (self.book.clone(), self.outbox.clone());
        self.painters.spawn(async move {
            let Ok(message) = sent.await else { return };
            // Taken back meanwhile, it waits for nothing.
            if matches!(book.stage(id), Some(Stage::Deferred { .. })) {
                book.shown(id, message);
            } else {
                outbox.delete(source.place, message);
            }
        });
    }

    /// Sends what is due.
    pub(super) fn due_now(&mut self) {
        let now = now();
        let is_due = |entry: &Entry| match entry.stage {
            Stage::Deferred { until } => is_due(until, now),
            _ => false,
        };
        for entry in self.book.deferred().into_iter().filter(is_due) {
            let Prompt { id, source, .. } = entry.prompt;
            tracing::info!(prompt = %id.0, "the limit has reset: sending what waited");
            self.send(entry.into());
            self.settle(id, source.place);
        }
    }

    /// Takes back the prompt of a button, if it waits here.
    pub(super) fn take_back_later(&mut self, key: Key) -> bool {
        self.take_back_deferred(|entry| screens::key(entry.prompt.id) == key)
    }

    /// Takes back all that waits in a place.
    pub(super) fn take_back_all_later(&mut self, place: Place) -> bool {
        self.take_back_deferred(|entry| entry.prompt.source.place == place)
    }

    fn take_back_deferred(&mut self, is_meant: impl Fn(&Entry) -> bool) -> bool {
        let meant: Vec<_> = self.book.deferred().into_iter().filter(is_meant).collect();
        for entry in &meant {
            let Prompt { id, source, .. } = entry.prompt;
            if let Some(later) = deferral(entry) {
                let screen = screens::taken_back(later);
                match entry.progress {
                    Some(message) => drop(self.outbox.edit(source.place, message, screen)),
                    None => self.reply_to(source.place, source.message, screen),
                }
            } else if let Some(message) = entry.progress {
                self.outbox.delete(source.place, message);
            }
            self.book.remove(id);
        }
        !meant.is_empty()
    }
}

/// Whether a prompt that waits until then, seconds since the epoch, may be sent; `now` in
/// milliseconds.
fn is_due(until: u64, now: u64) -> bool {
    until.saturating_mul(1_000) <= now
}

/// What becomes of a prompt that waits.
pub(super) fn deferred(later: Deferral, prompt: Prompt) -> Prompt {
    match later.what {
        Deferred::Prompt => prompt.again(later.attempt),
        Deferred::Continue => Prompt::new(prompt.source, GO_ON, later.attempt),
    }
}

/// What its button said of a prompt that waits.
fn deferral(entry: &Entry) -> Option<Deferral> {
    let Stage::Deferred { until } = entry.stage else { return None };
    let what = if entry.prompt.text == GO_ON { Deferred::Continue } else { Deferred::Prompt };
    Some(Deferral { session: entry.session?, attempt: entry.prompt.attempt, at: until, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_makes_it_due() {
        assert!(!is_due(10, 9_999));
        assert!(is_due(10, 10_000) && is_due(10, u64::MAX));
        assert!(!is_due(u64::MAX, 10_000));
    }
}
