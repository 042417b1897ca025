//! Waiting for a fact that nobody announces: a file, a process, a line of a log.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use crate::support::phone::PATIENCE;

/// How often to look. Looking without a pause would take a core from what is waited for.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until something holds. Its test's runtime needs a worker beside the test itself.
pub(crate) fn until(wish: &str, holds: impl FnMut() -> bool) {
    until_or(holds, || format!("not {wish}"));
}

/// The same, with what is said when it never does.
pub(crate) fn until_or(mut holds: impl FnMut() -> bool, otherwise: impl Fn() -> String) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{}", otherwise());
        sleep(LOOK);
    }
}
