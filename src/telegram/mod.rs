//! Telegram's side: updates in, screens out.

pub mod decode;
pub mod screen;
pub mod text;
pub mod update;
