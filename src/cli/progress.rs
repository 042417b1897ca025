//! How far a command has come, on a line of stderr that gives way to what it prints.

use std::{
    io::{IsTerminal, Write, stderr},
    time::{Duration, Instant},
};

use crate::{
    cli::output::{FAINT, columns, pad},
    screens::words,
};

/// Until it is shown, and between two looks at it.
const GLANCE: Duration = Duration::from_millis(100);
/// Columns of the bar.
const BAR: usize = 24;

/// A bar, where a person sees it.
pub(super) struct Progress {
    next: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// Shown where stdout and stderr are terminals.
    pub(super) fn new() -> Self {
        let is_seen = columns().is_some() && stderr().is_terminal();
        Self { next: is_seen.then(|| Instant::now() + GLANCE), shown: false }
    }

    /// So many bytes are done, of so many.
    pub(super) fn show(&mut self, bytes: u64, of: u64) {
        let Some(next) = self.next.as_mut().filter(|next| **next <= Instant::now()) else { return };
        *next = Instant::now() + GLANCE;
        let share = bytes as f64 / of.max(1) as f64;
        let bar = pad(&"█".repeat((share * BAR as f64) as usize), BAR);
        let (percent, all) = ((share * 100.0) as u64, words::bytes(of));
        // Where it cannot be written, nobody misses it.
        let _ = write!(anstream::stderr(), "\r{FAINT}▕{bar}▏ {percent} % of {all}{FAINT:#}\x1b[K");
        self.shown = true;
    }

    /// Takes it away, before something else is printed.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(anstream::stderr(), "\r\x1b[K");
        }
    }
}
