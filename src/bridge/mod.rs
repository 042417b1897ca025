//! Decisions between Claude's side and the chat, pure where they can be.

pub mod attachment;
pub mod audit;
pub mod binding;
pub mod book;
pub mod choices;
pub mod danger;
pub mod form;
pub mod grant;
pub mod notices;
pub mod outcome;
pub mod place;
pub mod prompt;
pub mod question;
pub mod reader;
pub mod remembered;
pub mod route;
pub mod session;
pub mod subscriptions;
pub mod terminal;
pub mod turn;
pub mod work;

#[cfg(test)]
mod invariants;
