//! Claude Code's side: its files, its stream and its processes. Knows nothing of Telegram.

mod arguments;
pub mod audit;
pub mod catalog;
pub mod corpus;
mod git;
pub mod history;
pub mod home;
pub mod identity;
pub mod inbox;
pub mod installed;
pub mod json;
pub mod jsonl;
pub mod literals;
pub mod live;
pub mod names;
mod parentage;
mod prefilter;
pub mod process;
pub mod put_away;
pub mod record;
pub mod search;
pub mod session;
mod sweep;
pub mod transcript;
pub mod usage;
pub mod watch;
pub mod wire;
