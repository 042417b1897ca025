//! What the CLI offers to remember along with a permission: a `permission_suggestions` entry into a
//! [`Grant`] that can be said in plain words.
//!
//! The entry itself is kept and sent back as it came, so that what the person chose is what the CLI
//! offered. Kinds that cannot be said in plain words are not offered, and neither is a mode that
//! asks for nothing any more: that is for the configuration to allow.

use std::path::PathBuf;

use serde_json::{Value, json};

/// One thing that can be allowed for longer than this once.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// What is allowed.
    pub allows: Allows,
    /// For how long and where.
    pub scope: Scope,
    /// The CLI's own entry, for `updatedPermissions`.
    pub raw: Value,
}

/// What a grant allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allows {
    /// Uses of tools.
    Rules(Vec<Rule>),
    /// Work in further directories.
    Directories(Vec<PathBuf>),
    /// A permission mode: `acceptEdits`, ….
    Mode(String),
}

/// Uses of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The tool's name.
    pub tool: String,
    /// Which uses: `git push *`, `domain:example.org`, `//etc/**`; None for all.
    pub content: Option<String>,
}

/// For how long and where a grant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Until the session's process ends.
    Session,
    /// In this directory, for this person (`localSettings`).
    Project,
    /// In this directory, for all who work on it (`projectSettings`).
    Shared,
    /// In all directories (`userSettings`).
    Everywhere,
}

impl Grant {
    /// Reads one suggestion; None for what is not offered.
    pub fn read(raw: &Value) -> Option<Self> {
        let scope = match raw["destination"].as_str()? {
            "session" => Scope::Session,
            "localSettings" => Scope::Project,
            "projectSettings" => Scope::Shared,
            "userSettings" => Scope::Everywhere,
            _ => return None,
        };
        let allows = match raw["type"].as_str()? {
            "addRules" if raw["behavior"] == "allow" => Allows::Rules(rules(&raw["rules"])?),
            "addDirectories" => {
                let all = raw["directories"].as_array()?.iter();
                Allows::Directories(
                    all.map(|dir| dir.as_str().map(PathBuf::from)).collect::<Option<_>>()?,
                )
            }
            "setMode" if raw["mode"] != "bypassPermissions" => {
                Allows::Mode(raw["mode"].as_str()?.to_owned())
            }
            _ => return None,
        };
        Some(Self { allows, scope, raw: raw.clone() })
    }

    /// Edits are accepted until the session's process ends: what a plan can be approved with.
    pub fn accept_edits() -> Self {
        Self {
            allows: Allows::Mode("acceptEdits".to_owned()),
            scope: Scope::Session,
            raw: json!({"type": "setMode", "mode": "acceptEdits", "destination": "session"}),
        }
    }
}

/// None where one of them is not understood: a grant is offered whole or not at all.
fn rules(raw: &Value) -> Option<Vec<Rule>> {
    let rules: Vec<Rule> = raw
        .as_array()?
        .iter()
        .map(|rule| {
            let content =
                rule.get("ruleContent").map(|content| content.as_str().map(str::to_owned));
            Some(Rule {
                tool: rule["toolName"].as_str()?.to_owned(),
                content: match content {
                    Some(content) => Some(content?),
                    None => None,
                },
            })
        })
        .collect::<Option<_>>()?;
    (!rules.is_empty()).then_some(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_said_is_offered() {
        let check = |raw: Value, expected: Option<(Allows, Scope)>| {
            let read = Grant::read(&raw).map(|grant| {
                assert_eq!(grant.raw, raw, "it goes back as it came");
                (grant.allows, grant.scope)
            });
            assert_eq!(read, expected, "{raw}");
        };
        let rule = |tool: &str, content: Option<&str>| Rule {
            tool: tool.to_owned(),
            content: content.map(str::to_owned),
        };
        check(
            json!({"type": "addRules", "rules": [{"toolName": "Bash", "ruleContent": "npm test *"}, {"toolName": "WebSearch"}], "behavior": "allow", "destination": "localSettings"}),
            Some((
                Allows::Rules(vec![rule("Bash", Some("npm test *")), rule("WebSearch", None)]),
                Scope::Project,
            )),
        );
        check(
            json!({"type": "addDirectories", "directories": ["/srv"], "destination": "session"}),
            Some((Allows::Directories(vec!["/srv".into()]), Scope::Session)),
        );
        check(
            json!({"type": "setMode", "mode": "acceptEdits", "destination": "session"}),
            Some((Allows::Mode("acceptEdits".to_owned()), Scope::Session)),
        );
        for refused in [
            json!({"type": "setMode", "mode": "bypassPermissions", "destination": "session"}),
            json!({"type": "addRules", "rules": [{"toolName": "Bash"}], "behavior": "deny", "destination": "session"}),
            json!({"type": "addRules", "rules": [{"toolName": "Bash", "ruleContent": 5}], "behavior": "allow", "destination": "session"}),
            json!({"type": "addRules", "rules": [], "behavior": "allow", "destination": "session"}),
            json!({"type": "addRules", "rules": [{"toolName": "Bash"}], "behavior": "allow", "destination": "moon"}),
            json!({"type": "addHologram", "destination": "session"}),
            json!(5),
        ] {
            check(refused, None);
        }
    }

    #[test]
    fn accepted_edits_are_what_the_cli_would_offer() {
        let grant = Grant::accept_edits();
        assert_eq!(Grant::read(&grant.raw), Some(grant));
    }
}
