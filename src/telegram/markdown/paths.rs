//! Finds the paths that Telegram would light up as something to tap.
//!
//! Telegram itself marks `/word` as a command and `@word` as a person, wherever no letter or digit
//! stands in front (tdlib, `match_bot_commands` and `match_mentions` in `MessageEntity.cpp`). In
//! `/tmp`, `./run`, `~/notes.md` or `@types/node` a tap would send a command or open a stranger's
//! profile; inside code nothing lights up.

use std::ops::{Range, RangeInclusive};

/// Lengths of the commands that Telegram lights up.
const COMMAND: RangeInclusive<usize> = 1..=64;

/// Lengths of the names that Telegram lights up.
const NAME: RangeInclusive<usize> = 2..=32;

/// The byte ranges of `text` to be shown as code, ascending. `before` is the character in front of
/// the text.
pub(super) fn lit(text: &str, before: Option<char>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    for slash in memchr::memchr_iter(b'/', text.as_bytes()) {
        if slash < from {
            continue;
        }
        let token = token_around(text, slash, from);
        from = token.end;
        let word = &text[token.clone()];
        let is_address = word.contains("://") || word.starts_with("www.");
        if !is_address && lights_up(text, &token, before) {
            let start = token.end - word.trim_start_matches([':', '=']).len();
            let end = token.start + word.trim_end_matches([':', '=', '.']).len();
            found.push(start..end);
        }
    }
    found
}

/// The word of path characters around a slash, not before `from`.
fn token_around(text: &str, slash: usize, from: usize) -> Range<usize> {
    let head = &text[from..slash];
    let tail = &text[slash..];
    let start = from + head.trim_end_matches(is_path_char).len();
    let end = text.len() - tail.trim_start_matches(is_path_char).len();
    start..end
}

/// Whether Telegram finds a command in the token, or a name beside a slash.
fn lights_up(text: &str, token: &Range<usize>, before: Option<char>) -> bool {
    let signs = text[token.clone()].match_indices(['/', '@']);
    for (offset, sign) in signs {
        let at = token.start + offset;
        let previous = text[..at].chars().next_back().or(before);
        let rest = &text[at + 1..];
        let after = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let length = rest.len() - after.len();
        let next = after.chars().next();
        let is_lit = if sign == "/" {
            let blocks = |c: char| is_word(c) || matches!(c, '/' | '<' | '>');
            COMMAND.contains(&length) && !previous.is_some_and(blocks) && !next.is_some_and(blocks)
        } else {
            NAME.contains(&length) && !previous.is_some_and(is_word) && !next.is_some_and(is_word)
        };
        if is_lit {
            return true;
        }
    }
    false
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn is_path_char(character: char) -> bool {
    is_word(character) || "/.-~@+$%*=:#\\{}".contains(character)
}

#[cfg(test)]
mod tests {
    use super::lit;

    #[test]
    fn only_what_lights_up_becomes_code() {
        for (text, expected) in [
            ("clean /tmp.", vec!["/tmp"]),
            ("/clear and (/help)!", vec!["/clear", "/help"]),
            ("run ./build, ../x, ~/notes.md", vec!["./build", "../x", "~/notes.md"]),
            ("in ${HOME}/bin", vec!["${HOME}/bin"]),
            ("npm i @types/node", vec!["@types/node"]),
            ("cwd=/tmp", vec!["cwd=/tmp"]),
            ("/usr/local/bin, src/main.rs, and/or, 1/2, a / b, //", vec![]),
            ("https://a.io/x ./a", vec!["./a"]),
            ("https://a.io/@user www.a.io/@user", vec![]),
            ("ask @name or a@b.io", vec![]),
            ("</div> <br/>", vec![]),
            ("使用/help命令 /help命", vec![]),
            ("", vec![]),
        ] {
            let found: Vec<&str> = lit(text, None).into_iter().map(|path| &text[path]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_character_in_front_counts() {
        assert!(lit("/tmp", Some('a')).is_empty());
        assert_eq!(lit("/tmp", Some(' ')).len(), 1);
    }
}
