//! What the app says: words into a place, answers to messages, and faults to the owners.

use std::collections::HashSet;

use crate::{
    app::{App, now, press::carries},
    bridge::{place::Place, prompt::Source},
    screens::Scene,
    telegram::{
        outbox::{SendOptions, Sound},
        screen::Screen,
        update::Message,
    },
};

/// By what a person wished something, and so where they read what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum ReplyTarget {
    /// A message of theirs, which is answered.
    Written(Source),
    /// A button below a message of ours, which gives way to the answer.
    Pressed(Source),
}

impl ReplyTarget {
    /// The message.
    pub(super) fn source(self) -> Source {
        let (Self::Written(source) | Self::Pressed(source)) = self;
        source
    }
}

/// What the owners are told of once, until it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// The book of prompts cannot be written.
    Book,
    /// The history cannot be written.
    History,
    /// There are updates that cannot be read.
    Updates,
    /// Somebody who is not allowed has written, or an admin in the name of the group of this id.
    Stranger(u64),
}

/// The faults that were told and are not over.
#[derive(Default)]
pub(super) struct Faults(HashSet<Fault>);

impl Faults {
    /// Whether this is the first time since it was over.
    pub(super) fn is_new(&mut self, fault: Fault) -> bool {
        self.0.insert(fault)
    }

    /// It is told again when it comes again.
    pub(super) fn over(&mut self, fault: Fault) {
        self.0.remove(&fault);
    }
}

impl App {
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
    pub(super) fn grant(&self, wish: ReplyTarget, screen: Screen) {
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
