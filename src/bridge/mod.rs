//! Decisions between Claude's side and the chat, pure where they can be.

pub mod place;
pub mod prompt;
