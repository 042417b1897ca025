//! Why a call is refused: Telegram's code, its exact words, and its parameters.
//!
//! Words that Telegram does not use begin with `SANDBOX:`: what Telegram would repair or ignore in
//! silence and a bot should never send.

use serde_json::{Value, json};

/// One error envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// HTTP status and `error_code`.
    pub(super) code: u16,
    /// The text after which bots branch.
    pub(super) description: String,
    /// `parameters.retry_after`, seconds.
    pub(super) retry_after: Option<u32>,
    /// `parameters.migrate_to_chat_id`
    pub(super) moved: Option<i64>,
}

impl Refusal {
    fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), retry_after: None, moved: None }
    }

    /// 400 with Telegram's own words.
    pub(super) fn bad(reason: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", reason.as_ref()))
    }

    /// 400 for what Telegram lets pass and a bot should not send.
    pub(super) fn strict(reason: impl AsRef<str>) -> Self {
        Self::bad(format!("SANDBOX: {}", reason.as_ref()))
    }

    /// 401: not the bot's token.
    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    /// 403: the person or the group has shut the bot out.
    pub(super) fn forbidden(reason: &str) -> Self {
        Self::new(403, format!("Forbidden: {reason}"))
    }

    /// 404 for a method that is not there.
    pub(super) fn no_method() -> Self {
        Self::new(404, "Not Found: method not found")
    }

    /// 409 for the poller that came first.
    pub(super) fn conflict() -> Self {
        Self::new(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot \
             instance is running",
        )
    }

    /// 409 while updates go elsewhere.
    pub(super) fn webhook() -> Self {
        Self::new(
            409,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to \
             delete the webhook first",
        )
    }

    /// 429: come back in `seconds`.
    pub(super) fn too_many(seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(429, format!("Too Many Requests: retry after {seconds}"))
        }
    }

    /// 400 for a group that has another id now.
    pub(super) fn moved(chat: i64) -> Self {
        let bad = Self::bad("group chat was upgraded to a supergroup chat");
        Self { moved: Some(chat), ..bad }
    }

    /// 5xx as Telegram's own server words them.
    pub(super) fn server(code: u16) -> Self {
        let name = match code {
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            _ => "Internal Server Error",
        };
        Self::new(code, name)
    }

    /// Any words, for faults that a test makes up.
    pub(super) fn scripted(code: u16, description: &str) -> Self {
        Self::new(code, description)
    }

    /// The envelope as Telegram sends it.
    pub(super) fn envelope(&self) -> Value {
        let mut envelope = json!({
            "ok": false,
            "error_code": self.code,
            "description": self.description,
        });
        if let Some(seconds) = self.retry_after {
            envelope["parameters"] = json!({ "retry_after": seconds });
        }
        if let Some(chat) = self.moved {
            envelope["parameters"] = json!({ "migrate_to_chat_id": chat });
        }
        envelope
    }
}
