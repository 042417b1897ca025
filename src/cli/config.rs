//! `segue config`: every setting, its value in force, where that comes from, and what is wrong.

use std::{io::Write, path::Path, process::ExitCode};

use crate::{
    cli::output::{BAD, CODE, CommandResult, FAINT, STRONG, pad, stdout},
    config::{KEYS, Key, Origin, Reading, Sources},
};

pub(super) fn main(reading: &Reading, sources: &Sources) -> CommandResult {
    let mut out = stdout();
    for (name, value) in [
        ("Settings", file(reading, sources)),
        ("Claude's directory", reading.config.home.dir.display().to_string()),
        ("Kept until answered", reading.config.state.display().to_string()),
    ] {
        writeln!(out, "{FAINT}# {name}: {value}{FAINT:#}")?;
    }
    let width = KEYS.iter().map(|key| key.name.len()).max().unwrap_or_default() + 2;
    for row in &reading.rows {
        let name = pad(row.key.name, width);
        let origin = origin(row.origin, reading.config.file.as_deref());
        let (value, style) = match &row.value {
            None => ("cannot be used, see below", BAD),
            Some(value) if row.origin == Origin::Default => (value.as_str(), FAINT),
            Some(value) => (value.as_str(), STRONG),
        };
        writeln!(out, "{CODE}{name}{CODE:#}{style}{value}{style:#}")?;
        let (indent, about) = (pad("", width), about(row.key));
        writeln!(out, "{indent}{FAINT}# {origin}; {about}{FAINT:#}")?;
    }
    for problem in &reading.problems {
        writeln!(out, "{BAD}✗{BAD:#} {problem}")?;
    }
    for warning in &reading.config.warnings {
        writeln!(out, "{BAD}✗{BAD:#} {warning}")?;
    }
    Ok(if reading.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Which file the settings are in.
pub(super) fn file(reading: &Reading, sources: &Sources) -> String {
    match (&reading.config.file, sources.path()) {
        (Some(file), _) => file.display().to_string(),
        (None, Some(file)) => format!("{} (not there)", file.display()),
        (None, None) => "no configuration file".to_owned(),
    }
}

/// Where a value comes from, in words.
pub(super) fn origin(origin: Origin, file: Option<&Path>) -> String {
    match (origin, file) {
        (Origin::Environment(variable), _) => format!("from {variable}"),
        (Origin::TokenFile, _) => "from the file that token_file names".to_owned(),
        (Origin::File, Some(file)) => format!("from {}", file.display()),
        (Origin::File | Origin::Default, _) => "default".to_owned(),
    }
}

fn about(key: &Key) -> String {
    match key.variable {
        "" => key.about.to_owned(),
        variable => format!("{} ({variable})", key.about),
    }
}
