//! Plays a scenario on a headless `claude`, the real or the scripted one, and takes down what it
//! says.
//!
//! A scenario (`fixtures/streams/NAME.in.jsonl`) is a head and one step a line: wait for an event,
//! then send a line or end the process. So both programs are driven by facts in their output and
//! never by time.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use segue::sandbox::claude::script::Script;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::driven::Run;

/// Where the recorded sessions seem to have happened.
pub(crate) const HOME: &str = "/home/ada";
/// The flags of every headless run of ours.
pub(crate) const FLAGS: [&str; 10] = [
    "-p",
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--replay-user-messages",
    "--permission-prompt-tool",
    "stdio",
];

/// What is done to a program, and when.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// The file's name without its endings.
    pub(crate) name: String,
    /// Where it begins.
    pub(crate) head: Head,
    steps: Vec<Step>,
}

/// Where a scenario begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    /// One sentence.
    pub(crate) about: String,
    /// A scenario that is played before it in the same home.
    #[serde(default)]
    pub(crate) after: Option<String>,
    /// Arguments after [`FLAGS`]. `$assistant 2` stands for the last record of Claude's in the
    /// second turn of the scenario before.
    pub(crate) args: Vec<String>,
    /// Whether the directory is a repository with one commit.
    #[serde(default)]
    pub(crate) repository: bool,
    /// Environment variables to set, or with `null` to remove.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Part of an event that is waited for, counted from the previous step's.
    #[serde(default)]
    when: Option<Value>,
    /// What is written then: a JSON line, or a string as it stands. `$request_id`, `"$input"`
    /// and `"$suggestions"` stand for those of the latest control request.
    #[serde(default)]
    send: Option<Value>,
    #[serde(default)]
    end: Option<End>,
    /// An empty file that is made after that, in the home directory: something waits for it.
    #[serde(default)]
    touch: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    /// Standard input is closed.
    Close,
    /// The process is sent TERM.
    Term,
}

/// What a program said.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Standard output, line by line.
    pub(crate) lines: Vec<String>,
    /// The rest.
    pub(crate) ending: Ending,
}

impl Recording {
    /// Standard output, decoded.
    pub(crate) fn events(&self) -> Vec<Value> {
        let lines = self.lines.iter();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Recording {
    /// The id of the last record of Claude's in a turn, which counts from 1.
    fn last_of_claude(&self, turn: usize) -> String {
        let events = self.events();
        let turn = events.split(|event| event["type"] == "result").nth(turn - 1).unwrap();
        let last = turn.iter().rfind(|event| event["type"] == "assistant").unwrap();
        last["uuid"].as_str().unwrap().to_owned()
    }
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Where scenarios and recordings lie.
pub(crate) fn streams() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/streams")
}

/// The script of all scenarios, with its files in `home`.
pub(crate) fn script(home: &Path) -> Script {
    Script::parse(&script_text(home)).unwrap()
}

/// The same as JSON.
pub(crate) fn script_text(home: &Path) -> String {
    read_script("bench.json", home)
}

/// The script of what Claude asks, with its files in `home`.
pub(crate) fn asking(home: &Path) -> Script {
    Script::parse(&asking_text(home)).unwrap()
}

/// The same as JSON.
pub(crate) fn asking_text(home: &Path) -> String {
    read_script("asking.json", home)
}

/// The same, and what Claude was asking when it was lost is asked again.
pub(crate) fn asking_again_text(home: &Path) -> String {
    let mut script: Value = serde_json::from_str(&asking_text(home)).unwrap();
    let mut again = script["rules"][0].clone();
    again["words"] = json!(["lost"]);
    script["rules"].as_array_mut().unwrap().insert(0, again);
    script.to_string()
}

fn read_script(name: &str, home: &Path) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scripts").join(name);
    let text = fs::read_to_string(path).unwrap();
    text.replace(HOME, home.to_str().unwrap())
}

/// A test for each scenario, which calls the given function with its name.
macro_rules! each_scenario {
    ($check:ident) => {
        $crate::support::headless::each_scenario!($check:
            allowed, always, anonymous, aside, background, bad_worktree, cleared, compacted, controls, cut_back, cut_nowhere, delegated, delegated_late, denied, edits, ended, flag, folded, garbage, interrupted, interrupted_asking, interrupted_tool, limited, logged_out, merged, more_dropped, no_repository, not_rewound, one_turn_dropped, overloaded, planned, question, refused, resumed, rewound, rewound_later, simple, suggested, taken, terminated, unasked, unknown, untitled, usage, withdrawn, worktree, written);
    };
    ($check:ident: $($name:ident),*) => {
        $(#[test]
        fn $name() {
            $check(stringify!($name));
        })*

        #[test]
        fn no_scenario_is_forgotten() {
            let listed = [$(stringify!($name)),*];
            let found = $crate::support::headless::Scenario::names();
            assert_eq!(found, listed);
        }
    };
}
pub(crate) use each_scenario;

impl Scenario {
    /// Reads one scenario.
    pub(crate) fn load(name: &str) -> Self {
        let text = fs::read_to_string(streams().join(format!("{name}.in.jsonl"))).unwrap();
        let mut lines = text.lines();
        Self {
            name: name.to_owned(),
            head: serde_json::from_str(lines.next().unwrap()).unwrap(),
            steps: lines.map(|line| serde_json::from_str(line).unwrap()).collect(),
        }
    }

    /// The names of all scenarios, sorted.
    pub(crate) fn names() -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(streams())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".in.jsonl").map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    /// Plays the scenario, and first the one that comes before it, on programs that `command`
    /// starts. Returns once it has ended.
    pub(crate) fn play_on(&self, command: impl Fn() -> Command) -> Recording {
        let mut args = self.head.args.clone();
        if let Some(before) = &self.head.after {
            let before = Self::load(before).play(command());
            for arg in &mut args {
                if let Some(turn) = arg.strip_prefix("$assistant ") {
                    *arg = before.last_of_claude(turn.parse().unwrap());
                }
            }
        }
        self.play_with(command(), &args)
    }

    /// Plays the scenario on a program that `command` starts, and returns once it has ended.
    pub(crate) fn play(&self, command: Command) -> Recording {
        self.play_with(command, &self.head.args)
    }

    fn play_with(&self, mut command: Command, args: &[String]) -> Recording {
        if self.head.repository {
            make_repository(command.get_current_dir().unwrap());
        }
        command.args(FLAGS).args(args).env("CLAUDE_CODE_ENTRYPOINT", "telegram");
        for (name, value) in &self.head.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let home = command.get_envs().find(|(name, _)| *name == "HOME");
        let home = PathBuf::from(home.unwrap().1.unwrap());
        let mut run = Run::start(command, &self.name);
        for step in &self.steps {
            if let Some(part) = &step.when {
                run.wait(part);
            }
            if let Some(line) = &step.send {
                run.send(line);
            }
            match step.end {
                Some(End::Close) => run.input = None,
                Some(End::Term) => run.terminate(),
                None => {}
            }
            if let Some(file) = &step.touch {
                fs::write(home.join(file), "").unwrap();
            }
        }
        run.finish()
    }
}

/// Makes a repository with an empty commit.
pub(crate) fn make_repository(directory: &Path) {
    let ada = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    let commit = [&ada[..], &["commit", "-q", "--allow-empty", "-m", "Begin"]].concat();
    for args in [&["init", "-q", "-b", "main"][..], &commit] {
        let status = Command::new("git").current_dir(directory).args(args).status();
        assert!(status.unwrap().success(), "git {args:?}");
    }
}
