//! The folders of Claude's directory into transcripts to choose from: names and file attributes
//! only, nothing is opened.

use std::{
    cmp::Reverse,
    ffi::OsStr,
    fs::{self, DirEntry, Metadata},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::each::each;
use crate::claude::{
    git,
    home::{self, Home},
    session::SessionId,
};

/// A transcript, unread.
pub(super) struct Candidate {
    pub(super) id: SessionId,
    pub(super) folder: usize,
    /// Its file's name, where the id is not spelled as usual in it.
    odd_name: Option<Box<OsStr>>,
    /// Nanoseconds since the Unix epoch.
    modified: u64,
    pub(super) size: u64,
}

impl Candidate {
    /// The transcript of that name in the folder of that number.
    fn new(
        id: SessionId,
        (folder, name): (usize, &OsStr),
        metadata: &Metadata,
    ) -> io::Result<Self> {
        let since = metadata.modified()?.duration_since(UNIX_EPOCH);
        let is_odd = name.as_encoded_bytes().iter().any(u8::is_ascii_uppercase);
        Ok(Self {
            id,
            folder,
            odd_name: is_odd.then(|| name.into()),
            modified: since.map_or(0, |since| since.as_nanos() as u64),
            size: metadata.len(),
        })
    }

    /// Modification time in milliseconds since the Unix epoch.
    pub(super) fn modified(&self) -> u64 {
        self.modified / 1_000_000
    }
}

/// Which folders are looked into, and what is in them.
#[derive(Default)]
pub(super) struct Candidates {
    pub(super) folders: Vec<PathBuf>,
    /// Newest first.
    pub(super) all: Vec<Candidate>,
    /// Folders and files whose names or attributes could not be read.
    pub(super) unreadable: usize,
}

impl Candidates {
    /// The transcripts in `folders`. A folder that does not exist holds none.
    pub(super) fn of(folders: Vec<PathBuf>) -> Self {
        let numbered: Vec<_> = folders.iter().enumerate().collect();
        let mut found = Self::default();
        for (all, unreadable) in each(&numbered, |(number, folder)| look_into(folder, *number)) {
            found.all.extend(all);
            found.unreadable += unreadable;
        }
        found.all.sort_by_cached_key(|candidate| Reverse((candidate.modified, candidate.id)));
        Self { folders, ..found }
    }

    /// The transcripts, newest first, those together that are one session: copies and links in other
    /// folders, written to at the same time.
    pub(super) fn sessions(&self) -> Vec<&[Candidate]> {
        let is_copy = |a: &Candidate, b: &Candidate| a.id == b.id && a.modified == b.modified;
        self.all.chunk_by(is_copy).collect()
    }

    /// The one transcript at `path`.
    pub(super) fn only(path: &Path, id: SessionId) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let name = path.file_name().unwrap_or_default();
        let candidate =
            Candidate { odd_name: Some(name.into()), ..Candidate::new(id, (0, name), &metadata)? };
        let folder = path.parent().unwrap_or(path).to_path_buf();
        Ok(Self { folders: vec![folder], all: vec![candidate], unreadable: 0 })
    }

    pub(super) fn path(&self, candidate: &Candidate) -> PathBuf {
        let folder = self.folder(candidate);
        match &candidate.odd_name {
            Some(name) => folder.join(&**name),
            None => folder.join(format!("{}.jsonl", candidate.id)),
        }
    }

    pub(super) fn folder(&self, candidate: &Candidate) -> &Path {
        &self.folders[candidate.folder]
    }
}

/// The transcripts in one folder, and the number of entries that could not be looked at.
fn look_into(folder: &Path, number: usize) -> (Vec<Candidate>, usize) {
    let mut found = Vec::new();
    let unreadable = each_entry(folder, |entry| {
        found.extend(transcript(entry, number)?);
        Ok(())
    });
    (found, unreadable)
}

/// Looks at each entry of a folder. The number of those that could not be looked at, where they
/// are there.
pub(in crate::claude) fn each_entry(
    folder: &Path,
    mut look: impl FnMut(&DirEntry) -> io::Result<()>,
) -> usize {
    let is_lost = |error: &io::Error| usize::from(error.kind() != ErrorKind::NotFound);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return is_lost(&error),
    };
    let looked = entries.map(|entry| entry.and_then(|entry| look(&entry)));
    looked.filter_map(Result::err).map(|error| is_lost(&error)).sum()
}

/// The transcript behind a folder's entry; `None` where it is something else. The CLI does not
/// follow symlinks to transcripts either.
fn transcript(entry: &DirEntry, folder: usize) -> io::Result<Option<Candidate>> {
    let name = entry.file_name();
    let Some(id) = name.to_str().and_then(session) else { return Ok(None) };
    if !entry.file_type()?.is_file() {
        return Ok(None);
    }
    Candidate::new(id, (folder, &name), &entry.metadata()?).map(Some)
}

/// The session whose transcript has this file name: a hyphenated UUID and `.jsonl`.
fn session(name: &str) -> Option<SessionId> {
    let stem = name.strip_suffix(".jsonl").filter(|stem| stem.len() == 36)?;
    stem.parse().ok()
}

/// All folders of all projects.
pub(in crate::claude) fn all_folders(home: &Home) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(home.projects()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let folder = |entry: io::Result<DirEntry>| {
        let entry = entry.ok()?;
        // Symlinked folders are followed, as the CLI does.
        entry.file_type().ok().filter(|kind| kind.is_dir() || kind.is_symlink())?;
        Some(entry.path())
    };
    Ok(entries.filter_map(folder).collect())
}

/// Whether the transcripts of a directory lie in `folder`.
pub(super) fn is_at_home(folder: &Path, directory: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| home::is_folder_of(name, &home::slug(directory)))
}

/// What is counted to a directory.
pub(super) struct Scope {
    /// The directory, or the top of the working tree it lies in; symlinks resolved.
    pub(super) root: PathBuf,
    slug: String,
    /// Whether directories below count, too.
    deep: bool,
    /// Working trees of the same repository below, which are lists of their own.
    others: Vec<PathBuf>,
}

impl Scope {
    /// As the CLI's picker counts (seen on 2.1.332): inside a git repository all of the working tree
    /// that `project` lies in, its subdirectories included, whichever of them the picker is opened
    /// in, but not the repository's other working trees, wherever they lie; elsewhere the directory
    /// alone.
    pub(super) fn picker(project: &Path) -> Self {
        let project = home::resolve(project);
        match git::toplevel(&project) {
            Some(top) => {
                let is_below = |tree: &PathBuf| tree != top && tree.starts_with(top);
                let others = git::linked_trees(top).into_iter().filter(is_below).collect();
                Self { slug: home::slug(top), root: top.to_path_buf(), deep: true, others }
            }
            None => Self::exactly(&project),
        }
    }

    /// As `claude --continue` counts: the directory alone.
    pub(super) fn exactly(project: &Path) -> Self {
        let root = home::resolve(project);
        Self { slug: home::slug(&root), root, deep: false, others: Vec::new() }
    }

    /// The folders that transcripts of this scope may lie in.
    pub(super) fn folders(&self, home: &Home) -> io::Result<Vec<PathBuf>> {
        let folder = home.projects().join(&self.slug);
        if !self.deep && folder.exists() {
            return Ok(vec![folder]);
        }
        let mut folders = all_folders(home)?;
        folders.retain(|folder| self.covers(folder));
        Ok(folders)
    }

    fn covers(&self, folder: &Path) -> bool {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { return false };
        let below = || name.strip_prefix(&self.slug).is_some_and(|rest| rest.starts_with('-'));
        home::is_folder_of(name, &self.slug) || (self.deep && below())
    }

    /// Whether a session that began in `cwd`, and whose transcript lies in `folder`, is counted. A
    /// folder is shared by all directories whose paths differ in punctuation only: those elsewhere are
    /// not counted. A session that came from a directory of another name is.
    pub(super) fn counts(&self, folder: &Path, cwd: &Path) -> bool {
        let is_elsewhere = || self.others.iter().any(|tree| cwd.starts_with(tree));
        let is_inside = if self.deep {
            cwd.starts_with(&self.root) && !is_elsewhere()
        } else {
            cwd == self.root
        };
        is_inside || !is_at_home(folder, cwd)
    }

    /// Whether `folder` is that of the directory itself.
    pub(super) fn is_of(&self, folder: &Path) -> bool {
        is_at_home(folder, &self.root)
    }
}
