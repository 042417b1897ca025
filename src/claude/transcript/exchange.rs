//! The records of a branch into exchanges: what the person asked, and what Claude came to say.

use std::borrow::Cow;

use crate::claude::{
    literals::{NO_RESPONSE, is_local_command},
    record::{
        Block, Kind, Message, Record,
        prompt::{Said, said},
    },
};

/// A prompt and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the person said; slash and shell commands as typed.
    pub prompt: String,
    /// When, milliseconds since the Unix epoch.
    pub at: Option<u64>,
    /// What Claude said after its last tool call, or at last if nothing followed one; empty while
    /// there is no text.
    pub answer: String,
    /// Number of tool calls.
    pub tools: usize,
}

/// What a record asks of Claude; `None` where it begins no exchange. A prompt that was folded into a
/// running turn is recorded as an attachment only.
pub(super) fn asked<'a>(record: &Record<'a>) -> Option<Cow<'a, str>> {
    let one = |said| match said {
        Said::Prompt(text) => Some(text),
        Said::Command { name, .. } if is_local_command(&name) => None,
        Said::Command { name, args } => {
            Some(Cow::Owned(format!("{name} {args}").trim_end().to_owned()))
        }
        Said::Shell(_) => None,
    };
    let join = |before, text| Cow::Owned(format!("{before}\n{text}"));
    match &record.kind {
        Kind::Attachment { prompt: Some(text), .. } => said(text).and_then(one),
        Kind::User(_) => record.said().filter_map(one).reduce(join),
        _ => None,
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
        if let Some(prompt) = asked(record) {
            let prompt = prompt.into_owned();
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
                Block::Text(text) if text.trim().is_empty() || text == NO_RESPONSE => {}
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
        let lines = [ASK, folded, notice, &command("/model"), &command("/review")];
        let prompts: Vec<_> = fold(&lines).into_iter().map(|exchange| exchange.prompt).collect();
        assert_eq!(prompts, ["why?", "and how?", "/review 12"]);
    }
}
