//! A tool that waits for permission, and what was decided.

use serde_json::Value;

use crate::{
    bridge::turn,
    claude::wire::Ask,
    screens::{row, screen, turn::tool_name, words},
    telegram::{
        button::{Key, Tap},
        screen::Screen,
        text::{Text, clean},
    },
};

/// Characters of a command or an input: more is not read on a phone, and the message has a limit.
const INPUT: usize = 2_500;

/// What the buttons of a question name.
pub fn key(ask: &Ask) -> Key {
    Key::of(&ask.request)
}

/// A question that waits for the person.
pub fn open(ask: &Ask) -> Screen {
    let mut text = Text::plain("Claude asks: ");
    text.bold(&tool_name(&ask.tool));
    if let Some(description) = &ask.description {
        text.push("\n").push(&words::line(description, 300));
    }
    text.push("\n").append(body(ask));
    let key = key(ask);
    screen(text, vec![row([("Allow", Tap::Allow(key)), ("Deny", Tap::Deny(key))])])
}

fn body(ask: &Ask) -> Text {
    let field = |key: &str| ask.input.get(key).and_then(Value::as_str);
    let block = |text: &str, language: Option<&str>| {
        let mut block = Text::default();
        block.pre(&words::clip(&clean(text), INPUT), language);
        block
    };
    let of_file = |path: &str, shown: &str, language: Option<&str>| {
        let mut text = Text::default();
        text.code(&words::line(path, 300)).push("\n").append(block(shown, language));
        text
    };
    match (&*ask.tool, field("command"), field("file_path")) {
        ("Bash", Some(command), _) => block(command, Some("bash")),
        ("Write", _, Some(path)) => of_file(path, field("content").unwrap_or_default(), None),
        ("Edit", _, Some(path)) => {
            let old = field("old_string").unwrap_or_default();
            let new = field("new_string").unwrap_or_default();
            of_file(path, &change(old, new), Some("diff"))
        }
        _ => block(&serde_json::to_string_pretty(&ask.input).unwrap_or_default(), Some("json")),
    }
}

/// An edit as the lines it takes away and the lines it puts there.
fn change(old: &str, new: &str) -> String {
    let gone = old.lines().map(|line| format!("-{line}"));
    let come = new.lines().map(|line| format!("+{line}"));
    gone.chain(come).collect::<Vec<_>>().join("\n")
}

/// How a question was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The person allowed it.
    Allowed,
    /// The person denied it.
    Denied,
    /// It went without an answer: the turn was stopped or has ended.
    Withdrawn,
}

/// One line of what was decided.
pub fn closed(ask: &Ask, how: Closed) -> Screen {
    let word = match how {
        Closed::Allowed => "✓ Allowed",
        Closed::Denied => "✗ Denied",
        Closed::Withdrawn => "No longer asked",
    };
    let mut text = Text::plain(format!("{word}: {}", tool_name(&ask.tool)));
    let subject = turn::subject(&ask.tool, &ask.input);
    if !subject.is_empty() {
        text.push(" ").code(&words::line(&subject, 120));
    }
    screen(text, Vec::new())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(tool: &str, input: Value) -> Ask {
        let request = "r".to_owned();
        Ask { request, tool: tool.to_owned(), input, description: None, tool_use: None }
    }

    #[test]
    fn what_matters_of_the_input_is_shown() {
        let check = |tool: &str, input: Value, expected: &str| {
            let shown = open(&ask(tool, input)).text.text;
            assert!(shown.contains(expected), "{shown}");
        };
        check("Bash", json!({"command": "rm -rf \u{202e}build"}), "rm -rf ");
        check(
            "Edit",
            json!({"file_path": "/a/b.rs", "old_string": "x", "new_string": "y\nz"}),
            "/a/b.rs\n-x\n+y\n+z",
        );
        check("mcp__jira__search", json!({"jql": "a=b"}), "jira: search\n{\n  \"jql\": \"a=b\"\n}");
        let hostile = open(&ask("Bash", json!({"command": "echo \u{202e}\u{1b}[2J"}))).text.text;
        assert!(!hostile.contains(['\u{202e}', '\u{1b}']), "{hostile:?}");
    }

    #[test]
    fn a_decision_is_one_line() {
        let closed = closed(&ask("Bash", json!({"command": "ls\n-l"})), Closed::Allowed);
        assert_eq!(closed.text.text, "✓ Allowed: Run ls");
    }
}
