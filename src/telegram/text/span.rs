//! Entities by byte range, the form in which text is cut, joined and wrapped; UTF-16 units are
//! counted once, at the end.

use std::{cmp::Reverse, ops::Range};

use super::{Entity, EntityKind, Text};

/// One formatted range of a `str`, on its character borders.
#[derive(Clone, Debug)]
pub(in crate::telegram) struct Span {
    /// How the range looks.
    pub(in crate::telegram) kind: EntityKind,
    /// Where it is, in bytes.
    pub(in crate::telegram) bytes: Range<usize>,
}

impl Span {
    /// Order of entities in a message: by start, the outer before the inner.
    fn order(&self) -> (usize, Reverse<usize>, u8) {
        let Range { start, end } = self.bytes;
        (start, Reverse(end), self.kind.rank())
    }

    /// The range without the white space at its ends; blocks keep the indentation of their first
    /// line. Outer and inner spans stay nested: what the outer one loses, the inner one loses too.
    fn trimmed(self, text: &str) -> Self {
        let Range { start, end } = self.bytes;
        let covered = &text[start..end];
        let lead = if self.kind.is_verbatim() || self.kind.is_quote() {
            covered.trim_start_matches('\n')
        } else {
            covered.trim_start()
        };
        let start = end - lead.len();
        Self { kind: self.kind, bytes: start..start + lead.trim_end().len() }
    }
}

impl Text {
    /// Text from spans in any order; those that cover nothing visible are dropped.
    pub(in crate::telegram) fn assemble(text: String, spans: Vec<Span>) -> Self {
        let mut spans: Vec<Span> = spans
            .into_iter()
            .map(|span| span.trimmed(&text))
            .filter(|span| !span.bytes.is_empty())
            .collect();
        spans.sort_by_key(Span::order);
        let points = spans.iter_mut().map(|span| &mut span.bytes);
        convert(&text, points, char::len_utf8, char::len_utf16);
        let entities = spans
            .into_iter()
            .map(|Span { kind, bytes: units }| Entity {
                kind,
                offset: units.start,
                length: units.len(),
            })
            .collect();
        Self { text, entities }
    }

    /// The entities as spans, in the order of [`Text::entities`]. What lies beyond the text or
    /// inside a character is moved to the next border.
    pub(in crate::telegram) fn spans(&self) -> Vec<Span> {
        let mut spans: Vec<Span> = self
            .entities
            .iter()
            .map(|entity| Span {
                kind: entity.kind.clone(),
                bytes: entity.offset..entity.offset.saturating_add(entity.length),
            })
            .collect();
        let points = spans.iter_mut().map(|span| &mut span.bytes);
        convert(&self.text, points, char::len_utf16, char::len_utf8);
        spans.sort_by_key(Span::order);
        spans
    }
}

/// The part of each span that lies in `window`, counted from the start of it.
pub(super) fn clip(spans: &[Span], window: Range<usize>) -> impl Iterator<Item = Span> {
    let touching = move |span: &&Span| span.bytes.start < window.end;
    let Range { start, end } = window;
    spans.iter().take_while(touching).filter(move |span| span.bytes.end > start).map(move |span| {
        Span {
            kind: span.kind.clone(),
            bytes: span.bytes.start.max(start) - start..span.bytes.end.min(end) - start,
        }
    })
}

/// Rewrites ranges counted in one measure of a character into another, in one pass over the text.
fn convert<'a>(
    text: &str,
    ranges: impl Iterator<Item = &'a mut Range<usize>>,
    from: fn(char) -> usize,
    to: fn(char) -> usize,
) {
    let mut points: Vec<&mut usize> =
        ranges.flat_map(|range| [&mut range.start, &mut range.end]).collect();
    points.sort_unstable();
    let mut chars = text.chars();
    let (mut seen, mut told) = (0, 0);
    for point in points {
        while seen < *point
            && let Some(character) = chars.next()
        {
            seen += from(character);
            told += to(character);
        }
        *point = told;
    }
}
