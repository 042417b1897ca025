//! A prompt for a session that a terminal on the laptop has: sent there and followed in the
//! transcript, or kept until the terminal is ended.
//!
//! The terminal tells nothing: what it does stands in the registry, what is said there in the
//! transcript. Both are looked at when Claude's directory changes. The answer fills the same turn
//! that a run of ours would fill. What the person has chosen may change while it goes on.

use std::{
    ffi::OsString,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, OwnedMutexGuard, watch},
    time::timeout,
};

use crate::{
    bridge::{
        prompt::{Prompt, PromptId},
        run::{Activity, Asked, State},
        tail::Tail,
        terminal::{Terminal, Trouble},
        turn::{Outcome, Phase, Wait},
    },
    claude::{
        home::Home,
        inbox,
        live::Live,
        process,
        session::{SessionId, Status},
    },
};

/// How often it is looked even when nothing seems to change.
const LOOK: Duration = Duration::from_secs(1);
/// How long a terminal may take to end after it was told to: it says goodbye and writes its costs.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is to be done with a prompt whose session a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It goes into the terminal.
    Send,
    /// The terminal is ended, and the prompt goes on in a run of ours.
    TakeOver(When),
    /// It is not sent, if that is still possible.
    TakeBack,
    /// We are shutting down.
    Leave,
}

/// When a terminal is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once; the turn it is in is lost.
    Now,
    /// When it does nothing.
    Idle,
}

/// What is needed to bring a prompt through a terminal, or past it.
#[derive(Debug)]
pub struct Errand {
    /// Claude's directory.
    pub home: Home,
    /// Path or name of the CLI.
    pub program: PathBuf,
    /// Variables that the CLI gets beyond our own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The session.
    pub session: SessionId,
    /// The process that has it.
    pub holder: Live,
    /// The prompts for one session go one after the other.
    pub queue: Arc<Mutex<()>>,
    /// What to do; it may change at any time.
    pub plan: watch::Receiver<Plan>,
    /// Changes with Claude's directory.
    pub beat: watch::Receiver<u64>,
    /// A run of ours that may still be in a turn of the session.
    pub run: Option<watch::Receiver<State>>,
}

impl Errand {
    /// Brings a prompt to its end, or back: then the session is free, and a run of ours is to
    /// answer it.
    pub async fn run(mut self, asked: Asked) -> Option<Asked> {
        asked.turn.send_modify(|turn| {
            turn.phase = Phase::Waiting(Wait::Terminal);
            turn.terminal = Some(Terminal::default());
        });
        let mut ready = Box::pin(ready(Arc::clone(&self.queue), self.run.take()));
        let _mine = loop {
            match *self.plan.borrow_and_update() {
                Plan::TakeBack => return finish(&asked, Outcome::TakenBack),
                Plan::Leave => return finish(&asked, Outcome::Shutdown),
                Plan::Send | Plan::TakeOver(_) => {}
            }
            tokio::select! {
                mine = &mut ready => break mine,
                changed = self.plan.changed() => if changed.is_err() { return None },
            }
        };
        let prompt = asked.prompt.id;
        let mut tail = Tail::find(&self.home, self.session, prompt.0).await;
        loop {
            if let Some(end) = self.step(&asked, &mut tail).await {
                return match end {
                    End::Over(outcome) => finish(&asked, outcome),
                    End::Free => Some(freed(asked, &tail)),
                };
            }
            tokio::select! {
                changed = self.plan.changed() => if changed.is_err() { return None },
                _ = timeout(LOOK, self.beat.changed()) => {}
            }
        }
    }

    async fn step(&mut self, asked: &Asked, tail: &mut Tail) -> Option<End> {
        let plan = *self.plan.borrow_and_update();
        let now = self.holder.now(&self.home);
        let moved = now.as_ref().is_some_and(|live| live.session != self.session);
        if moved || !self.holder.is_alive() {
            // What it wrote last is read once more.
            return match tail.read(&asked.turn).await {
                Some(outcome) => Some(End::Over(outcome)),
                None if tail.taken => Some(End::Over(Outcome::Terminal(Trouble::Closed))),
                None => Some(End::Free),
            };
        }
        let status = now.as_ref().map_or(Status::Busy, |live| live.status);
        let waits = now.and_then(|live| live.waiting_for).filter(|_| status == Status::Waiting);
        let leaving = matches!(plan, Plan::TakeOver(_));
        asked.turn.send_if_modified(|turn| {
            let shown = Some(Terminal { leaving, waits });
            let is_new = turn.terminal != shown;
            turn.terminal = shown;
            is_new
        });
        match plan {
            Plan::Send if !tail.sent => self.send(asked, tail).await,
            Plan::TakeBack if !tail.sent => Some(End::Over(Outcome::TakenBack)),
            Plan::Leave => Some(End::Over(Outcome::Shutdown)),
            Plan::TakeOver(When::Now) => Some(self.take_over(asked, tail).await),
            Plan::TakeOver(When::Idle) if status == Status::Idle && !tail.sent => {
                Some(self.take_over(asked, tail).await)
            }
            Plan::TakeOver(When::Idle) if !tail.sent => None,
            Plan::Send | Plan::TakeBack | Plan::TakeOver(When::Idle) => {
                tail.watch(&asked.turn, status, Instant::now()).await.map(End::Over)
            }
        }
    }

    async fn send(&self, asked: &Asked, tail: &mut Tail) -> Option<End> {
        let Prompt { id: PromptId(id), text, .. } = &asked.prompt;
        let sent = match &self.holder.socket {
            Some(socket) => inbox::send(socket, *id, text).await.is_ok(),
            None => false,
        };
        tracing::info!(session = %self.session, pid = self.holder.pid, sent, "to the terminal");
        tail.sent = sent;
        (!sent).then_some(End::Over(Outcome::Terminal(Trouble::Deaf)))
    }

    /// Ends the terminal and waits until it is gone.
    async fn take_over(&mut self, asked: &Asked, tail: &mut Tail) -> End {
        tracing::info!(session = %self.session, pid = self.holder.pid, "taking over");
        match &self.holder.job {
            Some(job) => {
                process::stop(&self.program, job, &self.environment).await;
            }
            None => self.holder.terminate(),
        }
        let deadline = Instant::now() + PATIENCE;
        while self.holder.is_alive() {
            if Instant::now() > deadline {
                return End::Over(Outcome::Terminal(Trouble::Stays));
            }
            let _ = timeout(LOOK / 20, self.beat.changed()).await;
        }
        // Its turn may have ended at the last moment.
        tail.read(&asked.turn).await.map_or(End::Free, End::Over)
    }
}

/// Waits until the prompts before are done, and a turn of ours in the same session.
async fn ready(queue: Arc<Mutex<()>>, run: Option<watch::Receiver<State>>) -> OwnedMutexGuard<()> {
    let mine = queue.lock_owned().await;
    if let Some(mut run) = run {
        let _ = run.wait_for(|state| matches!(state.activity, Activity::Idle(_))).await;
    }
    mine
}

enum End {
    Over(Outcome),
    /// The session is free, and the prompt is not answered.
    Free,
}

fn finish(asked: &Asked, outcome: Outcome) -> Option<Asked> {
    asked.turn.send_modify(|turn| turn.finish(outcome));
    None
}

/// The prompt for a run of ours. What stands in the transcript broken off is a new attempt: the CLI
/// does not run the old one again.
fn freed(mut asked: Asked, tail: &Tail) -> Asked {
    if tail.taken {
        let attempt = asked.prompt.attempt + 1;
        asked.prompt.id = PromptId::of(asked.prompt.source, attempt);
        asked.prompt.attempt = attempt;
    }
    let attempt = asked.prompt.attempt;
    asked.turn.send_modify(|turn| turn.restart(attempt));
    asked
}
