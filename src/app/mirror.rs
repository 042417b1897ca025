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

use tokio::{sync::watch, task::spawn_blocking, time::sleep};
use uuid::Uuid;

use crate::{
    app::now,
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

/// The messages of the exchange that grows.
#[derive(Default)]
struct PostedParts(Vec<(i32, Screen)>);

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
            if gone && !is_gone && !shown.0.is_empty() {
                self.say(screens::gone(&self.now(), &self.followed));
            }
            is_gone = gone;
            if self.draw(&mut reading.growth, &mut shown).await.is_err() {
                return;
            }
            tokio::select! {
                () = changed.notified() => {}
                there = self.there.changed() => match there {
                    Ok(()) => self.look_there(),
                    Err(_) => return,
                },
                () = poll(self.wakers.are_blind()) => {}
            }
        }
    }

    /// Shows what has grown. The error says that nothing can be shown any more.
    async fn draw(
        &mut self,
        growth: &mut LiveTranscript,
        shown: &mut PostedParts,
    ) -> Result<(), SendError> {
        while growth.chapters.len() > 1 {
            let mut over = growth.chapters.remove(0);
            // The next has begun, so this one is over, whatever stands there.
            over.ended.get_or_insert(Ended::Answered);
            self.show(&over, shown).await?;
            shown.0.clear();
        }
        if let Some(last) = growth.chapters.last() {
            self.show(last, shown).await?;
        }
        if let Some(next) = growth.continued_in.take() {
            self.say(screens::moved_on(&self.now(), &self.followed, next));
        }
        Ok(())
    }

    async fn show(&self, growing: &LiveChapter, shown: &mut PostedParts) -> Result<(), SendError> {
        if growing.prompt.is_some() && self.own.has(self.place, growing.prompt) {
            return Ok(());
        }
        let screens = screens::exchange(&self.now(), &self.followed, growing);
        for (at, screen) in screens.into_iter().enumerate() {
            match shown.0.get(at).map(|(id, known)| (*id, *known == screen)) {
                Some((_, true)) => {}
                Some((id, false)) => {
                    let lasts = growing.ended.is_some();
                    if let Some(id) = self.change(id, &screen, lasts).await? {
                        shown.0[at] = (id, screen);
                    }
                }
                None => {
                    let how = SendOptions { reply_to: None, sound: Sound::Silent };
                    match self.outbox.send(self.place, screen.clone(), how).await {
                        Ok(id) => shown.0.push((id, screen)),
                        Err(SendError::Ended) => return Err(SendError::Ended),
                        Err(error) => {
                            tracing::warn!(%error, "a part of a followed session is not shown");
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Changes a message: for now while the exchange grows, for good when it is over. The message that
    /// shows it then, if one does.
    async fn change(
        &self,
        id: i32,
        screen: &Screen,
        lasts: bool,
    ) -> Result<Option<i32>, SendError> {
        if !lasts {
            let outcome = self.outbox.repaint(self.place, id, screen.clone()).await;
            return Ok((outcome == RepaintOutcome::Shown).then_some(id));
        }
        match self.outbox.edit(self.place, id, screen.clone()).await {
            Ok(id) => Ok(Some(id)),
            Err(SendError::Ended) => Err(SendError::Ended),
            Err(_) => Ok(None),
        }
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

/// The time of the next look, where one is needed.
async fn poll(blind: bool) {
    if blind { sleep(POLL).await } else { pending().await }
}
