//! The loop that owns a session's process and its turns.

use std::{collections::VecDeque, future::pending, pin::Pin, time::Duration};

use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    bridge::{
        place::Place,
        prompt::{Prompt, PromptId},
        run::{
            Activity, Asked, Order, Over, Seat, Settings, State, Stray, Verdict, Why,
            mirror::{self, Mirror},
        },
        turn::{self, Outcome, Phase, Turn, Wait},
    },
    claude::{
        process::{Conversation, Ended, Ending, Launch, LaunchError, Process},
        transcript,
        wire::{Init, Lifecycle, Line, TurnResult, say},
    },
};

/// An interrupt is answered within milliseconds; a process that has not ended its turn by then
/// hangs and is ended instead.
const INTERRUPT: Duration = Duration::from_secs(5);

type Permit = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// Everything a run knows. One task owns it.
pub(super) struct Actor {
    settings: Settings,
    seat: Seat,
    state: watch::Sender<State>,
    process: Option<Process>,
    mirror: Mirror,
    /// The turn that runs: its prompt was written to the process.
    current: Option<Asked>,
    /// A prompt that was written to the process during a turn and has not started.
    inside: Option<Asked>,
    /// Prompts that wait here.
    waiting: VecDeque<Asked>,
    /// The permit of the running turn.
    slot: Option<OwnedSemaphorePermit>,
    /// A permit that was asked for.
    slot_wanted: Option<Permit>,
    /// When the process must have ended its turn after an interrupt.
    patience: Option<Instant>,
    /// US dollars before the running turn.
    spent: f64,
}

/// What the loop waits for.
enum Next {
    Cancelled,
    Order(Option<Order>),
    Slot(Option<OwnedSemaphorePermit>),
    Line(bool),
    Late,
}

impl Actor {
    pub(super) fn new(settings: Settings, seat: Seat, state: watch::Sender<State>) -> Self {
        Self {
            settings,
            seat,
            state,
            process: None,
            mirror: Mirror::default(),
            current: None,
            inside: None,
            waiting: VecDeque::new(),
            slot: None,
            slot_wanted: None,
            patience: None,
            spent: 0.0,
        }
    }

    pub(super) async fn run(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        cancel: CancellationToken,
    ) -> Over {
        let why = loop {
            if let Some(why) = self.advance().await {
                break why;
            }
            match self.next(&mut orders, &cancel).await {
                Next::Order(Some(Order::LetGo) | None) if self.is_idle() => {
                    break Why::Idle;
                }
                Next::Cancelled | Next::Order(None) => break Why::Shutdown,
                Next::Order(Some(order)) => self.order(order),
                Next::Slot(permit) => (self.slot, self.slot_wanted) = (permit, None),
                Next::Line(true) => self.line(),
                Next::Line(false) => {
                    if let Some(why) = self.process_ended().await {
                        break why;
                    }
                }
                Next::Late if self.patience.is_some() => self.end_hanging().await,
                Next::Late => break Why::Idle,
            }
        };
        self.close(why, orders).await
    }

    async fn next(
        &mut self,
        orders: &mut mpsc::Receiver<Order>,
        cancel: &CancellationToken,
    ) -> Next {
        let deadline = self.deadline();
        let late = async {
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
            match &mut self.slot_wanted {
                Some(permit) => permit.await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Next::Cancelled,
            order = orders.recv() => Next::Order(order),
            permit = slot => Next::Slot(permit),
            more = line => Next::Line(more),
            () = late => Next::Late,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.patience.is_some() {
            return self.patience;
        }
        let state = self.state.borrow();
        match state.activity {
            Activity::Idle(since) if state.background == 0 => Some(since + self.settings.idle),
            _ => None,
        }
    }

    fn is_idle(&self) -> bool {
        self.current.is_none()
            && self.inside.is_none()
            && self.waiting.is_empty()
            && self.state.borrow().background == 0
    }

    // ---- Prompts ----

    /// Does what can be done for the prompts that wait.
    async fn advance(&mut self) -> Option<Why> {
        if let Some(current) = &self.current {
            let joins = current.turn.borrow().taken
                && self.patience.is_none()
                && self.inside.is_none()
                && self
                    .waiting
                    .front()
                    .is_some_and(|next| next.prompt.source.place == current.prompt.source.place);
            if joins && let Some(next) = self.waiting.pop_front() {
                self.write(&next.prompt);
                self.inside = Some(next);
            }
            return None;
        }
        if self.inside.is_some() {
            return None;
        }
        if self.waiting.is_empty() {
            (self.slot, self.slot_wanted) = (None, None);
            return None;
        }
        if self.slot.is_none() {
            self.want_slot();
        }
        if self.slot.is_some()
            && let Some(next) = self.waiting.pop_front()
        {
            return self.begin(next).await;
        }
        None
    }

    fn want_slot(&mut self) {
        let slots = self.settings.slots.clone();
        if let Ok(permit) = slots.clone().try_acquire_owned() {
            (self.slot, self.slot_wanted) = (Some(permit), None);
            return;
        }
        for asked in &self.waiting {
            show(asked, |turn| turn.phase = Phase::Waiting(Wait::Slot(self.settings.turns)));
        }
        self.slot_wanted
            .get_or_insert_with(|| Box::pin(async move { slots.acquire_owned().await.ok() }));
    }

    /// Begins a turn with a prompt, on the warm process or a new one.
    async fn begin(&mut self, asked: Asked) -> Option<Why> {
        show(&asked, |turn| (turn.phase, turn.began) = (Phase::Starting, Instant::now()));
        let source = asked.prompt.source;
        self.state.send_modify(|state| {
            (state.activity, state.last) = (Activity::Busy, Some(source));
        });
        self.let_go_if_stale().await;
        let prompt = asked.prompt.clone();
        self.current = Some(asked);
        if self.process.is_none()
            && let Err(error) = self.start().await
        {
            self.finish(refused(error));
            return None;
        }
        self.write(&prompt);
        None
    }

    fn write(&self, prompt: &Prompt) {
        let written = self
            .process
            .as_ref()
            .is_some_and(|process| process.say(say::prompt(prompt.id.0, &prompt.text)));
        if !written {
            // Its stdout ends next, which tells why.
            tracing::warn!(prompt = %prompt.id.0, "the CLI takes no prompt");
        }
    }

    /// Replaces a process that does not know what the laptop said since.
    async fn let_go_if_stale(&mut self) {
        let session = self.seat.conversation.session();
        let Some(transcript) = self.process.as_ref().and(self.settings.home.transcript(session))
        else {
            return;
        };
        let (mirror, stale) = mirror::checked(std::mem::take(&mut self.mirror), transcript).await;
        self.mirror = mirror;
        if stale && let Some(process) = self.process.take() {
            tracing::info!(%session, "continued elsewhere: resuming anew");
            process.end(Ending::Kill).await;
        }
    }

    async fn start(&mut self) -> Result<(), LaunchError> {
        let session = self.seat.conversation.session();
        let transcript = self.settings.home.transcript(session);
        if transcript.is_some() {
            self.seat.conversation = Conversation::Resume(session);
        }
        self.mirror = Mirror::before(transcript.as_deref());
        self.spent = match transcript {
            Some(path) => spent(path).await,
            None => 0.0,
        };
        let process = Process::start(&Launch {
            program: self.settings.program.clone(),
            directory: self.seat.directory.clone(),
            conversation: self.seat.conversation,
            mode: self.seat.mode.clone(),
            model: self.seat.model.clone(),
            environment: self.settings.environment.clone(),
        })?;
        tracing::info!(%session, pid = process.pid(), "started the CLI");
        self.state.send_modify(|state| {
            (state.pid, state.background) = (Some(process.pid()), 0);
        });
        self.process = Some(process);
        Ok(())
    }

    // ---- Orders ----

    fn order(&mut self, order: Order) {
        match order {
            Order::Ask(asked) => {
                let before = self.waiting.back().or(self.inside.as_ref()).or(self.current.as_ref());
                if let Some(before) = before {
                    let here = before.prompt.source.place == asked.prompt.source.place;
                    let wait = if here { Wait::Turn } else { Wait::Place };
                    show(&asked, |turn| turn.phase = Phase::Waiting(wait));
                }
                self.waiting.push_back(*asked);
            }
            Order::Decide { request, verdict } => self.decide(&request, &verdict),
            Order::Stop(place) => self.stop(place),
            Order::LetGo => {}
        }
    }

    fn decide(&mut self, request: &str, verdict: &Verdict) {
        let (Some(current), Some(process)) = (&self.current, &self.process) else {
            return;
        };
        let open = |turn: &Turn| turn.asks.iter().any(|ask| ask.request == request);
        if !open(&current.turn.borrow()) {
            return;
        }
        process.say(match verdict {
            Verdict::Allow(input) => say::allow(request, input),
            Verdict::Deny(reason) => say::deny(request, reason),
        });
        show(current, |turn| turn.decide(request, matches!(verdict, Verdict::Allow(_))));
    }

    fn stop(&mut self, place: Place) {
        let here = |asked: &Asked| asked.prompt.source.place == place;
        for asked in std::mem::take(&mut self.waiting) {
            if here(&asked) {
                show(&asked, |turn| turn.finish(Outcome::TakenBack));
            } else {
                self.waiting.push_back(asked);
            }
        }
        let Some(process) = &self.process else { return self.settle() };
        if let Some(inside) = self.inside.as_ref().filter(|inside| here(inside)) {
            // Without this the CLI would begin with it as soon as the turn has ended.
            let body =
                json!({"subtype": "cancel_async_message", "message_uuid": inside.prompt.id.0});
            process.say(say::request(&Uuid::new_v4().to_string(), &body));
        }
        if let Some(current) = self.current.as_ref().filter(|current| here(current))
            && self.patience.is_none()
        {
            if !current.turn.borrow().taken {
                // A process that still starts would read the interrupt before it has a turn.
                let body =
                    json!({"subtype": "cancel_async_message", "message_uuid": current.prompt.id.0});
                process.say(say::request(&Uuid::new_v4().to_string(), &body));
            }
            let body = json!({"subtype": "interrupt"});
            process.say(say::request(&Uuid::new_v4().to_string(), &body));
            self.patience = Some(Instant::now() + INTERRUPT);
        }
        self.settle();
    }

    /// The process did not end its turn after an interrupt: it is ended itself.
    async fn end_hanging(&mut self) {
        tracing::warn!(session = %self.seat.conversation.session(), "the CLI ignores an interrupt");
        if let Some(process) = self.process.take() {
            process.end(Ending::Polite).await;
        }
        if let Some(inside) = self.inside.take() {
            show(&inside, |turn| turn.finish(Outcome::TakenBack));
        }
        self.finish(Outcome::Stopped);
        self.state.send_modify(|state| (state.pid, state.background) = (None, 0));
    }

    // ---- Lines ----

    fn line(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        if !process.line().is_empty() {
            if let Ok(line) = Line::decode(process.line()) {
                self.apply(&process, &line);
            } else {
                tracing::debug!("a line of the CLI that is no record");
            }
        }
        self.process = Some(process);
    }

    fn apply(&mut self, process: &Process, line: &Line<'_>) {
        match line {
            Line::Init(init) => self.init(init),
            Line::Lifecycle { prompt, state } => self.lifecycle(*prompt, *state),
            Line::Record(record) => {
                self.mirror.note(record.uuid);
                // Versions without `command_lifecycle` tell only by the echo that they began.
                if record.replay
                    && let Some(uuid) = record.uuid
                {
                    self.started(uuid);
                }
            }
            Line::Unknown { request, subtype } => {
                tracing::info!(subtype, "the CLI asks for something unknown");
                process.say(say::unsupported(request, subtype));
            }
            Line::Background(tasks) => self.state.send_modify(|state| {
                state.background = *tasks;
                if let Activity::Idle(since) = &mut state.activity {
                    *since = Instant::now();
                }
            }),
            Line::Result(result) => return self.result(line, result),
            Line::Other(kind) => tracing::trace!(kind, "a line of the CLI"),
            _ => {}
        }
        if let Some(current) = &self.current {
            show(current, |turn| turn.apply(line));
        }
    }

    fn init(&mut self, init: &Init) {
        if let Some(session) = init.session_id
            && session != self.seat.conversation.session()
        {
            self.seat.conversation = Conversation::Resume(session);
        }
        if self.current.is_none() && self.inside.is_none() {
            self.stray();
        }
        let session = self.seat.conversation.session();
        self.state.send_modify(|state| {
            state.session = session;
            state.model = init.model.clone().or(state.model.take());
            state.mode = init.mode.clone().or(state.mode.take());
            state.version = init.version.clone().or(state.version.take());
        });
    }

    /// A turn begins that no prompt of ours began.
    fn stray(&mut self) {
        let Some(source) = self.state.borrow().last else {
            return;
        };
        let id = PromptId(Uuid::new_v4());
        let prompt = Prompt { id, source, text: String::new(), attempt: 0 };
        let turn = Turn::new(&prompt, self.seat.conversation.session(), Instant::now());
        let (turn, shown) = watch::channel(turn);
        let stray = Stray { place: source.place, turn: shown };
        if self.settings.strays.try_send(stray).is_err() {
            tracing::warn!("a turn that nobody asked for is not shown");
        }
        self.current = Some(Asked { prompt, turn });
        self.state.send_modify(|state| state.activity = Activity::Busy);
    }

    fn lifecycle(&mut self, prompt: Uuid, state: Lifecycle) {
        match state {
            Lifecycle::Queued => {}
            Lifecycle::Started => self.started(prompt),
            Lifecycle::Completed => self.repeated(prompt),
            Lifecycle::Cancelled => {
                if self.current.as_ref().is_some_and(|current| current.prompt.id.0 == prompt) {
                    self.finish(Outcome::Stopped);
                } else if let Some(inside) =
                    self.inside.take_if(|inside| inside.prompt.id.0 == prompt)
                {
                    show(&inside, |turn| turn.finish(Outcome::TakenBack));
                    self.settle();
                }
            }
        }
    }

    /// Claude has a prompt: as its turn, or taken into the one that runs.
    fn started(&mut self, prompt: Uuid) {
        if let Some(current) = &self.current {
            if current.prompt.id.0 == prompt {
                return show(current, |turn| turn.taken = true);
            }
            if let Some(inside) = self.inside.take_if(|inside| inside.prompt.id.0 == prompt) {
                show(current, |turn| turn.joined += 1);
                show(&inside, |turn| {
                    turn.taken = true;
                    turn.finish(Outcome::Joined);
                });
                self.state.send_modify(|state| state.last = Some(inside.prompt.source));
            }
        } else if let Some(inside) = self.inside.take_if(|inside| inside.prompt.id.0 == prompt) {
            show(&inside, |turn| {
                (turn.phase, turn.began, turn.taken) = (Phase::Working, Instant::now(), true);
            });
            self.state.send_modify(|state| state.last = Some(inside.prompt.source));
            self.current = Some(inside);
        }
    }

    /// `completed` for a prompt that never started: the CLI knows its uuid and did not run it.
    fn repeated(&mut self, prompt: Uuid) {
        let is_it = |asked: &Asked| asked.prompt.id.0 == prompt && !asked.turn.borrow().taken;
        if self.current.as_ref().is_some_and(is_it) {
            self.finish(Outcome::Repeated);
        } else if let Some(inside) = self.inside.take_if(|inside| is_it(inside)) {
            show(&inside, |turn| turn.finish(Outcome::Repeated));
            self.settle();
        }
    }

    /// The turn is over.
    fn result(&mut self, line: &Line<'_>, result: &TurnResult) {
        if turn::outcome(result) == Outcome::NoConversation {
            return; // The process ends next, and the prompts go elsewhere.
        }
        let cost = result.total_cost_usd.map(|total| {
            let cost = (total - self.spent).max(0.0);
            self.spent = total;
            cost
        });
        let mut context = None;
        if let Some(current) = self.current.take() {
            show(&current, |turn| {
                turn.cost = cost;
                if !result.is_error {
                    turn.said_or(result.result.as_deref());
                }
                turn.apply(line);
                context = turn.context;
            });
        }
        self.patience = None;
        self.state.send_modify(|state| {
            state.cost = result.total_cost_usd.or(state.cost);
            state.context = context.or(state.context);
            state.window = result.context_window.or(state.window);
        });
        self.settle();
    }

    /// Ends the running turn without a word of the CLI's.
    fn finish(&mut self, outcome: Outcome) {
        if let Some(current) = self.current.take() {
            show(&current, |turn| turn.finish(outcome));
        }
        self.patience = None;
        self.settle();
    }

    fn settle(&mut self) {
        if self.current.is_none() && self.inside.is_none() && self.waiting.is_empty() {
            (self.slot, self.slot_wanted) = (None, None);
            self.state.send_modify(|state| state.activity = Activity::Idle(Instant::now()));
        }
    }

    // ---- The end of a process, and of the run ----

    /// The process has closed its stdout. Some reason means that the run is over, too.
    async fn process_ended(&mut self) -> Option<Why> {
        let ended = self.process.take()?.collect().await;
        self.state.send_modify(|state| (state.pid, state.background) = (None, 0));
        let started = self.current.as_ref().is_some_and(|asked| asked.turn.borrow().taken);
        if turn::is_missing_conversation(&ended.stderr) && !started {
            return Some(Why::NoConversation);
        }
        // What the CLI had not begun was never read, or is known to it by its uuid.
        if let Some(inside) = self.inside.take() {
            self.waiting.push_front(inside);
        }
        let session = self.seat.conversation.session();
        if !started && ended.stderr.contains("is already in use") {
            // A run before this one has made it: an id of ours is never anybody else's.
            self.seat.conversation = Conversation::Resume(session);
            self.waiting.extend(self.current.take());
            self.waiting.rotate_right(1);
            return None;
        }
        if self.current.is_some() {
            tracing::warn!(%session, status = ?ended.status, "the CLI ended in a turn");
        }
        let outcome = crashed(&ended);
        if self.patience.is_some() {
            self.finish(Outcome::Stopped);
        } else {
            self.finish(outcome);
        }
        None
    }

    async fn close(mut self, why: Why, mut orders: mpsc::Receiver<Order>) -> Over {
        orders.close();
        let busy = self.current.is_some();
        if let Some(process) = self.process.take() {
            process.end(if busy { Ending::Polite } else { Ending::Kill }).await;
        }
        let mut unsent = Vec::new();
        if why == Why::NoConversation {
            unsent.extend(self.current.take());
        }
        if let Some(current) = self.current.take() {
            show(&current, |turn| turn.finish(Outcome::Shutdown));
        }
        unsent.extend(self.inside.take());
        unsent.extend(self.waiting.drain(..));
        while let Ok(order) = orders.try_recv() {
            if let Order::Ask(asked) = order {
                unsent.push(*asked);
            }
        }
        let session = self.seat.conversation.session();
        Over { session, directory: self.seat.directory, why, unsent }
    }
}

fn show(asked: &Asked, change: impl FnOnce(&mut Turn)) {
    asked.turn.send_modify(change);
}

fn refused(error: LaunchError) -> Outcome {
    match error {
        LaunchError::Missing(program) => Outcome::Missing { program },
        LaunchError::NoDirectory(directory) => Outcome::NoDirectory { directory },
        LaunchError::Refused(error) => Outcome::Crashed {
            how: format!("it could not be started: {error}"),
            stderr: String::new(),
        },
    }
}

fn crashed(ended: &Ended) -> Outcome {
    if ended.stderr.contains("unknown option") {
        return Outcome::TooOld { message: ended.stderr.clone() };
    }
    let how = ended.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
    Outcome::Crashed { how, stderr: ended.stderr.clone() }
}

/// US dollars that earlier processes of the session have written down.
async fn spent(transcript: std::path::PathBuf) -> f64 {
    let read = move || transcript::cost(&transcript).ok().flatten();
    tokio::task::spawn_blocking(read).await.ok().flatten().unwrap_or_default()
}
