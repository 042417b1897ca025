//! Settings: a file, the environment over it, and one table that documents every key.
//!
//! The token is read here and never shown again: its type prints masked, and no error quotes it.

mod keys;
mod settings;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::claude::home::Home;

pub use keys::{KEYS, Key};
use settings::{Settings, read_file};

/// A setting that cannot be used, in words that name the place, the key and the value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is there and cannot be read.
    #[error("{}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file is not TOML. The offending line is not quoted: it may hold the token.
    #[error("{}: line {line}: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// 1 for the first.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A key that does not exist.
    #[error("{}: there is no key `{key}`; `segue config` lists the keys", file.display())]
    UnknownKey {
        /// The file.
        file: PathBuf,
        /// As it is written there.
        key: String,
    },
    /// A value of the wrong kind.
    #[error("{place}: `{key}` is {value}, but must be {expected}")]
    Invalid {
        /// The file, or `environment`.
        place: String,
        /// The key or variable.
        key: String,
        /// The value as it stands there.
        value: String,
        /// What it must be.
        expected: String,
    },
    /// Something without which the bot does not start.
    #[error("{0}")]
    Missing(&'static str),
}

/// The bot's token. Prints masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        Self(token)
    }
}

/// The settings in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// The bot's token.
    pub token: Option<Token>,
    /// Ids of the people who may use the bot.
    pub allowed: BTreeSet<u64>,
    /// Directory of a place never used.
    pub project: Option<PathBuf>,
    /// Directories outside which `/cd` does not go; empty: the home directory and known projects.
    pub roots: Vec<PathBuf>,
    /// The person's home directory, which `~` stands for.
    pub user_home: PathBuf,
    /// Path or name of the CLI.
    pub claude: PathBuf,
    /// Claude's directory.
    pub home: Home,
    /// Variables that the CLI gets beyond our own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Bot API server.
    pub api_url: String,
    /// Permission mode of new runs.
    pub mode: Option<String>,
    /// Model of new runs.
    pub model: Option<String>,
    /// Whether the mode that asks about nothing may be chosen.
    pub allow_bypass: bool,
    /// How long an idle run lives.
    pub idle: Duration,
    /// How many idle runs live.
    pub warm: usize,
    /// How many turns run at once.
    pub turns: usize,
    /// Between two calls in a private chat, in the long run.
    pub pace: Duration,
    /// How long running turns may finish at the end.
    pub grace: Duration,
    /// Where files of the chat are put down; none: inside the project.
    pub inbox: Option<PathBuf>,
    /// Shell command that writes a recording down.
    pub transcriber: Option<String>,
    /// Log filter.
    pub log: String,
    /// Where prompts are kept until they are answered.
    pub state: PathBuf,
    /// What is allowed but should be known.
    pub warnings: Vec<String>,
}

/// Where settings come from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// `--config FILE`; such a file must exist.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
}

impl Sources {
    /// The environment of this process.
    pub fn here(file: Option<PathBuf>) -> Self {
        Self { file, environment: std::env::vars_os().collect() }
    }

    fn variable(&self, name: &str) -> Option<String> {
        let found = self.environment.iter().find(|(key, _)| !name.is_empty() && key == name);
        found.map(|(_, value)| value.to_string_lossy().into_owned()).filter(|text| !text.is_empty())
    }
}

/// Where the file is looked for when none is named.
pub fn default_file() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "segue")?;
    Some(dirs.config_dir().join("config.toml"))
}

impl Config {
    /// Reads the settings. What is missing for the bot is not an error here: see [`Config::bot`].
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let (file, table) = read_file(sources)?;
        let settings = Settings { sources, file: file.clone(), table };
        settings.refuse_unknown()?;
        let user_home = settings
            .sources
            .variable("HOME")
            .map(PathBuf::from)
            .or_else(|| directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned()))
            .ok_or(ConfigError::Missing("HOME is not set: segue does not know where you live."))?;
        let config_dir = sources.variable("CLAUDE_CONFIG_DIR").map(OsString::from);
        let mut config = Self {
            token: settings.token()?,
            allowed: settings.allowed()?,
            project: settings.directory("project", &user_home)?,
            roots: settings.directories("roots", &user_home)?,
            claude: settings.text("claude")?.map_or_else(|| "claude".into(), PathBuf::from),
            home: Home::find(config_dir.as_deref(), &user_home),
            environment: Vec::new(),
            api_url: settings.address("api_url")?,
            mode: settings.text("mode")?,
            model: settings.text("model")?,
            allow_bypass: settings.flag("allow_bypass")?,
            idle: Duration::from_secs(60 * settings.number("idle_minutes", 10)?),
            warm: settings.number("warm_runs", 3)? as usize,
            turns: settings.number("turns_at_once", 4)?.max(1) as usize,
            pace: Duration::from_millis(settings.number("pace_ms", 1000)?.max(1)),
            grace: Duration::from_secs(settings.number("grace_seconds", 5)?),
            inbox: settings.directory("inbox", &user_home)?,
            transcriber: settings.text("transcriber")?,
            log: settings.text("log")?.unwrap_or_else(|| "info".to_owned()),
            state: state_directory(sources, &user_home),
            user_home,
            warnings: Vec::new(),
        };
        config.warnings.extend(settings.open_secret());
        Ok(config)
    }

    /// What the bot needs and has no default: the token, and whom it may listen to.
    pub fn bot(&self) -> Result<Token, ConfigError> {
        let Some(token) = &self.token else {
            return Err(ConfigError::Missing(
                "No bot token: set TELEGRAM_BOT_TOKEN, or `token` in the configuration file \
                 (`segue sandbox` needs neither token nor users).",
            ));
        };
        if self.allowed.is_empty() {
            return Err(ConfigError::Missing(
                "No allowed user: set SEGUE_ALLOWED_USERS to your Telegram id, or `allowed_users` \
                 in the configuration file (`segue sandbox` needs neither token nor users).",
            ));
        }
        Ok(token.clone())
    }

    /// Every key with its value in force, in the order of [`KEYS`]; the token masked.
    pub fn effective(&self) -> Vec<(&'static Key, String)> {
        let paths = |paths: &[PathBuf]| {
            let shown: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            shown.join(", ")
        };
        let value = |name: &str| match name {
            "token" => self.token.as_ref().map(|_| "(hidden)".to_owned()),
            "allowed_users" => {
                let ids: Vec<_> = self.allowed.iter().map(u64::to_string).collect();
                Some(ids.join(", "))
            }
            "project" => self.project.as_ref().map(|path| path.display().to_string()),
            "roots" => Some(paths(&self.roots)),
            "claude" => Some(self.claude.display().to_string()),
            "api_url" => Some(self.api_url.clone()),
            "mode" => self.mode.clone(),
            "model" => self.model.clone(),
            "allow_bypass" => Some(self.allow_bypass.to_string()),
            "idle_minutes" => Some((self.idle.as_secs() / 60).to_string()),
            "warm_runs" => Some(self.warm.to_string()),
            "turns_at_once" => Some(self.turns.to_string()),
            "pace_ms" => Some(self.pace.as_millis().to_string()),
            "grace_seconds" => Some(self.grace.as_secs().to_string()),
            "inbox" => self.inbox.as_ref().map(|path| path.display().to_string()),
            "transcriber" => self.transcriber.clone(),
            "log" => Some(self.log.clone()),
            _ => None,
        };
        let shown = |key: &Key| value(key.name).filter(|value| !value.is_empty());
        KEYS.iter()
            .map(|key| (key, shown(key).unwrap_or_else(|| format!("({})", key.default))))
            .collect()
    }
}

/// The platform's directory for what a program keeps for itself.
fn state_directory(sources: &Sources, home: &Path) -> PathBuf {
    if cfg!(target_os = "macos") {
        return home.join("Library/Application Support/segue");
    }
    let base =
        sources.variable("XDG_STATE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    base.unwrap_or_else(|| home.join(".local/state")).join("segue")
}

/// A path as a person writes it: `~` stands for the home directory.
pub fn expand(path: &str, home: &Path) -> PathBuf {
    match path.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, file).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut environment: Vec<(OsString, OsString)> =
            environment.iter().map(|(key, value)| (key.into(), value.into())).collect();
        environment.push(("HOME".into(), dir.path().into()));
        let sources = Sources { file: Some(path.clone()), environment };
        Config::read(&sources)
            .map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let file = "token = \"1:file\"\nallowed_users = [1, 2]\nidle_minutes = 3\n";
        let config = read(file, &[]).unwrap();
        assert_eq!(config.bot().unwrap().reveal(), "1:file");
        assert_eq!(config.allowed, BTreeSet::from([1, 2]));
        assert_eq!(config.idle, Duration::from_secs(180));
        let over = [("TELEGRAM_BOT_TOKEN", "2:env"), ("SEGUE_ALLOWED_USERS", "7, 8,")];
        let config = read(file, &over).unwrap();
        assert_eq!(config.bot().unwrap().reveal(), "2:env");
        assert_eq!(config.allowed, BTreeSet::from([7, 8]));
    }

    #[test]
    fn bad_settings_are_named_with_file_key_and_value() {
        for (file, environment, expected) in [
            (
                "tokn = \"x\"",
                &[][..],
                "FILE: there is no key `tokn`; `segue config` lists the keys",
            ),
            (
                "idle_minutes = \"ten\"",
                &[],
                "FILE: `idle_minutes` is \"ten\", but must be a whole number",
            ),
            ("warm_runs = -1", &[], "FILE: `warm_runs` is -1, but must be a whole number"),
            (
                "project = \"/no/such\"",
                &[],
                "FILE: `project` is \"/no/such\", but must be a directory that exists, by its full path",
            ),
            (
                "api_url = \"nonsense\"",
                &[],
                "FILE: `api_url` is \"nonsense\", but must be an http or https address",
            ),
            (
                "allowed_users = [\"ada\"]",
                &[],
                "FILE: `allowed_users` is [\"ada\"], but must be a list of Telegram user ids, such as [123456789]",
            ),
            (
                "",
                &[("SEGUE_ALLOWED_USERS", "ada")],
                "environment: `SEGUE_ALLOWED_USERS` is \"ada\", but must be a list of Telegram user ids, such as [123456789]",
            ),
            (
                "token_file = \"/no/such\"",
                &[],
                "FILE: `token_file` is \"/no/such\", but must be a file that can be read",
            ),
        ] {
            assert_eq!(read(file, environment).unwrap_err(), expected, "{file}");
        }
    }

    #[test]
    fn nobody_else() {
        let nobody = read("token = \"1:x\"", &[]).unwrap().bot().unwrap_err().to_string();
        assert!(nobody.contains("SEGUE_ALLOWED_USERS") && nobody.contains("segue sandbox"));
        let no_token = read("allowed_users = [1]", &[]).unwrap().bot().unwrap_err().to_string();
        assert!(no_token.contains("TELEGRAM_BOT_TOKEN") && no_token.contains("segue sandbox"));
    }

    #[test]
    fn the_token_is_in_no_error_and_no_print() {
        for file in
            ["token = 12345secret", "token = [\"12345secret\"]", "x = \ntoken = \"12345secret"]
        {
            let error = read(file, &[]).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
        let config = read("token = \"12345:secret\"", &[]).unwrap();
        let shown = format!("{config:?} {:?}", config.effective());
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_file_with_the_token_that_others_can_read_is_warned_of() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "token = \"1:x\"").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let environment = vec![("HOME".into(), dir.path().into())];
        let config = Config::read(&Sources { file: Some(path), environment }).unwrap();
        assert!(config.warnings[0].contains("chmod 600"), "{:?}", config.warnings);
    }

    #[test]
    fn every_key_is_documented_and_shown() {
        let shown = read("", &[]).unwrap().effective();
        assert_eq!(shown.len(), KEYS.len());
        assert!(shown.iter().all(|(key, value)| !key.about.is_empty() && !value.is_empty()));
    }
}
