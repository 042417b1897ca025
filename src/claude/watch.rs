//! Changes in Claude's directory into a list of what changed.
//!
//! Watches the folder of the registry, the folders of the transcripts and the history, and above
//! them the directory itself and its parent, so that it finds them again when they are made later
//! or replaced. Changes that come together are told together. Never reads a file: who is told looks
//! for itself, and must find the same when told twice. Where the system gives no watch, nothing is
//! told, and what is looked at before each prompt must do.
//!
//! Who follows one transcript is woken at once, before changes are gathered ([`Wakers`]).

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{ModifyKind, RenameMode},
};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, timeout_at},
};

use super::{home::Home, session::SessionId};

/// Time for more changes to come: a turn writes several records within a few milliseconds.
const GATHER: Duration = Duration::from_millis(50);
/// Lists of changes that may wait; the next ones then wait in the watcher.
const LISTS: usize = 16;

/// Something in Claude's directory that is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A transcript was made or has grown.
    Transcript(SessionId),
    /// A transcript is gone.
    Gone(SessionId),
    /// A CLI process has come, gone, or does something else now.
    Registry,
    /// A prompt was typed somewhere.
    History,
    /// Folders were made or replaced, or changes were missed: anything may have changed.
    Everything,
}

/// Wakes those who wait for a change of one transcript. Clones wake the same.
#[derive(Clone, Debug, Default)]
pub struct Wakers(Arc<PendingChanges>);

#[derive(Debug, Default)]
struct PendingChanges {
    all: Mutex<HashMap<SessionId, Vec<Weak<Notify>>>>,
    blind: AtomicBool,
}

impl Wakers {
    /// What is notified when the transcript of a session changes, for as long as it is held.
    pub fn listen(&self, session: SessionId) -> Arc<Notify> {
        let waker = Arc::new(Notify::new());
        let mut all = self.0.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, wakers| {
            wakers.retain(|waker| waker.strong_count() > 0);
            !wakers.is_empty()
        });
        all.entry(session).or_default().push(Arc::downgrade(&waker));
        waker
    }

    /// Whether the system tells of some folder nothing: then its files must be looked at again and
    /// again.
    pub fn are_blind(&self) -> bool {
        self.0.blind.load(Ordering::Relaxed)
    }

    fn set_blind(&self, blind: bool) {
        self.0.blind.store(blind, Ordering::Relaxed);
    }

    fn wake(&self, changes: &BTreeSet<Change>) {
        let all = self.0.all.lock().unwrap_or_else(PoisonError::into_inner);
        for (session, wakers) in all.iter() {
            let is_told = |change: &Change| match change {
                Change::Transcript(of) | Change::Gone(of) => of == session,
                Change::Everything => true,
                Change::Registry | Change::History => false,
            };
            if changes.iter().any(is_told) {
                wakers.iter().filter_map(Weak::upgrade).for_each(|waker| waker.notify_one());
            }
        }
    }
}

/// Watches until the receiver is dropped. Each list holds every change once.
pub fn start(home: Home, wakers: Wakers) -> mpsc::Receiver<Vec<Change>> {
    let (lists, changes) = mpsc::channel(LISTS);
    // Without bound: the watcher's own thread must not wait, or the system drops events.
    let (sink, events) = mpsc::unbounded_channel();
    let watcher = notify::recommended_watcher(move |event| {
        let _ = sink.send(event);
    });
    match watcher {
        Ok(watcher) => {
            let watch = Watch { home, watcher, wakers, watched: BTreeSet::new() };
            tokio::spawn(watch.run(events, lists));
        }
        Err(error) => {
            tracing::warn!(%error, "Claude's directory cannot be watched");
            wakers.set_blind(true);
        }
    }
    changes
}

type Events = mpsc::UnboundedReceiver<notify::Result<Event>>;

struct Watch {
    home: Home,
    watcher: RecommendedWatcher,
    wakers: Wakers,
    watched: BTreeSet<PathBuf>,
}

impl Watch {
    async fn run(mut self, mut events: Events, lists: mpsc::Sender<Vec<Change>>) {
        self.cover();
        // What changed before the watches were set was told by nothing.
        self.wakers.wake(&[Change::Everything].into());
        if lists.send(vec![Change::Everything]).await.is_err() {
            return;
        }
        loop {
            let first = tokio::select! {
                event = events.recv() => event,
                () = lists.closed() => return,
            };
            let Some(first) = first else { return };
            let mut changes = self.changes(first);
            let until = Instant::now() + GATHER;
            while let Ok(Some(event)) = timeout_at(until, events.recv()).await {
                changes.append(&mut self.changes(event));
            }
            if changes.contains(&Change::Everything) {
                self.cover();
                // What has changed while nothing was watched, nobody has told.
                self.wakers.wake(&changes);
            }
            let list: Vec<_> = changes.into_iter().collect();
            if !list.is_empty() && lists.send(list).await.is_err() {
                return;
            }
        }
    }

    /// Watches every folder that is there and not watched. A folder that was replaced is watched
    /// anew, because what is watched is the old one.
    fn cover(&mut self) {
        for old in std::mem::take(&mut self.watched) {
            let _ = self.watcher.unwatch(&old);
        }
        let projects = self.home.projects();
        let above = self.home.dir.parent().map(Path::to_owned);
        let folders = [self.home.dir.clone(), self.home.sessions(), projects.clone()];
        let mut blind = false;
        for folder in above.into_iter().chain(folders) {
            blind |= !self.add(folder);
        }
        // Looked into once it is watched: what comes between is told.
        let inside = fs::read_dir(&projects).into_iter().flatten().flatten();
        for folder in inside.map(|entry| entry.path()).filter(|path| path.is_dir()) {
            blind |= !self.add(folder);
        }
        self.wakers.set_blind(blind);
    }

    /// Watches a folder, if it is there; false where the system tells nothing of it.
    fn add(&mut self, folder: PathBuf) -> bool {
        match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched.insert(folder);
                true
            }
            Err(_) if !folder.exists() => true,
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "cannot be watched");
                false
            }
        }
    }

    /// What an event says has changed. Who waits for just that is woken.
    fn changes(&self, event: notify::Result<Event>) -> BTreeSet<Change> {
        let changes = self.changes_of(event);
        self.wakers.wake(&changes);
        changes
    }

    fn changes_of(&self, event: notify::Result<Event>) -> BTreeSet<Change> {
        match event {
            Ok(event) if event.need_rescan() => [Change::Everything].into(),
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => BTreeSet::new(),
            Ok(event) => {
                event.paths.iter().filter_map(|path| self.change(path, event.kind)).collect()
            }
            Err(error) => {
                tracing::warn!(%error, "watching Claude's directory");
                [Change::Everything].into()
            }
        }
    }

    fn change(&self, path: &Path, kind: EventKind) -> Option<Change> {
        let comes_or_goes = matches!(
            kind,
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        let (projects, sessions) = (self.home.projects(), self.home.sessions());
        if path == self.home.dir || path == projects || path == sessions {
            return comes_or_goes.then_some(Change::Everything);
        }
        if path == self.home.history() {
            return Some(Change::History);
        }
        let folder = path.parent()?;
        if folder == sessions {
            return path.extension().is_some_and(|end| end == "json").then_some(Change::Registry);
        }
        if folder == projects {
            return comes_or_goes.then_some(Change::Everything);
        }
        let session = path.file_stem()?.to_str()?.parse().ok()?;
        let is_transcript = folder.parent() == Some(&projects)
            && path.extension().is_some_and(|end| end == "jsonl");
        let gone = matches!(
            kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From))
        );
        let change = if gone { Change::Gone } else { Change::Transcript };
        is_transcript.then(|| change(session))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";

    /// Waits until this change is told.
    async fn told(changes: &mut mpsc::Receiver<Vec<Change>>, wanted: Change) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let list = timeout_at(deadline, changes.recv()).await;
            let list = list.unwrap_or_else(|_| panic!("{wanted:?} is not told")).unwrap();
            if list.contains(&wanted) {
                return;
            }
        }
    }

    #[tokio::test]
    async fn who_listens_before_the_watches_are_set_looks_again_when_they_are() {
        let above = tempfile::tempdir().unwrap();
        let wakers = Wakers::default();
        let followed = wakers.listen(ID.parse().unwrap());
        let _changes = start(Home::at(above.path().join(".claude")), wakers);
        assert!(tokio::time::timeout(Duration::from_secs(10), followed.notified()).await.is_ok());
    }

    #[tokio::test]
    async fn what_changes_is_told_in_folders_that_come_later_and_are_replaced() {
        let above = tempfile::tempdir().unwrap();
        let home = Home::at(above.path().join(".claude"));
        let id: SessionId = ID.parse().unwrap();
        let wakers = Wakers::default();
        let followed = wakers.listen(id);
        let mut changes = start(home.clone(), wakers.clone());
        let folder = home.projects().join("-garden");
        // The first watches are set by a task: what is made before them would tell nothing.
        told(&mut changes, Change::Everything).await;
        for round in 0..2 {
            fs::create_dir(&home.dir).unwrap();
            told(&mut changes, Change::Everything).await;
            fs::create_dir(home.sessions()).unwrap();
            told(&mut changes, Change::Everything).await;
            fs::create_dir(home.projects()).unwrap();
            told(&mut changes, Change::Everything).await;
            fs::create_dir(&folder).unwrap();
            told(&mut changes, Change::Everything).await;
            fs::write(home.history(), format!("{round}")).unwrap();
            told(&mut changes, Change::History).await;
            fs::write(home.sessions().join("12.json"), "{}").unwrap();
            told(&mut changes, Change::Registry).await;
            let transcript = folder.join(format!("{ID}.jsonl"));
            fs::write(&transcript, "{}\n").unwrap();
            told(&mut changes, Change::Transcript(id)).await;
            let woken = tokio::time::timeout(Duration::from_secs(10), followed.notified()).await;
            assert!(woken.is_ok() && !wakers.are_blind());
            fs::remove_file(transcript).unwrap();
            told(&mut changes, Change::Gone(id)).await;
            fs::rename(&home.dir, above.path().join(format!("old-{round}"))).unwrap();
            told(&mut changes, Change::Everything).await;
        }
    }
}
