//! Arguments and subcommands: the only layer that prints.

mod audit;
mod bot;
mod bot_api;
mod config;
mod doctor;
mod export;
mod live;
mod lock;
mod output;
mod progress;
mod sandbox;
mod search;
mod service;
mod sessions;
mod setup;
mod shell;
mod usage;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Config, Reading, Sources, expand};

use output::{CommandResult, Failure, complain};

/// Continue the Claude Code session of your laptop from Telegram, and go back, in the same
/// conversation.
#[derive(Debug, Parser)]
#[command(name = "segue", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, Args)]
struct Common {
    /// Read settings from FILE
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which log lines are written to stderr, such as `warn` or `segue=debug`
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// How log lines are written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "plain")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people
    Plain,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set the bot up, step by step
    Setup(setup::Arguments),
    /// Run the bot (this is the default)
    Run,
    /// Look for what is wrong, and say what to do about it
    Doctor(doctor::Arguments),
    /// Have the system run the bot in the background
    Service(service::Arguments),
    /// List sessions as the bot's picker does
    Sessions(sessions::Arguments),
    /// Find where something was said, in all sessions
    Search(search::Arguments),
    /// Count tokens and costs, by session, day, model and project
    Usage(usage::Arguments),
    /// List the sessions that run now, and what they wait for
    Live(live::Arguments),
    /// List what tools did, with what is dangerous marked
    Audit(audit::Arguments),
    /// Write a whole session to a file
    Export(export::Arguments),
    /// Print every setting, its value in force and where that comes from
    Config,
    /// Try it without Telegram: a local chat in the browser
    Sandbox(sandbox::Arguments),
    /// Print completions for a shell
    Completions(shell::Completions),
    /// Print the manual page
    Man(shell::Man),
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run(arguments).unwrap_or_else(Failure::tell)
}

fn run(arguments: Arguments) -> CommandResult {
    let command = match arguments.command.unwrap_or(Command::Run) {
        // These must work whatever the settings are.
        Command::Completions(arguments) => return shell::completions(&arguments),
        Command::Man(arguments) => return shell::man(&arguments),
        command => command,
    };
    let sources = Sources::here(arguments.common.config.as_deref().map(absolute).transpose()?);
    let reading = Reading::new(&sources)?;
    start_log(&arguments.common, &reading.config);
    match command {
        Command::Setup(arguments) => setup::main(&sources, &arguments),
        Command::Doctor(arguments) => doctor::main(&reading, &sources, &arguments),
        Command::Service(arguments) => service::main(&reading, &sources, &arguments),
        Command::Config => config::main(&reading, &sources),
        Command::Run => bot::main(&config_or_refuse(reading)?),
        Command::Sessions(arguments) => sessions::main(&config_of_claude(reading)?, &arguments),
        Command::Search(arguments) => search::main(&config_of_claude(reading)?, &arguments),
        Command::Usage(arguments) => usage::main(&config_of_claude(reading)?, &arguments),
        Command::Live(arguments) => live::main(&config_of_claude(reading)?, &arguments),
        Command::Audit(arguments) => audit::main(&config_of_claude(reading)?, &arguments),
        Command::Export(arguments) => export::main(&config_of_claude(reading)?, &arguments),
        Command::Sandbox(arguments) => sandbox::main(config_with_complaints(reading), &arguments),
        Command::Completions(_) | Command::Man(_) => Ok(ExitCode::SUCCESS),
    }
}

/// A file that the command line names, also where no shell has expanded the `~`.
fn absolute(file: &Path) -> Result<PathBuf, Failure> {
    let home = std::env::home_dir().unwrap_or_default();
    let file = file.to_str().map_or_else(|| file.to_owned(), |text| expand(text, &home));
    std::path::absolute(&file).map_err(Failure::misused)
}

/// The settings, when all of them can be used.
fn config_or_refuse(reading: Reading) -> Result<Config, Failure> {
    let problems: Vec<_> = reading.problems.iter().map(ToString::to_string).collect();
    if !problems.is_empty() {
        return Err(Failure::Misused(problems.join("\n")));
    }
    for warning in &reading.config.warnings {
        tracing::warn!("{warning}");
    }
    Ok(reading.config)
}

/// The settings, with a word about those that cannot be used: for what can do without them.
fn config_with_complaints(reading: Reading) -> Config {
    for problem in &reading.problems {
        complain(&problem.to_string());
    }
    reading.config
}

/// The same, for what reads Claude's files: where it is not known where they are, nothing is told of
/// others.
fn config_of_claude(reading: Reading) -> Result<Config, Failure> {
    match reading.problems.iter().find(|problem| problem.hides_claude()) {
        Some(problem) => Err(Failure::Misused(problem.to_string())),
        None => Ok(config_with_complaints(reading)),
    }
}

fn start_log(common: &Common, config: &Config) {
    let wanted = common.log.as_deref().unwrap_or(&config.log);
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| {
        complain(&format!("`{wanted}` is no log filter; using `info`."));
        EnvFilter::new("info")
    });
    // Where the log cannot be written, there is no place to say so.
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let log = log.log_internal_errors(false);
    match common.log_format {
        LogFormat::Plain => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
}
