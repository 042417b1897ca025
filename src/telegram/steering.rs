//! Steering: the commands and buttons by which a person says how Claude works here.
//!
//! Each is read and written in this file; the lists of all commands and all buttons only know that
//! these exist.

use uuid::Uuid;

use crate::{
    bridge::{choices::Choice, verbosity::Verbosity},
    claude::session::SessionId,
    telegram::button::Key,
};

/// A command that steers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steering {
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
}

impl Steering {
    /// The command of this name with what follows it.
    pub fn read(name: &str, rest: &str) -> Option<Self> {
        let given = (!rest.is_empty()).then(|| rest.to_owned());
        Some(match name {
            "mode" => Self::Choose(Choice::Mode, given),
            "model" => Self::Choose(Choice::Model, given),
            "effort" => Self::Choose(Choice::Effort, given),
            "verbose" => Self::Verbose(given),
            "agent" => Self::Agent(given),
            "commands" => Self::Commands(rest.to_owned()),
            "btw" => Self::Aside(given),
            "fork" => Self::Fork(given),
            "rename" => Self::Rename(given),
            _ => return None,
        })
    }
}

/// A button that steers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Choose this.
    Choose(Choice, String),
    /// Show so much.
    Verbose(Verbosity),
    /// Choose the mode that asks about nothing, having read the warning.
    Bypass,
    /// Begin a session with an agent.
    Agent(String),
    /// Take the prompt of this turn back.
    TakeBack(Key),
    /// Suggest a title for a session.
    Suggest(SessionId),
    /// Give a session the title that the message shows.
    Title(SessionId),
}

impl Steer {
    /// As part of `callback_data`.
    pub fn encode(&self) -> String {
        match self {
            Self::Choose(Choice::Mode, value) => format!("p{value}"),
            Self::Choose(Choice::Model, value) => format!("m{value}"),
            Self::Choose(Choice::Effort, value) => format!("e{value}"),
            Self::Verbose(verbosity) => format!("v{}", verbosity.level()),
            Self::Bypass => "b".to_owned(),
            Self::Agent(name) => format!("a{name}"),
            Self::TakeBack(key) => format!("t{key}"),
            Self::Suggest(session) => format!("s{}", session.0.simple()),
            Self::Title(session) => format!("n{}", session.0.simple()),
        }
    }

    /// Reads it back.
    pub fn decode(data: &str) -> Option<Self> {
        let mut chars = data.chars();
        let (kind, rest) = (chars.next()?, chars.as_str());
        let session = || Uuid::try_parse(rest).ok().map(SessionId);
        Some(match kind {
            'p' => Self::Choose(Choice::Mode, rest.to_owned()),
            'm' => Self::Choose(Choice::Model, rest.to_owned()),
            'e' => Self::Choose(Choice::Effort, rest.to_owned()),
            'v' => Self::Verbose(Verbosity::of(rest.parse().ok()?)?),
            'b' if rest.is_empty() => Self::Bypass,
            'a' => Self::Agent(rest.to_owned()),
            't' => Self::TakeBack(Key(u64::from_str_radix(rest, 16).ok()?)),
            's' => Self::Suggest(session()?),
            'n' => Self::Title(session()?),
            _ => return None,
        })
    }
}
