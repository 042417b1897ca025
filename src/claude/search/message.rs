//! One record into the texts that are searched, and a match into its excerpt.
//!
//! Searched is what was said and what tools took and gave. What the CLI tells the API beside that
//! (system prompts, tool descriptions, reminders), pictures, and what it keeps for itself are not.

use std::{borrow::Cow, ops::Range};

use serde_json::Value;

use super::{
    query::{Query, Speaker},
    term::Term,
};
use crate::claude::literals::REMINDER;
use crate::claude::record::{
    Block, Kind, Message, Record, blocks,
    prompt::{UserText, from_peer, opens},
};

/// Characters of an excerpt before and behind its first match.
const BEFORE: usize = 60;
const BEHIND: usize = 140;

/// A piece of a message, with what was looked for marked in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// On one line; an ellipsis stands for what is left out.
    pub text: String,
    /// Ranges of bytes, in order and apart.
    pub marks: Vec<Range<usize>>,
}

/// A record that holds what is looked for.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) by: Speaker,
    pub(super) excerpt: Excerpt,
}

/// Whether what is looked for stands in a record: all terms in what one speaker says there.
pub(super) fn holds(record: &Record<'_>, query: &Query) -> Option<Speaker> {
    let texts = texts(record);
    query.speakers.iter().copied().find(|by| found(&texts, *by, query).is_some())
}

/// The same, with the excerpt.
pub(super) fn look(record: &Record<'_>, query: &Query) -> Option<Match> {
    let texts = texts(record);
    query.speakers.iter().find_map(|by| {
        let excerpt = found(&texts, *by, query)?;
        Some(Match { by: *by, excerpt: excerpt_of(excerpt.0, excerpt.1, query) })
    })
}

/// The text of a speaker that the first term stands in, and where; `None` unless all terms stand
/// somewhere.
fn found<'t>(texts: &'t Texts<'_>, by: Speaker, query: &Query) -> Option<(&'t str, Range<usize>)> {
    let of_speaker = || texts.iter().filter(|(who, _)| *who == by).map(|(_, text)| &**text);
    let place = |term: &Term| of_speaker().find_map(|text| Some((text, term.find(text, 0)?)));
    let (first, others) = query.terms.split_first()?;
    let first = place(first)?;
    others.iter().all(|term| place(term).is_some()).then_some(first)
}

/// What a record says, by speaker.
type Texts<'r> = Vec<(Speaker, Cow<'r, str>)>;

fn texts<'r>(record: &'r Record<'_>) -> Texts<'r> {
    match &record.kind {
        Kind::Assistant(message) => of_blocks(&message.blocks),
        Kind::User(message) if record.compact_summary => {
            message.texts().map(|text| (Speaker::Claude, Cow::Borrowed(&**text))).collect()
        }
        Kind::User(message) if message.has_results() => results(message),
        Kind::User(_) if record.meta => Vec::new(),
        // What a sub-agent is asked, Claude has written.
        Kind::User(message) if record.sidechain => of_blocks(&message.blocks),
        Kind::User(message) => said(record, message),
        Kind::Attachment { prompt: Some(prompt), .. } => {
            vec![(Speaker::User, Cow::Borrowed(from_peer(prompt)))]
        }
        _ => Vec::new(),
    }
}

fn said<'r>(record: &'r Record<'_>, message: &'r Message<'_>) -> Texts<'r> {
    let said = record.said().map(|said| match said {
        UserText::Prompt(text) => match message.origin_from {
            Some(_) => from_peer(&text).to_owned(),
            None => text.into_owned(),
        },
        UserText::Command { name, args } => format!("{name} {args}"),
        UserText::Local(name) => name,
        UserText::Shell(command) => format!("!{command}"),
    });
    let mut texts: Texts<'_> = said.map(|text| (Speaker::User, Cow::Owned(text))).collect();
    if texts.is_empty() {
        // What a command printed, a task that ended, and other notices.
        let printed = message.texts().filter(|text| !opens(text.trim_start(), REMINDER));
        texts.extend(printed.map(|text| (Speaker::Tools, Cow::Borrowed(&**text))));
    }
    texts
}

fn of_blocks<'r>(blocks: &'r [Block<'_>]) -> Texts<'r> {
    let mut texts = Vec::new();
    for block in blocks {
        match block {
            Block::Text(text) | Block::Thinking(text) => {
                texts.push((Speaker::Claude, Cow::Borrowed(&**text)));
            }
            Block::ToolUse { name, input, .. } => {
                texts.push((Speaker::Tools, Cow::Borrowed(&**name)));
                strings(input.value(), &mut texts);
            }
            _ => {}
        }
    }
    texts
}

/// Every text in a tool's input.
fn strings(input: Value, texts: &mut Texts<'_>) {
    match input {
        Value::String(text) => texts.push((Speaker::Tools, Cow::Owned(text))),
        Value::Array(all) => all.into_iter().for_each(|value| strings(value, texts)),
        Value::Object(fields) => fields.into_iter().for_each(|(_, value)| strings(value, texts)),
        _ => {}
    }
}

fn results<'r>(message: &'r Message<'_>) -> Texts<'r> {
    let mut texts = Vec::new();
    for block in &message.blocks {
        match block {
            Block::ToolResult { content: Some(content), .. } => {
                let text = content.string().unwrap_or_else(|| of_result(&blocks(*content)));
                texts.push((Speaker::Tools, text));
            }
            Block::Text(text) => texts.push((Speaker::Tools, Cow::Borrowed(&**text))),
            _ => {}
        }
    }
    texts
}

fn of_result<'r>(blocks: &[Block<'_>]) -> Cow<'r, str> {
    let texts = blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(&**text),
        _ => None,
    });
    Cow::Owned(texts.collect::<Vec<_>>().join("\n"))
}

/// What stands around a match on one line, every term in it marked.
pub(super) fn excerpt_of(text: &str, first: Range<usize>, query: &Query) -> Excerpt {
    let from = text[..first.start].char_indices().rev().take(BEFORE).last();
    let from = from.map_or(first.start, |(at, _)| at);
    let to =
        text[first.end..].char_indices().nth(BEHIND).map_or(text.len(), |(at, _)| first.end + at);
    let cut = &text[from..to];
    let mut line = String::with_capacity(cut.len());
    line.push_str(if from > 0 { "…" } else { "" });
    let words: Vec<&str> = cut.split_whitespace().collect();
    line.push_str(&words.join(" "));
    line.push_str(if to < text.len() { "…" } else { "" });
    let mut marks: Vec<Range<usize>> = Vec::new();
    for term in &query.terms {
        let mut at = 0;
        while let Some(found) = term.find(&line, at) {
            at = found.end;
            marks.push(found);
        }
    }
    marks.sort_unstable_by_key(|mark| (mark.start, mark.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for mark in marks {
        match apart.last_mut().filter(|last| mark.start <= last.end) {
            Some(last) => last.end = last.end.max(mark.end),
            None => apart.push(mark),
        }
    }
    Excerpt { text: line, marks: apart }
}
