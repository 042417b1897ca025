//! Raw bytes of a transcript into where its title records stand, at the speed of reading.
//!
//! A title may stand anywhere in a file, and files reach hundreds of MB, so they are not split into
//! lines: a literal search runs over one small buffer, and only around its hits a line is read.

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt};

use memchr::{memchr, memmem, memrchr};

use super::buffer::Buffer;

/// Bytes of one read: in the processor's cache while it is searched, and below what an allocator
/// asks the system for each time.
const CHUNK: usize = 64 << 10;

/// Bytes before a hit in which its line must begin: the type stands first in title records.
const BEFORE: u64 = 4 << 10;

/// Bytes after a hit in which its line must end.
const AFTER: usize = 64 << 10;

/// Gives the offset of every place in `range` where `needle` begins, in order, to `hit`.
pub(super) fn find(
    file: &File,
    range: Range<u64>,
    needle: &[u8],
    mut hit: impl FnMut(u64),
) -> io::Result<()> {
    let finder = memmem::Finder::new(needle);
    let overlap = needle.len() - 1;
    let mut buffer = Buffer::of(CHUNK + overlap);
    let mut held = 0;
    let mut offset = range.start;
    // A needle that begins in the range may end behind it.
    let end = range.end + overlap as u64;
    while offset < end {
        let wanted = CHUNK.min((end - offset) as usize);
        let read = file.read_at(&mut buffer[held..held + wanted], offset)?;
        if read == 0 {
            break;
        }
        let start = offset - held as u64;
        let filled = held + read;
        finder.find_iter(&buffer[..filled]).for_each(|at| hit(start + at as u64));
        held = overlap.min(filled);
        buffer.copy_within(filled - held..filled, 0);
        offset += read as u64;
    }
    Ok(())
}

/// The line around byte `offset`; empty where it is longer than a title record can be.
pub(super) fn line_around(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let from = offset.saturating_sub(BEFORE);
    let at = (offset - from) as usize;
    let mut wanted = at + (2 << 10);
    loop {
        let bytes = read_range(file, from, wanted as u64)?;
        let complete = bytes.len() < wanted;
        let start = match memrchr(b'\n', &bytes[..at.min(bytes.len())]) {
            Some(before) => before + 1,
            None if from == 0 => 0,
            None => return Ok(Vec::new()),
        };
        let after = bytes.get(at..).and_then(|bytes| memchr(b'\n', bytes));
        if let Some(len) = after.map(|after| at + after).or(complete.then_some(bytes.len())) {
            return Ok(bytes[start.min(len)..len].to_vec());
        }
        if wanted > AFTER {
            return Ok(Vec::new());
        }
        wanted += AFTER;
    }
}

/// Up to `len` bytes from `from` on: fewer only at the end of the file.
pub(super) fn read_range(file: &File, from: u64, len: u64) -> io::Result<Buffer> {
    let len = len as usize;
    let mut bytes = Buffer::of(len);
    let mut filled = 0;
    while filled < len {
        match file.read_at(&mut bytes[filled..], from + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn needles_are_found_across_the_borders_of_chunks_and_ranges() {
        let needle = b"needle";
        for border in [CHUNK, 2 * CHUNK] {
            for at in border - 8..border + 3 {
                let mut bytes = vec![b'n'; 3 * CHUNK];
                bytes[at..at + needle.len()].copy_from_slice(needle);
                bytes[..needle.len()].copy_from_slice(needle);
                let file = file(&bytes);
                let found = |range| {
                    let mut hits = Vec::new();
                    find(&file, range, needle, |hit| hits.push(hit)).unwrap();
                    hits
                };
                assert_eq!(found(0..bytes.len() as u64), [0, at as u64]);
                let middle = border as u64;
                let halves = [found(0..middle), found(middle..bytes.len() as u64)].concat();
                assert_eq!(halves, [0, at as u64], "each hit is in one range");
            }
        }
    }

    #[test]
    fn a_line_is_read_around_a_hit() {
        let long = "x".repeat(5 << 10);
        let longer = "y".repeat(AFTER);
        let text = format!(
            "first hit\n{long}\na second hit {long}\nthird {long} hit\nfourth hit{longer}{longer}\nlast hit"
        );
        let file = file(text.as_bytes());
        let lines: Vec<_> = text.lines().collect();
        for (n, expected) in [(0, lines[0]), (1, lines[2]), (2, ""), (3, ""), (4, "last hit")] {
            let (offset, _) = text.match_indices("hit").nth(n).unwrap();
            let line = line_around(&file, offset as u64).unwrap();
            assert!(line == expected.as_bytes(), "{n}");
        }
    }
}
