//! A small program in the place of the Claude CLI: answers each prompt with lines that say when they
//! were written. The bench starts itself under the name `claude` for it.

use std::{
    io::{self, BufRead, Write},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

/// The name under which the bench is this program.
pub(crate) const NAME: &str = "claude";

/// Reads prompts, each two numbers: of lines, and of milliseconds between them.
pub(crate) fn main() -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        if line["type"] == "user" {
            let wish = line["message"]["content"].as_str().unwrap_or_default();
            let (lines, pause) = wish.split_once(' ').unwrap_or(("1", "0"));
            let pause = Duration::from_millis(pause.parse().unwrap_or_default());
            answer(&line["uuid"], lines.parse().unwrap_or(1), pause)?;
        }
    }
    Ok(())
}

/// A prompt for so many lines with a pause between.
pub(crate) fn wish(lines: usize, pause: Duration) -> String {
    format!("{lines} {}", pause.as_millis())
}

/// How old the newest line in a text is that [`main`] has written.
pub(crate) fn age(text: &str) -> Option<Duration> {
    let written: u128 = text.split_ascii_whitespace().next_back()?.parse().ok()?;
    let age = now().checked_sub(written)?;
    Some(Duration::from_nanos(age as u64))
}

fn answer(uuid: &Value, lines: usize, pause: Duration) -> io::Result<()> {
    say(&json!({"type": "command_lifecycle", "command_uuid": uuid, "state": "started"}))?;
    say(&json!({"type": "system", "subtype": "init", "model": "none"}))?;
    for _ in 0..lines {
        thread::sleep(pause);
        let delta = json!({"type": "text_delta", "text": format!(" {}", now())});
        let event = json!({"type": "content_block_delta", "index": 0, "delta": delta});
        say(&json!({"type": "stream_event", "event": event, "parent_tool_use_id": null}))?;
    }
    let text = now().to_string();
    let content = json!([{"type": "text", "text": text}]);
    say(&json!({"type": "assistant", "message": {"role": "assistant", "content": content}}))?;
    say(&json!({"type": "result", "subtype": "success", "is_error": false, "result": text}))
}

fn say(line: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Nanoseconds since the epoch: the one clock that two processes share everywhere.
fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}
