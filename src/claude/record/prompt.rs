//! What of a record the person said: the rules by which the CLI finds a session's first prompt.
//!
//! Slash commands, shell commands, output, notices of hooks and editors are all written as `user`
//! records, wrapped in tags; these rules (seen on 2.1.328) tell them from what was typed.

use std::borrow::Cow;

use super::{Block, Kind, Message, Record};
use crate::claude::literals::{BASH_INPUT, COMMAND_ARGS, COMMAND_NAME, INTERRUPTED, SYNTHETIC};

/// One thing the person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// A prompt, as typed, without white space around it.
    Prompt(Cow<'a, str>),
    /// A slash command.
    Command {
        /// As typed: `/review`.
        name: String,
        /// What follows it; may be empty.
        args: String,
    },
    /// A shell command, typed after `!`.
    Shell(String),
}

impl<'a> Record<'a> {
    /// The text of a prompt of the person; `None` for everything else: Claude, tool results, what
    /// the CLI, a hook or an editor wrote in the person's name, sub-agents, summaries, and slash and
    /// shell commands, which [`Record::said`] tells.
    pub fn prompt(&self) -> Option<Cow<'a, str>> {
        let prompts = self.said().filter_map(|said| match said {
            Said::Prompt(text) => Some(text),
            Said::Command { .. } | Said::Shell(_) => None,
        });
        prompts.reduce(|before, text| Cow::Owned(format!("{before}\n{text}")))
    }

    /// What the person said, by text block; empty for records of which they said nothing.
    pub fn said(&self) -> impl Iterator<Item = Said<'a>> {
        let silent =
            self.meta || self.compact_summary || self.sidechain || self.parent_tool.is_some();
        let message = match &self.kind {
            Kind::User(message) if !silent && !message.has_results() => Some(message),
            _ => None,
        };
        message.into_iter().flat_map(Message::texts).filter_map(said)
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

    /// Whether the CLI wrote it in Claude's place: an error, a notice.
    pub fn is_synthetic(&self) -> bool {
        self.model.as_deref() == Some(SYNTHETIC)
    }

    /// Whether it notes that the person interrupted the turn.
    pub fn is_interruption(&self) -> bool {
        self.texts().any(|text| text.starts_with(INTERRUPTED))
    }

    /// Whether it carries results of tools.
    pub fn has_results(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, Block::ToolResult { .. }))
    }
}

/// What one text says; `None` where the person did not say it.
pub(in crate::claude) fn said<'a>(text: &Cow<'a, str>) -> Option<Said<'a>> {
    let said = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    if let Some(name) = inside(&said, COMMAND_NAME) {
        let args = inside(&said, COMMAND_ARGS).unwrap_or_default();
        return (!name.is_empty()).then(|| Said::Command { name: name.into(), args: args.into() });
    }
    if opens(&said, BASH_INPUT) {
        let command = inside(&said, BASH_INPUT).filter(|command| !command.is_empty())?;
        return Some(Said::Shell(command.into()));
    }
    let typed = !said.is_empty() && !said.starts_with(INTERRUPTED) && !is_tagged(&said);
    typed.then_some(Said::Prompt(said))
}

/// Whether a text begins with a tag as the CLI, hooks and editors write them: a name of lower-case
/// letters, digits, `-` and `_`, and then `>` or attributes. Whatever stands after it is theirs too.
fn is_tagged(text: &str) -> bool {
    let Some(tag) =
        text.strip_prefix('<').filter(|tag| tag.starts_with(|c: char| c.is_ascii_lowercase()))
    else {
        return false;
    };
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    tag.trim_start_matches(name).starts_with(|c: char| c == '>' || c.is_whitespace())
}

/// Whether a text begins with `<tag>`.
pub(in crate::claude) fn opens(text: &str, tag: &str) -> bool {
    text.strip_prefix('<')
        .and_then(|text| text.strip_prefix(tag))
        .is_some_and(|text| text.starts_with('>'))
}

/// The trimmed text between `<tag>` and `</tag>`, wherever it stands.
fn inside<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    let (_, after) = text.split_once(&format!("<{tag}>"))?;
    let (inside, _) = after.split_once(&format!("</{tag}>"))?;
    Some(inside.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, prompt: Option<&str>) {
        let record = Record::decode(line.as_bytes()).unwrap();
        assert_eq!(record.prompt().as_deref(), prompt, "{line}");
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
            (r#""<Foo>x</Foo>""#, "<Foo>x</Foo>"),
            (r#""<br/>x""#, "<br/>x"),
            (r#""<x:y>z</x:y>""#, "<x:y>z</x:y>"),
            (r#""</b> x""#, "</b> x"),
            (r#""<!-- x -->""#, "<!-- x -->"),
            (r#""a < b and <b> too""#, "a < b and <b> too"),
            (r#""[Request for comments]""#, "[Request for comments]"),
        ] {
            check(&user(content), Some(prompt));
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
            r#""<ide_selection>fn main() {}</ide_selection> and more""#,
            r#""<foo_bar>x""#,
            r#""<teammate-message teammate_id=\"x\">y</teammate-message>""#,
            r#""<bash-input></bash-input>""#,
            r#""<command-name></command-name>""#,
            r#"[{"type":"tool_result","tool_use_id":"t","content":"x"},{"type":"text","text":"y"}]"#,
        ] {
            check(&user(content), None);
        }
        for flag in ["isMeta", "isSidechain", "isCompactSummary"] {
            let line = user(r#""hello""#).replacen('{', &format!(r#"{{"{flag}":true,"#), 1);
            check(&line, None);
        }
        check(r#"{"type":"assistant","message":{"content":"hello"}}"#, None);
        check(r#"{"type":"user"}"#, None);
    }

    #[test]
    fn commands_are_told_from_prompts() {
        let command =
            |name: &str, args: &str| Said::Command { name: name.to_owned(), args: args.to_owned() };
        for (text, expected) in [
            (
                "<command-name>/clear</command-name>\n<command-args></command-args>",
                command("/clear", ""),
            ),
            (
                "<command-message>fix</command-message><command-name>/fix</command-name><command-args>12\n</command-args>",
                command("/fix", "12"),
            ),
            ("before <command-name>x</command-name>", command("x", "")),
            ("<bash-input>ls -l</bash-input> more", Said::Shell("ls -l".to_owned())),
        ] {
            assert_eq!(said(&text.into()), Some(expected), "{text}");
            let line = user(&serde_json::to_string(text).unwrap());
            check(&line, None);
        }
    }
}
