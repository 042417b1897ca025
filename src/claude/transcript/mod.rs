//! One transcript into what a person or a run wants to know of it.
//!
//! Reads line by line, in memory bounded by the longest line and a few words per record; what cannot
//! be read is passed over and counted. Knows nothing of which sessions there are, and never writes.

pub mod ending;
mod exchange;
pub mod follow;
pub mod messages;
pub mod story;
mod tree;

use std::{io, path::Path};

use memchr::memmem;
use uuid::Uuid;

use self::{
    exchange::{Exchange, Fold},
    tree::Tree,
};
use super::{
    jsonl::{Backward, Lines, RawLine},
    literals,
    record::{Kind, Message, Record},
};

/// What stands before a prompt's uuid in the name under which it is sent into an inbox.
pub const SENDER: &str = "telegram:";

/// What a card shows of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digest {
    /// Number of prompts in the file, abandoned branches included.
    pub prompts: usize,
    /// When its first record was written, milliseconds since the Unix epoch.
    pub first_at: Option<u64>,
    /// When its last one was.
    pub last_at: Option<u64>,
    /// The last exchange of the active branch.
    pub last: Option<Exchange>,
    /// Tokens of the conversation as Claude last read it, from the cache or not.
    pub context: Option<u64>,
    /// The model that answered last.
    pub model: Option<String>,
    /// US dollars, as the CLI last wrote them; it writes them when a process ends.
    pub cost: Option<f64>,
    /// Lines that could not be read: garbage and lines above the cap. A torn last line is none.
    pub skipped: usize,
}

/// Whether and how a prompt stands in a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Nowhere: it never ran.
    Absent,
    /// As a turn's prompt: the record's `uuid`.
    Asked {
        /// Where its line begins.
        offset: u64,
    },
    /// Folded into a turn that ran already: `queued_command.source_uuid` or `commandUuid`.
    Folded {
        /// Where its line begins.
        offset: u64,
    },
    /// Through the inbox of a terminal: `origin.from`.
    Inbox {
        /// Where its line begins.
        offset: u64,
    },
}

/// Reads the whole file once, and the last exchange again.
pub fn digest(path: &Path) -> io::Result<Digest> {
    let mut digest = Digest::default();
    let mut tree = Tree::default();
    let mut lines = Lines::open(path, 0)?;
    while let Some(line) = lines.next()? {
        let Some(record) = line.bytes().map(Record::decode).and_then(Result::ok) else {
            digest.skipped += usize::from(line.is_loss());
            continue;
        };
        digest.prompts += usize::from(tree.add(line.offset(), &record));
        digest.add(&record);
    }
    digest.last = read(path, &tree.branch(1).offsets)?.pop();
    Ok(digest)
}

/// The last `count` exchanges of the active branch, oldest first.
pub fn exchanges(path: &Path, count: usize) -> io::Result<Vec<Exchange>> {
    let mut tree = Tree::default();
    let mut lines = Lines::open(path, 0)?;
    while let Some(line) = lines.next()? {
        if let Some(Ok(record)) = line.bytes().map(Record::decode) {
            tree.add(line.offset(), &record);
        }
    }
    read(path, &tree.branch(count).offsets)
}

/// What there is of a session's transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// No file.
    Nothing,
    /// A file without a conversation in it, emptied by a power cut or a full disk: the CLI cannot
    /// resume it, and begins no session under its id (“already in use”).
    Empty,
    /// A conversation; also a file that cannot be read, since nobody knows.
    Conversation,
}

/// What there is at the path of a transcript, where it has one.
pub fn stored(path: Option<&Path>) -> Stored {
    match path.map(is_conversation) {
        None => Stored::Nothing,
        Some(Ok(false)) => Stored::Empty,
        Some(Ok(true) | Err(_)) => Stored::Conversation,
    }
}

/// Whether the CLI finds a conversation in the file. It finds none in one that is empty or zeroed, or
/// where only titles are: to resume it then fails with “No conversation found”.
pub fn is_conversation(path: &Path) -> io::Result<bool> {
    let mut lines = Lines::open(path, 0)?;
    while let Some(line) = lines.next()? {
        let record = line.bytes().map(Record::decode).and_then(Result::ok);
        if record.is_some_and(|record| is_of_conversation(&record)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a record makes a conversation of a file.
pub(super) fn is_of_conversation(record: &Record<'_>) -> bool {
    let is_message = matches!(
        record.kind,
        Kind::User(_) | Kind::Assistant(_) | Kind::System { .. } | Kind::Attachment { .. }
    );
    is_message && !record.sidechain
}

/// US dollars as the CLI last wrote them, read from the end; `None` where no process has ended yet.
pub fn cost(path: &Path) -> io::Result<Option<f64>> {
    let needle = memmem::Finder::new("cost-state");
    let mut lines = Backward::open(path)?;
    while let Some(line) = lines.next()? {
        let hit = line.bytes().filter(|bytes| needle.find(bytes).is_some());
        if let Some(Ok(Record { kind: Kind::CostState { total: Some(total) }, .. })) =
            hit.map(Record::decode)
        {
            return Ok(Some(total));
        }
    }
    Ok(None)
}

/// Looks for a prompt by the uuid it was sent with. Lines that cannot be read hold none: a torn record
/// is none for the CLI either, and no prompt is so long that its line is passed over.
pub fn holds(path: &Path, prompt: Uuid) -> io::Result<Trace> {
    let needle = prompt.as_hyphenated().to_string();
    let needle = memmem::Finder::new(needle.as_bytes());
    let mut lines = Lines::open(path, 0)?;
    while let Some(line) = lines.next()? {
        let hit = line.bytes().filter(|bytes| needle.find(bytes).is_some());
        let trace = hit.map(Record::decode).and_then(Result::ok);
        if let Some(trace) = trace.and_then(|record| trace_in(&record, prompt, line.offset())) {
            return Ok(trace);
        }
    }
    Ok(Trace::Absent)
}

/// Reads the complete lines from byte `offset` on and gives each record to `each`; returns where to
/// go on: behind the last complete line, before a torn one. Lines that are no record are passed over.
pub fn since(path: &Path, offset: u64, mut each: impl FnMut(&Record<'_>)) -> io::Result<u64> {
    let mut lines = Lines::open(path, offset)?;
    while let Some(line) = lines.next()? {
        if let RawLine::Whole { bytes, .. } = line
            && let Ok(record) = Record::decode(bytes)
        {
            each(&record);
        }
    }
    Ok(lines.offset())
}

impl Digest {
    fn add(&mut self, record: &Record<'_>) {
        self.first_at = self.first_at.or(record.at);
        self.last_at = record.at.or(self.last_at);
        match &record.kind {
            Kind::Assistant(message) if !record.sidechain => self.heard(message),
            Kind::CostState { total } => self.cost = total.or(self.cost),
            _ => {}
        }
    }

    fn heard(&mut self, message: &Message<'_>) {
        let Some(model) = message.model.as_deref().filter(|model| *model != literals::SYNTHETIC)
        else {
            return;
        };
        if self.model.as_deref() != Some(model) {
            self.model = Some(model.to_owned());
        }
        if let Some(usage) = message.usage {
            self.context = Some(usage.input + usage.cache_read + usage.cache_creation);
        }
    }
}

/// The exchanges of the records at `offsets`.
fn read(path: &Path, offsets: &[u64]) -> io::Result<Vec<Exchange>> {
    let mut fold = Fold::default();
    let mut lines = Lines::open(path, 0)?;
    for offset in offsets {
        lines.jump(*offset)?;
        if let Some(Ok(record)) = lines.next()?.and_then(RawLine::bytes).map(Record::decode) {
            fold.add(&record);
        }
    }
    Ok(fold.exchanges)
}

/// Whether and how a prompt stands in one record, whose line begins at `offset`.
pub fn trace_in(record: &Record<'_>, prompt: Uuid, offset: u64) -> Option<Trace> {
    let id = Some(prompt);
    match &record.kind {
        Kind::User(_) if record.uuid == id => Some(Trace::Asked { offset }),
        Kind::User(message) => {
            (sender(message.origin_from.as_deref()) == id).then_some(Trace::Inbox { offset })
        }
        // Read from the inbox between two tool calls, where it got a uuid of its own.
        Kind::Attachment { origin_from, .. } if sender(origin_from.as_deref()) == id => {
            Some(Trace::Inbox { offset })
        }
        Kind::Attachment { source_uuid, .. } if *source_uuid == id => {
            Some(Trace::Folded { offset })
        }
        Kind::QueueOperation { command_uuid, .. } if *command_uuid == id => {
            Some(Trace::Folded { offset })
        }
        _ => None,
    }
}

/// The prompt that was sent into an inbox, by the name its sender gave.
fn sender(from: Option<&str>) -> Option<Uuid> {
    Uuid::try_parse(from?.strip_prefix(SENDER)?).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn id(n: u32) -> Uuid {
        Uuid::from_u128(u128::from(n))
    }

    #[test]
    fn a_prompt_is_found_wherever_the_cli_notes_it() {
        let lines = format!(
            r#"{{"type":"queue-operation","operation":"enqueue","content":"text with {1}"}}
{{"type":"user","uuid":"{1}","message":{{"content":"hello"}}}}
{{"type":"assistant","uuid":"{9}","parentUuid":"{1}","message":{{"content":"{8}"}}}}
{{"type":"attachment","uuid":"{7}","attachment":{{"type":"queued_command","source_uuid":"{2}"}}}}
{{"type":"queue-operation","operation":"remove","reason":"absorbed_mid_turn","commandUuid":"{3}"}}
{{"type":"user","uuid":"{6}","origin":{{"kind":"peer","from":"telegram:{4}"}},"message":{{"content":"x"}}}}
garbage {5} {0}
"#,
            id(0),
            id(1),
            id(2),
            id(3),
            id(4),
            id(5),
            id(6),
            id(7),
            id(8),
            id(9)
        );
        let file = file(&lines);
        let starts: Vec<u64> = lines
            .split_inclusive('\n')
            .scan(0, |at, line| Some(std::mem::replace(at, *at + line.len() as u64)))
            .collect();
        for (n, expected) in [
            (0, Trace::Absent),
            (1, Trace::Asked { offset: starts[1] }),
            (2, Trace::Folded { offset: starts[3] }),
            (3, Trace::Folded { offset: starts[4] }),
            (4, Trace::Inbox { offset: starts[5] }),
            (5, Trace::Absent),
            (7, Trace::Absent),
            (8, Trace::Absent),
            (9, Trace::Absent),
        ] {
            assert_eq!(holds(file.path(), id(n)).unwrap(), expected, "{n}");
        }
    }

    #[test]
    fn a_file_without_messages_is_no_conversation() {
        for (text, expected) in [
            ("", false),
            ("\0\0\0\0", false),
            ("{\"type\":\"ai-title\",\"aiTitle\":\"x\"}\n", false),
            ("{\"type\":\"user\",\"isSidechain\":true,\"message\":{}}\n", false),
            ("{\"type\":\"tomorrow\",\"uuid\":\"x\"}\n", false),
            ("{\"type\":\"mode\"}\n{\"type\":\"user\",\"message\":{}}", true),
            ("{\"type\":\"system\"}\n", true),
        ] {
            assert_eq!(is_conversation(file(text).path()).unwrap(), expected, "{text}");
        }
        assert!(is_conversation(Path::new("/nowhere")).is_err());
        assert_eq!(stored(None), Stored::Nothing);
        assert_eq!(stored(Some(file("\0\0").path())), Stored::Empty);
        assert_eq!(stored(Some(file("{\"type\":\"system\"}").path())), Stored::Conversation);
        assert_eq!(stored(Some(Path::new("/"))), Stored::Conversation, "it cannot be read");
    }

    #[test]
    fn a_growing_file_is_read_on_from_before_its_torn_line() {
        let mut file = file("{\"type\":\"a\"}\ngarbage\n{\"type\":\"b");
        let mut seen = Vec::new();
        let offset =
            since(file.path(), 0, |record| seen.push(format!("{:?}", record.kind))).unwrap();
        assert_eq!(offset, 21);
        file.write_all(b"\"}\n").unwrap();
        let offset = since(file.path(), offset, |record| seen.push(format!("{:?}", record.kind)));
        assert_eq!(offset.unwrap(), 34);
        assert_eq!(seen, [r#"Other("a")"#, r#"Other("b")"#]);
    }

    #[test]
    fn the_last_costs_are_read_from_the_end() {
        let state = |dollars| format!(r#"{{"type":"cost-state","totalCostUSD":{dollars}}}"#);
        let text = format!("{}\n{}\n{{\"type\":\"x\"}}\n", state("0.5"), state("1.25"));
        assert_eq!(cost(file(&text).path()).unwrap(), Some(1.25));
        assert_eq!(cost(file("").path()).unwrap(), None);
        assert!(cost(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn a_digest_says_what_can_be_read() {
        let text = format!(
            r#"{{"type":"mode"}}
{{"type":"user","uuid":"{0}","timestamp":"1970-01-01T00:00:01.000Z","message":{{"content":"one"}}}}
garbage

{{"type":"assistant","uuid":"{1}","parentUuid":"{0}","message":{{"model":"opus","content":[{{"type":"text","text":"1"}}],"usage":{{"input_tokens":1,"cache_read_input_tokens":20,"cache_creation_input_tokens":300,"output_tokens":5000}}}}}}
{{"type":"user","uuid":"{2}","parentUuid":"{1}","message":{{"content":"two"}}}}
{{"type":"assistant","uuid":"{3}","parentUuid":"{2}","timestamp":"1970-01-01T00:00:02.000Z","message":{{"model":"<synthetic>","content":[{{"type":"text","text":"API Error"}}],"usage":{{"input_tokens":0}}}}}}
{{"type":"cost-state","totalCostUSD":0.5}}
{{"type":"user","uu"#,
            id(1),
            id(2),
            id(3),
            id(4)
        );
        let last =
            Exchange { prompt: "two".into(), answer: "API Error".into(), ..Exchange::default() };
        let expected = Digest {
            prompts: 2,
            first_at: Some(1000),
            last_at: Some(2000),
            last: Some(last.clone()),
            context: Some(321),
            model: Some("opus".into()),
            cost: Some(0.5),
            skipped: 1,
        };
        let file = file(&text);
        assert_eq!(digest(file.path()).unwrap(), expected);
        let both = exchanges(file.path(), 5).unwrap();
        assert_eq!((both.len(), both.last()), (2, Some(&last)));
        assert_eq!(exchanges(file.path(), 1).unwrap(), [last]);
    }
}
