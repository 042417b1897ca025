//! Commands in the background: they end by the clock, and nothing runs.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    message::Usage,
    run::Run,
    wire::{Wire, now_ms},
};

/// A command that runs in the background.
pub(super) struct Task {
    pub(super) id: String,
    pub(super) run_id: String,
    tool_use: String,
    pub(super) description: String,
    /// When it ends.
    pub(super) due: Instant,
    /// The file without which it does not.
    until: Option<PathBuf>,
}

impl Run {
    /// Lets a command go on in the background for a time.
    pub(super) fn start_task(&mut self, usage: &Usage, time: Duration) {
        let id = format!("b{}", &Uuid::new_v4().simple().to_string()[..8]);
        let task = Task {
            run_id: format!("{}-{id}", now_ms()),
            id,
            tool_use: usage.id.clone(),
            description: usage.tool.input["description"].as_str().unwrap_or_default().to_owned(),
            due: Instant::now() + time,
            until: usage.tool.until.clone(),
        };
        self.wire.tell(json!({
            "type": "system", "subtype": "background_tasks_changed", "tasks": [{
                "task_id": task.id, "run_id": task.run_id, "task_type": "local_bash",
                "description": task.description,
            }],
        }));
        self.wire.tell(json!({
            "type": "system", "subtype": "task_started", "task_id": task.id,
            "run_id": task.run_id, "tool_use_id": task.tool_use, "task_type": "local_bash",
            "description": task.description, "is_backgrounded": true,
        }));
        self.tasks.push(task);
    }
}

impl Task {
    /// Whether nothing keeps it from ending.
    pub(super) fn is_due(&self) -> bool {
        self.due <= Instant::now() && self.until.as_ref().is_none_or(|file| file.exists())
    }

    /// What is told when it has ended.
    pub(super) fn ending(&self, wire: &Wire, directory: &Path) -> [Value; 3] {
        let folder = directory.to_string_lossy().replace('/', "-");
        let output = format!("/tmp/claude/{folder}/{}/tasks/{}.output", wire.session, self.id);
        [
            json!({
                "type": "system", "subtype": "task_updated", "task_id": self.id,
                "run_id": self.run_id, "patch": {"status": "completed", "end_time": now_ms()},
            }),
            json!({
                "type": "system", "subtype": "task_notification", "task_id": self.id,
                "run_id": self.run_id, "tool_use_id": self.tool_use, "status": "completed",
                "output_file": output,
                "summary": format!(
                    "Background command \"{}\" completed (exit code 0)", self.description
                ),
            }),
            json!({"type": "system", "subtype": "background_tasks_changed", "tasks": []}),
        ]
    }
}
