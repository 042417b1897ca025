//! The one way to the Bot API: teloxide as typed client over an HTTP client of our own.
//!
//! Knows addresses, time limits and how to keep the token out of everything that is shown. It
//! makes each call once; when to make it, and whether again, is decided by those who call.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::DateTime;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, DATE};
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use teloxide::net::Download;
use teloxide::payloads::GetMe;
use teloxide::requests::{MultipartPayload, MultipartRequest, Payload};
use teloxide::types::InputFile;
use teloxide::{Bot, DownloadError, RequestError};
use tokio::io::AsyncWrite;
use tokio::time::timeout;

use crate::telegram::refusal::Refusal;

/// Where Telegram's own Bot API server is.
pub const TELEGRAM: &str = "https://api.telegram.org";

/// How long a call may take. Telegram answers within a second; the rest is for a phone's
/// network.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// How long it may take to send a file: 50 MB over a slow line.
const UPLOAD_LIMIT: Duration = Duration::from_secs(600);

/// How long a connection may take to come up.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Probes on a silent connection: a laptop that slept holds connections that nobody remembers.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What stands in place of the token.
const HIDDEN: &str = "<token>";

/// Length from which the part behind the colon is looked for by itself; Telegram's has 35 signs.
const SECRET_LENGTH: usize = 8;

/// A bot, as Telegram's server sees it.
#[derive(Clone)]
pub struct Client {
    bot: Bot,
    token: Arc<str>,
    /// Address of the Bot API server, without a slash at its end.
    server: Arc<str>,
}

/// Who we are. <https://core.telegram.org/bots/api#getme>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// The bot's account.
    pub id: u64,
    /// Its name without `@`; every bot has one.
    pub username: String,
    /// What it may do.
    #[serde(flatten)]
    pub abilities: Abilities,
}

/// What a bot may do, as its owner has set it. What an older server does not tell is off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Abilities {
    /// Have topics in private chats (Bot API 9.4).
    pub has_topics_enabled: bool,
    /// Be added to groups.
    pub can_join_groups: bool,
    /// See every message of a group, and not only commands and replies to it.
    pub can_read_all_group_messages: bool,
}

/// Why there is no client. Holds no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The token does not have the form `123456:letters`.
    #[error("the bot token does not look like one (123456:ABC…)")]
    Token,
    /// The address of the Bot API server is none of `http` or `https`.
    #[error("the address of the Bot API server is no http or https URL: {0}")]
    Address(String),
    /// The HTTP client did not come up.
    #[error("cannot set up HTTPS: {0}")]
    Tls(String),
}

impl Client {
    /// A client for `token` at the server `api_url`, usually [`TELEGRAM`]. Makes no call.
    pub fn connect(token: &str, api_url: &str) -> Result<Self, Unusable> {
        if !looks_like_token(token) {
            return Err(Unusable::Token);
        }
        let url = server(api_url)?;
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .tcp_keepalive(KEEPALIVE)
            .tcp_nodelay(true)
            // A redirect would carry the token, which is part of the path, to another server.
            .redirect(Policy::none());
        if is_loopback(&url) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| Unusable::Tls(error.to_string()))?;
        let server = url.as_str().trim_end_matches('/').into();
        Ok(Self {
            bot: Bot::with_client(token, http).set_api_url(url),
            token: token.into(),
            server,
        })
    }

    /// Asks who the bot is.
    pub async fn get_me(&self) -> Result<Me, Refusal> {
        self.call(Lean::new(GetMe::new())).await
    }

    /// What the server's clock says, to the second; `None` where it does not answer or say.
    pub async fn server_time(&self) -> Option<SystemTime> {
        let request = self.bot.client().head(&*self.server).timeout(CALL_LIMIT);
        let answer = request.send().await.ok()?;
        let date = answer.headers().get(DATE)?.to_str().ok()?;
        DateTime::parse_from_rfc2822(date).ok().map(SystemTime::from)
    }

    /// Makes one call of the Bot API, any that teloxide or a [`Payload`] of ours describes.
    pub async fn call<P>(&self, payload: P) -> Result<P::Output, Refusal>
    where
        P: Payload + Serialize + 'static,
        P::Output: DeserializeOwned,
    {
        self.attempt(payload, CALL_LIMIT).await.map_err(|error| self.refusal(error))
    }

    /// Makes one call that may take as long as `limit`, and leaves its error as it came.
    pub(crate) async fn attempt<P>(
        &self,
        payload: P,
        limit: Duration,
    ) -> Result<P::Output, RequestError>
    where
        P: Payload + Serialize + 'static,
        P::Output: DeserializeOwned,
    {
        timeout(limit, self.post(&payload)).await.unwrap_or_else(|_| Err(late(limit)))
    }

    /// teloxide's own request would sleep for 10 s upon a 5xx, and hold up its chat. What is no
    /// success goes back as it came: [`Refusal`] reads it.
    async fn post<P>(&self, payload: &P) -> Result<P::Output, RequestError>
    where
        P: Payload + Serialize,
        P::Output: DeserializeOwned,
    {
        #[derive(Deserialize)]
        struct Done<O> {
            result: O,
        }

        let unwritten = |error: serde_json::Error| RequestError::Io(Arc::new(error.into()));
        let body = serde_json::to_vec(payload).map_err(unwritten)?;
        let url = format!("{}/bot{}/{}", self.server, self.token, P::NAME);
        let request = self.bot.client().post(url).header(CONTENT_TYPE, "application/json");
        let raw = request.body(body).send().await?.text().await?;
        let done = serde_json::from_str(&raw).map(|Done { result }| result);
        done.map_err(|source| RequestError::InvalidJson {
            source: Arc::new(source),
            raw: raw.into(),
        })
    }

    /// Makes one call that sends a file.
    pub(crate) async fn upload<P>(&self, payload: P) -> Result<P::Output, Refusal>
    where
        P: MultipartPayload + Serialize + 'static,
        P::Output: DeserializeOwned,
    {
        let call = MultipartRequest::new(self.bot.clone(), payload).into_future();
        let made = timeout(UPLOAD_LIMIT, call).await.unwrap_or_else(|_| Err(late(UPLOAD_LIMIT)));
        made.map_err(|error| self.refusal(error))
    }

    /// Fetches what stands at a path that `getFile` gave.
    pub(crate) async fn download(
        &self,
        path: &str,
        into: &mut (dyn AsyncWrite + Unpin + Send),
        limit: Duration,
    ) -> Result<(), Refusal> {
        let fetched = timeout(limit, self.bot.download_file(path, into)).await;
        let error = match fetched {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(DownloadError::Network(error))) => RequestError::Network(error),
            Ok(Err(DownloadError::Io(error))) => RequestError::Io(error),
            Err(_) => late(limit),
        };
        Err(self.refusal(error))
    }

    /// What an error means. A server, or a proxy before it, may quote the address it was asked
    /// for, and the token is part of that.
    pub(crate) fn refusal(&self, error: RequestError) -> Refusal {
        Refusal::from(error).map_text(|text| {
            let secret = self.token.split_once(':').map_or("", |(_, secret)| secret);
            let text = text.replace(&*self.token, HIDDEN);
            if secret.len() < SECRET_LENGTH { text } else { text.replace(secret, HIDDEN) }
        })
    }
}

/// Nothing came in time.
fn late(limit: Duration) -> RequestError {
    let late = format!("nothing within {} s", limit.as_secs());
    RequestError::Io(Arc::new(io::Error::new(io::ErrorKind::TimedOut, late)))
}

/// Without the token: teloxide's own `Debug` shows it.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// A call as teloxide describes it, of whose answer only `O` is read: a field of the answer that
/// teloxide does not know must not make a failure of what has succeeded.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Lean<P, O> {
    payload: P,
    #[serde(skip)]
    answer: PhantomData<fn() -> O>,
}

impl<P, O> Lean<P, O> {
    pub(crate) fn new(payload: P) -> Self {
        Self { payload, answer: PhantomData }
    }
}

impl<P: Payload, O> Payload for Lean<P, O> {
    type Output = O;

    const NAME: &'static str = P::NAME;
}

impl<P: MultipartPayload, O> MultipartPayload for Lean<P, O> {
    fn copy_files(&self, into: &mut dyn FnMut(InputFile)) {
        self.payload.copy_files(into);
    }

    fn move_files(&mut self, into: &mut dyn FnMut(InputFile)) {
        self.payload.move_files(into);
    }
}

fn looks_like_token(token: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    token.split_once(':').is_some_and(|(id, secret)| {
        id.parse::<u64>().is_ok() && !secret.is_empty() && secret.chars().all(is_letter)
    })
}

fn server(address: &str) -> Result<Url, Unusable> {
    let mut url =
        Url::parse(address).map_err(|error| Unusable::Address(format!("{address}: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Unusable::Address(address.to_owned()));
    }
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty();
    }
    Ok(url)
}

/// A proxy of the environment is for the world outside, not for a server on this machine.
fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "123456:AAF7-g0gYncWnm5IyfZlpPRqRRv6kNAGlao";

    #[test]
    fn tokens_and_addresses_are_looked_at_before_use() {
        for token in ["", "123456", "123456:", ":abc", "x:abc", "1:a/b", "1:a b", "1:a\n"] {
            let refused = Client::connect(token, TELEGRAM).map(drop);
            assert_eq!(refused, Err(Unusable::Token), "{token:?}");
        }
        for address in ["", "telegram.org", "ftp://a.b", "mailto:a@b"] {
            let refused = Client::connect(TOKEN, address).map(drop);
            assert!(matches!(refused, Err(Unusable::Address(_))), "{address:?}");
        }
        for address in [TELEGRAM, "http://127.0.0.1:8081", "https://a.b/bots/"] {
            assert!(Client::connect(TOKEN, address).is_ok(), "{address:?}");
        }
    }

    #[test]
    fn neither_client_nor_refusal_shows_the_token() {
        let client = Client::connect(TOKEN, TELEGRAM).expect("a client");
        assert_eq!(format!("{client:?}"), "Client { .. }");
        let secret = TOKEN.split(':').next_back().expect("a secret");
        for quoted in [TOKEN, secret] {
            let text = format!("Bad Request: no /bot{quoted}/getMe here");
            let api = serde_json::from_value(text.into()).expect("an error");
            let refusal = client.refusal(RequestError::Api(api));
            assert!(!format!("{refusal} {refusal:?}").contains(secret), "{refusal}");
        }
    }

    #[test]
    fn only_this_machine_is_reached_without_a_proxy() {
        let checks = [
            ("http://localhost:1", true),
            ("http://127.0.0.9", true),
            ("http://[::1]:8081", true),
            ("https://api.telegram.org", false),
            ("http://10.0.0.1", false),
        ];
        for (address, loopback) in checks {
            assert_eq!(is_loopback(&server(address).expect("a URL")), loopback, "{address}");
        }
    }
}
