//! What a message looks like: text, entities, keyboard.

use crate::telegram::text::Text;

/// A message ready to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Text and entities.
    pub text: Text,
    /// Rows of buttons beneath it.
    pub keyboard: Vec<Vec<Button>>,
}

/// One button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// Its `callback_data`, 1–64 bytes.
    pub data: String,
}
