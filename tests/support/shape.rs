//! The shape of a stream: the kinds of its events in order, and the names of their fields.
//!
//! Two programs that say the same to the same input have the same shape, whatever their ids,
//! times and texts are.

use std::collections::BTreeSet;

use serde_json::Value;

/// Fields whose content comes from the conversation and not from the program.
const OPAQUE: [&str; 5] = ["input", "updatedInput", "tool_use_result", "questions", "answers"];
/// Objects whose field names are data.
const MAPS: [&str; 3] = ["modelUsage", "model_usage_since_last_result", "by_type"];

/// One line for each event; a run of equal deltas is one event.
pub(crate) fn shape(events: &[Value]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for event in settled(events) {
        let line = format!("{} {{{}}}", kind(event), fields(event).join(" "));
        let repeats = line.contains("_delta") && lines.last() == Some(&line);
        if !repeats {
            lines.push(line);
        }
    }
    lines
}

/// The events with every permission request, change of the mode, result and word of a sub-agent
/// behind the message in which it falls: the real CLI asks and acts while the end of the message is
/// still on its way, sooner or later.
fn settled(events: &[Value]) -> Vec<&Value> {
    let mut settled = Vec::new();
    let mut early = Vec::new();
    let mut writing = false;
    for event in events {
        match event["event"]["type"].as_str() {
            Some("message_start") => writing = true,
            Some("message_stop") => writing = false,
            _ => {}
        }
        let acts = event["type"] == "control_request"
            || event["tool_result_meta"].is_array()
            || event["permissionMode"].is_string()
            || event["parent_tool_use_id"].is_string()
            || event["subtype"].as_str().is_some_and(|subtype| subtype.contains("task"));
        if writing && acts {
            early.push(event);
            continue;
        }
        settled.push(event);
        if !writing {
            settled.append(&mut early);
        }
    }
    settled.append(&mut early);
    settled
}

/// What an event is, in a few words.
fn kind(event: &Value) -> String {
    let mut words = vec![word(&event["type"])];
    for path in [
        "/subtype",
        "/state",
        "/status",
        "/terminal_reason",
        "/event/type",
        "/event/delta/type",
        "/event/content_block/type",
        "/message/role",
        "/request/subtype",
        "/response/subtype",
    ] {
        if let Some(text) = event.pointer(path).and_then(Value::as_str) {
            words.push(text.to_owned());
        }
    }
    for block in event["message"]["content"].as_array().into_iter().flatten() {
        words.push(word(&block["type"]));
    }
    words.join(" ")
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or("?").to_owned()
}

/// The paths of an event's fields, sorted.
fn fields(event: &Value) -> Vec<String> {
    let mut paths = BTreeSet::new();
    collect(event, "", &mut paths);
    paths.into_iter().collect()
}

fn collect(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let map = MAPS.contains(&path.rsplit('.').next().unwrap_or_default());
            for (name, field) in fields {
                let name = if map { "*" } else { name };
                let path = [path, name].join(".");
                if !OPAQUE.contains(&name) {
                    collect(field, &path, paths);
                }
                paths.insert(path);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, &format!("{path}[]"), paths);
            }
        }
        _ => {}
    }
}

/// Fails with the first difference of two shapes, and what stands around it.
pub(crate) fn assert_same(name: &str, found: &[String], expected: &[String]) {
    let same = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
    if same == found.len() && same == expected.len() {
        return;
    }
    let show = |lines: &[String]| {
        let from = same.saturating_sub(1);
        let lines = lines.get(from..).unwrap_or_default();
        lines.iter().take(4).cloned().collect::<Vec<_>>().join("\n    ")
    };
    panic!(
        "{name}: event {same} differs{}\n  expected\n    {}\n  found\n    {}",
        difference(found.get(same), expected.get(same)),
        show(expected),
        show(found),
    );
}

/// The fields that only one of two events has.
fn difference(found: Option<&String>, expected: Option<&String>) -> String {
    let words = |line: Option<&String>| -> BTreeSet<String> {
        line.into_iter().flat_map(|line| line.split([' ', '{', '}']).map(str::to_owned)).collect()
    };
    let (found, expected) = (words(found), words(expected));
    let missing: Vec<&String> = expected.difference(&found).collect();
    let extra: Vec<&String> = found.difference(&expected).collect();
    format!("; missing {missing:?}, extra {extra:?}")
}
