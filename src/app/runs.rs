//! The runs that live, and the turns they show.

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
        run::{Activity, Asked, Control, Order, Over, Run, Seat, Settings, State},
        turn::{Outcome, Turn},
    },
    claude::{session::SessionId, wire::offers::Offers},
};

/// Progress messages that are remembered: presses of their buttons may still be on their way.
const ENDED: usize = 50;

/// A turn that is not over, or a prompt that waits for one.
pub(super) struct Shown {
    /// Where it is shown.
    pub(super) place: Place,
    /// Its prompt; None for a turn that nobody asked for.
    pub(super) prompt: PromptId,
    /// The turn as it grows.
    pub(super) turn: watch::Receiver<Turn>,
}

/// A run and where it works.
struct Seated {
    run: Run,
    directory: PathBuf,
}

/// Every run, and every turn that is not over.
pub(super) struct Runs {
    settings: Settings,
    warm: usize,
    cancel: CancellationToken,
    live: HashMap<Id, Seated>,
    tasks: JoinSet<Over>,
    /// Turns that are not over.
    pub(super) shown: Vec<Shown>,
    /// Progress messages of turns that were shown to their end, the newest last.
    ended: VecDeque<(Place, i32)>,
}

impl Runs {
    pub(super) fn new(settings: Settings, warm: usize, cancel: CancellationToken) -> Self {
        let (live, tasks) = (HashMap::new(), JoinSet::new());
        let (shown, ended) = (Vec::new(), VecDeque::new());
        Self { settings, warm, cancel, live, tasks, shown, ended }
    }

    /// A turn for a prompt that somebody will answer.
    pub(super) fn admit(
        &mut self,
        session: SessionId,
        prompt: Prompt,
    ) -> (Asked, watch::Receiver<Turn>) {
        let (turn, shown) = watch::channel(Turn::new(&prompt, session, Instant::now()));
        let (place, id) = (prompt.source.place, prompt.id);
        self.shown.push(Shown { place, prompt: id, turn: shown.clone() });
        (Asked { prompt, turn }, shown)
    }

    /// Gives a prompt to the run of a session, which begins if there is none.
    pub(super) fn give(&mut self, seat: Seat, asked: Asked) {
        self.tell(seat, Order::Ask(Box::new(asked)));
    }

    /// Asks the process of a session something; it is started if there is none.
    pub(super) fn control(
        &mut self,
        seat: Seat,
        body: Value,
        choice: Option<(Choice, String)>,
    ) -> oneshot::Receiver<Result<Value, String>> {
        let (reply, answer) = oneshot::channel();
        self.tell(seat, Order::Control(Control { body, choice, reply }));
        answer
    }

    /// What the CLI offers in a directory, where a process of ours has told.
    pub(super) fn offers(&self, directory: &Path) -> Option<Arc<Offers>> {
        let here = |run: &&Seated| run.directory == directory;
        self.live.values().filter(here).find_map(|run| run.run.state().offers)
    }

    /// Gives an order to the run of a session, which begins if there is none.
    fn tell(&mut self, seat: Seat, mut order: Order) {
        if let Some(run) = self.find(seat.conversation.session()) {
            match run.order(order) {
                Ok(()) => return,
                Err(refused) => order = refused,
            }
        }
        let directory = seat.directory.clone();
        let (run, task) = Run::new(self.settings.clone(), seat, self.cancel.child_token());
        if run.order(order).is_err() {
            tracing::error!("a new run took no order");
        }
        let id = self.tasks.spawn(task).id();
        self.live.insert(id, Seated { run, directory });
        self.trim();
    }

    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.live.values().map(|seated| &seated.run)
    }

    fn find(&self, session: SessionId) -> Option<&Run> {
        self.runs().find(|run| run.state().session == session)
    }

    /// What the run of a session is doing.
    pub(super) fn state(&self, session: SessionId) -> Option<State> {
        self.find(session).map(Run::state)
    }

    /// What the run of a session is doing, as it goes on.
    pub(super) fn watch(&self, session: SessionId) -> Option<watch::Receiver<State>> {
        self.find(session).map(Run::watch)
    }

    /// Whether a process is one of ours.
    pub(super) fn has(&self, pid: u32) -> bool {
        self.runs().any(|run| run.state().pid == Some(pid))
    }

    /// Whether a turn of this prompt is shown.
    pub(super) fn is_shown(&self, prompt: PromptId) -> bool {
        self.shown.iter().any(|shown| shown.prompt == prompt)
    }

    /// A turn is over and shown.
    pub(super) fn settle(&mut self, prompt: PromptId, progress: Option<(Place, i32)>) {
        self.shown.retain(|shown| shown.prompt != prompt);
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

    /// Tells the run of a session.
    pub(super) fn order(&self, session: SessionId, order: Order) -> bool {
        self.find(session).is_some_and(|run| run.order(order).is_ok())
    }

    /// How many processes are warm, how many runs are in a turn, and the version of the CLI.
    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for state in self.runs().map(Run::state) {
            match state.activity {
                Activity::Busy => summary.busy += 1,
                Activity::Idle(_) => summary.warm += usize::from(state.pid.is_some()),
            }
            summary.version = state.version.or(summary.version);
        }
        summary
    }

    /// Lets the least recently used idle runs go while there are too many.
    pub(super) fn trim(&self) {
        let mut idle: Vec<(Instant, &Run)> = self
            .runs()
            .filter_map(|run| match run.state() {
                State { activity: Activity::Idle(since), background: 0, pid: Some(_), .. } => {
                    Some((since, run))
                }
                _ => None,
            })
            .collect();
        idle.sort_by_key(|(since, _)| *since);
        let surplus = idle.len().saturating_sub(self.warm);
        for (_, run) in &idle[..surplus] {
            let _ = run.order(Order::LetGo);
        }
    }

    /// How many processes work in the background, where these are all that are kept warm and the run
    /// of a session would be one more.
    pub(super) fn one_more(&self, session: SessionId) -> Option<usize> {
        let works = |run: &&Run| run.state().background > 0;
        let count = self.runs().filter(works).count();
        (count > 0 && count >= self.warm && self.find(session).is_none()).then_some(count)
    }

    /// The next run that is over; pending while none lives.
    pub(super) async fn over(&mut self) -> Over {
        loop {
            match self.tasks.join_next_with_id().await {
                Some(Ok((id, over))) => {
                    self.live.remove(&id);
                    return over;
                }
                Some(Err(broken)) => {
                    tracing::error!(%broken, "a run broke");
                    self.live.remove(&broken.id());
                }
                None => std::future::pending().await,
            }
        }
    }

    /// Ends all runs and waits until they are gone.
    pub(super) async fn end(mut self) {
        self.cancel.cancel();
        while let Some(over) = self.tasks.join_next().await {
            for asked in over.map(|over| over.unsent).unwrap_or_default() {
                asked.turn.send_modify(|turn| turn.finish(Outcome::Shutdown));
            }
        }
    }
}

/// What all runs together are doing.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    pub(super) warm: usize,
    pub(super) busy: usize,
    pub(super) version: Option<String>,
}
