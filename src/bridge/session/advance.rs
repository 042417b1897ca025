//! The core of a session: what is done next for what waits.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

use crate::{
    bridge::{
        prompt::{Manner, slash_command},
        session::{
            Activity, Control, Queued, Why,
            state::{Cause, Effect, Holder, INITIALIZE, MODES, Ours, Session, Slot},
        },
        turn::{Phase, Wait},
    },
    claude::{process::Ending, wire::say},
};

/// How long a slash command may wait for the CLI's list of them.
const LEARN: Duration = Duration::from_secs(10);

impl Session {
    /// Does what can be done for what waits.
    pub(super) fn advance(&mut self, now: Instant) {
        self.collect_files();
        match self.holder {
            Holder::Preparing | Holder::Closing(_) => return,
            Holder::Elsewhere(_) => {
                self.free_slot();
                return self.advance_elsewhere(now);
            }
            Holder::Nobody | Holder::Free | Holder::Ours(_) => {}
        }
        if self.running.is_some() || self.inside.is_some() {
            self.send_controls();
            return self.join();
        }
        if self.ours().is_some_and(|ours| ours.has_branched && ours.tasks.is_empty()) {
            // Whoever opens the session next, here or on the laptop, finds the branch then.
            return self.end(Ending::Polite, Cause::Replaced);
        }
        if self.queue.is_empty() {
            self.free_slot();
            self.advance_controls();
            return self.rest();
        }
        if self.is_ready() {
            self.next_prompt(now);
        } else {
            self.free_slot();
            self.send_controls();
        }
    }

    /// Brings the first of the queue on its way.
    fn next_prompt(&mut self, now: Instant) {
        let is_gone = matches!(self.holder, Holder::Nobody | Holder::Free);
        if is_gone && self.resting.is_some_and(|until| until > now) {
            self.holder = Holder::Nobody;
            return self.free_slot();
        }
        let Some(head) = self.queue.front() else { return };
        let (elsewhere, cut) = (head.plan.is_some(), head.cut);
        if cut.is_some() && self.spec.cut != cut {
            self.spec.cut = cut;
            match self.holder {
                // It was started for the end of the conversation.
                Holder::Ours(_) => return self.end(Ending::Kill, Cause::Replaced),
                Holder::Free => self.holder = Holder::Nobody,
                _ => {}
            }
        }
        if elsewhere && matches!(self.holder, Holder::Ours(_)) {
            // What we hold of it is about to be out of date.
            return self.end(Ending::Kill, Cause::Replaced);
        }
        if elsewhere && matches!(self.holder, Holder::Free) {
            // The terminal is gone: the prompt goes on here.
            self.keep_here();
        }
        if matches!(self.holder, Holder::Nobody) && (elsewhere || self.must_look()) {
            return self.prepare();
        }
        if self.look_for_head() {
            return;
        }
        if self.slot != Slot::Held {
            if matches!(self.holder, Holder::Free) {
                // Until there is one, that may change.
                self.holder = Holder::Nobody;
            }
            return self.want_slot();
        }
        let relaunch = self.relaunch;
        match &mut self.holder {
            Holder::Nobody => self.prepare(),
            Holder::Ours(ours) if relaunch && ours.tasks.is_empty() => {
                self.end(Ending::Kill, Cause::Replaced);
            }
            Holder::Ours(ours) if !ours.is_current => self.compare(),
            Holder::Free | Holder::Ours(_) => self.begin(now),
            Holder::Preparing | Holder::Closing(_) | Holder::Elsewhere(_) => {}
        }
    }

    fn must_look(&self) -> bool {
        self.queue.front().is_some_and(|head| head.may_have_run)
    }

    /// Looks for the first of the queue in the transcript, where it may have run. True while it is
    /// not known.
    fn look_for_head(&mut self) -> bool {
        let Some(head) = self.queue.front().filter(|head| head.may_have_run) else { return false };
        let (id, turn) = (head.prompt.id, Box::new(head.turn.borrow().clone()));
        if self.looking.is_none() {
            self.looking = Some(id);
            self.want(Effect::Look(id, turn));
        }
        true
    }

    pub(super) fn prepare(&mut self) {
        self.holder = Holder::Preparing;
        self.want(Effect::Prepare);
    }

    pub(super) fn compare(&mut self) {
        if let Some(ours) = self.ours().filter(|ours| !ours.comparing) {
            ours.comparing = true;
            self.want(Effect::Compare);
        }
    }

    /// Ends our process.
    pub(super) fn end(&mut self, ending: Ending, cause: Cause) {
        if let Holder::Ours(ours) = &mut self.holder {
            let ending = if ours.has_branched { Ending::Polite } else { ending };
            if matches!(cause, Cause::Replaced) {
                self.lost.append(&mut ours.tasks);
                self.relaunch = false;
            }
            self.holder = Holder::Closing(cause);
            self.want(Effect::End(ending));
        }
    }

    /// Hands the next prompt into the running turn, if it may.
    fn join(&mut self) {
        let Some(current) = &self.running else { return };
        let place = current.prompt.source.place;
        let runs = current.turn.borrow().taken && self.inside.is_none();
        let joins = |next: &Queued| {
            next.is_of(place) && next.prompt.manner != Manner::After && next.plan.is_none()
        };
        if !runs || !self.is_ready() {
            return;
        }
        let stopping = !matches!(&self.holder, Holder::Ours(ours) if ours.patience.is_none());
        if stopping || !self.queue.front().is_some_and(joins) || self.look_for_head() {
            return;
        }
        if let Some(next) = self.queue.pop_front() {
            let line = say::prompt(next.prompt.id.0, &next.prompt.text, next.prompt.images());
            self.want(Effect::Ask(next.prompt.id, line));
            self.inside = Some(next);
        }
    }

    /// Nothing is to be done by our process: it goes if it is to go, and looks whether it still knows
    /// all of its session.
    fn rest(&mut self) {
        let is_idle = self.is_idle();
        let Some(ours) = self.ours().filter(|_| is_idle) else { return };
        if ours.leave {
            self.end(Ending::Kill, Cause::Idle);
        } else if ours.look && ours.doubted.is_none() && !ours.comparing {
            ours.look = false;
            self.compare();
        }
    }

    // ---- Slots ----

    fn want_slot(&mut self) {
        if self.slot == Slot::None {
            self.slot = Slot::Wanted;
            self.want(Effect::WantSlot);
        }
    }

    /// No slot is free: the queue waits for one.
    pub(super) fn slot_is_awaited(&mut self) {
        let wait = Phase::Waiting(Wait::Slot(self.turns));
        for queued in self.queue.iter().filter(|queued| queued.files.is_none()) {
            queued.show(|turn| turn.phase = wait.clone());
        }
    }

    pub(super) fn slot_granted(&mut self) {
        if self.slot == Slot::Wanted {
            self.slot = Slot::Held;
        }
    }

    pub(super) fn free_slot(&mut self) {
        if self.slot != Slot::None {
            self.slot = Slot::None;
            self.want(Effect::FreeSlot);
        }
    }

    // ---- The beginning of a turn ----

    /// Begins a turn with the first of the queue, on the warm process or a new one.
    fn begin(&mut self, now: Instant) {
        let Some(next) = self.queue.pop_front() else { return };
        let tasks = self.ours().map(|ours| ours.tasks.clone()).unwrap_or_default();
        let lost = std::mem::take(&mut self.lost);
        next.show(|turn| {
            (turn.phase, turn.began, turn.ended) = (Phase::Starting, now, None);
            turn.lost.extend(lost);
            turn.work.background = tasks;
        });
        let source = next.prompt.source;
        self.state.send_modify(|state| {
            (state.activity, state.last) = (Activity::Busy, Some(source));
        });
        self.running = Some(next);
        if matches!(self.holder, Holder::Free) {
            self.start();
        } else {
            self.write_running();
        }
    }

    fn start(&mut self) {
        self.holder = Holder::Preparing;
        self.want(Effect::Start);
    }

    /// A process of ours has started. It is asked what it offers: no request lists the permission
    /// modes but the refusal of one that does not exist.
    pub(super) fn started(&mut self, pid: u32) {
        tracing::info!(session = %self.id(), pid, "started the CLI");
        self.holder = Holder::Ours(Box::new(Ours { is_current: true, ..Ours::default() }));
        self.state.send_modify(|state| {
            (state.pid, state.background, state.offers) = (Some(pid), 0, None);
        });
        self.say(say::request(INITIALIZE, &json!({"subtype": "initialize"})));
        let body = json!({"subtype": "set_permission_mode", "mode": "?"});
        self.say(say::request(MODES, &body));
        self.write_running();
        self.send_controls();
    }

    /// Hands the running prompt to the process, once its words are those of the CLI: Telegram's
    /// commands have `_` where those of the CLI may have `-`.
    pub(super) fn write_running(&mut self) {
        let Holder::Ours(ours) = &mut self.holder else { return };
        let Some(running) = &self.running else { return };
        let prompt = &running.prompt;
        let name = slash_command(&prompt.text).filter(|name| name.contains('_'));
        if name.is_some() && !ours.offered {
            ours.learning = Some(Instant::now() + LEARN);
            return;
        }
        ours.has_branched |= self.at.is_some();
        let known = name.and_then(|name| Some((name, ours.offers.command(name)?)));
        let text = match known {
            Some((name, known)) => format!("/{known}{}", &prompt.text[1 + name.len()..]),
            None => prompt.text.clone(),
        };
        let line = say::prompt(prompt.id.0, &text, prompt.images());
        let id = prompt.id;
        self.want(Effect::Ask(id, line));
    }

    // ---- Control requests ----

    fn advance_controls(&mut self) {
        if self.controls.is_empty() && !self.see_to {
            if matches!(self.holder, Holder::Nobody | Holder::Free) {
                self.over = Some(Why::Idle);
            }
            return;
        }
        match &mut self.holder {
            Holder::Nobody => self.prepare(),
            Holder::Free if self.controls.is_empty() => self.over = Some(Why::Idle),
            Holder::Free => self.start(),
            Holder::Ours(ours) if !ours.is_current => self.compare(),
            _ => self.send_controls(),
        }
    }

    /// Hands the requests that wait to the process.
    fn send_controls(&mut self) {
        if !matches!(self.holder, Holder::Ours(_)) || self.controls.is_empty() {
            return;
        }
        self.touch();
        let runs = self.running.is_some() || self.inside.is_some();
        if let Some(ours) = self.ours() {
            // Who asks next may come much later.
            ours.is_current &= runs;
        }
        for control in std::mem::take(&mut self.controls) {
            let id = Uuid::new_v4().to_string();
            self.say(say::request(&id, &control.body));
            if let Some(ours) = self.ours() {
                ours.pending.insert(id, control);
            }
        }
    }

    /// The requests that wait cannot be asked.
    pub(super) fn refuse_controls(&mut self, why: &str) {
        for Control { reply, .. } in self.controls.drain(..) {
            refuse(reply, why);
        }
    }

    /// What was idle is in use.
    pub(super) fn touch(&self) {
        self.state.send_if_modified(|state| match &mut state.activity {
            Activity::Idle(since) => {
                *since = Instant::now();
                true
            }
            Activity::Busy => false,
        });
    }

    pub(super) fn tell_choices(&self) {
        let chosen = self.spec.choices.clone();
        self.state.send_modify(|state| {
            state.mode = chosen.mode.or(state.mode.take());
            state.model = chosen.model.or(state.model.take());
            state.effort = chosen.effort.or(state.effort.take());
        });
    }
}

fn refuse(reply: oneshot::Sender<Result<Value, String>>, why: &str) {
    // Who asked may have gone.
    let _ = reply.send(Err(why.to_owned()));
}
