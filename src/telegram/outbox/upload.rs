//! A large file on its way: beside all queues, since nothing that is said meanwhile may wait for it.
//!
//! It may take minutes and is one call of the budget, which the queues never notice. It is tried for
//! a while and not for ever: whoever asked for it can ask again.

use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::bridge::place::Place;
use crate::telegram::backoff;
use crate::telegram::client::Client;
use crate::telegram::outbox::job::{Act, Call, SendError, SendOptions, Sent};
use crate::telegram::outbox::outcome::{self, Outcome};
use crate::telegram::outgoing::ByteCounter;
use crate::telegram::outgoing::OutgoingFile;
use crate::telegram::refusal::Refusal;
use crate::telegram::send;

/// How often it is tried.
const TRIES: u32 = 8;

/// A file that is sent beside the queues.
pub(super) struct Upload {
    place: Place,
    file: OutgoingFile,
    how: SendOptions,
    counter: ByteCounter,
    answer: oneshot::Sender<Result<i32, SendError>>,
}

impl Upload {
    pub(super) fn new(
        place: Place,
        (file, how): (OutgoingFile, SendOptions),
        counter: ByteCounter,
    ) -> (Self, Sent) {
        let (answer, sent) = oneshot::channel();
        (Self { place, file, how, counter, answer }, Sent(sent))
    }

    /// Sends it and tells whoever waits.
    pub(super) async fn run(self, client: Client) {
        let Self { mut place, mut file, mut how, counter, answer } = self;
        let mut tries = 0;
        let result = loop {
            let given = (file.clone(), how);
            let refusal = match send::send_file(&client, place, given, Some(&counter)).await {
                Ok(id) => break Ok(id),
                Err(refusal) => refusal,
            };
            tries += 1;
            if tries == TRIES {
                break Err(SendError::Refused(refusal.to_string()));
            }
            match &refusal {
                Refusal::RetryAfter(pause) => sleep(*pause).await,
                Refusal::Migrated(chat) => place.chat = *chat,
                Refusal::Unknown(_) => sleep(backoff::delay(tries, 0)).await,
                _ => {}
            }
            let call = Call { place, act: Act::File(file.clone(), how) };
            match outcome::decide(call, refusal) {
                Outcome::Settled(result) => break result,
                Outcome::Again(call) | Outcome::OutOfTopic(call) => {
                    place = call.place;
                    if let Act::File(plainer, manner) = call.act {
                        (file, how) = (plainer, manner);
                    }
                }
            }
        };
        // Nobody waiting is no failure.
        let _ = answer.send(result);
    }
}
