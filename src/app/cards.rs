//! The questions of a turn as messages: put into the chat when they come, redrawn while the person
//! is at them, closed with one line when they are decided.

use std::path::Path;

use tokio::io::AsyncReadExt;

use crate::{
    app::{painter::Painter, upload::deliver},
    bridge::{
        book::Question,
        question::{About, Open},
        turn::{Outcome, Turn},
    },
    claude::home::Home,
    screens::question::{self, Asker, Closed},
    telegram::outbox::{SendOptions, Sound},
};

/// Bytes of a plan that are shown; Telegram would take minutes for more.
const PLAN: u64 = 64 * 1024;

impl Painter {
    /// Puts new questions into the chat, and brings those that are there up to date.
    pub(super) async fn ask(&mut self, turn: &Turn) {
        self.close(turn);
        for open in &turn.asks {
            let same = |known: &&mut (Open, i32)| known.0.ask.request == open.ask.request;
            match self.questions.iter_mut().find(same) {
                Some((drawn, id)) => {
                    if drawn.hands != open.hands || drawn.about != open.about {
                        // What was read of the plan stays.
                        let about = std::mem::replace(&mut drawn.about, open.about.clone());
                        if matches!(about, About::Plan(_)) {
                            drawn.about = about;
                        }
                        drawn.hands = open.hands;
                        let screen = question::open(&self.canvas.scene, &asker(turn), drawn);
                        drop(self.canvas.outbox.edit(self.canvas.place, *id, screen));
                    }
                }
                None => self.put(turn, open.clone()).await,
            }
        }
    }

    async fn put(&mut self, turn: &Turn, mut open: Open) {
        let outbox = &self.canvas.outbox;
        if let About::Plan(plan) = &mut open.about
            && !open.ask.input["plan"].is_string()
            && let Some(file) = &turn.work.plan_file
            && let Some(written) = read_plan(&self.canvas.home, file).await
        {
            *plan = written;
        }
        let mut how = SendOptions { reply_to: self.reply_to(), sound: Sound::Silent };
        for screen in question::before(&open) {
            drop(outbox.send(self.canvas.place, screen, how));
        }
        how.sound = Sound::Aloud;
        let screen = question::open(&self.canvas.scene, &asker(turn), &open);
        if let Ok(id) = outbox.send(self.canvas.place, screen, how).await {
            let asked = Question { message: id, about: question::subject(&open).text };
            self.note(|book, prompt| book.asked(prompt, asked));
            if let Some(file) = question::input::file_of(&open) {
                let how = SendOptions { reply_to: Some(id), sound: Sound::Silent };
                tokio::spawn(deliver(outbox.clone(), self.canvas.place, (file, how)));
            }
            self.questions.push((open, id));
        }
    }

    /// Closes the questions that do not wait any more.
    fn close(&mut self, turn: &Turn) {
        let Self { canvas, questions, .. } = self;
        let mut closed = Vec::new();
        questions.retain(|(open, id)| {
            let request = &open.ask.request;
            if turn.asks.iter().any(|open| open.ask.request == *request) {
                return true;
            }
            let decided = turn.decided.iter().find(|(decided, _)| decided == request);
            let how = match (decided, turn.outcome()) {
                (Some((_, decision)), _) => Closed::Decided(decision),
                (None, Some(Outcome::Shutdown)) => Closed::Lost(turn.session),
                (None, _) => Closed::Withdrawn,
            };
            let screen = question::closed(&canvas.scene, open, how);
            drop(canvas.outbox.edit(canvas.place, *id, screen));
            closed.push(*id);
            false
        });
        for id in closed {
            self.note(|book, prompt| book.closed(prompt, id));
        }
    }
}

fn asker(turn: &Turn) -> Asker {
    Asker { session: turn.session, directory: turn.directory.clone() }
}

/// The plan that Claude has written into a file of Claude's own directory.
async fn read_plan(home: &Home, file: &Path) -> Option<String> {
    let file = file.canonicalize().ok()?;
    if !file.starts_with(home.plans().canonicalize().ok()?) {
        return None;
    }
    let mut bytes = Vec::new();
    let opened = tokio::fs::File::open(file).await.ok()?;
    opened.take(PLAN).read_to_end(&mut bytes).await.ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (!text.trim().is_empty()).then_some(text)
}
