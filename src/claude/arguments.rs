//! The session that a headless CLI was started on, by its arguments.

use std::fs;

use crate::claude::{parentage, session::SessionId};

/// The session that a process was started on, if it is a headless CLI.
pub(super) fn session(pid: u32) -> Option<SessionId> {
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(line) => read(&line),
        Err(_) if cfg!(target_os = "linux") => None,
        // What has blanks in it is torn there, which no argument that is looked at has.
        Err(_) => read(parentage::arguments(pid)?.trim().replace(' ', "\0").as_bytes()),
    }
}

/// The same, from its arguments, each of which ends in a NUL. A fork works on the session that it
/// begins.
fn read(line: &[u8]) -> Option<SessionId> {
    let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| *argument == flag.as_bytes())?;
        str::from_utf8(arguments.get(at + 1)?).ok()
    };
    let is_headless = after("--input-format") == Some("stream-json");
    let id = after("--session-id").or_else(|| after("--resume"));
    id.filter(|_| is_headless)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";
    const TWO: &str = "8f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    #[test]
    fn arguments_tell_the_session() {
        for (line, expected) in [
            (format!("claude\0-p\0--input-format\0stream-json\0--resume\0{ONE}\0"), Some(ONE)),
            (format!("sh\0claude\0--input-format\0stream-json\0--session-id\0{ONE}\0"), Some(ONE)),
            (
                format!(
                    "claude\0--input-format\0stream-json\0--resume\0{ONE}\0--session-id\0{TWO}\0"
                ),
                Some(TWO),
            ),
            (format!("claude\0--resume\0{ONE}\0"), None),
            ("claude\0--input-format\0stream-json\0--resume".to_owned(), None),
            ("claude\0--input-format\0stream-json\0--resume\0the beans\0".to_owned(), None),
            (String::new(), None),
        ] {
            let found = read(line.as_bytes()).map(|session| session.to_string());
            assert_eq!(found.as_deref(), expected, "{line:?}");
        }
    }
}
