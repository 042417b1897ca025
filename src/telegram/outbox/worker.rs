//! The task behind an outbox: brings orders into the schedule, calls out of it, and outcomes back.
//!
//! It owns the schedule alone and waits for nothing but the next thing to happen.

use std::collections::HashMap;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, sleep_until};
use tracing::{debug, error};

use crate::telegram::backoff;
use crate::telegram::client::Client;
use crate::telegram::outbox::Order;
use crate::telegram::outbox::budget::Pace;
use crate::telegram::outbox::schedule::{Next, Schedule};
use crate::telegram::refusal::Refusal;
use crate::telegram::send;

/// The task behind an outbox.
pub(super) struct Worker {
    client: Client,
    schedule: Schedule,
    calls: JoinSet<Result<i32, Refusal>>,
    /// The chat of each call on its way.
    chats: HashMap<Id, i64>,
    answers: JoinSet<()>,
    uploads: JoinSet<()>,
    flushes: Vec<oneshot::Sender<()>>,
}

impl Worker {
    pub(super) fn new(client: Client, pace: Pace) -> Self {
        Self {
            client,
            schedule: Schedule::new(pace),
            calls: JoinSet::new(),
            chats: HashMap::new(),
            answers: JoinSet::new(),
            uploads: JoinSet::new(),
            flushes: Vec::new(),
        }
    }

    /// Works until nobody can give anything in any more and all that is durable is out.
    pub(super) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        let mut open = true;
        loop {
            let wake = self.start_calls();
            if !self.schedule.owes() {
                self.end_flushes();
                if !open && self.answers.is_empty() && self.uploads.is_empty() {
                    return;
                }
            }
            tokio::select! {
                order = inbox.recv(), if open => match order {
                    Some(order) => self.take(order),
                    None => open = false,
                },
                Some(call) = self.calls.join_next_with_id() => self.finish(call),
                Some(_) = self.answers.join_next() => {}
                Some(_) = self.uploads.join_next() => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now).into()), if wake.is_some() => {}
            }
        }
    }

    fn finish(&mut self, call: Result<(Id, Result<i32, Refusal>), JoinError>) {
        let (id, outcome) = call.unwrap_or_else(|broken| {
            error!("a call broke: {broken}");
            (broken.id(), Err(Refusal::Unknown("the call broke".to_owned())))
        });
        if let Some(chat) = self.chats.remove(&id) {
            self.schedule.finish(chat, outcome, Instant::now());
        }
    }

    fn end_flushes(&mut self) {
        for flushed in self.flushes.drain(..) {
            // Whoever waited may have lost patience.
            let _ = flushed.send(());
        }
    }

    /// Sends on their way all calls that may go now; says when to look again.
    fn start_calls(&mut self) -> Option<Instant> {
        loop {
            match self.schedule.next(Instant::now()) {
                Next::Call(call) => {
                    let (client, chat) = (self.client.clone(), call.place.chat);
                    let call = self.calls.spawn(async move { send::make(&client, call).await });
                    self.chats.insert(call.id(), chat);
                }
                Next::At(moment) => return Some(moment),
                Next::Nothing => return None,
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Durable(job) => self.schedule.push_durable(job, Instant::now()),
            Order::Fleeting(job) => self.schedule.push_fleeting(job, Instant::now()),
            Order::Upload(job) => {
                self.uploads.spawn(job.run(self.client.clone()));
            }
            Order::Flush(done) => self.flushes.push(done),
            Order::Answer(id, notice) => {
                self.answers.spawn(answer(self.client.clone(), id, notice));
            }
        }
    }
}

/// Twice at most: the person sees what happened in the chat, and soon the press is too old.
async fn answer(client: Client, id: String, notice: Option<String>) {
    let first = send::answer(&client, id.clone(), notice.clone()).await;
    let last = match first {
        Err(Refusal::Unknown(_)) => {
            sleep(backoff::delay(1, 0)).await;
            send::answer(&client, id, notice).await
        }
        other => other,
    };
    if let Err(refusal) = last {
        debug!("a press stays unanswered: {refusal}");
    }
}
