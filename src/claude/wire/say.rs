//! What we say to the CLI: one line of its stdin each, line end included.

use serde_json::{Value, json};
use uuid::Uuid;

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// A prompt under its uuid.
pub fn prompt(uuid: Uuid, text: &str) -> Vec<u8> {
    line(&json!({
        "type": "user",
        "message": {"role": "user", "content": text},
        "parent_tool_use_id": null,
        "session_id": "",
        "uuid": uuid,
    }))
}

/// A control request, answered by [`Line::Reply`](super::Line::Reply) with the same id.
pub fn request(id: &str, body: &Value) -> Vec<u8> {
    line(&json!({"type": "control_request", "request_id": id, "request": body}))
}

/// The tool may run, with this input; `grants` are those of the CLI's suggestions that hold from now
/// on.
pub fn allow(request: &str, input: &Value, grants: &[Value]) -> Vec<u8> {
    let mut response = json!({"behavior": "allow", "updatedInput": input});
    if !grants.is_empty() {
        response["updatedPermissions"] = json!(grants);
    }
    answer(request, &response)
}

/// The tool may not run; Claude reads the reason.
pub fn deny(request: &str, reason: &str) -> Vec<u8> {
    answer(request, &json!({"behavior": "deny", "message": reason}))
}

/// We do not know what the CLI asks; it must not wait for us.
pub fn unsupported(request: &str, subtype: &str) -> Vec<u8> {
    line(&json!({
        "type": "control_response",
        "response": {
            "subtype": "error",
            "request_id": request,
            "error": format!("segue does not know the request `{subtype}`"),
        },
    }))
}

fn answer(request: &str, response: &Value) -> Vec<u8> {
    line(&json!({
        "type": "control_response",
        "response": {"subtype": "success", "request_id": request, "response": response},
    }))
}
