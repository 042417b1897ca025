//! `segue export`: a whole session as a file.

use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use tempfile::NamedTempFile;

use crate::{
    app::export::{Export, ExportError},
    claude::{catalog, session::SessionId},
    cli::output::{CommandResult, Failure, stdout},
    config::Config,
    screens::{
        export::{ending, file_name},
        words,
    },
    telegram::callback::Format,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Id of the session, or its beginning (default: the newest of this directory)
    session: Option<String>,
    /// As Markdown instead of a page
    #[arg(long)]
    md: bool,
    /// Write to FILE, `-` for stdout (default: a new file in this directory, named after the title)
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn main(config: &Config, arguments: &Arguments) -> CommandResult {
    let session = session(config, arguments.session.as_deref())?;
    let format = if arguments.md { Format::Markdown } else { Format::Html };
    let export = Export::of(&config.home, &config.user_home, session, format)
        .map_err(|error| Failure::Failed(format!("{session} cannot be exported: {error}")))?;
    let (path, size) = match arguments.output.as_deref() {
        Some(path) if path == Path::new("-") => {
            return match export.write(stdout(), u64::MAX) {
                Ok(_) => Ok(ExitCode::SUCCESS),
                Err(ExportError::Io(error)) => Err(error.into()),
                Err(error) => Err(Failure::failed(error)),
            };
        }
        Some(path) => (path.to_owned(), replace(&export, path)),
        None => {
            let (path, file) = new_file(&file_name(&export.heading.title, ending(format)))?;
            (path, export.write(file, u64::MAX))
        }
    };
    let size = size.map_err(|error| unwritten(&path, &error))?;
    let (path, facts) = (path.display(), export.heading.facts.join(" · "));
    writeln!(stdout(), "{path} ({})\n{facts}", words::bytes(size))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes beside `path` and puts it there when it is whole.
fn replace(export: &Export, path: &Path) -> Result<u64, ExportError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    let size = export.write(file.as_file_mut(), u64::MAX)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(size)
}

/// A file of this name in the current directory, or of the next that is free.
fn new_file(name: &str) -> Result<(PathBuf, File), Failure> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut number = 1;
    let mut path = PathBuf::from(name);
    loop {
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(unwritten(&path, &error)),
            Ok(file) => return Ok((path, file)),
        }
        path = PathBuf::from(format!("{stem}-{number}.{ending}"));
    }
}

fn unwritten(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(format!("`{}` cannot be written: {error}", path.display()))
}

/// The session that is meant.
fn session(config: &Config, wanted: Option<&str>) -> Result<SessionId, Failure> {
    let Some(wanted) = wanted else {
        let newest = catalog::newest(&config.home, &std::env::current_dir()?);
        let none = "no session here; `segue sessions --all` lists those elsewhere";
        return newest.map(|session| session.id).ok_or_else(|| Failure::failed(none));
    };
    if let Ok(id) = wanted.parse() {
        return Ok(id);
    }
    match catalog::beginning_with(&config.home, wanted)[..] {
        [id] => Ok(id),
        [] => Err(Failure::Failed(format!(
            "no session begins with `{wanted}`; `segue sessions --all` lists them"
        ))),
        ref several => {
            let count = several.len();
            Err(Failure::Failed(format!("{count} sessions begin with `{wanted}`: give more of it")))
        }
    }
}
