//! What of a record the person said.
//!
//! Slash commands, shell commands, their output, and notices of hooks, editors and other sessions are
//! all written as `user` records, wrapped in tags. Which wrappers there are stands in
//! [`literals`](crate::claude::literals); a text that begins with any other tag was typed.

use std::borrow::Cow;

use super::{Block, Kind, Message, Record};
use crate::claude::literals::{
    BASH_INPUT, COMMAND_ARGS, COMMAND_MESSAGE, COMMAND_NAME, INTERRUPTED, PEER_BEGIN, PEER_END,
    REMINDER, SENT_AT, SYNTHETIC, is_local_command, is_wrapper,
};

/// One thing the person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserText<'a> {
    /// A prompt, as typed, without white space around it.
    Prompt(Cow<'a, str>),
    /// A slash command that goes to Claude: a skill, a command of the project, `/init`.
    Command {
        /// As typed: `/review`.
        name: String,
        /// What follows it; may be empty.
        args: String,
    },
    /// A slash command that the CLI answers by itself, by name.
    Local(String),
    /// A shell command, typed after `!`: Claude reads what it printed, and answers (since 2.1.186).
    Shell(String),
}

impl<'a> Record<'a> {
    /// The text of a prompt of the person; `None` for everything else: Claude, tool results, what
    /// the CLI, a hook or an editor wrote in the person's name, sub-agents, summaries, and slash and
    /// shell commands, which [`Record::said`] tells.
    pub fn prompt(&self) -> Option<Cow<'a, str>> {
        let prompts = self.said().filter_map(|said| match said {
            UserText::Prompt(text) => Some(text),
            UserText::Command { .. } | UserText::Local(_) | UserText::Shell(_) => None,
        });
        prompts.reduce(|before, text| Cow::Owned(format!("{before}\n{text}")))
    }

    /// What the person said, by text block; empty for records of which they said nothing.
    pub fn said(&self) -> impl Iterator<Item = UserText<'a>> {
        self.texts().filter_map(said)
    }

    /// The text blocks of a record that the person wrote, unless nobody wrote it.
    pub(in crate::claude) fn texts(&self) -> impl Iterator<Item = &Cow<'a, str>> {
        self.typed_message().into_iter().flat_map(Message::texts)
    }

    /// The message of a record that the person wrote; `None` for results of tools, summaries,
    /// sub-agents, and what the CLI wrote in the person's name.
    pub(in crate::claude) fn typed_message(&self) -> Option<&Message<'a>> {
        let silent =
            self.meta || self.compact_summary || self.sidechain || self.parent_tool.is_some();
        match &self.kind {
            Kind::User(message) if !silent && !message.has_results() => Some(message),
            _ => None,
        }
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
pub(in crate::claude) fn said<'a>(text: &Cow<'a, str>) -> Option<UserText<'a>> {
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(typed(text)),
        Cow::Owned(text) => Cow::Owned(typed(text).to_owned()),
    };
    if opens(&text, COMMAND_MESSAGE) || opens(&text, COMMAND_NAME) {
        return command(&text);
    }
    if opens(&text, BASH_INPUT) {
        let command = inside(&text, BASH_INPUT).filter(|command| !command.is_empty())?;
        return Some(UserText::Shell(command.into()));
    }
    let theirs =
        text.is_empty() || text.starts_with(INTERRUPTED) || tag(&text).is_some_and(is_wrapper);
    (!theirs).then_some(UserText::Prompt(text))
}

/// The text of a message that another session sent, without the words that the CLI puts around it.
pub(in crate::claude) fn from_peer(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix(PEER_BEGIN).unwrap_or(text);
    text.find(PEER_END).map_or(text, |end| &text[..end]).trim()
}

/// What was typed of a text: without the reminders for Claude in front of it, the time that the CLI
/// notes behind it, and white space.
fn typed(text: &str) -> &str {
    let mut text = text.trim();
    while opens(text, REMINDER)
        && let Some(end) = text.find(&format!("</{REMINDER}>"))
    {
        text = text[end + REMINDER.len() + 3..].trim_start();
    }
    let close = format!("</{REMINDER}>");
    match text.rfind(SENT_AT) {
        Some(note) if text[note..].find(&close) == Some(text.len() - note - close.len()) => {
            text[..note].trim_end()
        }
        _ => text,
    }
}

/// The slash command of a text that begins as the CLI writes them down. One that goes to Claude
/// begins with its message, whatever its name: a command of the project may have the name of one of
/// the CLI's own. Other programs, and older versions, do not keep to that order, so then the name
/// decides.
fn command<'a>(text: &str) -> Option<UserText<'a>> {
    let name = inside(text, COMMAND_NAME).filter(|name| !name.is_empty())?;
    let is_for_claude = opens(text, COMMAND_MESSAGE) || name == "/init" || !is_local_command(name);
    Some(if is_for_claude {
        let args = inside(text, COMMAND_ARGS).unwrap_or_default();
        UserText::Command { name: name.into(), args: args.into() }
    } else {
        UserText::Local(name.into())
    })
}

/// The name of the tag that a text begins with, as the CLI, hooks and editors write them: lower-case
/// letters, digits, `-` and `_`, and then `>` or attributes.
pub(in crate::claude) fn tag(text: &str) -> Option<&str> {
    let text =
        text.strip_prefix('<').filter(|tag| tag.starts_with(|c: char| c.is_ascii_lowercase()))?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let (name, rest) = text.split_at(text.find(|c| !is_name(c))?);
    rest.starts_with(|c: char| c == '>' || c.is_whitespace()).then_some(name)
}

/// Whether a text begins with `<tag>`.
pub(in crate::claude) fn opens(text: &str, tag: &str) -> bool {
    let text = text.strip_prefix('<').and_then(|text| text.strip_prefix(tag));
    text.is_some_and(|text| text.starts_with('>'))
}

/// The trimmed text between `<tag>` and `</tag>`, wherever it stands.
pub(in crate::claude) fn inside<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
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
            (r#""<div class=\"x\">why?</div>""#, "<div class=\"x\">why?</div>"),
            (r#""<task>explain it</task>""#, "<task>explain it</task>"),
            (r#""<foo_bar>x""#, "<foo_bar>x"),
            (
                r#""the log says <command-name>/foo</command-name>, why?""#,
                "the log says <command-name>/foo</command-name>, why?",
            ),
            (
                r#""<system-reminder>a</system-reminder>\n<system-reminder>b</system-reminder>\nwhy?""#,
                "why?",
            ),
            (r#""why?\n<system-reminder>Message sent at Thu 10:00</system-reminder>\n""#, "why?"),
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
            r#""<bash-stdout>a</bash-stdout><bash-stderr></bash-stderr>""#,
            r#""<task-notification>x</task-notification>\nRead the output file""#,
            r#""<system-reminder>a</system-reminder>""#,
            r#""<system-reminder>torn""#,
            r#""[Request interrupted by user]""#,
            r#"[{"type":"text","text":"[Request interrupted by user for tool use]"}]"#,
            r#""<ide_selection>fn main() {}</ide_selection> and more""#,
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
        let command = |name: &str, args: &str| UserText::Command {
            name: name.to_owned(),
            args: args.to_owned(),
        };
        let local = |name: &str| UserText::Local(name.to_owned());
        for (text, expected) in [
            ("<command-name>/clear</command-name>\n<command-args></command-args>", local("/clear")),
            (
                "<command-name>/cost</command-name>\n<command-message>cost</command-message>",
                local("/cost"),
            ),
            (
                "<command-message>cost</command-message>\n<command-name>/cost</command-name>",
                command("/cost", ""),
            ),
            (
                "<command-message>init</command-message>\n<command-name>/init</command-name>",
                command("/init", ""),
            ),
            ("<command-name>/init</command-name>", command("/init", "")),
            (
                "<command-message>fix</command-message><command-name>/fix</command-name><command-args>12\n</command-args>",
                command("/fix", "12"),
            ),
            (
                "<command-name>/fix</command-name><command-args>12</command-args>",
                command("/fix", "12"),
            ),
            ("<bash-input>ls -l</bash-input> more", UserText::Shell("ls -l".to_owned())),
        ] {
            assert_eq!(said(&text.into()), Some(expected), "{text}");
            let line = user(&serde_json::to_string(text).unwrap());
            check(&line, None);
        }
    }

    #[test]
    fn the_words_around_a_message_of_another_session_are_taken_off() {
        let sent = "Another Claude session sent a message:\nwater\nthem\n\nThis came from another Claude session — not typed by your user.";
        assert_eq!(from_peer(sent), "water\nthem");
        assert_eq!(from_peer(" water "), "water");
    }
}
