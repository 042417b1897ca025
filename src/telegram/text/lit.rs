//! What Telegram lights up by itself in a text, and how foreign text is kept from it.
//!
//! Telegram's servers and clients make things to tap of plain text: commands, mentions, hashtags,
//! cashtags, links, mail addresses and phone numbers (tdlib, `MessageEntity.cpp`; phone numbers are
//! found by some clients). A tap on a title that begins with `/clear` would clear the session. The
//! rules here are wider than Telegram's where those need a list, such as that of top-level domains.
//!
//! A [`JOINER`] inside makes such a piece inert: it is not seen, and none of the rules goes over it.
//! Inside code nothing lights up; so what a person may want to copy, such as a path, belongs into
//! code and not here.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use super::link;

/// U+2060, word joiner: has no width and joins what stands beside it.
pub(in crate::telegram) const JOINER: char = '\u{2060}';

/// Longest command and hashtag and shortest and longest mention that Telegram finds, characters.
const COMMAND: usize = 64;
const HASHTAG: usize = 256;
const MENTION: std::ops::RangeInclusive<usize> = 2..=32;
/// Longest cashtag.
const CASHTAG: usize = 8;
/// Fewest digits of a phone number.
const PHONE: usize = 7;
/// Digits beyond which a number is none: bank cards have 19.
const LONGEST_PHONE: usize = 24;
/// Digits that may stand together in an inert number.
const GROUP: usize = 4;
/// How an address begins that people write without a scheme.
const WWW: &str = "www.";
/// What stands behind a scheme.
const SCHEME: &str = "://";
/// How often joiners are put into a text: one ends a word, and so can make a piece of what was none.
pub(super) const ROUNDS: usize = 4;

/// What a piece of text would become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::telegram) enum Kind {
    /// A command, mention, hashtag or cashtag: a sign and a word.
    Tag,
    /// A host without a scheme, as in `main.rs`.
    Host,
    /// Something with a scheme, as in `https://a.io/x`, or `www.`.
    Address,
    /// A mail address.
    Mail,
    /// A phone number.
    Phone,
}

/// A piece that lights up, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::telegram) struct Lit {
    pub(in crate::telegram) kind: Kind,
    pub(in crate::telegram) bytes: Range<usize>,
}

/// All that lights up in a text, in order of its beginning. What is named behind a sign, as in
/// `/main.rs`, is found, too. `before` is the character in front of the text.
pub(in crate::telegram) fn find(text: &str, before: Option<char>) -> Vec<Lit> {
    let mut found = Vec::new();
    let mut previous = before;
    let mut from = 0;
    while let Some(first) = text[from..].chars().next() {
        let mut length = first.len_utf8();
        if let Some((kind, whole)) = piece(&text[from..], previous) {
            found.push(Lit { kind, bytes: from..from + whole });
            length = if kind == Kind::Tag { length } else { whole };
        }
        previous = text[..from + length].chars().next_back();
        from += length;
    }
    found
}

/// Foreign text of which nothing lights up, wherever it is put behind `before`.
pub(super) fn inert(text: &str, before: Option<char>) -> Cow<'_, str> {
    without(text, before, |_| true)
}

/// Foreign text of which only addresses and mail addresses light up that are written out.
pub(in crate::telegram) fn prose(text: &str, before: Option<char>) -> Cow<'_, str> {
    without(text, before, |piece| !is_written_out(piece))
}

/// Whether a piece is an address that a person would write to be followed.
pub(in crate::telegram) fn is_written_out((kind, piece): (Kind, &str)) -> bool {
    match kind {
        Kind::Mail => true,
        Kind::Address if piece.starts_with(WWW) => link::opens(&format!("http://{piece}")),
        Kind::Address => piece.starts_with("http") && link::opens(piece),
        Kind::Host | Kind::Tag | Kind::Phone => false,
    }
}

/// A text in which nothing of these kinds lights up.
fn without(
    text: &str,
    before: Option<char>,
    is_unwanted: impl Fn((Kind, &str)) -> bool,
) -> Cow<'_, str> {
    let mut inert = Cow::Borrowed(text);
    // What follows could make something of a sign at the end.
    if text.ends_with(['/', '@', '#', '$']) {
        inert.to_mut().push(JOINER);
    }
    for _ in 0..ROUNDS {
        let mut lit = find(&inert, before);
        lit.retain(|lit| is_unwanted((lit.kind, &inert[lit.bytes.clone()])));
        let gaps = gaps(&inert, &lit);
        if gaps.is_empty() {
            break;
        }
        inert = Cow::Owned(with_joiners(&inert, &gaps));
    }
    inert
}

/// Where joiners must go so that none of these pieces lights up: bytes, ascending.
pub(super) fn gaps(text: &str, lit: &[Lit]) -> Vec<usize> {
    let mut gaps = BTreeSet::new();
    for Lit { bytes, .. } in lit {
        let mut digits = 0;
        for (at, character) in text[bytes.clone()].char_indices() {
            let (at, end) = (bytes.start + at, bytes.start + at + character.len_utf8());
            if character.is_ascii_digit() {
                if digits == GROUP {
                    gaps.insert(at);
                    digits = 0;
                }
                digits += 1;
            } else if is_word(character) {
                digits = 0;
            }
            let next = text[end..bytes.end].chars().next();
            let is_sign = match character {
                '#' => true,
                '/' | '@' | '$' | '.' => next.is_some_and(is_word),
                ':' => next == Some('/'),
                _ => false,
            };
            if is_sign {
                gaps.insert(end);
            }
        }
    }
    gaps.into_iter().collect()
}

/// A text with a joiner in each of these gaps.
pub(super) fn with_joiners(text: &str, gaps: &[usize]) -> String {
    let mut out = String::with_capacity(text.len() + gaps.len() * JOINER.len_utf8());
    let mut written = 0;
    for gap in gaps {
        out.push_str(&text[written..*gap]);
        out.push(JOINER);
        written = *gap;
    }
    out.push_str(&text[written..]);
    out
}

/// What a text begins with that lights up, and its length.
fn piece(text: &str, before: Option<char>) -> Option<(Kind, usize)> {
    let first = text.chars().next()?;
    let after_word = before.is_some_and(is_word);
    let tag = match first {
        '/' if !after_word && !before.is_some_and(|c| "/<>".contains(c)) => command(text),
        '@' if !after_word => mention(text),
        '#' if !after_word => hashtag(text),
        '$' if !after_word && before != Some('$') => cashtag(text),
        _ => None,
    };
    if let Some(length) = tag {
        return Some((Kind::Tag, length));
    }
    if first == ':' && before.is_some_and(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        // The scheme is part of something else.
        return text.starts_with(SCHEME).then(|| (Kind::Address, goes_on(text, SCHEME.len())));
    }
    if after_word {
        return None;
    }
    let name = || address(text).or_else(|| mail(text)).or_else(|| host(text));
    let begins = is_word(first) && !before.is_some_and(|c| ".-@".contains(c));
    let name = if begins { name() } else { None };
    name.or_else(|| phone(text))
}

fn command(text: &str) -> Option<usize> {
    let length = 1 + ascii_word(&text[1..]);
    let next = text[length..].chars().next();
    let blocks = |c: char| is_word(c) || matches!(c, '/' | '<' | '>');
    let fits = (1..=COMMAND).contains(&(length - 1)) && !next.is_some_and(blocks);
    fits.then(|| match text[length..].strip_prefix('@') {
        Some(bot) => length + 1 + ascii_word(bot),
        None => length,
    })
}

fn mention(text: &str) -> Option<usize> {
    let length = 1 + ascii_word(&text[1..]);
    let next = text[length..].chars().next();
    (MENTION.contains(&(length - 1)) && !next.is_some_and(is_word)).then_some(length)
}

fn hashtag(text: &str) -> Option<usize> {
    let word = text[1..].split(|c: char| !is_word(c)).next().unwrap_or_default();
    let fits = word.chars().count() <= HASHTAG && word.chars().any(|c| !c.is_ascii_digit());
    (fits && !word.is_empty()).then_some(1 + word.len())
}

fn cashtag(text: &str) -> Option<usize> {
    let rest = &text[1..];
    let name = match rest.strip_prefix("1INCH") {
        Some(_) => "1INCH",
        None => rest.split(|c: char| !c.is_ascii_uppercase()).next().unwrap_or_default(),
    };
    let next = rest[name.len()..].chars().next();
    let fits = (1..=CASHTAG).contains(&name.len()) && !next.is_some_and(|c| is_word(c) || c == '$');
    fits.then_some(1 + name.len())
}

/// Digits with what may stand between those of a phone number.
fn phone(text: &str) -> Option<(Kind, usize)> {
    let (mut digits, mut between, mut found) = (0, 0, None);
    for (at, character) in text.char_indices() {
        match character {
            '+' if at == 0 => {}
            '0'..='9' if digits < LONGEST_PHONE => {
                (digits, between) = (digits + 1, 0);
                let next = text[at + 1..].chars().next();
                if digits >= PHONE && !next.is_some_and(is_word) {
                    found = Some((Kind::Phone, at + 1));
                }
            }
            ' ' | '\u{a0}' | '-' | '(' | ')' | '.' | '/' if between < 2 => between += 1,
            _ => break,
        }
    }
    found
}

/// `scheme://` or `www.` and what follows up to white space, or to a sign that ends an address.
fn address(text: &str) -> Option<(Kind, usize)> {
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let scheme = text.len() - text.trim_start_matches(is_scheme).len();
    let scheme = if text[scheme..].starts_with(SCHEME) {
        scheme + SCHEME.len()
    } else if text.starts_with(WWW) {
        WWW.len()
    } else {
        return None;
    };
    Some((Kind::Address, goes_on(text, scheme)))
}

/// Where an address ends that goes on behind its scheme.
fn goes_on(text: &str, scheme: usize) -> usize {
    let rest = &text[scheme..];
    let is_part = |c: char| c.is_alphanumeric() || "-._~:/?#@!$&*+,;=%'".contains(c);
    let length = rest.len() - rest.trim_start_matches(is_part).len();
    scheme + rest[..length].trim_end_matches([',', ';', ':', '.', '!', '?', '\'']).len()
}

fn mail(text: &str) -> Option<(Kind, usize)> {
    let at = text.find(|c: char| !is_word(c) && !matches!(c, '.' | '-' | '+' | '%'))?;
    let domain = text[at..].strip_prefix('@')?;
    let run = domain.split(|c: char| !is_word(c) && !matches!(c, '.' | '-')).next()?;
    let run = run.trim_end_matches(['.', '-']);
    (run.contains('.') && !run.starts_with('.')).then_some((Kind::Mail, at + 1 + run.len()))
}

/// Labels with dots between, the last of letters, or four numbers.
fn host(text: &str) -> Option<(Kind, usize)> {
    let run = text.split(|c: char| !is_word(c) && !matches!(c, '.' | '-')).next()?;
    // The run may go on behind two dots, or end in one.
    let run = run.split("..").next()?.trim_end_matches(['.', '-']);
    let labels: Vec<&str> = run.split('.').collect();
    let is_number = |label: &&str| label.parse::<u8>().is_ok();
    let is_name = |label: &&str| {
        label.starts_with("xn--")
            || (label.chars().count() > 1 && label.chars().all(char::is_alphabetic))
    };
    let last = labels.iter().rposition(is_name).filter(|last| *last > 0);
    let is_ip = labels.len() == 4 && labels.iter().all(is_number);
    match last {
        _ if is_ip => Some((Kind::Host, run.len())),
        Some(last) => Some((Kind::Host, labels[..=last].join(".").len())),
        None => None,
    }
}

fn ascii_word(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len()
}

fn is_word(character: char) -> bool {
    // The joiners of scripts that join count as letters.
    character.is_alphanumeric() || matches!(character, '_' | '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
pub(crate) mod model {
    //! An independent reading of the same rules, in regular expressions and with no list of its
    //! own: what a strict Telegram would light up.

    use std::{ops::Range, sync::LazyLock};

    use regex::Regex;

    use crate::telegram::text::{EntityKind, Text};

    static RULES: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
        [
            ("command", r"(?:^|[^\w/<>])(/[A-Za-z0-9_]{1,64})(?:[^\w/<>]|$)"),
            ("mention", r"(?:^|\W)(@[A-Za-z0-9_]{2,32})(?:\W|$)"),
            ("hashtag", r"(?:^|[^\w\u{200c}])(#[\w\u{200c}]*[\p{L}_][\w\u{200c}]*)"),
            ("cashtag", r"(?:^|[^\w$])(\$(?:1INCH|[A-Z]{1,8}))(?:[^\w$]|$)"),
            ("mail", r"(\w[\w.+-]*@\w[\w-]*(?:\.[\w-]*\w)+)"),
            ("address", r"([A-Za-z][A-Za-z0-9+.-]*://[^\s\u{2060}])"),
            ("host", r"(?:^|[^\w.@-])(\w[\w-]*(?:\.[\w-]+)*\.\p{L}{2,})(?:[^\w-]|$)"),
            ("host", r"(?:^|[^\w.])(\d{1,3}(?:\.\d{1,3}){3})(?:[^\w.]|$)"),
            ("phone", r"(?:^|\W)(\+?\d(?:[ \u{a0}().-]?\d){6,23})(?:\W|$)"),
        ]
        .map(|(name, rule)| (name, Regex::new(rule).unwrap()))
        .to_vec()
    });

    /// All that lights up in a text: what it is, and where.
    fn ranges(text: &str) -> Vec<(&'static str, Range<usize>)> {
        let mut found = Vec::new();
        for (name, rule) in RULES.iter() {
            let mut from = 0;
            // Matches may share the sign between them.
            while let Some(piece) = rule.captures_at(text, from).and_then(|all| all.get(1)) {
                found.push((*name, piece.range()));
                from = piece.end();
            }
        }
        found
    }

    /// All that lights up in a text: what it is, and the piece.
    pub(crate) fn lit(text: &str) -> Vec<(&'static str, &str)> {
        ranges(text).into_iter().map(|(name, range)| (name, &text[range])).collect()
    }

    /// All that lights up in a formatted text: nothing does that touches code or a link of ours.
    pub(crate) fn lit_in(text: &Text) -> Vec<(&'static str, &str)> {
        let mut dark = text.spans();
        dark.retain(|span| span.kind.is_verbatim() || matches!(span.kind, EntityKind::Link(_)));
        let is_dark = |range: &Range<usize>| {
            dark.iter().any(|span| span.bytes.start < range.end && range.start < span.bytes.end)
        };
        let mut found = ranges(&text.text);
        found.retain(|(_, range)| !is_dark(range));
        found.into_iter().map(|(name, range)| (name, &text.text[range])).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn found(text: &str) -> Vec<(&str, Kind)> {
        find(text, None).into_iter().map(|lit| (&text[lit.bytes], lit.kind)).collect()
    }

    #[test]
    fn what_lights_up_is_found() {
        use Kind::{Address, Host, Mail, Phone, Tag};
        for (text, expected) in [
            ("/clear, (/help@a_bot)!", vec![("/clear", Tag), ("/help@a_bot", Tag)]),
            ("~/notes ./x and/or 1/2 </div> /usr/local", vec![("/notes", Tag), ("/x", Tag)]),
            ("ask @ada or @b", vec![("@ada", Tag)]),
            ("#fix #12 C#x #ölçü", vec![("#fix", Tag), ("#ölçü", Tag)]),
            ("$USD $HOME $TOOLONGNAME $x", vec![("$USD", Tag), ("$HOME", Tag)]),
            ("see main.rs. And a.b, 1.5, e.g. v2.1.3", vec![("main.rs", Host)]),
            ("at 192.168.0.1 now", vec![("192.168.0.1", Host)]),
            (
                "a.b@c.io, https://a.io/x?y#z!",
                vec![("a.b@c.io", Mail), ("https://a.io/x?y#z", Address)],
            ),
            ("tg://resolve?domain=x", vec![("tg://resolve?domain=x", Address)]),
            ("call +49 (30) 123-456 now", vec![("+49 (30) 123-456", Phone)]),
            ("5e6bd64 at 12:30, 123456", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        assert!(find("/tmp", Some('a')).is_empty());
    }

    #[test]
    fn inert_text_looks_the_same() {
        for (text, expected) in [
            ("plain", "plain"),
            ("/clear", "/\u{2060}clear"),
            ("a@b.io", "a@\u{2060}b.\u{2060}io"),
            ("https://a.io", "https:\u{2060}//\u{2060}a.\u{2060}io"),
            ("15551234567", "1555\u{2060}1234\u{2060}567"),
            ("beds/", "beds/\u{2060}"),
        ] {
            assert_eq!(inert(text, None), expected, "{text}");
        }
    }

    /// Pieces of which something that lights up can be made.
    const PIECES: &[&str] = &[
        "/", "@", "#", "$", ".", ":", "://", "-", "_", "+", " ", "\n", "(", ")", "<", ">", ",",
        "clear", "a", "ab", "USD", "1INCH", "rs", "io", "https", "www", "tg", "1", "42", "555",
        "1234567", "ü", "日本", "\u{200c}", "\u{a0}", "\u{2060}", "🙂",
    ];

    proptest! {
        #[test]
        fn nothing_inert_lights_up(pieces in vec(select(PIECES), 0..12), word in "[a-z]{0,3}") {
            let text = pieces.concat();
            let (lead, tail) = text.split_at(text.ceil_char_boundary(text.len() / 2));
            // In two pieces, behind a word of ours and before another.
            let mut whole = format!("{word} ");
            whole.push_str(&inert(lead, whole.chars().next_back()));
            whole.push_str(" · ");
            whole.push_str(&inert(tail, whole.chars().next_back()));
            prop_assert_eq!(model::lit(&whole), vec![], "{}", whole);
            prop_assert_eq!(whole.replace(JOINER, ""), format!("{word} {lead} · {tail}").replace(JOINER, ""));
        }
    }
}
