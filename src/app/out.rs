//! What goes out of the app: words into a place, and the painter of a turn.

use tokio::sync::watch::Receiver;

use crate::{
    app::{
        App, now,
        painter::{self, Canvas},
        press::carries,
    },
    bridge::{book::Entry, place::Place, prompt::Source, turn::Turn},
    screens::Scene,
    telegram::{
        outbox::{SendOptions, Sound},
        screen::Screen,
        update::Message,
    },
};

/// By what a person wished something, and so where they read what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    /// A message of theirs, which is answered.
    Written(Source),
    /// A button below a message of ours, which gives way to the answer.
    Pressed(Source),
}

impl Wish {
    /// The message.
    pub(super) fn source(self) -> Source {
        let (Self::Written(source) | Self::Pressed(source)) = self;
        source
    }
}

impl App {
    /// Shows a turn in a place until it is over.
    pub(super) fn show(
        &mut self,
        place: Place,
        source: Option<Source>,
        turn: Receiver<Turn>,
        display: String,
    ) {
        let (session, prompt) = (turn.borrow().session, turn.borrow().prompt);
        self.follows.own.add(place, turn.clone());
        // What was pressed belongs to an older message.
        let last = self.book.read(prompt, Entry::last_message).flatten();
        let message = last.max(source.map(|source| source.message));
        let recovered = self.receipts.enter(place, (prompt, message), session);
        let bound = self.ledger.binding(place).and_then(|binding| binding.session);
        let view = self.view(place);
        let canvas = Canvas {
            outbox: self.outbox.clone(),
            home: self.setup.home.clone(),
            notes: self.notes.clone(),
            scene: self.scene(),
            book: self.book.clone(),
            ticket: self.turnstile.ticket(place, turn.clone()),
            place,
            source,
            display,
            view,
            receipts: self.receipts.clone(),
            recovered,
            always_quote: self.setup.always_quote,
            elsewhere: bound.is_some_and(|bound| bound != session),
        };
        self.painters.spawn(painter::paint(canvas, turn));
    }

    pub(super) fn scene(&self) -> Scene {
        Scene {
            home: self.setup.user_home.clone(),
            bot: self.setup.me.username.clone(),
            now: now(),
        }
    }

    /// Says something in a place, without sound: what is aloud is an answer or a question.
    pub(super) fn say(&self, place: Place, screen: Screen) {
        let how = SendOptions { reply_to: None, sound: Sound::Silent };
        drop(self.outbox.send(place, screen, how));
    }

    /// Says something to those whose bot this is.
    pub(super) fn tell_owners(&self, screen: &Screen) {
        for owner in &self.setup.access.allowed {
            self.say(Place { chat: owner.cast_signed(), thread: None }, screen.clone());
        }
    }

    /// Answers a message. What waits for a tap is found again by this reply.
    pub(super) fn reply(&self, message: &Message, screen: Screen) {
        self.reply_to(message.place, message.id, screen);
    }

    pub(super) fn reply_to(&self, place: Place, message: i32, screen: Screen) {
        let mut how = self.answering(place, message);
        if carries(&screen) {
            how.reply_to = Some(message);
        }
        drop(self.outbox.send(place, screen, how));
    }

    /// Says that a wish has come true.
    pub(super) fn grant(&self, wish: Wish, screen: Screen) {
        self.teller(wish.source()).grant(wish, screen);
    }

    /// How a message is answered, without sound: with a quote where others write, too, or the person
    /// has written again.
    pub(super) fn answering(&self, place: Place, message: i32) -> SendOptions {
        let clear = !place.is_group() && self.receipts.newest(place) <= message;
        let quoted = !clear || self.setup.always_quote;
        SendOptions { reply_to: quoted.then_some(message), sound: Sound::Silent }
    }

    pub(super) fn source(&self, place: Place, message: i32) -> Source {
        Source { bot: self.setup.me.id, place, message }
    }
}
