//! Who has a session that we do not have: a terminal, or a process of an earlier segue; and what is
//! known of them.

use tokio::time::Instant;

use crate::{
    bridge::{prompt::PromptId, reader::TurnReader, turn::Outcome},
    claude::{identity::Started, live::Live, session::Status},
};

/// What is known of who has the session.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) who: OtherHolder,
    /// The reader of the first prompt's turn.
    pub(super) tail: Option<(PromptId, TurnReader)>,
    /// Whether a look, a message, or an end is under way.
    pub(super) busy: bool,
    /// The prompt that is on its way to it: nobody can say yet that it does not have it.
    pub(super) sending: Option<PromptId>,
    pub(super) next: Instant,
    pub(super) idle_since: Option<Instant>,
    pub(super) absent_since: Option<Instant>,
    /// What it is doing, as it last said.
    pub(super) live: Option<Live>,
    /// A look has been made since the last change of plan.
    pub(super) seen: bool,
}

#[derive(Clone, Debug)]
pub(super) enum OtherHolder {
    Terminal(Box<Live>),
    Orphan(Started),
}

/// What a look has shown.
#[derive(Debug)]
pub(super) struct Observation {
    /// What it says of itself, if it says something.
    pub(super) live: Option<Live>,
    /// Whether the process runs.
    pub(super) alive: bool,
    /// How far the turn of a prompt was read, and how it ended if it did.
    pub(super) tail: Option<(PromptId, TurnReader, Option<Outcome>)>,
}

impl Elsewhere {
    pub(super) fn new(who: OtherHolder, now: Instant) -> Self {
        let live = match &who {
            OtherHolder::Terminal(live) => Some((**live).clone()),
            OtherHolder::Orphan(_) => None,
        };
        Self {
            who,
            tail: None,
            busy: false,
            sending: None,
            next: now,
            idle_since: None,
            absent_since: None,
            live,
            seen: false,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.busy).then_some(self.next)
    }

    /// Something has changed: it is looked now.
    pub(super) fn look_at(&mut self, now: Instant) {
        self.next = now;
    }

    pub(super) fn is_orphan(&self) -> bool {
        matches!(self.who, OtherHolder::Orphan(_))
    }

    pub(super) fn status(&self) -> Status {
        self.live.as_ref().map_or(Status::Busy, |live| live.status)
    }

    pub(super) fn tail_of(&self, prompt: PromptId) -> Option<&TurnReader> {
        self.tail.as_ref().filter(|(id, _)| *id == prompt).map(|(_, tail)| tail)
    }
}
