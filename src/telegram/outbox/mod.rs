//! The only writer to Telegram.
//!
//! Takes screens and brings them into chats, at the pace that Telegram allows and through all of
//! its penalties, lost connections and moved groups. It knows nothing of what the screens say.
//!
//! 1. What is *durable* (messages, files, topics) ends as sent, gone or refused, and whoever gave it
//!    in hears which. It is tried for as long as Telegram cannot be reached.
//! 2. Messages of a place go in the order in which they were given in.
//! 3. Nothing stays in front of a queue for ever: what Telegram refuses goes plainer at each try,
//!    what Telegram itself fails at counts as refused, and files have a lane of their own and an end.
//! 4. Messages go before files, and both before signals: of *signals* (repaints, reactions, typing)
//!    only the newest counts.
//! 5. A penalty holds back its own chat, files included, and no other.
//!
//! One task owns all queues and budgets (`worker`); each call is a task of its own.
//!
//! | Module | |
//! |---|---|
//! | `job` | what is asked for, and what is answered |
//! | `worker` | the task |
//! | `schedule` | which call goes next, over all chats |
//! | `chat` | what waits for one chat, and what may go when |
//! | `queue`, `signals` | its messages; its repaints, reactions and typing |
//! | `budget` | how fast calls may follow each other |
//! | `outcome`, `tries` | what becomes of what was refused, and when it was tried enough |
//! | `send` | a call as a request to the Bot API |

mod budget;
mod chat;
mod job;
#[cfg(test)]
mod offline;
mod outcome;
mod queue;
mod schedule;
mod send;
mod signals;
#[cfg(test)]
mod simulation;
mod tries;
mod worker;

use std::convert::Infallible;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bridge::place::Place;
use crate::telegram::client::Client;
use crate::telegram::outbox::job::{Act, Job, Signal};
use crate::telegram::outbox::worker::{Order, Worker};
use crate::telegram::outgoing::OutgoingFile;
use crate::telegram::screen::Screen;

pub use budget::{Pace, Rate};
pub use job::{
    Reacted, Reaction, ReactionOutcome, Repaint, RepaintOutcome, Scope, SendError, SendOptions,
    Sent, Sound, Typing,
};

/// Where screens are given in. Clones write to the same chats.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// Without bound, because nobody who gives a message in may be made to wait for Telegram:
    /// the task behind it never waits either and keeps this empty. Painters bound their repaints
    /// themselves, each waiting for its last.
    orders: mpsc::UnboundedSender<Order>,
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

    // ---- Durable ----

    /// Sends a message, after all that was given in before for the same place.
    pub fn send(&self, place: Place, screen: Screen, how: SendOptions) -> Sent {
        self.push(place, Act::Send(screen, how))
    }

    /// Sends a file, after the files that were given in before for the same chat, and in no order
    /// with messages. It is tried for a while, not for ever.
    pub fn send_file(&self, place: Place, file: OutgoingFile, how: SendOptions) -> Sent {
        self.push(place, Act::File(file, how))
    }

    /// Changes a message for good. One that is gone is sent anew, without sound.
    pub fn edit(&self, place: Place, id: i32, screen: Screen) -> Sent {
        self.push(place, Act::Edit(id, screen))
    }

    /// Deletes a message. One that is gone, or too old to delete, is as good.
    pub fn delete(&self, place: Place, id: i32) -> Sent {
        self.push(place, Act::Delete(id))
    }

    /// Pins a message to the top of its chat, without a sound.
    pub fn pin(&self, place: Place, id: i32) -> Sent {
        self.push(place, Act::Pin(id))
    }

    /// Takes a message from the top of its chat.
    pub fn unpin(&self, place: Place, id: i32) -> Sent {
        self.push(place, Act::Unpin(id))
    }

    /// Makes a topic in a chat; its id is that of the thread. A name has 1 to 128 characters.
    pub fn create_topic(&self, chat: i64, name: String) -> Sent {
        self.push(Place { chat, thread: None }, Act::CreateTopic(name))
    }

    /// Gives the topic of a place another name.
    pub fn rename_topic(&self, place: Place, name: String) -> Sent {
        self.push(place, Act::RenameTopic(name))
    }

    /// Closes the topic of a place: nobody but admins writes there any more.
    pub fn close_topic(&self, place: Place) -> Sent {
        self.push(place, Act::CloseTopic)
    }

    /// Opens a closed topic again.
    pub fn reopen_topic(&self, place: Place) -> Sent {
        self.push(place, Act::ReopenTopic)
    }

    /// Deletes the topic of a place with all its messages.
    pub fn delete_topic(&self, place: Place) -> Sent {
        self.push(place, Act::DeleteTopic)
    }

    // ---- Signals ----

    /// Changes a message for now: a newer repaint, a durable edit or deletion of the same message
    /// takes its place.
    pub fn repaint(&self, place: Place, id: i32, screen: Screen) -> Repaint {
        let (signal, repaint) = Signal::repaint(place, id, screen);
        self.order(Order::Signal(signal));
        repaint
    }

    /// Sets the bot's reaction on a message, or takes it away. A newer one takes its place.
    pub fn react(&self, place: Place, message: i32, reaction: Option<Reaction>) -> Reacted {
        let (signal, reacted) = Signal::reaction(place, message, reaction);
        self.order(Order::Signal(signal));
        reacted
    }

    /// Shows that the bot writes, again and again until the guard is dropped.
    pub fn typing(&self, place: Place) -> Typing {
        let (signal, typing) = Signal::typing(place, Instant::now());
        self.order(Order::Signal(signal));
        typing
    }

    // ---- The rest ----

    /// Answers the press of a button, at once and outside of all budgets. A notice is cut after
    /// 200 characters.
    pub fn answer(&self, callback_id: String, notice: Option<String>) {
        self.order(Order::Answer(callback_id, notice));
    }

    /// Waits until what is durable and was given in before is sent or lost; what is given in
    /// meanwhile is not waited for. The error is [`SendError::Ended`].
    pub async fn flush(&self, scope: Scope) -> Result<(), SendError> {
        let (flush, mut held) = mpsc::channel::<Infallible>(1);
        self.order(Order::Flush(scope, flush));
        // Nobody sends: it ends when the last job that holds a sender has ended.
        held.recv().await;
        if self.is_ended() { Err(SendError::Ended) } else { Ok(()) }
    }

    /// Whether the outbox has ended: what is given in now goes nowhere.
    pub fn is_ended(&self) -> bool {
        self.orders.is_closed()
    }

    fn push(&self, place: Place, act: Act) -> Sent {
        let (job, sent) = Job::new(place, act);
        self.order(Order::Push(job));
        sent
    }

    fn order(&self, order: Order) {
        // After the end, the dropped order tells whoever waits for it.
        let _ = self.orders.send(order);
    }
}
