//! Bytes of one JSON line into keys and values, in one pass and without copying.
//!
//! A transcript is mostly payload nobody asks for: tool output, patches, base64 images. A general
//! parser looks at each of those bytes; this scanner jumps from quote to quote, and decodes a value
//! only when it is asked for. It is lenient on purpose: it checks the structure it walks over and
//! nothing else, and text that is not UTF-8 or not properly escaped is decoded with replacement
//! characters instead of being refused.

mod quotes;
mod value;

use std::borrow::Cow;

use memchr::memchr;

/// The bytes end before the value does, or are no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// One JSON value as it stands in a line: borrowed and not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a>(&'a [u8]);

impl<'a> Raw<'a> {
    /// Takes `bytes` for one value, unchecked: every reader of it tolerates anything.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.trim_ascii())
    }

    /// `null`, for a value that is not there.
    pub(super) const NULL: Self = Self(b"null");

    /// The value that `bytes` begin with; `None` where it does not end in them.
    pub(super) fn first(bytes: &'a [u8]) -> Option<Self> {
        Scan::new(bytes).value().ok()
    }

    /// The value's own JSON, bytes that are not UTF-8 replaced.
    pub fn get(self) -> Cow<'a, str> {
        lossy(self.0)
    }

    /// The text of a string; `None` for every other value. Borrowed where nothing is escaped.
    pub fn string(self) -> Option<Cow<'a, str>> {
        self.quoted().map(Self::unquoted)
    }

    /// The text of a string or key, given what stands between its quotes.
    fn unquoted(inner: &'a [u8]) -> Cow<'a, str> {
        match memchr(b'\\', inner) {
            None => lossy(inner),
            Some(first) => Cow::Owned(unescape(inner, first)),
        }
    }

    /// The bytes between the quotes of a string, escapes not undone; `None` for every other value.
    pub(super) fn quoted(self) -> Option<&'a [u8]> {
        self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")
    }

    /// The text of message content: a string, or the `text` blocks of an array, a line break
    /// between them; empty for everything else.
    pub fn text(self) -> Cow<'a, str> {
        if let Some(text) = self.string() {
            return text;
        }
        let mut texts = Vec::new();
        let mut scan = Scan::new(self.0);
        if scan.enter(b'[') {
            while let Ok(true) = scan.element() {
                let Ok(block) = scan.value() else { break };
                if let Some(text) = block.field("text").and_then(Raw::string) {
                    texts.push(text);
                }
            }
        }
        Cow::Owned(texts.join("\n"))
    }

    /// The value under `name`, the last one where it stands twice; `None` where this is no object.
    pub fn field(self, name: &str) -> Option<Raw<'a>> {
        let [found] = self.fields([name]);
        found
    }

    /// The values under several names, each as [`Raw::field`] gives it, in one pass.
    pub(super) fn fields<const N: usize>(self, names: [&str; N]) -> [Option<Raw<'a>>; N] {
        let mut scan = Scan::new(self.0);
        let mut found = [None; N];
        if scan.enter(b'{') {
            while let Ok(Some(key)) = scan.key() {
                let Ok(value) = scan.value() else { break };
                if let Some(at) = names.iter().position(|name| key == name.as_bytes()) {
                    found[at] = Some(value);
                }
            }
        }
        found
    }

    /// The keys and values of an object, up to where it breaks off; none where this is no object.
    pub(super) fn entries(self) -> impl Iterator<Item = (Cow<'a, str>, Raw<'a>)> {
        let mut scan = Scan::new(self.0);
        let is_object = scan.enter(b'{');
        std::iter::from_fn(move || {
            let key = scan.key().ok().flatten().filter(|_| is_object)?;
            Some((Self::unquoted(key), scan.value().ok()?))
        })
    }

    /// Whether the value is `true`.
    pub fn is_true(self) -> bool {
        self.0 == b"true"
    }

    /// The value as a number of type `T`; `None` where it is not one.
    pub fn number<T: std::str::FromStr>(self) -> Option<T> {
        std::str::from_utf8(self.0).ok()?.parse().ok()
    }

    /// The value's own bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// The beginning of a line's object: without white space, zero bytes and byte order marks in front.
pub(super) fn object(mut line: &[u8]) -> &[u8] {
    loop {
        line = match line {
            [first, rest @ ..] if *first == 0 || first.is_ascii_whitespace() => rest,
            [0xef, 0xbb, 0xbf, rest @ ..] => rest,
            line => return line,
        };
    }
}

/// A place in a line, moving forward only.
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Steps into an object (`{`) or array (`[`); `false`, without moving, where the next value is
    /// something else.
    pub(super) fn enter(&mut self, bracket: u8) -> bool {
        self.space();
        let entered = self.peek() == Some(bracket);
        self.at += usize::from(entered);
        entered
    }

    /// The next key of the object, its colon passed; `None` where the object ends.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Option<&'a [u8]>, Broken> {
        self.separator();
        match self.peek().ok_or(Broken)? {
            b'}' => {
                self.at += 1;
                Ok(None)
            }
            b'"' => {
                let from = self.at + 1;
                self.string()?;
                let key = &self.bytes[from..self.at - 1];
                self.space();
                if self.peek() != Some(b':') {
                    return Err(Broken);
                }
                self.at += 1;
                Ok(Some(key))
            }
            _ => Err(Broken),
        }
    }

    /// Whether the array has one more element; passes its end where it has not.
    pub(super) fn element(&mut self) -> Result<bool, Broken> {
        self.separator();
        let more = self.peek().ok_or(Broken)? != b']';
        self.at += usize::from(!more);
        Ok(more)
    }

    /// Passes the next value and returns it.
    #[inline]
    pub(super) fn value(&mut self) -> Result<Raw<'a>, Broken> {
        self.space();
        let from = self.at;
        match self.peek().ok_or(Broken)? {
            b'"' => self.string()?,
            b'{' | b'[' => self.nested()?,
            _ => self.scalar()?,
        }
        Ok(Raw(&self.bytes[from..self.at]))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn separator(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace() || b == b',') {
            self.at += 1;
        }
    }

    /// From an opening quote past its closing one.
    #[inline]
    fn string(&mut self) -> Result<(), Broken> {
        self.at = quotes::end(self.bytes, self.at + 1).ok_or(Broken)?;
        Ok(())
    }

    /// From an opening bracket past the one that closes it; counted, so depth costs no stack.
    fn nested(&mut self) -> Result<(), Broken> {
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(Broken)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn scalar(&mut self) -> Result<(), Broken> {
        let rest = &self.bytes[self.at..];
        let len = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')))
            .unwrap_or(rest.len());
        self.at += len;
        if len == 0 { Err(Broken) } else { Ok(()) }
    }
}

/// Text of bytes that are nearly always UTF-8: checked fast first, since the standard library's lossy
/// conversion looks at byte after byte.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Undoes the escapes of a string's inside; `first` is where the first backslash stands.
fn unescape(inner: &[u8], first: usize) -> String {
    let mut text = Vec::with_capacity(inner.len());
    text.extend_from_slice(&inner[..first]);
    let mut rest = &inner[first..];
    while let Some((&b'\\', escaped)) = rest.split_first() {
        rest = match escaped.split_first() {
            Some((b'u', digits)) => unescape_unit(digits, &mut text),
            Some((&letter, after)) => {
                text.push(match letter {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'f' => 12,
                    other => other,
                });
                after
            }
            None => escaped,
        };
        let plain = memchr(b'\\', rest).unwrap_or(rest.len());
        text.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
    }
    String::from_utf8(text)
        .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned())
}

/// One `\uXXXX`, or the two of a surrogate pair, after their first `\u`; a lone half becomes the
/// replacement character. Returns what follows.
fn unescape_unit<'a>(digits: &'a [u8], text: &mut Vec<u8>) -> &'a [u8] {
    let Some(high) = unit(digits) else {
        text.extend_from_slice("\u{fffd}".as_bytes());
        return digits;
    };
    let after = &digits[4..];
    let low = after.strip_prefix(b"\\u").and_then(unit);
    let (decoded, rest) = match (char::from_u32(u32::from(high)), low) {
        (Some(letter), _) => (letter, after),
        (None, Some(low)) => match char::decode_utf16([high, low]).next() {
            Some(Ok(letter)) => (letter, &after[6..]),
            _ => (char::REPLACEMENT_CHARACTER, after),
        },
        (None, None) => (char::REPLACEMENT_CHARACTER, after),
    };
    text.extend_from_slice(decoded.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

fn unit(digits: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(digits.get(..4)?).ok()?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unescaped_as_json_says() {
        for json in [
            r#""plain""#,
            r#""""#,
            r#""a \"quoted\" \\ back\/slash""#,
            r#""tab\tline\nreturn\r\b\f""#,
            r#""\u00e9\u4e2d\ud83c\udf31 end""#,
            "\"raw ünï 🌱\"",
            r#""\\""#,
            r#""\\\"""#,
        ] {
            let expected: String = serde_json::from_str(json).unwrap();
            assert_eq!(Raw::new(json.as_bytes()).string().as_deref(), Some(&*expected), "{json}");
        }
    }

    #[test]
    fn broken_strings_are_replaced_not_refused() {
        for (json, expected) in [
            (&b"\"\\ud83c alone\""[..], "\u{fffd} alone"),
            (b"\"\\ud83c\\u0041\"", "\u{fffd}A"),
            (b"\"\\uZZZZ\"", "\u{fffd}ZZZZ"),
            (b"\"\\u+041\"", "\u{fffd}+041"),
            (b"\"\xff\xfe ok\"", "\u{fffd}\u{fffd} ok"),
            (b"\"\xff\\n\"", "\u{fffd}\n"),
        ] {
            assert_eq!(Raw::new(json).string().as_deref(), Some(expected));
        }
    }

    #[test]
    fn values_end_where_json_ends_them() {
        for (line, expected) in [
            (r#"{"a":[{"b":"]}"},2] ,"z":1}"#, r#"[{"b":"]}"},2]"#),
            (r#"{"a":"x\\","z":1}"#, r#""x\\""#),
            (r#"{"a":"x\\\"y","z":1}"#, r#""x\\\"y""#),
            (r#"{"a": -1.5e+3}"#, "-1.5e+3"),
            (r#"{"a":null}"#, "null"),
        ] {
            let mut scan = Scan::new(line.as_bytes());
            assert!(scan.enter(b'{'));
            assert_eq!(scan.key(), Ok(Some(&b"a"[..])), "{line}");
            assert_eq!(scan.value().map(Raw::get), Ok(expected.into()), "{line}");
        }
    }

    #[test]
    fn torn_values_are_broken() {
        for line in
            [r#"{"a":"x"#, r#"{"a":"x\""#, r#"{"a":[1"#, r#"{"a":"#, r#"{"a""#, "{", r#"{"a":}"#]
        {
            let mut scan = Scan::new(line.as_bytes());
            assert!(scan.enter(b'{'));
            let read = scan.key().and_then(|_| scan.value());
            assert_eq!(read, Err(Broken), "{line}");
        }
    }

    #[test]
    fn content_is_a_string_or_its_text_blocks() {
        for (json, expected) in [
            (r#""one""#, "one"),
            (
                r#"[{"type":"text","text":"one"},{"type":"image"},{"type":"text","text":"two"}]"#,
                "one\ntwo",
            ),
            ("5", ""),
            ("[1,", ""),
        ] {
            assert_eq!(Raw::new(json.as_bytes()).text(), expected, "{json}");
        }
    }
}
