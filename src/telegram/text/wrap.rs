//! One formatting around text that has formatting of its own.

use std::ops::Range;

use super::{EntityKind, Span, Text, link, rules};

impl Text {
    /// The whole text in one formatting.
    ///
    /// Telegram's rules decide what becomes of the formatting inside: code keeps none, a quotation
    /// dissolves inner quotations, and any other formatting stops at code and at the borders of
    /// quotations and goes on behind them. An address that Telegram would refuse is written behind
    /// the text instead.
    #[must_use]
    pub fn wrap(self, kind: EntityKind) -> Self {
        let kind = match kind {
            EntityKind::Link(address) if !link::opens(&address) => return self.noted(&address),
            EntityKind::Pre(language) => {
                EntityKind::Pre(language.filter(|name| rules::names_language(name)))
            }
            kind => kind,
        };
        let mut spans = self.spans();
        spans.retain(|span| !kind.is_verbatim() && !span.kind.is_like(&kind));
        let barriers: &[Span] = if kind.is_quote() { &[] } else { &spans };
        let stretches = stretches(self.text.len(), barriers);
        spans.extend(stretches.into_iter().map(|bytes| Span { kind: kind.clone(), bytes }));
        Self::assemble(self.text, spans)
    }

    /// The text, followed by the address unless that is what it says already.
    fn noted(mut self, address: &str) -> Self {
        if !link::says(&self.text, address) {
            let shown = link::shown(address);
            self.push(" (").prose(shown).push(")");
        }
        self
    }
}

/// What a style or a link may cover: all but code, and no stretch across the border of a quotation.
fn stretches(length: usize, barriers: &[Span]) -> Vec<Range<usize>> {
    let borders = barriers
        .iter()
        .filter(|span| span.kind.is_verbatim() || span.kind.is_quote())
        .flat_map(|span| [span.bytes.start, span.bytes.end]);
    let mut borders: Vec<usize> = borders.chain([0, length]).collect();
    borders.sort_unstable();
    borders.dedup();
    // Spans are sorted by start and code never overlaps code, so this list is sorted too.
    let verbatim: Vec<usize> = barriers
        .iter()
        .filter(|span| span.kind.is_verbatim())
        .map(|span| span.bytes.start)
        .collect();
    borders
        .windows(2)
        .map(|pair| pair[0]..pair[1])
        .filter(|stretch| verbatim.binary_search(&stretch.start).is_err())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{EntityKind, Text};
    use crate::telegram::text::rules;

    /// `a `, bold `b`, ` `, code `c`, ` d`.
    fn sample() -> Text {
        let mut text = Text::plain("a ");
        text.bold("b").push(" ").code("c").push(" d");
        text
    }

    #[track_caller]
    fn check(wrapped: &Text, expected: &str) {
        assert_eq!(rules::broken(wrapped), None, "{wrapped:?}");
        assert_eq!(wrapped.annotated(), expected);
    }

    #[test]
    fn code_dissolves_what_is_inside() {
        check(&sample().wrap(EntityKind::Code), "<code>a b c d</code>");
        check(&sample().wrap(EntityKind::Pre(None)), "<pre>a b c d</pre>");
    }

    #[test]
    fn a_quotation_keeps_all_but_quotations() {
        let quoted = sample().wrap(EntityKind::Quote);
        check(&quoted, "<q>a <b>b</b> <code>c</code> d</q>");
        let mut around = Text::plain("x\n");
        around.append(quoted);
        check(&around.wrap(EntityKind::Fold), "<fold>x\na <b>b</b> <code>c</code> d</fold>");
    }

    #[test]
    fn a_style_goes_around_code_and_dissolves_its_like() {
        check(&sample().wrap(EntityKind::Italic), "<i>a <b>b</b></i> <code>c</code> <i>d</i>");
        check(&sample().wrap(EntityKind::Bold), "<b>a b</b> <code>c</code> <b>d</b>");
    }

    #[test]
    fn a_style_stops_at_the_border_of_a_quotation() {
        let mut text = Text::plain("x\n");
        text.append(sample().wrap(EntityKind::Quote)).push("\ny");
        check(
            &text.wrap(EntityKind::Strike),
            "<s>x</s>\n<q><s>a <b>b</b></s> <code>c</code> <s>d</s></q>\n<s>y</s>",
        );
    }

    #[test]
    fn styles_and_quotations_in_any_order_stay_nested() {
        let mut text = Text::plain("a");
        text.append(Text::plain("b").wrap(EntityKind::Quote));
        let mut text = text.wrap(EntityKind::Strike);
        text.push("c").append(sample());
        check(
            &text.wrap(EntityKind::Bold),
            "<b><s>a</s></b><q><b><s>b</s></b></q><b>ca b</b> <code>c</code> <b>d</b>",
        );
    }

    #[test]
    fn a_link_takes_the_place_of_inner_links() {
        let mut text = Text::plain("a ");
        text.link("b", "https://b.io");
        let link = EntityKind::Link("https://c.io".into());
        check(&text.wrap(link), "<a https://c.io>a b</a>");
    }
}
