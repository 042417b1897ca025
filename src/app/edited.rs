//! A message that was edited after it was sent: Claude has read what it was, so the new text is
//! offered and not sent by itself.

use crate::{
    app::{App, prompts::Sending},
    screens::files,
    telegram::intent::UserInput,
};

impl App {
    /// Offers to send a prompt again as it is now: all of it, where the message is a part.
    pub(super) fn edited(&mut self, asking: &UserInput) {
        let message = &asking.message;
        let bound = || self.ledger.binding(message.place)?.session;
        let Some(edited) = message.extra.edited else { return };
        if let Some(bundle) = self.intake.parts.edit(asking).cloned() {
            let first = &bundle.parts[0];
            let Some(session) = first.session.or_else(bound) else { return };
            let Some(Sending { prompt, .. }) = self.composed(&bundle.parts) else { return };
            self.intake.forget(prompt.source);
            self.intake.keep(&prompt);
            return self.reply(&first.message, files::edited_part(session, edited));
        }
        if message.extra.album.is_some() {
            return self.reply(message, files::edited_alone());
        }
        let Some(session) = asking.session.or_else(bound) else { return };
        self.intake.forget(self.source(message.place, message.id));
        self.reply(message, files::edited(session, edited));
    }
}
