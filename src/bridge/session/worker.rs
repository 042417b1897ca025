//! The shell of a session: one task that owns its process and carries out what the core wants.

use std::{future::pending, io, panic::resume_unwind, pin::Pin, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, watch},
    task::{JoinError, JoinSet, spawn_blocking},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    bridge::{
        book::Book,
        prompt::PromptId,
        session::{
            Finished, Order, RunSpec, Settings, State,
            jobs::{self, Done},
            staleness::KnownTranscript,
            state::{Effect, Holder, Session},
        },
    },
    claude::{
        identity::Started,
        process::{Ending, Launch, Process},
        wire::Line,
    },
};

type Permit = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// The handle of a session in use.
#[derive(Debug)]
pub struct Worker {
    /// Without a bound: what a session takes in waits in a queue of its own, and an order that was
    /// refused would begin a second worker.
    orders: mpsc::UnboundedSender<Order>,
    state: watch::Receiver<State>,
}

impl Worker {
    /// A worker for a session, and the task that must be polled for it to live. That ends when its
    /// process is gone.
    pub fn new(
        settings: Settings,
        spec: RunSpec,
        cancel: CancellationToken,
    ) -> (Self, impl Future<Output = Finished> + Send) {
        let (orders, inbox) = mpsc::unbounded_channel();
        let core = Session::new(spec, (settings.idle, settings.turns));
        let state = core.state.subscribe();
        let shell = Shell {
            settings,
            core,
            process: None,
            started: None,
            mirror: KnownTranscript::default(),
            told: None,
            slot: None,
            awaited: None,
            jobs: JoinSet::new(),
        };
        (Self { orders, state }, shell.run(inbox, cancel))
    }

    /// Hands an order over. What a worker that is ending cannot take comes back.
    pub fn order(&self, order: Order) -> Result<(), Order> {
        self.orders.send(order).map_err(|refused| refused.0)
    }

    /// What it is doing now.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// The same, as it goes on.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.state.clone()
    }
}

struct Shell {
    settings: Settings,
    core: Session,
    process: Option<Process>,
    /// Which one that is.
    started: Option<Started>,
    /// What the process has told of its transcript.
    mirror: KnownTranscript,
    /// The last record that the process has told.
    told: Option<Uuid>,
    slot: Option<OwnedSemaphorePermit>,
    awaited: Option<Permit>,
    jobs: JoinSet<Done>,
}

/// What the loop waits for.
enum Next {
    Cancelled,
    Order(Option<Order>),
    Slot(Option<OwnedSemaphorePermit>),
    Line(bool),
    Done(Done),
    Timer,
}

impl Shell {
    async fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
        cancel: CancellationToken,
    ) -> Finished {
        // The first order comes before there is anything to do, and so to end for.
        if let Some(order) = orders.recv().await {
            self.core.order(order, Instant::now());
        }
        loop {
            self.carry_out().await;
            if self.core.over.is_some() {
                break;
            }
            match self.next(&mut orders, &cancel).await {
                Next::Cancelled | Next::Order(None) => self.core.shut_down(),
                Next::Order(Some(order)) => self.core.order(order, Instant::now()),
                Next::Slot(permit) => {
                    (self.slot, self.awaited) = (permit, None);
                    self.core.slot_granted();
                }
                Next::Line(true) => self.line(),
                Next::Line(false) => self.collect(),
                Next::Done(done) => self.done(done),
                Next::Timer => self.core.timer(Instant::now()),
            }
        }
        self.close(orders).await
    }

    async fn next(
        &mut self,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        cancel: &CancellationToken,
    ) -> Next {
        let deadline = self.core.deadline();
        let timer = async {
            match deadline {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        let line = async {
            match &mut self.process {
                Some(process) => process.read().await,
                None => pending().await,
            }
        };
        let slot = async {
            match &mut self.awaited {
                Some(permit) => permit.await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Next::Cancelled,
            order = orders.recv() => Next::Order(order),
            permit = slot => Next::Slot(permit),
            Some(done) = self.jobs.join_next() => Next::Done(unbroken(done)),
            more = line => Next::Line(more),
            () = timer => Next::Timer,
        }
    }

    // ---- What the core is told ----

    fn line(&mut self) {
        let Some(process) = self.process.take() else { return };
        if !process.line().is_empty() {
            match Line::decode(process.line()) {
                Ok(line) => {
                    if let Line::Record(record) = &line {
                        self.told = record.uuid.or(self.told);
                        self.mirror.note(record.uuid);
                    }
                    if let Line::Compacted = line {
                        self.mirror.note_compaction();
                    }
                    self.core.line(&line, Instant::now());
                }
                Err(_) => self.core.unknown_line(),
            }
        }
        self.process = Some(process);
    }

    fn done(&mut self, done: Done) {
        let now = Instant::now();
        match done {
            Done::Prepared(prepared, mirror) => {
                self.mirror = mirror;
                self.core.prepared(*prepared, now);
            }
            Done::Compared { stale, mirror } => {
                self.mirror.read_as_far_as(&mirror);
                self.core.compared(stale, now);
            }
            Done::Looked(prompt, found) => self.core.looked(prompt, found),
            Done::Exited(ended) => self.core.exited(&ended, Instant::now()),
            Done::Seen(sighting) => self.core.seen(*sighting, now),
            Done::Sent(prompt, taken) => self.core.sent(prompt, taken, now),
            Done::TakenOver(gone) => self.core.taken_over(gone, now),
        }
    }

    // ---- What the core wants ----

    async fn carry_out(&mut self) {
        loop {
            if self.core.over.is_none() {
                self.core.advance(Instant::now());
            }
            if self.core.effects.is_empty() {
                return;
            }
            for effect in std::mem::take(&mut self.core.effects) {
                self.effect(effect).await;
            }
        }
    }

    async fn effect(&mut self, effect: Effect) {
        let home = self.settings.home.clone();
        let session = self.core.id();
        match effect {
            Effect::Prepare => {
                let left = Arc::clone(&self.settings.left);
                self.jobs.spawn(jobs::prepare(home, session, left, self.core.spec.cut));
            }
            Effect::Start => self.start(),
            Effect::Ask(prompt, line) => {
                self.note_process(prompt).await;
                Box::pin(self.effect(Effect::Write(line))).await;
            }
            Effect::Write(line) => {
                if !self.process.as_ref().is_some_and(|process| process.say(line)) {
                    // Its stdout ends next, which tells why.
                    tracing::warn!(%session, "the CLI takes no line");
                }
            }
            Effect::Answer { request, input, line } => {
                if self.process.as_ref().is_some_and(|process| process.say(line)) {
                    self.core.answered(&request, &input);
                }
            }
            Effect::End(ending) => self.end(ending),
            Effect::WantSlot => self.want_slot(),
            Effect::FreeSlot => (self.slot, self.awaited) = (None, None),
            Effect::Compare => {
                self.jobs.spawn(jobs::compare(home, session, self.mirror.clone()));
            }
            Effect::TurnOver => self.mirror.turn_over(),
            Effect::Look(prompt, turn) => {
                self.jobs.spawn(jobs::look(home, session, prompt, turn));
            }
            Effect::Watch => self.watch(),
            Effect::Inbox(socket, prompt, text) => {
                self.jobs.spawn(jobs::send(socket, prompt, text));
            }
            Effect::TakeOver(live) => {
                let (program, environment) =
                    (self.settings.program.clone(), self.settings.environment.clone());
                self.jobs.spawn(jobs::take_over(*live, program, environment));
            }
            Effect::Terminate(live) => live.terminate(),
            Effect::Kill(live) => live.kill(),
            Effect::Renew { old, prompt } => {
                let new = prompt.id;
                self.write_down(move |book| book.renew(old, new, prompt.attempt)).await;
                let _ = self.settings.reports.send(super::Report::Renewed { old, new });
            }
            Effect::Report(report) => {
                let _ = self.settings.reports.send(report);
            }
        }
    }

    /// Writes down which process has a prompt, before it has it: whoever comes after us finds it.
    async fn note_process(&mut self, prompt: PromptId) {
        let Some(process) = self.started.clone() else { return };
        self.write_down(move |book| book.runs_in(prompt, process)).await;
    }

    /// Changes the book and waits until that is on the disk; where it cannot be written, that is in
    /// its log.
    async fn write_down(&mut self, change: impl FnOnce(&Book) -> io::Result<()> + Send + 'static) {
        let book = self.settings.book.clone();
        let _ = spawn_blocking(move || change(&book)).await;
    }

    fn start(&mut self) {
        let spec = &self.core.spec;
        let launch = Launch {
            program: self.settings.program.clone(),
            directory: spec.directory.clone(),
            conversation: spec.conversation,
            at: self.core.at,
            home: self.settings.home.clone(),
            mode: spec.choices.mode.clone(),
            model: spec.choices.model.clone(),
            effort: spec.choices.effort.clone(),
            agent: spec.agent.clone(),
            environment: self.settings.environment.clone(),
        };
        match Process::start(&launch) {
            Ok(process) => {
                self.told = None;
                let pid = process.pid();
                self.started = Started::of(pid);
                self.process = Some(process);
                self.core.started(pid);
            }
            Err(error) => self.core.not_started(error),
        }
    }

    /// The process has closed its stdout: it is collected.
    fn collect(&mut self) {
        if let Some(process) = self.process.take() {
            self.core.ends();
            self.jobs.spawn(async move { Done::Exited(process.collect().await) });
        }
    }

    fn end(&mut self, ending: Ending) {
        if let Some(process) = self.process.take() {
            let (home, session) = (self.settings.home.clone(), self.core.id());
            self.jobs.spawn(jobs::end(process, ending, (home, session, self.told)));
        }
    }

    fn want_slot(&mut self) {
        let slots = self.settings.slots.clone();
        if let Ok(permit) = slots.clone().try_acquire_owned() {
            self.slot = Some(permit);
            return self.core.slot_granted();
        }
        self.core.slot_is_awaited();
        self.awaited = Some(Box::pin(async move { slots.acquire_owned().await.ok() }));
    }

    fn watch(&mut self) {
        let Holder::Elsewhere(elsewhere) = &self.core.holder else { return };
        let head = self.core.queue.front();
        let head = head.map(|head| (head.prompt.id, head.turn.clone()));
        let tail = elsewhere.tail.clone();
        let (home, session) = (self.settings.home.clone(), self.core.id());
        self.jobs.spawn(jobs::watch((home, session), elsewhere.who.clone(), head, tail));
    }

    // ---- The end ----

    async fn close(mut self, mut orders: mpsc::UnboundedReceiver<Order>) -> Finished {
        orders.close();
        let busy = self.core.running.is_some();
        if let Some(process) = self.process.take() {
            let ending = if busy { Ending::Polite } else { Ending::Kill };
            let (home, session) = (self.settings.home.clone(), self.core.id());
            jobs::end(process, ending, (home, session, self.told)).await;
        }
        // One that was ending already is waited for, too.
        while self.jobs.join_next().await.is_some() {}
        let mut finished = self.core.left();
        while let Ok(order) = orders.try_recv() {
            if let Order::Ask(queued) = order {
                finished.unsent.push(*queued);
            }
        }
        finished
    }
}

/// A fault in work for a session is one of the session.
fn unbroken(done: Result<Done, JoinError>) -> Done {
    done.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}
