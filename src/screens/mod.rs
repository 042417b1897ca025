//! What the person reads: one function per screen, each pure.
//!
//! Facts come in, a [`Screen`] comes out. No file, no clock, no network; the time is a fact like
//! any other.

pub mod audit;
pub mod card;
pub mod chart;
pub mod export;
pub mod failure;
pub mod files;
pub mod follow;
pub mod help;
pub mod history;
#[cfg(test)]
mod hostile;
pub mod laptop;
pub mod later;
pub mod limits;
pub mod live;
pub mod notice;
pub mod notices;
pub mod put_away;
pub mod question;
pub mod rewind;
pub mod search;
pub mod sessions;
pub mod status;
pub mod steering;
pub mod turn;
pub mod usage;
pub mod verbose;
pub(crate) mod words;
mod work;

use std::path::PathBuf;

use crate::{
    claude::session::SessionId,
    telegram::{
        callback::Callback,
        intent::deep_link,
        screen::{Button, Screen},
        text::Text,
    },
};

/// Where and when a screen is read.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The person's home directory, shown as `~`.
    pub home: PathBuf,
    /// The bot's user name, without `@`.
    pub bot: String,
    /// Now, milliseconds since the epoch.
    pub now: u64,
}

/// The sign that opens a session when tapped, and by which a reply finds back to it.
fn anchor(scene: &Scene, session: SessionId) -> Text {
    let mut text = Text::default();
    text.link("↳", &deep_link(&scene.bot, session));
    text
}

/// A button.
fn button(label: impl Into<String>, callback: &Callback) -> Button {
    Button { label: label.into(), data: callback.encode() }
}

/// One row of buttons.
fn row<const N: usize>(buttons: [(&str, Callback); N]) -> Vec<Button> {
    buttons.into_iter().map(|(label, callback)| button(label, &callback)).collect()
}

fn screen(text: Text, keyboard: Vec<Vec<Button>>) -> Screen {
    let keyboard = keyboard.into_iter().flat_map(words::fit).collect();
    Screen { text, keyboard }
}
