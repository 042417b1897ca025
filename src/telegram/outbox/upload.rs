//! A large file on its way: beside all queues, since nothing that is said meanwhile may wait for it.
//!
//! It may take minutes and is one call of the budget, which the queues never notice. It is tried for
//! a while and not for ever: whoever asked for it can ask again.

use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::bridge::place::Place;
use crate::telegram::backoff;
use crate::telegram::client::Client;
use crate::telegram::gauge::Gauge;
use crate::telegram::outbox::fate::{self, Fate};
use crate::telegram::outbox::job::{Act, Call, How, Lost, Sent};
use crate::telegram::parcel::Parcel;
use crate::telegram::refusal::Refusal;
use crate::telegram::send;

/// How often it is tried.
const TRIES: u32 = 8;

/// A file that is sent beside the queues.
pub(super) struct Upload {
    place: Place,
    parcel: Parcel,
    how: How,
    gauge: Gauge,
    answer: oneshot::Sender<Result<i32, Lost>>,
}

impl Upload {
    pub(super) fn new(place: Place, (parcel, how): (Parcel, How), gauge: Gauge) -> (Self, Sent) {
        let (answer, sent) = oneshot::channel();
        (Self { place, parcel, how, gauge, answer }, Sent(sent))
    }

    /// Sends it and tells whoever waits.
    pub(super) async fn run(self, client: Client) {
        let Self { mut place, mut parcel, mut how, gauge, answer } = self;
        let mut tries = 0;
        let result = loop {
            let given = (parcel.clone(), how);
            let refusal = match send::file(&client, place, given, Some(&gauge)).await {
                Ok(id) => break Ok(id),
                Err(refusal) => refusal,
            };
            tries += 1;
            if tries == TRIES {
                break Err(Lost::Refused(refusal.to_string()));
            }
            match &refusal {
                Refusal::RetryAfter(pause) => sleep(*pause).await,
                Refusal::Migrated(chat) => place.chat = *chat,
                Refusal::Unknown(_) => sleep(backoff::delay(tries, 0)).await,
                _ => {}
            }
            let call = Call { place, act: Act::File(parcel.clone(), how) };
            match fate::decide(call, refusal) {
                Fate::Settled(result) => break result,
                Fate::Again(call) | Fate::OutOfTopic(call) => {
                    place = call.place;
                    if let Act::File(plainer, manner) = call.act {
                        (parcel, how) = (plainer, manner);
                    }
                }
            }
        };
        // Nobody waiting is no failure.
        let _ = answer.send(result);
    }
}
