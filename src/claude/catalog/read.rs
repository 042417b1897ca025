//! One transcript into the facts a list shows: mostly from its first and last bytes.

use std::{
    borrow::Cow,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use memchr::{memmem, memrchr};

use super::{scan, title};
use crate::claude::{
    json::Raw,
    jsonl::{Line, Lines},
    literals::PROGRAMS,
    record::{Kind, Record},
};

/// Bytes of the longest line that is looked at for a title. A list reads several files at once and may
/// not cost much memory: a prompt with more than this in its line gives way to the next.
const TITLE_LINE: usize = 16 << 20;

/// Bytes at either end that the CLI looks at to decide whether to show a session.
const WINDOW: u64 = 64 << 10;

/// What the ends of a transcript tell.
pub(super) struct Ends {
    file: File,
    size: u64,
    head: Vec<u8>,
    /// Empty where the head is all of the file.
    tail: Vec<u8>,
}

impl Ends {
    pub(super) fn read(path: &Path, size: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        let head = scan::read_range(&file, 0, WINDOW)?;
        let tail = match size.checked_sub(WINDOW) {
            None | Some(0) => Vec::new(),
            Some(from) => scan::read_range(&file, from, WINDOW)?,
        };
        Ok(Self { file, size, head, tail })
    }

    /// The last bytes of the file.
    pub(super) fn last(&self) -> &[u8] {
        if self.tail.is_empty() { &self.head } else { &self.tail }
    }

    /// `entrypoint` of the first record that has one, as far as the ends tell.
    pub(super) fn origin(&self) -> Option<Cow<'_, str>> {
        self.raw_origin().map(String::from_utf8_lossy)
    }

    /// Whether the CLI's picker hides the session (rules seen on 2.1.328): a program began it, or it
    /// began with `/loop`, or near its beginning a record belongs to a sub-agent or to a team. The CLI searches the bytes,
    /// so fields at any depth count; so do we, lest a session be hidden there and not here.
    pub(super) fn is_hidden(&self) -> bool {
        let sidechain = [&b"\"isSidechain\":true"[..], b"\"isSidechain\": true"];
        self.raw_origin()
            .is_some_and(|origin| PROGRAMS.iter().any(|name| name.as_bytes() == origin))
            || sidechain.iter().any(|flag| memmem::find(&self.head, flag).is_some())
            || first(&self.head, b"\"teamName\":\"").is_some()
            || self.is_loop()
    }

    /// Whether nothing was ever said and nothing names the session: an empty or a garbage file, or
    /// one that was left before a first prompt. The CLI lists these as “(session)”, and cannot resume
    /// them.
    pub(super) fn is_empty(&self) -> bool {
        let said = |record: Record<'_>| match record.kind {
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
        self.size <= 2 * WINDOW
            && ![&self.head, &self.tail].into_iter().flat_map(|bytes| records(bytes)).any(said)
    }

    /// The session's directory: the first `cwd` in the file.
    pub(super) fn project(&self) -> Option<PathBuf> {
        let near = records(&self.head).find_map(|record| record.cwd);
        let found = near.or_else(|| {
            // Cut off by the window's end, or behind a first record that is longer than it.
            string(&self.head, b"\"cwd\":\"").or_else(|| string(&self.tail, b"\"cwd\":\""))
        });
        Some(PathBuf::from(found?.into_owned()))
    }

    /// When something was last said, milliseconds since the Unix epoch: the time of the last message,
    /// sub-agents included; `None` where there is none near the end.
    pub(super) fn last_said(&self) -> Option<u64> {
        let mut rest = self.last();
        while !rest.is_empty() {
            let start = memrchr(b'\n', rest).map_or(0, |before| before + 1);
            let record = Record::decode(&rest[start..]);
            let said = record
                .ok()
                .filter(|record| matches!(record.kind, Kind::User(_) | Kind::Assistant(_)));
            if let Some(at) = said.and_then(|record| record.at) {
                return Some(at);
            }
            rest = &rest[..start.saturating_sub(1)];
        }
        None
    }

    /// Git branch of the newest record that names one.
    pub(super) fn branch(&self) -> Option<String> {
        let key = b"\"gitBranch\":\"";
        let last = |bytes: &[u8]| {
            let named = |at: &usize| bytes.get(at + key.len()) != Some(&b'"');
            let at = memmem::find_iter(bytes, key).filter(named).last()?;
            string(&bytes[at..], key).map(Cow::into_owned)
        };
        last(&self.tail).or_else(|| last(&self.head))
    }

    /// What the person said first, as a title. Looks further into the file than the ends reach.
    pub(super) fn first_prompt(&self) -> io::Result<Option<String>> {
        let mut opening = title::Opening::default();
        if records(&self.head).any(|record| opening.take(&record)) || self.tail.is_empty() {
            return Ok(opening.title());
        }
        let mut lines = Lines::new(&self.file, TITLE_LINE);
        lines.jump(0)?;
        let mut opening = title::Opening::default();
        while let Some(line) = lines.next()? {
            let record = Line::bytes(line).map(Record::decode).and_then(Result::ok);
            if record.is_some_and(|record| opening.take(&record)) {
                break;
            }
        }
        Ok(opening.title())
    }

    fn is_loop(&self) -> bool {
        records(&self.head).find_map(|record| title::begins_with_command(&record, "/loop"))
            == Some(true)
    }

    fn raw_origin(&self) -> Option<&[u8]> {
        let key = b"\"entrypoint\":\"";
        first(&self.head, key).or_else(|| first(&self.tail, key))
    }
}

/// The records whose lines stand whole in `bytes`; a line that is cut decodes to none.
fn records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    bytes.split(|b| *b == b'\n').filter_map(|line| Record::decode(line).ok())
}

/// The raw text of the first string that follows `key` and is not empty.
fn first<'b>(bytes: &'b [u8], key: &[u8]) -> Option<&'b [u8]> {
    memmem::find_iter(bytes, key).find_map(|at| {
        let value = &bytes[at + key.len()..];
        let value = &value[..memchr::memchr(b'"', value)?];
        (!value.is_empty()).then_some(value)
    })
}

/// The text of the first string that follows `key`, which ends in the string's opening quote.
fn string<'b>(bytes: &'b [u8], key: &[u8]) -> Option<Cow<'b, str>> {
    let at = memmem::find(bytes, key)? + key.len() - 1;
    Raw::first(&bytes[at..]).and_then(Raw::string)
}
