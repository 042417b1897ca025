//! The CLI's `stream-json` protocol: one line of its stdout into a [`Line`], and what we say into
//! a line of its stdin.
//!
//! Knows the shapes of the control protocol and nothing of processes. Every shape here was seen on
//! the real CLI; what is unknown becomes [`Line::Other`], never an error, because each release
//! brings new kinds.

mod control;
mod lenient;
pub mod limits;
pub mod offers;
pub mod say;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use lenient::value;

use crate::claude::{
    json::Raw,
    record::{NotARecord, Record},
    session::SessionId,
};

/// One line of the CLI's stdout.
#[derive(Debug)]
pub enum Line<'a> {
    /// `system/init`: a turn begins.
    Init(Init),
    /// `command_lifecycle`: what became of a prompt of ours.
    Lifecycle {
        /// The prompt's uuid.
        prompt: Uuid,
        /// What happened to it.
        state: Lifecycle,
    },
    /// A piece of the main conversation's text as it is written.
    Text(Cow<'a, str>),
    /// The main conversation began to think.
    Thinking,
    /// A whole `assistant` or `user` record, as the transcript has it.
    Record(Box<Record<'a>>),
    /// `can_use_tool`: the CLI waits until it is answered.
    Ask(Ask),
    /// A control request of a kind we do not know; it must be answered with an error.
    Unknown {
        /// Its request id.
        request: String,
        /// Its subtype.
        subtype: String,
    },
    /// `control_cancel_request`: a question is no longer open.
    Withdrawn {
        /// Its request id.
        request: String,
    },
    /// `control_response`: the answer to a request of ours.
    Reply {
        /// Our request id.
        request: String,
        /// The response, or the CLI's error.
        result: Result<Value, String>,
    },
    /// `result`: the turn is over.
    Result(Box<TurnResult>),
    /// `system/api_retry`: the CLI tries the API again.
    Retry(Retry),
    /// `rate_limit_event` that rejects.
    Limit {
        /// When the limit ends, seconds since the epoch.
        resets_at: Option<u64>,
    },
    /// `system/background_tasks_changed`: the tasks that live, in the CLI's words.
    Background(Vec<String>),
    /// `system/task_notification`: what ended in the background; a turn about it follows.
    Notified(String),
    /// `system/status` with a permission mode: it holds from now on, by whoever's wish.
    Mode(String),
    /// `system/compact_boundary`: the conversation was compacted.
    Compacted,
    /// Anything else, by its type and subtype.
    Other(String),
}

/// What `system/init` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// The session the process writes to.
    pub session_id: Option<SessionId>,
    /// The model's full name.
    pub model: Option<String>,
    /// `default`, `acceptEdits`, `plan`, ….
    pub mode: Option<String>,
    /// Version of the CLI.
    pub version: Option<String>,
    /// The directory the process works in.
    pub cwd: Option<String>,
    /// Which prompts begin the turn (`user_message_uuids`); none where nobody asked for it, and in
    /// versions that do not tell.
    pub prompts: Vec<Uuid>,
}

/// What became of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It waits inside the CLI.
    Queued,
    /// Claude has it.
    Started,
    /// Its turn is over, or it was answered before.
    Completed,
    /// It was taken back, or its turn ended in an error.
    Cancelled,
}

/// A tool that waits for permission.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// The CLI's request id: what the answer must name.
    pub request: String,
    /// `Bash`, `Edit`, ….
    pub tool: String,
    /// What the tool is to be called with.
    pub input: Value,
    /// The CLI's own words for it, where it has some.
    pub description: Option<String>,
    /// The tool use this is about.
    pub tool_use: Option<String>,
    /// What can be allowed for longer (`permission_suggestions`), as the CLI wants it back.
    pub suggestions: Vec<Value>,
    /// Why it is asked (`decision_reason`), in the words of a hook, where one asks.
    pub reason: Option<String>,
}

/// What `result` says of a turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TurnResult {
    /// The class of the error stands in the fields below, not in `subtype`.
    pub is_error: bool,
    /// Claude's last text, or the error in words.
    pub result: Option<String>,
    /// Errors before a turn: `No conversation found …`.
    pub errors: Vec<String>,
    /// HTTP status of a failed API call.
    pub api_error_status: Option<u16>,
    /// `completed`, `aborted_streaming`, `aborted_tools`, `api_error`, ….
    pub terminal_reason: Option<String>,
    /// The session, which `/clear` changes.
    pub session_id: Option<SessionId>,
    /// US dollars since the conversation began, over all its processes that ended in peace.
    pub total_cost_usd: Option<f64>,
    /// Which prompts this turn answered.
    pub user_message_uuids: Vec<Uuid>,
    /// Size of the context window in tokens, the largest of the models used.
    pub context_window: Option<u64>,
    /// Tools that were not allowed, each with its input.
    pub denials: Vec<(String, Value)>,
}

/// One retry of an API call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retry {
    /// 1 for the first.
    pub attempt: u32,
    /// How many there will be at most.
    pub max_retries: u32,
    /// HTTP status, where there was an answer.
    pub error_status: Option<u16>,
}

/// What decides of a line before the rest of it is read.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    subtype: Option<Cow<'a, str>>,
}

impl<'a> Line<'a> {
    /// Decodes one line of stdout, without its line end.
    pub fn decode(line: &'a [u8]) -> Result<Self, NotARecord> {
        let head: Head<'a> = serde_json::from_slice(line).map_err(|_| NotARecord)?;
        let known = match (&*head.kind, head.subtype.as_deref()) {
            ("assistant" | "user", _) => {
                return Record::decode(line).map(|record| Self::Record(Box::new(record)));
            }
            ("stream_event", _) => stream_event(line),
            ("system", Some("init")) => value(line).map(|value| Self::Init(init(&value))),
            ("system", Some("api_retry")) => value(line).map(|value| Self::Retry(retry(&value))),
            ("system", Some("background_tasks_changed")) => background(line),
            ("system", Some("task_notification")) => {
                value(line).map(|value| Self::Notified(text(&value, "summary").unwrap_or_default()))
            }
            ("system", Some("status")) => {
                value(line).and_then(|value| text(&value, "permissionMode")).map(Self::Mode)
            }
            ("system", Some("compact_boundary")) => Some(Self::Compacted),
            ("command_lifecycle", _) => lifecycle(line),
            ("control_request", _) => control::request(line),
            ("control_cancel_request", _) => control::withdrawn(line),
            ("control_response", _) => control::response(line),
            ("rate_limit_event", _) => limit(line),
            ("result", _) => Some(Self::Result(Box::new(ended(line)))),
            _ => None,
        };
        Ok(known.unwrap_or_else(|| Self::Other(name(&head))))
    }
}

fn name(head: &Head<'_>) -> String {
    match &head.subtype {
        Some(subtype) => format!("{}/{subtype}", head.kind),
        None => head.kind.to_string(),
    }
}

fn read<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    serde_json::from_slice(line).ok()
}

/// The end of a turn. However strange its line has grown, the turn is over.
fn ended(line: &[u8]) -> TurnResult {
    if let Some(value) = value(line) {
        return result(&value);
    }
    let raw = Raw::new(line);
    TurnResult {
        is_error: raw.field("is_error").is_some_and(Raw::is_true),
        result: raw.field("result").and_then(Raw::string).map(Cow::into_owned),
        terminal_reason: raw.field("terminal_reason").and_then(Raw::string).map(Cow::into_owned),
        ..TurnResult::default()
    }
}

// The three below pick field by field, so that one of another type than we know costs that field
// alone: a turn must end even if its `result` has grown strange.

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

fn number<T: TryFrom<u64>>(value: &Value, key: &str) -> Option<T> {
    value.get(key)?.as_u64()?.try_into().ok()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn uuids(value: &Value) -> Vec<Uuid> {
    let all = texts(value, "user_message_uuids");
    all.iter().filter_map(|uuid| uuid.parse().ok()).collect()
}

fn session(value: &Value) -> Option<SessionId> {
    value.get("session_id")?.as_str()?.parse().ok()
}

fn init(value: &Value) -> Init {
    Init {
        session_id: session(value),
        model: text(value, "model"),
        mode: text(value, "permissionMode"),
        version: text(value, "claude_code_version"),
        cwd: text(value, "cwd"),
        prompts: uuids(value),
    }
}

fn retry(value: &Value) -> Retry {
    Retry {
        attempt: number(value, "attempt").unwrap_or_default(),
        max_retries: number(value, "max_retries").unwrap_or_default(),
        error_status: number(value, "error_status"),
    }
}

fn result(value: &Value) -> TurnResult {
    let models = value.get("modelUsage").and_then(Value::as_object);
    let windows = models.into_iter().flat_map(serde_json::Map::values);
    TurnResult {
        is_error: value.get("is_error").and_then(Value::as_bool).unwrap_or_default(),
        result: text(value, "result"),
        errors: texts(value, "errors"),
        api_error_status: number(value, "api_error_status"),
        terminal_reason: text(value, "terminal_reason"),
        session_id: session(value),
        total_cost_usd: value.get("total_cost_usd").and_then(Value::as_f64),
        user_message_uuids: uuids(value),
        context_window: windows.filter_map(|usage| number(usage, "contextWindow")).max(),
        denials: denials(value),
    }
}

fn denials(value: &Value) -> Vec<(String, Value)> {
    let list = value.get("permission_denials").and_then(Value::as_array);
    let denied = list.map_or(&[][..], Vec::as_slice).iter();
    denied.filter_map(|one| Some((text(one, "tool_name")?, one["tool_input"].clone()))).collect()
}

fn stream_event(line: &[u8]) -> Option<Line<'_>> {
    #[derive(Deserialize)]
    struct Event<'a> {
        #[serde(borrow)]
        event: Inner<'a>,
        #[serde(borrow, default)]
        parent_tool_use_id: Option<Cow<'a, str>>,
    }
    #[derive(Deserialize)]
    struct Inner<'a> {
        #[serde(borrow, default)]
        delta: Option<Delta<'a>>,
        #[serde(borrow, default)]
        content_block: Option<Delta<'a>>,
    }
    #[derive(Deserialize)]
    struct Delta<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Option<Cow<'a, str>>,
        #[serde(borrow, default)]
        text: Option<Cow<'a, str>>,
    }
    let event: Event<'_> = read(line)?;
    if event.parent_tool_use_id.is_some() {
        return None;
    }
    let piece = event.event.delta.or(event.event.content_block)?;
    match piece.kind.as_deref()? {
        "text_delta" | "text" => piece.text.map(Line::Text),
        "thinking" => Some(Line::Thinking),
        _ => None,
    }
}

fn lifecycle(line: &[u8]) -> Option<Line<'_>> {
    #[derive(Deserialize)]
    struct Raw<'a> {
        command_uuid: Uuid,
        #[serde(borrow)]
        state: Cow<'a, str>,
    }
    let raw: Raw<'_> = read(line)?;
    let state = match &*raw.state {
        "queued" => Lifecycle::Queued,
        "started" => Lifecycle::Started,
        "completed" => Lifecycle::Completed,
        "cancelled" => Lifecycle::Cancelled,
        _ => return None,
    };
    Some(Line::Lifecycle { prompt: raw.command_uuid, state })
}

fn limit(line: &[u8]) -> Option<Line<'_>> {
    #[derive(Deserialize)]
    struct Raw {
        rate_limit_info: Info,
    }
    #[derive(Deserialize)]
    struct Info {
        status: String,
        #[serde(default, rename = "resetsAt")]
        resets_at: Option<u64>,
    }
    let Raw { rate_limit_info: info } = read(line)?;
    (info.status == "rejected").then_some(Line::Limit { resets_at: info.resets_at })
}

fn background(line: &[u8]) -> Option<Line<'_>> {
    let value = value(line)?;
    let tasks = value.get("tasks")?.as_array()?.iter();
    let named = tasks.map(|task| text(task, "description").unwrap_or_else(|| "a task".to_owned()));
    Some(Line::Background(named.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        match Line::decode(line.as_bytes()) {
            Ok(Line::Record(record)) => format!("Record({:?})", record.uuid.is_some()),
            Ok(line) => format!("{line:?}"),
            Err(NotARecord) => "NotARecord".to_owned(),
        }
    }

    #[test]
    fn lines_of_the_cli_are_told_apart() {
        let id = "11111111-1111-8111-8111-111111111111";
        for (line, expected) in [
            (r#"{"type":"stream_event","event":{"index":0,"delta":{"type":"text_delta","text":"Hé\n"},"type":"content_block_delta"},"parent_tool_use_id":null}"#.to_owned(), "Text(\"Hé\\n\")".to_owned()),
            (r#"{"type":"stream_event","event":{"delta":{"type":"text_delta","text":"x"}},"parent_tool_use_id":"toolu_1"}"#.to_owned(), "Other(\"stream_event\")".to_owned()),
            (r#"{"type":"stream_event","event":{"content_block":{"type":"thinking","thinking":""}}}"#.to_owned(), "Thinking".to_owned()),
            (format!(r#"{{"type":"command_lifecycle","command_uuid":"{id}","state":"started"}}"#), format!("Lifecycle {{ prompt: {id}, state: Started }}")),
            (format!(r#"{{"type":"command_lifecycle","command_uuid":"{id}","state":"dreaming"}}"#), "Other(\"command_lifecycle\")".to_owned()),
            (r#"{"type":"control_request","request_id":"r","request":{"subtype":"hook_callback"}}"#.to_owned(), "Unknown { request: \"r\", subtype: \"hook_callback\" }".to_owned()),
            (r#"{"type":"control_cancel_request","request_id":"r"}"#.to_owned(), "Withdrawn { request: \"r\" }".to_owned()),
            (r#"{"type":"control_response","response":{"subtype":"error","request_id":"r","error":"no"}}"#.to_owned(), "Reply { request: \"r\", result: Err(\"no\") }".to_owned()),
            (r#"{"type":"system","subtype":"background_tasks_changed","tasks":[{"description":"Dig"},{}]}"#.to_owned(), "Background([\"Dig\", \"a task\"])".to_owned()),
            (r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":5}}"#.to_owned(), "Limit { resets_at: Some(5) }".to_owned()),
            (r#"{"type":"rate_limit_event","rate_limit_info":{"status":"allowed"}}"#.to_owned(), "Other(\"rate_limit_event\")".to_owned()),
            (r#"{"type":"system","subtype":"status","status":null,"permissionMode":"plan"}"#.to_owned(), "Mode(\"plan\")".to_owned()),
            (r#"{"type":"system","subtype":"status","status":"requesting"}"#.to_owned(), "Other(\"system/status\")".to_owned()),
            (r#"{"type":"system","subtype":"news"}"#.to_owned(), "Other(\"system/news\")".to_owned()),
            (r#"{"type":"hologram"}"#.to_owned(), "Other(\"hologram\")".to_owned()),
            ("Debugger attached.".to_owned(), "NotARecord".to_owned()),
        ] {
            assert_eq!(shown(&line), expected, "{line}");
        }
    }

    #[test]
    fn a_question_keeps_its_input() {
        let line = br#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"ls"},"description":"List","tool_use_id":"t"}}"#;
        let Ok(Line::Ask(ask)) = Line::decode(line) else { panic!("not a question") };
        assert_eq!((ask.tool.as_str(), ask.input["command"].as_str()), ("Bash", Some("ls")));
        let reply: Value =
            serde_json::from_slice(&say::allow(&ask.request, &ask.input, &[])).unwrap();
        assert_eq!(reply["response"]["response"]["updatedInput"]["command"], "ls");
    }

    #[test]
    fn a_result_says_what_went_wrong() {
        let line = br#"{"type":"result","subtype":"success","is_error":true,"api_error_status":529,"result":"Overloaded","errors":null,"session_id":7,"user_message_uuids":{},"terminal_reason":"api_error","total_cost_usd":0.5,"modelUsage":{"m":{"contextWindow":200000}}}"#;
        let Ok(Line::Result(result)) = Line::decode(line) else { panic!("not a result") };
        assert_eq!(result.api_error_status, Some(529));
        assert_eq!(result.context_window, Some(200_000));
    }
}
