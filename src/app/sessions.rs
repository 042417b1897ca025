//! The sessions in use: one worker for each, and the turns they show.

use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use tokio::{
    sync::{oneshot, watch},
    task::{Id, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    bridge::{
        choices::Choice,
        place::Place,
        prompt::{Prompt, PromptId},
        session::{Activity, Control, Finished, Order, Queued, RunSpec, Settings, State, Worker},
        turn::{Outcome, Phase, Turn},
    },
    claude::{session::SessionId, watch::Change, wire::offers::Offers},
};

/// Progress messages that are remembered: presses of their buttons may still be on their way.
const ENDED: usize = 50;

/// A turn that is not over, or a prompt that waits for one.
pub(super) struct ActiveTurn {
    /// Where it is shown.
    pub(super) place: Place,
    /// The message that carries its prompt; None for a turn that nobody asked for.
    pub(super) message: Option<i32>,
    /// Its prompt.
    pub(super) prompt: PromptId,
    /// The turn as it grows.
    pub(super) turn: watch::Receiver<Turn>,
}

/// A session in use.
struct InUse {
    worker: Worker,
    directory: PathBuf,
    /// What came while the worker was ending: for the next one.
    held: Vec<(RunSpec, Order)>,
}

/// Every session in use, and every turn that is not over.
pub(super) struct Sessions {
    settings: Settings,
    warm: usize,
    cancel: CancellationToken,
    live: HashMap<Id, InUse>,
    tasks: JoinSet<Finished>,
    /// Turns that are not over.
    active: Vec<ActiveTurn>,
    /// Progress messages of turns that were shown to their end, the newest last.
    ended: VecDeque<(Place, i32)>,
}

impl Sessions {
    pub(super) fn new(settings: Settings, warm: usize, cancel: CancellationToken) -> Self {
        let (live, tasks) = (HashMap::new(), JoinSet::new());
        let (active, ended) = (Vec::new(), VecDeque::new());
        Self { settings, warm, cancel, live, tasks, active, ended }
    }

    /// A turn for a prompt that somebody will answer.
    pub(super) fn admit(
        &mut self,
        session: SessionId,
        prompt: Prompt,
    ) -> (Queued, watch::Receiver<Turn>) {
        let (turn, shown) = watch::channel(Turn::new(&prompt, session, Instant::now()));
        let (source, id) = (prompt.source, prompt.id);
        self.active.push(ActiveTurn {
            place: source.place,
            message: Some(source.message),
            prompt: id,
            turn: shown.clone(),
        });
        (Queued::new(prompt, turn), shown)
    }

    /// Gives a prompt to its session.
    pub(super) fn give(&mut self, spec: RunSpec, queued: Queued) {
        self.tell(spec, Order::Ask(Box::new(queued)));
    }

    /// Asks the process of a session something; it is started if there is none.
    pub(super) fn control(
        &mut self,
        spec: RunSpec,
        body: Value,
        choice: Option<(Choice, String)>,
    ) -> oneshot::Receiver<Result<Value, String>> {
        let (reply, answer) = oneshot::channel();
        self.tell(spec, Order::Control(Control { body, choice, reply }));
        answer
    }

    /// What the CLI offers in a directory, where a process of ours has told.
    pub(super) fn offers(&self, directory: &Path) -> Option<Arc<Offers>> {
        let here = |in_use: &&InUse| in_use.directory == directory;
        self.live.values().filter(here).find_map(|in_use| in_use.worker.state().offers)
    }

    /// Gives an order to a session, which comes into use if it is not. Where its worker is ending,
    /// the next one gets it: there are never two.
    pub(super) fn tell(&mut self, spec: RunSpec, order: Order) {
        let session = spec.conversation.session();
        if let Some(in_use) = self.live.values_mut().find(|one| one.session() == session) {
            match in_use.worker.order(order) {
                Ok(()) => return,
                Err(refused) => return in_use.held.push((spec, refused)),
            }
        }
        let directory = spec.directory.clone();
        let (worker, task) = Worker::new(self.settings.clone(), spec, self.cancel.child_token());
        if let Err(order) = worker.order(order) {
            tracing::error!(?order, "a new worker took no order");
        }
        let id = self.tasks.spawn(task).id();
        self.live.insert(id, InUse { worker, directory, held: Vec::new() });
        self.trim();
    }

    fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.live.values().map(|in_use| &in_use.worker)
    }

    fn find(&self, session: SessionId) -> Option<&Worker> {
        self.workers().find(|worker| worker.state().session == session)
    }

    /// What a session in use is doing.
    pub(super) fn state(&self, session: SessionId) -> Option<State> {
        self.find(session).map(Worker::state)
    }

    /// Whether a session has a process of ours, or a turn that begins.
    pub(super) fn is_at_work(&self, session: SessionId) -> bool {
        let works = |state: State| state.pid.is_some() || state.activity == Activity::Busy;
        self.state(session).is_some_and(works)
    }

    /// What a session in use is doing, as it goes on.
    pub(super) fn watch(&self, session: SessionId) -> Option<watch::Receiver<State>> {
        self.find(session).map(Worker::watch)
    }

    /// A session that has a process of ours.
    pub(super) fn with_process(&self) -> Option<SessionId> {
        let state = self.workers().map(Worker::state).find(|state| state.pid.is_some());
        state.map(|state| state.session)
    }

    /// Whether a process is one of ours.
    pub(super) fn has(&self, pid: u32) -> bool {
        self.workers().any(|worker| worker.state().pid == Some(pid))
    }

    /// Every turn that is not over.
    pub(super) fn turns(&self) -> impl Iterator<Item = &ActiveTurn> {
        self.active.iter()
    }

    /// A turn that nobody asked for.
    pub(super) fn unsolicited(&mut self, place: Place, turn: watch::Receiver<Turn>) {
        let prompt = turn.borrow().prompt;
        self.active.push(ActiveTurn { place, message: None, prompt, turn });
    }

    /// The sessions that work for a place, each once.
    pub(super) fn at(&self, place: Place) -> Vec<SessionId> {
        let here = self.turns().filter(|active| active.place == place);
        let mut sessions: Vec<_> = here
            .filter(|active| active.turn.borrow().outcome().is_none())
            .map(|active| active.turn.borrow().session)
            .collect();
        sessions.sort_unstable();
        sessions.dedup();
        sessions
    }

    /// Whether a turn of this prompt is shown.
    pub(super) fn is_shown(&self, prompt: PromptId) -> bool {
        self.active.iter().any(|shown| shown.prompt == prompt)
    }

    /// Whether a prompt waits for its turn, as far as is shown.
    pub(super) fn waits(&self, prompt: PromptId) -> bool {
        let waits = |shown: &ActiveTurn| {
            let turn = shown.turn.borrow();
            shown.prompt == prompt && matches!(turn.phase, Phase::Waiting(_)) && !turn.taken
        };
        self.active.iter().any(waits)
    }

    /// Tells the session that has a prompt.
    pub(super) fn order_of(&mut self, prompt: PromptId, order: Order) {
        let shown = self.active.iter().find(|shown| shown.prompt == prompt);
        if let Some(session) = shown.map(|shown| shown.turn.borrow().session) {
            self.order(session, order);
        }
    }

    /// A turn is over and shown.
    pub(super) fn settle(&mut self, prompt: PromptId, progress: Option<(Place, i32)>) {
        self.active.retain(|shown| shown.prompt != prompt);
        self.ended.extend(progress);
        if self.ended.len() > ENDED {
            self.ended.pop_front();
        }
        self.trim();
    }

    /// Whether a message has shown one of the last turns, to its end.
    pub(super) fn has_shown(&self, place: Place, message: i32) -> bool {
        self.ended.contains(&(place, message))
    }

    /// A prompt goes on as another attempt.
    pub(super) fn renew(&mut self, old: PromptId, new: PromptId) {
        for shown in self.active.iter_mut().filter(|shown| shown.prompt == old) {
            shown.prompt = new;
        }
    }

    /// Tells a session in use. What waits for the next worker obeys, too.
    pub(super) fn order(&mut self, session: SessionId, order: Order) {
        let Some(in_use) = self.live.values_mut().find(|one| one.session() == session) else {
            return;
        };
        let Err(refused) = in_use.worker.order(order) else { return };
        for (_, held) in &mut in_use.held {
            if let (Order::Ask(queued), Order::Edit(prompt)) = (held, &refused)
                && queued.prompt.id == prompt.id
            {
                (queued.prompt.text, queued.prompt.policy) = (prompt.text.clone(), prompt.policy);
            }
        }
        let is_meant = |held: &Order| match (held, &refused) {
            (Order::Ask(queued), Order::TakeBack(prompt)) => queued.prompt.id == *prompt,
            (Order::Ask(queued), Order::Stop(place)) => queued.prompt.source.place == *place,
            _ => false,
        };
        for (_, held) in in_use.held.extract_if(.., |(_, held)| is_meant(held)) {
            if let Order::Ask(queued) = held {
                queued.turn.send_modify(|turn| turn.finish(Outcome::TakenBack));
            }
        }
    }

    /// Claude's files have changed. A session that works writes all the time, and would be flooded.
    pub(super) fn changed(&self, changes: &[Change]) {
        for worker in self.workers() {
            let State { session, activity, pid, .. } = worker.state();
            let concerns = |change: &Change| match change {
                Change::Transcript(of) => *of == session,
                Change::Registry | Change::Everything => pid.is_none(),
                Change::Gone(_) | Change::History => false,
            };
            if matches!(activity, Activity::Idle(_)) && changes.iter().any(concerns) {
                let _ = worker.order(Order::Changed);
            }
        }
    }

    /// We are shutting down: what is elsewhere goes on there without us.
    pub(super) fn leave(&self) {
        for worker in self.workers() {
            let _ = worker.order(Order::Leave);
        }
    }

    /// How many processes are warm, how many runs are in a turn, and the version of the CLI.
    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for state in self.workers().map(Worker::state) {
            match state.activity {
                Activity::Busy => summary.busy += 1,
                Activity::Idle(_) => summary.warm += usize::from(state.pid.is_some()),
            }
            summary.version = state.version.or(summary.version);
        }
        summary
    }

    /// Lets the least recently used idle processes go while there are too many.
    pub(super) fn trim(&self) {
        let mut idle: Vec<(Instant, &Worker)> = self
            .workers()
            .filter_map(|worker| match worker.state() {
                State { activity: Activity::Idle(since), background: 0, pid: Some(_), .. } => {
                    Some((since, worker))
                }
                _ => None,
            })
            .collect();
        idle.sort_by_key(|(since, _)| *since);
        let surplus = idle.len().saturating_sub(self.warm);
        for (_, worker) in &idle[..surplus] {
            let _ = worker.order(Order::LetGo);
        }
    }

    /// How many processes work in the background, where these are all that are kept warm and that
    /// of a session would be one more.
    pub(super) fn one_more(&self, session: SessionId) -> Option<usize> {
        let works = |worker: &&Worker| worker.state().background > 0;
        let count = self.workers().filter(works).count();
        (count > 0 && count >= self.warm && self.find(session).is_none()).then_some(count)
    }

    /// The next worker that is done; pending while none is. What came for its session meanwhile
    /// goes to the next one.
    pub(super) async fn finished(&mut self) -> Finished {
        loop {
            let (id, finished) = match self.tasks.join_next_with_id().await {
                Some(Ok((id, finished))) => (id, Some(finished)),
                Some(Err(broken)) => {
                    // Its turns end with it: their painters say so.
                    tracing::error!(%broken, "a worker broke");
                    (broken.id(), None)
                }
                None => std::future::pending().await,
            };
            let held = self.live.remove(&id).map(|in_use| in_use.held).unwrap_or_default();
            let Some(mut finished) = finished.filter(|finished| !finished.unsent.is_empty()) else {
                for (spec, order) in held {
                    self.tell(spec, order);
                }
                continue;
            };
            for (spec, order) in held {
                match order {
                    Order::Ask(queued) => finished.unsent.push(*queued),
                    order => self.tell(spec, order),
                }
            }
            return finished;
        }
    }

    /// Ends all sessions and waits until their processes are gone.
    pub(super) async fn end(&mut self) {
        self.cancel.cancel();
        let held = self.live.drain().flat_map(|(_, in_use)| in_use.held);
        let mut unsent: Vec<Queued> = held
            .filter_map(|(_, order)| match order {
                Order::Ask(queued) => Some(*queued),
                _ => None,
            })
            .collect();
        while let Some(finished) = self.tasks.join_next().await {
            unsent.extend(finished.map(|finished| finished.unsent).unwrap_or_default());
        }
        for queued in unsent {
            queued.turn.send_modify(|turn| turn.finish(Outcome::Shutdown));
        }
    }
}

impl InUse {
    fn session(&self) -> SessionId {
        self.worker.state().session
    }
}

/// What all sessions together are doing.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    pub(super) warm: usize,
    pub(super) busy: usize,
    pub(super) version: Option<String>,
}
