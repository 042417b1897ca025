//! The key of the page: on a machine of several users it is not everybody's.

use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

/// What opens the page.
#[derive(Debug)]
pub(super) struct Key {
    lasting: String,
    /// Opens it once. It is for a command line, which every user of the machine can read.
    once: Mutex<Option<String>>,
}

impl Key {
    /// A key that nobody can guess.
    pub(super) fn new() -> Self {
        let random = || Uuid::new_v4().simple().to_string();
        Self { lasting: random(), once: Mutex::new(Some(random())) }
    }

    /// The key that stays good.
    pub(super) fn lasting(&self) -> &str {
        &self.lasting
    }

    /// The key that is good once; the lasting one when it was used.
    pub(super) fn once(&self) -> String {
        self.unused().clone().unwrap_or_else(|| self.lasting.clone())
    }

    fn unused(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.once.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a key in an address is good. The one that is good once is used up.
    pub(super) fn admits(&self, key: &str) -> bool {
        let mut once = self.unused();
        let is_once = once.as_deref().is_some_and(|once| same(once, key));
        if is_once {
            *once = None;
        }
        is_once || same(&self.lasting, key)
    }
}

/// Compares in a time that tells nothing of where two keys differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}
