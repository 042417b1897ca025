//! A message that was edited after it was sent: Claude has read what it was, so the new text is
//! offered and not sent by itself.

use crate::{app::App, screens::files, telegram::intent::Asking};

impl App {
    /// Offers to send a prompt again as it is now.
    pub(super) fn edited(&mut self, asking: &Asking) {
        let message = &asking.message;
        // Of an album or a split text one part alone is no prompt.
        let is_part = message.extra.album.is_some();
        let bound = || self.ledger.binding(message.place)?.session;
        let (Some(session), Some(edited), false) =
            (asking.session.or_else(bound), message.extra.edited, is_part)
        else {
            return;
        };
        self.intake.forget(self.source(message.place, message.id));
        self.reply(message, files::edited(session, edited));
    }
}
