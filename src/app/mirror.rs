//! One followed session into its place: each exchange is a message that grows, and is complete when
//! the exchange is over.
//!
//! Draws whenever the outbox has taken the last drawing, so the pace is Telegram's. Reads beside the
//! loop, and only when something has changed. What the place shows anyway, because its own prompt
//! began it, is left out.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    app::{due, now},
    bridge::{place::Place, turn::Turn},
    claude::{
        home::Home,
        live::Live,
        session::SessionId,
        transcript::follow::{Ended, Follower, LiveChapter, LiveTranscript, Look},
        watch::Wakers,
    },
    screens::{
        Scene,
        follow::{self as screens, Followed},
    },
    telegram::{
        backoff::delay,
        outbox::{Outbox, RepaintOutcome, SendError, SendOptions, Sound},
        screen::Screen,
    },
};

/// Between two looks where the system tells of no change.
const POLL: Duration = Duration::from_secs(1);
/// Turns of ours that are remembered: what they show is not shown twice.
const OWN: usize = 20;

/// The newest turns that are shown in the places that asked for them.
#[derive(Clone, Default)]
pub(super) struct OwnTurns(Arc<Mutex<VecDeque<OwnTurn>>>);

type OwnTurn = (Place, watch::Receiver<Turn>);

impl OwnTurns {
    /// A turn is shown in a place from now on.
    pub(super) fn add(&self, place: Place, turn: watch::Receiver<Turn>) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.push_back((place, turn));
        if turns.len() > OWN {
            turns.pop_front();
        }
    }

    fn has(&self, place: Place, prompt: Option<Uuid>) -> bool {
        let turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |turn: &watch::Receiver<Turn>| Some(turn.borrow().prompt.0) == prompt;
        turns.iter().any(|(of, turn)| *of == place && is_it(turn))
    }
}

/// Who has a session, and which session that process has after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LaptopState {
    pub(super) live: Option<Live>,
    pub(super) next: Option<SessionId>,
}

/// What a mirror is given.
pub(super) struct Mirror {
    pub(super) outbox: Outbox,
    pub(super) home: Home,
    pub(super) scene: Scene,
    pub(super) place: Place,
    pub(super) followed: Followed,
    pub(super) there: watch::Receiver<LaptopState>,
    pub(super) wakers: Wakers,
    pub(super) own: OwnTurns,
}

/// How often a drawing is tried that Telegram does not take.
const TRIES: u32 = 4;

/// The messages of the exchange that grows.
#[derive(Default)]
struct PostedParts {
    messages: Vec<(i32, Screen)>,
    /// How often in a row they could not be drawn.
    failures: u32,
}

/// What has come of a drawing.
enum Drawn {
    /// Telegram shows it, or the chat takes nothing.
    Whole,
    /// Telegram does not show all of it.
    Partly,
}

impl Mirror {
    /// Follows the session until the task is aborted or the outbox has ended.
    pub(super) async fn run(mut self) {
        let changed = self.wakers.listen(self.followed.session);
        let (home, session) = (self.home.clone(), self.followed.session);
        let begun = spawn_blocking(move || Follower::of_last_exchange(home, session)).await;
        let mut reading = match begun {
            Ok(Ok(follower)) => {
                Reading { follower, growth: LiveTranscript::default(), look: Look::Nothing }
            }
            failed => return tracing::warn!(?failed, %session, "cannot be followed"),
        };
        let mut shown = PostedParts::default();
        let mut is_gone = false;
        loop {
            reading = match spawn_blocking(move || reading.on()).await {
                Ok(reading) => reading,
                Err(error) => return tracing::warn!(%error, "following has failed"),
            };
            let gone = reading.look == Look::Gone;
            if gone && !is_gone && !shown.messages.is_empty() {
                self.say(screens::gone(&self.now(), &self.followed));
            }
            is_gone = gone;
            let Ok(again) = self.draw(&mut reading.growth, &mut shown).await else { return };
            tokio::select! {
                () = due(again.map(|pause| Instant::now() + pause)) => {}
                () = changed.notified() => {}
                there = self.there.changed() => match there {
                    Ok(()) => self.look_there(),
                    Err(_) => return,
                },
                () = poll(self.wakers.are_blind()) => {}
            }
        }
    }

    /// Shows what has grown, and says after what pause that is to be tried again, where Telegram has
    /// not taken it. The error says that nothing can be shown any more.
    async fn draw(
        &mut self,
        growth: &mut LiveTranscript,
        shown: &mut PostedParts,
    ) -> Result<Option<Duration>, SendError> {
        while growth.chapters.len() > 1 {
            // The next has begun, so this one is over, whatever stands there.
            growth.chapters[0].ended.get_or_insert(Ended::Answered);
            if let Some(pause) = self.try_to_show(&growth.chapters[0], shown).await? {
                return Ok(Some(pause));
            }
            growth.chapters.remove(0);
            *shown = PostedParts::default();
        }
        let again = match growth.chapters.last() {
            Some(last) => self.try_to_show(last, shown).await?,
            None => None,
        };
        if let Some(next) = growth.continued_in.take() {
            self.say(screens::moved_on(&self.now(), &self.followed, next));
        }
        Ok(again)
    }

    /// Shows an exchange. What Telegram does not take is tried a few times more, after growing pauses;
    /// then that is said, and it is tried no more until there is something new.
    async fn try_to_show(
        &self,
        growing: &LiveChapter,
        shown: &mut PostedParts,
    ) -> Result<Option<Duration>, SendError> {
        if let Drawn::Whole = self.show(growing, shown).await? {
            shown.failures = 0;
            return Ok(None);
        }
        shown.failures += 1;
        if shown.failures == TRIES {
            self.say(screens::not_shown(&self.now(), &self.followed));
        }
        let salt = self.place.chat.cast_unsigned();
        Ok((shown.failures < TRIES).then(|| delay(shown.failures, salt)))
    }

    async fn show(
        &self,
        growing: &LiveChapter,
        shown: &mut PostedParts,
    ) -> Result<Drawn, SendError> {
        if growing.prompt.is_some() && self.own.has(self.place, growing.prompt) {
            return Ok(Drawn::Whole);
        }
        // What a repaint could not do, an edit does: it is sent until Telegram has decided.
        let lasts = growing.ended.is_some() || shown.failures > 0;
        let screens = screens::exchange(&self.now(), &self.followed, growing);
        for (at, screen) in screens.into_iter().enumerate() {
            let known = shown.messages.get(at).map(|(id, known)| (*id, *known == screen));
            let drawn = match known {
                Some((_, true)) => continue,
                Some((id, false)) if lasts => {
                    self.outbox.edit(self.place, id, screen.clone()).await
                }
                Some((id, false)) => {
                    match self.outbox.repaint(self.place, id, screen.clone()).await {
                        RepaintOutcome::Shown => Ok(id),
                        RepaintOutcome::Dropped | RepaintOutcome::Gone => return Ok(Drawn::Partly),
                    }
                }
                None => {
                    let how = SendOptions { reply_to: None, sound: Sound::Silent };
                    self.outbox.send(self.place, screen.clone(), how).await
                }
            };
            match drawn {
                Ok(id) => shown.put(at, (id, screen)),
                Err(SendError::Ended) => return Err(SendError::Ended),
                Err(error) => {
                    tracing::warn!(%error, "a part of a followed session is not shown");
                    let refused = matches!(error, SendError::Refused(_));
                    return Ok(if refused { Drawn::Partly } else { Drawn::Whole });
                }
            }
        }
        Ok(Drawn::Whole)
    }

    /// Whoever has the session does something else now, or has gone.
    fn look_there(&mut self) {
        let LaptopState { live, next } = self.there.borrow_and_update().clone();
        let had = self.followed.live.is_some();
        let has = live.is_some();
        self.followed.live = live;
        if had && !has {
            self.say(screens::closed(&self.now(), &self.followed, next));
        }
    }

    fn say(&self, screen: Screen) {
        let how = SendOptions { reply_to: None, sound: Sound::Silent };
        drop(self.outbox.send(self.place, screen, how));
    }

    fn now(&self) -> Scene {
        Scene { now: now(), ..self.scene.clone() }
    }
}

impl PostedParts {
    fn put(&mut self, at: usize, message: (i32, Screen)) {
        match self.messages.get_mut(at) {
            Some(known) => *known = message,
            None => self.messages.push(message),
        }
    }
}

/// A transcript as far as it was read.
struct Reading {
    follower: Follower,
    growth: LiveTranscript,
    look: Look,
}

impl Reading {
    /// Reads what is new.
    fn on(mut self) -> Self {
        let growth = &mut self.growth;
        self.look = match self.follower.read(|record| _ = growth.add(record)) {
            Ok(look) => look,
            Err(error) => {
                tracing::warn!(%error, "a followed transcript cannot be read");
                Look::Nothing
            }
        };
        self
    }
}

async fn poll(blind: bool) {
    if blind { sleep(POLL).await } else { pending().await }
}
