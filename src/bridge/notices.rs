//! What processes of others do, look by look, into what a person is to be told of: a session waits, a
//! turn is over, a process ended in the middle of one.
//!
//! Pure: the registry's entries and the time come in. Numbers as in its tests:
//!
//! 1. Each wait and each end is told once, and what was before the first look is not told.
//! 2. A wait is told when it has lasted for a while: who sits at the terminal answers there.
//! 3. A turn that somebody else shows, because a prompt of a chat began it, is told nothing of.

use std::{collections::HashMap, time::Duration};

use crate::claude::{live::Live, session::Status};

/// How often it is looked whether a process that works still lives: one that is killed changes no
/// file.
const LOOK: Duration = Duration::from_secs(5);
const DAY: u16 = 24 * 60;

/// What is told, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether a person who has not said anything about it is told.
    pub on: bool,
    /// How long a turn must have taken to be told of.
    pub after: Duration,
    /// How long a wait must have lasted.
    pub delay: Duration,
    /// When nothing is told.
    pub quiet: Option<Quiet>,
}

impl Default for Settings {
    fn default() -> Self {
        let (after, delay) = (Duration::from_secs(60), Duration::from_secs(10));
        Self { on: false, after, delay, quiet: None }
    }
}

/// Hours of the day in which nothing is told, in minutes since midnight: from the first on, up to the
/// second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    from: u16,
    to: u16,
}

impl Quiet {
    /// Reads `22:00-07:00`.
    pub fn read(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let minutes = |time: &str| {
            let (hours, minutes) = time.trim().split_once(':')?;
            let is_number =
                |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            let read = |text: &str| is_number(text).then(|| text.parse::<u16>().ok())?;
            let (hours, minutes) = (read(hours)?, read(minutes)?);
            (hours < 24 && minutes < 60).then_some(60 * hours + minutes)
        };
        let quiet = Self { from: minutes(from)?, to: minutes(to)? };
        (quiet.from != quiet.to).then_some(quiet)
    }

    /// How many minutes are left of it at a minute of the day; `None` outside of it.
    pub fn left(self, minute: u16) -> Option<u16> {
        let since = |start: u16, at: u16| (at + DAY - start) % DAY;
        let (length, gone) = (since(self.from, self.to), since(self.from, minute));
        (gone < length).then(|| length - gone)
    }
}

impl std::fmt::Display for Quiet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

/// What has happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// It waits for somebody.
    Waits,
    /// A turn of so many seconds is over.
    Over(u64),
    /// Its process is gone, after so many seconds of a turn.
    Gone(u64),
}

/// Something a person may be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeEvent {
    /// The process, as it was last.
    pub live: Live,
    /// What it was.
    pub what: NoticeKind,
}

/// What a look has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanResult {
    /// What has happened, in the order of process ids.
    pub happened: Vec<NoticeEvent>,
    /// Processes whose waits are over.
    pub answered: Vec<Live>,
}

/// The processes of others, as they were at the last look.
#[derive(Debug, Default)]
pub struct Watched {
    known: HashMap<u32, Known>,
    /// When it was looked last, milliseconds since the epoch.
    looked: Option<u64>,
}

#[derive(Debug)]
struct Known {
    live: Live,
    /// Since when it is in a turn, milliseconds since the epoch.
    busy: Option<u64>,
    /// Since when it waits, and whether that was told.
    waits: Option<(u64, Reported)>,
    /// Somebody else shows its turn.
    shown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reported {
    No,
    Yes,
}

impl Watched {
    /// Whether it was ever looked.
    pub fn has_begun(&self) -> bool {
        self.looked.is_some()
    }

    /// Compares what runs with what ran. `now` counts milliseconds since the epoch; `is_shown` says
    /// whether a chat shows the turn of a process.
    pub fn look(
        &mut self,
        now: u64,
        delay: Duration,
        all: &[Live],
        is_shown: impl Fn(&Live) -> bool,
    ) -> ScanResult {
        let mut looked = ScanResult::default();
        let mut before = std::mem::take(&mut self.known);
        for live in all {
            // One process may go on to another session.
            let known = before.remove(&live.pid).filter(|known| known.live.session == live.session);
            let known = match known {
                Some(known) => known.grown(now, live, &mut looked),
                None => Known::new(now, live, self.looked.is_some()),
            };
            self.known.insert(live.pid, known);
        }
        for known in before.into_values() {
            known.ended(now, &mut looked);
        }
        for known in self.known.values_mut() {
            known.shown |= is_shown(&known.live);
            known.tell_wait(now, delay, &mut looked);
        }
        self.looked = Some(now);
        looked.happened.sort_by_key(|happened| happened.live.pid);
        looked
    }

    /// When to look again though nothing is heard: milliseconds since the epoch.
    pub fn deadline(&self, delay: Duration) -> Option<u64> {
        let looked = self.looked?;
        let times = self.known.values().filter_map(|known| match known.waits {
            Some((since, Reported::No)) => Some(since + delay.as_millis() as u64),
            _ => known.busy.map(|_| looked + LOOK.as_millis() as u64),
        });
        times.min()
    }
}

impl Known {
    fn new(now: u64, live: &Live, later: bool) -> Self {
        let busy = (live.status != Status::Idle).then(|| live.since.unwrap_or(now));
        let told = if later { Reported::No } else { Reported::Yes };
        tracing::debug!(pid = live.pid, status = ?live.status, "seen elsewhere");
        let waits = (live.status == Status::Waiting).then_some((now, told));
        Self { live: live.clone(), busy, waits, shown: false }
    }

    /// The same process, later.
    fn grown(mut self, now: u64, live: &Live, looked: &mut ScanResult) -> Self {
        let waited = self.waits.take();
        let is_same = self.live.since == live.since && self.live.waiting_for == live.waiting_for;
        let before = std::mem::replace(&mut self.live, live.clone());
        if before.status != live.status {
            tracing::debug!(pid = live.pid, status = ?live.status, "seen elsewhere");
        }
        if live.status == Status::Waiting {
            self.busy = self.busy.or(Some(now));
            self.waits = waited.filter(|_| is_same).or(Some((now, Reported::No)));
        }
        if waited.is_some() && self.waits != waited {
            looked.answered.push(before);
        }
        match (live.status, self.busy) {
            (Status::Idle, Some(since)) => {
                if !self.shown {
                    let what = NoticeKind::Over(now.saturating_sub(since) / 1_000);
                    looked.happened.push(NoticeEvent { live: live.clone(), what });
                }
                (self.busy, self.shown) = (None, false);
            }
            (Status::Busy, None) => self.busy = Some(now),
            _ => {}
        }
        self
    }

    fn ended(self, now: u64, looked: &mut ScanResult) {
        if self.waits.is_some() {
            looked.answered.push(self.live.clone());
        }
        if let Some(since) = self.busy.filter(|_| !self.shown) {
            let what = NoticeKind::Gone(now.saturating_sub(since) / 1_000);
            looked.happened.push(NoticeEvent { live: self.live, what });
        }
    }

    fn tell_wait(&mut self, now: u64, delay: Duration, looked: &mut ScanResult) {
        let Some((since, told @ Reported::No)) = &mut self.waits else { return };
        if now >= *since + delay.as_millis() as u64 {
            *told = Reported::Yes;
            if !self.shown {
                looked
                    .happened
                    .push(NoticeEvent { live: self.live.clone(), what: NoticeKind::Waits });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::claude::live;

    const DELAY: Duration = Duration::from_secs(10);
    const ID: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    fn entry(pid: u32, status: &str, since: u64) -> Live {
        let entry = json!({"pid": pid, "sessionId": ID, "cwd": "/x", "status": status,
            "waitingFor": (status == "waiting").then_some("permission prompt"),
            "statusUpdatedAt": since});
        live::decode(entry.to_string().as_bytes()).unwrap()
    }

    /// What each look tells, a look at each given second.
    fn told(looks: &[(u64, Vec<Live>)]) -> Vec<Vec<NoticeKind>> {
        let mut watched = Watched::default();
        let tell = |(second, all): &(u64, Vec<Live>)| {
            let looked = watched.look(second * 1_000, DELAY, all, |_| false);
            looked.happened.into_iter().map(|happened| happened.what).collect()
        };
        looks.iter().map(tell).collect()
    }

    #[test]
    fn invariant_1_each_thing_once_and_nothing_from_before() {
        let (idle, busy) = (entry(1, "idle", 0), entry(1, "busy", 1));
        let (waits, other) = (entry(1, "waiting", 2), entry(1, "waiting", 3));
        // What was before.
        assert_eq!(told(&[(0, vec![waits.clone()]), (100, vec![waits.clone()])]), [[], []]);
        let looks = [
            (0, vec![idle.clone()]),
            (1, vec![busy.clone()]),
            (2, vec![waits.clone()]),
            (12, vec![waits.clone()]),
            (13, vec![waits.clone()]),
            (14, vec![other.clone()]),
            (24, vec![other.clone()]),
            (25, vec![busy.clone()]),
            (91, vec![idle.clone()]),
            (92, vec![idle.clone()]),
            (93, vec![busy]),
            (97, vec![]),
            (98, vec![]),
            (99, vec![idle]),
        ];
        let expected: [&[NoticeKind]; 14] = [
            &[],
            &[],
            &[],
            &[NoticeKind::Waits],
            &[],
            &[],
            &[NoticeKind::Waits],
            &[],
            &[NoticeKind::Over(90)],
            &[],
            &[],
            &[NoticeKind::Gone(4)],
            &[],
            &[],
        ];
        assert_eq!(told(&looks), expected);
    }

    #[test]
    fn invariant_2_a_wait_that_is_soon_over_is_not_told() {
        let mut watched = Watched::default();
        let (busy, waits) = (entry(1, "busy", 1), entry(1, "waiting", 2));
        watched.look(0, DELAY, std::slice::from_ref(&busy), |_| false);
        watched.look(1_000, DELAY, std::slice::from_ref(&waits), |_| false);
        assert_eq!(watched.deadline(DELAY), Some(11_000));
        let looked = watched.look(9_000, DELAY, &[busy], |_| false);
        assert_eq!((looked.happened.len(), looked.answered), (0, vec![waits]));
        assert_eq!(watched.deadline(DELAY), Some(14_000), "it may be killed");
        assert_eq!(watched.look(10_000, DELAY, &[], |_| false).happened.len(), 1);
        assert_eq!(watched.deadline(DELAY), None);
    }

    #[test]
    fn invariant_3_what_a_chat_shows_is_not_told() {
        let mut watched = Watched::default();
        let look = |watched: &mut Watched, second, status, shown| {
            let all = [entry(1, status, second)];
            watched.look(second * 1_000, Duration::ZERO, &all, |_| shown).happened.len()
        };
        let mut counts = Vec::new();
        for (second, status, shown) in [
            (0, "idle", false),
            (1, "busy", true),
            (2, "waiting", true),
            (3, "busy", true),
            // The chat has shown its end before the registry says so.
            (4, "idle", false),
            (5, "busy", false),
            (99, "idle", false),
        ] {
            counts.push(look(&mut watched, second, status, shown));
        }
        assert_eq!(counts, [0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn quiet_hours_are_read_and_last_over_midnight() {
        let night = Quiet::read("22:00-07:00").unwrap();
        for (minute, left) in [
            (21 * 60 + 59, None),
            (22 * 60, Some(540)),
            (0, Some(420)),
            (419, Some(1)),
            (420, None),
        ] {
            assert_eq!(night.left(minute), left, "{minute}");
        }
        assert_eq!(Quiet::read(" 08:30 - 09:00").unwrap().left(510), Some(30));
        assert_eq!(night.to_string(), "22:00-07:00");
        for bad in ["", "22-7", "22:00", "24:00-07:00", "22:60-07:00", "7:00-7:00", "22:00-22:00"] {
            assert_eq!(Quiet::read(bad), None, "{bad}");
        }
    }
}
