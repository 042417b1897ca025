//! Shows one turn in its place: a progress message that is edited while the turn runs, questions,
//! and the final answer.
//!
//! It draws the newest state of the turn whenever the outbox has taken the last drawing, so the
//! pace is Telegram's. What must arrive (questions, answers) is given to the outbox as durable.

use std::time::Duration;

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

use crate::{
    app::{changed, note::Note, turnstile::Ticket},
    bridge::{
        book::{Book, Entry},
        place::Place,
        prompt::{PromptId, Source},
        question::Open,
        turn::{Outcome, Phase, Turn, Wait},
        verbosity::Verbosity,
    },
    claude::{catalog, home::Home, session::SessionId},
    screens::{self, Scene, turn::Around},
    telegram::{
        outbox::{Outbox, RepaintOutcome, SendError, SendOptions, Sound},
        screen::Screen,
    },
};

/// How often the elapsed time moves when nothing else does.
const TICK: Duration = Duration::from_secs(5);
/// A turn that ends within this shows no progress message at all: the answer is there already.
const PATIENCE: Duration = Duration::from_millis(300);
/// Time for more words to come before they are drawn: a drawing per word would be wasted.
const GATHER: Duration = Duration::from_millis(50);

/// What a painter is given.
pub(super) struct Canvas {
    pub(super) outbox: Outbox,
    pub(super) home: Home,
    pub(super) notes: mpsc::UnboundedSender<Note>,
    /// Where and when; its time is renewed for each screen.
    pub(super) scene: Scene,
    pub(super) book: Book,
    /// Its turn to send the answer.
    pub(super) ticket: Ticket,
    pub(super) place: Place,
    /// The message that asked; None for a turn that nobody asked for.
    pub(super) source: Option<Source>,
    /// The prompt's text.
    pub(super) display: String,
    /// How much is shown.
    pub(super) view: watch::Receiver<Verbosity>,
    /// The place points at another session.
    pub(super) elsewhere: bool,
}

/// Shows a turn until it is over and its answer is in the chat.
pub(super) async fn paint(canvas: Canvas, turn: watch::Receiver<Turn>) {
    let first = turn.borrow().session;
    let prompt = turn.borrow().prompt;
    let left = canvas.book.read(prompt, Entry::clone);
    let stale = left.as_ref().and_then(|entry| entry.progress);
    let progress = stale.map(|id| (id, Screen::default()));
    let (questions, taken, mode, called) = (Vec::new(), false, None, None);
    let mut painter = Painter { canvas, turn, progress, left, questions, taken, mode, called };
    painter.follow().await;
    let last = painter.turn.borrow().session;
    if last != first {
        // Before the answer: who has read it may write at once.
        let moved = Note::Moved { place: painter.canvas.place, sessions: (first, last) };
        let _ = painter.canvas.notes.send(moved);
    }
    let (place, progress) = (painter.canvas.place, painter.progress.as_ref().map(|(id, _)| *id));
    painter.finish().await;
    let settled = Note::Settled { prompt, place, progress };
    let _ = painter.canvas.notes.send(settled);
}

/// One turn on its way into the chat.
pub(super) struct Painter {
    pub(super) canvas: Canvas,
    turn: watch::Receiver<Turn>,
    /// The progress message and what it shows.
    progress: Option<(i32, Screen)>,
    /// What the spool held of the prompt when it came here.
    left: Option<Entry>,
    /// Questions that are in the chat, as they are drawn.
    pub(super) questions: Vec<(Open, i32)>,
    taken: bool,
    /// The mode that the app knows of.
    mode: Option<String>,
    /// The message that says that a terminal waits.
    called: Option<i32>,
}

impl Painter {
    /// Draws while the turn runs.
    async fn follow(&mut self) {
        let begun = Instant::now();
        loop {
            let turn = self.turn.borrow_and_update().clone();
            self.note_taken(&turn);
            self.note_mode(&turn);
            self.ask(&turn).await;
            self.call(&turn).await;
            if turn.outcome().is_some() {
                return;
            }
            let screen = self.draw(&turn);
            let is_new = self.progress.as_ref().is_none_or(|(_, shown)| *shown != screen);
            if self.progress.is_none() && !is_shown_at_once(&turn) && begun.elapsed() < PATIENCE {
                let _ = timeout(PATIENCE, self.turn.changed()).await;
                continue;
            }
            if is_new {
                self.show(screen).await;
            }
            match timeout(TICK, self.changed()).await {
                Ok(Err(_)) => return,
                Ok(Ok(())) => self.gather().await,
                Err(_) => {}
            }
        }
    }

    /// Waits until there is something else to show, or the same in another way.
    async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        tokio::select! {
            turn = self.turn.changed() => turn,
            // Gone with the app, which then ends all turns.
            Ok(()) = self.canvas.view.changed() => Ok(()),
        }
    }

    /// Lets more words come before the next drawing; an answer or a question is not made to wait.
    async fn gather(&self) {
        let asked = self.questions.len();
        let urgent = |turn: &Turn| turn.outcome().is_some() || turn.asks.len() != asked;
        let _ = timeout(GATHER, self.turn.clone().wait_for(urgent)).await;
    }

    fn draw(&self, turn: &Turn) -> Screen {
        let scene = self.scene();
        let joins = matches!(
            turn.phase,
            Phase::Waiting(Wait::Turn | Wait::After | Wait::Interrupt)
                | Phase::Done(Outcome::Joined)
        );
        if joins {
            return screens::turn::joining(&scene, turn);
        }
        screens::turn::progress(&scene, turn, &self.around(turn, String::new()))
    }

    /// Brings a screen into the progress message. What cannot be shown now may be shown later, and
    /// ends nothing.
    async fn show(&mut self, screen: Screen) {
        let Canvas { outbox, place, .. } = &self.canvas;
        let Some((id, shown)) = &mut self.progress else {
            let how = SendOptions { reply_to: self.reply_to(), sound: Sound::Silent };
            if let Ok(id) = outbox.send(*place, screen.clone(), how).await {
                self.progress = Some((id, screen));
                self.note(|book, prompt| book.shown(prompt, id));
            }
            return;
        };
        let painted = outbox.repaint(*place, *id, screen.clone());
        let mut turn = self.turn.clone();
        let over = turn.wait_for(|turn| turn.outcome().is_some());
        tokio::select! {
            paint = painted => match paint {
                RepaintOutcome::Shown => *shown = screen,
                RepaintOutcome::Dropped => {}
                RepaintOutcome::Gone => self.progress = None,
            },
            // The answer goes before a drawing of how it came to be.
            _ = over => {}
        }
    }

    pub(super) fn reply_to(&self) -> Option<i32> {
        self.canvas.source.map(|source| source.message)
    }

    fn note_taken(&mut self, turn: &Turn) {
        if turn.taken
            && !self.taken
            && let Some(source) = self.canvas.source
        {
            self.taken = true;
            let display = self.canvas.display.clone();
            let note = Note::Taken { source, display, session: turn.session };
            let _ = self.canvas.notes.send(note);
        }
    }

    fn note_mode(&mut self, turn: &Turn) {
        if let Some(mode) = turn.mode.as_ref().filter(|_| turn.mode != self.mode)
            && let Some(source) = self.canvas.source
        {
            self.mode.clone_from(&turn.mode);
            let note = Note::Mode { source, session: turn.session, mode: mode.clone() };
            let _ = self.canvas.notes.send(note);
        }
    }

    /// Says aloud that a terminal waits for its person, and takes it back when it does no more.
    async fn call(&mut self, turn: &Turn) {
        let Canvas { outbox, place, .. } = &self.canvas;
        match (screens::laptop::waits(&self.scene(), turn), self.called.take()) {
            (Some(screen), None) => {
                let how = SendOptions { reply_to: self.reply_to(), sound: Sound::Aloud };
                self.called = outbox.send(*place, screen, how).await.ok();
            }
            (None, Some(id)) => drop(outbox.delete(*place, id)),
            (_, called) => self.called = called,
        }
    }

    /// Sends what is left of the turn.
    async fn finish(&mut self) {
        let turn = self.turn.borrow().clone();
        let scene = self.scene();
        if turn.outcome() != Some(&Outcome::Silent) {
            self.canvas.book.deliver(turn.prompt);
        }
        match turn.outcome() {
            // The session's worker broke: its turns ended with it.
            None => {
                let mut turn = turn;
                let how = "a fault in segue ended it".to_owned();
                turn.finish(Outcome::Crashed { how, stderr: String::new() });
                self.answer(&scene, &turn).await;
            }
            Some(Outcome::Silent) => {
                if let Some((id, _)) = self.progress.take() {
                    drop(self.canvas.outbox.delete(self.canvas.place, id));
                }
            }
            // The prompt was part of another turn, which answers it.
            Some(Outcome::Joined | Outcome::TakenBack) => {
                if self.remark(&scene, &turn).await != Err(SendError::Ended) {
                    self.canvas.book.remove(turn.prompt);
                }
            }
            // It stays in the spool, to go on when segue is back.
            Some(Outcome::Shutdown) if !turn.taken || turn.terminal.is_some() => {
                drop(self.remark(&scene, &turn).await);
            }
            _ => self.answer(&scene, &turn).await,
        }
    }

    /// A word in the place of an answer.
    async fn remark(&mut self, scene: &Scene, turn: &Turn) -> Result<(), SendError> {
        if let Some(id) = self.called.take() {
            drop(self.canvas.outbox.delete(self.canvas.place, id));
        }
        let screen = screens::turn::joining(scene, turn);
        let Canvas { outbox, place, .. } = &self.canvas;
        if let Some((id, _)) = self.progress.take() {
            outbox.edit(*place, id, screen).await?;
        } else {
            let how = SendOptions { reply_to: self.reply_to(), sound: Sound::Silent };
            let id = outbox.send(*place, screen, how).await?;
            self.note(|book, prompt| book.shown(prompt, id));
        }
        Ok(())
    }

    /// Sends what is not in the chat yet of the answer. When all of it is, the prompt is done with.
    async fn answer(&mut self, scene: &Scene, turn: &Turn) {
        let Canvas { outbox, place, .. } = &self.canvas;
        let mut around = self.around(turn, title(&self.canvas.home, turn.session).await);
        around.changed = changed::of(turn).await;
        self.canvas.ticket.next().await;
        self.tell_quick(scene, turn, &around);
        // One sound for the whole answer.
        let sound = |part| if part == 0 { Sound::Aloud } else { Sound::Silent };
        let parts = screens::turn::answer(scene, turn, &around);
        let (count, left) = (parts.len(), self.left.as_ref());
        let sent: Vec<_> = parts
            .into_iter()
            .enumerate()
            .skip(left.map_or(0, |entry| entry.delivered(count)))
            .map(|(part, screen)| {
                let how = SendOptions { reply_to: self.reply_to(), sound: sound(part) };
                outbox.send(*place, screen, how)
            })
            .collect();
        self.canvas.ticket.pass();
        let mut lost = None;
        for sent in sent {
            match sent.await {
                Ok(id) => self.canvas.book.sent(turn.prompt, id, count).on_disk().await,
                Err(SendError::Ended) => return,
                Err(error) => lost = Some(error),
            }
        }
        if let Some(error) = lost {
            // Also in a chat that took nothing a moment ago: people change their minds.
            let screen = screens::notice::unsent(scene, turn.session, &error.to_string());
            let how = SendOptions { reply_to: self.reply_to(), sound: Sound::Silent };
            if outbox.send(*place, screen, how).await == Err(SendError::Ended) {
                return;
            }
        }
        if let Some((id, _)) = self.progress.take() {
            let left = match screens::turn::trace(scene, turn, &around) {
                Some(screen) => outbox.edit(*place, id, screen),
                None => outbox.delete(*place, id),
            };
            // Whoever takes the prompt up again brings it to its end.
            if left.await == Err(SendError::Ended) {
                return;
            }
        }
        self.canvas.book.remove(turn.prompt);
    }

    /// What was done too quickly for a progress message is told all the same where results are
    /// wanted.
    fn tell_quick(&self, scene: &Scene, turn: &Turn, around: &Around) {
        let Canvas { outbox, place, .. } = &self.canvas;
        let untold =
            self.progress.is_none() && self.left.as_ref().is_none_or(|entry| entry.sent.is_empty());
        if untold
            && around.verbosity == Verbosity::Results
            && let Some(screen) = screens::turn::trace(scene, turn, around)
        {
            let how = SendOptions { reply_to: self.reply_to(), sound: Sound::Silent };
            drop(outbox.send(*place, screen, how));
        }
    }

    /// Notes in the spool what is in the chat.
    pub(super) fn note(&self, note: impl FnOnce(&Book, PromptId)) {
        let prompt = self.turn.borrow().prompt;
        note(&self.canvas.book, prompt);
    }

    fn around(&self, turn: &Turn, title: String) -> Around {
        let seconds = turn.ended.unwrap_or_else(Instant::now).duration_since(turn.began).as_secs();
        let verbosity = *self.canvas.view.borrow();
        Around { title, seconds, elsewhere: self.canvas.elsewhere, changed: Vec::new(), verbosity }
    }

    fn scene(&self) -> Scene {
        Scene { now: super::now(), ..self.canvas.scene.clone() }
    }
}

/// Whether a turn is worth a progress message before it has lasted a moment.
fn is_shown_at_once(turn: &Turn) -> bool {
    !turn.asks.is_empty()
        || matches!(turn.phase, Phase::Waiting(wait) if !matches!(wait, Wait::Files { .. }))
}

async fn title(home: &Home, session: SessionId) -> String {
    let home = home.clone();
    let found = tokio::task::spawn_blocking(move || catalog::find(&home, session)).await;
    found.ok().flatten().map(|session| session.title).unwrap_or_default()
}
