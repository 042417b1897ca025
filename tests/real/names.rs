//! Ids and transcripts on the real CLI: an id is what its file is called, and an empty file is
//! neither resumed nor begun again.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use segue::claude::home::Home;

use crate::{
    path::{Bench, sees},
    support::{
        laptop::Laptop,
        phone::{ADA, session_of},
    },
};

/// The only transcript there is.
fn transcript(laptop: &Laptop) -> PathBuf {
    let folders = fs::read_dir(laptop.claude().join("projects")).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let mut paths = files.map(|file| file.unwrap().path());
    let path = paths.find(|path| path.extension().is_some_and(|end| end == "jsonl"));
    path.unwrap()
}

/// A session of one exchange.
fn sow(laptop: &Laptop, garden: &Path) {
    let terminal = laptop.open(garden, &[]);
    terminal.wait_for("❯");
    terminal.say("sow the beans");
    terminal.wait_for(&sees(1, "sow the beans"));
    terminal.exit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_file_is_called_in_capitals_goes_on() {
    let capital = |laptop: &Laptop, garden: &Path| {
        sow(laptop, garden);
        let path = transcript(laptop);
        let name = path.file_stem().unwrap().to_str().unwrap().to_uppercase();
        fs::rename(&path, path.with_file_name(format!("{name}.jsonl"))).unwrap();
    };
    let Some(bench) = Bench::set_up_after("capitals", capital).await else { return };
    let path = transcript(&bench.laptop);
    let name = path.file_stem().unwrap().to_str().unwrap();
    let output = bench.laptop.print(&bench.garden, &["--resume", &name.to_lowercase(), "x"]);
    assert!(!output.status.success(), "the CLI tells the two apart");

    let answer = bench.phone.ask("water the beans").await;
    assert!(answer.text.contains(&sees(2, "water the beans")), "{answer:?}");
    assert_eq!(session_of(&answer), name.to_lowercase());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("water the beans"), "it is the same file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_transcript_was_emptied_gives_way_to_one_fresh_session() {
    let Some(mut bench) = Bench::set_up("emptied").await else { return };
    let mut emptied = HashSet::new();
    for zeroes in [0, 4_096] {
        let old = session_of(&bench.phone.ask("sow the beans").await);
        assert!(emptied.insert(old.clone()), "each time it is another");
        bench.phone.terminate();
        let path = Home::find(None, &bench.laptop.home).transcript(old.parse().unwrap()).unwrap();
        fs::write(path, vec![0; zeroes]).unwrap();
        for (flag, words) in
            [("--resume", "No conversation found"), ("--session-id", "is already in use")]
        {
            let output = bench.laptop.print(&bench.garden, &[flag, &old, "x"]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && said.contains(words), "{output:?}");
        }
        bench.phone.boot().await;
        let answer = bench.phone.ask("water the beans").await;
        assert!(answer.text.contains(&sees(1, "water the beans")), "{answer:?}");
        assert_ne!(session_of(&answer), old);
        bench.phone.see_text(&["A fresh session", &old]).await;
    }
    let posts = bench.phone.client.messages(ADA);
    let fresh = posts.iter().filter(|post| post.text.contains("A fresh session")).count();
    assert_eq!(fresh, emptied.len());
}
