//! What Telegram takes and what it refuses, stated once.
//!
//! From <https://core.telegram.org/bots/api#formatting-options> and from tdlib, on which the Bot
//! API server is built (`td/telegram/MessageEntity.cpp`, `misc.cpp`).

use super::{Entity, EntityKind, Text, link};

/// Most UTF-16 code units in a message.
pub const LONGEST: usize = 4096;

/// Most entities in a message; Telegram forgets those beyond without a word.
pub const MOST_ENTITIES: usize = 100;

/// Longest name of a language, in bytes. None is documented; no known one comes near.
const LONGEST_LANGUAGE: usize = 32;

/// Why the text cannot be sent as one message, if so.
pub fn refused(text: &Text) -> Option<&'static str> {
    if shows_nothing(&text.text) {
        Some("nothing visible")
    } else if text.utf16_len() > LONGEST {
        Some("too long")
    } else if text.entities.len() > MOST_ENTITIES {
        Some("too many entities")
    } else {
        broken(text)
    }
}

/// Which rule the entities break, if any, whatever their number and the length of the text.
///
/// Stricter than Telegram where it would repair in silence: a quotation stands inside nothing, and
/// no kind stands inside itself.
pub fn broken(text: &Text) -> Option<&'static str> {
    let borders = Borders::of(&text.text);
    let mut around: Vec<&Entity> = Vec::new();
    let mut last = (0, usize::MAX);
    for entity in &text.entities {
        let place = (entity.offset, entity.length);
        if place.0 < last.0 || (place.0 == last.0 && place.1 > last.1) {
            return Some("entities out of order");
        }
        last = place;
        while around.last().is_some_and(|outer| end(outer) <= entity.offset) {
            around.pop();
        }
        let reason = misplaced(entity, &borders).or_else(|| misfit(entity, &around));
        if reason.is_some() {
            return reason;
        }
        around.push(entity);
    }
    None
}

/// Whether a text is empty for Telegram, which refuses it: white space, control characters and
/// characters without a shape.
pub fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || matches!(
                c,
                '\0'..='\u{1f}'
                    | '\u{180e}'
                    | '\u{200b}'..='\u{200f}'
                    | '\u{2028}'..='\u{202e}'
                    | '\u{2800}'
                    | '\u{feff}'
                    | '\u{fffc}'
                    | '\u{e0000}'..='\u{e007f}'
            )
    })
}

/// Whether Telegram can show the word as the language of a block of code.
pub fn names_language(word: &str) -> bool {
    !word.is_empty() && word.len() <= LONGEST_LANGUAGE && word.chars().all(is_language_char)
}

/// Whether a character occurs in names of languages: `c++`, `objective-c`, `f#`, `asp.net`.
pub fn is_language_char(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '+' | '#' | '.' | '-')
}

/// Where the characters of a text begin and end, in UTF-16 code units.
struct Borders {
    /// Length of the text.
    units: usize,
    /// Offsets inside a surrogate pair, ascending.
    halves: Vec<usize>,
}

impl Borders {
    fn of(text: &str) -> Self {
        let mut units = 0;
        let mut halves = Vec::new();
        for character in text.chars() {
            if character.len_utf16() == 2 {
                halves.push(units + 1);
            }
            units += character.len_utf16();
        }
        Self { units, halves }
    }

    fn has(&self, offset: usize) -> bool {
        offset <= self.units && self.halves.binary_search(&offset).is_err()
    }
}

fn end(entity: &Entity) -> usize {
    entity.offset.saturating_add(entity.length)
}

/// What is wrong with an entity by itself.
fn misplaced(entity: &Entity, borders: &Borders) -> Option<&'static str> {
    if entity.length == 0 {
        return Some("entity of no length");
    }
    if !borders.has(entity.offset) || !borders.has(end(entity)) {
        return Some("entity not on character borders");
    }
    match &entity.kind {
        EntityKind::Link(address) if !link::opens(address) => Some("address that does not open"),
        EntityKind::Pre(Some(language)) if !names_language(language) => Some("not a language"),
        _ => None,
    }
}

/// What is wrong with an entity among those around it, the outermost first.
fn misfit(entity: &Entity, around: &[&Entity]) -> Option<&'static str> {
    let innermost = around.last()?;
    if end(entity) > end(innermost) {
        return Some("entities cross");
    }
    if innermost.kind.is_verbatim() {
        return Some("entity inside code");
    }
    if entity.kind.is_verbatim() && around.iter().any(|outer| !outer.kind.is_quote()) {
        return Some("code inside something but a quotation");
    }
    if entity.kind.is_quote() {
        return Some("quotation inside something");
    }
    let nests = around.iter().any(|outer| outer.kind.is_like(&entity.kind));
    nests.then_some("entity inside its like")
}

#[cfg(test)]
mod tests {
    use super::{Entity, EntityKind, Text, broken, refused};

    /// Kind, offset and length of an entity.
    type Place = (EntityKind, usize, usize);

    fn text(entities: &[Place]) -> Text {
        Text {
            text: "ab 🙂 cd".into(),
            entities: entities
                .iter()
                .map(|(kind, offset, length)| Entity {
                    kind: kind.clone(),
                    offset: *offset,
                    length: *length,
                })
                .collect(),
        }
    }

    #[test]
    fn every_rule_is_told_by_name() {
        use EntityKind::{Bold, Code, Fold, Italic, Link, Pre, Quote};
        let link = || Link("https://a.io".into());
        let cases: &[(&[Place], Option<&str>)] = &[
            (&[], None),
            (&[(Bold, 0, 8)], None),
            (&[(Bold, 3, 2)], None),
            (&[(Quote, 0, 8), (Code, 0, 2), (Bold, 3, 5), (Italic, 3, 2)], None),
            (&[(Bold, 0, 8), (link(), 0, 8)], None),
            (&[(link(), 0, 8), (Bold, 0, 2)], None),
            (&[(Fold, 0, 8), (Pre(Some("c++".into())), 0, 8)], None),
            (&[(Bold, 0, 0)], Some("entity of no length")),
            (&[(Bold, 0, 9)], Some("entity not on character borders")),
            (&[(Bold, 0, usize::MAX)], Some("entity not on character borders")),
            (&[(Bold, 4, 1)], Some("entity not on character borders")),
            (&[(Bold, 0, 4)], Some("entity not on character borders")),
            (&[(Bold, 3, 2), (Italic, 0, 1)], Some("entities out of order")),
            (&[(Bold, 0, 1), (Italic, 0, 2)], Some("entities out of order")),
            (&[(Bold, 0, 3), (Italic, 1, 4)], Some("entities cross")),
            (&[(Code, 0, 3), (Italic, 1, 1)], Some("entity inside code")),
            (&[(Bold, 0, 3), (Code, 1, 1)], Some("code inside something but a quotation")),
            (&[(Quote, 0, 8), (Fold, 1, 1)], Some("quotation inside something")),
            (&[(Bold, 0, 8), (Quote, 1, 1)], Some("quotation inside something")),
            (&[(link(), 0, 8), (link(), 1, 1)], Some("entity inside its like")),
            (&[(Bold, 0, 8), (Italic, 0, 8), (Bold, 1, 1)], Some("entity inside its like")),
            (&[(Link("x".into()), 0, 1)], Some("address that does not open")),
            (&[(Pre(Some("a b".into())), 0, 1)], Some("not a language")),
        ];
        for (entities, expected) in cases {
            assert_eq!(broken(&text(entities)), *expected, "{entities:?}");
        }
    }

    #[test]
    fn a_message_has_limits() {
        let entity = |n: usize| (EntityKind::Bold, n, 1);
        let many = |n: usize| {
            let mut text = text(&(0..n).map(|n| entity(2 * n)).collect::<Vec<_>>());
            text.text = "x ".repeat(n.max(1));
            text
        };
        assert_eq!(refused(&many(100)), None);
        assert_eq!(refused(&many(101)), Some("too many entities"));
        assert_eq!(refused(&Text::raw("🙂".repeat(2048))), None);
        assert_eq!(refused(&Text::raw("🙂".repeat(2049))), Some("too long"));
        for empty in ["", " \n\t", "\u{200b}\u{feff}", "\u{2800}", "\u{1}\u{202e}"] {
            assert_eq!(refused(&Text::plain(empty)), Some("nothing visible"), "{empty:?}");
        }
        assert_eq!(refused(&text(&[(EntityKind::Bold, 0, 0)])), Some("entity of no length"));
    }
}
