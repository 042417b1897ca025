//! The end of a process, and of a run.

use std::os::unix::process::ExitStatusExt;

use tokio::{sync::mpsc, task::spawn_blocking};

use crate::{
    bridge::{
        outcome,
        prompt::PromptId,
        recover::{self, Past},
        run::{
            Order, Over, Why,
            actor::{Actor, show},
        },
        turn::Outcome,
    },
    claude::process::{Conversation, Ended, Ending, LaunchError},
};

impl Actor {
    /// The process has closed its stdout. Some reason means that the run is over, too.
    pub(super) async fn process_ended(&mut self) -> Option<Why> {
        let ended = self.process.take()?.collect().await;
        self.pending.clear();
        self.tasks.clear();
        let unknown = std::mem::take(&mut self.unknown);
        tracing::debug!(unknown, "lines of the CLI that say nothing we know");
        self.state.send_modify(|state| (state.pid, state.background) = (None, 0));
        let started = self.current.as_ref().is_some_and(|asked| asked.turn.borrow().taken);
        if outcome::is_missing_conversation(&ended.stderr) && !started {
            return Some(Why::NoConversation);
        }
        if let Some(inside) = self.inside.take() {
            match self.past(inside.prompt.id).await {
                Past::Unread => self.waiting.push_front(inside),
                // Sent again it would run again.
                Past::Joined | Past::Turn(_) => show(&inside, |turn| {
                    turn.taken = true;
                    turn.finish(Outcome::Joined);
                }),
            }
        }
        let session = self.seat.conversation.session();
        if !started && ended.stderr.contains("is already in use") {
            // A run before this one has made it: an id of ours is never anybody else's.
            self.seat.conversation = Conversation::Resume(session);
            self.waiting.extend(self.current.take());
            self.waiting.rotate_right(1);
            return None;
        }
        if self.is_lost(&ended).await {
            tracing::warn!(%session, "the CLI was killed before it had the prompt: sending it again");
            if let Some(current) = &self.current {
                // What it had said already it says again.
                show(current, |turn| turn.restart(turn.attempt));
            }
            self.waiting.extend(self.current.take());
            self.waiting.rotate_right(1);
            return None;
        }
        if self.current.is_some() {
            tracing::warn!(%session, status = ?ended.status, "the CLI ended in a turn");
        }
        let outcome = crashed(&ended);
        if self.patience.is_some() {
            self.finish(Outcome::Stopped);
        } else {
            self.finish(outcome);
        }
        None
    }

    /// Whether the running prompt went down with a process that was killed, and stands nowhere. Once
    /// for each prompt: what kills the CLI twice is shown.
    async fn is_lost(&mut self, ended: &Ended) -> bool {
        let killed = ended.status.is_some_and(|status| status.signal().is_some());
        let Some(current) = self.current.as_ref().filter(|_| killed && self.patience.is_none())
        else {
            return false;
        };
        let prompt = current.prompt.id;
        if self.sent_again.replace(prompt) == Some(prompt) {
            return false;
        }
        self.past(prompt).await == Past::Unread
    }

    /// What the transcript holds of a prompt.
    fn past(&self, prompt: PromptId) -> impl Future<Output = Past> + Send + use<> {
        let home = self.settings.home.clone();
        let session = self.seat.conversation.session();
        let look = move || recover::look(&home.transcript(session)?, prompt).ok();
        async move { spawn_blocking(look).await.ok().flatten().unwrap_or(Past::Unread) }
    }

    pub(super) async fn close(
        mut self,
        why: Why,
        mut orders: mpsc::UnboundedReceiver<Order>,
    ) -> Over {
        orders.close();
        let busy = self.current.is_some();
        if let Some(process) = self.process.take() {
            process.end(if busy { Ending::Polite } else { Ending::Kill }).await;
        }
        let mut unsent = Vec::new();
        if why == Why::NoConversation {
            unsent.extend(self.current.take());
        }
        if let Some(current) = self.current.take() {
            show(&current, |turn| turn.finish(Outcome::Shutdown));
        }
        unsent.extend(self.inside.take());
        unsent.extend(self.waiting.drain(..));
        while let Ok(order) = orders.try_recv() {
            if let Order::Ask(asked) = order {
                unsent.push(*asked);
            }
        }
        let session = self.seat.conversation.session();
        Over { session, directory: self.seat.directory, why, unsent }
    }
}

/// What a process that could not be started means for its prompt.
pub(super) fn refused(error: LaunchError) -> Outcome {
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
