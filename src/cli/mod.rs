//! Arguments and subcommands: the only layer that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the layer that prints")]

mod bot;
mod export;
mod lock;
mod sandbox;
mod sessions;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Config, ConfigError, Sources};

/// Exit code for arguments and settings that cannot be used.
const MISUSED: u8 = 2;

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
    /// Run the bot (this is the default)
    Run,
    /// List sessions as the bot's picker does
    Sessions(sessions::Arguments),
    /// Write a whole session to a file
    Export(export::Arguments),
    /// Print every setting with its value in force
    Config,
    /// Try it without Telegram: a local chat in the browser
    Sandbox(sandbox::Arguments),
}

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::read(&Sources::here(arguments.common.config.clone())) {
        Ok(config) => config,
        Err(error) => return misused(&error),
    };
    start_log(&arguments.common, &config);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    match arguments.command.unwrap_or(Command::Run) {
        Command::Run => bot::main(&config),
        Command::Sessions(arguments) => sessions::main(&config, &arguments),
        Command::Export(arguments) => export::main(&config, &arguments),
        Command::Config => print_config(&config),
        Command::Sandbox(arguments) => sandbox::main(config, &arguments),
    }
}

fn start_log(common: &Common, config: &Config) {
    let wanted = common.log.as_deref().unwrap_or(&config.log);
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| {
        eprintln!("segue: `{wanted}` is no log filter; using `info`.");
        EnvFilter::new("info")
    });
    // Where the log cannot be written, there is no place to say so.
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let log = log.log_internal_errors(false);
    match common.log_format {
        LogFormat::Plain => {
            log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
        }
        LogFormat::Json => log.json().init(),
    }
}

fn misused(error: &ConfigError) -> ExitCode {
    eprintln!("segue: {error}");
    ExitCode::from(MISUSED)
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("segue: {error}");
    ExitCode::FAILURE
}

fn print_config(config: &Config) -> ExitCode {
    for (key, value) in config.effective() {
        println!("{:<16}{value}", key.name);
        let variable = match key.variable {
            "" => String::new(),
            variable => format!(" ({variable})"),
        };
        println!("{:<16}# {}{variable}", "", key.about);
    }
    ExitCode::SUCCESS
}
