//! Telegram's side: updates in, screens out.

pub mod attached;
mod backoff;
pub mod button;
pub mod client;
pub mod decode;
mod fetch;
pub mod file;
pub mod gauge;
pub mod handover;
pub mod intent;
pub mod later;
pub mod markdown;
pub mod outbox;
pub mod parcel;
pub mod poll;
pub mod refusal;
pub mod screen;
mod send;
pub mod steering;
pub mod text;
pub mod update;
pub mod wording;
