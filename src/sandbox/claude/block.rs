//! The blocks of a message: text, thinking, the use of a tool.

use serde_json::{Value, json};
use uuid::Uuid;

use super::script::Tool;

/// A tool that a message wants to use.
pub(super) struct Usage {
    pub(super) id: String,
    pub(super) tool: Tool,
    /// The record that asks for it.
    pub(super) record: Uuid,
}

/// A block that is being written.
pub(super) enum Block {
    Text(String),
    Thinking(String),
    Tool(Usage),
}

impl Block {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Thinking(_) => "thinking",
            Self::Tool(_) => "tool_use",
        }
    }

    /// As it is told at its beginning.
    pub(super) fn empty(&self) -> Value {
        match self {
            Self::Text(_) => json!({"type": "text", "text": ""}),
            Self::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Self::Tool(usage) => json!({
                "type": "tool_use", "id": usage.id, "name": usage.tool.name, "input": {},
            }),
        }
    }

    /// As it is told at its end.
    pub(super) fn full(&self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Thinking(text) => {
                json!({"type": "thinking", "thinking": text, "signature": "c2lnbmVk"})
            }
            Self::Tool(usage) => json!({
                "type": "tool_use", "id": usage.id, "name": usage.tool.name,
                "input": usage.tool.input,
            }),
        }
    }

    /// What the real one adds to the events of a block.
    pub(super) fn display(&self) -> Value {
        match self {
            Self::Thinking(_) => json!({"thinking_display": "updates"}),
            _ => json!({}),
        }
    }
}
