//! The loop that gets updates from Telegram and hands them on, in order, at least once.
//!
//! Knows the offset and nothing of what the updates mean. An update is confirmed to Telegram by
//! the next poll, after each of its batch was handled or written down, which its [`Ack`] says:
//! what a crash leaves unconfirmed comes again. It never confirms what nobody took, never lets an
//! update that cannot be read block the next, and never takes a webhook away from whoever set it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::telegram::backoff;
use crate::telegram::client::Client;
use crate::telegram::decode::decode;
use crate::telegram::fetch::{Raw, confirm, fetch};
use crate::telegram::refusal::Refusal;
use crate::telegram::update::{Update, What};

/// How many identifiers are remembered to drop what comes twice: a few batches of at most 100.
/// A window and no “highest so far”: after a quiet week Telegram starts again at any number.
const WINDOW: usize = 400;

/// Shortest time between two polls that bring nothing, against a server that does not hold them.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// How often to look whether the other receiver of our updates is gone.
const CONFLICT_WAIT: Duration = Duration::from_secs(30);

/// How long the last confirmation may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// What a poll needs.
pub struct Poll {
    /// The bot.
    pub client: Client,
    /// The bot's id, as `getMe` says it.
    pub me: u64,
    /// Names of all kinds of updates that are wanted; Telegram remembers the list.
    pub allowed_updates: &'static [&'static str],
    /// Takes the updates; when it is full, polling waits.
    pub sink: mpsc::Sender<Incoming>,
}

/// What polling brings.
#[derive(Debug)]
pub enum Incoming {
    /// An update.
    Update(Box<Delivery>),
    /// Somebody else gets the updates of this bot, and what to do about it. Said once until polling
    /// works again.
    Conflict(&'static str),
}

/// An update in other hands.
#[derive(Debug)]
pub struct Delivery {
    /// What it says.
    pub update: Update,
    /// How it came; nothing when it was no JSON that can be read.
    pub raw: Option<Value>,
    /// Whether it may have come to an earlier process, too.
    pub redelivery: Redelivery,
    /// To be given back when it need not come again.
    pub ack: Ack,
}

/// How often an update may have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redelivery {
    /// It was waiting when we began: an earlier process may have died before it could confirm it.
    Possible,
    /// This is the first time.
    No,
}

/// The word that an update need not come again. One that is dropped says that nobody took it, and
/// ends polling.
#[derive(Debug)]
pub struct Ack(oneshot::Sender<()>);

impl Ack {
    /// The update was handled, or is kept where a crash does not reach it.
    pub fn confirm(self) {
        // Polling has ended: then it comes again, which does no harm.
        let _ = self.0.send(());
    }
}

/// Nobody takes updates any more.
struct Unheard;

/// Why polling ended by itself: a 401 or 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Telegram refuses the token: no bot has it; @BotFather shows the one that holds")]
pub struct TokenRefused;

/// Polls until it is cancelled or nobody takes updates any more. What was given back until then is
/// confirmed before it returns, or the next process would handle it once more.
pub async fn run(poll: Poll, cancel: CancellationToken) -> Result<(), TokenRefused> {
    let mut taken = Taken::default();
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        end = listen(&poll, &mut taken) => return end,
    }
    let last = async {
        let _ = taken.given_back().await;
        if let Some(offset) = taken.offset {
            confirm(&poll.client, offset, poll.allowed_updates).await;
        }
    };
    if timeout(FAREWELL, last).await.is_err() {
        warn!("the last updates are not confirmed: they come again");
    }
    Ok(())
}

async fn listen(poll: &Poll, taken: &mut Taken) -> Result<(), TokenRefused> {
    let mut seen = Seen::default();
    let mut trouble = PollFailures::new(RandomState::new().hash_one(poll.me));
    // Telegram gives the oldest first, and an earlier process held one batch at most.
    let mut redelivery = Redelivery::Possible;
    loop {
        let asked = Instant::now();
        let wait = match fetch(&poll.client, taken.offset, poll.allowed_updates).await {
            Ok(batch) => {
                trouble.end();
                let next = batch.iter().rev().find(|raw| raw.id != 0).map(|raw| raw.id + 1);
                let news = batch.into_iter().filter(|raw| seen.is_news(raw.id)).collect::<Vec<_>>();
                let floor = if news.is_empty() { SHORTEST_POLL } else { Duration::ZERO };
                if take_over(poll, news, redelivery, taken).await.is_err() {
                    return Ok(());
                }
                // Without news all is confirmed, and the numbers may start anew.
                taken.offset = next;
                redelivery = Redelivery::No;
                floor.saturating_sub(asked.elapsed())
            }
            Err(Refusal::Unauthorized) => return Err(TokenRefused),
            Err(refusal) => {
                let begins = trouble.begins(&refusal);
                if let Some(words) = begins
                    && poll.sink.send(Incoming::Conflict(words)).await.is_err()
                {
                    return Ok(());
                }
                trouble.wait(&refusal)
            }
        };
        sleep(wait).await;
    }
}

/// Returns when every update of the batch is handled or kept: from then on it may be confirmed.
async fn take_over(
    poll: &Poll,
    batch: Vec<Raw>,
    redelivery: Redelivery,
    taken: &mut Taken,
) -> Result<(), Unheard> {
    for Raw { id, json } in batch {
        let update = match &json {
            Some(json) => decode(json, poll.me),
            None => Update { id, what: What::Undecodable("no readable JSON".to_owned()) },
        };
        if let What::Undecodable(why) = &update.what {
            warn!(update = update.id, why, "an update cannot be read");
        }
        let (ack, given_back) = oneshot::channel();
        let handed = Delivery { update, raw: json, redelivery, ack: Ack(ack) };
        poll.sink.send(Incoming::Update(Box::new(handed))).await.map_err(|_| Unheard)?;
        taken.out.push_back((id, given_back));
    }
    taken.given_back().await
}

/// What is in other hands, and how far all is given back.
#[derive(Default)]
struct Taken {
    /// The first identifier that is not to be confirmed yet.
    offset: Option<i64>,
    /// Updates that were handed on, in order; complete or not, it survives a cancelled future.
    out: VecDeque<(i64, oneshot::Receiver<()>)>,
}

impl Taken {
    /// Waits until all is given back, or something is not taken.
    async fn given_back(&mut self) -> Result<(), Unheard> {
        while let Some((id, ack)) = self.out.front_mut() {
            ack.await.map_err(|_| Unheard)?;
            // One without a number cannot be confirmed by it.
            self.offset = Some(*id + 1).filter(|_| *id != 0).or(self.offset);
            self.out.pop_front();
        }
        Ok(())
    }
}

/// The identifiers of the last updates.
#[derive(Default)]
struct Seen(VecDeque<i64>);

impl Seen {
    /// Whether `id` did not come before. One without a number is always news.
    fn is_news(&mut self, id: i64) -> bool {
        if id == 0 {
            return true;
        }
        if self.0.contains(&id) {
            return false;
        }
        self.0.push_back(id);
        if self.0.len() > WINDOW {
            self.0.pop_front();
        }
        true
    }
}

/// Polls that failed in a row. Says once when it begins and once when it is over.
struct PollFailures {
    failures: u32,
    salt: u64,
    conflict: bool,
}

impl PollFailures {
    fn new(salt: u64) -> Self {
        Self { failures: 0, salt, conflict: false }
    }

    /// What to do, where a conflict begins.
    fn begins(&self, refusal: &Refusal) -> Option<&'static str> {
        match refusal {
            Refusal::Conflict(text) if !self.conflict => Some(conflict(text)),
            _ => None,
        }
    }

    /// Takes note of a failure and says how long to wait.
    fn wait(&mut self, refusal: &Refusal) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if let Refusal::Conflict(text) = refusal {
            if !self.conflict {
                error!("{}", conflict(text));
            }
            self.conflict = true;
            return CONFLICT_WAIT;
        }
        if self.failures == 1 {
            warn!("polling fails, trying again: {refusal}");
        }
        match refusal {
            Refusal::RetryAfter(pause) => *pause,
            _ => backoff::delay(self.failures, self.salt),
        }
    }

    fn end(&mut self) {
        if self.failures > 0 {
            info!("polling works again");
        }
        *self = Self::new(self.salt);
    }
}

/// What to do about a 409, in one sentence.
fn conflict(text: &str) -> &'static str {
    if text.contains("webhook") {
        "this bot has a webhook, so its messages go there and none come here: \
         call deleteWebhook, or use another bot"
    } else {
        "another program receives the messages of this bot: end it, or use another bot"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_known_within_the_window() {
        let mut seen = Seen::default();
        assert!(seen.is_news(5));
        assert!(!seen.is_news(5));
        assert!(seen.is_news(3), "the numbers may start again");
        assert!(seen.is_news(0) && seen.is_news(0), "one without a number");
        for id in 100..100 + WINDOW as i64 {
            assert!(seen.is_news(id));
        }
        assert!(seen.is_news(5), "outside of the window");
        assert_eq!(seen.0.len(), WINDOW);
    }

    #[test]
    fn waits_follow_what_went_wrong() {
        let mut trouble = PollFailures::new(1);
        let lost = Refusal::Unknown("cut".into());
        for longest in [1, 2, 4, 8, 16, 30, 30] {
            assert!(trouble.wait(&lost) <= Duration::from_secs(longest));
        }
        assert!(trouble.wait(&lost) > Duration::from_secs(20));
        let pause = Duration::from_secs(77);
        assert_eq!(trouble.wait(&Refusal::RetryAfter(pause)), pause);
        assert_eq!(trouble.wait(&Refusal::Conflict("webhook".into())), CONFLICT_WAIT);
        trouble.end();
        assert!(trouble.wait(&lost) <= Duration::from_secs(1));
    }

    #[test]
    fn a_conflict_names_who_is_in_the_way() {
        let webhook = "Conflict: can't use getUpdates method while webhook is active";
        assert!(conflict(webhook).contains("deleteWebhook"));
        assert!(conflict("Conflict: terminated by other getUpdates").contains("another program"));
    }
}
