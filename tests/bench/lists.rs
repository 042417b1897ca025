//! Lists of sessions, against a stat of the same files and against Anthropic's own list.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use segue::claude::{
    catalog::{self, Page, Query},
    home::Home,
};

use super::{
    corpus::{Corpus, DIRECTORY},
    files::read,
    sample::{Contestant, interleave, timed},
    table::{Amount, Goal, Row},
};

/// Sessions of a page.
pub(crate) const PAGE: usize = 20;

/// Pages of all sessions: the first one, and the second, which the largest session is on.
pub(crate) fn everywhere(corpus: &Corpus, count: usize, rounds: usize) -> io::Result<Vec<Row>> {
    let home = corpus.home();
    let (first, second) = (Query { take: PAGE, ..Query::default() }, second_page());
    let large = files(&home, &page(&home, &second));
    let mut rival = Rival::start(&home)?;
    let mut contestants: Vec<Contestant<'_>> = vec![
        timed(|| page(&home, &first)),
        timed(|| stat(&folders(&home))),
        timed(|| page(&home, &second)),
        timed(|| stat(&folders(&home)) + large.iter().flat_map(|file| read(file)).sum::<u64>()),
    ];
    if let Some(rival) = &mut rival {
        contestants.push(Box::new(|| rival.list()));
    }
    let times = interleave(rounds, &mut contestants);
    let row = |what: String, (mine, its): (usize, usize), floor, goal| Row {
        what,
        measured: Amount::Time(times[mine].median()),
        floor: Some((floor, Amount::Time(times[its].median()))),
        ratio: Some(times[mine].over(&times[its])),
        goal,
    };
    let megabytes =
        |page: Page| page.sessions.iter().map(|session| session.size).sum::<u64>() / 1_000_000;
    let sizes = [&first, &second].map(|query| megabytes(page(&home, query)));
    let what = |which, size| {
        format!(
            "The {which} page of {PAGE} among {} sessions, exact titles ({size} MB)",
            thousands(count)
        )
    };
    let mut rows =
        vec![row(what("first", sizes[0]), (0, 1), "stat of the same files", Goal::Times(1.0))];
    if times.len() > 4 {
        let against = "… against Anthropic's `listSessions`".to_owned();
        rows.push(row(against, (0, 4), "theirs, in a warm node", Goal::Faster(12.0)));
    }
    rows.push(row(
        what("second", sizes[1]),
        (2, 3),
        "the same stat, and a read of the page's files",
        Goal::None,
    ));
    Ok(rows)
}

/// The page of one directory.
pub(crate) fn directory(corpus: &Corpus, rounds: usize) -> Row {
    let (home, query) = (corpus.home(), of_directory(corpus));
    let folder = [home.folder(&corpus.directory())];
    let times = interleave(rounds, &mut [timed(|| page(&home, &query)), timed(|| stat(&folder))]);
    Row {
        what: format!("A page of {PAGE} in one directory of {DIRECTORY}"),
        measured: Amount::Time(times[0].median()),
        floor: Some(("stat of the same files", Amount::Time(times[1].median()))),
        ratio: Some(times[0].over(&times[1])),
        goal: Goal::AtMost(Amount::Time(Duration::from_millis(1))),
    }
}

/// The first page of the directory that is listed by itself.
pub(crate) fn of_directory(corpus: &Corpus) -> Query {
    Query { project: Some(corpus.directory()), take: PAGE, ..Query::default() }
}

fn second_page() -> Query {
    Query { skip: PAGE, take: PAGE, ..Query::default() }
}

pub(crate) fn page(home: &Home, query: &Query) -> Page {
    let page = catalog::page(home, query);
    assert_eq!(page.sessions.len(), PAGE, "the list is short: there is nothing to measure");
    page
}

fn files(home: &Home, page: &Page) -> Vec<PathBuf> {
    page.sessions.iter().filter_map(|session| home.transcript(session.id)).collect()
}

pub(crate) fn folders(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.projects()).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Names and attributes of all transcripts, in the simplest way there is; the bytes they have.
pub(crate) fn stat(folders: &[PathBuf]) -> u64 {
    let entries = folders.iter().flat_map(fs::read_dir).flatten().flatten();
    let attributes = entries.filter_map(|entry| entry.metadata().ok());
    attributes.map(|file| file.len()).sum()
}

/// A node that lists sessions with Anthropic's SDK, once for each line it is sent.
struct Rival {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Rival {
    /// None, after a line that says why, where it is not installed.
    fn start(home: &Home) -> io::Result<Option<Self>> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench");
        if !here.join("node_modules/@anthropic-ai/claude-agent-sdk").exists() {
            println!("left out: Anthropic's listSessions (npm ci --prefix tests/bench)");
            return Ok(None);
        }
        let spawned = Command::new("node")
            .arg(here.join("rival.mjs"))
            .arg(PAGE.to_string())
            .env("CLAUDE_CONFIG_DIR", &home.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                println!("left out: Anthropic's listSessions (no node on the PATH)");
                return Ok(None);
            }
            spawned => spawned?,
        };
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (asks, answers) = pipes.ok_or_else(|| io::Error::other("node has no pipes"))?;
        Ok(Some(Self { child, asks, answers: BufReader::new(answers) }))
    }

    /// Milliseconds by node's own clock: neither its start nor the pipe count.
    fn list(&mut self) -> Duration {
        let mut answer = String::new();
        let asked =
            self.asks.write_all(b"list\n").and_then(|()| self.answers.read_line(&mut answer));
        assert!(asked.is_ok(), "node has ended");
        let (millis, sessions) = answer.trim().split_once(' ').expect("two numbers");
        assert_eq!(sessions, PAGE.to_string(), "their list is short: there is nothing to compare");
        Duration::from_secs_f64(millis.parse::<f64>().expect("a number") / 1e3)
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number as people write it.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
