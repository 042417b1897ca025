//! Claude Code's side: its files, its stream and its processes. Knows nothing of Telegram.

pub mod audit;
pub mod catalog;
pub mod corpus;
mod git;
pub mod history;
pub mod home;
pub mod inbox;
pub mod installed;
pub mod json;
pub mod jsonl;
mod kinship;
pub mod literals;
pub mod live;
pub mod names;
pub mod process;
pub mod put_away;
pub mod record;
pub mod search;
pub mod session;
mod sift;
mod sweep;
pub mod transcript;
pub mod usage;
pub mod watch;
pub mod wire;
pub mod young;
