//! Claude's files as a person has them: the fixture home, generated homes, and arbitrary bytes.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "files/audit.rs"]
mod audit;
#[path = "files/bindings.rs"]
mod bindings;
#[path = "files/cases.rs"]
mod cases;
#[path = "files/catalog.rs"]
mod catalog;
#[path = "files/conversations.rs"]
mod conversations;
#[path = "files/damage.rs"]
mod damage;
#[path = "files/follow.rs"]
mod follow;
#[path = "fuzz/inputs.rs"]
mod inputs;
#[path = "files/lists.rs"]
mod lists;
#[path = "files/moved.rs"]
mod moved;
#[path = "files/properties.rs"]
mod properties;
#[path = "files/search.rs"]
mod search;
#[path = "files/slow.rs"]
mod slow;
#[path = "files/table.rs"]
mod table;
#[path = "files/transcripts.rs"]
mod transcripts;
#[path = "files/usage.rs"]
mod usage;
#[path = "files/world.rs"]
mod world;

use std::path::{Path, PathBuf};

use segue::claude::home::Home;

/// The home that the repository holds.
fn fixture() -> Home {
    Home::at(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/home"))
}

/// A project of the fixture; the directory need not exist.
fn garden(name: &str) -> PathBuf {
    Path::new("/home/ada/garden").join(name)
}
