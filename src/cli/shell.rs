//! `segue completions` and `segue man`: the command line, described for a shell and for `man`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::{
    self as mangen,
    roff::{Roff, bold, roman},
};

use crate::{
    cli::output::{CommandResult, Failure, stdout},
    config::KEYS,
};

#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(super) struct Man {
    /// Write a page for each command into DIR instead
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn completions(arguments: &Completions) -> CommandResult {
    let mut script = Vec::new();
    generate(arguments.shell, &mut super::Arguments::command(), "segue", &mut script);
    stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn man(arguments: &Man) -> CommandResult {
    let command = super::Arguments::command();
    let Some(dir) = &arguments.dir else {
        stdout().write_all(&page(command)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let written = |error| Failure::Failed(format!("{}: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(written)?;
    mangen::generate_to(command.clone(), dir).map_err(written)?;
    std::fs::write(dir.join("segue.1"), page(command)?).map_err(written)?;
    Ok(ExitCode::SUCCESS)
}

/// The page of the program: what clap knows, and the settings.
fn page(command: Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    mangen::Man::new(command).render(&mut page)?;
    let mut more = Roff::new();
    more.control("SH", ["SETTINGS"]);
    for key in KEYS {
        more.control("TP", []);
        let variable = match key.variable {
            "" => String::new(),
            variable => format!(", {variable}"),
        };
        more.text([bold(key.name), roman(variable)]);
        more.text([roman(format!("{}. Default: {}.", key.about, key.default))]);
    }
    more.control("SH", ["EXIT STATUS"]);
    let codes = [("0", "all went well"), ("1", "it has failed"), ("2", "misused or misconfigured")];
    for (code, meaning) in codes {
        more.control("TP", []);
        more.text([bold(code)]);
        more.text([roman(meaning)]);
    }
    more.to_writer(&mut page)?;
    Ok(page)
}
