//! How often a job was tried, and when that is enough. Pure: the time is an argument.
//!
//! A message goes again for as long as Telegram cannot be reached. But a message at which Telegram
//! itself fails every time must not stand in front of its queue for ever: so after a minute Telegram
//! is asked something else, and where it answers that and then fails at the message again, the
//! fault is in the message and counts as a refusal. A file is tried for a while only: whoever asked
//! for it can ask again.

use std::time::{Duration, Instant};

use crate::telegram::backoff;
use crate::telegram::refusal::Refusal;

/// Tries of a message without a known outcome from which on it is suspected: about a minute.
const SUSPECT: u32 = 6;

/// Failures, each right after Telegram answered something else, that count as one refusal. One
/// could be chance.
const BLAMED: u32 = 2;

/// How often a file is tried: about half a minute where each try fails at once.
const FILE_TRIES: u32 = 6;

/// For how long a file is tried. Each try has its own limit, which is shorter.
const FILE_TIME: Duration = Duration::from_secs(900);

/// How often a job was tried.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tries {
    all: u32,
    /// Without a known outcome.
    unknown: u32,
    /// Of these, right after Telegram had answered another call.
    blamed: u32,
    /// Telegram has answered another call since the last try.
    probed: bool,
    since: Option<Instant>,
}

impl Tries {
    /// Whether it is time to ask Telegram something else before the next try.
    pub(super) fn needs_probe(&self) -> bool {
        self.unknown >= SUSPECT && !self.probed
    }

    /// Telegram has answered something else.
    pub(super) fn probed(&mut self) {
        self.probed = true;
    }

    /// A try begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.all += 1;
        self.since.get_or_insert(now);
    }

    /// A try of a message has failed; the refusal as it is to be judged.
    pub(super) fn judge(&mut self, refusal: Refusal) -> Refusal {
        if !has_no_outcome(&refusal) {
            return refusal;
        }
        self.unknown += 1;
        self.blamed += u32::from(std::mem::take(&mut self.probed));
        if self.blamed < BLAMED {
            return refusal;
        }
        self.blamed = 0;
        Refusal::BadRequest(refusal.to_string())
    }

    /// A try of a file has failed: how long to wait before the next. None: it was tried enough.
    pub(super) fn file_wait(&self, refusal: &Refusal, now: Instant) -> Option<Duration> {
        let spent = self.since.map_or(Duration::ZERO, |since| now - since);
        if self.all >= FILE_TRIES || spent >= FILE_TIME {
            return None;
        }
        Some(if has_no_outcome(refusal) { backoff::delay(self.all, 0) } else { Duration::ZERO })
    }
}

fn has_no_outcome(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Unknown(_) | Refusal::Unauthorized | Refusal::Conflict(_) | Refusal::Migrated(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Refusal {
        Refusal::Unknown("500".into())
    }

    #[test]
    fn a_message_is_blamed_only_when_telegram_answers_others() {
        let mut tries = Tries::default();
        for _ in 0..50 {
            assert_eq!(tries.judge(lost()), lost(), "nobody knows whose fault it is");
        }
        assert!(tries.needs_probe());
        tries.probed();
        assert!(!tries.needs_probe());
        assert_eq!(tries.judge(lost()), lost(), "once may be chance");
        assert!(tries.needs_probe());
        tries.probed();
        let no = Refusal::BadRequest("no".into());
        assert_eq!(tries.judge(no.clone()), no, "an outcome is an outcome");
        let judged = tries.judge(lost());
        assert!(matches!(&judged, Refusal::BadRequest(text) if text.contains("500")), "{judged:?}");
    }

    #[test]
    fn a_file_is_tried_for_a_while() {
        let start = Instant::now();
        let mut tries = Tries::default();
        for _ in 1..FILE_TRIES {
            tries.begin(start);
            assert!(tries.file_wait(&lost(), start).is_some_and(|wait| wait < FILE_TIME));
        }
        tries.begin(start);
        assert_eq!(tries.file_wait(&lost(), start), None, "so often");
        let mut slow = Tries::default();
        slow.begin(start);
        slow.begin(start + FILE_TIME);
        assert_eq!(slow.file_wait(&lost(), start + FILE_TIME), None, "so long");
    }
}
