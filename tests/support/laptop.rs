//! The laptop: a scratch home with its own Claude settings, interactive sessions in tmux, and
//! plain `claude -p`.
//!
//! Nothing of the machine's own Claude is read: the environment is built anew, not inherited.

use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// A key of the right form that nobody issued.
const KEY: &str = "sk-ant-api03-not-a-real-key-of-anybody-000000000000";
/// How long a screen may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks at a screen; tmux has no way to say that it changed.
const LOOK: Duration = Duration::from_millis(50);

/// A home directory with a Claude in it.
pub(crate) struct Laptop {
    /// `$HOME`, symbolic links resolved.
    pub(crate) home: PathBuf,
    cli: PathBuf,
    api: String,
    _directory: TempDir,
}

impl Laptop {
    /// A fresh home whose Claude talks to the Messages API at `api`.
    pub(crate) fn new(cli: &Path, api: &str) -> Self {
        let directory = TempDir::with_prefix("laptop-").unwrap();
        let laptop = Self {
            home: directory.path().canonicalize().unwrap(),
            cli: cli.to_owned(),
            api: api.to_owned(),
            _directory: directory,
        };
        let settings = json!({
            "hasCompletedOnboarding": true,
            "theme": "dark",
            "customApiKeyResponses": {"approved": [&KEY[KEY.len() - 20..]], "rejected": []},
            "projects": {},
        });
        laptop.save(&settings);
        laptop
    }

    /// Claude's own directory.
    pub(crate) fn claude(&self) -> PathBuf {
        self.home.join(".claude")
    }

    /// A project directory that the person has trusted at the terminal.
    pub(crate) fn project(&self, name: &str) -> PathBuf {
        let directory = self.home.join(name);
        fs::create_dir_all(&directory).unwrap();
        let mut settings: Value =
            serde_json::from_slice(&fs::read(self.settings()).unwrap()).unwrap();
        settings["projects"][directory.to_str().unwrap()] =
            json!({"hasTrustDialogAccepted": true, "allowedTools": []});
        self.save(&settings);
        directory
    }

    /// A command with the laptop's environment and nothing else.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for name in ["PATH", "LANG", "TMPDIR"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", &self.home)
            .env("TERM", "xterm-256color")
            .env("ANTHROPIC_BASE_URL", &self.api)
            .env("ANTHROPIC_API_KEY", KEY)
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .env("DISABLE_AUTOUPDATER", "1");
        command
    }

    /// `claude` in a directory, without arguments yet.
    pub(crate) fn claude_in(&self, directory: &Path) -> Command {
        let mut command = self.command(&self.cli);
        command.current_dir(directory);
        command
    }

    /// `claude -p` with further arguments, to its end.
    pub(crate) fn print(&self, directory: &Path, args: &[&str]) -> Output {
        let mut command = self.claude_in(directory);
        command.arg("-p").args(args).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.signal().is_none(), "{output:?}");
        output
    }

    /// The same as a person at the terminal would have it: the session is offered by `--continue`.
    pub(crate) fn print_as_person(&self, directory: &Path, prompt: &str) {
        let mut command = self.claude_in(directory);
        command.env("CLAUDE_CODE_ENTRYPOINT", "telegram").args(["-p", prompt]).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// An interactive `claude` in a terminal of its own.
    pub(crate) fn open(&self, directory: &Path, args: &[&str]) -> Terminal {
        let mut command = self.command(&self.cli);
        command.args(args);
        Terminal::start(&self.home, directory, &command)
    }

    /// The records of the only transcript that `directory` has, and where it lies.
    pub(crate) fn transcript(&self, directory: &Path) -> (PathBuf, Vec<Value>) {
        let mut paths = self.transcripts(directory);
        assert_eq!(paths.len(), 1, "{paths:?}");
        let path = paths.remove(0);
        let records = records(&path);
        (path, records)
    }

    /// The transcripts of a directory.
    pub(crate) fn transcripts(&self, directory: &Path) -> Vec<PathBuf> {
        let slug: String = directory
            .to_str()
            .unwrap()
            .chars()
            .map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '-' })
            .collect();
        let folder = self.claude().join("projects").join(slug);
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
            .collect()
    }

    /// What the live Claude processes of this home say of themselves.
    pub(crate) fn registry(&self) -> Vec<Value> {
        let entries = fs::read_dir(self.claude().join("sessions")).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            // An entry may go, or be in the middle of a change, while it is read.
            .filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok())
            .collect()
    }

    /// Waits until the only live process has a status, and returns its entry.
    pub(crate) fn wait_for_registry(&self, status: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let entries = self.registry();
            match entries.as_slice() {
                [entry] if entry["status"] == status => return entry.clone(),
                _ => assert!(Instant::now() < deadline, "not {status}: {entries:?}"),
            }
            thread::sleep(LOOK);
        }
    }

    /// Waits until the process of a terminal, beside those of the phone, has a status.
    pub(crate) fn wait_for_terminal(&self, status: &str) {
        let deadline = Instant::now() + PATIENCE;
        let is_it = |entry: &Value| entry["entrypoint"] == "cli" && entry["status"] == status;
        while !self.registry().iter().any(is_it) {
            assert!(Instant::now() < deadline, "not {status}: {:?}", self.registry());
            thread::sleep(LOOK);
        }
    }

    fn settings(&self) -> PathBuf {
        self.home.join(".claude.json")
    }

    fn save(&self, settings: &Value) {
        fs::write(self.settings(), settings.to_string()).unwrap();
    }
}

/// The records of a transcript.
pub(crate) fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An interactive session in tmux. It is killed with the value.
pub(crate) struct Terminal {
    socket: String,
    tmux: PathBuf,
}

impl Terminal {
    /// A terminal in which a program runs, with its own environment and no other. `home` is where
    /// tmux keeps its socket.
    pub(crate) fn start(home: &Path, directory: &Path, program: &Command) -> Self {
        let terminal =
            Self { socket: format!("laptop-{}", Uuid::new_v4().simple()), tmux: home.to_owned() };
        let mut command = Command::new("tmux");
        let variables = program.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.env_clear().envs(variables);
        command.env("TMUX_TMPDIR", &terminal.tmux).current_dir(directory);
        command.args(["-L", &terminal.socket, "-f", "/dev/null"]);
        command.args(["new-session", "-d", "-x", "120", "-y", "50"]);
        command.arg(program.get_program()).args(program.get_args());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        terminal
    }

    /// What the screen shows, one string.
    pub(crate) fn screen(&self) -> String {
        let output = self.tmux(&["capture-pane", "-p"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Types a text without Enter.
    pub(crate) fn write(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses a key by tmux's name for it: `Enter`, `Escape`, `Down`, ….
    pub(crate) fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Types a prompt and sends it.
    pub(crate) fn say(&self, text: &str) {
        self.write(text);
        self.wait_for(text);
        self.press("Enter");
    }

    /// Waits until the screen shows a text, and returns the screen.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits until the screen is as wished; `wish` says it in the failure.
    pub(crate) fn wait_until(&self, wish: &str, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if fits(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "no “{wish}” on\n{screen}");
            thread::sleep(LOOK);
        }
    }

    /// Opens the `/resume` picker and returns the screen that it fills.
    pub(crate) fn picker(&self) -> String {
        self.say("/resume");
        self.wait_until("the picker", |screen| {
            screen.contains("Resume session") && screen.contains("Esc to close")
        })
    }

    /// Leaves the session as a person does, and waits until the terminal is gone.
    pub(crate) fn exit(self) {
        self.say("/exit");
        let deadline = Instant::now() + PATIENCE;
        while self.tmux(&["has-session"]).status.success() {
            assert!(Instant::now() < deadline, "still there:\n{}", self.screen());
            thread::sleep(LOOK);
        }
    }

    fn tmux(&self, args: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.env("TMUX_TMPDIR", &self.tmux).env_remove("TMUX");
        command.args(["-L", &self.socket]).args(args);
        command.output().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}
