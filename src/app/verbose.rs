//! `/verbose`: how much a place shows of a turn, from the next drawing on.

use std::collections::HashMap;

use tokio::sync::watch;

use crate::{
    app::{App, now, out::Wish},
    bridge::{place::Place, prompt::Source, verbosity::Verbosity},
    screens::verbose as screens,
};

/// What the painters at work go by, for each place.
#[derive(Default)]
pub(super) struct Views(HashMap<Place, watch::Sender<Verbosity>>);

impl App {
    /// Offers what there is, or takes what was written.
    pub(super) fn verbose(&mut self, source: Source, level: Option<&str>) {
        let now = self.ledger.choices(source.place).verbosity;
        let wanted = level.map(|level| level.parse().ok().and_then(Verbosity::of));
        match wanted {
            None => self.reply_to(source.place, source.message, screens::picker(now)),
            Some(None) => self.reply_to(source.place, source.message, screens::unknown()),
            Some(Some(verbosity)) => self.choose_verbosity(Wish::Written(source), verbosity),
        }
    }

    /// Shows so much from now on, and remembers it for the place.
    pub(super) fn choose_verbosity(&mut self, wish: Wish, verbosity: Verbosity) {
        let source = wish.source();
        let (mut binding, _) = self.whereabouts(source.place);
        binding.choices.verbosity = verbosity;
        let display = format!("/verbose {}", verbosity.level());
        self.ledger.choose(source, binding, &display, now());
        if let Some(view) = self.views.0.get(&source.place) {
            view.send_replace(verbosity);
        }
        self.grant(wish, screens::chosen(verbosity));
    }

    /// What a painter in a place goes by.
    pub(super) fn view(&mut self, place: Place) -> watch::Receiver<Verbosity> {
        self.views.0.retain(|_, view| view.receiver_count() > 0);
        let begin = || watch::Sender::new(self.ledger.choices(place).verbosity);
        self.views.0.entry(place).or_insert_with(begin).subscribe()
    }
}
