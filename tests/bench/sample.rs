//! Several ways to do the same into their times, taken in turns.
//!
//! On a shared machine everything becomes slower together, and minutes apart nothing can be compared.
//! So the contestants take turns, in an order that is turned around each round, and what is compared
//! is the times of one round.

use std::time::{Duration, Instant};

/// One contestant: does its work once and says how long it took.
pub(crate) type Contestant<'c> = Box<dyn FnMut() -> Duration + 'c>;

/// The times of one contestant, one a round.
#[derive(Clone, Debug)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(times: Vec<Duration>) -> Self {
        Self(times)
    }

    pub(crate) fn median(&self) -> Duration {
        median(self.0.clone()).unwrap_or_default()
    }

    /// How many times as long as `other` it takes: the median over the rounds.
    pub(crate) fn over(&self, other: &Self) -> f64 {
        let ratios =
            self.0.iter().zip(&other.0).map(|(mine, its)| mine.as_secs_f64() / its.as_secs_f64());
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_unstable_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or_default()
    }
}

/// Lets the contestants do their work once to warm up, and then `rounds` times in turns.
pub(crate) fn interleave(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<Times> {
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    for contestant in contestants.iter_mut() {
        contestant();
    }
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..contestants.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            times[at].push(contestants[at]());
        }
    }
    times.into_iter().map(Times::new).collect()
}

/// Work that is timed from outside.
pub(crate) fn timed<'c, T>(mut work: impl FnMut() -> T + 'c) -> Contestant<'c> {
    Box::new(move || {
        let begun = Instant::now();
        std::hint::black_box(work());
        begun.elapsed()
    })
}

fn median<T: Ord + Copy>(mut all: Vec<T>) -> Option<T> {
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}
