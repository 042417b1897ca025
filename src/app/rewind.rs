//! Going on from an earlier point of a session: in a copy that ends there, or in the session itself,
//! whose later exchanges then are no part of the conversation any more.
//!
//! Nothing happens before the next prompt, which starts the CLI for it. Until a resume follows the new
//! branch the wish is part of the place's binding, with the last message that the person knew of: what
//! has gone on since is never cut off.

use crate::{
    app::{App, now},
    bridge::{
        binding::{Binding, Cut},
        place::Place,
        session::{Activity, RunSpec},
    },
    claude::{
        session::SessionId,
        transcript::messages::{Back, End, Messages, back},
    },
    screens::{
        notice,
        rewind::{self as screens, Unable},
    },
    telegram::update::Message,
};

impl App {
    /// The next prompt goes on in a copy of a session that ends with the exchange which began at a
    /// moment, milliseconds since the epoch.
    pub(super) fn fork_at(&mut self, message: &Message, session: SessionId, at: u64) {
        let Some((_, end)) = self.point(message, session, at) else { return };
        let Some(of) = self.found(session) else { return };
        let source = self.source(message.place, message.id);
        let into = self.unused_session(source);
        let cut = Some(Cut { at: end.message, from: None });
        let begun = Binding::begin(of.project.clone(), into);
        let binding = Binding { fork: Some(session), cut, ..begun };
        self.places.bind(source, binding, "/fork", now());
        self.reply_to(
            source.place,
            source.message,
            screens::will_fork(&self.scene(), &of, into, end.newer),
        );
    }

    /// The next prompt goes on in a session behind the exchange which began at a moment.
    pub(super) fn rewind(&mut self, message: &Message, session: SessionId, at: u64) {
        let Some((messages, end)) = self.point(message, session, at) else { return };
        let Some(found) = self.found(session) else { return };
        let (scene, source) = (self.scene(), self.source(message.place, message.id));
        let works = self.sessions.state(session);
        let works =
            works.is_some_and(|state| state.activity == Activity::Busy || state.background > 0);
        let unable = match () {
            () if self.holder(session).is_some() => Some(Unable::Open),
            () if works => Some(Unable::Works),
            () => None,
        };
        if let Some(unable) = unable {
            return self.reply_to(
                source.place,
                source.message,
                screens::unable(&scene, session, &found.title, unable),
            );
        }
        let cut = Some(Cut { at: end.message, from: messages.last() });
        let binding = Binding { cut, ..self.binding_of(session, message.place) };
        self.places.bind(source, binding, "/rewind", now());
        self.reply_to(
            source.place,
            source.message,
            screens::will_rewind(&scene, &found, end.newer),
        );
    }

    /// The messages of a session and the end of an exchange in it; nothing, and that is said, where it
    /// cannot be gone back there.
    fn point(&self, message: &Message, session: SessionId, at: u64) -> Option<(Messages, End)> {
        if let Some(screen) = self.may_not_show(session) {
            self.reply(message, screen);
            return None;
        }
        let path = self.setup.home.transcript(session);
        let messages = path.and_then(|path| Messages::read(&path).ok());
        let end = messages.and_then(|messages| messages.end_of(at).map(|end| (messages, end)));
        if end.is_none() {
            let words = "That point is gone: the session was deleted, or Claude has compacted what \
                         was said there. /search finds what there is.";
            self.reply(message, notice::plain(words));
        }
        end
    }

    /// Holds a prompt to what its place has chosen: of a session that has gone on since, nothing is cut
    /// off, and that is said.
    pub(super) fn check_cut(&mut self, place: Place, spec: &mut RunSpec) {
        let Some(Cut { at, from: Some(from) }) = spec.cut else { return };
        let session = spec.conversation.session();
        let path = self.setup.home.transcript(session);
        match path.and_then(|path| back(&path, at, from).ok()) {
            Some(Back::To(_)) => return,
            Some(Back::Done) => _ = self.drop_cut(place, session),
            Some(Back::WentOn) | None => self.forget_rewind(place, session, Unable::WentOn),
        }
        spec.cut = None;
    }

    /// A session that was to be gone back in is not, and that is said.
    pub(super) fn forget_rewind(&mut self, place: Place, session: SessionId, why: Unable) {
        if self.drop_cut(place, session) {
            let title = self.title_of(session);
            self.say(place, screens::unable(&self.scene(), session, &title, why));
        }
    }

    /// A place does not go back in a session any more; whether it was to.
    fn drop_cut(&mut self, place: Place, session: SessionId) -> bool {
        let is_it = |binding: &Binding| {
            let wanted = binding.cut.is_some_and(|cut| cut.from.is_some());
            wanted && binding.session == Some(session)
        };
        let binding = self.places.binding(place).filter(is_it);
        if let Some(binding) = &binding {
            self.places.point(place, Binding { cut: None, ..binding.clone() });
        }
        binding.is_some()
    }
}
