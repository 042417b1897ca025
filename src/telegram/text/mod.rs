//! Formatted text as Telegram takes it: plain text plus entities with UTF-16 offsets.
//!
//! Whatever is built with the methods here keeps Telegram's rules ([`rules::broken`]): where a
//! formatting cannot stand, it is dissolved and its text stays. Nothing here parses markup or
//! talks to Telegram.

#[cfg(test)]
mod annotate;
mod clean;
mod clip;
pub mod link;
pub mod rules;
mod span;
mod split;
mod wrap;

pub use clean::{clean, line_breaks};
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
    /// Text without formatting.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), entities: Vec::new() }
    }

    /// Adds text without formatting.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds text in one formatting, as [`Text::wrap`] puts it.
    pub fn push_with(&mut self, text: &str, kind: EntityKind) -> &mut Self {
        self.append(Self::plain(text).wrap(kind))
    }

    /// Adds bold text.
    pub fn bold(&mut self, text: &str) -> &mut Self {
        self.push_with(text, EntityKind::Bold)
    }

    /// Adds italic text.
    pub fn italic(&mut self, text: &str) -> &mut Self {
        self.push_with(text, EntityKind::Italic)
    }

    /// Adds monospaced text within a line: paths, commands, ids.
    pub fn code(&mut self, text: &str) -> &mut Self {
        self.push_with(text, EntityKind::Code)
    }

    /// Adds a block of code. A language that Telegram could not name is left out.
    pub fn pre(&mut self, text: &str, language: Option<&str>) -> &mut Self {
        self.push_with(text, EntityKind::Pre(language.map(str::to_owned)))
    }

    /// Adds text that opens an address; where Telegram would refuse it, the text followed by the
    /// address.
    pub fn link(&mut self, text: &str, address: &str) -> &mut Self {
        self.push_with(text, EntityKind::Link(address.to_owned()))
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

    /// Length in UTF-16 code units, the unit of Telegram's limits.
    pub fn utf16_len(&self) -> usize {
        self.text.chars().map(char::len_utf16).sum()
    }

    /// The first range that looks like this.
    pub fn first(&self, kind: &EntityKind) -> Option<&str> {
        let span = self.spans().into_iter().find(|span| span.kind == *kind)?;
        self.text.get(span.bytes)
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
        text.push_with("h", EntityKind::Fold);
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
        check(&text, "here (src/main.rs) a@b.io me (a@b.io)");
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
