//! Places that are somewhere else by now: a group that became a supergroup, and a session that became
//! another.

use crate::{
    app::{App, now},
    bridge::place::Place,
    claude::session::SessionId,
};

impl App {
    /// Both chats tell of it, and either may be first; what was chosen in the new one holds.
    pub(super) fn moved(&mut self, from: i64, to: i64) {
        let [old, new] = [from, to].map(|chat| Place { chat, thread: None });
        if self.ledger.binding(new).is_some() {
            return;
        }
        if let Some(binding) = self.ledger.binding(old) {
            tracing::info!(from, to, "a group became a supergroup: its binding goes along");
            self.ledger.choose(self.source(new, 0), binding, "/resume", now());
        }
    }

    /// The session of a place has become another, by `/clear` or as a fork: the place follows.
    pub(super) fn followed(&mut self, place: Place, from: SessionId, to: SessionId) {
        if let Some(mut binding) = self.ledger.binding(place)
            && binding.session == Some(from)
        {
            (binding.session, binding.fresh) = (Some(to), false);
            let source = self.source(place, 0);
            self.ledger.bind(source, binding, "/resume", now());
        }
    }
}
