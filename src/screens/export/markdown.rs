//! The session as Markdown, tools folded where a reader of Markdown can fold.

use super::{
    html::escape,
    parts::{COMPACTED, Heading, headline, input, named, payload, unknown},
};
use crate::{
    claude::transcript::story::{Event, Picture, Tool},
    screens::words,
    telegram::text::{clean, line_breaks},
};

/// What stands before the first event.
pub(super) fn begin(heading: &Heading) -> String {
    format!("# {}\n\n{}\n", line(&heading.title), line(&heading.facts.join(" · ")))
}

fn line(text: &str) -> String {
    words::line(text, 300)
}

/// A session being written.
#[derive(Debug, Default)]
pub(super) struct Writing {
    /// Whose words came last.
    speaker: Speaker,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Speaker {
    #[default]
    Nobody,
    Person,
    Claude,
}

impl Writing {
    /// The text of the next event.
    pub(super) fn event(&mut self, event: &Event<'_>) -> String {
        match event {
            Event::Asked { prompt, at } => self.asked(prompt, *at),
            Event::Shown(picture) => self.shown(picture),
            Event::Printed(text) => self.answer(&fold("Printed", &fenced(text))),
            Event::Said(text) => self.answer(&format!("\n{}\n", clean(&line_breaks(text)))),
            Event::Notice(text) => self.answer(&format!("\n*{}*\n", line(text))),
            Event::Thought(text) => {
                self.answer(&fold("Thought", &format!("{}\n", clean(&line_breaks(text)))))
            }
            Event::Unknown(kind) => self.answer(&format!("\n*{}*\n", unknown(kind))),
            Event::Used(tool) => self.answer(&used(tool)),
            Event::Compacted => {
                self.speaker = Speaker::Nobody;
                format!("\n---\n\n*{COMPACTED}*\n")
            }
            Event::Summary(text) => fold("Summary", &format!("{}\n", clean(&line_breaks(text)))),
        }
    }

    fn asked(&mut self, prompt: &str, at: Option<u64>) -> String {
        self.speaker = Speaker::Person;
        let when = at.map_or_else(String::new, |at| format!(", {}", words::clock(at / 1_000)));
        let mut asked = format!("\n## You{when}\n\n");
        for one in clean(&line_breaks(prompt)).lines() {
            asked.extend(["> ", one, "\n"]);
        }
        asked
    }

    fn shown(&self, picture: &Picture) -> String {
        match self.speaker {
            Speaker::Person => format!("> {}\n", named(picture)),
            Speaker::Nobody | Speaker::Claude => format!("\n{}\n", named(picture)),
        }
    }

    /// What is not the person's, beneath its heading.
    fn answer(&mut self, text: &str) -> String {
        let heading = if self.speaker == Speaker::Claude { "" } else { "\n## Claude\n" };
        self.speaker = Speaker::Claude;
        format!("{heading}{text}")
    }
}

fn used(tool: &Tool) -> String {
    let result = tool.result.as_deref().map(|result| line_breaks(result).into_owned());
    let texts = [input(tool), result].into_iter().flatten();
    let mut inside: Vec<_> = texts.map(|text| fenced(&text)).collect();
    inside.extend(tool.pictures.iter().map(|picture| format!("{}\n", named(picture))));
    inside.extend(tool.others.iter().map(|kind| format!("{}\n", unknown(kind))));
    fold(&headline(tool), &inside.join("\n"))
}

fn fold(headline: &str, inside: &str) -> String {
    let inside = if inside.is_empty() { String::new() } else { format!("{inside}\n") };
    format!("\n<details><summary>{}</summary>\n\n{inside}</details>\n", escape(headline))
}

/// A block of code that nothing inside can close.
fn fenced(text: &str) -> String {
    let (text, left_out) = payload(text);
    let text = clean(text);
    let longest = text.split(|sign| sign != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let left_out = left_out.map_or_else(String::new, |left_out| format!("\n{left_out}\n"));
    format!("{fence}\n{}\n{fence}\n{left_out}", text.trim_end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_tools_gave_stays_in_its_block() {
        let picture =
            |media_type: &str| Picture { media_type: media_type.into(), data: "AAAA".into() };
        let tool = Tool {
            id: "t".into(),
            name: "Bash".into(),
            input: json!({"command": "cat x"}),
            result: Some("```\n</details><script>x</script>\u{202e}".into()),
            pictures: vec![picture("image/png")],
            others: vec!["tool_reference".into()],
            failed: true,
        };
        let mut writing = Writing::default();
        let mut text = begin(&Heading { title: "T\n# x".into(), facts: vec!["~/garden".into()] });
        for event in [
            Event::Asked { prompt: "# one\u{2028}</details>", at: None },
            Event::Shown(&picture("image/png")),
            Event::Thought("Hm."),
            Event::Unknown("server_tool_use"),
            Event::Used(&tool),
            Event::Compacted,
            Event::Summary("# SUMMARY"),
            Event::Said("Done."),
        ] {
            text.push_str(&writing.event(&event));
        }
        assert!(text.starts_with("# T # x\n\n~/garden\n"), "{text}");
        assert!(
            text.contains("> # one\n> </details>\n> [picture, image/png, 3 bytes]\n"),
            "{text}"
        );
        assert!(text.contains("✗ Run cat x"), "{text}");
        assert!(
            text.contains("````\n```\n</details><script>x</script>\u{fffd}\n````\n\n[picture"),
            "{text}"
        );
        assert!(text.contains("\n[tool_reference, not shown]\n"), "{text}");
        assert!(text.contains("<summary>Thought</summary>\n\nHm.\n"), "{text}");
        assert!(text.contains("*[server_tool_use, not shown]*"), "{text}");
        assert!(text.contains(COMPACTED) && text.contains("# SUMMARY"), "{text}");
        assert_eq!(text.matches("## Claude").count(), 2, "{text}");
        assert!(text.ends_with("\nDone.\n") && !text.contains('\u{202e}'), "{text}");
    }
}
