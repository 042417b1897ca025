//! The Claude CLI and its directory.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use notify::{RecursiveMode, Watcher, recommended_watcher};
use rustix::fs::{Access, access};

use super::Finding;
use crate::{
    claude::{
        home::Home,
        installed::{self, Login, OLDEST},
        process::find,
    },
    config::Config,
    screens::words,
};

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = cli(config).await;
    let home = config.home.clone();
    let of_files = tokio::task::spawn_blocking(move || files(&home)).await;
    findings.extend(of_files.unwrap_or_default());
    findings
}

async fn cli(config: &Config) -> Vec<Finding> {
    const CLI: &str = "claude";
    let Some(program) = find(&config.claude, env::var_os("PATH").as_ref()) else {
        let found = format!("no `{}` on the PATH", config.claude.display());
        let remedy = "install Claude Code, or set `claude` to its path";
        return vec![Finding::fault(CLI, found, remedy)];
    };
    let shown = program.display();
    let version = match installed::version(&program, &config.environment).await {
        Ok(version) => version,
        Err(why) => {
            let found = format!("{shown} does not say its version: {why}");
            return vec![Finding::fault(CLI, found, "install Claude Code anew")];
        }
    };
    let found = format!("{version} at {shown}");
    let of_version = if version.is_supported() {
        Finding::good(CLI, found)
    } else {
        let found = format!("{found} is too old: {OLDEST} is needed");
        Finding::fault(CLI, found, "run `claude update`")
    };
    vec![of_version, login(&program, config).await]
}

async fn login(program: &Path, config: &Config) -> Finding {
    const LOGIN: &str = "login";
    match installed::login(program, &config.environment).await {
        Login::In(None) => Finding::good(LOGIN, "logged in"),
        Login::In(Some(who)) => Finding::good(LOGIN, format!("logged in ({who})")),
        Login::Out => Finding::fault(LOGIN, "not logged in", "run `claude` and type /login there"),
        Login::Unknown(why) => Finding::note(LOGIN, format!("the CLI does not say: {why}")),
    }
}

fn files(home: &Home) -> Vec<Finding> {
    let mut findings = vec![sessions(home), history(home)];
    findings.extend(watches(home));
    findings
}

fn sessions(home: &Home) -> Finding {
    const SESSIONS: &str = "sessions";
    let shown = home.dir.display();
    if !home.dir.exists() {
        return Finding::note(SESSIONS, format!("none yet: Claude has not run here ({shown})"));
    }
    match fs::read_dir(home.projects()) {
        Ok(folders) => {
            let projects = words::plural(folders.flatten().count() as u64, "project");
            Finding::good(SESSIONS, format!("of {projects} in {shown}"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Finding::note(SESSIONS, format!("none yet in {shown}"))
        }
        Err(error) => {
            let found = format!("{} cannot be read: {error}", home.projects().display());
            Finding::fault(SESSIONS, found, "make it a directory that you may read")
        }
    }
}

/// Whether the history can be written, in which segue notes what each chat is on.
fn history(home: &Home) -> Finding {
    const HISTORY: &str = "history";
    let file = home.history();
    let shown = file.display();
    let subject = if file.exists() { file.clone() } else { existing(&home.dir) };
    let remedy = format!("make it writable for you: `ls -ld {}`", subject.display());
    if file.is_dir() {
        let found = format!("{shown} is a directory");
        return Finding::fault(HISTORY, found, "move it away; Claude makes the file");
    }
    match access(&subject, Access::WRITE_OK) {
        Ok(()) if file.exists() || subject.is_dir() => {
            Finding::good(HISTORY, format!("{shown} can be written"))
        }
        Ok(()) => Finding::fault(HISTORY, format!("{} is no directory", subject.display()), remedy),
        Err(error) => {
            Finding::fault(HISTORY, format!("{shown} cannot be written: {error}"), remedy)
        }
    }
}

/// Watches what the bot watches, for a moment.
fn watches(home: &Home) -> Option<Finding> {
    const WATCHES: &str = "watches";
    if !home.dir.is_dir() {
        return None;
    }
    let folders = fs::read_dir(home.projects()).into_iter().flatten().flatten();
    let folders = folders.map(|folder| folder.path()).filter(|path| path.is_dir());
    let all: Vec<PathBuf> = [home.dir.clone()].into_iter().chain(folders).collect();
    let watched = recommended_watcher(|_| {}).and_then(|mut watcher| {
        all.iter().try_for_each(|path| watcher.watch(path, RecursiveMode::NonRecursive))
    });
    Some(match watched {
        Ok(()) => {
            let folders = words::plural(all.len() as u64, "folder");
            Finding::good(WATCHES, format!("{folders} can be watched"))
        }
        Err(error) => {
            let remedy = if cfg!(target_os = "linux") {
                "raise fs.inotify.max_user_watches and fs.inotify.max_user_instances with sysctl"
            } else {
                "close programs that watch many files"
            };
            let found = format!("Claude's directory cannot be watched: {error}");
            Finding::fault(WATCHES, found, remedy)
        }
    })
}

/// The path itself, or the nearest above it that is there.
pub(super) fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned()
}
