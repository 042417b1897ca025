//! The program at the terminal: set-up, doctor, service, settings, lists.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod doctor;
mod machine;
mod pipes;
mod search;
mod service;
mod settings;
mod setup;
mod usage;
