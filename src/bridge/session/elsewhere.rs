//! The core of a session: somebody else has it, a terminal or a process of an earlier segue.
//!
//! Neither tells us anything: what it does stands in the registry, what is said there in the
//! transcript. Both are looked at when Claude's files change and now and then. The answer fills the
//! same turn that a process of ours would fill. What the person has chosen may change meanwhile.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    bridge::{
        place::Place,
        prompt::PromptId,
        reader::TurnReader,
        session::{
            Queued,
            state::{Effect, Holder, Session},
        },
        terminal::{Plan, Terminal, Trouble},
        turn::{Outcome, Phase, Wait},
    },
    claude::{identity::Started, live::Live, session::Status},
};

/// How often it is looked even when nothing seems to change. An orphan tells nobody when it does.
const LOOK: Duration = Duration::from_secs(1);
const LOOK_AT_ORPHAN: Duration = Duration::from_millis(250);
/// An orphan leaves by itself when its turn is over, and writes until then. One that idles longer
/// has something in the background and is ended.
const LEAVES: Duration = Duration::from_secs(3);
/// How long one may run without an entry in the registry: it begins, or it ends.
const ABSENT: Duration = Duration::from_secs(20);
/// How long a terminal may be idle without taking what lies in its inbox.
const TAKES: Duration = Duration::from_secs(60);

/// What is known of who has the session.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) who: Who,
    /// The reader of the first prompt's turn.
    pub(super) tail: Option<(PromptId, TurnReader)>,
    /// Whether a look, a message, or an end is under way.
    pub(super) busy: bool,
    /// The prompt that is on its way to it: nobody can say yet that it does not have it.
    pub(super) sending: Option<PromptId>,
    pub(super) next: Instant,
    pub(super) idle_since: Option<Instant>,
    absent_since: Option<Instant>,
    /// What it is doing, as it last said.
    live: Option<Live>,
    /// A look has been made since the last change of plan.
    pub(super) seen: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Who {
    Terminal(Box<Live>),
    Orphan(Started),
}

/// What a look has shown.
#[derive(Debug)]
pub(super) struct Sighting {
    /// What it says of itself, if it says something.
    pub(super) live: Option<Live>,
    /// Whether the process runs.
    pub(super) alive: bool,
    /// How far the turn of a prompt was read, and how it ended if it did.
    pub(super) tail: Option<(PromptId, TurnReader, Option<Outcome>)>,
}

impl Elsewhere {
    fn new(who: Who, now: Instant) -> Self {
        let live = match &who {
            Who::Terminal(live) => Some((**live).clone()),
            Who::Orphan(_) => None,
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
        matches!(self.who, Who::Orphan(_))
    }

    pub(super) fn status(&self) -> Status {
        self.live.as_ref().map_or(Status::Busy, |live| live.status)
    }

    pub(super) fn tail_of(&self, prompt: PromptId) -> Option<&TurnReader> {
        self.tail.as_ref().filter(|(id, _)| *id == prompt).map(|(_, tail)| tail)
    }
}

impl Session {
    pub(super) fn elsewhere(&mut self) -> Option<&mut Elsewhere> {
        match &mut self.holder {
            Holder::Elsewhere(elsewhere) => Some(elsewhere),
            _ => None,
        }
    }

    /// An earlier segue's process works here: what it does is followed, until it is gone.
    pub(super) fn follow_orphan(&mut self, process: Started, now: Instant) {
        self.holder = Holder::Elsewhere(Box::new(Elsewhere::new(Who::Orphan(process), now)));
        for queued in self.queue.iter().filter(|queued| queued.files.is_none()) {
            queued.show(|turn| turn.phase = Phase::Waiting(Wait::Orphan));
        }
    }

    pub(super) fn go_to_terminal(&mut self, live: Live, now: Instant) {
        let who = Who::Terminal(Box::new(live));
        self.holder = Holder::Elsewhere(Box::new(Elsewhere::new(who, now)));
    }

    /// The terminal is gone: what was for it goes on here.
    pub(super) fn keep_here(&mut self) {
        for queued in &mut self.queue {
            if queued.plan.take().is_some() {
                queued.show(|turn| (turn.phase, turn.terminal) = (Phase::Starting, None));
            }
        }
    }

    /// Whether a prompt was handed to somebody else, who alone can give it back.
    pub(super) fn is_sent_elsewhere(&self, prompt: PromptId) -> bool {
        let Holder::Elsewhere(elsewhere) = &self.holder else { return false };
        match elsewhere.who {
            Who::Terminal(_) => {
                elsewhere.sending == Some(prompt)
                    || elsewhere.tail_of(prompt).is_some_and(|tail| tail.sent || tail.taken)
            }
            Who::Orphan(_) => elsewhere.tail_of(prompt).is_some_and(|tail| tail.taken),
        }
    }

    /// Ends an orphan whose turn the person stops.
    pub(super) fn stop_orphan(&mut self, place: Place) {
        let taken = |queued: &Queued| queued.is_of(place) && queued.turn.borrow().taken;
        let stops = self.queue.front().is_some_and(taken);
        let Holder::Elsewhere(elsewhere) = &self.holder else { return };
        let Some(live) = elsewhere.live.clone().filter(|_| stops && elsewhere.is_orphan()) else {
            return;
        };
        if let Some(head) = self.queue.front_mut() {
            head.ended = Some(Outcome::Stopped);
        }
        self.want(Effect::Terminate(Box::new(live)));
    }

    /// Another way for a prompt that waits for a terminal.
    pub(super) fn choose(&mut self, prompt: PromptId, plan: Plan, now: Instant) {
        if let Some(queued) = self.queue.iter_mut().find(|queued| queued.prompt.id == prompt) {
            queued.plan = Some(plan);
            let leaving = matches!(plan, Plan::TakeOver(_));
            queued.show(|turn| {
                turn.terminal.get_or_insert_default().leaving = leaving;
            });
        }
        if let Some(elsewhere) = self.elsewhere() {
            elsewhere.look_at(now);
        }
    }

    /// We are shutting down: what somebody else has goes on there, and is found again.
    pub(super) fn leave_elsewhere(&mut self) {
        let orphan = matches!(&self.holder, Holder::Elsewhere(elsewhere) if elsewhere.is_orphan());
        for queued in std::mem::take(&mut self.queue) {
            if !orphan && queued.plan.is_none() {
                self.queue.push_back(queued);
                continue;
            }
            if orphan {
                queued.show(|turn| turn.taken = false);
            }
            queued.finish(Outcome::Shutdown);
        }
        if matches!(self.holder, Holder::Elsewhere(_)) {
            self.holder = Holder::Nobody;
        }
        self.settle();
    }

    // ---- Looking ----

    pub(super) fn look_elsewhere(&mut self, now: Instant) {
        if let Some(elsewhere) = self.elsewhere()
            && !elsewhere.busy
            && elsewhere.next <= now
        {
            elsewhere.busy = true;
            self.want(Effect::Watch);
        }
    }

    /// A look has come back.
    pub(super) fn seen(&mut self, sighting: Sighting, now: Instant) {
        let Some(elsewhere) = self.elsewhere() else { return };
        let orphan = elsewhere.is_orphan();
        elsewhere.busy = false;
        elsewhere.next = now + if orphan { LOOK_AT_ORPHAN } else { LOOK };
        elsewhere.live = sighting.live;
        elsewhere.seen = true;
        let over = sighting.tail.and_then(|(prompt, tail, over)| {
            elsewhere.tail = Some((prompt, tail));
            Some((prompt, over?))
        });
        if orphan {
            self.see_orphan(sighting.alive, now);
        } else {
            self.see_terminal(sighting.alive, over, now);
        }
    }

    fn see_orphan(&mut self, alive: bool, now: Instant) {
        let Some(elsewhere) = self.elsewhere() else { return };
        let (absent, idle) = (elsewhere.live.is_none(), elsewhere.status() == Status::Idle);
        // An entry that is being written cannot be read.
        let absent_for = held_for(&mut elsewhere.absent_since, absent, now);
        let idle_for = held_for(&mut elsewhere.idle_since, !absent && idle, now);
        if absent_for > ABSENT || (absent && !alive) {
            self.holder = Holder::Nobody;
            for queued in &mut self.queue {
                queued.may_have_run = true;
            }
        } else if idle_for > LEAVES
            && let Some(live) = elsewhere.live.clone()
        {
            tracing::info!(pid = live.pid, "ending a process of an earlier segue");
            self.want(Effect::Kill(Box::new(live)));
        }
    }

    fn see_terminal(&mut self, alive: bool, over: Option<(PromptId, Outcome)>, now: Instant) {
        let session = self.id();
        let Some(elsewhere) = self.elsewhere() else { return };
        let moved = elsewhere.live.as_ref().is_some_and(|live| live.session != session);
        let idle = elsewhere.status() == Status::Idle;
        let idle_for = held_for(&mut elsewhere.idle_since, idle, now);
        if let Some((prompt, outcome)) = over {
            self.finish_elsewhere(prompt, outcome);
        }
        if moved || !alive {
            return self.terminal_gone();
        }
        self.show_terminal();
        let Some((head, Holder::Elsewhere(elsewhere))) =
            self.queue.front().map(|head| (head.prompt.id, &self.holder))
        else {
            return;
        };
        let unread = elsewhere.tail_of(head).is_some_and(|tail| tail.sent && !tail.taken);
        if unread && idle_for > TAKES {
            self.finish_elsewhere(head, Outcome::Terminal(Trouble::Ignores));
        }
    }

    /// What the terminal says of itself is shown by all that wait for it.
    pub(super) fn show_terminal(&self) {
        let Holder::Elsewhere(elsewhere) = &self.holder else { return };
        let waits = elsewhere.live.as_ref().and_then(|live| live.waiting_for.clone());
        let waits = waits.filter(|_| elsewhere.status() == Status::Waiting);
        for queued in &self.queue {
            let leaving = matches!(queued.plan, Some(Plan::TakeOver(_)));
            let sent = self.is_sent_elsewhere(queued.prompt.id);
            let shown = Some(Terminal { leaving, sent, waits: waits.clone() });
            queued.turn.send_if_modified(|turn| {
                let is_new = queued.plan.is_some() && turn.terminal != shown;
                if is_new {
                    turn.terminal = shown;
                }
                is_new
            });
        }
    }

    pub(super) fn finish_elsewhere(&mut self, prompt: PromptId, outcome: Outcome) {
        let is_it = |queued: &Queued| queued.prompt.id == prompt;
        if let Some(queued) =
            self.queue.iter().position(is_it).and_then(|index| self.queue.remove(index))
        {
            queued.finish(outcome);
            self.settle();
        }
    }

    /// The terminal is gone, and what it had of ours was read to the end.
    fn terminal_gone(&mut self) {
        let holder = std::mem::replace(&mut self.holder, Holder::Nobody);
        let Holder::Elsewhere(elsewhere) = holder else { return };
        if let Some(mut head) = self.queue.pop_front() {
            let tail = elsewhere.tail_of(head.prompt.id);
            let (sent, taken) = tail.map_or((false, false), |tail| (tail.sent, tail.taken));
            match head.plan {
                Some(Plan::TakeOver(_)) if taken => {
                    self.renew(&mut head);
                    self.queue.push_front(head);
                }
                _ if taken => head.finish(Outcome::Terminal(Trouble::Closed)),
                _ => {
                    head.may_have_run |= sent;
                    self.queue.push_front(head);
                }
            }
        }
        self.keep_here();
        self.settle();
    }

    /// What stands in the transcript broken off is a new attempt: the CLI does not run the old one
    /// again.
    pub(super) fn renew(&mut self, queued: &mut Queued) {
        let old = queued.prompt.id;
        let attempt = queued.prompt.attempt + 1;
        queued.prompt.attempt = attempt;
        queued.prompt.id = PromptId::of(queued.prompt.source, attempt);
        self.want(Effect::Renew { old, prompt: Box::new(queued.prompt.clone()) });
        let new = queued.prompt.id;
        queued.show(|turn| {
            turn.restart(attempt);
            turn.prompt = new;
        });
    }
}

/// Lets a prompt wait for a terminal.
pub(super) fn await_terminal(queued: &Queued) {
    let leaving = matches!(queued.plan, Some(Plan::TakeOver(_)));
    queued.show(|turn| {
        turn.phase = Phase::Waiting(Wait::Terminal);
        turn.terminal = Some(Terminal { leaving, ..Terminal::default() });
    });
}

/// For how long something has held without a break, that holds now or not.
fn held_for(since: &mut Option<Instant>, holds: bool, now: Instant) -> Duration {
    if !holds {
        *since = None;
        return Duration::ZERO;
    }
    now.duration_since(*since.get_or_insert(now))
}
