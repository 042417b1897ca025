//! A transcript into all that was said and done in it, for whoever reads a session again.
//!
//! Where [`exchanges`](super::exchanges) tells what came of a prompt, this tells how: every text,
//! every tool with what it was used on and what it gave, the pictures, and where the conversation was
//! compacted. It is told event by event, and nothing is held but the line that is being told, so that
//! a session of any size can be written to a file; [`story`] collects a few chapters for the chat.

use std::{
    borrow::Cow,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    exchange::{asked, begins, is_nothing},
    tree::{Branch, Tree},
};
use crate::claude::{
    json::Raw,
    jsonl::{Lines, RawLine},
    literals::{BASH_STDERR, BASH_STDOUT, COMPACT_BOUNDARY},
    record::{
        Block, Kind, Message, Record, blocks,
        prompt::{inside, opens},
    },
};

/// What is to be told: where the records of the active branch stand, or of its last chapters.
pub struct Outline {
    path: PathBuf,
    branch: Branch,
    /// Number of prompts on the branch, as far as it is told.
    pub prompts: usize,
    /// Lines of the file that could not be read: garbage, and lines above the cap. A torn last line is
    /// none of them.
    pub unreadable: usize,
}

/// One thing that was said or done, in order.
#[derive(Debug)]
pub enum Event<'e> {
    /// The person asks: a chapter begins.
    Asked {
        /// What they said; empty where it was pictures alone.
        prompt: &'e str,
        /// When, milliseconds since the Unix epoch.
        at: Option<u64>,
    },
    /// A picture or document that the person showed, or that went to Claude beside the conversation.
    Shown(&'e Picture),
    /// What a shell command of the person printed.
    Printed(&'e str),
    /// Claude says something; Markdown.
    Said(&'e str),
    /// The CLI says something in Claude's place, such as an error of the API.
    Notice(&'e str),
    /// Claude thinks; Markdown.
    Thought(&'e str),
    /// Something of a type that is not known here, by its name.
    Unknown(&'e str),
    /// Claude has used a tool.
    Used(&'e Tool),
    /// The conversation was compacted: Claude knows what came before by the summary that follows.
    Compacted,
    /// The summary of a compacted conversation.
    Summary(&'e str),
}

/// A part of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// Oldest first.
    pub chapters: Vec<Chapter>,
    /// There are older ones on the same branch.
    pub earlier: bool,
    /// Lines of the file that could not be read.
    pub unreadable: usize,
}

/// A prompt and all that followed from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chapter {
    /// What the person said; empty where it was pictures alone.
    pub prompt: String,
    /// Number of pictures and documents that they showed.
    pub pictures: usize,
    /// When, milliseconds since the Unix epoch.
    pub at: Option<u64>,
    /// What Claude said and did, in order.
    pub parts: Vec<Part>,
}

/// One thing that Claude said or did.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Said; Markdown.
    Said(String),
    /// Said by the CLI in Claude's place.
    Notice(String),
    /// A tool, without what it gave.
    Used(Tool),
    /// The conversation was compacted.
    Compacted,
}

/// A picture or a document as it went to the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// `image/png`, …: what the transcript says.
    pub media_type: String,
    /// As the transcript has it, mostly base64; empty where it only names what was shown.
    pub data: String,
}

/// One use of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// The use's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it was called with.
    pub input: Value,
    /// The text that it gave; none where nothing came back.
    pub result: Option<String>,
    /// The pictures that it gave.
    pub pictures: Vec<Picture>,
    /// The types of what else it gave: blocks that are neither text nor picture.
    pub others: Vec<String>,
    /// It failed, or was refused.
    pub failed: bool,
}

impl Tool {
    /// A tool that was called, and has given nothing yet.
    pub fn called(id: &str, name: &str, input: Value) -> Self {
        let (id, name, result) = (id.to_owned(), name.to_owned(), None);
        Self { id, name, input, result, pictures: Vec::new(), others: Vec::new(), failed: false }
    }
}

/// The last `take` chapters of the active branch that come before its last `skip`.
pub fn story(path: &Path, skip: usize, take: usize) -> io::Result<Story> {
    // One more than is wanted tells whether there is one.
    let outline = Outline::of_last(path, skip.saturating_add(take).saturating_add(1))?;
    let mut chapters = Vec::new();
    outline.tell(|event| {
        collect(&mut chapters, &event);
        Ok(())
    })?;
    chapters.truncate(chapters.len().saturating_sub(skip));
    let earlier = chapters.len() > take;
    chapters.drain(..chapters.len().saturating_sub(take));
    Ok(Story { chapters, earlier, unreadable: outline.unreadable })
}

fn collect(chapters: &mut Vec<Chapter>, event: &Event<'_>) {
    if let Event::Asked { prompt, at } = event {
        chapters.push(Chapter { prompt: (*prompt).to_owned(), at: *at, ..Chapter::default() });
        return;
    }
    if chapters.is_empty() {
        // What stands before the first prompt; a file may begin in the middle of a turn.
        chapters.push(Chapter::default());
    }
    let Some(chapter) = chapters.last_mut() else { return };
    match event {
        Event::Said(text) => chapter.parts.push(Part::Said((*text).to_owned())),
        Event::Notice(text) => chapter.parts.push(Part::Notice((*text).to_owned())),
        Event::Used(tool) => {
            let called = Tool::called(&tool.id, &tool.name, tool.input.clone());
            chapter.parts.push(Part::Used(Tool { failed: tool.failed, ..called }));
        }
        Event::Compacted => chapter.parts.push(Part::Compacted),
        Event::Shown(_) => chapter.pictures += 1,
        Event::Asked { .. }
        | Event::Printed(_)
        | Event::Summary(_)
        | Event::Thought(_)
        | Event::Unknown(_) => {}
    }
}

impl Outline {
    /// The whole branch.
    pub fn of(path: &Path) -> io::Result<Self> {
        Self::of_last(path, usize::MAX)
    }

    /// The last chapters of the branch.
    fn of_last(path: &Path, chapters: usize) -> io::Result<Self> {
        let mut tree = Tree::default();
        let mut unreadable = 0;
        let mut lines = Lines::open(path, 0)?;
        while let Some(line) = lines.next()? {
            match line.bytes().map(Record::decode) {
                Some(Ok(record)) => _ = tree.add(line.offset(), &record),
                _ => unreadable += usize::from(line.is_loss()),
            }
        }
        let branch = tree.branch(chapters);
        Ok(Self { path: path.to_owned(), prompts: branch.exchanges, branch, unreadable })
    }

    /// Gives each event to `each`, oldest first; an error of it ends the telling.
    pub fn tell(&self, mut each: impl FnMut(Event<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut results = Results { lines: Lines::open(&self.path, 0)?, branch: &self.branch };
        self.each_record(|record| tell(record, &mut results, &mut each))
    }

    /// Gives each record to `each`, oldest first.
    pub(super) fn records(&self, mut each: impl FnMut(&Record<'_>)) -> io::Result<()> {
        self.each_record(|record| {
            each(record);
            Ok(())
        })
    }

    fn each_record(&self, mut each: impl FnMut(&Record<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut lines = Lines::open(&self.path, 0)?;
        for offset in &self.branch.offsets {
            lines.jump(*offset)?;
            let Some(Ok(record)) = lines.next()?.and_then(RawLine::bytes).map(Record::decode)
            else {
                return Err(io::Error::other("the transcript was rewritten while it was read"));
            };
            each(&record)?;
        }
        Ok(())
    }
}

fn tell(
    record: &Record<'_>,
    results: &mut Results<'_>,
    each: &mut impl FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<()> {
    if record.sidechain {
        return Ok(());
    }
    if begins(record) {
        each(Event::Asked { prompt: &asked(record).unwrap_or_default(), at: record.at })?;
    }
    match &record.kind {
        Kind::Attachment { content: Some(content), .. } => shown(&blocks(*content), each),
        Kind::User(message) if record.compact_summary => {
            each(Event::Summary(&texts(message).join("\n")))
        }
        Kind::User(message) => {
            shown(&message.blocks, each)?;
            printed(message, each)
        }
        Kind::Assistant(message) => said(message, results, each),
        Kind::System { subtype, .. } if subtype == COMPACT_BOUNDARY => each(Event::Compacted),
        _ => Ok(()),
    }
}

fn said(
    message: &Message<'_>,
    results: &mut Results<'_>,
    each: &mut impl FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<()> {
    for block in &message.blocks {
        match block {
            Block::Text(text) if is_nothing(text) => {}
            Block::Text(text) if message.is_synthetic() => each(Event::Notice(text.trim()))?,
            Block::Text(text) => each(Event::Said(text.trim()))?,
            // The model may keep its thoughts to itself, and then only their place is there.
            Block::Thinking(text) if text.trim().is_empty() => {}
            Block::Thinking(text) => each(Event::Thought(text.trim()))?,
            Block::Other(kind) => each(Event::Unknown(kind))?,
            Block::ToolUse { id, name, input } => {
                let mut tool = Tool::called(id, name, input.value());
                results.add_to(&mut tool)?;
                each(Event::Used(&tool))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The pictures and documents among blocks, and what is of an unknown type.
fn shown(
    blocks: &[Block<'_>],
    each: &mut impl FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<()> {
    for block in blocks {
        if let Some(picture) = picture(block) {
            each(Event::Shown(&picture))?;
        } else if let Some(kind) = unknown(block) {
            each(Event::Unknown(kind))?;
        }
    }
    Ok(())
}

/// What a shell command of the person printed.
fn printed(
    message: &Message<'_>,
    each: &mut impl FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<()> {
    for text in message.texts().filter(|text| opens(text, BASH_STDOUT)) {
        let printed = [BASH_STDOUT, BASH_STDERR].map(|tag| inside(text, tag).unwrap_or_default());
        each(Event::Printed(printed.join("\n").trim()))?;
    }
    Ok(())
}

fn texts<'m>(message: &'m Message<'_>) -> Vec<&'m str> {
    message.texts().map(Cow::as_ref).collect()
}

/// The type of a block that nobody here knows.
fn unknown<'b>(block: &'b Block<'_>) -> Option<&'b str> {
    match block {
        Block::Other(kind) => Some(kind),
        _ => None,
    }
}

fn picture(block: &Block<'_>) -> Option<Picture> {
    let (Block::Image(source) | Block::Document(source)) = block else { return None };
    let [media_type, data] =
        source.map_or([None; 2], |source| source.fields(["media_type", "data"]));
    let text = |raw: Option<Raw<'_>>| raw.and_then(Raw::string).unwrap_or_default().into_owned();
    Some(Picture { media_type: text(media_type), data: text(data) })
}

/// The results of tools, which stand elsewhere in the file than the calls.
struct Results<'b> {
    lines: Lines<File>,
    branch: &'b Branch,
}

impl Results<'_> {
    fn add_to(&mut self, tool: &mut Tool) -> io::Result<()> {
        let Some(offset) = self.branch.result(&tool.id) else { return Ok(()) };
        self.lines.jump(offset)?;
        let record = self.lines.next()?.and_then(RawLine::bytes).map(Record::decode);
        let Some(Ok(Record { kind: Kind::User(message), .. })) = record else { return Ok(()) };
        for block in &message.blocks {
            if let Block::ToolResult { id, error, content } = block
                && *id == tool.id
            {
                tool.failed = *error;
                tool.result = content.map(|content| content.text().into_owned());
                let blocks = content.map(blocks).unwrap_or_default();
                tool.pictures = blocks.iter().filter_map(picture).collect();
                tool.others = blocks.iter().filter_map(unknown).map(str::to_owned).collect();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn image() -> Value {
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}})
    }

    fn file(records: &[Value]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let id = |n: usize| Uuid::from_u128(n as u128 + 1);
        for (at, record) in records.iter().enumerate() {
            let mut record = record.clone();
            record["uuid"] = json!(id(at));
            record["parentUuid"] = json!(at.checked_sub(1).map(id));
            writeln!(file, "{record}").unwrap();
        }
        file
    }

    fn message(kind: &str, content: &Value) -> Value {
        json!({"type": kind, "message": {"role": kind, "content": content}})
    }

    fn told(records: &[Value]) -> Vec<String> {
        let mut told = Vec::new();
        let file = file(records);
        let outline = Outline::of(file.path()).unwrap();
        outline
            .tell(|event| {
                told.push(match event {
                    Event::Asked { prompt, .. } => format!("asked {prompt}"),
                    Event::Used(Tool { name, input, result, pictures, failed, .. }) => {
                        format!("used {name} {input} {result:?} {} {failed}", pictures.len())
                    }
                    Event::Shown(picture) => {
                        format!("shown {} {}", picture.media_type, picture.data)
                    }
                    other => format!("{other:?}"),
                });
                Ok(())
            })
            .unwrap();
        told
    }

    #[test]
    fn everything_of_the_branch_is_told() {
        let call =
            json!([{"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}]);
        let result = json!([{"type": "tool_result", "tool_use_id": "t", "is_error": true,
            "content": [{"type": "text", "text": "a\nb"}, image()]}]);
        let told = told(&[
            message("user", &json!("one")),
            message("assistant", &json!([{"type": "text", "text": "first"}])),
            message("user", &json!([image()])),
            message("assistant", &call),
            message("user", &result),
            json!({"type": "attachment", "attachment": {"type": "queued_command",
                "prompt": [{"type": "text", "text": "and this"}, image()]}}),
            message("assistant", &json!([{"type": "text", "text": "done"}])),
            message("user", &json!("<bash-input>ls</bash-input>")),
            message("user", &json!("<bash-stdout>file</bash-stdout><bash-stderr>no</bash-stderr>")),
            json!({"type": "assistant", "message": {"model": "<synthetic>",
                "content": [{"type": "text", "text": "API Error"}]}}),
        ]);
        let expected = [
            "asked one",
            r#"Said("first")"#,
            "asked ",
            "shown image/png AA==",
            r#"used Bash {"command":"ls"} Some("a\nb") 1 true"#,
            "asked and this",
            "shown image/png AA==",
            r#"Said("done")"#,
            "asked ! ls",
            r#"Printed("file\nno")"#,
            r#"Notice("API Error")"#,
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_compaction_is_told_where_it_happened() {
        let mut summary = message("user", &json!("SUMMARY"));
        summary["isCompactSummary"] = json!(true);
        let told = told(&[
            message("user", &json!("one")),
            json!({"type": "system", "subtype": "compact_boundary"}),
            summary,
            message("assistant", &json!([{"type": "text", "text": "done"}])),
        ]);
        assert_eq!(told, ["asked one", "Compacted", r#"Summary("SUMMARY")"#, r#"Said("done")"#]);
    }

    #[test]
    fn chapters_are_taken_from_the_end() {
        let text = |text: &str| json!([{"type": "text", "text": text}]);
        let file = file(&[
            message("assistant", &text("before")),
            message("user", &json!("one")),
            message("assistant", &text("1")),
            message("user", &json!("two")),
            message("assistant", &text("2")),
        ]);
        let prompts = |skip, take| {
            let story = story(file.path(), skip, take).unwrap();
            let prompts = story.chapters.into_iter().map(|chapter| chapter.prompt);
            (prompts.collect::<Vec<_>>(), story.earlier)
        };
        let owned = |prompts: &[&str]| prompts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(prompts(0, 1), (owned(&["two"]), true));
        assert_eq!(prompts(1, 1), (owned(&["one"]), true));
        assert_eq!(prompts(2, 1), (owned(&[""]), false));
        assert_eq!(prompts(0, 9), (owned(&["", "one", "two"]), false));
        assert_eq!(prompts(3, 1), (owned(&[]), false));
        assert_eq!(Outline::of(file.path()).unwrap().prompts, 2);
    }
}
