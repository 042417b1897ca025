//! A made-up Claude directory, beside directories to have sessions of.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use segue::claude::{
    catalog::{self, Page, Query},
    home::Home,
    session::SessionId,
};
use tempfile::TempDir;
use uuid::Uuid;

pub(super) fn titles(page: &Page) -> Vec<&str> {
    page.sessions.iter().map(|session| session.title.as_str()).collect()
}

/// Everything of one directory.
pub(super) fn all_of(project: impl Into<PathBuf>) -> Query {
    Query { project: Some(project.into()), take: 100, ..Query::default() }
}

/// All sessions of all directories.
pub(super) fn everything() -> Query {
    Query { take: 100, ..Query::default() }
}

/// A home in a temporary directory, beside directories to have sessions of.
pub(super) struct World {
    pub(super) root: TempDir,
    pub(super) home: Home,
}

impl World {
    pub(super) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path().canonicalize().unwrap().join("claude"));
        fs::create_dir_all(home.projects()).unwrap();
        Self { root, home }
    }

    pub(super) fn dir(&self, name: &str) -> PathBuf {
        let dir = self.root.path().canonicalize().unwrap().join(name);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    /// A transcript of `fixtures/cases`, of a session in `cwd`, put into the folder of `at`.
    pub(super) fn case(&self, name: &str, (cwd, at): (&Path, &Path)) -> (SessionId, PathBuf) {
        let id = SessionId(Uuid::new_v4());
        let path = self.home.folder(at).join(format!("{id}.jsonl"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, case(name, cwd, &id.to_string())).unwrap();
        (id, path)
    }

    pub(super) fn prompts(&self, project: &Path) -> Vec<String> {
        let page = catalog::page(&self.home, &all_of(project));
        titles(&page).into_iter().map(str::to_owned).collect()
    }
}

/// A session of `cwd` that began with `prompt`, its file in `folder`, written to at second
/// `modified`; its records have no times.
pub(super) fn session(folder: &Path, cwd: &Path, prompt: &str, modified: u64) {
    let line = format!(
        r#"{{"type":"user","cwd":"{}","entrypoint":"cli","message":{{"content":"{prompt}"}}}}"#,
        cwd.display()
    );
    transcript(folder, &line, modified);
}

/// A transcript of that text in `folder`, written to at second `modified`.
pub(super) fn transcript(folder: &Path, text: &str, modified: u64) {
    let id = SessionId(Uuid::from_bytes(uuid_bytes(folder, modified)));
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(format!("{id}.jsonl"));
    fs::write(&path, format!("{text}\n")).unwrap();
    let then = UNIX_EPOCH + Duration::from_secs(modified);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

/// Sixteen bytes that differ for every folder and second.
fn uuid_bytes(folder: &Path, modified: u64) -> [u8; 16] {
    let name =
        folder.to_string_lossy().bytes().fold(7_u64, |sum, b| sum * 31 % 1_000_003 + u64::from(b));
    (u128::from(name) << 64 | u128::from(modified)).to_be_bytes()
}

/// The bytes of a transcript of `fixtures/cases`.
pub(super) fn case(name: &str, cwd: &Path, session: &str) -> Vec<u8> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases");
    let bytes = fs::read(cases.join(format!("{name}.jsonl"))).unwrap();
    // No case has bytes that are not UTF-8.
    let text = String::from_utf8(bytes).unwrap();
    text.replace("@CWD@", cwd.to_str().unwrap()).replace("@SID@", session).into_bytes()
}
