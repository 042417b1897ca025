//! The order of answers: those of a place leave in the order in which their turns have ended.
//!
//! Each turn is painted by a task of its own, so of two that end within a moment the second could
//! be the first in the chat. Before it sends, a painter waits here for those whose turns ended
//! before its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::bridge::{place::Place, turn::Turn};

/// Where the painters of all turns pass. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct AnswerOrder(Arc<Mutex<Vec<PendingAnswer>>>);

/// A turn whose answer has not passed.
#[derive(Clone, Debug)]
struct PendingAnswer {
    place: Place,
    turn: watch::Receiver<Turn>,
    passed: CancellationToken,
}

/// The right to pass, once.
#[derive(Debug)]
pub(super) struct AnswerSlot {
    answer_order: AnswerOrder,
    of: PendingAnswer,
}

impl AnswerOrder {
    /// A ticket for the answer of a turn.
    pub(super) fn slot(&self, place: Place, turn: watch::Receiver<Turn>) -> AnswerSlot {
        let of = PendingAnswer { place, turn, passed: CancellationToken::new() };
        self.lock().push(of.clone());
        AnswerSlot { answer_order: self.clone(), of }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PendingAnswer>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| !one.passed.is_cancelled());
        waiting
    }
}

impl AnswerSlot {
    /// Waits until all have passed whose turns ended before this one, which has ended.
    pub(super) async fn next(&self) {
        let Some(ended) = self.of.turn.borrow().ended else { return };
        let before = |other: &&PendingAnswer| {
            other.place == self.of.place
                && other.turn.borrow().ended.is_some_and(|other| other < ended)
        };
        let before: Vec<_> = self.answer_order.lock().iter().filter(before).cloned().collect();
        for other in before {
            other.passed.cancelled().await;
        }
    }

    /// Has passed: what comes behind may go.
    pub(super) fn pass(&self) {
        self.of.passed.cancel();
    }
}

impl Drop for AnswerSlot {
    fn drop(&mut self) {
        self.pass();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, timeout};
    use uuid::Uuid;

    use super::*;
    use crate::{
        bridge::{
            prompt::{Prompt, Source},
            turn::Outcome,
        },
        claude::session::SessionId,
    };

    fn turn(chat: i64) -> (Place, watch::Sender<Turn>) {
        let place = Place { chat, thread: None };
        let prompt = Prompt::new(Source { bot: 1, place, message: 2 }, "sow", 0);
        let turn = Turn::new(&prompt, SessionId(Uuid::nil()), Instant::now());
        (place, watch::channel(turn).0)
    }

    fn end(turn: &watch::Sender<Turn>) {
        turn.send_modify(|turn| turn.finish(Outcome::Answered));
    }

    async fn waits(slot: &AnswerSlot) -> bool {
        timeout(Duration::from_millis(20), slot.next()).await.is_err()
    }

    #[tokio::test]
    async fn answers_pass_in_the_order_in_which_their_turns_ended() {
        let answer_order = AnswerOrder::default();
        let (place, first) = turn(1);
        let (_, second) = turn(1);
        let (elsewhere, third) = turn(2);
        let [one, two] = [&first, &second].map(|turn| answer_order.slot(place, turn.subscribe()));
        let three = answer_order.slot(elsewhere, third.subscribe());
        end(&second);
        assert!(!waits(&two).await, "the other is still running");
        end(&first);
        end(&third);
        assert!(waits(&one).await, "the other ended before");
        assert!(!waits(&three).await, "another place");
        drop(two);
        assert!(!waits(&one).await);
    }
}
