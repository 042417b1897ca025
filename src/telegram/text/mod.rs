//! Formatted text as Telegram takes it: plain text plus entities with UTF-16 offsets.
//!
//! What is foreign, be it from a session, a file or a person, comes in by methods that make it inert
//! ([`Text::data`], [`Text::prose`], code); plain words are taken only from the program itself, which
//! the type `&'static str` holds.
//!
//! Whatever is built with the methods here keeps Telegram's rules ([`rules::broken`]): where a
//! formatting cannot stand, it is dissolved and its text stays. Nothing here parses markup or
//! talks to Telegram.

#[cfg(test)]
mod annotate;
mod clean;
mod clip;
pub mod link;
pub(crate) mod lit;
pub mod rules;
mod span;
mod split;
mod wrap;

use std::ops::Range;

pub use clean::{clean, line_breaks};
pub use clip::cut;
pub(super) use span::Span;

/// Text with formatting. Entities are sorted by offset, outer before inner, disjoint or nested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// What is read, without any markup.
    pub text: String,
    /// What is formatted in it.
    pub entities: Vec<Entity>,
}

/// One formatted range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// How the range looks.
    pub kind: EntityKind,
    /// Start, in UTF-16 code units.
    pub offset: usize,
    /// Length, in UTF-16 code units; never 0.
    pub length: usize,
}

/// How a range looks. <https://core.telegram.org/bots/api#messageentity>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// `bold`
    Bold,
    /// `italic`
    Italic,
    /// `underline`
    Underline,
    /// `strikethrough`
    Strike,
    /// `code`
    Code,
    /// `pre`, with its language where one is known
    Pre(Option<String>),
    /// `text_link`: an address that [`link::opens`]
    Link(String),
    /// `blockquote`
    Quote,
    /// `expandable_blockquote`: folded until tapped
    Fold,
}

impl EntityKind {
    /// Whether nothing may be formatted inside.
    pub fn is_verbatim(&self) -> bool {
        matches!(self, Self::Code | Self::Pre(_))
    }

    /// Whether it is a block quotation, folded or not.
    pub fn is_quote(&self) -> bool {
        matches!(self, Self::Quote | Self::Fold)
    }

    /// Whether one cannot stand inside the other because they are the same kind of thing,
    /// whatever their address or language.
    pub fn is_like(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }

    /// Order of entities with the same range: the lower one is the outer one.
    fn rank(&self) -> u8 {
        match self {
            Self::Quote | Self::Fold => 0,
            Self::Pre(_) => 1,
            Self::Code => 2,
            Self::Link(_) => 3,
            Self::Bold => 4,
            Self::Italic => 5,
            Self::Underline => 6,
            Self::Strike => 7,
        }
    }
}

impl Text {
    /// Our own words: they stand in the program, and may name commands to be tapped.
    pub fn plain(words: &'static str) -> Self {
        Self { text: words.to_owned(), entities: Vec::new() }
    }

    /// Any text as it is.
    #[cfg(test)]
    pub(crate) fn raw(text: impl Into<String>) -> Self {
        Self { text: text.into(), entities: Vec::new() }
    }

    /// Data by itself: see [`Text::data`].
    pub fn of_data(data: &str) -> Self {
        let mut text = Self::default();
        text.data(data);
        text
    }

    /// Prose by itself: see [`Text::prose`].
    pub fn of_prose(prose: &str) -> Self {
        let mut text = Self::default();
        text.prose(prose);
        text
    }

    /// Adds our own words: they stand in the program, and may name commands to be tapped.
    pub fn push(&mut self, words: &'static str) -> &mut Self {
        self.text.push_str(words);
        self
    }

    /// Adds data: a title, a name, a branch, a tool, a number, whatever does not stand in the
    /// program. It is cleaned ([`clean()`]), and nothing in it lights up (`lit`): it is no command,
    /// mention, hashtag, link or phone number.
    pub fn data(&mut self, data: &str) -> &mut Self {
        let data = clean(data);
        let data = lit::inert(&data, self.text.chars().next_back());
        self.text.push_str(&data);
        self
    }

    /// Adds a command that is to be tapped, where its name is one that Telegram knows as such; else
    /// as code.
    pub fn command(&mut self, name: &str) -> &mut Self {
        let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_sign) {
            return self.code(&format!("/{name}"));
        }
        self.text.push('/');
        self.text.push_str(name);
        self
    }

    /// Adds what somebody has written as a text: like data, but an address that is written out
    /// (`https://…`, `www.…`, a mail address) may be followed.
    pub fn prose(&mut self, prose: &str) -> &mut Self {
        let lines = line_breaks(prose);
        let prose = clean(&lines);
        let prose = lit::prose(&prose, self.text.chars().next_back());
        self.text.push_str(&prose);
        self
    }

    /// Adds bold data.
    pub fn bold(&mut self, data: &str) -> &mut Self {
        self.append(Self::of_data(data).wrap(EntityKind::Bold))
    }

    /// Adds italic data.
    pub fn italic(&mut self, data: &str) -> &mut Self {
        self.append(Self::of_data(data).wrap(EntityKind::Italic))
    }

    /// Adds monospaced data within a line: paths, commands, ids. Nothing lights up in code, so it
    /// stays as it is and can be copied.
    pub fn code(&mut self, code: &str) -> &mut Self {
        self.verbatim(code, EntityKind::Code)
    }

    /// Adds a block of code. A language that Telegram could not name is left out.
    pub fn pre(&mut self, code: &str, language: Option<&str>) -> &mut Self {
        self.verbatim(code, EntityKind::Pre(language.map(str::to_owned)))
    }

    fn verbatim(&mut self, code: &str, kind: EntityKind) -> &mut Self {
        let text = Self { text: clean(code).into_owned(), entities: Vec::new() };
        self.append(text.wrap(kind))
    }

    /// An address on a sign without width: nobody sees it, and a reply to its message carries it.
    pub fn hidden_link(address: &str) -> Self {
        let kind = EntityKind::Link(address.to_owned());
        let entities = vec![Entity { kind, offset: 0, length: 1 }];
        Self { text: "\u{200b}".to_owned(), entities }
    }

    /// Adds text that opens an address; where Telegram would refuse it, the text followed by the
    /// address.
    pub fn link(&mut self, text: &str, address: &str) -> &mut Self {
        let text = Self { text: clean(text).into_owned(), entities: Vec::new() };
        self.append(text.wrap(EntityKind::Link(address.to_owned())))
    }

    /// Adds other formatted text.
    pub fn append(&mut self, other: Self) -> &mut Self {
        if !other.entities.is_empty() {
            let shift = self.utf16_len();
            let moved = other
                .entities
                .into_iter()
                .map(|entity| Entity { offset: entity.offset + shift, ..entity });
            self.entities.extend(moved);
        }
        self.text.push_str(&other.text);
        self
    }

    /// The same text, in which nothing lights up but addresses that are written out, code and
    /// links left as they are.
    #[must_use]
    pub(in crate::telegram) fn quiet(mut self) -> Self {
        for _ in 0..lit::ROUNDS {
            let mut spans = self.spans();
            let is_dark = |bytes: &Range<usize>| {
                spans.iter().any(|span| {
                    let is_dark =
                        span.kind.is_verbatim() || matches!(span.kind, EntityKind::Link(_));
                    is_dark && span.bytes.start < bytes.end && bytes.start < span.bytes.end
                })
            };
            let mut lit = lit::find(&self.text, None);
            lit.retain(|lit| {
                let piece = (lit.kind, &self.text[lit.bytes.clone()]);
                !is_dark(&lit.bytes) && !lit::is_written_out(piece)
            });
            let gaps = lit::gaps(&self.text, &lit);
            if gaps.is_empty() {
                break;
            }
            for span in &mut spans {
                let moved =
                    |at: usize| at + lit::JOINER.len_utf8() * gaps.partition_point(|gap| *gap < at);
                span.bytes = moved(span.bytes.start)..moved(span.bytes.end);
            }
            self = Self::assemble(lit::with_joiners(&self.text, &gaps), spans);
        }
        self
    }

    /// Length in UTF-16 code units, the unit of Telegram's limits.
    pub fn utf16_len(&self) -> usize {
        self.text.chars().map(char::len_utf16).sum()
    }

    /// The words of the first range that looks like this, as they were before they were shown.
    pub fn first(&self, is_it: impl Fn(&EntityKind) -> bool) -> Option<String> {
        let span = self.spans().into_iter().find(|span| is_it(&span.kind))?;
        self.text.get(span.bytes).map(|shown| clean(shown).into_owned())
    }

    /// The same text without the joiners that keep words from lighting up.
    #[must_use]
    pub(in crate::telegram) fn without_joiners(self) -> Self {
        if !self.text.contains(lit::JOINER) {
            return self;
        }
        let mut spans = self.spans();
        let left = |at: usize| self.text[..at].replace(lit::JOINER, "").len();
        for span in &mut spans {
            span.bytes = left(span.bytes.start)..left(span.bytes.end);
        }
        Self::assemble(self.text.replace(lit::JOINER, ""), spans)
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{EntityKind, Text, rules};

    fn check(built: &Text, expected: &str) {
        assert_eq!(rules::broken(built), None, "{built:?}");
        assert_eq!(built.annotated(), expected);
    }

    #[test]
    fn offsets_count_utf16_units() {
        let mut text = Text::plain("🙂é ");
        text.bold("b").push(" ").code("𝕏");
        assert_eq!(text.entities[0].offset, 4);
        assert_eq!(text.entities[1].offset, 6);
        assert_eq!(text.entities[1].length, 2);
        assert_eq!(text.utf16_len(), 8);
        check(&text, "🙂é <b>b</b> <code>𝕏</code>");
    }

    #[test]
    fn each_kind_has_its_method() {
        let mut text = Text::default();
        text.bold("a").italic("b").code("c").pre("d", Some("rust"));
        text.pre("e", Some("no language")).link("f", "https://g.io");
        text.append(Text::plain("h").wrap(EntityKind::Fold));
        check(
            &text,
            "<b>a</b><i>b</i><code>c</code><pre rust>d</pre><pre>e</pre><a https://g.io>f</a><fold>h</fold>",
        );
    }

    #[test]
    fn nothing_is_formatted_where_there_is_nothing() {
        let mut text = Text::default();
        text.bold("").code("").italic("  ").bold(" x ");
        check(&text, "   <b>x</b> ");
    }

    #[test]
    fn an_address_that_telegram_refuses_is_written_out() {
        let mut text = Text::default();
        text.link("here", "src/main.rs").push(" ");
        text.link("a@b.io", "mailto:a@b.io").push(" ");
        text.link("me", "mailto:a@b.io");
        check(&text, "here (src/main.\u{2060}rs) a@b.io me (a@b.io)");
    }

    #[test]
    fn appending_moves_the_entities() {
        let mut one = Text::plain("🙂");
        one.bold("x");
        let mut two = one.clone();
        two.append(one);
        check(&two, "🙂<b>x</b>🙂<b>x</b>");
    }
}
