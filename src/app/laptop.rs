//! The laptop at the same time: sessions that it opens, prompts that go into its terminals, and
//! terminals that are taken over.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};

use crate::{
    app::{App, prompts::Sending, runs::Shown},
    bridge::{
        follow::{Errand, Plan},
        place::Place,
        prompt::PromptId,
        run::{Activity, Asked, Order, State},
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

/// What is known of the laptop and of the errands to it.
pub(super) struct Laptop {
    /// What the person chose for a place and session, while this process has the session.
    chosen: HashMap<(Place, SessionId), (Plan, u32)>,
    errands: Vec<Underway>,
    tasks: JoinSet<(SessionId, PromptId, Option<Asked>)>,
    queues: HashMap<SessionId, Arc<Mutex<()>>>,
    /// Changes with Claude's directory, for the errands.
    beat: watch::Sender<u64>,
    /// Sessions that the laptop has opened, and by which process: said once.
    opened: HashSet<(SessionId, u32)>,
    /// The place that used a session last.
    users: HashMap<SessionId, Place>,
    watching: bool,
}

struct Underway {
    session: SessionId,
    prompt: PromptId,
    /// The message that carries the prompt.
    message: (Place, i32),
    plan: watch::Sender<Plan>,
}

impl Default for Laptop {
    fn default() -> Self {
        Self {
            chosen: HashMap::new(),
            errands: Vec::new(),
            tasks: JoinSet::new(),
            queues: HashMap::new(),
            beat: watch::Sender::new(0),
            opened: HashSet::new(),
            users: HashMap::new(),
            watching: true,
        }
    }
}

impl Laptop {
    /// The next errand that is over, with the prompt that a run of ours is to answer; pending
    /// while none is.
    pub(super) async fn back(&mut self) -> (SessionId, Option<Asked>) {
        loop {
            match self.tasks.join_next().await {
                Some(Ok((session, prompt, asked))) => {
                    self.errands.retain(|errand| errand.prompt != prompt);
                    return (session, asked);
                }
                Some(Err(broken)) => tracing::error!(%broken, "an errand broke"),
                None => std::future::pending().await,
            }
        }
    }

    /// Takes the prompt of a turn back that a terminal has or waits for, and says how that went;
    /// None where no terminal has to do with it.
    pub(super) fn take_back(&self, shown: &Shown) -> Option<&'static str> {
        let errand = self.errands.iter().find(|errand| errand.prompt == shown.prompt)?;
        if shown.turn.borrow().taken {
            return Some(AT_TERMINAL);
        }
        errand.plan.send_replace(Plan::TakeBack);
        Some("Stopping…")
    }

    /// Ends every errand as far as it is: what a terminal has goes on there. From now on nothing is
    /// said of what the laptop does.
    pub(super) fn leave(&mut self) {
        self.watching = false;
        for errand in &self.errands {
            errand.plan.send_replace(Plan::Leave);
        }
    }

    /// What was chosen for a place, while this process has the session.
    fn chosen(&self, place: Place, live: &Live) -> Option<Plan> {
        let (plan, pid) = self.chosen.get(&(place, live.session))?;
        (*pid == live.pid).then_some(*plan)
    }
}

impl App {
    // ---- Prompts for a session that the laptop has open ----

    /// Does what the person has chosen for a session that is open elsewhere, or asks.
    pub(super) fn choose(&mut self, sending: Sending, found: &Session, live: Live) {
        let source = sending.prompt.source;
        // What we hold of it is about to be out of date.
        self.runs.order(found.id, Order::LetGo);
        let chosen = self.laptop.chosen(source.place, &live);
        // What the terminal has already, from before a restart, is followed there.
        match chosen.or_else(|| self.stands_in(found.id, sending.prompt.id)) {
            Some(plan)
                if plan != Plan::Send
                    || (live.socket.is_some() && sending.prompt.attachments.is_empty()) =>
            {
                self.errand(sending, live, plan);
            }
            _ => {
                let files = sending.prompt.attachments.len();
                let card = laptop::choose(&self.scene(), found, &live, files);
                self.reply_to(source.place, source.message, card);
            }
        }
    }

    fn stands_in(&self, session: SessionId, prompt: PromptId) -> Option<Plan> {
        let transcript = self.setup.home.transcript(session)?;
        let trace = transcript::holds(&transcript, prompt.0).ok()?;
        (trace != Trace::Absent).then_some(Plan::Send)
    }

    /// The person has chosen: for a prompt that waits, or another way for one that is on its way.
    pub(super) fn tap_plan(
        &mut self,
        message: &Message,
        session: SessionId,
        plan: Plan,
        waiting: Option<Sending>,
    ) {
        let Some(mut sending) = waiting else { return };
        let source = sending.prompt.source;
        if plan == Plan::Send && !sending.prompt.attachments.is_empty() {
            return self.say(source.place, files::not_for_a_terminal());
        }
        let carried = (source.place, source.message);
        let mut underway = self.laptop.errands.iter();
        if let Some(errand) =
            underway.find(|errand| errand.session == session && errand.message == carried)
        {
            errand.plan.send_replace(plan);
            return;
        }
        self.settle_question(message, Some(&sending));
        if let Some(live) = self.holder(session) {
            self.laptop.chosen.insert((source.place, session), (plan, live.pid));
        }
        sending.session = Some(session);
        self.send(sending);
    }

    fn errand(&mut self, sending: Sending, holder: Live, plan: Plan) {
        let (prompt, session) = (sending.prompt, holder.session);
        let place = prompt.source.place;
        self.note_leg(
            &self.seat(place, holder.cwd.clone(), Conversation::Resume(session)),
            &prompt,
        );
        let (source, display, id) = (prompt.source, prompt.display(), prompt.id);
        let (asked, turn) = self.runs.admit(session, prompt);
        let (steer, plan) = watch::channel(plan);
        // What nobody stands in any more is not kept.
        self.laptop.queues.retain(|_, queue| Arc::strong_count(queue) > 1);
        let errand = Errand {
            home: self.setup.home.clone(),
            program: self.setup.claude.clone(),
            environment: self.setup.environment.clone(),
            session,
            holder,
            queue: Arc::clone(self.laptop.queues.entry(session).or_default()),
            plan,
            beat: self.laptop.beat.subscribe(),
            run: self.runs.watch(session),
        };
        let message = (source.place, source.message);
        self.laptop.errands.push(Underway { session, prompt: id, message, plan: steer });
        self.laptop.tasks.spawn(async move { (session, id, errand.run(asked).await) });
        self.show(source.place, Some(source), turn, display);
    }

    /// An errand is over: what is not answered goes to a run of ours.
    pub(super) fn back(&mut self, session: SessionId, asked: Option<Asked>) {
        let Some(asked) = asked else { return };
        let found = self.found(session).map(|session| session.project);
        let directory = found.unwrap_or_else(|| self.directory_here(asked.prompt.source.place));
        let place = asked.prompt.source.place;
        self.hand_over(self.seat(place, directory, Conversation::Resume(session)), asked);
    }

    // ---- What the laptop does ----

    /// Something in Claude's directory has changed.
    pub(super) fn changed(&mut self, changes: &[Change]) {
        self.laptop.beat.send_modify(|beat| *beat += 1);
        for change in changes {
            match change {
                Change::Transcript(session) => self.compare(*session),
                Change::Gone(session) => self.gone(*session),
                Change::Registry | Change::Everything | Change::History => {}
            }
        }
        if changes.iter().any(|change| matches!(change, Change::Registry | Change::Everything)) {
            self.look_at_the_laptop();
        }
    }

    /// Somebody has written to a session that may be idle here.
    fn compare(&self, session: SessionId) {
        // One that works writes all the time, and would be flooded.
        let idle = |state: State| matches!(state.activity, Activity::Idle(_));
        if self.runs.state(session).is_some_and(idle) {
            self.runs.order(session, Order::Compare);
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
        for live in &all {
            if live.is_foreign() && !self.runs.has(live.pid) {
                self.opened(live);
            }
        }
    }

    fn opened(&mut self, live: &Live) {
        let session = live.session;
        let Some(state) = self.runs.state(session).filter(|state| state.pid.is_some()) else {
            return;
        };
        let idle = matches!(state.activity, Activity::Idle(_)) && state.background == 0;
        if idle {
            self.runs.order(session, Order::LetGo);
        }
        if !self.laptop.opened.insert((session, live.pid)) {
            return;
        }
        let Some((found, last)) = self.found(session).zip(state.last) else { return };
        if idle {
            return self.say(last.place, laptop::let_go(&self.scene(), &found, live));
        }
        let runs_here = |shown: &&Shown| {
            let turn = shown.turn.borrow();
            turn.session == session && turn.outcome().is_none() && turn.terminal.is_none()
        };
        let turn = self.runs.shown.iter().find(runs_here);
        let stop = turn.map(|shown| stop_key(&shown.turn.borrow()));
        self.say(last.place, laptop::opened(&self.scene(), &found, live, stop));
    }

    fn gone(&mut self, session: SessionId) {
        let state = self.runs.state(session).filter(|state| state.pid.is_some());
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
        let bound = self.ledger.binding(before).and_then(|binding| binding.session);
        if bound == Some(session)
            && let Some(found) = self.found(session)
        {
            self.say(before, laptop::used_elsewhere(&self.scene(), &found));
        }
    }
}
