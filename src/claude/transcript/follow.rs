//! A transcript that somebody else writes, followed as it grows: its new records into chapters.
//!
//! [`Follower`] reads each complete line once, whatever becomes of the file: a line that is being
//! written is left until its line break is there, and a file that was replaced is found again by the
//! last record that was read. [`LiveTranscript`] folds the records into chapters as a person reads them. Both
//! only read; when to look is the caller's business.
//!
//! 1. A record is given out once, and none between two that were given out is left out.
//! 2. A line that comes in pieces costs one pass over its bytes, not one for each piece.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::{FileExt, MetadataExt},
    path::PathBuf,
};

use memchr::memchr;
use uuid::Uuid;

use super::{
    ending::{Mark, mark},
    exchange::{asked, begins, is_nothing, shows},
    sender,
    story::{Chapter, Part, Tool},
};
use crate::claude::{
    home::Home,
    jsonl::{Backward, Lines, RawLine},
    literals::COMPACT_BOUNDARY,
    record::{Block, Kind, Message, Record},
    session::SessionId,
};

/// Bytes that are searched for a line break at once.
const CHUNK: usize = 64 << 10;

/// What a look at the transcript has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// No complete line is new.
    Nothing,
    /// Records were read.
    Read,
    /// There is no such file now.
    Gone,
}

/// How far a transcript was read.
#[derive(Clone, Debug)]
pub struct Follower {
    home: Home,
    session: SessionId,
    path: Option<PathBuf>,
    /// Device and inode of the file that `offset` belongs to.
    file: Option<(u64, u64)>,
    /// Where the next line begins.
    offset: u64,
    /// From `offset` up to here there is no line break.
    searched: u64,
    /// The last record that was read.
    last: Option<Uuid>,
}

impl Follower {
    /// Begins with the last exchange that stands in the file; where there is no file yet, with its
    /// first line.
    pub fn of_last_exchange(home: Home, session: SessionId) -> io::Result<Self> {
        let path = home.transcript(session);
        let mut offset = 0;
        let mut file = None;
        if let Some(path) = &path {
            let meta = path.metadata()?;
            file = Some((meta.dev(), meta.ino()));
            let mut lines = Backward::open(path)?;
            while let Some(line) = lines.next()? {
                let at = line.offset();
                let record = line.bytes().map(Record::decode).and_then(Result::ok);
                if record.is_some_and(|record| !record.sidechain && begins(&record)) {
                    offset = at;
                    break;
                }
            }
        }
        Ok(Self { home, session, path, file, offset, searched: offset, last: None })
    }

    /// Begins with what is written from now on.
    pub fn of_the_end(home: Home, session: SessionId) -> io::Result<Self> {
        let mut follower = Self::of_last_exchange(home, session)?;
        follower.read(|_| {})?;
        Ok(follower)
    }

    /// Gives each record of the complete lines that are new to `each`. Lines that are no record are
    /// passed over.
    pub fn read(&mut self, mut each: impl FnMut(&Record<'_>)) -> io::Result<Look> {
        let Some(file) = self.open()? else { return Ok(Look::Gone) };
        let meta = file.metadata()?;
        let is_same = self.file == Some((meta.dev(), meta.ino())) && self.still_fits(&file, &meta);
        if !is_same {
            self.find_again(&file)?;
            self.file = Some((meta.dev(), meta.ino()));
        }
        if !self.has_line(&file, meta.len())? {
            return Ok(Look::Nothing);
        }
        let mut lines = Lines::of(file, self.offset)?;
        let mut any = false;
        while let Some(line) = lines.next()? {
            if let RawLine::Whole { bytes, .. } = line
                && let Ok(record) = Record::decode(bytes)
            {
                self.last = record.uuid.or(self.last);
                any = true;
                each(&record);
            }
        }
        self.offset = lines.offset();
        self.searched = self.searched.max(self.offset);
        Ok(if any { Look::Read } else { Look::Nothing })
    }

    fn open(&mut self) -> io::Result<Option<File>> {
        for _ in 0..2 {
            if self.path.is_none() {
                self.path = self.home.transcript(self.session);
            }
            let Some(path) = &self.path else { return Ok(None) };
            match File::open(path) {
                Ok(file) => return Ok(Some(file)),
                // A project that was moved took its folder with it.
                Err(error) if error.kind() == ErrorKind::NotFound => self.path = None,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Whether the file is as long as it was, and a line ends where one was read to its end.
    fn still_fits(&self, file: &File, meta: &std::fs::Metadata) -> bool {
        let mut before = *b"\n";
        let ends = self.offset == 0 || file.read_exact_at(&mut before, self.offset - 1).is_ok();
        meta.len() >= self.searched && ends && before == *b"\n"
    }

    /// Goes on behind the last record that was read, in a file that is another one by now. Where it
    /// does not stand there, the file tells something else, and is read from its beginning.
    fn find_again(&mut self, file: &File) -> io::Result<()> {
        (self.offset, self.searched) = (0, 0);
        let Some(last) = self.last else { return Ok(()) };
        let mut lines = Lines::of(file.try_clone()?, 0)?;
        while let Some(line) = lines.next()? {
            let uuid = line.bytes().and_then(|bytes| Record::decode(bytes).ok()?.uuid);
            if uuid == Some(last) && matches!(line, RawLine::Whole { .. }) {
                self.offset = lines.offset();
                self.searched = self.offset;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether a line that was not read is complete in the first `len` bytes.
    fn has_line(&mut self, file: &File, len: u64) -> io::Result<bool> {
        let mut chunk = vec![0; CHUNK.min(len.saturating_sub(self.searched) as usize)];
        while self.searched < len && !chunk.is_empty() {
            let most = chunk.len().min((len - self.searched) as usize);
            let read = file.read_at(&mut chunk[..most], self.searched)?;
            if read == 0 {
                return Ok(false);
            }
            if memchr(b'\n', &chunk[..read]).is_some() {
                return Ok(true);
            }
            self.searched += read as u64;
        }
        Ok(false)
    }
}

/// How a chapter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Claude had said what it had to say.
    Answered,
    /// The person broke off.
    Interrupted,
    /// The API failed, or the login.
    Failed,
}

/// A chapter as it grows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveChapter {
    /// What was said and done so far.
    pub chapter: Chapter,
    /// The id that the prompt was sent with, as far as it has one.
    pub prompt: Option<Uuid>,
    /// How it ended; more may come all the same.
    pub ended: Option<Ended>,
    /// When its newest record was written, milliseconds since the Unix epoch.
    pub last_at: Option<u64>,
}

/// The chapters of a transcript that is followed, and where the conversation went on if it did.
#[derive(Debug, Default)]
pub struct LiveTranscript {
    /// Oldest first. Those before the last are over.
    pub chapters: Vec<LiveChapter>,
    /// The session that the conversation has moved on into.
    pub continued_in: Option<SessionId>,
}

impl LiveTranscript {
    /// Takes the next record; whether something is to be shown of it.
    pub fn add(&mut self, record: &Record<'_>) -> bool {
        if record.sidechain {
            return false;
        }
        if begins(record) {
            self.begin(record);
            return true;
        }
        let shown = match &record.kind {
            Kind::Assistant(message) => self.said(message, &mark(record)),
            Kind::User(_) if mark(record) == Mark::Interrupted => {
                self.last().ended = Some(Ended::Interrupted);
                true
            }
            Kind::User(message) => self.gave(message),
            Kind::System { .. } if mark(record) == Mark::Over => self.is_over(),
            Kind::System { subtype, .. } if subtype == COMPACT_BOUNDARY => {
                self.last().chapter.parts.push(Part::Compacted);
                true
            }
            Kind::ContinuedIn(next) => {
                self.continued_in = Some(*next);
                true
            }
            _ => false,
        };
        if shown {
            let last = self.last();
            last.last_at = record.at.or(last.last_at);
        }
        shown
    }

    fn begin(&mut self, record: &Record<'_>) {
        let prompt = match &record.kind {
            Kind::User(message) => sender(message.origin_from.as_deref()).or(record.uuid),
            Kind::Attachment { origin_from, source_uuid, .. } => {
                sender(origin_from.as_deref()).or(*source_uuid)
            }
            _ => record.uuid,
        };
        let chapter = Chapter {
            prompt: asked(record).unwrap_or_default().into_owned(),
            pictures: usize::from(shows(record)),
            at: record.at,
            parts: Vec::new(),
        };
        self.chapters.push(LiveChapter { chapter, prompt, ended: None, last_at: record.at });
    }

    /// The chapter that grows. A file may begin in the middle of one.
    fn last(&mut self) -> &mut LiveChapter {
        if self.chapters.is_empty() {
            self.chapters.push(LiveChapter::default());
        }
        let last = self.chapters.len() - 1;
        &mut self.chapters[last]
    }

    fn said(&mut self, message: &Message<'_>, mark: &Mark<'_>) -> bool {
        let growing = self.last();
        let mut shown = false;
        for block in &message.blocks {
            let part = match block {
                Block::Text(text) if is_nothing(text) => continue,
                Block::Text(text) if message.is_synthetic() => Part::Notice(text.trim().to_owned()),
                Block::Text(text) => Part::Said(text.trim().to_owned()),
                Block::ToolUse { id, name, input } => {
                    Part::Used(Tool::called(id, name, input.value()))
                }
                _ => continue,
            };
            growing.chapter.parts.push(part);
            shown = true;
        }
        if !shown {
            return false;
        }
        growing.ended = match mark {
            Mark::Failed(_) => Some(Ended::Failed),
            Mark::Done(_) => Some(Ended::Answered),
            _ => None,
        };
        true
    }

    /// Notes which tools failed or were refused.
    fn gave(&mut self, message: &Message<'_>) -> bool {
        let mut shown = false;
        for block in &message.blocks {
            let Block::ToolResult { id, error: true, .. } = block else { continue };
            for part in self.last().chapter.parts.iter_mut().rev() {
                if let Part::Used(tool) = part
                    && tool.id == **id
                {
                    tool.failed = true;
                    shown = true;
                }
            }
        }
        shown
    }

    fn is_over(&mut self) -> bool {
        let last = self.last();
        let was = last.ended.replace(last.ended.unwrap_or(Ended::Answered));
        was.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write, path::Path};

    use proptest::prelude::*;

    use super::*;

    const ID: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    fn home() -> (tempfile::TempDir, Home, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("claude"));
        let path = home.projects().join("-garden").join(format!("{ID}.jsonl"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        (dir, home, path)
    }

    fn user(n: u32, text: &str) -> String {
        let uuid = Uuid::from_u128(u128::from(n));
        format!(r#"{{"type":"user","uuid":"{uuid}","message":{{"content":"{text}"}}}}"#) + "\n"
    }

    fn append(path: &Path, bytes: &[u8]) {
        let mut file = File::options().append(true).create(true).open(path).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn asked_of(follower: &mut Follower) -> Vec<String> {
        let mut texts = Vec::new();
        follower.read(|record| texts.push(asked(record).unwrap().into_owned())).unwrap();
        texts
    }

    #[test]
    fn it_begins_with_the_last_exchange_or_with_what_comes() {
        let (_dir, home, path) = home();
        let id = ID.parse().unwrap();
        let mut early = Follower::of_last_exchange(home.clone(), id).unwrap();
        assert_eq!(early.read(|_| panic!()).unwrap(), Look::Gone);
        append(&path, [user(1, "sow"), user(2, "water")].concat().as_bytes());
        assert_eq!(asked_of(&mut early), ["sow", "water"]);
        let mut last = Follower::of_last_exchange(home.clone(), id).unwrap();
        assert_eq!(asked_of(&mut last), ["water"]);
        let mut next = Follower::of_the_end(home, id).unwrap();
        assert_eq!(next.read(|_| panic!()).unwrap(), Look::Nothing);
        append(&path, user(3, "pick").as_bytes());
        for follower in [&mut early, &mut last, &mut next] {
            assert_eq!(asked_of(follower), ["pick"]);
        }
    }

    #[test]
    fn a_file_that_goes_comes_again_or_is_replaced_tells_nothing_twice() {
        let (_dir, home, path) = home();
        append(&path, [user(1, "sow"), user(2, "water")].concat().as_bytes());
        let mut follower = Follower::of_last_exchange(home, ID.parse().unwrap()).unwrap();
        assert_eq!(asked_of(&mut follower), ["water"]);
        // A copy of all that was, and one record more.
        fs::remove_file(&path).unwrap();
        assert_eq!(follower.read(|_| panic!()).unwrap(), Look::Gone);
        append(&path, [user(1, "sow"), user(2, "water"), user(3, "pick")].concat().as_bytes());
        assert_eq!(asked_of(&mut follower), ["pick"]);
        // The whole folder under another name.
        let moved = path.parent().unwrap().with_file_name("-meadow");
        fs::rename(path.parent().unwrap(), &moved).unwrap();
        let path = moved.join(path.file_name().unwrap());
        append(&path, user(4, "eat").as_bytes());
        assert_eq!(asked_of(&mut follower), ["eat"]);
        // Rewritten in place, by something that is shorter and something that is not.
        fs::write(&path, user(5, "other")).unwrap();
        assert_eq!(asked_of(&mut follower), ["other"]);
        fs::write(&path, [user(6, &"x".repeat(200)), user(5, "other"), user(7, "more")].concat())
            .unwrap();
        assert_eq!(asked_of(&mut follower), ["more"]);
    }

    proptest! {
        /// However the lines are torn apart, each comes once and in order.
        #[test]
        fn torn_writes_neither_lose_nor_double_a_line(
            pieces in proptest::collection::vec(1_usize..200, 1..60), count in 1_u32..20,
        ) {
            let (_dir, home, path) = home();
            let expected: Vec<String> = (0..count).map(|n| format!("line {n}")).collect();
            let mut all: Vec<u8> = (1..=count)
                .flat_map(|n| user(n, &expected[n as usize - 1]).into_bytes())
                .collect();
            let mut follower = Follower::of_last_exchange(home, ID.parse().unwrap()).unwrap();
            let mut seen = Vec::new();
            for piece in pieces.into_iter().chain([usize::MAX]) {
                let rest = all.split_off(piece.min(all.len()));
                append(&path, &all);
                all = rest;
                seen.extend(asked_of(&mut follower));
            }
            prop_assert_eq!(seen, expected);
        }
    }

    fn grown(lines: &[&str]) -> LiveTranscript {
        let mut growth = LiveTranscript::default();
        for line in lines {
            growth.add(&Record::decode(line.as_bytes()).unwrap());
        }
        growth
    }

    const ASK: &str = r#"{"type":"user","uuid":"11111111-1111-4111-8111-111111111111","message":{"content":"sow"}}"#;
    const TOOL: &str = r#"{"type":"assistant","message":{"stop_reason":"tool_use","content":[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"ls"}}]}}"#;
    const REFUSED: &str = r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"no"}]}}"#;
    const SAID: &str = r#"{"type":"assistant","message":{"stop_reason":"end_turn","content":[{"type":"text","text":"Done."}]}}"#;
    const INBOX: &str = r#"{"type":"user","uuid":"33333333-3333-4333-8333-333333333333","isMeta":true,"origin":{"kind":"peer","from":"telegram:22222222-2222-8222-8222-222222222222"},"message":{"content":"Another Claude session sent a message:\nwater"}}"#;
    const FAILED: &str = r#"{"type":"assistant","isApiErrorMessage":true,"message":{"model":"<synthetic>","stop_reason":"stop_sequence","content":[{"type":"text","text":"API Error: 500"}]}}"#;
    const BROKEN_OFF: &str = r#"{"type":"user","message":{"content":[{"type":"text","text":"[Request interrupted by user]"}]}}"#;
    const OVER: &str = r#"{"type":"system","subtype":"turn_duration"}"#;
    const INNER: &str = r#"{"type":"assistant","isSidechain":true,"message":{"content":[{"type":"text","text":"inner"}]}}"#;

    #[test]
    fn records_become_chapters() {
        let growth = grown(&[ASK, TOOL, REFUSED, INNER, SAID, OVER, INBOX]);
        let [first, second] = &growth.chapters[..] else { panic!("{growth:?}") };
        assert_eq!(first.chapter.prompt, "sow");
        let [Part::Used(tool), Part::Said(said)] = &first.chapter.parts[..] else {
            panic!("{first:?}")
        };
        assert_eq!((tool.failed, said.as_str()), (true, "Done."));
        assert_eq!(first.ended, Some(Ended::Answered));
        assert_eq!(second.chapter.prompt, "water");
        assert_eq!(second.prompt, "22222222-2222-8222-8222-222222222222".parse().ok());
        assert_eq!(second.ended, None);
    }

    #[test]
    fn chapters_end_as_the_transcript_says() {
        for (lines, ended) in [
            (&[ASK][..], None),
            (&[ASK, TOOL], None),
            (&[ASK, SAID], Some(Ended::Answered)),
            (&[ASK, SAID, TOOL], None),
            (&[ASK, TOOL, BROKEN_OFF], Some(Ended::Interrupted)),
            (&[ASK, FAILED], Some(Ended::Failed)),
            (&[ASK, FAILED, OVER], Some(Ended::Failed)),
            (&[ASK, TOOL, OVER], Some(Ended::Answered)),
        ] {
            assert_eq!(grown(lines).chapters.last().unwrap().ended, ended, "{lines:?}");
        }
    }
}
