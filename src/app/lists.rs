//! What a person picks from, read from Claude's files at the moment it is asked for.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Once,
};

use crate::{
    app::App,
    bridge::{
        binding::Binding,
        place::Place,
        session::{Activity, State},
    },
    claude::{
        catalog::{self, Query, Show},
        history,
        home::is_below,
        session::{Session, SessionId},
        transcript,
        usage::{self, prices::Prices},
    },
    screens::{
        help,
        sessions::{self, DirectoryAction, PAGE, Paging, Picker, SessionCard},
        status::{self, Other, Running, Status},
        words,
    },
    telegram::{
        callback::{Carry, Key, List},
        screen::Screen,
        text::Text,
        update::ChatKind,
    },
};

/// History lines that are looked at for other places: about a month of a busy person.
const RECENT_LINES: usize = 5_000;
/// Other places that `/status` names.
const OTHERS: usize = 8;

impl App {
    /// A page of sessions. None when the directory or the words of the list are no longer known.
    pub(super) fn picker(&self, place: Place, list: List, carry: Carry) -> Option<Screen> {
        let words = list.words.whole()?.split_whitespace().map(str::to_owned).collect();
        let directory = match list.directory {
            Some(key) => Some(self.directory_of(place, key)?),
            None => None,
        };
        let query = Query {
            project: directory.clone(),
            hidden: if list.hidden { Show::All } else { Show::Visible },
            words,
            within: self.setup.roots.clone(),
            skip: usize::from(list.page) * PAGE,
            take: PAGE,
        };
        let mut page = catalog::page(&self.setup.home, &query);
        if page.unreadable > 0 {
            static SAID: Once = Once::new();
            let count = page.unreadable;
            SAID.call_once(|| tracing::warn!(count, "transcripts could not be read"));
        }
        page.sessions.iter_mut().for_each(|session| self.hide_ours(session));
        let picker = Picker {
            list,
            directory,
            sessions: page.sessions,
            more: page.more,
            unreadable: page.unreadable,
            current: self.places.binding(place).and_then(|binding| binding.session),
            carry,
        };
        Some(sessions::picker(&self.scene(), &picker))
    }

    /// The directory that a button names.
    pub(super) fn directory_of(&self, place: Place, key: Key) -> Option<PathBuf> {
        let here = self.places.binding(place).map(|binding| binding.project);
        let first = here.or_else(|| Some(self.first_directory()));
        first.filter(|dir| Key::of_path(dir) == key).or_else(|| {
            let known = catalog::projects(&self.setup.home).into_iter().map(|known| known.dir);
            known.chain(self.setup.project.clone()).find(|dir| Key::of_path(dir) == key)
        })
    }

    /// A page of the directories that Claude knows and that are there, newest first.
    pub(super) fn directories(
        &self,
        lead: Text,
        page: u16,
        (purpose, carry): (DirectoryAction, Carry),
    ) -> Screen {
        let known = catalog::projects(&self.setup.home);
        let there = known.into_iter().filter(|known| {
            self.may_work_in(&known.dir) && (purpose == DirectoryAction::List || known.dir.is_dir())
        });
        let mut places: Vec<_> = there.skip(usize::from(page) * PAGE).take(PAGE + 1).collect();
        let more = places.len() > PAGE;
        places.truncate(PAGE);
        let places: Vec<_> = places
            .into_iter()
            .map(|known| sessions::Place {
                sessions: self.count(&known.dir),
                directory: known.dir,
                modified: known.modified,
            })
            .collect();
        sessions::directories(&self.scene(), lead, &places, Paging { page, more, purpose, carry })
    }

    /// How many sessions the list of a directory has.
    fn count(&self, directory: &Path) -> usize {
        let query = Query { project: Some(directory.to_owned()), ..Query::default() };
        catalog::count(&self.setup.home, &query)
    }

    /// A run of ours is not the laptop: what it holds is not open there.
    fn hide_ours(&self, session: &mut Session) {
        if self.sessions.state(session.id).is_some_and(|state| state.pid.is_some()) {
            session.status = None;
        }
    }

    /// The card of a session.
    pub(super) fn card(&self, session: Session) -> Screen {
        sessions::card(&self.scene(), &self.facts_of(session))
    }

    /// The card of a session that a search has found.
    pub(super) fn preview(&self, session: Session) -> Screen {
        sessions::preview(&self.scene(), &self.facts_of(session))
    }

    fn facts_of(&self, mut session: Session) -> SessionCard {
        self.hide_ours(&mut session);
        let path = self.setup.home.transcript(session.id);
        let digest = path.and_then(|path| transcript::digest(&path).ok()).unwrap_or_default();
        let seconds = match (digest.first_at, digest.last_at) {
            (Some(first), Some(last)) => last.saturating_sub(first) / 1000,
            _ => 0,
        };
        let last = digest.last.map(|last| (last.prompt, last.answer));
        SessionCard { session, prompts: digest.prompts, seconds, last }
    }

    /// What `/start` tells: where one is, or would begin. In a group no titles.
    pub(super) fn start(&self, place: Place, chat: ChatKind) -> Screen {
        if chat != ChatKind::Private {
            return help::start();
        }
        let (binding, session) = self.whereabouts(place);
        if let Some(session) = session.and_then(|session| self.found(session)) {
            return help::start_in(&self.scene(), &self.facts_of(session));
        }
        let directory = Some(&*binding.project).filter(|dir| *dir != self.setup.user_home);
        help::start_anew(&self.scene(), directory)
    }

    /// US dollars of a session, by its transcripts: a process that is gone takes none along.
    fn cost(&self, session: SessionId) -> Option<f64> {
        let used = usage::of_session(&self.setup.home, &Prices::default(), session)?;
        Some(used.cli_cost.map_or(used.sum.cost, |cost| cost.max(used.sum.cost)))
    }

    /// What `/status` tells in a place; other places only where nobody else reads along.
    pub(super) fn status(&self, place: Place, alone: bool) -> Screen {
        let binding = self
            .places
            .binding(place)
            .unwrap_or_else(|| Binding::newest_of(self.first_directory()));
        let found = binding.session.and_then(|session| self.found(session));
        let title = found.as_ref().map_or("New session", |session| session.title.as_str());
        let summary = self.sessions.summary();
        let status = Status {
            session: binding.session.map(|session| (session, title.to_owned())),
            begun: found.is_some(),
            branch: found.as_ref().and_then(|session| session.branch.clone()),
            cost: binding.session.and_then(|session| self.cost(session)),
            run: binding.session.and_then(|session| self.running(session)),
            choices: self.permitted(binding.choices.clone()),
            others: if alone { self.others(place) } else { Vec::new() },
            directory: binding.project,
            warm: summary.warm,
            busy: summary.busy,
            version: summary.version,
        };
        status::status(&self.scene(), &status)
    }

    fn running(&self, session: SessionId) -> Option<Running> {
        let state = self.sessions.state(session).filter(|_| self.sessions.is_at_work(session))?;
        let activity = match (state.activity, state.pid, state.background) {
            (Activity::Busy, ..) => "Working".to_owned(),
            (Activity::Idle(_), Some(_), 0) => "Ready".to_owned(),
            (Activity::Idle(_), Some(_), tasks) => {
                format!("Ready; {} in the background", words::plural(tasks as u64, "task"))
            }
            (Activity::Idle(_), None, _) => "Asleep: the next message wakes it.".to_owned(),
        };
        let context = state.context.map(|used| (used, state.window));
        let State { model, mode, effort, cost, .. } = state;
        Some(Running { activity, model, mode, effort, context, cost })
    }

    /// The newest bindings of other places.
    fn others(&self, place: Place) -> Vec<Other> {
        let mut seen = HashSet::from([place]);
        let mut others = Vec::new();
        let mut lines = 0;
        let bot = self.setup.me.id;
        let looked = history::newest_tagged(&self.setup.home, |entry| {
            lines += 1;
            if let Some((tagged, other, binding)) = Binding::read(entry)
                && tagged == bot
                && seen.insert(other)
            {
                others.push(binding);
            }
            (others.len() == OTHERS || lines == RECENT_LINES).then_some(())
        });
        if let Err(error) = looked {
            tracing::warn!(%error, "the history cannot be read");
        }
        others.into_iter().map(|binding| self.other(binding)).collect()
    }

    fn other(&self, binding: Binding) -> Other {
        let found = binding.session.and_then(|session| self.found(session));
        let title = found.map_or_else(|| "New session".to_owned(), |session| session.title);
        Other { session: binding.session, title, directory: binding.project }
    }

    /// Whether Claude may run there: anywhere, unless the configuration names the directories.
    pub(super) fn may_work_in(&self, directory: &Path) -> bool {
        self.setup.roots.is_empty() || self.is_within_roots(directory)
    }

    /// Whether `/cd` may go there.
    pub(super) fn is_within_roots(&self, directory: &Path) -> bool {
        if !self.setup.roots.is_empty() {
            return self.setup.roots.iter().any(|root| is_below(directory, root));
        }
        let known = || catalog::projects(&self.setup.home).into_iter().map(|known| known.dir);
        is_below(directory, &self.setup.user_home)
            || known().any(|known| is_below(directory, &known))
    }
}
