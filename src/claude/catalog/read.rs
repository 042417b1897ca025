//! One transcript into the facts a list shows: mostly from its first and last bytes.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Seek},
    ops::Range,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use aho_corasick::packed;
use memchr::{memchr, memmem, memrchr};

use super::{
    buffer::Buffer,
    scan::{self, lines_backwards},
    shorten::Shortened,
    title,
};
use crate::claude::{
    json::Raw,
    jsonl::{Lines, RawLine},
    literals::{DAEMONS, PROGRAMS},
    record::{Kind, Record},
    session::SessionId,
};

/// Bytes of each string that are looked at where a file is searched for a title: more than a title
/// shows, and little enough for several files at once.
const STRING: usize = 64 << 10;

/// Bytes of the longest line that is looked at there, its strings cut: a prompt with more in its line
/// gives way to the next.
const LINE: usize = 1 << 20;

/// Bytes in which most transcripts have said where they began.
const BEGINNING: u64 = 8 << 10;

/// Bytes at either end that the CLI looks at to decide whether to show a session.
const WINDOW: u64 = 64 << 10;

/// Keys of what hides a session wherever it stands near the beginning of a file.
const MARKS: [&str; 3] = ["\"isSidechain\"", "\"teamName\"", "\"sessionKind\""];

/// Finds all of them in one pass; `None` on a processor that has no vectors for it.
static ANY_MARK: LazyLock<Option<packed::Searcher>> =
    LazyLock::new(|| packed::Searcher::new(MARKS));

/// What the ends of a transcript tell.
pub(super) struct Ends {
    file: File,
    size: u64,
    head: Buffer,
    /// Empty where the head is all of the file.
    tail: Buffer,
}

impl Ends {
    pub(super) fn read(path: &Path, size: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        let head = scan::read_range(&file, 0, WINDOW)?;
        let tail = match size.checked_sub(WINDOW) {
            None | Some(0) => Buffer::of(0),
            Some(from) => scan::read_range(&file, from, WINDOW)?,
        };
        Ok(Self { file, size, head, tail })
    }

    /// The open file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The last bytes of the file.
    pub(super) fn last(&self) -> &[u8] {
        if self.tail.is_empty() { &self.head } else { &self.tail }
    }

    /// The bytes of the lines that do not stand whole at the beginning or at the end.
    pub(super) fn between(&self) -> Range<u64> {
        if self.tail.is_empty() {
            return 0..0;
        }
        let first = memrchr(b'\n', &self.head).map_or(0, |last| last + 1) as u64;
        let tail = self.size - self.tail.len() as u64;
        let last = memchr(b'\n', &self.tail).map_or(self.size, |first| tail + first as u64 + 1);
        first..last.max(first)
    }

    /// The first bytes of the file, where the last ones are others.
    pub(super) fn first(&self) -> &[u8] {
        if self.tail.is_empty() { &[] } else { &self.head }
    }

    /// `entrypoint` of the first record that has one, as far as the ends tell.
    pub(super) fn origin(&self) -> Option<Cow<'_, str>> {
        self.raw_origin().map(String::from_utf8_lossy)
    }

    /// Whether the CLI's picker hides the session (rules seen on 2.1.332): a program began it, or a
    /// daemon, or it began with `/loop`, or near its beginning a record belongs to a sub-agent or to a
    /// team. But for the daemons the CLI searches the bytes, so fields at any depth count; so do we,
    /// lest a session be hidden there and not here.
    pub(super) fn is_hidden(&self) -> bool {
        let hides = |(mark, value): (usize, &[u8])| match mark {
            0 => value.starts_with(b"true"),
            1 => text(value).is_some(),
            _ => self.is_of_daemon(),
        };
        self.raw_origin().is_some_and(|origin| is_one_of(origin, &PROGRAMS))
            || marks(&self.head).any(hides)
            || self.is_loop()
    }

    /// Whether nothing was ever said and nothing names the session: an empty or a garbage file, or
    /// one that was left before a first prompt. The CLI lists these as “(session)”, and cannot resume
    /// them.
    pub(super) fn is_empty(&self) -> io::Result<bool> {
        let says = |record: &Record<'_>| match &record.kind {
            Kind::LastPrompt { prompt, .. } => prompt.is_some(),
            kind => matches!(
                kind,
                Kind::User(_)
                    | Kind::Assistant(_)
                    | Kind::CustomTitle(_)
                    | Kind::AiTitle(_)
                    | Kind::Summary(_)
            ),
        };
        if self.records().any(|record| says(&record)) {
            return Ok(false);
        }
        Ok(self.is_all() || self.each_line(|record| says(&record).then_some(()))?.is_none())
    }

    /// The session that the conversation went on in, unless something was said here since.
    pub(super) fn continued_in(&self) -> Option<SessionId> {
        self.ending().1
    }

    /// The directory that the session began in: the first `cwd` in the file.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        let near = records(&self.head).find_map(|record| Some(record.cwd?.string()?.into_owned()));
        // Else cut off by the window's end, or behind a first record that is longer than it.
        let found = near.or_else(|| first_cwd(&self.head)).or_else(|| first_cwd(&self.tail));
        found.map(PathBuf::from)
    }

    /// When something was last said, milliseconds since the Unix epoch: the time of the last message,
    /// sub-agents included; `None` where there is none near the end. And the session that the
    /// conversation went on in, unless something was said here since.
    pub(super) fn ending(&self) -> (Option<u64>, Option<SessionId>) {
        let (mut said, mut continued) = (None, None);
        for line in lines_backwards(self.last()) {
            let Ok(record) = Record::decode(line) else { continue };
            match record.kind {
                Kind::ContinuedIn(session) => _ = continued.get_or_insert(Some(session)),
                Kind::User(_) | Kind::Assistant(_) => {
                    said = said.or(record.at);
                    if !record.sidechain {
                        continued.get_or_insert(None);
                    }
                }
                _ => {}
            }
            if said.is_some() && continued.is_some() {
                break;
            }
        }
        (said, continued.flatten())
    }

    /// Git branch of the newest record that names one.
    pub(super) fn branch(&self) -> Option<String> {
        let last = |line| {
            let named = values(line, "\"gitBranch\"").filter(|value| !value.starts_with(b"\"\""));
            Raw::first(named.last()?)?.string().map(Cow::into_owned)
        };
        let mut lines = lines_backwards(&self.tail).chain(lines_backwards(&self.head));
        lines.find_map(last)
    }

    /// What the person said first, as a title. Looks further into the file than the ends reach.
    pub(super) fn first_prompt(&self) -> io::Result<Option<String>> {
        let mut opening = title::FirstPrompt::default();
        if records(&self.head).any(|record| opening.take(&record)) || self.is_all() {
            return Ok(opening.title());
        }
        let mut opening = title::FirstPrompt::default();
        self.each_line(|record| opening.take(&record).then_some(()))?;
        Ok(opening.title())
    }

    fn is_of_daemon(&self) -> bool {
        let lines = self.head.split(|b| *b == b'\n').map(Raw::new);
        let mut kinds = lines.filter_map(|line| line.field("sessionKind")?.string());
        kinds.next().is_some_and(|kind| DAEMONS.contains(&&*kind))
    }

    fn is_loop(&self) -> bool {
        records(&self.head).find_map(|record| title::begins_with_command(&record, "/loop"))
            == Some(true)
    }

    fn raw_origin(&self) -> Option<&[u8]> {
        let key = "\"entrypoint\"";
        texts(&self.head, key).next().or_else(|| texts(&self.tail, key).next())
    }

    /// Whether the ends are all of the file.
    fn is_all(&self) -> bool {
        self.size <= 2 * WINDOW
    }

    /// The records that stand whole in the ends.
    fn records(&self) -> impl Iterator<Item = Record<'_>> {
        records(&self.head).chain(records(&self.tail))
    }

    /// Gives the records of the whole file to `find`, long strings in them cut, until it finds
    /// something.
    fn each_line<T>(&self, mut find: impl FnMut(Record<'_>) -> Option<T>) -> io::Result<Option<T>> {
        (&self.file).rewind()?;
        let mut lines = Lines::new(Shortened::new(&self.file, STRING), LINE);
        while let Some(line) = lines.next()? {
            let record = RawLine::bytes(line).map(Record::decode).and_then(Result::ok);
            if let Some(found) = record.and_then(&mut find) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// The directory that a session began in, from as few bytes as tell it.
pub(in crate::claude) fn directory(file: &File) -> io::Result<Option<PathBuf>> {
    for bytes in [BEGINNING, WINDOW] {
        let head = scan::read_range(file, 0, bytes)?;
        let cwd = records(&head).find_map(|record| Some(record.cwd?.string()?.into_owned()));
        if let Some(cwd) = cwd.or_else(|| first_cwd(&head)) {
            return Ok(Some(cwd.into()));
        }
        if (head.len() as u64) < bytes {
            break;
        }
    }
    Ok(None)
}

/// The directory that the CLI was in when it made a worktree for the session.
pub(super) fn original_directory(file: &File) -> io::Result<Option<PathBuf>> {
    let head = scan::read_range(file, 0, WINDOW)?;
    let texts = values(&head, "\"originalCwd\"").filter_map(Raw::first);
    Ok(texts.filter_map(Raw::string).map(|dir| PathBuf::from(dir.into_owned())).next())
}

/// The first `cwd` in bytes that begin or end in the middle of a record.
fn first_cwd(bytes: &[u8]) -> Option<String> {
    values(bytes, "\"cwd\"").find_map(|value| Some(Raw::first(value)?.string()?.into_owned()))
}

/// The records whose lines stand whole in `bytes`; a line that is cut decodes to none.
fn records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    bytes.split(|b| *b == b'\n').filter_map(|line| Record::decode(line).ok())
}

/// What follows each of [`MARKS`], and which it is.
fn marks(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let found = ANY_MARK.iter().flat_map(|marks| marks.find_iter(bytes));
    let found = found.filter_map(|found| {
        Some((found.pattern().as_usize(), value_after(&bytes[found.end()..])?))
    });
    let one_by_one = ANY_MARK.is_none().then(|| MARKS.into_iter().enumerate());
    let one_by_one = one_by_one.into_iter().flatten();
    found.chain(
        one_by_one.flat_map(|(mark, name)| values(bytes, name).map(move |value| (mark, value))),
    )
}

/// What follows each key `name`, given with its quotes, at any depth and however it is spaced.
fn values<'b>(bytes: &'b [u8], name: &'static str) -> impl Iterator<Item = &'b [u8]> {
    memmem::find_iter(bytes, name).filter_map(|at| value_after(&bytes[at + name.len()..]))
}

/// The value that `bytes` begin with, behind a colon.
fn value_after(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start())
}

/// The raw texts that follow it and are not empty.
fn texts<'b>(bytes: &'b [u8], name: &'static str) -> impl Iterator<Item = &'b [u8]> {
    values(bytes, name).filter_map(text)
}

/// The raw text of a string that is not empty.
fn text(value: &[u8]) -> Option<&[u8]> {
    let value = value.strip_prefix(b"\"")?;
    let value = &value[..memchr(b'"', value)?];
    (!value.is_empty()).then_some(value)
}

fn is_one_of(text: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| name.as_bytes() == text)
}
