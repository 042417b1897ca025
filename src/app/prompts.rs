//! A prompt on its way to a session: which one, how, and what is said about it.

use std::path::{Path, PathBuf};

use crate::{
    app::{App, sessions::Sessions},
    bridge::{
        binding::Binding,
        book::{About, Arrival, Came},
        place::Place,
        prompt::{Prompt, Source, fresh_session},
        reader::Past,
        route::{self, Facts, Route},
        session::RunSpec,
        terminal::Plan,
        turn::Outcome,
    },
    claude::{
        catalog::{self, Query, Show},
        live::{self, Live},
        process::Conversation,
        session::{Session, SessionId},
        transcript,
    },
    screens::{notice, rewind::Unable},
    telegram::{
        outbox::{SendOptions, Sound},
        screen::Screen,
    },
};

impl App {
    /// Sends a prompt to the session it is for, or asks the person what is missing.
    pub(super) fn send(&mut self, arrival: Arrival) {
        let place = arrival.prompt.source.place;
        if self.sessions.is_shown(arrival.prompt.id) {
            return;
        }
        self.book.begin(arrival.prompt.id);
        if self.is_held(&arrival) {
            return;
        }
        if let Some(session) = arrival.session {
            let session = self.follow(place, session);
            let binding = self.binding_of(session, place);
            return self.route(arrival, &binding, session);
        }
        if let Some(session) = self.ledger.binding(place).and_then(|bound| bound.session) {
            self.follow(place, session);
        }
        let bound = self.ledger.binding(place);
        let binding = bound.unwrap_or_else(|| Binding::newest_of(self.first_directory()));
        match binding.session {
            Some(session) => self.route(arrival, &binding, session),
            None => self.resume_newest(arrival, &binding),
        }
    }

    /// The directory of a place that was never used: always one that may be worked in.
    pub(super) fn first_directory(&self) -> PathBuf {
        let allowed = |dir: &PathBuf| dir.is_dir() && self.may_work_in(dir);
        let known = || {
            let others = || catalog::projects(&self.setup.home).into_iter().map(|known| known.dir);
            let last = catalog::last_project(&self.setup.home).filter(allowed);
            last.or_else(|| others().find(allowed))
        };
        let usual = || self.setup.roots.first().unwrap_or(&self.setup.user_home).clone();
        let set = self.setup.project.clone().filter(|dir| self.may_work_in(dir));
        set.or_else(known).unwrap_or_else(usual)
    }

    /// The id of a session that a button or command makes: a button may be pressed again, and then
    /// makes another.
    pub(super) fn unused_session(&self, source: Source) -> SessionId {
        let is_used = |session: &SessionId| {
            self.setup.home.transcript(*session).is_some() || self.sessions.is_at_work(*session)
        };
        let mut ids = (0..=u32::MAX).map(|attempt| fresh_session(source, attempt));
        ids.find(|id| !is_used(id)).unwrap_or_else(|| fresh_session(source, 0))
    }

    /// A session that has said where it is: one that was begun a moment ago has not yet.
    pub(super) fn found(&self, session: SessionId) -> Option<Session> {
        let found = catalog::find(&self.setup.home, session);
        found.filter(|session| !session.project.as_os_str().is_empty())
    }

    /// What a place would point at in a session that was named.
    pub(super) fn binding_of(&self, session: SessionId, place: Place) -> Binding {
        let bound = self.ledger.binding(place);
        if let Some(found) = self.found(session) {
            return Binding::to(Self::directory_for(&found, bound.as_ref()), session);
        }
        match bound {
            Some(binding) if binding.session == Some(session) => binding,
            Some(binding) => Binding::to(binding.project, session),
            None => Binding::to(self.first_directory(), session),
        }
    }

    /// Goes on in the newest session of a directory, and says so; in a group it asks first.
    fn resume_newest(&mut self, arrival: Arrival, binding: &Binding) {
        let Prompt { source, attempt, .. } = arrival.prompt;
        let scene = self.scene();
        if let Some(newest) = self.newest(&binding.project) {
            if arrival.group {
                let screen = notice::may_resume(&scene, &newest);
                return self.ask_person(&arrival.prompt, About::Group(newest.id), screen);
            }
            let binding = Binding::to(binding.project.clone(), newest.id);
            let facts = self.facts(newest.id, &binding);
            if runs(&facts) {
                self.say(source.place, notice::resumed(&scene, &newest));
                self.ledger.point(source.place, binding);
            }
            return self.go_by(facts, arrival);
        }
        let session = fresh_session(source, attempt);
        let binding = Binding::begin(binding.project.clone(), session);
        let facts = self.facts(session, &binding);
        if runs(&facts) {
            self.say(source.place, notice::first(&scene, session, &binding.project));
            self.ledger.point(source.place, binding);
        }
        self.go_by(facts, arrival);
    }

    pub(super) fn newest(&self, directory: &Path) -> Option<Session> {
        catalog::newest(&self.setup.home, directory)
    }

    pub(super) fn facts(&self, session: SessionId, binding: &Binding) -> Facts {
        let held = self.holder(session);
        let found = self.found(session);
        let directory = match &found {
            Some(found) => Self::directory_for(found, Some(binding)),
            None => binding.project.clone(),
        };
        Facts {
            session,
            directory_exists: directory.is_dir(),
            trusted: self.is_trusted(&directory),
            allowed: self.may_work_in(&directory),
            directory,
            stored: transcript::stored(self.setup.home.transcript(session).as_deref()),
            fresh: binding.fresh,
            fork: binding.fork.filter(|of| self.setup.home.transcript(*of).is_some()),
            held,
            ours: self.sessions.state(session).is_some(),
        }
    }

    /// A live process of somebody else that holds a session. One that an earlier segue left behind
    /// is nobody's: it is waited for, and the person is not asked.
    pub(super) fn holder(&self, session: SessionId) -> Option<Live> {
        let holds = |live: &Live| {
            live.session == session && live.is_foreign() && !self.sessions.has(live.pid)
        };
        live::list(&self.setup.home).into_iter().find(holds)
    }

    /// Trusted at the terminal, or worked in before: by a person there, or from here.
    pub(super) fn is_trusted(&self, directory: &Path) -> bool {
        if self.trusted.contains(directory) || self.setup.home.trusted(directory) {
            return true;
        }
        let query = Query {
            project: Some(directory.to_owned()),
            hidden: Show::All,
            take: 20,
            ..Query::default()
        };
        let by_person =
            |session: &Session| matches!(session.origin.as_deref(), Some("cli" | "telegram"));
        catalog::page(&self.setup.home, &query).sessions.iter().any(by_person)
    }

    pub(super) fn route(&mut self, arrival: Arrival, binding: &Binding, session: SessionId) {
        let facts = self.facts(session, binding);
        self.go_by(facts, arrival);
    }

    /// Sends a prompt the way that the facts of its session show.
    fn go_by(&mut self, facts: Facts, arrival: Arrival) {
        let session = facts.session;
        let Some(arrival) = self.unless_run(arrival, session) else { return };
        let Source { place, message, .. } = arrival.prompt.source;
        let scene = self.scene();
        match route::resolve(&facts) {
            Route::Run(conversation) => {
                self.ask(self.spec(place, facts.directory, conversation), arrival.prompt);
            }
            Route::Fresh => self.fall_back(arrival, &facts, session),
            Route::NoDirectory => {
                let screen = self.what_is_left(session, &facts.directory);
                self.ask_person(&arrival.prompt, About::Directory(facts.directory), screen);
            }
            Route::Forbidden => {
                let screen = notice::forbidden(&scene, &facts.directory);
                self.reply_to(place, message, screen);
            }
            Route::Distrusted => {
                let unset = self.ledger.binding(place).is_none() && self.setup.project.is_none();
                let screen = if unset && facts.directory == self.setup.user_home {
                    notice::nowhere()
                } else {
                    notice::distrusted(&scene, &facts.directory)
                };
                self.ask_person(&arrival.prompt, About::Trust(facts.directory), screen);
            }
            Route::Choose(live) => {
                self.forget_rewind(place, session, Unable::Open);
                if let Some(found) = self.found(session) {
                    self.choose(arrival, &found, *live);
                } else {
                    // It is open and has not said anything yet: there is nothing to continue.
                    let fresh = Binding::newest_of(facts.directory);
                    self.resume_newest(arrival, &fresh);
                }
            }
        }
    }

    /// The run of a session as the place wants it.
    pub(super) fn spec(
        &self,
        place: Place,
        directory: PathBuf,
        conversation: Conversation,
    ) -> RunSpec {
        let bound = self.ledger.binding(place);
        let ours = |binding: &Binding| binding.session == Some(conversation.session());
        let here = bound.as_ref().filter(|bound| ours(bound));
        let agent = here.and_then(|bound| bound.agent.clone());
        let cut = here.and_then(|bound| bound.cut);
        let choices = bound.map(|bound| bound.choices).unwrap_or_default();
        RunSpec { directory, conversation, cut, choices: self.permitted(choices), agent }
    }

    /// Hands a prompt to its session and shows its turn.
    pub(super) fn ask(&mut self, spec: RunSpec, prompt: Prompt) {
        self.ask_with(spec, prompt, None);
    }

    /// The same, with what the person has chosen where a terminal has the session.
    pub(super) fn ask_with(&mut self, mut spec: RunSpec, prompt: Prompt, plan: Option<Plan>) {
        let (source, display) = (prompt.source, prompt.display());
        self.check_cut(source.place, &mut spec);
        self.note_destination(&spec, &prompt);
        let session = spec.conversation.session();
        let came = self.book.came(prompt.id);
        let (mut queued, turn) = self.sessions.admit(session, prompt);
        (queued.plan, queued.cut) = (plan, spec.cut);
        queued.may_have_run = came != Came::New;
        self.show(source.place, Some(source), turn, display);
        if let Some(count) = self.sessions.one_more(session) {
            self.say(source.place, notice::one_more(count));
        }
        let ran = queued.may_have_run && self.past(queued.prompt.id, session) != Past::Unread;
        if !ran && queued.prompt.files().next().is_some() {
            self.fetch(&spec, &mut queued);
        }
        self.sessions.give(spec, queued);
    }

    /// Asks the person what must be chosen before a prompt goes on. What they press below the message
    /// is for all prompts of the place about which the same is asked.
    pub(super) fn ask_person(&mut self, prompt: &Prompt, about: About, screen: Screen) {
        let Prompt { id, source, .. } = *prompt;
        let asks = self.book.ask(id, about);
        self.spooled(&asks);
        let how = SendOptions { reply_to: Some(source.message), sound: Sound::Silent };
        let sent = self.outbox.send(source.place, screen, how);
        let (book, outbox) = (self.book.clone(), self.outbox.clone());
        self.painters.spawn(async move {
            // What was chosen meanwhile, below another message, leaves nothing to ask.
            if let Ok(message) = sent.await
                && !book.asks_in(id, message)
            {
                let _ = outbox.delete(source.place, message).await;
            }
        });
    }

    /// There is nothing to resume: a fresh session, loudly, and once.
    fn fall_back(&mut self, arrival: Arrival, facts: &Facts, old: SessionId) {
        let Prompt { source, attempt, .. } = arrival.prompt;
        let into = route::instead(source, attempt, old);
        let bound = self.ledger.binding(source.place);
        let copied = bound.and_then(|bound| bound.cut).filter(|_| facts.fork.is_some());
        if let Some(into) = into {
            self.replace(source.place, old, into, &facts.directory);
        }
        let conversation = match (into.unwrap_or(old), facts.fork) {
            (into, Some(of)) => Conversation::Fork { of, into },
            (into, None) => Conversation::New(into),
        };
        let mut spec = self.spec(source.place, facts.directory.clone(), conversation);
        if into.is_some() {
            spec.cut = copied;
            return self.ask(spec, arrival.prompt);
        }
        let display = arrival.prompt.display();
        let (queued, turn) = self.sessions.admit(old, arrival.prompt);
        queued.turn.send_modify(|turn| turn.finish(Outcome::NotBegun));
        self.show(source.place, Some(source), turn, display);
    }

    /// Says that a session is replaced by a fresh one, and points the place there if it pointed at
    /// the old one.
    pub(super) fn replace(
        &mut self,
        place: Place,
        old: SessionId,
        into: SessionId,
        directory: &Path,
    ) {
        tracing::warn!(%old, %into, "no such conversation: starting a fresh session");
        self.say(place, notice::fell_back(&self.scene(), old, into, directory));
        let bound = self.ledger.binding(place).and_then(|binding| binding.session);
        if bound.is_none_or(|bound| bound == old) {
            let binding = Binding::begin(directory.to_owned(), into);
            self.ledger.point(place, binding);
        }
    }
}

/// Runs of this prompt's place: what `/stop` means.
pub(super) fn sessions_at(runs: &Sessions, place: Place) -> Vec<SessionId> {
    let here = runs.shown.iter().filter(|shown| shown.place == place);
    let mut sessions: Vec<_> = here
        .filter(|shown| shown.turn.borrow().outcome().is_none())
        .map(|shown| shown.turn.borrow().session)
        .collect();
    sessions.sort_unstable();
    sessions.dedup();
    sessions
}

/// Whether a prompt goes on to a run without a question to the person.
fn runs(facts: &Facts) -> bool {
    matches!(route::resolve(facts), Route::Run(_))
}
