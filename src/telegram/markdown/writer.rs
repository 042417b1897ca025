//! Writes formatted text in order: the output end of the renderer.
//!
//! Knows Telegram's rules for what stands inside what within a line; knows nothing of Markdown or
//! of blocks.

use crate::telegram::{
    markdown::paths::{self, Piece},
    text::{EntityKind, Span, Text, link},
};

/// Text being written, with the formatting that is open.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    spans: Vec<Span>,
    open: Vec<Open>,
}

/// A style or link that has begun and not ended.
#[derive(Debug)]
struct Open {
    /// `None` where it cannot stand: what is inside stays as it is.
    kind: Option<EntityKind>,
    /// Where its next span begins: code inside interrupts it.
    start: usize,
}

/// What a style or link that has ended left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// A formatted range.
    Formatted,
    /// Nothing: it could not stand where it was.
    Plain,
}

impl Writer {
    /// Bytes written so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// What was written from a byte on.
    pub(super) fn since(&self, start: usize) -> &str {
        &self.text[start..]
    }

    /// Whether no word and no sign stands right before a byte, which could make something else of
    /// what begins there.
    pub(super) fn is_apart(&self, start: usize) -> bool {
        let before = self.text[..start].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || c == '(')
    }

    /// Writes text as it is.
    pub(super) fn write(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes prose: what Telegram would light up though it is nothing to tap becomes code.
    pub(super) fn prose(&mut self, text: &str) {
        if self.is_linked() {
            return self.write(text);
        }
        let before = self.text.chars().next_back();
        for piece in paths::pieces(text, before) {
            match piece {
                Piece::Plain(range) => self.write(&text[range]),
                Piece::Code(range) => self.verbatim(&text[range], EntityKind::Code),
            }
        }
    }

    /// Writes code, inline or as a block. Inside a link it is only text: a link cannot hold code,
    /// and to open it matters more.
    pub(super) fn verbatim(&mut self, code: &str, kind: EntityKind) {
        if self.is_linked() {
            return self.write(code);
        }
        self.interrupt();
        let start = self.len();
        self.write(code);
        self.cover(start, kind);
        for open in &mut self.open {
            open.start = self.text.len();
        }
    }

    /// Writes text that has its own formatting, where nothing is open.
    pub(super) fn paste(&mut self, text: &Text) {
        debug_assert!(self.open.is_empty(), "formatting around formatted text");
        let shift = self.len();
        self.spans.extend(text.spans().into_iter().map(|span| Span {
            kind: span.kind,
            bytes: span.bytes.start + shift..span.bytes.end + shift,
        }));
        self.write(&text.text);
    }

    /// Begins a style or a link. It has no effect inside its like, and an address that Telegram
    /// would refuse none at all.
    pub(super) fn open(&mut self, kind: EntityKind) {
        let is_inside_like = self
            .open
            .iter()
            .filter_map(|open| open.kind.as_ref())
            .any(|outer| outer.is_like(&kind));
        let is_dead = matches!(&kind, EntityKind::Link(address) if !link::opens(address));
        self.open
            .push(Open { kind: (!is_inside_like && !is_dead).then_some(kind), start: self.len() });
    }

    /// Ends what was begun last, and tells whether it had an effect.
    pub(super) fn close(&mut self) -> Closed {
        match self.open.pop() {
            Some(Open { kind: Some(kind), start }) => {
                self.cover(start, kind);
                Closed::Formatted
            }
            _ => Closed::Plain,
        }
    }

    /// Ends what was begun last as if it had never begun.
    pub(super) fn dissolve(&mut self) {
        self.open.pop();
    }

    /// Formats what was written from a byte on.
    pub(super) fn cover(&mut self, start: usize, kind: EntityKind) {
        self.spans.push(Span { kind, bytes: start..self.len() });
    }

    /// Whether a link is open that has an effect.
    pub(super) fn is_linked(&self) -> bool {
        let is_link = |open: &Open| matches!(open.kind, Some(EntityKind::Link(_)));
        self.open.iter().any(is_link)
    }

    /// What was written.
    pub(super) fn into_text(self) -> Text {
        Text::assemble(self.text, self.spans)
    }

    /// Ends the spans of all that is open, so that code can follow.
    fn interrupt(&mut self) {
        let end = self.len();
        for open in &self.open {
            if let Some(kind) = &open.kind {
                self.spans.push(Span { kind: kind.clone(), bytes: open.start..end });
            }
        }
    }
}
