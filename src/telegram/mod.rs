//! Telegram's side: updates in, screens out.

pub mod account;
pub mod attached;
pub(crate) mod backoff;
pub mod callback;
pub mod client;
pub mod command;
pub mod decode;
pub mod download;
mod fetch;
pub mod intent;
pub mod markdown;
pub mod outbox;
pub mod outgoing;
pub mod poll;
pub mod refusal;
pub mod screen;
pub mod text;
pub mod update;
pub mod wording;
