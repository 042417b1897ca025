//! Telegram's rate limits, as far as they are known: about one message a second in a private chat
//! with short bursts, 20 a minute in a group, 30 a second over all; edits and deletions count.
//!
//! Pure: time is an argument.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Whether limits hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As Telegram: too many calls are refused with 429.
    #[default]
    Strict,
    /// No limits, for tests that are about something else.
    Relaxed,
}

/// One call every `every` in the long run, and `burst` at once; who asks for more stays out for
/// `penalty` at least.
struct Limit {
    every: Duration,
    burst: u32,
    penalty: Duration,
}

/// One a second; bursts of a few messages pass in practice.
const PRIVATE: Limit =
    Limit { every: Duration::from_secs(1), burst: 4, penalty: Duration::from_secs(3) };
/// 20 a minute, from Telegram's FAQ for bots.
const GROUP: Limit =
    Limit { every: Duration::from_secs(3), burst: 4, penalty: Duration::from_secs(5) };
/// 30 a second, from Telegram's FAQ for bots.
const OVERALL: Limit =
    Limit { every: Duration::from_nanos(33_333_333), burst: 30, penalty: Duration::from_secs(1) };

/// What was used up, as the moment at which all of it is paid back, and how long to stay away.
#[derive(Debug, Default)]
struct Budget {
    paid: Option<Instant>,
    closed: Option<Instant>,
}

impl Budget {
    /// How long until the next call may come; none if it may come now.
    fn wait(&mut self, limit: &Limit, now: Instant) -> Option<Duration> {
        if let Some(wait) = self.closed.and_then(|until| until.checked_duration_since(now))
            && !wait.is_zero()
        {
            return Some(wait);
        }
        let owed = self.owed(now) + limit.every;
        let wait = owed.checked_sub(limit.every * limit.burst).filter(|wait| !wait.is_zero())?;
        let wait = wait.max(limit.penalty);
        self.closed = Some(now + wait);
        Some(wait)
    }

    fn owed(&self, now: Instant) -> Duration {
        self.paid.map_or(Duration::ZERO, |paid| paid.saturating_duration_since(now))
    }

    fn charge(&mut self, limit: &Limit, now: Instant) {
        self.paid = Some(now + self.owed(now) + limit.every);
    }
}

/// The budgets of all chats.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    chats: HashMap<i64, Budget>,
    overall: Budget,
}

impl Budgets {
    /// Lets a call pass, or says after how many seconds to come again.
    pub(super) fn admit(&mut self, chat: i64, now: Instant) -> Result<(), u32> {
        let limit = if chat < 0 { &GROUP } else { &PRIVATE };
        let budget = self.chats.entry(chat).or_default();
        if let Some(wait) = budget.wait(limit, now).or_else(|| self.overall.wait(&OVERALL, now)) {
            return Err(wait.as_secs_f64().ceil() as u32);
        }
        budget.charge(limit, now);
        self.overall.charge(&OVERALL, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Admits calls at the given milliseconds and gives the refused ones with their seconds.
    fn refused(chat: i64, times: impl IntoIterator<Item = u64>) -> Vec<(u64, u32)> {
        let start = Instant::now();
        let mut budgets = Budgets::default();
        let admit = |ms| {
            let refused = budgets.admit(chat, start + Duration::from_millis(ms)).err()?;
            Some((ms, refused))
        };
        times.into_iter().filter_map(admit).collect()
    }

    #[test]
    fn one_a_second_in_private() {
        assert_eq!(refused(1, (0..60).map(|n| n * 1_000)), []);
        assert_eq!(refused(1, [0, 1, 2, 3]), []);
        assert_eq!(refused(1, [0, 1, 2, 3, 4, 1_000, 3_005]), [(4, 3), (1_000, 3)]);
    }

    #[test]
    fn twenty_a_minute_in_groups() {
        assert_eq!(refused(-1, (0..60).map(|n| n * 3_000)), []);
        assert_eq!(refused(-1, (0..6).map(|n| n * 1_000)), [(5_000, 5)]);
    }

    #[test]
    fn thirty_a_second_over_all() {
        let now = Instant::now();
        let mut budgets = Budgets::default();
        let admitted = (0..40).filter(|chat| budgets.admit(*chat, now).is_ok());
        assert_eq!(admitted.count(), 30);
    }
}
