//! Telegram's side: updates in, screens out.

pub mod markdown;
pub mod screen;
pub mod text;
