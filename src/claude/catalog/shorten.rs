//! A stream of JSON lines into the same lines with their long strings cut short.
//!
//! A line reaches many MB by one string in it: a picture, a pasted file, what a tool printed. A list
//! wants the beginning of what was said, of several files at once, and must hold none of them. Only
//! quotes, backslashes and line breaks are looked at; what is no JSON passes as it is.

use std::io::{self, Read};

use memchr::{memchr, memchr3};

/// Reads `source`, and of each string no more than `most` bytes.
pub(super) struct Shortened<R> {
    source: R,
    most: usize,
    place: Position,
}

/// Where in a line the next byte stands.
#[derive(Clone, Copy)]
enum Position {
    Outside,
    /// In a string of which so many bytes were kept.
    Inside(usize),
    /// The same, behind a backslash that was kept or not: its sign goes the same way.
    Escaped(usize, bool),
}

impl<R: Read> Shortened<R> {
    pub(super) fn new(source: R, most: usize) -> Self {
        Self { source, most, place: Position::Outside }
    }
}

impl<R: Read> Read for Shortened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.source.read(buffer)?;
            let kept = self.shorten(&mut buffer[..read]);
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

impl<R> Shortened<R> {
    /// Moves what is kept of `bytes` to their front, and returns how many those are.
    fn shorten(&mut self, bytes: &mut [u8]) -> usize {
        let (mut from, mut kept) = (0, 0);
        while from < bytes.len() {
            let (len, keep) = self.step(&bytes[from..]);
            bytes.copy_within(from..from + keep, kept);
            kept += keep;
            from += len;
        }
        kept
    }

    /// Passes the next few of `bytes`, which are not empty; returns how many, and how many of those,
    /// from the first on, are kept.
    fn step(&mut self, bytes: &[u8]) -> (usize, usize) {
        let (len, keep, place) = match self.place {
            Position::Outside => match memchr(b'"', bytes) {
                Some(quote) => (quote + 1, quote + 1, Position::Inside(0)),
                None => (bytes.len(), bytes.len(), Position::Outside),
            },
            Position::Escaped(..) | Position::Inside(_) if bytes[0] == b'\n' => {
                (1, 1, Position::Outside)
            }
            Position::Escaped(held, keep) => (1, usize::from(keep), Position::Inside(held)),
            Position::Inside(_) if bytes[0] == b'"' => (1, 1, Position::Outside),
            Position::Inside(held) if bytes[0] == b'\\' => {
                let keep = held < self.most;
                (1, usize::from(keep), Position::Escaped(held + 2, keep))
            }
            Position::Inside(held) => {
                let len = memchr3(b'"', b'\\', b'\n', bytes).unwrap_or(bytes.len());
                let keep = len.min(self.most.saturating_sub(held));
                (len, keep, Position::Inside(held + keep))
            }
        };
        self.place = place;
        (len, keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out `bytes` in pieces of `piece`.
    struct Pieces<'b> {
        bytes: &'b [u8],
        piece: usize,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.piece.min(buffer.len());
            self.bytes.read(&mut buffer[..len])
        }
    }

    #[test]
    fn long_strings_lose_their_ends_and_nothing_else_changes() {
        for (line, expected) in [
            (r#"{"a":"12345678","b":[1234567890,"x"]}"#, r#"{"a":"1234","b":[1234567890,"x"]}"#),
            (r#"{"a long key":null}"#, r#"{"a lo":null}"#),
            (r#"{"a":"123\"56","b":1}"#, r#"{"a":"123\"","b":1}"#),
            (r#"{"a":"1234\"56","b":1}"#, r#"{"a":"1234","b":1}"#),
            (r#"{"a":"12345\\","b":1}"#, r#"{"a":"1234","b":1}"#),
            (r#"{"a":"\\\\\\\\","b":1}"#, r#"{"a":"\\\\","b":1}"#),
            ("{\"torn\n{\"b\":\"12345\"}\n", "{\"torn\n{\"b\":\"1234\"}\n"),
            ("{\"a\":\"torn\\\n{\"b\":1}", "{\"a\":\"torn\n{\"b\":1}"),
            ("garbage, \0\0\0\0 of any length", "garbage, \0\0\0\0 of any length"),
            ("", ""),
        ] {
            for piece in 1..=line.len().max(1) {
                let source = Pieces { bytes: line.as_bytes(), piece };
                let mut kept = Vec::new();
                Shortened::new(source, 4).read_to_end(&mut kept).unwrap();
                assert_eq!(String::from_utf8_lossy(&kept), expected, "{line} by {piece}");
            }
        }
    }
}
