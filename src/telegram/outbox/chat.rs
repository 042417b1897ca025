//! What waits for one chat, and when which of it may go. Pure: the time is an argument.
//!
//! Two classes. *Durable* calls go in the order of their place, each until Telegram has it or will
//! never take it; *fleeting* ones (repaints) go when nothing durable waits and leave
//! enough of the budget for the next durable one. One call at a time is on its way, so nothing
//! overtakes. Topics of a chat share all of this, because Telegram's limits are the chat's.

use std::collections::{HashSet, VecDeque};
use std::mem;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::bridge::place::Place;
use crate::telegram::backoff;
use crate::telegram::outbox::budget::{Credit, Rate};
use crate::telegram::outbox::job::{
    Act, Call, Durable, Fleeting, RepaintOutcome, SendError, SendOptions, Sound,
};
use crate::telegram::outbox::outcome::{self, Outcome};
use crate::telegram::outbox::queue::Queue;
use crate::telegram::refusal::Refusal;
use crate::telegram::screen::Screen;
use crate::telegram::text::Text;

/// What is said once in the chat itself when a topic is gone.
const TOPIC_GONE: &str = "The topic is closed or deleted, so this comes here.";

/// After each 429 the distance of repaints doubles, up to sixteen times: edits are what earns
/// most penalties, and those that follow soon are longer.
const SLOWEST: u32 = 4;

/// Quiet time after which that distance is halved again.
const FORGIVEN: Duration = Duration::from_secs(120);

/// Which of two calls goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Durable,
    Fleeting,
}

/// What the schedule has to do after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing.
    Settled,
    /// The chat has this id now.
    Moved(i64),
}

/// The call that is on its way.
enum InFlight {
    /// The place is the one it was given in for.
    Durable(Place, Durable),
    Fleeting(Fleeting),
}

/// One chat.
pub(super) struct Chat {
    durable: Queue,
    fleeting: VecDeque<Fleeting>,
    in_flight: Option<InFlight>,
    credit: Credit,
    rate: Rate,
    /// Nothing goes before: a penalty, or a wait after a failure.
    paused_until: Instant,
    /// Calls without a known outcome, in a row.
    failures: u32,
    /// 429s that still count at `slow_since`.
    slow: u32,
    slow_since: Instant,
    last_repaint: Option<Instant>,
    /// Topics of which was said that they are gone.
    told: HashSet<Place>,
}

impl Chat {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self {
            durable: Queue::default(),
            fleeting: VecDeque::new(),
            in_flight: None,
            credit: Credit::full(rate, now),
            rate,
            paused_until: now,
            failures: 0,
            slow: 0,
            slow_since: now,
            last_repaint: None,
            told: HashSet::new(),
        }
    }

    /// Queues what must happen; repaints of a message that it changes are void.
    pub(super) fn push_durable(&mut self, job: Durable) {
        if let Some(id) = job.call.act.target() {
            self.drop_fleeting(|paint| paint.call.act.target() == Some(id));
        }
        self.durable.push(job);
    }

    /// Queues what may be replaced; it takes the turn of what it replaces.
    pub(super) fn push_fleeting(&mut self, new: Fleeting) {
        if self.has_last_word(&new) {
            new.end(RepaintOutcome::Dropped);
        } else if let Some(old) = self.fleeting.iter_mut().find(|old| new.is_like(old)) {
            mem::replace(old, new).end(RepaintOutcome::Dropped);
        } else {
            self.fleeting.push_back(new);
        }
    }

    /// Whether something durable will change the same message.
    fn has_last_word(&self, fleeting: &Fleeting) -> bool {
        let flying = match &self.in_flight {
            Some(InFlight::Durable(_, job)) => Some(job),
            _ => None,
        };
        let target = fleeting.call.act.target();
        let mut jobs = self.durable.iter().chain(flying);
        target.is_some() && jobs.any(|job| job.call.act.target() == target)
    }

    fn drop_fleeting(&mut self, is_void: impl Fn(&Fleeting) -> bool) {
        for paint in mem::take(&mut self.fleeting) {
            if is_void(&paint) {
                paint.end(RepaintOutcome::Dropped);
            } else {
                self.fleeting.push_back(paint);
            }
        }
    }

    /// What goes next, and from when on it may; nothing while a call is on its way.
    pub(super) fn next(&mut self, now: Instant) -> Option<(Class, Instant)> {
        self.fleeting.retain(Fleeting::is_wanted);
        if self.in_flight.is_some() {
            None
        } else if !self.durable.is_empty() {
            Some((Class::Durable, self.paused_until.max(self.credit.one_at())))
        } else if !self.fleeting.is_empty() {
            let apart = self.last_repaint.map(|last| last + self.repaint_distance(now));
            let paid = self.paused_until.max(self.credit.full_at());
            Some((Class::Fleeting, apart.map_or(paid, |apart| paid.max(apart))))
        } else {
            None
        }
    }

    /// Sends the first call of a class on its way.
    pub(super) fn start(&mut self, class: Class, now: Instant) -> Option<Call> {
        let (in_flight, call) = match class {
            Class::Durable => {
                let (place, job) = self.durable.pop()?;
                let call = job.call.clone();
                (InFlight::Durable(place, job), call)
            }
            Class::Fleeting => {
                let paint = self.fleeting.pop_front()?;
                let call = paint.call.clone();
                (InFlight::Fleeting(paint), call)
            }
        };
        self.in_flight = Some(in_flight);
        self.credit.pay(now);
        Some(call)
    }

    /// Takes note of what became of the call on its way.
    pub(super) fn finish(&mut self, outcome: Result<i32, Refusal>, now: Instant) -> After {
        self.credit.resume(now);
        self.pause(&outcome, now);
        let moved = match outcome {
            Err(Refusal::Migrated(chat)) => Some(chat),
            _ => None,
        };
        match self.in_flight.take() {
            Some(InFlight::Durable(place, job)) => self.settle(place, job, outcome),
            Some(InFlight::Fleeting(paint)) => {
                self.last_repaint = Some(now);
                self.fade(paint, outcome);
            }
            None => {}
        }
        moved.map_or(After::Settled, After::Moved)
    }

    /// How long this outcome keeps the chat quiet.
    fn pause(&mut self, outcome: &Result<i32, Refusal>, now: Instant) {
        match outcome {
            Err(Refusal::RetryAfter(pause)) => {
                self.slow = (self.slowness(now) + 1).min(SLOWEST);
                self.slow_since = now + *pause;
                self.paused_until = now + *pause;
                self.credit.spend_all(self.paused_until);
            }
            Err(Refusal::Unknown(_) | Refusal::Unauthorized | Refusal::Conflict(_)) => {
                self.failures = self.failures.saturating_add(1);
                self.paused_until = now + backoff::delay(self.failures, 0);
            }
            _ => self.failures = 0,
        }
    }

    fn settle(&mut self, place: Place, job: Durable, outcome: Result<i32, Refusal>) {
        let Durable { call, answer } = job;
        let outcome = match outcome {
            Ok(id) => Outcome::Settled(Ok(id)),
            Err(refusal) => outcome::decide(call, refusal),
        };
        match outcome {
            Outcome::Settled(result) => {
                // Nobody waiting is no failure: the message is in the chat all the same.
                let blocked = result == Err(SendError::Blocked);
                let _ = answer.send(result);
                if blocked {
                    self.park();
                }
            }
            Outcome::Again(call) => self.durable.put_back(place, Durable { call, answer }),
            Outcome::OutOfTopic(call) => {
                self.durable.put_back(place, Durable { call, answer });
                if self.told.insert(place) {
                    self.durable.put_back(place, topic_gone(place.chat));
                }
            }
        }
    }

    /// What waits for a chat that takes nothing is told so at once; what comes later is tried,
    /// since people change their minds.
    fn park(&mut self) {
        self.drop_fleeting(|_| true);
        for job in mem::take(&mut self.durable).into_jobs() {
            job.end(Err(SendError::Blocked));
        }
    }

    fn fade(&mut self, paint: Fleeting, outcome: Result<i32, Refusal>) {
        match outcome {
            Ok(_) | Err(Refusal::NotModified) => paint.end(RepaintOutcome::Shown),
            Err(Refusal::Gone | Refusal::ThreadGone | Refusal::Blocked(_)) => {
                paint.end(RepaintOutcome::Gone);
            }
            Err(Refusal::BadRequest(text)) => {
                debug!("a repaint is refused: {text}");
                paint.end(RepaintOutcome::Dropped);
            }
            Err(_)
                if self.has_last_word(&paint)
                    || self.fleeting.iter().any(|new| new.is_like(&paint)) =>
            {
                paint.end(RepaintOutcome::Dropped);
            }
            Err(_) => self.fleeting.push_front(paint),
        }
    }

    /// Distance of repaints; for a while after penalties a multiple of the usual one.
    fn repaint_distance(&self, now: Instant) -> Duration {
        self.rate.every * 2_u32.pow(self.slowness(now))
    }

    fn slowness(&self, now: Instant) -> u32 {
        let quiet = now.saturating_duration_since(self.slow_since).as_secs();
        self.slow.saturating_sub((quiet / FORGIVEN.as_secs()) as u32)
    }

    /// Whether something durable waits or is on its way.
    pub(super) fn owes(&self) -> bool {
        !self.durable.is_empty() || matches!(self.in_flight, Some(InFlight::Durable(..)))
    }

    /// From when on nothing is worth remembering; nothing while something waits.
    pub(super) fn forgotten_at(&self) -> Option<Instant> {
        if self.in_flight.is_some() || !self.durable.is_empty() || !self.fleeting.is_empty() {
            return None;
        }
        let forgiven = self.slow_since + FORGIVEN * self.slow;
        Some(self.paused_until.max(self.credit.full_at()).max(forgiven))
    }

    /// Takes over what waits for a chat that became this one, `chat`.
    pub(super) fn adopt(&mut self, old: Self, chat: i64) {
        for mut job in old.durable.into_jobs() {
            job.call.place.chat = chat;
            self.durable.push(job);
        }
        for mut paint in old.fleeting {
            paint.call.place.chat = chat;
            self.fleeting.push_back(paint);
        }
    }
}

/// A word for a chat one of whose topics is gone.
fn topic_gone(chat: i64) -> Durable {
    let text = Text { text: TOPIC_GONE.to_owned(), entities: Vec::new() };
    let screen = Screen { text, keyboard: Vec::new() };
    let how = SendOptions { reply_to: None, sound: Sound::Silent };
    Durable::new(Place { chat, thread: None }, Act::Send(screen, how)).0
}
