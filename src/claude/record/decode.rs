//! The decoding of [`Record`]: one pass over the line, payloads stepped over.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{Block, Kind, Message, NotARecord, Record, Usage};
use crate::claude::{
    json::{Broken, Raw, Scan, object},
    literals::QUEUED_COMMAND,
};

/// How the types of records begin that only tell what was sent to the API: each holds tens of
/// kilobytes, and nothing of the conversation.
const REQUESTS: &[u8] = b"\"api-request";

impl<'a> Record<'a> {
    /// Decodes one line, with or without its line break.
    pub fn decode(line: &'a [u8]) -> Result<Self, NotARecord> {
        let mut scan = Scan::new(object(line));
        if !scan.enter(b'{') {
            return Err(NotARecord);
        }
        let mut fields = Fields::default();
        while let Some(key) = scan.key()? {
            fields.take(key, &mut scan)?;
            if fields.is_request() {
                break;
            }
        }
        Ok(fields.record())
    }
}

/// The fields of a line, before its type is known.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<Raw<'a>>,
    subtype: Option<Raw<'a>>,
    message: Option<Message<'a>>,
    uuid: Option<Raw<'a>>,
    parent: Option<Raw<'a>>,
    logical_parent: Option<Raw<'a>>,
    timestamp: Option<Raw<'a>>,
    cwd: Option<Raw<'a>>,
    parent_tool: Option<Raw<'a>>,
    origin: Option<Raw<'a>>,
    sidechain: Option<Raw<'a>>,
    meta: Option<Raw<'a>>,
    compact_summary: Option<Raw<'a>>,
    replay: Option<Raw<'a>>,
    /// `customTitle`, `aiTitle`, `summary`, `lastPrompt`, `operation`, `attachment`, `totalCostUSD`,
    /// `continuedInSessionId`: what a record of that type is about.
    subject: Option<Raw<'a>>,
    content: Option<Raw<'a>>,
    leaf: Option<Raw<'a>>,
    command: Option<Raw<'a>>,
}

impl<'a> Fields<'a> {
    fn take(&mut self, key: &[u8], scan: &mut Scan<'a>) -> Result<(), Broken> {
        if key == b"message" {
            self.message = message(scan)?;
            return Ok(());
        }
        let value = scan.value()?;
        let field = match key {
            b"type" => &mut self.kind,
            b"subtype" => &mut self.subtype,
            b"uuid" => &mut self.uuid,
            b"parentUuid" => &mut self.parent,
            b"logicalParentUuid" => &mut self.logical_parent,
            b"timestamp" => &mut self.timestamp,
            b"cwd" => &mut self.cwd,
            b"parent_tool_use_id" => &mut self.parent_tool,
            b"origin" => &mut self.origin,
            b"content" => &mut self.content,
            b"leafUuid" => &mut self.leaf,
            b"commandUuid" => &mut self.command,
            b"customTitle"
            | b"aiTitle"
            | b"summary"
            | b"lastPrompt"
            | b"operation"
            | b"attachment"
            | b"totalCostUSD"
            | b"continuedInSessionId" => &mut self.subject,
            b"isSidechain" => &mut self.sidechain,
            b"isMeta" => &mut self.meta,
            b"isCompactSummary" => &mut self.compact_summary,
            b"isReplay" => &mut self.replay,
            _ => return Ok(()),
        };
        *field = Some(value);
        Ok(())
    }

    /// Whether the record only tells what was sent to the API: its type stands first.
    fn is_request(&self) -> bool {
        self.kind.is_some_and(|kind| kind.bytes().starts_with(REQUESTS))
    }

    fn record(self) -> Record<'a> {
        Record {
            uuid: self.uuid.and_then(id),
            parent: self.parent.and_then(id),
            logical_parent: self.logical_parent.and_then(id),
            at: self.timestamp.and_then(moment),
            cwd: self.cwd,
            parent_tool: text(self.parent_tool),
            sidechain: self.sidechain.is_some_and(Raw::is_true),
            meta: self.meta.is_some_and(Raw::is_true),
            compact_summary: self.compact_summary.is_some_and(Raw::is_true),
            replay: self.replay.is_some_and(Raw::is_true),
            kind: self.kind(),
        }
    }

    fn kind(self) -> Kind<'a> {
        // Nearly all records are of these two.
        match self.kind.map(Raw::bytes) {
            Some(b"\"user\"") => return Kind::User(self.said()),
            Some(b"\"assistant\"") => return Kind::Assistant(self.said()),
            _ => {}
        }
        let name = text(self.kind).unwrap_or_default();
        match &*name {
            "user" => Kind::User(self.said()),
            "assistant" => Kind::Assistant(self.said()),
            "system" => Kind::System {
                subtype: text(self.subtype).unwrap_or_default(),
                content: text(self.content),
            },
            "custom-title" => text(self.subject).map_or(Kind::Other(name), Kind::CustomTitle),
            "ai-title" => text(self.subject).map_or(Kind::Other(name), Kind::AiTitle),
            "summary" => text(self.subject).map_or(Kind::Other(name), Kind::Summary),
            "last-prompt" => {
                Kind::LastPrompt { prompt: text(self.subject), leaf: self.leaf.and_then(id) }
            }
            "attachment" => self.attachment(),
            "continued-in" => {
                let session = text(self.subject).and_then(|id| id.parse().ok());
                session.map_or(Kind::Other(name), Kind::ContinuedIn)
            }
            "queue-operation" => Kind::QueueOperation {
                operation: text(self.subject).unwrap_or_default(),
                command_uuid: self.command.and_then(id),
                content: text(self.content),
            },
            "cost-state" => Kind::CostState { total: self.subject.and_then(Raw::number) },
            _ => Kind::Other(name),
        }
    }

    fn said(self) -> Message<'a> {
        let origin_from = text(self.origin.and_then(|origin| origin.field("from")));
        Message { origin_from, ..self.message.unwrap_or_default() }
    }

    /// Most attachments are long and no conversation: only of a folded prompt more is read than the
    /// name.
    fn attachment(self) -> Kind<'a> {
        let [name, source, content, origin] = self.subject.map_or([None; 4], |attachment| {
            attachment.fields(["type", "source_uuid", "prompt", "origin"])
        });
        let name = text(name).unwrap_or_default();
        let content = content.filter(|_| name == QUEUED_COMMAND);
        Kind::Attachment {
            source_uuid: source.and_then(id),
            prompt: content.map(Raw::text),
            content,
            origin_from: text(origin.and_then(|origin| origin.field("from"))),
            name,
        }
    }
}

/// The `message` of a record; `None` where it is no object.
fn message<'a>(scan: &mut Scan<'a>) -> Result<Option<Message<'a>>, Broken> {
    if !scan.enter(b'{') {
        scan.value()?;
        return Ok(None);
    }
    let mut message = Message::default();
    while let Some(key) = scan.key()? {
        match key {
            b"id" => message.id = scan.value()?.string(),
            b"model" => message.model = scan.value()?.string(),
            b"stop_reason" => message.stop = scan.value()?.string(),
            b"usage" => message.usage = usage(scan)?,
            b"content" => message.blocks = content(scan)?,
            _ => drop(scan.value()?),
        }
    }
    Ok(Some(message))
}

fn content<'a>(scan: &mut Scan<'a>) -> Result<Vec<Block<'a>>, Broken> {
    if !scan.enter(b'[') {
        return Ok(scan.value()?.string().map(Block::Text).into_iter().collect());
    }
    let mut blocks = Vec::new();
    while scan.element()? {
        blocks.extend(block(scan)?);
    }
    Ok(blocks)
}

/// The blocks of message content that stands elsewhere than in a message: in a tool's result, in a
/// folded prompt.
pub fn blocks(content: Raw<'_>) -> Vec<Block<'_>> {
    self::content(&mut Scan::new(content.bytes())).unwrap_or_default()
}

/// One element of a content array; `None` where it is no object.
fn block<'a>(scan: &mut Scan<'a>) -> Result<Option<Block<'a>>, Broken> {
    if !scan.enter(b'{') {
        scan.value()?;
        return Ok(None);
    }
    let (mut kind, mut said, mut call, mut name) = (None, None, None, None);
    let (mut input, mut content, mut source, mut error) = (None, None, None, false);
    while let Some(key) = scan.key()? {
        let value = scan.value()?;
        match key {
            b"type" => kind = value.string(),
            b"text" | b"thinking" => said = Some(value),
            b"id" | b"tool_use_id" => call = Some(value),
            b"name" => name = Some(value),
            b"input" => input = Some(value),
            b"content" => content = Some(value),
            b"source" => source = Some(value),
            b"is_error" => error = value.is_true(),
            _ => {}
        }
    }
    let kind = kind.unwrap_or_default();
    Ok(Some(match &*kind {
        "text" => Block::Text(text(said).unwrap_or_default()),
        "thinking" => Block::Thinking(text(said).unwrap_or_default()),
        "tool_use" => Block::ToolUse {
            id: text(call).unwrap_or_default(),
            name: text(name).unwrap_or_default(),
            input: input.unwrap_or(Raw::NULL),
        },
        "tool_result" => Block::ToolResult { id: text(call).unwrap_or_default(), error, content },
        "image" => Block::Image(source),
        "document" => Block::Document(source),
        _ => Block::Other(kind),
    }))
}

fn usage(scan: &mut Scan<'_>) -> Result<Option<Usage>, Broken> {
    if !scan.enter(b'{') {
        scan.value()?;
        return Ok(None);
    }
    let mut usage = Usage::default();
    while let Some(key) = scan.key()? {
        let value = scan.value()?;
        let tokens = match key {
            b"input_tokens" => &mut usage.input,
            b"output_tokens" => &mut usage.output,
            b"cache_read_input_tokens" => &mut usage.cache_read,
            b"cache_creation_input_tokens" => &mut usage.cache_creation,
            _ => continue,
        };
        *tokens = value.number().unwrap_or(0);
    }
    Ok(Some(usage))
}

fn text(value: Option<Raw<'_>>) -> Option<Cow<'_, str>> {
    value.and_then(Raw::string)
}

/// An id; what is no UUID is represented by one. None where it is no string or empty.
fn id(value: Raw<'_>) -> Option<Uuid> {
    let quoted = value.quoted()?;
    if let (36, Ok(id)) = (quoted.len(), Uuid::try_parse_ascii(quoted)) {
        return Some(id);
    }
    let digest = Sha256::digest(value.string().filter(|id| !id.is_empty())?.as_bytes());
    let bytes = digest.first_chunk().copied()?;
    Some(Builder::from_custom_bytes(bytes).into_uuid())
}

/// Milliseconds since the Unix epoch of an ISO 8601 time; none before the epoch. The CLI writes
/// `2026-05-04T09:12:33.456Z`, which is read without the general parser: every record has one.
pub(in crate::claude) fn moment(value: Raw<'_>) -> Option<u64> {
    let text = value.quoted()?;
    let millis = plain_moment(text).or_else(|| {
        let text = std::str::from_utf8(text).ok()?;
        Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis())
    })?;
    u64::try_from(millis).ok()
}

fn plain_moment(text: &[u8]) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| {
        text[range]
            .iter()
            .try_fold(0_u32, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if text.len() != 24 || marks.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(0..4)? as i32, number(5..7)?, number(8..10)?)?;
    let time =
        date.and_hms_milli_opt(number(11..13)?, number(14..16)?, number(17..19)?, number(20..23)?)?;
    Some(time.and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode(line: &str) -> Record<'_> {
        Record::decode(line.as_bytes()).unwrap()
    }

    const UUID: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    fn uuid() -> Option<Uuid> {
        Uuid::try_parse(UUID).ok()
    }

    #[test]
    fn a_transcript_line_is_decoded() {
        let line = format!(
            r#"{{"parentUuid":"{UUID}","isSidechain":false,"cwd":"/home/ada","sessionId":"s","gitBranch":"main",
            "entrypoint":"cli","type":"assistant","uuid":"{UUID}","timestamp":"2026-05-04T09:12:33.456Z",
            "origin":{{"kind":"peer","from":"telegram:x"}},"message":{{"id":"msg_1","model":"opus","content":[
            {{"type":"thinking","thinking":"hm","signature":"…"}},{{"type":"text","text":"Hi \u00e9"}},
            {{"type":"tool_use","id":"t1","name":"Bash","input":{{"command":"ls"}}}},{{"type":"server_tool_use"}}],
            "usage":{{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":3,
            "cache_creation_input_tokens":4,"cache_creation":{{"input_tokens":9}}}}}}}}"#
        );
        let record = decode(&line);
        assert_eq!((record.uuid, record.parent), (uuid(), uuid()));
        assert_eq!(record.at, Some(1_777_885_953_456));
        assert_eq!(record.cwd.and_then(Raw::string).as_deref(), Some("/home/ada"));
        let Kind::Assistant(message) = record.kind else { panic!("{record:?}") };
        assert_eq!(
            (message.id.as_deref(), message.model.as_deref()),
            (Some("msg_1"), Some("opus"))
        );
        assert_eq!(message.origin_from.as_deref(), Some("telegram:x"));
        let usage = Usage { input: 1, output: 2, cache_read: 3, cache_creation: 4 };
        assert_eq!(message.usage, Some(usage));
        let [
            Block::Thinking(thought),
            Block::Text(said),
            Block::ToolUse { id, name, input },
            Block::Other(other),
        ] = &message.blocks[..]
        else {
            panic!("{message:?}")
        };
        assert_eq!((&**thought, &**said, &**other), ("hm", "Hi é", "server_tool_use"));
        assert_eq!((&**id, &**name, input.value()), ("t1", "Bash", json!({"command": "ls"})));
    }

    #[test]
    fn a_stream_line_is_decoded() {
        let line = format!(
            r#"{{"type":"user","session_id":"s","parent_tool_use_id":"t1","isReplay":true,"uuid":"{UUID}","message":{{
            "content":[{{"tool_use_id":"t2","type":"tool_result","is_error":true,"content":[{{"type":"text","text":"no"}}]}},
            {{"type":"image","source":{{"data":"AAAA"}}}}]}}}}"#
        );
        let record = decode(&line);
        assert_eq!(record.parent_tool.as_deref(), Some("t1"));
        assert!(record.replay && !record.meta);
        let Kind::User(message) = record.kind else { panic!("{record:?}") };
        let [
            Block::ToolResult { id, error: true, content: Some(content) },
            Block::Image(Some(source)),
        ] = &message.blocks[..]
        else {
            panic!("{message:?}")
        };
        assert_eq!((&**id, &*content.text()), ("t2", "no"));
        assert_eq!(source.field("data").and_then(Raw::string).as_deref(), Some("AAAA"));
    }

    #[test]
    fn every_kind_is_told_apart() {
        for (line, expected) in [
            (r#"{"type":"custom-title","customTitle":"Beans"}"#, r#"CustomTitle("Beans")"#),
            (r#"{"type":"ai-title","aiTitle":"Beans"}"#, r#"AiTitle("Beans")"#),
            (r#"{"type":"summary","summary":"Beans","leafUuid":"x"}"#, r#"Summary("Beans")"#),
            (r#"{"type":"ai-title","aiTitle":7}"#, r#"Other("ai-title")"#),
            (
                r#"{"type":"last-prompt","lastPrompt":"x"}"#,
                r#"LastPrompt { prompt: Some("x"), leaf: None }"#,
            ),
            (r#"{"type":"cost-state","totalCostUSD":0.25}"#, "CostState { total: Some(0.25) }"),
            (
                r#"{"type":"system","subtype":"init"}"#,
                r#"System { subtype: "init", content: None }"#,
            ),
            (
                r#"{"type":"queue-operation","operation":"enqueue","content":"x"}"#,
                r#"QueueOperation { operation: "enqueue", command_uuid: None, content: Some("x") }"#,
            ),
            (
                r#"{"type":"attachment","attachment":{"type":"skill_listing","prompt":"x"}}"#,
                r#"Attachment { name: "skill_listing", source_uuid: None, prompt: None, content: None, origin_from: None }"#,
            ),
            (r#"{"type":"continued-in","continuedInSessionId":"x"}"#, r#"Other("continued-in")"#),
            (r#"{"type":"api-request-shape","message":{"role"#, r#"Other("api-request-shape")"#),
            (r#"{"type":"tomorrow","message":{"content":"x"}}"#, r#"Other("tomorrow")"#),
            ("{}", r#"Other("")"#),
        ] {
            assert_eq!(format!("{:?}", decode(line).kind), expected, "{line}");
        }
        let folded = format!(r#"{{"type":"attachment","attachment":{{"source_uuid":"{UUID}"}}}}"#);
        let Kind::Attachment { source_uuid, .. } = decode(&folded).kind else { panic!() };
        assert_eq!(source_uuid, uuid());
    }

    #[test]
    fn mistyped_fields_are_as_if_absent_and_the_last_of_two_counts() {
        let record = decode(
            r#"{"type":"user","uuid":"","parentUuid":7,"timestamp":"soon","cwd":[],"gitBranch":"",
            "isMeta":"true","message":{"usage":"much","content":[5,null,{"type":8},{"type":"text","text":{}}]}}"#,
        );
        assert_eq!((record.uuid, record.parent, record.at), (None, None, None));
        assert_eq!((record.cwd.and_then(Raw::string), record.meta), (None, false));
        let Kind::User(message) = record.kind else { panic!() };
        assert_eq!(message.usage, None);
        assert_eq!(format!("{:?}", message.blocks), r#"[Other(""), Text("")]"#);

        let twice = decode(r#"{"type":"assistant","cwd":"/a","type":"mode","cwd":"/b"}"#);
        assert_eq!(twice.cwd.and_then(Raw::string).as_deref(), Some("/b"));
        assert!(matches!(twice.kind, Kind::Other(name) if name == "mode"));
    }

    #[test]
    fn only_lines_with_a_whole_object_are_records() {
        for line in [
            "",
            " ",
            "\0\0",
            "[]",
            "5",
            "\"user\"",
            "null",
            "garbage",
            r#"{"type":"user""#,
            r#"{"type":"us"#,
            r#"x {"type":"user"}"#,
            r#"{"type" "user"}"#,
            r#"{"message":{"content":[{"type":"text","text":"x"}]"#,
        ] {
            assert_eq!(Record::decode(line.as_bytes()).err(), Some(NotARecord), "{line}");
        }
        for line in [" {} \r\n", "{\"a\":1,}"] {
            assert!(Record::decode(line.as_bytes()).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_stands_around_a_record_is_ignored() {
        let deep =
            format!("{{\"x\":{}{},\"type\":\"user\"}}", "[".repeat(9_999), "]".repeat(9_999));
        for line in [
            "\t{\"type\":\"user\"}",
            "\u{feff}{\"type\":\"user\"}",
            "\0\0\0{\"type\":\"user\"}",
            "{\"type\":\"user\"}\0\0\0",
            "{\"type\":\"user\"} and garbage",
            r#"{"type":"user"}{"type":"assistant"}"#,
            &deep,
        ] {
            assert!(matches!(decode(line).kind, Kind::User(_)), "{line:.60}");
        }
    }

    #[test]
    fn ids_that_are_no_uuids_stay_equal_and_apart() {
        let of = |id: &str| decode(&format!(r#"{{"uuid":"{id}"}}"#)).uuid;
        assert_eq!(of("rec-1"), of("rec-1"));
        assert_eq!(of("r\\u0065c-1"), of("rec-1"));
        let ids = ["rec-1", "rec-2", UUID, &UUID[1..], "é"].map(of);
        assert!(ids.iter().all(Option::is_some));
        assert!((1..ids.len()).all(|n| !ids[..n].contains(&ids[n])));
        assert_eq!(of(UUID), uuid());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        let line = b"{\"type\":\"user\",\"message\":{\"content\":\"caf\xe9\"}}";
        let record = Record::decode(line).unwrap();
        assert_eq!(record.prompt().as_deref(), Some("caf\u{fffd}"));
    }

    #[test]
    fn moments_are_milliseconds_since_the_epoch() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.001Z", Some(1)),
            ("2026-02-28T23:59:59.999Z", Some(1_772_323_199_999)),
            ("2026-02-28T23:59:59Z", Some(1_772_323_199_000)),
            ("2026-03-01T01:59:59.999+02:00", Some(1_772_323_199_999)),
            ("2026-02-30T00:00:00.000Z", None),
            ("1969-12-31T23:59:59.999Z", None),
            ("2026-02-28T23:59:5x.999Z", None),
            ("", None),
        ] {
            let json = format!("\"{text}\"");
            assert_eq!(moment(Raw::new(json.as_bytes())), expected, "{text}");
        }
    }
}
