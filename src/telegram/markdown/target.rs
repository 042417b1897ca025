//! Links and images: text that opens an address.

use crate::telegram::{
    markdown::writer::{Closed, Writer},
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
    /// Begins a link where the writer is.
    pub(super) fn open(address: String, title: String, writer: &mut Writer) -> Self {
        writer.open(EntityKind::Link(address.clone()));
        Self { address, title, start: writer.len() }
    }

    /// Ends the link: where it cannot be one, the address follows its text. An image inside a link
    /// gives only its words.
    pub(super) fn close(self, writer: &mut Writer) {
        let label = writer.since(self.start).trim();
        let address = link::shown(&self.address);
        if label.is_empty() {
            writer.dissolve();
            writer.prose(address);
        } else if link::says(label, &self.address)
            && (writer.is_apart(self.start) || !link::opens(&self.address))
        {
            // Telegram finds a bare address by itself.
            writer.dissolve();
        } else if writer.close() == Closed::Plain && !writer.is_linked() {
            note(writer, address);
        }
        note(writer, &self.title);
    }
}

/// Writes something in parentheses behind a link.
fn note(writer: &mut Writer, words: &str) {
    if !words.is_empty() {
        writer.write(" (");
        writer.prose(words);
        writer.write(")");
    }
}
