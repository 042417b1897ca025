//! Finds in prose what Telegram would light up though it is nothing to tap.
//!
//! In `/tmp`, `./run`, `~/notes.md`, `@types/node`, `#include`, `$HOME` or `main.rs` a tap would send
//! a command, open a stranger's profile or a page of a stranger ([`lit`]). A person may want to copy
//! such a word, and inside code nothing lights up: so the whole word becomes code. An address that
//! is written out stays what it is.

use std::ops::Range;

use crate::telegram::text::lit::{self, Kind, Lit};

/// What becomes of a piece of prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// It stays as it is.
    Plain(Range<usize>),
    /// It is a word to be shown as code.
    Code(Range<usize>),
}

/// A text in pieces, in order and without a gap. `before` is the character in front of the text.
pub(super) fn pieces(text: &str, before: Option<char>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for Lit { kind, bytes } in lit::find(text, before) {
        if bytes.start < from {
            continue;
        }
        let is_kept = match kind {
            Kind::Phone => !is_one_word(&text[bytes.clone()]),
            kind => lit::is_written_out((kind, &text[bytes.clone()])),
        };
        let code = if is_kept { bytes.clone() } else { word_around(text, &bytes, from) };
        if !is_kept {
            if code.start > from {
                pieces.push(Piece::Plain(from..code.start));
            }
            pieces.push(Piece::Code(code.clone()));
            from = code.end;
        }
    }
    if from < text.len() {
        pieces.push(Piece::Plain(from..text.len()));
    }
    pieces
}

/// A number that is one word, and one with a country in front; others may be dates and amounts.
fn is_one_word(number: &str) -> bool {
    number.starts_with('+') || number.chars().all(|c| c.is_ascii_digit())
}

/// The word of path characters around a piece, not before `from`.
fn word_around(text: &str, piece: &Range<usize>, from: usize) -> Range<usize> {
    let head = &text[from..piece.start];
    let tail = &text[piece.end..];
    let start = from + head.trim_end_matches(is_path_char).len();
    let end = text.len() - tail.trim_start_matches(is_path_char).len();
    let word = &text[start..end];
    let start = (end - word.trim_start_matches([':', '=']).len()).min(piece.start);
    let end = (start + text[start..end].trim_end_matches([':', '=', '.']).len()).max(piece.end);
    start..end
}

fn is_path_char(character: char) -> bool {
    character.is_alphanumeric() || "_/.-~@+$%*=:#\\{}".contains(character)
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    fn code(text: &str, before: Option<char>) -> Vec<&str> {
        let code = |piece: Piece| match piece {
            Piece::Code(range) => Some(&text[range]),
            Piece::Plain(_) => None,
        };
        pieces(text, before).into_iter().filter_map(code).collect()
    }

    #[test]
    fn only_what_lights_up_becomes_code() {
        for (text, expected) in [
            ("clean /tmp.", vec!["/tmp"]),
            ("/clear and (/help)!", vec!["/clear", "/help"]),
            ("run ./build, ../x, ~/notes.md", vec!["./build", "../x", "~/notes.md"]),
            ("in ${HOME}/bin or $HOME", vec!["${HOME}/bin", "$HOME"]),
            ("npm i @types/node", vec!["@types/node"]),
            ("cwd=/tmp", vec!["cwd=/tmp"]),
            ("/usr/local/bin, and/or, 1/2, a / b, //", vec![]),
            ("see src/main.rs:42 and README.md.", vec!["src/main.rs:42", "README.md"]),
            ("https://a.io/x ./a", vec!["./a"]),
            ("https://a.io/@user www.a.io/@user", vec![]),
            ("at http://localhost:3000", vec!["http://localhost:3000"]),
            ("ask @name or a@b.io about #fix, #12", vec!["@name", "#fix"]),
            ("on 2026-11-27 14:30, at 1555 1234567 or 15551234567", vec!["15551234567"]),
            ("</div> <br/>", vec![]),
            ("使用/help命令 /help命", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(code(text, None), expected, "{text}");
        }
    }

    #[test]
    fn the_character_in_front_counts() {
        assert!(code("/tmp", Some('a')).is_empty());
        assert_eq!(code("/tmp", Some(' ')).len(), 1);
    }
}
