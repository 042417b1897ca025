//! A local Telegram and a scripted `claude`: the demo and the test bench in one. Imports nothing
//! of the rest.
//!
//! [`Sandbox`] is a server on loopback with three faces:
//!
//! | Path | For | What |
//! |---|---|---|
//! | `/bot<token>/<method>` | the bot | the Bot API, with Telegram's refusals in Telegram's words |
//! | `/file/bot<token>/<path>` | the bot | what people have sent |
//! | `/sandbox/…` | page and tests | what people do, what there is, what shall go wrong |
//! | `/` | people | the chat page |
//!
//! In-process, [`Client`] does what the control API does. The sandbox is stricter than Telegram:
//! what Telegram would repair or ignore in silence is refused with a reason that begins with
//! `SANDBOX:`. It never talks to anything but loopback and writes no file.

use std::{io, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

mod api;
mod args;
mod bot;
mod calls;
mod change;
pub mod claude;
mod client;
mod commands;
mod compose;
mod control;
pub mod demo;
mod detect;
mod entities;
mod faults;
mod files;
mod filing;
mod guard;
mod hub;
mod key;
mod keyboard;
mod line;
mod media;
mod messages;
mod methods;
mod multipart;
mod pace;
mod page;
mod person;
mod pins;
mod profile;
mod query;
mod reactions;
mod refusal;
mod room;
mod settings;
mod setup;
mod topics;
mod updates;
pub mod wire;
mod world;

pub use bot::Profile;
pub use bot::Settings;
pub use calls::Call;
pub use change::{ChatView, State};
pub use client::{Client, Late};
pub use faults::{Armed, DOWNLOAD, Fault, Stage, Trouble, UPLOAD};
pub use files::{File, Media, Upload};
pub use methods::BotApi;
pub use pace::Pace;
pub use person::{Forum, Guise, Missing, Saying, Which};
pub use query::Answer;
pub use room::{Action, Draft, Post, Rights, Service, Standing, Topic};
pub use topics::TopicChange;

use hub::Hub;
use line::{Cut, HttpListener};

/// The bot as Telegram knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// Telegram's id, which the token begins with.
    pub id: i64,
    /// Name without the `@`, ending in `bot`.
    pub username: String,
    /// What people read.
    pub name: String,
}

/// How a sandbox is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The token that the bot must show.
    pub token: String,
    /// Whom the token belongs to.
    pub bot: Bot,
    /// Which Bot API it speaks; methods that are newer are not there.
    pub api: BotApi,
    /// Whether Telegram's rate limits hold.
    pub pace: Pace,
    /// How long a pressed button waits to be fetched and answered. Telegram keeps such updates for
    /// 150 seconds.
    pub callback_life: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            token: "7000000001:SANDBOX-not-a-secret-of-anything".to_owned(),
            bot: Bot {
                id: 7_000_000_001,
                username: "segue_sandbox_bot".to_owned(),
                name: "segue".to_owned(),
            },
            api: BotApi::default(),
            pace: Pace::Strict,
            callback_life: Duration::from_secs(150),
        }
    }
}

/// A running sandbox. It ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    hub: Arc<Hub>,
    port: u16,
    server: Option<JoinHandle<io::Result<()>>>,
}

impl Sandbox {
    /// Starts to listen. Fails where the port is taken.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let port = listener.local_addr()?.port();
        let hub = Arc::new(Hub::new(options));
        let routes = Router::new()
            .merge(api::routes())
            .merge(control::routes())
            .merge(setup::routes())
            .merge(filing::routes())
            .merge(page::routes())
            .fallback(not_found)
            .layer(middleware::from_fn_with_state(Arc::clone(&hub), guard::check))
            .layer(filing::limit())
            .with_state(Arc::clone(&hub))
            .into_make_service_with_connect_info::<Cut>();
        let stop = hub.stop.clone().cancelled_owned();
        let serve = axum::serve(HttpListener(listener), routes).with_graceful_shutdown(stop);
        let server = Some(tokio::spawn(serve.into_future()));
        Ok(Self { hub, port, server })
    }

    /// What a bot takes for `https://api.telegram.org`.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where people find the chat page, with its key.
    pub fn page_url(&self) -> String {
        format!("{}/?key={}", self.api_url(), self.hub.key.lasting())
    }

    /// The same with a key that is good once: for a command line, which every user of the machine
    /// can read.
    pub fn open_url(&self) -> String {
        format!("{}/?key={}", self.api_url(), self.hub.key.once())
    }

    /// Acts and looks in-process.
    pub fn client(&self) -> Client {
        Client { hub: Arc::clone(&self.hub) }
    }

    /// Stops and waits until all that was under way is answered.
    pub async fn stop(mut self) {
        self.hub.stop.cancel();
        if let Some(server) = self.server.take() {
            // Nothing is left to be saved from a server that failed.
            let _ = server.await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.hub.stop.cancel();
    }
}

/// As Telegram answers where there is nothing.
async fn not_found() -> Response {
    let envelope = json!({ "ok": false, "error_code": 404, "description": "Not Found" });
    (StatusCode::NOT_FOUND, Json(envelope)).into_response()
}
