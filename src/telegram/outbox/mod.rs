//! The only writer to Telegram.
//!
//! Takes screens and brings them into chats, at the pace that Telegram allows and through all of
//! its penalties, lost connections and moved groups. What is *durable* (answers, questions,
//! notices) arrives, in order per place; of *repaints* the latest wins, and an answer never waits
//! behind them. It knows nothing of what the screens say.
//!
//! One task owns all queues and budgets; each call is a task of its own, at most one per chat.

mod budget;
mod chat;
pub(crate) mod job;
#[cfg(test)]
mod offline;
mod outcome;
mod queue;
mod schedule;
#[cfg(test)]
mod simulation;
mod upload;
mod worker;

use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout_at;
use tokio_util::sync::CancellationToken;

use crate::bridge::place::Place;
use crate::telegram::client::Client;
use crate::telegram::outbox::job::{Act, Durable, Fleeting};
use crate::telegram::outbox::upload::Upload;
use crate::telegram::outbox::worker::Worker;
use crate::telegram::outgoing::ByteCounter;
use crate::telegram::outgoing::OutgoingFile;
use crate::telegram::screen::Screen;

pub use budget::{Pace, Rate};
pub use job::{Repaint, RepaintOutcome, SendError, SendOptions, Sent, Sound};

/// Where screens are given in. Clones write to the same chats.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// Without bound, because nobody who gives a message in may be made to wait for Telegram:
    /// the task behind it never waits either and keeps this empty. Painters bound their repaints
    /// themselves, each waiting for its last.
    orders: mpsc::UnboundedSender<Order>,
}

/// Messages were still waiting when the time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("messages are still waiting to be sent")]
pub struct Unsent;

enum Order {
    Upload(Upload),
    Durable(Durable),
    Fleeting(Fleeting),
    Answer(String, Option<String>),
    Flush(oneshot::Sender<()>),
}

impl Outbox {
    /// Starts the outbox. It ends when it is cancelled, or when all clones are gone and all that
    /// is durable was sent; what is unsent then resolves to [`SendError::Ended`].
    pub fn start(client: Client, pace: Pace, cancel: CancellationToken) -> (Self, JoinHandle<()>) {
        let (orders, inbox) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let worker = Worker::new(client, pace);
            tokio::select! {
                biased;
                () = cancel.cancelled() => {}
                () = worker.run(inbox) => {}
            }
        });
        (Self { orders }, task)
    }

    /// Sends a message: durable, after all that was given in before for the same place.
    pub fn send(&self, place: Place, screen: Screen, how: SendOptions) -> Sent {
        self.durable(place, Act::Send(screen, how))
    }

    /// Sends a file, in the same way as a message.
    pub fn send_file(&self, place: Place, file: OutgoingFile, how: SendOptions) -> Sent {
        self.durable(place, Act::File(file, how))
    }

    /// Sends a large file beside all else, in no order with it; the counter tells how far it is.
    pub fn send_large(
        &self,
        place: Place,
        file: (OutgoingFile, SendOptions),
        counter: ByteCounter,
    ) -> Sent {
        let (job, sent) = Upload::new(place, file, counter);
        self.order(Order::Upload(job));
        sent
    }

    /// Changes a message for good: durable. One that is gone is sent anew, without sound.
    pub fn edit(&self, place: Place, id: i32, screen: Screen) -> Sent {
        self.durable(place, Act::Edit(id, screen))
    }

    /// Changes a message for now: a newer repaint, a durable edit or deletion of the same message
    /// takes its place.
    pub fn repaint(&self, place: Place, id: i32, screen: Screen) -> Repaint {
        let (job, painted) = Fleeting::repaint(place, id, screen);
        self.order(Order::Fleeting(job));
        painted
    }

    /// Deletes a message: durable. One that is gone, or too old to delete, is as good.
    pub fn delete(&self, place: Place, id: i32) -> Sent {
        self.durable(place, Act::Delete(id))
    }

    /// Answers the press of a button, at once and outside of all budgets. A notice is cut after
    /// 200 characters.
    pub fn answer(&self, callback_id: String, notice: Option<String>) {
        self.order(Order::Answer(callback_id, notice));
    }

    /// Waits until all that is durable and was given in before is sent or lost.
    pub async fn flush(&self, deadline: Instant) -> Result<(), Unsent> {
        let (done, flushed) = oneshot::channel();
        self.order(Order::Flush(done));
        match timeout_at(deadline.into(), flushed).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Unsent),
        }
    }

    /// Whether the outbox has ended: what is given in now goes nowhere.
    pub fn is_ended(&self) -> bool {
        self.orders.is_closed()
    }

    fn durable(&self, place: Place, act: Act) -> Sent {
        let (job, sent) = Durable::new(place, act);
        self.order(Order::Durable(job));
        sent
    }

    fn order(&self, order: Order) {
        // After the end, the dropped order tells whoever waits for it.
        let _ = self.orders.send(order);
    }
}
