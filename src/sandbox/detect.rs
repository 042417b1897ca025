//! What Telegram finds in a text by itself: commands, mentions and bare links.
//!
//! Knows the common forms only, which is what a chat with a bot is made of.

use super::wire::{Entity, EntityKind};

/// Finds entities outside of code and links. Sorted, disjoint.
pub(super) fn detect(text: &str, sent: &[Entity]) -> Vec<Entity> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut offset) = (0, 0);
    while at < chars.len() {
        let kind_and_size = match_at(&chars, at).filter(|(_, size)| {
            let end = offset + units(&chars[at..at + size]);
            !sent.iter().any(|entity| {
                let opaque = entity.kind.mono() || entity.kind == EntityKind::TextLink;
                opaque && entity.offset < end && offset < entity.end()
            })
        });
        let size = kind_and_size.map_or(1, |(_, size)| size);
        let length = units(&chars[at..at + size]);
        if let Some((kind, _)) = kind_and_size {
            found.push(Entity { kind, offset, length, url: None, language: None });
        }
        at += size;
        offset += length;
    }
    found
}

fn units(chars: &[char]) -> usize {
    chars.iter().map(|c| c.len_utf16()).sum()
}

/// What begins at `at`, with its size in characters.
fn match_at(chars: &[char], at: usize) -> Option<(EntityKind, usize)> {
    let before = at.checked_sub(1).map(|at| chars[at]);
    let rest = &chars[at..];
    let size = match rest[0] {
        '/' => command(before, rest).map(|size| (EntityKind::BotCommand, size)),
        '@' => mention(before, rest).map(|size| (EntityKind::Mention, size)),
        'h' | 't' => link(before, rest).map(|size| (EntityKind::Url, size)),
        _ => None,
    }?;
    Some(size)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn name_length(chars: &[char]) -> usize {
    chars.iter().take_while(|c| is_name(**c)).count()
}

/// `/name` or `/name@bot`, neither part of a path nor of a word.
fn command(before: Option<char>, rest: &[char]) -> Option<usize> {
    let clear = |c: char| !is_word(c) && !matches!(c, '/' | '<' | '>');
    let name = name_length(&rest[1..]);
    let mut size = 1 + name;
    if rest.get(size) == Some(&'@') {
        let bot = name_length(&rest[size + 1..]);
        if (3..=32).contains(&bot) {
            size += 1 + bot;
        }
    }
    let free = before.is_none_or(clear) && rest.get(size).copied().is_none_or(clear);
    ((1..=64).contains(&name) && free).then_some(size)
}

/// `@name` of at least five signs.
fn mention(before: Option<char>, rest: &[char]) -> Option<usize> {
    let name = name_length(&rest[1..]);
    let free =
        before.is_none_or(|c| !is_word(c)) && rest.get(1 + name).is_none_or(|c| !is_word(*c));
    ((5..=32).contains(&name) && free).then_some(1 + name)
}

/// `https://…`, `http://…`, `tg://…` or `t.me/…`, without the punctuation of the sentence.
fn link(before: Option<char>, rest: &[char]) -> Option<usize> {
    let scheme = ["https://", "http://", "tg://", "t.me/"]
        .into_iter()
        .find(|scheme| rest.iter().copied().take(scheme.len()).eq(scheme.chars()))?;
    let stop = |c: &&char| !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '`');
    let mut size = rest.iter().take_while(stop).count();
    while matches!(rest[size - 1], '.' | ',' | ';' | ':' | '!' | '?' | '\'' | ')' | ']') {
        size -= 1;
        if size == 0 {
            break;
        }
    }
    let free = before.is_none_or(|c| !is_word(c));
    (free && size > scheme.len()).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_telegram_finds() {
        use EntityKind::{BotCommand, Mention, Url};
        for (text, expected) in [
            ("/start", vec![(BotCommand, 0, 6)]),
            ("😀 /new@segue_bot fix it", vec![(BotCommand, 3, 14)]),
            ("(/help), /status.", vec![(BotCommand, 1, 5), (BotCommand, 9, 7)]),
            ("see /home/ada/src and a/b and </p>", vec![]),
            ("hi @grace_h, a@b.org @abc", vec![(Mention, 3, 8)]),
            ("at https://example.org/a?b=c.", vec![(Url, 3, 25)]),
            ("t.me/segue?start=x or that://", vec![(Url, 0, 18)]),
            ("http:// https://", vec![]),
        ] {
            let found: Vec<_> = detect(text, &[])
                .into_iter()
                .map(|entity| (entity.kind, entity.offset, entity.length))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn leaves_code_and_links_alone() {
        let sent = |kind| Entity { kind, offset: 0, length: 5, url: None, language: None };
        for (kind, count) in
            [(EntityKind::Code, 1), (EntityKind::TextLink, 1), (EntityKind::Bold, 2)]
        {
            assert_eq!(detect("/help /stop", &[sent(kind)]).len(), count, "{kind:?}");
        }
    }
}
