//! The CLI's side of the control protocol: what it asks, takes back, and answers.

use serde::Deserialize;
use serde_json::Value;

use crate::claude::wire::{Ask, Line, read};

pub(super) fn request(line: &[u8]) -> Option<Line<'_>> {
    #[derive(Deserialize)]
    struct Raw {
        request_id: String,
        #[serde(default)]
        request: Value,
    }
    let Raw { request_id: request, request: mut body } = read(line)?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let (subtype, tool) = (text("subtype").unwrap_or_default(), text("tool_name"));
    let (description, tool_use) = (text("description"), text("tool_use_id"));
    match (&*subtype, tool) {
        ("can_use_tool", Some(tool)) => {
            let mut take = |key: &str| body.get_mut(key).map(Value::take).unwrap_or_default();
            let (input, offered) = (take("input"), take("permission_suggestions"));
            let suggestions = if let Value::Array(all) = offered { all } else { Vec::new() };
            Some(Line::Ask(Ask { request, tool, input, description, tool_use, suggestions }))
        }
        _ => Some(Line::Unknown { request, subtype }),
    }
}

pub(super) fn withdrawn(line: &[u8]) -> Option<Line<'_>> {
    #[derive(Deserialize)]
    struct Raw {
        request_id: String,
    }
    read(line).map(|Raw { request_id }| Line::Withdrawn { request: request_id })
}

pub(super) fn response(line: &[u8]) -> Option<Line<'_>> {
    #[derive(Deserialize)]
    struct Raw {
        response: Response,
    }
    #[derive(Deserialize)]
    struct Response {
        request_id: String,
        #[serde(default)]
        subtype: String,
        #[serde(default, rename = "response")]
        body: Value,
        #[serde(default)]
        error: Option<String>,
    }
    let Raw { response } = read(line)?;
    let result = if response.subtype == "success" {
        Ok(response.body)
    } else {
        Err(response.error.unwrap_or(response.subtype))
    };
    Some(Line::Reply { request: response.request_id, result })
}
