//! The core of a session: what is done about a terminal that has it, as the person has chosen.

use tokio::time::Instant;

use crate::{
    bridge::{
        prompt::PromptId,
        session::{
            Queued, Report,
            elsewhere::Who,
            state::{Effect, Holder, Session},
        },
        terminal::{Plan, Trouble, When},
        turn::Outcome,
    },
    claude::{live::Live, session::Status},
};

/// Why a request cannot be asked while a terminal has the session.
pub(super) const OPEN: &str = "the session is open on the laptop";

impl Session {
    /// Does what the person has chosen for what waits.
    pub(super) fn advance_elsewhere(&mut self, now: Instant) {
        if matches!(&self.holder, Holder::Elsewhere(elsewhere) if elsewhere.is_orphan()) {
            return;
        }
        self.refuse_controls(OPEN);
        if self.queue.is_empty() {
            self.holder = Holder::Nobody;
            return self.advance(now);
        }
        let now_wanted = |queued: &Queued| queued.plan == Some(Plan::TakeOver(When::Now));
        let at_once = self.queue.iter().any(now_wanted);
        if !self.is_ready() {
            return;
        }
        let Some(head) = self.queue.front() else { return };
        let (id, plan) = (head.prompt.id, head.plan);
        let Holder::Elsewhere(elsewhere) = &mut self.holder else { return };
        let tail = elsewhere.tail_of(id);
        if elsewhere.busy || tail.is_none() || !elsewhere.seen {
            if tail.is_none() {
                elsewhere.next = elsewhere.next.min(now);
            }
            return;
        }
        let sent = tail.is_some_and(|tail| tail.sent || tail.taken);
        let Who::Terminal(live) = elsewhere.who.clone() else { return };
        let when_idle = plan == Some(Plan::TakeOver(When::Idle));
        if at_once || (when_idle && !sent && elsewhere.status() == Status::Idle) {
            elsewhere.busy = true;
            return self.want(Effect::TakeOver(live));
        }
        match plan {
            // The person has not said what is to be done with this one.
            None => self.ask_for_head(live),
            Some(Plan::Send) if !sent => match &live.socket {
                Some(socket) => {
                    (elsewhere.busy, elsewhere.sending) = (true, Some(id));
                    let effect = Effect::Inbox(socket.clone(), id, head.prompt.text.clone());
                    self.want(effect);
                }
                None => self.finish_elsewhere(id, Outcome::Terminal(Trouble::Deaf)),
            },
            Some(_) => {}
        }
    }

    /// Gives the first of the queue back: the person decides.
    pub(super) fn ask_for_head(&mut self, live: Box<Live>) {
        if let Some(queued) = self.queue.pop_front() {
            self.want(Effect::Report(Report::Opened { queued, live }));
        }
    }

    /// A prompt was handed to the terminal, or not.
    pub(super) fn sent(&mut self, prompt: PromptId, taken: bool, now: Instant) {
        let Some(elsewhere) = self.elsewhere() else { return };
        (elsewhere.busy, elsewhere.sending) = (false, None);
        elsewhere.next = now;
        elsewhere.idle_since = None;
        if let Some((id, tail)) = &mut elsewhere.tail
            && *id == prompt
        {
            tail.sent = taken;
        }
        self.show_terminal();
        if !taken {
            self.finish_elsewhere(prompt, Outcome::Terminal(Trouble::Deaf));
        }
    }

    /// The terminal was told to end: whether it did.
    pub(super) fn taken_over(&mut self, gone: bool, now: Instant) {
        let Some(elsewhere) = self.elsewhere() else { return };
        elsewhere.busy = false;
        elsewhere.next = now;
        if gone {
            // What it wrote last is read once more, before anything else is done.
            elsewhere.seen = false;
            return;
        }
        let told = |queued: &&Queued| matches!(queued.plan, Some(Plan::TakeOver(_)));
        let told: Vec<_> = self.queue.iter().filter(told).map(|queued| queued.prompt.id).collect();
        for prompt in told {
            self.finish_elsewhere(prompt, Outcome::Terminal(Trouble::Stays));
        }
    }
}
