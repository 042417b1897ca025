//! From a line on the CLI's stdout to the outbox, through a real run.
//!
//! Screens are drawn here, with the painter's functions and without the time it lets words gather in.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use segue::{
    bridge::{
        book::Book,
        place::Place,
        prompt::{Prompt, Source},
        session::{Order, Queued, RunSpec, Settings, Worker},
        turn::Turn,
    },
    claude::{process::Conversation, session::SessionId, wire::say},
    sandbox::{Options, Pace as Limits, Sandbox},
    screens::{self, Scene, turn::TurnContext},
    telegram::{
        client::Client,
        outbox::{Outbox, Pace, SendOptions},
    },
};
use tokio::{
    runtime::Runtime,
    sync::{Semaphore, mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    cli,
    corpus::Corpus,
    dice::Dice,
    sample::Times,
    table::{Amount, Goal, Row},
};

/// Lines of one turn: an answer of some thousand characters.
const LINES: usize = 200;
/// Between two lines, as tokens come.
const PAUSE: Duration = Duration::from_millis(3);
/// The person who owns the bot of the sandbox.
pub(crate) const OWNER: i64 = 1001;

/// `turns` turns, and as many read with nothing between the pipe and the reader.
pub(crate) fn to_outbox(runtime: &Runtime, turns: usize) -> io::Result<Vec<Row>> {
    let corpus = Corpus::empty()?;
    let program = stand_in(&corpus)?;
    let mut bench = runtime.block_on(Bench::start(&corpus, program.clone()))?;
    let (mut bare, mut watched, mut painted) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..turns {
        bare.extend(pipe(&program)?);
        for (to_watch, to_outbox) in runtime.block_on(bench.turn(turn)) {
            watched.push(to_watch);
            painted.push(to_outbox);
        }
    }
    let floor = ("the same line through a bare pipe", Amount::Time(Times::new(bare).median()));
    let row = |what: &str, times: Vec<Duration>, goal| Row {
        what: what.to_owned(),
        measured: Amount::Time(Times::new(times).median()),
        floor: Some(floor),
        ratio: None,
        goal,
    };
    let goal = Goal::AtMost(Amount::Time(Duration::from_millis(1)));
    Ok(vec![
        row("From a line of the CLI to the turn", watched, Goal::None),
        row("… to its screen in the outbox, without the painter's pause", painted, goal),
    ])
}

/// The bench under the name of the CLI.
pub(crate) fn stand_in(corpus: &Corpus) -> io::Result<PathBuf> {
    let directory = corpus.user_home().join("bin");
    fs::create_dir_all(&directory)?;
    let path = directory.join(cli::NAME);
    std::os::unix::fs::symlink(std::env::current_exe()?, &path)?;
    Ok(path)
}

fn pipe(program: &Path) -> io::Result<Vec<Duration>> {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let (mut stdin, stdout) = pipes.ok_or_else(|| io::Error::other("the child has no pipes"))?;
    stdin.write_all(&say::prompt(Dice::new(4).uuid(), &cli::wish(LINES, PAUSE), []))?;
    drop(stdin);
    let mut ages = Vec::with_capacity(LINES);
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        let piece = line.split_once("\"text\":\" ").and_then(|(_, after)| after.split_once('"'));
        ages.extend(piece.and_then(|(written, _)| cli::age(written)));
    }
    child.wait()?;
    Ok(ages)
}

/// A session in use, and an outbox to a local Telegram.
struct Bench {
    worker: Worker,
    place: Place,
    session: SessionId,
    scene: Scene,
    outbox: Outbox,
    /// The message that the progress is painted into.
    message: i32,
    _cancel: tokio_util::sync::DropGuard,
    _sandbox: Sandbox,
}

impl Bench {
    async fn start(corpus: &Corpus, program: PathBuf) -> io::Result<Self> {
        let options = Options { pace: Limits::Relaxed, ..Options::default() };
        let (token, bot) = (options.token.clone(), options.bot.username.clone());
        let sandbox = Sandbox::start(options).await?;
        let client = Client::connect(&token, &sandbox.api_url()).map_err(io::Error::other)?;
        let cancel = CancellationToken::new();
        let (outbox, _) = Outbox::start(client, Pace::default(), cancel.clone());
        let place = Place { chat: OWNER, thread: None };
        let first =
            outbox.send(place, screens::notice::plain("A turn begins."), SendOptions::default());
        let message = first.await.map_err(io::Error::other)?;
        let session = SessionId(Dice::new(5).uuid());
        let settings = Settings {
            program,
            home: corpus.home(),
            environment: Vec::new(),
            idle: Duration::from_secs(600),
            slots: Arc::new(Semaphore::new(1)),
            turns: 1,
            book: Book::open(corpus.user_home().join("state")).0,
            left: Arc::default(),
            reports: mpsc::unbounded_channel().0,
        };
        let spec = RunSpec::of(corpus.user_home().to_owned(), Conversation::New(session));
        let (worker, living) = Worker::new(settings, spec, cancel.clone());
        tokio::spawn(living);
        let scene = Scene { home: corpus.user_home().to_owned(), bot, now: 0 };
        Ok(Self {
            worker,
            place,
            session,
            scene,
            outbox,
            message,
            _cancel: cancel.drop_guard(),
            _sandbox: sandbox,
        })
    }

    /// The age of each line when the turn had it, and when its screen was in the outbox.
    async fn turn(&mut self, number: usize) -> Vec<(Duration, Duration)> {
        let source = Source { bot: 1, place: self.place, message: number as i32 };
        let prompt = Prompt::new(source, cli::wish(LINES, PAUSE), 0);
        let (shown, mut turn) = watch::channel(Turn::new(&prompt, self.session, Instant::now()));
        let asked = Order::Ask(Box::new(Queued::new(prompt, shown)));
        assert!(self.worker.order(asked).is_ok(), "the run takes no prompt");
        let mut ages = Vec::with_capacity(LINES);
        while turn.changed().await.is_ok() {
            let to_watch = cli::age(&turn.borrow().partial);
            let turn = turn.borrow_and_update().clone();
            if turn.outcome().is_some() {
                break;
            }
            let around = TurnContext {
                title: String::new(),
                seconds: 0,
                elsewhere: false,
                ..TurnContext::default()
            };
            let screen = screens::card::running(&self.scene, &turn, &around);
            let painted = self.outbox.repaint(self.place, self.message, screen);
            ages.extend(to_watch.zip(cli::age(&turn.partial)));
            // Taken back: what Telegram's pace does to it is not measured here.
            drop(painted);
        }
        assert!(ages.len() > LINES / 2, "lines went by unseen: there is nothing to measure");
        ages
    }
}
