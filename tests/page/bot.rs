//! A sandbox with a bot of a few lines, which says what a test wants it to say.

use reqwest::{Client, header};
use segue::sandbox::{Options, Pace, Sandbox};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::PATIENCE;

/// The private chat with the person of the page.
pub(crate) const ADA: i64 = 1001;

pub(crate) struct Bot {
    pub(crate) sandbox: Sandbox,
    http: Client,
    methods: String,
    /// The next update's id.
    offset: i64,
}

impl Bot {
    pub(crate) async fn start() -> Self {
        let options = Options { pace: Pace::Relaxed, ..Options::default() };
        let token = options.token.clone();
        let sandbox = Sandbox::start(options).await.unwrap();
        let methods = format!("{}/bot{token}", sandbox.api_url());
        let http = Client::builder().no_proxy().build().unwrap();
        Self { sandbox, http, methods, offset: 0 }
    }

    /// The result of a call that succeeds.
    pub(crate) async fn call(&self, method: &str, body: Value) -> Value {
        let request = self
            .http
            .post(format!("{}/{method}", self.methods))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let answer = request.send().await.unwrap().text().await.unwrap();
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["ok"], true, "{method} {body}: {answer}");
        answer["result"].take()
    }

    /// Sends a message into the private chat. Gives its id.
    pub(crate) async fn send(&self, mut body: Value) -> i64 {
        body["chat_id"] = json!(ADA);
        self.call("sendMessage", body).await["message_id"].as_i64().unwrap()
    }

    /// Edits a message of the private chat.
    pub(crate) async fn edit(&self, id: i64, mut body: Value) {
        body["chat_id"] = json!(ADA);
        body["message_id"] = json!(id);
        self.call("editMessageText", body).await;
    }

    /// The next update, as soon as there is one.
    pub(crate) async fn update(&mut self) -> Value {
        let body = json!({ "offset": self.offset, "limit": 1, "timeout": 50 });
        let mut updates = timeout(PATIENCE, self.call("getUpdates", body)).await.expect("in time");
        self.offset = updates[0]["update_id"].as_i64().unwrap() + 1;
        updates[0].take()
    }
}
