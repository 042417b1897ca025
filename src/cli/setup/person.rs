//! Who may use the bot: the person who writes to it and types at the terminal what it answers.
//!
//! Everybody who writes gets a code of their own in their chat. Only a person who sees that chat
//! can type it here, so a stranger who happens to write first is not let in.

use std::{collections::BTreeSet, io::Write, time::Duration};

use anstyle::{AnsiColor, Color, Style};
use qrcode::{QrCode, render::unicode::Dense1x2};
use tokio::time::sleep;
use unicode_width::UnicodeWidthStr;
use uuid::Uuid;

use super::{
    Arguments,
    ask::{Ask, Usual, prompt},
};
use crate::{
    cli::{
        bot_api::{self, NAME, in_words},
        lock::{Lock, Refused},
        output::{BAD, Failure, GOOD, columns, stdout},
    },
    config::{Config, Token},
    screens::words,
    telegram::{
        client::{Client, Me},
        refusal::Refusal,
    },
};

/// How long one call waits for a message, seconds.
const POLL_SECONDS: u32 = 20;
/// Between a failure of the network and the next call.
const PAUSE: Duration = Duration::from_secs(3);

/// White on black, for the picture.
const PAPER: Style =
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
        people.insert(meet(client, me, &people, ask).await?);
    }
    Ok(people)
}

/// Waits for a person to write to the bot and to confirm it here. `known` may use the bot already.
async fn meet(
    client: &Client,
    me: &Me,
    known: &BTreeSet<u64>,
    ask: &mut Ask,
) -> Result<u64, Failure> {
    let link = format!("https://t.me/{}?start=setup", me.username);
    let mut out = stdout();
    if let Some(picture) = picture(&link) {
        write!(out, "{picture}")?;
    }
    writeln!(out, "Open {link} on the phone and press Start. Waiting for your message …")?;
    drop(out);
    let mut offset = None;
    let mut writers: Vec<Writer> = Vec::new();
    loop {
        let poll = bot_api::updates(client, offset, POLL_SECONDS);
        tokio::pin!(poll);
        let batch = loop {
            tokio::select! {
                batch = &mut poll => break batch,
                typed = ask.next() => {
                    let typed = typed?;
                    if let Some(writer) = writers.iter().find(|writer| writer.code == typed) {
                        confirm(client, offset).await;
                        let Writer { id, name, .. } = writer;
                        writeln!(stdout(), "{GOOD}✓{GOOD:#} {name} ({id})")?;
                        return Ok(*id);
                    }
                    if !typed.is_empty() {
                        writeln!(stdout(), "{BAD}✗{BAD:#} The bot has sent no such code.")?;
                    }
                    if !writers.is_empty() {
                        prompt("Code: ")?;
                    }
                }
            }
        };
        match batch {
            Ok(batch) => {
                offset = batch.last().map(bot_api::number).map_or(offset, |last| Some(last + 1));
                for message in batch.iter().filter_map(|it| bot_api::private_message(it, me.id)) {
                    let id = message.from.id;
                    if known.contains(&id) {
                        return Err(waits_for_the_bot(id));
                    }
                    if writers.iter().all(|writer| writer.id != id) {
                        let name = words::line(&message.from.name, NAME);
                        writers.push(greet(client, &writers, (id, name)).await?);
                    }
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

/// Sends somebody a code of their own.
async fn greet(
    client: &Client,
    writers: &[Writer],
    (id, name): (u64, String),
) -> Result<Writer, Failure> {
    let code = loop {
        let code = format!("{:04}", Uuid::new_v4().as_u128() % 10_000);
        if writers.iter().all(|writer| writer.code != code) {
            break code;
        }
    };
    let text = format!("Type this code at the terminal where segue is set up: {code}");
    match bot_api::send(client, id, &text).await {
        Ok(()) => {
            writeln!(stdout(), "\n{name} ({id}) wrote. The bot has answered there with a code.")?;
            prompt("Code: ")?;
        }
        Err(refusal) => writeln!(stdout(), "\n{name} wrote; the bot cannot answer: {refusal}")?,
    }
    Ok(Writer { id, name, code })
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
fn picture(link: &str) -> Option<String> {
    let code = QrCode::new(link).ok()?;
    let mut drawn = code.render::<Dense1x2>();
    // What is drawn is light: white blocks on the terminal's black.
    drawn.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark);
    let picture = drawn.quiet_zone(true).build();
    let width = picture.lines().map(UnicodeWidthStr::width).max()?;
    let lines = picture.lines().map(|line| format!("{PAPER}{line}{PAPER:#}\n"));
    columns().is_some_and(|columns| columns >= width).then(|| lines.collect())
}
