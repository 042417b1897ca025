//! The task behind an outbox: brings orders into the schedule, calls out of it, and outcomes back.
//!
//! It owns the schedule alone and waits for nothing but the next thing to happen.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, sleep_until};
use tracing::{debug, error};

use crate::telegram::backoff;
use crate::telegram::client::Client;
use crate::telegram::outbox::budget::Pace;
use crate::telegram::outbox::job::{Job, Scope, Signal};
use crate::telegram::outbox::schedule::{Next, Schedule, Ticket};
use crate::telegram::outbox::send;
use crate::telegram::refusal::Refusal;

/// What the worker is asked to do.
pub(super) enum Order {
    Push(Job),
    Signal(Signal),
    /// Answer the press of a button: its id, and a notice.
    Answer(String, Option<String>),
    /// Hold clones of this sender as long as something of the scope that was pushed before is
    /// neither sent nor lost.
    Flush(Scope, mpsc::Sender<Infallible>),
}

/// The task behind an outbox.
pub(super) struct Worker {
    client: Client,
    schedule: Schedule,
    calls: JoinSet<Result<i32, Refusal>>,
    /// The ticket of each call on its way.
    tickets: HashMap<Id, Ticket>,
    answers: JoinSet<()>,
}

impl Worker {
    pub(super) fn new(client: Client, pace: Pace) -> Self {
        Self {
            client,
            schedule: Schedule::new(pace),
            calls: JoinSet::new(),
            tickets: HashMap::new(),
            answers: JoinSet::new(),
        }
    }

    /// Works until nobody can give anything in any more and all that is durable is out.
    pub(super) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let mut open = true;
        loop {
            let wake = self.start_calls();
            if !open && self.answers.is_empty() && !self.schedule.owes() {
                return;
            }
            tokio::select! {
                order = orders.recv(), if open => match order {
                    Some(order) => self.take(order),
                    None => open = false,
                },
                Some(call) = self.calls.join_next_with_id() => self.finish(call),
                Some(_) = self.answers.join_next() => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now).into()), if wake.is_some() => {}
            }
        }
    }

    fn finish(&mut self, call: Result<(Id, Result<i32, Refusal>), JoinError>) {
        let (id, outcome) = call.unwrap_or_else(|broken| {
            error!("a call broke: {broken}");
            (broken.id(), Err(Refusal::Unknown("the call broke".to_owned())))
        });
        if let Some(ticket) = self.tickets.remove(&id) {
            self.schedule.finish(ticket, outcome, Instant::now());
        }
    }

    /// Sends on their way all calls that may go now; says when to look again.
    fn start_calls(&mut self) -> Option<Instant> {
        loop {
            match self.schedule.next(Instant::now()) {
                Next::Call(ticket, call) => {
                    let client = self.client.clone();
                    let call = self.calls.spawn(async move { send::make(&client, call).await });
                    self.tickets.insert(call.id(), ticket);
                }
                Next::At(moment) => return Some(moment),
                Next::Nothing => return None,
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Push(job) => self.schedule.push(job, Instant::now()),
            Order::Signal(signal) => self.schedule.signal(signal, Instant::now()),
            Order::Flush(scope, flush) => self.schedule.hold(scope, &flush),
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
