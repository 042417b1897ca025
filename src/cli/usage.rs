//! `segue usage`: tokens and costs from the transcripts.

use std::{collections::BTreeMap, fs, io::Write, path::PathBuf, process::ExitCode};

use chrono::{DateTime, Days, Local, NaiveDate};
use serde::Serialize;

use crate::{
    claude::{
        catalog,
        search::moment,
        session::SessionId,
        usage::{
            self, SessionUsage, Sum, Usage,
            prices::{AS_OF, Price, Prices},
        },
    },
    cli::{
        output::{
            CommandResult, FAINT, Failure, STRONG, columns, complain, fit, now, pad, passed_over,
            stdout,
        },
        progress::Progress,
    },
    config::Config,
    screens::words,
};

/// Entries of a list for people.
const SHOWN: usize = 10;
/// Days of the bars.
const DAYS: u64 = 14;
/// Columns of the longest bar.
const BAR: usize = 30;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only what was used since then: `7d`, `yesterday` or a date
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Prices in the place of the built-in ones: TOML, a table for each model
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Tokens and costs as `--json` prints them.
#[derive(Serialize)]
struct Amounts {
    input_tokens: u64,
    output_tokens: u64,
    cache_creation_tokens: u64,
    cache_read_tokens: u64,
    cost_usd: f64,
}

#[derive(Serialize)]
struct SessionRow<'u> {
    session: SessionId,
    project: &'u std::path::Path,
    /// Milliseconds since the epoch.
    at: u64,
    #[serde(flatten)]
    amounts: Amounts,
    /// As the CLI wrote it when it last ended on the session.
    cli_cost_usd: Option<f64>,
}

#[derive(Serialize)]
struct DayRow {
    day: String,
    #[serde(flatten)]
    amounts: Amounts,
}

#[derive(Serialize)]
struct ModelRow<'u> {
    model: &'u str,
    #[serde(flatten)]
    amounts: Amounts,
}

#[derive(Serialize)]
struct ProjectRow<'u> {
    project: &'u std::path::Path,
    #[serde(flatten)]
    amounts: Amounts,
}

#[derive(Serialize)]
struct Whole<'u> {
    total: Amounts,
    sessions: Vec<SessionRow<'u>>,
    days: Vec<DayRow>,
    models: Vec<ModelRow<'u>>,
    projects: Vec<ProjectRow<'u>>,
    unknown_models: Vec<&'u str>,
    prices_of: &'static str,
}

pub(super) fn main(config: &Config, arguments: &Arguments) -> CommandResult {
    let since = match &arguments.since {
        None => 0,
        Some(when) => moment(when, now()).ok_or_else(|| {
            let advice = "write `7d`, `12h`, `yesterday` or `2026-05-01`";
            Failure::Misused(format!("`--since {when}` is no time: {advice}."))
        })?,
    };
    let mut prices = Prices::default();
    if let Some(file) = &arguments.prices {
        prices.set(own_prices(file)?);
    }
    let mut progress = Progress::new();
    let usage = usage::of(&config.home, &prices, since, |bytes, of| progress.show(bytes, of));
    progress.clear();
    passed_over(usage.unreadable, usage.too_long);
    if arguments.json {
        let json = serde_json::to_string_pretty(&whole(&usage)).map_err(Failure::failed)?;
        writeln!(stdout(), "{json}")?;
    } else if !usage.sessions.is_empty() {
        print(config, &usage)?;
    }
    if !usage.sessions.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let place = words::path(&config.home.projects(), &config.user_home);
    Err(Failure::Failed(format!("no message of Claude's was found in {place}.")))
}

fn own_prices(file: &std::path::Path) -> Result<BTreeMap<String, Price>, Failure> {
    let name = file.display();
    let text =
        fs::read_to_string(file).map_err(|error| Failure::Misused(format!("{name}: {error}")))?;
    toml::from_str(&text).map_err(|error| {
        let how = "[claude-opus-5-5]\ninput = 4.0\noutput = 20.0\ncache_write = 5.0\ncache_write_1h = 8.0\ncache_read = 0.2";
        Failure::Misused(format!("{name}: {}\nUS dollars for a million tokens, such as:\n{how}", error.message()))
    })
}

fn whole(usage: &Usage) -> Whole<'_> {
    let session = |session: &'_ SessionUsage| (session.id, session.last, session.cli_cost);
    Whole {
        total: amounts(&usage.total),
        sessions: usage
            .sessions
            .iter()
            .map(|used| {
                let (session, at, cli_cost_usd) = session(used);
                let (project, amounts) = (&*used.project, amounts(&used.sum));
                SessionRow { session, project, at, amounts, cli_cost_usd }
            })
            .collect(),
        days: usage
            .days
            .iter()
            .map(|(day, sum)| DayRow { day: day.to_string(), amounts: amounts(sum) })
            .collect(),
        models: usage
            .models
            .iter()
            .map(|(model, sum)| ModelRow { model, amounts: amounts(sum) })
            .collect(),
        projects: usage
            .projects
            .iter()
            .map(|(project, sum)| ProjectRow { project, amounts: amounts(sum) })
            .collect(),
        unknown_models: usage.unknown.iter().map(String::as_str).collect(),
        prices_of: AS_OF,
    }
}

fn amounts(sum: &Sum) -> Amounts {
    Amounts {
        input_tokens: sum.tokens.input,
        output_tokens: sum.tokens.output,
        cache_creation_tokens: sum.tokens.cache_creation,
        cache_read_tokens: sum.tokens.cache_read,
        // A millionth of a dollar is what one token may cost.
        cost_usd: (sum.cost * 1e9).round() / 1e9,
    }
}

// ---- For people ----

fn print(config: &Config, usage: &Usage) -> Result<(), Failure> {
    let mut out = stdout();
    let today = DateTime::from_timestamp_millis(now().cast_signed()).unwrap_or_default();
    let today = today.with_timezone(&Local).date_naive();
    let since = |days: u64| {
        let first = today.checked_sub_days(Days::new(days - 1)).unwrap_or(today);
        let mut sum = Sum::default();
        usage.days.range(first..).for_each(|(_, day)| sum += *day);
        sum
    };
    let head =
        [pad("", 12), left("cost", 9), left("input", 8), left("output", 8), left("cached", 8)];
    writeln!(out, "{FAINT}{}{FAINT:#}", head.join(" "))?;
    for (name, sum) in
        [("Today", since(1)), ("7 days", since(7)), ("30 days", since(30)), ("In all", usage.total)]
    {
        writeln!(out, "{STRONG}{}{STRONG:#} {}", pad(name, 12), figures(&sum))?;
    }
    days(usage, today)?;
    let models = usage.models.iter().map(|(model, sum)| (model.clone(), *sum));
    list("Models", models.collect())?;
    let name = |project: &PathBuf| words::path(project, &config.user_home);
    list("Projects", usage.projects.iter().map(|(dir, sum)| (name(dir), *sum)).collect())?;
    let dearest = usage.sessions.iter().map(|used| (used, used.sum));
    let mut dearest: Vec<_> = dearest.collect();
    dearest.sort_by(|a, b| b.1.cost.total_cmp(&a.1.cost));
    dearest.truncate(SHOWN);
    let title = |used: &SessionUsage| {
        let title = catalog::find(&config.home, used.id).map(|session| session.title);
        words::line(&title.unwrap_or_else(|| used.id.to_string()), 200)
    };
    list("Sessions", dearest.into_iter().map(|(used, sum)| (title(used), sum)).collect())?;
    if !usage.unknown.is_empty() {
        let models: Vec<&str> = usage.unknown.iter().map(String::as_str).collect();
        complain(&format!(
            "no price is known for {}: their tokens count, and cost nothing here. `--prices FILE` gives \
             them one.",
            models.join(", ")
        ));
    }
    writeln!(out, "\n{FAINT}Prices of {AS_OF}.{FAINT:#}")?;
    Ok(())
}

/// What each of the last days cost, as bars.
fn days(usage: &Usage, today: NaiveDate) -> Result<(), Failure> {
    let mut out = stdout();
    let last = (0..DAYS).rev().filter_map(|ago| today.checked_sub_days(Days::new(ago)));
    let last: Vec<_> =
        last.map(|day| (day, usage.days.get(&day).copied().unwrap_or_default())).collect();
    let most = last.iter().map(|(_, sum)| sum.cost).fold(0.0, f64::max);
    if most == 0.0 {
        return Ok(());
    }
    writeln!(out)?;
    for (day, sum) in last {
        let bar = "█".repeat((sum.cost / most * BAR as f64).round() as usize);
        let cost = if sum.cost > 0.0 { words::dollars(sum.cost) } else { String::new() };
        let day = pad(&day.format("%a %-d %b").to_string(), 12);
        writeln!(out, "{FAINT}{day}{FAINT:#} {} {bar}", left(&cost, 9))?;
    }
    Ok(())
}

fn list(name: &str, mut all: Vec<(String, Sum)>) -> Result<(), Failure> {
    all.sort_by(|a, b| b.1.cost.total_cmp(&a.1.cost));
    let mut out = stdout();
    writeln!(out, "\n{STRONG}{name}{STRONG:#}")?;
    let rest = all.len().saturating_sub(SHOWN);
    for (name, sum) in all.iter().take(SHOWN) {
        let name =
            columns().map_or_else(|| name.clone(), |width| fit(name, width.saturating_sub(52)));
        writeln!(out, "{} {} {name}", pad("", 12), figures(sum))?;
    }
    if rest > 0 {
        writeln!(out, "{} {FAINT}and {rest} more{FAINT:#}", pad("", 12))?;
    }
    Ok(())
}

fn figures(sum: &Sum) -> String {
    let tokens = sum.tokens;
    let input = tokens.input + tokens.cache_creation;
    let counts = [input, tokens.output, tokens.cache_read].map(words::tokens);
    let cost = if sum.cost > 0.0 { words::dollars(sum.cost) } else { "$0".to_owned() };
    let counts = counts.map(|count| left(&count, 8));
    format!("{} {}", left(&cost, 9), counts.join(" "))
}

/// The text at the right edge of so many columns.
fn left(text: &str, columns: usize) -> String {
    format!("{text:>columns$}")
}
