//! Shows one turn in its place: a card that is edited while the turn runs, questions, and the final
//! answer.
//!
//! 1. At rest a turn leaves at most two messages: the card, where anything was done, and the answer.
//! 2. A question is the newest message and has *Stop*; the card has none then, and nothing is edited
//!    until it is answered.
//! 3. The longer a turn lasts, the slower its card is edited.
//! 4. One sound a turn, its answer, and one for each question; none for what the person did.
//!
//! What must arrive (questions, answers) is given to the outbox as durable.

mod answer;
mod asking;
mod context;
mod waiting;

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    app::{
        events::AppEvent,
        painter::{asking::QuestionMessage, context::PainterContext, waiting::Sign},
    },
    bridge::{
        book::{Book, Entry},
        prompt::PromptId,
        question::About,
        turn::{Phase, Turn, Wait},
    },
    screens::{self, Scene, card, turn::TurnContext},
    telegram::{
        outbox::{RepaintOutcome, SendOptions, Sound, Typing},
        screen::Screen,
    },
};

/// A turn that ends within this shows no card while it runs: the answer is there already.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often the card of a turn is edited that has lasted for less than this, seconds; and after
/// that.
const PACE: [(u64, Duration); 2] = [(10, Duration::from_secs(1)), (60, Duration::from_secs(3))];
const SLOWEST: Duration = Duration::from_secs(10);

/// Shows a turn until it is over and its answer is in the chat.
async fn paint(context: PainterContext, turn: watch::Receiver<Turn>) {
    let first = turn.borrow().session;
    let prompt = turn.borrow().prompt;
    let left = context.book.read(prompt, Entry::clone);
    let stale = left.as_ref().and_then(|kept| kept.progress);
    let mut painter = Painter {
        sign: context.recovered.then_some(stale.map_or(Sign::Reaction, Sign::Line)),
        context,
        turn,
        card: stale.map(|id| (id, Screen::default())),
        left,
        questions: Vec::new(),
        plan: None,
        taken: false,
        mode: None,
        called: None,
        typing: None,
        joined: 0,
        frozen: false,
    };
    painter.follow().await;
    let last = painter.turn.borrow().session;
    if last != first {
        // Before the answer: who has read it may write at once.
        let moved = AppEvent::Moved { place: painter.context.place, sessions: (first, last) };
        let _ = painter.context.events.send(moved);
    }
    let (place, progress) = (painter.context.place, painter.card.as_ref().map(|(id, _)| *id));
    painter.finish().await;
    painter.context.receipts.leave(place, prompt);
    let settled = AppEvent::Settled { prompt, place, progress };
    let _ = painter.context.events.send(settled);
}

/// One turn on its way into the chat.
pub(super) struct Painter {
    context: PainterContext,
    turn: watch::Receiver<Turn>,
    /// The card and what it shows.
    card: Option<(i32, Screen)>,
    /// What the spool held of the prompt when it came here.
    left: Option<Entry>,
    /// Questions that are in the chat, as they are drawn.
    questions: Vec<QuestionMessage>,
    /// The plan that was asked about, where a file had it.
    plan: Option<String>,
    taken: bool,
    /// The mode that the app knows of.
    mode: Option<String>,
    /// The message that says that a terminal waits.
    called: Option<i32>,
    /// The person sees that Claude works.
    typing: Option<Typing>,
    /// What stands on the message that waits for another turn.
    sign: Option<Sign>,
    /// Messages that were taken in when the card was sent.
    joined: usize,
    /// The card shows that a person is waited for, and stays so.
    frozen: bool,
}

impl Painter {
    /// Draws while the turn runs.
    async fn follow(&mut self) {
        let begun = Instant::now();
        let mut around = self.context.receipts.changes();
        loop {
            let turn = self.turn.borrow_and_update().clone();
            self.note_taken(&turn);
            self.note_mode(&turn);
            self.type_on(&turn);
            if turn.outcome().is_some() {
                self.ask(&turn).await;
                self.call(&turn).await;
                return;
            }
            if turn.joins() {
                self.hold(&turn).await;
            } else {
                self.release();
                let patient = self.card.is_none() && !is_shown_at_once(&turn);
                if patient && begun.elapsed() < PATIENCE {
                    let _ = timeout(PATIENCE, self.turn.changed()).await;
                    continue;
                }
                self.draw(&turn).await;
                self.ask(&turn).await;
                self.call(&turn).await;
            }
            if self.pause(&turn, &mut around).await.is_err() {
                return;
            }
        }
    }

    /// Waits until it is time for another drawing, or something cannot wait for that.
    async fn pause(
        &mut self,
        before: &Turn,
        around: &mut watch::Receiver<u64>,
    ) -> Result<(), watch::error::RecvError> {
        let clock = !before.waits_for_person() && !before.joins();
        let next = Instant::now() + pace(before.began.elapsed());
        let mut turn = self.turn.clone();
        tokio::select! {
            found = turn.wait_for(|now| is_urgent(before, now)) => found.map(drop),
            // Gone with the app, which then ends all turns.
            Ok(()) = self.context.view.changed() => Ok(()),
            Ok(()) = around.changed() => {
                self.frozen = false;
                Ok(())
            }
            () = sleep_until(next), if clock => Ok(()),
        }
    }

    /// Brings the card up to date.
    async fn draw(&mut self, turn: &Turn) {
        let waits = turn.waits_for_person();
        if waits && (self.frozen || (self.card.is_none() && !needs_card(turn))) {
            return;
        }
        self.frozen = waits;
        let screen = card::running(&self.scene(), turn, &self.around(turn, String::new()));
        if self.card.as_ref().is_some_and(|(_, shown)| *shown == screen) {
            return;
        }
        self.show(turn, screen).await;
    }

    /// Brings a screen into the card. It stands below the messages that the turn has taken in. What
    /// cannot be shown now may be shown later, and ends nothing.
    async fn show(&mut self, turn: &Turn, screen: Screen) {
        if turn.joined > self.joined {
            self.delete_card();
        }
        let PainterContext { outbox, place, .. } = &self.context;
        let Some((id, shown)) = &mut self.card else { return self.send_card(turn, screen).await };
        let painted = outbox.repaint(*place, *id, screen.clone());
        let mut turn = self.turn.clone();
        let over = turn.wait_for(|turn| turn.outcome().is_some());
        tokio::select! {
            paint = painted => match paint {
                RepaintOutcome::Shown => *shown = screen,
                RepaintOutcome::Dropped => {}
                RepaintOutcome::Gone => self.card = None,
            },
            // The answer goes before a drawing of how it came to be.
            _ = over => {}
        }
    }

    /// Takes the card out of the chat. Before another comes: a bot that is killed between the two
    /// knows of one only.
    pub(super) fn delete_card(&mut self) {
        if let Some((id, _)) = self.card.take() {
            drop(self.context.outbox.delete(self.context.place, id));
        }
    }

    async fn send_card(&mut self, turn: &Turn, screen: Screen) {
        self.joined = turn.joined;
        // *Take over* takes the message along that it answers.
        let at_terminal = turn.terminal.as_ref().and_then(|_| self.asked());
        let reply_to = at_terminal.or_else(|| self.group_quote());
        let how = SendOptions { reply_to, sound: Sound::Silent };
        if let Ok(id) = self.context.outbox.send(self.context.place, screen.clone(), how).await {
            self.card = Some((id, screen));
            self.note(|book, prompt| book.shown(prompt, id));
        }
    }

    // ---- Quotes ----

    /// The message that asked.
    pub(super) fn asked(&self) -> Option<i32> {
        self.context.source.map(|source| source.message)
    }

    /// The message that asked, where others write, too, or it is wanted so.
    pub(super) fn group_quote(&self) -> Option<i32> {
        self.asked().filter(|_| self.context.place.is_group() || self.context.always_quote)
    }

    /// The message that asked, where it would not be clear which it was.
    pub(super) fn quote(&self) -> Option<i32> {
        let (prompt, attempt) = {
            let turn = self.turn.borrow();
            (turn.prompt, turn.attempt)
        };
        let PainterContext { receipts, place, .. } = &self.context;
        let unclear = self.context.always_quote
            || place.is_group()
            || attempt > 0
            || self.left.as_ref().is_some_and(|kept| kept.progress.is_some())
            || receipts.came_between(*place, prompt);
        self.asked().filter(|_| unclear)
    }

    // ---- What the app and the person see besides ----

    /// The person sees that Claude works, as long as it does.
    fn type_on(&mut self, turn: &Turn) {
        let works = matches!(turn.phase, Phase::Starting | Phase::Working);
        if works && !turn.waits_for_person() {
            let PainterContext { outbox, place, .. } = &self.context;
            self.typing.get_or_insert_with(|| outbox.typing(*place));
        } else {
            self.typing = None;
        }
    }

    fn note_taken(&mut self, turn: &Turn) {
        if turn.taken
            && !self.taken
            && let Some(source) = self.context.source
        {
            self.taken = true;
            let display = self.context.display.clone();
            let note = AppEvent::Taken { source, display, session: turn.session };
            let _ = self.context.events.send(note);
        }
    }

    fn note_mode(&mut self, turn: &Turn) {
        if let Some(mode) = turn.mode.as_ref().filter(|_| turn.mode != self.mode)
            && let Some(source) = self.context.source
        {
            self.mode.clone_from(&turn.mode);
            let note = AppEvent::Mode { source, session: turn.session, mode: mode.clone() };
            let _ = self.context.events.send(note);
        }
    }

    /// Says aloud that a terminal waits for an answer, and takes it back when it does no more.
    async fn call(&mut self, turn: &Turn) {
        let PainterContext { outbox, place, .. } = &self.context;
        match (screens::laptop::waits(&self.scene(), turn), self.called.take()) {
            (Some(screen), None) => {
                // *Take over* takes the message along that it answers.
                let how = SendOptions { reply_to: self.asked(), sound: Sound::Aloud };
                self.called = outbox.send(*place, screen, how).await.ok();
            }
            (None, Some(id)) => drop(outbox.delete(*place, id)),
            (_, called) => self.called = called,
        }
    }

    // ---- What it is drawn of ----

    /// Notes in the spool what is in the chat.
    pub(super) fn note(&self, note: impl FnOnce(&Book, PromptId)) {
        let prompt = self.turn.borrow().prompt;
        note(&self.context.book, prompt);
    }

    pub(super) fn around(&self, turn: &Turn, title: String) -> TurnContext {
        let PainterContext { receipts, place, view, elsewhere, .. } = &self.context;
        TurnContext {
            title,
            seconds: turn.ended.unwrap_or_else(Instant::now).duration_since(turn.began).as_secs(),
            elsewhere: *elsewhere,
            changed: Vec::new(),
            verbosity: *view.borrow(),
            plan: self.plan.clone(),
            waiting: receipts.waiting(*place, turn.session),
        }
    }

    pub(super) fn scene(&self) -> Scene {
        Scene { now: super::now(), ..self.context.scene.clone() }
    }
}

/// Time between two drawings of a card.
fn pace(elapsed: Duration) -> Duration {
    let fits = |(within, _): &&(u64, Duration)| elapsed.as_secs() < *within;
    PACE.iter().find(fits).map_or(SLOWEST, |(_, pace)| *pace)
}

/// Whether what has become of a turn cannot wait for the next drawing.
fn is_urgent(before: &Turn, now: &Turn) -> bool {
    now.outcome().is_some()
        || now.asks != before.asks
        || std::mem::discriminant(&now.phase) != std::mem::discriminant(&before.phase)
        || now.joins() != before.joins()
        || now.terminal != before.terminal
        || (now.taken, now.joined) != (before.taken, before.joined)
        || now.mode != before.mode
}

/// Whether a turn is worth a card before it has lasted a moment.
fn is_shown_at_once(turn: &Turn) -> bool {
    !turn.asks.is_empty()
        || matches!(turn.phase, Phase::Waiting(wait) if !matches!(wait, Wait::Files { .. }))
}

/// Whether a question needs the card above it: what Claude said and did before it wants a tool.
fn needs_card(turn: &Turn) -> bool {
    turn.asks.is_empty() || turn.asks.iter().any(|open| open.about == About::Tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_turn_is_edited_ever_more_slowly() {
        let edits = |seconds: u64| {
            let (mut at, mut count) = (Duration::ZERO, 0);
            while at.as_secs() < seconds {
                at += pace(at);
                count += 1;
            }
            count
        };
        assert_eq!((edits(10), edits(60), edits(600)), (10, 27, 81));
    }
}
