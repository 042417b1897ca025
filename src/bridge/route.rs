//! How a prompt reaches its session. Pure decisions over facts that the app has read.
//!
//! Invariants, by the numbers of their tests:
//!
//! 1. A session is begun anew only where there is nothing to resume: never because its transcript
//!    cannot be read.
//! 2. The session that takes the place of a failed one never has the failed one's id, and is the same
//!    after a crash.
//! 3. A prompt goes on in the place of a failed session once. When that one fails, too, it has ended,
//!    and the person is told.

use std::path::PathBuf;

use crate::{
    bridge::prompt::{Source, substitute_session},
    claude::{live::Live, process::Conversation, session::SessionId, transcript::Stored},
};

/// What must be known of a session before a prompt goes to it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Facts {
    /// The session.
    pub session: SessionId,
    /// Its directory: of its transcript, or else of the binding.
    pub directory: PathBuf,
    /// Whether that is a directory now.
    pub directory_exists: bool,
    /// What there is of its transcript.
    pub stored: Stored,
    /// Whether the binding says that it need not have one yet.
    pub fresh: bool,
    /// The session that it is to begin as a copy of, which is there.
    pub fork: Option<SessionId>,
    /// A live process other than ours that holds it.
    pub held: Option<Live>,
    /// Whether a run of ours has it.
    pub ours: bool,
    /// Whether the person has trusted the directory.
    pub trusted: bool,
    /// Whether it lies in the directories that the configuration allows.
    pub allowed: bool,
}

/// How a prompt reaches its session.
#[derive(Clone, Debug)]
pub enum Route {
    /// By a run of ours, warm or new.
    Run(Conversation),
    /// There is nothing to resume: by a fresh session in the same directory, which is announced.
    Fresh,
    /// The session is open in another process: the person must choose.
    Choose(Box<Live>),
    /// The directory is gone: the person must choose another.
    NoDirectory,
    /// The directory was never trusted: the person is asked.
    Distrusted,
    /// The configuration does not allow to work in the directory.
    Forbidden,
}

/// Decides. The first that applies wins.
pub fn resolve(facts: &Facts) -> Route {
    if !facts.directory_exists {
        return Route::NoDirectory;
    }
    if !facts.allowed {
        return Route::Forbidden;
    }
    // Also when a run of ours has it: two processes on one session lose each other's turns.
    if let Some(live) = &facts.held {
        return Route::Choose(Box::new(live.clone()));
    }
    if facts.ours {
        return Route::Run(Conversation::Resume(facts.session));
    }
    if !facts.trusted {
        return Route::Distrusted;
    }
    match (facts.stored, facts.fresh) {
        (Stored::Conversation, _) => Route::Run(Conversation::Resume(facts.session)),
        (Stored::Nothing, true) => Route::Run(match facts.fork {
            Some(of) => Conversation::Fork { of, into: facts.session },
            None => Conversation::New(facts.session),
        }),
        // The CLI resumes no empty transcript, and begins no session where there is one.
        (Stored::Empty, _) | (Stored::Nothing, false) => Route::Fresh,
    }
}

/// The session in which the prompt at `source` goes on, at this attempt, whose session `failed`
/// cannot be resumed or did not begin; `None` where it has gone on once already.
pub fn instead(source: Source, attempt: u32, failed: SessionId) -> Option<SessionId> {
    Some(substitute_session(source, attempt)).filter(|session| *session != failed)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        bridge::{place::Place, prompt::fresh_session},
        claude::session::Status,
    };

    fn facts() -> Facts {
        Facts {
            session: SessionId(Uuid::nil()),
            directory: "/home/ada".into(),
            directory_exists: true,
            stored: Stored::Conversation,
            fresh: false,
            fork: None,
            held: None,
            ours: false,
            trusted: true,
            allowed: true,
        }
    }

    fn terminal() -> Live {
        Live {
            pid: 1,
            session: SessionId(Uuid::nil()),
            cwd: "/home/ada".into(),
            kind: "interactive".to_owned(),
            entrypoint: "cli".to_owned(),
            name: String::new(),
            version: None,
            status: Status::Idle,
            waiting_for: None,
            socket: None,
            tmux: None,
            started: None,
            since: None,
            start: None,
            job: None,
        }
    }

    #[test]
    fn each_fact_decides_in_its_turn() {
        let check = |facts: Facts, expected: &str| {
            let route = format!("{:?}", resolve(&facts));
            assert!(route.starts_with(expected), "{route} is not {expected}");
        };
        let nothing = Facts { stored: Stored::Nothing, ..facts() };
        check(facts(), "Run(Resume(");
        check(Facts { fresh: true, ..nothing.clone() }, "Run(New(");
        let fork = Some(SessionId(Uuid::nil()));
        check(Facts { fresh: true, fork, ..nothing.clone() }, "Run(Fork {");
        check(nothing.clone(), "Fresh");
        check(Facts { trusted: false, ..facts() }, "Distrusted");
        check(Facts { trusted: false, ours: true, ..facts() }, "Run(Resume(");
        let held = Some(terminal());
        check(Facts { held: held.clone(), ours: true, ..facts() }, "Choose(");
        check(Facts { held: held.clone(), allowed: false, ..facts() }, "Forbidden");
        check(Facts { held, directory_exists: false, ..facts() }, "NoDirectory");
        check(Facts { directory_exists: false, ..nothing }, "NoDirectory");
    }

    #[test]
    fn i1_an_empty_transcript_is_neither_resumed_nor_begun_again() {
        for (fresh, fork) in [(true, None), (false, None), (true, Some(SessionId(Uuid::nil())))] {
            let route = resolve(&Facts { stored: Stored::Empty, fresh, fork, ..facts() });
            assert!(matches!(route, Route::Fresh), "{route:?}");
        }
    }

    #[test]
    fn i2_i3_a_prompt_goes_on_once_and_under_another_id() {
        let place = Place { chat: 1, thread: None };
        let source = Source { bot: 7, place, message: 2 };
        for failed in [fresh_session(source, 0), SessionId(Uuid::nil())] {
            let next = instead(source, 0, failed).unwrap();
            assert_ne!(next, failed);
            assert_eq!(instead(source, 0, failed), Some(next), "the same after a crash");
            assert_eq!(instead(source, 0, next), None);
            let again = instead(source, 1, next).unwrap();
            assert!(again != next && again != fresh_session(source, 1), "a wilful retry goes on");
        }
    }
}
