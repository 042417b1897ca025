//! What the person does to Claude's questions: presses, and words that belong to one.
//!
//! The question itself lives in the turn of its run; here it is only found.

use std::collections::HashMap;

use crate::{
    app::{App, sessions::ActiveTurn},
    bridge::{
        book::Entry,
        place::Place,
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
pub(super) struct QuestionRef {
    session: SessionId,
    request: String,
}

/// The questions that somebody's next message belongs to, by place and person.
#[derive(Default)]
pub(super) struct Questions(HashMap<(Place, u64), QuestionRef>);

impl Questions {
    /// The next message of a person belongs to a question: the one that it belonged to before.
    fn write(&mut self, who: (Place, u64), question: QuestionRef) -> Option<QuestionRef> {
        self.0.insert(who, question)
    }

    /// Nobody's message belongs to a question any more.
    fn let_go(&mut self, question: &QuestionRef) {
        self.0.retain(|_, other| other != question);
    }

    /// The question that a message of a person belongs to.
    fn take(&mut self, who: (Place, u64)) -> Option<QuestionRef> {
        self.0.remove(&who)
    }
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
        self.questions.let_go(&asked);
        if choice == Choice::Write
            && let Some(other) = self.questions.write(who, asked.clone())
        {
            // One message cannot belong to two questions: the last one that was named has it.
            self.tell(other, Input::Press(Choice::Unwrite));
        }
        self.tell(asked, Input::Press(choice));
        None
    }

    /// Denies what is asked with the words of the newest message, which then is no prompt any more.
    fn deny_with(&mut self, asked: QuestionRef, message: &Message) -> Option<&'static str> {
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
        let Some(asked) = self.questions.take((message.place, message.from.id)) else {
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

    fn asked(&self, key: Key) -> Option<QuestionRef> {
        let find = |shown: &ActiveTurn| {
            let turn = shown.turn.borrow();
            let open = turn.asks.iter().find(|open| question::key(&open.ask) == key)?;
            Some(QuestionRef { session: turn.session, request: open.ask.request.clone() })
        };
        self.sessions.turns().find_map(find)
    }

    fn tell(&mut self, asked: QuestionRef, input: Input) {
        let QuestionRef { session, request } = asked;
        self.sessions.order(session, Order::Answer { request, input });
    }
}
