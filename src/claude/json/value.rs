//! A raw value into an owned one, with nothing refused.
//!
//! `serde_json` refuses a whole document for half a surrogate, for a byte that is no UTF-8 and for
//! depth; here the half becomes the replacement character and the rest is kept. What lies deeper
//! than [`DEEPEST`] levels stays the JSON text that it is, since owned values are written and dropped
//! by recursion.

use serde_json::{Map, Value};

use super::{Broken, Raw, Scan};

/// Levels of arrays and objects that are taken apart. `serde_json` writes and drops one stack frame
/// for each level; 128 is also as deep as it reads.
const DEEPEST: usize = 128;

impl Raw<'_> {
    /// The value, decoded as far as it can be: `Null` for what is no JSON, and the beginning of an
    /// array or object that breaks off. Of a key that stands twice the last counts.
    pub fn value(self) -> Value {
        let mut scan = Scan::new(self.bytes());
        decode(&mut scan, DEEPEST).unwrap_or_default()
    }
}

fn decode(scan: &mut Scan<'_>, levels: usize) -> Result<Value, Broken> {
    if levels == 0 {
        let deep = scan.value()?;
        return Ok(match deep.bytes().first() {
            Some(b'{' | b'[') => Value::String(deep.get().into_owned()),
            _ => simple(deep),
        });
    }
    if scan.enter(b'{') {
        let mut fields = Map::new();
        while let Ok(Some(key)) = scan.key() {
            let Ok(value) = decode(scan, levels - 1) else { break };
            fields.insert(Raw::unquoted(key).into_owned(), value);
        }
        return Ok(Value::Object(fields));
    }
    if scan.enter(b'[') {
        let mut elements = Vec::new();
        while let Ok(true) = scan.element() {
            let Ok(value) = decode(scan, levels - 1) else { break };
            elements.push(value);
        }
        return Ok(Value::Array(elements));
    }
    Ok(simple(scan.value()?))
}

/// A string, a number, or one of the three words.
fn simple(raw: Raw<'_>) -> Value {
    match raw.string() {
        Some(text) => Value::String(text.into_owned()),
        None => serde_json::from_slice(raw.bytes()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(bytes: &[u8]) -> Value {
        Raw::new(bytes).value()
    }

    #[test]
    fn what_serde_refuses_is_kept_but_for_the_broken_sign() {
        for (bytes, expected) in [
            (
                &br#"{"command":"echo \ud83d rocket"}"#[..],
                json!({"command": "echo \u{fffd} rocket"}),
            ),
            (
                b"{\"a\":\"caf\xe9\",\"b\":[1,2.5,null,true]}",
                json!({"a": "caf\u{fffd}", "b": [1, 2.5, null, true]}),
            ),
            (b"{\"caf\xe9\":1}", json!({"caf\u{fffd}": 1})),
            (br#"{"\u00e9":1,"a":1,"a":2}"#, json!({"é": 1, "a": 2})),
            (b"{\"a\":\"one\ntwo\"}", json!({"a": "one\ntwo"})),
            (br#"{"a":1,"b":"#, json!({"a": 1})),
            (br#"[1,{"a":"x"#, json!([1, {}])),
            (b"[01, +1]", json!([null, null])),
            (b"what", json!(null)),
            (b"", json!(null)),
        ] {
            assert_eq!(value(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_lies_too_deep_stays_text() {
        for depth in [100, 127, 128, 200, 1_000_000] {
            let text = format!("{}7{}", "[".repeat(depth), "]".repeat(depth));
            let mut value = value(text.as_bytes());
            let mut levels = 0;
            while let Value::Array(mut inner) = value {
                value = inner.remove(0);
                levels += 1;
            }
            assert_eq!(levels, depth.min(DEEPEST));
            match value {
                Value::Number(seven) => assert_eq!(seven.as_u64(), Some(7)),
                Value::String(rest) => assert_eq!(rest.len(), 1 + 2 * (depth - DEEPEST)),
                other => panic!("{other}"),
            }
        }
    }
}
