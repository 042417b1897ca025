//! What the person does to Claude's questions: presses, and words that belong to one.
//!
//! The question itself lives in the turn of its run; here it is only found.

use crate::{
    app::{App, sessions::Shown},
    bridge::{
        book::Entry,
        question::{Input, Press as Choice},
        session::Order,
    },
    claude::session::SessionId,
    screens::question,
    telegram::{
        callback::Key,
        intent::session_in,
        text::Text,
        update::{CallbackQuery, Message},
    },
};

/// An open question: its session, and the CLI's request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    session: SessionId,
    request: String,
}

impl App {
    /// Somebody presses a button of a question. Returns a notice where there is nothing to do.
    pub(super) fn tap_answer(
        &mut self,
        (key, choice): (Key, Choice),
        press: &CallbackQuery,
        message: &Message,
    ) -> Option<&'static str> {
        let Some(asked) = self.asked(key) else {
            self.lost(message);
            return Some("This question has ended: nothing was done.");
        };
        let who = (message.place, press.from.id);
        if choice == Choice::With {
            return self.deny_with(asked, message);
        }
        self.writing.retain(|_, other| *other != asked);
        if choice == Choice::Write
            && let Some(other) = self.writing.insert(who, asked.clone())
        {
            // One message cannot belong to two questions: the last one that was named has it.
            self.tell(other, Input::Press(Choice::Unwrite));
        }
        self.tell(asked, Input::Press(choice));
        None
    }

    /// Denies what is asked with the words of the newest message, which then is no prompt any more.
    fn deny_with(&mut self, asked: Asked, message: &Message) -> Option<&'static str> {
        let waiting = self.receipts.newest_waiting(message.place, asked.session);
        let told = waiting.and_then(|prompt| {
            let plain = |entry: &Entry| entry.prompt.attachments.is_empty();
            let text = |entry: &Entry| plain(entry).then(|| entry.prompt.text.clone());
            Some((prompt, self.book.read(prompt, text)?))
        });
        let (prompt, text) = match told {
            None => return Some("No message waits here any more."),
            Some((_, None)) => return Some("A message with files cannot be a reason: write one."),
            Some((prompt, Some(text))) => (prompt, text),
        };
        self.sessions.order(asked.session, Order::TakeBack(prompt));
        self.tell(asked.clone(), Input::Press(Choice::Write));
        self.tell(asked, Input::Write(text));
        None
    }

    /// Whether the words of a message belong to a question, as its writer has said before.
    pub(super) fn is_for_question(&mut self, message: &Message, words: &str) -> bool {
        let Some(asked) = self.writing.remove(&(message.place, message.from.id)) else {
            return false;
        };
        let open = self.asked(Key::of(&asked.request)).is_some();
        if open {
            self.tell(asked, Input::Write(words.to_owned()));
        }
        open
    }

    /// A question of an earlier process, which its session does not wait for any more: the message
    /// says so, and offers to have it asked again.
    fn lost(&self, message: &Message) {
        let session = session_in(&message.entities);
        let Some(session) = session.filter(|session| !self.sessions.is_at_work(*session)) else {
            return;
        };
        let text = Text { text: message.text.clone(), entities: message.entities.clone() };
        let screen = question::lost(session, &text);
        drop(self.outbox.edit(message.place, message.id, screen));
    }

    fn asked(&self, key: Key) -> Option<Asked> {
        let find = |shown: &Shown| {
            let turn = shown.turn.borrow();
            let open = turn.asks.iter().find(|open| question::key(&open.ask) == key)?;
            Some(Asked { session: turn.session, request: open.ask.request.clone() })
        };
        self.sessions.shown.iter().find_map(find)
    }

    fn tell(&mut self, asked: Asked, input: Input) {
        let Asked { session, request } = asked;
        self.sessions.order(session, Order::Answer { request, input });
    }
}
