//! Telegram's rate limits, as far as they are known: about one message a second in a private chat
//! with short bursts, 20 a minute in a group, 30 a second over all; edits and deletions count.
//!
//! Pure: time is an argument.

use std::{
    collections::{HashMap, VecDeque},
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

/// At most `calls` within `window`; who asks for more stays out for `penalty` at least.
struct Limit {
    calls: usize,
    window: Duration,
    penalty: Duration,
}

/// Five at once, then one a second: bursts of a few messages pass in practice.
const PRIVATE: Limit =
    Limit { calls: 5, window: Duration::from_secs(5), penalty: Duration::from_secs(3) };
/// From Telegram's FAQ for bots.
const GROUP: Limit =
    Limit { calls: 20, window: Duration::from_secs(60), penalty: Duration::from_secs(5) };
/// From Telegram's FAQ for bots.
const OVERALL: Limit =
    Limit { calls: 30, window: Duration::from_secs(1), penalty: Duration::from_secs(1) };

/// Calls of the recent past, and how long to stay away.
#[derive(Debug, Default)]
struct Budget {
    recent: VecDeque<Instant>,
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
        self.recent.retain(|at| *at + limit.window > now);
        let oldest = *self.recent.front().filter(|_| self.recent.len() >= limit.calls)?;
        let wait = (oldest + limit.window - now).max(limit.penalty);
        self.closed = Some(now + wait);
        Some(wait)
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
        budget.recent.push_back(now);
        self.overall.recent.push_back(now);
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
        assert_eq!(refused(1, [0, 1, 2, 3, 4]), []);
        assert_eq!(refused(1, [0, 1, 2, 3, 4, 5, 1_000, 5_006]), [(5, 5), (1_000, 4)]);
    }

    #[test]
    fn twenty_a_minute_in_groups() {
        assert_eq!(refused(-1, (0..60).map(|n| n * 3_000)), []);
        assert_eq!(refused(-1, (0..21).map(|n| n * 1_000)), [(20_000, 40)]);
    }

    #[test]
    fn thirty_a_second_over_all() {
        let now = Instant::now();
        let mut budgets = Budgets::default();
        let admitted = (0..40).filter(|chat| budgets.admit(*chat, now).is_ok());
        assert_eq!(admitted.count(), 30);
    }
}
