//! How long to wait before trying again what failed for want of a network. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// The first wait: long enough for a connection that was only being changed.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait: a person whose network is back sees segue back within half a minute.
const LONGEST: Duration = Duration::from_secs(30);

/// The wait after `failures` failures in a row: 1 s, doubled up to 30 s, less up to a quarter
/// that `salt` decides, so that those who lost the network together do not return together.
pub(crate) fn delay(failures: u32, salt: u64) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let whole = FIRST.saturating_mul(doubled).min(LONGEST);
    let mut hasher = DefaultHasher::new();
    (failures, salt).hash(&mut hasher);
    whole.mul_f64(1.0 - (hasher.finish() % 1000) as f64 / 4000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let whole = [1, 1, 2, 4, 8, 16, 30, 30];
        for (failures, seconds) in whole.into_iter().enumerate() {
            for salt in 0..100 {
                let wait = delay(failures as u32, salt).as_secs_f64();
                let seconds = f64::from(seconds);
                assert!((seconds * 0.75..=seconds).contains(&wait), "{failures}: {wait}");
            }
        }
        assert!(delay(u32::MAX, 0) > LONGEST / 2);
    }

    #[test]
    fn salt_spreads_them() {
        let waits: std::collections::HashSet<_> = (0..100).map(|salt| delay(5, salt)).collect();
        assert!(waits.len() > 50);
    }
}
