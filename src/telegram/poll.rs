//! The loop that gets updates from Telegram and hands them on, in order, at least once.
//!
//! Knows the offset and nothing of what the updates mean. An update is confirmed to Telegram by
//! the next poll, after all of its batch was taken over: what a crash leaves unconfirmed comes
//! again. It never confirms what nobody took, never lets an update that cannot be read block the
//! next, and never takes a webhook away from whoever set it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::telegram::backoff;
use crate::telegram::client::Client;
use crate::telegram::decode::decode;
use crate::telegram::fetch::{Raw, fetch};
use crate::telegram::refusal::Refusal;
use crate::telegram::update::{Update, What};

/// How many identifiers are remembered to drop what comes twice: a few batches of at most 100.
/// A window and no “highest so far”: after a quiet week Telegram starts again at any number.
const WINDOW: usize = 400;

/// Shortest time between two polls that bring nothing, against a server that does not hold them.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// How often to look whether the other receiver of our updates is gone.
const CONFLICT_WAIT: Duration = Duration::from_secs(30);

/// What a poll needs.
pub struct Poll {
    /// The bot.
    pub client: Client,
    /// The bot's id, as `getMe` says it.
    pub me: u64,
    /// Names of all kinds of updates that are wanted; Telegram remembers the list.
    pub allowed_updates: &'static [&'static str],
    /// Takes the updates; when it is full, polling waits.
    pub sink: mpsc::Sender<Update>,
}

/// Why polling ended by itself: a 401 or 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Telegram refuses the token: no bot has it; @BotFather shows the one that holds")]
pub struct TokenRefused;

/// Polls until it is cancelled or nobody takes updates any more.
pub async fn run(poll: Poll, cancel: CancellationToken) -> Result<(), TokenRefused> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Ok(()),
        end = listen(&poll) => end,
    }
}

async fn listen(poll: &Poll) -> Result<(), TokenRefused> {
    let mut offset = None;
    let mut seen = Seen::default();
    let mut trouble = Trouble::new(RandomState::new().hash_one(poll.me));
    loop {
        let asked = Instant::now();
        let wait = match fetch(&poll.client, offset, poll.allowed_updates).await {
            Ok(batch) => {
                trouble.end();
                // Without news all is confirmed, and the numbers may start anew.
                offset = batch.iter().rev().find(|raw| raw.id != 0).map(|raw| raw.id + 1);
                let news = batch.into_iter().filter(|raw| seen.is_news(raw.id)).collect::<Vec<_>>();
                let floor = if news.is_empty() { SHORTEST_POLL } else { Duration::ZERO };
                if take_over(poll, news).await.is_err() {
                    return Ok(());
                }
                floor.saturating_sub(asked.elapsed())
            }
            Err(Refusal::Unauthorized) => return Err(TokenRefused),
            Err(refusal) => trouble.wait(&refusal),
        };
        sleep(wait).await;
    }
}

/// Returns when every update of the batch is in other hands: from then on it may be confirmed.
async fn take_over(poll: &Poll, batch: Vec<Raw>) -> Result<(), mpsc::error::SendError<Update>> {
    for raw in batch {
        let update = match raw.json {
            Some(json) => decode(&json, poll.me),
            None => Update { id: raw.id, what: What::Undecodable("no readable JSON".to_owned()) },
        };
        if let What::Undecodable(why) = &update.what {
            warn!(update = update.id, why, "an update cannot be read");
        }
        poll.sink.send(update).await?;
    }
    Ok(())
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
struct Trouble {
    failures: u32,
    salt: u64,
    conflict: bool,
}

impl Trouble {
    fn new(salt: u64) -> Self {
        Self { failures: 0, salt, conflict: false }
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
        let mut trouble = Trouble::new(1);
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
