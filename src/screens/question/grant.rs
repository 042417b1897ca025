//! What can be allowed for longer, in plain words.

use std::path::Path;

use crate::{
    bridge::grant::{Allows, Grant, Rule, Scope},
    screens::{Scene, turn::tool_name, words},
};

/// Characters of one rule on a button.
const RULE: usize = 40;

/// A button's words: what is granted, and where.
pub(super) fn label(scene: &Scene, grant: &Grant) -> String {
    match &grant.allows {
        Allows::Rules(rules) => {
            let rules: Vec<_> = rules.iter().map(|of| rule(scene, of)).collect();
            format!("Always allow {}{}", rules.join(" and "), place(grant.scope))
        }
        Allows::Directories(directories) => {
            let all: Vec<_> = directories.iter().map(|dir| words::path(dir, &scene.home)).collect();
            format!("Allow work in {}{}", words::line(&all.join(" and "), RULE), place(grant.scope))
        }
        Allows::Mode(mode) => format!("{}{}", mode_words(mode), place(grant.scope)),
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

fn mode_words(mode: &str) -> String {
    match mode {
        "acceptEdits" => "Accept edits".to_owned(),
        "plan" => "Plan mode".to_owned(),
        "default" | "manual" => "Manual mode".to_owned(),
        other => format!("Mode {}", words::line(other, RULE)),
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
            assert_eq!(label(&scene, &Grant::read(&raw).unwrap()), expected);
        };
        let rules = |rules: Value, destination: &str| json!({"type": "addRules", "rules": rules, "behavior": "allow", "destination": destination});
        check(
            rules(json!([{"toolName": "Bash", "ruleContent": "git status"}]), "localSettings"),
            "Always allow git status in this project",
        );
        check(
            rules(
                json!([{"toolName": "Bash", "ruleContent": "npm test *"}, {"toolName": "Bash", "ruleContent": "npm run *"}]),
                "localSettings",
            ),
            "Always allow npm test * and npm run * in this project",
        );
        check(
            rules(json!([{"toolName": "Read", "ruleContent": "//etc/**"}]), "session"),
            "Always allow reading in /etc in this session",
        );
        check(
            rules(
                json!([{"toolName": "WebFetch", "ruleContent": "domain:example.org"}]),
                "localSettings",
            ),
            "Always allow pages of example.org in this project",
        );
        check(
            rules(json!([{"toolName": "mcp__jira__search_issues"}]), "userSettings"),
            "Always allow jira: search issues everywhere",
        );
        check(
            json!({"type": "setMode", "mode": "acceptEdits", "destination": "session"}),
            "Accept edits in this session",
        );
        check(
            json!({"type": "addDirectories", "directories": ["/home/ada/garden"], "destination": "session"}),
            "Allow work in ~/garden in this session",
        );
        let hostile = rules(
            json!([{"toolName": "Bash", "ruleContent": "echo \u{202e}\u{1b}x\n\ny"}]),
            "session",
        );
        check(hostile, "Always allow echo \u{fffd}x y in this session");
    }
}
