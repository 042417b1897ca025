//! A group that became a supergroup: what its old chat points at, the new one points at.

use crate::{
    app::{App, now},
    bridge::place::Place,
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
}
