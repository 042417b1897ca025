//! What ends a turn in a transcript: one table for all who read one.
//!
//! | Record | Says |
//! |---|---|
//! | what the person said, or another session sent | another turn begins |
//! | a command with `/` or `!` in front | the same, unless a terminal runs it beside a turn |
//! | `assistant` with a call of a tool, or without `stop_reason` | it goes on |
//! | `assistant` that stopped for another reason | Claude is done |
//! | `assistant` of the CLI's own (`<synthetic>`), except the filler for a lost answer | it failed |
//! | `user` with results of tools | it goes on |
//! | `user` that notes an interrupt | it was broken off |
//! | `system` `turn_duration` | the terminal says that it is over |
//! | `last-prompt` | the CLI is at rest: over, unless a tool was called |
//!
//! Whether anything more can come, only the process that writes shows.

use crate::claude::{
    literals::{NO_RESPONSE, TURN_DURATION},
    record::{Block, Kind, Message, Record},
};

/// What a record says of the turn that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark<'a> {
    /// Another turn begins with it.
    Begins,
    /// A command was called: another turn begins, unless a terminal runs it while Claude works.
    Command,
    /// Claude has called a tool, or has not said why it stopped: more is to come.
    Open {
        /// Whether a tool was called.
        calls: bool,
    },
    /// Claude has said why it stopped, in the message of this id.
    Done(Option<&'a str>),
    /// The API failed, or the login; the CLI's words.
    Failed(String),
    /// Tools gave their results.
    Gave,
    /// The person broke off.
    Interrupted,
    /// The terminal says that the turn is over.
    Over,
    /// The CLI is at rest.
    AtRest,
    /// Nothing.
    Nothing,
}

/// What a record says of the turn that it stands in. Those of sub-agents say nothing.
pub fn mark<'a>(record: &'a Record<'_>) -> Mark<'a> {
    if record.sidechain {
        return Mark::Nothing;
    }
    match &record.kind {
        Kind::Assistant(message) if message.is_synthetic() => {
            let words = message.texts().map(AsRef::as_ref).collect::<Vec<&str>>().join("\n");
            if words == NO_RESPONSE { Mark::Nothing } else { Mark::Failed(words) }
        }
        Kind::Assistant(message) => said(message),
        Kind::User(message) if message.is_interruption() => Mark::Interrupted,
        Kind::User(message) if message.origin_from.is_some() => Mark::Begins,
        Kind::User(_) if record.prompt().is_some() => Mark::Begins,
        Kind::User(_) if record.said().next().is_some() => Mark::Command,
        Kind::User(message) if message.has_results() => Mark::Gave,
        Kind::System { subtype, .. } if subtype == TURN_DURATION => Mark::Over,
        Kind::LastPrompt { .. } => Mark::AtRest,
        _ => Mark::Nothing,
    }
}

fn said<'a>(message: &'a Message<'_>) -> Mark<'a> {
    let calls = message.blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
    match message.stop.as_deref() {
        Some("tool_use") | None => Mark::Open { calls },
        Some(_) if calls => Mark::Open { calls },
        Some(_) => Mark::Done(message.id.as_deref()),
    }
}
