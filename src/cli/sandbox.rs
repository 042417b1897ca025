//! `segue sandbox`: the real bot against a local Telegram, with a chat page in the browser.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use tokio_util::sync::CancellationToken;

use crate::{
    claude::process::find,
    cli::{
        bot,
        output::{CommandResult, Failure, stdout},
    },
    config::{Config, Token},
    sandbox::{Options, Sandbox, demo::Demo},
};

/// The person of the sandbox who owns the bot; the others are strangers to it.
const OWNER: u64 = 1001;
/// Where the page is when no port is named and this one is free.
const PORT: u16 = 8484;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Use made-up sessions and a scripted Claude, even where the real one is installed
    #[arg(long)]
    demo: bool,
    /// Serve the page on this port of 127.0.0.1 (default: 8484, or any that is free)
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Do not open the browser
    #[arg(long)]
    no_open: bool,
}

pub(super) fn main(config: Config, arguments: &Arguments) -> CommandResult {
    let ran = bot::runtime().and_then(|runtime| runtime.block_on(run(config, arguments)));
    ran.map(|()| ExitCode::SUCCESS).map_err(Failure::failed)
}

/// Says a line. The sandbox is of use also when nobody reads it.
fn say(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}

async fn run(mut config: Config, arguments: &Arguments) -> Result<(), bot::BotError> {
    let installed = find(&config.claude, std::env::var_os("PATH").as_ref());
    let demo = match (arguments.demo, installed) {
        (false, Some(claude)) => {
            say(&format!("Using the Claude CLI {} and your own sessions.", claude.display()));
            None
        }
        (wanted, _) => {
            let why = if wanted { "as asked" } else { "no Claude CLI on the PATH" };
            say(&format!(
                "Demo ({why}): made-up sessions and a scripted Claude in a temporary directory."
            ));
            Some(Demo::set_up(&std::env::current_exe()?)?)
        }
    };
    if let Some(demo) = &demo {
        play(&mut config, demo);
    }
    let options = Options::default();
    let sandbox = start(arguments.port, &options).await?;
    let token = Token::from(options.token);
    config.token = Some(token.clone());
    config.api_url = sandbox.api_url();
    config.allowed = BTreeSet::from([OWNER]);
    // The next sandbox knows nothing of the chats of this one.
    let state = tempfile::TempDir::with_prefix("segue-sandbox-")?;
    config.state = state.path().to_owned();
    say(&format!("The chat is at {} (Ctrl-C ends it).", sandbox.page_url()));
    if !arguments.no_open {
        open(&sandbox.open_url());
    }
    let cancel = CancellationToken::new();
    bot::end_on_signal(cancel.clone())?;
    let ran = bot::run(&config, &token, cancel).await;
    sandbox.stop().await;
    ran
}

async fn start(port: Option<u16>, options: &Options) -> io::Result<Sandbox> {
    if let Some(port) = port {
        let started = Sandbox::start(Options { port, ..options.clone() }).await;
        return started.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => io::Error::other(format!(
                "port {port} is in use: take another with `--port N`, or any that is free without it"
            )),
            _ => io::Error::other(format!("port {port} cannot be used: {error}")),
        });
    }
    match Sandbox::start(Options { port: PORT, ..options.clone() }).await {
        Ok(sandbox) => Ok(sandbox),
        Err(_) => Sandbox::start(options.clone()).await,
    }
}

/// Points the settings at the demo's files.
fn play(config: &mut Config, demo: &Demo) {
    config.claude = demo.claude();
    config.home = crate::claude::home::Home::at(demo.config_dir());
    config.user_home = demo.user_home();
    config.environment = demo.environment();
    config.transcriber = Some(Demo::transcriber());
    (config.project, config.roots) = (None, Vec::new());
}

/// Opens the page as the desktop does; where there is none, the printed address must do.
fn open(url: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if let Some(program) = find(Path::new(opener), std::env::var_os("PATH").as_ref()) {
        let _ = std::process::Command::new(program)
            .arg(url)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn();
    }
}
