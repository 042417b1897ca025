//! A made-up Claude directory with the heavy tail of real ones, the same in every run.
//!
//! Half of the transcripts are small, a few hold most of the bytes, and the largest is on the second
//! page of the newest. It lies in a temporary directory that goes with its value.

use std::{
    fmt,
    fs::{self, File, FileTimes},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use segue::claude::home::Home;
use tempfile::TempDir;

use super::{
    dice::Dice,
    transcript::{Origin, Plot, Transcript, Written},
};

/// Bytes of a transcript: half are below the first, the second is the weight of the tail.
const SIZE: (f64, f64) = (105_000.0, 1.66);
/// Bytes of the largest transcript.
const LARGEST: f64 = 160_000_000.0;
/// Where the largest stands among all, the newest first: on the second page.
const LARGEST_AT: usize = 30;
/// Sessions of the directory that is listed by itself.
pub(crate) const DIRECTORY: usize = 100;
/// Sessions of the other directories, on average.
const ELSEWHERE: usize = 40;
/// Of a hundred sessions, how many the picker hides.
const HIDDEN: usize = 5;
/// From one session to the next older one.
const APART: Duration = Duration::from_secs(11 * 60);

/// A Claude directory and the projects it knows.
pub(crate) struct Corpus {
    /// With symlinks resolved, as in everything the CLI writes.
    root: PathBuf,
    facts: Facts,
    _goes: TempDir,
}

/// What is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    sizes: Vec<u64>,
    written: Written,
}

impl Corpus {
    /// So many sessions, their sizes times `scale`; [`DIRECTORY`] of them in one directory.
    pub(crate) fn of_sessions(count: usize, scale: f64) -> io::Result<Self> {
        let mut corpus = Self::empty()?;
        let mut dice = Dice::new(count as u64);
        let others = ((count - DIRECTORY) / ELSEWHERE).max(1);
        let projects: Vec<PathBuf> = (0..=others).map(|n| corpus.project(n)).collect();
        for project in &projects {
            fs::create_dir_all(project)?;
            fs::create_dir_all(corpus.home().folder(project))?;
        }
        let newest = SystemTime::now() - APART;
        let apart = count / DIRECTORY;
        for number in 0..count {
            // The directory's own are spread over the whole list.
            let project = if number % apart == 0 { 0 } else { 1 + dice.below(others) };
            let (size, hidden) = (dice.heavy(SIZE.0, SIZE.1).min(LARGEST), dice.percent(HIDDEN));
            let is_largest = number == LARGEST_AT;
            let size = if is_largest { LARGEST } else { size };
            corpus.session(&Plot {
                session: dice.uuid(),
                directory: &projects[project],
                origin: if hidden && !is_largest { Origin::Program } else { Origin::Terminal },
                ended: newest - APART * number as u32,
                size: (size * scale) as u64,
            })?;
        }
        Ok(corpus)
    }

    /// One session of `size` bytes, and where it is.
    pub(crate) fn of_one(size: u64) -> io::Result<(Self, PathBuf)> {
        let mut corpus = Self::empty()?;
        let directory = corpus.project(0);
        fs::create_dir_all(corpus.home().folder(&directory))?;
        let path = corpus.session(&Plot {
            session: Dice::new(size).uuid(),
            directory: &directory,
            origin: Origin::Terminal,
            ended: SystemTime::now() - APART,
            size,
        })?;
        Ok((corpus, path))
    }

    /// No session at all.
    pub(crate) fn empty() -> io::Result<Self> {
        let goes = tempfile::Builder::new().prefix("segue-bench-").tempdir()?;
        let corpus =
            Self { root: goes.path().canonicalize()?, facts: Facts::default(), _goes: goes };
        fs::create_dir_all(corpus.home().projects())?;
        Ok(corpus)
    }

    /// Claude's directory.
    pub(crate) fn home(&self) -> Home {
        Home::at(self.root.join("claude"))
    }

    /// The person's home directory.
    pub(crate) fn user_home(&self) -> &Path {
        &self.root
    }

    /// The directory that is listed by itself.
    pub(crate) fn directory(&self) -> PathBuf {
        self.project(0)
    }

    /// What is in it, in words.
    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    fn project(&self, number: usize) -> PathBuf {
        self.root.join(format!("work/garden-{number:03}"))
    }

    fn session(&mut self, plot: &Plot<'_>) -> io::Result<PathBuf> {
        let name = format!("{}.jsonl", plot.session);
        let path = self.home().folder(plot.directory).join(name);
        // Without a buffer: one write a line, as the CLI appends them. What is written in large pieces
        // is kept in large pieces by the system, and read half again as fast.
        self.facts.add(Transcript::new(File::create(&path)?, *plot).fill()?);
        // The CLI writes a little more after the last word.
        let modified = FileTimes::new().set_modified(plot.ended + Duration::from_secs(1));
        File::options().append(true).open(&path)?.set_times(modified)?;
        Ok(path)
    }
}

impl Facts {
    fn add(&mut self, written: Written) {
        self.sizes.push(written.bytes);
        self.written.bytes += written.bytes;
        self.written.payload += written.payload;
        self.written.longest = self.written.longest.max(written.longest);
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sizes = self.sizes.clone();
        sizes.sort_unstable();
        let half = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
        let largest = sizes.last().copied().unwrap_or_default();
        let Written { bytes, payload, longest } = self.written;
        write!(
            f,
            "{:.2} GB, half of the files under {} KB, the largest {:.1} MB, lines to {:.1} MB, {} % tool results and images",
            bytes as f64 / 1e9,
            half / 1_000,
            largest as f64 / 1e6,
            longest as f64 / 1e6,
            payload * 100 / bytes.max(1),
        )
    }
}

/// A history of `lines` prompts typed at the terminal, about 230 bytes each, with `tagged` as the
/// line that so many others follow.
pub(crate) fn write_history(
    home: &Home,
    lines: usize,
    (tagged, after): (&str, usize),
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(home.history())?);
    let mut dice = Dice::new(lines as u64);
    let tag_at = lines.saturating_sub(after + 1);
    for number in 0..lines {
        if number == tag_at {
            writeln!(out, "{tagged}")?;
            continue;
        }
        let (bed, at, session) =
            (dice.below(10_000), 1_759_276_800_000 + 9_000 * number as u64, dice.uuid());
        writeln!(
            out,
            r#"{{"display":"Please look at bed {bed} and water it if the soil is dry","pastedContents":{{}},"timestamp":{at},"project":"/home/ada/work/garden-{:03}","sessionId":"{session}"}}"#,
            bed % 97,
        )?;
    }
    out.flush()
}
