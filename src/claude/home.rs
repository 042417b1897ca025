//! Claude's directory: which file lies where.
//!
//! Turns a project directory or a session id into paths, and knows whether the person trusts a
//! directory. Reads names, modification times and the CLI's settings; never a transcript, and never
//! writes.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use rustix::io::Errno;
use walkdir::{DirEntry, WalkDir};

use super::{
    git,
    json::{Raw, object},
    session::SessionId,
};

/// UTF-16 units of a path's folder name before it is cut (seen on 2.1.328).
const SLUG_CAP: usize = 200;

/// Claude's directory, and where its settings lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// `$CLAUDE_CONFIG_DIR`, else `~/.claude`.
    pub dir: PathBuf,
    /// `.claude.json`.
    settings: PathBuf,
}

impl Home {
    /// The directory as `$CLAUDE_CONFIG_DIR` names it: everything lies inside, `.claude.json` too.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self { settings: dir.join(".claude.json"), dir }
    }

    /// The directory the CLI uses, given the value of `$CLAUDE_CONFIG_DIR` and the person's home
    /// directory. Without the variable, `.claude.json` lies beside `.claude`.
    pub fn find(config_dir: Option<&OsStr>, home: &Path) -> Self {
        match config_dir.filter(|dir| !dir.is_empty()) {
            Some(dir) => Self::at(dir),
            None => Self { dir: home.join(".claude"), settings: home.join(".claude.json") },
        }
    }

    /// The folder of the projects' folders.
    pub fn projects(&self) -> PathBuf {
        self.dir.join("projects")
    }

    /// The prompts typed in every session.
    pub fn history(&self) -> PathBuf {
        self.dir.join("history.jsonl")
    }

    /// Where Claude writes down its plans, as Markdown.
    pub fn plans(&self) -> PathBuf {
        self.dir.join("plans")
    }

    /// The registry of running CLI processes.
    pub fn sessions(&self) -> PathBuf {
        self.dir.join("sessions")
    }

    /// The folder of the transcripts of `project`, whose symlinks are resolved where it exists. Two
    /// directories may share one folder.
    pub fn folder(&self, project: &Path) -> PathBuf {
        self.projects().join(slug(&resolve(project)))
    }

    /// The transcript of a session, in whichever folder it lies; the newest where several do. Its name
    /// may be written in capitals.
    pub fn transcript(&self, session: SessionId) -> Option<PathBuf> {
        self.find_transcript(session).ok().flatten()
    }

    /// The same; a folder that cannot be read is an error, where it may hold the transcript.
    pub fn find_transcript(&self, session: SessionId) -> io::Result<Option<PathBuf>> {
        let name = format!("{session}.jsonl");
        let folders = match fs::read_dir(self.projects()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            folders => folders?,
        };
        let mut newest = Newest::default();
        for folder in folders {
            newest.add(folder?.path().join(&name))?;
        }
        if newest.path.is_none() {
            // Names alone are read, and only where the usual one is nowhere.
            let walk = WalkDir::new(self.projects()).follow_links(true).min_depth(2).max_depth(2);
            for entry in walk {
                let entry = match entry.map_err(io::Error::from) {
                    Err(error) if is_absent(&error) => continue,
                    entry => entry?,
                };
                if entry.file_name().to_str().is_some_and(|it| it.eq_ignore_ascii_case(&name)) {
                    newest.add(entry.into_path())?;
                }
            }
        }
        Ok(newest.path)
    }

    /// The id of a session as the CLI takes it for `--resume`: as its transcript is called, capitals
    /// included. `None` where it has no transcript.
    pub fn resume_id(&self, session: SessionId) -> Option<String> {
        let path = self.transcript(session)?;
        Some(path.file_stem()?.to_str()?.to_owned())
    }

    /// Whether the person has accepted the CLI's trust dialog for `dir`, for a directory above it,
    /// or for the main working tree of its repository: for those the CLI does not ask again. Keys
    /// are paths with symlinks resolved.
    pub fn trusted(&self, dir: &Path) -> bool {
        let Ok(settings) = fs::read(&self.settings) else { return false };
        let Some(projects) = Raw::new(object(&settings)).field("projects") else { return false };
        let accepted: HashSet<PathBuf> = projects
            .entries()
            .filter(|(_, project)| {
                project.field("hasTrustDialogAccepted").is_some_and(Raw::is_true)
            })
            .map(|(dir, _)| PathBuf::from(dir.into_owned()))
            .collect();
        let accepted = |dir: &Path| accepted.contains(dir);
        let dir = resolve(dir);
        let main = git::toplevel(&dir).and_then(git::main_tree);
        dir.ancestors().any(accepted) || main.is_some_and(|main| main.ancestors().any(accepted))
    }
}

/// The file that was written to last.
#[derive(Default)]
struct Newest {
    modified: Option<SystemTime>,
    path: Option<PathBuf>,
}

impl Newest {
    fn add(&mut self, path: PathBuf) -> io::Result<()> {
        let metadata = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Ok(()),
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let modified = metadata.modified().ok();
        if self.path.is_none() || modified > self.modified {
            *self = Self { modified, path: Some(path) };
        }
        Ok(())
    }
}

/// Whether an error says that there is nothing at a path, rather than that it cannot be read.
fn is_absent(error: &io::Error) -> bool {
    let nothing = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| nothing.contains(&code))
}

/// Whether a directory lies at or below another, symlinks resolved. One that is gone counts by its
/// name.
pub fn is_below(dir: &Path, root: &Path) -> bool {
    let dir = resolve(dir);
    dir.starts_with(resolve(root)) && !dir.components().any(|part| part == Component::ParentDir)
}

/// `dir` with symlinks resolved; as it is where it does not exist.
pub(super) fn resolve(dir: &Path) -> PathBuf {
    fs::canonicalize(dir).unwrap_or_else(|_: io::Error| dir.to_path_buf())
}

/// The folder name of a project's absolute path: every UTF-16 unit that is no ASCII letter or digit
/// becomes `-`. A name of more than 200 signs is cut there, and `-` and a hash of the path
/// follow: the 32-bit string hash `h * 31 + unit` over its UTF-16 units, absolute, in base 36.
pub fn slug(project: &Path) -> String {
    let mut slug = uncut_slug(project);
    if slug.len() > SLUG_CAP {
        let units = project.to_string_lossy();
        let add = |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit));
        let hash = units.encode_utf16().fold(0, add);
        slug.truncate(SLUG_CAP);
        slug.push('-');
        slug.push_str(&base36(hash.unsigned_abs()));
    }
    slug
}

fn uncut_slug(path: &Path) -> String {
    let letter = |unit| u8::try_from(unit).ok().filter(u8::is_ascii_alphanumeric);
    let units = path.to_string_lossy();
    units.encode_utf16().map(|unit| letter(unit).map_or('-', char::from)).collect()
}

/// The directories there are whose folder has this name: mostly one, but several paths may differ in
/// punctuation only. A project that was moved goes on in the one that its folder stands for.
///
/// The name is not decoded, which cannot be done, but followed: from the root down into the
/// directories whose names agree with it.
pub(super) fn directories_of(folder: &str) -> Vec<PathBuf> {
    let walk = WalkDir::new("/").into_iter().filter_entry(|entry| {
        let name = uncut_slug(entry.path());
        let is_above = folder.strip_prefix(&*name).is_some_and(|rest| rest.starts_with('-'));
        let is_cut = name.len() >= SLUG_CAP && folder.get(..SLUG_CAP) == name.get(..SLUG_CAP);
        entry.depth() == 0 || (entry.file_type().is_dir() && (is_above || is_cut || name == folder))
    });
    let dirs = walk.flatten().map(DirEntry::into_path);
    let may_be: Vec<PathBuf> = dirs.filter(|dir| is_folder_of(folder, &slug(dir))).collect();
    // Of a name that was cut, the hash tells which, unless another build of the CLI made it.
    let exact: Vec<_> = may_be.iter().filter(|dir| slug(dir) == folder).cloned().collect();
    if exact.is_empty() { may_be } else { exact }
}

/// Whether `folder` may be the folder of a path whose slug is `slug`. Other builds of the CLI hash
/// differently, so of a cut slug only what stands before the hash is compared.
pub(super) fn is_folder_of(folder: &str, slug: &str) -> bool {
    folder == slug
        || (slug.len() > SLUG_CAP
            && folder.len() > SLUG_CAP
            && folder.get(..=SLUG_CAP) == slug.get(..=SLUG_CAP))
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit(number % 36, 36));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn slugs_are_the_clis() {
        let segments = |count| {
            let names = (1..=count).map(|n| format!("segment-{n:02}_x.y"));
            names.collect::<Vec<_>>().join("/")
        };
        let long = segments(16);
        let cut = segments(12).replace(['_', '.', '/'], "-");
        let accents = format!("/tmp/f/u/{}/{}", "é".repeat(100), "é".repeat(95));
        for (path, expected) in [
            ("/home/me/we_ird.dir (x) ünï".to_owned(), "-home-me-we-ird-dir--x---n-".to_owned()),
            ("/tmp/f/ünï 🌱 dir.x_y".to_owned(), "-tmp-f--n-----dir-x-y".to_owned()),
            (format!("/{}", "p".repeat(199)), format!("-{}", "p".repeat(199))),
            (format!("/tmp/f/long/{long}/end"), format!("-tmp-f-long-{cut}-segment--ttxbd7")),
            (accents, format!("-tmp-f-u-{}-kr4sk", "-".repeat(191))),
        ] {
            assert_eq!(slug(Path::new(&path)), expected, "{path}");
        }
    }

    #[test]
    fn folders_of_long_paths_are_told_by_what_precedes_the_hash() {
        let slug = slug(Path::new(&format!("/{}", "p".repeat(300))));
        assert!(is_folder_of(&slug, &slug));
        assert!(is_folder_of(&format!("{}other", &slug[..201]), &slug));
        assert!(!is_folder_of(&slug[..200], &slug));
        assert!(!is_folder_of("-tmp-a", "-tmp-b"));
    }

    #[test]
    fn a_session_is_found_in_any_folder_and_the_newest_wins() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let id: SessionId = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10".parse().unwrap();
        assert_eq!(home.transcript(id), None);
        for (folder, age) in [("-a", 30), ("-b", 10), ("-c", 20)] {
            let folder = home.projects().join(folder);
            fs::create_dir_all(&folder).unwrap();
            let file = fs::File::create(folder.join(format!("{id}.jsonl"))).unwrap();
            let then = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
            file.set_modified(then).unwrap();
        }
        assert_eq!(home.transcript(id), Some(home.projects().join(format!("-b/{id}.jsonl"))));
    }

    #[test]
    fn a_session_is_called_what_its_file_is_called() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let name = "7F9C2BA4-e88f-4F82-b71d-4b0e6f6e6a10";
        let id: SessionId = name.parse().unwrap();
        assert_eq!(home.resume_id(id), None);
        let folder = home.projects().join("-a");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.jsonl")), "{}").unwrap();
        assert_eq!(home.transcript(id), Some(folder.join(format!("{name}.jsonl"))));
        assert_eq!(home.resume_id(id).as_deref(), Some(name));
        fs::write(folder.join(format!("{id}.jsonl")), "{}").unwrap();
        assert_eq!(home.resume_id(id), Some(id.to_string()), "the usual spelling goes first");
    }

    #[test]
    fn a_folder_leads_to_its_directories() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        let long = format!("{}/end", ["a long name"; 22].join("/"));
        for name in ["my-app", "my_app", "my-app/src", "my/app", "other", &long] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::write(root.join("my.app"), "a file").unwrap();
        let of = |name: &str| {
            let mut found = directories_of(&slug(&root.join(name)));
            found.sort();
            let names = found.iter().map(|dir| dir.strip_prefix(&root).unwrap().to_str().unwrap());
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of("my app"), ["my/app", "my-app", "my_app"]);
        assert_eq!(of("my.app.src"), ["my-app/src"]);
        assert_eq!(of("gone"), [""; 0]);
        assert_eq!(of(&long), [long]);
    }

    #[test]
    fn settings_lie_beside_or_inside() {
        let home = Path::new("/home/ada");
        for (variable, dir, settings) in [
            (None, "/home/ada/.claude", "/home/ada/.claude.json"),
            (Some(""), "/home/ada/.claude", "/home/ada/.claude.json"),
            (Some("/etc/claude"), "/etc/claude", "/etc/claude/.claude.json"),
        ] {
            let found = Home::find(variable.map(OsStr::new), home);
            assert_eq!(found, Home { dir: dir.into(), settings: settings.into() });
        }
    }

    #[test]
    fn trust_reaches_down_and_over_worktrees() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        let home = Home::at(root.join("claude"));
        for folder in
            ["claude", "yes/in", "no", "other", "spelled", "repo/.git/worktrees/tree", "tree/deep"]
        {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let own = root.join("repo/.git/worktrees/tree");
        fs::write(root.join("tree/.git"), format!("gitdir: {}\n", own.display())).unwrap();
        fs::write(own.join("commondir"), "../..\n").unwrap();
        fs::write(own.join("gitdir"), root.join("tree/.git").display().to_string()).unwrap();
        let evil = root.join("evil");
        fs::create_dir(&evil).unwrap();
        fs::write(evil.join(".git"), format!("gitdir: {}\n", evil.display())).unwrap();
        fs::write(evil.join("commondir"), root.join("repo/.git").display().to_string()).unwrap();
        fs::write(evil.join("gitdir"), evil.join(".git").display().to_string()).unwrap();
        symlink(root.join("no"), root.join("link")).unwrap();
        assert!(!home.trusted(&root.join("yes")), "without settings nothing is trusted");

        let entry = |name: &str, accepted: &str| {
            format!(r#""{}":{{"hasTrustDialogAccepted":{accepted}}}"#, root.join(name).display())
        };
        let projects = [
            entry("yes", "true"),
            entry("yes/in", "false"),
            entry("no", "false"),
            entry("link", "true"),
            entry("repo", "true"),
            entry("other", "\"true\""),
            // As another program may spell it.
            entry("spelled", "true").replace('/', "\\/").replace("spelled", "sp\\u0065lled"),
        ];
        let settings = format!("\u{feff}{{\"projects\": {{{}}}}}", projects.join(" , "));
        fs::write(root.join("claude/.claude.json"), settings).unwrap();
        for (name, expected) in [
            ("yes", true),
            ("yes/in", true),
            ("no", false),
            ("link", false),
            ("other", false),
            ("spelled", true),
            ("repo", true),
            ("tree/deep", true),
            ("evil", false),
            ("", false),
            ("gone", false),
        ] {
            assert_eq!(home.trusted(&root.join(name)), expected, "{name}");
        }
    }
}
