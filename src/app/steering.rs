//! Steering: what a person says of how Claude works in a place.
//!
//! Most of it asks the CLI something, by the run of the place's session, which starts for it where
//! none lives. The answer is awaited in a task of its own and goes straight to the chat.

use std::path::PathBuf;

use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    app::{
        App,
        aside::{LOOK, answered},
        laptop::{IN_INBOX, is_in_inbox},
        now,
        out::Wish,
    },
    bridge::{
        binding::Binding,
        book::Arrival,
        choices::{BYPASS, Choice, Choices, DEFAULT},
        place::Place,
        prompt::{Source, fresh_session},
        route::{self, Route},
        session::{Order, RunSpec, State},
        turn::{Phase, Turn},
    },
    claude::{
        process::Conversation,
        session::{Session, SessionId},
        wire::offers::Offers,
    },
    screens::{notice, steering as screens, turn::stop_key},
    telegram::{
        callback::{Callback, Key, Words},
        command::Command,
        screen::Screen,
        update::Message,
    },
};

impl App {
    /// Commands that say how Claude works here.
    pub(super) fn steer(&mut self, command: Command, message: &Message) {
        let source = self.source(message.place, message.id);
        match command {
            Command::Verbose(level) => self.verbose(source, level.as_deref()),
            Command::Choose(choice, None) => self.offer_choices(source, choice),
            Command::Choose(choice, Some(value)) => {
                let is_default = value.eq_ignore_ascii_case(DEFAULT);
                let value = if is_default { "" } else { &value };
                self.pick_choice(Wish::Written(source), choice, value);
            }
            Command::Agent(name) => self.agent(source, name.unwrap_or_default()),
            Command::Commands(words) => {
                self.with_offers(source, move |offers| screens::commands(offers, &words));
            }
            Command::Aside(_) => {
                let words = "Usage: /btw QUESTION";
                self.reply(message, notice::plain(words));
            }
            Command::Fork(_) => self.fork(source, None),
            Command::Rename(title) => self.rename_here(source, title),
            _ => {}
        }
    }

    /// Buttons that say how Claude works here.
    pub(super) fn tap_choice(&mut self, callback: Callback, message: &Message) {
        let source = self.source(message.place, message.id);
        let wish = Wish::Pressed(source);
        match callback {
            Callback::Choose(choice, value) => match self.offered_choice(source, choice, &value) {
                Some(value) => self.pick_choice(wish, choice, &value),
                None => self.offer_choices(source, choice),
            },
            Callback::Verbose(verbosity) => self.choose_verbosity(wish, verbosity),
            Callback::Bypass => self.bypass(wish),
            Callback::Agent(name) => match self.offered_agent(source, &name) {
                Some(name) => self.begin_with_agent(wish, name),
                None => self.agent(source, String::new()),
            },
            Callback::SuggestTitle(session) => self.suggest(source, session),
            Callback::UseTitle(session) => match screens::suggested(&message.text) {
                Some(title) => self.rename(source, session, &title),
                None => self.say(source.place, notice::plain("That title is gone.")),
            },
            _ => {}
        }
    }

    /// The value of a button. A long one is found again among what the CLI offers, which only a
    /// process of it tells: None where none has, and the person chooses anew.
    fn offered_choice(&self, source: Source, choice: Choice, value: &Words) -> Option<String> {
        if let Some(value) = value.whole() {
            return Some(value.to_owned());
        }
        let offers = self.sessions.offers(&self.directory_here(source.place))?;
        let models = offers.models.iter();
        let values: Vec<&str> = match choice {
            Choice::Mode => offers.modes.iter().map(String::as_str).collect(),
            Choice::Model => models.map(|model| model.value.as_str()).collect(),
            Choice::Effort => models.flat_map(|model| &model.efforts).map(String::as_str).collect(),
        };
        value.find(values).map(str::to_owned)
    }

    /// The agent of a button, in the same way.
    fn offered_agent(&self, source: Source, name: &Words) -> Option<String> {
        if let Some(name) = name.whole() {
            return Some(name.to_owned());
        }
        let offers = self.sessions.offers(&self.directory_here(source.place))?;
        name.find(offers.agents.iter().map(|agent| agent.name.as_str())).map(str::to_owned)
    }

    // ---- The run of a place ----

    /// The spec of the run of the session of a place, or why no run of ours can have it, in words.
    pub(super) fn reach(&self, place: Place) -> Result<RunSpec, &'static str> {
        let (binding, session) = self.whereabouts(place);
        let session = session.ok_or("There is no session here yet: write first.")?;
        self.spec_of(place, &binding, session)
    }

    pub(super) fn spec_of(
        &self,
        place: Place,
        binding: &Binding,
        session: SessionId,
    ) -> Result<RunSpec, &'static str> {
        let facts = self.facts(session, binding);
        match route::resolve(&facts) {
            Route::Run(conversation) => Ok(self.spec(place, facts.directory, conversation)),
            Route::Choose(_) => Err("The session is open on the laptop: do it there, or /fork."),
            Route::NoDirectory => Err("The directory of this chat is gone: pick another with /cd."),
            Route::Distrusted => Err("This directory was never trusted: write first."),
            Route::Forbidden => Err("This chat is outside of `roots`: pick another with /cd."),
            Route::Fresh => Err("The transcript of this session is gone: write to begin anew."),
        }
    }

    /// What a place points at, and the session that its next prompt would go to, if there is one.
    pub(super) fn whereabouts(&self, place: Place) -> (Binding, Option<SessionId>) {
        let binding = self.ledger.binding(place);
        let binding = binding.unwrap_or_else(|| Binding::newest_of(self.first_directory()));
        let newest = || self.newest(&binding.project).map(|session| session.id);
        let session = binding.session.or_else(newest);
        (binding, session)
    }

    /// The session of a place that has a transcript, and its spec.
    pub(super) fn reach_spoken(&self, place: Place) -> Result<(Session, RunSpec), &'static str> {
        let spec = self.reach(place)?;
        let session = self.found(spec.conversation.session());
        let session = session.ok_or("Nothing was said in this session yet: write first.")?;
        Ok((session, spec))
    }

    /// What the place has chosen and may have, and else what the configuration says.
    pub(super) fn permitted(&self, mut choices: Choices) -> Choices {
        if choices.mode.as_deref() == Some(BYPASS) && !self.setup.allow_bypass {
            choices.mode = None;
        }
        let (mode, model) = (self.setup.mode.clone(), self.setup.model.clone());
        choices.or(&Choices { mode, model, ..Choices::default() })
    }

    // ---- What the CLI offers ----

    /// Answers a message with a screen made of what the CLI offers in the place's directory.
    pub(super) fn with_offers(
        &mut self,
        source: Source,
        draw: impl FnOnce(&Offers) -> Screen + Send + 'static,
    ) {
        let place = source.place;
        let spec = self.reach(place).unwrap_or_else(|_| self.empty_spec(place));
        if let Some(offers) = self.sessions.offers(&spec.directory) {
            return self.reply_to(place, source.message, draw(&offers));
        }
        let session = spec.conversation.session();
        // Any request will do: the process tells what it offers before it answers.
        let answer = self.sessions.control(spec, json!({"subtype": "get_session_cost"}), None);
        let (state, teller) = (self.sessions.watch(session), self.teller(source));
        self.painters.spawn(async move {
            let answer = answered(answer, LOOK).await;
            match (offers_of(state), answer) {
                (Some(offers), _) => teller.say(draw(&offers)),
                (None, answer) => {
                    let why = answer.err().unwrap_or_default();
                    teller.say(screens::failed("Asking Claude what it offers", &why));
                }
            }
        });
    }

    /// A session that is never spoken in: only to ask the CLI what it offers in a directory.
    pub(super) fn empty_spec(&self, place: Place) -> RunSpec {
        let (binding, _) = self.whereabouts(place);
        let fits = self.facts(SessionId(Uuid::nil()), &binding);
        let usable = fits.directory_exists && fits.trusted;
        let directory: PathBuf =
            if usable { binding.project } else { self.setup.user_home.clone() };
        self.spec(place, directory, Conversation::New(SessionId(Uuid::new_v4())))
    }

    // ---- Agents ----

    fn agent(&mut self, source: Source, name: String) {
        let directory = self.directory_here(source.place);
        let offers = self.sessions.offers(&directory);
        let is_it = |offers: &Offers| offers.agents.iter().any(|agent| agent.name == name);
        if offers.is_some_and(|offers| is_it(&offers)) {
            return self.begin_with_agent(Wish::Written(source), name);
        }
        self.with_offers(source, move |offers| screens::agents(offers, &name));
    }

    fn begin_with_agent(&mut self, wish: Wish, name: String) {
        let source = wish.source();
        let session = self.unused_session(source);
        let screen = screens::with_agent(&self.scene(), session, &name);
        let display = format!("/agent {name}");
        let directory = self.directory_here(source.place);
        let binding = Binding { agent: Some(name), ..Binding::begin(directory, session) };
        self.ledger.bind(source, binding, &display, now());
        self.grant(wish, screen);
    }

    // ---- /fork ----

    pub(super) fn fork(&mut self, source: Source, first: Option<Arrival>) {
        let (_, session) = self.whereabouts(source.place);
        let Some(of) = session.and_then(|session| self.found(session)) else {
            let words = "There is nothing to copy yet: this session has not begun.";
            return self.reply_to(source.place, source.message, notice::plain(words));
        };
        self.fork_of(source, &of, first);
    }

    /// Goes on in a copy of a session that a button names.
    pub(super) fn copy(&mut self, source: Source, session: SessionId) {
        match self.found(session) {
            Some(of) => self.fork_of(source, &of, None),
            None => self.say(source.place, notice::plain("That session is gone.")),
        }
    }

    pub(super) fn fork_of(&mut self, source: Source, of: &Session, first: Option<Arrival>) {
        if !self.may_work_in(&of.project) {
            let screen = notice::forbidden(&self.scene(), &of.project);
            return self.reply_to(source.place, source.message, screen);
        }
        let into = fresh_session(source, 0);
        let binding = Binding { fork: Some(of.id), ..Binding::begin(of.project.clone(), into) };
        self.ledger.bind(source, binding, "/fork", now());
        if let Some(arrival) = first {
            self.say(source.place, notice::forked(&self.scene(), of, into));
            return self.send(Arrival { session: None, ..arrival });
        }
        let screen = screens::will_fork(&self.scene(), of, into);
        self.reply_to(source.place, source.message, screen);
    }

    // ---- Taking back ----

    pub(super) fn tap_take_back(&mut self, key: Key) -> &'static str {
        if self.take_back_later(key) {
            return "Taken back.";
        }
        let is_it = |turn: &Turn| stop_key(turn) == key && matches!(turn.phase, Phase::Waiting(_));
        let Some(shown) = self.sessions.shown.iter().find(|shown| is_it(&shown.turn.borrow()))
        else {
            return "Too late: Claude has it.";
        };
        let (prompt, session) = (shown.prompt, shown.turn.borrow().session);
        if is_in_inbox(shown) {
            return IN_INBOX;
        }
        self.sessions.order(session, Order::TakeBack(prompt));
        "Taking it back…"
    }
}

pub(super) fn offers_of(state: Option<watch::Receiver<State>>) -> Option<Offers> {
    state.and_then(|state| state.borrow().offers.as_deref().cloned())
}
