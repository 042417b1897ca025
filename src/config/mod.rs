//! Settings: a file, the environment over it, and one table that documents every key.
//!
//! [`Reading`] is what was found: the settings in force, where each comes from, and what is wrong.
//! The token is read here and never shown again: its type prints masked, and no error quotes it.

mod edit;
mod error;
mod keys;
mod settings;

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{bridge::notices, claude::home::Home, telegram::client::TELEGRAM};

pub use edit::{Edit, EditError};
pub use error::ConfigError;
pub use keys::{KEYS, Key};
use settings::Settings;

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
    /// Whether all messages of a turn quote the one that asked.
    pub always_quote: bool,
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
    /// What is told of sessions that others run.
    pub notices: notices::Settings,
    /// Log filter.
    pub log: String,
    /// The configuration file, when there is one.
    pub file: Option<PathBuf>,
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

    /// The same without our own variables: what a service manager would give us.
    #[must_use]
    pub fn without_ours(mut self) -> Self {
        let ours = |name: &OsString| {
            KEYS.iter().any(|key| !key.variable.is_empty() && name == key.variable)
        };
        self.environment.retain(|(name, _)| !ours(name));
        self
    }

    /// The configuration file: the one that was named, or the usual one, whether it is there or
    /// not.
    pub fn path(&self) -> Option<PathBuf> {
        self.file.clone().or_else(default_file)
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

/// Where the value of a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This variable.
    Environment(&'static str),
    /// The configuration file.
    File,
    /// The file that `token_file` names.
    TokenFile,
    /// Nobody has set it.
    Default,
}

/// One key as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: &'static Key,
    /// Its value in words; the token hidden, a default in parentheses. `None`: what is set cannot
    /// be used.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// What the settings say.
#[derive(Debug)]
pub struct Reading {
    /// What is in force; for what cannot be used, the default.
    pub config: Config,
    /// Every key, in the order of [`KEYS`].
    pub rows: Vec<Row>,
    /// What cannot be used.
    pub problems: Vec<ConfigError>,
}

impl Reading {
    /// Reads the settings. What is missing for the bot is no problem here: see [`Config::bot`].
    pub fn new(sources: &Sources) -> Result<Self, ConfigError> {
        let home = sources
            .variable("HOME")
            .map(PathBuf::from)
            .or_else(|| directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned()))
            .ok_or(ConfigError::Missing("HOME is not set: segue does not know where you live."))?;
        let mut settings = Settings::read(sources, &home);
        let config = Config::read(&mut settings, sources, &home);
        let rows = config.rows(&settings);
        Ok(Self { config, rows, problems: settings.problems })
    }
}

impl Config {
    fn read(settings: &mut Settings<'_>, sources: &Sources, home: &Path) -> Self {
        let claude_directory = settings.claude_directory();
        Self {
            token: settings.token(),
            allowed: settings.allowed(),
            project: settings.directory("project"),
            roots: settings.directories("roots"),
            claude: settings.program("claude").unwrap_or_else(|| "claude".into()),
            home: Home::find(claude_directory.as_deref().map(Path::as_os_str), home),
            environment: Vec::new(),
            api_url: settings.address("api_url").unwrap_or_else(|| TELEGRAM.to_owned()),
            mode: settings.mode(),
            model: settings.text("model"),
            allow_bypass: settings.flag("allow_bypass"),
            always_quote: settings.flag("always_quote"),
            idle: Duration::from_secs(60 * settings.number("idle_minutes", 10)),
            warm: settings.number("warm_runs", 3) as usize,
            turns: settings.number("turns_at_once", 4).max(1) as usize,
            pace: Duration::from_millis(settings.number("pace_ms", 1000).max(1)),
            grace: Duration::from_secs(settings.number("grace_seconds", 5)),
            inbox: settings.directory("inbox"),
            transcriber: settings.text("transcriber"),
            notices: settings.notices(),
            log: settings.text("log").unwrap_or_else(|| "info".to_owned()),
            state: state_directory(sources, home),
            file: settings.file.clone(),
            user_home: home.to_owned(),
            warnings: settings.open_secrets(),
        }
    }

    /// What the bot needs and has no default: the token, and whom it may listen to.
    pub fn bot(&self) -> Result<Token, ConfigError> {
        let Some(token) = &self.token else {
            return Err(ConfigError::Missing(
                "No bot token: `segue setup` asks for it; or set TELEGRAM_BOT_TOKEN, or `token` in \
                 the configuration file (`segue sandbox` needs neither token nor users).",
            ));
        };
        if self.allowed.is_empty() {
            return Err(ConfigError::Missing(
                "No allowed user: `segue setup` finds out who you are; or set SEGUE_ALLOWED_USERS \
                 to your Telegram id, or `allowed_users` in the configuration file (`segue \
                 sandbox` needs neither token nor users).",
            ));
        }
        Ok(token.clone())
    }

    /// Every key with its value in force, in the order of [`KEYS`]; tokens masked.
    fn rows(&self, settings: &Settings<'_>) -> Vec<Row> {
        let path = |path: &PathBuf| path.display().to_string();
        let paths = |paths: &[PathBuf]| paths.iter().map(path).collect::<Vec<_>>().join(", ");
        let value = |name: &str| match name {
            "token" => self.token.as_ref().map(|_| error::HIDDEN.to_owned()),
            "token_file" => settings.token_file().as_ref().map(path),
            "allowed_users" => {
                let ids: Vec<_> = self.allowed.iter().map(u64::to_string).collect();
                Some(ids.join(", "))
            }
            "project" => self.project.as_ref().map(path),
            "roots" => Some(paths(&self.roots)),
            "claude" => Some(path(&self.claude)),
            "api_url" => Some(self.api_url.clone()),
            "mode" => self.mode.clone(),
            "model" => self.model.clone(),
            "allow_bypass" => Some(self.allow_bypass.to_string()),
            "always_quote" => Some(self.always_quote.to_string()),
            "idle_minutes" => Some((self.idle.as_secs() / 60).to_string()),
            "warm_runs" => Some(self.warm.to_string()),
            "turns_at_once" => Some(self.turns.to_string()),
            "pace_ms" => Some(self.pace.as_millis().to_string()),
            "grace_seconds" => Some(self.grace.as_secs().to_string()),
            "inbox" => self.inbox.as_ref().map(path),
            "transcriber" => self.transcriber.clone(),
            "notify" => Some(self.notices.on.to_string()),
            "notify_after_seconds" => Some(self.notices.after.as_secs().to_string()),
            "notify_delay_seconds" => Some(self.notices.delay.as_secs().to_string()),
            "quiet" => self.notices.quiet.map(|quiet| quiet.to_string()),
            "log" => Some(self.log.clone()),
            _ => None,
        };
        let row = |key: &'static Key| {
            let shown = value(key.name).filter(|value| !value.is_empty());
            let value = shown.map_or_else(|| format!("({})", key.default), |it| error::mask(&it));
            let value = (!settings.refused.contains(&key.name)).then_some(value);
            Row { key, value, origin: settings.origin(key.name) }
        };
        KEYS.iter().map(row).collect()
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

    /// What a file and an environment say; the file's path in a complaint is `FILE`.
    fn look(file: &str, environment: &[(&str, &str)]) -> (Reading, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, file).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mut environment: Vec<(OsString, OsString)> =
            environment.iter().map(|(key, value)| (key.into(), value.into())).collect();
        environment.push(("HOME".into(), dir.path().into()));
        std::fs::create_dir(dir.path().join("garden")).unwrap();
        std::fs::write(dir.path().join("bot.token"), "3:file").unwrap();
        let reading = Reading::new(&Sources { file: Some(path.clone()), environment }).unwrap();
        let problems = reading.problems.iter().map(ConfigError::to_string);
        let path = path.display().to_string();
        let problems = problems.map(|problem| problem.replace(&path, "FILE")).collect();
        (reading, problems)
    }

    fn read(file: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let (reading, problems) = look(file, environment);
        if problems.is_empty() { Ok(reading.config) } else { Err(problems.join("\n")) }
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
                "FILE: there is no key `tokn`; the keys are token, token_file, allowed_users, project, roots, claude, api_url, mode, model, allow_bypass, idle_minutes, warm_runs, turns_at_once, pace_ms, always_quote, grace_seconds, inbox, transcriber, notify, notify_after_seconds, notify_delay_seconds, quiet, log",
            ),
            (
                "idle_minutes = \"ten\"",
                &[],
                "FILE: `idle_minutes` is \"ten\", but must be a whole number from 0 to 100000",
            ),
            (
                "warm_runs = -1",
                &[],
                "FILE: `warm_runs` is -1, but must be a whole number from 0 to 100000",
            ),
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
                "FILE: `token_file` is \"/no/such\", but must be a file that can be read (No such file or directory (os error 2))",
            ),
            (
                "token_file = \"123456:AAF7-g0gYncWnm5Iyf\"",
                &[],
                "FILE: `token_file` is (hidden), but must be the path of a file; a token itself belongs in `token`",
            ),
            (
                "claude = \"/nonexistent\"",
                &[],
                "FILE: `claude` is \"/nonexistent\", but must be the full path of a program that exists, or its name on the PATH",
            ),
            (
                "claude = \"bin/claude\"",
                &[],
                "FILE: `claude` is \"bin/claude\", but must be the full path of a program, or its name on the PATH",
            ),
            (
                "quiet = \"at night\"",
                &[],
                "FILE: `quiet` is \"at night\", but must be hours such as \"22:00-07:00\"",
            ),
            (
                "mode = \"foo\"",
                &[],
                "FILE: `mode` is \"foo\", but must be one of manual, default, acceptEdits, plan, auto, dontAsk, bypassPermissions",
            ),
            (
                "",
                &[("CLAUDE_CONFIG_DIR", "~/.claude-work")],
                "environment: `CLAUDE_CONFIG_DIR` is \"~/.claude-work\", but must be a full path: claude looks for any other below the directory it is started in, and does not know `~`",
            ),
            (
                "warm_runs = -1\nmodel = 5",
                &[],
                "FILE: `model` is 5, but must be a text in quotes\nFILE: `warm_runs` is -1, but must be a whole number from 0 to 100000",
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
        for file in [
            "token = 12345secret",
            "token = [\"12345secret\"]",
            "x = \ntoken = \"12345secret",
            "token_file = \"12345:secretsecret\"",
            "token_file = \"secretsecretsecret\"",
            "project = \"12345:secretsecret\"",
            "\"12345:secretsecret\" = 1",
        ] {
            let (reading, problems) = look(file, &[]);
            assert!(!problems.is_empty());
            let shown = format!("{problems:?} {:?} {:?}", reading.rows, reading.config);
            assert!(!shown.contains("secret"), "{shown}");
        }
        let (reading, _) = look("token = \"12345:secret\"", &[]);
        let shown = format!("{:?} {:?}", reading.config, reading.rows);
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn the_home_directory_is_expanded_everywhere() {
        let file = "token_file = \"~/bot.token\"\nproject = \"~/garden\"\nroots = [\"~\"]\n\
                    inbox = \"~/garden\"\nclaude = \"~/bot.token\"\n";
        let (reading, problems) = look(file, &[]);
        assert_eq!(problems.len(), 1, "only that the token file is no program: {problems:?}");
        assert!(problems[0].contains("`claude`"));
        let config = reading.config;
        assert_eq!(config.token.map(|token| token.reveal().to_owned()), Some("3:file".to_owned()));
        assert_eq!(config.project, Some(config.user_home.join("garden")));
        assert_eq!(config.inbox, config.project);
        assert_eq!(config.roots, [config.user_home]);
    }

    #[test]
    fn each_value_says_where_it_comes_from() {
        let file = "token_file = \"~/bot.token\"\nwarm_runs = 7\nlog = \"warn\"\n";
        let (reading, problems) = look(file, &[("SEGUE_LOG", "debug")]);
        assert_eq!(problems, [""; 0]);
        let origin = |name: &str| {
            let row = reading.rows.iter().find(|row| row.key.name == name).unwrap();
            (row.value.clone().unwrap(), row.origin)
        };
        assert_eq!(origin("token"), ("(hidden)".to_owned(), Origin::TokenFile));
        assert_eq!(origin("warm_runs"), ("7".to_owned(), Origin::File));
        assert_eq!(origin("log"), ("debug".to_owned(), Origin::Environment("SEGUE_LOG")));
        let (wrong, _) = look("mode = \"foo\"", &[]);
        assert!(wrong.rows.iter().all(|row| row.value.is_some() == (row.key.name != "mode")));
        assert_eq!(origin("mode"), ("(Claude's own)".to_owned(), Origin::Default));
    }

    #[test]
    fn a_broken_file_leaves_the_rest_in_force() {
        let (reading, problems) = look("warm_runs = \n", &[("SEGUE_ALLOWED_USERS", "7")]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("FILE: line 1: "), "{problems:?}");
        assert_eq!((reading.config.warm, reading.config.allowed), (3, BTreeSet::from([7])));
    }

    #[test]
    fn a_file_with_the_token_that_others_can_read_is_warned_of() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "token = \"1:x\"").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let environment = vec![("HOME".into(), dir.path().into())];
        let sources = Sources { file: Some(path), environment };
        let warnings = Reading::new(&sources).unwrap().config.warnings;
        assert!(warnings[0].contains("chmod 600"), "{warnings:?}");
    }

    #[test]
    fn every_key_is_documented_and_shown() {
        let shown = look("", &[]).0.rows;
        assert_eq!(shown.len(), KEYS.len());
        assert!(shown.iter().all(|row| !row.key.about.is_empty() && row.value.is_some()));
    }
}
