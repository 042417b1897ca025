//! Pressed buttons that wait for the bot's answer.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::refusal::Refusal;

/// Ids of callback queries are large numbers.
const FIRST: i64 = 4_300_000_000_000_000_001;

/// What the bot answered to a press.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// What is shown; empty: nothing.
    pub text: String,
    /// Whether it is shown as a dialog to be closed, not in passing.
    pub show_alert: bool,
    /// What is opened.
    pub url: Option<String>,
}

/// How a press stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The bot may answer until then.
    Waits(Instant),
    /// The bot answered.
    Answered(Answer),
    /// The bot may not answer any more.
    Expired,
}

/// All presses.
#[derive(Debug, Default)]
pub(super) struct Queries(BTreeMap<i64, Outcome>);

impl Queries {
    /// A new press, to be answered within `life`.
    pub(super) fn open(&mut self, life: Duration) -> i64 {
        let id = self.0.last_key_value().map_or(FIRST, |(id, _)| id + 1);
        self.0.insert(id, Outcome::Waits(Instant::now() + life));
        id
    }

    /// How a press stands now.
    pub(super) fn outcome(&self, id: i64, now: Instant) -> Outcome {
        match self.0.get(&id) {
            Some(Outcome::Waits(until)) if *until > now => Outcome::Waits(*until),
            Some(Outcome::Answered(answer)) => Outcome::Answered(answer.clone()),
            _ => Outcome::Expired,
        }
    }

    /// The bot answers, once and in time.
    pub(super) fn answer(&mut self, id: i64, answer: Answer) -> Result<(), Refusal> {
        match self.outcome(id, Instant::now()) {
            Outcome::Waits(_) => {
                self.0.insert(id, Outcome::Answered(answer));
                Ok(())
            }
            _ => Err(Refusal::bad(
                "query is too old and response timeout expired or query ID is invalid",
            )),
        }
    }

    /// Lets everything that waits expire now.
    pub(super) fn expire(&mut self) {
        for outcome in self.0.values_mut() {
            if matches!(outcome, Outcome::Waits(_)) {
                *outcome = Outcome::Expired;
            }
        }
    }

    /// How many wait.
    pub(super) fn pending(&self, now: Instant) -> usize {
        let waits = |id: &&i64| matches!(self.outcome(**id, now), Outcome::Waits(_));
        self.0.keys().filter(waits).count()
    }
}
