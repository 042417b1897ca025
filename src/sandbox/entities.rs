//! Formatted text: from text and entities as a bot sends them to what Telegram keeps.
//!
//! Telegram repairs or drops bad entities in silence. Here they are refused, each with its reason,
//! so that a bot that relies on the repair is found out.

use reqwest::Url;

use super::{
    refusal::Refusal,
    wire::{Entity, EntityKind},
};

/// Longest text of a message, in UTF-16 code units.
const TEXT_UNITS: usize = 4096;
/// Longest text that is looked at, in bytes.
const TEXT_BYTES: usize = 1 << 15;
/// Most entities that Telegram keeps in one message.
const ENTITIES: usize = 100;

/// Text with sorted entities, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Formatted {
    pub(super) text: String,
    pub(super) entities: Vec<Entity>,
}

/// Checks, sorts and trims. Fails with Telegram's words where it has some.
pub(super) fn format(text: &str, mut entities: Vec<Entity>) -> Result<Formatted, Refusal> {
    if text.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if text.len() > TEXT_BYTES {
        return Err(Refusal::bad("text is too long"));
    }
    if entities.len() > ENTITIES {
        return Err(Refusal::strict(format!("more than {ENTITIES} entities")));
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    for entity in &entities {
        check(entity, &units)?;
    }
    entities.sort_by_key(|entity| (entity.offset, usize::MAX - entity.end(), entity.kind.rank()));
    nest(&entities)?;
    let formatted = trim(text, entities)?;
    if formatted.text.encode_utf16().count() > TEXT_UNITS {
        return Err(Refusal::bad("message is too long"));
    }
    Ok(formatted)
}

/// One entity by itself.
fn check(entity: &Entity, units: &[u16]) -> Result<(), Refusal> {
    let Entity { kind, offset, length, .. } = entity;
    let refuse =
        |why: &str| Err(Refusal::strict(format!("entity {kind:?} at {offset}+{length} {why}")));
    let inside_pair =
        |at: usize| at > 0 && units.get(at).is_some_and(|unit| (0xDC00..0xE000).contains(unit));
    if kind.detected() {
        return refuse("is found by Telegram itself");
    }
    if *length == 0 {
        return refuse("is empty");
    }
    if entity.end() > units.len() {
        return refuse(&format!("passes the end of the text at {}", units.len()));
    }
    if inside_pair(*offset) || inside_pair(entity.end()) {
        return refuse("cuts a surrogate pair");
    }
    if entity.language.is_some() && *kind != EntityKind::Pre {
        return refuse("has a language");
    }
    match (&entity.url, *kind == EntityKind::TextLink) {
        (Some(url), true) if !good_url(url) => refuse(&format!("has a bad URL \"{url}\"")),
        (Some(_), false) => refuse("has a URL"),
        (None, true) => refuse("has no URL"),
        _ => Ok(()),
    }
}

/// Whether Telegram makes a link of it.
pub(super) fn good_url(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| match url.scheme() {
        "http" | "https" => {
            url.host_str().is_some_and(|host| host == "localhost" || host.contains(['.', ':']))
        }
        "tg" | "mailto" | "tel" => true,
        _ => false,
    })
}

/// Sorted entities against each other: disjoint or nested, and nested only where it is allowed.
fn nest(sorted: &[Entity]) -> Result<(), Refusal> {
    let mut around: Vec<&Entity> = Vec::new();
    for entity in sorted {
        around.retain(|outer| outer.end() > entity.offset);
        for outer in &around {
            let (outer_kind, kind) = (outer.kind, entity.kind);
            let clash = if outer.end() < entity.end() {
                "overlap without nesting"
            } else if outer_kind.mono() {
                "nothing may stand inside code"
            } else if kind.mono() && !outer_kind.quote() {
                "code may stand in a quotation only"
            } else if outer_kind.quote() && kind.quote() {
                "quotations do not nest"
            } else if outer_kind == kind {
                "the same kind twice"
            } else {
                continue;
            };
            return Err(Refusal::strict(format!(
                "entities {outer_kind:?} at {}+{} and {kind:?} at {}+{}: {clash}",
                outer.offset, outer.length, entity.offset, entity.length
            )));
        }
        around.push(entity);
    }
    Ok(())
}

/// Cuts what Telegram cuts: whitespace at the end, spaces and empty lines before the first entity.
fn trim(text: &str, mut entities: Vec<Entity>) -> Result<Formatted, Refusal> {
    let kept = text.trim_end();
    if kept.is_empty() {
        return Err(Refusal::bad("text must be non-empty"));
    }
    let end = kept.encode_utf16().count();
    entities.retain_mut(|entity| {
        entity.length = entity.end().min(end).saturating_sub(entity.offset);
        entity.length > 0
    });
    let first = entities.first().map_or(usize::MAX, |entity| entity.offset);
    let blank = kept.bytes().take(first).take_while(|byte| matches!(byte, b' ' | b'\n')).count();
    for entity in &mut entities {
        entity.offset -= blank;
    }
    Ok(Formatted { text: kept[blank..].to_owned(), entities })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(kind: EntityKind, offset: usize, length: usize) -> Entity {
        Entity { kind, offset, length, url: None, language: None }
    }

    fn link(url: &str) -> Entity {
        Entity { url: Some(url.to_owned()), ..entity(EntityKind::TextLink, 0, 1) }
    }

    #[test]
    fn good_entities_are_sorted_outer_first() {
        use EntityKind::{Blockquote, Bold, Italic, Pre, TextLink};
        let sent = vec![
            entity(Italic, 2, 2),
            entity(Pre, 6, 3),
            entity(Bold, 2, 2),
            entity(Blockquote, 2, 7),
            Entity { offset: 10, ..link("https://example.org/a?b#c") },
        ];
        let kept = format("😀abcdefghij", sent).unwrap().entities;
        let kinds: Vec<_> = kept.iter().map(|entity| entity.kind).collect();
        assert_eq!(kinds, [Blockquote, Bold, Italic, Pre, TextLink]);
    }

    #[test]
    fn bad_entities_are_refused_with_their_reason() {
        use EntityKind::{Blockquote, Bold, Code, ExpandableBlockquote, Italic, Pre, Url};
        let refused = [
            (vec![entity(Bold, 4, 9)], "passes the end of the text at 12"),
            (vec![entity(Bold, usize::MAX, 2)], "passes the end"),
            (vec![entity(Bold, 4, 0)], "is empty"),
            (vec![entity(Bold, 1, 3)], "cuts a surrogate pair"),
            (vec![entity(Bold, 0, 1)], "cuts a surrogate pair"),
            (vec![entity(Url, 2, 3)], "is found by Telegram itself"),
            (vec![entity(Bold, 2, 4), entity(Italic, 4, 4)], "overlap"),
            (vec![entity(Code, 2, 4), entity(Bold, 3, 1)], "inside code"),
            (vec![entity(Bold, 2, 4), entity(Code, 3, 1)], "quotation only"),
            (vec![entity(Bold, 2, 4), entity(Pre, 2, 4)], "inside code"),
            (vec![entity(Blockquote, 2, 4), entity(ExpandableBlockquote, 3, 1)], "do not nest"),
            (vec![entity(Bold, 2, 4), entity(Bold, 3, 1)], "same kind"),
            (vec![entity(EntityKind::TextLink, 2, 1)], "has no URL"),
            (vec![Entity { kind: Bold, length: 2, ..link("https://a.b") }], "has a URL"),
            (vec![Entity { length: 2, ..link("/etc/passwd") }], "bad URL"),
            (vec![Entity { length: 2, ..link("javascript:alert(1)") }], "bad URL"),
            (vec![Entity { length: 2, ..link("https://") }], "bad URL"),
        ];
        for (entities, reason) in refused {
            let refusal = format("😀abcdefghij", entities.clone()).unwrap_err();
            assert!(refusal.description.contains(reason), "{entities:?}: {}", refusal.description);
        }
    }

    #[test]
    fn texts_are_trimmed_and_measured_as_telegram_does() {
        let bold = |offset, length| vec![entity(EntityKind::Bold, offset, length)];
        let trimmed = format(" \n ab \n", bold(4, 3)).unwrap();
        assert_eq!((trimmed.text.as_str(), trimmed.entities), ("ab", bold(1, 1)));
        let kept = format("  ab", bold(0, 4)).unwrap();
        assert_eq!(kept.text, "  ab");
        for (text, words) in [
            (String::new(), "Bad Request: message text is empty"),
            (" \n\t".to_owned(), "Bad Request: text must be non-empty"),
            ("😀".repeat(2049), "Bad Request: message is too long"),
            ("a".repeat(TEXT_BYTES + 1), "Bad Request: text is too long"),
        ] {
            assert_eq!(format(&text, Vec::new()).unwrap_err().description, words);
        }
        assert!(format(&("😀".repeat(2048) + "\n"), Vec::new()).is_ok());
        let many = (0..101).map(|at| entity(EntityKind::Bold, at, 1)).collect();
        let refusal = format(&"a".repeat(200), many).unwrap_err();
        assert!(refusal.description.contains("100 entities"));
    }
}
