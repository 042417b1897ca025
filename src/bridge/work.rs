//! What Claude does in a turn besides talking: its list of things to do, its sub-agents, tasks in
//! the background, thoughts, and the plan it writes down.
//!
//! The pure fold of the CLI's lines, like the turn that it is a part of. Most of it is told in the
//! input of tools, which are steps of the turn as well.

use std::path::PathBuf;

use serde_json::Value;

use crate::claude::{
    record::{Block, Kind, Record},
    wire::Line,
};

/// What was done so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// The file that the plan was last written to.
    pub plan_file: Option<PathBuf>,
}

impl Work {
    /// Takes one line of the CLI in.
    pub fn apply(&mut self, line: &Line<'_>) {
        if let Line::Record(record) = line {
            self.record(record);
        }
    }

    pub(super) fn record(&mut self, record: &Record<'_>) {
        let Kind::Assistant(message) = &record.kind else { return };
        for block in &message.blocks {
            if let Block::ToolUse { name, input, .. } = block {
                let input: Value = serde_json::from_str(input.get()).unwrap_or_default();
                self.tool(name, &input);
            }
        }
    }

    fn tool(&mut self, name: &str, input: &Value) {
        let path = input["file_path"].as_str().map(PathBuf::from);
        if matches!(name, "Write" | "Edit" | "MultiEdit")
            && let Some(path) = path.filter(|path| is_plan(path))
        {
            self.plan_file = Some(path);
        }
    }
}

/// Whether a file looks like one of Claude's plans: `…/plans/NAME.md`.
fn is_plan(path: &std::path::Path) -> bool {
    let inside = path.parent().is_some_and(|folder| folder.ends_with("plans"));
    inside && path.extension().is_some_and(|ending| ending == "md")
}

/// What a tool is used on, in one line.
pub fn subject(tool: &str, input: &Value) -> String {
    const KEYS: [&str; 10] = [
        "description",
        "file_path",
        "notebook_path",
        "pattern",
        "path",
        "query",
        "url",
        "prompt",
        "command",
        "skill",
    ];
    let text = |key: &str| input.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let own = match tool {
        "Bash" => text("command"),
        "TodoWrite" => None,
        _ => KEYS.iter().find_map(|key| text(key)),
    };
    own.and_then(|text| text.lines().find(|line| !line.trim().is_empty()))
        .map(|line| line.trim().to_owned())
        .unwrap_or_default()
}
