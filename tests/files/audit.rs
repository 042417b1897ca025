//! What tools did, from transcripts, and how it ended.

use std::{fs, ops::ControlFlow, path::Path};

use segue::{
    bridge::{audit::entry, danger::Danger},
    claude::{
        audit::{self, Call, Outcome, Scope},
        corpus::Owner,
        home::Home,
    },
};
use serde_json::{Value, json};

use crate::{fixture, world::World};

fn calls(home: &Home, scope: Scope) -> Vec<Call> {
    let mut all = Vec::new();
    audit::run(home, scope, |calls| {
        all.extend(calls);
        ControlFlow::Continue(())
    });
    all
}

fn called(minute: u32, id: &str, (tool, input): (&str, Value)) -> Value {
    json!({"type": "assistant", "cwd": "/home/ada/garden",
        "timestamp": format!("2026-05-04T09:{minute:02}:00.000Z"), "message": {"content": [
            {"type": "tool_use", "id": id, "name": tool, "input": input}]}})
}

fn gave(id: &str, error: bool, text: &str) -> Value {
    json!({"type": "user", "message": {"content": [
        {"type": "tool_result", "tool_use_id": id, "is_error": error, "content": text}]}})
}

fn put(path: &Path, lines: &[Value]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text: Vec<_> = lines.iter().map(ToString::to_string).collect();
    fs::write(path, text.join("\n") + "\n").unwrap();
}

#[test]
fn calls_are_told_with_their_end_and_their_dangers() {
    let world = World::new();
    let folder = world.home.folder(Path::new("/home/ada/garden"));
    let id = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";
    let mut refused = gave("c", true, "not today");
    refused["toolDenialKind"] = json!("user");
    let long = "x".repeat(100_000);
    let lines = [
        called(2, "b", ("Bash", json!({"command": "rm -rf beds\necho done"}))),
        called(1, "a", ("Write", json!({"file_path": "/home/ada/garden/x.md", "content": long}))),
        gave("b", true, "no such directory"),
        gave("a", false, "written"),
        called(3, "c", ("Bash", json!({"command": "cat ~/.ssh/id_ed25519"}))),
        refused,
        called(4, "d", ("WebFetch", json!({"url": "https://beans.example"}))),
        called(5, "e", ("Bash", json!({"command": "ls"}))),
        gave("e", true, "The user doesn't want to proceed with this tool use. The tool use was"),
        json!({"type": "user", "message": {"content": "about \"tool_use\" and \"tool_result\""}}),
    ];
    put(&folder.join(format!("{id}.jsonl")), &lines);
    let agent = folder.join(id).join("subagents/agent-1.jsonl");
    put(&agent, &[called(6, "f", ("Grep", json!({"pattern": "bean"}))), gave("f", false, "")]);

    let session = Some(id.parse().unwrap());
    let all = calls(&world.home, Scope { session, since: 0 });
    let told: Vec<_> = all
        .iter()
        .map(|call| {
            let entry = entry(call.clone(), Path::new("/home/ada"));
            (entry.what, entry.call.outcome, entry.flags, call.owner)
        })
        .collect();
    let expected = [
        ("/home/ada/garden/x.md", Outcome::Done, vec![], Owner::Session),
        ("rm -rf beds\necho done", Outcome::Failed, vec![Danger::Deletes], Owner::Session),
        ("cat ~/.ssh/id_ed25519", Outcome::Denied, vec![Danger::Secrets], Owner::Session),
        ("https://beans.example", Outcome::Open, vec![], Owner::Session),
        ("ls", Outcome::Denied, vec![], Owner::Session),
        ("bean", Outcome::Done, vec![], Owner::Agent),
    ];
    let expected = expected.map(|(what, end, flags, owner)| (what.to_owned(), end, flags, owner));
    assert_eq!(told, expected);
    assert!(all[0].input["content"].as_str().unwrap().len() < 5_000, "files are not kept");

    let late = Scope { session: None, since: all[3].at };
    assert_eq!(calls(&world.home, late).len(), 3);
    let nobody = Some("00000000-0000-4000-8000-000000000000".parse().unwrap());
    assert_eq!(calls(&world.home, Scope { session: nobody, since: 0 }), []);
}

#[test]
fn the_fixture_s_calls_are_all_there() {
    let all = calls(&fixture(), Scope::default());
    let ids = fixture_text().matches("\"type\":\"tool_use\"").count();
    assert_eq!(all.len(), ids);
    assert!(all.iter().filter(|call| call.outcome == Outcome::Done).count() > ids / 2);
}

fn fixture_text() -> String {
    let corpus = segue::claude::corpus::Corpus::of(&fixture());
    let files = corpus.sessions.iter().flat_map(|session| &session.files);
    files.map(|file| String::from_utf8_lossy(&fs::read(&file.path).unwrap()).into_owned()).collect()
}
