//! How soon a record that is appended to a followed transcript is read.

use std::{
    fs::{self, File},
    io::Write,
    time::{Duration, Instant},
};

use segue::claude::{
    session::SessionId,
    transcript::follow::{Follower, Look},
    watch::{Wakers, start},
};

use crate::world::World;

const ID: &str = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";
const APPENDED: usize = 200;
/// Changes are gathered for 50 ms for those who are told of all: who follows must not wait for that,
/// half of the time at least, however busy the machine is.
const SOON: Duration = Duration::from_millis(45);

#[allow(clippy::print_stdout, reason = "what it measures")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_appended_is_read_before_changes_are_gathered() {
    let world = World::new();
    let folder = world.home.projects().join("-garden");
    fs::create_dir_all(&folder).unwrap();
    let id: SessionId = ID.parse().unwrap();
    let path = folder.join(format!("{ID}.jsonl"));
    fs::write(&path, "").unwrap();
    let wakers = Wakers::default();
    let woken = wakers.listen(id);
    let mut changes = start(world.home.clone(), wakers.clone());
    // The first list says that the watches are set.
    changes.recv().await.unwrap();
    tokio::spawn(async move { while changes.recv().await.is_some() {} });
    let mut follower = Follower::of_the_end(world.home.clone(), id).unwrap();
    let mut file = File::options().append(true).open(&path).unwrap();
    let mut times = Vec::new();
    for number in 0..APPENDED {
        let begun = Instant::now();
        writeln!(file, r#"{{"type":"user","message":{{"content":"{number}"}}}}"#).unwrap();
        let mut read = 0;
        while read == 0 {
            let told = tokio::time::timeout(Duration::from_secs(20), woken.notified()).await;
            told.unwrap_or_else(|_| panic!("nothing is told of line {number}"));
            let look = follower.read(|_| read += 1).unwrap();
            assert_ne!(look, Look::Gone);
        }
        assert_eq!(read, 1);
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let [median, late] = [APPENDED / 2, APPENDED * 99 / 100].map(|at| times[at]);
    println!("appended to read: median {median:?}, 99 of 100 within {late:?}");
    assert!(median < SOON, "median {median:?}");
}
