//! `/archive`, `/delete` and `/recap`: what is done with a session that is not gone on with, and what
//! is read when it is taken up again.

use std::time::Duration;

use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use crate::{
    app::{
        App,
        events::{AppEvent, Deleted},
        now,
    },
    bridge::{binding::Binding, place::Place, session::Order},
    claude::{
        put_away::{self, PutAwayError},
        session::{Session, SessionId},
        transcript,
    },
    screens::{notice, put_away as screens},
    telegram::{callback::Sure, update::Message},
};

/// How long a process of ours may take to end, and how often it is looked.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);
/// What `/recap` asks Claude aside.
const RECAP: &str = "Recap this session for somebody who takes it up again: in a few short lines, what \
    it is about, what was done, where it stands, and what is open. Change nothing and use no tools.";

impl App {
    /// The session that a command means: the one that is named, or that of the place.
    fn session_for(&self, message: &Message, which: Option<&str>) -> Option<Session> {
        let session = match which {
            Some(words) => self.meant(words.trim()),
            None => self.session_here(message.place),
        };
        let found = session.and_then(|session| self.found(session));
        match &found {
            None => {
                let words = "There is no such session. /sessions shows what there is.";
                self.reply(message, notice::plain(words));
            }
            Some(found) if !self.may_work_in(&found.project) => {
                self.reply(message, notice::forbidden(&self.scene(), &found.project));
                return None;
            }
            Some(_) => {}
        }
        found
    }

    // ---- /archive ----

    /// `/archive [session]`
    pub(super) fn archive(&mut self, message: &Message, which: Option<&str>) {
        if let Some(session) = self.session_for(message, which) {
            self.set_archived(message, &session, true);
        }
    }

    /// Archives a session that a button names, or takes that back.
    pub(super) fn tap_archive(&mut self, message: &Message, session: SessionId, archived: bool) {
        self.strip(message);
        let which = session.to_string();
        if let Some(session) = self.session_for(message, Some(&which)) {
            self.set_archived(message, &session, archived);
        }
    }

    fn set_archived(&self, message: &Message, session: &Session, archived: bool) {
        let done = put_away::archive(&self.setup.home, session.id, archived, now());
        let screen = match done {
            Ok(()) => screens::archived(&self.scene(), session, archived),
            Err(why) => self.refused(session, &why),
        };
        self.reply(message, screen);
    }

    fn refused(&self, session: &Session, why: &PutAwayError) -> crate::telegram::screen::Screen {
        screens::refused(&self.scene(), session.id, &session.title, &why.to_string())
    }

    // ---- /delete ----

    /// `/delete [session]`: asks, and lets go of a process of ours that has nothing to do.
    pub(super) fn delete(&mut self, message: &Message, which: Option<&str>) {
        let Some(session) = self.session_for(message, which) else { return };
        if let Some(live) = self.holder(session.id) {
            return self.reply(message, self.refused(&session, &PutAwayError::Live(live.pid)));
        }
        self.sessions.order(session.id, Order::LetGo);
        let path = self.setup.home.transcript(session.id);
        let digest = path.and_then(|path| transcript::digest(&path).ok()).unwrap_or_default();
        self.reply(message, screens::may_delete(&self.scene(), &session, digest.prompts));
    }

    /// The person is sure.
    pub(super) fn tap_delete(&mut self, message: &Message, session: SessionId, sure: Sure) {
        let which = session.to_string();
        if sure == Sure::Ask {
            return self.delete(message, Some(&which));
        }
        self.strip(message);
        let Some(session) = self.session_for(message, Some(&which)) else { return };
        self.sessions.order(session.id, Order::LetGo);
        let is_ours = self.sessions.state(session.id).is_some_and(|state| state.pid.is_some());
        let (home, events, message) =
            (self.setup.home.clone(), self.events.clone(), message.clone());
        self.errands.spawn(async move {
            let patience = if is_ours { PATIENCE } else { Duration::ZERO };
            let begun = Instant::now();
            let failed = loop {
                let home = home.clone();
                let done = spawn_blocking(move || put_away::delete(&home, session.id)).await;
                match done {
                    // Ours is on its way out.
                    Ok(Err(PutAwayError::Live(_))) if begun.elapsed() < patience => {
                        sleep(LOOK).await;
                    }
                    Ok(done) => break done.err().map(|why| why.to_string()),
                    Err(error) => break Some(error.to_string()),
                }
            };
            let deleted = Deleted { message, session, failed };
            let _ = events.send(AppEvent::Deleted(Box::new(deleted)));
        });
    }

    /// A session was put into the trash, or why not.
    pub(super) fn deleted(&mut self, deleted: &Deleted) {
        let Deleted { message, session, failed } = deleted;
        if let Some(why) = failed {
            let screen = screens::refused(&self.scene(), session.id, &session.title, why);
            return self.reply(message, screen);
        }
        tracing::info!(session = %session.id, "a session was put into the trash");
        self.leave_deleted(message, session);
        self.reply(message, screens::deleted(&self.scene(), session));
    }

    /// What was to go on in a session that is gone begins a new one in its directory.
    fn leave_deleted(&mut self, message: &Message, session: &Session) {
        let bound = self.places.binding(message.place).and_then(|binding| binding.session);
        if bound == Some(session.id) {
            let source = self.source(message.place, message.id);
            let binding = Binding::begin(session.project.clone(), self.unused_session(source));
            self.places.bind(source, binding, "/new", now());
        }
    }

    /// Takes a session out of the trash again.
    pub(super) fn tap_restore(&mut self, message: &Message, session: SessionId) {
        self.strip(message);
        let screen = match (put_away::restore(session), self.found(session)) {
            (Ok(()), Some(found)) => {
                self.go_back_to(message.place, message.id, &found);
                screens::restored(&self.scene(), &found)
            }
            (Ok(()), None) => notice::plain("It is out of the trash, and cannot be read."),
            (Err(why), _) => {
                let id = session.to_string();
                screens::refused(&self.scene(), session, &id, &why.to_string())
            }
        };
        self.reply(message, screen);
    }

    /// The place that began anew because its session was deleted goes on in that one again.
    fn go_back_to(&mut self, place: Place, message: i32, found: &Session) {
        let bound = self.places.binding(place);
        let began = bound.is_some_and(|bound| bound.fresh && bound.project == found.project);
        if began {
            let source = self.source(place, message);
            let binding = Binding::to(found.project.clone(), found.id);
            self.places.bind(source, binding, "/resume", now());
        }
    }

    // ---- /recap ----

    /// `/recap`: Claude says it aside, without a trace in the conversation; where no process of ours
    /// can have the session, its card does.
    pub(super) fn recap(&mut self, message: &Message) {
        let source = self.source(message.place, message.id);
        if self.reach_spoken(message.place).is_ok() {
            return self.aside(source, RECAP);
        }
        if let Some(session) = self.session_for(message, None) {
            let card = self.card(session);
            self.reply(message, card);
        }
    }
}
