//! What a person does on the phone, on the built bot with the scripted CLI.
//!
//! The same path on the real CLI is in `tests/real`. Each promise of the design has a test here by
//! its name.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod asking_long;
mod background;
mod calm;
mod carried;
mod cases;
mod chaos;
mod commands;
mod elsewhere;
mod export;
mod failures;
mod faults;
mod follow;
mod gathering;
mod held;
mod inout;
mod insight;
mod later;
mod limits;
mod missing;
mod notices;
mod out;
mod outgoing;
mod picker;
mod promises;
mod put_away;
mod recovery;
mod restart;
mod rewind;
mod shutdown;
mod soak;
mod steering;
mod together;
mod turns;
mod unresumable;
mod verbose;
mod waiting;
mod work;
