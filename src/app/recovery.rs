//! Prompts that an earlier process left, each in its state.
//!
//! There is no special path: what was on its way goes the way of every prompt, which begins by
//! looking whether it has run.

use std::io;

use crate::{
    app::{App, gather::FIRST_POLL},
    bridge::{
        binding::Binding,
        book::{About, Arrival, Came, Destination, Entry, Found, Question, Stage, Start},
        place::Place,
        prompt::{Prompt, PromptId},
        reader::{self, Past},
        session::{Left, RunSpec},
    },
    claude::{identity::Started, process::Conversation, session::SessionId},
    screens::{notice, question},
    telegram::{outbox::Scope, text::Text},
};

impl App {
    /// Takes up what is in the book.
    pub(super) fn recover(&mut self, found: Found) {
        for name in &found.damaged {
            tracing::error!(name, "a file of the spool cannot be read: set aside");
            self.tell_owners(&notice::damaged(name));
        }
        for entry in found.entries {
            let Prompt { id, source, .. } = entry.prompt;
            tracing::info!(prompt = %id.0, stage = ?entry.stage, "taking up a prompt that was left");
            if self.guarded(Some(source.place), |app| app.take_up(entry)).is_none() {
                self.book.set_aside(id);
            }
        }
    }

    fn take_up(&mut self, entry: Entry) {
        let Prompt { id, source, .. } = entry.prompt;
        if !self.setup.access.allowed.contains(&entry.from) {
            tracing::warn!(prompt = %id.0, "its sender is not allowed any more: set aside");
            return self.book.set_aside(id);
        }
        match entry.stage {
            Stage::Gathering => {
                let wait = tokio::time::Instant::now() + FIRST_POLL;
                let gathers = self.book.gather(id, wait);
                self.spooled(&gathers);
            }
            Stage::Listening => self.listen(&entry),
            Stage::Asking => match (&entry.about, entry.progress) {
                (Some(About::Heard(message)), _) => self.show_heard(&entry, *message),
                // Its question is in the chat.
                (_, Some(_)) => {}
                (_, None) => self.send_again(entry),
            },
            Stage::Deferred { until } => self.announce(&entry, until),
            Stage::Arrived | Stage::Queued | Stage::Delivering => self.send_again(entry),
        }
        self.settle(id, source.place);
    }

    /// Brings a prompt on its way that was on it when the process ended.
    fn send_again(&mut self, entry: Entry) {
        let id = entry.prompt.id;
        self.close_questions(&entry);
        match entry.destination.clone() {
            Some(destination) => self.go_to(destination, entry),
            // A button has said all of it.
            None if entry.prompt.attempt > 0 || entry.messages.is_empty() => {
                self.send(entry.into());
            }
            None => self.whole(id),
        }
    }

    fn go_to(&mut self, destination: Destination, entry: Entry) {
        let Destination { directory, session, start, bound } = destination;
        // Whoever sent it there has been asked already.
        self.trusted.insert(directory.clone());
        let place = entry.prompt.source.place;
        let bound_here = self.ledger.binding(place).filter(|it| it.session == Some(session));
        let binding = Binding {
            fresh: start == Start::New,
            cut: bound_here.and_then(|binding| binding.cut),
            ..Binding::to(directory.clone(), session)
        };
        if bound && self.ledger.is_older(place, entry.at) {
            self.ledger.point(place, binding.clone());
        }
        match start {
            Start::Fork(of) if self.setup.home.transcript(session).is_none() => {
                let fork = Conversation::Fork { of, into: session };
                self.ask(self.spec(place, directory, fork), entry.prompt);
            }
            _ => self.route(Arrival { session: Some(session), ..entry.into() }, &binding, session),
        }
    }

    /// The questions of an earlier process are lost with it, and nothing was granted: each says so,
    /// and offers to have it asked again.
    fn close_questions(&self, entry: &Entry) {
        let Some(destination) = &entry.destination else { return };
        for Question { message, about } in &entry.questions {
            let mut what = Text::default();
            what.code(about);
            let screen = question::lost(destination.session, &what);
            drop(self.outbox.edit(entry.prompt.source.place, *message, screen));
            self.book.closed(entry.prompt.id, *message);
        }
    }

    /// Whether an update came before and was seen to its end: a prompt that ran is in the book until
    /// its answer is in the chat.
    pub(super) fn is_answered(&self, prompt: &Prompt) -> bool {
        if self.book.is_done(prompt.id) {
            return true;
        }
        let session = self.ledger.session_of(prompt.source);
        let transcript = session.and_then(|session| self.setup.home.transcript(session));
        transcript.is_some_and(|path| reader::holds(&path, prompt.id).unwrap_or_default())
    }

    /// A prompt that may have run goes no further where its session holds it.
    pub(super) fn unless_run(&mut self, arrival: Arrival, session: SessionId) -> Option<Arrival> {
        let id = arrival.prompt.id;
        let came = self.book.came(id);
        // What a terminal has is followed there.
        if came == Came::New
            || self.past(id, session) == Past::Unread
            || self.holder(session).is_some()
        {
            return Some(arrival);
        }
        if came == Came::Perhaps {
            tracing::info!(prompt = %id.0, "came again and was answered: nothing to do");
            self.book.remove(id);
            return None;
        }
        let bound = self.book.read(id, |entry| entry.destination.clone()).flatten();
        let directory = self.found(session).map(|found| found.project);
        let directory =
            directory.or(bound.map(|destination| destination.directory)).unwrap_or_default();
        let place = arrival.prompt.source.place;
        self.ask(self.spec(place, directory, Conversation::Resume(session)), arrival.prompt);
        None
    }

    pub(super) fn past(&self, prompt: PromptId, session: SessionId) -> Past {
        let Some(path) = self.setup.home.transcript(session) else { return Past::Unread };
        reader::look(&path, prompt).unwrap_or_else(|error| {
            tracing::warn!(%error, path = %path.display(), "the transcript cannot be read");
            Past::Unread
        })
    }

    /// Writes down where a prompt goes, before it goes there.
    pub(super) fn note_destination(&mut self, spec: &RunSpec, prompt: &Prompt) {
        let session = spec.conversation.session();
        let bound = self.ledger.binding(prompt.source.place);
        let destination = Destination {
            directory: spec.directory.clone(),
            session,
            start: spec.conversation.into(),
            bound: bound.is_some_and(|binding| binding.session == Some(session)),
        };
        let process = self.sessions.state(session).and_then(|state| Started::of(state.pid?));
        let written = self.book.queue(prompt.id, destination, process);
        self.spooled(&written);
    }

    /// Says once that the spool cannot be written. Prompts go on without.
    pub(super) fn spooled(&mut self, written: &io::Result<()>) {
        if let Err(error) = written
            && !self.spool_failed
        {
            tracing::error!(%error, "the spool takes no files: a crash would lose prompts");
            self.tell_owners(&notice::spool_closed(&error.to_string()));
        }
        self.spool_failed = written.is_err();
    }

    /// A prompt that has gone nowhere, and waits for nothing, is done with when what was said about
    /// it is in the chat.
    pub(super) fn settle(&mut self, id: PromptId, place: Place) {
        if self.book.stage(id) != Some(Stage::Arrived) {
            return;
        }
        let delivers = self.book.stand(id, Stage::Delivering);
        self.spooled(&delivers);
        let Some(number) = self.book.number(id) else { return };
        let (outbox, book) = (self.outbox.clone(), self.book.clone());
        self.painters.spawn(async move {
            if outbox.flush(Scope::Messages(place.chat)).await.is_ok() {
                book.remove_if(id, number);
            }
        });
    }
}

/// The process that an earlier segue has left with a prompt.
pub(super) fn left_by(entry: &Entry) -> Option<Left> {
    let session = entry.destination.as_ref()?.session;
    Some(Left { session, process: entry.process.clone()? })
}
