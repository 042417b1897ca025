//! `git diff`, as it is read by a person.
//!
//! Runs git with everything turned off that a repository's settings could make it run.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{process::Command, time::timeout};

/// How long git may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most of a diff that is shown, bytes.
const LARGEST: usize = 4 << 20;
/// The tree of a repository without a commit.
const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// New files that are named, where there are many.
const NEW_FILES: usize = 50;

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
    let others = ["ls-files", "--others", "--exclude-standard", "--"].map(OsStr::new);
    let new = read(&git(folder, &[&others[..], &[only]].concat()).await?)?;
    Ok(match file {
        Some(file) if !new.is_empty() => whole(folder, file).await?,
        _ => with_names(tracked, &new),
    })
}

/// The diff, and the names of the files that git does not know.
fn with_names(mut diff: String, new: &str) -> String {
    let names: Vec<_> = new.lines().collect();
    if !names.is_empty() {
        diff.push_str("New files:\n");
        for name in names.iter().take(NEW_FILES) {
            diff.extend(["  ", name, "\n"]);
        }
        if let Some(more) = names.len().checked_sub(NEW_FILES).filter(|more| *more > 0) {
            diff.extend(["  and ", &more.to_string(), " more\n"]);
        }
    }
    diff
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
