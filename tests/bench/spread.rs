//! How the single measurements spread: for whoever works on one of them. They do not take turns, so
//! they are not to be compared with each other.

use std::{io, path::PathBuf, sync::OnceLock, time::Duration};

use divan::{Bencher, Divan};
use segue::claude::{catalog::Query, home::Home, transcript};

use super::{
    Wish,
    corpus::Corpus,
    files::{bound, decode, history, read},
    lists::{PAGE, folders, of_directory, page, stat},
};

/// How long each of them is repeated.
const EACH: Duration = Duration::from_secs(2);

/// What they read. It lies on the disk for as long as [`run`] takes.
struct Stage {
    sessions: Home,
    everywhere: Query,
    directory: Query,
    history: Home,
    transcript: PathBuf,
}

static STAGE: OnceLock<Stage> = OnceLock::new();

pub(crate) fn run(wish: &Wish) -> io::Result<()> {
    let sessions = Corpus::of_sessions(2_000, wish.scale)?;
    let history = history(wish.lines())?;
    let (_one, transcript) = Corpus::of_one(wish.transcript())?;
    STAGE.get_or_init(|| Stage {
        sessions: sessions.home(),
        everywhere: Query { take: PAGE, ..Query::default() },
        directory: of_directory(&sessions),
        history: history.home(),
        transcript,
    });
    Divan::default().max_time(EACH).run_benches();
    Ok(())
}

fn measure<T>(bencher: Bencher<'_, '_>, work: impl Fn(&Stage) -> T + Sync) {
    let stage = STAGE.get().expect("`run` has set it up");
    bencher.bench(|| work(stage));
}

#[divan::bench]
fn page_of_2000(bencher: Bencher<'_, '_>) {
    measure(bencher, |stage| page(&stage.sessions, &stage.everywhere));
}

#[divan::bench]
fn page_of_2000_floor(bencher: Bencher<'_, '_>) {
    measure(bencher, |stage| stat(&folders(&stage.sessions)));
}

#[divan::bench]
fn directory_of_100(bencher: Bencher<'_, '_>) {
    measure(bencher, |stage| page(&stage.sessions, &stage.directory));
}

#[divan::bench]
fn binding(bencher: Bencher<'_, '_>) {
    measure(bencher, |stage| bound(&stage.history));
}

#[divan::bench]
fn decoding(bencher: Bencher<'_, '_>) {
    measure(bencher, |stage| decode(&stage.transcript).is_ok());
}

#[divan::bench]
fn decoding_floor(bencher: Bencher<'_, '_>) {
    measure(bencher, |stage| read(&stage.transcript).is_ok());
}

#[divan::bench]
fn digest(bencher: Bencher<'_, '_>) {
    measure(bencher, |stage| transcript::digest(&stage.transcript).is_ok());
}
