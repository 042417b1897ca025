//! A machine that has Claude on its `PATH` and knows nothing of segue, with a Telegram on it.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use segue::sandbox::{Client, Options, Pace, Post, Sandbox};

use crate::support::{
    phone::{ADA, PATIENCE},
    scratch::Scratch,
};

/// Runs segue to its end.
pub(crate) fn segue(scratch: &Scratch, args: &[&str]) -> Output {
    command(scratch).args(args).output().unwrap()
}

/// segue in a scratch home, with nothing of the environment of the tests.
pub(crate) fn command(scratch: &Scratch) -> Command {
    let base = scratch.base();
    let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
    command.env_clear().envs(base.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The machine.
pub(crate) struct Machine {
    pub(crate) scratch: Scratch,
    pub(crate) phone: Client,
    sandbox: Sandbox,
    /// The bot's token.
    pub(crate) token: String,
}

impl Machine {
    pub(crate) async fn new() -> Self {
        let options = Options { pace: Pace::Relaxed, ..Options::default() };
        let token = options.token.clone();
        let sandbox = Sandbox::start(options).await.unwrap();
        let machine = Self { scratch: Scratch::new(), phone: sandbox.client(), sandbox, token };
        for folder in ["run", "fakes"] {
            fs::create_dir(machine.home().join(folder)).unwrap();
        }
        // Whatever manages services here has no part in a test.
        for program in ["systemctl", "loginctl", "journalctl"] {
            machine.fake(program, "echo 'no services here' >&2; exit 1");
        }
        machine
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.scratch.home()
    }

    pub(crate) fn api_url(&self) -> String {
        self.sandbox.api_url()
    }

    /// Where the settings are.
    pub(crate) fn config(&self) -> PathBuf {
        self.home().join(".config/segue/config.toml")
    }

    /// Writes the settings.
    pub(crate) fn configure(&self, more: &str) {
        let (token, url) = (&self.token, self.api_url());
        let text =
            format!("token = \"{token}\"\nallowed_users = [{ADA}]\napi_url = \"{url}\"\n{more}");
        fs::create_dir_all(self.config().parent().unwrap()).unwrap();
        fs::write(self.config(), text).unwrap();
        fs::set_permissions(self.config(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Puts a shell script of this name before all others on the `PATH`.
    pub(crate) fn fake(&self, program: &str, body: &str) {
        script(&self.home().join("fakes").join(program), body);
    }

    /// segue, with Claude on the `PATH`.
    pub(crate) fn segue(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
        let home = self.home();
        let inherited = std::env::var("PATH").unwrap();
        let (fakes, bin) = (home.join("fakes"), home.join("bin"));
        command.env_clear().env("HOME", &home).env("TZ", "UTC").env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8").env("SEGUE_SCRIPT", self.scratch.script());
        command.env("PATH", format!("{}:{}:{inherited}", fakes.display(), bin.display()));
        command.env("XDG_RUNTIME_DIR", home.join("run")).current_dir(home);
        command
    }

    /// Runs segue to its end, with something on its standard input.
    pub(crate) fn run(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.segue();
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have ended without a look at it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Waits for a message of the bot's that holds this text.
    pub(crate) async fn see(&self, chat: i64, text: &str) -> Post {
        let fits = |post: &&Post| post.from != chat && post.text.contains(text);
        let seen = self.phone.wait(chat, PATIENCE, |posts| posts.iter().find(fits).cloned()).await;
        seen.unwrap_or_else(|late| panic!("no {text:?}: {late}"))
    }
}

/// A program that is ended with the value.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writes an executable shell script.
pub(crate) fn script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
