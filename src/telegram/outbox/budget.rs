//! How fast calls may follow each other. Pure: the time is an argument.
//!
//! Telegram publishes no exact limits; these are what holds: about one message a second in a
//! chat, 20 a minute in a group, 30 a second over all. Edits and deletions count like messages.
//! Telegram counts a call when it arrives, and that may be any moment until it is answered; so
//! both budgets here count a call as long as it is on its way, and the limits hold at Telegram's
//! end whatever the network does to the order and distance of calls.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The pace of everything that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// In a private chat.
    pub private: Rate,
    /// In a group, all of its topics together.
    pub group: Rate,
    /// Calls a second over all chats.
    pub overall: usize,
}

/// The pace of one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls follow each other at this distance in the long run.
    pub every: Duration,
    /// So many may go at once after a silence. All but one of them are kept for what must be
    /// sent; at least 2, or an answer waits behind the edits before it.
    pub burst: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            // Faster edits earn a 429 of minutes after a few minutes of streaming.
            private: Rate { every: Duration::from_secs(1), burst: 3 },
            // 20 a minute: the burst and what 60 s give (2 + 18). Slower looks frozen.
            group: Rate { every: Duration::from_millis(3300), burst: 2 },
            // 30 earn a 429 for the whole bot when one more program uses the token.
            overall: 25,
        }
    }
}

impl Pace {
    /// The default pace, as much faster or slower as `private` is beside one second.
    pub fn every(private: Duration) -> Self {
        let Self { private: one, group, overall } = Self::default();
        let factor = private.as_secs_f64() / one.every.as_secs_f64();
        Self {
            private: Rate { every: private, ..one },
            group: Rate { every: group.every.mul_f64(factor), ..group },
            overall: ((overall as f64 / factor) as usize).max(1),
        }
    }

    /// The pace of `chat`: private chats have positive ids.
    pub(super) fn of(&self, chat: i64) -> Rate {
        if chat > 0 { self.private } else { self.group }
    }
}

/// The budget of a chat. It grows with time, up to its burst, and only while no call is on its
/// way: so between any two arrivals at Telegram lies at least what was paid for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credit {
    rate: Rate,
    /// What was saved up at `since`, as time: `rate.every` pays for one call.
    saved: Duration,
    since: Instant,
    /// Calls of the burst that files on their way hold.
    reserved: u32,
}

impl Credit {
    pub(super) fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, saved: rate.every * rate.burst, since: now, reserved: 0 }
    }

    /// Most that is saved up.
    fn most(&self) -> Duration {
        self.rate.every * self.rate.burst.saturating_sub(self.reserved).max(1)
    }

    /// When one call can be paid.
    pub(super) fn one_at(&self) -> Instant {
        self.worth_at(self.rate.every)
    }

    /// When one call can be paid with the rest of the burst left over.
    pub(super) fn full_at(&self) -> Instant {
        self.worth_at(self.most())
    }

    fn worth_at(&self, worth: Duration) -> Instant {
        self.since + worth.saturating_sub(self.saved)
    }

    /// Pays one call that leaves now.
    pub(super) fn pay(&mut self, now: Instant) {
        let grown = self.saved + now.saturating_duration_since(self.since);
        let capped = grown.min(self.most());
        self.saved = capped.saturating_sub(self.rate.every);
        self.since = now;
    }

    /// A file leaves now. It pays like a call, and until it is over the burst has one call less:
    /// Telegram may count the file at any moment in between.
    pub(super) fn reserve(&mut self, now: Instant) {
        self.pay(now);
        self.reserved += 1;
    }

    /// A file is over.
    pub(super) fn release(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
    }

    /// The call is over; time counts again.
    pub(super) fn resume(&mut self, now: Instant) {
        self.since = now;
    }

    /// Telegram counts otherwise: one call at `then`, and nothing saved beyond it.
    pub(super) fn spend_all(&mut self, then: Instant) {
        self.saved = self.rate.every;
        self.since = then;
    }
}

/// The budget over all chats: at most so many calls on their way or answered within a second.
#[derive(Debug, Default)]
pub(super) struct Window {
    away: usize,
    landed: VecDeque<Instant>,
}

impl Window {
    const LENGTH: Duration = Duration::from_secs(1);

    /// From when on fewer than `limit` calls count; nothing while that depends on calls that are
    /// on their way.
    pub(super) fn below_at(&self, limit: usize, now: Instant) -> Option<Instant> {
        let room = limit.checked_sub(self.away + 1)?;
        let last = self.landed.len().checked_sub(room + 1).map(|index| self.landed[index]);
        Some(last.map_or(now, |landed| landed + Self::LENGTH))
    }

    /// A call leaves.
    pub(super) fn leave(&mut self) {
        self.away += 1;
    }

    /// A call is over.
    pub(super) fn land(&mut self, now: Instant) {
        self.away = self.away.saturating_sub(1);
        self.landed.push_back(now);
        while self.landed.front().is_some_and(|landed| *landed + Self::LENGTH <= now) {
            self.landed.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_is_paid_back_at_the_rate() {
        let start = Instant::now();
        let mut credit = Credit::full(Rate { every: SECOND, burst: 3 }, start);
        for _ in 0..3 {
            assert!(credit.one_at() <= start);
            credit.pay(start);
        }
        assert_eq!(credit.one_at(), start + SECOND);
        assert_eq!(credit.full_at(), start + 3 * SECOND);
    }

    #[test]
    fn time_does_not_count_while_a_call_is_on_its_way() {
        let start = Instant::now();
        let mut credit = Credit::full(Rate { every: SECOND, burst: 1 }, start);
        credit.pay(start);
        credit.resume(start + 5 * SECOND);
        assert_eq!(credit.one_at(), start + 6 * SECOND);
    }

    #[test]
    fn a_silence_saves_no_more_than_the_burst() {
        let start = Instant::now();
        let mut credit = Credit::full(Rate { every: SECOND, burst: 2 }, start);
        let later = start + 100 * SECOND;
        credit.pay(later);
        credit.pay(later);
        assert_eq!(credit.one_at(), later + SECOND);
    }

    #[test]
    fn a_file_holds_one_call_of_the_burst_until_it_is_over() {
        let start = Instant::now();
        let mut credit = Credit::full(Rate { every: SECOND, burst: 3 }, start);
        credit.reserve(start);
        assert_eq!(credit.full_at(), start, "two are left, and no more can be saved");
        let later = start + 100 * SECOND;
        credit.pay(later);
        credit.pay(later);
        assert_eq!(credit.one_at(), later + SECOND);
        credit.release();
        assert_eq!(credit.full_at(), later + 3 * SECOND);
    }

    #[test]
    fn the_window_counts_what_is_away_and_what_landed() {
        let start = Instant::now();
        let mut window = Window::default();
        window.leave();
        window.leave();
        assert_eq!(window.below_at(3, start), Some(start));
        assert_eq!(window.below_at(2, start), None, "both are on their way");
        window.land(start);
        assert_eq!(window.below_at(2, start), Some(start + SECOND));
        window.land(start + SECOND / 2);
        let later = start + SECOND / 2;
        assert_eq!(window.below_at(2, later), Some(start + SECOND));
        assert_eq!(window.below_at(1, later), Some(later + SECOND));
        assert_eq!(window.below_at(3, later), Some(later));
    }
}
