//! Telegram's side: updates in, screens out.

pub mod button;
pub mod decode;
pub mod intent;
pub mod markdown;
pub mod screen;
pub mod text;
pub mod update;
