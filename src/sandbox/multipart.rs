//! A `multipart/form-data` body into fields and files.
//!
//! Knows as much of RFC 7578 as clients of the Bot API use. Fields come as text here; those that
//! are JSON become what they would be in a JSON body, texts of messages excepted.

use std::collections::BTreeMap;

use memchr::memmem;
use serde_json::{Map, Value};

use super::files::Upload;

/// Fields whose text is meant as it stands, whatever it looks like.
const TEXTS: [&str; 3] = ["text", "caption", "title"];

/// What a body holds.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) fields: Map<String, Value>,
    pub(super) files: BTreeMap<String, Upload>,
}

/// The boundary that a content type names.
pub(super) fn boundary(kind: &str) -> Option<String> {
    let parameters = kind.strip_prefix("multipart/form-data")?;
    let value = parameters.split(';').find_map(|one| one.trim().strip_prefix("boundary="))?;
    Some(value.trim_matches('"').to_owned())
}

/// Takes a body apart; none where it is broken.
pub(super) fn read(boundary: &str, body: &[u8]) -> Option<Parts> {
    let mark = format!("--{boundary}");
    let mut parts = Parts::default();
    let mut rest = body.strip_prefix(mark.as_bytes())?;
    let next = memmem::Finder::new(mark.as_bytes());
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n")?;
        let head = memmem::find(part, b"\r\n\r\n")?;
        let content = &part[head + 4..];
        let end = next.find(content)?;
        parts.add(&String::from_utf8_lossy(&part[..head]), content[..end].strip_suffix(b"\r\n")?);
        rest = &content[end + mark.len()..];
    }
    Some(parts)
}

impl Parts {
    fn add(&mut self, head: &str, content: &[u8]) {
        let line = |name: &str| {
            head.lines().find(|line| line.to_ascii_lowercase().starts_with(name)).map(str::to_owned)
        };
        let disposition = line("content-disposition:").unwrap_or_default();
        let Some(name) = parameter(&disposition, "name") else { return };
        let Some(file) = parameter(&disposition, "filename") else {
            let text = String::from_utf8_lossy(content).into_owned();
            self.fields.insert(name.clone(), value(&name, text));
            return;
        };
        let mime = line("content-type:")
            .and_then(|line| line.split_once(':').map(|(_, mime)| mime.trim().to_owned()))
            .unwrap_or_else(|| "application/octet-stream".to_owned());
        self.files.insert(name, Upload { name: file, mime, bytes: content.into() });
    }
}

/// `name="value"` of a header line.
fn parameter(line: &str, name: &str) -> Option<String> {
    line.split(';').find_map(|one| {
        let value = one.trim().strip_prefix(name)?.strip_prefix('=')?;
        Some(value.trim_matches('"').to_owned())
    })
}

fn value(name: &str, text: String) -> Value {
    match serde_json::from_str::<Value>(&text) {
        Ok(value) if !TEXTS.contains(&name) && !value.is_string() => value,
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_taken_apart() {
        let kind = "multipart/form-data; boundary=xyz";
        let body = b"--xyz\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n7\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"caption\"\r\n\r\n7\r\n\
            --xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a b.txt\"\r\n\
            Content-Type: text/plain\r\n\r\none\r\n\r\ntwo\r\n--xyz--\r\n";
        let parts = read(&boundary(kind).unwrap(), body).unwrap();
        assert_eq!((&parts.fields["chat_id"], &parts.fields["caption"]), (&7.into(), &"7".into()));
        let file = &parts.files["f"];
        assert_eq!((&*file.name, &*file.mime), ("a b.txt", "text/plain"));
        assert_eq!(&*file.bytes, b"one\r\n\r\ntwo");
        for broken in [&b""[..], b"--xyz", b"--xyz\r\nx", b"--xyz\r\nx\r\n\r\ny"] {
            assert!(read("xyz", broken).is_none());
        }
        assert_eq!(boundary("application/json"), None);
    }
}
