//! `/verbose`: how much a place shows of a turn, from the next drawing on.

use crate::{
    app::{App, now, replies::ReplyTarget},
    bridge::{choices::Verbosity, prompt::Source},
    screens::verbose as screens,
};

impl App {
    /// Offers what there is, or takes what was written.
    pub(super) fn verbose(&mut self, source: Source, level: Option<&str>) {
        let now = self.places.choices(source.place).verbosity;
        let wanted = level.map(|level| level.parse().ok().and_then(Verbosity::of));
        match wanted {
            None => self.reply_to(source.place, source.message, screens::picker(now)),
            Some(None) => self.reply_to(source.place, source.message, screens::unknown()),
            Some(Some(verbosity)) => self.choose_verbosity(ReplyTarget::Written(source), verbosity),
        }
    }

    /// Shows so much from now on, and remembers it for the place.
    pub(super) fn choose_verbosity(&mut self, wish: ReplyTarget, verbosity: Verbosity) {
        let source = wish.source();
        let (mut binding, _) = self.whereabouts(source.place);
        binding.choices.verbosity = verbosity;
        let display = format!("/verbose {}", verbosity.level());
        self.places.choose(source, binding, &display, now());
        self.grant(wish, screens::chosen(verbosity));
    }
}
