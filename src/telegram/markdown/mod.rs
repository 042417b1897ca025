//! Markdown, as Claude writes it, to formatted text as Telegram shows it.
//!
//! Pure and total: every text renders, half-written ones too (an open fence is code to the end),
//! and no visible character gets lost: what Telegram cannot format, or open, is written out. Knows
//! nothing of the length of messages: [`Text::split`] comes after it.

mod code;
mod definitions;
mod page;
mod paths;
#[cfg(test)]
mod properties;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod writer;

use std::ops::Range;

use pulldown_cmark::{
    CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, TextMergeWithOffset,
};

use crate::telegram::{
    markdown::{
        code::Code,
        definitions::Definitions,
        page::{Gap, Page, Quote},
        table::Table,
        target::Target,
        writer::Writer,
    },
    text::{EntityKind, Text, clean, line_breaks, rules},
};

/// A thematic break.
const RULE: &str = "———";

/// Renders Markdown: `CommonMark` with tables, strikethrough and task lists.
///
/// Footnotes stay as they are written and HTML is text like any other. What Telegram would light up
/// though it is nothing to tap becomes code; addresses that are written out stay what they are.
pub fn render(markdown: &str) -> Text {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let lines = line_breaks(markdown);
    let markdown = clean(&lines);
    let parser = Parser::new_ext(&markdown, options).into_offset_iter();
    let mut renderer = Renderer::new(&markdown);
    for (event, range) in TextMergeWithOffset::new(parser) {
        renderer.read(event, range);
    }
    let text = renderer.finish();
    debug_assert_eq!(rules::broken(&text), None, "{markdown:?}");
    text
}

/// The fold of the parser's events.
struct Renderer<'a> {
    source: &'a str,
    /// Up to where the source has been accounted for, in bytes.
    seen: usize,
    page: Page,
    /// The next number of each list around, the innermost last; `None` for bullets.
    lists: Vec<Option<u64>>,
    quotes: Vec<Quote>,
    targets: Vec<Target>,
    code: Option<Code>,
    table: Option<Rows>,
    definitions: Definitions,
}

/// A table that has begun, and the page that goes on behind the cell being written.
struct Rows {
    table: Table,
    outside: Page,
    /// End of the last cell in the source.
    seen: usize,
}

impl<'a> Renderer<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            seen: 0,
            page: Page::default(),
            lists: Vec::new(),
            quotes: Vec::new(),
            targets: Vec::new(),
            code: None,
            table: None,
            definitions: Definitions::default(),
        }
    }

    fn finish(mut self) -> Text {
        self.recover(self.source.len());
        // What is a word only together with what stood beside it.
        self.page.writer.into_text().trim().quiet()
    }

    fn read(&mut self, event: Event<'_>, range: Range<usize>) {
        self.account(&event, &range);
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) => self.text(&text),
            Event::Code(code) => {
                self.page.begin();
                self.page.writer.verbatim(&code, EntityKind::Code);
            }
            Event::Html(html) => self.lines(html.lines()),
            Event::SoftBreak | Event::HardBreak => self.page.part(Gap::Line),
            Event::Rule => {
                self.page.begin_block();
                self.page.writer.write(RULE);
                self.page.part(Gap::Blank);
            }
            Event::TaskListMarker(done) => self.task(if done { "☑ " } else { "☐ " }),
            // What is not enabled never comes; if it did, it would be text.
            Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.prose(&text),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => self.start_heading(level),
            Tag::BlockQuote(_) => {
                let quote = self.page.begin_quote();
                self.quotes.push(quote);
            }
            Tag::CodeBlock(kind) => self.code = Some(Code::new(kind)),
            Tag::List(first) => self.lists.push(first),
            Tag::Item => self.start_item(),
            Tag::Table(alignments) => {
                let outside = std::mem::replace(&mut self.page, Page::inline());
                self.table = Some(Rows { table: Table::new(alignments), outside, seen: 0 });
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.table.begin_row();
                }
            }
            Tag::Emphasis => self.open(EntityKind::Italic),
            Tag::Strong => self.open(EntityKind::Bold),
            Tag::Strikethrough => self.open(EntityKind::Strike),
            Tag::Link { link_type, dest_url, title, id } => {
                if matches!(
                    link_type,
                    LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut
                ) {
                    self.definitions.refer(&id, &dest_url);
                }
                self.start_target(dest_url, title);
            }
            Tag::Image { dest_url, title, .. } => self.start_target(dest_url, title),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.page.part(Gap::Blank),
            TagEnd::Heading(level) => {
                for _ in heading(level) {
                    self.page.writer.close();
                }
                self.page.part(Gap::Line);
            }
            TagEnd::BlockQuote(_) => self.end_quote(),
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    code.write(&mut self.page);
                }
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.page.part(self.page.gap_between_blocks());
            }
            TagEnd::Item => self.page.end_item(),
            TagEnd::TableCell => self.end_cell(range.end),
            TagEnd::TableHead | TagEnd::TableRow => self.end_row(range.end),
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.page.writer.close();
            }
            TagEnd::Link | TagEnd::Image => {
                if let Some(target) = self.targets.pop() {
                    target.close(&mut self.page.writer);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.code {
            Some(code) => code.push(text),
            None => self.prose(text),
        }
    }

    fn prose(&mut self, text: &str) {
        self.page.begin();
        self.page.writer.prose(text);
    }

    /// Writes lines that stand by themselves.
    fn lines<'l>(&mut self, lines: impl IntoIterator<Item = &'l str>) {
        for line in lines {
            self.page.part(Gap::Line);
            self.prose(line);
        }
    }

    fn open(&mut self, kind: EntityKind) {
        self.page.begin();
        self.page.writer.open(kind);
    }

    fn start_heading(&mut self, level: HeadingLevel) {
        if self.page.has_marker() {
            self.page.begin();
        } else {
            self.page.part(Gap::Blank);
        }
        for kind in heading(level) {
            self.page.writer.open(kind.clone());
        }
    }

    fn start_item(&mut self) {
        let depth = self.lists.len();
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ if depth % 2 == 1 => "• ".to_owned(),
            _ => "◦ ".to_owned(),
        };
        self.page.begin_item(marker);
    }

    /// Puts a box in the place of a bullet, or behind a number.
    fn task(&mut self, sign: &str) {
        if matches!(self.lists.last(), Some(None)) {
            self.page.marker_mut().clear();
        }
        self.page.marker_mut().push_str(sign);
    }

    /// Only the outermost quotation is one: Telegram does not nest them.
    fn end_quote(&mut self) {
        if let Some(quote) = self.quotes.pop() {
            let start = self.page.end_quote(quote);
            if self.quotes.is_empty() {
                self.page.writer.cover(start, EntityKind::Quote);
            }
        }
    }

    fn end_cell(&mut self, end: usize) {
        let cell = std::mem::replace(&mut self.page, Page::inline());
        if let Some(rows) = &mut self.table {
            rows.table.push(cell.writer.into_text().trim());
            rows.seen = end;
        }
    }

    /// Adds what a row has beyond the columns of its table: the parser drops it.
    fn end_row(&mut self, end: usize) {
        if let Some(rows) = &mut self.table {
            let beyond = self.source.get(rows.seen..end).unwrap_or_default();
            let beyond = beyond.trim_matches(|c: char| c == '|' || c.is_whitespace());
            if !beyond.is_empty() {
                let mut writer = Writer::default();
                writer.prose(beyond);
                rows.table.push(writer.into_text());
            }
        }
    }

    fn end_table(&mut self) {
        if let Some(rows) = self.table.take() {
            self.page = rows.outside;
            self.page.begin_block();
            self.page.writer.paste(&rows.table.into_text());
            self.page.part(self.page.gap_between_blocks());
        }
    }

    fn start_target(&mut self, address: CowStr<'_>, title: CowStr<'_>) {
        self.page.begin();
        let target =
            Target::open(address.into_string(), title.into_string(), &mut self.page.writer);
        self.targets.push(target);
    }

    /// Marks the source of an event as seen, after what the parser skipped on its way there:
    /// between blocks, and behind the last one in a list or a quotation.
    fn account(&mut self, event: &Event<'_>, range: &Range<usize>) {
        let is_container =
            |tag: TagEnd| matches!(tag, TagEnd::List(_) | TagEnd::Item | TagEnd::BlockQuote(_));
        let (skipped, seen) = match event {
            Event::Start(tag) if is_container(tag.to_end()) => (range.start, range.start),
            Event::End(tag) if is_container(*tag) => (range.end, range.end),
            _ => (range.start, range.end),
        };
        self.recover(skipped);
        self.seen = self.seen.max(seen);
    }

    /// Shows what the parser swallowed on its way to `to`.
    fn recover(&mut self, to: usize) {
        let swallowed = self.source.get(self.seen..to).unwrap_or_default();
        let lines = self.definitions.unused(swallowed);
        if !lines.is_empty() {
            self.lines(lines);
            self.page.part(self.page.gap_between_blocks());
        }
    }
}

/// How headings look, by level: underlined, bold, and from the third on slanted.
fn heading(level: HeadingLevel) -> &'static [EntityKind] {
    match level {
        HeadingLevel::H1 => &[EntityKind::Bold, EntityKind::Underline],
        HeadingLevel::H2 => &[EntityKind::Bold],
        _ => &[EntityKind::Bold, EntityKind::Italic],
    }
}
