//! What waits for one chat, and when which of it may go. Pure: the time is an argument.
//!
//! Three classes. *Messages* go in the order of their place, each until Telegram has it or will
//! never take it. *Files* have a lane of their own, one at a time: they go when no message waits,
//! and messages go past one that is on its way. *Signals* (repaints, reactions, typing) go when
//! nothing else waits, and leave enough of the budget for the next message. Of what is no file one
//! call at a time is on its way, so nothing overtakes. Topics of a chat share all of this, because
//! Telegram's limits are the chat's.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::mem;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tracing::warn;

use crate::bridge::place::Place;
use crate::telegram::backoff;
use crate::telegram::outbox::budget::{Credit, Rate};
use crate::telegram::outbox::job::{Act, Call, Job, Scope, SendError, SendOptions, Signal, Sound};
use crate::telegram::outbox::outcome::{self, Outcome};
use crate::telegram::outbox::queue::Queue;
use crate::telegram::outbox::signals::{Failure, Limits, Signals};
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
    Message,
    File,
    Signal,
}

/// A call that is on its way, and whose it is.
pub(super) enum InFlight {
    Message(Job),
    /// Before the next try of a message that is suspected.
    Probe,
    File(Job),
    Signal(Signal),
}

impl InFlight {
    /// The message that it changes for good.
    fn target(&self) -> Option<i32> {
        match self {
            Self::Message(job) => job.call.act.target(),
            _ => None,
        }
    }

    pub(super) fn is_durable(&self) -> bool {
        matches!(self, Self::Message(_) | Self::File(_))
    }

    /// Its chat has another id.
    pub(super) fn move_to(&mut self, chat: i64) {
        match self {
            Self::Message(job) | Self::File(job) => job.move_to(chat),
            Self::Signal(signal) => signal.call.place.chat = chat,
            Self::Probe => {}
        }
    }

    /// A flush waits for it, if it is durable.
    pub(super) fn hold(&mut self, scope: Scope, flush: &mpsc::Sender<Infallible>) {
        match self {
            Self::Message(job) => job.hold(flush),
            Self::File(job) if scope == Scope::All => job.hold(flush),
            Self::File(_) | Self::Probe | Self::Signal(_) => {}
        }
    }

    fn call(&self, chat: i64) -> Call {
        match self {
            Self::Message(job) | Self::File(job) => job.call.clone(),
            Self::Signal(signal) => signal.call.clone(),
            Self::Probe => Call { place: Place { chat, thread: None }, act: Act::Probe },
        }
    }
}

/// One chat.
pub(super) struct Chat {
    id: i64,
    messages: Queue,
    files: VecDeque<Job>,
    signals: Signals,
    /// Calls on their way that are no files, and the message that each changes for good. More than
    /// one only when the chat was two a moment ago.
    calling: Vec<Option<i32>>,
    /// Files on their way.
    uploading: usize,
    credit: Credit,
    rate: Rate,
    /// Nothing goes before: a penalty, or a wait after a failure.
    paused_until: Instant,
    /// The next file does not go before: a wait after its failure.
    file_at: Instant,
    /// Calls without a known outcome, in a row.
    failures: u32,
    /// 429s that still count at `slow_since`.
    slow: u32,
    slow_since: Instant,
    /// Topics of which was said that they are gone.
    told: HashSet<Place>,
}

impl Chat {
    pub(super) fn new(id: i64, rate: Rate, now: Instant) -> Self {
        Self {
            id,
            messages: Queue::default(),
            files: VecDeque::new(),
            signals: Signals::default(),
            calling: Vec::new(),
            uploading: 0,
            credit: Credit::full(rate, now),
            rate,
            paused_until: now,
            file_at: now,
            failures: 0,
            slow: 0,
            slow_since: now,
            told: HashSet::new(),
        }
    }

    /// Queues what must happen; repaints of a message that it changes are void.
    pub(super) fn push(&mut self, job: Job) {
        if let Some(id) = job.call.act.target() {
            self.signals.drop_repaints(id);
        }
        match job.call.act {
            Act::File(..) => self.files.push_back(job),
            _ => self.messages.push(job),
        }
    }

    /// Queues what may be replaced.
    pub(super) fn signal(&mut self, signal: Signal) {
        if self.is_void(&signal) {
            signal.drop_it();
        } else {
            self.signals.push(signal);
        }
    }

    /// Whether something durable will change the same message.
    fn is_void(&self, signal: &Signal) -> bool {
        let target = signal.call.act.target();
        let waiting = self.messages.iter().map(|job| job.call.act.target());
        target.is_some() && waiting.chain(self.calling.iter().copied()).any(|id| id == target)
    }

    /// What goes next, and from when on it may; nothing while that depends on a call on its way.
    pub(super) fn next(&mut self, now: Instant) -> Option<(Class, Instant)> {
        if !self.calling.is_empty() {
            return None;
        }
        let paid = self.paused_until.max(self.credit.one_at());
        if !self.messages.is_empty() {
            return Some((Class::Message, paid));
        }
        let is_free = self.uploading == 0 && !self.files.is_empty();
        let file = is_free.then(|| (Class::File, paid.max(self.file_at)));
        let limits = self.limits(now);
        let signal = self.signals.next(limits).map(|at| (Class::Signal, at));
        file.into_iter().chain(signal).min_by_key(|(class, at)| (*at, *class))
    }

    fn limits(&self, now: Instant) -> Limits {
        Limits {
            paid: self.paused_until.max(self.credit.full_at()),
            distance: self.rate.every * 2_u32.pow(self.slowness(now)),
            calm: self.slow_since + FORGIVEN * self.slow,
        }
    }

    /// Sends the first call of a class on its way.
    pub(super) fn start(&mut self, class: Class, now: Instant) -> Option<(Call, InFlight)> {
        let mut in_flight = match class {
            Class::Message if self.messages.peek()?.tries.needs_probe() => InFlight::Probe,
            Class::Message => InFlight::Message(self.messages.pop()?),
            Class::File => InFlight::File(self.files.pop_front()?),
            Class::Signal => InFlight::Signal(self.signals.pop(self.limits(now), now)?),
        };
        if let InFlight::Message(job) | InFlight::File(job) = &mut in_flight {
            job.tries.begin(now);
        }
        if class == Class::File {
            self.uploading += 1;
            self.credit.reserve(now);
        } else {
            self.calling.push(in_flight.target());
            self.credit.pay(now);
        }
        Some((in_flight.call(self.id), in_flight))
    }

    /// Takes note of what became of a call.
    pub(super) fn finish(
        &mut self,
        in_flight: InFlight,
        outcome: Result<i32, Refusal>,
        now: Instant,
    ) -> Failure {
        if let InFlight::File(job) = in_flight {
            self.uploading = self.uploading.saturating_sub(1);
            self.credit.release();
            self.settle_file(job, outcome, now);
            return Failure::Nothing;
        }
        let target = in_flight.target();
        if let Some(at) = self.calling.iter().position(|calling| *calling == target) {
            self.calling.swap_remove(at);
        }
        self.credit.resume(now);
        self.pause(&outcome, now);
        match in_flight {
            InFlight::Message(job) => self.settle(job, outcome),
            InFlight::Signal(signal) => {
                let void = self.is_void(&signal);
                return self.signals.settle(signal, outcome, void, now);
            }
            InFlight::Probe if outcome.is_ok() => {
                if let Some(job) = self.messages.peek() {
                    job.tries.probed();
                }
            }
            InFlight::Probe | InFlight::File(_) => {}
        }
        Failure::Nothing
    }

    /// How long this outcome keeps the chat quiet.
    fn pause(&mut self, outcome: &Result<i32, Refusal>, now: Instant) {
        match outcome {
            Err(Refusal::RetryAfter(pause)) => self.penalize(*pause, now),
            Err(Refusal::Unknown(_) | Refusal::Unauthorized | Refusal::Conflict(_)) => {
                self.failures = self.failures.saturating_add(1);
                let wait = now + backoff::delay(self.failures, 0);
                self.paused_until = self.paused_until.max(wait);
            }
            _ => self.failures = 0,
        }
    }

    fn penalize(&mut self, pause: Duration, now: Instant) {
        self.slow = (self.slowness(now) + 1).min(SLOWEST);
        self.slow_since = now + pause;
        self.paused_until = self.paused_until.max(now + pause);
        self.credit.spend_all(self.paused_until);
    }

    fn settle(&mut self, mut job: Job, outcome: Result<i32, Refusal>) {
        let refusal = match outcome {
            Ok(id) => return job.end(Ok(id)),
            Err(refusal) => job.tries.judge(refusal),
        };
        match outcome::decide(job.call.clone(), refusal) {
            Outcome::Ended(result) => {
                let blocked = result == Err(SendError::Blocked);
                self.end(job, result);
                if blocked {
                    self.park();
                }
            }
            Outcome::Again(call) => {
                job.call = call;
                self.messages.put_back(job);
            }
            Outcome::OutOfTopic(call) => {
                let place = mem::replace(&mut job.call, call).place;
                self.messages.put_back(job);
                self.tell_topic_gone(place);
            }
        }
    }

    /// A file's failure delays no message, unless it is a penalty.
    fn settle_file(&mut self, mut job: Job, outcome: Result<i32, Refusal>, now: Instant) {
        let refusal = match outcome {
            Ok(id) => return job.end(Ok(id)),
            Err(refusal) => refusal,
        };
        if let Refusal::RetryAfter(pause) = refusal {
            self.penalize(pause, now);
        }
        let wait = job.tries.file_wait(&refusal, now);
        let words = refusal.to_string();
        match (outcome::decide(job.call.clone(), refusal), wait) {
            (Outcome::Ended(result), _) => self.end(job, result),
            (_, None) => self.end(job, Err(SendError::Refused(words))),
            (Outcome::Again(call), Some(wait)) => {
                job.call = call;
                self.file_at = now + wait;
                self.files.push_front(job);
            }
            (Outcome::OutOfTopic(call), _) => {
                let place = mem::replace(&mut job.call, call).place;
                self.files.push_front(job);
                self.tell_topic_gone(place);
            }
        }
    }

    fn end(&self, job: Job, result: Result<i32, SendError>) {
        if let Err(error) = &result {
            warn!(chat = self.id, %error, "Telegram refuses a message in every form");
        }
        job.end(result);
    }

    fn tell_topic_gone(&mut self, topic: Place) {
        if self.told.insert(topic) {
            self.messages.put_back(topic_gone(topic));
        }
    }

    /// What waits for a chat that takes nothing is told so at once; what comes later is tried,
    /// since people change their minds.
    fn park(&mut self) {
        self.signals.clear();
        let messages = mem::take(&mut self.messages).into_jobs();
        for job in messages.chain(mem::take(&mut self.files)) {
            job.end(Err(SendError::Blocked));
        }
    }

    fn slowness(&self, now: Instant) -> u32 {
        let quiet = now.saturating_duration_since(self.slow_since).as_secs();
        self.slow.saturating_sub((quiet / FORGIVEN.as_secs()) as u32)
    }

    /// Whether something durable waits.
    pub(super) fn owes(&self) -> bool {
        !self.messages.is_empty() || !self.files.is_empty()
    }

    /// A flush waits for what is durable here.
    pub(super) fn hold(&mut self, scope: Scope, flush: &mpsc::Sender<Infallible>) {
        self.messages.iter_mut().for_each(|job| job.hold(flush));
        if scope == Scope::All {
            self.files.iter_mut().for_each(|job| job.hold(flush));
        }
    }

    /// From when on nothing is worth remembering; nothing while something waits.
    pub(super) fn forgotten_at(&self) -> Option<Instant> {
        let busy = !self.calling.is_empty() || self.uploading > 0 || self.owes();
        if busy || !self.signals.is_empty() {
            return None;
        }
        let forgiven = self.slow_since + FORGIVEN * self.slow;
        Some(self.paused_until.max(self.credit.full_at()).max(forgiven))
    }

    /// Takes over what waits for, and is on its way to, a chat that became this one.
    pub(super) fn adopt(&mut self, old: Self) {
        for mut job in old.messages.into_jobs() {
            job.move_to(self.id);
            self.messages.push(job);
        }
        for mut job in old.files {
            job.move_to(self.id);
            self.files.push_back(job);
        }
        self.signals.adopt(old.signals, self.id);
        self.calling.extend(old.calling);
        self.uploading += old.uploading;
    }
}

/// A word for a chat one of whose topics is gone.
fn topic_gone(topic: Place) -> Job {
    let text = Text { text: TOPIC_GONE.to_owned(), entities: Vec::new() };
    let screen = Screen { text, keyboard: Vec::new() };
    let how = SendOptions { reply_to: None, sound: Sound::Silent };
    let (mut job, _) = Job::new(topic, Act::Send(screen, how));
    job.call.place.thread = None;
    job
}
