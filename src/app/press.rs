//! The prompt that a button sends or lets go on: in the book before Telegram hears of the press.

use crate::{
    app::{
        App,
        later::{GO_ON, deferred},
    },
    bridge::{
        book::{Arrival, Came, Entry, Stage},
        place::Place,
        prompt::Prompt,
    },
    claude::session::SessionId,
    telegram::{
        callback::{Callback, Carry},
        screen::Screen,
        update::{CallbackQuery, ChatKind, Message},
    },
};

/// What Claude reads when a question of its got lost and the person wants it again.
pub(super) const ASK_AGAIN: &str = "Your last question to me was lost before I could answer it, so nothing was \
    granted and nothing denied. Please try that step once more; I will be asked again.";

/// What *Compact* says to the CLI.
pub(super) const COMPACT: &str = "/compact";

impl App {
    /// Somebody has pressed a button. What was chosen for a prompt holds for all about which the same
    /// was asked.
    pub(super) fn press(&mut self, tap: Callback, press: &CallbackQuery, came: Came) {
        let Some(arrival) = self.taken_along(&tap, press) else { return self.tap(tap, press) };
        let (id, place) = (arrival.prompt.id, arrival.prompt.source.place);
        let others = self.book.asking(arrival.prompt.source);
        let other_way = matches!(tap, Callback::Terminal(_) | Callback::TakeOver(..));
        let goes_on = match self.book.stage(id) {
            None => self.book.arrive(arrival, came),
            Some(Stage::Asking) => true,
            Some(_) => other_way,
        };
        if !goes_on {
            let words = "That is under way already.".to_owned();
            return self.outbox.answer(press.id.clone(), Some(words));
        }
        self.tap(tap, press);
        self.settle(id, place);
        if self.book.stage(id) == Some(Stage::Asking) {
            return;
        }
        let pressed = press.message.as_ref().map(|message| message.id);
        for entry in others {
            if let Some(question) = entry.progress.filter(|question| Some(*question) != pressed) {
                self.outbox.delete(place, question);
            }
            if entry.prompt.id != id {
                self.follow_choice(entry);
            }
        }
    }

    /// What waits in a place for a directory to work in goes on in the one that it points at now.
    pub(super) fn go_on_there(&mut self, place: Place) {
        for mut entry in self.book.without_directory(place) {
            entry.session = None;
            if let Some(question) = entry.progress {
                self.outbox.delete(place, question);
            }
            self.follow_choice(entry);
        }
    }

    /// What was chosen for one prompt holds for another about which the same was asked.
    fn follow_choice(&mut self, entry: Entry) {
        let Prompt { id, source, .. } = entry.prompt;
        if self.book.stage(id) == Some(Stage::Asking) {
            self.send(entry.into());
            self.settle(id, source.place);
        }
    }

    /// The prompt that a message of ours waits with: that of the message that it answers, or the
    /// first of those about which the same is asked.
    pub(super) fn waiting(&self, message: &Message, from: u64) -> Option<Arrival> {
        let reply = message.reply.as_deref()?;
        let source = self.source(message.place, reply.id);
        let asked = self.book.asking(source).into_iter().next();
        if let Some(entry) = asked.or_else(|| self.book.of_source(source)) {
            return Some(entry.into());
        }
        let prompt = self.carried(message.place, reply)?;
        let group = message.chat == ChatKind::Group;
        Some(Arrival { prompt, from, group, session: None, messages: Vec::new() })
    }

    /// The prompt that a press sends, if it sends one.
    pub(super) fn taken_along(&self, tap: &Callback, press: &CallbackQuery) -> Option<Arrival> {
        let message = press.message.as_ref()?;
        let from = press.from.id;
        match tap {
            Callback::AskAgain(session) => Some(self.own(message, from, (*session, ASK_AGAIN))),
            Callback::Compact(session) => Some(self.own(message, from, (*session, COMPACT))),
            Callback::SendHeard => {
                let prompt = self.heard_in(message)?;
                let group = message.chat == ChatKind::Group;
                Some(Arrival { prompt, from, group, session: None, messages: Vec::new() })
            }
            tap if is_carrying(tap) => {
                let mut arrival = self.waiting(message, from)?;
                let (prompt, session) = as_attempt(tap, arrival.prompt);
                (arrival.prompt, arrival.session) = (prompt, session.or(arrival.session));
                Some(arrival)
            }
            _ => None,
        }
    }

    /// A prompt that a button stands for. It belongs to the button's message, so that a second
    /// press is the same prompt.
    pub(super) fn own(
        &self,
        message: &Message,
        from: u64,
        (session, text): (SessionId, &str),
    ) -> Arrival {
        let source = self.source(message.place, message.id);
        let group = message.chat == ChatKind::Group;
        let prompt = Prompt::new(source, text, 0);
        Arrival { prompt, from, group, session: Some(session), messages: Vec::new() }
    }
}

/// The prompt that a button sends, as its attempt, and the session that the button names.
fn as_attempt(tap: &Callback, prompt: Prompt) -> (Prompt, Option<SessionId>) {
    match tap {
        Callback::Retry(session, attempt) => (prompt.again(*attempt), Some(*session)),
        Callback::Continue(session, attempt) => {
            (Prompt::new(prompt.source, GO_ON, *attempt), Some(*session))
        }
        Callback::Defer(later) => (deferred(*later, prompt), Some(later.session)),
        _ => (prompt, None),
    }
}

/// Whether a button of a screen sends the prompt that the screen answers.
pub(super) fn carries(screen: &Screen) -> bool {
    let mut buttons = screen.keyboard.iter().flatten();
    buttons.any(|button| Callback::decode(&button.data).is_some_and(|tap| is_carrying(&tap)))
}

pub(super) fn is_carrying(tap: &Callback) -> bool {
    match tap {
        Callback::Sessions(_, carry)
        | Callback::Directories(_, carry)
        | Callback::Pick(_, carry)
        | Callback::New(_, carry)
        | Callback::Directory(_, carry) => *carry == Carry::Prompt,
        Callback::Relocate(..)
        | Callback::Trust(_)
        | Callback::Fork(_)
        | Callback::Terminal(_)
        | Callback::TakeOver(..)
        | Callback::Retry(..)
        | Callback::Defer(_)
        | Callback::Continue(..) => true,
        _ => false,
    }
}
