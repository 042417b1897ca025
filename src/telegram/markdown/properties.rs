//! What holds for any text at all: Telegram's rules, and that nothing gets lost.

use std::mem::discriminant;

use proptest::{
    collection::vec,
    prelude::{
        Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    },
    sample::select,
    test_runner::TestCaseError,
};

use super::render;
use crate::telegram::text::{EntityKind, Text, lit::model::lit_in, rules};

/// Signs that mean something to Markdown, to Telegram, or to whoever counts characters.
const SIGNS: &[&str] = &[
    " ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\n\n",
    "\r\n",
    "\n\n\n",
    "\\",
    "*",
    "**",
    "***",
    "_",
    "~~",
    "`",
    "``",
    "```",
    "~~~",
    "\n```",
    "\n```rust\n",
    "\n~~~ ",
    "#",
    "\n# ",
    "\n### ",
    "\n===\n",
    "\n---\n",
    "\n-",
    "\n- ",
    "\n  - ",
    "\n    ",
    "- [ ] ",
    "\n1. ",
    "\n7) ",
    "\n> ",
    "> ",
    ">",
    "[",
    "]",
    "![",
    "](x)",
    "](https://b.io/a)",
    "](http://localhost)",
    " \"",
    "\")",
    "](a '",
    "')",
    "[l]",
    "[]",
    "\n[l]: ",
    "]: ",
    "[^1]",
    "\n[^1]: ",
    "<https://b.io>",
    "<a@b.io>",
    "|",
    " | ",
    "\n|",
    "|\n|-|:-:|-:|\n|",
    "|\n",
    "<b>",
    "</b>",
    "<br>",
    "\n<div>\n",
    "<!--",
    "-->",
    "&amp;",
    "&",
    "/",
    " /tmp",
    "./",
    "~/",
    "@",
    "@ada",
    "#fix",
    "$USD",
    "main.rs",
    "a@b.io",
    "https://a.io/x",
    "www.a.io",
    "tg://x",
    "+49 30 1234567",
    "://",
    ".",
    "!",
    "。",
    ":",
    "🙂",
    "👨‍👩‍👧",
    "🇨🇭",
    "e\u{301}",
    "日本語",
    "مرحبا",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{2028}",
    "\u{a0}",
    "\u{3000}",
    "\0",
    "\u{1b}[0m",
];

/// Text full of markup. Each word in it is like no other, so that its loss would show.
fn markdown() -> impl Strategy<Value = String> {
    let sign = select(SIGNS).prop_map(str::to_owned);
    let word = Just("W".to_owned());
    let line = Just("W W. W ".repeat(6));
    let code = Just(format!("\n```rust\n{}```\n", "    let W = W;\n".repeat(4)));
    let row = Just("\n| W | W | W |".to_owned());
    let table = Just("\n\n| W | W |\n|---|--:|\n| W | W |\n| W | W | W |\n".to_owned());
    let pieces =
        vec(prop_oneof![8 => sign, 8 => word, 1 => line, 1 => code, 1 => row, 1 => table], 0..60);
    pieces.prop_map(|pieces| numbered(&pieces.concat()))
}

/// The text with its `W`s numbered: `W0X`, `W1X`, ….
fn numbered(text: &str) -> String {
    let mut parts = text.split('W');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.enumerate().map(|(number, part)| format!("W{number}X{part}"));
    first + &rest.collect::<String>()
}

/// Every word of the Markdown is somewhere in the text, in an address, or names a language.
fn check_words(markdown: &str, text: &Text) -> Result<(), TestCaseError> {
    let mut shown = text.text.clone();
    for entity in &text.entities {
        if let EntityKind::Link(word) | EntityKind::Pre(Some(word)) = &entity.kind {
            shown.push(' ');
            shown.push_str(word);
        }
    }
    for start in markdown.match_indices('W').map(|(start, _)| start) {
        let length = markdown[start..].find('X').map_or(0, |end| end + 1);
        let word = &markdown[start..start + length];
        prop_assert!(shown.contains(word), "{} is lost in {:?}", word, text);
    }
    Ok(())
}

/// Each visible character with what formats it, in an order of its own: of two entities that come
/// to cover the same range, either may be the outer one.
fn characters(text: &Text) -> Vec<(char, Vec<EntityKind>)> {
    let spans = text.spans();
    text.text
        .char_indices()
        .filter(|(_, character)| !rules::shows_nothing(character.encode_utf8(&mut [0; 4])))
        .map(|(at, character)| {
            let around = spans.iter().filter(|span| span.bytes.contains(&at));
            let mut kinds: Vec<EntityKind> = around.map(|span| span.kind.clone()).collect();
            kinds.sort_by_key(|kind| format!("{kind:?}"));
            (character, kinds)
        })
        .collect()
}

/// What is cut off at one end obeys the rules and is shorter.
fn check_cut(cut: &Text, limit: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(rules::broken(cut), None, "{:?}", cut);
    prop_assert!(cut.utf16_len() <= limit, "{:?}", cut);
    prop_assert!(cut.entities.len() <= rules::MOST_ENTITIES);
    Ok(())
}

proptest! {
    // A case that fails is to become an example of its own, not a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_renders_by_the_rules(markdown in any::<String>()) {
        let text = render(&markdown);
        prop_assert_eq!(rules::broken(&text), None, "{:?}", text);
    }

    #[test]
    fn any_markdown_renders_by_the_rules(markdown in markdown()) {
        let text = render(&markdown);
        prop_assert_eq!(rules::broken(&text), None, "{:?}", text);
    }

    #[test]
    fn nothing_lights_up_that_is_not_written_out(markdown in markdown()) {
        let text = render(&markdown);
        for (name, piece) in lit_in(&text) {
            // An address goes over what would light up in it.
            let around = text.text.split_whitespace().find(|word| word.contains(piece));
            let written = around.is_some_and(|word| {
                let is_mail = matches!(name, "mail" | "host") && word.contains('@');
                is_mail || word.contains("://") || word.contains("www.")
            });
            prop_assert!(written || name == "phone", "{name} {piece}: {text:?}");
        }
    }

    // The address of an image inside a link is the one thing left out on purpose.
    #[test]
    fn no_word_gets_lost(markdown in markdown()) {
        let markdown = markdown.replace("![", "[");
        check_words(&markdown, &render(&markdown))?;
    }

    // Tables name their columns in every row, and a definition with a label that comes again is used
    // again: neither is in this one.
    #[test]
    fn no_word_is_said_twice(markdown in markdown()) {
        let markdown = markdown.replace("[l]", "").replace("[^1]", "").replace('|', "");
        let text = render(&markdown);
        for (start, _) in text.text.match_indices('W') {
            let said = &text.text[start..];
            let word = &said[..said.find('X').map_or(said.len(), |end| end + 1)];
            prop_assert_eq!(text.text.matches(word).count(), 1, "{:?}", text);
        }
    }

    #[test]
    fn any_wrapping_keeps_the_rules(markdown in markdown(), kinds in vec(kind(), 1..5)) {
        let mut text = render(&markdown);
        let whole = text.text.clone();
        for kind in kinds {
            text = text.wrap(kind);
            prop_assert_eq!(rules::broken(&text), None, "{:?}", text);
        }
        prop_assert_eq!(text.text, whole);
    }

    #[test]
    fn splitting_loses_nothing(markdown in markdown(), limit in 2_usize..600, most in 8_usize..12) {
        let text = render(&markdown);
        let pieces = text.clone().split(limit, most);
        let mut joined = Vec::new();
        for piece in &pieces {
            prop_assert_eq!(rules::refused(piece), None, "{:?}", piece);
            prop_assert!(piece.utf16_len() <= limit, "{:?}", piece);
            prop_assert!(piece.entities.len() <= most, "{:?}", piece);
            joined.extend(characters(piece));
        }
        prop_assert_eq!(joined, characters(&text));
    }

    #[test]
    fn few_entities_cost_formatting_but_no_text(markdown in markdown(), most in 0_usize..4) {
        let text = render(&markdown);
        let mut joined = String::new();
        for piece in text.clone().split(50, most) {
            prop_assert_eq!(rules::refused(&piece), None, "{:?}", piece);
            prop_assert!(piece.entities.len() <= most, "{:?}", piece);
            joined.push_str(&piece.text);
        }
        let visible = |text: &str| Text::raw(text);
        prop_assert_eq!(characters(&visible(&joined)), characters(&visible(&text.text)));
    }

    #[test]
    fn both_ends_obey_the_rules(markdown in markdown(), limit in 0_usize..200) {
        let text = render(&markdown);
        check_cut(&text.clone().head(limit), limit)?;
        check_cut(&text.tail(limit), limit)?;
    }
}

fn kind() -> impl Strategy<Value = EntityKind> {
    select(vec![
        EntityKind::Bold,
        EntityKind::Italic,
        EntityKind::Underline,
        EntityKind::Strike,
        EntityKind::Code,
        EntityKind::Pre(Some("rust".to_owned())),
        EntityKind::Link("https://c.io".to_owned()),
        EntityKind::Quote,
        EntityKind::Fold,
    ])
}

#[test]
fn a_long_answer_becomes_messages_that_telegram_takes() {
    let section = "## Part\n\nSome **bold**, `code`, [link](https://b.io) and /tmp 🙂.\n\n\
        - one\n  - two\n\n> quoted *words*\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\
        ```rust\nfn main() {\n    println!(\"…\");\n}\n```\n\n";
    let text = render(&section.repeat(500));
    let pieces = text.clone().split(rules::LONGEST, 90);
    assert!(pieces.len() > 20);
    for piece in &pieces {
        assert_eq!(rules::refused(piece), None);
    }
    let parts = |kind: &EntityKind| {
        let like = |entity: &&crate::telegram::text::Entity| {
            discriminant(&entity.kind) == discriminant(kind)
        };
        pieces.iter().flat_map(|piece| &piece.entities).filter(like).count()
    };
    assert_eq!(parts(&EntityKind::Quote), 500);
    assert!(parts(&EntityKind::Pre(None)) >= 1000);
}
