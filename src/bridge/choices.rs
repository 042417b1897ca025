//! How a place wants its runs: permission mode, model, effort; and how much of them it shows.
//!
//! Chosen in the chat, told to a warm run by a control request, given to a new one as a flag, and
//! remembered with the binding. What may be chosen is what the CLI offers; nothing here knows it.

use serde_json::{Map, Value, json};

/// Where a tag says how much is shown.
const VERBOSE: &str = "verbose";
/// What leaves a choice to the configuration and the CLI, as a person types it; and the name of the
/// model that the CLI takes then.
pub const DEFAULT: &str = "default";
/// The mode that asks about nothing.
pub const BYPASS: &str = "bypassPermissions";

/// The mode in which Claude changes nothing.
pub const PLAN: &str = "plan";

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The permission mode.
    Mode,
    /// The model.
    Model,
    /// How hard the model thinks.
    Effort,
}

impl Choice {
    /// Its name: of the command, of the tag's field, and in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Model => "model",
            Self::Effort => "effort",
        }
    }

    /// The control request that makes it hold in a warm process at once.
    pub fn request(self, value: &str) -> Value {
        match self {
            Self::Mode => json!({"subtype": "set_permission_mode", "mode": value}),
            Self::Model => json!({"subtype": "set_model", "model": value}),
            Self::Effort => {
                json!({"subtype": "apply_flag_settings", "settings": {"effortLevel": value}})
            }
        }
    }
}

/// What was chosen; None leaves it to the CLI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Permission mode.
    pub mode: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Effort.
    pub effort: Option<String>,
    /// How much of a turn is shown. No run knows it.
    pub verbosity: Verbosity,
}

impl Choices {
    /// What was chosen of one kind.
    pub fn get(&self, choice: Choice) -> Option<&str> {
        match choice {
            Choice::Mode => self.mode.as_deref(),
            Choice::Model => self.model.as_deref(),
            Choice::Effort => self.effort.as_deref(),
        }
    }

    /// Chooses.
    pub fn set(&mut self, choice: Choice, value: impl Into<String>) {
        let slot = match choice {
            Choice::Mode => &mut self.mode,
            Choice::Model => &mut self.model,
            Choice::Effort => &mut self.effort,
        };
        *slot = Some(value.into());
    }

    /// Leaves it to the configuration and the CLI again.
    pub fn clear(&mut self, choice: Choice) {
        match choice {
            Choice::Mode => self.mode = None,
            Choice::Model => self.model = None,
            Choice::Effort => self.effort = None,
        }
    }

    /// These, and others where nothing was chosen.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            mode: self.mode.or_else(|| others.mode.clone()),
            model: self.model.or_else(|| others.model.clone()),
            effort: self.effort.or_else(|| others.effort.clone()),
            verbosity: self.verbosity,
        }
    }

    /// Writes them into the tag of a history line.
    pub(super) fn write(&self, tag: &mut Map<String, Value>) {
        for choice in [Choice::Mode, Choice::Model, Choice::Effort] {
            if let Some(value) = self.get(choice) {
                tag.insert(choice.name().to_owned(), json!(value));
            }
        }
        if self.verbosity != Verbosity::default() {
            tag.insert(VERBOSE.to_owned(), json!(self.verbosity.level()));
        }
    }

    /// Reads them back.
    pub(super) fn read(tag: &Value) -> Self {
        let mut choices = Self::default();
        for choice in [Choice::Mode, Choice::Model, Choice::Effort] {
            if let Some(value) = tag.get(choice.name()).and_then(Value::as_str) {
                choices.set(choice, value);
            }
        }
        let level = tag.get(VERBOSE).and_then(Value::as_u64);
        choices.verbosity = level.and_then(Verbosity::of).unwrap_or_default();
        choices
    }
}

/// How much a place shows of what Claude does: `/verbose`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// The words of Claude, and one line of state.
    Words,
    /// Also what it does, a line each.
    #[default]
    Steps,
    /// Also the beginning of what each tool gave.
    Results,
}

impl Verbosity {
    /// All there are, the quietest first.
    pub const ALL: [Self; 3] = [Self::Words, Self::Steps, Self::Results];

    /// Its number, as it is written.
    pub fn level(self) -> u8 {
        match self {
            Self::Words => 0,
            Self::Steps => 1,
            Self::Results => 2,
        }
    }

    /// The one of a number.
    pub fn of(level: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|one| u64::from(one.level()) == level)
    }
}
