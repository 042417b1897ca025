//! Prompts that an earlier process left, and turns that outlived it.
//!
//! There is no special path: what the spool holds goes the way of every prompt, which begins by
//! looking whether it has run. A turn that a process of ours still works on is followed in the
//! transcript; what comes meanwhile for its session waits, in order.

use std::time::{Duration, Instant as Clock};

use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep},
};

use crate::{
    app::{App, intake::spoken, prompts::Sending},
    bridge::{
        binding::Binding,
        prompt::{Prompt, PromptId},
        recover::{self, Past},
        run::{Asked, Seat},
        spool::{Came, Found, Kept, Leg, Start},
        turn::{Outcome, Phase, Turn, Wait},
    },
    claude::{
        home::Home,
        live::{self, Live},
        process::Conversation,
        session::{SessionId, Status},
    },
    screens::notice,
    telegram::{
        button::Tap,
        decode::decode,
        intent::{Command, Intent},
        later::GO_ON,
        update::ChatKind,
        wording,
    },
};

/// How often a turn of a process that is not our child is looked at: it tells nobody when it
/// changes.
const LOOK: Duration = Duration::from_millis(250);
/// An orphan leaves by itself when its turn is over, and writes until then. One that idles longer
/// has something in the background and is ended.
const LEAVES: Duration = Duration::from_secs(3);

/// Prompts that wait until an orphan is gone.
pub(super) type Queue = Vec<(Seat, Asked)>;

impl App {
    /// Takes up what is in the spool.
    pub(super) fn recover(&mut self, found: Found) {
        for name in &found.damaged {
            tracing::error!(name, "a file of the spool cannot be read: set aside");
            self.tell_owners(&notice::damaged(name));
        }
        for kept in found.kept {
            let (id, place) = (kept.id, decode(&kept.raw, self.setup.me.id).place());
            tracing::info!(prompt = %id, "taking up a prompt that was left");
            if self.guarded(place, |app| app.take_up(kept)).is_none() {
                self.spool.set_aside(id);
            }
        }
    }

    fn take_up(&mut self, kept: Kept) {
        let intent = self.setup.door.open(decode(&kept.raw, self.setup.me.id));
        let Some((prompt, group)) =
            self.prompt_in(&intent).filter(|(prompt, _)| prompt.id.0 == kept.id)
        else {
            tracing::warn!(prompt = %kept.id, "nothing is asked there any more: set aside");
            return self.spool.set_aside(kept.id);
        };
        let (id, source) = (prompt.id, prompt.source);
        self.left.insert(source);
        match kept.leg {
            None => match intent {
                Intent::Tap(Tap::Later(later), _) => {
                    self.continue_later(later, Sending { prompt, session: None, group });
                }
                intent => self.intent(intent),
            },
            Some(leg) => {
                let binding = Binding {
                    fresh: leg.start == Start::New,
                    ..Binding::to(leg.directory.clone(), leg.session)
                };
                if leg.bound && self.ledger.is_older(source.place, kept.at) {
                    self.ledger.point(source.place, binding.clone());
                }
                let (session, exists) = (leg.session, self.setup.home.transcript(leg.session));
                match leg.start {
                    Start::Fork(of) if exists.is_none() => {
                        let fork = Conversation::Fork { of, into: session };
                        self.ask(self.seat(source.place, leg.directory, fork), prompt);
                    }
                    _ => {
                        let sending = Sending { prompt, session: Some(session), group };
                        self.route(sending, &binding, session);
                    }
                }
            }
        }
        self.rest(id);
    }

    /// The prompt that an update brings, and whether others read along.
    pub(super) fn prompt_in(&self, intent: &Intent) -> Option<(Prompt, bool)> {
        match intent {
            Intent::Prompt(asking) => {
                let message = &asking.message;
                let source = self.source(message.place, message.id);
                let group = message.chat == ChatKind::Group;
                let prompt = spoken(source, &wording::of(message), &message.text);
                Some((prompt.with(message.extra.file.clone()), group))
            }
            Intent::Command(Command::New(Some(text)), message) => {
                let source = self.source(message.place, message.id);
                Some((Prompt::typed(source, text, 0), message.chat == ChatKind::Group))
            }
            Intent::Tap(tap, press) => {
                let Sending { prompt, group, .. } = self.taken_along(tap, press)?;
                Some((again(tap, prompt), group))
            }
            _ => None,
        }
    }

    /// Whether an update came before and was seen to its end: a prompt that ran is in the spool
    /// until its answer is in the chat.
    pub(super) fn is_answered(&self, prompt: &Prompt) -> bool {
        let session = self.ledger.session_of(prompt.source);
        let transcript = session.and_then(|session| self.setup.home.transcript(session));
        transcript.is_some_and(|path| recover::holds(&path, prompt.id).unwrap_or_default())
    }

    /// A prompt that may have run goes no further where its session holds it.
    pub(super) fn unless_run(&mut self, sending: Sending, session: SessionId) -> Option<Sending> {
        let id = sending.prompt.id;
        let came = self.spool.get(id).map_or(Came::New, |(_, came)| came);
        // What a terminal has is followed there.
        if came == Came::New
            || self.past(id, session) == Past::Unread
            || self.holder(session).is_some()
        {
            return Some(sending);
        }
        if came == Came::Perhaps {
            tracing::info!(prompt = %id.0, "came again and was answered: nothing to do");
            self.spool.remove(id);
            return None;
        }
        let bound = self.spool.get(id).and_then(|(kept, _)| kept.leg);
        let directory = self.found(session).map(|found| found.project);
        let directory = directory.or(bound.map(|leg| leg.directory)).unwrap_or_default();
        let place = sending.prompt.source.place;
        self.ask(self.seat(place, directory, Conversation::Resume(session)), sending.prompt);
        None
    }

    fn past(&self, prompt: PromptId, session: SessionId) -> Past {
        let Some(path) = self.setup.home.transcript(session) else { return Past::Unread };
        recover::look(&path, prompt).unwrap_or_else(|error| {
            tracing::warn!(%error, path = %path.display(), "the transcript cannot be read");
            Past::Unread
        })
    }

    /// Writes down where a prompt goes, before it goes there.
    pub(super) fn note_leg(&mut self, seat: &Seat, prompt: &Prompt) {
        let session = seat.conversation.session();
        let bound = self.ledger.binding(prompt.source.place);
        let leg = Leg {
            directory: seat.directory.clone(),
            session,
            start: seat.conversation.into(),
            bound: bound.is_some_and(|binding| binding.session == Some(session)),
        };
        self.keep(prompt.id, Some(leg));
    }

    /// Writes a prompt into the spool. Where that cannot be done it goes on without.
    fn keep(&mut self, prompt: PromptId, leg: Option<Leg>) {
        let kept = self.spool.keep(prompt, leg);
        if let Err(error) = &kept
            && !self.spool_failed
        {
            tracing::error!(%error, "the spool takes no files: a crash would lose prompts");
        }
        self.spool_failed = kept.is_err();
    }

    /// A prompt that no run has taken is done with when what was said about it is in the chat.
    pub(super) fn rest(&mut self, prompt: PromptId) {
        let Some(number) = self.spool.number(prompt).filter(|_| !self.runs.is_shown(prompt)) else {
            return;
        };
        self.keep(prompt, self.spool.get(prompt).and_then(|(kept, _)| kept.leg));
        if self.later.holds(prompt) {
            return;
        }
        let (outbox, spool) = (self.outbox.clone(), self.spool.clone());
        self.painters.spawn(async move {
            while outbox.flush(Clock::now() + LEAVES).await.is_err() {
                if outbox.is_ended() {
                    return;
                }
            }
            spool.remove_if(prompt, number);
        });
    }

    // ---- Orphans ----

    /// Hands a prompt to the run of its session, or shows what became of it before.
    pub(super) fn hand(&mut self, seat: Seat, asked: Asked) {
        let session = seat.conversation.session();
        if let Some(queue) = self.orphans.get_mut(&session) {
            wait(&asked);
            return queue.push((seat, asked));
        }
        let Some(live) = self.orphan(session) else { return self.give(seat, asked) };
        tracing::info!(%session, pid = live.pid, "a process of an earlier segue is at work");
        wait(&asked);
        let (home, turn, prompt) = (self.setup.home.clone(), asked.turn.clone(), asked.prompt.id);
        self.orphans.insert(session, vec![(seat, asked)]);
        self.followers.spawn(async move {
            follow(home, live, (prompt, turn)).await;
            session
        });
    }

    /// A process that an earlier segue left behind in a session.
    fn orphan(&self, session: SessionId) -> Option<Live> {
        let holds =
            |live: &Live| live.session == session && live.is_orphan() && !self.runs.has(live.pid);
        live::list(&self.setup.home).into_iter().find(holds)
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
        let came = self.spool.get(id).map_or(Came::New, |(_, came)| came);
        let past = if came == Came::New { Past::Unread } else { self.past(id, session) };
        match past {
            Past::Unread => {
                asked.turn.send_modify(|turn| turn.phase = Phase::Starting);
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

/// The prompt that a button sends, as its attempt.
fn again(tap: &Tap, prompt: Prompt) -> Prompt {
    match tap {
        Tap::Again(_, attempt) => Prompt::new(prompt.source, prompt.text, *attempt),
        Tap::GoOn(_, attempt) => Prompt::new(prompt.source, GO_ON, *attempt),
        Tap::Later(later) => later.prompt(prompt),
        _ => prompt,
    }
}

fn wait(asked: &Asked) {
    asked.turn.send_modify(|turn| turn.phase = Phase::Waiting(Wait::Orphan));
}

/// Waits until a process is gone, and meanwhile shows in `turn` what it makes of its prompt.
async fn follow(home: Home, live: Live, (prompt, turn): (PromptId, watch::Sender<Turn>)) {
    let mut idle_since = None;
    loop {
        let (home, turn, wanted) = (home.clone(), turn.clone(), (live.pid, live.session));
        let look = move || {
            let same = |live: &Live| (live.pid, live.session) == wanted;
            let live = live::list(&home).into_iter().find(same)?;
            refresh(&home, live.session, (prompt, &turn));
            Some(live)
        };
        let Some(live) = spawn_blocking(look).await.ok().flatten() else { return };
        if live.status == Status::Idle {
            let since: Instant = *idle_since.get_or_insert_with(Instant::now);
            if since.elapsed() > LEAVES {
                tracing::info!(pid = live.pid, "ending a process of an earlier segue");
                live.kill();
            }
        } else {
            idle_since = None;
        }
        sleep(LOOK).await;
    }
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
