//! Who may use the bot: the person who writes to it and types at the terminal what it answers.
//!
//! Everybody who writes gets a code of their own in their chat. Only a person who sees that chat
//! can type it here, so a stranger who happens to write first is not let in.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    time::Duration,
};

use anstyle::{AnsiColor, Color, Style};
use qrcode::{QrCode, render::unicode::Dense1x2};
use tokio::time::sleep;
use unicode_width::UnicodeWidthStr;
use uuid::Uuid;

use super::{
    Arguments,
    ask::{Ask, DefaultAnswer, prompt},
    bot::Bot,
};
use crate::{
    cli::{
        bot_api::{self, NAME, in_words, private_message},
        lock::{Lock, Refused},
        output::{BAD, Failure, GOOD, columns, stdout},
    },
    config::Config,
    screens::words,
    telegram::{
        client::{Client, Me},
        refusal::Refusal,
        update::User,
    },
};

/// How long one call waits for a message, seconds.
const POLL_SECONDS: u32 = 20;
/// Between a failure of the network and the next call.
const PAUSE: Duration = Duration::from_secs(3);

/// White on black, for the picture.
const QR_STYLE: Style =
    AnsiColor::BrightWhite.on_default().bg_color(Some(Color::Ansi(AnsiColor::Black)));

/// Somebody who wrote to the bot.
struct Writer {
    id: u64,
    name: String,
    code: String,
}

/// Who may use the bot.
pub(super) async fn people(
    config: &Config,
    arguments: &Arguments,
    bot: &Bot,
    ask: &mut Ask,
) -> Result<BTreeSet<u64>, Failure> {
    let mut people = config.allowed.clone();
    people.extend(&arguments.user);
    for person in &people {
        let name = bot_api::name(&bot.client, *person).await.unwrap_or_default();
        writeln!(stdout(), "{GOOD}✓{GOOD:#} {name} ({person})")?;
    }
    let wanted = arguments.user.is_empty() && ask.is_answered();
    if people.is_empty() && !ask.is_answered() {
        return Err(Failure::misused("Nobody may use the bot yet: give --user ID."));
    }
    if wanted && (people.is_empty() || ask.yes("Add another person?", DefaultAnswer::No).await?) {
        // Two receivers of one bot's messages would take them from each other.
        let _lock = Lock::take(&bot.token, &config.api_url).map_err(|refused| match refused {
            Refused::Taken => Failure::failed(
                "segue runs for this bot: stop it while somebody is added, or name them with \
                 --user ID.",
            ),
            refused @ Refused::Unusable { .. } => Failure::failed(refused),
        })?;
        people.insert(wait_for_person(bot, &people, ask).await?);
    }
    Ok(people)
}

/// Waits for a person to write to the bot and to confirm it here. `known` may use the bot already.
async fn wait_for_person(bot: &Bot, known: &BTreeSet<u64>, ask: &mut Ask) -> Result<u64, Failure> {
    invite(&bot.me)?;
    let mut writers = Writers::default();
    let mut offset = None;
    loop {
        let poll = bot_api::updates(&bot.client, offset, POLL_SECONDS);
        tokio::pin!(poll);
        let batch = loop {
            tokio::select! {
                batch = &mut poll => break batch,
                typed = ask.next() => {
                    if let Some(person) = writers.with_code(&typed?)? {
                        confirm(&bot.client, offset).await;
                        return Ok(person);
                    }
                }
            }
        };
        match batch {
            Ok(batch) => {
                offset = batch.last().map(bot_api::number).map_or(offset, |last| Some(last + 1));
                for message in batch.iter().filter_map(|it| private_message(it, bot.me.id)) {
                    if known.contains(&message.from.id) {
                        return Err(waits_for_the_bot(message.from.id));
                    }
                    writers.wrote(&bot.client, &message.from).await?;
                }
            }
            Err(refusal @ (Refusal::Conflict(_) | Refusal::Unauthorized)) => {
                return Err(Failure::Failed(in_words(&refusal)));
            }
            Err(refusal) => {
                writeln!(stdout(), "{BAD}✗{BAD:#} {}; trying again.", in_words(&refusal))?;
                sleep(PAUSE).await;
            }
        }
    }
}

/// Shows the way to the chat.
fn invite(me: &Me) -> io::Result<()> {
    let link = format!("https://t.me/{}?start=setup", me.username);
    let mut out = stdout();
    if let Some(picture) = qr_code(&link) {
        write!(out, "{picture}")?;
    }
    writeln!(out, "Open {link} on the phone and press Start. Waiting for your message …")
}

/// Those who wrote to the bot.
#[derive(Default)]
struct Writers(Vec<Writer>);

impl Writers {
    /// Sends somebody who wrote a code of their own, the first time.
    async fn wrote(&mut self, client: &Client, user: &User) -> Result<(), Failure> {
        if self.0.iter().any(|writer| writer.id == user.id) {
            return Ok(());
        }
        let name = words::line(&user.name, NAME);
        let code = loop {
            let code = format!("{:04}", Uuid::new_v4().as_u128() % 10_000);
            if self.0.iter().all(|writer| writer.code != code) {
                break code;
            }
        };
        let text = format!("Type this code at the terminal where segue is set up: {code}");
        let id = user.id;
        if let Err(refusal) = bot_api::send(client, id, &text).await {
            writeln!(stdout(), "\n{name} ({id}) wrote. The bot cannot answer: {refusal}")?;
            return Ok(());
        }
        writeln!(stdout(), "\n{name} ({id}) wrote. The bot has answered there with a code.")?;
        prompt("Code: ")?;
        self.0.push(Writer { id, name, code });
        Ok(())
    }

    /// Whose code was typed; says so.
    fn with_code(&self, typed: &str) -> Result<Option<u64>, Failure> {
        if let Some(Writer { id, name, .. }) = self.0.iter().find(|writer| writer.code == typed) {
            writeln!(stdout(), "{GOOD}✓{GOOD:#} {name} ({id})")?;
            return Ok(Some(*id));
        }
        if !typed.is_empty() {
            writeln!(stdout(), "{BAD}✗{BAD:#} The bot has sent no such code.")?;
        }
        if !self.0.is_empty() {
            prompt("Code: ")?;
        }
        Ok(None)
    }
}

/// Confirms what was received, so that the bot does not take it for prompts. If that fails, it
/// comes again: no harm but an answer too many.
async fn confirm(client: &Client, offset: Option<i64>) {
    if offset.is_some() {
        let _ = bot_api::updates(client, offset, 0).await;
    }
}

fn waits_for_the_bot(id: u64) -> Failure {
    Failure::Failed(format!(
        "A message of {id}, who may use the bot already, waits for it. Let `segue run` answer it \
         first, or name the new person with --user ID."
    ))
}

/// The link as a picture for the phone's camera, when the terminal is wide enough: dark on light,
/// with a margin, whatever the colours of the terminal are.
fn qr_code(link: &str) -> Option<String> {
    let code = QrCode::new(link).ok()?;
    let mut drawn = code.render::<Dense1x2>();
    // What is drawn is light: white blocks on the terminal's black.
    drawn.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
    let picture = drawn.quiet_zone(true).build();
    let width = picture.lines().map(UnicodeWidthStr::width).max()?;
    let lines = picture.lines().map(|line| format!("{QR_STYLE}{line}{QR_STYLE:#}\n"));
    columns().is_some_and(|columns| columns >= width).then(|| lines.collect())
}
