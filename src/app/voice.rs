//! What a person says instead of writing: written down by the program of the configuration, shown,
//! and sent when the person agrees.

use std::{path::Path, time::Duration};

use tokio::{process::Command, sync::Semaphore, time::sleep};

use crate::{
    app::{App, note::Note, program, prompts::Sending},
    bridge::{
        attachment::Attached,
        prompt::{Prompt, Source},
    },
    screens::{files, notice},
    telegram::{
        client::Client,
        download::{self, LARGEST},
        outbox::{SendError, SendOptions, Sound},
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
    /// Writes a recording down and shows it. Until then the spool has it.
    pub(super) fn spoken(&mut self, message: &Message) {
        let Some(attached) = message.extra.file.clone() else { return };
        let Some(program) = self.setup.transcriber.clone() else {
            return self.reply(message, files::no_transcriber());
        };
        if attached.size.is_some_and(|size| size > LARGEST) {
            return self.reply(message, files::too_large_to_fetch(&attached));
        }
        let (outbox, notes) = (self.outbox.clone(), self.notes.clone());
        let (client, place) = (self.setup.client.clone(), message.place);
        let source = self.source(place, message.id);
        let prompt = Prompt::new(source, "", 0);
        let (id, spool) = (prompt.id, self.spool.clone());
        let shown = spool.read(id, |kept| kept.progress).flatten();
        self.intake.keep(&prompt);
        // Whoever presses the button of what was heard has the spool hold it anew.
        let number = spool.number(id).unwrap_or_default();
        let caption = wording::of(message);
        let how = SendOptions { reply_to: Some(message.id), sound: Sound::Silent };
        self.errands.spawn(async move {
            let listening = notice::plain("Listening…");
            // An earlier process may have said so already.
            let listening = match shown {
                Some(shown) => outbox.edit(place, shown, listening),
                None => outbox.send(place, listening, how),
            };
            let Ok(shown) = listening.await else { return spool.remove_if(id, number) };
            if let Err(error) = spool.shown(id, shown) {
                tracing::warn!(%error, "the spool takes no note");
            }
            let screen = match heard(&client, &attached, &program).await {
                Ok(words) => {
                    let text = format!("{caption}\n\n{words}").trim().to_owned();
                    let _ = notes.send(Note::Heard { source, text: text.clone() });
                    files::heard(&text)
                }
                Err(why) => files::not_heard(&why),
            };
            if outbox.edit(place, shown, screen).await != Err(SendError::Ended) {
                spool.remove_if(id, number);
            }
        });
    }

    /// What was heard is remembered for the button that sends it.
    pub(super) fn heard(&mut self, source: Source, text: String) {
        self.intake.rephrase(source, text);
    }

    /// Sends what was heard; the message of the button shows it.
    pub(super) fn say_heard(&mut self, message: &Message) {
        let Some(prompt) = self.heard_in(message) else {
            return self.say(message.place, notice::plain("What was heard is gone: say it again."));
        };
        let sent = files::said(&prompt.text);
        drop(self.outbox.edit(message.place, message.id, sent));
        let group = message.chat == ChatKind::Group;
        self.intake.forget(prompt.source);
        self.intake.keep(&prompt);
        self.send(Sending { prompt, session: None, group });
    }

    /// The prompt that a message of ours shows as heard.
    pub(super) fn heard_in(&self, message: &Message) -> Option<Prompt> {
        let source = self.source(message.place, message.reply.as_deref()?.id);
        self.intake.remembered(source).or_else(|| Some(Prompt::new(source, shown(message)?, 0)))
    }

    /// Forgets what was heard.
    pub(super) fn discard_heard(&mut self, message: &Message) {
        if let Some(voice) = message.reply.as_deref() {
            let source = self.source(message.place, voice.id);
            self.intake.forget(source);
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
