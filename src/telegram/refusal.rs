//! What Telegram answers when it does not do what it was asked, told apart by what to do next.
//!
//! teloxide knows some refusals by name and the rest by their text, and leaves out the numeric
//! code. Telegram begins each text with the name of that code, so the text decides here, for
//! both. The texts are those of the Bot API server
//! (<https://github.com/tdlib/telegram-bot-api>, `Client.cpp`).

use std::error::Error;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use teloxide::{ApiError, RequestError};

/// How long to wait when Telegram asks for a pause and does not say how long a one.
const UNSAID_PAUSE: Duration = Duration::from_secs(30);

/// Why a call came to nothing. Holds no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 429: this chat, or the whole bot, was too fast.
    #[error("Telegram asks to wait {} s", .0.as_secs())]
    RetryAfter(Duration),
    /// The message or topic looks like that already: as good as done.
    #[error("it is the same already")]
    NotModified,
    /// The message to edit or delete is not there, or is not to be changed any more.
    #[error("the message is gone")]
    Gone,
    /// The topic was closed or deleted.
    #[error("the topic is gone")]
    ThreadGone,
    /// The group became a supergroup with this chat id.
    #[error("the group is now {0}")]
    Migrated(i64),
    /// The chat does not take messages from this bot: blocked, kicked, without rights, unknown.
    #[error("the chat takes no messages from the bot: {0}")]
    Blocked(String),
    /// Telegram understood and will never take this.
    #[error("Telegram refuses: {0}")]
    BadRequest(String),
    /// No bot has this token.
    #[error("Telegram refuses the token")]
    Unauthorized,
    /// Somebody else gets the updates of this bot: another poller, or a webhook.
    #[error("Telegram refuses: {0}")]
    Conflict(String),
    /// Nobody knows whether it was done: no connection, no answer, a 5xx, an unreadable answer.
    #[error("no answer from Telegram: {0}")]
    Unknown(String),
}

/// The longest pause that is believed; a number beyond a day is a mistake, not a penalty.
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);

impl Refusal {
    /// The same refusal, with its text passed through `clean`.
    pub(crate) fn map_text(self, clean: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Blocked(text) => Self::Blocked(clean(text)),
            Self::BadRequest(text) => Self::BadRequest(clean(text)),
            Self::Conflict(text) => Self::Conflict(clean(text)),
            Self::Unknown(text) => Self::Unknown(clean(text)),
            other => other,
        }
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::RetryAfter(pause) => {
                Self::RetryAfter(pause.duration().min(LONGEST_PAUSE))
            }
            RequestError::MigrateToChatId(chat) => Self::Migrated(chat.0),
            RequestError::Api(ApiError::InvalidToken) => Self::Unauthorized,
            RequestError::Api(ApiError::Unknown(text)) => by_text(text),
            RequestError::Api(known) => by_text(known.to_string()),
            RequestError::InvalidJson { raw, .. } => unread(&raw),
            RequestError::Network(error) => Self::Unknown(chain(&*error)),
            RequestError::Io(error) => Self::Unknown(chain(&*error)),
        }
    }
}

/// A refusal whose `parameters` are not among the two that teloxide knows, or no JSON at all.
fn unread(raw: &str) -> Refusal {
    #[derive(Deserialize)]
    struct Answer {
        description: String,
        #[serde(default)]
        parameters: Value,
    }

    let Ok(Answer { description, parameters }) = serde_json::from_str(raw) else {
        return Refusal::Unknown(format!("{} bytes that are no answer of a Bot API", raw.len()));
    };
    if let Some(seconds) = parameters.get("retry_after").and_then(Value::as_u64) {
        return Refusal::RetryAfter(Duration::from_secs(seconds).min(LONGEST_PAUSE));
    }
    if let Some(chat) = parameters.get("migrate_to_chat_id").and_then(Value::as_i64) {
        return Refusal::Migrated(chat);
    }
    by_text(description)
}

fn by_text(text: String) -> Refusal {
    const LOST: [&str; 4] =
        ["Internal Server Error", "Bad Gateway", "Service Unavailable", "Gateway Timeout"];

    let begins = |with: &str| text.starts_with(with);
    if text == "Unauthorized" || text == "Not Found" {
        Refusal::Unauthorized
    } else if begins("Forbidden") || begins("Unauthorized") {
        Refusal::Blocked(text)
    } else if begins("Conflict") || text.contains("webhook is active") {
        Refusal::Conflict(text)
    } else if begins("Too Many Requests") {
        Refusal::RetryAfter(UNSAID_PAUSE)
    } else if LOST.into_iter().any(begins) {
        Refusal::Unknown(text)
    } else {
        bad_request(text)
    }
}

fn bad_request(text: String) -> Refusal {
    const SAME: [&str; 3] = ["message is not modified", "TOPIC_NOT_MODIFIED", "CHAT_NOT_MODIFIED"];
    const GONE: [&str; 8] = [
        "message to edit not found",
        "message can't be edited",
        "message to delete not found",
        "message can't be deleted",
        "message to pin not found",
        "message to unpin not found",
        "message to react not found",
        "MESSAGE_ID_INVALID",
    ];
    const SHUT: [&str; 5] = [
        "chat not found",
        "group is deactivated",
        "have no rights to send a message",
        "not enough rights to send",
        "CHAT_WRITE_FORBIDDEN",
    ];

    let says = |what: &str| text.contains(what);
    if SAME.into_iter().any(says) {
        Refusal::NotModified
    } else if GONE.into_iter().any(says) {
        Refusal::Gone
    } else if says("message thread not found") || says("TOPIC_") {
        Refusal::ThreadGone
    } else if SHUT.into_iter().any(says) {
        Refusal::Blocked(text)
    } else {
        Refusal::BadRequest(text)
    }
}

/// reqwest says “error sending request” and keeps the reason in its sources.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use teloxide::types::{ChatId, Seconds};

    use super::*;

    /// What becomes of a description as teloxide hands it on.
    fn of_description(text: &str) -> Refusal {
        let api: ApiError = serde_json::from_value(text.into()).expect("any text is an ApiError");
        Refusal::from(RequestError::Api(api))
    }

    #[test]
    fn descriptions_are_told_apart() {
        let bad = |text: &str| Refusal::BadRequest(text.to_owned());
        let blocked = |text: &str| Refusal::Blocked(text.to_owned());
        let same = "Bad Request: message is not modified: specified new message content and \
                    reply markup are exactly the same as a current content and reply markup of \
                    the message";
        let checks = [
            (same, Refusal::NotModified),
            ("Bad Request: message is not modified", Refusal::NotModified),
            ("Bad Request: message to edit not found", Refusal::Gone),
            ("Bad Request: message can't be edited", Refusal::Gone),
            ("Bad Request: message to delete not found", Refusal::Gone),
            ("Bad Request: message can't be deleted for everyone", Refusal::Gone),
            ("Bad Request: MESSAGE_ID_INVALID", Refusal::Gone),
            ("Bad Request: message thread not found", Refusal::ThreadGone),
            ("Bad Request: message to react not found", Refusal::Gone),
            ("Bad Request: TOPIC_NOT_MODIFIED", Refusal::NotModified),
            ("Bad Request: TOPIC_CLOSED", Refusal::ThreadGone),
            ("Bad Request: TOPIC_DELETED", Refusal::ThreadGone),
            ("Unauthorized", Refusal::Unauthorized),
            ("Not Found", Refusal::Unauthorized),
            ("Too Many Requests: slow down", Refusal::RetryAfter(UNSAID_PAUSE)),
        ];
        for (text, refusal) in checks {
            assert_eq!(of_description(text), refusal, "{text}");
        }
        for text in [
            "Forbidden: bot was blocked by the user",
            "Forbidden: bot was kicked from the supergroup chat",
            "Unauthorized: bot was kicked from a chat",
            "Bad Request: chat not found",
            "Bad Request: not enough rights to send text messages to the chat",
        ] {
            assert_eq!(of_description(text), blocked(text));
        }
        for text in [
            "Bad Request: message is too long",
            "Bad Request: can't parse entities: unsupported start tag",
            "Request Entity Too Large",
            "Something new",
        ] {
            assert_eq!(of_description(text), bad(text));
        }
        for text in ["Internal Server Error: restart, please retry the request", "Bad Gateway"] {
            assert_eq!(of_description(text), Refusal::Unknown(text.to_owned()));
        }
        for text in [
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to \
             delete the webhook first",
            "Conflict: terminated by other getUpdates request; make sure that only one bot \
             instance is running",
        ] {
            assert_eq!(of_description(text), Refusal::Conflict(text.to_owned()));
        }
    }

    #[test]
    fn parameters_win_over_the_text() {
        let pause = RequestError::RetryAfter(Seconds::from_seconds(7));
        assert_eq!(Refusal::from(pause), Refusal::RetryAfter(Duration::from_secs(7)));
        let moved = RequestError::MigrateToChatId(ChatId(-1001));
        assert_eq!(Refusal::from(moved), Refusal::Migrated(-1001));
    }

    #[test]
    fn answers_that_teloxide_cannot_read_are_read_again() {
        let checks = [
            (
                r#"{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":9,"x":1}}"#,
                Refusal::RetryAfter(Duration::from_secs(9)),
            ),
            (
                r#"{"ok":false,"description":"x","parameters":{"retry_after":18446744073709551615}}"#,
                Refusal::RetryAfter(LONGEST_PAUSE),
            ),
            (
                r#"{"ok":false,"description":"Bad Request: TOPIC_CLOSED","parameters":{}}"#,
                Refusal::ThreadGone,
            ),
            (
                "<html>502</html>",
                Refusal::Unknown("16 bytes that are no answer of a Bot API".into()),
            ),
        ];
        for (raw, refusal) in checks {
            assert_eq!(unread(raw), refusal, "{raw}");
        }
    }
}
