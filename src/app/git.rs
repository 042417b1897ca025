//! `git diff`, as it is read by a person.
//!
//! Runs git with everything turned off that a repository's settings could make it run.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use crate::screens::words;

/// How long git may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most of a diff that is shown, bytes.
const LARGEST: usize = 4 << 20;
/// The tree of a repository without a commit.
const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// New files that are shown or named, where there are many.
const NEW_FILES: usize = 50;
/// Largest new file that is shown and not only named, bytes.
const NEW_FILE: u64 = 256 << 10;

/// What has changed since the last commit, in a directory or in one file; empty where nothing has.
pub(super) async fn diff(directory: &Path, file: Option<&Path>) -> Result<String, String> {
    let folder = match file.and_then(Path::parent) {
        Some(folder) => folder,
        None => directory,
    };
    if !git(folder, &["rev-parse", "--is-inside-work-tree"]).await?.status.success() {
        return Err("it is not in a git repository".to_owned());
    }
    let head = git(folder, &["rev-parse", "--verify", "--quiet", "HEAD"]).await?;
    let base = if head.status.success() { "HEAD" } else { EMPTY };
    let only: &OsStr = file.map_or(OsStr::new("."), Path::as_os_str);
    let of_commit = [OsStr::new("diff"), base.as_ref(), "--".as_ref(), only];
    let tracked = read(&git(folder, &of_commit).await?)?;
    let others = ["ls-files", "--others", "--exclude-standard", "-z", "--"].map(OsStr::new);
    let new = git(folder, &[&others[..], &[only]].concat()).await?;
    read(&new)?;
    with_new(tracked, folder, &new.stdout).await
}

/// The diff, with what is in the files that git does not know. Those that are not read by a person
/// are named.
async fn with_new(mut diff: String, folder: &Path, new: &[u8]) -> Result<String, String> {
    let files: Vec<&Path> =
        new.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path).collect();
    let mut unseen = Vec::new();
    for name in files.iter().take(NEW_FILES) {
        // A link's target is not followed, and a repository of its own is a folder here.
        let size = folder.join(name).symlink_metadata().map_or(0, |about| about.len());
        let is_folder = name.as_os_str().as_encoded_bytes().ends_with(b"/");
        if is_folder || size > NEW_FILE || diff.len() > LARGEST {
            unseen.push(format!("{} ({})", name.display(), words::bytes(size)));
            continue;
        }
        match whole(folder, name).await? {
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

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// A file that git does not know: all of it is new.
async fn whole(folder: &Path, file: &Path) -> Result<String, String> {
    let arguments = [
        "diff".as_ref(),
        "--no-index".as_ref(),
        "--".as_ref(),
        OsStr::new("/dev/null"),
        file.as_os_str(),
    ];
    // It says by 1 that there is a difference.
    let output = git(folder, &arguments).await?;
    Ok(cut(&output.stdout))
}

fn read(output: &Output) -> Result<String, String> {
    if output.status.success() {
        return Ok(cut(&output.stdout));
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(stderr.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned())
}

fn cut(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(LARGEST)]).into_owned()
}

async fn git(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<Output, String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["--no-pager", "-c", "core.fsmonitor=false"]);
    command.args(["-c", "color.ui=never", "-c", "diff.external=", "-c", "core.quotePath=false"]);
    for (at, argument) in arguments.iter().enumerate() {
        command.arg(argument);
        if at == 0 && argument.as_ref() == "diff" {
            command.args(["--no-ext-diff", "--no-textconv"]);
        }
    }
    command.env("GIT_OPTIONAL_LOCKS", "0").env_remove("TELEGRAM_BOT_TOKEN");
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await;
    output.map_err(|_| "git takes too long".to_owned())?.map_err(|error| error.to_string())
}
