//! What was said before: in the chat, or as a file.
//!
//! A session may be hundreds of megabytes, so it is read beside the loop, which must not wait for it.

use std::path::Path;

use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use crate::{
    app::{
        App,
        export::{Export, ExportError},
        now,
        search::newer_than,
        upload,
    },
    bridge::place::Place,
    claude::{
        catalog,
        search::moment,
        session::SessionId,
        transcript::story::{self, Story},
    },
    screens::{
        export,
        history::{self, Past},
        notice,
    },
    telegram::{
        callback::Format,
        outgoing::{Content, LARGEST, OutgoingFile, SendAs},
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
    pub(super) fn earlier(&self, message: &Message, session: SessionId, part: (u16, u16)) {
        self.show_past(message, session, move |_| part);
    }

    /// The same, of the part that is found in the transcript.
    fn show_past(
        &self,
        message: &Message,
        session: SessionId,
        part: impl FnOnce(&Path) -> (u16, u16) + Send + 'static,
    ) {
        if let Some(screen) = self.may_not_show(session) {
            return self.reply(message, screen);
        }
        let home = self.setup.home.clone();
        let read = spawn_blocking(move || -> Option<(Past, Story)> {
            let title = catalog::find(&home, session)?.title;
            let path = home.transcript(session)?;
            let (skip, take) = part(&path);
            let take = take.clamp(1, MOST);
            let story = story::story(&path, usize::from(skip), usize::from(take)).ok()?;
            Some((Past { session, title, skip, take }, story))
        });
        let (scene, outbox, place) = (self.scene(), self.outbox.clone(), message.place);
        let how = self.answering(message.place, message.id);
        tokio::spawn(async move {
            let screens = match read.await.ok().flatten() {
                Some((shown, story)) => history::history(&scene, &shown, &story),
                None => vec![nothing()],
            };
            for screen in screens {
                drop(outbox.send(place, screen, how));
            }
        });
    }

    /// `/history WHEN`: the first exchanges that began after that; the last one where none did.
    pub(super) fn history_from(&self, message: &Message, when: &str) {
        let Some(at) = moment(when, now()) else {
            let after = " is neither a number nor a time. /history 5 shows the last five exchanges; \
                         /history yesterday, /history 3h and /history 2026-05-01T14:30 begin there.";
            return self.reply(message, notice::about_path("", when, after));
        };
        let Some(session) = self.session_here(message.place) else {
            return self.reply(message, nothing());
        };
        let newer = move |path: &Path| newer_than(path, at).unwrap_or_default();
        self.show_past(message, session, move |path| {
            let newer = newer(path);
            let take = newer.clamp(1, SHOWN);
            (newer.saturating_sub(take), take)
        });
    }

    /// Why nothing of a session may be shown: it lies outside of the directories that the bot may tell
    /// of.
    pub(super) fn may_not_show(&self, session: SessionId) -> Option<Screen> {
        let project = self.found(session)?.project;
        let forbidden = !self.may_work_in(&project);
        forbidden.then(|| notice::forbidden(&self.scene(), &project))
    }

    pub(super) fn export_here(&self, message: &Message, format: Format) {
        match self.session_here(message.place) {
            Some(session) => self.export(message, session, format),
            None => self.reply(message, nothing()),
        }
    }

    /// Sends a whole session as a file, if it is not too large for one.
    pub(super) fn export(&self, message: &Message, session: SessionId, format: Format) {
        if let Some(screen) = self.may_not_show(session) {
            return self.reply(message, screen);
        }
        let (home, user_home) = (self.setup.home.clone(), self.setup.user_home.clone());
        let written = spawn_blocking(move || {
            let export = Export::of(&home, &user_home, session, format)?;
            let mut file = NamedTempFile::new()?;
            let content = match export.write(file.as_file_mut(), LARGEST) {
                Err(ExportError::TooLarge) => None,
                // What is open stays readable when its name goes, with `file`.
                written => written.and_then(|_| Ok(Some(Content::open(file.path())?)))?,
            };
            Ok::<_, ExportError>((export.heading, content))
        });
        let (outbox, place) = (self.outbox.clone(), message.place);
        let how = self.answering(message.place, message.id);
        tokio::spawn(async move {
            let screen = match written.await.unwrap_or(Err(ExportError::Unknown)) {
                Ok((heading, Some(content))) => {
                    let file = OutgoingFile {
                        send_as: SendAs::Document,
                        name: export::file_name(&heading.title, export::ending(format)),
                        content,
                        caption: export::caption(&heading, session, format),
                    };
                    return upload::deliver(outbox, place, (file, how)).await;
                }
                Ok((heading, None)) => export::too_large(&heading, session, format),
                Err(ExportError::Io(error)) => export::failed(&error.to_string()),
                Err(_) => nothing(),
            };
            drop(outbox.send(place, screen, how));
        });
    }

    /// The session of a place, also where it was never used.
    pub(super) fn session_here(&self, place: Place) -> Option<SessionId> {
        match self.ledger.binding(place) {
            Some(binding) => binding.session.or_else(|| Some(self.newest(&binding.project)?.id)),
            None => Some(self.newest(&self.first_directory())?.id),
        }
    }
}

fn nothing() -> Screen {
    notice::plain("Nothing was said here yet. /sessions shows what there is.")
}
