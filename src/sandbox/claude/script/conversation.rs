//! What a reply of a script depends on: the prompts, the results of tools, and how far the turn is.

/// Longest excerpt of a prompt that a reply quotes, in characters.
const QUOTE: usize = 80;

/// What a reply depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// All prompts of the person, oldest first.
    pub prompts: Vec<String>,
    /// How many prompts there were before the one that began the turn.
    pub before: usize,
    /// How many replies the turn has had already.
    pub replies: usize,
    /// The results of the turn's tools so far.
    pub results: Vec<String>,
    /// Whether the newest of them is none, but a refusal.
    pub newest: Newest,
}

/// What the newest result of a tool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newest {
    /// What the tool gave.
    #[default]
    Result,
    /// A refusal or an error.
    Refusal,
}

impl Conversation {
    /// The prompt that began the turn.
    pub(super) fn opening(&self) -> &str {
        self.prompts.get(self.before).map_or("", String::as_str)
    }

    /// The prompts that came while the turn was running, quoted in one sentence.
    fn folded(&self) -> String {
        let later = self.prompts.get(self.before + 1..).unwrap_or_default();
        if later.is_empty() {
            return String::new();
        }
        let quoted: Vec<String> = later.iter().map(|text| quote(text)).collect();
        format!("You added on the way: {}.", quoted.join("; "))
    }

    pub(super) fn fill(&self, text: &str) -> String {
        let excerpt = |text: Option<&String>| text.map_or(String::new(), |text| quote(text));
        text.replace("{prompts}", &self.prompts.len().to_string())
            .replace("{first}", &excerpt(self.prompts.first()))
            .replace("{last}", &excerpt(self.prompts.last()))
            .replace("{result}", self.results.last().map_or("", String::as_str))
            .replace("{folded}", &self.folded())
            .trim_end()
            .to_owned()
    }
}

/// The beginning of a text on one line.
fn quote(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUOTE {
        return line;
    }
    let head: String = line.chars().take(QUOTE).collect();
    format!("{}…", head.trim_end())
}
