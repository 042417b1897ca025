//! segue: continue the Claude Code session of your laptop from Telegram, and go back to the
//! laptop, in the same conversation.
//!
//! This page is the architecture. Claude's own files are the only record of sessions; segue is a
//! thin client of them, of the `claude` program, and of the Telegram Bot API.
//!
//! ```text
//! Update → Intent → Route → Run → Event* → Turn → Screen → Outbox → Telegram
//! ```
//!
//! Data flows one way. Each arrow is one function or one loop, each noun one type.
//!
//! | Module | Turns what into what | Knows |
//! |---|---|---|
//! | [`claude`] | files and processes of the CLI into sessions, records, stream lines, and what was said, used and done where | nothing of ours |
//! | [`bridge`] | a prompt into the run that answers it, and the run into a turn | `claude` |
//! | [`telegram`] | updates into what the person wants, screens into messages | `bridge`, `claude` |
//! | [`screens`] | what happened into what the person reads; pure | the above, no I/O |
//! | [`app`] | the one loop that owns bindings and runs | everything above |
//! | [`sandbox`] | a local Telegram and a scripted `claude` for demo and tests | nothing of ours |
//! | [`cli`], [`config`] | arguments and settings into one of the above | everything |
//!
//! The way of one prompt, in the order in which it happens:
//!
//! 1. `app/intake.rs`: messages are gathered and composed, and stand in the [book](bridge::book)
//!    before Telegram hears that they came;
//! 2. `app/prompts.rs`: which session it is for, and whether the person must be asked first;
//! 3. `bridge/session`: the one queue of that session, and the process, orphan or terminal that has
//!    it ([`session`](bridge::session) lists its files);
//! 4. `app/painter`: its turn in the chat; when the answer is there, the prompt leaves the book.
//!
//! A test (`tests/tidy.rs`) holds these directions.

pub mod app;
pub mod bridge;
pub mod claude;
pub mod cli;
pub mod config;
pub mod sandbox;
pub mod screens;
pub mod telegram;
