//! Claude Code's side: its files, its stream and its processes. Knows nothing of Telegram.

pub mod json;
pub mod jsonl;
pub mod process;
pub mod record;
pub mod session;
pub mod wire;
