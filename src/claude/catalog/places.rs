//! Sessions into the directories that they are in, and what is left where one is gone.
//!
//! A folder may hold the sessions of several directories, whose paths differ in punctuation only, so
//! every transcript is asked where it began: of each its first bytes are read, and more only where
//! they do not tell.

use std::{
    collections::HashMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use super::{
    each::each,
    files::{Candidate, Candidates, all_folders, is_at_home},
    read::{Ends, directory, original_directory},
};
use crate::claude::{
    git,
    home::{Home, directories_of},
    session::Session,
};

/// A directory that has sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Where its sessions go on; may be gone.
    pub dir: PathBuf,
    /// When one that the CLI's picker shows was last written to, milliseconds since the Unix epoch.
    pub modified: u64,
}

/// A directory in which a session can go on whose own is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// One whose path differs in punctuation only: the project was renamed.
    Renamed(PathBuf),
    /// The main working tree of the repository that the directory was a worktree of.
    MainTree(PathBuf),
}

impl Alternative {
    /// The directory.
    pub fn dir(&self) -> &Path {
        let (Self::Renamed(dir) | Self::MainTree(dir)) = self;
        dir
    }
}

/// The directories that have sessions, last used first.
pub fn projects(home: &Home) -> Vec<Project> {
    let found = Candidates::of(all_folders(home).unwrap_or_default());
    let mut folders: Vec<Vec<&Candidate>> = found.folders.iter().map(|_| Vec::new()).collect();
    for candidate in &found.all {
        folders[candidate.folder].push(candidate);
    }
    let mut projects: HashMap<PathBuf, u64> = HashMap::new();
    for (dir, modified) in each(&folders, |files| of_folder(&found, files)).into_iter().flatten() {
        let known = projects.entry(dir).or_insert(modified);
        *known = modified.max(*known);
    }
    let projects = projects.into_iter().map(|(dir, modified)| Project { dir, modified });
    let mut projects: Vec<_> = projects.collect();
    projects.sort_unstable_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.dir.cmp(&b.dir)));
    projects
}

/// The directories of one folder's transcripts, given newest first, each with the time of the newest
/// that is shown.
fn of_folder(found: &Candidates, files: &[&Candidate]) -> HashMap<PathBuf, u64> {
    // Where sessions go on that began in a directory.
    let mut ways: HashMap<PathBuf, PathBuf> = HashMap::new();
    let mut projects = HashMap::new();
    for candidate in files {
        let path = found.path(candidate);
        let Ok(Some(began)) = File::open(&path).and_then(|file| directory(&file)) else { continue };
        let folder = found.folder(candidate);
        let dir = ways.entry(began).or_insert_with_key(|began| goes_on(folder, began)).clone();
        if !projects.contains_key(&dir) && is_shown(&path, candidate.size).unwrap_or(false) {
            projects.insert(dir, candidate.modified());
        }
    }
    projects
}

/// Where a session goes on that began in `began`, and whose transcript lies in `folder`.
fn goes_on(folder: &Path, began: &Path) -> PathBuf {
    if is_at_home(folder, began) {
        return began.to_owned();
    }
    let name = folder.file_name().and_then(|name| name.to_str());
    let there = name.and_then(|name| directories_of(name).into_iter().next());
    there.unwrap_or_else(|| began.to_owned())
}

/// Whether the CLI's picker shows a session.
fn is_shown(path: &Path, size: u64) -> io::Result<bool> {
    let ends = Ends::read(path, size)?;
    Ok(!ends.is_hidden() && !ends.is_empty()?)
}

/// Where a session can go on whose directory is gone, best first; nothing where its directory is
/// there. The person is to choose.
pub fn left_of(home: &Home, session: &Session) -> Vec<Alternative> {
    let Some(path) = home.transcript(session.id).filter(|_| !session.project.is_dir()) else {
        return Vec::new();
    };
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let renamed =
        folder.map(directories_of).unwrap_or_default().into_iter().map(Alternative::Renamed);
    renamed.chain(main_tree(home, session, &path).map(Alternative::MainTree)).collect()
}

/// The main working tree of a worktree that is gone: as the CLI noted it when it made the worktree, as
/// the repository still knows it, or the one that worktrees of the CLI lie in.
fn main_tree(home: &Home, session: &Session, transcript: &Path) -> Option<PathBuf> {
    let noted = File::open(transcript).and_then(|file| original_directory(&file)).ok().flatten();
    if let Some(dir) = noted.filter(|dir| dir.is_dir()) {
        return Some(dir);
    }
    let tree = &session.project;
    let around = tree.ancestors().find(|dir| dir.is_dir()).map(Path::to_path_buf);
    let known = || projects(home).into_iter().map(|project| project.dir);
    let tops = around.into_iter().chain(known().filter(|dir| dir.is_dir()));
    let mut tops = tops.filter_map(|dir| git::toplevel(&dir).map(Path::to_path_buf));
    tops.find(|top| {
        let is_of = |other: &PathBuf| tree.starts_with(other);
        git::linked_trees(top).iter().any(is_of) || tree.starts_with(top.join(".claude/worktrees"))
    })
}
