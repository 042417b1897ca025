//! The raw settings, each read by its kind; what does not fit is named with its place and value.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{ConfigError, Sources, Token, default_file, expand, keys::KEYS};

pub(super) fn read_file(sources: &Sources) -> Result<(Option<PathBuf>, Table), ConfigError> {
    let Some(file) = sources.file.clone().or_else(default_file) else {
        return Ok((None, Table::new()));
    };
    match std::fs::read_to_string(&file) {
        Ok(text) => match text.parse::<Table>() {
            Ok(table) => Ok((Some(file), table)),
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start.min(text.len()));
                let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..start]).count();
                let message = error.message().to_owned();
                Err(ConfigError::Syntax { file, line: line + 1, message })
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && sources.file.is_none() => {
            Ok((None, Table::new()))
        }
        Err(error) => Err(ConfigError::Unreadable { file, error }),
    }
}

/// The raw settings, each read by its kind.
pub(super) struct Settings<'a> {
    pub(super) sources: &'a Sources,
    pub(super) file: Option<PathBuf>,
    pub(super) table: Table,
}

/// One raw value and where it stands.
struct Found {
    place: String,
    key: String,
    value: Value,
}

impl Found {
    pub(super) fn must_be(&self, expected: &str) -> ConfigError {
        let value =
            if self.key == "token" { "(hidden)".to_owned() } else { self.value.to_string() };
        ConfigError::Invalid {
            place: self.place.clone(),
            key: self.key.clone(),
            value,
            expected: expected.to_owned(),
        }
    }

    pub(super) fn string(&self, expected: &str) -> Result<String, ConfigError> {
        match &self.value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(self.must_be(expected)),
        }
    }
}

impl Settings<'_> {
    pub(super) fn refuse_unknown(&self) -> Result<(), ConfigError> {
        let known = |key: &String| KEYS.iter().any(|known| known.name == key);
        match (self.table.keys().find(|key| !known(key)), &self.file) {
            (Some(key), Some(file)) => {
                Err(ConfigError::UnknownKey { file: file.clone(), key: key.clone() })
            }
            _ => Ok(()),
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

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        self.find(name).map(|found| found.string("a text in quotes")).transpose()
    }

    pub(super) fn number(&self, name: &str, default: u64) -> Result<u64, ConfigError> {
        let Some(found) = self.find(name) else { return Ok(default) };
        let number = found.value.as_integer().and_then(|number| u64::try_from(number).ok());
        number.filter(|number| *number <= 100_000).ok_or_else(|| found.must_be("a whole number"))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        let Some(found) = self.find(name) else { return Ok(false) };
        found.value.as_bool().ok_or_else(|| found.must_be("true or false"))
    }

    pub(super) fn token(&self) -> Result<Option<Token>, ConfigError> {
        if let Some(found) = self.find("token") {
            let text = found.string("a text in quotes")?;
            return Ok(Some(Token(text.trim().to_owned())));
        }
        let Some(found) = self.find("token_file") else { return Ok(None) };
        let file = PathBuf::from(found.string("the path of a file, in quotes")?);
        match std::fs::read_to_string(&file) {
            Ok(text) => Ok(Some(Token(text.trim().to_owned()))),
            Err(_) => Err(found.must_be("a file that can be read")),
        }
    }

    pub(super) fn allowed(&self) -> Result<BTreeSet<u64>, ConfigError> {
        const EXPECTED: &str = "a list of Telegram user ids, such as [123456789]";
        let Some(found) = self.find("allowed_users") else { return Ok(BTreeSet::new()) };
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
    }

    pub(super) fn directory(
        &self,
        name: &str,
        home: &Path,
    ) -> Result<Option<PathBuf>, ConfigError> {
        let Some(found) = self.find(name) else { return Ok(None) };
        let path = expand(&found.string("the path of a directory, in quotes")?, home);
        if path.is_absolute() && path.is_dir() {
            Ok(Some(path))
        } else {
            Err(found.must_be("a directory that exists, by its full path"))
        }
    }

    pub(super) fn directories(&self, name: &str, home: &Path) -> Result<Vec<PathBuf>, ConfigError> {
        const EXPECTED: &str = "a list of directories that exist, by their full paths";
        let Some(found) = self.find(name) else { return Ok(Vec::new()) };
        let paths = found.value.as_array().ok_or_else(|| found.must_be(EXPECTED))?;
        paths
            .iter()
            .map(|path| {
                let path = path.as_str().map(|text| expand(text, home));
                path.filter(|path| path.is_absolute() && path.is_dir())
                    .ok_or_else(|| found.must_be(EXPECTED))
            })
            .collect()
    }

    pub(super) fn address(&self, name: &str) -> Result<String, ConfigError> {
        let Some(found) = self.find(name) else {
            return Ok("https://api.telegram.org".to_owned());
        };
        let text = found.string("an address in quotes")?;
        match reqwest::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Ok(text.trim_end_matches('/').to_owned())
            }
            _ => Err(found.must_be("an http or https address")),
        }
    }

    /// A word about a file that others can read and that holds the token.
    pub(super) fn open_secret(&self) -> Option<String> {
        use std::os::unix::fs::PermissionsExt;

        let file = self.file.as_ref().filter(|_| self.table.contains_key("token"))?;
        let mode = file.metadata().ok()?.permissions().mode();
        (mode & 0o077 != 0).then(|| {
            let file = file.display();
            format!("{file} holds the token and others can read it: `chmod 600 {file}`.")
        })
    }
}
