//! How a prompt reaches its session. A pure decision over facts that the app has read.

use std::path::PathBuf;

use crate::claude::{live::Live, process::Conversation, session::SessionId};

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
    /// Whether the session has a transcript.
    pub exists: bool,
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
    /// Its transcript is gone: by a fresh session in the same directory, which is announced.
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
    match (facts.exists, facts.fresh) {
        (true, _) => Route::Run(Conversation::Resume(facts.session)),
        (false, true) => Route::Run(match facts.fork {
            Some(of) => Conversation::Fork { of, into: facts.session },
            None => Conversation::New(facts.session),
        }),
        (false, false) => Route::Fresh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claude::session::Status;

    fn facts() -> Facts {
        Facts {
            session: SessionId(uuid::Uuid::nil()),
            directory: "/home/ada".into(),
            directory_exists: true,
            exists: true,
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
            session: SessionId(uuid::Uuid::nil()),
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
        check(facts(), "Run(Resume(");
        check(Facts { exists: false, fresh: true, ..facts() }, "Run(New(");
        let fork = Some(SessionId(uuid::Uuid::nil()));
        check(Facts { exists: false, fresh: true, fork, ..facts() }, "Run(Fork {");
        check(Facts { exists: false, ..facts() }, "Fresh");
        check(Facts { trusted: false, ..facts() }, "Distrusted");
        check(Facts { trusted: false, ours: true, ..facts() }, "Run(Resume(");
        let held = Some(terminal());
        check(Facts { held: held.clone(), ours: true, ..facts() }, "Choose(");
        check(Facts { held: held.clone(), allowed: false, ..facts() }, "Forbidden");
        check(Facts { held, directory_exists: false, ..facts() }, "NoDirectory");
        check(Facts { directory_exists: false, exists: false, ..facts() }, "NoDirectory");
    }
}
