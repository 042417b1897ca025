//! What the CLI offers: its commands, models, agents and permission modes, as `initialize` and the
//! refusal of an unknown mode tell them.

use serde_json::Value;

/// What one process offers in its directory. Empty lists where the CLI told nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// Slash commands and skills.
    pub commands: Vec<SlashCommand>,
    /// Models.
    pub models: Vec<Model>,
    /// Agents that a session can begin with.
    pub agents: Vec<Agent>,
    /// Permission modes.
    pub modes: Vec<String>,
}

/// A slash command or skill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlashCommand {
    /// Without `/`.
    pub name: String,
    /// What it does.
    pub about: String,
    /// What may follow it.
    pub hint: String,
    /// Its other names.
    pub aliases: Vec<String>,
}

/// A model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// What `set_model` takes.
    pub value: String,
    /// Its full name.
    pub resolved: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// How hard it can think.
    pub efforts: Vec<String>,
}

/// An agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// What `--agent` takes.
    pub name: String,
    /// What it is for.
    pub about: String,
}

impl Offers {
    /// Reads the answer to `initialize`. What is of another shape than known is left out.
    pub fn read(answer: &Value) -> Self {
        let command = |value: &Value| SlashCommand {
            name: text(value, "name"),
            about: text(value, "description"),
            hint: text(value, "argumentHint"),
            aliases: texts(value, "aliases"),
        };
        let model = |value: &Value| Model {
            value: text(value, "value"),
            resolved: text(value, "resolvedModel"),
            name: text(value, "displayName"),
            about: text(value, "description"),
            efforts: texts(value, "supportedEffortLevels"),
        };
        let agent =
            |value: &Value| Agent { name: text(value, "name"), about: text(value, "description") };
        let mut offers = Self {
            commands: list(answer, "commands").iter().map(command).collect(),
            models: list(answer, "models").iter().map(model).collect(),
            agents: list(answer, "agents").iter().map(agent).collect(),
            modes: Vec::new(),
        };
        offers.commands.retain(|command| !command.name.is_empty());
        offers.models.retain(|model| !model.value.is_empty());
        offers.agents.retain(|agent| !agent.name.is_empty());
        offers
    }

    /// The modes that the refusal of an unknown one lists: `… must be one of a, b, c`.
    pub fn modes(refusal: &str) -> Vec<String> {
        let list = refusal.rsplit_once("one of ").map_or("", |(_, list)| list);
        let words = list.split([',', ' ']).map(|word| word.trim_matches(['"', '\'', '.', '`']));
        words.filter(|word| !word.is_empty() && *word != "or").map(str::to_owned).collect()
    }

    /// The command that a name of Telegram's form means: exactly, or with `-` for `_`.
    pub fn command(&self, name: &str) -> Option<&str> {
        let telegrams = |known: &str| known.replace(['-', '.'], "_");
        let names = || {
            let named = |command: &'_ SlashCommand| {
                std::iter::once(command.name.clone()).chain(command.aliases.clone())
            };
            self.commands.iter().flat_map(move |command| {
                named(command).map(move |name| (name, command.name.as_str()))
            })
        };
        let exact = names().find(|(known, _)| known == name);
        exact.or_else(|| names().find(|(known, _)| telegrams(known) == name)).map(|(_, name)| name)
    }

    /// The mode that a word means: what `set_permission_mode` takes, or its name in the terminal.
    pub fn mode(&self, word: &str) -> Option<&str> {
        let letters = |word: &str| -> String {
            word.chars()
                .filter(|sign| sign.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect()
        };
        let wanted = letters(word);
        let is = |known: &&String| letters(known) == wanted || letters(mode_name(known)) == wanted;
        self.modes.iter().find(is).map(String::as_str)
    }

    /// The efforts of a model; of the default one where it is not listed.
    pub fn efforts(&self, model: Option<&str>) -> &[String] {
        let model = model.and_then(|model| self.model(model)).or_else(|| self.model("default"));
        model.or_else(|| self.models.first()).map_or(&[], |model| &model.efforts)
    }

    /// The model that a word means: what `set_model` takes, its full name or its name for people.
    pub fn model(&self, word: &str) -> Option<&Model> {
        let is = |known: &str| known.eq_ignore_ascii_case(word);
        self.models
            .iter()
            .find(|model| is(&model.value))
            .or_else(|| self.models.iter().find(|model| is(&model.resolved) || is(&model.name)))
    }
}

/// A permission mode as the CLI's own terminal calls it; a new one as it is.
pub fn mode_name(mode: &str) -> &str {
    match mode {
        "acceptEdits" => "accept edits",
        "bypassPermissions" => "bypass permissions",
        "default" | "manual" => "manual",
        "dontAsk" => "don't ask",
        other => other,
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_offered_is_read_and_what_is_strange_left_out() {
        let offers = Offers::read(&json!({
            "commands": [
                {"name": "code-review", "description": "Review", "aliases": ["review"]},
                {"name": "a_b"}, {"name": "a-b"}, {"name": 7}, "strange",
            ],
            "models": [
                {"value": "default", "resolvedModel": "claude-opus-5-5", "displayName": "Default",
                 "supportedEffortLevels": ["low", "high"]},
                {"value": "opus", "resolvedModel": "claude-opus-5-5", "displayName": "Opus"},
            ],
            "agents": "none",
        }));
        assert_eq!(offers.commands.len(), 3);
        for (name, meant) in [
            ("code-review", Some("code-review")),
            ("code_review", Some("code-review")),
            ("review", Some("code-review")),
            ("a_b", Some("a_b")),
            ("compost", None),
        ] {
            assert_eq!(offers.command(name), meant, "{name}");
        }
        assert_eq!(offers.model("OPUS").map(|model| model.value.as_str()), Some("opus"));
        assert_eq!(offers.model("default").map(|model| model.efforts.len()), Some(2));
        assert!(offers.agents.is_empty());
        assert_eq!(Offers::read(&json!(null)), Offers::default());
        assert_eq!(offers.efforts(None), ["low", "high"]);
        assert_eq!(offers.efforts(Some("opus")), <[String; 0]>::default());
        assert_eq!(offers.efforts(Some("of tomorrow")), ["low", "high"]);
    }

    #[test]
    fn a_refusal_lists_the_modes() {
        let refusal = "Cannot set permission mode: must be one of acceptEdits, default, plan";
        assert_eq!(Offers::modes(refusal), ["acceptEdits", "default", "plan"]);
        assert!(Offers::modes("no").is_empty());
        let offers = Offers { modes: Offers::modes(refusal), ..Offers::default() };
        for (word, mode) in [
            ("acceptedits", Some("acceptEdits")),
            ("Accept edits", Some("acceptEdits")),
            ("manual", Some("default")),
            ("banana", None),
        ] {
            assert_eq!(offers.mode(word), mode, "{word}");
        }
    }
}
