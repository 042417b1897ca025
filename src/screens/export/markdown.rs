//! The session as Markdown, tools folded where a reader of Markdown can fold.

use crate::{
    claude::transcript::story::{Chapter, Part, Tool},
    screens::{
        export::{Export, headline, html::escape, input},
        words,
    },
    telegram::text::clean,
};

/// Characters of what a tool gave.
const RESULT: usize = 4_000;

/// The session as Markdown.
pub fn text(export: &Export) -> String {
    let mut text = format!("# {}\n\n{}\n", line(&export.title), line(&export.facts.join(" · ")));
    for chapter in &export.story.chapters {
        text.push_str(&told(chapter));
    }
    text
}

fn line(text: &str) -> String {
    words::line(text, 300)
}

fn told(chapter: &Chapter) -> String {
    let when = chapter.at.map_or_else(String::new, |at| format!(", {}", words::clock(at / 1_000)));
    let mut told = format!("\n## You{when}\n\n");
    for one in clean(&chapter.prompt).lines() {
        told.extend(["> ", one, "\n"]);
    }
    if !chapter.pictures.is_empty() {
        let pictures = words::plural(chapter.pictures.len() as u64, "picture");
        told.extend(["> [", &pictures, "]\n"]);
    }
    told.push_str("\n## Claude\n");
    told.extend(chapter.parts.iter().map(|part| match part {
        Part::Said(text) => format!("\n{}\n", clean(text)),
        Part::Used(tool) => folded(tool),
    }));
    told
}

fn folded(tool: &Tool) -> String {
    let mut folded = format!("\n<details><summary>{}</summary>\n", escape(&headline(tool)));
    let result = tool.result.as_deref().map(|result| words::clip(result, RESULT));
    for block in [input(tool), result].into_iter().flatten() {
        folded.extend(["\n", &fenced(&clean(&block)), "\n"]);
    }
    folded.push_str("\n</details>\n");
    folded
}

/// A block of code that nothing inside can close.
fn fenced(text: &str) -> String {
    let longest = text.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}\n{}\n{fence}", text.trim_end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::claude::transcript::story::Story;

    #[test]
    fn what_tools_gave_stays_in_its_block() {
        let tool = Tool {
            id: "t".into(),
            name: "Bash".into(),
            input: json!({"command": "cat x"}),
            result: Some("```\n</details><script>x</script>\u{202e}".into()),
            failed: true,
        };
        let chapter = Chapter {
            prompt: "# one\n</details>".into(),
            parts: vec![Part::Used(tool), Part::Said("Done.".into())],
            ..Chapter::default()
        };
        let story = Story { chapters: vec![chapter], earlier: false };
        let export = Export { title: "T\n# x".into(), facts: vec!["~/garden".into()], story };
        let text = text(&export);
        assert!(text.starts_with("# T # x\n\n~/garden\n"), "{text}");
        assert!(text.contains("> # one\n> </details>\n") && text.contains("✗ Run cat x"), "{text}");
        assert!(text.contains("````\n```\n</details><script>x</script>\u{fffd}\n````"), "{text}");
        assert!(text.ends_with("\nDone.\n") && !text.contains('\u{202e}'), "{text}");
    }
}
