//! The bot's part of the set-up: its token, and what it may do in chats.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use super::{
    Arguments, Whether,
    ask::{Ask, Usual, prompt},
};
use crate::{
    cli::{
        bot_api::{self, SetMySettings, in_words},
        output::{BAD, FAINT, Failure, GOOD, code, stdout},
    },
    config::{Config, Origin, Reading, Token, expand},
    telegram::client::{Client, Me},
};

/// Where the bot's token is to be.
pub(super) enum Choice {
    /// Where it is.
    Keep,
    /// In the configuration file.
    Here(Token),
    /// In a file of its own.
    File(PathBuf),
}

/// Whether a setting stands only in this shell, where a service does not find it.
pub(super) fn is_of_shell(reading: &Reading, name: &str) -> bool {
    let row = reading.rows.iter().find(|row| row.key.name == name);
    row.is_some_and(|row| matches!(row.origin, Origin::Environment(_)))
}

/// The bot: a token that Telegram knows.
pub(super) async fn find(
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
    prompt(&format!("Keep @{}? [Y/n] ", me.username))?;
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

pub(super) fn chosen_token(choice: &Choice, config: &Config) -> Result<Token, Failure> {
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

/// Topics in private chats, and whether the bot can be added to groups.
pub(super) async fn chats(
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
