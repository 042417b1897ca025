//! The CLI's side of the control protocol: what it asks, takes back, and answers.

use serde_json::Value;

use crate::claude::{
    json::Raw,
    wire::{Ask, Line, text, value},
};

pub(super) fn request(line: &[u8]) -> Option<Line<'_>> {
    let Some(mut whole) = value(line) else { return unreadable(line) };
    let request = text(&whole, "request_id")?;
    let mut body = whole.get_mut("request").map(Value::take).unwrap_or_default();
    let subtype = text(&body, "subtype").unwrap_or_default();
    match (&*subtype, text(&body, "tool_name")) {
        ("can_use_tool", Some(tool)) => {
            let (description, tool_use) = (text(&body, "description"), text(&body, "tool_use_id"));
            let reason = text(&body, "decision_reason").filter(|reason| !reason.trim().is_empty());
            let mut take = |key: &str| body.get_mut(key).map(Value::take).unwrap_or_default();
            let (input, offered) = (take("input"), take("permission_suggestions"));
            let suggestions = if let Value::Array(all) = offered { all } else { Vec::new() };
            Some(Line::Ask(Ask {
                request,
                tool,
                input,
                description,
                tool_use,
                suggestions,
                reason,
            }))
        }
        _ => Some(Line::Unknown { request, subtype }),
    }
}

/// A request that nests too deeply to be shown, and to be answered in its own words: it is refused,
/// since the CLI waits for an answer.
fn unreadable(line: &[u8]) -> Option<Line<'_>> {
    let raw = Raw::new(line);
    let request = raw.field("request_id")?.string()?.into_owned();
    let subtype = raw.field("request").and_then(|body| body.field("subtype"))?.string()?;
    Some(Line::Unknown { request, subtype: subtype.into_owned() })
}

pub(super) fn withdrawn(line: &[u8]) -> Option<Line<'_>> {
    Some(Line::Withdrawn { request: text(&value(line)?, "request_id")? })
}

pub(super) fn response(line: &[u8]) -> Option<Line<'_>> {
    let mut whole = value(line)?;
    let response = whole.get_mut("response")?;
    let request = text(response, "request_id")?;
    let subtype = text(response, "subtype").unwrap_or_default();
    let result = if subtype == "success" {
        Ok(response.get_mut("response").map(Value::take).unwrap_or_default())
    } else {
        Err(text(response, "error").unwrap_or(subtype))
    };
    Some(Line::Reply { request, result })
}
