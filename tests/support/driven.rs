//! A headless program that a scenario drives: what it says, line by line, and what it is sent.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::headless::{Ending, Recording};

/// Longest silence of a program before a scenario has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program. It is killed with the value.
pub(crate) struct Run {
    name: String,
    child: Child,
    pub(crate) input: Option<std::process::ChildStdin>,
    output: mpsc::Receiver<String>,
    errors: thread::JoinHandle<String>,
    lines: Vec<String>,
    asked: Value,
}

impl Run {
    pub(crate) fn start(mut command: Command, name: &str) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (lines, output) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self {
            name: name.to_owned(),
            input: child.stdin.take(),
            child,
            output,
            errors,
            lines: Vec::new(),
            asked: Value::Null,
        }
    }

    /// The next event, or `None` at the end of the output.
    fn next(&mut self, deadline: Instant) -> Option<Value> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.output.recv_timeout(left) {
            Ok(line) => {
                let event: Value = serde_json::from_str(&line).unwrap();
                if event["type"] == "control_request" {
                    self.asked = event.clone();
                }
                self.lines.push(line);
                Some(event)
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => self.fail("is silent"),
        }
    }

    pub(crate) fn wait(&mut self, part: &Value) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(deadline) {
                Some(event) if holds(&event, part) => return,
                Some(_) => {}
                None => self.fail(&format!("ended before {part}")),
            }
        }
    }

    pub(crate) fn send(&mut self, line: &Value) {
        let text = match line {
            Value::String(text) => text.clone(),
            other => other
                .to_string()
                .replace("$request_id", self.asked["request_id"].as_str().unwrap_or_default())
                .replace("\"$input\"", &self.asked["request"]["input"].to_string())
                .replace("\"$suggestions\"", &self.suggestions()),
        };
        // A program that refuses its arguments is gone before it reads.
        let _ = writeln!(self.input.as_mut().unwrap(), "{text}");
    }

    fn suggestions(&self) -> String {
        self.asked["request"]["permission_suggestions"].to_string()
    }

    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub(crate) fn finish(mut self) -> Recording {
        self.input = None;
        let deadline = Instant::now() + PATIENCE;
        while self.next(deadline).is_some() {}
        let code = self.child.wait().unwrap().code();
        Recording {
            lines: self.lines,
            ending: Ending { code, stderr: self.errors.join().unwrap() },
        }
    }

    fn fail(&mut self, what: &str) -> ! {
        self.child.kill().ok();
        panic!("{}: claude {what}; it said\n{}", self.name, self.lines.join("\n"));
    }
}

/// Whether a value holds everything that `part` says.
fn holds(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => {
            part.iter().all(|(name, part)| value.get(name).is_some_and(|value| holds(value, part)))
        }
        _ => value == part,
    }
}
