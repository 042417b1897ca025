//! A diff: in the chat where it is short, else as a page with colours.

use crate::{
    screens::{
        export::html::{FOOT, escape, head},
        words,
    },
    telegram::text::{Text, clean},
};

/// UTF-16 units of a diff that fits a message, with its first line.
const SHORT: usize = 3_400;

/// A diff as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffView {
    /// In the chat.
    Here(Text),
    /// As a file, with a line that says what is in it.
    Page(String, Text),
}

/// Shows what `git diff` has printed about `what`.
pub fn shown(what: &str, diff: &str) -> DiffView {
    let count = |sign: char, head: &str| {
        diff.lines().filter(|line| line.starts_with(sign) && !line.starts_with(head)).count()
    };
    let (added, removed) = (count('+', "+++ "), count('-', "--- "));
    let mut text = Text::default();
    text.code(&words::line(what, 200)).data(&format!(": +{added} −{removed} lines"));
    let clean = clean(diff);
    if clean.encode_utf16().count() > SHORT {
        return DiffView::Page(page(what, diff), text);
    }
    text.push("\n").pre(clean.trim_end(), Some("diff"));
    DiffView::Here(text)
}

fn page(what: &str, diff: &str) -> String {
    let mut page = format!("{}<h1>{}</h1>\n<pre>", head(what), escape(what));
    for line in diff.lines() {
        let class = match line.as_bytes().first() {
            Some(b'+') => "add",
            Some(b'-') => "del",
            Some(b'@' | b'd' | b'i') => "hunk",
            _ => "",
        };
        page.extend(["<span class=\"", class, "\">", &escape(line), "</span>\n"]);
    }
    page.push_str("</pre>\n");
    page + FOOT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_diff_is_read_here_and_a_long_one_as_a_page() {
        let diff = "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-old\n+new\n+<script>\u{202e}\n";
        let DiffView::Here(text) = shown("x", diff) else { panic!("a page") };
        assert!(text.text.starts_with("x: +2 −1 lines\n--- a/x"), "{text:?}");
        assert!(!text.text.contains('\u{202e}'));
        let DiffView::Page(page, text) = shown("x", &diff.repeat(100)) else { panic!("no page") };
        assert_eq!(text.text, "x: +200 −100 lines");
        assert!(page.contains("<span class=\"add\">+&lt;script&gt;\u{fffd}</span>"), "{page}");
        assert!(!page.contains("<script") && !page.contains('\u{202e}'));
    }
}
