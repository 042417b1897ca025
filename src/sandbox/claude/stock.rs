//! The long answers of the CLI that never depend on the conversation, and those that hardly do.

use std::sync::OnceLock;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{files::Files, run::Run};

/// Reduced from recordings: the fields are all there, the lists are short.
const STOCK: &str = include_str!("stock.json");

fn stock(name: &str) -> Value {
    static DECODED: OnceLock<Value> = OnceLock::new();
    let all = DECODED.get_or_init(|| serde_json::from_str(STOCK).unwrap_or_default());
    all[name].clone()
}

/// A `usage` of nothing.
pub(super) fn usage() -> Value {
    stock("usage")
}

/// The `subagent_stats` of a run without sub-agents.
pub(super) fn subagents() -> Value {
    stock("subagents")
}

/// The `system/init` that begins a turn.
pub(super) fn init(run: &Run, uuids: &[Uuid]) -> Value {
    let mut event = stock("init");
    event["type"] = "system".into();
    event["subtype"] = "init".into();
    event["cwd"] = json!(run.directory);
    event["original_cwd"] = json!(run.directory);
    event["model"] = run.model.as_str().into();
    event["permissionMode"] = run.mode.as_str().into();
    let home = run.worktree.as_ref().map_or(&run.directory, |worktree| &worktree.original);
    event["memory_paths"] = json!({"auto": run.files.folder(home).join("memory/")});
    event["messaging_socket_path"] = format!("/tmp/cc-socks/{}.sock", std::process::id()).into();
    if !uuids.is_empty() {
        event["user_message_uuids"] = json!(uuids);
    }
    event
}

/// What `initialize` is answered with.
pub(super) fn initialize(files: &Files, mode: &str) -> Value {
    let mut answer = stock("initialize");
    answer["pid"] = std::process::id().into();
    answer["user_output_styles_dir"] = json!(files.output_styles());
    answer["current_permission_mode"] = mode.into();
    answer
}

/// What `get_settings` is answered with.
pub(super) fn settings(model: &str) -> Value {
    let mut answer = stock("settings");
    answer["applied"]["model"] = model.into();
    answer
}

/// What `get_context_usage` is answered with.
pub(super) fn context(model: &str, tokens: u64) -> Value {
    let mut answer = stock("context");
    let total = 11_000 + tokens;
    answer["model"] = model.into();
    answer["totalTokens"] = total.into();
    answer["percentage"] = total.div_ceil(10_000).into();
    answer["apiUsage"] = json!({
        "input_tokens": tokens, "output_tokens": 20,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
    });
    answer
}

#[cfg(test)]
mod tests {
    use super::stock;

    #[test]
    fn everything_is_in_stock() {
        for name in ["init", "initialize", "context", "settings", "subagents", "usage"] {
            assert!(stock(name).is_object(), "{name}");
        }
    }
}
