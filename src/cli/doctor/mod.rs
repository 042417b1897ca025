//! `segue doctor`: looks at everything that the bot depends on, and says what is wrong and what to
//! do about it.
//!
//! It changes nothing. It asks Telegram, starts the CLI for its version and login, and tries the
//! transcriber on a second of silence. It confirms no update; but where another program receives
//! the bot's messages, that program loses one call.

mod claude;
mod machine;
mod telegram;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde::Serialize;

use crate::{
    cli::{
        bot,
        config::{file, origin},
        output::{BAD, CommandResult, FAINT, Failure, GOOD, pad, stdout},
    },
    config::{Origin, Reading, Sources},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// One JSON array
    #[arg(long)]
    json: bool,
}

/// How something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    Fault,
    /// Neither: something that is not set up, or cannot be looked at now.
    Note,
}

/// What a look at one thing brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at.
    check: &'static str,
    verdict: Verdict,
    found: String,
    /// What to do about a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, found: found.into(), remedy: None }
    }

    fn note(check: &'static str, found: impl Into<String>) -> Self {
        Self { verdict: Verdict::Note, ..Self::good(check, found) }
    }

    fn fault(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { check, verdict: Verdict::Fault, found: found.into(), remedy }
    }
}

pub(super) fn main(reading: &Reading, sources: &Sources, arguments: &Arguments) -> CommandResult {
    let config = &reading.config;
    let runtime = bot::runtime().map_err(Failure::failed)?;
    let mut findings = settings(reading, sources);
    if !arguments.json {
        print(&findings)?;
    }
    let (of_claude, of_machine, of_telegram) = runtime.block_on(async {
        tokio::join!(claude::check(config), machine::check(config), telegram::check(config))
    });
    let rest = [of_claude, of_machine, of_telegram].concat();
    if !arguments.json {
        print(&rest)?;
    }
    findings.extend(rest);
    let faults = findings.iter().filter(|it| it.verdict == Verdict::Fault).count();
    if arguments.json {
        let json = serde_json::to_string_pretty(&findings).map_err(Failure::failed)?;
        writeln!(stdout(), "{json}")?;
    } else if faults == 0 {
        writeln!(stdout(), "\nAll is well.")?;
    } else {
        let faults = crate::screens::words::plural(faults as u64, "fault");
        writeln!(stdout(), "\n{faults} found.")?;
    }
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the configuration says, what of it comes from where, and what is wrong in it.
fn settings(reading: &Reading, sources: &Sources) -> Vec<Finding> {
    const CHECK: &str = "settings";
    let mut findings = vec![Finding::good(CHECK, file(reading, sources))];
    let set = reading.rows.iter().filter(|row| row.origin != Origin::Default);
    findings.extend(set.filter_map(|row| {
        let origin = origin(row.origin, reading.config.file.as_deref());
        Some(Finding::good(CHECK, format!("{} = {}, {origin}", row.key.name, row.value.as_ref()?)))
    }));
    let remedy = "change it there; `segue config` shows all keys";
    let problems = reading.problems.iter();
    findings.extend(problems.map(|it| Finding::fault(CHECK, it.to_string(), remedy)));
    let warnings = reading.config.warnings.iter().map(|warning| {
        let (found, remedy) = warning.split_once(": ").unwrap_or((warning, ""));
        Finding::fault(CHECK, found, remedy.trim_end_matches('.'))
    });
    findings.extend(warnings);
    findings
}

fn print(findings: &[Finding]) -> io::Result<()> {
    let mut out = stdout();
    for Finding { check, verdict, found, remedy } in findings {
        let mark = match verdict {
            Verdict::Good => format!("{GOOD}✓{GOOD:#}"),
            Verdict::Fault => format!("{BAD}✗{BAD:#}"),
            Verdict::Note => format!("{FAINT}–{FAINT:#}"),
        };
        writeln!(out, "{mark} {FAINT}{}{FAINT:#} {found}", pad(check, 11))?;
        if let Some(remedy) = remedy {
            writeln!(out, "{} → {remedy}", pad("", 12))?;
        }
    }
    Ok(())
}
