//! What `claude --bg` and its sisters do: the same is asked of the real one and of the scripted one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::support::{laptop::records, wait::until};

/// A home and what starts `claude` in a directory of it.
pub(crate) struct Place<'a> {
    pub(crate) home: &'a Path,
    pub(crate) claude: &'a dyn Fn() -> Command,
}

impl Place<'_> {
    fn run(&self, args: &[&str]) -> Output {
        (self.claude)().args(args).stdin(Stdio::null()).output().unwrap()
    }

    /// What it says, where it succeeds.
    fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The sessions that it lists.
    fn agents(&self, args: &[&str]) -> Vec<Value> {
        let said = self.says(&[&["agents", "--json"], args].concat());
        serde_json::from_str(&said).unwrap()
    }

    fn wait_for_status(&self, id: &str, status: &str) -> Value {
        let mut found = Value::Null;
        until(&format!("{id} {status}"), || {
            let row = self.agents(&[]).into_iter().find(|row| row["id"] == id);
            found = row.unwrap_or_default();
            found["status"] == status
        });
        found
    }

    fn transcript(&self, session: &str) -> PathBuf {
        self.find_transcript(session).unwrap()
    }

    /// It is made after the session is listed as idle.
    fn find_transcript(&self, session: &str) -> Option<PathBuf> {
        let name = format!("{session}.jsonl");
        let all = walkdir::WalkDir::new(self.home.join(".claude/projects")).into_iter().flatten();
        let mut named = all.into_iter().filter(|entry| entry.file_name().to_str() == Some(&name));
        named.next().map(walkdir::DirEntry::into_path)
    }

    fn wait_for_answer(&self, session: &str, answer: &str) {
        until(answer, || {
            let text = self.find_transcript(session).and_then(|path| fs::read_to_string(path).ok());
            text.is_some_and(|text| text.contains(answer))
        });
    }
}

fn fields(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A background session from its start to its end, and on.
pub(crate) fn check(place: &Place) {
    let begun = place.says(&["--bg", "sow the peas"]);
    let (_, id) = begun.lines().next().unwrap().split_once("backgrounded · ").unwrap();
    let id = id.split(' ').next().unwrap();
    let row = place.wait_for_status(id, "idle");
    let running = ["cwd", "id", "kind", "name", "pid", "sessionId", "startedAt", "state", "status"];
    assert_eq!(fields(&row), running.into());
    assert_eq!((&row["kind"], &row["state"]), (&"background".into(), &"working".into()));
    let session = row["sessionId"].as_str().unwrap();
    assert!(session.starts_with(id), "{row}");
    let registry = place.home.join(format!(".claude/sessions/{}.json", row["pid"]));
    let entry: Value = serde_json::from_slice(&fs::read(&registry).unwrap()).unwrap();
    assert_eq!((&entry["kind"], &entry["jobId"]), (&"bg".into(), &id.into()));
    assert_eq!(entry["entrypoint"], "cli");

    place.wait_for_answer(session, "I see 1 prompts; the last is: sow the peas");
    let written = records(&place.transcript(session));
    let prompt = written.iter().find(|record| record["type"] == "user").unwrap();
    assert_eq!((&prompt["sessionKind"], &prompt["entrypoint"]), (&"bg".into(), &"cli".into()));
    let state = place.home.join(".claude/jobs").join(id).join("state.json");
    let state = || -> Value { serde_json::from_slice(&fs::read(&state).unwrap()).unwrap() };
    assert_eq!(state()["sessionId"], session);
    assert!(place.says(&["logs", id]).contains("sow the peas"));
    let history = fs::read_to_string(place.home.join(".claude/history.jsonl")).unwrap();
    assert!(history.contains("sow the peas"), "{history}");

    assert!(place.says(&["stop", id]).starts_with(&format!("stopped {id}")));
    until("stopped", || place.agents(&[]).is_empty() && !registry.exists());
    assert_eq!(state()["state"], "stopped");
    let all = place.agents(&["--all"]);
    let row = all.iter().find(|row| row["id"] == id).unwrap();
    assert!(row.get("pid").is_none() && row["state"] == "stopped", "{row}");
    for word in ["stop", "logs"] {
        let refused = place.run(&[word, "nothing"]);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{word}: {said}");
        assert!(said.contains("No session matching 'nothing'"), "{word}: {said}");
    }

    place.says(&["--bg", "--resume", session, "water the peas"]);
    place.wait_for_answer(session, "I see 2 prompts; the last is: water the peas");
    place.says(&["stop", id]);
}

/// Who is logged in, and who is not.
pub(crate) fn check_login(place: &Place, nobody: impl Fn(&mut Command)) {
    let mut command = (place.claude)();
    let known = ["loggedIn", "authMethod", "apiProvider", "loginExpiresAt"];
    for is_in in [true, false] {
        let output = command.args(["auth", "status"]).output().unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.success(), &status["loggedIn"]), (is_in, &is_in.into()));
        assert_eq!(status["authMethod"] == "none", !is_in, "{status}");
        assert!(known.iter().all(|field| status.get(field).is_some()), "{status}");
        command = (place.claude)();
        nobody(&mut command);
    }
}
