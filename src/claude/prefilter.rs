//! A part of a file into the few lines that hold something, at the speed of reading it.
//!
//! Files are not split into lines: a search runs over one small buffer, and only around its hits a
//! line is put together. A line that is longer than a buffer is read into one that all threads share,
//! so that however many they are, one long line is held at a time.

use std::{
    fs::File,
    io,
    ops::Range,
    os::unix::fs::FileExt,
    sync::{Mutex, PoisonError},
};

use memchr::{memchr, memmem::Finder, memrchr};

/// Bytes of one read: in the processor's cache while it is searched.
const CHUNK: usize = 128 << 10;

/// Bytes of a line that each thread may hold for itself.
const ORDINARY: u64 = 512 << 10;

/// Bytes of the longest line that is looked into. Decoded it takes as much again, and a command may
/// take 32 MB in all; what the CLI writes in longer lines are pictures.
pub(super) const LONGEST: u64 = 10 << 20;

/// Finds where the next hit begins in bytes, at an index or later.
pub(super) trait Find {
    /// Bytes of the longest hit; at least 1.
    fn longest(&self) -> usize;
    /// The beginning of the next hit at `from` or later.
    fn find(&self, bytes: &[u8], from: usize) -> Option<usize>;
}

/// A literal.
pub(super) struct Literal(Finder<'static>);

impl Literal {
    pub(super) fn new(literal: &'static str) -> Self {
        Self(Finder::new(literal))
    }
}

impl Find for Literal {
    fn longest(&self) -> usize {
        self.0.needle().len()
    }

    fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        Some(from + self.0.find(bytes.get(from..)?)?)
    }
}

/// The buffer for long lines that all threads share.
#[derive(Default)]
pub(super) struct Shared(Mutex<Vec<u8>>);

/// The buffers of one thread.
#[derive(Default)]
pub(super) struct Buffers {
    chunk: Vec<u8>,
    line: Vec<u8>,
}

/// What a sieve is about.
pub(super) struct Prefilter<'s, F> {
    pub(super) finder: &'s F,
    pub(super) shared: &'s Shared,
}

impl<F: Find> Prefilter<'_, F> {
    /// Gives every line that a hit begins in, within `range` of the file, once and in order to `each`,
    /// with where the line begins; it may begin before the range. `each` says whether to go on. Returns
    /// the number of lines that were too long to be looked into.
    pub(super) fn lines(
        &self,
        file: &File,
        range: Range<u64>,
        buffers: &mut Buffers,
        mut each: impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<usize> {
        let overlap = self.finder.longest() - 1;
        let end = range.end + overlap as u64;
        let mut too_long = 0;
        let Buffers { chunk, line } = buffers;
        chunk.resize(CHUNK + overlap, 0);
        // `chunk[..filled]` stands at `offset` in the file.
        let (mut offset, mut filled) = (range.start, 0);
        while offset + (filled as u64) < end {
            let wanted = (chunk.len() - filled).min((end - offset) as usize - filled);
            let read = read_at(file, &mut chunk[filled..filled + wanted], offset + filled as u64)?;
            if read == 0 {
                break;
            }
            filled += read;
            let mut from = 0;
            while let Some(hit) = self.finder.find(&chunk[..filled], from) {
                let at = offset + hit as u64;
                if at >= range.end {
                    return Ok(too_long);
                }
                let bounds = bounds(file, &chunk[..filled], offset, hit)?;
                let go_on = if let Some(inside) = inside(&bounds, offset, filled) {
                    each(bounds.start, &chunk[inside])
                } else if bounds.end - bounds.start > LONGEST {
                    too_long += 1;
                    true
                } else {
                    self.long_line(file, &bounds, line, &mut each)?
                };
                if !go_on {
                    return Ok(too_long);
                }
                // Behind the line break.
                from = (bounds.end + 1 - offset) as usize;
                if from >= filled {
                    break;
                }
            }
            if from >= filled {
                offset += from as u64;
                filled = 0;
            } else {
                let keep = overlap.min(filled - from);
                chunk.copy_within(filled - keep..filled, 0);
                offset += (filled - keep) as u64;
                filled = keep;
            }
        }
        Ok(too_long)
    }

    fn long_line(
        &self,
        file: &File,
        bounds: &Range<u64>,
        own: &mut Vec<u8>,
        each: &mut impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<bool> {
        let len = bounds.end - bounds.start;
        let mut guard;
        let line = if len <= ORDINARY {
            own
        } else {
            guard = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
            &mut *guard
        };
        let len = len as usize;
        if line.len() < len {
            line.reserve_exact(len - line.len());
            line.resize(len, 0);
        }
        let mut read = 0;
        while read < len {
            match read_at(file, &mut line[read..len], bounds.start + read as u64)? {
                0 => break,
                more => read += more,
            }
        }
        Ok(each(bounds.start, &line[..read]))
    }
}

/// The line that begins at `start`, in memory of its own; `None` where it is too long.
pub(super) fn line_at(file: &File, start: u64) -> io::Result<Option<Vec<u8>>> {
    let end = end_of_line(file, start)?;
    if end - start > LONGEST {
        return Ok(None);
    }
    read_exactly(file, start, (end - start) as usize).map(Some)
}

/// The last bytes of a file of `size` bytes, at most so many.
pub(super) fn tail(file: &File, size: u64, most: u64) -> io::Result<Vec<u8>> {
    let from = size.saturating_sub(most);
    read_exactly(file, from, (size - from) as usize)
}

/// Bytes from an offset on; fewer only where the file ends.
fn read_exactly(file: &File, from: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while filled < len {
        match read_at(file, &mut bytes[filled..], from + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Where the line around `chunk[hit]` begins and ends, its line break not counted; `offset` is where
/// the chunk stands in the file.
fn bounds(file: &File, chunk: &[u8], offset: u64, hit: usize) -> io::Result<Range<u64>> {
    let start = match memrchr(b'\n', &chunk[..hit]) {
        Some(before) => offset + before as u64 + 1,
        None => start_of_line(file, offset)?,
    };
    let end = match memchr(b'\n', &chunk[hit..]) {
        Some(after) => offset + (hit + after) as u64,
        None => end_of_line(file, offset + chunk.len() as u64)?,
    };
    Ok(start..end)
}

/// The part of a chunk that holds the whole line.
fn inside(bounds: &Range<u64>, offset: u64, filled: usize) -> Option<Range<usize>> {
    let start = bounds.start.checked_sub(offset)? as usize;
    let end = (bounds.end - offset) as usize;
    (end <= filled).then_some(start..end)
}

/// Where the line begins that `at` stands in; a line break before `at` ends another.
fn start_of_line(file: &File, mut at: u64) -> io::Result<u64> {
    let mut bytes = vec![0; 16 << 10];
    while at > 0 {
        let len = (bytes.len() as u64).min(at) as usize;
        at -= len as u64;
        file.read_exact_at(&mut bytes[..len], at)?;
        if let Some(found) = memrchr(b'\n', &bytes[..len]) {
            return Ok(at + found as u64 + 1);
        }
    }
    Ok(0)
}

/// Where the first line break at `at` or later stands; the end of the file where there is none.
fn end_of_line(file: &File, mut at: u64) -> io::Result<u64> {
    let mut bytes = vec![0; 16 << 10];
    loop {
        let read = read_at(file, &mut bytes, at)?;
        match memchr(b'\n', &bytes[..read]) {
            Some(found) => return Ok(at + found as u64),
            None if read == 0 => return Ok(at),
            None => at += read as u64,
        }
    }
}

fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(bytes, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::claude::jsonl::lines_of;

    /// The lines that hold `hit`, found in parts of `part` bytes.
    fn lines(bytes: &[u8], part: u64) -> Vec<(u64, Vec<u8>)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let (finder, shared) = (Literal::new("hit"), Shared::default());
        let sieve = Prefilter { finder: &finder, shared: &shared };
        let mut buffers = Buffers::default();
        let mut found = Vec::new();
        let size = bytes.len() as u64;
        for from in (0..size).step_by(part as usize) {
            let each = |at, line: &[u8]| {
                found.push((at, line.to_vec()));
                true
            };
            sieve.lines(&file, from..size.min(from + part), &mut buffers, each).unwrap();
        }
        found.dedup();
        found
    }

    fn expected(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let hits = |(_, line): &(u64, &[u8])| line.windows(3).any(|window| window == b"hit");
        lines_of(bytes).filter(hits).map(|(at, line)| (at, line.to_vec())).collect()
    }

    #[test]
    fn lines_are_whole_whatever_they_cross() {
        for border in [CHUNK, 2 * CHUNK] {
            for at in [border - 4, border - 3, border - 2, border - 1, border, border + 1] {
                let mut bytes = vec![b'x'; 3 * CHUNK];
                bytes[at..at + 3].copy_from_slice(b"hit");
                for line_break in [3, border - 10, border + 10, bytes.len() - 5] {
                    let mut bytes = bytes.clone();
                    bytes[line_break] = b'\n';
                    for part in [CHUNK as u64, border as u64 + 1, bytes.len() as u64] {
                        assert!(
                            lines(&bytes, part) == expected(&bytes),
                            "{at} {line_break} {part}"
                        );
                    }
                }
            }
        }
        let many = "a hit\nnone\nhit hit\n\nlast hit".as_bytes();
        for part in 1..many.len() as u64 {
            assert_eq!(lines(many, part), expected(many), "{part}");
        }
    }

    #[test]
    fn long_lines_are_passed_over_and_counted() {
        let mut file = tempfile::tempfile().unwrap();
        let long = vec![b'x'; LONGEST as usize];
        for piece in [b"hit ", &long[..], b"hit\na hit\n"] {
            file.write_all(piece).unwrap();
        }
        let size = file.metadata().unwrap().len();
        let (finder, shared) = (Literal::new("hit"), Shared::default());
        let sieve = Prefilter { finder: &finder, shared: &shared };
        let mut found = Vec::new();
        let each = |_, line: &[u8]| {
            found.push(line.to_vec());
            true
        };
        let too_long = sieve.lines(&file, 0..size, &mut Buffers::default(), each).unwrap();
        assert_eq!((too_long, found), (1, vec![b"a hit".to_vec()]));
        assert_eq!(line_at(&file, 0).unwrap(), None);
        assert_eq!(line_at(&file, size - 6).unwrap().unwrap(), b"a hit");
    }
}
