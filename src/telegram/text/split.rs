//! Long text into messages.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

use super::{EntityKind, Span, Text, rules, span::clip};

/// Kinds of borders, the best first, and the part of the room that a piece must fill to end there:
/// better a sentence that goes on in the next message than a message of one line.
const PREFERENCES: [(Boundary, usize); 4] = [
    (Boundary::Block, 4),
    (Boundary::Line, 2),
    (Boundary::Sentence, 2),
    (Boundary::Word, usize::MAX),
];

/// What ends where text may be parted. The white space of a border goes to neither side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boundary {
    /// A blank line outside code.
    Block,
    /// Any other line.
    Line,
    /// A sentence.
    Sentence,
    /// A word.
    Word,
}

impl Text {
    /// Pieces of at most `limit` UTF-16 code units (at least 2) and `most_entities` entities, each
    /// with something visible in it; none where nothing is visible.
    ///
    /// Joined, the pieces give the text again, up to white space where it was parted. Entities are
    /// clipped, so that a block of code goes on in the next piece with its language, and code keeps
    /// its indentation. Where more entities lie on one place than `most_entities`, the inner ones
    /// are dropped.
    pub fn split(self, limit: usize, most_entities: usize) -> Vec<Self> {
        let spans = self.spans();
        let is_block = |span: &&Span| matches!(span.kind, EntityKind::Pre(_));
        let cutter = Cutter {
            text: &self.text,
            blocks: spans.iter().filter(is_block).map(|span| span.bytes.clone()).collect(),
            spans,
            limit,
            most_entities,
        };
        let mut pieces = Vec::new();
        let mut at = cutter.start(0);
        while at < self.text.len() {
            let reach = cutter.reach(at);
            let end = if reach < self.text.len() { cutter.border(at..reach) } else { reach };
            pieces.push(cutter.piece(at..end));
            at = cutter.start(end);
        }
        pieces.retain(|piece| !rules::shows_nothing(&piece.text));
        pieces
    }

    /// The text without white space around it; empty where nothing is visible.
    #[must_use]
    pub fn trim(self) -> Self {
        let mut whole = self.split(usize::MAX, usize::MAX);
        whole.pop().unwrap_or_default()
    }
}

/// A text on its way into pieces. All positions are bytes.
struct Cutter<'a> {
    text: &'a str,
    spans: Vec<Span>,
    /// Blocks of code, ascending and disjoint.
    blocks: Vec<Range<usize>>,
    limit: usize,
    most_entities: usize,
}

impl Cutter<'_> {
    /// Where the piece after `from` begins: at the next visible character, in a block of code at
    /// the start of its line.
    fn start(&self, from: usize) -> usize {
        let rest = &self.text[from..];
        let visible = from + rest.len() - rest.trim_start().len();
        if self.is_code(visible) {
            let line = self.text[from..visible].rfind('\n');
            line.map_or(from, |line| from + line + 1)
        } else {
            visible
        }
    }

    /// Whether the character at `at` is in a block of code.
    fn is_code(&self, at: usize) -> bool {
        let next = self.blocks.partition_point(|block| block.end <= at);
        self.blocks.get(next).is_some_and(|block| block.start <= at)
    }

    /// How far a piece that begins at `at` can go: one character at least.
    fn reach(&self, at: usize) -> usize {
        let mut units = 0;
        let mut chars = self.text[at..].char_indices();
        let too_long = chars.find(|(_, character)| {
            units += character.len_utf16();
            units > self.limit
        });
        let by_length = match too_long {
            None => self.text.len(),
            Some((0, character)) => at + character.len_utf8(),
            Some((length, _)) => at + length,
        };
        let one_too_many = self
            .spans
            .iter()
            .filter(|span| span.bytes.end > at)
            .nth(self.most_entities)
            .map(|span| span.bytes.start);
        match one_too_many {
            Some(start) if start > at => by_length.min(start),
            _ => by_length,
        }
    }

    /// The best place to part the text at, within `room` and behind something visible.
    fn border(&self, room: Range<usize>) -> usize {
        let mut last = [None; PREFERENCES.len()];
        let mut before = None;
        for (offset, character) in self.text[room.start..].char_indices() {
            let at = room.start + offset;
            if at > room.end {
                break;
            }
            if let Some(previous) = before
                && let Some(border) = self.border_at(at, previous, character)
            {
                last[border as usize] = Some(at);
            }
            if before.is_some() || !character.is_whitespace() {
                before = Some(character);
            }
        }
        let full_enough = |at: usize, part: usize| at - room.start >= room.len() / part;
        PREFERENCES
            .iter()
            .find_map(|(border, part)| last[*border as usize].filter(|at| full_enough(*at, *part)))
            .unwrap_or_else(|| grapheme_border(self.text, &room))
    }

    /// What ends between two characters, the second of them at `at`.
    fn border_at(&self, at: usize, previous: char, next: char) -> Option<Boundary> {
        if matches!(previous, '。' | '！' | '？') {
            Some(Boundary::Sentence)
        } else if !next.is_whitespace() || previous.is_whitespace() {
            // Only the first character of white space is a border; the rest falls with it.
            None
        } else if next == '\n' && self.text[at + 1..].starts_with('\n') && !self.is_code(at) {
            Some(Boundary::Block)
        } else if next == '\n' {
            Some(Boundary::Line)
        } else if matches!(previous, '.' | '!' | '?' | '…') {
            Some(Boundary::Sentence)
        } else {
            Some(Boundary::Word)
        }
    }

    /// One piece: what is visible in `range`, with its part of the entities.
    fn piece(&self, range: Range<usize>) -> Text {
        let text = self.text[range.clone()].trim_end();
        let window = range.start..range.start + text.len();
        let spans = clip(&self.spans, window).take(self.most_entities).collect();
        Text::assemble(text.to_owned(), spans)
    }
}

/// The last border of what a person sees as one character, else the end of the room. No piece begins
/// with a sign that a word stood in front of: it would make a command or a mention of what follows.
fn grapheme_border(text: &str, room: &Range<usize>) -> usize {
    let begins_well = |border: usize| !text[border..].starts_with(['/', '@', '#', '$']);
    let mut cursor = GraphemeCursor::new(room.end, text.len(), true);
    let mut border = room.end;
    if cursor.is_boundary(text, 0) == Ok(true) && begins_well(border) {
        return border;
    }
    while let Ok(Some(before)) = cursor.prev_boundary(text, 0)
        && before > room.start
    {
        border = before;
        if begins_well(border) {
            break;
        }
    }
    border
}

#[cfg(test)]
mod tests {
    use super::{EntityKind, Text};
    use crate::telegram::text::rules;

    #[track_caller]
    fn check(text: Text, limit: usize, expected: &[&str]) {
        let pieces = text.split(limit, 90);
        for piece in &pieces {
            assert_eq!(rules::refused(piece), None, "{piece:?}");
            assert!(piece.utf16_len() <= limit, "{piece:?}");
        }
        let pieces: Vec<String> = pieces.iter().map(Text::annotated).collect();
        assert_eq!(pieces, expected);
    }

    #[track_caller]
    fn check_plain(text: &str, limit: usize, expected: &[&str]) {
        check(Text::raw(text), limit, expected);
    }

    #[test]
    fn what_fits_is_one_piece() {
        check_plain("", 10, &[]);
        check_plain(" \n\u{200b}", 10, &[]);
        check_plain("\n one \n", 10, &["one"]);
        check_plain("0123456789", 10, &["0123456789"]);
    }

    #[test]
    fn the_best_border_wins() {
        check_plain("one\n\ntwo\nthree four", 14, &["one", "two\nthree four"]);
        check_plain("one two\nthree four", 14, &["one two", "three four"]);
        check_plain("One. Two. Three four", 14, &["One. Two.", "Three four"]);
        check_plain("one two three four", 14, &["one two three", "four"]);
        check_plain("one two three four", 13, &["one two three", "four"]);
        check_plain("你好。世界你好世界", 6, &["你好。", "世界你好世界"]);
    }

    #[test]
    fn a_border_too_early_makes_no_piece() {
        check_plain("a\n\nbbbb bbbb bbbb bbbb bbbb", 20, &["a\n\nbbbb bbbb bbbb", "bbbb bbbb"]);
    }

    #[test]
    fn characters_stay_whole() {
        check_plain("0123456789", 4, &["0123", "4567", "89"]);
        check_plain("🙂🙂🙂", 3, &["🙂", "🙂", "🙂"]);
        check_plain("e\u{301}e\u{301}", 3, &["e\u{301}", "e\u{301}"]);
        check_plain("👨‍👩‍👧👨‍👩‍👧", 12, &["👨‍👩‍👧", "👨‍👩‍👧"]);
        check_plain(
            &format!("e{}", "\u{301}".repeat(5)),
            4,
            &["e\u{301}\u{301}\u{301}", "\u{301}\u{301}"],
        );
    }

    #[test]
    fn code_goes_on_with_its_language_and_indentation() {
        let mut text = Text::plain("see:\n");
        text.pre("fn a() {\n    b();\n\n    c();\n}", Some("rust"));
        check(
            text,
            14,
            &[
                "see:\n<pre rust>fn a() {</pre>",
                "<pre rust>    b();</pre>",
                "<pre rust>    c();\n}</pre>",
            ],
        );
    }

    #[test]
    fn a_line_of_code_longer_than_a_piece_is_cut() {
        let mut text = Text::default();
        text.pre("0123456789    abc", None);
        check(text, 8, &["<pre>01234567</pre>", "<pre>89</pre>", "<pre>    abc</pre>"]);
    }

    #[test]
    fn entities_are_clipped() {
        let mut text = Text::plain("one ");
        text.bold("two three").push("\n").italic("four");
        let text = text.wrap(EntityKind::Quote);
        check(text, 9, &["<q>one <b>two</b></q>", "<q><b>three</b></q>", "<q><i>four</i></q>"]);
    }

    #[test]
    fn a_piece_has_few_entities() {
        let mut text = Text::default();
        for _ in 0..5 {
            text.bold("b").push(" p ");
        }
        let quoted = text.clone().wrap(EntityKind::Quote);
        let annotated = |text: Text, most| -> Vec<String> {
            text.split(4096, most).iter().map(Text::annotated).collect()
        };
        assert_eq!(
            annotated(text.clone(), 2),
            ["<b>b</b> p <b>b</b> p", "<b>b</b> p <b>b</b> p", "<b>b</b> p"],
        );
        assert_eq!(annotated(quoted, 3).len(), 3);
        assert_eq!(annotated(text, 0), ["b p b p b p b p b p"]);
    }

    #[test]
    fn trimming_keeps_what_is_visible() {
        let mut text = Text::plain(" \n");
        text.bold("a ").push("\n");
        assert_eq!(text.trim().annotated(), "<b>a</b>");
        let mut text = Text::plain("\n");
        text.pre("\n  a\n", None);
        assert_eq!(text.trim().annotated(), "<pre>  a</pre>");
    }
}
