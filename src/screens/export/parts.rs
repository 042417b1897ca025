//! What every format says of a session, a tool, a picture and a compaction, in words.

use std::path::Path;

use serde_json::Value;

use crate::{
    bridge::work::subject,
    claude::{
        session::Session,
        transcript::story::{Outline, Picture, Tool},
    },
    screens::words::{self, tool_name},
};

/// What stands where the conversation was compacted.
pub(super) const COMPACTED: &str = "Compacted here: of what came before, Claude knows the summary.";

/// Bytes of one input or result of a tool: a page with megabytes in a fold can hardly be opened on a
/// phone. What is left out is said.
const PAYLOAD: usize = 1 << 20;

/// What stands above a session.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The session's title.
    pub title: String,
    /// Where it happened, on which branch, when, how much it is, and what of it could not be read.
    pub facts: Vec<String>,
}

impl Heading {
    /// Of a session whose transcript was read; `home` is the person's home directory.
    pub fn of(session: &Session, outline: &Outline, home: &Path) -> Self {
        let mut facts = vec![words::path(&session.project, home)];
        facts.extend(words::branch(session.branch.as_deref()));
        facts.push(words::clock(session.modified / 1_000));
        facts.push(words::plural(outline.prompts as u64, "prompt"));
        facts.extend(words::unreadable(outline.unreadable));
        Self { title: session.title.clone(), facts }
    }
}

/// The line that a folded tool shows.
pub(super) fn headline(tool: &Tool) -> String {
    let mark = if tool.failed { "✗" } else { "✓" };
    let subject = subject(&tool.name, &tool.input);
    format!("{mark} {} {}", tool_name(&tool.name), words::line(&subject, 120)).trim().to_owned()
}

/// All that a tool was called with: a command as it was typed, and before it how it was to run.
pub(super) fn input(tool: &Tool) -> Option<String> {
    let fields = tool.input.as_object()?;
    let json = |value: &Value| serde_json::to_string(value).ok();
    match fields.get("command").and_then(Value::as_str) {
        Some(command) => {
            let how = fields.iter().filter(|(name, _)| *name != "command");
            let mut lines: Vec<_> = how
                .filter_map(|(name, value)| Some(format!("# {name}: {}", json(value)?)))
                .collect();
            lines.push(command.to_owned());
            Some(lines.join("\n"))
        }
        None if fields.is_empty() => None,
        None => serde_json::to_string_pretty(&tool.input).ok(),
    }
}

/// A text of a tool, whole, or its beginning and how much is left out.
pub(super) fn payload(text: &str) -> (&str, Option<String>) {
    if text.len() <= PAYLOAD {
        return (text, None);
    }
    let end = (0..=PAYLOAD).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let kept = &text[..end];
    let left_out = words::bytes((text.len() - kept.len()) as u64);
    (kept, Some(format!("[{left_out} more are left out here.]")))
}

/// What stands for a picture or document that is not shown.
pub(super) fn named(picture: &Picture) -> String {
    let what = if picture.media_type.starts_with("image/") { "picture" } else { "document" };
    let kind = match words::line(&picture.media_type, 60) {
        kind if kind.is_empty() => "of an unknown kind".to_owned(),
        kind => kind,
    };
    if picture.data.is_empty() {
        return format!("[{what}, {kind}, not in the file]");
    }
    format!("[{what}, {kind}, {}]", words::bytes(picture.data.len() as u64 / 4 * 3))
}

/// What stands for something of a type that is not known here.
pub(super) fn unknown(kind: &str) -> String {
    match words::line(kind, 60) {
        kind if kind.is_empty() => "[of an unknown kind, not shown]".to_owned(),
        kind => format!("[{kind}, not shown]"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_of_a_tools_input_is_told() {
        for (value, expected) in [
            (json!({"command": "ls\npwd"}), Some("ls\npwd")),
            (
                json!({"command": "ls", "timeout": 9, "description": "List\nit"}),
                Some("# description: \"List\\nit\"\n# timeout: 9\nls"),
            ),
            (json!({"command": 7}), Some("{\n  \"command\": 7\n}")),
            (json!({}), None),
            (json!(null), None),
        ] {
            let tool = Tool::called("", "Bash", value);
            assert_eq!(input(&tool).as_deref(), expected);
        }
    }

    #[test]
    fn what_is_cut_is_said() {
        assert_eq!(payload("short"), ("short", None));
        let long = "é".repeat(PAYLOAD);
        let (kept, left_out) = payload(&long);
        assert_eq!(kept.len(), PAYLOAD);
        assert_eq!(left_out.as_deref(), Some("[1 MB more are left out here.]"));
    }

    #[test]
    fn what_is_not_shown_is_named() {
        let of = |media_type: &str, data: &str| {
            named(&Picture { media_type: media_type.into(), data: data.into() })
        };
        assert_eq!(of("image/heic", &"A".repeat(4096)), "[picture, image/heic, 3 kB]");
        assert_eq!(of("application/pdf", "AAAA"), "[document, application/pdf, 3 bytes]");
        assert_eq!(of("image/png", ""), "[picture, image/png, not in the file]");
        assert_eq!(of("", "AAAA"), "[document, of an unknown kind, 3 bytes]");
    }
}
