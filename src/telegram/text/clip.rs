//! The beginning or the end of a text, for messages that show how far something has come.

use unicode_segmentation::{GraphemeCursor, GraphemeIncomplete};

use super::{Span, Text, rules, span::clip};

/// Stands for what was left out.
const ELLIPSIS: char = '…';

/// Bytes given up so that the cut does not fall into a word.
const WORD: usize = 32;

impl Text {
    /// The beginning, of at most `limit` UTF-16 code units, with an ellipsis where something was
    /// left out. Keeps no more entities than a message takes.
    #[must_use]
    pub fn head(self, limit: usize) -> Self {
        if self.utf16_len() <= limit {
            return self.with_few_entities();
        }
        let end = head_border(&self.text, limit.saturating_sub(1));
        let mut spans: Vec<Span> = clip(&self.spans(), 0..end).collect();
        let mut text = self.text;
        text.truncate(end);
        // A limit of 0 leaves no room, not even for the ellipsis.
        if limit > 0 {
            text.push(ELLIPSIS);
            for span in spans.iter_mut().filter(|span| span.bytes.end == end) {
                span.bytes.end = text.len();
            }
        }
        Self::assemble(text, spans).with_few_entities()
    }

    /// The end, of at most `limit` UTF-16 code units, with an ellipsis in front where something
    /// was left out. Keeps no more entities than a message takes.
    #[must_use]
    pub fn tail(self, limit: usize) -> Self {
        if self.utf16_len() <= limit {
            return self.with_few_entities();
        }
        let start = tail_border(&self.text, limit.saturating_sub(1));
        let mut spans: Vec<Span> = clip(&self.spans(), start..self.text.len()).collect();
        let mut text = String::new();
        if limit > 0 {
            text.push(ELLIPSIS);
            for span in &mut spans {
                let is_cut = span.bytes.start == 0;
                span.bytes.start = if is_cut { 0 } else { span.bytes.start + text.len() };
                span.bytes.end += text.len();
            }
        }
        text.push_str(&self.text[start..]);
        Self::assemble(text, spans).with_few_entities()
    }

    fn with_few_entities(mut self) -> Self {
        self.entities.truncate(rules::MOST_ENTITIES);
        self
    }
}

/// The beginning of a text, of at most so many characters. What is seen as one character is not
/// cut, unless it alone is longer.
pub fn cut(text: &str, most: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(most) else { return text };
    match grapheme(text, end, GraphemeCursor::prev_boundary) {
        0 => &text[..end],
        border => &text[..border],
    }
}

/// Where to end so that what is before has at most `units` UTF-16 code units.
fn head_border(text: &str, units: usize) -> usize {
    let mut left = units;
    let fits = |character: &char| take(&mut left, *character);
    let reach = text.chars().take_while(fits).map(char::len_utf8).sum();
    let (whole, rest) = text.split_at(grapheme(text, reach, GraphemeCursor::prev_boundary));
    let word = match whole.rfind(char::is_whitespace) {
        Some(at) if whole.len() - at <= WORD && !rest.starts_with(char::is_whitespace) => at,
        _ => whole.len(),
    };
    text[..word].trim_end().len()
}

/// Where to begin so that what is behind has at most `units` UTF-16 code units.
fn tail_border(text: &str, units: usize) -> usize {
    let mut left = units;
    let fits = |character: &char| take(&mut left, *character);
    let reach: usize = text.chars().rev().take_while(fits).map(char::len_utf8).sum();
    let whole = grapheme(text, text.len() - reach, GraphemeCursor::next_boundary);
    let word = match text[whole..].find(char::is_whitespace) {
        Some(at) if at <= WORD && !text[..whole].ends_with(char::is_whitespace) => whole + at,
        _ => whole,
    };
    // No sign that a word stood in front of begins what is left.
    let is_lead = |c: char| c.is_whitespace() || matches!(c, '/' | '@' | '#' | '$');
    text.len() - text[word..].trim_start_matches(is_lead).len()
}

/// Takes a character's units from those left, if they are there.
fn take(left: &mut usize, character: char) -> bool {
    let rest = left.checked_sub(character.len_utf16());
    *left = rest.unwrap_or(*left);
    rest.is_some()
}

/// A way to go on to another border.
type Step = fn(&mut GraphemeCursor, &str, usize) -> Result<Option<usize>, GraphemeIncomplete>;

/// `at`, or the next border between graphemes in one direction if it is inside one.
fn grapheme(text: &str, at: usize, step: Step) -> usize {
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(false) => step(&mut cursor, text, 0).ok().flatten().unwrap_or(at),
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::{Text, cut};
    use crate::telegram::text::rules;

    /// Checks what is left of `one two`, bold `three 🙂`, and a block of code.
    #[track_caller]
    fn check(cut: fn(Text, usize) -> Text, limit: usize, expected: &str) {
        let mut text = Text::plain("one two ");
        text.bold("three 🙂").push("\n").pre("five\nsix", Some("sh"));
        let cut = cut(text, limit);
        assert_eq!(rules::broken(&cut), None, "{cut:?}");
        assert!(cut.utf16_len() <= limit, "{cut:?}");
        assert_eq!(cut.annotated(), expected);
    }

    #[test]
    fn the_head_ends_in_an_ellipsis() {
        let whole = "one two <b>three 🙂</b>\n<pre sh>five\nsix</pre>";
        check(Text::head, 25, whole);
        check(Text::head, 24, "one two <b>three 🙂</b>\n<pre sh>five…</pre>");
        check(Text::head, 18, "one two <b>three 🙂…</b>");
        check(Text::head, 15, "one two <b>three…</b>");
        check(Text::head, 8, "one two…");
        check(Text::head, 7, "one…");
        check(Text::head, 1, "…");
        check(Text::head, 0, "");
    }

    #[test]
    fn the_tail_begins_with_an_ellipsis() {
        let whole = "one two <b>three 🙂</b>\n<pre sh>five\nsix</pre>";
        check(Text::tail, 25, whole);
        check(Text::tail, 24, "…two <b>three 🙂</b>\n<pre sh>five\nsix</pre>");
        check(Text::tail, 18, "<b>…three 🙂</b>\n<pre sh>five\nsix</pre>");
        check(Text::tail, 17, "<b>…🙂</b>\n<pre sh>five\nsix</pre>");
        check(Text::tail, 9, "<pre sh>…five\nsix</pre>");
        check(Text::tail, 4, "<pre sh>…six</pre>");
        check(Text::tail, 2, "<pre sh>…x</pre>");
        check(Text::tail, 1, "…");
        check(Text::tail, 0, "");
    }

    #[test]
    fn what_is_seen_as_one_character_is_not_cut() {
        for (text, most, expected) in [
            ("beans", 9, "beans"),
            ("beans", 3, "bea"),
            ("ab👨‍👩‍👧c", 3, "ab"),
            ("ab👨‍👩‍👧c", 7, "ab👨‍👩‍👧"),
            ("e\u{301}x", 1, "e"),
            ("🇨🇭🇨🇭", 3, "🇨🇭"),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text, most), expected, "{text} {most}");
        }
        let family = "👨‍👩‍👧";
        assert_eq!(Text::raw(format!("{family}{family}")).head(12).text, format!("{family}…"));
        assert_eq!(Text::raw(format!("{family}{family}")).tail(12).text, format!("…{family}"));
    }
}
