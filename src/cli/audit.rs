//! `segue audit`: what tools did.

use std::{
    io::{BufWriter, Write},
    ops::ControlFlow,
    path::Path,
    process::ExitCode,
};

use chrono::{DateTime, Local};
use serde::Serialize;

use crate::{
    bridge::{
        audit::{self, AuditEntry},
        danger::Danger,
    },
    claude::{
        audit::{self as transcripts, Outcome, Scope},
        catalog,
        search::moment,
        session::SessionId,
    },
    cli::output::{
        BAD, CommandResult, FAINT, Failure, GOOD, STRONG, columns, fit, now, pad, passed_over,
        stdout,
    },
    config::Config,
    screens::words::{self, danger_name},
};

/// Columns before what a tool was used on.
const INDENT: usize = 28;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A session by its id or the beginning of it, or `today` (the default)
    #[arg(value_name = "SESSION")]
    which: Option<String>,
    /// What was done since then: `7d`, `yesterday` or a date
    #[arg(long, value_name = "WHEN", conflicts_with = "which")]
    since: Option<String>,
    /// Only what may destroy something or touches secrets
    #[arg(long)]
    flagged: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// One use of a tool as `--json` prints it.
#[derive(Serialize)]
struct Row<'a> {
    /// Milliseconds since the epoch.
    at: Option<u64>,
    session: SessionId,
    tool: &'a str,
    /// The command, file, address or pattern that it was used on.
    what: &'a str,
    flags: Vec<&'static str>,
    /// `done`, `failed`, `denied` or `open`.
    outcome: &'static str,
    /// Whether a sub-agent used it.
    agent: bool,
    project: &'a Path,
}

pub(super) fn main(config: &Config, arguments: &Arguments) -> CommandResult {
    let scope = scope(config, arguments)?;
    let mut printed = 0;
    let mut ended = Ok(());
    let missed = transcripts::run(&config.home, scope, |calls| {
        let entries = calls.into_iter().map(|call| audit::entry(call, &config.user_home));
        let entries: Vec<AuditEntry> =
            entries.filter(|entry| !arguments.flagged || !entry.flags.is_empty()).collect();
        printed += entries.len();
        ended = print(config, arguments, &entries);
        if ended.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    ended?;
    passed_over(missed.unreadable, missed.too_long);
    if printed == 0 {
        let which = if arguments.flagged { "such use of a tool" } else { "use of a tool" };
        let words = format!("no {which} was found; `segue audit --since 7d` looks further back.");
        return Err(Failure::Failed(words));
    }
    Ok(ExitCode::SUCCESS)
}

fn scope(config: &Config, arguments: &Arguments) -> Result<Scope, Failure> {
    let when = match (arguments.which.as_deref(), arguments.since.as_deref()) {
        (None, since) => since.unwrap_or("today"),
        (Some("today"), _) => "today",
        (Some(session), _) => {
            let fitting = catalog::beginning_with(&config.home, session);
            return match &fitting[..] {
                [one] => Ok(Scope { session: Some(*one), since: 0 }),
                [] => Err(Failure::Failed(format!(
                    "no session begins with `{session}`; `segue sessions --all` lists them."
                ))),
                _ => Err(Failure::Misused(format!(
                    "{} sessions begin with `{session}`: give more of the id.",
                    fitting.len()
                ))),
            };
        }
    };
    let since = moment(when, now()).ok_or_else(|| {
        Failure::Misused(format!(
            "`--since {when}` is no time: write `7d`, `12h`, `yesterday` or `2026-05-01`."
        ))
    })?;
    Ok(Scope { session: None, since })
}

fn print(config: &Config, arguments: &Arguments, entries: &[AuditEntry]) -> Result<(), Failure> {
    // A session at a time: a line for itself is written by itself.
    let mut out = BufWriter::new(stdout());
    if arguments.json {
        for entry in entries {
            let json = serde_json::to_string(&row(entry)).map_err(Failure::failed)?;
            writeln!(out, "{json}")?;
        }
        out.flush()?;
        return Ok(());
    }
    let Some(first) = entries.first() else { return Ok(()) };
    let found = catalog::find(&config.home, first.call.session);
    let title = found.map(|session| words::line(&session.title, 200)).unwrap_or_default();
    writeln!(out, "{FAINT}{}{FAINT:#}  {STRONG}{title}{STRONG:#}", first.call.session)?;
    for entry in entries {
        let at = DateTime::from_timestamp_millis(entry.call.at.cast_signed()).unwrap_or_default();
        let at = at.with_timezone(&Local).format("%-d %b %H:%M").to_string();
        let (style, outcome) = match entry.call.outcome {
            Outcome::Done => (GOOD, "✓"),
            Outcome::Failed => (BAD, "✗"),
            Outcome::Denied => (BAD, "denied"),
            Outcome::Open => (FAINT, "…"),
        };
        let tool = pad(&fit(&words::line(&entry.call.tool, 40), 12), 12);
        let what = words::line(&entry.what, 400);
        let what = columns()
            .map_or_else(|| what.clone(), |width| fit(&what, width.saturating_sub(INDENT)));
        writeln!(
            out,
            "  {FAINT}{}{FAINT:#} {tool} {style}{outcome}{style:#} {what}",
            pad(&at, 12)
        )?;
        if !entry.flags.is_empty() {
            let flags: Vec<&str> =
                entry.flags.iter().map(|danger| danger_name(*danger).1).collect();
            writeln!(out, "{} {BAD}⚠ {}{BAD:#}", pad("", INDENT), flags.join(" · "))?;
        }
    }
    out.flush()?;
    Ok(())
}

fn row(entry: &AuditEntry) -> Row<'_> {
    let flag = |danger: &Danger| danger_name(*danger).0;
    Row {
        at: (entry.call.at > 0).then_some(entry.call.at),
        session: entry.call.session,
        tool: &entry.call.tool,
        what: &entry.what,
        flags: entry.flags.iter().map(flag).collect(),
        outcome: match entry.call.outcome {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Denied => "denied",
            Outcome::Open => "open",
        },
        agent: entry.call.owner == crate::claude::corpus::Owner::Agent,
        project: &entry.call.directory,
    }
}
