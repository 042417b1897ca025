//! Where a session goes on that is not where it was: its conversation has moved on into another
//! session, which is followed and said, or its directory is gone, and the person chooses.

use std::path::{Path, PathBuf};

use crate::{
    app::{App, now},
    bridge::{binding::Binding, book::Arrival, place::Place},
    claude::{
        catalog::{self, Alternative},
        session::{Session, SessionId},
    },
    screens::{notice, sessions::DirectoryAction},
    telegram::{
        callback::{Carry, Key},
        screen::Screen,
        update::Message,
    },
};

impl App {
    /// The session that the conversation of one is in now. Where it has moved on into another, that is
    /// said, and a place that points at the old one follows.
    pub(super) fn follow(&mut self, place: Place, session: SessionId) -> SessionId {
        let now_in = catalog::follow(&self.setup.home, session);
        let Some(found) = self.found(now_in).filter(|_| now_in != session) else { return session };
        self.say(place, notice::continued(&self.scene(), &found));
        let bound = self.places.binding(place);
        if let Some(bound) = bound.filter(|bound| bound.session == Some(session)) {
            let binding = Binding { project: found.project, session: Some(now_in), ..bound };
            self.places.point(place, binding);
        }
        now_in
    }

    /// The directory in which a session goes on: its own, or when that is gone the one that its
    /// binding names instead.
    pub(super) fn directory_for(found: &Session, binding: Option<&Binding>) -> PathBuf {
        let chosen = binding.filter(|binding| {
            binding.session == Some(found.id) && !found.project.is_dir() && binding.project.is_dir()
        });
        chosen.map_or_else(|| found.project.clone(), |binding| binding.project.clone())
    }

    /// Where a session can go on whose directory is gone, as far as this bot may work there.
    fn left_of(&self, session: SessionId) -> Option<(Session, Vec<Alternative>)> {
        let found = self.found(session)?;
        let mut left = catalog::left_of(&self.setup.home, &found);
        left.retain(|left| self.may_work_in(left.dir()));
        Some((found, left))
    }

    /// Asks where a prompt should go whose directory is gone.
    pub(super) fn what_is_left(&self, session: SessionId, directory: &Path) -> Screen {
        let scene = self.scene();
        let lead = notice::no_directory(&scene, directory);
        let mut screen = self.directories(lead, 0, (DirectoryAction::Go, Carry::Prompt));
        if let Some((found, left)) = self.left_of(session) {
            screen.keyboard.splice(0..0, notice::left(&scene, found.id, &left));
        }
        screen
    }

    /// Goes on in a session whose directory is gone, in another one.
    pub(super) fn relocate(
        &mut self,
        message: &Message,
        (session, key): (SessionId, Key),
        waiting: Option<Arrival>,
    ) {
        let left = self.left_of(session).and_then(|(found, left)| {
            let mut left = left.into_iter().map(|left| left.dir().to_owned());
            Some((found, left.find(|dir| Key::of_path(dir) == key)?))
        });
        let Some((found, directory)) = left else {
            return self.say(message.place, notice::plain("That directory is gone, too."));
        };
        let source = self.source(message.place, message.id);
        let binding = Binding::to(directory.clone(), session);
        self.places.bind(source, binding, "/resume", now());
        let moved = Session { project: directory, ..found };
        self.say(message.place, notice::resumed(&self.scene(), &moved));
        self.go(message, waiting);
    }

    /// Both chats tell of it, and either may be first; what was chosen in the new one holds.
    pub(super) fn moved(&mut self, from: i64, to: i64) {
        let [old, new] = [from, to].map(|chat| Place { chat, thread: None });
        if self.places.binding(new).is_some() {
            return;
        }
        if let Some(binding) = self.places.binding(old) {
            tracing::info!(from, to, "a group became a supergroup: its binding goes along");
            self.places.choose(self.source(new, 0), binding, "/resume", now());
        }
    }

    /// The session of a place has become another, by `/clear` or as a fork: the place follows.
    pub(super) fn followed(&mut self, place: Place, from: SessionId, to: SessionId) {
        if let Some(mut binding) = self.places.binding(place)
            && binding.session == Some(from)
        {
            (binding.session, binding.fresh) = (Some(to), false);
            let source = self.source(place, 0);
            self.places.bind(source, binding, "/resume", now());
        }
    }
}
