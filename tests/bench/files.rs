//! Single large files: the end of a history, the whole of a transcript.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use segue::{
    bridge::{binding::Binding, place::Place, prompt::Source},
    claude::{
        history,
        home::Home,
        jsonl::{Lines, RawLine},
        record::Record,
        session::SessionId,
        transcript,
    },
};

use super::{
    corpus::{Corpus, write_history},
    dice::Dice,
    lists::thousands,
    sample::{Times, interleave, timed},
    table::{Amount, Goal, Row},
};

/// The place whose binding is looked for.
const SOURCE: Source =
    Source { bot: 7_000_000_001, place: Place { chat: 1001, thread: None }, message: 5 };
/// Prompts typed on the laptop since the place was used last: some days of work.
const SINCE: usize = 500;
/// Bytes of one read.
const CHUNK: usize = 128 << 10;

/// The binding of a place in histories of `lines` and of a hundredth of that.
pub(crate) fn binding(lines: usize, rounds: usize) -> io::Result<Vec<Row>> {
    let (large, small) = (history(lines)?, history(lines / 100)?);
    let (large, small) = (large.home(), small.home());
    // A lookup takes microseconds: many of them make one sample.
    let many = |home: &Home| (0..20).filter_map(|_| bound(home)).count();
    let tails = || (0..20).map(|_| tail(&large)).sum::<u64>();
    let times =
        interleave(rounds, &mut [timed(|| many(&large)), timed(|| many(&small)), timed(tails)]);
    let one = |times: &Times| Amount::Time(times.median() / 20);
    let goal = Goal::AtMost(Amount::Time(Duration::from_micros(100)));
    let floor = ("read of the last 128 KiB", one(&times[2]));
    let row = |lines, at: usize| Row {
        what: format!("A binding in a history of {} lines", thousands(lines)),
        measured: one(&times[at]),
        floor: Some(floor),
        ratio: Some(times[at].over(&times[2])),
        goal,
    };
    Ok(vec![row(lines, 0), row(lines / 100, 1)])
}

pub(crate) fn history(lines: usize) -> io::Result<Corpus> {
    let corpus = Corpus::empty()?;
    let session = SessionId(Dice::new(3).uuid());
    let entry =
        Binding::to("/home/ada/work/garden-001".into(), session).entry(SOURCE, "/resume", 9);
    let tagged = serde_json::to_string(&entry)?;
    write_history(&corpus.home(), lines, (&tagged, SINCE))?;
    Ok(corpus)
}

pub(crate) fn bound(home: &Home) -> Option<Binding> {
    let found = history::newest_tagged(home, |entry| {
        let (_, place, binding) = Binding::read(entry)?;
        (place == SOURCE.place).then_some(binding)
    });
    let found = found.expect("the history is there");
    assert!(found.is_some(), "the place is bound");
    found
}

fn tail(home: &Home) -> u64 {
    let read = || {
        let mut file = File::open(home.history())?;
        file.seek(SeekFrom::End(-(CHUNK as i64)))?;
        file.read(&mut vec![0; CHUNK])
    };
    read().expect("the history is there") as u64
}

/// A transcript of `size` bytes: every line decoded, and all that a card shows of it.
pub(crate) fn decoding(size: u64, rounds: usize) -> io::Result<Vec<Row>> {
    let (_corpus, path) = Corpus::of_one(size)?;
    let times = interleave(
        rounds,
        &mut [
            timed(|| decode(&path).expect("the transcript is there")),
            timed(|| transcript::digest(&path).expect("the transcript is there")),
            timed(|| read(&path).expect("the transcript is there")),
        ],
    );
    let floor = ("sequential read", Amount::Time(times[2].median()));
    let row = |what: &str, at: usize, goal| Row {
        what: format!("{what} {} MB", size / 1_000_000),
        measured: Amount::Time(times[at].median()),
        floor: Some(floor),
        ratio: Some(times[at].over(&times[2])),
        goal,
    };
    Ok(vec![
        row("Decoding a transcript of", 0, Goal::Times(2.5)),
        row("The card of a session of", 1, Goal::None),
    ])
}

/// Number of records.
pub(crate) fn decode(path: &Path) -> io::Result<usize> {
    let mut lines = Lines::open(path, 0)?;
    let mut records = 0;
    while let Some(line) = lines.next()? {
        records += usize::from(RawLine::bytes(line).map(Record::decode).is_some_and(|r| r.is_ok()));
    }
    Ok(records)
}

/// Number of bytes.
pub(crate) fn read(path: &Path) -> io::Result<u64> {
    let (mut file, mut buffer, mut all) = (File::open(path)?, vec![0; CHUNK], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(all),
            read => all += read as u64,
        }
    }
}
