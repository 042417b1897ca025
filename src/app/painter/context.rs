//! What a painter is given, and its start.

use tokio::sync::{mpsc, watch};

use crate::{
    app::{App, answer_order::AnswerSlot, events::AppEvent, painter::paint, receipts::Receipts},
    bridge::{
        book::{Book, Entry},
        choices::Verbosity,
        place::Place,
        prompt::Source,
        turn::Turn,
    },
    claude::home::Home,
    screens::Scene,
    telegram::outbox::Outbox,
};

/// What a painter is given.
pub(super) struct PainterContext {
    pub(super) outbox: Outbox,
    pub(super) home: Home,
    pub(super) events: mpsc::UnboundedSender<AppEvent>,
    /// Where and when; its time is renewed for each screen.
    pub(super) scene: Scene,
    pub(super) book: Book,
    /// Its turn to send the answer.
    pub(super) slot: AnswerSlot,
    pub(super) place: Place,
    /// The message that asked; None for a turn that nobody asked for.
    pub(super) source: Option<Source>,
    /// The prompt's text.
    pub(super) display: String,
    /// How much is shown.
    pub(super) view: watch::Receiver<Verbosity>,
    /// What stands around the turn in its chat.
    pub(super) receipts: Receipts,
    /// The place points at another session.
    pub(super) elsewhere: bool,
    /// An earlier process has seen the message that asked: its sign may be on it.
    pub(super) recovered: bool,
    /// The answer quotes the message that asked even where that is clear.
    pub(super) always_quote: bool,
}

impl App {
    /// Shows a turn in a place until it is over.
    pub(in crate::app) fn show(
        &mut self,
        place: Place,
        source: Option<Source>,
        turn: watch::Receiver<Turn>,
        display: String,
    ) {
        let (session, prompt) = (turn.borrow().session, turn.borrow().prompt);
        self.follows.shown_here(place, turn.clone());
        // What was pressed belongs to an older message.
        let last = self.book.read(prompt, Entry::last_message).flatten();
        let message = last.max(source.map(|source| source.message));
        let recovered = self.receipts.enter(place, (prompt, message), session);
        let bound = self.places.binding(place).and_then(|binding| binding.session);
        let view = self.places.view(place);
        let context = PainterContext {
            outbox: self.outbox.clone(),
            home: self.setup.home.clone(),
            events: self.events.clone(),
            scene: self.scene(),
            book: self.book.clone(),
            slot: self.answer_order.slot(place, turn.clone()),
            place,
            source,
            display,
            view,
            receipts: self.receipts.clone(),
            recovered,
            always_quote: self.setup.always_quote,
            elsewhere: bound.is_some_and(|bound| bound != session),
        };
        self.painters.spawn(paint(context, turn));
    }
}
