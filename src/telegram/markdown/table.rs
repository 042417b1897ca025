//! Tables: columns of monospaced text where they fit a phone, else a paragraph per row.

use pulldown_cmark::Alignment;
use unicode_width::UnicodeWidthStr;

use crate::telegram::{
    markdown::writer::Writer,
    text::{EntityKind, Text},
};

/// Widest table, in columns of monospaced text, that a phone shows without wrapping its lines.
const WIDEST: usize = 40;

const BETWEEN: &str = " │ ";

/// A table, its rows as they come: the first one is the header.
#[derive(Debug, Default)]
pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Text>>,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self { alignments, rows: Vec::new() }
    }

    /// Begins a row.
    pub(super) fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    /// Adds a cell to the row begun last.
    pub(super) fn push(&mut self, cell: Text) {
        if let Some(row) = self.rows.last_mut() {
            row.push(cell);
        }
    }

    /// The table as text. Links are kept, so a table with links is never set in monospace.
    pub(super) fn into_text(self) -> Text {
        let widths = self.widths();
        let seams = BETWEEN.width() * widths.len().saturating_sub(1);
        let is_narrow = widths.iter().sum::<usize>() + seams <= WIDEST;
        let mut entities = self.rows.iter().flatten().flat_map(|cell| &cell.entities);
        let has_links = entities.any(|entity| matches!(entity.kind, EntityKind::Link(_)));
        if is_narrow && !has_links {
            Text { text: self.columns(&widths), entities: Vec::new() }.wrap(EntityKind::Pre(None))
        } else {
            self.paragraphs()
        }
    }

    /// Width of each column: that of its widest cell.
    fn widths(&self) -> Vec<usize> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let mut widths = vec![0; count];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.text.width().max(*width);
            }
        }
        widths
    }

    fn columns(&self, widths: &[usize]) -> String {
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        for row in &self.rows {
            let cells = widths.iter().enumerate().map(|(column, width)| {
                let cell = row.get(column).map_or("", |cell| cell.text.as_str());
                let alignment = self.alignments.get(column).copied();
                pad(cell, *width, alignment.unwrap_or(Alignment::None))
            });
            let line = cells.collect::<Vec<_>>().join(BETWEEN);
            lines.push(line.trim_end().to_owned());
            if lines.len() == 1 {
                let rules = widths.iter().map(|width| "─".repeat(*width));
                lines.push(rules.collect::<Vec<_>>().join("─┼─"));
            }
        }
        lines.join("\n")
    }

    /// `key: value` lines, a paragraph per row, the first line bold; the keys alone where there
    /// are no rows.
    fn paragraphs(self) -> Text {
        let mut writer = Writer::default();
        let mut rows = self.rows.into_iter();
        let keys = rows.next().unwrap_or_default();
        if rows.len() == 0 {
            for key in &keys {
                writer.write(if writer.len() > 0 { " · " } else { "" });
                writer.paste(key);
            }
        }
        for row in rows {
            let mut gap = if writer.len() > 0 { "\n\n" } else { "" };
            for (column, value) in row.into_iter().enumerate() {
                let mut line = line(keys.get(column), value);
                if column == 0 {
                    line = line.wrap(EntityKind::Bold);
                }
                if !line.is_empty() {
                    writer.write(gap);
                    writer.paste(&line);
                    gap = "\n";
                }
            }
        }
        writer.into_text()
    }
}

/// `key: value`, a dash where only the value is missing.
fn line(key: Option<&Text>, value: Text) -> Text {
    let mut line = Text::default();
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        line.append(key.clone()).push(": ");
        if value.is_empty() {
            line.push("–");
        }
    }
    line.append(value);
    line
}

fn pad(cell: &str, width: usize, alignment: Alignment) -> String {
    let missing = width - cell.width().min(width);
    let left = match alignment {
        Alignment::None | Alignment::Left => 0,
        Alignment::Center => missing / 2,
        Alignment::Right => missing,
    };
    format!("{}{cell}{}", " ".repeat(left), " ".repeat(missing - left))
}
