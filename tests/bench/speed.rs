//! How fast and how light segue is, each measurement beside its floor, as a table for the README.
//!
//! `cargo bench --bench speed` makes the real sizes: 5 GB in the temporary directory, a few minutes.
//! Behind `--`: `--quick` is the same at a tenth of the bytes (`SEGUE_BENCH_SCALE=0.1`) and with few
//! rounds, `--spread` shows how single measurements scatter, and words choose parts: `lists`, `search`,
//! `files`, `stream`, `memory`, `hostile`. Anthropic's own list takes part after `npm ci --prefix tests/bench`.
//!
//! Absolute times are this machine's; what holds elsewhere are the ratios, if the machine has nothing
//! else to do: lists use all cores, and their floor one. A busy Linux machine is quiet for us under
//! `chrt -f 5`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench speaks to a person, and stops where there is nothing to measure"
)]

mod bot;
mod cli;
mod corpus;
mod dice;
mod files;
mod hostile;
mod insight;
mod lists;
mod memory;
mod peak;
mod sample;
mod spread;
mod stream;
mod table;
mod transcript;

use std::{env, io, path::Path};

use tokio::runtime::{Builder, Runtime};

use self::{
    corpus::{Corpus, Facts},
    lists::thousands,
    table::{HEAD, Row},
};

/// Sessions of the corpora.
const SESSIONS: [usize; 2] = [2_000, 10_000];
/// Share of the real sizes with `--quick`.
const QUICK: f64 = 0.1;

/// What is asked for.
#[derive(Debug)]
struct Wish {
    /// Share of the real sizes.
    scale: f64,
    /// Share of the rounds that a steady median takes.
    patience: f64,
    spread: bool,
    /// Parts; none means all.
    parts: Vec<String>,
}

impl Wish {
    fn read() -> Self {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let quick = arguments.iter().any(|word| word == "--quick");
        let scale = env::var("SEGUE_BENCH_SCALE").ok().and_then(|scale| scale.parse().ok());
        Self {
            scale: scale.unwrap_or(if quick { QUICK } else { 1.0 }),
            patience: if quick { 0.1 } else { 1.0 },
            spread: arguments.iter().any(|word| word == "--spread"),
            parts: arguments.into_iter().filter(|word| !word.starts_with("--")).collect(),
        }
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }

    fn rounds(&self, most: usize) -> usize {
        ((most as f64 * self.patience) as usize).max(3)
    }

    /// Lines of the history.
    fn lines(&self) -> usize {
        (1e6 * self.scale) as usize
    }

    /// Bytes of the transcript that is decoded.
    fn transcript(&self) -> u64 {
        (1e8 * self.scale) as u64
    }
}

fn main() -> io::Result<()> {
    let name = env::args_os().next().unwrap_or_default();
    if Path::new(&name).file_name().is_some_and(|name| name == cli::NAME) {
        return cli::main();
    }
    let wish = Wish::read();
    if wish.spread {
        return spread::run(&wish);
    }
    let mut report = Report::default();
    sessions(&wish, &mut report)?;
    if wish.wants("files") {
        report.add(files::binding(wish.lines(), wish.rounds(101))?);
        report.add(files::decoding(wish.transcript(), wish.rounds(31))?);
    }
    if wish.wants("stream") {
        let runtime = runtime()?;
        report.add(stream::to_outbox(&runtime, wish.rounds(10))?);
        report.add([runtime.block_on(bot::answer(wish.rounds(10)))?]);
    }
    if (wish.wants("memory") || wish.wants("hostile")) && peak::is_told() {
        let hostile = hostile::corpus(4, (1e8 * wish.scale.max(0.2)) as usize)?;
        report.add([memory::commands(&hostile, "broken and huge lines")?]);
    }
    report.print();
    if wish.scale < 1.0 {
        println!("\nAt {} of the real sizes, which the goals are for.", wish.scale);
    }
    Ok(())
}

/// What is measured over each corpus of sessions.
fn sessions(wish: &Wish, report: &mut Report) -> io::Result<()> {
    for count in SESSIONS {
        if !["lists", "search", "memory"].iter().any(|part| wish.wants(part)) {
            return Ok(());
        }
        let corpus = Corpus::of_sessions(count, wish.scale)?;
        report.describe(count, corpus.facts());
        if wish.wants("lists") {
            report.add(lists::everywhere(&corpus, count, wish.rounds(41))?);
            report.add([lists::directory(&corpus, wish.rounds(101))]);
        }
        if wish.wants("search") {
            report.add(insight::everything(&corpus, count, wish.rounds(21)));
        }
        if wish.wants("memory") && peak::is_told() {
            let name = format!("{} sessions", thousands(count));
            report.add([memory::commands(&corpus, &name)?]);
            report.add(runtime()?.block_on(bot::memory(&corpus, &name))?);
        }
    }
    Ok(())
}

/// As the bot's own.
fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// What was measured, in the order of the table.
#[derive(Default)]
struct Report {
    corpora: Vec<String>,
    rows: Vec<Row>,
}

impl Report {
    fn describe(&mut self, count: usize, facts: &Facts) {
        let words = format!("{} sessions: {facts}", thousands(count));
        println!("{words}");
        self.corpora.push(words);
    }

    /// Shows rows as they come: all of them take minutes.
    fn add(&mut self, rows: impl IntoIterator<Item = Row>) {
        for row in rows {
            println!("{row}");
            self.rows.push(row);
        }
    }

    fn print(&self) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        println!("\nMedians of interleaved runs, warm, on {cores} cores.");
        for corpus in &self.corpora {
            println!("{corpus}.");
        }
        println!("\n{HEAD}");
        for row in &self.rows {
            println!("{row}");
        }
    }
}
