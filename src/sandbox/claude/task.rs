//! Work in the background: commands that end by the clock or by a file, for nothing runs, and
//! sub-agents. Each one's end begins a turn that nobody asked for.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{agent::Agent, block::Usage, run::Run, wire::now_ms};

/// Something that goes on in the background.
pub(super) struct Task {
    pub(super) id: String,
    pub(super) run_id: String,
    pub(super) tool_use: String,
    pub(super) description: String,
    work: Work,
}

enum Work {
    Command {
        /// When it ends.
        due: Instant,
        /// The file without which it does not.
        until: Option<PathBuf>,
    },
    Agent(Box<Agent>),
}

/// Whether a task goes on.
pub(super) enum Progress {
    GoesOn,
    /// It has ended; what a sub-agent reports.
    Ended(Option<String>),
}

impl Run {
    /// Lets a command go on in the background for a time.
    pub(super) fn start_command(&mut self, usage: &Usage, time: Duration) {
        let until = usage.tool.until.clone();
        let work = Work::Command { due: Instant::now() + time, until };
        let task = Task::new(usage, 'b', work);
        let started = json!({
            "type": "system", "subtype": "task_started", "task_id": task.id,
            "run_id": task.run_id, "tool_use_id": task.tool_use, "task_type": "local_bash",
            "description": task.description, "is_backgrounded": true,
        });
        self.start(task, started);
    }

    /// Sends a sub-agent off into the background. Gives its id.
    pub(super) fn start_agent(&mut self, usage: &Usage) -> String {
        let mut task = Task::new(usage, 'a', Work::Command { due: Instant::now(), until: None });
        let agent = Agent::new(usage, self.transcript.of_agent(&task.id));
        let started = json!({
            "type": "system", "subtype": "task_started", "task_id": task.id,
            "run_id": task.run_id, "tool_use_id": task.tool_use, "task_type": "local_agent",
            "description": task.description, "is_backgrounded": true, "spawn_depth": 1,
            "subagent_type": agent.kind, "prompt": agent.prompt(),
        });
        self.agents.kinds.push(agent.kind.clone());
        task.work = Work::Agent(Box::new(agent));
        let id = task.id.clone();
        self.start(task, started);
        id
    }

    fn start(&mut self, task: Task, started: Value) {
        self.tasks.push(task);
        self.tell_tasks();
        self.wire.tell(started);
    }

    /// Lets all that goes on in the background go on as far as it can.
    pub(super) fn work_behind(&mut self) {
        let mut index = 0;
        while index < self.tasks.len() {
            // A task acts on the run, and so is no part of it meanwhile.
            let mut task = self.tasks.remove(index);
            match task.work_on(self) {
                Progress::GoesOn => {
                    self.tasks.insert(index, task);
                    index += 1;
                }
                Progress::Ended(report) => self.end_task(task, report),
            }
        }
    }

    fn end_task(&mut self, task: Task, report: Option<String>) {
        let folder = self.directory.to_string_lossy().replace('/', "-");
        let session = self.wire.session;
        self.wire.tell(json!({
            "type": "system", "subtype": "task_updated", "task_id": task.id,
            "run_id": task.run_id, "patch": {"status": "completed", "end_time": now_ms()},
        }));
        let mut notification = json!({
            "type": "system", "subtype": "task_notification", "task_id": task.id,
            "run_id": task.run_id, "tool_use_id": task.tool_use, "status": "completed",
            "output_file": format!("/tmp/claude/{folder}/{session}/tasks/{}.output", task.id),
        });
        if let Some(report) = report {
            notification["summary"] = report.into();
            notification["summary_is_report"] = true.into();
            notification["usage"] = usage();
            self.agents.completed += 1;
        } else {
            let words =
                format!("Background command \"{}\" completed (exit code 0)", task.description);
            notification["summary"] = words.into();
        }
        self.wire.tell(notification);
        self.tell_tasks();
        self.notices.push_back(task.run_id);
    }

    /// Tells what goes on in the background.
    pub(super) fn tell_tasks(&self) {
        let tasks: Vec<Value> = self.tasks.iter().map(Task::listed).collect();
        self.wire.tell(json!({
            "type": "system", "subtype": "background_tasks_changed", "tasks": tasks,
        }));
    }
}

impl Task {
    fn new(usage: &Usage, kind: char, work: Work) -> Self {
        let id = format!("{kind}{}", &Uuid::new_v4().simple().to_string()[..16]);
        Self {
            run_id: format!("{}-{id}", now_ms()),
            id,
            tool_use: usage.id.clone(),
            description: usage.tool.input["description"].as_str().unwrap_or_default().to_owned(),
            work,
        }
    }

    fn work_on(&mut self, run: &mut Run) -> Progress {
        // The work leaves the task while it is done, for it tells who does it.
        let placeholder = Work::Command { due: Instant::now(), until: None };
        match std::mem::replace(&mut self.work, placeholder) {
            Work::Command { due, until } => {
                let free = until.as_ref().is_none_or(|file| file.exists());
                if due <= Instant::now() && free && !run.gate.stops(&self.description) {
                    return Progress::Ended(None);
                }
                self.work = Work::Command { due, until };
                Progress::GoesOn
            }
            Work::Agent(mut agent) => {
                let progress = agent.work(run, self);
                self.work = Work::Agent(agent);
                progress
            }
        }
    }

    fn listed(&self) -> Value {
        let mut listed = json!({
            "task_id": self.id, "run_id": self.run_id, "description": self.description,
        });
        match &self.work {
            Work::Command { .. } => listed["task_type"] = "local_bash".into(),
            Work::Agent(agent) => {
                listed["task_type"] = "local_agent".into();
                listed["subagent_type"] = agent.kind.as_str().into();
            }
        }
        listed
    }
}

/// What a sub-agent has used, as the CLI tells it.
pub(super) fn usage() -> Value {
    json!({"total_tokens": 100, "tool_uses": 1, "duration_ms": 1})
}
