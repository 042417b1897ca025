//! `segue run` itself, against the sandbox.

use std::{
    fs, io,
    process::{Child, Stdio},
    time::Duration,
};

use segue::sandbox::{Call, Client, Options, Pace, Sandbox};
use serde_json::json;

use super::{
    cli,
    corpus::Corpus,
    memory::COMMAND,
    peak::{held, segue},
    sample::Times,
    stream::{OWNER, stand_in},
    table::{Amount, Goal, Row},
};

/// KiB at rest, notices on.
const REST: u64 = 16_000_000 / 1024;
/// After this a chat takes a message at once: the bot keeps to Telegram's pace.
const CALM: Duration = Duration::from_secs(2);
/// Long enough for a busy machine; nothing waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);
/// Who acts in the chat, and where.
const WHO: (i64, i64) = (OWNER, OWNER);

/// Memory of the bot over `corpus`: before anybody wrote, and after its lists were used.
pub(crate) async fn memory(corpus: &Corpus, name: &str) -> io::Result<Vec<Row>> {
    let bot = Bot::start(corpus).await?;
    let rest = held(bot.child.id(), "VmRSS:").unwrap_or_default();
    for words in ["/sessions", "/sessions bed", "/cd", "/status"] {
        bot.ask(words, |_| Some(())).await?;
    }
    let most = held(bot.child.id(), "VmHWM:").unwrap_or_default();
    let row = |what: &str, kib, most| Row {
        what: format!("Memory of `segue run` {what}, {name}"),
        measured: Amount::Memory(kib),
        floor: None,
        ratio: None,
        goal: Goal::AtMost(Amount::Memory(most)),
    };
    Ok(vec![
        row("at rest, notices on", rest, REST),
        row("after its lists and searches", most, COMMAND),
    ])
}

/// From the CLI's last lines to the call that brings the answer into the chat.
pub(crate) async fn answer(rounds: usize) -> io::Result<Row> {
    let corpus = Corpus::empty()?;
    let bot = Bot::start(&corpus).await?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let prompt = cli::wish(1, Duration::ZERO);
        let written = bot.ask(&prompt, |text| text.lines().next()?.parse().ok()).await?;
        let written = Duration::from_nanos(written);
        let text = written.as_nanos().to_string();
        let call = bot.client.wait_calls(PATIENCE, |calls| {
            let said = |call: &&Call| {
                call.body["text"].as_str().is_some_and(|said| said.starts_with(&text))
            };
            calls.iter().find(said).cloned()
        });
        // The log counts in whole milliseconds: half of one is the mean of what it left out.
        let came = Duration::from_millis(call.await.map_err(io::Error::other)?.at);
        times.push((came + Duration::from_micros(500)).saturating_sub(written));
        tokio::time::sleep(CALM).await;
    }
    Ok(Row {
        what: "From the CLI's last line to the answer at the Bot API, in a quiet chat".to_owned(),
        measured: Amount::Time(Times::new(times).median()),
        floor: None,
        ratio: None,
        goal: Goal::None,
    })
}

/// A bot that runs until it is dropped.
struct Bot {
    child: Child,
    client: Client,
    _sandbox: Sandbox,
}

impl Bot {
    async fn start(corpus: &Corpus) -> io::Result<Self> {
        let options = Options { pace: Pace::Relaxed, ..Options::default() };
        let token = options.token.clone();
        let sandbox = Sandbox::start(options).await?;
        let directory = corpus.directory();
        fs::create_dir_all(&directory)?;
        let trusted =
            json!({"projects": {directory.to_string_lossy(): {"hasTrustDialogAccepted": true}}});
        fs::write(corpus.home().dir.join(".claude.json"), trusted.to_string())?;
        let settings = corpus.user_home().join("notices.toml");
        fs::write(&settings, "notify = true\n")?;
        let child = segue(corpus)
            .arg("run")
            .arg("--config")
            .arg(&settings)
            .env("TELEGRAM_BOT_TOKEN", token)
            .env("SEGUE_API_URL", sandbox.api_url())
            .env("SEGUE_ALLOWED_USERS", OWNER.to_string())
            .env("SEGUE_PROJECT", &directory)
            .env("SEGUE_CLAUDE", stand_in(corpus)?)
            .stderr(Stdio::inherit())
            .env("SEGUE_LOG", "warn")
            .spawn()?;
        let bot = Self { child, client: sandbox.client(), _sandbox: sandbox };
        bot.client.wait_poll(PATIENCE).await.map_err(io::Error::other)?;
        Ok(bot)
    }

    /// Says something and waits for a new message of the bot that is what is looked for.
    async fn ask<T>(&self, words: &str, mut check: impl FnMut(&str) -> Option<T>) -> io::Result<T> {
        let said = self.client.say(WHO, words).map_err(io::Error::other)?;
        let found = self.client.wait(OWNER, PATIENCE, |posts| {
            posts
                .iter()
                .filter(|post| post.id > said && post.from != OWNER)
                .find_map(|post| check(&post.text))
        });
        found.await.map_err(io::Error::other)
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
