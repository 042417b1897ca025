//! The core of a session: prompts whose files are still with Telegram.
//!
//! Such a prompt keeps its turn in the queue. Those of its place wait behind it, those of other
//! places do not.

use crate::bridge::{
    session::{Fetched, Queued, state::Session},
    turn::{Outcome, Phase},
};

impl Session {
    /// Takes what has come of the files of prompts that wait.
    pub(super) fn collect_files(&mut self) {
        let mut index = 0;
        while index < self.queue.len() {
            let Some(fetched) = self.queue[index].take_fetched() else {
                index += 1;
                continue;
            };
            match fetched {
                Ok(prompt) => {
                    self.queue[index].prompt = prompt;
                    let queued = &self.queue[index];
                    queued.show(|turn| turn.phase = Phase::Starting);
                    let ahead = index.checked_sub(1).and_then(|index| self.queue.get(index));
                    let before = ahead.or(self.inside.as_ref()).or(self.running.as_ref());
                    self.show_wait(queued, before);
                    index += 1;
                }
                Err(message) => {
                    tracing::warn!(message, "a file of a prompt is not there");
                    if let Some(queued) = self.queue.remove(index) {
                        queued.finish(Outcome::NoFile { message });
                    }
                    self.settle();
                }
            }
        }
    }

    /// Brings the first prompt to the front that waits for no file, of itself or of its place. False
    /// where there is none.
    pub(super) fn is_ready(&mut self) -> bool {
        let mut held = Vec::new();
        let ready = self.queue.iter().position(|queued| {
            let place = queued.prompt.source.place;
            if queued.files.is_some() {
                held.push(place);
            }
            !held.contains(&place)
        });
        let ready = ready.and_then(|index| self.queue.remove(index));
        ready.map(|queued| self.queue.push_front(queued)).is_some()
    }
}

impl Queued {
    /// What has come of its files, once.
    fn take_fetched(&mut self) -> Option<Fetched> {
        let files = self.files.as_ref()?;
        let fetched = files.borrow().clone();
        let fetched = match fetched {
            Some(fetched) => fetched,
            // Nobody fetches them any more.
            None if files.has_changed().is_err() => Err("a fault in segue lost it".to_owned()),
            None => return None,
        };
        self.files = None;
        Some(fetched)
    }
}
