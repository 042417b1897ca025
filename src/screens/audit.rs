//! What tools did, and how dangers are called.

use chrono::{DateTime, Local};

use crate::{
    bridge::audit::AuditEntry,
    claude::{audit::Outcome, session::SessionId},
    screens::{
        Scene, anchor, screen,
        words::{self, danger_name, tool_name},
    },
    telegram::{screen::Screen, text::Text},
};

/// Uses of a tool that are shown one by one; more of them are a file.
pub const SHOWN: usize = 25;
/// Characters of what a tool was used on.
const WHAT: usize = 100;

/// Whose tools they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of a session, by its title.
    Session(SessionId, String),
    /// Of all sessions, today.
    Today,
}

/// What tools did, the newest last, what is dangerous marked.
pub fn audit(scene: &Scene, whose: &Whose, entries: &[AuditEntry]) -> Screen {
    let mut text = heading(scene, whose);
    if entries.is_empty() {
        text.push("\nNo tool was used.");
        return screen(text, Vec::new());
    }
    text.push("\n").data(&counts(entries));
    let (flagged, lead) = match entries.len() {
        ..=SHOWN => (false, ""),
        _ => (true, "\n\nOf these are marked, all others are in the file:"),
    };
    text.push(lead);
    let shown = entries.iter().filter(|entry| !flagged || !entry.flags.is_empty());
    let shown: Vec<&AuditEntry> = shown.collect();
    for entry in &shown[shown.len().saturating_sub(SHOWN)..] {
        text.push("\n\n").push(mark(entry.call.outcome)).push(" ");
        text.data(&tool_name(&entry.call.tool)).push(" ");
        let what = words::line(&entry.what, WHAT);
        if !what.is_empty() {
            text.code(&what);
        }
        let flags: Vec<&str> = entry.flags.iter().map(|danger| danger_name(*danger).1).collect();
        if !flags.is_empty() {
            text.push("\n⚠ ").data(&flags.join(" · "));
        }
    }
    screen(text, Vec::new())
}

fn heading(scene: &Scene, whose: &Whose) -> Text {
    match whose {
        Whose::Today => Text::plain("What tools did today"),
        Whose::Session(session, title) => {
            let mut text = anchor(scene, *session);
            text.push(" What tools did in ").bold(&words::line(title, 80));
            text
        }
    }
}

/// How many there are, and how many went how.
fn counts(entries: &[AuditEntry]) -> String {
    let count = |is: &dyn Fn(&AuditEntry) -> bool| entries.iter().filter(|entry| is(entry)).count();
    let all = words::plural(entries.len() as u64, "use");
    let parts = [
        (count(&|entry| !entry.flags.is_empty()), "marked"),
        (count(&|entry| entry.call.outcome == Outcome::Failed), "failed"),
        (count(&|entry| entry.call.outcome == Outcome::Denied), "denied"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts = parts.map(|(count, name)| format!(" · {count} {name}"));
    format!("{all}{}", parts.collect::<String>())
}

fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "✓",
        Outcome::Failed => "✗",
        Outcome::Denied => "⊘",
        Outcome::Open => "…",
    }
}

/// All of them as lines of a file, each command in full.
pub fn lines(entries: &[AuditEntry]) -> String {
    let line = |entry: &AuditEntry| {
        let at = DateTime::from_timestamp_millis(entry.call.at.cast_signed()).unwrap_or_default();
        let at = at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S");
        let flags: Vec<&str> = entry.flags.iter().map(|danger| danger_name(*danger).1).collect();
        let flags =
            if flags.is_empty() { String::new() } else { format!("  ⚠ {}", flags.join(" · ")) };
        let what = entry.what.replace('\n', "\n    ");
        format!("{at} {} {} {what}{flags}\n", mark(entry.call.outcome), entry.call.tool)
    };
    entries.iter().map(line).collect()
}

/// What stands beneath the file.
pub fn caption(scene: &Scene, whose: &Whose) -> Screen {
    screen(heading(scene, whose), Vec::new())
}
