//! The turn reader: one turn in a transcript that somebody else writes or wrote, read on from where
//! it was left.
//!
//! The CLI goes on when its parent dies, and dies by itself, so the only witness of a turn is what
//! it wrote. A prompt that stands nowhere never ran and may be sent; one that stands there is never
//! sent again, however it ended; of what cannot be read nothing is said. Recovery, orphans and
//! terminals differ only in who says that the writer is gone. What ends a turn stands in
//! [`ending`](crate::claude::transcript::ending).
//!
//! 1. A record is read once, and counts for one turn.
//! 2. *Cannot be read* is an error, never *never ran*.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{
    bridge::{
        prompt::PromptId,
        turn::{Outcome, Phase, Turn},
    },
    claude::{
        home::Home,
        record::{Kind, Record},
        session::{SessionId, Status},
        transcript::{
            self, Trace,
            ending::{Mark, mark},
        },
    },
};

/// A terminal that has been idle for so long after its last word is done, whatever it wrote.
const DONE: Duration = Duration::from_secs(2);
/// The same where it has said nothing.
const SILENT: Duration = Duration::from_secs(10);

/// How far a prompt came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptTrace {
    /// It stands nowhere, or nothing of Claude's follows it at the end of the transcript: the CLI
    /// runs it once, whether it is sent for the first time or again.
    Unread,
    /// It was taken into a turn of another prompt.
    Joined,
    /// It began a turn, the records of which start at this byte.
    Turn(u64),
}

/// Looks for a prompt.
pub fn look(transcript: &Path, prompt: PromptId) -> io::Result<PromptTrace> {
    let offset = match transcript::holds(transcript, prompt.0)? {
        Trace::Absent => return Ok(PromptTrace::Unread),
        Trace::Folded { .. } => return Ok(PromptTrace::Joined),
        Trace::Asked { offset } | Trace::Inbox { offset } => offset,
    };
    let mut reader = TurnReader::at(transcript, offset, prompt);
    reader.each(|_| {})?;
    let untouched = reader.end == End::Silent && !reader.over;
    Ok(if untouched { PromptTrace::Unread } else { PromptTrace::Turn(offset) })
}

/// Whether a prompt stands in a transcript, in whatever form.
pub fn holds(transcript: &Path, prompt: PromptId) -> io::Result<bool> {
    transcript::holds(transcript, prompt.0).map(|trace| trace != Trace::Absent)
}

/// Brings `turn` to what the transcript tells of the turn that begins at byte `offset`, as over: no
/// process works on it any more.
pub fn conclude(transcript: &Path, offset: u64, turn: &mut Turn) -> io::Result<()> {
    let mut reader = TurnReader::at(transcript, offset, turn.prompt);
    turn.restart(turn.attempt);
    reader.each(|record| turn.heard(record))?;
    (turn.taken, turn.phase) = (true, Phase::Working);
    turn.finish(match reader.end {
        End::Answered => Outcome::Answered,
        End::Interrupted => Outcome::Stopped,
        End::Failed(message) => Outcome::Api { status: None, message },
        End::Silent | End::Open => Outcome::BrokenOff,
    });
    let took = reader.last.unwrap_or_default().saturating_sub(reader.first.unwrap_or_default());
    let now = turn.ended.unwrap_or_else(Instant::now);
    turn.began = now.checked_sub(Duration::from_millis(took)).unwrap_or(now);
    Ok(())
}

/// How a turn stands, by what was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// A turn as far as it was read.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct TurnReader {
    path: Option<PathBuf>,
    offset: u64,
    prompt: PromptId,
    /// The prompt was handed to whoever writes.
    pub(super) sent: bool,
    /// It stands in the transcript.
    pub(super) taken: bool,
    end: End,
    /// The message in which Claude was done.
    message: Option<String>,
    /// Whether the newest thing of Claude's is the call of a tool.
    calls: bool,
    /// Nothing that comes belongs to it.
    over: bool,
    /// When the prompt and the last record were written, milliseconds since the epoch.
    first: Option<u64>,
    last: Option<u64>,
    idle_since: Option<Instant>,
    /// Somebody still writes.
    live: bool,
}

impl TurnReader {
    /// Finds a prompt in the transcript of its session, or else begins at the end of what is there
    /// now.
    pub(super) fn find(home: &Home, session: SessionId, prompt: PromptId) -> io::Result<Self> {
        let Some(path) = home.find_transcript(session)? else { return Ok(Self::new(None, prompt)) };
        let end = path.metadata()?.len();
        let (offset, sent) = match transcript::holds(&path, prompt.0)? {
            Trace::Absent => (end, false),
            Trace::Asked { offset } | Trace::Folded { offset } | Trace::Inbox { offset } => {
                (offset, true)
            }
        };
        Ok(Self { sent, live: true, ..Self::at(&path, offset, prompt) })
    }

    /// One that has read nothing.
    pub(super) fn new(path: Option<PathBuf>, prompt: PromptId) -> Self {
        Self {
            path,
            offset: 0,
            prompt,
            sent: false,
            taken: false,
            end: End::default(),
            message: None,
            calls: false,
            over: false,
            first: None,
            last: None,
            idle_since: None,
            live: false,
        }
    }

    fn at(path: &Path, offset: u64, prompt: PromptId) -> Self {
        Self { offset, ..Self::new(Some(path.to_owned()), prompt) }
    }

    /// Reads what is new, into a turn that is shown.
    pub(super) fn read(&mut self, turn: &watch::Sender<Turn>) -> io::Result<()> {
        let was_taken = self.taken;
        self.each(|record| turn.send_modify(|turn| turn.heard(record)))?;
        if self.taken && !was_taken {
            turn.send_modify(|turn| {
                (turn.taken, turn.phase, turn.began) = (true, Phase::Working, Instant::now());
            });
        }
        Ok(())
    }

    /// How the turn ended, if what was read says so.
    pub(super) fn over(&self) -> Option<Outcome> {
        self.over.then(|| self.outcome())
    }

    /// The same, for a writer that is seen to be idle or at work at `now`. `grown` tells whether it
    /// has written since the last look.
    pub(super) fn over_by(&mut self, status: Status, grown: bool, now: Instant) -> Option<Outcome> {
        if self.over {
            return self.over();
        }
        if status != Status::Idle || grown || !self.taken {
            self.idle_since = None;
            return None;
        }
        let idle = now.duration_since(*self.idle_since.get_or_insert(now));
        let silent = self.end == End::Silent;
        if idle < if silent { SILENT } else { DONE } {
            return None;
        }
        Some(if silent { Outcome::Stopped } else { self.outcome() })
    }

    /// How far it was read, bytes.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    fn outcome(&self) -> Outcome {
        match &self.end {
            End::Failed(message) => Outcome::Api { status: None, message: message.clone() },
            End::Interrupted => Outcome::Stopped,
            End::Silent | End::Open | End::Answered => Outcome::Answered,
        }
    }

    /// Reads what is new, and gives what Claude said and did in this turn to `each`.
    fn each(&mut self, mut each: impl FnMut(&Record<'_>)) -> io::Result<()> {
        let Some(path) = self.path.clone() else { return Ok(()) };
        let end = transcript::since(&path, self.offset, |record| {
            if self.add(record) {
                each(record);
            }
        })?;
        self.offset = end;
        Ok(())
    }

    /// Takes the next record; whether Claude says or does something in this turn by it.
    fn add(&mut self, record: &Record<'_>) -> bool {
        if self.over || record.sidechain {
            return false;
        }
        if !self.taken {
            self.taken = transcript::trace_in(record, self.prompt.0, 0).is_some();
            self.sent |= self.taken;
            (self.first, self.last) = (record.at, record.at);
            return false;
        }
        let mark = mark(record);
        if self.is_after(&mark, record) {
            self.over = true;
            return false;
        }
        self.last = record.at.or(self.last);
        self.stands(&mark);
        matches!(mark, Mark::Open { .. } | Mark::Done(_) | Mark::Gave)
    }

    /// Whether another turn begins with a record.
    fn is_after(&self, mark: &Mark<'_>, record: &Record<'_>) -> bool {
        match mark {
            Mark::Begins => true,
            Mark::Command => !self.live,
            Mark::Open { .. } | Mark::Done(_) | Mark::Failed(_) => {
                self.end == End::Answered && message_id(record) != self.message.as_deref()
            }
            _ => false,
        }
    }

    fn stands(&mut self, mark: &Mark<'_>) {
        match mark {
            Mark::Open { calls } => (self.end, self.calls) = (End::Open, *calls),
            Mark::Done(message) => {
                (self.end, self.calls) = (End::Answered, false);
                self.message = message.map(str::to_owned);
            }
            Mark::Failed(words) => self.end = End::Failed(words.clone()),
            Mark::Gave => self.end = End::Open,
            Mark::Interrupted => (self.end, self.over) = (End::Interrupted, true),
            Mark::Over => {
                if matches!(self.end, End::Silent | End::Open) {
                    self.end = End::Answered;
                }
                self.over = true;
            }
            // Versions that do not say why the model stopped note only that the turn is over.
            Mark::AtRest if self.end == End::Open && !self.calls => self.end = End::Answered,
            Mark::AtRest | Mark::Begins | Mark::Command | Mark::Nothing => {}
        }
    }
}

fn message_id<'a>(record: &'a Record<'_>) -> Option<&'a str> {
    match &record.kind {
        Kind::Assistant(message) => message.id.as_deref(),
        _ => None,
    }
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
            PromptTrace::Turn(offset) => conclude(file.path(), offset, &mut turn).unwrap(),
            PromptTrace::Joined | PromptTrace::Unread => {}
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
        assert_eq!(look(file.path(), prompt.id).unwrap(), PromptTrace::Unread);
        let folded = format!(
            r#"{{"type":"attachment","attachment":{{"type":"queued_command","source_uuid":"{}"}}}}"#,
            prompt.id.0
        );
        writeln!(file, "{folded}").unwrap();
        assert_eq!(look(file.path(), prompt.id).unwrap(), PromptTrace::Joined);
        assert!(holds(file.path(), prompt.id).unwrap());
    }

    const ID: &str = "11111111-1111-8111-8111-111111111111";

    /// The turn of a transcript, and how it ended.
    fn follow(lines: &[&str]) -> (Turn, TurnReader) {
        let place = Place { chat: 1, thread: None };
        let prompt = Prompt::new(Source { bot: 1, place, message: 1 }, "", 0);
        let prompt = Prompt { id: PromptId(ID.parse().unwrap()), ..prompt };
        let session = SessionId(Uuid::nil());
        let mut turn = Turn::new(&prompt, session, tokio::time::Instant::now());
        let mut tail = TurnReader { live: true, ..TurnReader::new(None, prompt.id) };
        for line in lines {
            let record = Record::decode(line.as_bytes()).unwrap();
            if tail.add(&record) {
                turn.heard(&record);
            }
        }
        (turn, tail)
    }

    const BEFORE: &str = r#"{"type":"assistant","message":{"content":"before"}}"#;
    const SENT: &str = r#"{"type":"user","isMeta":true,"origin":{"kind":"peer","from":"telegram:11111111-1111-8111-8111-111111111111"},"message":{"content":"Another Claude session sent a message:\nwater"}}"#;
    const FOLDED: &str = r#"{"type":"attachment","attachment":{"type":"queued_command","prompt":"water","source_uuid":"22222222-2222-4222-8222-222222222222","origin":{"kind":"peer","from":"telegram:11111111-1111-8111-8111-111111111111"}}}"#;
    const WET: &str =
        r#"{"type":"assistant","message":{"model":"m","content":[{"type":"text","text":"Wet."}]}}"#;
    const OVER: &str = r#"{"type":"system","subtype":"turn_duration"}"#;
    const BROKEN_OFF: &str = r#"{"type":"user","message":{"content":[{"type":"text","text":"[Request interrupted by user for tool use]"}]}}"#;
    const FAILED_THERE: &str = r#"{"type":"assistant","isApiErrorMessage":true,"message":{"model":"<synthetic>","content":[{"type":"text","text":"API Error: 400"}]}}"#;
    const NEXT: &str = r#"{"type":"user","message":{"content":"typed there"}}"#;

    #[test]
    fn a_turn_ends_as_the_terminal_says() {
        let failed = Outcome::Api { status: None, message: "API Error: 400".to_owned() };
        for (lines, said, over) in [
            (&[BEFORE, WET, OVER][..], None, None),
            (&[BEFORE, SENT], None, None),
            (&[BEFORE, SENT, WET], Some("Wet."), None),
            (&[BEFORE, SENT, WET, OVER, NEXT, WET], Some("Wet."), Some(Outcome::Answered)),
            (&[BEFORE, FOLDED, WET, OVER], Some("Wet."), Some(Outcome::Answered)),
            (&[SENT, WET, BROKEN_OFF], Some("Wet."), Some(Outcome::Stopped)),
            (&[SENT, FAILED_THERE], None, None),
            (&[SENT, FAILED_THERE, NEXT], None, Some(failed)),
        ] {
            let (turn, tail) = follow(lines);
            assert_eq!(turn.said.first().map(|said| said.text.as_str()), said, "{lines:?}");
            assert_eq!(turn.said.len(), usize::from(said.is_some()), "{lines:?}");
            assert_eq!(tail.over(), over, "{lines:?}");
        }
    }
}
