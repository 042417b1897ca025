//! What became of a prompt while nobody of ours looked: read from the session's transcript.
//!
//! The CLI goes on when its parent dies, and dies by itself, so the only witness is what it wrote.
//! A prompt that stands nowhere never ran and may be sent; one that stands there is never sent
//! again, however it ended. Reads files, decides nothing about the chat, writes nothing.

use std::{io, path::Path, time::Duration};

use tokio::time::Instant;

use crate::{
    bridge::{
        prompt::PromptId,
        turn::{Outcome, Phase, Turn},
    },
    claude::{
        record::{Block, Kind, Message, Record},
        transcript::{self, Trace},
    },
};

/// The model name on messages that the CLI wrote itself.
const SYNTHETIC: &str = "<synthetic>";
/// What the CLI puts in Claude's place when it takes up a prompt that never was answered.
const NO_ANSWER: &str = "No response requested.";
/// How the CLI notes that the person broke off.
const INTERRUPTED: &str = "[Request interrupted by user";

/// How far a prompt came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// It stands nowhere, or nothing of Claude's follows it at the end of the transcript: the CLI
    /// runs it once, whether it is sent for the first time or again.
    Unread,
    /// It was taken into a turn of another prompt.
    Joined,
    /// It began a turn, the records of which start at this byte.
    Turn(u64),
}

/// Looks for a prompt.
pub fn look(transcript: &Path, prompt: PromptId) -> io::Result<Past> {
    let offset = match transcript::holds(transcript, prompt.0)? {
        Trace::Absent => return Ok(Past::Unread),
        Trace::Folded { .. } => return Ok(Past::Joined),
        Trace::Asked { offset } | Trace::Inbox { offset } => offset,
    };
    let reading = Reading::of(transcript, offset)?;
    let untouched = matches!(reading.end, End::Silent) && !reading.over;
    Ok(if untouched { Past::Unread } else { Past::Turn(offset) })
}

/// Whether a prompt stands in a transcript, in whatever form.
pub fn holds(transcript: &Path, prompt: PromptId) -> io::Result<bool> {
    transcript::holds(transcript, prompt.0).map(|trace| trace != Trace::Absent)
}

/// Brings `turn` to what the transcript tells of the turn that begins at byte `offset`, as running.
pub fn refresh(transcript: &Path, offset: u64, turn: &mut Turn) -> io::Result<()> {
    let reading = Reading::of(transcript, offset)?;
    reading.show(transcript, offset, turn)
}

/// The same, as over: no process works on it any more.
pub fn conclude(transcript: &Path, offset: u64, turn: &mut Turn) -> io::Result<()> {
    let reading = Reading::of(transcript, offset)?;
    reading.show(transcript, offset, turn)?;
    turn.finish(match reading.end {
        End::Answered => Outcome::Answered,
        End::Interrupted => Outcome::Stopped,
        End::Failed(message) => Outcome::Api { status: None, message },
        End::Silent | End::Open => Outcome::BrokenOff,
    });
    let took = reading.last.unwrap_or_default().saturating_sub(reading.first.unwrap_or_default());
    let now = turn.ended.unwrap_or_else(Instant::now);
    turn.began = now.checked_sub(Duration::from_millis(took)).unwrap_or(now);
    Ok(())
}

/// How the records of a turn end.
#[derive(Debug, Default)]
enum End {
    /// Claude has said nothing yet.
    #[default]
    Silent,
    /// Claude has said something, and more was to come.
    Open,
    /// Claude said why it stopped, and it was not for a tool.
    Answered,
    Interrupted,
    /// The API failed; the CLI's words.
    Failed(String),
}

/// The fold over the records of one turn.
#[derive(Debug, Default)]
struct Reading {
    /// How many records belong to it.
    records: usize,
    end: End,
    /// The message that `end` is about.
    message: Option<String>,
    /// Another turn has begun.
    over: bool,
    /// When the prompt and the last record were written, milliseconds since the epoch.
    first: Option<u64>,
    last: Option<u64>,
}

impl Reading {
    fn of(transcript: &Path, offset: u64) -> io::Result<Self> {
        let mut reading = Self::default();
        transcript::since(transcript, offset, |record| reading.add(record))?;
        Ok(reading)
    }

    fn add(&mut self, record: &Record<'_>) {
        if self.over || record.sidechain {
            return;
        }
        if self.records > 0 && self.begins_another(record) {
            self.over = true;
            return;
        }
        self.records += 1;
        match &record.kind {
            Kind::Assistant(message) => self.heard(message),
            Kind::User(message) if is_interrupt(message) => self.end = End::Interrupted,
            Kind::User(message) if message.has_results() => self.end = End::Open,
            // Versions that do not say why the model stopped note only that the turn is over.
            Kind::LastPrompt { .. } if matches!(self.end, End::Open) && !self.waits_for_tool() => {
                self.end = End::Answered;
            }
            _ => {}
        }
        self.first = self.first.or(record.at);
        self.last = record.at.or(self.last);
    }

    fn begins_another(&self, record: &Record<'_>) -> bool {
        match &record.kind {
            Kind::User(_) => record.said().next().is_some(),
            Kind::Assistant(message) => {
                matches!(self.end, End::Answered | End::Interrupted)
                    && message.id.as_deref() != self.message.as_deref()
            }
            _ => false,
        }
    }

    fn heard(&mut self, message: &Message<'_>) {
        let text = || message.texts().map(AsRef::as_ref).collect::<Vec<&str>>().join("\n");
        if message.model.as_deref() == Some(SYNTHETIC) {
            let words = text();
            if words != NO_ANSWER {
                self.end = End::Failed(words);
            }
            return;
        }
        let calls = message.blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        self.end = match message.stop.as_deref() {
            Some("tool_use") | None => End::Open,
            Some(_) if calls => End::Open,
            Some(_) => End::Answered,
        };
        self.message =
            message.id.as_deref().map(|id| if calls { String::new() } else { id.to_owned() });
    }

    /// Whether the newest thing of Claude's is the call of a tool.
    fn waits_for_tool(&self) -> bool {
        self.message.as_deref() == Some("")
    }

    fn show(&self, transcript: &Path, offset: u64, turn: &mut Turn) -> io::Result<()> {
        turn.restart(turn.attempt);
        let mut left = self.records;
        transcript::since(transcript, offset, |record| {
            if left > 0 && !record.sidechain {
                left -= 1;
                turn.heard(record);
            }
        })?;
        (turn.taken, turn.phase) = (true, Phase::Working);
        Ok(())
    }
}

fn is_interrupt(message: &Message<'_>) -> bool {
    message.texts().any(|text| text.starts_with(INTERRUPTED))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use uuid::Uuid;

    use super::*;
    use crate::{
        bridge::{
            place::Place,
            prompt::{Prompt, Source},
        },
        claude::session::SessionId,
    };

    fn prompt() -> Prompt {
        let place = Place { chat: 1, thread: None };
        Prompt::new(Source { bot: 1, place, message: 1 }, "water", 0)
    }

    fn asked(id: Uuid) -> String {
        format!(r#"{{"type":"user","uuid":"{id}","message":{{"content":"water"}}}}"#)
    }

    fn said(id: &str, text: &str, stop: &str) -> String {
        format!(
            r#"{{"type":"assistant","message":{{"id":"{id}","model":"opus","stop_reason":{stop},"content":[{{"type":"text","text":"{text}"}}]}}}}"#
        )
    }

    const TOOL: &str = r#"{"type":"assistant","message":{"id":"t","model":"opus","stop_reason":"tool_use","content":[{"type":"tool_use","id":"t","name":"Bash","input":{}}]}}"#;
    const TOOL_DONE: &str = r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}}"#;
    const STOPPED: &str = r#"{"type":"user","message":{"content":[{"type":"text","text":"[Request interrupted by user]"}]}}"#;
    const FAILED: &str = r#"{"type":"assistant","message":{"id":"f","model":"<synthetic>","stop_reason":"stop_sequence","content":[{"type":"text","text":"API Error: 529"}]}}"#;
    const MARK: &str = r#"{"type":"last-prompt","lastPrompt":"water"}"#;
    const TITLE: &str = r#"{"type":"ai-title","aiTitle":"Beans"}"#;

    /// How a prompt ended whose transcript goes on with these lines, and what Claude said.
    fn ended(lines: &[&str]) -> (Option<Outcome>, Vec<String>) {
        let prompt = prompt();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{}", said("0", "before", r#""end_turn""#)).unwrap();
        writeln!(file, "{}", asked(prompt.id.0)).unwrap();
        for line in lines {
            writeln!(file, "{line}").unwrap();
        }
        let mut turn = Turn::new(&prompt, SessionId(Uuid::nil()), Instant::now());
        match look(file.path(), prompt.id).unwrap() {
            Past::Turn(offset) => conclude(file.path(), offset, &mut turn).unwrap(),
            Past::Joined | Past::Unread => {}
        }
        (turn.outcome().cloned(), turn.said.into_iter().map(|said| said.text).collect())
    }

    #[test]
    fn the_transcript_tells_how_a_turn_ended() {
        let done = said("a", "Done.", r#""end_turn""#);
        let more = said("a", "And more.", r#""end_turn""#);
        let old = said("a", "Done.", "null");
        let look = said("t", "I look.", r#""tool_use""#);
        let next = asked(Uuid::from_u128(7));
        let other = said("b", "Other.", r#""end_turn""#);
        let failed = Outcome::Api { status: None, message: "API Error: 529".to_owned() };
        for (lines, outcome, texts) in [
            (vec![], None, vec![]),
            (vec![TITLE], None, vec![]),
            (vec![&*done, &more, MARK], Some(Outcome::Answered), vec!["Done.", "And more."]),
            (vec![&*done, &next, &other], Some(Outcome::Answered), vec!["Done."]),
            (vec![&*done, MARK, &other], Some(Outcome::Answered), vec!["Done."]),
            (
                vec![&*look, TOOL, TOOL_DONE, &done],
                Some(Outcome::Answered),
                vec!["I look.", "Done."],
            ),
            (vec![&*look], Some(Outcome::BrokenOff), vec!["I look."]),
            (vec![&*look, TOOL], Some(Outcome::BrokenOff), vec!["I look."]),
            (vec![&*look, TOOL, MARK], Some(Outcome::BrokenOff), vec!["I look."]),
            (vec![&*look, TOOL, TOOL_DONE], Some(Outcome::BrokenOff), vec!["I look."]),
            (vec![&*old], Some(Outcome::BrokenOff), vec!["Done."]),
            (vec![&*old, MARK], Some(Outcome::Answered), vec!["Done."]),
            (vec![&*look, STOPPED], Some(Outcome::Stopped), vec!["I look."]),
            (vec![STOPPED], Some(Outcome::Stopped), vec![]),
            (vec![FAILED, MARK], Some(failed), vec![]),
            (vec![&*next, &other], Some(Outcome::BrokenOff), vec![]),
        ] {
            let texts: Vec<_> = texts.into_iter().map(str::to_owned).collect();
            assert_eq!(ended(&lines), (outcome, texts), "{lines:#?}");
        }
    }

    #[test]
    fn what_was_taken_in_or_stands_nowhere_is_told_apart() {
        let prompt = prompt();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(look(file.path(), prompt.id).unwrap(), Past::Unread);
        let folded = format!(
            r#"{{"type":"attachment","attachment":{{"type":"queued_command","source_uuid":"{}"}}}}"#,
            prompt.id.0
        );
        writeln!(file, "{folded}").unwrap();
        assert_eq!(look(file.path(), prompt.id).unwrap(), Past::Joined);
        assert!(holds(file.path(), prompt.id).unwrap());
    }
}
