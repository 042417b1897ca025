//! The phone: a sandbox in this process, and the built bot talking to it.
//!
//! Everything goes through what a person sees and does: messages, buttons, replies. The bot is the
//! shipped binary in a process of its own, so that it can be killed and started again.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use segue::sandbox::{Answer, Client, Options, Pace, Post, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    answers::{answer_to, is_label},
    schema,
    scratch::Scratch,
    wait::until_or,
};

/// The owner of the bot, and their private chat.
pub(crate) const ADA: i64 = 1001;
/// Somebody else.
pub(crate) const GRACE: i64 = 1002;
/// A group of both.
pub(crate) const GROUP: i64 = -1_002_000_000_001;
/// How long anything that is waited for may take; a busy machine starts a CLI in seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A bot and the chats it is in.
pub(crate) struct Phone {
    sandbox: Option<Sandbox>,
    pub(crate) client: Client,
    bot: Option<Child>,
    binary: PathBuf,
    starter: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
    directory: PathBuf,
    scratch: TempDir,
    starts: usize,
    provoked: Vec<&'static str>,
}

impl Phone {
    /// Starts a bot with the environment of `base` (its program and arguments are ignored) in the
    /// directory `project`, which is that of chats never used.
    pub(crate) async fn start(base: &Command, project: &Path) -> Self {
        let options = Options { pace: Pace::Relaxed, ..Options::default() };
        Self::start_with(base, project, options).await
    }

    /// The same, with a sandbox of one's own.
    pub(crate) async fn start_with(base: &Command, project: &Path, options: Options) -> Self {
        let token = options.token.clone();
        let sandbox = Sandbox::start(options).await.unwrap();
        let given = base.get_envs().filter_map(|(name, value)| Some((name.into(), value?.into())));
        let mut environment: Vec<(OsString, OsString)> = given.collect();
        for (name, value) in [
            ("TELEGRAM_BOT_TOKEN", token),
            ("SEGUE_ALLOWED_USERS", ADA.to_string()),
            ("SEGUE_API_URL", sandbox.api_url()),
            ("SEGUE_LOG", "debug,hyper=info,reqwest=info".to_owned()),
        ] {
            environment.push((name.into(), value.into()));
        }
        let mut phone = Self {
            client: sandbox.client(),
            sandbox: Some(sandbox),
            bot: None,
            binary: env!("CARGO_BIN_EXE_segue").into(),
            starter: None,
            environment,
            directory: project.to_owned(),
            scratch: TempDir::with_prefix("phone-").unwrap(),
            starts: 0,
            provoked: Vec::new(),
        };
        phone.set("SEGUE_PROJECT", project);
        for (name, directory) in [("XDG_STATE_HOME", "state"), ("XDG_RUNTIME_DIR", "run")] {
            let directory = phone.scratch.path().join(directory);
            fs::create_dir(&directory).unwrap();
            phone.set(name, directory);
        }
        phone.configure("pace_ms = 20\n");
        phone.boot().await;
        phone
    }

    /// The test has Telegram refuse calls, in these words.
    pub(crate) fn provoke(&mut self, words: &'static str) {
        self.provoked.push(words);
    }

    /// Has another program start the bot, which is its first argument, from the next start on.
    pub(crate) fn start_by(&mut self, program: &Path) {
        self.starter = Some(program.to_owned());
    }

    /// Sets a variable of the bot's environment, from its next start on.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.into(), value.into()));
    }

    /// A variable of the bot's environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_os_str())
    }

    /// Writes the bot's configuration file, in force from its next start on.
    pub(crate) fn configure(&self, toml: &str) {
        fs::write(self.scratch.path().join("config.toml"), toml).unwrap();
    }

    /// Starts the bot and waits until it polls.
    pub(crate) async fn boot(&mut self) {
        self.starts += 1;
        let log = File::create(self.log()).unwrap();
        self.bot = Some(self.command().stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let polls = self.client.wait_poll(PATIENCE).await;
        polls.unwrap_or_else(|late| panic!("the bot does not poll: {late}\n{}", self.said()));
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.starter.as_ref().unwrap_or(&self.binary));
        command.args(self.starter.as_ref().map(|_| &self.binary));
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.arg("--config").arg(self.scratch.path().join("config.toml"));
        command.current_dir(&self.directory).stdin(Stdio::null());
        command
    }

    fn log(&self) -> PathBuf {
        self.scratch.path().join(format!("bot-{}.log", self.starts))
    }

    /// What the bot has logged since its last start.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The files of the bot's state directory.
    pub(crate) fn state(&self) -> Vec<PathBuf> {
        let mut left = vec![self.scratch.path().join("state/segue")];
        let mut files = Vec::new();
        while let Some(path) = left.pop() {
            match fs::read_dir(&path) {
                Ok(entries) => left.extend(entries.map(|entry| entry.unwrap().path())),
                Err(_) if path.exists() => files.push(path),
                Err(_) => {}
            }
        }
        files
    }

    /// A second bot with the same settings, to its end: what it says.
    pub(crate) fn second(&self) -> std::process::Output {
        self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap()
    }

    /// What the bot takes for Telegram.
    pub(crate) fn api_url(&self) -> String {
        self.sandbox.as_ref().unwrap().api_url()
    }

    /// The bot's process.
    pub(crate) fn pid(&self) -> u32 {
        self.bot.as_ref().unwrap().id()
    }

    /// Whether the bot was not ended by us.
    pub(crate) fn is_up(&self) -> bool {
        self.bot.is_some()
    }

    /// Ends the bot as a service manager does, and waits until it is gone.
    pub(crate) fn terminate(&mut self) {
        self.signal(Signal::TERM);
        let mut bot = self.bot.take().unwrap();
        until_or(
            || bot.try_wait().unwrap().is_some(),
            || format!("the bot does not end:\n{}", self.said()),
        );
    }

    /// Ends the bot without a chance to say anything.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.bot.take().unwrap().wait().unwrap();
    }

    /// Sends the bot a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    // ---- What a person does ----

    /// Ada writes to the bot.
    pub(crate) fn say(&self, text: &str) -> i64 {
        self.client.say((ADA, ADA), text).unwrap()
    }

    /// Ada answers a message.
    pub(crate) fn reply(&self, text: &str, to: i64) -> i64 {
        self.client.reply((ADA, ADA), text, to).unwrap()
    }

    /// Ada presses the button with this label, and the notice that comes back.
    pub(crate) async fn press(&self, post: &Post, label: &str) -> String {
        self.press_as((ADA, ADA), post, label).await
    }

    /// Somebody presses a button somewhere.
    pub(crate) async fn press_as(&self, who: (i64, i64), post: &Post, label: &str) -> String {
        let is_it = |shown: &str| is_label(shown.trim_start_matches("✓ "), label);
        let found = post.buttons().find(|button| is_it(&button.text));
        let button = found.unwrap_or_else(|| panic!("no button {label:?} on {post:?}"));
        let data = button.callback_data.clone().unwrap();
        let pressed = self.client.press(who, post.id, data.as_str()).await;
        let answer: Option<Answer> = if let Ok(answer) = pressed {
            answer
        } else {
            // A question comes below what is written beneath it.
            let has = |post: &&Post| {
                post.buttons().any(|button| button.callback_data.as_deref() == Some(&*data))
            };
            let wish = format!("{label:?} below");
            let find = |posts: &[Post]| posts.iter().rev().find(has).map(|post| post.id);
            let there = self.see_in(who.0, &wish, find).await;
            self.client.press(who, there, data.as_str()).await.unwrap()
        };
        answer.unwrap_or_else(|| panic!("the press of {label:?} is not answered")).text
    }

    // ---- What a person sees ----

    /// Waits for something in Ada's chat.
    pub(crate) async fn see<T>(&self, wish: &str, check: impl FnMut(&[Post]) -> Option<T>) -> T {
        self.see_in(ADA, wish, check).await
    }

    /// Waits for something in a chat.
    pub(crate) async fn see_in<T>(
        &self,
        chat: i64,
        wish: &str,
        check: impl FnMut(&[Post]) -> Option<T>,
    ) -> T {
        let seen = self.client.wait(chat, PATIENCE, check).await;
        seen.unwrap_or_else(|late| panic!("no {wish}: {late}\n{}", self.said()))
    }

    /// Waits for a message of the bot's that holds all of these texts.
    pub(crate) async fn see_text(&self, texts: &[&str]) -> Post {
        let fits =
            |post: &&Post| post.from != ADA && texts.iter().all(|text| post.text.contains(text));
        self.see(&format!("{texts:?}"), |posts| posts.iter().rev().find(fits).cloned()).await
    }

    /// Waits until the bot's reaction on a message of Ada's is this one.
    pub(crate) async fn see_reaction(&self, message: i64, reaction: Option<&str>) {
        let is_it = |post: &Post| post.id == message && post.reaction.as_deref() == reaction;
        let wish = format!("reaction {reaction:?} on #{message}");
        self.see(&wish, |posts| posts.iter().any(is_it).then_some(())).await;
    }

    /// Waits for the newest message with a button of this label.
    pub(crate) async fn see_with(&self, label: &str) -> Post {
        let has = |post: &&Post| post.buttons().any(|button| is_label(&button.text, label));
        self.see(label, |posts| posts.iter().rev().find(has).cloned()).await
    }

    /// Waits for a permission question that is still to be decided and holds this text.
    pub(crate) async fn see_open(&self, text: &str) -> Post {
        let is_open = |post: &&Post| {
            let open = post.buttons().any(|button| button.text == "Deny + reason");
            open && post.text.contains(text)
        };
        self.see(&format!("question about {text}"), |posts| {
            posts.iter().rev().find(is_open).cloned()
        })
        .await
    }

    /// Waits for the final answer to a prompt.
    pub(crate) async fn answer(&self, prompt: i64) -> Post {
        self.answer_in(ADA, prompt).await
    }

    /// The same in any chat.
    pub(crate) async fn answer_in(&self, chat: i64, prompt: i64) -> Post {
        let wish = format!("answer to #{prompt}");
        self.see_in(chat, &wish, |posts| answer_to(posts, prompt).cloned()).await
    }

    /// Waits for the progress message of a prompt.
    pub(crate) async fn progress(&self, chat: i64, prompt: i64) -> Post {
        let is_it = |post: &&Post| {
            let near = post.reply_to.map_or(post.id > prompt, |to| to == prompt);
            near && post.buttons().any(|button| button.text == "Stop")
        };
        let wish = format!("progress of #{prompt}");
        self.see_in(chat, &wish, |posts| posts.iter().find(is_it).cloned()).await
    }

    /// Says something and waits for its answer, and until the place is bound by it.
    pub(crate) async fn ask(&self, text: &str) -> Post {
        let prompt = self.say(text);
        let answer = self.answer(prompt).await;
        self.bound(prompt);
        answer
    }

    /// Waits until no progress message is left: every turn is painted to its end.
    pub(crate) async fn settled(&self) {
        let quiet = |posts: &[Post]| {
            posts
                .iter()
                .all(|post| post.buttons().all(|button| button.text != "Stop"))
                .then_some(())
        };
        self.see("end of all turns", quiet).await;
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        if let Some(bot) = &mut self.bot {
            let _ = bot.kill();
            let _ = bot.wait();
        }
        let (calls, faults) = (self.client.calls(0), self.client.faults());
        drop(self.sandbox.take());
        if std::thread::panicking() {
            eprintln!("--- the bot's log ---\n{}", self.said());
            return;
        }
        for call in calls {
            schema::check(&call.method, &call.body).unwrap();
            let refused = call.status.is_some_and(|status| (400..500).contains(&status));
            // To be one of two receivers is no fault of what was asked.
            let refused = refused && call.status != Some(409);
            // To be asked to wait is one where that was ordered.
            let refused = refused && (faults.is_empty() || call.status != Some(429));
            // A bot that was started again cannot know what its stale progress message shows: to draw
            // the same is Telegram's way of saying that it is drawn. Nor can it know what is answered.
            let words = call.response["description"].as_str().unwrap_or_default();
            let known = ["message is not modified", "to edit not found", "query is too old"];
            let same = known.iter().any(|known| words.contains(known));
            let refused = refused && !(same && self.starts > 1);
            // A question goes by whoever presses it, and by whoever learns too late that it was sent.
            let refused = refused && !words.contains("to delete not found");
            let refused = refused && !self.provoked.iter().any(|known| words.contains(known));
            assert!(!refused, "Telegram refuses {} {}: {}", call.method, call.body, call.response);
        }
    }
}

/// A bot in the project `garden` of a scratch home, with the scripted CLI.
pub(crate) async fn phone() -> (Scratch, PathBuf, Phone) {
    started(Scratch::new()).await
}

/// The same, with a CLI that goes by this script.
pub(crate) async fn phone_with(script: &Value) -> (Scratch, PathBuf, Phone) {
    let scratch = Scratch::new();
    fs::write(scratch.script(), script.to_string()).unwrap();
    started(scratch).await
}

async fn started(mut scratch: Scratch) -> (Scratch, PathBuf, Phone) {
    let garden = scratch.project("garden");
    let phone = Phone::start(&scratch.base(), &garden).await;
    (scratch, garden, phone)
}

/// The session that a message of the bot's belongs to.
pub(crate) fn session_of(post: &Post) -> String {
    let links = post.entities.iter().filter_map(|entity| entity.url.as_deref());
    let mut ids =
        links.filter_map(|link| link.split_once("?start=s_")).map(|(_, id)| id.to_owned());
    ids.next().unwrap_or_else(|| panic!("no session in {post:?}"))
}
