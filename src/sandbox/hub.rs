//! The world behind one lock, and how its changes reach those who wait for them.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Options,
    change::{Change, State},
    key::Key,
    world::World,
};

/// Changes that a slow watcher may lag behind before it gets the whole state again.
const BACKLOG: usize = 1_024;
/// Longer than anything is held.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

/// What the Bot API, the control API and tests share.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) options: Options,
    /// Opens the page.
    pub(super) key: Key,
    /// Ends everything that waits.
    pub(super) stop: CancellationToken,
    world: Mutex<World>,
    version: watch::Sender<u64>,
    changes: broadcast::Sender<Change>,
}

/// A poller that waits.
#[derive(Debug)]
pub(super) struct Poller<'a>(&'a Hub);

impl Drop for Poller<'_> {
    fn drop(&mut self) {
        self.0.with(World::leave);
    }
}

/// A call that is held.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a Hub);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.with(World::unhold);
    }
}

impl Hub {
    pub(super) fn new(options: Options) -> Self {
        Self {
            key: Key::new(),
            stop: CancellationToken::new(),
            world: Mutex::new(World::new(&options.bot)),
            version: watch::Sender::new(0),
            changes: broadcast::Sender::new(BACKLOG),
            options,
        }
    }

    /// Looks at the world or changes it. Changes are sent out in the order in which they happen.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut world);
        let (changes, touched) = world.drain();
        for change in changes {
            // Nobody may be watching.
            let _ = self.changes.send(change);
        }
        if touched {
            self.version.send_modify(|version| *version += 1);
        }
        result
    }

    /// Enters as the newest poller, and leaves when the guard is dropped: also when the connection
    /// breaks while it waits.
    pub(super) fn poller(&self) -> (u64, Poller<'_>) {
        (self.with(World::enter), Poller(self))
    }

    /// Waits until all held calls are let go, or the sandbox stops.
    /// `since` is what [`World::let_gos`] gave when it was decided: who lets go before a call is
    /// held does so, too.
    pub(super) async fn hold(&self, since: u64) {
        self.with(World::hold);
        let _held = Held(self);
        let far = Instant::now() + FOR_EVER;
        self.until(far, |world| world.is_let_go(since).then_some(())).await;
    }

    /// Looks at the world after each change until there is a result. None at the deadline, or when
    /// the sandbox stops.
    pub(super) async fn until<T>(
        &self,
        deadline: Instant,
        mut check: impl FnMut(&mut World) -> Option<T>,
    ) -> Option<T> {
        let mut version = self.version.subscribe();
        loop {
            version.mark_unchanged();
            if let Some(result) = self.with(&mut check) {
                return Some(result);
            }
            tokio::select! {
                changed = version.changed() => changed.ok()?,
                () = tokio::time::sleep_until(deadline.into()) => return None,
                () = self.stop.cancelled() => return None,
            }
        }
    }

    /// The state, and every change from then on.
    pub(super) fn watch(&self) -> (State, broadcast::Receiver<Change>) {
        self.with(|world| (world.state(), self.changes.subscribe()))
    }
}
