//! What the buttons do. Each press is answered at once; what is stale says so and does nothing.

use crate::{
    app::{
        App,
        laptop::out_of_reach,
        later::GO_ON,
        now,
        press::{ASK_AGAIN, COMPACT, is_carrying},
        sessions::Shown,
    },
    bridge::{
        binding::Binding,
        book::Arrival,
        prompt::{Prompt, Source, fresh_session},
        session::Order,
        terminal::Plan,
        turn::Phase,
    },
    claude::{process::Conversation, session::SessionId},
    screens::{
        files, notice,
        sessions::{Purpose, searched},
        turn::stop_key,
    },
    telegram::{
        callback::{Callback, Carry, Key, List, Words},
        screen::Screen,
        text::Text,
        update::{CallbackQuery, Message},
    },
};

impl App {
    pub(super) fn tap(&mut self, tap: Callback, press: &CallbackQuery) {
        let Some(message) = press.message.as_ref() else { return self.outdated(press) };
        let notice = match tap {
            Callback::Stop(key) => Some(self.tap_stop(key).unwrap_or_else(|| {
                // Killed between arrival a progress message and noting that, an earlier process has
                // left it behind: nothing but its button ever tells of it.
                if !self.sessions.has_shown(message.place, message.id) {
                    self.outbox.delete(message.place, message.id);
                }
                "That turn has ended."
            })),
            Callback::Answer(key, choice) => self.tap_answer((key, choice), press, message),
            Callback::TakeBack(key) => Some(self.tap_take_back(key)),
            tap => return self.tap_on(tap, press, message),
        };
        self.outbox.answer(press.id.clone(), notice.map(str::to_owned));
    }

    /// Taps that outlive our process.
    fn tap_on(&mut self, tap: Callback, press: &CallbackQuery, message: &Message) {
        let source = self.source(message.place, message.id);
        let waiting = self.waiting(message, press.from.id);
        let carries = is_carrying(&tap);
        if carries && waiting.is_none() {
            let words = "The message that waited here is gone: send it again.";
            return self.outbox.answer(press.id.clone(), Some(words.to_owned()));
        }
        self.outbox.answer(press.id.clone(), None);
        let waiting = waiting.filter(|_| carries);
        if let Callback::Terminal(session) | Callback::TakeOver(session, _) = &tap
            && let Some(found) = self.found(*session)
            && !self.may_work_in(&found.project)
        {
            return self.say(message.place, notice::forbidden(&self.scene(), &found.project));
        }
        match tap {
            Callback::Sessions(list, carry) => {
                let directory =
                    list.directory.and_then(|key| self.directory_of(message.place, key));
                if let Some(outside) = directory.filter(|dir| !self.may_work_in(dir)) {
                    return self.say(message.place, notice::forbidden(&self.scene(), &outside));
                }
                let shown = Text { text: message.text.clone(), entities: message.entities.clone() };
                let words = list.words.find(searched(&shown).as_deref()).map(Words::from);
                let list = words.map(|words| List { words, ..list });
                let page = list.and_then(|list| self.picker(message.place, list, carry));
                let gone = || notice::plain("That list is not known any more: ask for it anew.");
                self.turn_page(message, page.unwrap_or_else(gone));
            }
            Callback::Directories(page, carry) => {
                let lead = Text::plain("Directories, the newest first:");
                let screen = self.directories(lead, page, (Purpose::List, carry));
                self.turn_page(message, screen);
            }
            Callback::Pick(session, Carry::Nothing) => self.open(source, session),
            Callback::Pick(session, Carry::Prompt) => self.pick_and_send(source, session, waiting),
            Callback::New(directory, _) => {
                let known = directory.and_then(|key| self.directory_of(message.place, key));
                let directory = known.unwrap_or_else(|| self.directory_here(message.place));
                self.settle_question(message, waiting.as_ref());
                self.new_session(source, &directory, waiting);
            }
            Callback::Directory(key, _) => self.tap_directory(message, key, waiting),
            Callback::Relocate(session, key) => self.relocate(message, (session, key), waiting),
            Callback::Trust(key) => self.tap_trust(message, key, waiting),
            Callback::Fork(session) => self.tap_fork(message, session, waiting),
            Callback::Terminal(session) => self.tap_plan(message, session, Plan::Send, waiting),
            Callback::TakeOver(session, when) => {
                self.tap_plan(message, session, Plan::TakeOver(when), waiting);
            }
            Callback::Retry(session, attempt) => {
                self.tap_again(message, (session, attempt), (None, waiting));
            }
            Callback::Continue(session, attempt) => {
                self.tap_again(message, (session, attempt), (Some(GO_ON), waiting));
            }
            Callback::Defer(later) => {
                self.strip(message);
                if let Some(arrival) = waiting {
                    self.continue_later(later, arrival);
                }
            }
            Callback::AskAgain(session) => {
                self.send_own(message, press.from.id, (session, ASK_AGAIN));
            }
            Callback::Compact(session) => {
                self.send_own(message, press.from.id, (session, COMPACT));
            }
            Callback::Entry(key) => self.get_entry(message, key),
            Callback::SendFile(key) => match self.written_file(message, key) {
                Some(path) => self.send_file(message, &path),
                None => self.say(message.place, files::forgotten()),
            },
            Callback::DiffFile(key) => match self.written_file(message, key) {
                Some(path) => self.diff_of(message, Some(path)),
                None => self.say(message.place, files::forgotten()),
            },
            Callback::Diff => self.diff(message),
            Callback::SendHeard => {
                let heard = self.taken_along(&Callback::SendHeard, press);
                self.say_heard(message, heard);
            }
            Callback::DropHeard => self.discard_heard(message),
            Callback::Earlier { session, skip, take } => {
                self.earlier(message, session, (skip, take));
            }
            Callback::Export(session, format) => self.export(message, session, format),
            Callback::Search { words, skip } => self.tap_search(message, &words, skip),
            Callback::Point { session, at } => self.open_point(message, session, at),
            Callback::Copy(session) => self.copy(source, session),
            Callback::See(see) => self.tap_see(see, message, press.from.id),
            Callback::StopLive(session, sure) => self.stop_live(message, session, sure),
            Callback::Choose(..)
            | Callback::Verbose(_)
            | Callback::Bypass
            | Callback::Agent(_)
            | Callback::SuggestTitle(_)
            | Callback::UseTitle(_) => self.tap_choice(tap, message),
            Callback::Stop(_) | Callback::Answer(..) | Callback::TakeBack(_) => {}
        }
    }

    /// A button that this version, or this process, does not know.
    pub(super) fn outdated(&self, press: &CallbackQuery) {
        let words = "This button has expired. /sessions and /status show where you are.";
        self.outbox.answer(press.id.clone(), Some(words.to_owned()));
    }

    // ---- Turns and questions ----

    fn tap_stop(&mut self, key: Key) -> Option<&'static str> {
        let is_it = |shown: &&Shown| stop_key(&shown.turn.borrow()) == key;
        let shown = self.sessions.shown.iter().find(is_it)?;
        if let Some(words) = out_of_reach(shown) {
            return Some(words);
        }
        let (place, prompt) = (shown.place, shown.prompt);
        let (session, waits) = {
            let turn = shown.turn.borrow();
            (turn.session, matches!(turn.phase, Phase::Waiting(_)) && !turn.taken)
        };
        let order = if waits { Order::TakeBack(prompt) } else { Order::Stop(place) };
        self.sessions.order(session, order);
        Some("Stopping…")
    }

    // ---- Sessions and directories, with or without a prompt ----

    /// Sends a prompt that has waited, from where its place points now.
    pub(super) fn go(&mut self, message: &Message, waiting: Option<Arrival>) {
        self.settle_question(message, waiting.as_ref());
        if let Some(arrival) = waiting {
            self.send(arrival);
        }
    }

    /// The question that a prompt waited for has its answer: its message goes, and with it the
    /// buttons that would send the prompt once more.
    pub(super) fn settle_question(&self, message: &Message, waiting: Option<&Arrival>) {
        if let Some(arrival) = waiting {
            self.book.chosen_in(arrival.prompt.id, message.id);
            self.outbox.delete(message.place, message.id);
        }
    }

    fn pick_and_send(&mut self, source: Source, session: SessionId, waiting: Option<Arrival>) {
        let found = self.found(session).filter(|found| self.may_work_in(&found.project));
        let Some(found) = found else {
            return self.open(source, session);
        };
        let binding = Binding::to(found.project.clone(), session);
        self.ledger.bind(source, binding, "/resume", now());
        self.outbox.delete(source.place, source.message);
        self.say(source.place, notice::resumed(&self.scene(), &found));
        if let Some(arrival) = waiting {
            self.send(Arrival { session: None, ..arrival });
        }
    }

    fn tap_directory(&mut self, message: &Message, key: Key, waiting: Option<Arrival>) {
        let Some(directory) = self.directory_of(message.place, key).filter(|dir| dir.is_dir())
        else {
            return self.say(message.place, notice::plain("That directory is gone."));
        };
        let source = self.source(message.place, message.id);
        if !self.may_work_in(&directory) {
            return self.say(message.place, notice::forbidden(&self.scene(), &directory));
        }
        if waiting.is_some() {
            let display = format!("/cd {}", directory.display());
            self.ledger.bind(source, Binding::newest_of(directory), &display, now());
            let waiting = waiting.map(|arrival| Arrival { session: None, ..arrival });
            self.go(message, waiting);
        } else {
            self.move_to(source, &directory);
        }
    }

    fn tap_trust(&mut self, message: &Message, key: Key, waiting: Option<Arrival>) {
        let Some(directory) = self.directory_of(message.place, key) else {
            return self.say(message.place, notice::plain("That directory is not known any more."));
        };
        self.trusted.insert(directory);
        self.go(message, waiting);
    }

    fn tap_fork(&mut self, message: &Message, of: SessionId, waiting: Option<Arrival>) {
        let Some((found, arrival)) = self.found(of).zip(waiting) else {
            return self.say(message.place, notice::plain("That session is gone."));
        };
        if !self.may_work_in(&found.project) {
            return self.say(message.place, notice::forbidden(&self.scene(), &found.project));
        }
        let Prompt { source, attempt, .. } = arrival.prompt;
        let into = fresh_session(source, attempt);
        let binding = Binding::begin(found.project.clone(), into);
        self.ledger.bind(source, binding, "/fork", now());
        self.outbox.delete(message.place, message.id);
        self.say(source.place, notice::forked(&self.scene(), &found, into));
        let spec = self.spec(source.place, found.project, Conversation::Fork { of, into });
        self.ask(spec, arrival.prompt);
    }

    /// Sends a prompt as another attempt, or other words in its place.
    fn tap_again(
        &mut self,
        message: &Message,
        (session, attempt): (SessionId, u32),
        (words, waiting): (Option<&str>, Option<Arrival>),
    ) {
        let Some(mut arrival) = waiting else { return };
        arrival.prompt = match words {
            Some(words) => Prompt::new(arrival.prompt.source, words, attempt),
            None => arrival.prompt.again(attempt),
        };
        arrival.session = Some(session);
        // The buttons go, so that they cannot send it a third time.
        self.strip(message);
        self.send(arrival);
    }

    fn send_own(&mut self, message: &Message, from: u64, own: (SessionId, &str)) {
        self.strip(message);
        self.send(self.own(message, from, own));
    }

    /// Takes the buttons off a message of ours.
    pub(super) fn strip(&self, message: &Message) {
        let text = Text { text: message.text.clone(), entities: message.entities.clone() };
        let screen = Screen { text, keyboard: Vec::new() };
        drop(self.outbox.edit(message.place, message.id, screen));
    }

    /// Shows another page in the message whose button was pressed.
    fn turn_page(&self, message: &Message, screen: Screen) {
        drop(self.outbox.edit(message.place, message.id, screen));
    }
}
