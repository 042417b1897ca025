//! *Continue at …*: prompts that wait for a usage limit to reset.
//!
//! The press that asked for it is in the spool, and the button carries the time: so a restart finds
//! both again. Due is what the clock of the wall says, looked at again and again, since a laptop
//! sleeps and its clock is set.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    app::{App, note::Note, now, prompts::Sending},
    bridge::{
        place::Place,
        prompt::{Prompt, PromptId},
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

/// Prompts that wait for their time, in the order in which they came.
#[derive(Default)]
pub(super) struct Waiting(Vec<Kept>);

struct Kept {
    sending: Sending,
    later: Deferral,
    /// The message that says so, once it is in the chat.
    message: Option<i32>,
}

impl Waiting {
    /// When to look whether one is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let first = self.0.iter().map(|kept| kept.later.at).min()?;
        let left = Duration::from_millis(first.saturating_mul(1_000).saturating_sub(now()));
        Some(Instant::now() + left.min(LOOK))
    }

    /// Whether a prompt waits here.
    pub(super) fn holds(&self, prompt: PromptId) -> bool {
        self.0.iter().any(|kept| kept.sending.prompt.id == prompt)
    }

    fn take(&mut self, is_it: impl Fn(&Kept) -> bool) -> Vec<Kept> {
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(is_it);
        self.0 = left;
        taken
    }
}

impl App {
    /// The person wants a prompt to go on when the limit has reset.
    pub(super) fn continue_later(&mut self, later: Deferral, sending: Sending) {
        let sending = Sending {
            prompt: deferred(later, sending.prompt),
            session: Some(later.session),
            ..sending
        };
        let id = sending.prompt.id;
        let shown = self.spool.read(id, |kept| kept.progress).flatten();
        if !is_due(later, now()) {
            self.announce(&sending.prompt, later, shown);
        }
        self.later.0.push(Kept { sending, later, message: shown });
    }

    /// Says when a prompt will be sent: in a message that becomes the one of its turn.
    fn announce(&mut self, prompt: &Prompt, later: Deferral, shown: Option<i32>) {
        let (place, id) = (prompt.source.place, prompt.id);
        let screen = screens::waiting(later.at, screens::key(id));
        let how = SendOptions { reply_to: Some(prompt.source.message), sound: Sound::Silent };
        if let Some(message) = shown {
            return drop(self.outbox.edit(place, message, screen));
        }
        let sent = self.outbox.send(place, screen, how);
        let notes = self.notes.clone();
        self.painters.spawn(async move {
            if let Ok(message) = sent.await {
                let _ = notes.send(Note::Announced { place, prompt: id, message });
            }
        });
    }

    /// The message about a prompt that waits is in the chat.
    pub(super) fn announced(&mut self, place: Place, prompt: PromptId, message: i32) {
        let found = self.later.0.iter_mut().find(|kept| kept.sending.prompt.id == prompt);
        let Some(kept) = found else { return drop(self.outbox.delete(place, message)) };
        kept.message = Some(message);
        if let Err(error) = self.spool.shown(prompt, message) {
            tracing::warn!(%error, "the spool takes no note");
        }
    }

    /// Sends what is due.
    pub(super) fn due_now(&mut self) {
        let now = now();
        for kept in self.later.take(|kept| is_due(kept.later, now)) {
            let Prompt { id, source, .. } = kept.sending.prompt;
            tracing::info!(prompt = %id.0, "the limit has reset: sending what waited");
            self.send(kept.sending);
            self.rest(id, source.place);
        }
    }

    /// Takes back the prompt of a button, if it waits here.
    pub(super) fn take_back_later(&mut self, key: Key) -> bool {
        let taken = self.later.take(|kept| screens::key(kept.sending.prompt.id) == key);
        self.forget_later(&taken);
        !taken.is_empty()
    }

    /// Takes back all that waits in a place.
    pub(super) fn take_back_all_later(&mut self, place: Place) -> bool {
        let taken = self.later.take(|kept| kept.sending.prompt.source.place == place);
        self.forget_later(&taken);
        !taken.is_empty()
    }

    fn forget_later(&self, taken: &[Kept]) {
        for Kept { sending, later, message } in taken {
            let (id, source) = (sending.prompt.id, sending.prompt.source);
            let screen = screens::taken_back(*later);
            match message {
                Some(message) => drop(self.outbox.edit(source.place, *message, screen)),
                None => self.reply_to(source.place, source.message, screen),
            }
            self.spool.remove(id);
        }
    }
}

/// Whether a deferred prompt may be sent; `now` in milliseconds since the epoch.
fn is_due(later: Deferral, now: u64) -> bool {
    later.at.saturating_mul(1_000) <= now
}

/// What becomes of a prompt that waits.
pub(super) fn deferred(later: Deferral, prompt: Prompt) -> Prompt {
    match later.what {
        Deferred::Prompt => prompt.again(later.attempt),
        Deferred::Continue => Prompt::new(prompt.source, GO_ON, later.attempt),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_makes_it_due() {
        let session = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let later = Deferral { session, attempt: 1, at: 10, what: Deferred::Continue };
        assert!(!is_due(later, 9_999));
        assert!(is_due(later, 10_000) && is_due(later, u64::MAX));
        assert!(!is_due(Deferral { at: u64::MAX, ..later }, 10_000));
    }
}
