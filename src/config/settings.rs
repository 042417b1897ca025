//! The raw settings, each read by its kind. What does not fit is noted with its place, its value
//! and what is allowed, and the default takes its place, so that all faults are found at once.

use std::{
    collections::BTreeSet,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::{Table, Value};

use crate::{
    bridge::notices::{self, Quiet},
    claude::process::find,
};

use super::{
    ConfigError, Origin, Sources, Token, default_file,
    error::{CLAUDE_DIRECTORY, HIDDEN, mask, may_be_token},
    expand,
    keys::KEYS,
};

/// What `mode` may be: what `--permission-mode` of the CLI takes. `default` is the older name of
/// `manual`.
const MODES: [&str; 7] =
    ["manual", "default", "acceptEdits", "plan", "auto", "dontAsk", "bypassPermissions"];

/// The raw settings.
pub(super) struct Settings<'a> {
    sources: &'a Sources,
    pub(super) file: Option<PathBuf>,
    table: Table,
    home: &'a Path,
    pub(super) problems: Vec<ConfigError>,
    /// Keys whose values cannot be used.
    pub(super) refused: Vec<&'static str>,
}

/// One raw value and where it stands.
struct Found {
    place: String,
    key: String,
    value: Value,
}

impl Found {
    fn must_be(&self, expected: impl Into<String>) -> ConfigError {
        let text = self.value.as_str().unwrap_or_default();
        let hidden = self.key == "token" || (self.key == "token_file" && may_be_token(text));
        let value = if hidden { HIDDEN.to_owned() } else { mask(&self.value.to_string()) };
        let (place, key) = (self.place.clone(), self.key.clone());
        ConfigError::Invalid { place, key, value, expected: expected.into() }
    }

    fn string(&self, expected: &str) -> Result<String, ConfigError> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.must_be(expected))
    }
}

/// The file's path, when there is one, and what it holds; without what cannot be read.
fn read_file(sources: &Sources) -> (Option<PathBuf>, Table, Option<ConfigError>) {
    let Some(file) = sources.file.clone().or_else(default_file) else {
        return (None, Table::new(), None);
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && sources.file.is_none() => {
            return (None, Table::new(), None);
        }
        Err(error) => {
            let error = ConfigError::Unreadable { file: file.clone(), error };
            return (Some(file), Table::new(), Some(error));
        }
    };
    match text.parse::<Table>() {
        Ok(table) => (Some(file), table, None),
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..start]).count() + 1;
            let error =
                ConfigError::Syntax { file: file.clone(), line, message: mask(error.message()) };
            (Some(file), Table::new(), Some(error))
        }
    }
}

impl<'a> Settings<'a> {
    /// Reads the file. `home` is what `~` stands for.
    pub(super) fn read(sources: &'a Sources, home: &'a Path) -> Self {
        let (file, table, error) = read_file(sources);
        let problems = error.into_iter().collect();
        let mut settings = Self { sources, file, table, home, problems, refused: Vec::new() };
        settings.refuse_unknown();
        settings
    }

    fn refuse_unknown(&mut self) {
        let Some(file) = &self.file else { return };
        let unknown = self.table.keys().filter(|key| !KEYS.iter().any(|known| known.name == *key));
        let known = KEYS.map(|key| key.name).join(", ");
        self.problems.extend(unknown.map(|key| {
            let (key, known) = (mask(key), known.clone());
            ConfigError::UnknownKey { file: file.clone(), key, known }
        }));
    }

    /// Where the value of a key comes from.
    pub(super) fn origin(&self, name: &str) -> Origin {
        let variable = KEYS.iter().find(|key| key.name == name).map_or("", |key| key.variable);
        match (self.sources.variable(variable), &self.file) {
            (Some(_), _) => Origin::Environment(variable),
            (None, Some(_)) if self.table.contains_key(name) => Origin::File,
            (None, Some(_)) if name == "token" && self.table.contains_key("token_file") => {
                Origin::TokenFile
            }
            _ => Origin::Default,
        }
    }

    /// The environment's value, or else the file's.
    fn find(&self, name: &str) -> Option<Found> {
        let variable = KEYS.iter().find(|key| key.name == name).map_or("", |key| key.variable);
        if let Some(text) = self.sources.variable(variable) {
            let (place, key) = ("environment".to_owned(), variable.to_owned());
            return Some(Found { place, key, value: Value::String(text) });
        }
        let place = self.file.as_ref().map_or_else(String::new, |file| file.display().to_string());
        let value = self.table.get(name)?.clone();
        Some(Found { place, key: name.to_owned(), value })
    }

    /// Reads one value; what does not fit is noted.
    fn read_with<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Self, &Found) -> Result<T, ConfigError>,
    ) -> Option<T> {
        let found = self.find(name)?;
        match read(self, &found) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.push(error);
                self.refused.push(name);
                None
            }
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        self.read_with(name, |_, found| found.string("a text in quotes"))
    }

    pub(super) fn number(&mut self, name: &'static str, default: u64) -> u64 {
        let read = |_: &Self, found: &Found| {
            let number = found.value.as_integer().and_then(|number| u64::try_from(number).ok());
            let number = number.filter(|number| *number <= 100_000);
            number.ok_or_else(|| found.must_be("a whole number from 0 to 100000"))
        };
        self.read_with(name, read).unwrap_or(default)
    }

    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        let read = |_: &Self, found: &Found| {
            found.value.as_bool().ok_or_else(|| found.must_be("true or false"))
        };
        self.read_with(name, read).unwrap_or_default()
    }

    /// What is told of sessions of others.
    pub(super) fn notices(&mut self) -> notices::Settings {
        let read = |_: &Self, found: &Found| {
            let expected = "hours such as \"22:00-07:00\"";
            let quiet = Quiet::read(&found.string(expected)?);
            quiet.ok_or_else(|| found.must_be(expected))
        };
        notices::Settings {
            on: self.flag("notify"),
            after: Duration::from_secs(self.number("notify_after_seconds", 60)),
            delay: Duration::from_secs(self.number("notify_delay_seconds", 10)),
            quiet: self.read_with("quiet", read),
        }
    }

    /// The permission mode.
    pub(super) fn mode(&mut self) -> Option<String> {
        self.read_with("mode", |_, found| {
            let mode = found.string("a text in quotes")?;
            let known = MODES.contains(&mode.as_str());
            known
                .then_some(mode)
                .ok_or_else(|| found.must_be(format!("one of {}", MODES.join(", "))))
        })
    }

    /// Path or name of the CLI. One that is set must be there.
    pub(super) fn program(&mut self, name: &'static str) -> Option<PathBuf> {
        self.read_with(name, |settings, found| {
            let program = expand(&found.string("the path of a program, in quotes")?, settings.home);
            let is_path = program.components().count() > 1;
            if is_path && !program.is_absolute() {
                return Err(found.must_be("the full path of a program, or its name on the PATH"));
            }
            let path = settings.sources.variable("PATH").map(Into::into);
            let runs = find(&program, path.as_ref()).is_some_and(|file| is_executable(&file));
            let missing = "the full path of a program that exists, or its name on the PATH";
            runs.then_some(program).ok_or_else(|| found.must_be(missing))
        })
    }

    /// The token, and the file it was read from, if it was.
    pub(super) fn token(&mut self) -> Option<Token> {
        if self.find("token").is_some() {
            return self.read_with("token", |_, found| {
                let text = found.string("a text in quotes")?;
                Ok(Token(text.trim().to_owned()))
            });
        }
        self.read_with("token_file", |settings, found| {
            let text = found.string("the path of a file, in quotes")?;
            let file = expand(&text, settings.home);
            if may_be_token(&text) {
                return Err(found.must_be("the path of a file; a token itself belongs in `token`"));
            }
            if !file.is_absolute() {
                return Err(found.must_be("the full path of a file"));
            }
            let token = std::fs::read_to_string(&file);
            let token = token
                .map_err(|error| found.must_be(format!("a file that can be read ({error})")))?;
            Ok(Token(token.trim().to_owned()))
        })
    }

    /// The file that `token_file` names, where it is a path.
    pub(super) fn token_file(&self) -> Option<PathBuf> {
        let text = self.table.get("token_file")?.as_str()?;
        (!may_be_token(text)).then(|| expand(text, self.home))
    }

    pub(super) fn allowed(&mut self) -> BTreeSet<u64> {
        const EXPECTED: &str = "a list of Telegram user ids, such as [123456789]";
        let read = |_: &Self, found: &Found| {
            let ids: Option<BTreeSet<u64>> = match &found.value {
                Value::String(text) => text
                    .split(',')
                    .filter(|id| !id.trim().is_empty())
                    .map(|id| id.trim().parse().ok())
                    .collect(),
                Value::Array(ids) => {
                    ids.iter().map(|id| u64::try_from(id.as_integer()?).ok()).collect()
                }
                _ => None,
            };
            ids.filter(|ids| !ids.contains(&0)).ok_or_else(|| found.must_be(EXPECTED))
        };
        self.read_with("allowed_users", read).unwrap_or_default()
    }

    pub(super) fn directory(&mut self, name: &'static str) -> Option<PathBuf> {
        self.read_with(name, |settings, found| {
            let path = expand(&found.string("the path of a directory, in quotes")?, settings.home);
            let usable = path.is_absolute() && path.is_dir();
            let expected = "a directory that exists, by its full path";
            usable.then_some(path).ok_or_else(|| found.must_be(expected))
        })
    }

    pub(super) fn directories(&mut self, name: &'static str) -> Vec<PathBuf> {
        const EXPECTED: &str = "a list of directories that exist, by their full paths";
        let read = |settings: &Self, found: &Found| {
            let paths = found.value.as_array().ok_or_else(|| found.must_be(EXPECTED))?;
            let directory = |path: &Value| {
                let path = path.as_str().map(|text| expand(text, settings.home));
                path.filter(|path| path.is_absolute() && path.is_dir())
            };
            let paths = paths.iter().map(directory).collect::<Option<Vec<_>>>();
            paths.ok_or_else(|| found.must_be(EXPECTED))
        };
        self.read_with(name, read).unwrap_or_default()
    }

    pub(super) fn address(&mut self, name: &'static str) -> Option<String> {
        self.read_with(name, |_, found| {
            let text = found.string("an address in quotes")?;
            match reqwest::Url::parse(&text) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    Ok(text.trim_end_matches('/').to_owned())
                }
                _ => Err(found.must_be("an http or https address")),
            }
        })
    }

    /// `$CLAUDE_CONFIG_DIR`. The CLI takes it as it stands (seen on 2.1.332: no `~`, and a relative
    /// path below whichever directory the CLI is started in), so only a full path is the same
    /// directory for the laptop, for us and for each session.
    pub(super) fn claude_directory(&mut self) -> Option<PathBuf> {
        let text = self.sources.variable(CLAUDE_DIRECTORY)?;
        if Path::new(&text).is_absolute() {
            return Some(text.into());
        }
        self.problems.push(ConfigError::Invalid {
            place: "environment".to_owned(),
            key: CLAUDE_DIRECTORY.to_owned(),
            value: format!("{text:?}"),
            expected: "a full path: claude looks for any other below the directory it is started \
                       in, and does not know `~`"
                .to_owned(),
        });
        None
    }

    /// A word about each file that others can read and that holds the token.
    pub(super) fn open_secrets(&self) -> Vec<String> {
        let with_token = self.file.clone().filter(|_| self.table.contains_key("token"));
        let files = with_token.into_iter().chain(self.token_file());
        let open = files.filter(|file| {
            let mode = file.metadata().map(|metadata| metadata.permissions().mode());
            mode.is_ok_and(|mode| mode & 0o077 != 0)
        });
        let word = |file: PathBuf| {
            let file = file.display();
            format!("{file} holds the token and others can read it: `chmod 600 {file}`.")
        };
        open.map(word).collect()
    }
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
