//! A line of the CLI as a value, also where it is not quite JSON.

use serde_json::Value;

/// A line as a value. Where it is not quite JSON, because of half a surrogate pair or broken UTF-8
/// in a text, that becomes U+FFFD; `None` only for what nests too deeply or is torn.
pub(super) fn value(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line).ok().or_else(|| serde_json::from_str(&mended(line)).ok())
}

fn mended(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let (mut mended, mut rest) = (String::with_capacity(text.len()), &*text);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let half = |text: &str| {
            let unit = u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
            (0xd800..0xe000).contains(&unit).then_some(unit)
        };
        let length = match (half(escape), escape.get(6..).and_then(half)) {
            (Some(high), Some(low)) if high < 0xdc00 && low >= 0xdc00 => 12,
            (Some(_), _) => {
                mended.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            (None, _) => escape.char_indices().nth(2).map_or(escape.len(), |(end, _)| end),
        };
        mended.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    mended + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn half_a_pair_is_replaced_and_whole_ones_stay() {
        for (line, expected) in [
            (&br#"{"a":"x"}"#[..], Some(json!({"a": "x"}))),
            (br#"{"a":"\\ud83d x"}"#, Some(json!({"a": "\\ud83d x"}))),
            (br#"{"a":"\ud83d x"}"#, Some(json!({"a": "\u{fffd} x"}))),
            (
                br#"{"a":"\udc00\ud83d\ude00\ud83d"}"#,
                Some(json!({"a": "\u{fffd}\u{1f600}\u{fffd}"})),
            ),
            (b"{\"a\":\"\xff\"}", Some(json!({"a": "\u{fffd}"}))),
            (br#"{"a":"#, None),
        ] {
            assert_eq!(value(line), expected, "{}", String::from_utf8_lossy(line));
        }
    }
}
