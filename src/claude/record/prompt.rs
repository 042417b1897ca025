//! What of a record the person said: the rules by which the CLI finds a session's first prompt.

use std::borrow::Cow;

use super::{Block, Kind, Message, Record};

/// Beginnings of texts that the CLI or a hook put into the conversation in the person's name.
const NOT_SAID: [&str; 8] = [
    "<local-command-",
    "<session-start-hook>",
    "<user-prompt-submit-hook>",
    "<system-reminder>",
    "<task-notification>",
    "<tick>",
    "<goal>",
    "[Request interrupted by user",
];

/// What marks a text as a slash command, anywhere in it.
const COMMAND: &str = "<command-name>";

/// Tags of what an editor tells Claude; a text that is nothing but one of them was not said.
const EDITOR: [&str; 3] = ["ide_opened_file>", "ide_selection>", "ide_diagnostics>"];

impl<'a> Record<'a> {
    /// The text of a prompt of the person; `None` for everything else: Claude, tool results, what
    /// the CLI, a hook or an editor wrote in the person's name, sub-agents, summaries, and slash
    /// commands, which [`Record::command`] returns.
    pub fn prompt(&self) -> Option<Cow<'a, str>> {
        let said = self.said()?.filter(|text| !text.contains(COMMAND));
        said.reduce(|before, text| Cow::Owned(format!("{before}\n{text}")))
    }

    /// The slash command of a record that is one, as typed without its arguments: `/clear`.
    pub fn command(&self) -> Option<Cow<'a, str>> {
        self.said()?.find_map(|text| {
            let (_, after) = text.split_once(COMMAND)?;
            let (name, _) = after.split_once("</command-name>")?;
            let name = name.trim();
            (!name.is_empty()).then(|| Cow::Owned(name.to_owned()))
        })
    }

    /// The texts in the person's name, without those that nobody said.
    fn said(&self) -> Option<impl Iterator<Item = Cow<'a, str>>> {
        let Kind::User(message) = &self.kind else {
            return None;
        };
        let silent =
            self.meta || self.compact_summary || self.sidechain || self.parent_tool.is_some();
        (!silent && !message.has_results()).then(|| message.texts().filter_map(spoken))
    }
}

impl<'a> Message<'a> {
    /// Its text blocks, in order.
    pub fn texts(&self) -> impl Iterator<Item = &Cow<'a, str>> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Text(text) => Some(text),
            _ => None,
        })
    }

    /// Whether it carries results of tools.
    pub fn has_results(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, Block::ToolResult { .. }))
    }
}

/// A text without the white space around it; `None` where the person did not say it.
fn spoken<'a>(text: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    let said = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    let tag = said.strip_prefix('<');
    let editor = EDITOR.iter().any(|name| {
        let closing = said.strip_suffix(name).and_then(|said| said.strip_suffix("</"));
        tag.is_some_and(|tag| tag.starts_with(name)) && closing.is_some()
    });
    let silent = said.is_empty() || editor || NOT_SAID.iter().any(|start| said.starts_with(start));
    (!silent).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, prompt: Option<&str>, command: Option<&str>) {
        let record = Record::decode(line.as_bytes()).unwrap();
        assert_eq!(record.prompt().as_deref(), prompt, "{line}");
        assert_eq!(record.command().as_deref(), command, "{line}");
    }

    /// A user record whose content is `content`.
    fn user(content: &str) -> String {
        format!(r#"{{"type":"user","message":{{"role":"user","content":{content}}}}}"#)
    }

    #[test]
    fn what_the_person_typed_is_a_prompt() {
        for (content, prompt) in [
            (r#""  water the beans \n""#, "water the beans"),
            (r#""line one\nline two""#, "line one\nline two"),
            (r#"[{"type":"text","text":"look"},{"type":"image","source":{}}]"#, "look"),
            (r#"[{"type":"text","text":"one"},{"type":"text","text":"two"}]"#, "one\ntwo"),
            (
                r#"[{"type":"text","text":"<ide_opened_file>a.rs</ide_opened_file>"},{"type":"text","text":"why?"}]"#,
                "why?",
            ),
            (r#""<div> is not centred""#, "<div> is not centred"),
        ] {
            check(&user(content), Some(prompt), None);
        }
    }

    #[test]
    fn what_nobody_typed_is_none() {
        for content in [
            r#""""#,
            r#""  ""#,
            "5",
            "null",
            r#""<local-command-stdout>ok</local-command-stdout>""#,
            r#""<local-command-caveat>Caveat: …</local-command-caveat>""#,
            r#""[Request interrupted by user]""#,
            r#"[{"type":"text","text":"[Request interrupted by user for tool use]"}]"#,
            r#""<ide_selection>fn main() {}</ide_selection>""#,
            r#"[{"type":"tool_result","tool_use_id":"t","content":"x"},{"type":"text","text":"y"}]"#,
        ] {
            check(&user(content), None, None);
        }
        for flag in ["isMeta", "isSidechain", "isCompactSummary"] {
            let line = user(r#""hello""#).replacen('{', &format!(r#"{{"{flag}":true,"#), 1);
            check(&line, None, None);
        }
        check(r#"{"type":"assistant","message":{"content":"hello"}}"#, None, None);
        check(r#"{"type":"user"}"#, None, None);
    }

    #[test]
    fn slash_commands_are_commands() {
        let wrapped =
            "<command-name>/clear</command-name>\\n<command-message>clear</command-message>";
        check(&user(&format!("\"{wrapped}\"")), None, Some("/clear"));
        let message_first =
            "<command-message>fix</command-message><command-name>/fix</command-name>";
        check(&user(&format!("\"{message_first}\"")), None, Some("/fix"));
    }
}
