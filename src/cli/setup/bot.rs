//! The bot's part of the set-up: its token, and what it may do in chats.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use super::{
    Arguments, YesNo,
    ask::{Ask, DefaultAnswer, prompt},
};
use crate::{
    cli::{
        bot_api::in_words,
        output::{BAD, FAINT, Failure, GOOD, code, stdout},
    },
    config::{Config, Origin, Reading, Token, expand},
    telegram::{
        account::{Profile, SetMySettings, Support, set_profile, set_settings},
        client::{Client, Me},
    },
};

/// Where the bot's token is to be.
pub(super) enum TokenSource {
    /// Where it is.
    Keep,
    /// In the configuration file.
    Config,
    /// In a file of its own.
    File(PathBuf),
}

/// The bot that is set up.
pub(super) struct Bot {
    pub(super) token_source: TokenSource,
    pub(super) token: Token,
    pub(super) client: Client,
    pub(super) me: Me,
}

/// Whether a setting stands only in this shell, where a service does not find it.
pub(super) fn is_from_environment(reading: &Reading, name: &str) -> bool {
    let row = reading.rows.iter().find(|row| row.key.name == name);
    row.is_some_and(|row| matches!(row.origin, Origin::Environment(_)))
}

/// The bot: a token that Telegram knows.
pub(super) async fn find(
    reading: &Reading,
    arguments: &Arguments,
    ask: &mut Ask,
) -> Result<Bot, Failure> {
    let config = &reading.config;
    if let Some((token_source, token)) = given_token(reading, arguments)? {
        match Bot::of(token_source, token, config).await {
            Ok(bot) => {
                let asks = ask.is_answered() && matches!(bot.token_source, TokenSource::Keep);
                if !asks || keeps(&bot.me)? {
                    return Ok(bot);
                }
            }
            Err(why) if ask.is_answered() => writeln!(stdout(), "{BAD}✗{BAD:#} {why}")?,
            Err(why) => return Err(Failure::Failed(why)),
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
        match Bot::of(TokenSource::Config, token, config).await {
            Ok(bot) => return Ok(bot),
            Err(why) => writeln!(stdout(), "{BAD}✗{BAD:#} {why}")?,
        }
    }
}

impl Bot {
    /// The bot whose token this is. The error is why there is none, in words.
    async fn of(token_source: TokenSource, token: Token, config: &Config) -> Result<Self, String> {
        let client = Client::connect(token.reveal(), &config.api_url);
        let client = client.map_err(|error| error.to_string())?;
        let me = client.get_me().await.map_err(|refusal| in_words(&refusal))?;
        // Nobody but the reader of this line would miss it.
        let _ = writeln!(stdout(), "{GOOD}✓{GOOD:#} @{}", me.username);
        Ok(Self { token_source, token, client, me })
    }

    /// Gives the bot a name, which stands above its chats. Telegram allows few changes a day.
    pub(super) async fn rename(&self, name: &str) -> Result<(), Failure> {
        let profile = Profile { name: Some(name.to_owned()), ..Profile::default() };
        match set_profile(&self.client, profile).await {
            Ok(()) => writeln!(stdout(), "{GOOD}✓{GOOD:#} Its name is {name}.")?,
            Err(refusal) => writeln!(stdout(), "{BAD}✗{BAD:#} Its name stays: {refusal}")?,
        }
        Ok(())
    }
}

/// Whether a bot that was set up before is to stay.
fn keeps(me: &Me) -> Result<bool, Failure> {
    // Read here and not by `Ask`, whose reader would take the token that may follow.
    let mut line = String::new();
    prompt(&format!("Keep @{}? [Y/n] ", me.username))?;
    io::stdin().read_line(&mut line)?;
    Ok(!matches!(line.trim().to_lowercase().as_str(), "n" | "no"))
}

/// The token that a flag, the environment or an earlier run gives.
fn given_token(
    reading: &Reading,
    arguments: &Arguments,
) -> Result<Option<(TokenSource, Token)>, Failure> {
    let config = &reading.config;
    let Some(file) = &arguments.token_file else {
        let Some(token) = config.token.clone() else { return Ok(None) };
        let here = is_from_environment(reading, "token");
        let token_source = if here { TokenSource::Config } else { TokenSource::Keep };
        return Ok(Some((token_source, token)));
    };
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().read_to_string(&mut text)?;
        return Ok(Some((TokenSource::Config, Token::from(text.trim().to_owned()))));
    }
    let file = expand(&file.to_string_lossy(), &config.user_home);
    let file = std::path::absolute(file).map_err(Failure::misused)?;
    let unread = |error| Failure::Misused(format!("--token-file {}: {error}", file.display()));
    let text = std::fs::read_to_string(&file).map_err(unread)?;
    Ok(Some((TokenSource::File(file), Token::from(text.trim().to_owned()))))
}

/// Topics in private chats, and whether the bot can be added to groups.
pub(super) async fn chats(
    Bot { client, me, .. }: &Bot,
    arguments: &Arguments,
    ask: &mut Ask,
) -> Result<(), Failure> {
    let now = &me.abilities;
    let mut topics = arguments.topics.map(YesNo::is_yes);
    let mut groups = arguments.groups.map(YesNo::is_yes);
    if topics.is_none() && !now.has_topics_enabled && ask.is_answered() {
        let question = "Have topics in the chat, so that each can be on a session of its own?";
        topics = ask.yes(question, DefaultAnswer::Yes).await?.then_some(true);
    }
    if groups.is_none() && now.can_join_groups && ask.is_answered() {
        let question = "Keep others from adding the bot to groups?";
        groups = ask.yes(question, DefaultAnswer::Yes).await?.then_some(false);
    }
    let topics = topics.filter(|wanted| *wanted != now.has_topics_enabled);
    let groups = groups.filter(|wanted| *wanted != now.can_join_groups);
    let settings = SetMySettings {
        has_topics_enabled: topics,
        allows_users_to_create_topics: topics,
        can_join_groups: groups,
    };
    let nothing = settings == SetMySettings::default();
    let done = nothing || matches!(set_settings(client, settings).await, Ok(Support::Done));
    let mut out = stdout();
    let is = |wanted: Option<bool>, now: bool| if done { wanted.unwrap_or(now) } else { now };
    let topics_are = if is(topics, now.has_topics_enabled) { "on" } else { "off" };
    let groups_are = if is(groups, now.can_join_groups) { "can" } else { "cannot" };
    writeln!(
        out,
        "{GOOD}✓{GOOD:#} Topics are {topics_are}; the bot {groups_are} be added to groups."
    )?;
    if !done {
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
