//! What Claude does in a turn besides talking: its list of things to do, its sub-agents, tasks in
//! the background, thoughts, and the plan it writes down.
//!
//! The pure fold of the CLI's lines, like the turn that it is a part of. Most of it is told in the
//! input of tools, which are steps of the turn as well.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::claude::{
    record::{Block, Kind, Record},
    wire::Line,
};

/// What was done so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// What Claude has set out to do, in its order.
    pub items: Vec<TodoItem>,
    /// What sub-agents do, in order.
    pub inner: Vec<AgentStep>,
    /// What runs in the background, in the CLI's words.
    pub background: Vec<String>,
    /// What Claude thought, as far as it is told.
    pub thoughts: Vec<String>,
    /// The file that the plan was last written to.
    pub plan_file: Option<PathBuf>,
}

/// One use of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The tool use's id.
    pub id: String,
    /// The tool's name.
    pub tool: String,
    /// What it is used on: a command, a path, a pattern. One line, or empty.
    pub subject: String,
    /// How it went.
    pub state: StepState,
    /// The beginning of what it gave.
    pub result: String,
    /// Whether it gave more than that.
    pub result_cut: bool,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It runs.
    Running,
    /// It succeeded.
    Done,
    /// It failed, or was refused.
    Failed,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TodoItem {
    /// What later uses of the tool call it: the id of the tool use that made it, until its result
    /// has told the CLI's own number; empty in lists that are told as a whole.
    pub id: String,
    /// What is to be done.
    pub text: String,
    /// How far it is.
    pub state: TodoState,
}

/// How far a thing to do is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TodoState {
    /// Not begun.
    Open,
    /// Under way.
    Doing,
    /// Done.
    Done,
}

/// A step of a sub-agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentStep {
    /// The tool use that started the sub-agent.
    pub parent: String,
    /// The step.
    pub step: Step,
}

impl Work {
    /// Takes one line of the CLI in.
    pub fn apply(&mut self, line: &Line<'_>) {
        match line {
            Line::Record(record) => self.record(record),
            Line::Background(tasks) => self.background.clone_from(tasks),
            _ => {}
        }
    }

    /// The steps of the sub-agent that a tool use has started.
    pub fn of<'a>(&'a self, parent: &'a str) -> impl DoubleEndedIterator<Item = &'a Step> {
        self.inner.iter().filter(move |inner| inner.parent == parent).map(|inner| &inner.step)
    }

    pub(super) fn record(&mut self, record: &Record<'_>) {
        let (Kind::Assistant(message) | Kind::User(message)) = &record.kind else { return };
        let parent = record.parent_tool.as_deref();
        for block in &message.blocks {
            match (block, parent) {
                (Block::ToolUse { id, name, input }, _) => {
                    let input = input.value();
                    match parent {
                        Some(parent) => self.begin_inner(parent, (id, name), &input),
                        None => self.tool(id, name, &input),
                    }
                }
                (Block::ToolResult { id, error, .. }, Some(_)) => self.end_inner(id, *error),
                (Block::ToolResult { id, error: true, .. }, None) => {
                    self.items.retain(|item| item.id != **id);
                }
                // Results may be long: only those that are waited for are looked into.
                (Block::ToolResult { id, content: Some(content), .. }, None)
                    if self.items.iter().any(|item| item.id == **id) =>
                {
                    self.number(id, &content.text());
                }
                (Block::Thinking(text), None) if !text.trim().is_empty() => {
                    self.thoughts.push(text.to_string());
                }
                _ => {}
            }
        }
    }

    fn begin_inner(&mut self, parent: &str, (id, tool): (&str, &str), input: &Value) {
        let step = Step {
            id: id.to_owned(),
            tool: tool.to_owned(),
            subject: subject(tool, input),
            state: StepState::Running,
            result: String::new(),
            result_cut: false,
        };
        self.inner.push(AgentStep { parent: parent.to_owned(), step });
    }

    fn end_inner(&mut self, id: &str, error: bool) {
        for inner in self.inner.iter_mut().filter(|inner| inner.step.id == id) {
            inner.step.state = if error { StepState::Failed } else { StepState::Done };
        }
    }

    fn tool(&mut self, id: &str, name: &str, input: &Value) {
        let text = |key: &str| input[key].as_str().map(str::to_owned);
        match name {
            "TodoWrite" => {
                let all = input["todos"].as_array().map_or(&[][..], Vec::as_slice);
                self.items = all.iter().filter_map(item).collect();
            }
            "TaskCreate" => self.items.extend(text("subject").map(|text| TodoItem {
                id: id.to_owned(),
                text,
                state: TodoState::Open,
            })),
            "TaskUpdate" => self.update(input),
            "Write" | "Edit" | "MultiEdit" => {
                let path = text("file_path").map(PathBuf::from).filter(|path| is_plan(path));
                self.plan_file = path.or(self.plan_file.take());
            }
            _ => {}
        }
    }

    /// A new item is told its number: `Task #3 created successfully: …`.
    fn number(&mut self, id: &str, result: &str) {
        let Some(item) = self.items.iter_mut().find(|item| item.id == id) else { return };
        let digits = result.split('#').nth(1).unwrap_or_default();
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].clone_into(&mut item.id);
    }

    fn update(&mut self, input: &Value) {
        let Some(id) = input["taskId"].as_str() else { return };
        if input["status"] == "deleted" {
            return self.items.retain(|item| item.id != id);
        }
        for item in self.items.iter_mut().filter(|item| item.id == id) {
            item.state = state(&input["status"]).unwrap_or(item.state);
            if let Some(subject) = input["subject"].as_str() {
                subject.clone_into(&mut item.text);
            }
        }
    }
}

/// Whether a tool only keeps the list of things to do, which is shown as such.
pub fn is_list(tool: &str) -> bool {
    matches!(tool, "TodoWrite" | "TaskCreate" | "TaskUpdate" | "TaskList" | "TaskGet")
}

fn item(raw: &Value) -> Option<TodoItem> {
    let state = state(&raw["status"]).unwrap_or(TodoState::Open);
    Some(TodoItem { id: String::new(), text: raw["content"].as_str()?.to_owned(), state })
}

fn state(raw: &Value) -> Option<TodoState> {
    match raw.as_str()? {
        "pending" => Some(TodoState::Open),
        "in_progress" => Some(TodoState::Doing),
        "completed" => Some(TodoState::Done),
        _ => None,
    }
}

/// Whether a file looks like one of Claude's plans: `…/plans/NAME.md`.
fn is_plan(path: &Path) -> bool {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn work(lines: &[Value]) -> Work {
        let mut work = Work::default();
        for line in lines {
            let text = line.to_string();
            work.apply(&Line::decode(text.as_bytes()).unwrap());
        }
        work
    }

    fn uses(parent: Option<&str>, id: &str, (tool, input): (&str, Value)) -> Value {
        let block = json!({"type": "tool_use", "id": id, "name": tool, "input": input});
        json!({"type": "assistant", "parent_tool_use_id": parent, "message": {"content": [block]}})
    }

    fn gives(parent: Option<&str>, id: &str, (text, error): (&str, bool)) -> Value {
        let block =
            json!({"type": "tool_result", "tool_use_id": id, "content": text, "is_error": error});
        json!({"type": "user", "parent_tool_use_id": parent, "message": {"content": [block]}})
    }

    fn list(work: &Work) -> Vec<(&str, TodoState)> {
        work.items.iter().map(|item| (item.text.as_str(), item.state)).collect()
    }

    #[test]
    fn a_list_is_told_as_a_whole_or_item_by_item() {
        let todos = json!({"todos": [
            {"content": "Dig", "status": "completed"},
            {"content": "Sow", "status": "in_progress"},
            {"status": "pending"},
        ]});
        let whole = work(&[uses(None, "a", ("TodoWrite", todos))]);
        assert_eq!(list(&whole), [("Dig", TodoState::Done), ("Sow", TodoState::Doing)]);

        let create = |id, subject| uses(None, id, ("TaskCreate", json!({"subject": subject})));
        let update =
            |id, status| uses(None, "u", ("TaskUpdate", json!({"taskId": id, "status": status})));
        let single = work(&[
            create("a", "Dig"),
            gives(None, "a", ("Task #1 created successfully: Dig", false)),
            create("b", "Sow"),
            gives(None, "b", ("Task #2 created successfully: Sow", false)),
            create("c", "Refused"),
            gives(None, "c", ("No such tool available", true)),
            update("1", "completed"),
            update("2", "in_progress"),
            update("9", "completed"),
        ]);
        assert_eq!(list(&single), [("Dig", TodoState::Done), ("Sow", TodoState::Doing)]);
    }

    #[test]
    fn sub_agents_have_steps_of_their_own() {
        let ls = || ("Bash", json!({"command": "ls"}));
        let work = work(&[
            uses(Some("agent"), "x", ls()),
            gives(Some("agent"), "x", ("", true)),
            uses(Some("agent"), "y", ls()),
            uses(Some("other"), "z", ls()),
            uses(None, "main", ls()),
        ]);
        let states: Vec<_> = work.of("agent").map(|step| step.state).collect();
        assert_eq!(states, [StepState::Failed, StepState::Running]);
        assert_eq!(work.of("other").count(), 1);
    }

    #[test]
    fn tasks_thoughts_and_the_plan_are_kept() {
        let tasks = json!({"type": "system", "subtype": "background_tasks_changed", "tasks": [{"task_id": "b", "description": "Fill the barrel"}, {"task_id": "c"}]});
        let thinking = json!({"type": "assistant", "message": {"content": [{"type": "thinking", "thinking": "North is colder."}]}});
        let plan = uses(None, "w", ("Write", json!({"file_path": "/home/ada/.claude/plans/a.md"})));
        let other = uses(None, "w", ("Write", json!({"file_path": "/home/ada/garden/a.md"})));
        let found = work(&[tasks, thinking, plan, other]);
        assert_eq!(found.background, ["Fill the barrel", "a task"]);
        assert_eq!(found.thoughts, ["North is colder."]);
        assert_eq!(found.plan_file, Some("/home/ada/.claude/plans/a.md".into()));
        let none = json!({"type": "system", "subtype": "background_tasks_changed", "tasks": []});
        assert!(work(&[none]).background.is_empty());
    }
}
