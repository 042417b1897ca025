//! The sandbox over real HTTP: Telegram's refusals in Telegram's words, the rules of long polling,
//! buttons, faults, and answers that a typed client of others understands without a rest.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::time::Duration;

use reqwest::{Client as Http, header};
use segue::sandbox::{Options, Pace, Sandbox};
use serde_json::{Value, json};

mod chats;
mod control;
mod files;
mod objects;
mod refusals;
mod topics;
mod trouble;
mod updates;

const ADA: (i64, i64) = (1001, 1001);
const GROUP: i64 = -1_002_000_000_001;
/// Long enough for a busy machine; nothing waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A sandbox and a bot made of plain HTTP.
struct Bench {
    sandbox: Sandbox,
    http: Http,
    token: String,
}

impl Bench {
    async fn new(pace: Pace) -> Self {
        let options = Options { pace, ..Options::default() };
        let token = options.token.clone();
        let sandbox = Sandbox::start(options).await.unwrap();
        Self::of(sandbox, token)
    }

    /// The same for a sandbox of one's own.
    fn of(sandbox: Sandbox, token: String) -> Self {
        let http = Http::builder().no_proxy().build().unwrap();
        Self { sandbox, http, token }
    }

    async fn relaxed() -> Self {
        Self::new(Pace::Relaxed).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.api_url())
    }

    /// The address of something of the page, with its key.
    fn page(&self, path: &str) -> String {
        let page = self.sandbox.page_url();
        let (_, key) = page.split_once("?key=").unwrap();
        format!("{}?key={key}", self.url(path))
    }

    /// Status and envelope; an error is a connection that broke.
    async fn try_call(&self, method: &str, body: Value) -> reqwest::Result<(u16, Value)> {
        let response = self
            .http
            .post(self.url(&format!("/bot{}/{method}", self.token)))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string())
            .send()
            .await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap()))
    }

    /// The result of a call that succeeds.
    async fn call(&self, method: &str, body: Value) -> Value {
        let (status, envelope) = self.try_call(method, body).await.unwrap();
        assert_eq!((status, &envelope["ok"]), (200, &json!(true)), "{envelope}");
        envelope["result"].clone()
    }

    async fn send(&self, body: Value) -> i64 {
        self.call("sendMessage", body).await["message_id"].as_i64().unwrap()
    }

    /// The description of a call that is refused.
    async fn refused(&self, method: &str, body: Value) -> (u16, String) {
        let (status, envelope) = self.try_call(method, body).await.unwrap();
        assert_eq!((&envelope["ok"], &envelope["error_code"]), (&json!(false), &json!(status)));
        (status, envelope["description"].as_str().unwrap().to_owned())
    }

    /// Everything that waits, confirmed.
    async fn updates(&self) -> Vec<Value> {
        let result = self.call("getUpdates", json!({})).await;
        let updates = result.as_array().unwrap().clone();
        if let Some(last) = updates.last() {
            let next = last["update_id"].as_i64().unwrap() + 1;
            self.call("getUpdates", json!({ "offset": next })).await;
        }
        updates
    }
}

fn button(data: &str) -> Value {
    json!({ "inline_keyboard": [[{ "text": "Press", "callback_data": data }]] })
}
