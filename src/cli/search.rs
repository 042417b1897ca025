//! `segue search`: where something was said, newest first and while it looks.

use std::{env, io::Write, ops::ControlFlow, path::Path, process::ExitCode};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::{
    claude::{
        search::{self, Event, Excerpt, Found, Place, Query, QueryContext, Speaker, Summary},
        session::SessionId,
    },
    cli::{
        output::{
            CommandResult, FAINT, Failure, STRONG, columns, fit, now, pad, passed_over, stdout,
        },
        progress::Progress,
    },
    config::Config,
    screens::words,
};

/// What was looked for.
const MATCH: Style = AnsiColor::Yellow.on_default().bold();
/// Columns of an id and the space behind it.
const INDENT: usize = 38;
/// Longest title, characters.
const TITLE: usize = 200;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Words, "phrases", `dir:DIRECTORY`, `since:7d` or a date, `in:user`, `in:claude` or `in:tools`
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
    /// How many sessions at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// One session as `--json` prints it.
#[derive(Serialize)]
struct Row<'a> {
    session: Option<SessionId>,
    project: &'a Path,
    title: &'a str,
    /// Milliseconds since the epoch, of the newest message that matches.
    at: Option<u64>,
    #[serde(rename = "in")]
    by: Speaker,
    excerpt: &'a str,
    /// How many messages match.
    messages: usize,
    place: Place,
}

pub(super) fn main(config: &Config, arguments: &Arguments) -> CommandResult {
    let here = env::current_dir().unwrap_or_default();
    let asked = QueryContext { home: &config.user_home, here: &here, now: now() };
    let query = Query::parse(&joined(&arguments.words), &asked).map_err(Failure::misused)?;
    let mut printer = Printer::new(config, arguments);
    let summary = search::run(&config.home, &query, |event| printer.take(&event));
    printer.progress.clear();
    printer.ended?;
    passed_over(summary.unreadable, summary.too_long);
    if printer.printed == 0 {
        return Err(Failure::Failed(nothing(config, &query, summary)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Arguments as one query. What the shell was told to keep together is a phrase, unless it is a
/// query by itself.
fn joined(arguments: &[String]) -> String {
    let is_query = |text: &str| {
        text.contains('"') || ["dir:", "since:", "in:"].iter().any(|field| text.contains(field))
    };
    let pieces = arguments.iter().map(|argument| {
        let field =
            argument.split_once(':').filter(|(name, _)| matches!(*name, "dir" | "since" | "in"));
        match field {
            Some((name, value)) if name == "dir" && !value.contains('"') => {
                format!("dir:\"{value}\"")
            }
            None if argument.contains(char::is_whitespace) && !is_query(argument) => {
                format!("\"{argument}\"")
            }
            _ => argument.clone(),
        }
    });
    pieces.collect::<Vec<_>>().join(" ")
}

fn nothing(config: &Config, query: &Query, summary: Summary) -> String {
    let sessions = words::plural(summary.sessions as u64, "session");
    let place = words::path(&config.home.projects(), &config.user_home);
    let looked =
        format!("nothing found in {sessions} ({}) of {place}.", words::bytes(summary.bytes));
    let narrow: Vec<String> =
        query.narrowed_by().iter().map(|part| part.replace("a word", "one of the words")).collect();
    if narrow.is_empty() {
        format!("{looked} A part of the word finds more than the whole.")
    } else {
        format!("{looked} Without {} it may find more.", narrow.join(" or "))
    }
}

/// Prints what is found as it comes.
struct Printer<'p> {
    config: &'p Config,
    json: bool,
    limit: usize,
    columns: Option<usize>,
    now: u64,
    progress: Progress,
    printed: usize,
    ended: Result<(), Failure>,
}

impl<'p> Printer<'p> {
    fn new(config: &'p Config, arguments: &Arguments) -> Self {
        let columns = columns();
        Self {
            config,
            json: arguments.json,
            limit: arguments.limit.unwrap_or(usize::MAX),
            columns,
            now: now(),
            progress: Progress::new(),
            printed: 0,
            ended: Ok(()),
        }
    }

    fn take(&mut self, event: &Event) -> ControlFlow<()> {
        match event {
            Event::Progress { bytes, of } => self.progress.show(*bytes, *of),
            Event::Found(_) if self.printed == self.limit => return ControlFlow::Break(()),
            Event::Found(found) => {
                self.progress.clear();
                let printed = if self.json { print_json(found) } else { self.print(found) };
                if let Err(error) = printed {
                    self.ended = Err(error);
                    return ControlFlow::Break(());
                }
                self.printed += 1;
            }
        }
        if self.printed == self.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn print(&self, found: &Found) -> Result<(), Failure> {
        let mut out = stdout();
        let fitted = |text: &str| {
            self.columns
                .map_or_else(|| text.to_owned(), |width| fit(text, width.saturating_sub(INDENT)))
        };
        let id = found.session.map_or_else(String::new, |id| id.to_string());
        let title = fitted(&words::line(&found.title, TITLE));
        writeln!(out, "{FAINT}{}{FAINT:#}{STRONG}{title}{STRONG:#}", pad(&id, INDENT))?;
        let mut facts = vec![words::age(self.now, found.at)];
        facts.push(words::path(&found.project, &self.config.user_home));
        facts.push(found.by.name().to_owned());
        facts.extend((found.messages > 1).then(|| format!("{} messages", found.messages)));
        facts.extend(match found.place {
            Place::Session => None,
            Place::Agent => Some("a sub-agent".to_owned()),
            Place::History => Some("its transcript is gone".to_owned()),
        });
        let indent = pad("", INDENT);
        writeln!(out, "{indent}{FAINT}{}{FAINT:#}", fitted(&facts.join(" · ")))?;
        writeln!(out, "{indent}{}", marked(&found.excerpt))?;
        Ok(())
    }
}

fn print_json(found: &Found) -> Result<(), Failure> {
    let row = Row {
        session: found.session,
        project: &found.project,
        title: &found.title,
        at: (found.at > 0).then_some(found.at),
        by: found.by,
        excerpt: &found.excerpt.text,
        messages: found.messages,
        place: found.place,
    };
    let json = serde_json::to_string(&row).map_err(Failure::failed)?;
    writeln!(stdout(), "{json}")?;
    Ok(())
}

/// The excerpt with its marks; nothing in it moves the cursor.
fn marked(excerpt: &Excerpt) -> String {
    let safe = |text: &str| text.replace(|sign: char| sign.is_control(), "");
    let mut pieces = Vec::new();
    let mut from = 0;
    for mark in &excerpt.marks {
        pieces.push(safe(&excerpt.text[from..mark.start]));
        pieces.push(format!("{MATCH}{}{MATCH:#}", safe(&excerpt.text[mark.clone()])));
        from = mark.end;
    }
    pieces.push(safe(&excerpt.text[from..]));
    pieces.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_shell_kept_together_is_a_phrase() {
        for (arguments, query) in [
            (&["two", "words"][..], "two words"),
            (&["two words", "since:7d"], "\"two words\" since:7d"),
            (&["beans in:user"], "beans in:user"),
            (&["dir:my garden", "x"], "dir:\"my garden\" x"),
            (&["dir:~/garden"], "dir:\"~/garden\""),
            (&["a:b"], "a:b"),
        ] {
            let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
            assert_eq!(joined(&arguments), query);
        }
    }

    #[test]
    fn matches_are_marked_and_nothing_else_is_drawn() {
        let excerpt =
            Excerpt { text: "a \x1b[2Jbean, bean".to_owned(), marks: vec![6..10, 12..16] };
        assert_eq!(marked(&excerpt), format!("a [2J{MATCH}bean{MATCH:#}, {MATCH}bean{MATCH:#}"));
    }
}
