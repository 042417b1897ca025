//! Telegram's side: updates in, screens out.

mod backoff;
pub mod client;
pub mod decode;
mod fetch;
pub mod outbox;
pub mod poll;
pub mod refusal;
pub mod screen;
mod send;
pub mod text;
pub mod update;
