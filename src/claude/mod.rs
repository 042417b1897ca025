//! Claude Code's side: its files, its stream and its processes. Knows nothing of Telegram.

pub mod session;
