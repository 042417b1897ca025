//! Lists of sessions, against a stat of the same files and against Anthropic's own list.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use segue::claude::{
    catalog::{self, Query},
    home::Home,
};

use super::{
    corpus::{Corpus, DIRECTORY},
    sample::{Contestant, interleave, timed},
    table::{Amount, Goal, Row},
};

/// Sessions of a page.
pub(crate) const PAGE: usize = 20;

/// A page of all sessions.
pub(crate) fn everywhere(corpus: &Corpus, count: usize, rounds: usize) -> io::Result<Vec<Row>> {
    let home = corpus.home();
    let mut rival = Rival::start(&home)?;
    let mut contestants: Vec<Contestant<'_>> =
        vec![timed(|| page(&home, None)), timed(|| stat(&folders(&home)))];
    if let Some(rival) = &mut rival {
        contestants.push(Box::new(|| rival.list()));
    }
    let times = interleave(rounds, &mut contestants);
    let measured = Amount::Time(times[0].median());
    let mut rows = vec![Row {
        what: format!("A page of {PAGE} among {} sessions, exact titles", thousands(count)),
        measured,
        floor: Some(("stat of the same files", Amount::Time(times[1].median()))),
        ratio: Some(times[0].over(&times[1])),
        goal: Goal::Times(2.5),
    }];
    rows.extend(times.get(2).map(|theirs| Row {
        what: "… against Anthropic's `listSessions`".to_owned(),
        measured,
        floor: Some(("theirs, in a warm node", Amount::Time(theirs.median()))),
        ratio: Some(times[0].over(theirs)),
        goal: Goal::Faster(10.0),
    }));
    Ok(rows)
}

/// The page of one directory.
pub(crate) fn directory(corpus: &Corpus, rounds: usize) -> Row {
    let (home, directory) = (corpus.home(), corpus.directory());
    let folder = [home.folder(&directory)];
    let times =
        interleave(rounds, &mut [timed(|| page(&home, Some(&directory))), timed(|| stat(&folder))]);
    Row {
        what: format!("A page of {PAGE} in one directory of {DIRECTORY}"),
        measured: Amount::Time(times[0].median()),
        floor: Some(("stat of the same files", Amount::Time(times[1].median()))),
        ratio: Some(times[0].over(&times[1])),
        goal: Goal::AtMost(Amount::Time(Duration::from_millis(2))),
    }
}

/// What a list must do at least.
pub(crate) fn page(home: &Home, directory: Option<&Path>) -> usize {
    let project = directory.map(Path::to_path_buf);
    let page = catalog::page(home, &Query { project, take: PAGE, ..Query::default() });
    assert_eq!(page.sessions.len(), PAGE, "the list is short: there is nothing to measure");
    page.opened
}

pub(crate) fn folders(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.projects()).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Names and attributes of all transcripts, in the simplest way there is.
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

pub(crate) fn thousands(count: usize) -> String {
    if count < 1_000 {
        count.to_string()
    } else {
        format!("{},{:03}", count / 1_000, count % 1_000)
    }
}
