//! The laptop at the same time: sessions that it opens, prompts that go into its terminals, and
//! terminals that are taken over.

use std::collections::{HashMap, HashSet};

use crate::{
    app::{App, sessions::ActiveTurn},
    bridge::{
        book::{Arrival, HoldReason},
        place::Place,
        prompt::PromptId,
        session::{Activity, Order},
        terminal::TerminalRoute,
    },
    claude::{
        live::{self, Live},
        process::Conversation,
        session::{Session, SessionId},
        transcript::{self, Trace},
        watch::Change,
    },
    screens::{files, laptop, turn::stop_key},
    telegram::update::Message,
};

/// What stopping says where that is not possible.
pub(super) const AT_TERMINAL: &str =
    "Claude works in the terminal on the laptop: press Escape there, or take over.";

/// What taking back says of a prompt that the terminal has got and not begun.
pub(super) const IN_INBOX: &str =
    "The terminal on the laptop has it in its inbox: only there it can be removed.";

/// What is known of the laptop.
pub(super) struct Laptop {
    /// What the person chose for a place and session, while this process has the session.
    chosen: HashMap<(Place, SessionId), (TerminalRoute, u32)>,
    /// Sessions that the laptop has opened, and by which process: said once.
    opened: HashSet<(SessionId, u32)>,
    /// The place that used a session last.
    users: HashMap<SessionId, Place>,
    watching: bool,
}

impl Default for Laptop {
    fn default() -> Self {
        Self {
            chosen: HashMap::new(),
            opened: HashSet::new(),
            users: HashMap::new(),
            watching: true,
        }
    }
}

impl Laptop {
    /// From now on nothing is said of what the laptop does.
    pub(super) fn leave(&mut self) {
        self.watching = false;
    }

    /// What was chosen for a place, while this process has the session.
    fn chosen(&self, place: Place, live: &Live) -> Option<TerminalRoute> {
        let (plan, pid) = self.chosen.get(&(place, live.session))?;
        (*pid == live.pid).then_some(*plan)
    }
}

impl App {
    // ---- Prompts for a session that the laptop has open ----

    /// Does what the person has chosen for a session that is open elsewhere, or asks.
    pub(super) fn choose(&mut self, arrival: Arrival, found: &Session, live: Live) {
        let Arrival { prompt, .. } = arrival;
        let (source, files) = (prompt.source, prompt.attachments.len());
        // What we hold of it is about to be out of date.
        self.sessions.order(found.id, Order::LetGo);
        if let Some(plan) = self.plan_for(source.place, (found.id, prompt.id), &live, files) {
            let resume = Conversation::Resume(live.session);
            let spec = self.spec(source.place, live.cwd, resume);
            self.ask_with(spec, prompt, Some(plan));
        } else {
            let card = laptop::choose(&self.scene(), found, &live, files);
            self.ask_person(&prompt, HoldReason::Terminal(found.id), card);
        }
    }

    /// What is to be done with a prompt whose session is open elsewhere, as far as it is known.
    pub(super) fn plan_for(
        &self,
        place: Place,
        (session, prompt): (SessionId, PromptId),
        live: &Live,
        files: usize,
    ) -> Option<TerminalRoute> {
        // What the terminal has already, from before a restart, is followed there.
        let plan = self.laptop.chosen(place, live).or_else(|| self.stands_in(session, prompt))?;
        (plan != TerminalRoute::Send || (live.socket.is_some() && files == 0)).then_some(plan)
    }

    fn stands_in(&self, session: SessionId, prompt: PromptId) -> Option<TerminalRoute> {
        let transcript = self.setup.home.transcript(session)?;
        let trace = transcript::holds(&transcript, prompt.0).ok()?;
        (trace != Trace::Absent).then_some(TerminalRoute::Send)
    }

    /// The person has chosen: for a prompt that waits, or another way for one that is on its way.
    pub(super) fn tap_plan(
        &mut self,
        message: &Message,
        session: SessionId,
        plan: TerminalRoute,
        waiting: Option<Arrival>,
    ) {
        let Some(mut arrival) = waiting else { return };
        let source = arrival.prompt.source;
        if plan == TerminalRoute::Send && !arrival.prompt.attachments.is_empty() {
            return self.say(source.place, files::not_for_a_terminal());
        }
        let is_it = |shown: &&ActiveTurn| {
            shown.message == Some(source.message)
                && shown.place == source.place
                && shown.turn.borrow().terminal.is_some()
        };
        let there = self.sessions.turns().find(is_it).map(|shown| shown.prompt);
        if let Some(prompt) = there {
            return self.sessions.order(session, Order::Choose(prompt, plan));
        }
        self.settle_question(message, Some(&arrival));
        if let Some(live) = self.holder(session) {
            self.laptop.chosen.insert((source.place, session), (plan, live.pid));
        }
        arrival.session = Some(session);
        self.send(arrival);
    }

    // ---- What the laptop does ----

    /// Something in Claude's directory has changed.
    pub(super) fn changed(&mut self, changes: &[Change]) {
        self.sessions.changed(changes);
        for change in changes {
            if let Change::Gone(session) = change {
                self.gone(*session);
            }
        }
        if changes.iter().any(|change| matches!(change, Change::Registry | Change::Everything)) {
            self.look_at_the_laptop();
        }
    }

    /// Lets go of the sessions that the laptop has opened, and says so.
    pub(super) fn look_at_the_laptop(&mut self) {
        if !self.laptop.watching {
            return;
        }
        let all = live::list(&self.setup.home);
        let is_there = |pid: u32| all.iter().any(|live| live.pid == pid);
        self.laptop.opened.retain(|(_, pid)| is_there(*pid));
        self.laptop.chosen.retain(|_, (_, pid)| is_there(*pid));
        self.look_at_followed(&all);
        self.look_at_notices(&all);
        for live in &all {
            if live.is_foreign() && !self.sessions.has(live.pid) {
                self.opened(live);
            }
        }
    }

    fn opened(&mut self, live: &Live) {
        let session = live.session;
        let Some(state) = self.sessions.state(session).filter(|state| state.pid.is_some()) else {
            return;
        };
        let idle = matches!(state.activity, Activity::Idle(_)) && state.background == 0;
        if idle {
            self.sessions.order(session, Order::LetGo);
        }
        if !self.laptop.opened.insert((session, live.pid)) {
            return;
        }
        let Some((found, last)) = self.found(session).zip(state.last) else { return };
        if idle {
            return self.say(last.place, laptop::let_go(&self.scene(), &found, live));
        }
        let runs_here = |shown: &&ActiveTurn| {
            let turn = shown.turn.borrow();
            turn.session == session && turn.outcome().is_none() && turn.terminal.is_none()
        };
        let turn = self.sessions.turns().find(runs_here);
        let stop = turn.map(|shown| stop_key(&shown.turn.borrow()));
        self.say(last.place, laptop::opened(&self.scene(), &found, live, stop));
    }

    fn gone(&mut self, session: SessionId) {
        let state = self.sessions.state(session).filter(|state| state.pid.is_some());
        if let Some(last) = state.and_then(|state| state.last)
            && self.setup.home.transcript(session).is_none()
        {
            self.say(last.place, laptop::transcript_gone(&self.scene(), session));
        }
    }

    // ---- Other places ----

    /// A place has used a session: the place that used it before is told, if it still points there.
    pub(super) fn tell_the_other_place(&mut self, place: Place, session: SessionId) {
        let before = self.laptop.users.insert(session, place);
        let Some(before) = before.filter(|before| *before != place) else { return };
        let bound = self.places.binding(before).and_then(|binding| binding.session);
        if bound == Some(session)
            && let Some(found) = self.found(session)
        {
            self.say(before, laptop::used_elsewhere(&self.scene(), &found));
        }
    }
}

/// Why a prompt cannot be taken back or stopped from here, if it cannot.
pub(super) fn out_of_reach(shown: &ActiveTurn) -> Option<&'static str> {
    if is_in_inbox(shown) {
        return Some(IN_INBOX);
    }
    let turn = shown.turn.borrow();
    (turn.terminal.is_some() && turn.taken).then_some(AT_TERMINAL)
}

/// Whether a terminal has a prompt that it has not begun.
pub(super) fn is_in_inbox(shown: &ActiveTurn) -> bool {
    let turn = shown.turn.borrow();
    turn.terminal.as_ref().is_some_and(|terminal| terminal.sent) && !turn.taken
}
