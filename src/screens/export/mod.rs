//! A whole session to be kept or passed on: as a page, or as Markdown.
//!
//! It is rendered event by event and nothing is held, so that a session of any size can be written to
//! a file. What is in a session comes from anywhere: web pages, files, the output of programs. Of all
//! that, nothing is markup here but what is written in these files.

mod html;
mod markdown;
mod parts;
pub mod patch;

use crate::{
    claude::{session::SessionId, transcript::story::Event},
    screens::{row, screen, words},
    telegram::{
        callback::{Callback, Format},
        outgoing::LARGEST,
        screen::Screen,
        text::{Text, cut},
    },
};

pub use parts::Heading;

/// A session being rendered in one of the formats.
#[derive(Debug)]
pub struct Rendering(State);

#[derive(Debug)]
enum State {
    Html(html::Page),
    Markdown(markdown::Writing),
}

impl Rendering {
    /// Nothing yet.
    pub fn new(format: Format) -> Self {
        Self(match format {
            Format::Html => State::Html(html::Page::default()),
            Format::Markdown => State::Markdown(markdown::Writing::default()),
        })
    }

    /// What stands first.
    pub fn begin(&self, heading: &Heading) -> String {
        match self.0 {
            State::Html(_) => html::begin(heading),
            State::Markdown(_) => markdown::begin(heading),
        }
    }

    /// The next thing that was said or done.
    pub fn event(&mut self, event: &Event<'_>) -> String {
        match &mut self.0 {
            State::Html(page) => page.event(event),
            State::Markdown(writing) => writing.event(event),
        }
    }

    /// What stands last.
    pub fn end(&mut self) -> String {
        match &mut self.0 {
            State::Html(page) => page.end(),
            State::Markdown(_) => String::new(),
        }
    }
}

/// What stands beneath the file: how much it is, and the other format.
pub fn caption(heading: &Heading, session: SessionId, format: Format) -> Screen {
    screen(facts(heading), vec![row([other(session, format)])])
}

/// That a session is too large for a message, and how to get it on the laptop.
pub fn too_large(heading: &Heading, session: SessionId, format: Format) -> Screen {
    let mut text = facts(heading);
    text.push("\nToo large to send: Telegram takes ").data(&words::bytes(LARGEST));
    text.push(". On the laptop, this writes it to a file:\n");
    let flag = match format {
        Format::Html => "",
        Format::Markdown => " --md",
    };
    text.code(&format!("segue export {session}{flag}"));
    // Without the pictures it may be small enough.
    let other = (format == Format::Html).then(|| row([other(session, format)]));
    screen(text, other.into_iter().collect())
}

/// That a session could not be written or sent, and why.
pub fn failed(why: &str) -> Screen {
    let mut text = Text::plain("The session could not be exported: ");
    text.data(&words::line(why, 300)).push(".");
    screen(text, Vec::new())
}

fn facts(heading: &Heading) -> Text {
    let mut text = Text::default();
    text.bold(&words::line(&heading.title, 200));
    if let Some((directory, facts)) = heading.facts.split_first() {
        text.push("\n").code(&words::line(directory, 200));
        for fact in facts {
            text.push(" · ").data(&words::line(fact, 100));
        }
    }
    text
}

fn other(session: SessionId, format: Format) -> (&'static str, Callback) {
    match format {
        Format::Html => ("As Markdown", Callback::Export(session, Format::Markdown)),
        Format::Markdown => ("As a page", Callback::Export(session, Format::Html)),
    }
}

/// How the name of a file in this format ends.
pub fn ending(format: Format) -> &'static str {
    match format {
        Format::Html => "html",
        Format::Markdown => "md",
    }
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
