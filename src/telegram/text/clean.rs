//! Foreign words made harmless to read: titles, commands, inputs of tools.

use std::borrow::Cow;

/// Of lines, and of paragraphs.
const SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// The flag that is followed by tags, which say of which region it is.
const FLAG: char = '\u{1f3f4}';

/// Text without control characters other than line feed and tab, and without characters that have
/// no shape; what would reorder, part or hide its neighbours (bidirectional controls, line
/// separators, tags) becomes U+FFFD, so that a command reads as it runs.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| is_dropped(c) || is_deceptive(c) || is_tag(c)) {
        return Cow::Borrowed(text);
    }
    let mut in_flag = false;
    let kept = text.chars().filter(|c| !is_dropped(*c));
    let shown = kept.map(|c| {
        in_flag = c == FLAG || (in_flag && is_tag(c));
        if is_deceptive(c) || (is_tag(c) && !in_flag) { char::REPLACEMENT_CHARACTER } else { c }
    });
    Cow::Owned(shown.collect())
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

/// Controls, marks of direction, and what has neither width nor shape. The joiners of scripts and
/// emoji (U+200C, U+200D) are needed to read them.
fn is_dropped(character: char) -> bool {
    let is_control = character.is_control() && !matches!(character, '\n' | '\t');
    is_control
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'
                ..='\u{2064}' | '\u{feff}'
        )
}

/// Embeddings, overrides and isolates reorder what follows; separators are dropped by Telegram.
fn is_deceptive(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Letters that nobody sees.
fn is_tag(character: char) -> bool {
    matches!(character, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{clean, line_breaks};

    #[test]
    fn controls_go_and_reordering_shows() {
        let england = "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        for (raw, expected) in [
            ("plain\n\ttext, عربي 🙂", "plain\n\ttext, عربي 🙂"),
            ("\u{1b}[31mred\u{7}\0\r\n", "[31mred\n"),
            ("a\u{7f}\u{85}b", "ab"),
            ("rm \u{202e}fdp.x\u{202c}", "rm \u{fffd}fdp.x\u{fffd}"),
            ("\u{2066}a\u{2069}\u{2028}b", "\u{fffd}a\u{fffd}\u{fffd}b"),
            ("\u{200f}a\u{2060}b\u{200b}c\u{feff}", "abc"),
            ("ls\u{e0072}\u{e006d}", "ls\u{fffd}\u{fffd}"),
            (england, england),
            ("👨\u{200d}👩 می\u{200c}خواهم", "👨\u{200d}👩 می\u{200c}خواهم"),
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
