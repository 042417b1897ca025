//! Formatted text as Telegram takes it: plain text plus entities with UTF-16 offsets.

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
    /// `text_link`: http, https, tg, mailto or tel
    Link(String),
    /// `blockquote`
    Quote,
    /// `expandable_blockquote`: folded until tapped
    Fold,
}
