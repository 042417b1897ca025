//! `segue setup`: from nothing to a bot that answers, step by step.
//!
//! Each step can be answered by a flag, and keeps what an earlier run has set. The configuration
//! file is written once, as a whole, after all that can fail has not; what is refused before that
//! leaves everything as it was.

mod ask;
mod bot;
mod laptop;
mod person;

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::ValueEnum;

use crate::{
    cli::{
        bot as program, bot_api,
        lock::{Lock, Refused},
        output::{BAD, CommandResult, FAINT, Failure, GOOD, STRONG, code, stdout},
        service,
    },
    config::{Config, Edit, Origin, Reading, Sources},
    screens::words,
    telegram::refusal::Refusal,
};

use ask::{Ask, DefaultAnswer};
use bot::{Bot, TokenSource};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Take the bot's token from FILE, which stays where it is; `-` reads it from standard input
    /// and keeps it in the configuration
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Name the bot, such as after its laptop
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Let this person use the bot, by Telegram id (repeatable)
    #[arg(long, value_name = "ID")]
    user: Vec<u64>,
    /// Topics in private chats, one for each session
    #[arg(long, value_name = "YES/NO")]
    topics: Option<YesNo>,
    /// Whether the bot can be added to groups
    #[arg(long, value_name = "YES/NO")]
    groups: Option<YesNo>,
    /// The Claude CLI, where it is not on the PATH
    #[arg(long, value_name = "PATH")]
    claude: Option<PathBuf>,
    /// Directory of chats that were never used
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Whether to run segue as a service
    #[arg(long, value_name = "YES/NO")]
    service: Option<YesNo>,
    /// Use this Bot API server
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Ask nothing: what no flag says stays as it is
    #[arg(long)]
    yes: bool,
}

/// Whether something is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

impl YesNo {
    fn is_yes(self) -> bool {
        self == Self::Yes
    }
}

pub(super) fn main(sources: &Sources, arguments: &Arguments) -> CommandResult {
    let runtime = program::runtime().map_err(Failure::failed)?;
    let start = runtime.block_on(set_up(sources, arguments))?;
    drop(runtime);
    match start {
        Some(config) => program::main(&config),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Everything. Returns the settings when the person wants the bot to run here and now.
async fn set_up(sources: &Sources, arguments: &Arguments) -> Result<Option<Config>, Failure> {
    let mut reading = Reading::new(sources)?;
    let file = sources.path().ok_or_else(|| Failure::failed("there is no place for settings"))?;
    // A file that cannot be read is said before anything is asked.
    let mut edit = Edit::open(&file).map_err(Failure::failed)?;
    let mut ask = if arguments.yes { Ask::Nobody } else { Ask::at_terminal() };
    if let Some(url) = &arguments.api_url {
        reading.config.api_url = url.trim_end_matches('/').to_owned();
    }

    heading("Bot")?;
    let bot = bot::find(&reading, arguments, &mut ask).await?;
    if let Some(name) = &arguments.name {
        bot.rename(name).await?;
    }
    heading("People")?;
    let people = person::people(&reading.config, arguments, &bot, &mut ask).await?;
    heading("Chats")?;
    bot::chats(&bot, arguments, &mut ask).await?;
    heading("Claude")?;
    let claude = laptop::claude(&reading.config, arguments.claude.as_deref(), &mut ask).await?;
    heading("Project")?;
    let project = laptop::project(&reading.config, arguments.project.as_deref(), &mut ask).await?;

    heading("Settings")?;
    let new: BTreeSet<u64> = people.difference(&reading.config.allowed).copied().collect();
    let welcomed = if new.is_empty() { people.clone() } else { new };
    apply(&mut edit, &Answers { bot: &bot, people, claude, project }, &reading, arguments);
    edit.save().map_err(Failure::failed)?;
    let written = words::path(edit.file(), &reading.config.user_home);
    writeln!(stdout(), "{GOOD}✓{GOOD:#} {written}")?;
    let config = read_back(sources)?;

    heading("Service")?;
    let runs = in_background(sources, &config, arguments, &mut ask).await?;
    heading("Chat")?;
    send_welcome(&bot, &welcomed, &config).await?;
    if runs {
        return Ok(None);
    }
    if let Err(Refused::Taken) = Lock::take(&bot.token, &config.api_url) {
        writeln!(stdout(), "segue runs already: start it again to have it use these settings.")?;
        return Ok(None);
    }
    if ask.is_answered() && ask.yes("Start segue here and now?", DefaultAnswer::Yes).await? {
        return Ok(Some(config));
    }
    writeln!(stdout(), "Start it with {}.", code("segue run"))?;
    Ok(None)
}

/// What the steps brought.
struct Answers<'a> {
    bot: &'a Bot,
    people: BTreeSet<u64>,
    claude: Option<PathBuf>,
    project: Option<PathBuf>,
}

/// Notes the answers in the configuration, with what until now only this shell says.
fn apply(edit: &mut Edit, answers: &Answers<'_>, reading: &Reading, arguments: &Arguments) {
    match &answers.bot.token_source {
        TokenSource::Keep => {}
        TokenSource::Config => {
            edit.set_text("token", answers.bot.token.reveal());
            edit.remove("token_file");
        }
        TokenSource::File(path) => {
            edit.set_text("token_file", &path.to_string_lossy());
            edit.remove("token");
        }
    }
    edit.set_numbers("allowed_users", answers.people.iter().copied());
    if arguments.api_url.is_some() || bot::is_from_environment(reading, "api_url") {
        edit.set_text("api_url", &reading.config.api_url);
    }
    let from_environment =
        bot::is_from_environment(reading, "claude").then(|| reading.config.claude.clone());
    let claude = answers.claude.clone().or(from_environment);
    for (key, path) in [("claude", claude), ("project", answers.project.clone())] {
        match path {
            Some(path) => edit.set_text(key, &path.to_string_lossy()),
            // What cannot be used gives way to what is found without it.
            None if is_refused(reading, key) => edit.remove(key),
            None => {}
        }
    }
}

fn heading(title: &str) -> io::Result<()> {
    writeln!(stdout(), "\n{STRONG}{title}{STRONG:#}")
}

fn is_refused(reading: &Reading, name: &str) -> bool {
    reading.rows.iter().any(|row| row.key.name == name && row.value.is_none())
}

/// The settings as the next start reads them.
fn read_back(sources: &Sources) -> Result<Config, Failure> {
    let reading = Reading::new(sources)?;
    for row in &reading.rows {
        if let Origin::Environment(variable) = row.origin {
            writeln!(
                stdout(),
                "  {FAINT}{variable} of this shell goes over the file while it is set.{FAINT:#}"
            )?;
        }
    }
    let problems: Vec<_> = reading.problems.iter().map(ToString::to_string).collect();
    if problems.is_empty() {
        return Ok(reading.config);
    }
    let so = "All of this run is written, but segue does not start before this is mended.";
    Err(Failure::Misused(format!("{}\n{so}", problems.join("\n"))))
}

/// Offers the service. Whether segue runs now.
async fn in_background(
    sources: &Sources,
    config: &Config,
    arguments: &Arguments,
    ask: &mut Ask,
) -> Result<bool, Failure> {
    let is_there = service::state(&config.user_home).file.is_some();
    let wanted = match arguments.service {
        Some(wanted) => wanted.is_yes(),
        None => match service::available() {
            // One that is there already starts again with the new settings.
            Ok(()) if is_there => true,
            Ok(()) => {
                let question = "Run segue in the background, now and after each login?";
                ask.is_answered() && ask.yes(question, DefaultAnswer::Yes).await?
            }
            Err(why) => {
                writeln!(stdout(), "{FAINT}– {why}{FAINT:#}")?;
                return Ok(false);
            }
        },
    };
    if wanted {
        service::install(sources)?;
        service::say_whether_it_lingers()?;
    } else {
        writeln!(stdout(), "{FAINT}– Not installed.{FAINT:#}")?;
    }
    Ok(wanted)
}

/// The last step: a message in the chat.
async fn send_welcome(
    Bot { client, me, .. }: &Bot,
    people: &BTreeSet<u64>,
    config: &Config,
) -> Result<(), Failure> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let project = config.project.as_ref().map_or_else(
        || "the project used last there".to_owned(),
        |project| words::path(project, &config.user_home),
    );
    let text = format!(
        "segue is set up on {host}. Write here, and Claude answers in {project}. /help says what \
         you can do."
    );
    for person in people {
        let mut out = stdout();
        match bot_api::send(client, *person, &text).await {
            Ok(()) => writeln!(out, "{GOOD}✓{GOOD:#} A message is in the chat of {person}.")?,
            Err(Refusal::BadRequest(_) | Refusal::Blocked(_)) => writeln!(
                out,
                "{BAD}✗{BAD:#} {person} must open https://t.me/{} and press Start before the bot \
                 may write there.",
                me.username
            )?,
            Err(refusal) => writeln!(out, "{BAD}✗{BAD:#} {person}: {refusal}")?,
        }
    }
    Ok(())
}
