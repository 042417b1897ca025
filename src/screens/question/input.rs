//! What a tool is to be used with: what the message shows of it, and the file that holds the whole
//! of it where the message cannot.

use serde_json::Value;

use crate::{
    bridge::question::{About, Open},
    claude::wire::Ask,
    screens::{
        Scene,
        question::{diff, is_long},
        screen, words,
        words::tool_name,
    },
    telegram::{
        outgoing::{self, OutgoingFile, SendAs},
        text::{Text, clean},
    },
};

/// UTF-16 units of an input. More is not read on a phone, and the message has a limit.
const INPUT: usize = 2_500;
/// Lines of a new file.
const HEAD: usize = 40;
/// Characters of a line of a file; minified ones have longer ones.
const LINE: usize = 300;
/// Characters of an address or a search.
const ADDRESS: usize = 1_000;
/// Characters of a path, and of what is wanted of a page.
const PATH: usize = 300;
/// Characters of a file's name.
const NAME: usize = 100;

/// An input as a text of its own.
struct Content {
    /// What the file is called that holds the whole of it.
    name: String,
    language: Option<&'static str>,
    text: String,
    /// How much of it a message shows: lines, and characters of each.
    most: (usize, usize),
}

/// What a message says that shows a part.
pub(super) const ALL: &str = "All of it is in the file.";

/// What the message shows.
pub(super) fn shown(scene: &Scene, ask: &Ask) -> Text {
    let mut text = Text::default();
    match &*ask.tool {
        "Read" if field(ask, "file_path").is_some() => {
            text.code(&path(scene, field(ask, "file_path").unwrap_or_default()));
        }
        "WebFetch" => {
            text.code(&words::line(field(ask, "url").unwrap_or_default(), ADDRESS));
            text.push("\n").prose(&words::line(field(ask, "prompt").unwrap_or_default(), PATH));
        }
        "WebSearch" => {
            text.code(&words::line(field(ask, "query").unwrap_or_default(), ADDRESS));
        }
        _ => {
            if let Some(file) = file(ask) {
                text.code(&path(scene, file)).push("\n");
            }
            text.append(excerpt(&content(ask)));
        }
    }
    if whole(ask).is_some() {
        text.push("\n").italic(ALL);
    }
    text
}

/// The file with the whole input of a question, where its message shows a part.
pub fn file_of(open: &Open) -> Option<OutgoingFile> {
    let (name, text) = match &open.about {
        About::Tool => whole(&open.ask).map(|content| (content.name, content.text))?,
        About::Plan(plan) if is_long(plan) => ("plan.md".to_owned(), clean(plan).into_owned()),
        About::Plan(_) | About::Form(_) => return None,
    };
    let mut caption = Text::plain("All of what Claude asks about: ");
    caption.data(&tool_name(&open.ask.tool)).push(".");
    Some(OutgoingFile {
        send_as: SendAs::Document,
        name,
        content: outgoing::Content::bytes(text.into_bytes()),
        caption: screen(caption, Vec::new()),
    })
}

/// The whole input, where the message shows a part of it.
fn whole(ask: &Ask) -> Option<Content> {
    let content = content(ask);
    let is_longer = |key: &str, most: usize| {
        field(ask, key).is_some_and(|text| words::line(text, usize::MAX).chars().count() > most)
    };
    let is_cut = match &*ask.tool {
        "Read" if field(ask, "file_path").is_some() => is_longer("file_path", PATH),
        "WebFetch" => is_longer("url", ADDRESS) || is_longer("prompt", PATH),
        "WebSearch" => is_longer("query", ADDRESS),
        _ => cut(&content) != content.text.trim_end(),
    };
    is_cut.then_some(content)
}

fn content(ask: &Ask) -> Content {
    let named = |ending: &str| {
        let name = file(ask).and_then(|file| file.rsplit('/').next()).unwrap_or_default();
        let name = words::line(name, NAME);
        if name.is_empty() { format!("new{ending}") } else { format!("{name}{ending}") }
    };
    let all = (usize::MAX, usize::MAX);
    let (name, language, text, most) = match (&*ask.tool, field(ask, "command")) {
        ("Bash", Some(command)) => ("command.sh".to_owned(), Some("bash"), command.to_owned(), all),
        ("Write", _) if file(ask).is_some() => {
            let content = field(ask, "content").unwrap_or_default();
            (named(""), None, content.to_owned(), (HEAD, LINE))
        }
        ("Edit" | "MultiEdit" | "NotebookEdit", _) if file(ask).is_some() => {
            (named(".diff"), Some("diff"), changes(&ask.input), (usize::MAX, LINE))
        }
        _ => {
            let json = serde_json::to_string_pretty(&ask.input).unwrap_or_default();
            ("input.json".to_owned(), Some("json"), json, all)
        }
    };
    // A file is opened as trustingly as a message is read.
    Content { name, language, text: clean(&text).into_owned(), most }
}

fn field<'a>(ask: &'a Ask, key: &str) -> Option<&'a str> {
    ask.input.get(key).and_then(Value::as_str)
}

/// The file that the tool changes.
fn file(ask: &Ask) -> Option<&str> {
    let writes = matches!(&*ask.tool, "Write" | "Edit" | "MultiEdit" | "NotebookEdit");
    field(ask, "file_path").or_else(|| field(ask, "notebook_path")).filter(|_| writes)
}

fn path(scene: &Scene, path: &str) -> String {
    words::line(&words::path(path.as_ref(), &scene.home), PATH)
}

fn excerpt(content: &Content) -> Text {
    let mut text = Text::default();
    text.pre(&cut(content), content.language);
    text
}

/// As much as a message shows.
fn cut(content: &Content) -> String {
    let (lines, line) = content.most;
    let shown = content.text.trim_end().split('\n').take(lines).map(|text| words::clip(text, line));
    let text = shown.collect::<Vec<_>>().join("\n");
    Text { text, entities: Vec::new() }.head(INPUT).text
}

/// Every change of an edit.
fn changes(input: &Value) -> String {
    let one = |edit: &Value| {
        let text = |key: &str| edit.get(key).and_then(Value::as_str).unwrap_or_default();
        let new = if edit.get("new_source").is_some() { "new_source" } else { "new_string" };
        diff::unified(text("old_string"), text(new))
    };
    match input.get("edits").and_then(Value::as_array) {
        Some(edits) => edits.iter().map(one).collect::<Vec<_>>().join("\n@@\n"),
        None => one(input),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::telegram::text::rules;

    fn check(tool: &str, input: Value, expected: Option<(&str, &str)>) -> Text {
        let ask = Ask { tool: tool.to_owned(), input, ..Ask::default() };
        let open = Open::new(ask.clone(), "");
        let found = file_of(&open).map(|file| {
            let text = String::from_utf8(file.content.held().to_vec()).unwrap();
            (file.name, text)
        });
        let found = found.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        assert_eq!(found, expected, "{tool}");
        let scene = Scene { home: "/home/ada".into(), bot: "b".to_owned(), now: 0 };
        let text = shown(&scene, &ask);
        assert_eq!(rules::broken(&text), None);
        assert_eq!(text.text.contains("in the file"), expected.is_some(), "{text:?}");
        text
    }

    #[test]
    fn what_is_short_needs_no_file() {
        for (tool, input) in [
            ("Bash", json!({"command": "ls\n"})),
            ("Write", json!({"file_path": "/a/b.txt", "content": "x\n".repeat(HEAD)})),
            ("Edit", json!({"file_path": "/a/b.txt", "old_string": "x", "new_string": "y"})),
            ("WebFetch", json!({"url": "https://example.org", "prompt": "Read it"})),
            ("Read", json!({"file_path": "/a"})),
            ("mcp__a__b", json!({"a": 1})),
        ] {
            check(tool, input, None);
        }
    }

    #[test]
    fn what_is_long_is_a_file_with_all_of_it() {
        let long = "word ".repeat(2_000) + "end";
        check("Bash", json!({"command": long}), Some(("command.sh", &long)));
        let lines = "x\n".repeat(HEAD + 1);
        let input = json!({"file_path": "/a/b.txt", "content": lines});
        check("Write", input, Some(("b.txt", &lines)));
        let input = json!({"file_path": "/a/b.js", "old_string": "", "new_string": long});
        let shown = check("Edit", input, Some(("b.js.diff", &format!("+{long}"))));
        assert!(shown.text.contains("b.js\n+word"), "{shown:?}");
        let input = json!({"url": "https://example.org", "prompt": long});
        let json = serde_json::to_string_pretty(&input).unwrap();
        check("WebFetch", input.clone(), Some(("input.json", &json)));
        check("mcp__a__b", input, Some(("input.json", &json)));
        let evil = format!("{long}\u{202e}\u{1b}");
        let input = json!({"file_path": "/a/\u{202e}\n..", "content": evil});
        check("Write", input, Some(("\u{fffd} ..", &format!("{long}\u{fffd}"))));
        let flowers = "🌷".repeat(INPUT);
        let shown = check("Bash", json!({"command": flowers}), Some(("command.sh", &flowers)));
        assert!(shown.utf16_len() < INPUT + 100, "Telegram counts UTF-16 units");
    }
}
