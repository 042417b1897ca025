//! The core of a session: what is known before a process starts, how it ends, and what became of
//! the prompts it had.

use std::{os::unix::process::ExitStatusExt, time::Duration};

use tokio::time::Instant;

use crate::{
    bridge::{
        outcome,
        prompt::{Prompt, PromptId, substitute_session},
        session::{
            Queued, Why,
            state::{Cause, Found, Holder, Prepared, Session, resumed},
            takeover::OPEN,
        },
        turn::Outcome,
    },
    claude::{
        live::Live,
        process::{Ended, Ending, LaunchError},
        session::SessionId,
    },
};

/// Time for the stream to catch up with the transcript: that may be ahead for a moment, when a
/// background task has ended and a turn of our own begins.
const CATCH_UP: Duration = Duration::from_millis(500);

/// How long nothing is started where a process was killed under its prompt: what killed it, mostly a
/// lack of memory or of disk, may be over then.
const REST: Duration = Duration::from_secs(1);

/// The same where it happened in another session before.
const LONGER_REST: Duration = Duration::from_secs(4);

impl Session {
    // ---- Before a start ----

    /// Who has the session is known.
    pub(super) fn prepared(&mut self, prepared: Prepared, now: Instant) {
        if !matches!(self.holder, Holder::Preparing) {
            return;
        }
        self.see_to = false;
        if prepared.exists {
            self.spec.conversation = resumed(self.spec.conversation);
        }
        self.at = prepared.at;
        self.spent = prepared.spent;
        self.holder = Holder::Free;
        if let Some(live) = prepared.live {
            self.opened(live, now);
        } else if let Some(process) = prepared.orphan {
            let pid = process.pid;
            tracing::info!(session = %self.id(), pid, "a process of an earlier segue is at work");
            self.follow_orphan(process, now);
        }
    }

    /// Somebody else has the session.
    fn opened(&mut self, live: Live, now: Instant) {
        match self.queue.front() {
            Some(head) if head.plan.is_some() => self.go_to_terminal(live, now),
            Some(_) => {
                self.holder = Holder::Nobody;
                self.ask_for_head(Box::new(live));
            }
            None => {
                self.refuse_controls(OPEN);
                self.over = Some(Why::Idle);
            }
        }
    }

    /// The system or the CLI's path refused a start.
    pub(super) fn not_started(&mut self, error: LaunchError) {
        self.holder = Holder::Nobody;
        self.refuse_controls(&error.to_string());
        let outcome = refused(error);
        if self.running.is_some() {
            self.finish(outcome.clone());
        }
        // What waits would fail in the same way, one start after the other.
        for queued in std::mem::take(&mut self.queue) {
            queued.finish(outcome.clone());
        }
        self.settle();
    }

    // ---- Another writer ----

    /// Whether the transcript holds a turn that our process did not tell.
    pub(super) fn compared(&mut self, stale: bool, now: Instant) {
        let waits = !self.queue.is_empty() || !self.controls.is_empty();
        let runs = self.running.is_some() || self.inside.is_some();
        let Some(ours) = self.ours() else { return };
        ours.comparing = false;
        if runs {
            return;
        }
        if !stale {
            // It counts for what waits for it alone: what comes later asks anew.
            (ours.is_current, ours.doubted) = (waits, None);
        } else if waits {
            tracing::info!(session = %self.id(), "continued elsewhere: resuming anew");
            self.end(Ending::Kill, Cause::Replaced);
        } else if ours.doubted.is_some_and(|at| at <= now) {
            self.end(Ending::Kill, Cause::Idle);
        } else {
            ours.doubted.get_or_insert(now + CATCH_UP);
        }
    }

    // ---- What became of a prompt ----

    pub(super) fn looked(&mut self, prompt: PromptId, found: Found) {
        if self.looking.take_if(|looking| *looking == prompt).is_none() {
            return;
        }
        let Some(index) = self.queue.iter().position(|queued| queued.prompt.id == prompt) else {
            return;
        };
        if let Found::Nothing = found {
            let queued = &mut self.queue[index];
            if queued.ended.take().is_some() {
                tracing::warn!(prompt = %prompt.0, "never reached the transcript: sending it again");
            }
            queued.may_have_run = false;
            // What a process had said that is gone, the next one says again.
            return queued.show(|turn| turn.restart(turn.attempt));
        }
        let Some(queued) = self.queue.remove(index) else { return };
        match found {
            Found::Nothing => {}
            Found::Joined => {
                queued.show(|turn| turn.taken = true);
                queued.finish(Outcome::Joined);
            }
            Found::Turn(turn) => match queued.ended.clone() {
                Some(outcome) => queued.finish(outcome),
                None => drop(queued.turn.send_replace(*turn)),
            },
            Found::Unreadable(message) => queued.finish(Outcome::Unreadable { message }),
        }
        self.settle();
    }

    // ---- The end of a process ----

    /// The process has closed its stdout: it ends.
    pub(super) fn ends(&mut self) {
        if let Holder::Ours(ours) = &self.holder {
            let stopped = ours.patience.is_some();
            tracing::debug!(unknown = ours.unknown, "lines of the CLI that say nothing we know");
            self.holder = Holder::Closing(Cause::Itself { stopped });
        }
    }

    /// The process is gone.
    pub(super) fn exited(&mut self, ended: &Ended, now: Instant) {
        let Holder::Closing(cause) = self.holder else { return };
        self.holder = Holder::Nobody;
        tracing::debug!(session = %self.id(), ?cause, status = ?ended.status, "the CLI has ended");
        self.state.send_modify(|state| (state.pid, state.background) = (None, 0));
        if let Some(asking) = self.asking.take() {
            asking.finish(Outcome::Silent);
        }
        match cause {
            Cause::Idle => {
                if self.queue.is_empty() && self.controls.is_empty() {
                    self.over = Some(Why::Idle);
                }
            }
            Cause::Replaced => {}
            Cause::Hanging => {
                if let Some(inside) = self.inside.take() {
                    inside.finish(Outcome::TakenBack);
                }
                self.finish(Outcome::Stopped);
            }
            Cause::Itself { stopped } => self.ended_itself(ended, stopped, now),
        }
    }

    fn ended_itself(&mut self, ended: &Ended, stopped: bool, now: Instant) {
        let taken = self.running.as_ref().is_some_and(|running| running.turn.borrow().taken);
        let session = self.id();
        if !taken && outcome::is_missing(&ended.stderr, &session.to_string()) {
            self.refuse_controls("the conversation is gone");
            self.over = Some(Why::NoConversation);
            return;
        }
        if self.running.is_none() {
            self.refuse_controls("Claude ended before it answered");
        }
        if let Some(inside) = self.inside.take() {
            self.queue.push_front(Queued { may_have_run: true, ..inside });
        }
        let Some(running) = self.running.take() else { return self.settle() };
        let first = !self.sent_again.contains(&running.prompt.id);
        let killed = ended.status.is_some_and(|status| status.signal().is_some());
        // A process before this one has made it: an id of ours is never anybody else's.
        let in_use = !taken && outcome::is_in_use(&ended.stderr, &session.to_string());
        if in_use {
            self.spec.conversation = resumed(self.spec.conversation);
        }
        if first && !stopped && (killed || in_use) && running.turn.borrow().occasion.is_none() {
            self.sent_again.insert(running.prompt.id);
            self.resting = killed.then(|| now + rest(&running.prompt, session));
            let ended = (!in_use).then(|| crashed(ended));
            self.queue.push_front(Queued { may_have_run: true, ended, ..running });
            return self.settle();
        }
        tracing::warn!(%session, status = ?ended.status, "the CLI ended in a turn");
        running.finish(if stopped { Outcome::Stopped } else { crashed(ended) });
        self.settle();
    }
}

/// How long to wait before a prompt is sent again whose process ended under it: once in its session,
/// and longer once more in the one that took the place of that.
fn rest(prompt: &Prompt, session: SessionId) -> Duration {
    let is_substitute = session == substitute_session(prompt.source, prompt.attempt);
    if is_substitute { LONGER_REST } else { REST }
}

/// What a process that could not be started means for its prompt.
fn refused(error: LaunchError) -> Outcome {
    match error {
        LaunchError::Missing(program) => Outcome::Missing { program },
        LaunchError::NoDirectory(directory) => Outcome::NoDirectory { directory },
        LaunchError::Refused(error) => Outcome::Crashed {
            how: format!("it could not be started: {error}"),
            stderr: String::new(),
        },
    }
}

fn crashed(ended: &Ended) -> Outcome {
    if ended.stderr.contains("unknown option") {
        return Outcome::TooOld { message: ended.stderr.clone() };
    }
    let how = ended.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
    Outcome::Crashed { how, stderr: ended.stderr.clone() }
}
