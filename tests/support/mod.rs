//! What the integration tests share: the laptop, the Messages API, and what plays streams.

// Each test binary uses its part of this, and a helper of tests may panic and print.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr
)]

pub(crate) mod answers;
pub(crate) mod background;
pub(crate) mod chaos;
pub(crate) mod cli;
pub(crate) mod conversation;
pub(crate) mod driven;
pub(crate) mod elsewhere;
pub(crate) mod facts;
pub(crate) mod headless;
pub(crate) mod laptop;
pub(crate) mod messages_api;
pub(crate) mod phone;
pub(crate) mod picture;
pub(crate) mod processes;
pub(crate) mod recording;
pub(crate) mod rows;
pub(crate) mod saying;
pub(crate) mod schema;
pub(crate) mod scratch;
pub(crate) mod scripted;
pub(crate) mod shape;
pub(crate) mod terminal;
pub(crate) mod wait;
