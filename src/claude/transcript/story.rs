//! A transcript into all that was said and done in it, for whoever reads a session again.
//!
//! Where [`exchanges`](super::exchanges) tells what came of a prompt, this tells how: every text,
//! every tool with what it was used on and what it gave, and the pictures.

use std::{io, path::Path};

use serde_json::Value;

use super::{exchange::asked, tree::Tree};
use crate::claude::{
    jsonl::{Line, Lines},
    record::{Block, Kind, Message, Record},
};

/// A part of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// Oldest first.
    pub chapters: Vec<Chapter>,
    /// There are older ones on the same branch.
    pub earlier: bool,
}

/// A prompt and all that followed from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chapter {
    /// What the person said; empty where it was pictures alone.
    pub prompt: String,
    /// What they showed.
    pub pictures: Vec<Picture>,
    /// When, milliseconds since the Unix epoch.
    pub at: Option<u64>,
    /// What Claude said and did, in order.
    pub parts: Vec<Part>,
}

/// A picture as it went to the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `image/png`, …: what the transcript says.
    pub media_type: String,
    /// Base64, as the transcript has it.
    pub data: String,
}

/// One thing that Claude said or did.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Said; Markdown.
    Said(String),
    /// A tool.
    Used(Tool),
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
    /// What it gave; none where nothing came back.
    pub result: Option<String>,
    /// It failed, or was refused.
    pub failed: bool,
}

/// The last `take` chapters of the active branch that come before its last `skip`.
pub fn story(path: &Path, skip: usize, take: usize) -> io::Result<Story> {
    let mut tree = Tree::default();
    let mut lines = Lines::open(path, 0)?;
    while let Some(line) = lines.next()? {
        if let Some(Ok(record)) = line.bytes().map(Record::decode) {
            tree.add(line.offset(), &record, begins(&record));
        }
    }
    // One more than is wanted tells whether there is one.
    let wanted = skip.saturating_add(take).saturating_add(1);
    let mut chapters = Vec::new();
    for offset in tree.branch(wanted) {
        lines.jump(offset)?;
        if let Some(bytes) = lines.next()?.and_then(Line::bytes)
            && let Ok(record) = Record::decode(bytes)
        {
            add(&mut chapters, &record, bytes);
        }
    }
    chapters.truncate(chapters.len().saturating_sub(skip));
    let earlier = chapters.len() > take;
    chapters.drain(..chapters.len().saturating_sub(take));
    Ok(Story { chapters, earlier })
}

fn begins(record: &Record<'_>) -> bool {
    asked(record).is_some() || shows(record)
}

/// Whether the person showed pictures.
fn shows(record: &Record<'_>) -> bool {
    let Kind::User(message) = &record.kind else { return false };
    let silent = record.meta || record.compact_summary || record.sidechain;
    !silent
        && !message.has_results()
        && message.blocks.iter().any(|block| matches!(block, Block::Image))
}

fn add(chapters: &mut Vec<Chapter>, record: &Record<'_>, bytes: &[u8]) {
    if begins(record) {
        let prompt = asked(record).unwrap_or_default().into_owned();
        let pictures = if shows(record) { pictures(bytes) } else { Vec::new() };
        chapters.push(Chapter { prompt, pictures, at: record.at, parts: Vec::new() });
        return;
    }
    let Some(chapter) = chapters.last_mut().filter(|_| !record.sidechain) else { return };
    match &record.kind {
        Kind::Assistant(message) if !message.is_synthetic() => said(chapter, message),
        Kind::User(message) => results(chapter, message),
        _ => {}
    }
}

fn said(chapter: &mut Chapter, message: &Message<'_>) {
    for block in &message.blocks {
        match block {
            Block::Text(text) if !text.trim().is_empty() => {
                chapter.parts.push(Part::Said(text.trim().to_owned()));
            }
            Block::ToolUse { id, name, input } => chapter.parts.push(Part::Used(Tool {
                id: id.to_string(),
                name: name.to_string(),
                input: input.value(),
                result: None,
                failed: false,
            })),
            _ => {}
        }
    }
}

fn results(chapter: &mut Chapter, message: &Message<'_>) {
    for block in &message.blocks {
        let Block::ToolResult { id, error, content } = block else { continue };
        for part in &mut chapter.parts {
            if let Part::Used(tool) = part
                && tool.id == *id
            {
                tool.failed = *error;
                tool.result = content.map(|content| content.text().into_owned());
            }
        }
    }
}

/// The pictures of a prompt's line.
fn pictures(bytes: &[u8]) -> Vec<Picture> {
    let line: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let blocks = line.pointer("/message/content").and_then(Value::as_array);
    let of = |block: &Value| {
        let source = block.get("source")?;
        let text = |name: &str| source.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Picture { media_type: text("media_type")?, data: text("data")? })
    };
    blocks.into_iter().flatten().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn file(records: &[(&str, Value)]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let id = |n: usize| Uuid::from_u128(n as u128 + 1);
        for (at, (kind, content)) in records.iter().enumerate() {
            let parent = at.checked_sub(1).map(id);
            let message = json!({"role": kind, "content": content});
            let line =
                json!({"type": kind, "uuid": id(at), "parentUuid": parent, "message": message});
            writeln!(file, "{line}").unwrap();
        }
        file
    }

    #[test]
    fn everything_of_the_branch_is_told() {
        let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}});
        let file = file(&[
            ("user", json!("one")),
            ("assistant", json!([{"type": "text", "text": "first"}])),
            ("user", json!([image])),
            (
                "assistant",
                json!([{"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}]),
            ),
            (
                "user",
                json!([{"type": "tool_result", "tool_use_id": "t", "content": "a\nb", "is_error": true}]),
            ),
            ("assistant", json!([{"type": "text", "text": "done"}])),
        ]);
        let all = story(file.path(), 0, usize::MAX).unwrap();
        let prompts: Vec<_> = all.chapters.iter().map(|chapter| chapter.prompt.as_str()).collect();
        assert_eq!((prompts, all.earlier), (vec!["one", ""], false));
        let [_, second] = &all.chapters[..] else { panic!("{all:?}") };
        assert_eq!(second.pictures[0].data, "AA==");
        let [Part::Used(tool), Part::Said(last)] = &second.parts[..] else { panic!("{second:?}") };
        assert_eq!((tool.result.as_deref(), tool.failed, &**last), (Some("a\nb"), true, "done"));
        let newest = story(file.path(), 0, 1).unwrap();
        assert_eq!((newest.chapters.len(), newest.earlier), (1, true));
        let older = story(file.path(), 1, 1).unwrap();
        assert_eq!((older.chapters[0].prompt.as_str(), older.earlier), ("one", false));
        assert_eq!(story(file.path(), 2, 1).unwrap().chapters, []);
    }
}
