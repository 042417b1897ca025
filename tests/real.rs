//! The real Claude CLI: what it writes and says, and that our recordings of it are true.
//!
//! Left out, each with a line that says so, where the CLI is not installed under `tests/cli`.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

#[allow(dead_code, reason = "the bench throws more of them")]
#[path = "bench/dice.rs"]
mod dice;

#[path = "real/asking.rs"]
mod asking;
#[path = "real/both.rs"]
mod both;
#[path = "real/chaos.rs"]
mod chaos;
#[path = "real/follow.rs"]
mod follow;
#[path = "real/inout.rs"]
mod inout;
#[path = "real/laptop.rs"]
mod laptop;
#[path = "real/limit.rs"]
mod limit;
#[path = "real/names.rs"]
mod names;
#[path = "real/oldest.rs"]
mod oldest;
#[path = "real/parity.rs"]
mod parity;
#[path = "real/path.rs"]
mod path;
#[path = "real/restart.rs"]
mod restart;
#[path = "real/resume.rs"]
mod resume;
#[path = "real/rewind.rs"]
mod rewind;
#[path = "real/steering.rs"]
mod steering;
#[path = "real/streams.rs"]
mod streams;
#[path = "real/together.rs"]
mod together;
