//! One word or phrase, found in text whatever the case of its letters.

use std::ops::Range;

use super::anchor::{Anchor, Within};

/// Signs of base64 in a row that no word, path or name is made of.
const BASE64: usize = 256;

/// A word, or the words of a phrase.
pub struct Term {
    /// Folded; a space stands for any white space.
    chars: Vec<char>,
    anchor: Anchor,
}

impl std::fmt::Debug for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.words())
    }
}

impl Term {
    /// `None` where there is nothing but white space.
    pub(super) fn new(words: &str) -> Option<Self> {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let chars: Vec<char> = words.chars().map(folded).collect();
        (!chars.is_empty()).then(|| Self { anchor: Anchor::of(&chars), chars })
    }

    /// What is looked for, in lower case.
    pub fn words(&self) -> String {
        self.chars.iter().collect()
    }

    pub(super) fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// Where it first stands in `text`, at byte `from` or later; not inside of base64.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let mut from = from;
        loop {
            let at = self.anchor.find(text.as_bytes(), from, Within::Text)?;
            match self.around(text, at) {
                Some(found) if !is_in_base64(text.as_bytes(), at) => return Some(found),
                _ => from = at + 1,
            }
        }
    }

    /// The whole term around its anchor at byte `at`.
    fn around(&self, text: &str, at: usize) -> Option<Range<usize>> {
        let (before, after) = self.chars.split_at(self.anchor.chars.start);
        let behind = text.get(at..)?;
        let end = at + matched(behind.char_indices(), after.iter(), behind.len())?;
        let front = &text[..at];
        let back =
            front.char_indices().rev().map(|(start, c)| (front.len() - start - c.len_utf8(), c));
        let start = at - matched(back, before.iter().rev(), front.len())?;
        Some(start..end)
    }
}

/// How many bytes of a text the characters of a term take; `None` where they differ. `text` gives each
/// character after the number of bytes before it, and has `len` bytes.
fn matched<'t>(
    text: impl Iterator<Item = (usize, char)>,
    term: impl Iterator<Item = &'t char>,
    len: usize,
) -> Option<usize> {
    let mut text = text.peekable();
    for wanted in term {
        let (_, sign) = text.next()?;
        if *wanted == ' ' {
            if !sign.is_whitespace() {
                return None;
            }
            while text.next_if(|(_, sign)| sign.is_whitespace()).is_some() {}
        } else if folded(sign) != *wanted {
            return None;
        }
    }
    Some(text.peek().map_or(len, |(at, _)| *at))
}

/// A character in lower case, where that is one character.
fn folded(sign: char) -> char {
    let mut lower = sign.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => sign,
    }
}

fn is_in_base64(text: &[u8], at: usize) -> bool {
    let is_sign = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let behind = text[at..].iter().take(BASE64).take_while(is_sign).count();
    behind + text[..at].iter().rev().take(BASE64).take_while(is_sign).count() >= BASE64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(term: &str, text: &'t str) -> Vec<&'t str> {
        let term = Term::new(term).unwrap();
        let mut all = Vec::new();
        let mut from = 0;
        while let Some(range) = term.find(text, from) {
            from = range.end;
            all.push(&text[range]);
        }
        all
    }

    #[test]
    fn terms_are_found_in_any_case_and_spacing() {
        for (term, text, expected) in [
            ("beans", "Beans, BEANS and greenbeans", &["Beans", "BEANS", "beans"][..]),
            ("the  beans", "the\n   beans, theBeans the beans", &["the\n   beans", "the beans"]),
            ("größe", "GRÖSSE Größe GRÖßE grösse", &["Größe", "GRÖßE"]),
            ("über", "Über uber ÜBER", &["Über", "ÜBER"]),
            ("\"say\"", "they \"SAY\" so", &["\"SAY\""]),
            ("日本語", "これは日本語です", &["日本語"]),
            ("a/b", "x/a/b/c A/B", &["a/b", "A/B"]),
            ("=> {", "x => {", &["=> {"]),
            ("ana", "banana", &["ana"]),
            ("i", "İI", &["I"]),
        ] {
            assert_eq!(found(term, text), expected, "{term}");
        }
        assert!(Term::new(" \n").is_none());
    }

    #[test]
    fn base64_is_not_text() {
        let payload = "QUJD".repeat(100);
        let text = format!("qujd {payload} QUJD");
        assert_eq!(found("qujd", &text), ["qujd", "QUJD"]);
        let path = "/home/ada/garden".repeat(4);
        assert_eq!(found("garden", &path).len(), 4);
    }
}
