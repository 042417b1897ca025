//! The end of a transcript that somebody else writes, into the turn of one prompt.
//!
//! Knows where the prompt stands, what was said since, and by which records a turn ends: the CLI
//! writes how long a turn took, or that it was interrupted; after an error it writes only the error
//! and is idle.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::spawn_blocking};
use uuid::Uuid;

use crate::{
    bridge::turn::{Outcome, Phase, Turn},
    claude::{
        home::Home,
        record::{Kind, Message, Record},
        session::{SessionId, Status},
        transcript::{self, Trace},
    },
};

/// A terminal that has been idle for so long after its last word is done, whatever it wrote.
const DONE: Duration = Duration::from_secs(2);
/// The same where it has said nothing.
const SILENT: Duration = Duration::from_secs(10);

/// How far a transcript was read for a prompt.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    path: Option<PathBuf>,
    offset: u64,
    prompt: Uuid,
    /// The prompt was handed to whoever writes.
    pub(super) sent: bool,
    /// It stands in the transcript.
    pub(super) taken: bool,
    /// Claude has said something since.
    spoke: bool,
    failed: Option<Outcome>,
    over: Option<Outcome>,
    idle_since: Option<Instant>,
}

impl Tail {
    /// Where a prompt stands in its session, or else the end of what is there now.
    pub(super) async fn find(home: &Home, session: SessionId, prompt: Uuid) -> Self {
        let home = home.clone();
        let find = move || {
            let path = home.transcript(session);
            let end = path.as_ref().and_then(|path| path.metadata().ok());
            let end = end.map_or(0, |meta| meta.len());
            let trace = path.as_ref().and_then(|path| transcript::holds(path, prompt).ok());
            let (offset, sent) = match trace {
                Some(
                    Trace::Asked { offset } | Trace::Folded { offset } | Trace::Inbox { offset },
                ) => (offset, true),
                Some(Trace::Absent) | None => (end, false),
            };
            Self { offset, sent, ..Self::new(path, prompt) }
        };
        spawn_blocking(find).await.unwrap_or_else(|_| Self::new(None, prompt))
    }

    pub(super) fn new(path: Option<PathBuf>, prompt: Uuid) -> Self {
        Self {
            path,
            offset: 0,
            prompt,
            sent: false,
            taken: false,
            spoke: false,
            failed: None,
            over: None,
            idle_since: None,
        }
    }

    /// Reads what is new; the outcome when the turn is over.
    pub(super) async fn read(&mut self, turn: &watch::Sender<Turn>) -> Option<Outcome> {
        let (mut tail, turn) = (self.clone(), turn.clone());
        let read = move || {
            tail.read_now(&turn);
            tail
        };
        if let Ok(tail) = spawn_blocking(read).await {
            *self = tail;
        }
        self.over.clone()
    }

    /// The same for one who is seen to be idle or at work.
    pub(super) async fn watch(
        &mut self,
        turn: &watch::Sender<Turn>,
        status: Status,
        now: Instant,
    ) -> Option<Outcome> {
        let before = self.offset;
        if let Some(outcome) = self.read(turn).await {
            return Some(outcome);
        }
        if status != Status::Idle || self.offset != before || !self.taken {
            self.idle_since = None;
            return None;
        }
        let idle = now.duration_since(*self.idle_since.get_or_insert(now));
        let spoke = self.spoke || self.failed.is_some();
        if idle < if spoke { DONE } else { SILENT } {
            return None;
        }
        let quiet = if spoke { Outcome::Answered } else { Outcome::Stopped };
        Some(self.failed.take().unwrap_or(quiet))
    }

    fn read_now(&mut self, turn: &watch::Sender<Turn>) {
        let Some(path) = self.path.clone() else { return };
        let from = self.offset;
        let mut records = |record: &Record<'_>| {
            if self.over.is_none() {
                turn.send_if_modified(|turn| self.take(record, turn));
            }
        };
        match transcript::since(&path, from, &mut records) {
            Ok(offset) => self.offset = offset,
            Err(error) => tracing::warn!(%error, transcript = %path.display(), "not followed"),
        }
    }

    /// Takes one record; whether the turn shows it.
    fn take(&mut self, record: &Record<'_>, turn: &mut Turn) -> bool {
        if !self.taken {
            self.taken = transcript::trace_in(record, self.prompt, 0).is_some();
            (self.sent, turn.taken) = (self.sent || self.taken, self.taken);
            if self.taken {
                (turn.phase, turn.began) = (Phase::Working, tokio::time::Instant::now());
            }
            return self.taken;
        }
        if record.sidechain {
            return false;
        }
        match &record.kind {
            Kind::System { subtype, .. } if subtype == "turn_duration" => {
                self.end(Outcome::Answered);
            }
            Kind::User(message) if is_interrupt(message) => self.end(Outcome::Stopped),
            // Another prompt begins the next turn, where an error has ended this one.
            Kind::User(message) if record.prompt().is_some() || message.origin_from.is_some() => {
                self.end(Outcome::Answered);
            }
            Kind::Assistant(message) if message.model.as_deref() == Some("<synthetic>") => {
                let words: Vec<_> = message.texts().map(AsRef::as_ref).collect();
                self.failed = Some(Outcome::Api { status: None, message: words.join("\n") });
            }
            Kind::Assistant(_) => {
                (self.spoke, self.failed) = (true, None);
                turn.heard(record);
                return true;
            }
            Kind::User(_) => {
                turn.heard(record);
                return true;
            }
            _ => {}
        }
        false
    }

    fn end(&mut self, outcome: Outcome) {
        self.over = Some(self.failed.take().unwrap_or(outcome));
    }
}

/// Whether the CLI notes here that the person broke off.
fn is_interrupt(message: &Message<'_>) -> bool {
    message.texts().any(|text| text.starts_with("[Request interrupted by user"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{
        place::Place,
        prompt::{Prompt, PromptId, Source},
    };

    const ID: &str = "11111111-1111-8111-8111-111111111111";

    /// The turn of a transcript, and how it ended.
    fn follow(lines: &[&str]) -> (Turn, Tail) {
        let place = Place { chat: 1, thread: None };
        let prompt = Prompt::new(Source { bot: 1, place, message: 1 }, "", 0);
        let prompt = Prompt { id: PromptId(ID.parse().unwrap()), ..prompt };
        let session = SessionId(Uuid::nil());
        let mut turn = Turn::new(&prompt, session, tokio::time::Instant::now());
        let mut tail = Tail::new(None, prompt.id.0);
        for line in lines {
            let record = Record::decode(line.as_bytes()).unwrap();
            if tail.over.is_none() {
                tail.take(&record, &mut turn);
            }
        }
        (turn, tail)
    }

    const BEFORE: &str = r#"{"type":"assistant","message":{"content":"before"}}"#;
    const ASK: &str = r#"{"type":"user","isMeta":true,"origin":{"kind":"peer","from":"telegram:11111111-1111-8111-8111-111111111111"},"message":{"content":"Another Claude session sent a message:\nwater"}}"#;
    const FOLDED: &str = r#"{"type":"attachment","attachment":{"type":"queued_command","prompt":"water","source_uuid":"22222222-2222-4222-8222-222222222222","origin":{"kind":"peer","from":"telegram:11111111-1111-8111-8111-111111111111"}}}"#;
    const SAID: &str =
        r#"{"type":"assistant","message":{"model":"m","content":[{"type":"text","text":"Wet."}]}}"#;
    const OVER: &str = r#"{"type":"system","subtype":"turn_duration"}"#;
    const BROKEN_OFF: &str = r#"{"type":"user","message":{"content":[{"type":"text","text":"[Request interrupted by user for tool use]"}]}}"#;
    const FAILED: &str = r#"{"type":"assistant","isApiErrorMessage":true,"message":{"model":"<synthetic>","content":[{"type":"text","text":"API Error: 400"}]}}"#;
    const NEXT: &str = r#"{"type":"user","message":{"content":"typed there"}}"#;

    #[test]
    fn a_turn_ends_as_the_terminal_says() {
        let failed = Outcome::Api { status: None, message: "API Error: 400".to_owned() };
        for (lines, said, over) in [
            (&[BEFORE, SAID, OVER][..], None, None),
            (&[BEFORE, ASK], None, None),
            (&[BEFORE, ASK, SAID], Some("Wet."), None),
            (&[BEFORE, ASK, SAID, OVER, NEXT, SAID], Some("Wet."), Some(Outcome::Answered)),
            (&[BEFORE, FOLDED, SAID, OVER], Some("Wet."), Some(Outcome::Answered)),
            (&[ASK, SAID, BROKEN_OFF], Some("Wet."), Some(Outcome::Stopped)),
            (&[ASK, FAILED], None, None),
            (&[ASK, FAILED, NEXT], None, Some(failed)),
        ] {
            let (turn, tail) = follow(lines);
            assert_eq!(turn.said.first().map(|said| said.text.as_str()), said, "{lines:?}");
            assert_eq!(turn.said.len(), usize::from(said.is_some()), "{lines:?}");
            assert_eq!(tail.over, over, "{lines:?}");
        }
    }
}
