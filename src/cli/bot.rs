//! `segue run`: the bot, from its first call to its last.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use sd_notify::NotifyState;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{self, Setup},
    claude::catalog,
    cli::{
        lock,
        output::{CommandResult, FAINT, Failure, STRONG, stdout},
    },
    config::{Config, Token, default_file},
    screens::words,
    telegram::{
        account::{self, Profile},
        client::{Client, Me},
        command::COMMANDS,
        intent::AccessPolicy,
        outbox::{Outbox, Pace},
        poll::{self, Poll},
        refusal::Refusal,
    },
};

/// Updates that were fetched and not yet handled: one batch of Telegram's.
const UPDATES: usize = 100;
/// What we ask Telegram for.
const WANTED: &[&str] = &["message", "edited_message", "callback_query"];
/// What is read in an empty chat with the bot.
const DESCRIPTION: &str = "Continue the Claude Code session of your laptop here, and go back to \
                           the laptop, in the same conversation.\n\nWrite a message, or pick a \
                           session with /sessions.";
/// What is read on the bot's page.
const SHORT_DESCRIPTION: &str = "Continues the Claude Code session of a laptop.";
/// Worker threads: the loop, and one that goes on while it is at the disk.
const WORKERS: usize = 2;
/// Between the first two tries to reach Telegram; doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Between later tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Why the bot does not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum BotError {
    /// The token or the address cannot be used.
    #[error(transparent)]
    Client(#[from] crate::telegram::client::Unusable),
    /// Telegram knows no bot with this token.
    #[error(transparent)]
    Token(#[from] poll::TokenRefused),
    /// There is one already.
    #[error(transparent)]
    Lock(#[from] lock::Refused),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

pub(super) fn main(config: &Config) -> CommandResult {
    let token = config.bot()?;
    let ran = runtime().and_then(|runtime| {
        runtime.block_on(async {
            let cancel = CancellationToken::new();
            end_on_signal(cancel.clone())?;
            run(config, &token, cancel).await
        })
    });
    notify_service_manager(&[NotifyState::Stopping]);
    match ran {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // To try again would not help: a service manager is told so by this code.
        Err(error @ (BotError::Client(_) | BotError::Token(_))) => Err(Failure::misused(error)),
        Err(error) => Err(Failure::failed(error)),
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, BotError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    Ok(runtime)
}

/// Cancels on the first SIGTERM or SIGINT; the second ends the program at once.
pub(super) fn end_on_signal(cancel: CancellationToken) -> Result<(), BotError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if cancel.is_cancelled() {
                std::process::exit(1);
            }
            tracing::info!("ending; once more ends at once");
            cancel.cancel();
        }
    });
    Ok(())
}

/// Runs the bot until it is cancelled.
pub(super) async fn run(
    config: &Config,
    token: &Token,
    cancel: CancellationToken,
) -> Result<(), BotError> {
    let _only_one = lock::Lock::take(token, &config.api_url)?;
    let client = Client::connect(token.reveal(), &config.api_url)?;
    // A laptop often starts without a network: from here on it only takes time.
    notify_service_manager(&[NotifyState::Ready, NotifyState::Status("waiting for Telegram")]);
    let Some(me) = introduce(&client, &cancel).await? else { return Ok(()) };
    tracing::info!(bot = me.username, "segue is running");
    notify_service_manager(&[NotifyState::Status(&format!("running as @{}", me.username))]);
    print_banner(config, &me);
    let (outbox, sending) =
        Outbox::start(client.clone(), Pace::every(config.pace), CancellationToken::new());
    let (sink, updates) = mpsc::channel(UPDATES);
    let setup = setup(config, me.clone(), client.clone());
    let poll = Poll { client, me: me.id, allowed_updates: WANTED, sink };
    let polling = tokio::spawn(poll::run(poll, cancel.clone()));
    // A task of its own: what it does at the disk leaves the other threads to other tasks.
    let running = tokio::spawn(app::run(setup, outbox, updates, cancel));
    running.await.map_err(io::Error::other)?;
    sending.abort();
    polling.await.map_err(std::io::Error::other)??;
    Ok(())
}

/// Tells a service manager of the systemd kind, when one has started us.
fn notify_service_manager(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager takes no word");
    }
}

/// At a terminal: which bot this is, whom it serves and where.
fn print_banner(config: &Config, me: &Me) {
    if io::stdout().is_terminal() {
        // It runs as well when nobody reads this.
        let _ = print_facts(config, me);
    }
}

fn print_facts(config: &Config, me: &Me) -> io::Result<()> {
    let people: Vec<_> = config.allowed.iter().map(u64::to_string).collect();
    let project = config.project.clone().or_else(|| catalog::last_project(&config.home));
    let project = project.map_or_else(
        || "none yet: the first message asks".to_owned(),
        |project| words::path(&project, &config.user_home),
    );
    let file = config.file.clone().or_else(default_file).unwrap_or_default();
    let mut out = stdout();
    for (name, value) in [
        ("Bot", format!("@{}  https://t.me/{}", me.username, me.username)),
        ("People", people.join(", ")),
        ("Project", project),
        ("Settings", words::path(&file, &config.user_home)),
    ] {
        writeln!(out, "{FAINT}{name:<10}{FAINT:#}{STRONG}{value}{STRONG:#}")?;
    }
    writeln!(out, "{FAINT}Ctrl-C ends it.{FAINT:#}")
}

/// Asks Telegram who we are, for as long as the network takes, and tells it our commands and what
/// the bot is. None: cancelled first.
async fn introduce(client: &Client, cancel: &CancellationToken) -> Result<Option<Me>, BotError> {
    let me = tokio::select! {
        () = cancel.cancelled() => return Ok(None),
        me = first_answer(client) => me?,
    };
    if let Err(refusal) = account::set_commands(client, &COMMANDS).await {
        tracing::warn!(%refusal, "the commands could not be registered");
    }
    if let Err(refusal) = describe(client).await {
        tracing::warn!(%refusal, "the bot could not be described");
    }
    Ok(Some(me))
}

/// Says on the bot's page what it is, where its owner has not said anything there.
async fn describe(client: &Client) -> Result<(), Refusal> {
    let there = account::profile(client).await?;
    let unless = |there: Option<String>, text: &str| {
        there.unwrap_or_default().is_empty().then(|| text.to_owned())
    };
    let description = unless(there.description, DESCRIPTION);
    let short = unless(there.short, SHORT_DESCRIPTION);
    account::set_profile(client, Profile { name: None, description, short }).await
}

/// `getMe`, until Telegram answers: a laptop often starts without a network.
async fn first_answer(client: &Client) -> Result<Me, poll::TokenRefused> {
    let mut wait = FIRST_WAIT;
    loop {
        match client.get_me().await {
            Ok(me) => return Ok(me),
            Err(Refusal::Unauthorized) => return Err(poll::TokenRefused),
            Err(refusal) => {
                tracing::warn!(%refusal, "Telegram does not answer; trying again in {wait:?}");
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

fn setup(config: &Config, me: Me, client: Client) -> Setup {
    Setup {
        access: AccessPolicy { username: me.username.clone(), allowed: config.allowed.clone() },
        state: config.state.join(me.id.to_string()),
        me,
        home: config.home.clone(),
        user_home: config.user_home.clone(),
        project: config.project.clone(),
        roots: config.roots.clone(),
        claude: config.claude.clone(),
        environment: config.environment.clone(),
        mode: config.mode.clone(),
        model: config.model.clone(),
        allow_bypass: config.allow_bypass,
        always_quote: config.always_quote,
        idle: config.idle,
        warm: config.warm,
        turns: config.turns,
        grace: config.grace,
        client,
        inbox: config.inbox.clone(),
        transcriber: config.transcriber.clone(),
        notices: config.notices,
    }
}
