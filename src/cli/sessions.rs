//! `segue sessions`: the picker's list in the terminal.

use std::{
    io::Write,
    path::PathBuf,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use crate::{
    claude::{
        catalog::{self, Page, Query, Show},
        session::{Session, SessionId, Status},
    },
    cli::output::{CommandResult, FAINT, Failure, STRONG, code, columns, fit, pad, stdout},
    config::Config,
    screens::words,
};

/// Longest title in a list, characters.
const TITLE: usize = 200;
/// Columns of an id and the space behind it.
const INDENT: usize = 38;
/// Sessions beyond the list that are counted; each costs a look into its file.
const COUNTED: usize = 200;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Sessions of this directory (default: the current one)
    dir: Option<PathBuf>,
    /// Sessions of all directories
    #[arg(long, conflicts_with = "dir")]
    all: bool,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Also those that Claude's own list hides
    #[arg(long)]
    hidden: bool,
    /// One JSON array
    #[arg(long)]
    json: bool,
}

/// One session as `--json` prints it.
#[derive(Serialize)]
struct Row<'a> {
    id: SessionId,
    title: &'a str,
    project: &'a std::path::Path,
    branch: Option<&'a str>,
    /// Milliseconds since the epoch.
    modified: u64,
    /// Bytes.
    size: u64,
    origin: Option<&'a str>,
    archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    continued_in: Option<SessionId>,
    status: Option<Status>,
}

pub(super) fn main(config: &Config, arguments: &Arguments) -> CommandResult {
    let project = match (arguments.all, &arguments.dir) {
        (true, _) => None,
        (false, Some(dir)) if !dir.is_dir() => {
            return Err(Failure::Failed(format!("`{}` is no directory", dir.display())));
        }
        (false, dir) => match dir.clone().map_or_else(std::env::current_dir, std::path::absolute) {
            Ok(dir) => Some(dir),
            Err(error) => return Err(Failure::failed(error)),
        },
    };
    let query = Query {
        project,
        hidden: if arguments.hidden { Show::All } else { Show::Visible },
        take: arguments.limit,
        ..Query::default()
    };
    let page = catalog::page(&config.home, &query);
    if page.unreadable > 0 {
        tracing::warn!(count = page.unreadable, "transcripts could not be read");
    }
    if arguments.json { print_json(&page.sessions) } else { print_lines(config, &query, &page) }
}

fn print_json(sessions: &[Session]) -> CommandResult {
    let rows: Vec<Row<'_>> = sessions.iter().map(row).collect();
    let json = serde_json::to_string_pretty(&rows).map_err(Failure::failed)?;
    writeln!(stdout(), "{json}")?;
    Ok(ExitCode::SUCCESS)
}

fn row(session: &Session) -> Row<'_> {
    Row {
        id: session.id,
        title: &session.title,
        project: &session.project,
        branch: session.branch.as_deref(),
        modified: session.modified,
        size: session.size,
        origin: session.origin.as_deref(),
        archived: session.archived,
        continued_in: session.continued_in,
        status: session.status,
    }
}

fn print_lines(config: &Config, query: &Query, page: &Page) -> CommandResult {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let mut out = stdout();
    if page.sessions.is_empty() {
        writeln!(out, "{}", nothing(query))?;
    }
    let columns = columns();
    let fitted = |text: &str| {
        columns.map_or_else(|| text.to_owned(), |width| fit(text, width.saturating_sub(INDENT)))
    };
    for session in &page.sessions {
        let title = fitted(&words::line(&session.title, TITLE));
        writeln!(out, "{FAINT}{}{FAINT:#}  {STRONG}{title}{STRONG:#}", session.id)?;
        let mut facts = vec![words::age(now, session.modified)];
        facts.extend(words::branch(session.branch.as_deref()));
        facts.push(words::path(&session.project, &config.user_home));
        facts.extend(words::put_away(session));
        facts.extend(session.status.map(|now| status(now).to_owned()));
        let indent = pad("", INDENT);
        writeln!(out, "{indent}{FAINT}{}{FAINT:#}", fitted(&facts.join(" · ")))?;
    }
    if page.more && columns.is_some() {
        let rest = Query { skip: query.take, take: COUNTED, ..query.clone() };
        let rest = catalog::page(&config.home, &rest);
        let plus = if rest.more { " or more" } else { "" };
        writeln!(out, "{}{plus} more: {}", rest.sessions.len(), code("--limit N"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Idle => "open, idle",
        Status::Busy => "open, busy",
        Status::Waiting => "open, waiting",
    }
}

/// What to say instead of an empty list.
fn nothing(query: &Query) -> &'static str {
    if query.project.is_some() {
        "No sessions here; `segue sessions --all` looks everywhere."
    } else if query.hidden == Show::Visible {
        "No sessions yet: `claude` in a directory makes one, and so does a message to the bot. \
         --hidden shows also those of programs."
    } else {
        "No sessions yet: `claude` in a directory makes one, and so does a message to the bot."
    }
}
