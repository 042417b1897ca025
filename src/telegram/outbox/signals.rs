//! What of a chat only the newest counts: repaints, reactions, and that the bot writes. Pure: the
//! time is an argument.
//!
//! Signals go when nothing durable waits, and leave the whole burst but one call of the budget for
//! what is durable. Reactions go first: each is sent once. Repaints keep a distance. Typing is shown
//! where no repaint waits, and Telegram has asked for no pause lately.

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::telegram::outbox::job::{Call, Kind, ReactionOutcome, RepaintOutcome, Signal};
use crate::telegram::refusal::Refusal;

/// Telegram shows for 5 s that the bot writes.
const TYPING: Duration = Duration::from_millis(4_500);

/// How often a reaction is tried without a known outcome: a minute and a half of trouble.
const REACTION_TRIES: u32 = 8;

/// The signals of one chat.
#[derive(Default)]
pub(super) struct Signals {
    /// Repaints and reactions, in the order of their coming.
    newest: VecDeque<Signal>,
    typing: Vec<Signal>,
    last_repaint: Option<Instant>,
}

/// From when on what may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The budget has room for a signal.
    pub(super) paid: Instant,
    /// Between two repaints.
    pub(super) distance: Duration,
    /// No penalty counts any more.
    pub(super) calm: Instant,
}

/// What a signal's failure says of its chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing.
    Nothing,
    /// It takes no reactions from the bot.
    NoReactions,
}

impl Signals {
    /// Queues a signal; it takes the turn of what it replaces.
    pub(super) fn push(&mut self, new: Signal) {
        if let Kind::Typing(..) = new.kind {
            self.typing.push(new);
        } else if let Some(old) = self.newest.iter_mut().find(|old| new.is_like(old)) {
            mem::replace(old, new).drop_it();
        } else {
            self.newest.push_back(new);
        }
    }

    /// Drops the repaints of a message.
    pub(super) fn drop_repaints(&mut self, message: i32) {
        for signal in mem::take(&mut self.newest) {
            if signal.call.act.target() == Some(message) {
                signal.drop_it();
            } else {
                self.newest.push_back(signal);
            }
        }
    }

    /// Drops all: the chat takes nothing.
    pub(super) fn clear(&mut self) {
        self.newest.drain(..).for_each(Signal::drop_it);
        self.typing.clear();
    }

    /// From when on one may go.
    pub(super) fn next(&mut self, limits: Limits) -> Option<Instant> {
        self.newest.retain(Signal::is_wanted);
        self.typing.retain(Signal::is_wanted);
        // Where a message is about to change, the person sees that something is done.
        let all = if self.newest.is_empty() { self.typing.iter() } else { [].iter() };
        self.newest.iter().chain(all).map(|signal| self.ready(signal, limits)).min()
    }

    /// The first that may go now: reactions, then repaints, then typing.
    pub(super) fn pop(&mut self, limits: Limits, now: Instant) -> Option<Signal> {
        let ready = |signal: &&Signal| self.ready(signal, limits) <= now;
        let order = |signal: &Signal| !matches!(signal.kind, Kind::Reaction(..));
        let first = self.newest.iter().enumerate().filter(|(_, signal)| ready(signal));
        if let Some((at, _)) = first.min_by_key(|(_, signal)| order(signal)) {
            return self.newest.remove(at);
        }
        let is_due = |signal| self.newest.is_empty() && ready(&signal);
        let at = self.typing.iter().position(is_due)?;
        Some(self.typing.remove(at))
    }

    fn ready(&self, signal: &Signal, limits: Limits) -> Instant {
        let Limits { paid, distance, calm } = limits;
        match &signal.kind {
            Kind::Reaction(..) => paid,
            Kind::Repaint(_) => self.last_repaint.map_or(paid, |last| paid.max(last + distance)),
            Kind::Typing(_, next) => paid.max(calm).max(*next),
        }
    }

    /// Takes note of what became of a signal. `void`: something durable will change the same
    /// message.
    pub(super) fn settle(
        &mut self,
        mut signal: Signal,
        outcome: Result<i32, Refusal>,
        void: bool,
        now: Instant,
    ) -> Failure {
        match &mut signal.kind {
            Kind::Typing(..) => {
                self.type_on(signal, outcome, now);
                return Failure::Nothing;
            }
            Kind::Repaint(_) => self.last_repaint = Some(now),
            Kind::Reaction(_, tries) => *tries += u32::from(outcome.is_err()),
        }
        let is_reaction = matches!(signal.kind, Kind::Reaction(..));
        match outcome {
            Ok(_) | Err(Refusal::NotModified) => {
                signal.end(RepaintOutcome::Shown, ReactionOutcome::Set);
            }
            Err(Refusal::Gone | Refusal::ThreadGone) => {
                signal.end(RepaintOutcome::Gone, ReactionOutcome::Gone);
            }
            // An older server does not know reactions.
            Err(Refusal::BadRequest(_) | Refusal::Unauthorized | Refusal::Blocked(_))
                if is_reaction =>
            {
                signal.end(RepaintOutcome::Dropped, ReactionOutcome::NotAllowed);
                return Failure::NoReactions;
            }
            Err(Refusal::Blocked(_)) => signal.end(RepaintOutcome::Gone, ReactionOutcome::Dropped),
            Err(Refusal::BadRequest(text)) => {
                debug!("a repaint is refused: {text}");
                signal.drop_it();
            }
            Err(_) if void || self.newest.iter().any(|new| new.is_like(&signal)) => {
                signal.drop_it();
            }
            Err(_) if matches!(signal.kind, Kind::Reaction(_, REACTION_TRIES)) => signal.drop_it(),
            Err(_) => self.newest.push_front(signal),
        }
        Failure::Nothing
    }

    /// Typing goes on, unless it cannot be shown there; all that want it in this place have it.
    fn type_on(&mut self, signal: Signal, outcome: Result<i32, Refusal>, now: Instant) {
        let Call { place, .. } = signal.call;
        let is_possible = match outcome {
            Ok(_) => true,
            Err(refusal) => matches!(refusal, Refusal::RetryAfter(_) | Refusal::Unknown(_)),
        };
        if is_possible {
            self.typing.push(signal);
        } else {
            self.typing.retain(|other| other.call.place != place);
        }
        for other in self.typing.iter_mut().filter(|other| other.call.place == place) {
            if let Kind::Typing(_, next) = &mut other.kind {
                *next = now + TYPING;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.newest.is_empty() && self.typing.is_empty()
    }

    /// Takes over what waits for a chat that has the id `chat` now.
    pub(super) fn adopt(&mut self, old: Self, chat: i64) {
        for mut signal in old.newest.into_iter().chain(old.typing) {
            signal.call.place.chat = chat;
            self.push(signal);
        }
    }
}
