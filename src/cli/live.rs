//! `segue live`: the sessions that run now.

use std::{io::Write, path::Path, process::ExitCode};

use serde::Serialize;

use crate::{
    claude::{
        catalog,
        home::Home,
        live::{self, Live},
        session::{SessionId, Status},
    },
    cli::output::{
        BAD, CommandResult, FAINT, Failure, GOOD, STRONG, columns, fit, now, pad, stdout,
    },
    config::Config,
    screens::words,
};

/// Columns of an id and the space behind it.
const INDENT: usize = 38;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// One JSON array
    #[arg(long)]
    json: bool,
}

/// One process as `--json` prints it.
#[derive(Serialize)]
struct Row<'a> {
    pid: u32,
    session: SessionId,
    project: &'a Path,
    title: &'a str,
    /// `interactive`, `headless` or `background`.
    kind: &'a str,
    status: Status,
    /// What it waits for, in the CLI's words.
    waiting_for: Option<&'a str>,
    /// Since when its status is what it is, milliseconds since the epoch.
    since: Option<u64>,
}

pub(super) fn main(config: &Config, arguments: &Arguments) -> CommandResult {
    let all = live::by_need(&config.home);
    let titles: Vec<String> = all.iter().map(|live| title(&config.home, live)).collect();
    let mut out = stdout();
    if arguments.json {
        let rows: Vec<Row<'_>> =
            all.iter().zip(&titles).map(|(live, title)| row(live, title)).collect();
        let json = serde_json::to_string_pretty(&rows).map_err(Failure::failed)?;
        writeln!(out, "{json}")?;
    } else {
        for (live, title) in all.iter().zip(&titles) {
            print(config, live, title)?;
        }
    }
    if !all.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.json {
        return Ok(ExitCode::FAILURE);
    }
    Err(Failure::Failed(
        "no session of Claude's runs now; `segue sessions --all` lists the others.".to_owned(),
    ))
}

/// The title of a session, or what the process calls it before it has one.
fn title(home: &Home, live: &Live) -> String {
    let title = catalog::find(home, live.session).map(|session| session.title);
    let named = || if live.name.is_empty() { "New session".to_owned() } else { live.name.clone() };
    title.unwrap_or_else(named)
}

fn row<'a>(live: &'a Live, title: &'a str) -> Row<'a> {
    Row {
        pid: live.pid,
        session: live.session,
        project: &live.cwd,
        title,
        kind: live.kind_name(),
        status: live.status,
        waiting_for: live.waiting_for.as_deref().filter(|_| live.status == Status::Waiting),
        since: live.since.or(live.started),
    }
}

fn print(config: &Config, live: &Live, title: &str) -> Result<(), Failure> {
    let mut out = stdout();
    let fitted = |text: &str| {
        columns().map_or_else(|| text.to_owned(), |width| fit(text, width.saturating_sub(INDENT)))
    };
    let title = fitted(&words::line(title, 200));
    writeln!(out, "{FAINT}{}{FAINT:#}  {STRONG}{title}{STRONG:#}", live.session)?;
    let now = now();
    let long = live.since.or(live.started);
    let long = long.map(|since| format!(" for {}", words::span(now.saturating_sub(since) / 1000)));
    let long = long.unwrap_or_default();
    let (style, status) = match (live.status, live.waiting_for.as_deref()) {
        (Status::Idle, _) => (FAINT, format!("idle{long}")),
        (Status::Busy, _) => (GOOD, format!("busy{long}")),
        (Status::Waiting, None) => (BAD, format!("waits{long}")),
        (Status::Waiting, Some(what)) => (BAD, format!("waits{long}: {}", words::line(what, 80))),
    };
    let mut facts = vec![
        words::path(&live.cwd, &config.user_home),
        live.kind_name().to_owned(),
        format!("process {}", live.pid),
    ];
    facts.extend(live.tmux.as_deref().map(|pane| format!("tmux {}", words::line(pane, 40))));
    facts.extend(live.started.map(|at| format!("started {}", words::age(now, at))));
    let facts = facts.join(" · ");
    writeln!(out, "{}{style}{status}{style:#}", pad("", INDENT))?;
    writeln!(out, "{}{FAINT}{}{FAINT:#}", pad("", INDENT), fitted(&facts))?;
    Ok(())
}
