//! `segue service`: the bot in the background, started with the session of its person and again
//! when it fails.
//!
//! The work is the system's: a user unit of systemd on Linux, an agent of launchd on macOS. What
//! the Claude CLI finds in a terminal and not in a service, the `PATH` above all, is written into
//! the service when it is installed.

mod environment;
mod launchd;
mod systemd;

use std::{
    fs::{self, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::{
    cli::output::{BAD, CommandResult, FAINT, Failure, GOOD, code, stdout},
    config::{Reading, Sources},
};

/// Exit code of `status` where the service does not run, as of `systemctl status`.
const NOT_RUNNING: u8 = 3;
/// How long the bot needs beyond its grace to end what it has started, seconds.
const END_SECONDS: u64 = 25;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Install the service for this user and start it
    Install(Install),
    /// Stop the service and remove it
    Uninstall,
    /// Say whether it runs; exit status 3 when it does not
    Status,
    /// Show what it logs
    Logs(Logs),
}

#[derive(Debug, clap::Args)]
struct Install {
    /// Also let it run while you are logged out (`loginctl enable-linger`; Linux)
    #[arg(long)]
    linger: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Logs {
    /// Go on with what comes
    #[arg(short, long)]
    follow: bool,
    /// How many lines at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    lines: u32,
}

/// What the service is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    program: PathBuf,
    /// A configuration file that is not the usual one.
    config: Option<PathBuf>,
    /// Variables it gets.
    environment: Vec<(String, String)>,
    /// How long it may take to end.
    stop_seconds: u64,
}

/// Whether the bot runs as a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    /// Where it is described; `None`: not installed.
    pub(super) file: Option<PathBuf>,
    pub(super) running: bool,
    /// It tries and fails.
    pub(super) failed: bool,
    /// More, in words of the system.
    pub(super) words: String,
}

pub(super) fn main(reading: &Reading, sources: &Sources, arguments: &Arguments) -> CommandResult {
    match &arguments.action {
        Action::Install(wanted) => {
            install(sources)?;
            if wanted.linger {
                systemd::enable_linger().map_err(Failure::Failed)?;
            }
            say_whether_it_lingers()?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Uninstall => uninstall(&reading.config.user_home),
        Action::Status => status(&reading.config.user_home),
        Action::Logs(logs) => show_logs(&reading.config.user_home, logs),
    }
}

/// Whether the system can run services of this user; the error says why not.
pub(super) fn available() -> Result<(), String> {
    if cfg!(target_os = "macos") { launchd::available() } else { systemd::available() }
}

/// Whether it is installed and runs.
pub(super) fn state(home: &Path) -> State {
    if cfg!(target_os = "macos") { launchd::state(home) } else { systemd::state(home) }
}

/// Installs the service anew and starts it.
pub(super) fn install(sources: &Sources) -> Result<(), Failure> {
    let unit = unit(sources)?;
    available().map_err(Failure::Failed)?;
    let home = home(sources)?;
    let file = if cfg!(target_os = "macos") {
        launchd::install(&home, &unit)?
    } else {
        systemd::install(&home, &unit)?
    };
    let names: Vec<_> = unit.environment.iter().map(|(name, _)| name.as_str()).collect();
    let mut out = stdout();
    writeln!(out, "{GOOD}✓{GOOD:#} The service is installed and started: {}", file.display())?;
    writeln!(out, "  {FAINT}It keeps of this shell: {}.{FAINT:#}", names.join(", "))?;
    writeln!(out, "  {FAINT}Install it again when these change.{FAINT:#}")?;
    Ok(())
}

/// What the service runs: this program with its settings, as they are without our variables of
/// this shell.
fn unit(sources: &Sources) -> Result<Unit, Failure> {
    let alone = Reading::new(&sources.clone().without_ours())?;
    let mut problems: Vec<_> = alone.problems.iter().map(ToString::to_string).collect();
    problems.extend(alone.config.bot().err().map(|error| error.to_string()));
    if !problems.is_empty() {
        problems.push(
            "A service has none of the variables of this shell: `segue setup` writes what it \
             needs into the configuration file."
                .to_owned(),
        );
        return Err(Failure::Misused(problems.join("\n")));
    }
    Ok(Unit {
        program: std::env::current_exe().map_err(Failure::failed)?,
        config: sources.file.clone(),
        environment: environment::for_service(sources, &alone.config.claude),
        stop_seconds: alone.config.grace.as_secs() + END_SECONDS,
    })
}

fn home(sources: &Sources) -> Result<PathBuf, Failure> {
    Ok(Reading::new(sources)?.config.user_home)
}

fn uninstall(home: &Path) -> CommandResult {
    let was = if cfg!(target_os = "macos") {
        launchd::uninstall(home)?
    } else {
        systemd::uninstall(home)?
    };
    let mut out = stdout();
    match was {
        Some(file) => writeln!(out, "{GOOD}✓{GOOD:#} Stopped and removed: {}", file.display())?,
        None => writeln!(out, "There is no service to remove.")?,
    }
    Ok(ExitCode::SUCCESS)
}

fn status(home: &Path) -> CommandResult {
    let state = state(home);
    let mut out = stdout();
    let Some(file) = &state.file else {
        writeln!(out, "{BAD}✗{BAD:#} Not installed: {}", code("segue service install"))?;
        return Ok(ExitCode::from(NOT_RUNNING));
    };
    let (mark, word) = match (state.running, state.failed) {
        (true, _) => (format!("{GOOD}✓{GOOD:#}"), "Runs"),
        (false, true) => (format!("{BAD}✗{BAD:#}"), "Has failed"),
        (false, false) => (format!("{BAD}✗{BAD:#}"), "Does not run"),
    };
    writeln!(out, "{mark} {word}: {}", state.words)?;
    writeln!(out, "  {FAINT}{}{FAINT:#}", file.display())?;
    if !state.running {
        writeln!(out, "  {} says why.", code("segue service logs"))?;
        return Ok(ExitCode::from(NOT_RUNNING));
    }
    say_whether_it_lingers()?;
    Ok(ExitCode::SUCCESS)
}

/// Says whether the service goes on while its person is logged out. On macOS it never does.
pub(super) fn say_whether_it_lingers() -> io::Result<()> {
    let mut out = stdout();
    match systemd::lingers() {
        Some(true) => writeln!(out, "  It also runs while you are logged out.")?,
        Some(false) => writeln!(
            out,
            "  It ends when you log out. {} lets it run on.",
            code("loginctl enable-linger")
        )?,
        None => {}
    }
    Ok(())
}

fn show_logs(home: &Path, logs: &Logs) -> CommandResult {
    let mut command =
        if cfg!(target_os = "macos") { launchd::logs(home, logs) } else { systemd::logs(logs) };
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| {
        Failure::Failed(format!("`{program}`, which has the log, cannot be run: {error}"))
    })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a program of the system to its end. The error has its last word.
fn call(program: &str, args: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(args).output();
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no `{program}` here"),
        _ => format!("`{program}` cannot be run: {error}"),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
    let why = last.map_or_else(|| output.status.to_string(), str::to_owned);
    Err(format!("`{program} {}` failed: {why}", args.join(" ")))
}

/// Writes the description of a service, for its owner alone: it may hold keys of the CLI.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let written = || -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)?;
        let private = Permissions::from_mode(0o600);
        let mut new = tempfile::Builder::new().permissions(private).tempfile_in(folder)?;
        new.write_all(text.as_bytes())?;
        new.persist(file)?;
        Ok(())
    };
    written().map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))
}
