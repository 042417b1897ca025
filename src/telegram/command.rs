//! The commands of the chat: what Telegram's menu offers, and what a command that is written means.
//!
//! A slash command that is not here is Claude's.

use crate::{bridge::choices::Choice, claude::session::SessionId, telegram::callback::Format};

/// A command of the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `/start`, with the session of a deep link.
    Start(Option<SessionId>),
    /// `/help`
    Help,
    /// `/sessions [words]`
    Sessions(String),
    /// `/new [prompt]`
    New(Option<String>),
    /// `/cd [path or name]`
    Cd(Option<String>),
    /// `/status`
    Status,
    /// `/stop`
    Stop,
    /// `/get [path]`
    Get(Option<String>),
    /// `/diff`
    Diff,
    /// `/history [count]`
    History(Option<u16>),
    /// `/export [md]`
    Export(Format),
    /// `/mode`, `/model` or `/effort`, with what is chosen.
    Choose(Choice, Option<String>),
    /// `/verbose [level]`
    Verbose(Option<String>),
    /// `/agent [name]`
    Agent(Option<String>),
    /// `/commands [words]`
    Commands(String),
    /// `/btw [question]`
    Aside(Option<String>),
    /// `/fork [prompt]`
    Fork(Option<String>),
    /// `/rename [title]`
    Rename(Option<String>),
    /// What is read from Claude's files about all sessions.
    Insight(Insight),
}

/// A look at what all sessions said, did and used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Insight {
    /// `/search WORDS`
    Search(String),
    /// `/live`
    Live,
    /// `/usage`
    Usage,
    /// `/audit [session or today]`
    Audit(Option<String>),
    /// `/follow [session or off]`
    Follow(Option<String>),
    /// `/notify [on or off]`
    Notify(Option<String>),
    /// `/limits`
    Limits,
    /// `/archive [session]`
    Archive(Option<String>),
    /// `/delete [session]`
    Delete(Option<String>),
    /// `/recap`
    Recap,
    /// `/history WHEN`
    From(String),
}

/// The commands that Telegram offers, with their descriptions.
pub const COMMANDS: [(&str, &str); 29] = [
    ("sessions", "Pick a session of this directory or of all"),
    ("new", "Start a new session"),
    ("cd", "Work in another directory"),
    ("status", "Where this chat is and what runs"),
    ("stop", "Stop what Claude is doing"),
    ("history", "What was said before"),
    ("recap", "What this session is about and where it stands"),
    ("search", "Find where something was said"),
    ("live", "What runs on the laptop, and what it waits for"),
    ("follow", "See here what a session elsewhere does"),
    ("notify", "Hear when a session waits, ends or fails"),
    ("usage", "Tokens and costs"),
    ("limits", "How much of the plan is used"),
    ("audit", "What tools did"),
    ("get", "Get a file of the laptop"),
    ("diff", "What has changed since the last commit"),
    ("export", "The whole conversation as a page"),
    ("mode", "How much Claude asks: plan, accept edits, …"),
    ("model", "Which model answers here"),
    ("effort", "How hard the model thinks"),
    ("verbose", "How much of a turn is shown: 0, 1 or 2"),
    ("btw", "Ask aside, without a trace in the conversation"),
    ("fork", "Continue in a copy of the session"),
    ("rename", "Give the session a title"),
    ("archive", "Leave a session out of lists"),
    ("delete", "Put a session into the laptop's trash"),
    ("agent", "Start a session with an agent"),
    ("commands", "Find a command or skill of Claude's"),
    ("help", "What you can do here"),
];

impl Command {
    /// The command of this name, without `/` and in any case, with what follows it. None for one
    /// that Claude may know.
    pub fn read(name: &str, rest: &str) -> Option<Self> {
        let given = (!rest.is_empty()).then(|| rest.to_owned());
        Some(match name.to_ascii_lowercase().as_str() {
            "start" => Self::Start(rest.strip_prefix("s_").and_then(|id| id.parse().ok())),
            "help" => Self::Help,
            "sessions" | "session" | "resume" => Self::Sessions(rest.to_owned()),
            "new" => Self::New(given),
            "cd" => Self::Cd(given),
            "status" => Self::Status,
            "stop" => Self::Stop,
            "get" => Self::Get(given),
            "diff" => Self::Diff,
            "history" if rest.is_empty() || rest.parse::<u16>().is_ok() => {
                Self::History(rest.parse().ok())
            }
            "history" => Self::Insight(Insight::From(rest.to_owned())),
            "export" if matches!(rest, "md" | "markdown") => Self::Export(Format::Markdown),
            "export" => Self::Export(Format::Html),
            "mode" => Self::Choose(Choice::Mode, given),
            "model" => Self::Choose(Choice::Model, given),
            "effort" => Self::Choose(Choice::Effort, given),
            "verbose" => Self::Verbose(given),
            "agent" => Self::Agent(given),
            "commands" => Self::Commands(rest.to_owned()),
            "btw" => Self::Aside(given),
            "fork" => Self::Fork(given),
            "rename" => Self::Rename(given),
            "search" => Self::Insight(Insight::Search(rest.to_owned())),
            "live" => Self::Insight(Insight::Live),
            "usage" => Self::Insight(Insight::Usage),
            "audit" => Self::Insight(Insight::Audit(given)),
            "follow" => Self::Insight(Insight::Follow(given)),
            "notify" => Self::Insight(Insight::Notify(given)),
            "limits" => Self::Insight(Insight::Limits),
            "archive" => Self::Insight(Insight::Archive(given)),
            "delete" => Self::Insight(Insight::Delete(given)),
            "recap" => Self::Insight(Insight::Recap),
            _ => return None,
        })
    }
}
