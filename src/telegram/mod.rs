//! Telegram's side: updates in, screens out.

pub mod screen;
pub mod text;
