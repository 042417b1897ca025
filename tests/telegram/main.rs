//! Telegram's edge of segue, over a real connection to a Telegram of our own.

#![allow(clippy::expect_used, reason = "the helpers of tests are tests, too")]

mod account;
mod outbox;
mod poll;
mod refusals;
#[path = "../support/schema.rs"]
mod schema;
mod server;
