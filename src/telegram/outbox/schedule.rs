//! Which call goes next, over all chats. Pure: the time is an argument.
//!
//! Knows the chats that have something to send or a budget that is not whole; all others are
//! forgotten, so at rest it holds nothing but who moved, who blocked, and who takes no reactions.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::time::Instant;

use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::telegram::outbox::budget::{Pace, Window};
use crate::telegram::outbox::chat::{Chat, Class, InFlight};
use crate::telegram::outbox::job::{
    Call, Job, Kind, ReactionOutcome, RepaintOutcome, Scope, Signal,
};
use crate::telegram::outbox::signals::Failure;
use crate::telegram::refusal::Refusal;

/// The part of the overall budget that is kept for messages: without it, answers wait while many
/// chats stream.
const KEPT: usize = 5;

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Make this call and report it with [`Schedule::finish`].
    Call(Ticket, Call),
    /// Ask again at this moment.
    At(Instant),
    /// Ask again when something was pushed or finished.
    Nothing,
}

/// The number of a call that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ticket(u64);

/// All chats.
pub(super) struct Schedule {
    pace: Pace,
    chats: BTreeMap<i64, Chat>,
    /// What is on its way, and for which chat it was given.
    in_flight: HashMap<Ticket, (i64, InFlight)>,
    tickets: u64,
    window: Window,
    /// Groups that became supergroups.
    moved: HashMap<i64, i64>,
    /// Chats that took nothing the last time.
    blocked: HashSet<i64>,
    /// Chats that take no reactions.
    no_reactions: HashSet<i64>,
    /// Whether the last call found no answer.
    offline: bool,
}

impl Schedule {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            chats: BTreeMap::new(),
            in_flight: HashMap::new(),
            tickets: 0,
            window: Window::default(),
            moved: HashMap::new(),
            blocked: HashSet::new(),
            no_reactions: HashSet::new(),
            offline: false,
        }
    }

    /// Queues what must happen.
    pub(super) fn push(&mut self, mut job: Job, now: Instant) {
        let chat = self.current(job.call.place.chat);
        job.move_to(chat);
        self.chat(chat, now).push(job);
    }

    /// Queues what something newer may replace.
    pub(super) fn signal(&mut self, mut signal: Signal, now: Instant) {
        let chat = self.current(signal.call.place.chat);
        signal.call.place.chat = chat;
        if matches!(signal.kind, Kind::Reaction(..)) && self.no_reactions.contains(&chat) {
            return signal.end(RepaintOutcome::Dropped, ReactionOutcome::NotAllowed);
        }
        self.chat(chat, now).signal(signal);
    }

    /// The id that a chat has now.
    fn current(&self, chat: i64) -> i64 {
        self.moved.get(&chat).copied().unwrap_or(chat)
    }

    fn chat(&mut self, id: i64, now: Instant) -> &mut Chat {
        let rate = self.pace.of(id);
        self.chats.entry(id).or_insert_with(|| Chat::new(id, rate, now))
    }

    /// Picks the call that has been allowed to go for the longest time, messages first.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        self.chats.retain(|_, chat| chat.forgotten_at().is_none_or(|at| at > now));
        let window = &self.window;
        let room = |class| match class {
            Class::Message => window.below_at(self.pace.overall, now),
            Class::File | Class::Signal => {
                window.below_at(self.pace.overall.saturating_sub(KEPT).max(1), now)
            }
        };
        let mut first: Option<(Class, Instant, i64)> = None;
        let mut wake: Option<Instant> = None;
        for (id, chat) in &mut self.chats {
            let at = match chat.next(now) {
                Some((class, ready)) => {
                    let Some(at) = room(class).map(|room| room.max(ready)) else { continue };
                    if at <= now {
                        let this = (class, ready, *id);
                        first = Some(first.map_or(this, |first| first.min(this)));
                    }
                    Some(at)
                }
                None => chat.forgotten_at(),
            };
            wake = wake.into_iter().chain(at).min();
        }
        if let Some((class, _, id)) = first
            && let Some(chat) = self.chats.get_mut(&id)
            && let Some((call, in_flight)) = chat.start(class, now)
        {
            self.window.leave();
            if class == Class::File {
                // On its way it must not use up the budget of all.
                self.window.land(now);
            }
            self.tickets += 1;
            let ticket = Ticket(self.tickets);
            self.in_flight.insert(ticket, (id, in_flight));
            return Next::Call(ticket, call);
        }
        wake.map_or(Next::Nothing, Next::At)
    }

    /// Takes note of what became of a call.
    pub(super) fn finish(&mut self, ticket: Ticket, outcome: Result<i32, Refusal>, now: Instant) {
        let Some((given, mut in_flight)) = self.in_flight.remove(&ticket) else { return };
        let is_file = matches!(in_flight, InFlight::File(_));
        if is_file {
            // Telegram may count it when it begins or when it is there.
            self.window.leave();
        }
        self.window.land(now);
        // That a file does not get there says nothing of the messages beside it.
        if !(is_file && matches!(outcome, Err(Refusal::Unknown(_)))) {
            self.log(given, &outcome);
        }
        if let Err(Refusal::Migrated(new)) = outcome {
            self.follow(self.current(given), new, now);
        }
        let chat = self.current(given);
        in_flight.move_to(chat);
        if self.chat(chat, now).finish(in_flight, outcome, now) == Failure::NoReactions {
            info!(chat, "a chat takes no reactions");
            self.no_reactions.insert(chat);
        }
    }

    /// A group has another id.
    fn follow(&mut self, old: i64, new: i64, now: Instant) {
        if old == new || self.moved.contains_key(&new) {
            return;
        }
        info!(chat = old, new, "a group became a supergroup");
        self.moved.insert(old, new);
        self.moved.values_mut().filter(|id| **id == old).for_each(|id| *id = new);
        if let Some(state) = self.chats.remove(&old) {
            self.chat(new, now).adopt(state);
        }
    }

    /// Of trouble, one line when it begins and one when it is over, however many calls it takes.
    fn log(&mut self, chat: i64, outcome: &Result<i32, Refusal>) {
        match outcome {
            Err(refusal @ Refusal::Unknown(_)) => {
                if !self.offline {
                    warn!("sending fails, trying again: {refusal}");
                }
                self.offline = true;
                return;
            }
            Err(Refusal::Blocked(text)) => {
                if self.blocked.insert(chat) {
                    warn!(chat, "a chat takes no messages: {text}");
                }
            }
            Err(Refusal::RetryAfter(pause)) => {
                warn!(chat, seconds = pause.as_secs(), "Telegram asks a chat to wait");
            }
            Ok(_) => {
                self.blocked.remove(&chat);
            }
            Err(_) => {}
        }
        if self.offline {
            info!("sending works again");
        }
        self.offline = false;
    }

    /// Whether something durable waits or is on its way.
    pub(super) fn owes(&self) -> bool {
        self.chats.values().any(Chat::owes)
            || self.in_flight.values().any(|(_, call)| call.is_durable())
    }

    /// A flush waits for all that is durable now, until the sender and its clones are dropped.
    pub(super) fn hold(&mut self, scope: Scope, flush: &mpsc::Sender<Infallible>) {
        let (moved, scope) = (&self.moved, scope.moved(|chat| self.current(chat)));
        for (id, chat) in &mut self.chats {
            if scope.has(*id) {
                chat.hold(scope, flush);
            }
        }
        for (given, call) in self.in_flight.values_mut() {
            if scope.has(moved.get(given).copied().unwrap_or(*given)) {
                call.hold(scope, flush);
            }
        }
    }
}

#[cfg(test)]
mod tests;
