//! A whole session to be kept or passed on: as a page, or as Markdown.
//!
//! What is in a session comes from anywhere: web pages, files, the output of programs. Of all that,
//! nothing is markup here but what is written in these files.

mod html;
pub mod markdown;
pub mod patch;

use crate::{
    bridge::work::subject,
    claude::{
        session::SessionId,
        transcript::story::{Story, Tool},
    },
    screens::{row, screen, turn::tool_name, words},
    telegram::{
        callback::{Callback, Format},
        screen::Screen,
        text::{Text, cut},
    },
};

pub use html::page;

/// What is exported.
#[derive(Clone, Debug)]
pub struct Export {
    /// The session's title.
    pub title: String,
    /// Where it happened, when, on which branch: what stands beneath the title.
    pub facts: Vec<String>,
    /// All of it.
    pub story: Story,
}

/// What stands beneath the file: how much it is, and the other format.
pub fn caption(export: &Export, session: SessionId, format: Format) -> Screen {
    let mut text = Text::default();
    text.bold(&words::line(&export.title, 200));
    if let Some((directory, facts)) = export.facts.split_first() {
        text.push("\n").code(&words::line(directory, 200));
        for fact in facts {
            text.push(" · ").data(&words::line(fact, 100));
        }
    }
    let other = match format {
        Format::Html => ("As Markdown", Callback::Export(session, Format::Markdown)),
        Format::Markdown => ("As a page", Callback::Export(session, Format::Html)),
    };
    screen(text, vec![row([other])])
}

/// A name for the file, from the title.
pub fn file_name(title: &str, ending: &str) -> String {
    let sign = |sign: char| if sign.is_alphanumeric() { sign } else { '-' };
    let words: String = title.chars().map(sign).collect();
    let words: Vec<_> = words.split('-').filter(|word| !word.is_empty()).collect();
    let joined = words.join("-");
    let stem = cut(&joined, 60);
    let stem = if stem.is_empty() { "session" } else { stem.trim_end_matches('-') };
    format!("{stem}.{ending}")
}

/// The line that a folded tool shows.
fn headline(tool: &Tool) -> String {
    let mark = if tool.failed { "✗" } else { "✓" };
    let subject = subject(&tool.name, &tool.input);
    format!("{mark} {} {}", tool_name(&tool.name), words::line(&subject, 120)).trim().to_owned()
}

/// What a tool was called with, where its headline does not say all of it.
fn input(tool: &Tool) -> Option<String> {
    match tool.input.get("command").and_then(serde_json::Value::as_str) {
        Some(command) => Some(command.to_owned()),
        None if tool.input.as_object().is_none_or(serde_json::Map::is_empty) => None,
        None => serde_json::to_string_pretty(&tool.input).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_title_becomes_a_name() {
        for (title, name) in [
            ("Fix the beans", "Fix-the-beans.md"),
            ("../../etc/passwd", "etc-passwd.md"),
            ("", "session.md"),
            ("\u{202e}evil\n", "evil.md"),
        ] {
            assert_eq!(file_name(title, "md"), name);
        }
    }
}
