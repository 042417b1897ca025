//! What we say to the CLI: one line of its stdin each, line end included.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use uuid::Uuid;

/// Longest side of a picture, pixels: the API makes larger ones smaller before Claude sees them.
/// <https://docs.claude.com/en/docs/build-with-claude/vision>
pub const LONGEST_SIDE: u32 = 1_568;
/// Largest picture that the API takes, bytes: 5 MB as base64.
pub const LARGEST_IMAGE: usize = 3_700_000;

/// A picture for Claude.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// `image/jpeg`, `image/png`, `image/gif` or `image/webp`.
    pub media_type: &'static str,
    /// Its bytes, base64.
    data: Arc<str>,
}

impl Image {
    /// A picture of this type.
    pub fn new(media_type: &'static str, bytes: &[u8]) -> Self {
        Self { media_type, data: STANDARD.encode(bytes).into() }
    }

    /// Its content, base64.
    pub fn base64(&self) -> &str {
        &self.data
    }

    fn block(&self) -> Value {
        let source = json!({"type": "base64", "media_type": self.media_type, "data": &*self.data});
        json!({"type": "image", "source": source})
    }
}

/// Without its content, which would fill a log.
impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}, {} bytes of base64)", self.media_type, self.data.len())
    }
}

fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// A prompt under its uuid, with the pictures it speaks of before it, as the API recommends.
pub fn prompt<'a>(uuid: Uuid, text: &str, images: impl IntoIterator<Item = &'a Image>) -> Vec<u8> {
    let mut blocks: Vec<_> = images.into_iter().map(Image::block).collect();
    let content = if blocks.is_empty() {
        json!(text)
    } else {
        if !text.trim().is_empty() {
            blocks.push(json!({"type": "text", "text": text}));
        }
        json!(blocks)
    };
    line(&json!({
        "type": "user",
        "message": {"role": "user", "content": content},
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
