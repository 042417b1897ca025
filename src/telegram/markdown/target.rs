//! Links and images: text that opens an address.

use crate::telegram::{
    markdown::pen::{Closed, Pen},
    text::{EntityKind, link},
};

/// A link or an image that has begun.
#[derive(Debug)]
pub(super) struct Target {
    address: String,
    title: String,
    /// Where its text begins in what was written, in bytes.
    start: usize,
}

impl Target {
    /// Begins a link where the pen is.
    pub(super) fn open(address: String, title: String, pen: &mut Pen) -> Self {
        pen.open(EntityKind::Link(address.clone()));
        Self { address, title, start: pen.len() }
    }

    /// Ends the link: where it cannot be one, the address follows its text. An image inside a link
    /// gives only its words.
    pub(super) fn close(self, pen: &mut Pen) {
        let label = pen.since(self.start).trim();
        let address = link::shown(&self.address);
        if label.is_empty() {
            pen.dissolve();
            pen.write(address);
        } else if link::says(label, &self.address) {
            // Telegram finds a bare address by itself.
            pen.dissolve();
        } else if pen.close() == Closed::Plain && !pen.is_linked() {
            note(pen, address);
        }
        note(pen, &self.title);
    }
}

/// Writes something in parentheses behind a link.
fn note(pen: &mut Pen, words: &str) {
    if !words.is_empty() {
        pen.write(" (");
        pen.prose(words);
        pen.write(")");
    }
}
