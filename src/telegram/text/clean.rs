//! Foreign words made harmless to read: titles, commands, inputs of tools.

use std::borrow::Cow;

/// Text without control characters other than line feed and tab; what would reorder or hide its
/// neighbours (bidirectional controls, line separators) becomes U+FFFD, so that a command reads as
/// it runs.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| is_control(c) || is_deceptive(c)) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter(|c| !is_control(*c));
    Cow::Owned(
        kept.map(|c| if is_deceptive(c) { char::REPLACEMENT_CHARACTER } else { c }).collect(),
    )
}

fn is_control(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
}

/// Embeddings, overrides and isolates reorder what follows; Telegram drops the separators, which
/// joins what they part.
fn is_deceptive(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::clean;

    #[test]
    fn controls_go_and_reordering_shows() {
        for (raw, expected) in [
            ("plain\n\ttext, عربي 🙂", "plain\n\ttext, عربي 🙂"),
            ("\u{1b}[31mred\u{7}\0\r\n", "[31mred\n"),
            ("a\u{7f}\u{85}b", "ab"),
            ("rm \u{202e}fdp.x\u{202c}", "rm \u{fffd}fdp.x\u{fffd}"),
            ("\u{2066}a\u{2069}\u{2028}b", "\u{fffd}a\u{fffd}\u{fffd}b"),
        ] {
            assert_eq!(clean(raw), expected);
        }
    }

    #[test]
    fn nothing_to_do_costs_nothing() {
        assert!(matches!(clean("cargo test"), Cow::Borrowed(_)));
    }
}
