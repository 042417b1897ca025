//! What was said before: in the chat, or as a file.

use crate::{
    app::App,
    bridge::place::Place,
    claude::{session::SessionId, transcript::story},
    screens::{
        export::{self, Export},
        history::{self, Past},
        notice, words,
    },
    telegram::{
        callback::Format,
        outbox::{SendOptions, Sound},
        outgoing::{Content, OutgoingFile, SendAs},
        screen::Screen,
        update::Message,
    },
};

/// Exchanges that `/history` shows, and the most it shows at once.
const SHOWN: u16 = 3;
const MOST: u16 = 20;

impl App {
    pub(super) fn history(&self, message: &Message, count: Option<u16>) {
        let Some(session) = self.session_here(message.place) else {
            return self.reply(message, nothing());
        };
        self.earlier(message, session, (0, count.unwrap_or(SHOWN)));
    }

    /// Shows a part of a session's past: so many exchanges left out, so many shown.
    pub(super) fn earlier(&self, message: &Message, session: SessionId, (skip, take): (u16, u16)) {
        let take = take.clamp(1, MOST);
        let found = self.found(session).zip(self.setup.home.transcript(session));
        let story = found.and_then(|(found, path)| {
            let story = story::story(&path, usize::from(skip), usize::from(take)).ok()?;
            Some((found.title, story))
        });
        let Some((title, story)) = story else { return self.reply(message, nothing()) };
        let past = Past { session, title, skip, take };
        for screen in history::history(&self.scene(), &past, &story) {
            self.reply(message, screen);
        }
    }

    pub(super) fn export_here(&self, message: &Message, format: Format) {
        match self.session_here(message.place) {
            Some(session) => self.export(message, session, format),
            None => self.reply(message, nothing()),
        }
    }

    /// Sends a whole session as a file.
    pub(super) fn export(&self, message: &Message, session: SessionId, format: Format) {
        let found = self.found(session).zip(self.setup.home.transcript(session));
        let story = found.and_then(|(found, path)| {
            Some((found, story::story(&path, 0, usize::from(u16::MAX)).ok()?))
        });
        let Some((found, story)) = story else { return self.reply(message, nothing()) };
        let mut facts = vec![words::path(&found.project, &self.setup.user_home)];
        facts.extend(words::branch(found.branch.as_deref()));
        facts.push(words::clock(found.modified / 1_000));
        facts.push(words::plural(story.chapters.len() as u64, "prompt"));
        let export = Export { title: found.title, facts, story };
        let (text, ending) = match format {
            Format::Html => (export::page(&export), "html"),
            Format::Markdown => (export::markdown::text(&export), "md"),
        };
        let file = OutgoingFile {
            send_as: SendAs::Document,
            name: export::file_name(&export.title, ending),
            content: Content::bytes(text.into_bytes()),
            caption: export::caption(&export, session, format),
        };
        let how = SendOptions { reply_to: Some(message.id), sound: Sound::Silent };
        self.post(message.place, file, how);
    }

    /// The session of a place, also where it was never used.
    fn session_here(&self, place: Place) -> Option<SessionId> {
        match self.ledger.binding(place) {
            Some(binding) => binding.session.or_else(|| Some(self.newest(&binding.project)?.id)),
            None => Some(self.newest(&self.first_directory())?.id),
        }
    }
}

fn nothing() -> Screen {
    notice::plain("Nothing was said here yet. /sessions shows what there is.")
}
