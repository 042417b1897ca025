//! What can be allowed for longer, in plain words.

use std::path::Path;

use crate::{
    bridge::grant::{Allows, Grant, Rule, Scope},
    claude::wire::offers::mode_name,
    screens::{
        Scene,
        words::{self, tool_name},
    },
};

/// Characters of one rule.
const RULE: usize = 60;
/// Characters on a button, room for a number left.
const LABEL: usize = 17;

/// What is granted, and where.
pub(super) fn whole(scene: &Scene, grant: &Grant) -> String {
    match &grant.allows {
        Allows::Rules(rules) => {
            let rules: Vec<_> = rules.iter().map(|of| rule(scene, of)).collect();
            format!("{}{}", rules.join(" and "), place(grant.scope))
        }
        Allows::Directories(directories) => {
            let all: Vec<_> = directories.iter().map(|dir| words::path(dir, &scene.home)).collect();
            format!("work in {}{}", words::line(&all.join(" and "), RULE), place(grant.scope))
        }
        Allows::Mode(mode) => {
            format!("{}{}", words::line(mode_name(mode), RULE), place(grant.scope))
        }
    }
}

/// The buttons of all grants, in at most 20 characters each and no two alike.
pub(super) fn labels(grants: &[Grant]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for grant in grants {
        let label = label(grant);
        let same = labels.iter().filter(|known| known.starts_with(&label)).count();
        labels.push(if same > 0 { format!("{label} {}", same + 1) } else { label });
    }
    labels
}

fn label(grant: &Grant) -> String {
    match (&grant.allows, grant.scope) {
        (Allows::Rules(_), Scope::Session) => "Allow this session".to_owned(),
        (Allows::Rules(_), Scope::Project) => "Always here".to_owned(),
        (Allows::Rules(_), Scope::Shared) => "Always, for all".to_owned(),
        (Allows::Rules(_), Scope::Everywhere) => "Always, everywhere".to_owned(),
        (Allows::Directories(_), _) => "Allow this folder".to_owned(),
        (Allows::Mode(mode), _) => {
            let name = words::line(mode_name(mode), LABEL);
            let mut signs = name.chars();
            let first = signs.next().map(|first| first.to_uppercase().to_string());
            first.unwrap_or_default() + signs.as_str()
        }
    }
}

fn rule(scene: &Scene, rule: &Rule) -> String {
    let Some(content) = &rule.content else { return tool_words(&rule.tool) };
    match (&*rule.tool, content.strip_prefix("domain:")) {
        ("Bash", _) => words::line(content, RULE),
        ("WebFetch", Some(domain)) => format!("pages of {}", words::line(domain, RULE)),
        ("Read", _) => {
            // Two slashes begin an absolute path in a rule.
            let path = content.strip_prefix('/').filter(|path| path.starts_with('/'));
            let path = path.unwrap_or(content);
            let path = path.strip_suffix("/**").unwrap_or(path);
            let path = words::path(Path::new(path), &scene.home);
            format!("reading in {}", words::line(&path, RULE))
        }
        (tool, _) => format!("{} {}", tool_name(tool), words::line(content, RULE)),
    }
}

fn tool_words(tool: &str) -> String {
    match tool {
        "Bash" => "every command".to_owned(),
        "WebSearch" => "web searches".to_owned(),
        "WebFetch" => "every web page".to_owned(),
        "Read" => "reading everywhere".to_owned(),
        "Edit" | "Write" => "every edit".to_owned(),
        other => tool_name(other),
    }
}

fn place(scope: Scope) -> &'static str {
    match scope {
        Scope::Session => " in this session",
        Scope::Project => " in this project",
        Scope::Shared => " in this project, for everybody",
        Scope::Everywhere => " everywhere",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn grants_are_said_in_plain_words() {
        let scene = Scene { home: "/home/ada".into(), bot: "b".to_owned(), now: 0 };
        let check = |raw: Value, expected: &str| {
            let grant = Grant::read(&raw).unwrap();
            assert_eq!(whole(&scene, &grant), expected);
            assert!(labels(&[grant]).iter().all(|label| label.chars().count() <= 20));
        };
        let rules = |rules: Value, destination: &str| json!({"type": "addRules", "rules": rules, "behavior": "allow", "destination": destination});
        check(
            rules(json!([{"toolName": "Bash", "ruleContent": "git status"}]), "localSettings"),
            "git status in this project",
        );
        check(
            rules(
                json!([{"toolName": "Bash", "ruleContent": "npm test *"}, {"toolName": "Bash", "ruleContent": "npm run *"}]),
                "localSettings",
            ),
            "npm test * and npm run * in this project",
        );
        check(
            rules(json!([{"toolName": "Read", "ruleContent": "//etc/**"}]), "session"),
            "reading in /etc in this session",
        );
        check(
            rules(
                json!([{"toolName": "WebFetch", "ruleContent": "domain:example.org"}]),
                "localSettings",
            ),
            "pages of example.org in this project",
        );
        check(
            rules(json!([{"toolName": "mcp__jira__search_issues"}]), "userSettings"),
            "jira: search issues everywhere",
        );
        check(
            json!({"type": "setMode", "mode": "acceptEdits", "destination": "session"}),
            "accept edits in this session",
        );
        check(
            json!({"type": "addDirectories", "directories": ["/home/ada/garden"], "destination": "session"}),
            "work in ~/garden in this session",
        );
        let hostile = rules(
            json!([{"toolName": "Bash", "ruleContent": "echo \u{202e}\u{1b}x\n\ny"}]),
            "session",
        );
        check(hostile, "echo \u{fffd}x y in this session");
    }
}
