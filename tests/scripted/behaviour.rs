//! What the scripted `claude` does beside its stream: files, the registry, the demo's words.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{
    headless::{FLAGS, Scenario},
    scripted::Home,
    wait::until_or,
};

const SESSION: &str = "11111111-0000-4000-8000-000000000001";

fn print(command: &mut Command, args: &[&str]) -> (i32, String) {
    let output = command.arg("-p").args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), text)
}

#[test]
fn the_demos_words_do_what_they_say() {
    // Nobody is there to be asked: what needs permission is denied.
    for (prompt, code, says) in [
        ("hello", 0, "This is prompt **1** of our conversation, which began with: *hello*"),
        ("run the tests", 0, "I'll leave the tests alone"),
        ("write a long report", 0, "How the watering decides"),
        ("think about it", 0, "rain gauge counts twice"),
        ("login", 1, "Not logged in · Please run /login"),
        ("crash", 3, ""),
    ] {
        let home = Home::new();
        let mut claude = home.demo();
        claude.env("CLAUDE_CODE_MAX_RETRIES", "0");
        let (found, text) = print(&mut claude, &[prompt]);
        assert_eq!(found, code, "{prompt}: {text}");
        assert!(text.contains(says), "{prompt}: {text}");
        if prompt.contains("long") {
            assert!(text.encode_utf16().count() > 4096, "{prompt}");
        }
    }
}

#[test]
fn a_resumed_conversation_knows_its_past() {
    let home = Home::new();
    let begin = ["--session-id", SESSION, "sow the beans"];
    assert_eq!(
        print(&mut home.claude(), &begin).1,
        "I see 1 prompts; the last is: sow the beans\n"
    );
    let resume = ["--resume", SESSION, "water them"];
    assert_eq!(print(&mut home.claude(), &resume).1, "I see 2 prompts; the last is: water them\n");
    let newest = ["--continue", "pick them"];
    assert_eq!(print(&mut home.claude(), &newest).1, "I see 3 prompts; the last is: pick them\n");
    let copy = "11111111-0000-4000-8000-000000000002";
    let fork = ["--resume", SESSION, "--fork-session", "--session-id", copy, "cook them"];
    assert_eq!(print(&mut home.claude(), &fork).1, "I see 4 prompts; the last is: cook them\n");
    assert_eq!(print(&mut home.claude(), &resume).1, "I see 4 prompts; the last is: water them\n");
}

#[test]
fn the_records_are_those_of_a_telegram_session() {
    let home = Home::new();
    let scenario = Scenario::load("folded");
    scenario.play(home.claude());
    let session = &scenario.head.args[1];
    let path = home.transcript(session);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let records = home.records(session);
    let kinds: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "queue-operation",
            "queue-operation",
            "user",
            "attachment",
            "attachment",
            "attachment",
            "attachment",
            "attachment",
            "atis-latch",
            "api-request-shape",
            "api-request-blob",
            "api-request-blob",
            "api-request",
            "assistant",
            "assistant",
            "attachment",
            "queue-operation",
            "user",
            "queue-operation",
            "attachment",
            "api-request",
            "assistant",
            "last-prompt",
            "cost-state",
        ]
    );
    let mut parent = Value::Null;
    for record in records.iter().filter(|record| record.get("uuid").is_some()) {
        assert_eq!(record["parentUuid"], parent);
        assert_eq!(record["entrypoint"], "telegram");
        assert_eq!(record["cwd"], json!(home.garden()));
        assert_eq!(record["sessionId"], session.as_str());
        parent = record["uuid"].clone();
    }
    assert_eq!(records[22]["leafUuid"], parent);
    assert_eq!(records[19]["attachment"]["source_uuid"], records[18]["commandUuid"]);
    assert!(!home.path().join(".claude/history.jsonl").exists());
}

/// A headless run that a test talks to.
struct Talk {
    child: Child,
    home: Home,
}

impl Talk {
    fn start() -> Self {
        let home = Home::new();
        let mut command = home.claude();
        command.args(FLAGS).args(["--session-id", SESSION]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, home }
    }

    fn send(&mut self, text: &str) {
        let line = json!({"type": "user", "message": {"role": "user", "content": text}});
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Reads events until one of this type.
    fn wait(&mut self, kind: &str) -> Value {
        let mut stdout = BufReader::with_capacity(1, self.child.stdout.as_mut().unwrap());
        let mut line = String::new();
        while stdout.read_line(&mut line).unwrap() > 0 {
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["type"] == kind {
                return event;
            }
            line.clear();
        }
        panic!("no {kind}");
    }

    /// Waits until the registry shows a status.
    fn wait_for_status(&self, status: &str) -> Value {
        let name = format!(".claude/sessions/{}.json", self.child.id());
        let path = self.home.path().join(name);
        let entry = || -> Value {
            let entry = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
            entry.unwrap_or_default()
        };
        until_or(|| entry()["status"] == status, || format!("not {status}: {}", entry()));
        entry()
    }

    fn terminate(mut self) -> (Option<i32>, Home) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        // Waiting closes a standard input that the child still has, which would end it, too.
        let input = self.child.stdin.take();
        let code = self.child.wait().unwrap().code();
        drop(input);
        (code, self.home)
    }
}

#[test]
fn the_registry_says_what_a_run_does() {
    let mut talk = Talk::start();
    let entry = talk.wait_for_status("idle");
    let stat = fs::read_to_string(format!("/proc/{}/stat", talk.child.id())).unwrap();
    let field = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap();
    assert_eq!(entry["procStart"], field);
    assert_eq!(entry["sessionId"], SESSION);
    talk.send("plant the tulips");
    talk.wait("control_request");
    let entry = talk.wait_for_status("waiting");
    assert_eq!(entry["waitingFor"], "permission prompt");
    let (code, home) = talk.terminate();
    assert_eq!(code, Some(143));
    let left = fs::read_dir(home.path().join(".claude/sessions")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn term_ends_an_idle_run_and_leaves_its_cost() {
    let mut talk = Talk::start();
    talk.send("hello");
    talk.wait("result");
    talk.wait_for_status("idle");
    let (code, home) = talk.terminate();
    assert_eq!(code, Some(143));
    assert_eq!(home.records(SESSION).pop().unwrap()["type"], "cost-state");
}

#[test]
fn a_question_that_nobody_can_answer_is_denied() {
    let mut talk = Talk::start();
    talk.send("plant the tulips");
    talk.wait("control_request");
    drop(talk.child.stdin.take());
    let result = talk.wait("result");
    let text = result["result"].as_str().unwrap();
    assert!(text.contains("Tool permission request failed"), "{text}");
    assert_eq!(talk.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_question_of_a_sub_agent_shows_in_the_registry_when_its_turn_is_over() {
    let mut talk = Talk::start();
    talk.send("send a sentry");
    talk.wait("result");
    talk.wait_for_status("idle");
    fs::write(talk.home.garden().join("night"), "").unwrap();
    let asked = talk.wait("control_request");
    assert!(asked["request"]["agent_id"].is_string(), "{asked}");
    talk.wait_for_status("waiting");
    let answer = json!({"type": "control_response", "response": {
        "subtype": "success", "request_id": asked["request_id"],
        "response": {"behavior": "deny", "message": "Not now"},
    }});
    writeln!(talk.child.stdin.as_mut().unwrap(), "{answer}").unwrap();
    let result = talk.wait("result");
    assert_eq!(result["origin"]["kind"], "task-notification");
    talk.wait_for_status("idle");
    talk.terminate();
}

#[test]
fn a_script_may_have_a_plan_that_is_used_up() {
    let home = Home::new();
    let script = home.path().join("plan.json");
    let limits = json!({"five_hour": {"utilization": 95, "resets_in": 600}});
    let rules = json!([{"replies": [[{"text": "Yes."}]]}]);
    fs::write(&script, json!({"limits": limits, "rules": rules}).to_string()).unwrap();
    let mut command = home.claude();
    command.env("SEGUE_SCRIPT", script).args(FLAGS);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut talk = Talk { child, home };
    let body = json!({"subtype": "get_usage", "skip_behaviors": true});
    let ask = json!({"type": "control_request", "request_id": "u", "request": body});
    writeln!(talk.child.stdin.as_mut().unwrap(), "{ask}").unwrap();
    let usage = talk.wait("control_response")["response"]["response"].take();
    assert_eq!(
        (&usage["subscription_type"], &usage["rate_limits_available"]),
        (&"max".into(), &true.into())
    );
    let window = &usage["rate_limits"]["five_hour"];
    assert_eq!(window["utilization"], 95.0);
    assert!(chrono::DateTime::parse_from_rfc3339(window["resets_at"].as_str().unwrap()).is_ok());
    talk.terminate();
}
