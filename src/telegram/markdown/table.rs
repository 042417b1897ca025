//! Tables: columns of monospaced text where they fit a phone, else a line per row.

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

    /// A line per row, `Name — value · value`, below one with the names of the columns. What is the same
    /// in every row is said once, at the end.
    fn paragraphs(mut self) -> Text {
        let names = if self.rows.is_empty() { Vec::new() } else { self.rows.remove(0) };
        if self.rows.is_empty() {
            let mut writer = Writer::default();
            for name in &names {
                writer.write(if writer.len() > 0 { " · " } else { "" });
                writer.paste(name);
            }
            return writer.into_text();
        }
        let count = self.rows.iter().map(Vec::len).max().unwrap_or_default().max(names.len());
        let (same, kept): (Vec<usize>, Vec<usize>) =
            (0..count).partition(|column| *column > 0 && self.is_constant(*column));
        let cells = |row: &[Text]| -> Vec<Text> {
            kept.iter().map(|column| row.get(*column).cloned().unwrap_or_default()).collect()
        };
        let mut writer = Writer::default();
        if names.iter().any(|name| !name.is_empty()) {
            writer.paste(&line(cells(&names)).wrap(EntityKind::Italic));
        }
        for row in &self.rows {
            let mut cells = cells(row);
            if let Some(name) = cells.first_mut() {
                *name = std::mem::take(name).wrap(EntityKind::Bold);
            }
            writer.write(if writer.len() > 0 { "\n" } else { "" });
            writer.paste(&line(cells));
        }
        for column in same {
            writer.write("\n");
            if let Some(name) = names.get(column).filter(|name| !name.is_empty()) {
                writer.paste(name);
                writer.write(": ");
            }
            writer.paste(&self.rows[0][column]);
        }
        writer.into_text()
    }

    /// Whether all of several rows have the same in a column.
    fn is_constant(&self, column: usize) -> bool {
        let first = self.rows[0].get(column).filter(|cell| !cell.is_empty());
        let is_same = |row: &Vec<Text>| row.get(column) == first;
        self.rows.len() > 1 && first.is_some() && self.rows.iter().all(is_same)
    }
}

/// `Name — value · value`, a dash where a value is missing.
fn line(cells: Vec<Text>) -> Text {
    let mut line = Text::default();
    for (column, cell) in cells.into_iter().enumerate() {
        line.push(match column {
            0 => "",
            1 => " — ",
            _ => " · ",
        });
        if cell.is_empty() {
            line.push("–");
        }
        line.append(cell);
    }
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
