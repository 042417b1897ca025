//! Formatted text written with its entities inline, so that tests read like what they expect.

use std::fmt::Write;

use super::{EntityKind, Text};

impl Text {
    /// `<b>bold</b>`, `<pre rust>…</pre>`, `<a https://…>…</a>`, `<q>…</q>`, ….
    pub(in crate::telegram) fn annotated(&self) -> String {
        let spans = self.spans();
        let mut out = String::new();
        let mut open: Vec<usize> = Vec::new();
        let mut next = 0;
        for at in (0..=self.text.len()).filter(|at| self.text.is_char_boundary(*at)) {
            while let Some(&inner) = open.last()
                && spans[inner].bytes.end <= at
            {
                write!(out, "</{}>", name(&spans[inner].kind)).unwrap();
                open.pop();
            }
            while next < spans.len() && spans[next].bytes.start == at {
                let kind = &spans[next].kind;
                let detail = match kind {
                    EntityKind::Link(detail) | EntityKind::Pre(Some(detail)) => {
                        format!(" {detail}")
                    }
                    _ => String::new(),
                };
                write!(out, "<{}{detail}>", name(kind)).unwrap();
                open.push(next);
                next += 1;
            }
            out.extend(self.text[at..].chars().next());
        }
        out
    }
}

fn name(kind: &EntityKind) -> &'static str {
    match kind {
        EntityKind::Bold => "b",
        EntityKind::Italic => "i",
        EntityKind::Underline => "u",
        EntityKind::Strike => "s",
        EntityKind::Code => "code",
        EntityKind::Pre(_) => "pre",
        EntityKind::Link(_) => "a",
        EntityKind::Quote => "q",
        EntityKind::Fold => "fold",
    }
}
