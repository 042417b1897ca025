//! Turns that outlived an earlier process: followed in the transcript to their end.
//!
//! What comes meanwhile for their session waits, in order. An orphan that is at nothing any more is
//! ended.

use std::time::Duration;

use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep},
};

use crate::{
    app::App,
    bridge::{
        prompt::PromptId,
        recover::{self, Past},
        run::{Asked, Seat},
        spool::Came,
        turn::{Outcome, Phase, Turn, Wait},
    },
    claude::{
        home::Home,
        live::{self, Live},
        session::{SessionId, Status},
        young::Young,
    },
};

/// How often a turn of a process that is not our child is looked at: it tells nobody when it
/// changes.
const LOOK: Duration = Duration::from_millis(250);
/// An orphan leaves by itself when its turn is over, and writes until then. One that idles longer
/// has something in the background and is ended.
const LEAVES: Duration = Duration::from_secs(3);

/// How long one may run without an entry in the registry: it begins, or it ends.
const ABSENT: Duration = Duration::from_secs(20);

/// Prompts that wait until an orphan is gone.
pub(super) type Queue = Vec<(Seat, Asked)>;

impl App {
    /// Hands a prompt to the run of its session, or shows what became of it before.
    pub(super) fn hand(&mut self, seat: Seat, asked: Asked) {
        let session = seat.conversation.session();
        if let Some(queue) = self.orphans.get_mut(&session) {
            wait(&asked);
            return queue.push((seat, asked));
        }
        let (live, young) = (self.orphan(session), self.young(session));
        let Some(pid) = live.map(|live| live.pid).or(young.map(|young| young.pid)) else {
            return self.give(seat, asked);
        };
        tracing::info!(%session, pid, "a process of an earlier segue is at work");
        wait(&asked);
        let (home, turn, prompt) = (self.setup.home.clone(), asked.turn.clone(), asked.prompt.id);
        self.orphans.insert(session, vec![(seat, asked)]);
        self.followers.spawn(async move {
            follow(home, Young { pid, session }, Some((prompt, turn))).await;
            session
        });
    }

    /// Processes of an earlier segue whose prompts are done, or unknown: what they are at they may
    /// finish, and idle ones are ended.
    pub(super) fn see_to_orphans(&mut self) {
        for live in live::list(&self.setup.home) {
            let session = live.session;
            if !live.is_orphan() || self.orphans.contains_key(&session) {
                continue;
            }
            tracing::info!(%session, pid = live.pid, "left by an earlier segue: it may finish");
            self.orphans.insert(session, Vec::new());
            let home = self.setup.home.clone();
            self.followers.spawn(async move {
                follow(home, Young { pid: live.pid, session }, None).await;
                session
            });
        }
    }

    /// A process that an earlier segue left behind in a session.
    fn orphan(&self, session: SessionId) -> Option<Live> {
        let holds =
            |live: &Live| live.session == session && live.is_orphan() && !self.runs.has(live.pid);
        live::list(&self.setup.home).into_iter().find(holds)
    }

    /// The same, too young to say so: what it was given stands nowhere yet.
    fn young(&self, session: SessionId) -> Option<Young> {
        let of_session = |young: &&Young| young.session == session && young.is_alive();
        self.young.iter().find(of_session).copied()
    }

    /// An orphan is gone: what has waited goes on.
    pub(super) fn orphan_gone(&mut self, session: SessionId) {
        for (seat, asked) in self.orphans.remove(&session).unwrap_or_default() {
            self.give(seat, asked);
        }
    }

    /// Whether a session is followed; then its orphan is told to end.
    pub(super) fn end_orphan(&self, session: SessionId) -> bool {
        let followed = self.orphans.contains_key(&session);
        if let Some(live) = self.orphan(session).filter(|_| followed) {
            live.terminate();
        }
        followed
    }

    fn give(&mut self, seat: Seat, asked: Asked) {
        let (id, session) = (asked.prompt.id, seat.conversation.session());
        let came = self.spool.came(id);
        let past = if came == Came::New { Past::Unread } else { self.past(id, session) };
        match past {
            Past::Unread => {
                asked.turn.send_modify(|turn| turn.restart(turn.attempt));
                self.hand_over(seat, asked);
            }
            Past::Joined => asked.turn.send_modify(|turn| {
                turn.taken = true;
                turn.finish(Outcome::Joined);
            }),
            Past::Turn(offset) => asked.turn.send_modify(|turn| {
                let path = self.setup.home.transcript(session).unwrap_or_default();
                if let Err(error) = recover::conclude(&path, offset, turn) {
                    tracing::warn!(%error, path = %path.display(), "the transcript is gone");
                    turn.finish(Outcome::BrokenOff);
                }
            }),
        }
    }

    /// What waits for an orphan stays in the spool.
    pub(super) fn leave_orphans(&mut self) {
        for (_, asked) in self.orphans.drain().flat_map(|(_, queue)| queue) {
            asked.turn.send_modify(|turn| {
                turn.taken = false;
                turn.finish(Outcome::Shutdown);
            });
        }
    }
}

fn wait(asked: &Asked) {
    asked.turn.send_modify(|turn| turn.phase = Phase::Waiting(Wait::Orphan));
}

/// Waits until a process is gone, and meanwhile shows in `turn` what it makes of its prompt.
async fn follow(home: Home, orphan: Young, shown: Option<(PromptId, watch::Sender<Turn>)>) {
    let (mut idle_since, mut absent_since) = (None, None);
    loop {
        let (home, shown) = (home.clone(), shown.clone());
        let look = move || {
            let same = |live: &Live| (live.pid, live.session) == (orphan.pid, orphan.session);
            let live = live::list(&home).into_iter().find(same)?;
            if let Some((prompt, turn)) = shown {
                refresh(&home, live.session, (prompt, &turn));
            }
            Some(live)
        };
        let live = spawn_blocking(look).await.ok().flatten();
        // An entry that is being written cannot be read.
        if since(&mut absent_since, live.is_none()) > ABSENT
            || (live.is_none() && !orphan.is_alive())
        {
            return;
        }
        if let Some(live) = live
            && since(&mut idle_since, live.status == Status::Idle) > LEAVES
        {
            tracing::info!(pid = live.pid, "ending a process of an earlier segue");
            live.kill();
        }
        sleep(LOOK).await;
    }
}

/// For how long something has held without a break, that holds now or not.
fn since(begun: &mut Option<Instant>, holds: bool) -> Duration {
    if !holds {
        *begun = None;
        return Duration::ZERO;
    }
    begun.get_or_insert_with(Instant::now).elapsed()
}

fn refresh(home: &Home, session: SessionId, (prompt, turn): (PromptId, &watch::Sender<Turn>)) {
    let Some(path) = home.transcript(session) else { return };
    if let Ok(Past::Turn(offset)) = recover::look(&path, prompt) {
        let mut new = turn.borrow().clone();
        if recover::refresh(&path, offset, &mut new).is_ok() {
            turn.send_replace(new);
        }
    }
}
