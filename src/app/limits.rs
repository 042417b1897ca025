//! The limits of the plan: asked of a process that is there anyway, warned of once per window, and
//! what is held until a window resets.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    app::{App, aside::answered, note::Note, now},
    bridge::{
        book::{Arrival, Stage},
        place::Place,
        remembered::{Memory, Remembered, Warning},
        session::{Control, Order},
    },
    claude::{
        session::SessionId,
        wire::limits::{Context, Limits, Window},
    },
    screens::{limits as screens, notice},
    telegram::{outbox::Sound, screen::Screen, update::Message},
};

/// Percent of a window that are warned of.
const LEVELS: [u8; 2] = [95, 80];
/// Between two looks at the plan after turns: it is asked over the network.
const PAUSE: Duration = Duration::from_secs(300);
/// How long a process may take to answer what is only added to something else.
const BESIDE: Duration = Duration::from_secs(3);
/// The same where it is asked for, and may have to start.
const ASKED: Duration = Duration::from_secs(30);

/// What a process will have answered.
type Answer = oneshot::Receiver<Result<Value, String>>;

/// What is known of the plan.
#[derive(Default)]
pub(super) struct Plan {
    /// When it was asked last after a turn.
    asked: Option<Instant>,
    /// No plan's limits apply.
    without: bool,
    /// What was warned of.
    warned: Vec<Warning>,
    /// Until when what a place writes is held, seconds since the epoch.
    held: HashMap<Place, u64>,
}

impl Plan {
    /// What is known of before.
    pub(super) fn of_before(remembered: &Remembered) -> Self {
        let (warned, held) = (remembered.warned.clone(), remembered.held.clone());
        Self { warned, held, ..Self::default() }
    }

    /// Windows that have passed a level that was not warned of in them, and what they are warned of.
    fn passed(&mut self, limits: &Limits) -> Vec<(Window, Warning)> {
        let mut passed = Vec::new();
        for window in &limits.windows {
            let level = LEVELS.into_iter().find(|level| window.percent >= f64::from(*level));
            let Some(level) = level else { continue };
            let mut known = self.warned.iter().filter(|known| known.is_of(window));
            if known.all(|known| known.level < level) {
                let Window { name, resets, .. } = window.clone();
                let warning = Warning { window: name, resets, level };
                self.warned.push(warning.clone());
                passed.push((window.clone(), warning));
            }
        }
        passed
    }

    fn held(&self, place: Place) -> Option<u64> {
        self.held.get(&place).copied().filter(|until| until.saturating_mul(1_000) > now())
    }
}

impl App {
    /// Asks a process of ours about something beside its turns.
    fn ask_process(&mut self, session: SessionId, body: Value) -> Answer {
        let (reply, answer) = oneshot::channel();
        self.sessions.order(session, Order::Control(Control { body, choice: None, reply }));
        answer
    }

    /// Asks how much of the plan is used, where a process of ours is there and a plan may be.
    pub(super) fn ask_plan(&mut self) -> Option<Answer> {
        let session = self.sessions.with_process().filter(|_| !self.plan.without)?;
        Some(self.ask_process(session, usage()))
    }

    /// `/limits`: a process is started for it where there is none.
    pub(super) fn limits(&mut self, message: &Message) {
        let place = message.place;
        let answer = if let Some(session) = self.sessions.with_process() {
            self.ask_process(session, usage())
        } else {
            let spec = self.reach(place).unwrap_or_else(|_| self.empty_spec(place));
            self.sessions.control(spec, usage(), None)
        };
        let held = self.plan.held(place);
        let teller = self.teller(self.source(place, message.id));
        self.errands.spawn(async move {
            match answered(answer, ASKED).await {
                Ok(answer) => {
                    let limits = Limits::read(&answer);
                    teller.say(screens::limits(limits.as_ref(), held));
                    teller.note(Note::Limits { place, limits });
                }
                Err(why) => teller.say(notice::about_path("The limits are not known: ", &why, "")),
            }
        });
    }

    /// Shows a screen with what is known of the plan and of the context of `session` added, as far as a
    /// process that is there anyway tells it.
    pub(super) fn reply_with_limits(
        &mut self,
        message: &Message,
        mut screen: Screen,
        session: Option<SessionId>,
    ) {
        let has_process =
            |id: &SessionId| self.sessions.state(*id).is_some_and(|state| state.pid.is_some());
        let session = session.filter(has_process);
        if session.is_none() && self.sessions.with_process().is_none() {
            return self.reply(message, screen);
        }
        let plan = self.ask_plan();
        let context = session.map(|id| (id, self.ask_process(id, context())));
        let (outbox, place) = (self.outbox.clone(), message.place);
        let how = self.answering(message.place, message.id);
        self.errands.spawn(async move {
            let limits = told(plan).await;
            let context = match context {
                Some((id, answer)) => {
                    let answer = answered(answer, BESIDE).await.ok();
                    answer.and_then(|it| Context::read(&it)).map(|it| (id, it))
                }
                None => None,
            };
            let context = context.as_ref().map(|(id, context)| (*id, context));
            screens::add(&mut screen, limits.as_ref(), context);
            drop(outbox.send(place, screen, how));
        });
    }

    /// A turn is over in a place: looks at the plan, if it was not looked at for a while.
    pub(super) fn look_at_limits(&mut self, place: Place) {
        let is_soon = self.plan.asked.is_some_and(|at| at.elapsed() < PAUSE);
        if self.plan.without || is_soon {
            return;
        }
        let Some(session) = self.sessions.with_process() else { return };
        self.plan.asked = Some(Instant::now());
        let (answer, notes) = (self.ask_process(session, usage()), self.notes.clone());
        self.errands.spawn(async move {
            if let Ok(answer) = answered(answer, ASKED).await {
                let _ = notes.send(Note::Limits { place, limits: Limits::read(&answer) });
            }
        });
    }

    /// What a process has told of the plan: a place hears of what passes a level, once per window.
    pub(super) fn limits_told(&mut self, place: Place, limits: Option<&Limits>) {
        self.plan.without = limits.is_none();
        // A process that was asked could not be let go of meanwhile.
        self.look_at_the_laptop();
        for (window, warning) in limits.map(|limits| self.plan.passed(limits)).unwrap_or_default() {
            let said = (screens::warning(&window), Sound::Silent);
            self.say_once(place, said, Memory::Warned(warning));
        }
    }

    // ---- Holding ----

    /// Holds what a place writes until then, seconds since the epoch; 0: no longer.
    pub(super) fn hold_until(&mut self, message: &Message, until: u64) {
        let until = (until.saturating_mul(1_000) > now()).then_some(until);
        match until {
            Some(at) => _ = self.plan.held.insert(message.place, at),
            None => _ = self.plan.held.remove(&message.place),
        }
        self.remember(message.place, &Memory::Held(message.place, until.unwrap_or(0)), None);
        self.say(message.place, screens::held(until));
    }

    /// Keeps a prompt whose place holds what it writes; whether it does.
    pub(super) fn is_held(&mut self, arrival: &Arrival) -> bool {
        let Some(until) = self.plan.held(arrival.prompt.source.place) else { return false };
        let id = arrival.prompt.id;
        let waits = self.book.stand(id, Stage::Deferred { until });
        self.spooled(&waits);
        if let Some(entry) = self.book.known(id) {
            self.announce(&entry, until);
        }
        true
    }
}

/// What was told of the plan, if that comes soon.
pub(super) async fn told(plan: Option<Answer>) -> Option<Limits> {
    Limits::read(&answered(plan?, BESIDE).await.ok()?)
}

fn usage() -> Value {
    json!({"subtype": "get_usage", "skip_behaviors": true})
}

fn context() -> Value {
    json!({"subtype": "get_context_usage", "detail": "summary"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_warned_of_once_in_each_window() {
        let mut plan = Plan::default();
        let mut warned = |percent, resets| {
            let window = Window { name: "five_hour".to_owned(), percent, resets: Some(resets) };
            plan.passed(&Limits { plan: None, windows: vec![window] }).len()
        };
        let counts = [
            warned(79.9, 6_000),
            warned(80.0, 6_000),
            // The reset drifts.
            warned(94.0, 6_001),
            warned(81.0, 5_999),
            warned(95.0, 6_000),
            warned(100.0, 6_000),
            warned(3.0, 24_000),
            warned(97.0, 24_000),
            warned(85.0, 24_000),
        ];
        assert_eq!(counts, [0, 1, 0, 0, 1, 0, 0, 1, 0]);
    }
}
