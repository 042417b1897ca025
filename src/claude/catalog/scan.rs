//! Raw bytes of a transcript into how its lines begin, at the speed of reading.
//!
//! A title may stand anywhere in a file, and files reach hundreds of MB, so lines are not held: one
//! small buffer is searched for line breaks, and a line is read again when its beginning says that it
//! may be a title.

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt};

use memchr::{memchr, memrchr};

use super::buffer::Buffer;

/// Bytes of one read: in the processor's cache while it is searched, and below what an allocator
/// asks the system for each time.
const CHUNK: usize = 64 << 10;

/// Bytes of a line that are shown: the type stands near the beginning of title records.
const BEGINNING: usize = 4 << 10;

/// Bytes of the longest line that is read: more than a title record has.
const LINE: usize = 68 << 10;

/// Bytes of such a line that are read first: mostly all of it.
const SHORT: usize = 2 << 10;

/// Gives every line that begins in `range`, in order, to `line`: where it begins, and its first bytes,
/// which are all of it or [`BEGINNING`] and more.
pub(super) fn lines(
    file: &File,
    range: Range<u64>,
    mut line: impl FnMut(u64, &[u8]),
) -> io::Result<()> {
    let mut buffer = Buffer::of(BEGINNING + CHUNK);
    // A line begins where the range does, if a line break stands before it.
    let mut offset = range.start.saturating_sub(1);
    let mut is_inside = range.start > 0;
    let mut held = 0;
    loop {
        let read = file.read_at(&mut buffer[held..held + CHUNK], offset + held as u64)?;
        let bytes = &buffer[..held + read];
        let mut at = 0;
        if is_inside {
            let Some(found) = memchr(b'\n', bytes).filter(|_| read > 0) else {
                if read == 0 {
                    return Ok(());
                }
                offset += bytes.len() as u64;
                continue;
            };
            (at, is_inside) = (found + 1, false);
        }
        while at < bytes.len() && offset + (at as u64) < range.end {
            let rest = &bytes[at..];
            match memchr(b'\n', rest) {
                Some(len) => {
                    line(offset + at as u64, &rest[..len]);
                    at += len + 1;
                }
                None if rest.len() < BEGINNING && read > 0 => break,
                None => {
                    line(offset + at as u64, rest);
                    (at, is_inside) = (bytes.len(), true);
                }
            }
        }
        offset += at as u64;
        if read == 0 || offset >= range.end {
            return Ok(());
        }
        held = bytes.len() - at;
        buffer.copy_within(at..at + held, 0);
    }
}

/// The line that begins at byte `offset`; empty where it is longer than a title record can be.
pub(super) fn line_at(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    for wanted in [SHORT, LINE] {
        let bytes = read_range(file, offset, wanted as u64)?;
        let end = memchr(b'\n', &bytes).or((bytes.len() < wanted).then_some(bytes.len()));
        if let Some(end) = end {
            return Ok(bytes[..end].to_vec());
        }
    }
    Ok(Vec::new())
}

/// The lines of `bytes` from the last one back.
pub(super) fn lines_backwards(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (before, line) = match memrchr(b'\n', bytes) {
            Some(end) => (Some(&bytes[..end]), &bytes[end + 1..]),
            None => (None, bytes),
        };
        rest = before;
        Some(line)
    })
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
    use crate::claude::jsonl::lines_of;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    /// Where the lines of a part of `bytes` begin, and how.
    fn begun(bytes: &[u8], range: Range<u64>) -> Vec<(u64, Vec<u8>)> {
        let mut found = Vec::new();
        let each = |at, line: &[u8]| {
            let shown = &line[..line.len().min(BEGINNING)];
            found.push((at, shown.to_vec()));
        };
        lines(&file(bytes), range, each).unwrap();
        found
    }

    fn expected(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let shown = |line: &[u8]| line[..line.len().min(BEGINNING)].to_vec();
        lines_of(bytes).map(|(at, line)| (at, shown(line))).collect()
    }

    #[test]
    fn each_line_begins_in_one_part_wherever_reads_end() {
        let size = 3 * CHUNK;
        for border in [CHUNK, CHUNK + BEGINNING, 2 * CHUNK] {
            for at in (border - 3..border + 3).chain([border - BEGINNING, border - 100]) {
                for next in [at + 1, at + 50, at + BEGINNING + 1, size - 1] {
                    let mut bytes = vec![b'x'; size];
                    bytes[at] = b'\n';
                    bytes[next] = b'\n';
                    let all = expected(&bytes);
                    assert!(begun(&bytes, 0..size as u64) == all, "{at} {next}");
                    for middle in [at as u64, at as u64 + 1, at as u64 + 2, border as u64] {
                        let halves = [0..middle, middle..size as u64];
                        let halves = halves.map(|range| begun(&bytes, range)).concat();
                        assert!(halves == all, "{at} {next} {middle}");
                    }
                }
            }
        }
        let many = "one\n\ntwo\nthree\n\n".as_bytes();
        for middle in 0..=many.len() as u64 {
            let halves = [0..middle, middle..many.len() as u64];
            assert_eq!(halves.map(|range| begun(many, range)).concat(), expected(many));
        }
    }

    #[test]
    fn a_line_is_read_from_its_beginning() {
        let (long, longer) = ("x".repeat(10 << 10), "y".repeat(LINE));
        let text = format!("first\n{long}\n{longer}\nlast");
        let file = file(text.as_bytes());
        let at = |line: &str| text.find(line).unwrap() as u64;
        for (at, expected) in [(0, "first"), (6, &*long), (at(&longer), ""), (at("last"), "last")] {
            assert!(line_at(&file, at).unwrap() == expected.as_bytes(), "{at}");
        }
    }
}
