//! What the scripted `claude` does beside a headless run: background sessions, worktrees, the login,
//! and what goes wrong on demand.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{
    background::{self, Place},
    headless::{FLAGS, Scenario, make_repository},
    laptop::records,
    scripted::Home,
    wait::until,
};

const SESSION: &str = "11111111-0000-4000-8000-000000000001";

#[test]
fn a_background_session_begins_is_listed_and_ends() {
    let home = Home::new();
    background::check(&Place { home: home.path(), claude: &|| home.claude() });
}

#[test]
fn the_login_is_told() {
    let home = Home::new();
    let place = Place { home: home.path(), claude: &|| home.claude() };
    background::check_login(&place, |command| {
        command.env("SEGUE_SCRIPT_LOGIN", "0");
    });
}

#[test]
fn a_question_of_a_background_session_stays_open_until_it_is_stopped() {
    let home = Home::new();
    let run = |args: &[&str]| home.claude().args(args).output().unwrap();
    run(&["--bg", "open the gate"]);
    let list =
        || -> Vec<Value> { serde_json::from_slice(&run(&["agents", "--json"]).stdout).unwrap() };
    until("asking", || list().iter().any(|row| row["status"] == "waiting"));
    let id = list()[0]["id"].as_str().unwrap().to_owned();
    run(&["stop", &id]);
    until("stopped", || list().is_empty());
}

#[test]
fn a_worktree_has_a_transcript_of_its_own() {
    let home = Home::new();
    make_repository(&home.garden());
    let mut command = home.claude();
    command.args(["-p", "-w", "shed", "--session-id", SESSION, "sow the beans"]);
    assert!(command.output().unwrap().status.success());
    let written = home.records(SESSION);
    let place = home.garden().join(".claude/worktrees/shed");
    assert_eq!(written[0]["worktreeSession"]["worktreePath"], json!(place));
    let prompt = written.iter().find(|record| record["type"] == "user").unwrap();
    assert_eq!((&prompt["cwd"], &prompt["gitBranch"]), (&json!(place), &"worktree-shed".into()));
    let list = ["worktree", "list", "--porcelain"];
    let listed = Command::new("git").current_dir(home.garden()).args(list).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("locked claude session shed"), "{listed}");
}

/// A headless run with one prompt, told until its result.
fn answered(mut command: Command) -> Child {
    command.args(FLAGS).args(["--session-id", SESSION]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let line = json!({"type": "user", "message": {"role": "user", "content": "sow the beans"}});
    writeln!(child.stdin.as_mut().unwrap(), "{line}").unwrap();
    let told = BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
    let is_result = |line: String| {
        serde_json::from_str::<Value>(&line).is_ok_and(|event| event["type"] == "result")
    };
    assert!(told.into_iter().any(is_result));
    child
}

#[test]
fn what_an_older_one_has_told_is_lost_with_a_kill_and_written_otherwise() {
    let slow = |home: &Home| {
        let mut command = home.claude();
        command.env("SEGUE_SCRIPT_LATE", "600000");
        command
    };
    let home = Home::new();
    let mut child = answered(slow(&home));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!home.path().join(".claude/projects").exists(), "nothing was written yet");

    let home = Home::new();
    let mut child = answered(slow(&home));
    drop(child.stdin.take());
    child.wait().unwrap();
    let written = fs::read_to_string(home.transcript(SESSION)).unwrap();
    assert!(written.contains("I see 1 prompts; the last is: sow the beans"));

    let home = Home::new();
    let mut soon = home.claude();
    soon.env("SEGUE_SCRIPT_LATE", "100");
    let mut child = answered(soon);
    let holds = || {
        home.path().join(".claude/projects").exists() && {
            let written = fs::read_to_string(home.transcript(SESSION)).unwrap();
            written.contains("I see 1 prompts") && written.contains("last-prompt")
        }
    };
    until("written a moment later", holds);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_crash_leaves_of_the_transcript_what_the_script_says() {
    for (leaves, is_as_told) in [
        ("whole", (|bytes: &[u8]| bytes.starts_with(b"{")) as fn(&[u8]) -> bool),
        ("empty", <[u8]>::is_empty),
        ("zeros", |bytes| !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0)),
    ] {
        let home = Home::new();
        let crash = json!({"crash": {"code": 7, "stderr": "No space left", "leaves": leaves}});
        let script = home.path().join("crash.json");
        fs::write(&script, json!({"rules": [{"replies": [[crash]]}]}).to_string()).unwrap();
        let mut command = home.claude();
        command.env("SEGUE_SCRIPT", script).args(["-p", "--session-id", SESSION, "hello"]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{leaves}: {output:?}");
        let left = fs::read(home.transcript(SESSION)).unwrap();
        assert!(is_as_told(&left), "{leaves}: {left:?}");
    }
}

#[test]
fn a_sub_agent_has_a_transcript_of_its_own() {
    let home = Home::new();
    let scenario = Scenario::load("delegated_late");
    scenario.play(home.claude());
    let folder = home.transcript(&scenario.head.args[1]).with_extension("").join("subagents");
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let written = records(&file);
    let kinds: Vec<_> = written.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["user", "assistant", "user", "assistant"]);
    assert!(written.iter().all(|record| record["isSidechain"] == true), "{written:?}");
    assert_eq!(written[0]["message"]["content"], "wait for the owls");
}

#[test]
fn ballast_is_as_long_as_is_wished() {
    let home = Home::new();
    let mut command = home.claude();
    command.env("SEGUE_SCRIPT_BALLAST", "20000");
    command.args(["-p", "--session-id", SESSION, "sow the beans"]).output().unwrap();
    let text = fs::read_to_string(home.transcript(SESSION)).unwrap();
    let is_spoken = |record: &Value| record["type"] == "user" || record["type"] == "assistant";
    let spoken = home.records(SESSION).into_iter().filter(is_spoken);
    let spoken: usize = spoken.map(|record| record.to_string().len()).sum();
    assert!(text.len() > 100_000 && spoken < 5_000, "{} {spoken}", text.len());
}
