//! What a restart must not forget of what people were told and are still to be told: a tag on a line of
//! Claude's own history, which binds no place, like that of a [subscription](super::subscriptions).
//!
//! A line is written when the message that it is about is in the chat, so a crash in between tells it
//! once more rather than never.

use std::{collections::HashMap, io};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    bridge::place::Place,
    claude::{
        history::{self, Entry},
        home::Home,
        session::SessionId,
        wire::limits::Window,
    },
};

/// Milliseconds after which a line is of no interest: the longest window of a plan is a week.
const OLDEST: u64 = 8 * 24 * 60 * 60 * 1000;
/// Seconds by which the reset of one window may drift from answer to answer.
const DRIFT: u64 = 600;

/// A level of a window of the plan that people were warned of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// `five_hour`, `seven_day`, ….
    pub window: String,
    /// When it resets, seconds since the Unix epoch.
    pub resets: Option<u64>,
    /// Percent.
    pub level: u8,
}

impl Warning {
    /// Whether it was of this window, and not of one of the same name before or after it.
    pub fn is_of(&self, window: &Window) -> bool {
        let is_same = match (self.resets, window.resets) {
            (Some(one), Some(other)) => one.abs_diff(other) < DRIFT,
            (one, other) => one == other,
        };
        is_same && self.window == window.name
    }
}

/// What has happened to a session in the quiet hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A turn was over.
    Finished,
    /// A turn failed.
    Failed,
    /// Its process ended in the middle of a turn.
    BrokenOff,
}

/// One thing to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memory {
    /// People were warned.
    Warned(Warning),
    /// What a place writes waits until then, seconds since the Unix epoch; 0: for nothing.
    Held(Place, u64),
    /// A person is to hear of a session after the quiet hours.
    Kept(u64, Kept),
    /// A person has heard of all that was kept.
    Digest(u64),
}

impl Memory {
    /// Its line: of which directory and session it is, and when, milliseconds since the Unix epoch.
    pub fn entry(
        &self,
        bot: u64,
        project: std::path::PathBuf,
        at: (Option<SessionId>, u64),
    ) -> Entry {
        let mut tag = Map::new();
        tag.insert("bot".to_owned(), json!(bot));
        let (display, name, fields) = match self {
            Self::Warned(Warning { window, resets, level }) => {
                ("/limits", "warned", json!({"window": window, "resets": resets, "level": level}))
            }
            Self::Held(place, until) => ("/limits", "held", json!({"to": place, "until": until})),
            Self::Kept(person, kept) => {
                let what = match kept {
                    Kept::Finished => "finished",
                    Kept::Failed => "failed",
                    Kept::BrokenOff => "broken off",
                };
                ("/notify", "kept", json!({"person": person, "what": what}))
            }
            Self::Digest(person) => ("/notify", "digest", json!({"person": person})),
        };
        tag.insert("told".to_owned(), json!(name));
        tag.extend(fields.as_object().cloned().unwrap_or_default());
        let (session, timestamp) = at;
        let (display, telegram) = (display.to_owned(), Some(Value::Object(tag)));
        Entry { display, timestamp, project, session, telegram }
    }

    fn read(tag: &Value) -> Option<Self> {
        let person = || tag.get("person")?.as_u64();
        Some(match tag.get("told")?.as_str()? {
            "warned" => Self::Warned(Warning {
                window: tag.get("window")?.as_str()?.to_owned(),
                resets: tag.get("resets").and_then(Value::as_u64),
                level: u8::try_from(tag.get("level")?.as_u64()?).ok()?,
            }),
            "held" => {
                let place = Place::deserialize(tag.get("to")?).ok()?;
                Self::Held(place, tag.get("until")?.as_u64()?)
            }
            "kept" => Self::Kept(
                person()?,
                match tag.get("what")?.as_str()? {
                    "finished" => Kept::Finished,
                    "failed" => Kept::Failed,
                    "broken off" => Kept::BrokenOff,
                    _ => return None,
                },
            ),
            "digest" => Self::Digest(person()?),
            _ => return None,
        })
    }
}

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// What people were warned of.
    pub warned: Vec<Warning>,
    /// Until when what a place writes waits, seconds since the Unix epoch.
    pub held: HashMap<Place, u64>,
    /// What a person has not heard of, oldest first.
    pub kept: Vec<(u64, SessionId, Kept)>,
}

impl Remembered {
    /// Reads the last days of the history of `home`; `now` counts milliseconds since the Unix epoch.
    pub fn read(home: &Home, bot: u64, now: u64) -> io::Result<Self> {
        let mut all = Self::default();
        let mut heard = Vec::new();
        history::newest_tagged(home, |entry| {
            if entry.timestamp < now.saturating_sub(OLDEST) {
                return Some(());
            }
            let tag = entry.telegram.as_ref()?;
            let memory = Memory::read(tag)
                .filter(|_| tag.get("bot").and_then(Value::as_u64) == Some(bot))?;
            match memory {
                Memory::Warned(warning) => all.warned.push(warning),
                Memory::Held(place, until) => _ = all.held.entry(place).or_insert(until),
                Memory::Kept(person, kept) if !heard.contains(&person) => {
                    all.kept.extend(entry.session.map(|session| (person, session, kept)));
                }
                Memory::Kept(..) => {}
                Memory::Digest(person) => heard.push(person),
            }
            None
        })?;
        all.kept.reverse();
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::binding::Binding;

    #[test]
    fn what_was_told_is_read_back_and_binds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        let session: SessionId = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let (here, there) = (Place { chat: 5, thread: None }, Place { chat: -7, thread: Some(3) });
        let write = |bot, memory: Memory, at| {
            let entry = memory.entry(bot, "/x".into(), (Some(session), at));
            assert_eq!(Binding::read(&entry), None, "{entry:?}");
            history::append(&home, &entry).unwrap();
        };
        let warning =
            |level| Warning { window: "five_hour".to_owned(), resets: Some(9_000), level };
        write(1, Memory::Warned(warning(80)), 1_000);
        write(1, Memory::Warned(warning(95)), OLDEST + 2_000);
        write(2, Memory::Warned(warning(80)), OLDEST + 2_000);
        write(1, Memory::Held(here, 77), OLDEST + 2_000);
        write(1, Memory::Held(there, 78), OLDEST + 2_000);
        write(1, Memory::Held(here, 0), OLDEST + 2_000);
        write(1, Memory::Kept(5, Kept::Failed), OLDEST + 2_000);
        write(1, Memory::Digest(5), OLDEST + 2_000);
        write(1, Memory::Kept(5, Kept::Finished), OLDEST + 2_000);
        write(1, Memory::Kept(5, Kept::BrokenOff), OLDEST + 2_000);
        write(1, Memory::Kept(6, Kept::Failed), OLDEST + 2_000);
        let expected = Remembered {
            warned: vec![warning(95)],
            held: [(here, 0), (there, 78)].into(),
            kept: vec![
                (5, session, Kept::Finished),
                (5, session, Kept::BrokenOff),
                (6, session, Kept::Failed),
            ],
        };
        assert_eq!(Remembered::read(&home, 1, OLDEST + 3_000).unwrap(), expected);
    }
}
