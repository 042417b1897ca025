//! What reads every byte there is, against a bare read of the same bytes and against `rg`.

use std::{
    fs::File,
    io::{Read, Result},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};

use segue::claude::{
    corpus::Corpus as Transcripts,
    home::Home,
    search::{self, Event, Query, QueryContext},
    usage::{self, prices::Prices},
};

use super::{
    corpus::Corpus,
    lists::thousands,
    sample::{Contestant, interleave, timed},
    table::{Amount, Goal, Row},
};

/// Bytes of one read of the floor.
const CHUNK: usize = 128 << 10;
/// What stands in a few of the sessions.
const WORDS: &str = "bed 123";

/// Searching and counting everything.
pub(crate) fn everything(corpus: &Corpus, count: usize, rounds: usize) -> Vec<Row> {
    let home = corpus.home();
    let sessions = Transcripts::of(&home).sessions;
    let files: Vec<PathBuf> =
        sessions.iter().flat_map(|session| &session.files).map(|file| file.path.clone()).collect();
    let mut contestants: Vec<Contestant<'_>> = vec![
        timed(|| read_all(&files)),
        timed(|| find(&home, WORDS, usize::MAX)),
        timed(|| usage::of(&home, &Prices::default(), 0, |_, _| {}).total.tokens.output),
        timed(|| find(&home, "bed", 1)),
    ];
    let has_rg = Command::new("rg").arg("--version").stdout(Stdio::null()).status().is_ok();
    if has_rg {
        contestants.push(timed(|| rg(&home.projects())));
    } else {
        println!("left out: rg (not on the PATH)");
    }
    let times = interleave(rounds, &mut contestants);
    let row = |what: String, mine: usize, its: usize, floor, goal| Row {
        what,
        measured: Amount::Time(times[mine].median()),
        floor: Some((floor, Amount::Time(times[its].median()))),
        ratio: Some(times[mine].over(&times[its])),
        goal,
    };
    let bare = "a read of every byte by two threads";
    let of = format!("{} sessions", thousands(count));
    let mut rows = vec![
        row(format!("Search of everything: {of}"), 1, 0, bare, Goal::Times(1.25)),
        row(format!("Tokens and costs of everything: {of}"), 2, 0, bare, Goal::Times(2.2)),
        Row {
            what: format!("First result of a search: {of}"),
            measured: Amount::Time(times[3].median()),
            floor: None,
            ratio: None,
            goal: Goal::AtMost(Amount::Time(std::time::Duration::from_millis(20))),
        },
    ];
    if has_rg {
        rows.push(row(
            "… against `rg -l` of the same words".to_owned(),
            1,
            4,
            "rg",
            Goal::Times(0.8),
        ));
    }
    rows
}

/// How many sessions hold the words, at most so many.
fn find(home: &Home, words: &str, most: usize) -> usize {
    let there = Path::new("/");
    let query =
        Query::parse(&format!("\"{words}\""), &QueryContext { home: there, here: there, now: 0 });
    let mut found = 0;
    search::run(home, &query.expect("it has words"), |event| {
        found += usize::from(matches!(event, Event::Found(_)));
        if found == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(found > 0, "nothing is found: there is nothing to measure");
    found
}

fn rg(projects: &Path) -> bool {
    let mut command = Command::new("rg");
    command.args(["-l", "-j2", "--no-ignore", "--hidden", "-F", WORDS]).arg(projects);
    command.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Reads every byte into a buffer that each thread uses again.
fn read_all(files: &[PathBuf]) -> u64 {
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || {
        let mut buffer = vec![0; CHUNK];
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            bytes.fetch_add(read(file, &mut buffer).unwrap_or_default(), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    bytes.into_inner()
}

fn read(file: &Path, buffer: &mut [u8]) -> Result<u64> {
    let mut file = File::open(file)?;
    let mut bytes = 0;
    loop {
        match file.read(buffer)? {
            0 => return Ok(bytes),
            read => bytes += read as u64,
        }
    }
}
