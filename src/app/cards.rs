//! The questions of a turn as messages: put into the chat when they come, redrawn while the person
//! is at them, deleted when they are decided, which the card says then.

use std::{path::Path, time::Duration};

use tokio::{io::AsyncReadExt, time::timeout};

use crate::{
    app::painter::{Canvas, Painter},
    bridge::{
        book,
        place::Place,
        question::{About, Hands, Open},
        turn::{Decided, Outcome, Turn},
    },
    claude::home::Home,
    screens::{
        files,
        question::{self, Asker},
        turn::stop_key,
    },
    telegram::outbox::{Outbox, SendOptions, Sent, Sound},
};

/// Bytes of a plan that are shown; Telegram would take minutes for more.
const PLAN: u64 = 64 * 1024;

/// How long a question waits for the file that belongs above it.
const FILE: Duration = Duration::from_secs(5);

/// A question in the chat.
pub(super) struct Question {
    /// As it is drawn.
    open: Open,
    /// Its message.
    id: i32,
    /// Whether it says that a message waits for its answer.
    says_waits: bool,
    /// The file with all of what it is about.
    file: Option<File>,
}

enum File {
    There(i32),
    Coming(Sent),
}

impl Painter {
    /// Puts new questions into the chat, brings those that are there up to date, and takes those out
    /// that are decided.
    pub(super) async fn ask(&mut self, turn: &Turn) {
        self.close(turn);
        for open in &turn.asks {
            let same = |known: &Question| known.open.ask.request == open.ask.request;
            match self.questions.iter().position(same) {
                Some(at) => self.redraw(turn, at, open).await,
                None => self.put_question(turn, open.clone()).await,
            }
        }
    }

    /// Brings a question that is in the chat up to date. Where the person has written below it, it
    /// comes below that, without a sound: the newest message is the one that waits for them.
    async fn redraw(&mut self, turn: &Turn, at: usize, open: &Open) {
        let newest = self.canvas.receipts.newest(self.canvas.place);
        let asking = self.asker(turn);
        let Question { open: drawn, id, says_waits, .. } = &mut self.questions[at];
        let is_above = *id < newest && open.hands != Hands::Writing;
        let is_same = drawn.hands == open.hands && drawn.about == open.about;
        if !is_above && is_same && *says_waits == asking.waits {
            return;
        }
        *says_waits = asking.waits;
        // What was read of the plan stays.
        let about = std::mem::replace(&mut drawn.about, open.about.clone());
        if matches!(about, About::Plan(_)) {
            drawn.about = about;
        }
        drawn.hands = open.hands;
        let screen = question::open(&self.canvas.scene, &asking, drawn);
        let Canvas { outbox, place, .. } = &self.canvas;
        if !is_above {
            return drop(outbox.edit(*place, *id, screen));
        }
        let (old, asked) = (*id, question::subject(drawn).text);
        drop(outbox.delete(*place, old));
        let how = SendOptions { reply_to: self.quote(), sound: Sound::Silent };
        let sent = self.canvas.outbox.send(self.canvas.place, screen, how).await;
        self.note(|book, prompt| book.closed(prompt, old));
        if let Ok(id) = sent {
            let asked = book::Question { message: id, about: asked };
            self.note(|book, prompt| book.asked(prompt, asked));
            self.questions[at].id = id;
        }
    }

    async fn put_question(&mut self, turn: &Turn, mut open: Open) {
        if let About::Plan(plan) = &mut open.about
            && !open.ask.input["plan"].is_string()
            && let Some(file) = &turn.work.plan_file
            && let Some(written) = read_plan(&self.canvas.home, file).await
        {
            self.plan = Some(written.clone());
            *plan = written;
        }
        let file = self.put_file(&open).await;
        let how = SendOptions { reply_to: self.quote(), sound: Sound::Aloud };
        let asking = self.asker(turn);
        let screen = question::open(&self.canvas.scene, &asking, &open);
        if let Ok(id) = self.canvas.outbox.send(self.canvas.place, screen, how).await {
            let asked = book::Question { message: id, about: question::subject(&open).text };
            self.note(|book, prompt| book.asked(prompt, asked));
            self.questions.push(Question { open, id, says_waits: asking.waits, file });
        }
    }

    fn asker(&self, turn: &Turn) -> Asker {
        let Canvas { receipts, place, .. } = &self.canvas;
        Asker {
            session: turn.session,
            directory: turn.directory.clone(),
            stop: Some(stop_key(turn)),
            waits: receipts.newest_waiting(*place, turn.session).is_some(),
        }
    }

    /// Sends the file that belongs to a question, before it: the question is the newest message.
    async fn put_file(&self, open: &Open) -> Option<File> {
        let Canvas { outbox, place, .. } = &self.canvas;
        let file = question::input::file_of(open)?;
        let name = file.name.clone();
        let how = SendOptions { reply_to: None, sound: Sound::Silent };
        let mut sent = outbox.send_file(*place, file, how);
        match timeout(FILE, &mut sent).await {
            Ok(Ok(id)) => Some(File::There(id)),
            Ok(Err(error)) => {
                let screen = files::not_taken(&name, &error.to_string());
                outbox.send(*place, screen, how).await.ok().map(File::There)
            }
            Err(_) => Some(File::Coming(sent)),
        }
    }

    /// Takes the questions out that do not wait any more: what was decided stands in the card.
    fn close(&mut self, turn: &Turn) {
        let is_open = |question: &Question| {
            turn.asks.iter().any(|open| open.ask.request == question.open.ask.request)
        };
        let (open, closed) = std::mem::take(&mut self.questions).into_iter().partition(is_open);
        self.questions = open;
        let Canvas { outbox, place, .. } = &self.canvas;
        for Question { open, id, file, .. } in closed {
            let request = &open.ask.request;
            let is_it = |decided: &Decided| decided.open.ask.request == *request;
            let decided = turn.decided.iter().any(is_it);
            if !decided && turn.outcome() == Some(&Outcome::Shutdown) {
                let screen = question::lost(turn.session, &question::subject(&open));
                drop(outbox.edit(*place, id, screen));
            } else {
                drop(outbox.delete(*place, id));
            }
            self.note(|book, prompt| book.closed(prompt, id));
            match file {
                Some(File::There(id)) => drop(outbox.delete(*place, id)),
                Some(File::Coming(sent)) => {
                    drop(tokio::spawn(delete(outbox.clone(), *place, sent)));
                }
                None => {}
            }
        }
    }
}

/// Deletes what is on its way, once it is there.
async fn delete(outbox: Outbox, place: Place, sent: Sent) {
    if let Ok(id) = sent.await {
        let _ = outbox.delete(place, id).await;
    }
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
