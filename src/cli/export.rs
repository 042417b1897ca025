//! `segue export`: a whole session as a file.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use tempfile::NamedTempFile;

use crate::{
    app::export::{Export, ExportError},
    claude::{
        catalog::{self, Query, Show},
        session::SessionId,
    },
    cli::failed,
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

pub(super) fn main(config: &Config, arguments: &Arguments) -> ExitCode {
    match export(config, arguments) {
        Ok(Some(said)) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(why) => failed(&why),
    }
}

/// Writes the file and returns what is said of it; nothing where the session itself went to stdout.
fn export(config: &Config, arguments: &Arguments) -> Result<Option<String>, String> {
    let session = session(config, arguments.session.as_deref())?;
    let format = if arguments.md { Format::Markdown } else { Format::Html };
    let unreadable = |error: ExportError| format!("cannot export {session}: {error}");
    let export =
        Export::of(&config.home, &config.user_home, session, format).map_err(unreadable)?;
    let (path, size) = match arguments.output.as_deref() {
        Some(path) if path == Path::new("-") => {
            export.write(io::stdout().lock(), u64::MAX).map_err(unreadable)?;
            return Ok(None);
        }
        Some(path) => (path.to_owned(), replace(&export, path)),
        None => {
            let (path, file) = new_file(&file_name(&export.heading.title, ending(format)))?;
            (path, export.write(file, u64::MAX))
        }
    };
    let path = path.display();
    let size = size.map_err(|error| format!("cannot write `{path}`: {error}"))?;
    let facts = export.heading.facts.join(" · ");
    Ok(Some(format!("{path} ({})\n{facts}", words::bytes(size))))
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
fn new_file(name: &str) -> Result<(PathBuf, File), String> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let others = (2..).map(|number| format!("{stem}-{number}.{ending}"));
    for name in std::iter::once(name.to_owned()).chain(others) {
        match File::create_new(&name) {
            Ok(file) => return Ok((name.into(), file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("cannot write `{name}`: {error}")),
        }
    }
    Err(format!("cannot write `{name}`"))
}

/// The session that is meant.
fn session(config: &Config, wanted: Option<&str>) -> Result<SessionId, String> {
    let Some(wanted) = wanted else {
        let here = std::env::current_dir().map_err(|error| error.to_string())?;
        let newest = catalog::newest(&config.home, &here).map(|session| session.id);
        return newest.ok_or_else(|| {
            "no session here; `segue sessions --all` lists those of all directories".to_owned()
        });
    };
    if let Ok(id) = wanted.parse() {
        return Ok(id);
    }
    let query = Query { hidden: Show::All, take: usize::MAX, ..Query::default() };
    let start = wanted.to_lowercase();
    let ids = catalog::page(&config.home, &query).sessions.into_iter().map(|session| session.id);
    let ids: Vec<_> = ids.filter(|id| id.to_string().starts_with(&start)).collect();
    match ids[..] {
        [id] => Ok(id),
        [] => Err(format!("no session begins with `{wanted}`; `segue sessions --all` lists them")),
        _ => Err(format!("{} sessions begin with `{wanted}`: give more of the id", ids.len())),
    }
}
