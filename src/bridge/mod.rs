//! Decisions between Claude's side and the chat, pure where they can be.

pub mod binding;
pub mod choices;
pub mod place;
pub mod prompt;
pub mod route;
pub mod run;
pub mod turn;
