//! The laptop's part of the set-up: the Claude CLI and the first project.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::ask::Ask;
use crate::{
    claude::{
        catalog,
        installed::{self, Login, OLDEST},
        process::find,
    },
    cli::output::{BAD, FAINT, Failure, GOOD, code, pad, stdout},
    config::{Config, expand},
    screens::words,
};

/// Projects that are offered.
const OFFERED: usize = 8;

/// Finds the CLI and looks whether it can be used. Returns its path where it is not the one that
/// is found by itself.
pub(super) async fn claude(
    config: &Config,
    wanted: Option<&Path>,
    ask: &mut Ask,
) -> Result<Option<PathBuf>, Failure> {
    let path = env::var_os("PATH");
    let mut chosen = wanted.map(|path| full(path, config)).transpose()?;
    let found = loop {
        let name = chosen.as_deref().unwrap_or(&config.claude);
        if let Some(found) = find(name, path.as_ref()) {
            break found;
        }
        let missing = format!("`{}` is not there. Install Claude Code", name.display());
        if !ask.is_answered() {
            return Err(Failure::Failed(format!("{missing}, or name it with --claude PATH.")));
        }
        writeln!(stdout(), "{BAD}✗{BAD:#} {missing} and press Enter, or type its path.")?;
        let line = ask.line("Path: ").await?;
        chosen = if line.is_empty() { chosen } else { Some(full(Path::new(&line), config)?) };
    };
    look_at_version(&found, config).await?;
    look_at_login(&found, config, ask).await?;
    Ok(chosen)
}

async fn look_at_version(found: &Path, config: &Config) -> Result<(), Failure> {
    let shown = found.display();
    let mut out = stdout();
    match installed::version(found, &config.environment).await {
        Ok(version) if version.is_supported() => {
            writeln!(out, "{GOOD}✓{GOOD:#} Claude Code {version} ({shown})")?;
        }
        Ok(version) => writeln!(
            out,
            "{BAD}✗{BAD:#} Claude Code {version} is too old, {OLDEST} is needed: {}",
            code("claude update")
        )?,
        Err(why) => writeln!(out, "{BAD}✗{BAD:#} {shown} does not say its version: {why}")?,
    }
    Ok(())
}

async fn look_at_login(found: &Path, config: &Config, ask: &mut Ask) -> Result<(), Failure> {
    loop {
        match installed::login(found, &config.environment).await {
            Login::In(who) => {
                let who = who.map_or_else(String::new, |who| format!(" ({who})"));
                writeln!(stdout(), "{GOOD}✓{GOOD:#} Logged in{who}")?;
            }
            Login::Unknown(why) => {
                writeln!(
                    stdout(),
                    "{FAINT}– It does not say whether it is logged in: {why}{FAINT:#}"
                )?;
            }
            Login::Out => {
                let (claude, login) = (code("claude"), code("/login"));
                let how = format!("Run {claude} in another terminal and type {login}");
                writeln!(stdout(), "{BAD}✗{BAD:#} Claude is not logged in. {how}.")?;
                if ask.is_answered()
                    && ask.line("Enter looks again, `later` goes on without: ").await? != "later"
                {
                    continue;
                }
            }
        }
        return Ok(());
    }
}

/// The directory of chats that were never used; `None` leaves it to the laptop.
pub(super) async fn project(
    config: &Config,
    wanted: Option<&Path>,
    ask: &mut Ask,
) -> Result<Option<PathBuf>, Failure> {
    if let Some(wanted) = wanted {
        let project = directory(wanted, config).map_err(Failure::Misused)?;
        writeln!(stdout(), "{GOOD}✓{GOOD:#} {}", shown(&project, config))?;
        return Ok(Some(project));
    }
    let offered = offered(config);
    let default = config.project.clone().or_else(|| match offered.first() {
        Some(_) => None,
        None => env::current_dir().ok().filter(|dir| *dir != config.user_home),
    });
    if !ask.is_answered() {
        let default = config.project.clone();
        let word = default.as_ref().map_or_else(
            || "The project used last on the laptop".to_owned(),
            |project| shown(project, config),
        );
        writeln!(stdout(), "{GOOD}✓{GOOD:#} {word}")?;
        return Ok(default);
    }
    list(&offered, config)?;
    let word = match (&default, offered.first()) {
        (Some(project), _) => shown(project, config),
        (None, Some(_)) => "whichever was used last".to_owned(),
        (None, None) => "none".to_owned(),
    };
    loop {
        let line = ask.line(&format!("Number or path (Enter: {word}): ")).await?;
        let number = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let chosen = match (line.as_str(), number.and_then(|at| offered.get(at))) {
            ("", _) => return Ok(default),
            (_, Some((project, _))) => Ok(project.clone()),
            (path, None) => directory(Path::new(path), config),
        };
        match chosen {
            Ok(project) => {
                writeln!(stdout(), "{GOOD}✓{GOOD:#} {}", shown(&project, config))?;
                return Ok(Some(project));
            }
            Err(why) => writeln!(stdout(), "{BAD}✗{BAD:#} {why}")?,
        }
    }
}

/// The projects used last that are still there, and when.
fn offered(config: &Config) -> Vec<(PathBuf, u64)> {
    let mut projects = catalog::projects(&config.home);
    projects.sort_by_key(|project| std::cmp::Reverse(project.modified));
    let there = projects.into_iter().filter(|project| project.dir.is_dir());
    there.take(OFFERED).map(|project| (project.dir, project.modified)).collect()
}

fn list(offered: &[(PathBuf, u64)], config: &Config) -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let mut out = stdout();
    for (at, (project, modified)) in offered.iter().enumerate() {
        let (project, age) = (shown(project, config), words::age(now, *modified));
        writeln!(out, "{:>3}  {}  {FAINT}{age}{FAINT:#}", at + 1, pad(&project, 32))?;
    }
    Ok(())
}

fn shown(project: &Path, config: &Config) -> String {
    words::path(project, &config.user_home)
}

/// A directory that a person names.
fn directory(path: &Path, config: &Config) -> Result<PathBuf, String> {
    let path = full(path, config).map_err(|_| "There is no current directory.".to_owned())?;
    if path.is_dir() { Ok(path) } else { Err(format!("`{}` is no directory", path.display())) }
}

/// A path that a person names, in full. A bare name stays one: it is looked up on the `PATH`.
fn full(path: &Path, config: &Config) -> Result<PathBuf, Failure> {
    let path = expand(&path.to_string_lossy(), &config.user_home);
    if path.is_absolute() {
        return Ok(path);
    }
    let here = std::path::absolute(&path).map_err(Failure::failed)?;
    let is_name = path.components().count() == 1 && !here.exists();
    Ok(if is_name { path } else { here })
}
