//! A short piece of what is looked for, found in raw bytes at nearly the speed of reading them.
//!
//! Letters count in upper and lower case. Where a term has two plain ASCII signs in a row, its two
//! rarest are compared at their distance, sixty-four places at once and without a branch, which a
//! compiler makes vector instructions of; whatever else there is (accents, signs that JSON escapes)
//! is looked for in each way to spell one of its characters.

use std::ops::Range;

use memchr::memmem::Finder;

/// Places that are compared between two looks at the result.
const BLOCK: usize = 64;

/// Letters and signs of ordinary text and code, the most frequent first; what is not here is rare.
const FREQUENT: &[u8] = b"etaoinsrlhdcumfpgwyb.0-_1v2:,k345678";

/// A piece of a term.
pub(super) struct Anchor {
    /// Which characters of the term it is.
    pub(super) chars: Range<usize>,
    kind: Kind,
}

enum Kind {
    Pair(Pair),
    Spelt {
        /// As it may stand in JSON.
        raw: Vec<Finder<'static>>,
        /// As it stands in text.
        plain: Vec<Finder<'static>>,
    },
}

/// Where an anchor is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// Lines of JSON.
    Json,
    /// Text that was decoded.
    Text,
}

/// Plain ASCII in lower case, and which two of its bytes are compared first.
struct Pair {
    run: Vec<u8>,
    rare: [usize; 2],
}

impl Anchor {
    /// The best piece of a term, whose characters are folded.
    pub(super) fn of(term: &[char]) -> Self {
        let pairs = runs(term).map(|chars| {
            let run: Vec<u8> = term[chars.clone()].iter().map(|c| *c as u8).collect();
            (Pair::of(run), chars)
        });
        if let Some((pair, chars)) = pairs.min_by_key(|(pair, _)| pair.frequency()) {
            return Self { chars, kind: Kind::Pair(pair) };
        }
        // A letter is rarer than what JSON escapes.
        let letter = term.iter().position(|c| c.is_alphanumeric());
        let solid = || term.iter().position(|c| !c.is_whitespace());
        let at = letter.or_else(solid).unwrap_or_default();
        let sign = term.get(at).copied().unwrap_or_default();
        let (raw, plain) = spellings(sign);
        Self { chars: at..at + 1, kind: Kind::Spelt { raw, plain } }
    }

    /// Bytes of its longest spelling.
    pub(super) fn longest(&self) -> usize {
        match &self.kind {
            Kind::Pair(pair) => pair.run.len(),
            Kind::Spelt { raw, .. } => {
                raw.iter().map(|finder| finder.needle().len()).max().unwrap_or(1)
            }
        }
    }

    /// Where it next begins, at `from` or later.
    pub(super) fn find(&self, bytes: &[u8], from: usize, within: Within) -> Option<usize> {
        let finders = match &self.kind {
            Kind::Pair(pair) => return pair.find(bytes, from),
            Kind::Spelt { raw, .. } if within == Within::Json => raw,
            Kind::Spelt { plain, .. } => plain,
        };
        let rest = bytes.get(from..)?;
        let nearest = finders.iter().fold(None, |nearest: Option<usize>, finder| {
            let until =
                nearest.map_or(rest.len(), |at| (at + finder.needle().len()).min(rest.len()));
            let found = finder.find(&rest[..until]);
            found.filter(|at| nearest.is_none_or(|nearest| *at < nearest)).or(nearest)
        });
        nearest.map(|at| from + at)
    }
}

/// The stretches of a term that look the same in JSON and text, but for upper and lower case.
fn runs(term: &[char]) -> impl Iterator<Item = Range<usize>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:,".contains(c);
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < term.len() {
            let from = at;
            while at < term.len() && is_plain(term[at]) {
                at += 1;
            }
            let run = from..at;
            at += 1;
            if run.len() > 1 {
                return Some(run);
            }
        }
        None
    })
}

impl Pair {
    fn of(run: Vec<u8>) -> Self {
        let mut order: Vec<usize> = (0..run.len()).collect();
        order.sort_by_key(|at| frequency(run[*at]));
        Self { rare: [order[0], order[1]], run }
    }

    fn frequency(&self) -> usize {
        self.rare.iter().map(|at| frequency(self.run[*at]) + 1).product()
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let starts = (bytes.len() + 1).checked_sub(self.run.len() + from).filter(|n| *n > 0)?;
        let [first, second] = self.rare.map(|at| &bytes[from + at..from + at + starts]);
        let [x, y] = self.rare.map(|at| self.run[at]);
        let [fold_x, fold_y] = [x, y].map(fold_bit);
        let (firsts, _) = first.as_chunks::<BLOCK>();
        let (seconds, _) = second.as_chunks::<BLOCK>();
        for (number, (a, b)) in firsts.iter().zip(seconds).enumerate() {
            let mut hit = 0_u8;
            for at in 0..BLOCK {
                hit |= u8::from((a[at] | fold_x) == x) & u8::from((b[at] | fold_y) == y);
            }
            if hit != 0 {
                let block = from + number * BLOCK;
                if let Some(found) = (block..block + BLOCK).find(|at| self.is_at(bytes, *at)) {
                    return Some(found);
                }
            }
        }
        let rest = from + firsts.len() * BLOCK;
        (rest..from + starts).find(|at| self.is_at(bytes, *at))
    }

    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let second = self.rare[1];
        bytes[at + second] | fold_bit(self.run[second]) == self.run[second]
            && bytes[at..at + self.run.len()].eq_ignore_ascii_case(&self.run)
    }
}

/// The bit by which the cases of a letter differ; none for other signs.
fn fold_bit(byte: u8) -> u8 {
    if byte.is_ascii_lowercase() { 0x20 } else { 0 }
}

/// Rank among the frequent signs: larger is more frequent.
fn frequency(byte: u8) -> usize {
    FREQUENT.iter().position(|frequent| *frequent == byte).map_or(0, |at| FREQUENT.len() - at)
}

/// The ways in which a character may be written in JSON, and in text; each in both cases.
fn spellings(sign: char) -> (Vec<Finder<'static>>, Vec<Finder<'static>>) {
    let mut upper = sign.to_uppercase();
    let upper = upper.next().filter(|_| upper.next().is_none() && sign.is_alphabetic());
    let cases = [Some(sign), upper.filter(|upper| *upper != sign)];
    let (mut raw, mut plain) = (Vec::new(), Vec::new());
    for sign in cases.into_iter().flatten() {
        plain.push(sign.to_string());
        match sign {
            '"' | '\\' => raw.push(format!("\\{sign}")),
            sign => raw.push(sign.to_string()),
        }
        let mut units = [0; 2];
        let units = sign.encode_utf16(&mut units);
        let escaped = units.iter().fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}"));
        let capital = units.iter().fold(String::new(), |text, unit| format!("{text}\\u{unit:04X}"));
        raw.extend((capital != escaped).then_some(capital));
        raw.push(escaped);
    }
    let finders = |all: Vec<String>| {
        all.iter().map(|spelling| Finder::new(spelling).into_owned()).collect::<Vec<_>>()
    };
    (finders(raw), finders(plain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(anchor: &Anchor, bytes: &[u8], within: Within) -> Vec<usize> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(at) = anchor.find(bytes, from, within) {
            found.push(at);
            from = at + 1;
        }
        found
    }

    fn anchor(term: &str) -> Anchor {
        Anchor::of(&term.chars().collect::<Vec<_>>())
    }

    #[test]
    fn the_rarest_piece_is_looked_for() {
        for (term, chars) in [
            ("greenhouse", 0..10),
            ("the/jazzy/one", 4..9),
            ("größe", 0..2),
            ("é", 0..1),
            ("a/b", 0..1),
            ("日本", 0..1),
            ("=>", 0..1),
        ] {
            assert_eq!(anchor(term).chars, chars, "{term}");
        }
    }

    #[test]
    fn every_spelling_is_found() {
        for (term, json) in [
            ("é", r#"{"a":"é É \u00e9 \u00C9"}"#),
            ("日", r#"{"a":"日 \u65e5 \u65E5"}"#),
            ("🌱", r#"{"a":"🌱 \ud83c\udf31 \uD83C\uDF31"}"#),
            ("\"", r#"{"a":"\" \u0022"}"#),
        ] {
            let expected = json.matches(' ').count() + 1;
            assert_eq!(all(&anchor(term), json.as_bytes(), Within::Json).len(), expected, "{json}");
        }
        assert_eq!(all(&anchor("\""), b"a \" b", Within::Text), [2]);
    }

    proptest! {
        #[test]
        fn plain_pieces_are_found_wherever_they_stand(
            term in "[a-e0-2._-]{2,6}",
            text in "[a-eA-E0-2 ._-]{0,300}",
        ) {
            let folded = text.to_ascii_lowercase();
            let expected: Vec<usize> =
                (0..text.len()).filter(|at| folded[*at..].starts_with(&term)).collect();
            prop_assert_eq!(all(&anchor(&term), text.as_bytes(), Within::Json), expected);
        }
    }
}
