//! `segue setup`: from nothing to a bot that answers, step by step.
//!
//! Each step can be answered by a flag, and keeps what an earlier run has set. The configuration
//! file is written once, as a whole, after all that can fail has not; what is refused before that
//! leaves everything as it was.

mod ask;
mod laptop;
mod person;

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;

use crate::{
    cli::{
        bot,
        bot_api::{self, SetMySettings, in_words},
        lock::{Lock, Refused},
        output::{BAD, Ended, FAINT, Failure, GOOD, STRONG, code, stdout},
        service,
    },
    config::{Config, Edit, Origin, Reading, Sources, Token, expand},
    screens::words,
    telegram::{
        client::{Client, Me},
        refusal::Refusal,
    },
};

use ask::{Ask, Usual};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Take the bot's token from FILE, which stays where it is; `-` reads it from standard input
    /// and keeps it in the configuration
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Let this person use the bot, by Telegram id (repeatable)
    #[arg(long, value_name = "ID")]
    user: Vec<u64>,
    /// Topics in private chats, one for each session
    #[arg(long, value_name = "WHETHER")]
    topics: Option<Whether>,
    /// Whether the bot can be added to groups
    #[arg(long, value_name = "WHETHER")]
    groups: Option<Whether>,
    /// The Claude CLI, where it is not on the PATH
    #[arg(long, value_name = "PATH")]
    claude: Option<PathBuf>,
    /// Directory of chats that were never used
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Whether to run segue as a service
    #[arg(long, value_name = "WHETHER")]
    service: Option<Whether>,
    /// Use this Bot API server
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// Ask nothing: what no flag says stays as it is
    #[arg(long)]
    yes: bool,
}

/// Whether something is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Whether {
    Yes,
    No,
}

impl Whether {
    fn is_yes(self) -> bool {
        self == Self::Yes
    }
}

/// Where the bot's token is to be.
enum Choice {
    /// Where it is.
    Keep,
    /// In the configuration file.
    Here(Token),
    /// In a file of its own.
    File(PathBuf),
}

pub(super) fn main(sources: &Sources, arguments: &Arguments) -> Ended {
    let runtime = bot::runtime().map_err(Failure::failed)?;
    let start = runtime.block_on(set_up(sources, arguments))?;
    drop(runtime);
    match start {
        Some(config) => bot::main(&config),
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
    let (choice, client, me) = bot(&reading, arguments, &mut ask).await?;
    heading("People")?;
    let token = chosen_token(&choice, &reading.config)?;
    let people = people(&reading.config, arguments, (&client, &me, &token), &mut ask).await?;
    heading("Chats")?;
    chats(&client, &me, arguments, &mut ask).await?;
    heading("Claude")?;
    let claude = laptop::claude(&reading.config, arguments.claude.as_deref(), &mut ask).await?;
    heading("Project")?;
    let project = laptop::project(&reading.config, arguments.project.as_deref(), &mut ask).await?;

    heading("Settings")?;
    match &choice {
        Choice::Keep => {}
        Choice::Here(token) => {
            edit.set_text("token", token.reveal());
            edit.remove("token_file");
        }
        Choice::File(path) => {
            edit.set_text("token_file", &path.to_string_lossy());
            edit.remove("token");
        }
    }
    edit.set_numbers("allowed_users", people.iter().copied());
    if arguments.api_url.is_some() || is_of_shell(&reading, "api_url") {
        edit.set_text("api_url", &reading.config.api_url);
    }
    let claude =
        claude.or_else(|| is_of_shell(&reading, "claude").then(|| reading.config.claude.clone()));
    for (key, path) in [("claude", claude), ("project", project)] {
        if let Some(path) = path {
            edit.set_text(key, &path.to_string_lossy());
        }
    }
    edit.save().map_err(Failure::failed)?;
    let written = words::path(edit.file(), &reading.config.user_home);
    writeln!(stdout(), "{GOOD}✓{GOOD:#} {written}")?;
    let config = written_settings(sources)?;

    heading("Service")?;
    let runs = in_background(sources, &config, arguments, &mut ask).await?;
    let new: BTreeSet<u64> = people.difference(&reading.config.allowed).copied().collect();
    greet(&client, &me, if new.is_empty() { &people } else { &new }, &config).await?;
    if !runs && ask.is_answered() && ask.yes("Start segue here and now?", Usual::Yes).await? {
        return Ok(Some(config));
    }
    if !runs {
        writeln!(stdout(), "Start it with {}.", code("segue run"))?;
    }
    Ok(None)
}

fn heading(title: &str) -> io::Result<()> {
    writeln!(stdout(), "\n{STRONG}{title}{STRONG:#}")
}

/// Whether a setting stands only in this shell, where a service does not find it.
fn is_of_shell(reading: &Reading, name: &str) -> bool {
    let row = reading.rows.iter().find(|row| row.key.name == name);
    row.is_some_and(|row| matches!(row.origin, Origin::Environment(_)))
}

/// The bot: a token that Telegram knows.
async fn bot(
    reading: &Reading,
    arguments: &Arguments,
    ask: &mut Ask,
) -> Result<(Choice, Client, Me), Failure> {
    let config = &reading.config;
    let given = given_token(reading, arguments)?;
    if let Some((choice, token)) = given {
        let (client, me) = known(&token, config).await.map_err(Failure::Failed)?;
        writeln!(stdout(), "{GOOD}✓{GOOD:#} @{}", me.username)?;
        let keep = !matches!(choice, Choice::Keep) || !ask.is_answered();
        if keep || keeps(&me)? {
            return Ok((choice, client, me));
        }
    } else if !ask.is_answered() {
        return Err(Failure::misused(
            "No bot token: give --token-file FILE (`-` for standard input), or set \
             TELEGRAM_BOT_TOKEN.",
        ));
    }
    writeln!(
        stdout(),
        "Open https://t.me/BotFather, send {}, and paste here the token that it gives you.\n\
         {FAINT}It is not shown.{FAINT:#}",
        code("/newbot")
    )?;
    loop {
        let token = Token::from(Ask::hidden("Token: ")?);
        match known(&token, config).await {
            Ok((client, me)) => {
                writeln!(stdout(), "{GOOD}✓{GOOD:#} @{}", me.username)?;
                return Ok((Choice::Here(token), client, me));
            }
            Err(why) => writeln!(stdout(), "{BAD}✗{BAD:#} {why}")?,
        }
    }
}

/// Whether a bot that was set up before is to stay.
fn keeps(me: &Me) -> Result<bool, Failure> {
    // Read here and not by `Ask`, whose reader would take the token that may follow.
    let mut line = String::new();
    ask::prompt(&format!("Keep @{}? [Y/n] ", me.username))?;
    io::stdin().read_line(&mut line)?;
    Ok(!matches!(line.trim().to_lowercase().as_str(), "n" | "no"))
}

/// The token that a flag, the environment or an earlier run gives.
fn given_token(
    reading: &Reading,
    arguments: &Arguments,
) -> Result<Option<(Choice, Token)>, Failure> {
    let config = &reading.config;
    let Some(file) = &arguments.token_file else {
        let Some(token) = config.token.clone() else { return Ok(None) };
        let here = is_of_shell(reading, "token");
        let choice = if here { Choice::Here(token.clone()) } else { Choice::Keep };
        return Ok(Some((choice, token)));
    };
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().read_to_string(&mut text)?;
        let token = Token::from(text.trim().to_owned());
        return Ok(Some((Choice::Here(token.clone()), token)));
    }
    let file = expand(&file.to_string_lossy(), &config.user_home);
    let file = std::path::absolute(file).map_err(Failure::misused)?;
    let unread = |error| Failure::Misused(format!("--token-file {}: {error}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(unread)?;
    Ok(Some((Choice::File(file), Token::from(text.trim().to_owned()))))
}

fn chosen_token(choice: &Choice, config: &Config) -> Result<Token, Failure> {
    match choice {
        Choice::Here(token) => Ok(token.clone()),
        Choice::File(file) => {
            let text = std::fs::read_to_string(file).map_err(Failure::failed)?;
            Ok(Token::from(text.trim().to_owned()))
        }
        Choice::Keep => config.token.clone().ok_or_else(|| Failure::failed("no token")),
    }
}

/// Whom a token belongs to.
async fn known(token: &Token, config: &Config) -> Result<(Client, Me), String> {
    let client = Client::connect(token.reveal(), &config.api_url);
    let client = client.map_err(|error| error.to_string())?;
    let me = client.get_me().await.map_err(|refusal| in_words(&refusal))?;
    Ok((client, me))
}

/// Who may use the bot.
async fn people(
    config: &Config,
    arguments: &Arguments,
    (client, me, token): (&Client, &Me, &Token),
    ask: &mut Ask,
) -> Result<BTreeSet<u64>, Failure> {
    let mut people = config.allowed.clone();
    people.extend(&arguments.user);
    for person in &people {
        let name = bot_api::name(client, *person).await.unwrap_or_default();
        writeln!(stdout(), "{GOOD}✓{GOOD:#} {name} ({person})")?;
    }
    let wanted = arguments.user.is_empty() && ask.is_answered();
    if people.is_empty() && !ask.is_answered() {
        return Err(Failure::misused("Nobody may use the bot yet: give --user ID."));
    }
    if wanted && (people.is_empty() || ask.yes("Add another person?", Usual::No).await?) {
        // Two receivers of one bot's messages would take them from each other.
        let _lock = Lock::take(token, &config.api_url).map_err(|refused| match refused {
            Refused::Taken => Failure::failed(
                "segue runs for this bot: stop it while somebody is added, or name them with \
                 --user ID.",
            ),
            refused @ Refused::Unusable { .. } => Failure::failed(refused),
        })?;
        people.insert(person::meet(client, me, &people, ask).await?);
    }
    Ok(people)
}

/// Topics in private chats, and whether the bot can be added to groups.
async fn chats(
    client: &Client,
    me: &Me,
    arguments: &Arguments,
    ask: &mut Ask,
) -> Result<(), Failure> {
    let Ok(now) = bot_api::abilities(client).await else { return Ok(()) };
    let mut topics = arguments.topics.map(Whether::is_yes);
    let mut groups = arguments.groups.map(Whether::is_yes);
    if topics.is_none() && !now.has_topics_enabled && ask.is_answered() {
        let question = "Have topics in the chat, so that each can be on a session of its own?";
        topics = ask.yes(question, Usual::Yes).await?.then_some(true);
    }
    if groups.is_none() && now.can_join_groups && ask.is_answered() {
        let question = "Keep others from adding the bot to groups?";
        groups = ask.yes(question, Usual::Yes).await?.then_some(false);
    }
    let topics = topics.filter(|wanted| *wanted != now.has_topics_enabled);
    let groups = groups.filter(|wanted| *wanted != now.can_join_groups);
    let settings = SetMySettings {
        has_topics_enabled: topics,
        allows_users_to_create_topics: topics,
        can_join_groups: groups,
    };
    let nothing = settings == SetMySettings::default();
    let done = if nothing { Ok(()) } else { client.call(settings).await.map(drop) };
    let mut out = stdout();
    let is =
        |wanted: Option<bool>, now: bool| if done.is_ok() { wanted.unwrap_or(now) } else { now };
    let topics_are = if is(topics, now.has_topics_enabled) { "on" } else { "off" };
    let groups_are = if is(groups, now.can_join_groups) { "can" } else { "cannot" };
    writeln!(
        out,
        "{GOOD}✓{GOOD:#} Topics are {topics_are}; the bot {groups_are} be added to groups."
    )?;
    if done.is_err() {
        writeln!(out, "{BAD}✗{BAD:#} Telegram takes no change from here. In @BotFather:")?;
        if topics.is_some() {
            let bot = &me.username;
            writeln!(out, "  topics: Open App, @{bot}, Settings, Bot Settings, Threaded Mode")?;
        }
        if groups.is_some() {
            writeln!(out, "  groups: {}", code("/setjoingroups"))?;
        }
    }
    Ok(())
}

/// The settings as the next start reads them.
fn written_settings(sources: &Sources) -> Result<Config, Failure> {
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
                ask.is_answered() && ask.yes(question, Usual::Yes).await?
            }
            Err(why) => {
                writeln!(stdout(), "{FAINT}– {why}{FAINT:#}")?;
                return Ok(false);
            }
        },
    };
    if wanted {
        service::put_up(sources)?;
        service::say_whether_it_lingers()?;
    } else {
        writeln!(stdout(), "{FAINT}– Not installed.{FAINT:#}")?;
    }
    Ok(wanted)
}

/// The last step: a message in the chat.
async fn greet(
    client: &Client,
    me: &Me,
    people: &BTreeSet<u64>,
    config: &Config,
) -> Result<(), Failure> {
    heading("Chat")?;
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
