//! `git diff`, as it is read by a person. Nothing of a repository's configuration runs.
//!
//! A repository's configuration names programs for filters, text conversions, diffs, hooks, file
//! system monitors and fetches. Of the repository only the objects, the index and the commit of
//! `HEAD` are used here, through a git directory of our own that has a configuration of its own:
//! what is not configured there cannot run, whatever the attributes of files ask for.
//! Settings that are plain values and that change what counts as a difference are taken over.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::symlink,
    },
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{process::Command, time::sleep};

use crate::{app::program, screens::words};

/// How long git may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most of a diff that is shown, bytes.
const LARGEST: usize = 4 << 20;
/// New files that are shown or named, where there are many.
const NEW_FILES: usize = 50;
/// Largest new file that is shown and not only named, bytes.
const NEW_FILE: u64 = 256 << 10;
/// Settings that are taken over from the repository, by name: none names a program.
const VALUES: &str =
    r"^core\.(autocrlf|eol|filemode|ignorecase|precomposeunicode|symlinks|excludesfile)$";
/// What is to be known of a repository, a line each; the last only where its index is split.
const ABOUT: [&str; 9] = [
    "rev-parse",
    "--is-inside-work-tree",
    "--path-format=absolute",
    "--git-common-dir",
    "--git-path",
    "index",
    "--show-object-format",
    "--path-format=absolute",
    "--shared-index-path",
];

/// What has changed since the last commit, in a directory or in one file; empty where nothing has.
pub(super) async fn diff(directory: &Path, file: Option<&Path>) -> Result<String, String> {
    let repository = Repository::open(folder_of(directory, file)).await?;
    let only = file.and_then(Path::file_name).unwrap_or(OsStr::new("."));
    let tracked = repository.tracked(only).await?;
    let new = repository.new_files(only).await?;
    repository.with_new(tracked, &new).await
}

/// The directory that a diff is asked of.
pub(super) fn folder_of<'a>(directory: &'a Path, file: Option<&'a Path>) -> &'a Path {
    file.and_then(Path::parent).unwrap_or(directory)
}

/// A repository, read through a git directory of our own.
struct Repository {
    folder: PathBuf,
    /// The commit of `HEAD`; none before the first.
    head: Option<String>,
    /// Its list of files that are not to be told of.
    excluded: PathBuf,
    /// Arguments and environment of each git.
    settings: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    _own: TempDir,
}

impl Repository {
    /// The repository that `folder` lies in.
    async fn open(folder: &Path) -> Result<Self, String> {
        let folder = folder.canonicalize().map_err(|error| error.to_string())?;
        let Some(top) = folder.ancestors().find(|dir| dir.join(".git").exists()) else {
            return Err("it is not in a git repository".to_owned());
        };
        let ask = async |arguments: &[&str]| git(&folder, (&[], &[]), arguments).await;
        let about = ask(&ABOUT).await?;
        read(&about)?;
        let mut about = about.stdout.split(|byte| *byte == b'\n').map(OsStr::from_bytes);
        let mut next = || about.next().unwrap_or_default();
        let (inside, common, index, format) = (next(), Path::new(next()), next(), next());
        let shared = Path::new(next());
        if inside != "true" {
            return Err("it is not in a git repository".to_owned());
        }
        let head = ask(&["rev-parse", "--verify", "--quiet", "HEAD"]).await?;
        let head = String::from_utf8_lossy(&head.stdout).trim().to_owned();
        let values = ask(&["config", "-z", "--get-regexp", VALUES]).await?;
        let own = own_directory(format, shared).map_err(|error| error.to_string())?;
        let environment = vec![
            ("GIT_DIR", own.path().into()),
            ("GIT_WORK_TREE", top.into()),
            ("GIT_OBJECT_DIRECTORY", common.join("objects").into()),
            ("GIT_INDEX_FILE", index.into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ];
        let (head, excluded) = ((!head.is_empty()).then_some(head), common.join("info/exclude"));
        let settings = as_arguments(&values.stdout);
        Ok(Self { folder, head, excluded, settings, environment, _own: own })
    }

    /// The changes of files that git knows.
    async fn tracked(&self, only: &OsStr) -> Result<String, String> {
        let base = match &self.head {
            Some(head) => head.clone(),
            None => read(&self.git(&["hash-object", "-t", "tree", "/dev/null"]).await?)?,
        };
        // A submodule's own changes would be asked of a git inside it, with its configuration.
        let shown = ["diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty"];
        let of_commit = [base.trim(), "--"].map(OsStr::new);
        let shown = shown.map(OsStr::new);
        read(&self.git(&[&shown[..], &of_commit, &[only]].concat()).await?)
    }

    /// The files that git does not know, below the folder, each with a NUL.
    async fn new_files(&self, only: &OsStr) -> Result<Vec<u8>, String> {
        let mut arguments: Vec<OsString> =
            ["ls-files", "--others", "--exclude-standard", "-z"].map(Into::into).into();
        if self.excluded.is_file() {
            arguments.extend(["--exclude-from".into(), self.excluded.clone().into()]);
        }
        arguments.extend(["--".into(), only.to_owned()]);
        let new = self.git(&arguments).await?;
        read(&new)?;
        Ok(new.stdout)
    }

    /// The diff, with what is in the files that git does not know. Those that are not read by a
    /// person are named.
    async fn with_new(&self, mut diff: String, new: &[u8]) -> Result<String, String> {
        let files: Vec<&Path> =
            new.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path).collect();
        let mut unseen = Vec::new();
        for name in files.iter().take(NEW_FILES) {
            // A link's target is not followed, and a repository of its own is a folder here.
            let about = self.folder.join(name).symlink_metadata();
            let size = about.as_ref().map_or(0, fs::Metadata::len);
            let is_read = about.is_ok_and(|about| about.is_file() || about.is_symlink());
            if !is_read || size > NEW_FILE || diff.len() > LARGEST {
                unseen.push(format!("{} ({})", name.display(), words::bytes(size)));
                continue;
            }
            match self.whole(name).await? {
                shown if shown.contains("\nBinary files ") => {
                    unseen.push(format!("{} ({}, binary)", name.display(), words::bytes(size)));
                }
                shown => diff.push_str(&shown),
            }
        }
        if let Some(more) = files.len().checked_sub(NEW_FILES).filter(|more| *more > 0) {
            unseen.push(format!("and {more} more"));
        }
        if !unseen.is_empty() {
            diff.push_str("New files that are not shown:\n");
            diff.extend(unseen.iter().flat_map(|name| ["  ", name, "\n"]));
        }
        Ok(diff)
    }

    /// A file that git does not know: all of it is new.
    async fn whole(&self, file: &Path) -> Result<String, String> {
        let shown = ["diff", "--no-ext-diff", "--no-textconv", "--no-index", "--", "/dev/null"];
        let arguments = [&shown.map(OsStr::new)[..], &[file.as_os_str()]].concat();
        // It says by 1 that there is a difference.
        let output = self.git(&arguments).await?;
        Ok(cut(&output.stdout))
    }

    async fn git(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Output, String> {
        git(&self.folder, (&self.settings, &self.environment), arguments).await
    }
}

/// A git directory without objects and with no settings but the kind of its objects. `shared` is the
/// other half of a split index, which git looks for in here.
fn own_directory(format: &OsStr, shared: &Path) -> io::Result<TempDir> {
    let own = tempfile::tempdir()?;
    fs::create_dir(own.path().join("refs"))?;
    fs::write(own.path().join("HEAD"), "ref: refs/heads/none\n")?;
    let format = format.to_string_lossy();
    let config = match &*format {
        "sha256" => "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n",
        _ => "[core]\nrepositoryformatversion = 0\n",
    };
    fs::write(own.path().join("config"), config)?;
    if let Some(name) = shared.file_name() {
        symlink(shared, own.path().join(name))?;
    }
    Ok(own)
}

/// Settings as `git config -z` prints them, name, line feed, value and NUL, as arguments of git.
fn as_arguments(printed: &[u8]) -> Vec<OsString> {
    let settings = printed.split(|byte| *byte == 0).filter_map(|setting| {
        let at = memchr::memchr(b'\n', setting)?;
        let (name, value) = (&setting[..at], &setting[at + 1..]);
        Some(OsString::from_vec([name, b"=", value].concat()))
    });
    settings.flat_map(|setting| [OsString::from("-c"), setting]).collect()
}

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

fn read(output: &Output) -> Result<String, String> {
    if output.status.success() || output.stdout.len() >= LARGEST {
        return Ok(cut(&output.stdout));
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(stderr.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned())
}

fn cut(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(LARGEST)]).into_owned()
}

/// Runs git in a folder. Of what it prints no more is read than is shown.
async fn git(
    folder: &Path,
    (settings, environment): (&[OsString], &[(&str, OsString)]),
    arguments: &[impl AsRef<OsStr>],
) -> Result<Output, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["--no-pager", "--literal-pathspecs"]).args(settings);
    for setting in [
        "color.ui=never",
        "core.quotePath=false",
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "protocol.allow=never",
    ] {
        command.args(["-c", setting]);
    }
    // What our own environment says of git is about another repository.
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.as_bytes().starts_with(b"GIT_")) {
        command.env_remove(name);
    }
    command.args(arguments).env_remove("TELEGRAM_BOT_TOKEN");
    command.envs([("GIT_OPTIONAL_LOCKS", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("LC_ALL", "C")]);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = program::output(command, LARGEST, sleep(PATIENCE)).await;
    output.map_err(|error| error.to_string())?.ok_or_else(|| "git takes too long".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, process};

    use super::*;

    fn run(directory: &Path, arguments: &[&str]) -> String {
        let mut command = process::Command::new("git");
        command.current_dir(directory).args(["-c", "user.name=Ada", "-c", "user.email=a@b.c"]);
        command.args(["-c", "protocol.file.allow=always"]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(directory: &Path) {
        run(directory, &["add", "."]);
        run(directory, &["commit", "-q", "-m", "Sow"]);
    }

    /// A repository with a submodule, and a program that tells of each of its starts.
    struct Hostile {
        _scratch: TempDir,
        repository: PathBuf,
        program: PathBuf,
        started: PathBuf,
    }

    impl Hostile {
        fn new() -> Self {
            let scratch = tempfile::tempdir().unwrap();
            let root = scratch.path().canonicalize().unwrap();
            let [inner, repository] = ["inner", "repository"].map(|name| root.join(name));
            for directory in [&inner, &repository] {
                fs::create_dir(directory).unwrap();
                run(directory, &["init", "-q"]);
                fs::write(directory.join("beds.txt"), "tulips\n").unwrap();
                fs::write(directory.join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
                commit(directory);
            }
            run(&repository, &["submodule", "--quiet", "add", "../inner", "inner"]);
            fs::write(repository.join(".gitignore"), "*.log\n").unwrap();
            commit(&repository);
            let (program, started) = (root.join("program"), root.join("started"));
            let body = format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", started.display());
            fs::write(&program, body).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            Self { _scratch: scratch, repository, program, started }
        }

        /// Has the configuration of the repository and of its submodule name the program wherever
        /// one can be named, and changes a file in both.
        fn arm(&self) {
            let program = self.program.to_str().unwrap();
            let inner = self.repository.join("inner");
            for directory in [&self.repository, &inner] {
                for key in [
                    "filter.evil.clean",
                    "filter.evil.smudge",
                    "filter.evil.process",
                    "diff.evil.textconv",
                    "diff.evil.command",
                    "diff.external",
                    "core.fsmonitor",
                    "core.pager",
                    "pager.diff",
                    "core.sshCommand",
                    "core.editor",
                    "core.alternateRefsCommand",
                    "interactive.diffFilter",
                    "uploadpack.packObjectsHook",
                ] {
                    run(directory, &["config", key, program]);
                }
                run(directory, &["config", "filter.evil.required", "true"]);
                run(directory, &["config", "remote.origin.promisor", "true"]);
                run(directory, &["config", "remote.origin.url", &format!("ext::{program} %S")]);
                run(directory, &["config", "protocol.ext.allow", "always"]);
                run(directory, &["config", "extensions.partialClone", "origin"]);
                run(directory, &["config", "alias.diff", &format!("!{program}")]);
            }
            let hooks = self.repository.join(".git/hooks");
            fs::create_dir_all(&hooks).unwrap();
            for hook in ["post-index-change", "fsmonitor-watchman", "pre-commit"] {
                symlink(&self.program, hooks.join(hook)).unwrap();
            }
            for directory in [&self.repository, &inner] {
                fs::write(directory.join("beds.txt"), "roses\n").unwrap();
            }
            fs::write(self.repository.join("new.txt"), "peas\n").unwrap();
            fs::write(self.repository.join("new.log"), "peas\n").unwrap();
        }

        fn started(&self) -> String {
            fs::read_to_string(&self.started).unwrap_or_default()
        }
    }

    #[tokio::test]
    async fn nothing_of_a_repositorys_configuration_runs() {
        let hostile = Hostile::new();
        hostile.arm();
        let file = hostile.repository.join("beds.txt");
        for file in [None, Some(&*file)] {
            let shown = diff(&hostile.repository, file).await.unwrap();
            assert!(shown.contains("-tulips\n+roses\n"), "{shown}");
            assert_eq!(shown.contains("b/new.txt"), file.is_none(), "{shown}");
            assert!(!shown.contains("new.log"), "{shown}");
        }
        let inner = diff(&hostile.repository.join("inner"), None).await.unwrap();
        assert!(inner.contains("-tulips\n+roses\n"), "{inner}");
        assert_eq!(hostile.started(), "");
        // An object that is not there is not fetched.
        let objects = hostile.repository.join(".git/objects");
        let blob = run(&hostile.repository, &["rev-parse", "HEAD:beds.txt"]);
        fs::remove_file(objects.join(&blob[..2]).join(&blob[2..])).unwrap();
        assert!(diff(&hostile.repository, None).await.is_err());
        assert_eq!(hostile.started(), "");
        // The same by a git that is not told to leave it.
        let mut naive = process::Command::new("git");
        naive.current_dir(hostile.repository.join("inner")).args(["diff", "HEAD"]);
        naive.output().unwrap();
        assert!(hostile.started().contains("program"), "the trap is one");
    }

    #[tokio::test]
    async fn worktrees_split_indexes_and_other_hashes_are_read() {
        let scratch = tempfile::tempdir().unwrap();
        for (name, init) in
            [("usual", &["init", "-q"][..]), ("other", &["init", "-q", "--object-format=sha256"])]
        {
            let repository = scratch.path().join(name);
            fs::create_dir(&repository).unwrap();
            run(&repository, init);
            fs::write(repository.join("beds.txt"), "tulips\n").unwrap();
            fs::write(repository.join("tools.txt"), "spade\n").unwrap();
            run(&repository, &["add", "beds.txt"]);
            let unborn = diff(&repository, None).await.unwrap();
            assert!(unborn.contains("+tulips") && unborn.contains("+spade"), "{unborn}");
            commit(&repository);
            run(&repository, &["update-index", "--split-index"]);
            let tree = scratch.path().join(format!("{name}-tree"));
            run(&repository, &["worktree", "add", "-q", tree.to_str().unwrap()]);
            for directory in [repository, tree] {
                assert_eq!(diff(&directory, None).await.unwrap(), "");
                fs::write(directory.join("beds.txt"), "roses\n").unwrap();
                fs::create_dir(directory.join("beds")).unwrap();
                fs::write(directory.join("beds/*.txt"), "peas\n").unwrap();
                let all = diff(&directory, None).await.unwrap();
                assert!(all.contains("-tulips\n+roses") && all.contains("+peas"), "{all}");
                let one = diff(&directory, Some(&directory.join("beds/*.txt"))).await.unwrap();
                assert!(one.contains("+peas") && !one.contains("roses"), "{one}");
            }
        }
        let outside = diff(scratch.path(), None).await;
        assert_eq!(outside, Err("it is not in a git repository".to_owned()));
    }
}
