//! Claude's directory into every transcript there is, those of sub-agents included.
//!
//! Lists leave some sessions out; what searches or counts everything begins here. Names and file
//! attributes are read, and the first bytes of sub-agents' files that lie beside the sessions', as
//! older versions of the CLI put them. Remembers nothing.

use std::{
    cmp::Reverse,
    collections::HashMap,
    fs::{self, DirEntry, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use walkdir::WalkDir;

use super::{
    catalog::{all_folders, each::each, files::each_entry},
    home::Home,
    json::Raw,
    session::SessionId,
};

/// Bytes in which a sub-agent's file names its session.
const HEAD: u64 = 8 << 10;

/// All transcripts.
#[derive(Debug, Default)]
pub struct Corpus {
    /// Each session once, the one that was written to last first.
    pub sessions: Vec<SessionFiles>,
    /// Folders and files whose names or attributes could not be read.
    pub unreadable: usize,
}

/// The files of one session.
#[derive(Debug)]
pub struct SessionFiles {
    /// The session.
    pub id: SessionId,
    /// Its own transcript first, if there is one; then those of its sub-agents.
    pub files: Vec<TranscriptFile>,
    /// When one of them was last written to, milliseconds since the Unix epoch.
    pub modified: u64,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// When it was last written to, milliseconds since the Unix epoch.
    pub modified: u64,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose words a transcript holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The session itself.
    Session,
    /// A sub-agent of it.
    Agent,
}

impl Corpus {
    /// All transcripts of a home. A folder that cannot be read is counted.
    pub fn of(home: &Home) -> Self {
        let Ok(folders) = all_folders(home) else {
            return Self { unreadable: 1, ..Self::default() };
        };
        let mut corpus = Self::default();
        let mut sessions: HashMap<SessionId, Vec<TranscriptFile>> = HashMap::new();
        for (found, unreadable) in each(&folders, |folder| look_into(folder)) {
            corpus.unreadable += unreadable;
            for (id, file) in found {
                sessions.entry(id).or_default().push(file);
            }
        }
        corpus.sessions =
            sessions.into_iter().map(|(id, files)| SessionFiles::of(id, files)).collect();
        corpus.sessions.sort_unstable_by_key(|session| Reverse((session.modified, session.id)));
        corpus
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.sessions.iter().flat_map(|session| &session.files).map(|file| file.size).sum()
    }
}

impl SessionFiles {
    /// Of copies of one file in several folders the newest counts.
    fn of(id: SessionId, mut files: Vec<TranscriptFile>) -> Self {
        files.sort_unstable_by(|a, b| {
            (a.owner, Reverse(a.modified), &a.path).cmp(&(b.owner, Reverse(b.modified), &b.path))
        });
        let name = |file: &TranscriptFile| match file.owner {
            Owner::Session => None,
            Owner::Agent => file.path.file_name().map(ToOwned::to_owned),
        };
        let mut kept = Vec::new();
        files.retain(|file| {
            let name = name(file);
            let is_first = !kept.contains(&name);
            kept.push(name);
            is_first
        });
        let modified = files.iter().map(|file| file.modified).max().unwrap_or_default();
        Self { id, files, modified }
    }

    /// The session's own transcript.
    pub fn transcript(&self) -> Option<&TranscriptFile> {
        self.files.first().filter(|file| file.owner == Owner::Session)
    }
}

/// The transcripts in one folder, and how many entries could not be looked at.
fn look_into(folder: &Path) -> (Vec<(SessionId, TranscriptFile)>, usize) {
    let mut found = Vec::new();
    let unreadable = each_entry(folder, |entry| look_at(entry, &mut found));
    (found, unreadable)
}

fn look_at(entry: &DirEntry, found: &mut Vec<(SessionId, TranscriptFile)>) -> io::Result<()> {
    let name = entry.file_name();
    let Some(name) = name.to_str() else { return Ok(()) };
    if name.len() == 36
        && let Ok(id) = name.parse()
    {
        if entry.file_type()?.is_dir() {
            agents(id, &entry.path().join("subagents"), found)?;
        }
        return Ok(());
    }
    let Some(stem) = name.strip_suffix(".jsonl") else { return Ok(()) };
    if !entry.file_type()?.is_file() {
        return Ok(());
    }
    let id: Option<SessionId> = stem.parse().ok().filter(|_| stem.len() == 36);
    match id {
        Some(id) => found.push((id, file(entry.path(), &entry.metadata()?, Owner::Session))),
        None if stem.starts_with("agent-") => {
            let path = entry.path();
            if let Some(id) = session_of_agent(&path)? {
                found.push((id, file(path, &entry.metadata()?, Owner::Agent)));
            }
        }
        None => {}
    }
    Ok(())
}

/// The transcripts of a session's sub-agents, which may lie in folders of their own.
fn agents(
    id: SessionId,
    folder: &Path,
    found: &mut Vec<(SessionId, TranscriptFile)>,
) -> io::Result<()> {
    for entry in WalkDir::new(folder).min_depth(1) {
        let entry = match entry.map_err(io::Error::from) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entry => entry?,
        };
        let is_transcript = entry.path().extension().is_some_and(|end| end == "jsonl");
        if is_transcript && entry.file_type().is_file() {
            let about = entry.metadata().map_err(io::Error::from)?;
            found.push((id, file(entry.into_path(), &about, Owner::Agent)));
        }
    }
    Ok(())
}

fn file(path: PathBuf, about: &fs::Metadata, owner: Owner) -> TranscriptFile {
    let since = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let modified = since.map_or(0, |since| since.as_millis() as u64);
    TranscriptFile { path, size: about.len(), modified, owner }
}

/// The session that a sub-agent's first records name.
fn session_of_agent(path: &Path) -> io::Result<Option<SessionId>> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    let mut lines = head.split(|byte| *byte == b'\n').map(Raw::new);
    Ok(lines.find_map(|line| line.field("sessionId")?.string()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;
    use std::time::Duration;

    use super::*;

    const ONE: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";
    const TWO: &str = "8f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    #[test]
    fn every_transcript_is_there_once() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let put = |name: String, text: &str, at: u64| {
            let path = home.projects().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            let then = FileTimes::new().set_modified(UNIX_EPOCH + Duration::from_secs(at));
            File::options().append(true).open(path).unwrap().set_times(then).unwrap();
        };
        put(format!("-a/{ONE}.jsonl"), "old copy", 5);
        put(format!("-b/{ONE}.jsonl"), "{}", 10);
        put(format!("-b/{ONE}/subagents/agent-1.jsonl"), "{}", 40);
        put(format!("-b/{ONE}/subagents/flow/agent-2.jsonl"), "{}", 9);
        put(format!("-b/{ONE}/archived.json"), "{}", 9);
        put(format!("-a/{TWO}.jsonl"), "{}", 20);
        let head = format!(r#"{{"type":"user","sessionId":"{TWO}"}}"#);
        put("-a/agent-7.jsonl".to_owned(), &head, 11);
        put("-a/agent-8.jsonl".to_owned(), "nobody's", 11);
        put("-a/notes.jsonl".to_owned(), "{}", 11);
        let corpus = Corpus::of(&home);
        let told: Vec<_> = corpus
            .sessions
            .iter()
            .map(|session| {
                let names = session.files.iter().map(|file| {
                    file.path.strip_prefix(home.projects()).unwrap().display().to_string()
                });
                (session.id.to_string(), session.modified, names.collect::<Vec<_>>())
            })
            .collect();
        let expected = [
            (
                ONE.to_owned(),
                40_000,
                vec![
                    format!("-b/{ONE}.jsonl"),
                    format!("-b/{ONE}/subagents/agent-1.jsonl"),
                    format!("-b/{ONE}/subagents/flow/agent-2.jsonl"),
                ],
            ),
            (
                TWO.to_owned(),
                20_000,
                vec![format!("-a/{TWO}.jsonl"), "-a/agent-7.jsonl".to_owned()],
            ),
        ];
        assert_eq!(told, expected);
        assert_eq!((corpus.unreadable, corpus.bytes()), (0, 8 + head.len() as u64));
    }
}
