//! Foreign words made harmless to read: titles, commands, inputs of tools.

use std::borrow::Cow;

/// Of lines, and of paragraphs.
const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

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

/// Text of a conversation, with the separators of lines and paragraphs as the line breaks that they
/// are: Telegram drops them, which joins what they part. A command is not to be read so: where it
/// runs they are no line breaks.
pub fn line_breaks(text: &str) -> Cow<'_, str> {
    if text.contains(SEPARATORS) {
        Cow::Owned(text.replace(SEPARATORS, "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_control(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
}

/// Embeddings, overrides and isolates reorder what follows; separators are dropped by Telegram.
fn is_deceptive(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{clean, line_breaks};

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
    fn separators_part_lines() {
        assert_eq!(line_breaks("one\u{2028}two\u{2029}three"), "one\ntwo\nthree");
        assert!(matches!(line_breaks("one\ntwo"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_to_do_costs_nothing() {
        assert!(matches!(clean("cargo test"), Cow::Borrowed(_)));
    }
}
