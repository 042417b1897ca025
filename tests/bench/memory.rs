//! Memory of the commands, the greediest of each corpus.

use std::io;

use super::{
    corpus::Corpus,
    peak::{held, peak, segue},
    table::{Amount, Goal, Row},
};

/// KiB that no command may reach.
pub(crate) const COMMAND: u64 = 32_000_000 / 1024;
/// How often each command is run: threads may meet in other ways.
const RUNS: usize = 3;

/// The command that takes most memory on `corpus`.
pub(crate) fn commands(corpus: &Corpus, name: &str) -> io::Result<Row> {
    let directory = corpus.directory();
    let there = directory.to_string_lossy();
    let all: [&[&str]; 10] = [
        &["sessions"],
        &["sessions", "--json"],
        &["sessions", &there],
        &["sessions", "--all"],
        &["sessions", "--all", "--json", "--hidden"],
        &["sessions", "--all", "--limit", "1000"],
        &["usage", "--json"],
        &["search", "bed"],
        &["audit", "--since", "9999d", "--json"],
        &["config"],
    ];
    let most_held = |pid| held(pid, "VmHWM:");
    let mut most = (0, String::new());
    for arguments in all {
        let words = arguments.join(" ").replace(&*there, "DIR");
        for _ in 0..RUNS {
            let mut command = segue(corpus);
            let peak = peak(command.args(arguments).current_dir(&directory), most_held)?;
            most = most.max((peak, words.clone()));
        }
    }
    let floor = peak(segue(corpus).arg("--version"), most_held)?;
    Ok(Row {
        what: format!("Memory of the greediest command, `segue {}`: {name}", most.1),
        measured: Amount::Memory(most.0),
        floor: Some(("`segue --version`", Amount::Memory(floor))),
        ratio: None,
        goal: Goal::AtMost(Amount::Memory(COMMAND)),
    })
}
