//! The loop: everything that can happen, one after the other, and who is told.
//!
//! It owns the bindings and the registry of runs. It may wait for the disk, and never for Telegram
//! or the CLI: what those have to say comes back through one of its channels.

mod answer_order;
mod aside;
mod card;
mod choose;
mod commands;
mod events;
pub(crate) mod export;
mod fetch;
mod files;
mod follow;
mod gather;
mod git;
mod happened;
mod inbox;
mod ingest;
mod insight;
mod intake;
mod laptop;
mod later;
mod limits;
mod lists;
mod mirror;
mod notices;
mod painter;
mod past;
mod picture;
mod places;
mod press;
mod program;
mod prompts;
mod put_away;
mod questions;
mod receipts;
mod recovery;
mod relocate;
mod remember;
mod replies;
mod reports;
mod rewind;
mod search;
mod sessions;
mod steering;
mod taps;
mod upload;
mod verbose;
mod voice;

use std::{
    ffi::OsString,
    future::pending,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::FutureExt;
use tokio::{
    sync::{Semaphore, mpsc},
    task::{JoinSet, block_in_place},
    time::{sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{
        answer_order::AnswerOrder,
        events::{AppEvent, EventReceivers, Received},
        laptop::Laptop,
        places::{Places, Written},
        questions::Questions,
        receipts::Receipts,
        replies::{Fault, Faults},
        sessions::Sessions,
    },
    bridge::{
        book::{Book, StoredBook},
        session::{self, LeftRunning, Order, RunSpec},
    },
    claude::{home::Home, live, process::Conversation, watch},
    screens,
    telegram::{
        client::{Client, Me},
        intent::{AccessPolicy, Intent},
        outbox::{Outbox, Scope},
        poll::Incoming,
    },
};

/// How long the last messages may take at the end.
const FAREWELL: Duration = Duration::from_secs(3);

/// What the app is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Who the bot is.
    pub me: Me,
    /// Whom it listens to.
    pub access: AccessPolicy,
    /// Where prompts are kept until they are answered.
    pub state: PathBuf,
    /// Claude's directory.
    pub home: Home,
    /// The person's home directory.
    pub user_home: PathBuf,
    /// Directory of a place never used.
    pub project: Option<PathBuf>,
    /// Where `/cd` may go; empty: the home directory and what Claude knows.
    pub roots: Vec<PathBuf>,
    /// The CLI.
    pub claude: PathBuf,
    /// Variables that the CLI gets beyond our own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Permission mode of new runs.
    pub mode: Option<String>,
    /// Model of new runs.
    pub model: Option<String>,
    /// Whether the mode that asks about nothing may be chosen.
    pub allow_bypass: bool,
    /// Whether all messages of a turn quote the one that asked.
    pub always_quote: bool,
    /// How long an idle run lives.
    pub idle: Duration,
    /// How many idle runs live.
    pub warm: usize,
    /// How many turns run at once.
    pub turns: usize,
    /// How long running turns may finish at the end.
    pub grace: Duration,
    /// By which files are fetched.
    pub client: Client,
    /// Where files of the chat are put down; none: inside the project.
    pub inbox: Option<PathBuf>,
    /// Shell command that writes a recording down.
    pub transcriber: Option<String>,
    /// What is told of sessions that others run.
    pub notices: crate::bridge::notices::Settings,
}

/// Everything the loop owns.
struct App {
    setup: Setup,
    outbox: Outbox,
    places: Places,
    sessions: Sessions,
    laptop: Laptop,
    painters: JoinSet<()>,
    answer_order: AnswerOrder,
    /// What is fetched, sent or looked up beside the loop, and lost at the end.
    errands: JoinSet<()>,
    receipts: Receipts,
    searches: search::Searches,
    follows: follow::Follows,
    notices: notices::Notices,
    plan: limits::PlanLimits,
    events: mpsc::UnboundedSender<AppEvent>,
    book: Book,
    questions: Questions,
    faults: Faults,
}

/// Runs until updates end or `cancel` is called: what is not handled then comes again. Then running
/// turns may finish for a while, all runs are ended, and the last messages are seen off.
pub async fn run(
    setup: Setup,
    outbox: Outbox,
    mut updates: mpsc::Receiver<Incoming>,
    cancel: CancellationToken,
) {
    let (mut app, found, mut receivers) = App::new(setup, outbox);
    let mut changes = watch::start(app.setup.home.clone(), app.follows.wakers());
    let book = app.book.clone();
    block_in_place(|| {
        app.recover(found);
        app.see_to_orphans();
        app.wish_again();
    });
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            finished = app.sessions.finished() => block_in_place(|| app.finished(finished)),
            heard = receivers.next() => block_in_place(|| app.received(heard)),
            Some(changes) = changes.recv() => block_in_place(|| app.changed(&changes)),
            Some(_) = app.painters.join_next() => {}
            Some(_) = app.errands.join_next() => {}
            () = due(app.notices.deadline()) => block_in_place(|| app.look_at_the_laptop()),
            () = due(later::next_due(&book)) => block_in_place(|| app.due_now()),
            delivery = updates.recv() => match delivery {
                Some(Incoming::Update(handed)) => block_in_place(|| app.handed(*handed)),
                Some(Incoming::Conflict(advice)) => app.tell_owners(&screens::notice::conflict(advice)),
                None => break,
            },
            () = due(book.next_whole()) => block_in_place(|| app.gathered()),
        }
    }
    drop(updates);
    app.end(receivers).await;
}

impl App {
    /// An app that has done nothing yet, and what is in its spool.
    fn new(setup: Setup, outbox: Outbox) -> (Self, StoredBook, EventReceivers) {
        let (report, reports) = mpsc::unbounded_channel();
        // Painters must not wait for the loop, which may be at the disk.
        let (events, back) = mpsc::unbounded_channel();
        let (places, written) = Places::open(setup.home.clone(), setup.me.id);
        let (book, found) = Book::open(setup.state.clone());
        let left: Arc<[LeftRunning]> = found.entries.iter().filter_map(recovery::left_by).collect();
        let settings = session::Settings {
            program: setup.claude.clone(),
            home: setup.home.clone(),
            environment: setup.environment.clone(),
            idle: setup.idle,
            slots: Arc::new(Semaphore::new(setup.turns)),
            turns: setup.turns,
            book: book.clone(),
            left,
            reports: report,
        };
        // Turns have their grace when all else is cancelled.
        let sessions = Sessions::new(settings, setup.warm, CancellationToken::new());
        let app = Self {
            setup,
            outbox,
            places,
            sessions,
            laptop: Laptop::default(),
            painters: JoinSet::new(),
            answer_order: AnswerOrder::default(),
            errands: JoinSet::new(),
            receipts: Receipts::default(),
            searches: search::Searches::default(),
            follows: follow::Follows::default(),
            notices: notices::Notices::default(),
            plan: limits::PlanLimits::default(),
            events,
            book,
            questions: Questions::default(),
            faults: Faults::default(),
        };
        (app, found, EventReceivers { events: back, reports, written })
    }

    fn intent(&mut self, intent: Intent) {
        match intent {
            Intent::Command(command, message) => {
                self.flush(message.place);
                self.command(command, &message);
            }
            Intent::Unknown(press) => self.outdated(&press),
            Intent::Unreadable(kind, message) => {
                self.reply(&message, screens::notice::unreadable(&kind));
            }
            Intent::Stranger(stranger) => self.stranger(stranger),
            Intent::Moved(from, to) => self.moved(from, to),
            // The border has seen to these.
            Intent::Prompt(_)
            | Intent::Spoken(_)
            | Intent::Edited(_)
            | Intent::Callback(..)
            | Intent::Undecodable(_)
            | Intent::Nothing => {}
        }
    }

    // ---- What comes back ----

    fn received(&mut self, heard: Received) {
        match heard {
            Received::Event(event) => self.event(event),
            Received::Report(report) => self.report(report),
            Received::Written(line) => self.written(&line),
        }
    }

    fn event(&mut self, event: AppEvent) {
        match event {
            AppEvent::Chosen { source, choice, value } => self.chosen(source, choice, &value),
            AppEvent::Offered { wish, choice, value, offers } => {
                self.choose_of(&offers, wish, choice, &value);
            }
            AppEvent::Taken { source, display, session } => self.taken(source, &display, session),
            AppEvent::Fetched { id, unseen } => self.fetched(id, &unseen),
            AppEvent::Transcribed { id, message, heard } => self.heard(id, message, heard),
            AppEvent::Deleted(deleted) => self.deleted(&deleted),
            AppEvent::Remember { place, memory, about } => self.remember(place, &memory, about),
            AppEvent::Limits { place, limits } => self.limits_told(place, limits.as_ref()),
            AppEvent::Moved { place, sessions: (from, to) } => self.followed(place, from, to),
            AppEvent::Mode { source, session, mode } => self.mode_changed(source, session, &mode),
            AppEvent::Settled { prompt, place, progress } => {
                self.sessions.settle(prompt, progress.map(|id| (place, id)));
                self.look_at_limits(place);
                self.look_at_the_laptop();
            }
        }
    }

    fn written(&mut self, written: &Written) {
        self.places.written(written);
        match &written.error {
            Some(error) if self.faults.is_new(Fault::History) => {
                tracing::error!(error, "the history takes no lines: bindings are kept in memory");
                self.say(written.place, screens::laptop::history_closed(error));
            }
            Some(_) => {}
            None => self.faults.over(Fault::History),
        }
    }

    /// Processes of an earlier segue whose prompts are done, or unknown: what they are at they may
    /// finish, and idle ones are ended.
    fn see_to_orphans(&mut self) {
        for live in live::list(&self.setup.home).into_iter().filter(live::Live::is_orphan) {
            tracing::info!(session = %live.session, pid = live.pid, "left by an earlier segue: it may finish");
            let spec = RunSpec::of(live.cwd, Conversation::Resume(live.session));
            self.sessions.tell(spec, Order::SeeTo);
        }
    }

    // ---- The end ----

    /// Lets running turns finish for a while, and hears all that comes of them: bindings, modes.
    async fn end(mut self, mut receivers: EventReceivers) {
        self.sessions.leave();
        self.laptop.leave();
        let grace = sleep(self.setup.grace);
        tokio::pin!(grace);
        while self.sessions.turns().next().is_some() {
            tokio::select! {
                biased;
                () = &mut grace => {
                    tracing::info!("turns are still running: ending them");
                    break;
                }
                heard = receivers.next() => block_in_place(|| self.received(heard)),
                finished = self.sessions.finished() => block_in_place(|| self.finished(finished)),
                Some(_) = self.painters.join_next() => {}
            }
        }
        self.sessions.end().await;
        let painted = async { while self.painters.join_next().await.is_some() {} };
        let _ = timeout(FAREWELL, painted).await;
        while let Some(heard) = receivers.next().now_or_never() {
            self.received(heard);
        }
        if timeout(FAREWELL, self.places.close()).await.is_err() {
            tracing::warn!("the history takes no lines: what was said last is not remembered");
        }
        if timeout(FAREWELL, self.outbox.flush(Scope::All)).await.is_err() {
            tracing::warn!("some messages could not be sent before the end");
        }
        self.book.flush();
    }
}

/// Waits until a moment; for ever where there is none.
async fn due(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

/// Milliseconds since the epoch.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as u64
}
