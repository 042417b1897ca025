//! A use of a tool into what a person wants to know of it: what it was used on, and what it may have
//! done.

use std::path::Path;

use crate::{
    bridge::{
        danger::{self, Danger, ToolContext},
        work::subject,
    },
    claude::audit::Call,
};

/// One use of a tool.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// The call.
    pub call: Call,
    /// The command, file, address or pattern that it was used on; a command in full.
    pub what: String,
    /// What it may do, the worst first.
    pub flags: Vec<Danger>,
}

/// Judges a call. `home` is the person's home directory.
pub fn entry(call: Call, home: &Path) -> AuditEntry {
    let ground = ToolContext { directory: call.directory.clone(), home: home.to_owned() };
    let command = call.input.get("command").and_then(serde_json::Value::as_str);
    let what = command.map_or_else(|| subject(&call.tool, &call.input), str::to_owned);
    AuditEntry { flags: danger::find(&call.tool, &call.input, &ground), what, call }
}
