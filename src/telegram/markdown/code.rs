//! Blocks of code, fenced and indented.

use pulldown_cmark::CodeBlockKind;

use crate::telegram::{
    markdown::page::Page,
    text::{EntityKind, rules},
};

/// Code keeps its indentation: Telegram turns a tab into one space.
const TAB: &str = "    ";

/// A block of code that has begun.
#[derive(Debug)]
pub(super) struct Code {
    /// What stands beside the fence: a language, and whatever else.
    info: String,
    body: String,
}

impl Code {
    pub(super) fn new(kind: CodeBlockKind<'_>) -> Self {
        Self {
            info: match kind {
                CodeBlockKind::Fenced(info) => info.into_string(),
                CodeBlockKind::Indented => String::new(),
            },
            body: String::new(),
        }
    }

    /// Adds some of the code.
    pub(super) fn push(&mut self, code: &str) {
        self.body.push_str(code);
    }

    /// Writes the block. Words beside the fence that do not only name the language, or have no
    /// code to stand on, are shown above it.
    pub(super) fn write(self, page: &mut Page) {
        let name = self.info.split(|c| !rules::is_language_char(c)).next();
        let language = name.filter(|name| rules::names_language(name));
        let body = self.body.replace('\t', TAB);
        let body = without_blank_lines(&body);
        let is_told = language.is_some_and(|name| name == self.info) && !body.is_empty();
        if !self.info.is_empty() && !is_told {
            page.begin_block();
            page.writer.open(EntityKind::Italic);
            page.writer.prose(&self.info);
            page.writer.close();
        }
        if !body.is_empty() {
            page.begin_block();
            let kind = EntityKind::Pre(language.map(str::to_owned));
            page.writer.verbatim(body, kind);
        }
        page.part(page.gap_between_blocks());
    }
}

/// Code without blank lines around it, its first line still indented.
fn without_blank_lines(code: &str) -> &str {
    let blank = code.len() - code.trim_start().len();
    let start = code[..blank].rfind('\n').map_or(0, |line| line + 1);
    code[start..].trim_end()
}
