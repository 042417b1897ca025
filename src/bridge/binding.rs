//! What a place points at, and how that is remembered: a tag on a line of Claude's own history.
//!
//! The last line tagged with a bot and a place is the binding of that place. There is no other
//! memory and no fold beyond that.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    bridge::{choices::Choices, place::Place, prompt::Source},
    claude::{history::Entry, session::SessionId},
};

/// What a place points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The directory.
    pub project: PathBuf,
    /// The session, or None: the newest of the directory, when it is needed.
    pub session: Option<SessionId>,
    /// The session was chosen by `/new` and may not exist yet, which is no failed resume.
    pub fresh: bool,
    /// The session that the one of this binding begins as a copy of.
    pub fork: Option<SessionId>,
    /// Where the next prompt goes on, if that is not the end of the conversation.
    pub cut: Option<Cut>,
    /// The CLI's agent that the session begins with.
    pub agent: Option<String>,
    /// How the place wants its runs, whatever session it points at.
    pub choices: Choices,
}

/// A message that a conversation goes on behind, though others follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The message.
    pub at: Uuid,
    /// The last message of the conversation when that was chosen: where another is the last one, it
    /// has been done, or is not what the person has seen. `None` for a copy, which is made there.
    pub from: Option<Uuid>,
}

impl Cut {
    fn tag(self) -> Value {
        match self.from {
            Some(from) => json!({"at": self.at, "from": from}),
            None => json!({"at": self.at}),
        }
    }

    fn read(tag: &Value) -> Option<Self> {
        let id = |key: &str| tag.get(key)?.as_str()?.parse().ok();
        Some(Self { at: id("at")?, from: id("from") })
    }
}

impl Binding {
    /// A session that exists.
    pub fn to(project: PathBuf, session: SessionId) -> Self {
        Self { session: Some(session), ..Self::newest_of(project) }
    }

    /// A directory and whatever is newest in it.
    pub fn newest_of(project: PathBuf) -> Self {
        Self {
            project,
            session: None,
            fresh: false,
            fork: None,
            cut: None,
            agent: None,
            choices: Choices::default(),
        }
    }

    /// A session that does not exist yet.
    pub fn begin(project: PathBuf, session: SessionId) -> Self {
        Self { fresh: true, ..Self::to(project, session) }
    }

    /// The history line that makes this the binding of the place of `source`.
    ///
    /// `display` is what the person wrote, as the CLI logs a prompt or a command of its own;
    /// `timestamp` counts milliseconds since the epoch.
    pub fn entry(&self, source: Source, display: &str, timestamp: u64) -> Entry {
        let mut tag = Map::new();
        tag.insert("bot".to_owned(), json!(source.bot));
        tag.insert("chat".to_owned(), json!(source.place.chat));
        tag.insert("message".to_owned(), json!(source.message));
        if let Some(thread) = source.place.thread {
            tag.insert("thread".to_owned(), json!(thread));
        }
        if self.fresh {
            tag.insert("new".to_owned(), json!(true));
            // Only what begins can begin as something; afterwards the CLI's own files know it.
            if let Some(fork) = self.fork {
                tag.insert("fork".to_owned(), json!(fork.to_string()));
            }
            if let Some(agent) = &self.agent {
                tag.insert("persona".to_owned(), json!(agent));
            }
        }
        if let Some(cut) = self.cut {
            tag.insert("cut".to_owned(), cut.tag());
        }
        self.choices.write(&mut tag);
        Entry { telegram: Some(Value::Object(tag)), ..untagged(self, display, timestamp) }
    }

    /// Reads a tagged line back: whose binding it is, and what.
    pub fn read(entry: &Entry) -> Option<(u64, Place, Self)> {
        let tag = entry.telegram.as_ref()?;
        let thread = match tag.get("thread") {
            Some(thread) => Some(i32::try_from(thread.as_i64()?).ok()?),
            None => None,
        };
        let place = Place { chat: tag.get("chat")?.as_i64()?, thread };
        let fresh = tag.get("new").and_then(Value::as_bool).unwrap_or_default();
        let text = |key: &str| tag.get(key).and_then(Value::as_str);
        let binding = Self {
            project: entry.project.clone(),
            session: entry.session,
            fresh,
            fork: text("fork").and_then(|id| id.parse().ok()),
            cut: tag.get("cut").and_then(Cut::read),
            agent: text("persona").map(str::to_owned),
            choices: Choices::read(tag),
        };
        Some((tag.get("bot")?.as_u64()?, place, binding))
    }
}

/// A history line that binds no place: of a prompt that went elsewhere than its place points.
pub fn untagged(binding: &Binding, display: &str, timestamp: u64) -> Entry {
    Entry {
        display: display.to_owned(),
        timestamp,
        project: binding.project.clone(),
        session: binding.session,
        telegram: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::choices::Verbosity;

    #[test]
    fn a_binding_reads_back_from_its_line() {
        let session: SessionId = "11111111-1111-8111-8111-111111111111".parse().unwrap();
        for (thread, binding) in [
            (None, Binding::to("/home/ada/garden".into(), session)),
            (Some(7), Binding::newest_of("/home/ada".into())),
            (None, Binding::begin("/".into(), session)),
            (
                None,
                Binding {
                    cut: Some(Cut { at: session.0, from: Some(Uuid::nil()) }),
                    ..Binding::to("/".into(), session)
                },
            ),
            (
                Some(7),
                Binding {
                    fork: Some(session),
                    cut: Some(Cut { at: session.0, from: None }),
                    agent: Some("Explore".to_owned()),
                    choices: Choices {
                        mode: Some("plan".to_owned()),
                        model: Some("opus".to_owned()),
                        effort: Some("low".to_owned()),
                        verbosity: Verbosity::Words,
                    },
                    ..Binding::begin("/".into(), session)
                },
            ),
        ] {
            let place = Place { chat: -5, thread };
            let entry = binding.entry(Source { bot: 42, place, message: 3 }, "hello", 9);
            assert_eq!(Binding::read(&entry), Some((42, place, binding)));
        }
    }

    #[test]
    fn lines_of_the_laptop_bind_nothing() {
        let binding = Binding::newest_of("/home/ada".into());
        assert_eq!(Binding::read(&untagged(&binding, "hello", 9)), None);
    }
}
