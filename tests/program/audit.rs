//! `segue audit` and `segue live` as scripts and people meet them.

use std::fs;

use serde_json::{Value, json};

use crate::{
    machine::{segue, stderr, stdout},
    support::scratch::Scratch,
};

const ID: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

#[test]
fn what_tools_did_is_told_to_scripts_and_people() {
    let scratch = Scratch::new();
    let folder = scratch.home().join(".claude/projects/-garden");
    fs::create_dir_all(&folder).unwrap();
    let call = |id: &str, command: &str| {
        json!({"type": "assistant", "cwd": "/garden", "timestamp": "2026-05-04T09:12:33.456Z",
            "message": {"content": [
                {"type": "tool_use", "id": id, "name": "Bash", "input": {"command": command}}]}})
    };
    let lines = [call("a", "git push --force"), call("b", "ls \u{1b}[2J")];
    let text = lines.map(|line| line.to_string()).join("\n");
    fs::write(folder.join(format!("{ID}.jsonl")), text).unwrap();

    let output = segue(&scratch, &["audit", &ID[..8], "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = json!({"at": 1_777_885_953_456_u64, "session": ID, "tool": "Bash",
        "what": "git push --force", "flags": ["rewrites"], "outcome": "open", "agent": false,
        "project": "/garden"});
    assert_eq!((rows.len(), &rows[0]), (2, &expected));

    let output = segue(&scratch, &["audit", ID, "--flagged"]);
    let text = stdout(&output);
    assert!(text.contains("git push --force") && text.contains("⚠ Overwrites"), "{text}");
    assert!(!text.contains("ls") && !text.contains('\x1b'), "{text:?}");
    for (arguments, code, words) in [
        (&["audit"][..], 1, "--since 7d"),
        (&["audit", "ffffffff"], 1, "no session begins with"),
        (&["audit", "--since", "soon"], 2, "is no time"),
    ] {
        let output = segue(&scratch, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn running_sessions_are_listed_by_who_needs_somebody() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let nothing = segue(&scratch, &["live", "--json"]);
    assert_eq!((nothing.status.code(), stdout(&nothing).trim()), (Some(1), "[]"));
    let nothing = segue(&scratch, &["live"]);
    assert!(stderr(&nothing).contains("no session of Claude's runs now"));
    let titled = scratch.session(&garden, &["sow the beans"], 5);
    let folder = scratch.home().join(".claude/sessions");
    fs::create_dir_all(&folder).unwrap();
    // This very process, twice: the registry of a CLI says which sessions it has.
    let pid = std::process::id();
    let entry = |session: &str, more: Value| {
        let mut entry = json!({"pid": pid, "sessionId": session, "cwd": garden, "kind": "interactive",
            "entrypoint": "cli", "startedAt": 1_777_885_953_456_u64});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry.to_string()
    };
    let busy = entry(ID, json!({"status": "busy", "name": "peas", "jobId": "7f9c2ba4"}));
    let waits = json!({"status": "waiting", "waitingFor": "permission prompt",
        "statusUpdatedAt": 1_777_885_953_999_u64});
    fs::write(folder.join("1.json"), busy).unwrap();
    fs::write(folder.join("2.json"), entry(&titled, waits)).unwrap();

    let output = segue(&scratch, &["live", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!([
        {"pid": pid, "session": titled, "project": garden, "title": "sow the beans",
            "kind": "interactive", "status": "waiting", "waiting_for": "permission prompt",
            "since": 1_777_885_953_999_u64},
        {"pid": pid, "session": ID, "project": garden, "title": "peas", "kind": "background",
            "status": "busy", "waiting_for": null, "since": 1_777_885_953_456_u64},
    ]);
    assert_eq!(rows, expected);
    let text = stdout(&segue(&scratch, &["live"]));
    assert!(text.contains("waits for") && text.contains(": permission prompt"), "{text}");
    assert!(text.contains("~/garden · interactive · process"), "{text}");
}
