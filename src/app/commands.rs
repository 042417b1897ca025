//! The commands of the chat.

use std::path::{Path, PathBuf};

use crate::{
    app::{App, laptop::out_of_reach, now, prompts::sessions_at},
    bridge::{
        binding::Binding,
        book::Arrival,
        place::Place,
        prompt::{Source, fresh_session},
        session::Order,
    },
    claude::{
        catalog::{self, Query},
        names::folded,
        session::{Session, SessionId},
    },
    config::expand,
    screens::{
        files, help, notice,
        sessions::{Purpose, search},
    },
    telegram::{
        callback::{Carry, Key, List, Words},
        command::Command,
        text::Text,
        update::{ChatKind, Message},
    },
};

impl App {
    pub(super) fn command(&mut self, command: Command, message: &Message) {
        if message.extra.file.is_some() {
            self.reply(message, files::left_out());
        }
        match command {
            Command::Start(None) => {
                let screen = self.start(message.place, message.chat);
                self.reply(message, screen);
            }
            Command::Start(Some(session)) => {
                let source = self.source(message.place, message.id);
                self.open(source, session);
            }
            Command::Help => self.reply(message, help::help()),
            Command::Sessions(words) if words.is_empty() => self.sessions(message),
            Command::Sessions(words) => self.find(message, &words),
            Command::New(_) => {
                let source = self.source(message.place, message.id);
                self.new_session(source, &self.directory_here(message.place), None);
            }
            Command::Cd(None) => self.known_directories(message),
            Command::Cd(Some(to)) => self.cd(message, &to),
            Command::Status => {
                let screen = self.status(message.place, message.chat == ChatKind::Private);
                let (_, session) = self.whereabouts(message.place);
                self.reply_with_limits(message, screen, session);
            }
            Command::Stop => self.stop(message),
            Command::Get(path) => self.get(message, path.as_deref()),
            Command::Diff => self.diff(message),
            Command::History(count) => self.history(message, count),
            Command::Export(format) => self.export_here(message, format),
            Command::Insight(wanted) => self.insight(wanted, message),
            Command::Choose(..)
            | Command::Verbose(_)
            | Command::Agent(_)
            | Command::Commands(_)
            | Command::Aside(_)
            | Command::Fork(_)
            | Command::Rename(_) => self.steer(command, message),
        }
    }

    // ---- /sessions ----

    fn sessions(&self, message: &Message) {
        let directory = Some(Key::of_path(&self.directory_here(message.place)));
        let list = List { directory, ..List::default() };
        if let Some(screen) = self.picker(message.place, list, Carry::Nothing) {
            self.reply(message, screen);
        }
    }

    pub(super) fn directory_here(&self, place: Place) -> PathBuf {
        self.ledger.binding(place).map_or_else(|| self.first_directory(), |binding| binding.project)
    }

    /// `/sessions WORDS`: what fits exactly one session shows it.
    fn find(&mut self, message: &Message, words: &str) {
        let source = self.source(message.place, message.id);
        if let Ok(session) = words.parse() {
            return self.open(source, session);
        }
        let query = Query {
            words: words.split_whitespace().map(str::to_owned).collect(),
            within: self.setup.roots.clone(),
            take: 50,
            ..Query::default()
        };
        let sessions = catalog::page(&self.setup.home, &query).sessions;
        if let Some(session) = only_fit(&sessions, words).and_then(|session| self.found(session)) {
            return self.reply(message, self.preview(session));
        }
        let words = Words::from(&*search(words));
        let list = List { words, ..List::default() };
        if let Some(screen) = self.picker(message.place, list, Carry::Nothing) {
            self.reply(message, screen);
        }
    }

    /// Points a place at a session and shows its card.
    pub(super) fn open(&mut self, source: Source, session: SessionId) {
        let Some(found) = self.found(session) else {
            let screen = notice::about_path(
                "There is no session ",
                &session.to_string(),
                " on the laptop any more. /sessions shows those that are.",
            );
            return self.reply_to(source.place, source.message, screen);
        };
        if !self.may_work_in(&found.project) {
            let screen = notice::forbidden(&self.scene(), &found.project);
            return self.reply_to(source.place, source.message, screen);
        }
        let binding = Binding::to(found.project.clone(), session);
        self.ledger.bind(source, binding, "/resume", now());
        let mut card = self.card(found);
        self.offer_follow(&mut card, session);
        self.reply_to(source.place, source.message, card);
    }

    // ---- /new ----

    /// Points a place at a session that does not exist yet, and sends its first prompt if there is
    /// one. `source` is the message that asked for it.
    pub(super) fn new_session(&mut self, source: Source, directory: &Path, first: Option<Arrival>) {
        let source = first.as_ref().map_or(source, |arrival| arrival.prompt.source);
        if !self.may_work_in(directory) {
            let screen = notice::forbidden(&self.scene(), directory);
            return self.reply_to(source.place, source.message, screen);
        }
        let session = match &first {
            // Sent again after a crash, it is the same session.
            Some(_) => fresh_session(source, 0),
            None => self.unused_session(source),
        };
        let binding = Binding::begin(directory.to_owned(), session);
        self.ledger.bind(source, binding, "/new", now());
        if let Some(arrival) = first {
            self.send(Arrival { session: None, ..arrival });
        } else {
            let screen = notice::fresh(&self.scene(), session, directory);
            self.reply_to(source.place, source.message, screen);
        }
    }

    // ---- /cd ----

    fn known_directories(&self, message: &Message) {
        let mut lead = Text::default();
        lead.push("Where to? ").push("Or send ").code("/cd ~/path").push(" or part of a name.");
        let screen = self.directories(lead, 0, (Purpose::Go, Carry::Nothing));
        self.reply(message, screen);
    }

    fn cd(&mut self, message: &Message, to: &str) {
        let source = self.source(message.place, message.id);
        match self.destination(message.place, to) {
            Destination::One(directory) => {
                self.move_to(source, &directory);
                self.go_on_there(source.place);
            }
            Destination::Outside(directory) => {
                let screen = notice::forbidden(&self.scene(), &directory);
                self.reply(message, screen);
            }
            Destination::None => {
                let lead = "There is no directory and no known project ";
                let screen = notice::about_path(lead, to, ". /cd shows those that are known.");
                self.reply(message, screen);
            }
            Destination::Several => {
                let after = " fits several projects: give more of its name.";
                self.reply(message, notice::about_path("", to, after));
            }
        }
    }

    fn destination(&self, place: Place, to: &str) -> Destination {
        let path = expand(to, &self.setup.user_home);
        let path = self.directory_here(place).join(path);
        let looks_like_path = to.starts_with(['/', '~', '.']) || path.is_dir();
        if looks_like_path {
            return match path.canonicalize() {
                Ok(path) if path.is_dir() && self.is_within_roots(&path) => Destination::One(path),
                Ok(path) if path.is_dir() => Destination::Outside(path),
                _ => Destination::None,
            };
        }
        let wanted = folded(to);
        let known = catalog::projects(&self.setup.home).into_iter().map(|known| known.dir);
        let fits: Vec<PathBuf> =
            known.filter(|dir| dir.is_dir() && name(dir).contains(&wanted)).collect();
        let exact: Vec<&PathBuf> = fits.iter().filter(|dir| name(dir) == wanted).collect();
        match (&exact[..], &fits[..]) {
            ([one], _) => self.allowed((*one).clone()),
            ([], [one]) => self.allowed(one.clone()),
            (_, []) => Destination::None,
            _ => Destination::Several,
        }
    }

    fn allowed(&self, directory: PathBuf) -> Destination {
        if self.is_within_roots(&directory) {
            Destination::One(directory)
        } else {
            Destination::Outside(directory)
        }
    }

    /// Points a place at a directory, and says what its next prompt goes on with.
    pub(super) fn move_to(&mut self, source: Source, directory: &Path) {
        let binding = Binding::newest_of(directory.to_owned());
        self.ledger.bind(source, binding, &format!("/cd {}", directory.display()), now());
        let newest = self.newest(directory);
        let screen = notice::moved(&self.scene(), directory, newest.as_ref());
        self.reply_to(source.place, source.message, screen);
    }

    // ---- /stop ----

    fn stop(&mut self, message: &Message) {
        let sessions = sessions_at(&self.sessions, message.place);
        let waited = self.take_back_all_later(message.place);
        if !waited && sessions.is_empty() {
            return self.reply(message, notice::plain("Nothing is running here."));
        }
        let here = self.sessions.shown.iter().filter(|shown| shown.place == message.place);
        for words in here.filter_map(out_of_reach) {
            self.reply(message, notice::plain(words));
        }
        for session in sessions {
            self.sessions.order(session, Order::Stop(message.place));
        }
    }
}

/// The session that words mean: the only one that is called so, or the only one that fits.
pub(super) fn only_fit(sessions: &[Session], words: &str) -> Option<SessionId> {
    let wanted = folded(words.trim());
    let called = |session: &&Session| folded(session.title.trim()) == wanted;
    let mut exact = sessions.iter().filter(called);
    match (exact.next(), exact.next(), sessions) {
        (Some(one), None, _) | (None, None, [one]) => Some(one.id),
        _ => None,
    }
}

/// Where `/cd` leads.
enum Destination {
    One(PathBuf),
    Outside(PathBuf),
    Several,
    None,
}

fn name(directory: &Path) -> String {
    folded(&directory.file_name().unwrap_or_default().to_string_lossy())
}
