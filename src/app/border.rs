//! Where updates come in: each is handled, or kept in the spool, before Telegram hears that it came,
//! and a fault in handling one costs only that one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use crate::{
    app::App,
    bridge::{place::Place, spool::Came},
    screens::notice,
    telegram::{
        button::Tap,
        intent::Intent,
        poll::{self, Handed},
    },
};

impl App {
    /// Handles an update. Whatever comes of it, it need not come again.
    pub(super) fn handed(&mut self, handed: Handed) {
        let Handed { update, raw, turn, receipt } = handed;
        let (id, place) = (update.id, update.place());
        let intent = self.setup.door.open(update);
        let kept = raw.clone().unwrap_or_default();
        if self.guarded(place, |app| app.take(intent, kept, turn)).is_none() {
            tracing::error!(update = id, "an update is set aside");
            self.spool.lay_aside(id, &raw.unwrap_or_default());
        }
        receipt.confirm();
    }

    /// What brings a prompt is in the spool before Telegram hears that it came.
    fn take(&mut self, intent: Intent, raw: Value, turn: poll::Turn) {
        let Some((prompt, _)) = self.prompt_in(&intent) else { return self.intent(intent) };
        let pressed = matches!(intent, Intent::Tap(..));
        // Whether it was answered is seen when it is whole.
        let part = matches!(&intent, Intent::Prompt(asking) if self.gather.is_part(asking));
        let held = || {
            let update = raw["update_id"].as_i64().unwrap_or_default();
            self.spool.number(prompt.id).is_some() || self.spool.has(update)
        };
        let is_known = self.runs.is_shown(prompt.id)
            || self.later.holds(prompt.id)
            || (!pressed && held())
            || (!pressed && !part && turn == poll::Turn::Perhaps && self.is_answered(&prompt));
        // Another way for a prompt that is on its way to a terminal.
        if let Intent::Tap(Tap::Terminal(_) | Tap::TakeOver(..), _) = intent
            && is_known
        {
            return self.intent(intent);
        }
        if is_known {
            if let Intent::Tap(_, press) = intent {
                self.outbox.answer(press.id, Some("That is under way already.".to_owned()));
            }
            return;
        }
        let came = if turn == poll::Turn::Perhaps { Came::Perhaps } else { Came::New };
        let parts = if pressed { self.intake.raws(prompt.source) } else { Vec::new() };
        self.spool.hold(prompt.id, [parts, vec![raw]].concat(), came);
        self.intent(intent);
        self.rest(prompt.id);
    }

    /// Does something at the border: a fault in it costs what it was about, and is said. None then.
    pub(super) fn guarded<T>(
        &mut self,
        place: Option<Place>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(|| work(self))).ok();
        if done.is_none()
            && let Some(place) = place
        {
            self.say(place, notice::plain(notice::BROKEN));
        }
        done
    }
}
