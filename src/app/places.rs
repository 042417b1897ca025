//! Places: what each points at and how it wants its runs, read from Claude's history when it is
//! needed, and written there.
//!
//! Lines are written by a task of their own, because the CLI's lock may be held; until a line is
//! on the disk, and when it cannot get there, the binding is kept in memory.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    bridge::{
        binding::Binding,
        choices::{Choices, Verbosity},
        place::Place,
        prompt::Source,
    },
    claude::{
        history::{self, Entry},
        home::Home,
        session::SessionId,
    },
};

/// What became of a line.
#[derive(Debug)]
pub(super) struct Written {
    /// The place it binds.
    pub(super) place: Place,
    number: u64,
    /// The system's words when it failed.
    pub(super) error: Option<String>,
}

/// The bindings and choices of all places.
pub(super) struct Places {
    home: Home,
    bot: u64,
    unwritten: HashMap<Place, (u64, Binding)>,
    number: u64,
    lines: mpsc::UnboundedSender<(Place, u64, Entry)>,
    writer: JoinHandle<()>,
    /// Directories that the person has trusted here, until Claude's files show it.
    trusted: HashSet<PathBuf>,
    /// How much the painters at work show, for each place.
    views: HashMap<Place, watch::Sender<Verbosity>>,
}

impl Places {
    /// All places, and where the fate of each line is reported.
    pub(super) fn open(home: Home, bot: u64) -> (Self, mpsc::UnboundedReceiver<Written>) {
        // Without bound: the app must not wait for a lock that a terminal holds.
        let (lines, inbox) = mpsc::unbounded_channel();
        let (report, reports) = mpsc::unbounded_channel();
        let writer = tokio::spawn(write(home.clone(), inbox, report));
        let places = Self {
            home,
            bot,
            unwritten: HashMap::new(),
            number: 0,
            lines,
            writer,
            trusted: HashSet::new(),
            views: HashMap::new(),
        };
        (places, reports)
    }

    /// Takes no more lines, and waits until all are written.
    pub(super) async fn close(&mut self) {
        self.lines = mpsc::unbounded_channel().0;
        let _ = (&mut self.writer).await;
    }

    /// What a place points at, if it was ever used.
    pub(super) fn binding(&self, place: Place) -> Option<Binding> {
        if let Some((_, binding)) = self.unwritten.get(&place) {
            return Some(binding.clone());
        }
        let of_place = |entry: &Entry| match Binding::read(entry)? {
            (bot, tagged, binding) if bot == self.bot && tagged == place => Some(binding),
            _ => None,
        };
        history::newest_tagged(&self.home, of_place).unwrap_or_else(|error| {
            tracing::warn!(%error, "the history cannot be read");
            None
        })
    }

    /// Whether what a place points at was written before `at`, milliseconds since the epoch, or
    /// never.
    pub(super) fn is_older(&self, place: Place, at: u64) -> bool {
        let of_place = |entry: &Entry| match Binding::read(entry)? {
            (bot, tagged, _) if bot == self.bot && tagged == place => Some(entry.timestamp),
            _ => None,
        };
        let newest = history::newest_tagged(&self.home, of_place);
        newest.ok().flatten().is_none_or(|written| written < at)
    }

    /// The session that took the prompt of a message, or was picked by it.
    pub(super) fn session_of(&self, source: Source) -> Option<SessionId> {
        let of_message = |entry: &Entry| {
            let message = entry.telegram.as_ref()?.get("message")?.as_i64()?;
            let (bot, place, binding) = Binding::read(entry)?;
            let is_it =
                bot == self.bot && place == source.place && message == i64::from(source.message);
            is_it.then_some(binding.session).flatten()
        };
        history::newest_tagged(&self.home, of_message).ok().flatten()
    }

    /// How a place wants its runs.
    pub(super) fn choices(&self, place: Place) -> Choices {
        self.binding(place).map(|binding| binding.choices).unwrap_or_default()
    }

    /// A directory that the person has trusted, here or at the terminal.
    pub(super) fn trusts(&self, directory: &Path) -> bool {
        self.trusted.contains(directory) || self.home.trusted(directory)
    }

    /// The person trusts a directory.
    pub(super) fn trust(&mut self, directory: PathBuf) {
        self.trusted.insert(directory);
    }

    /// How much a painter in a place shows, as it changes.
    pub(super) fn view(&mut self, place: Place) -> watch::Receiver<Verbosity> {
        self.views.retain(|_, view| view.receiver_count() > 0);
        if let Some(view) = self.views.get(&place) {
            return view.subscribe();
        }
        let (view, shown) = watch::channel(self.choices(place).verbosity);
        self.views.insert(place, view);
        shown
    }

    /// Points a place at something until the session has taken a prompt, which writes it down. How
    /// it wants its runs stays as it was.
    pub(super) fn point(&mut self, place: Place, mut binding: Binding) {
        binding.choices = self.choices(place);
        self.hold(place, binding);
    }

    fn hold(&mut self, place: Place, binding: Binding) {
        self.number += 1;
        self.unwritten.insert(place, (self.number, binding));
    }

    /// Points a place at something and writes it down. `display` and `timestamp` as in
    /// [`Binding::entry`]. How the place wants its runs stays as it was.
    pub(super) fn bind(
        &mut self,
        source: Source,
        mut binding: Binding,
        display: &str,
        timestamp: u64,
    ) {
        binding.choices = self.choices(source.place);
        self.choose(source, binding, display, timestamp);
    }

    /// The same, and how the place wants its runs from now on.
    pub(super) fn choose(
        &mut self,
        source: Source,
        binding: Binding,
        display: &str,
        timestamp: u64,
    ) {
        let entry = binding.entry(source, display, timestamp);
        if let Some(view) = self.views.get(&source.place) {
            view.send_if_modified(|shown| {
                std::mem::replace(shown, binding.choices.verbosity) != binding.choices.verbosity
            });
        }
        self.hold(source.place, binding);
        let _ = self.lines.send((source.place, self.number, entry));
    }

    /// Writes a line that binds nothing.
    pub(super) fn log(&self, place: Place, entry: Entry) {
        let _ = self.lines.send((place, 0, entry));
    }

    /// A line is on the disk: from now on it is read there.
    pub(super) fn written(&mut self, written: &Written) {
        let settled = |(number, _): &mut (u64, Binding)| *number == written.number;
        if written.error.is_none() && self.unwritten.get_mut(&written.place).is_some_and(settled) {
            self.unwritten.remove(&written.place);
        }
    }
}

async fn write(
    home: Home,
    mut lines: mpsc::UnboundedReceiver<(Place, u64, Entry)>,
    report: mpsc::UnboundedSender<Written>,
) {
    while let Some((place, number, entry)) = lines.recv().await {
        let home = home.clone();
        let appended = tokio::task::spawn_blocking(move || history::append(&home, &entry)).await;
        let error = match appended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if report.send(Written { place, number, error }).is_err() {
            return;
        }
    }
}
