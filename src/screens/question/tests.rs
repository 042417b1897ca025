//! Questions as they are read, hostile ones among them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Asker, decided, input, open};
use crate::{
    bridge::{
        grant::Grant,
        question::{Input, Open, Press},
    },
    claude::{session::SessionId, wire::Ask},
    screens::Scene,
    telegram::{callback::Key, screen::Screen, text::rules},
};

fn scene() -> Scene {
    Scene { home: "/home/ada".into(), bot: "segue_bot".to_owned(), now: 0 }
}

fn question(tool: &str, input: Value) -> Open {
    let rule = json!({"type": "addRules", "rules": [{"toolName": "Bash", "ruleContent": "ls *"}], "behavior": "allow", "destination": "localSettings"});
    let ask = Ask {
        request: "r".to_owned(),
        tool: tool.to_owned(),
        input,
        suggestions: vec![rule],
        ..Ask::default()
    };
    Open::new(ask, "")
}

fn shown(question: &Open) -> Screen {
    let session = SessionId(Uuid::nil());
    let asker =
        Asker { session, directory: "/home/ada/garden".into(), stop: Some(Key(1)), waits: false };
    let screen = open(&scene(), &asker, question);
    assert_eq!(rules::broken(&screen.text), None, "{screen:?}");
    assert!(screen.text.utf16_len() <= 4_096);
    screen
}

fn labels(screen: &Screen) -> Vec<&str> {
    screen.keyboard.iter().flatten().map(|button| button.label.as_str()).collect()
}

#[test]
fn what_matters_of_the_input_is_shown() {
    let check = |tool: &str, input: Value, expected: &str| {
        let text = shown(&question(tool, input)).text.text;
        assert!(text.contains(expected), "{text}");
    };
    check("Bash", json!({"command": "rm -rf build"}), "⚠ Deletes files for good\nrm -rf build");
    check(
        "Edit",
        json!({"file_path": "/home/ada/garden/b.rs", "old_string": "x\nz", "new_string": "y\nz"}),
        "~/garden/b.rs\n-x\n+y\n z",
    );
    check(
        "MultiEdit",
        json!({"file_path": "/a", "edits": [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": "d"}]}),
        "-a\n+b\n@@\n-c\n+d",
    );
    check(
        "Write",
        json!({"file_path": "/etc/x", "content": "line\n".repeat(50)}),
        "All of it is in the file.",
    );
    check("Write", json!({"file_path": "/etc/x", "content": ""}), "Writes outside of the project");
    check("WebFetch", json!({"url": "https://example.org/a"}), "https://example.org/a");
    check("mcp__jira__search", json!({"jql": "a=b"}), "jira: search\n{\n  \"jql\": \"a=b\"\n}");
    check("Bash", json!({"command": "x".repeat(9_000)}), "xx…\nAll of it is in the file.");
}

#[test]
fn hostile_input_is_harmless() {
    for tool in ["Bash", "Write", "Edit", "WebFetch", "mcp__\u{202e}__x", "AskUserQuestion"] {
        let evil = "</pre><b>\u{202e}\u{1b}[2J\u{2066}```\0";
        let option = json!({"label": evil, "description": evil});
        let input = json!({
            "command": evil, "file_path": evil, "content": evil, "old_string": evil,
            "new_string": format!("{evil}x"), "url": evil,
            "questions": [{"question": evil, "header": evil, "options": [option]}],
        });
        let screen = shown(&question(tool, input));
        let all = labels(&screen).concat() + &screen.text.text;
        assert!(!all.contains(['\u{202e}', '\u{1b}', '\u{2066}', '\0']), "{all:?}");
    }
}

#[test]
fn buttons_say_what_they_do() {
    let mut asked = question("Bash", json!({"command": "ls -l"}));
    let screen = shown(&asked);
    let all = ["Allow once", "Always here", "Deny", "Deny + reason", "Stop"];
    assert_eq!(labels(&screen), all);
    assert!(screen.text.text.ends_with("\nAlways here: ls * in this project"), "{screen:?}");
    let session = json!({"type": "setMode", "mode": "acceptEdits", "destination": "session"});
    asked.grants.extend([asked.grants[0].clone(), Grant::read(&session).unwrap()]);
    let screen = shown(&asked);
    assert_eq!(labels(&screen)[..4], all[..4], "four answers");
    assert_eq!(labels(&screen)[4..], ["More…", "Stop"]);
    asked.apply(&Input::Press(Press::More));
    let screen = shown(&asked);
    assert_eq!(labels(&screen), ["Always here 2", "Accept edits", "‹ Back", "Stop"]);
    assert!(screen.text.text.ends_with("\nAccept edits: accept edits in this session"));
    asked.apply(&Input::Press(Press::Write));
    let screen = shown(&asked);
    assert_eq!(labels(&screen), ["‹ Back", "Deny", "Stop"]);
    assert!(screen.text.text.ends_with("your next message here goes to Claude."));
}

#[test]
fn a_form_shows_one_question_and_what_is_picked() {
    let options =
        json!([{"label": "Soil", "description": "Moisture"}, {"label": "Rain", "description": ""}]);
    let mut asked = question(
        "AskUserQuestion",
        json!({"questions": [
            {"question": "Where?", "header": "Place", "options": options},
            {"question": "Which?", "header": "Sensors", "multiSelect": true, "options": options},
        ]}),
    );
    let screen = shown(&asked);
    assert_eq!(screen.text.text, "Claude asks: \n1 of 2 · Place\nWhere?\n• Soil — Moisture");
    assert_eq!(labels(&screen), ["Soil", "Rain", "Other…", "Stop"]);
    asked.apply(&Input::Press(Press::Pick(0, 0)));
    assert_eq!(labels(&shown(&asked)), ["☐ Soil", "☐ Rain", "‹ Back", "Other…", "Stop"]);
    asked.apply(&Input::Press(Press::Pick(1, 1)));
    assert_eq!(labels(&shown(&asked)), ["☐ Soil", "☑ Rain", "‹ Back", "Other…", "Done", "Stop"]);
    let decision = asked.apply(&Input::Press(Press::Done(1))).unwrap();
    assert_eq!(decided(&scene(), &asked, &decision).text, "✓ Where? Soil\n✓ Which? Rain");
}

#[test]
fn a_plan_is_shown_once_and_a_long_one_as_a_file() {
    let asked = question("ExitPlanMode", json!({"plan": "1. **dig**\n2. sow"}));
    let screen = shown(&asked);
    assert!(screen.text.text.starts_with("Claude asks: approve this plan?\n\n1. dig\n2. sow"));
    assert_eq!(labels(&screen), ["Approve", "Approve + edits", "Keep planning", "Stop"]);
    assert!(input::file_of(&asked).is_none());
    let steps = (1..=500).map(|n| format!("{n}. **step** number `{n}`"));
    let plan = steps.collect::<Vec<_>>().join("\n");
    let asked = question("ExitPlanMode", json!({"plan": plan}));
    assert!(shown(&asked).text.text.contains("All of it is in the file."));
    let file = input::file_of(&asked).unwrap();
    assert_eq!((file.name.as_str(), file.content.held()), ("plan.md", plan.as_bytes()));
}

#[test]
fn a_decision_is_one_line() {
    let mut asked = question("Bash", json!({"command": "ls\n-l"}));
    let check = |asked: &mut Open, input: Input, expected: &str| {
        let decision = asked.apply(&input).unwrap();
        assert_eq!(decided(&scene(), asked, &decision).text, expected);
    };
    let press = Input::Press;
    check(&mut asked, press(Press::Allow), "✓ Run ls (you allowed it)");
    check(&mut asked, press(Press::Grant(0)), "✓ Run ls (you allowed it: ls * in this project)");
    check(&mut asked, press(Press::Deny), "✗ Run ls (you denied it)");
    asked.apply(&press(Press::Write));
    check(&mut asked, Input::Write("too\nrisky".to_owned()), "✗ Run ls: too risky");
    let mut plan = question("ExitPlanMode", json!({"plan": "Dig."}));
    check(&mut plan, press(Press::Allow), "✓ Plan approved\nDig.");
    check(&mut plan, press(Press::Deny), "✗ Plan rejected");
}

#[test]
fn a_question_says_why_it_is_asked() {
    let mut asked = question("Bash", json!({"command": "ls"}));
    assert!(!shown(&asked).text.text.contains("Asked because"));
    asked.ask.reason = Some("The gate opens on a *road*.".to_owned());
    let text = shown(&asked).text.text;
    assert!(text.contains("\nAsked because: The gate opens on a *road*.\n"), "{text}");
}
