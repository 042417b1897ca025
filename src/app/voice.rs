//! What a person says instead of writing: written down by the program of the configuration, shown,
//! and sent when the person agrees.

use std::{path::Path, time::Duration};

use serde_json::Value;
use tokio::{process::Command, sync::Semaphore, time::sleep};

use crate::{
    app::{App, events::AppEvent, program},
    bridge::{
        attachment::Attached,
        book::{Arrival, Entry, HoldReason, Provenance, Stage},
        prompt::{Prompt, PromptId},
    },
    screens::{files, notice},
    telegram::{
        client::Client,
        download::{self, LARGEST},
        outbox::{SendOptions, Sound},
        text::{EntityKind, Text},
        update::{ChatKind, Message},
        wording,
    },
};

/// How long the program may take: an hour of speech on a slow machine is cut off.
const PATIENCE: Duration = Duration::from_secs(600);
/// Most of what it prints, bytes.
const PRINTED: usize = 1 << 20;
/// Each takes a processor and a model's memory: others wait.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

impl App {
    /// Writes a recording down and shows it.
    pub(super) fn spoken(&mut self, message: &Message, raw: Value, provenance: Provenance) {
        let Some(attached) = message.extra.file.clone() else { return };
        self.flush(message.place);
        let source = self.source(message.place, message.id);
        let arrival = Arrival {
            prompt: Prompt::new(source, wording::of(message), 0).with([attached.clone()]),
            from: message.from.id,
            group: message.chat == ChatKind::Group,
            session: None,
            messages: vec![raw],
        };
        let id = arrival.prompt.id;
        let known = provenance == Provenance::MaybeRepeated && self.is_answered(&arrival.prompt);
        if known || self.book.is_done(id) || !self.book.arrive(arrival, provenance) {
            return;
        }
        if self.setup.transcriber.is_none() {
            self.reply(message, files::no_transcriber());
        } else if attached.size.is_some_and(|size| size > LARGEST) {
            self.reply(message, files::too_large_to_fetch(&attached));
        } else {
            let listens = self.book.stand(id, Stage::Listening);
            self.spooled(&listens);
            if let Some(entry) = self.book.known(id) {
                self.listen(&entry);
            }
        }
        self.settle(id, message.place);
    }

    /// Has a recording written down, when it is its turn.
    pub(super) fn listen(&mut self, entry: &Entry) {
        let Prompt { id, source, .. } = entry.prompt;
        let Some((attached, program)) =
            entry.prompt.files().next().cloned().zip(self.setup.transcriber.clone())
        else {
            self.reply_to(source.place, source.message, files::no_transcriber());
            return drop(self.book.begin(id));
        };
        let (outbox, events) = (self.outbox.clone(), self.events.clone());
        let (client, book, shown) = (self.setup.client.clone(), self.book.clone(), entry.progress);
        let how = SendOptions { reply_to: Some(source.message), sound: Sound::Silent };
        self.errands.spawn(async move {
            // An earlier process may have said so already.
            let shown = match shown {
                Some(shown) => Ok(shown),
                None => outbox.send(source.place, notice::plain("Listening…"), how).await,
            };
            let Ok(message) = shown else { return };
            book.shown(id, message);
            let heard = heard(&client, &attached, &program).await;
            let _ = events.send(AppEvent::Transcribed { id, message, heard });
        });
    }

    /// A recording was written down, or not: `message` says so.
    pub(super) fn heard(&mut self, id: PromptId, message: i32, heard: Result<String, String>) {
        let Some(entry) = self.book.known(id).filter(|entry| entry.stage == Stage::Listening)
        else {
            return;
        };
        match heard {
            Ok(words) => {
                let text = format!("{}\n\n{words}", entry.prompt.text).trim().to_owned();
                let prompt = Prompt::new(entry.prompt.source, text, 0);
                let written = self.book.rewrite(prompt, None);
                let asks = written.and_then(|()| self.book.ask(id, HoldReason::Heard(message)));
                self.spooled(&asks);
                if let Some(entry) = self.book.known(id) {
                    self.show_heard(&entry, message);
                }
            }
            Err(why) => {
                let place = entry.prompt.source.place;
                drop(self.outbox.edit(place, message, files::not_heard(&why)));
                let _ = self.book.begin(id);
                self.settle(id, place);
            }
        }
    }

    pub(super) fn show_heard(&self, entry: &Entry, message: i32) {
        let screen = files::heard(&entry.prompt.text);
        drop(self.outbox.edit(entry.prompt.source.place, message, screen));
    }

    /// Sends what was heard; the message of the button shows it.
    pub(super) fn say_heard(&mut self, message: &Message, waiting: Option<Arrival>) {
        let Some(arrival) = waiting else {
            return self.say(message.place, notice::plain("What was heard is gone: say it again."));
        };
        let sent = files::said(&arrival.prompt.text);
        drop(self.outbox.edit(message.place, message.id, sent));
        self.send(arrival);
    }

    /// The prompt that a message of ours shows as heard.
    pub(super) fn heard_in(&self, message: &Message) -> Option<Prompt> {
        let source = self.source(message.place, message.reply.as_deref()?.id);
        let asked = self.book.asking(source).into_iter().next().map(|entry| entry.prompt);
        asked.or_else(|| Some(Prompt::new(source, shown(message)?, 0)))
    }

    /// Forgets what was heard.
    pub(super) fn discard_heard(&mut self, message: &Message) {
        if let Some(voice) = message.reply.as_deref() {
            let source = self.source(message.place, voice.id);
            for entry in self.book.asking(source) {
                self.book.remove(entry.prompt.id);
            }
        }
        drop(self.outbox.edit(message.place, message.id, notice::plain("Discarded.")));
    }
}

/// The words that a message of ours shows as heard, where it shows all of them.
fn shown(message: &Message) -> Option<String> {
    if message.text.contains(files::IN_PART) {
        return None;
    }
    let shown = Text { text: message.text.clone(), entities: message.entities.clone() };
    shown.first(|kind| matches!(kind, EntityKind::Fold | EntityKind::Quote))
}

/// Fetches a recording and has it written down, when it is its turn.
async fn heard(client: &Client, attached: &Attached, program: &str) -> Result<String, String> {
    let _turn = AT_ONCE.acquire().await;
    let bytes = download::download(client, &attached.id, &mut |_| {})
        .await
        .map_err(|refusal| refusal.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("recording");
    tokio::fs::write(&path, bytes).await.map_err(|error| error.to_string())?;
    let output = program::output(transcriber(program, &path), PRINTED, sleep(PATIENCE)).await;
    let output = output.map_err(|error| error.to_string())?;
    let too_long = || format!("the transcriber took more than {} min", PATIENCE.as_secs() / 60);
    let output = output.ok_or_else(too_long)?;
    let words = String::from_utf8_lossy(&output.stdout);
    let words: Vec<_> = words.split_whitespace().collect();
    match (output.status.success(), words.is_empty()) {
        (true, false) => Ok(words.join(" ")),
        (true, true) => Err("the transcriber has heard no words".to_owned()),
        (false, _) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
            Err(format!("the transcriber failed ({}): {}", output.status, last.unwrap_or_default()))
        }
    }
}

/// The program of the configuration, which finds the recording as `$1`.
fn transcriber(program: &str, recording: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", program, "segue"]).arg(recording);
    command.env_remove("TELEGRAM_BOT_TOKEN");
    command
}
