//! What the person reads: one function per screen, each pure.
//!
//! Facts come in, a [`Screen`] comes out. No file, no clock, no network; the time is a fact like
//! any other.

pub mod export;
pub mod failure;
pub mod files;
pub mod help;
pub mod history;
pub mod laptop;
pub mod later;
pub mod notice;
pub mod question;
pub mod sessions;
pub mod status;
pub mod steering;
pub mod turn;
pub mod verbose;
pub(crate) mod words;
mod work;

use std::path::PathBuf;

use crate::{
    claude::session::SessionId,
    telegram::{
        button::Tap,
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

/// A button; None where its words make the data too long.
fn button(label: impl Into<String>, tap: &Tap) -> Option<Button> {
    tap.encode().map(|data| Button { label: label.into(), data })
}

/// One row of buttons.
fn row<const N: usize>(buttons: [(&str, Tap); N]) -> Vec<Button> {
    buttons.into_iter().filter_map(|(label, tap)| button(label, &tap)).collect()
}

fn screen(text: Text, keyboard: Vec<Vec<Button>>) -> Screen {
    let keyboard = keyboard.into_iter().filter(|row| !row.is_empty()).collect();
    Screen { text, keyboard }
}
