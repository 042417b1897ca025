//! The queue of updates, with the rules of `getUpdates`: at least once until confirmed, one poller.
//!
//! Pure: time is an argument, waiting is the caller's.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::refusal::Refusal;

/// Kinds of updates that this server can send.
const KINDS: [&str; 6] = [
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "stopped_message_generation",
    "message_reaction",
];
/// Kinds that come only to who asks for them by name.
const EXPLICIT: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];
/// Kinds that exist and never occur here; a bot may ask for them.
const OTHER_KINDS: [&str; 20] = [
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
];
/// Offsets further than this beyond the newest update are taken for a mistake and not obeyed.
const FUTURE: i64 = 10;
/// How long an update waits for the bot.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// One call of `getUpdates`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) offset: i64,
    pub(super) limit: usize,
    pub(super) timeout: Duration,
}

#[derive(Debug)]
struct Update {
    id: i64,
    content: Value,
    expires: Instant,
}

/// What the bot has not confirmed yet.
#[derive(Debug)]
pub(super) struct Updates {
    queue: VecDeque<Update>,
    next: i64,
    allowed: Vec<String>,
    poller: u64,
    last: Option<(i64, Instant)>,
}

impl Updates {
    /// An empty queue whose first update has the given id.
    pub(super) fn new(first: i64) -> Self {
        Self { queue: VecDeque::new(), next: first, allowed: Vec::new(), poller: 0, last: None }
    }

    /// Appends an update, unless the bot does not want its kind. It vanishes after `life`, by
    /// default a day.
    pub(super) fn push(&mut self, kind: &str, object: &Value, life: Option<Duration>) {
        let is_wanted = self.allowed.iter().any(|allowed| allowed == kind)
            || (self.allowed.is_empty() && !EXPLICIT.contains(&kind));
        if !is_wanted {
            return;
        }
        self.queue.push_back(Update {
            id: self.next,
            content: json!({ "update_id": self.next, kind: object }),
            expires: Instant::now() + life.unwrap_or(KEPT),
        });
        self.next += 1;
    }

    /// `allowed_updates`: kept until it is given anew; empty means the usual ones.
    pub(super) fn allow(&mut self, kinds: Vec<String>) -> Result<(), Refusal> {
        let known =
            |kind: &String| KINDS.contains(&kind.as_str()) || OTHER_KINDS.contains(&kind.as_str());
        if let Some(kind) = kinds.iter().find(|kind| !known(kind)) {
            return Err(Refusal::strict(format!("unknown kind of update \"{kind}\"")));
        }
        self.allowed = kinds;
        Ok(())
    }

    /// The rule against pollers that do not move on: the same offset within 3 s waits 3 s, within
    /// 0.5 s gets one update.
    pub(super) fn slow(&mut self, mut ask: Ask, now: Instant) -> Ask {
        if let Some((offset, at)) = self.last.replace((ask.offset, now))
            && offset == ask.offset
        {
            let since = now.saturating_duration_since(at);
            if since < Duration::from_secs(3) {
                ask.timeout = ask.timeout.max(Duration::from_secs(3));
            }
            if since < Duration::from_millis(500) {
                ask.limit = 1;
            }
        }
        ask
    }

    /// Confirms what lies below the offset and gives what follows. A negative offset keeps that
    /// many of the newest and forgets the rest.
    pub(super) fn fetch(&mut self, ask: Ask, now: Instant) -> Vec<Value> {
        self.queue.retain(|update| update.expires > now);
        if ask.offset < 0 {
            let keep = usize::try_from(-ask.offset).unwrap_or(usize::MAX);
            let forget = self.queue.len().saturating_sub(keep);
            self.queue.drain(..forget);
        } else if ask.offset <= self.next + FUTURE {
            self.queue.retain(|update| update.id >= ask.offset);
        }
        self.queue.iter().take(ask.limit).map(|update| update.content.clone()).collect()
    }

    /// A poller begins to wait; the one that waited before has lost.
    pub(super) fn enter(&mut self) -> u64 {
        self.poller += 1;
        self.poller
    }

    /// Whether this poller is still the newest.
    pub(super) fn holds(&self, poller: u64) -> bool {
        self.poller == poller
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.queue.len()
    }

    /// The kinds that the bot asked for by name.
    pub(super) fn allowed(&self) -> &[String] {
        &self.allowed
    }

    /// Forgets everything that waits.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(updates: &mut Updates, offset: i64, limit: usize) -> Vec<i64> {
        let ask = Ask { offset, limit, timeout: Duration::ZERO };
        updates
            .fetch(ask, Instant::now())
            .iter()
            .map(|update| update["update_id"].as_i64().unwrap())
            .collect()
    }

    fn filled(count: usize) -> Updates {
        let mut updates = Updates::new(10);
        for _ in 0..count {
            updates.push("message", &json!({}), None);
        }
        updates
    }

    #[test]
    fn updates_come_again_until_confirmed() {
        let mut updates = filled(4);
        assert_eq!(ids(&mut updates, 0, 100), [10, 11, 12, 13]);
        assert_eq!(ids(&mut updates, 0, 2), [10, 11]);
        assert_eq!(ids(&mut updates, 12, 100), [12, 13]);
        assert_eq!(ids(&mut updates, 0, 100), [12, 13]);
        assert_eq!(ids(&mut updates, 3, 100), [12, 13]);
        assert_eq!(ids(&mut updates, 99, 100), [12, 13], "too far ahead");
        assert_eq!(ids(&mut updates, -1, 100), [13]);
        assert_eq!(ids(&mut updates, 14, 100), [0_i64; 0]);
    }

    #[test]
    fn old_updates_vanish() {
        let mut updates = filled(1);
        updates.push("callback_query", &json!({}), Some(Duration::ZERO));
        assert_eq!(ids(&mut updates, 0, 100), [10]);
    }

    #[test]
    fn unwanted_kinds_are_not_queued_until_asked_for_again() {
        let mut updates = filled(0);
        updates.allow(vec!["callback_query".to_owned()]).unwrap();
        updates.push("message", &json!({}), None);
        updates.push("callback_query", &json!({}), None);
        updates.allow(Vec::new()).unwrap();
        updates.push("message", &json!({}), None);
        assert_eq!(ids(&mut updates, 0, 100), [10, 11]);
        assert!(updates.allow(vec!["mesage".to_owned()]).is_err());
    }

    #[test]
    fn a_poller_that_repeats_itself_is_slowed_down() {
        let mut updates = filled(0);
        let ask = Ask { offset: 5, limit: 100, timeout: Duration::ZERO };
        let start = Instant::now();
        let slow = |updates: &mut Updates, ms| {
            let Ask { limit, timeout, .. } = updates.slow(ask, start + Duration::from_millis(ms));
            (limit, timeout.as_secs())
        };
        assert_eq!(slow(&mut updates, 0), (100, 0));
        assert_eq!(slow(&mut updates, 100), (1, 3));
        assert_eq!(slow(&mut updates, 1_100), (100, 3));
        assert_eq!(slow(&mut updates, 5_000), (100, 0));
    }
}
