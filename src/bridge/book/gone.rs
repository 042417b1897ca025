//! How prompts leave the book.

use serde_json::Value;

use crate::bridge::{
    book::{Book, Slot, Stage, replace},
    prompt::{Prompt, PromptId},
};

impl Book {
    /// A prompt is done with.
    pub fn remove(&self, id: PromptId) {
        let mut pages = self.lock();
        let Some(page) = pages.open.remove(&id.0) else { return };
        if page.written {
            self.disk.remove(id.0);
        }
        pages.finish(page.entry);
    }

    /// The number of an entry, for [`Book::remove_if`].
    pub fn number(&self, id: PromptId) -> Option<u64> {
        self.page(id, |page| page.number)
    }

    /// The same as [`Book::remove`], unless it is another entry, or goes on.
    pub fn remove_if(&self, id: PromptId, number: u64) {
        let is_it = |page: &mut Slot| {
            page.number == number && matches!(page.entry.stage, Stage::Arrived | Stage::Delivering)
        };
        if self.page(id, is_it) == Some(true) {
            self.remove(id);
        }
    }

    /// A prompt with which nothing can be done is put where it is in nobody's way.
    pub fn set_aside(&self, id: PromptId) {
        if self.lock().open.remove(&id.0).is_some_and(|page| page.written) {
            self.disk.set_aside(id.0);
        }
    }

    /// The same with an update, and with what it has brought.
    pub fn lay_aside(&self, update: i64, raw: &Value) {
        self.disk.lay_aside(update, raw);
        if let Some(id) = self.by_update(update) {
            self.set_aside(id);
        }
    }

    /// Replaces a message of a prompt that is done with: from now on its buttons send that.
    pub fn rewrite_recent(&self, prompt: Prompt, message: Value) {
        let mut pages = self.lock();
        if let Some(entry) = pages.recent.iter_mut().rfind(|entry| entry.prompt.id == prompt.id) {
            entry.prompt = prompt;
            replace(&mut entry.messages, message);
        }
    }

    /// Waits until all that was noted is on the disk.
    pub fn flush(&self) {
        self.disk.flush();
    }
}
