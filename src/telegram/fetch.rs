//! One `getUpdates` into raw updates, each readable or not by itself.
//!
//! Knows how to take a batch apart when it is no good as a whole. It decodes nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use teloxide::RequestError;
use teloxide::requests::Payload;

use crate::telegram::client::Client;
use crate::telegram::refusal::Refusal;

/// How long Telegram holds a poll while there is nothing new: the most that it allows.
const HOLD: Duration = Duration::from_secs(50);

/// How much longer an answer may take than Telegram was asked to hold it.
const GRACE: Duration = Duration::from_secs(10);

/// An update as it came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Raw {
    /// `update_id`; 0 when it is missing, which Telegram never does.
    pub(crate) id: i64,
    /// The update; nothing when it is no JSON that can be read.
    pub(crate) json: Option<Value>,
}

/// <https://core.telegram.org/bots/api#getupdates>, with identifiers of 64 bits.
#[derive(Clone, Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u8>,
    timeout: u64,
    allowed_updates: &'static [&'static str],
}

impl Payload for GetUpdates {
    type Output = Vec<Value>;

    const NAME: &'static str = "GetUpdates";
}

#[derive(Deserialize)]
struct Numbered {
    #[serde(default)]
    update_id: i64,
}

/// Waits for updates from `offset` on, which confirms all before it; none come when the time of
/// the poll is over.
pub(crate) async fn fetch(
    client: &Client,
    offset: Option<i64>,
    allowed_updates: &'static [&'static str],
) -> Result<Vec<Raw>, Refusal> {
    let ask = GetUpdates { offset, limit: None, timeout: HOLD.as_secs(), allowed_updates };
    match client.attempt(ask, HOLD + GRACE).await {
        Ok(updates) => Ok(updates.into_iter().map(whole).collect()),
        Err(RequestError::InvalidJson { source, raw }) => one_by_one(&raw)
            .ok_or_else(|| client.refusal(RequestError::InvalidJson { source, raw })),
        Err(error) => Err(client.refusal(error)),
    }
}

/// Confirms all before `offset`, and takes nothing. Whether Telegram has heard it is not known.
pub(crate) async fn confirm(
    client: &Client,
    offset: i64,
    allowed_updates: &'static [&'static str],
) {
    let ask = GetUpdates { offset: Some(offset), limit: Some(1), timeout: 0, allowed_updates };
    if let Err(error) = client.attempt(ask, GRACE).await {
        tracing::debug!("the last confirmation: {}", client.refusal(error));
    }
}

fn whole(update: Value) -> Raw {
    let id = update.get("update_id").and_then(Value::as_i64).unwrap_or(0);
    Raw { id, json: Some(update) }
}

/// Takes apart a batch of which some part is no JSON for us, such as half of a surrogate pair or
/// nesting without end. Skipping over a value asks less of it than reading it.
fn one_by_one(answer: &str) -> Option<Vec<Raw>> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        result: Vec<&'a RawValue>,
    }

    let Answer { result } = serde_json::from_str(answer).ok()?;
    Some(result.into_iter().map(|raw| part(raw.get())).collect())
}

fn part(update: &str) -> Raw {
    if let Ok(update) = serde_json::from_str(update) {
        return whole(update);
    }
    let id = serde_json::from_str(update).map_or(0, |Numbered { update_id }| update_id);
    Raw { id, json: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_unreadable_update_costs_only_itself() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let bad = [r#""\ud83d""#, r#""\udc00 x""#, &deep, "1e999"];
        for bad in bad {
            let answer = format!(
                r#"{{"ok":true,"result":[{{"update_id":1,"a":2}},
                   {{"message":{{"text":{bad}}},"update_id":2}},{{"update_id":3}}]}}"#
            );
            let read = one_by_one(&answer).expect("a batch");
            let good = |id, json| Raw { id, json: Some(json) };
            let first = good(1, json!({"update_id": 1, "a": 2}));
            let last = good(3, json!({"update_id": 3}));
            assert_eq!(read, [first, Raw { id: 2, json: None }, last], "{bad:.20}");
        }
    }

    #[test]
    fn what_is_no_batch_is_none() {
        for answer in ["", "<html>", "{}", r#"{"ok":true,"result":{}}"#, r#"{"ok":false}"#] {
            assert_eq!(one_by_one(answer), None, "{answer}");
        }
    }
}
