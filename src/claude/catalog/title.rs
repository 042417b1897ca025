//! The title of a session, by the rules of the CLI's own picker (seen on 2.1.328 to 2.1.332).
//!
//! The last `custom-title`, else the last `ai-title`, else the last `summary` near the end of the
//! file, else the last `last-prompt`, else the first prompt. A title that was set to nothing does not
//! fall back to an earlier one of its kind; a record without a title is none. What stands between a
//! pair of tags is not shown. The CLI looks near both ends of a file only; we look for titles everywhere, so that one which scrolled
//! out of its sight is not lost. Summaries are older than the other titles and often another
//! session's, so of those we see no more than it does.

use std::{borrow::Cow, fs::File, io, ops::Range};

use memchr::{memchr, memmem};

use super::scan::{self, lines_backwards};
use crate::claude::{
    literals::{
        BASH_INPUT, COMMAND_ARGS, COMMAND_NAME, INTERRUPTED, PROACTIVE, TICK, UNTITLED,
        is_local_command,
    },
    record::{
        Kind, Record,
        prompt::{inside, opens, tag},
    },
};

/// UTF-16 units after which the first prompt is cut, as the CLI does.
const PROMPT_CAP: usize = 200;

/// Ends the `type` of `custom-title` and `ai-title` records; inside a string the quote is escaped.
const TITLE: &[u8] = b"-title\"";

/// Ends the `type` of `last-prompt` records.
const LAST_PROMPT: &[u8] = b"last-prompt\"";

/// Ends the `type` of `summary` records.
const SUMMARY: &[u8] = b"summary\"";

/// How the CLI begins records that are not of the conversation: with their type.
const TYPE: &[u8] = b"{\"type\":\"";

/// How it begins those of the conversation, which are most of all bytes.
const MESSAGE: &[u8] = b"{\"parentUuid\":";

/// The last title records of a file or a part of one. An empty text is a title that was taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Titles {
    custom: Option<String>,
    ai: Option<String>,
    summary: Option<String>,
    prompt: Option<String>,
}

impl Titles {
    /// Scans the lines that begin in one part of a file. The last prompt is looked for only where the
    /// tail lacks one.
    pub(super) fn scan(file: &File, range: Range<u64>, prompts: Prompts) -> io::Result<Self> {
        let (mut names, mut last_prompts) = (Vec::new(), Vec::new());
        scan::lines(file, range, |offset, line| {
            if may_be(line, TITLE) {
                names.push(offset);
            } else if prompts == Prompts::Anywhere && may_be(line, LAST_PROMPT) {
                last_prompts.push(offset);
            }
        })?;
        let mut titles = Self::default();
        while let Some(offset) = names.pop().filter(|_| titles.custom.is_none()) {
            titles.take(&scan::line_at(file, offset)?);
        }
        while let Some(offset) = last_prompts.pop().filter(|_| titles.prompt.is_none()) {
            titles.take(&scan::line_at(file, offset)?);
        }
        Ok(titles)
    }

    /// What the lines that stand whole in the beginning of a file tell.
    pub(super) fn near_beginning(head: &[u8], prompts: Prompts) -> Self {
        let mut titles = Self::default();
        titles.take_near(head, prompts);
        titles
    }

    /// What those in the end of a file tell, but for a summary.
    pub(super) fn near_end(tail: &[u8]) -> Self {
        Self::near_beginning(tail, Prompts::Anywhere)
    }

    /// With the summary that the end of the file tells, unless a title goes before it.
    pub(super) fn with_summary(mut self, tail: &[u8]) -> Self {
        if !self.is_named() {
            let mut lines = lines_backwards(tail).filter(|line| may_be(line, SUMMARY));
            while let Some(line) = lines.next().filter(|_| self.summary.is_none()) {
                self.take(line);
            }
        }
        self
    }

    /// What has to be looked for in the rest of a file whose end told this; `None` where nothing
    /// before it counts.
    pub(super) fn missing(&self) -> Option<Prompts> {
        let is_named = self.custom.as_ref().is_some_and(|title| !shown(title).is_empty());
        let prompts = if self.prompt.is_some() { Prompts::Known } else { Prompts::Anywhere };
        (!is_named).then_some(prompts)
    }

    /// Whether a title is known that goes before summaries and prompts.
    fn is_named(&self) -> bool {
        let mut titles = [&self.custom, &self.ai].into_iter().flatten();
        titles.any(|title| !shown(title).is_empty())
    }

    /// Takes over what a later part of the file says.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            custom: later.custom.or(self.custom),
            ai: later.ai.or(self.ai),
            summary: later.summary.or(self.summary),
            prompt: later.prompt.or(self.prompt),
        }
    }

    /// The title they give; `None` where the first prompt has to.
    pub(super) fn title(self) -> Option<String> {
        let all = [self.custom, self.ai, self.summary, self.prompt].into_iter().flatten();
        all.map(|title| shown(&title)).find(|title| !title.is_empty())
    }

    /// Looks at the lines of `bytes` from the last one back.
    fn take_near(&mut self, bytes: &[u8], prompts: Prompts) {
        for line in lines_backwards(bytes) {
            let is_wanted = self.custom.is_none() && may_be(line, TITLE)
                || self.prompt.is_none()
                    && prompts == Prompts::Anywhere
                    && may_be(line, LAST_PROMPT);
            if is_wanted {
                self.take(line);
            }
        }
    }

    /// Takes a line's title, if it has one and no later line had.
    fn take(&mut self, line: &[u8]) {
        let Ok(record) = Record::decode(line) else { return };
        match record.kind {
            Kind::CustomTitle(title) => _ = self.custom.get_or_insert(title.into_owned()),
            Kind::AiTitle(title) => _ = self.ai.get_or_insert(title.into_owned()),
            Kind::Summary(title) => _ = self.summary.get_or_insert(title.into_owned()),
            Kind::LastPrompt { prompt: Some(prompt), .. } => {
                self.prompt.get_or_insert(prompt.into_owned());
            }
            _ => {}
        }
    }
}

/// Whether a line may be a record whose type ends so, given how it begins.
fn may_be(line: &[u8], end: &[u8]) -> bool {
    if line.starts_with(MESSAGE) {
        return false;
    }
    let first = line.strip_prefix(TYPE).and_then(|rest| rest.get(..=memchr(b'"', rest)?));
    match first {
        Some(kind) => kind.ends_with(end),
        None => memmem::find(line, end).is_some(),
    }
}

/// Whether the last prompt is known already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompts {
    Known,
    Anywhere,
}

/// Folds the records of a file into what the person said first.
#[derive(Default)]
pub(super) struct FirstPrompt {
    said: Option<String>,
    command: Option<String>,
    ticked: bool,
}

impl FirstPrompt {
    /// Takes in the next record; true once nothing later counts any more. The first prompt, shell
    /// command or command for Claude with arguments counts; a file of other commands shows the first
    /// of those.
    pub(super) fn take(&mut self, record: &Record<'_>) -> bool {
        for text in record.texts() {
            match First::of(text) {
                First::Prompt(text) => self.said = Some(cut(&shown(&text))),
                First::Command { name, args } if args.is_empty() || is_local_command(name) => {
                    self.command.get_or_insert_with(|| name.to_owned());
                }
                First::Command { name, args } => {
                    self.said = Some(cut(&flat(&format!("{name} {args}"))));
                }
                First::None => {}
            }
            if self.said.is_some() {
                return true;
            }
        }
        if let Kind::User(message) = &record.kind {
            self.ticked |= message.texts().any(|text| opens(text, TICK));
        }
        false
    }

    /// The title it gives; `None` where nobody said anything.
    pub(super) fn title(self) -> Option<String> {
        self.said.or(self.command).or(self.ticked.then(|| PROACTIVE.to_owned()))
    }
}

/// Whether the first thing that was said in a file is the command `name`; of what stands before it
/// `record` is the next.
pub(super) fn begins_with_command(record: &Record<'_>, name: &str) -> Option<bool> {
    record.texts().find_map(|text| match First::of(text) {
        First::None => None,
        First::Prompt(_) => Some(false),
        First::Command { name: first, .. } => Some(first == name),
    })
}

/// What a text is for the title: the picker finds a command anywhere in it, and passes over whatever
/// begins with a tag.
enum First<'t> {
    Prompt(Cow<'t, str>),
    Command { name: &'t str, args: &'t str },
    None,
}

impl<'t> First<'t> {
    fn of(text: &'t str) -> Self {
        let text = text.trim();
        if let Some(name) = inside(text, COMMAND_NAME) {
            let args = inside(text, COMMAND_ARGS).unwrap_or_default();
            return if name.is_empty() { Self::None } else { Self::Command { name, args } };
        }
        if opens(text, BASH_INPUT) {
            let command = inside(text, BASH_INPUT).filter(|command| !command.is_empty());
            return command
                .map_or(Self::None, |command| Self::Prompt(format!("! {command}").into()));
        }
        if text.is_empty() || text.starts_with(INTERRUPTED) || tag(text).is_some() {
            return Self::None;
        }
        Self::Prompt(text.into())
    }
}

/// The title of a session, given what it is named and how it began.
pub(super) fn or_untitled(title: Option<String>) -> String {
    title.unwrap_or_else(|| UNTITLED.to_owned())
}

/// A title as the picker shows it: on one line, without what stands between a pair of tags; whole where
/// nothing else is in it.
fn shown(title: &str) -> String {
    let mut kept = String::with_capacity(title.len());
    let mut rest = title;
    while let Some(at) = rest.find('<') {
        let (before, tagged) = rest.split_at(at);
        kept.push_str(before);
        rest = after_pair(tagged).unwrap_or_else(|| {
            kept.push('<');
            &tagged[1..]
        });
    }
    kept.push_str(rest);
    let kept = flat(&kept);
    if kept.is_empty() { flat(title) } else { kept }
}

/// What follows the pair of tags that `text` begins with.
fn after_pair(text: &str) -> Option<&str> {
    let text =
        text.strip_prefix('<').filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let (name, opening) = text.split_at(text.find(|c| !is_name(c))?);
    let inner = match opening.strip_prefix('>') {
        Some(inner) => inner,
        None => opening.starts_with(char::is_whitespace).then(|| opening.split_once('>'))??.1,
    };
    Some(inner.split_once(&format!("</{name}>"))?.1)
}

/// `text` on one line, with single spaces.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    let mut units = 0;
    let end = text.char_indices().find_map(|(at, letter)| {
        units += letter.len_utf16();
        (units > PROMPT_CAP).then_some(at)
    });
    end.map_or_else(|| text.to_owned(), |end| format!("{}…", text[..end].trim_end()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn scan(text: &str) -> Titles {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Titles::scan(&file, 0..text.len() as u64, Prompts::Anywhere).unwrap()
    }

    #[test]
    fn the_last_title_of_the_first_kind_wins() {
        let custom = |title: &str| format!(r#"{{"type":"custom-title","customTitle":"{title}"}}"#);
        let ai = |title: &str| format!(r#"{{"type":"ai-title","aiTitle":"{title}"}}"#);
        let last = |prompt: &str| format!(r#"{{"type":"last-prompt","lastPrompt":"{prompt}"}}"#);
        let leaf = r#"{"type":"last-prompt","leafUuid":"x"}"#.to_owned();
        let filler = format!(r#"{{"type":"user","x":"{}"}}"#, "-title\\\" ".repeat(20_000));
        for (lines, expected) in [
            (vec![], None),
            (vec![custom("a"), filler.clone(), ai("b"), last("c")], Some("a")),
            (vec![custom("a"), custom("b")], Some("b")),
            (vec![ai("a"), filler.clone(), ai("b"), last("c")], Some("b")),
            (vec![custom("a"), custom(""), ai("b")], Some("b")),
            (vec![custom("a"), custom("")], None),
            (vec![custom("   "), last("c")], Some("c")),
            (vec![last("a"), last("b"), leaf.clone()], Some("b")),
            (vec![last("a"), last("")], None),
            (vec![leaf], None),
            (vec![custom("two\\n lines  and spaces ")], Some("two lines and spaces")),
            (vec![custom("one\\u2028two")], Some("one two")),
            (vec![last("why does <div class='x'>x</div> break")], Some("why does break")),
            (vec![ai("<task>all of it</task>")], Some("<task>all of it</task>")),
            (vec![custom("a"), r#"{"type":"custom-title","customTitle":5}"#.to_owned()], Some("a")),
            (vec![custom("a"), r#"{"type":"foo","customTitle":"b"}"#.to_owned()], Some("a")),
            (
                vec![r#"{"type": "custom-title", "customTitle": "spaced"}"#.to_owned()],
                Some("spaced"),
            ),
        ] {
            let text = lines.join("\n");
            assert_eq!(scan(&text).title().as_deref(), expected, "{lines:.200?}");
            assert_eq!(scan(&(text + "\n")).title().as_deref(), expected);
        }
        assert_eq!(
            scan(&(custom("a") + "\n{\"type\":\"custom-title\",\"customT")).title().as_deref(),
            Some("a")
        );
    }

    #[test]
    fn parts_of_a_file_add_up() {
        let title = |custom: Option<&str>, ai: Option<&str>| Titles {
            custom: custom.map(str::to_owned),
            ai: ai.map(str::to_owned),
            ..Titles::default()
        };
        let early = title(Some("a"), Some("b"));
        assert_eq!(early.then(title(None, Some("c"))), title(Some("a"), Some("c")));
        let early = title(Some("a"), None);
        assert_eq!(early.then(title(Some(""), None)), title(Some(""), None));
    }

    fn opening(texts: &[&str]) -> Option<String> {
        let mut opening = FirstPrompt::default();
        for text in texts {
            let text = serde_json::to_string(text).unwrap();
            let line = format!(r#"{{"type":"user","message":{{"content":{text}}}}}"#);
            if opening.take(&Record::decode(line.as_bytes()).unwrap()) {
                break;
            }
        }
        opening.title()
    }

    #[test]
    fn without_a_title_the_first_prompt_is_shown() {
        let clear = "<command-name>/clear</command-name><command-args></command-args>";
        let model = "<command-name>/model</command-name><command-args>opus</command-args>";
        let review = "<command-name>/review</command-name><command-args>12</command-args>";
        for (texts, expected) in [
            (&[][..], None),
            (&["one\n two", "three"], Some("one two")),
            (&["the log says <command-name>/foo</command-name>"], Some("/foo")),
            (&["<task>explain it</task>"], None),
            (
                &["<command-message>init</command-message><command-name>/init</command-name>"],
                Some("/init"),
            ),
            (&[clear, "<foo>x</foo>", "one"], Some("one")),
            (&[clear, model], Some("/clear")),
            (&[model, review, "one"], Some("/review 12")),
            (&["<bash-input>ls\n -l</bash-input>", "one"], Some("! ls -l")),
            (&["<tick>", "one"], Some("one")),
            (&["<tick>", clear], Some("/clear")),
            (&["<tick>"], Some(PROACTIVE)),
        ] {
            assert_eq!(opening(texts).as_deref(), expected, "{texts:?}");
        }
    }

    #[test]
    fn pairs_of_tags_are_left_out_of_titles() {
        for (title, expected) in [
            ("a <div>x</div> end", "a end"),
            ("b <div class=\"x\">x</div> end", "b end"),
            ("c <br/> end", "c <br/> end"),
            ("d <b>unclosed end", "d <b>unclosed end"),
            ("e <Foo>x</Foo> end", "e <Foo>x</Foo> end"),
            ("f <a><b>n</b></a> end", "f end"),
            ("g a < b and c > d end", "g a < b and c > d end"),
            ("h <x:y>q</x:y> end", "h <x:y>q</x:y> end"),
            ("i <a>1</a><a>2\n</a> end", "i end"),
            ("k <a-b_c >1</a-b_c> end", "k end"),
            ("m </b> end", "m </b> end"),
            ("p <a>1</b> end", "p <a>1</b> end"),
            ("<", "<"),
        ] {
            assert_eq!(shown(title), expected);
        }
    }

    #[test]
    fn long_prompts_are_cut_where_the_cli_cuts() {
        let cases = [("z", 200, 200), ("z", 201, 200), ("🌱", 100, 100), ("🌱", 101, 100)];
        for (letter, count, kept) in cases {
            let dots = if count > kept { "…" } else { "" };
            assert_eq!(cut(&letter.repeat(count)), letter.repeat(kept) + dots);
        }
    }
}
