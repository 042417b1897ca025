//! What is noted of prompts and known of them, in whatever state they are.

use crate::bridge::{
    book::{About, Book, Came, Entry, Noted, Page, Question, Stage},
    place::Place,
    prompt::{PromptId, Source},
};

impl Book {
    // ---- Notes ----

    /// Notes the message that shows how a prompt stands.
    pub fn shown(&self, id: PromptId, message: i32) {
        drop(self.note(id, |entry| entry.progress = Some(message)));
    }

    /// Notes the message that asks the person about a prompt. False where it is to go: they are not
    /// asked any more, and have not chosen below it.
    pub fn asks_in(&self, id: PromptId, message: i32) -> bool {
        let mut asks = false;
        // In one step: the person may choose meanwhile, and what shows the prompt then is another.
        drop(self.note(id, |entry| {
            asks = entry.stage == Stage::Asking;
            entry.progress = Some(message).filter(|_| asks).or(entry.progress);
        }));
        asks || self.page(id, |page| page.chosen_in) == Some(Some(message))
    }

    /// The person has chosen below this message, which goes.
    pub fn chosen_in(&self, id: PromptId, message: i32) {
        self.page(id, |page| page.chosen_in = Some(message));
    }

    /// The prompts of a place that wait for a directory to work in, in the order in which they came.
    pub fn without_directory(&self, place: Place) -> Vec<Entry> {
        self.all(|page| {
            let Entry { stage, about, prompt, .. } = &page.entry;
            let waits = matches!(about, Some(About::Trust(_) | About::Directory(_)));
            *stage == Stage::Asking && waits && prompt.source.place == place
        })
    }

    /// Notes that one more part of an answer of so many parts is in the chat. Who goes on when that
    /// is [on the disk](Noted::on_disk) does not send it again after a crash.
    pub fn sent(&self, id: PromptId, message: i32, parts: usize) -> Noted {
        self.note(id, |entry| {
            entry.sent.push(message);
            entry.parts = parts;
        })
    }

    /// Notes that a question is in the chat.
    pub fn asked(&self, id: PromptId, question: Question) {
        drop(self.note(id, |entry| entry.questions.push(question)));
    }

    /// Notes that a question waits no more.
    pub fn closed(&self, id: PromptId, message: i32) {
        drop(self.note(id, |entry| entry.questions.retain(|question| question.message != message)));
    }

    // ---- What is known ----

    /// Reads what is known of a prompt.
    pub fn read<T>(&self, id: PromptId, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        self.page(id, |page| read(&page.entry))
    }

    /// The state of a prompt; None where it is not in the book.
    pub fn stage(&self, id: PromptId) -> Option<Stage> {
        self.read(id, |entry| entry.stage)
    }

    /// How a prompt came: one that is not in the book, for the first time.
    pub fn came(&self, id: PromptId) -> Came {
        self.page(id, |page| page.came).unwrap_or_default()
    }

    /// Whether an earlier process has left a prompt of this message.
    pub fn is_left(&self, source: Source) -> bool {
        let pages = self.lock();
        let is_it = |page: &Page| page.entry.prompt.source == source && page.came == Came::Left;
        pages.open.values().any(is_it)
    }

    /// Whether an update brought a prompt that is in the book, or a part of one.
    pub fn has(&self, update: i64) -> bool {
        self.by_update(update).is_some()
    }

    pub(super) fn by_update(&self, update: i64) -> Option<PromptId> {
        let pages = self.lock();
        let mut entries = pages.open.values().map(|page| &page.entry);
        entries.find(|entry| entry.came_by(update)).map(|entry| entry.prompt.id)
    }

    /// The prompt that a message is a part of, also where that is done with: the newest.
    pub fn of_message(&self, chat: i64, message: i32) -> Option<Entry> {
        self.newest(|entry| entry.has_message(chat, message))
    }

    /// What a message asked, also where that is done with: the newest.
    pub fn of_source(&self, source: Source) -> Option<Entry> {
        self.newest(|entry| entry.prompt.source == source)
    }

    /// A prompt, also where it is done with.
    pub fn known(&self, id: PromptId) -> Option<Entry> {
        self.newest(|entry| entry.prompt.id == id)
    }

    fn newest(&self, is_it: impl Fn(&&Entry) -> bool) -> Option<Entry> {
        let pages = self.lock();
        let open = pages.open.values().map(|page| &page.entry).find(&is_it);
        open.or_else(|| pages.recent.iter().rev().find(is_it)).cloned()
    }

    /// Whether a prompt is done with since this process began.
    pub fn is_done(&self, id: PromptId) -> bool {
        self.lock().done.contains(&id.0)
    }
}
