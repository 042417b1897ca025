//! The arguments of one call, whatever way they came: JSON, form or multipart body, or query string.
//!
//! Values are taken out one by one; what is left at the end is unknown to the method and refused.
//! Scalars may come as strings and objects as JSON in a string, as Telegram allows.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{files::Upload, multipart, refusal::Refusal};

/// Named arguments not taken yet.
#[derive(Debug, Default)]
pub(super) struct Args {
    fields: Map<String, Value>,
    /// Files of a multipart body, by the name of their part.
    files: BTreeMap<String, Upload>,
}

impl Args {
    /// Joins the query string and the body. `form` says how to read a body that is not JSON.
    pub(super) fn read(query: &str, kind: &str, body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = pairs(query.as_bytes());
        let mut files = BTreeMap::new();
        if kind.starts_with("application/json") {
            if !body.is_empty() {
                let value: Value = serde_json::from_slice(body)
                    .map_err(|_| Refusal::bad("can't parse request body as JSON object"))?;
                let Value::Object(object) = value else {
                    return Err(Refusal::bad("can't parse request body as JSON object"));
                };
                fields.extend(object);
            }
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            fields.extend(pairs(body));
        } else if let Some(boundary) = multipart::boundary(kind) {
            let parts = multipart::read(&boundary, body)
                .ok_or_else(|| Refusal::bad("can't parse the multipart body"))?;
            fields.extend(parts.fields);
            files = parts.files;
        } else if !body.is_empty() {
            return Err(Refusal::strict(format!("body of type \"{kind}\"")));
        }
        fields.retain(|_, value| !value.is_null());
        Ok(Self { fields, files })
    }

    /// What the call log shows.
    pub(super) fn log(&self) -> Value {
        Value::Object(self.fields.clone())
    }

    /// A number, left in place.
    pub(super) fn peek(&self, name: &str) -> Option<i64> {
        integer(self.fields.get(name)?)
    }

    /// Whether an argument was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// A number; none where absent.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.fields.remove(name) else {
            return Ok(None);
        };
        integer(&value)
            .map(Some)
            .ok_or_else(|| Refusal::strict(format!("\"{name}\" must be an Integer")))
    }

    /// A yes or no; no where absent.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.fields.remove(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(value),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") || text == "1" => {
                Ok(true)
            }
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") || text == "0" => {
                Ok(false)
            }
            Some(_) => Err(Refusal::strict(format!("\"{name}\" must be a Boolean"))),
        }
    }

    /// A text; empty where absent, as Telegram does not tell the two apart.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Refusal> {
        match self.fields.remove(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(Refusal::strict(format!("\"{name}\" must be a String"))),
        }
    }

    /// Takes `chat_id`. Names are not known here, as the sandbox has no public chats.
    pub(super) fn chat(&mut self) -> Result<i64, Refusal> {
        let text = self.text("chat_id")?;
        if text.is_empty() {
            return Err(Refusal::bad("chat_id is empty"));
        }
        text.parse().map_err(|_| Refusal::bad("chat not found"))
    }

    /// An object or array; none where absent. `what` names it in the refusal.
    pub(super) fn object<T: DeserializeOwned>(
        &mut self,
        name: &str,
        what: &str,
    ) -> Result<Option<T>, Refusal> {
        let parsed = match self.fields.remove(name) {
            None => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => serde_json::from_str(&text),
            Some(value) => serde_json::from_value(value),
        };
        parsed.map(Some).map_err(|error| Refusal::bad(format!("can't parse {what}: {error}")))
    }

    /// A file: an uploaded one, or the id of one that is known. None where absent.
    pub(super) fn file(&mut self, name: &str) -> Result<Option<Given>, Refusal> {
        if let Some(upload) = self.files.remove(name) {
            return Ok(Some(Given::Upload(upload)));
        }
        let text = self.text(name)?;
        match text.strip_prefix("attach://") {
            _ if text.is_empty() => Ok(None),
            Some(part) => match self.files.remove(part) {
                Some(upload) => Ok(Some(Given::Upload(upload))),
                None => Err(Refusal::bad("file attached by name not found")),
            },
            None => Ok(Some(Given::Known(text))),
        }
    }

    /// Refuses what the method did not take.
    pub(super) fn finish(&self) -> Result<(), Refusal> {
        match self.fields.keys().chain(self.files.keys()).next() {
            None => Ok(()),
            Some(name) => Err(Refusal::strict(format!("unknown parameter \"{name}\""))),
        }
    }
}

/// A file as a call names it.
#[derive(Debug)]
pub(super) enum Given {
    /// Its content.
    Upload(Upload),
    /// Its `file_id`.
    Known(String),
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// `name=value&…`, percent-encoded.
fn pairs(encoded: &[u8]) -> Map<String, Value> {
    let decoded: BTreeMap<String, String> = encoded
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut sides = pair.splitn(2, |byte| *byte == b'=');
            let mut side = || percent_decode(sides.next().unwrap_or_default());
            (side(), side())
        })
        .collect();
    decoded.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

fn percent_decode(encoded: &[u8]) -> String {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, hex(tail.first()), hex(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &tail[2..];
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, kind: &str, body: &str) {
        let mut args = Args::read(query, kind, body.as_bytes()).unwrap();
        assert_eq!(args.number("chat_id"), Ok(Some(-7)), "{query} {kind} {body}");
        assert_eq!(args.text("text"), Ok("a b&ü%".to_owned()), "{query} {kind} {body}");
        assert_eq!(args.flag("quiet"), Ok(true), "{query} {kind} {body}");
        assert_eq!(args.object("list", "list"), Ok(Some(vec![1, 2])), "{query} {kind} {body}");
        assert_eq!(args.finish(), Ok(()), "{query} {kind} {body}");
    }

    #[test]
    fn every_way_gives_the_same_arguments() {
        let form = "chat_id=-7&text=a+b%26%C3%BC%&quiet=true&list=%5B1,2%5D";
        check(form, "", "");
        check("", "application/x-www-form-urlencoded", form);
        check(
            "",
            "application/json; charset=utf-8",
            r#"{"chat_id":-7,"text":"a b&ü%","quiet":true,"list":[1,2]}"#,
        );
        check(
            "chat_id=-7",
            "application/json",
            r#"{"text":"a b&ü%","quiet":"True","list":"[1,2]","nothing":null}"#,
        );
    }

    #[test]
    fn what_is_left_over_is_refused() {
        let mut args = Args::read("a=1&b=2", "", b"").unwrap();
        args.number("a").unwrap();
        let refusal = args.finish().unwrap_err();
        assert_eq!(refusal.description, "Bad Request: SANDBOX: unknown parameter \"b\"");
    }
}
