//! The records of a branch into exchanges: what the person asked, and what Claude came to say.

use std::borrow::Cow;

use crate::claude::{
    literals::NO_RESPONSE,
    record::{
        Block, Kind, Message, Record, blocks,
        prompt::{UserText, from_peer, said},
    },
};

/// A prompt and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the person said; slash and shell commands as typed; empty where they only showed something.
    pub prompt: String,
    /// When, milliseconds since the Unix epoch.
    pub at: Option<u64>,
    /// What Claude said after its last tool call, or at last if nothing followed one; empty while
    /// there is no text.
    pub answer: String,
    /// Number of tool calls.
    pub tools: usize,
}

/// What a record asks of Claude; `None` where it asks nothing in words. A prompt that was folded into
/// a running turn is recorded as an attachment only; one that was sent into the session's inbox is
/// written down in the CLI's words.
pub(super) fn asked<'a>(record: &Record<'a>) -> Option<Cow<'a, str>> {
    let join = |before, text| Cow::Owned(format!("{before}\n{text}"));
    match &record.kind {
        Kind::Attachment { prompt: Some(text), origin_from: Some(_), .. } => Some(sent(text)),
        Kind::Attachment { prompt: Some(text), .. } => said(text).and_then(in_words),
        Kind::User(Message { origin_from: Some(_), blocks, .. }) if !record.sidechain => {
            let texts = blocks.iter().filter_map(|block| match block {
                Block::Text(text) => Some(sent(text)),
                _ => None,
            });
            texts.reduce(join)
        }
        Kind::User(_) => record.said().filter_map(in_words).reduce(join),
        _ => None,
    }
}

/// Whether a record begins an exchange: it asks something, or shows a picture or a document.
pub(super) fn begins(record: &Record<'_>) -> bool {
    asked(record).is_some() || shows(record)
}

/// Whether the person showed a picture or a document.
pub(super) fn shows(record: &Record<'_>) -> bool {
    let is_shown = |block: &Block<'_>| matches!(block, Block::Image(_) | Block::Document(_));
    match &record.kind {
        Kind::Attachment { content: Some(content), .. } => blocks(*content).iter().any(is_shown),
        _ => record.typed_message().is_some_and(|message| message.blocks.iter().any(is_shown)),
    }
}

/// Whether a text of Claude's says nothing.
pub(super) fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text == NO_RESPONSE
}

/// A message that another session or program sent; empty ones are messages, too.
fn sent<'a>(text: &Cow<'a, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(from_peer(text)),
        Cow::Owned(text) => Cow::Owned(from_peer(text).to_owned()),
    }
}

fn in_words(said: UserText<'_>) -> Option<Cow<'_, str>> {
    match said {
        UserText::Prompt(text) => Some(text),
        UserText::Command { name, args } => {
            Some(Cow::Owned(format!("{name} {args}").trim_end().to_owned()))
        }
        UserText::Shell(command) => Some(Cow::Owned(format!("! {command}"))),
        UserText::Local(_) => None,
    }
}

/// Folds the records of a branch, oldest first.
#[derive(Default)]
pub(super) struct Fold {
    pub(super) exchanges: Vec<Exchange>,
    /// A tool was called since Claude's last text.
    worked: bool,
}

impl Fold {
    pub(super) fn add(&mut self, record: &Record<'_>) {
        if begins(record) {
            let prompt = asked(record).unwrap_or_default().into_owned();
            self.exchanges.push(Exchange { prompt, at: record.at, ..Exchange::default() });
            self.worked = false;
        } else if let Kind::Assistant(message) = &record.kind {
            self.answer(message);
        }
    }

    fn answer(&mut self, message: &Message<'_>) {
        let Some(exchange) = self.exchanges.last_mut() else { return };
        for block in &message.blocks {
            match block {
                Block::Text(text) if is_nothing(text) => {}
                Block::Text(text) => {
                    if self.worked {
                        exchange.answer.clear();
                    } else if !exchange.answer.is_empty() {
                        exchange.answer.push_str("\n\n");
                    }
                    exchange.answer.push_str(text.trim());
                    self.worked = false;
                }
                Block::ToolUse { .. } => {
                    exchange.tools += 1;
                    self.worked = true;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(lines: &[&str]) -> Vec<Exchange> {
        let mut fold = Fold::default();
        for line in lines {
            fold.add(&Record::decode(line.as_bytes()).unwrap());
        }
        fold.exchanges
    }

    const ASK: &str =
        r#"{"type":"user","timestamp":"1970-01-01T00:00:00.007Z","message":{"content":"why?"}}"#;
    const TOOL: &str = r#"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"Bash","input":{}}]}}"#;
    const RESULT: &str = r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}}"#;

    fn text(text: &str) -> String {
        format!(
            r#"{{"type":"assistant","message":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#
        )
    }

    #[test]
    fn the_answer_is_what_follows_the_last_tool() {
        let [look, found, more] = ["Let me look.", "Found it.", "Because."].map(text);
        for (lines, answer, tools) in [
            (&[ASK][..], "", 0),
            (&[ASK, &look], "Let me look.", 0),
            (&[ASK, &look, TOOL, RESULT], "Let me look.", 1),
            (&[ASK, &look, TOOL, RESULT, TOOL, RESULT, &found, &more], "Found it.\n\nBecause.", 2),
            (&[&more, ASK, &text("No response requested.")], "", 0),
        ] {
            let expected =
                Exchange { prompt: "why?".into(), at: Some(7), answer: answer.into(), tools };
            assert_eq!(fold(lines), [expected]);
        }
    }

    #[test]
    fn folded_prompts_and_commands_begin_exchanges() {
        let folded =
            r#"{"type":"attachment","attachment":{"type":"queued_command","prompt":"and how?"}}"#;
        let notice = r#"{"type":"attachment","attachment":{"type":"queued_command","prompt":"<task-notification>x"}}"#;
        let command = |name| {
            format!(
                r#"{{"type":"user","message":{{"content":"<command-name>{name}</command-name><command-args>12</command-args>"}}}}"#
            )
        };
        let shell = r#"{"type":"user","message":{"content":"<bash-input>ls</bash-input>"}}"#;
        let printed = r#"{"type":"user","message":{"content":"<bash-stdout>a</bash-stdout>"}}"#;
        let peer = r#"{"type":"user","isMeta":true,"origin":{"kind":"peer","from":"telegram:x"},"message":{"content":"Another Claude session sent a message:\nwater"}}"#;
        let picture = r#"{"type":"user","message":{"content":[{"type":"image","source":{}}]}}"#;
        let review = command("/review");
        let lines =
            [ASK, folded, notice, &command("/model"), &review, shell, printed, peer, picture];
        let prompts: Vec<_> = fold(&lines).into_iter().map(|exchange| exchange.prompt).collect();
        assert_eq!(prompts, ["why?", "and how?", "/review 12", "! ls", "water", ""]);
    }
}
