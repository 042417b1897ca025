//! Files of lines into lines, forwards and backwards, in bounded memory.
//!
//! Both readers hold one buffer, reuse it for every line, and never hold a file. A line that is
//! longer than the reader's cap is passed over and reported by its size; a last line without a line
//! break is reported as torn, since another process may be writing it. They know nothing of JSON.

use std::{
    fs::File,
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    path::Path,
};

use memchr::{memchr, memrchr};

/// Bytes of the longest line that is read, of files and of the CLI's stream: twice the largest request
/// that the API takes (32 MB), so that no prompt and no answer can be longer. What is, some output that
/// the CLI wrote down for itself, is passed over, and whoever reads for a person says so.
pub const LINE_CAP: usize = 64 << 20;

/// Bytes asked for in one read: large enough that system calls do not show, small enough to stay in
/// the processor's cache.
const CHUNK: usize = 128 << 10;

/// Bytes of a buffer that all but a few lines fit in.
const ORDINARY: usize = 8 * CHUNK;

/// Bytes of the first backward read: the answer is mostly in the last lines.
const TAIL: usize = 4 << 10;

/// One line, without its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawLine<'a> {
    /// A line with its line break seen.
    Whole {
        /// Where in the file it begins.
        offset: u64,
        /// Its bytes; a carriage return before the line break is one of them.
        bytes: &'a [u8],
    },
    /// A line above the cap: passed over.
    TooLong {
        /// Where in the file it begins.
        offset: u64,
        /// Its length in bytes.
        len: u64,
    },
    /// The last line, without a line break: unfinished, or finished by a writer that adds none.
    Torn {
        /// Where in the file it begins.
        offset: u64,
        /// What there is of it; empty where that is above the cap.
        bytes: &'a [u8],
    },
}

impl<'a> RawLine<'a> {
    /// Where in the file the line begins.
    pub fn offset(self) -> u64 {
        match self {
            Self::Whole { offset, .. }
            | Self::TooLong { offset, .. }
            | Self::Torn { offset, .. } => offset,
        }
    }

    /// Whether something was lost with the line, given that nothing could be made of it: not with a
    /// blank one, nor with a torn one, which may still be being written.
    pub fn is_loss(self) -> bool {
        match self {
            Self::Whole { bytes, .. } => !bytes.trim_ascii().is_empty(),
            Self::TooLong { .. } => true,
            Self::Torn { .. } => false,
        }
    }

    /// What can be read of the line; `None` where it was too long.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Whole { bytes, .. } | Self::Torn { bytes, .. } => Some(bytes),
            Self::TooLong { .. } => None,
        }
    }
}

/// Reads lines from an offset to the end.
pub struct Lines<R> {
    source: R,
    cap: usize,
    buffer: Vec<u8>,
    /// The part of `buffer` that is read and not yet given out.
    start: usize,
    end: usize,
    /// Offset in the file of `buffer[start]`.
    offset: u64,
    /// A torn line was given out: what follows it later would begin in its middle.
    finished: bool,
}

impl Lines<File> {
    /// Opens `path` and begins at byte `from`, which must be the beginning of a line.
    pub fn open(path: &Path, from: u64) -> io::Result<Self> {
        Self::of(File::open(path)?, from)
    }

    /// The same of a file that is open, wherever it stands.
    pub fn of(mut file: File, from: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { offset: from, ..Self::new(file, LINE_CAP) })
    }
}

impl<R: Read> Lines<R> {
    /// Reads `source` from where it stands, counted as offset 0; lines above `cap` bytes are
    /// [`RawLine::TooLong`].
    pub fn new(source: R, cap: usize) -> Self {
        Self { source, cap, buffer: Vec::new(), start: 0, end: 0, offset: 0, finished: false }
    }

    /// Where the next line begins: after the last line that was given out whole, or before a torn
    /// one. A reader that follows a growing file opens it again here.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line; `None` at the end. May be asked again after `None` when the file has grown,
    /// but not after a torn line.
    #[expect(clippy::should_implement_trait, reason = "the line borrows the reader's buffer")]
    pub fn next(&mut self) -> io::Result<Option<RawLine<'_>>> {
        if self.finished {
            return Ok(None);
        }
        let offset = self.offset;
        let mut passed = 0;
        let mut searched = self.start;
        loop {
            if let Some(found) = memchr(b'\n', &self.buffer[searched..self.end]) {
                let line = self.start..searched + found;
                let len = passed + line.len() as u64;
                self.start = line.end + 1;
                self.offset = offset + len + 1;
                return Ok(Some(if len > self.cap as u64 {
                    RawLine::TooLong { offset, len }
                } else {
                    RawLine::Whole { offset, bytes: &self.buffer[line] }
                }));
            }
            if passed > 0 || self.end - self.start > self.cap {
                passed += (self.end - self.start) as u64;
                self.start = self.end;
            }
            let read = self.fill()?;
            searched = self.end - read;
            if read == 0 {
                let bytes = &self.buffer[self.start..self.end];
                self.finished = passed > 0 || !bytes.is_empty();
                return Ok(self.finished.then_some(RawLine::Torn { offset, bytes }));
            }
        }
    }

    /// Reads once behind what the buffer holds; returns the number of bytes, 0 at the end.
    fn fill(&mut self) -> io::Result<usize> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        make_room(&mut self.buffer, self.end + CHUNK, self.cap);
        loop {
            match self.source.read(&mut self.buffer[self.end..self.end + CHUNK]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<R: Read + Seek> Lines<R> {
    /// Goes on at byte `to`, which must be the beginning of a line. Costs nothing where the buffer
    /// holds it already.
    pub fn jump(&mut self, to: u64) -> io::Result<()> {
        let held = (self.end - self.start) as u64;
        if let Some(ahead) = to.checked_sub(self.offset).filter(|ahead| *ahead <= held) {
            self.start += ahead as usize;
        } else {
            self.source.seek(SeekFrom::Start(to))?;
            self.start = self.end;
        }
        self.offset = to;
        self.finished = false;
        Ok(())
    }
}

/// Reads lines from the end to the beginning. What is appended meanwhile is not seen.
pub struct Backward<R> {
    source: R,
    cap: usize,
    buffer: Vec<u8>,
    /// `buffer[..end]` is read and not yet given out.
    end: usize,
    /// Offset in the file of `buffer[0]`.
    position: u64,
    /// Bytes of the next read.
    chunk: usize,
}

impl Backward<File> {
    /// Opens `path` and begins at its end.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::new(File::open(path)?, LINE_CAP)
    }
}

impl<R: Read + Seek> Backward<R> {
    /// Reads `source` from its end; lines above `cap` bytes are [`RawLine::TooLong`].
    pub fn new(mut source: R, cap: usize) -> io::Result<Self> {
        let position = source.seek(SeekFrom::End(0))?;
        Ok(Self { source, cap, buffer: Vec::new(), end: 0, position, chunk: TAIL })
    }

    /// The line before; `None` at the beginning. An error where the file has been cut meanwhile.
    #[expect(clippy::should_implement_trait, reason = "the line borrows the reader's buffer")]
    pub fn next(&mut self) -> io::Result<Option<RawLine<'_>>> {
        if self.end == 0 && self.prepend(0)? == 0 {
            return Ok(None);
        }
        let torn = self.buffer[self.end - 1] != b'\n';
        let mut held = self.end - usize::from(!torn);
        let line_end = self.position + held as u64;
        let mut unsearched = held;
        let start = loop {
            if let Some(found) = memrchr(b'\n', &self.buffer[..unsearched]) {
                break found + 1;
            }
            if line_end - self.position > self.cap as u64 {
                held = 0;
            }
            unsearched = self.prepend(held)?;
            held += unsearched;
            if unsearched == 0 {
                break 0;
            }
        };
        self.end = start;
        let offset = self.position + start as u64;
        let len = line_end - offset;
        let fits = len <= self.cap as u64;
        let bytes = if fits { &self.buffer[start..held] } else { &[] };
        Ok(Some(match (torn, fits) {
            (true, _) => RawLine::Torn { offset, bytes },
            (false, true) => RawLine::Whole { offset, bytes },
            (false, false) => RawLine::TooLong { offset, len },
        }))
    }

    /// Reads before `buffer[..keep]`, more the longer the line has become, so that a long line is
    /// not moved once for every few bytes; returns the number of bytes, 0 at the beginning.
    fn prepend(&mut self, keep: usize) -> io::Result<usize> {
        let wanted = self.chunk.max(keep.min(8 * CHUNK));
        self.chunk = CHUNK.min(self.chunk * 2);
        let wanted = usize::try_from(self.position).map_or(wanted, |left| left.min(wanted));
        make_room(&mut self.buffer, keep + wanted, self.cap);
        self.buffer.copy_within(..keep, wanted);
        self.source.seek(SeekFrom::Start(self.position - wanted as u64))?;
        self.source.read_exact(&mut self.buffer[..wanted])?;
        self.position -= wanted as u64;
        self.end = keep + wanted;
        Ok(wanted)
    }
}

/// Makes `buffer` hold `len` bytes at least. One that outgrows ordinary lines takes at once what the
/// longest line needs: memory that comes zeroed and is never written to costs nothing, whereas a
/// buffer that grows step by step is written to twice, and leaves its earlier sizes behind.
fn make_room(buffer: &mut Vec<u8>, len: usize, cap: usize) {
    if len > buffer.len() {
        let large = (cap + 8 * CHUNK).max(len);
        let room = if len > ORDINARY { large } else { len.next_power_of_two() };
        let mut roomy = vec![0; room];
        roomy[..buffer.len()].copy_from_slice(buffer);
        *buffer = roomy;
    }
}

/// Every line of a text, and where it begins: slow and obvious, to hold what is fast to.
#[cfg(test)]
pub(super) fn lines_of(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut offset = 0;
    bytes.split_inclusive(|byte| *byte == b'\n').map(move |piece| {
        let begins = offset;
        offset += piece.len() as u64;
        (begins, piece.strip_suffix(b"\n").unwrap_or(piece))
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    /// What a reader said of a line, owned.
    type Said = (u64, Result<Vec<u8>, u64>, bool);

    fn said(line: RawLine<'_>) -> Said {
        match line {
            RawLine::Whole { offset, bytes } => (offset, Ok(bytes.to_vec()), false),
            RawLine::Torn { offset, bytes } => (offset, Ok(bytes.to_vec()), true),
            RawLine::TooLong { offset, len } => (offset, Err(len), false),
        }
    }

    fn forwards(bytes: &[u8], cap: usize) -> Vec<Said> {
        let mut lines = Lines::new(bytes, cap);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(said(line));
        }
        all
    }

    fn backwards(bytes: &[u8], cap: usize) -> Vec<Said> {
        let mut lines = Backward::new(Cursor::new(bytes), cap).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(said(line));
        }
        all.reverse();
        all
    }

    /// Splits the way both readers promise to.
    fn expected(bytes: &[u8], cap: usize) -> Vec<Said> {
        let mut offset = 0;
        let mut all = Vec::new();
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let line = piece.strip_suffix(b"\n");
            let len = line.unwrap_or(piece).len();
            all.push(match line {
                Some(_) if len > cap => (offset, Err(len as u64), false),
                Some(line) => (offset, Ok(line.to_vec()), false),
                None if len > cap => (offset, Ok(Vec::new()), true),
                None => (offset, Ok(piece.to_vec()), true),
            });
            offset += piece.len() as u64;
        }
        all
    }

    fn check(bytes: &[u8], cap: usize) {
        let expected = expected(bytes, cap);
        assert!(forwards(bytes, cap) == expected, "forwards, {} bytes, cap {cap}", bytes.len());
        assert!(backwards(bytes, cap) == expected, "backwards, {} bytes, cap {cap}", bytes.len());
    }

    #[test]
    fn odd_files_are_split_alike_in_both_directions() {
        for bytes in [
            &b""[..],
            b"\n",
            b"\n\n",
            b"one",
            b"one\n",
            b"one\ntwo",
            b"one\r\ntwo\r\n",
            b"\0\0\0\n\0",
            b"\xff\xfe\n\xc3",
            b"\none",
        ] {
            for cap in [0, 1, 2, 3, LINE_CAP] {
                check(bytes, cap);
            }
        }
    }

    #[test]
    fn lines_end_around_the_borders_of_a_chunk() {
        for border in [TAIL, TAIL * 3, CHUNK, CHUNK * 2] {
            for len in border - 2..=border + 2 {
                let line = vec![b'x'; len];
                for bytes in [
                    [&line[..], b"\nshort\n"].concat(),
                    [b"short\n", &line[..], b"\n"].concat(),
                    [&line[..], b"\n", &line[..]].concat(),
                ] {
                    check(&bytes, LINE_CAP);
                    check(&bytes, len);
                    check(&bytes, len - 1);
                }
            }
        }
    }

    #[test]
    fn giant_lines_are_passed_over_in_bounded_memory() {
        let giant = vec![b'g'; 5 << 20];
        let bytes = [b"before\n", &giant[..], b"\nafter\n"].concat();
        let cap = 1 << 20;
        check(&bytes, cap);
        check(&bytes[..bytes.len() - 8], cap);

        let mut lines = Lines::new(&bytes[..], cap);
        while lines.next().unwrap().is_some() {}
        assert!(lines.buffer.len() <= cap + 8 * CHUNK);
        let mut lines = Backward::new(Cursor::new(&bytes), cap).unwrap();
        while lines.next().unwrap().is_some() {}
        assert!(lines.buffer.len() <= cap + 9 * CHUNK);
    }

    #[test]
    fn a_reader_jumps_to_any_line() {
        let bytes: Vec<u8> = (0..40_000).flat_map(|n| format!("{n}\n").into_bytes()).collect();
        let mut lines = Lines::new(Cursor::new(&bytes), LINE_CAP);
        let starts: Vec<_> = expected(&bytes, LINE_CAP).iter().map(|line| line.0).collect();
        for n in [0, 1, 5, 39_999, 3, 3, 20_000, 20_001, 19_999] {
            lines.jump(starts[n]).unwrap();
            let line = n.to_string();
            let expected = RawLine::Whole { offset: starts[n], bytes: line.as_bytes() };
            assert_eq!(lines.next().unwrap(), Some(expected));
        }
        lines.jump(bytes.len() as u64).unwrap();
        assert_eq!(lines.next().unwrap(), None);
    }

    #[test]
    fn a_file_may_grow_while_it_is_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one\n").unwrap();
        let mut lines = Lines::open(file.path(), 0).unwrap();
        let mut before = Backward::open(file.path()).unwrap();
        assert_eq!(lines.next().unwrap().and_then(RawLine::bytes), Some(&b"one"[..]));
        assert_eq!(lines.next().unwrap(), None);

        file.write_all(b"two\nthr").unwrap();
        assert_eq!(lines.next().unwrap(), Some(RawLine::Whole { offset: 4, bytes: b"two" }));
        assert_eq!(lines.next().unwrap(), Some(RawLine::Torn { offset: 8, bytes: b"thr" }));
        assert_eq!(lines.offset(), 8, "a torn line is read again from its beginning");
        assert_eq!(before.next().unwrap(), Some(RawLine::Whole { offset: 0, bytes: b"one" }));

        file.write_all(b"ee\n").unwrap();
        assert_eq!(lines.next().unwrap(), None, "the rest of a torn line is not a line");
        let mut lines = Lines::open(file.path(), 8).unwrap();
        assert_eq!(lines.next().unwrap(), Some(RawLine::Whole { offset: 8, bytes: b"three" }));
        assert_eq!(lines.offset(), 14);
    }

    #[test]
    fn a_file_cut_while_it_is_read_backwards_is_an_error() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[b'\n'; 2 * TAIL]).unwrap();
        let mut lines = Backward::open(file.path()).unwrap();
        file.as_file().set_len(1).unwrap();
        assert!(lines.next().is_err());
    }
}
