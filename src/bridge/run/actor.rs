//! The loop that owns a session's process and its turns.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    path::PathBuf,
    pin::Pin,
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    bridge::{
        prompt::{Manner, Prompt, PromptId},
        run::{
            Activity, Asked, Control, Order, Over, Seat, Settings, State, Why, end::refused,
            mirror::Mirror,
        },
        turn::{Phase, Turn, Wait},
    },
    claude::{
        process::{Conversation, Ending, Launch, LaunchError, Process},
        transcript,
        wire::{offers::Offers, say},
    },
};

/// An interrupt is answered within milliseconds; a process that has not ended its turn by then
/// hangs and is ended instead.
pub(super) const INTERRUPT: Duration = Duration::from_secs(5);

type Permit = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

/// Everything a run knows. One task owns it.
pub(super) struct Actor {
    pub(super) settings: Settings,
    pub(super) seat: Seat,
    pub(super) state: watch::Sender<State>,
    pub(super) process: Option<Process>,
    pub(super) mirror: Mirror,
    /// The turn that runs: its prompt was written to the process.
    pub(super) current: Option<Asked>,
    /// A prompt that was written to the process during a turn and has not started.
    pub(super) inside: Option<Asked>,
    /// Prompts that wait here.
    pub(super) waiting: VecDeque<Asked>,
    /// The permit of the running turn.
    pub(super) slot: Option<OwnedSemaphorePermit>,
    /// A permit that was asked for.
    pub(super) slot_wanted: Option<Permit>,
    /// When the process must have ended its turn after an interrupt.
    pub(super) patience: Option<Instant>,
    /// The prompt that was sent again after its process was killed.
    pub(super) sent_again: Option<PromptId>,
    /// When the transcript is compared once more, because it held what the process had not told.
    pub(super) doubted: Option<Instant>,
    /// US dollars before the running turn.
    pub(super) spent: f64,
    /// Control requests that wait for a process.
    pub(super) controls: Vec<Control>,
    /// Control requests that the process has not answered, by request id.
    pub(super) pending: HashMap<String, Control>,
    /// What the process offers, as far as it has told.
    pub(super) offers: Offers,
    /// The prompt inside that is to come back, behind one that interrupts.
    pub(super) making_way: Option<PromptId>,
    /// The process lacks a flag: the next prompt goes to a new one.
    pub(super) relaunch: bool,
    /// What the CLI said last of a background task that ended.
    pub(super) occasion: Option<String>,
    /// What runs in the background of the process.
    pub(super) tasks: Vec<String>,
    /// Background tasks that ended with a process that had to go, until somebody is told.
    pub(super) lost: Vec<String>,
    /// Whether the process tells when it begins with a prompt; old ones do not.
    pub(super) tells_starts: bool,
    /// Lines of the process that say nothing we know.
    pub(super) unknown: usize,
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
            sent_again: None,
            doubted: None,
            spent: 0.0,
            controls: Vec::new(),
            pending: HashMap::new(),
            offers: Offers::default(),
            making_way: None,
            relaunch: false,
            occasion: None,
            tasks: Vec::new(),
            lost: Vec::new(),
            tells_starts: false,
            unknown: 0,
        }
    }

    pub(super) async fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
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
                Next::Order(Some(Order::Compare)) => self.doubt().await,
                Next::Cancelled | Next::Order(None) => break Why::Shutdown,
                Next::Order(Some(order)) => self.order(order),
                Next::Slot(permit) => (self.slot, self.slot_wanted) = (permit, None),
                Next::Line(true) => {
                    self.doubted = None;
                    self.line();
                }
                Next::Line(false) => {
                    if let Some(why) = self.process_ended().await {
                        break why;
                    }
                }
                Next::Late if self.patience.is_some() => self.end_hanging().await,
                Next::Late if self.doubted.take().is_some() => {
                    if self.is_idle() && self.is_stale().await {
                        break Why::Idle;
                    }
                }
                Next::Late => break Why::Idle,
            }
        };
        self.close(why, orders).await
    }

    async fn next(
        &mut self,
        orders: &mut mpsc::UnboundedReceiver<Order>,
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

    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.patience.is_some() {
            return self.patience;
        }
        if self.doubted.is_some() {
            return self.doubted;
        }
        let state = self.state.borrow();
        match state.activity {
            Activity::Idle(since) if state.background == 0 => Some(since + self.settings.idle),
            _ => None,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.current.is_none()
            && self.inside.is_none()
            && self.waiting.is_empty()
            && self.controls.is_empty()
            && self.pending.is_empty()
            && self.state.borrow().background == 0
    }

    // ---- Prompts ----

    /// Does what can be done for the prompts that wait.
    pub(super) async fn advance(&mut self) -> Option<Why> {
        self.control().await;
        if let Some(current) = &self.current {
            let joins = current.turn.borrow().taken
                && self.patience.is_none()
                && self.inside.is_none()
                && self.waiting.front().is_some_and(|next| {
                    next.prompt.source.place == current.prompt.source.place
                        && next.prompt.manner != Manner::After
                });
            if joins && let Some(next) = self.waiting.pop_front() {
                self.write(&next.prompt, &next.prompt.text);
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

    pub(super) fn want_slot(&mut self) {
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
    pub(super) async fn begin(&mut self, asked: Asked) -> Option<Why> {
        show(&asked, |turn| (turn.phase, turn.began) = (Phase::Starting, Instant::now()));
        let source = asked.prompt.source;
        self.state.send_modify(|state| {
            (state.activity, state.last) = (Activity::Busy, Some(source));
        });
        self.let_go_if_stale().await;
        show(&asked, |turn| {
            turn.lost.append(&mut self.lost);
            turn.work.background.clone_from(&self.tasks);
        });
        let prompt = asked.prompt.clone();
        self.current = Some(asked);
        if self.process.is_none()
            && let Err(error) = self.start().await
        {
            self.finish(refused(error));
            return None;
        }
        let text = self.in_the_clis_words(&prompt.text).await;
        self.write(&prompt, &text);
        None
    }

    pub(super) fn write(&self, prompt: &Prompt, text: &str) {
        let written = self
            .process
            .as_ref()
            .is_some_and(|process| process.say(say::prompt(prompt.id.0, text, prompt.images())));
        if !written {
            // Its stdout ends next, which tells why.
            tracing::warn!(prompt = %prompt.id.0, "the CLI takes no prompt");
        }
    }

    /// Replaces a process that does not know what the laptop said since, or lacks a flag.
    pub(super) async fn let_go_if_stale(&mut self) {
        if self.relaunch && self.state.borrow().background == 0 {
            self.relaunch = false;
            if let Some(process) = self.process.take() {
                process.end(Ending::Kill).await;
            }
        }
        if self.is_stale().await
            && let Some(process) = self.process.take()
        {
            let session = self.seat.conversation.session();
            tracing::info!(%session, "continued elsewhere: resuming anew");
            self.lost.append(&mut self.tasks);
            process.end(Ending::Kill).await;
        }
    }

    pub(super) async fn start(&mut self) -> Result<(), LaunchError> {
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
            home: self.settings.home.clone(),
            mode: self.seat.choices.mode.clone(),
            model: self.seat.choices.model.clone(),
            effort: self.seat.choices.effort.clone(),
            agent: self.seat.agent.clone(),
            environment: self.settings.environment.clone(),
        })?;
        tracing::info!(%session, pid = process.pid(), "started the CLI");
        self.state.send_modify(|state| {
            (state.pid, state.background, state.offers) = (Some(process.pid()), 0, None);
        });
        self.tasks.clear();
        self.tells_starts = false;
        self.process = Some(process);
        self.introduce();
        Ok(())
    }
}

/// Changes the turn that a prompt is shown as.
pub(super) fn show(asked: &Asked, change: impl FnOnce(&mut Turn)) {
    asked.turn.send_modify(change);
}

async fn spent(transcript: PathBuf) -> f64 {
    let read = move || transcript::cost(&transcript).ok().flatten();
    tokio::task::spawn_blocking(read).await.ok().flatten().unwrap_or_default()
}
