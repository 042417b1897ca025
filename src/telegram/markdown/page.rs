//! Lays blocks out on lines: what parts them, how far lists are set in, where markers stand.

use crate::telegram::markdown::writer::Writer;

/// Deepest indentation, in columns: beyond, a phone has no room left for the text.
const DEEPEST: usize = 12;

/// What parts two blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// Nothing: the line goes on.
    None,
    /// A line break.
    #[default]
    Line,
    /// A blank line.
    Blank,
}

/// A writer that knows where on the page it is.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Writes what [`Page::begin`] made room for.
    pub(super) writer: Writer,
    /// What parts the next visible thing from the last.
    gap: Gap,
    /// The sign of a list item that has nothing in it yet.
    marker: String,
    /// Width of the markers of the list items around.
    margins: Vec<usize>,
}

impl Page {
    /// A page of one line, such as a cell of a table.
    pub(super) fn inline() -> Self {
        Self { gap: Gap::None, ..Self::default() }
    }

    /// Makes the next visible thing stand apart, by at least `gap`.
    pub(super) fn part(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// Makes room for something visible: the gap, the indentation, the marker.
    pub(super) fn begin(&mut self) {
        if self.gap == Gap::None {
            return;
        }
        self.begin_line();
        let own = if self.has_marker() { self.margins.last() } else { None };
        let around = self.margins.iter().sum::<usize>() - own.unwrap_or(&0);
        self.writer.write(&" ".repeat(around.min(DEEPEST)));
        self.writer.write(&self.marker);
        self.marker.clear();
    }

    /// Makes room for a block that takes the whole width, such as code.
    pub(super) fn begin_block(&mut self) {
        self.settle_marker();
        self.part(Gap::Line);
        self.begin_line();
    }

    /// Begins a list item.
    pub(super) fn begin_item(&mut self, marker: String) {
        self.settle_marker();
        self.part(Gap::Line);
        self.margins.push(marker.chars().count());
        self.marker = marker;
    }

    /// Ends a list item.
    pub(super) fn end_item(&mut self) {
        self.settle_marker();
        self.margins.pop();
        self.part(Gap::Line);
    }

    /// Whether a list item has begun with nothing in it so far.
    pub(super) fn has_marker(&self) -> bool {
        !self.marker.is_empty()
    }

    /// The marker of the item that has begun, to be changed.
    pub(super) fn marker_mut(&mut self) -> &mut String {
        &mut self.marker
    }

    /// Begins a quotation: lists inside are set in from its edge, not from the page's. Returns what
    /// [`Page::end_quote`] needs.
    pub(super) fn begin_quote(&mut self) -> Quote {
        self.settle_marker();
        self.part(Gap::Line);
        Quote { start: self.writer.len(), margins: std::mem::take(&mut self.margins) }
    }

    /// Ends a quotation and tells where it began.
    pub(super) fn end_quote(&mut self, quote: Quote) -> usize {
        self.margins = quote.margins;
        self.gap = self.gap_between_blocks();
        quote.start
    }

    /// What parts two blocks here: inside lists they stand close.
    pub(super) fn gap_between_blocks(&self) -> Gap {
        if self.margins.is_empty() { Gap::Blank } else { Gap::Line }
    }

    fn begin_line(&mut self) {
        if self.writer.len() > 0 {
            self.writer.write(match self.gap {
                Gap::None => "",
                Gap::Line => "\n",
                Gap::Blank => "\n\n",
            });
        }
        self.gap = Gap::None;
    }

    /// Writes a marker that has nothing behind it on its line.
    fn settle_marker(&mut self) {
        if self.has_marker() {
            self.marker.truncate(self.marker.trim_end().len());
            self.begin();
        }
    }
}

/// A quotation that has begun.
#[derive(Debug)]
pub(super) struct Quote {
    start: usize,
    margins: Vec<usize>,
}
