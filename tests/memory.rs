//! Lists hold little and open little, whatever the files are like.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]
#![allow(dead_code, reason = "the bench uses more of what is shared with it")]

#[path = "bench/corpus.rs"]
mod corpus;
#[path = "bench/dice.rs"]
mod dice;
#[path = "bench/hostile.rs"]
mod hostile;
#[path = "bench/peak.rs"]
mod peak;
#[path = "bench/transcript.rs"]
mod transcript;

use std::fs;

use segue::claude::catalog::{self, Query};

use self::corpus::Corpus;

/// KiB that a list may hold beyond the program itself, on any number of cores.
const MOST: u64 = 16_000_000 / 1024;
/// KiB that an export may hold: less than the session, and a few times its longest line of 8 MB.
const MOST_LINES: u64 = 36_000_000 / 1024;

#[test]
fn no_file_makes_a_list_hold_much() {
    if !peak::is_told() {
        println!("left out: no_file_makes_a_list_hold_much (no /proc)");
        return;
    }
    let corpus = hostile::corpus(2, 18_000_000).unwrap();
    // Without what is mapped from files: the program itself, which is large where it is built for
    // tests.
    let held = |pid| peak::held(pid, "VmHWM:")?.checked_sub(peak::held(pid, "RssFile:")?);
    let mut list = peak::segue(&corpus);
    let held = peak::peak(list.args(["sessions", "--all", "--hidden"]), held).unwrap();
    assert!(held <= MOST, "held {held} KiB");
}

#[test]
fn a_session_of_any_size_is_exported_in_little_memory() {
    if !peak::is_told() {
        println!("left out: a_session_of_any_size_is_exported_in_little_memory (no /proc)");
        return;
    }
    let held = |pid| peak::held(pid, "VmHWM:")?.checked_sub(peak::held(pid, "RssFile:")?);
    let (corpus, path) = Corpus::of_one(40_000_000).unwrap();
    let file = corpus.user_home().join("session.html");
    let mut export = peak::segue(&corpus);
    export.arg("export").arg(path.file_stem().unwrap()).arg("--output").arg(&file);
    let held = peak::peak(&mut export, held).unwrap();
    assert!(held <= MOST_LINES, "held {held} KiB");
    let pictures = fs::read_to_string(&file).unwrap().matches("<img ").count();
    assert!(pictures > 0 && fs::metadata(file).unwrap().len() > 5_000_000);
}

#[test]
fn a_page_opens_the_files_it_shows() {
    let corpus = Corpus::of_sessions(2_000, 0.001).unwrap();
    for skip in [0, 20] {
        let page = catalog::page(&corpus.home(), &Query { skip, take: 20, ..Query::default() });
        assert_eq!((page.sessions.len(), page.more), (20, true));
        // One more tells that more follow; a few are hidden, which only shows when they are open.
        let needed = skip + 20 + 1;
        assert!((needed..needed + 10).contains(&page.opened), "opened {} files", page.opened);
    }
}
