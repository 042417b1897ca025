//! What a prompt carries besides its words: files that are still with Telegram, then pictures.

use serde::{Deserialize, Serialize};

use crate::claude::wire::say::Image;

/// Something that a prompt carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// A file that has to be fetched before Claude can have the prompt.
    File(Attached),
    /// A picture, ready for Claude.
    Image(Image),
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// As what it was sent.
    pub kind: Kind,
    /// Telegram's `file_id`.
    pub id: String,
    /// Its name, where it has one. Anything may stand in it.
    pub name: Option<String>,
    /// Bytes, where Telegram says so.
    pub size: Option<u64>,
}

/// As what a file was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture, made a JPEG by Telegram.
    Photo,
    /// A voice message or music: to be heard.
    Sound,
    /// A file of any other sort.
    Document,
}

/// Why a picture cannot be shown to Claude.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A kind of picture that the API does not take.
    Format,
    /// It has more pixels than are decoded.
    Pixels,
    /// It is damaged.
    Damaged,
}

impl Attachment {
    /// The file that has to be fetched, if it is one.
    pub fn file(&self) -> Option<&Attached> {
        match self {
            Self::File(file) => Some(file),
            Self::Image(_) => None,
        }
    }
}

impl Attached {
    /// What it is called when it is spoken of.
    pub fn label(&self) -> &str {
        let unnamed = match self.kind {
            Kind::Photo => "photo",
            Kind::Sound => "recording",
            Kind::Document => "file",
        };
        self.name.as_deref().unwrap_or(unnamed)
    }
}
