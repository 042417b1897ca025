//! What Claude says in the demo and in the tests: rules that turn a conversation into the next
//! reply.
//!
//! A script is read by two performers, which makes it the bridge between them: the scripted
//! `claude` plays it by itself, and the tests' Messages API plays it to the real CLI. It knows
//! neither of them, no clock and no files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Map, Value};

mod conversation;

pub use conversation::{Conversation, Newest};

/// Replies of a demo: a friendly gardener's helper, one rule per thing worth trying.
const DEMO: &str = include_str!("../../../fixtures/scripts/demo.json");

/// A set of rules; the first that fits a prompt answers it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// How texts arrive where a step says nothing else.
    #[serde(default)]
    pub pace: Pace,
    /// Tokens that fit in the context, where it is to be smaller than the real one.
    #[serde(default)]
    pub window: Option<u64>,
    /// The windows of a plan and how far they are used up, by the CLI's names: `five_hour`,
    /// `seven_day`, …. Without any the session has no plan. Only the scripted `claude` plays it.
    #[serde(default)]
    pub limits: BTreeMap<String, Window>,
    /// In order of preference; the last one should fit everything.
    pub rules: Vec<Rule>,
}

/// How far a window of a plan is used up.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Percent, 0 to 100.
    pub utilization: f64,
    /// It resets in so many seconds.
    pub resets_in: i64,
}

/// How a text arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// Characters in one piece of text.
    pub chunk: usize,
    /// Milliseconds between two pieces.
    pub delay: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { chunk: 24, delay: 0 }
    }
}

impl Pace {
    /// The pause after each piece.
    pub fn pause(self) -> Duration {
        Duration::from_millis(self.delay)
    }

    /// The pieces of a text, none of them empty.
    pub fn pieces(self, text: &str) -> Vec<String> {
        let signs: Vec<char> = text.chars().collect();
        signs.chunks(self.chunk.max(1)).map(|piece| piece.iter().collect()).collect()
    }
}

/// The replies to the prompts that hold one of its words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Whole words in lower case; a rule without any fits every prompt.
    #[serde(default)]
    pub words: Vec<String>,
    /// How its texts arrive; else as the script says.
    #[serde(default)]
    pub pace: Option<Pace>,
    /// One reply for each request of the turn: the second answers the first one's tool results.
    /// The last is repeated.
    pub replies: Vec<Vec<Step>>,
    /// The reply to a tool that the person refused, in place of the one whose turn it is.
    #[serde(default)]
    pub refused: Option<Vec<Step>>,
}

/// What answers one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// How its texts arrive.
    pub pace: Pace,
    /// Its parts, the texts filled in.
    pub steps: Vec<Step>,
}

/// A part of a reply.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A block of text. `{prompts}`, `{first}`, `{last}`, `{result}` and `{folded}` are filled in
    /// from the conversation.
    Text(String),
    /// A block of thinking, filled in like a text.
    Thinking(String),
    /// The use of a tool.
    Tool(Tool),
    /// A silence of so many milliseconds, in the midst of the text before it.
    Pause(u64),
    /// A silence that lasts until there is this file.
    Until(PathBuf),
    /// A silence that lasts until the reply is released or broken off.
    Hang,
    /// The request fails.
    Error(ApiError),
    /// The request fails because nobody is logged in. Only the scripted `claude` can play it.
    LoggedOut,
    /// The process ends. Only the scripted `claude` can play it.
    Crash(Crash),
}

/// A tool that Claude wants to use.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// As the CLI names it: `Bash`, `Edit`, `AskUserQuestion`, ….
    pub name: String,
    /// The tool's arguments.
    pub input: Value,
    /// What the scripted `claude`, which executes nothing, gives as the tool's result.
    #[serde(default)]
    pub result: String,
    /// How long the scripted `claude` pretends to work, in milliseconds.
    #[serde(default)]
    pub takes: u64,
    /// The file without which the scripted `claude` does not end that work, as a real command that
    /// waits for it.
    #[serde(default)]
    pub until: Option<PathBuf>,
    /// Whether the scripted `claude` asks before it uses the tool.
    #[serde(default)]
    pub asks: Asks,
    /// Whether the scripted `claude` really writes the file that the tool names, if that lies in its
    /// directory: the demo has something to look at then.
    #[serde(default)]
    pub writes: bool,
    /// What a sub-agent does that the tool starts, in order. Only the scripted `claude` plays it.
    #[serde(default)]
    pub inner: Vec<Tool>,
    /// Further fields of the scripted `claude`'s permission request, in place of the usual ones.
    #[serde(default)]
    pub question: Option<Map<String, Value>>,
}

/// Whether a tool's use is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// As the CLI does for this tool in the present permission mode.
    #[default]
    ByMode,
    /// Not at all, as for a shell command that only reads.
    Never,
}

/// An error of the Messages API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The API's word for it: `overloaded_error`, `invalid_request_error`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// The API's sentence.
    pub message: String,
    /// It is the usage limit of a subscription, which resets in so many seconds.
    #[serde(default)]
    pub resets_in: Option<u64>,
}

/// An end of the process that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// The exit code.
    pub code: u8,
    /// The last words.
    pub stderr: String,
    /// What is left of the transcript, as after a full disk or a power cut.
    #[serde(default)]
    pub leaves: Leaves,
}

/// What a crash leaves of the transcript.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaves {
    /// What was written.
    #[default]
    Whole,
    /// A file without content.
    Empty,
    /// As many zeros.
    Zeros,
}

impl Script {
    /// The script of the demo, for a session in this directory.
    pub fn demo(directory: &Path) -> serde_json::Result<Self> {
        let directory = Value::from(directory.to_string_lossy()).to_string();
        Self::parse(&DEMO.replace("{cwd}", directory.trim_matches('"')))
    }

    /// Sets the milliseconds between two pieces of every text.
    pub fn set_delay(&mut self, delay: u64) {
        self.pace.delay = delay;
        for pace in self.rules.iter_mut().filter_map(|rule| rule.pace.as_mut()) {
            pace.delay = delay;
        }
    }

    /// Sets the seconds until every usage limit resets.
    pub fn set_reset(&mut self, seconds: u64) {
        for step in self.rules.iter_mut().flat_map(|rule| rule.replies.iter_mut().flatten()) {
            if let Step::Error(error) = step {
                error.resets_in = error.resets_in.map(|_| seconds);
            }
        }
    }

    /// Decodes a script from JSON.
    pub fn parse(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// The next reply. Empty where no rule fits.
    pub fn reply(&self, conversation: &Conversation) -> Reply {
        let opening = conversation.opening();
        let Some(rule) = self.rules.iter().find(|rule| rule.fits(opening)) else {
            return Reply { pace: self.pace, steps: Vec::new() };
        };
        let last = rule.replies.len().saturating_sub(1);
        let due = rule.replies.get(conversation.replies.min(last));
        let refused = conversation.newest == Newest::Refusal;
        let steps = rule.refused.as_ref().filter(|_| refused).or(due);
        Reply {
            pace: rule.pace.unwrap_or(self.pace),
            steps: steps.into_iter().flatten().map(|step| step.fill(conversation)).collect(),
        }
    }
}

impl Step {
    fn fill(&self, conversation: &Conversation) -> Self {
        match self {
            Self::Text(text) => Self::Text(conversation.fill(text)),
            Self::Thinking(text) => Self::Thinking(conversation.fill(text)),
            other => other.clone(),
        }
    }
}

impl Rule {
    fn fits(&self, prompt: &str) -> bool {
        let prompt = prompt.to_lowercase();
        let mut words = prompt.split(|sign: char| !sign.is_alphanumeric());
        self.words.is_empty() || words.any(|word| self.words.iter().any(|other| other == word))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Conversation, Newest, Pace, Script, Step};

    fn script() -> Script {
        Script::parse(
            r#"{"rules": [
                {"words": ["tulips", "bulbs"], "refused": [{"text": "Then not."}], "replies": [
                    [{"tool": {"name": "Bash", "input": {"command": "ls"}}}],
                    [{"text": "ls said {result}. {folded}"}]
                ]},
                {"replies": [[{"text": "{prompts}, from {first} to {last}"}]]}
            ]}"#,
        )
        .unwrap()
    }

    fn text(conversation: &Conversation) -> String {
        match script().reply(conversation).steps.as_slice() {
            [Step::Text(text)] => text.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_rule_is_chosen_by_whole_words_of_the_opening_prompt() {
        let asking = |prompt: &str| Conversation {
            prompts: vec![prompt.to_owned()],
            ..Conversation::default()
        };
        assert!(text(&asking("Plant the Tulips!")).contains("Bash"));
        assert_eq!(text(&asking("two lips")), "1, from two lips to two lips");
        assert_eq!(text(&asking("bulbsy")), "1, from bulbsy to bulbsy");
    }

    #[test]
    fn a_folded_prompt_changes_the_text_and_not_the_rule() {
        let conversation = Conversation {
            prompts: ["hello", "tulips", "and  roses"].map(str::to_owned).to_vec(),
            before: 1,
            replies: 1,
            results: vec!["beds".to_owned()],
            ..Conversation::default()
        };
        assert_eq!(text(&conversation), "ls said beds. You added on the way: and roses.");
    }

    #[test]
    fn a_refusal_has_its_own_reply() {
        let conversation = Conversation {
            prompts: vec!["tulips".to_owned()],
            replies: 1,
            newest: Newest::Refusal,
            ..Conversation::default()
        };
        assert_eq!(text(&conversation), "Then not.");
    }

    #[test]
    fn pieces_join_to_the_text() {
        let text = "grün 🌷🌷 and more";
        for chunk in 0..9 {
            let pieces = Pace { chunk, delay: 0 }.pieces(text);
            assert_eq!(pieces.concat(), text);
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
        }
    }

    #[test]
    fn the_demo_is_a_script_whose_last_rule_fits_everything() {
        let demo = Script::demo(Path::new("/a \"b")).unwrap();
        assert!(demo.rules.last().is_some_and(|rule| rule.words.is_empty()));
        for rule in &demo.rules {
            assert!(!rule.replies.is_empty(), "{:?}", rule.words);
        }
    }
}
