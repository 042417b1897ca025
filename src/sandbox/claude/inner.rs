//! Sub-agents that a tool starts and waits for: their steps are told under the tool's id, and stand
//! in no transcript of the session.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    block::Usage,
    run::{Run, Stop},
    wire::now,
};

impl Run {
    /// Plays what the sub-agent of a tool does.
    pub(super) async fn play_inner(&mut self, usage: &Usage) -> Result<(), Stop> {
        let agent = format!("a{}", &Uuid::new_v4().simple().to_string()[..16]);
        for tool in &usage.tool.inner {
            let id = format!("toolu_{}", Uuid::new_v4().simple());
            let call = json!({
                "id": format!("msg_{}", Uuid::new_v4().simple()), "type": "message",
                "role": "assistant", "model": self.model, "stop_reason": null,
                "content": [{"type": "tool_use", "id": id, "name": tool.name, "input": tool.input}],
                "usage": {"input_tokens": 1, "output_tokens": 1},
            });
            self.tell_inner(usage, &agent, "assistant", &call);
            self.rest(Duration::from_millis(tool.takes)).await?;
            self.pass_tool(tool).await?;
            let result = json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": id, "content": tool.result},
            ]});
            self.tell_inner(usage, &agent, "user", &result);
        }
        Ok(())
    }

    fn tell_inner(&mut self, usage: &Usage, agent: &str, kind: &str, message: &Value) {
        self.wire.tell(json!({
            "type": kind, "message": message, "parent_tool_use_id": usage.id, "agent_id": agent,
            "uuid": Uuid::new_v4(), "timestamp": now(),
            "subagent_type": usage.tool.input["subagent_type"],
            "task_description": usage.tool.input["description"],
        }));
    }
}
