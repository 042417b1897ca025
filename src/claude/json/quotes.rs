//! Where a JSON string ends: at the first quote that an even number of backslashes stands before.
//!
//! Most strings are keys, ids and other short words, and most bytes are payload, in which an escaped
//! quote comes every few lines. Both are looked at many bytes at a time; escapes that are not before a
//! quote cost nothing.

use memchr::memchr;

/// Bytes of a string that are looked at before all others.
const SHORT: usize = 16;

/// How many times so many bytes are looked at before the rest is searched.
const NEAR: usize = 3;

/// Bytes of a payload that are looked at together.
const BLOCK: usize = 64;

/// Where the string whose text begins at `from`, behind its quote, is over: behind the other quote.
/// `None` where it is torn.
#[inline]
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let near = bytes.get(from..).and_then(|rest| rest.first_chunk()).map(short_quote);
    match near {
        Some(Some(len)) if bytes[from + len - 1] != b'\\' => Some(from + len + 1),
        Some(None) => long_end(bytes, from, from + SHORT),
        _ => long_end(bytes, from, from),
    }
}

/// The same, given where to look from.
#[inline(never)]
fn long_end(bytes: &[u8], from: usize, mut at: usize) -> Option<usize> {
    loop {
        at += quote(bytes.get(at..)?)?;
        let backslashes = bytes[from..at].iter().rev().take_while(|b| **b == b'\\').count();
        at += 1;
        if backslashes % 2 == 0 {
            return Some(at);
        }
        at = without_end(bytes, at);
    }
}

/// Passes blocks from `at` on, behind a quote, in which no string can end.
fn without_end(bytes: &[u8], mut at: usize) -> usize {
    // Each byte is seen with the two before it.
    while let Some(block) = bytes.get(at - 2..at + BLOCK)
        && let (Some(before), Some(last), Some(here)) =
            (block.first_chunk(), block[1..].first_chunk(), block.last_chunk())
        && !may_end(before, last, here)
    {
        at += BLOCK;
    }
    at
}

/// Whether a string may end in a block, of which each byte is given with the two before it: at a quote
/// that stands not behind one backslash alone. Written so that the compiler makes vectors of it.
#[inline]
#[expect(clippy::needless_bitwise_bool, reason = "of branches no vectors are made")]
fn may_end(before: &[u8; BLOCK], last: &[u8; BLOCK], here: &[u8; BLOCK]) -> bool {
    let mut ends = false;
    for at in 0..BLOCK {
        ends |= (here[at] == b'"') & ((last[at] != b'\\') | (before[at] == b'\\'));
    }
    ends
}

/// Where the first quote stands. The start of a search takes longer than to look at a few bytes, and
/// ids and times are not much longer.
#[inline]
fn quote(bytes: &[u8]) -> Option<usize> {
    let (near, _) = bytes.as_chunks::<SHORT>();
    for (chunk, bytes) in near.iter().take(NEAR).enumerate() {
        if let Some(at) = short_quote(bytes) {
            return Some(chunk * SHORT + at);
        }
    }
    memchr(b'"', bytes)
}

/// Where the first quote stands in a few bytes, all of which are looked at together.
#[inline]
fn short_quote(bytes: &[u8; SHORT]) -> Option<usize> {
    const ONES: u128 = u128::from_le_bytes([1; SHORT]);
    const QUOTES: u128 = u128::from_le_bytes([b'"'; SHORT]);
    // The byte of a quote is zero now, and the lowest zero byte is the lowest whose high bit this
    // leaves set.
    let zeros = u128::from_le_bytes(*bytes) ^ QUOTES;
    let found = zeros.wrapping_sub(ONES) & !zeros & (ONES << 7);
    (found != 0).then_some(found.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_the_first_quote_that_is_not_escaped() {
        for behind in [r#"\""#, r"\\", r#"\\\""#, r"\\\\", "x", ""] {
            for len in (0..3 * BLOCK).chain([1_000]) {
                let text = format!(r#""{}\"{}{behind}""#, "a".repeat(20), "b".repeat(len));
                for more in ["", r#","z":"y\"""#, &r#"\""#.repeat(BLOCK)] {
                    let line = format!("{text}{more}");
                    assert_eq!(end(line.as_bytes(), 1), Some(text.len()), "{line}");
                }
                let torn = &text[..text.len() - 1];
                assert_eq!(end(torn.as_bytes(), 1), None, "{torn}");
            }
        }
    }
}
