//! Files, diffs and the past on their way out.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use segue::sandbox::{Fault, Post, Stage, Trouble, UPLOAD};
use serde_json::json;

use crate::support::{
    phone::{ADA, Phone, phone},
    picture::png,
};

/// The newest file of the bot with this name, and its content.
pub(crate) async fn file(phone: &Phone, name: &str) -> (Post, Vec<u8>) {
    let is_it = |post: &&Post| {
        let file = post.media.as_ref().and_then(|media| media.file());
        post.from != ADA && file.is_some_and(|file| file.name == name)
    };
    let post = phone.see(name, |posts| posts.iter().rev().find(is_it).cloned()).await;
    let id = post.media.as_ref().and_then(|media| media.file()).unwrap().id.clone();
    (post, phone.client.file(&id).unwrap().bytes.to_vec())
}

fn kind(post: &Post) -> String {
    serde_json::to_value(&post.media).unwrap()["kind"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_picked_and_sent() {
    let (scratch, garden, phone) = phone().await;
    fs::create_dir(garden.join("beds")).unwrap();
    fs::write(garden.join("beds/north.txt"), "tulips\n").unwrap();
    fs::write(garden.join("map.png"), png((30, 20))).unwrap();
    fs::write(garden.join("fake.png"), "no picture").unwrap();
    fs::write(garden.join("empty"), "").unwrap();

    phone.say("/get");
    let folder = phone.see_text(&["~/garden:", "50 MB"]).await;
    let labels: Vec<_> = folder.buttons().map(|button| button.text.clone()).collect();
    assert_eq!(labels, ["beds/", "empty", "fake.png", "map.png", "‹ Up"]);
    phone.press(&folder, "beds/").await;
    let beds = phone.see_text(&["~/garden/beds:"]).await;
    assert_eq!(beds.id, folder.id, "the same message");
    phone.press(&beds, "north.txt").await;
    let (post, bytes) = file(&phone, "north.txt").await;
    assert_eq!((kind(&post).as_str(), &bytes[..]), ("document", &b"tulips\n"[..]));

    phone.say("/get map.png");
    assert_eq!(kind(&file(&phone, "map.png").await.0), "photo");
    phone.say("/get ma");
    phone.see_text(&["what begins with ma"]).await;
    phone.say("/get empty");
    phone.see_text(&["empty", "takes no empty files"]).await;
    phone.say("/get /etc/passwd");
    phone.see_text(&["/etc/passwd", "outside the directories"]).await;
    std::os::unix::fs::symlink("/etc/passwd", garden.join("link")).unwrap();
    phone.say("/get link");
    phone.see_text(&["outside the directories"]).await;
    phone.say(&format!("/get {}/nowhere/x", scratch.home().display()));
    phone.see_text(&["There is no"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_written_is_offered_with_its_diff() {
    let (scratch, garden, mut phone) = phone().await;
    let path = garden.join("notes.md");
    fs::write(&path, "sow in May\n").unwrap();
    git(&garden, &["init", "-q"]);
    git(&garden, &["add", "."]);
    let name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    git(&garden, &[&name[..], &["commit", "-q", "-m", "Begin"]].concat());
    fs::write(&path, "sow in April\n").unwrap();
    let input = json!({"file_path": path, "content": "sow in April\n"});
    let tool = json!({"name": "Write", "input": input, "result": "File created successfully"});
    let script = json!({"rules": [{"replies": [[{"tool": tool}], [{"text": "Noted."}]]}]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    phone.terminate();
    phone.configure("pace_ms = 20\nmode = \"acceptEdits\"\n");
    phone.boot().await;

    let answer = phone.ask("note it").await;
    phone.press(&answer, "Send notes.md").await;
    assert_eq!(file(&phone, "notes.md").await.1, b"sow in April\n");
    phone.press(&answer, "Diff").await;
    phone.see_text(&["~/garden/notes.md: +1 −1", "-sow in May", "+sow in April"]).await;

    fs::write(garden.join("new.txt"), "x\n").unwrap();
    phone.say("/diff");
    phone.see_text(&["~/garden: +2 −1", "+sow in April", "b/new.txt", "+x"]).await;
    fs::write(garden.join("map.bin"), [0, 159, 146, 150]).unwrap();
    fs::write(garden.join("huge.log"), "x\n".repeat(200_000)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", garden.join("link")).unwrap();
    fs::create_dir(garden.join("nested")).unwrap();
    git(&garden.join("nested"), &["init", "-q"]);
    phone.say("/diff");
    let diff =
        phone.see_text(&["New files that are not shown:", "map.bin (4 bytes, binary)"]).await;
    assert!(diff.text.contains("huge.log (390 kB)") && diff.text.contains("+/etc/passwd"));
    assert!(!diff.text.contains("root:"), "{diff:?}");
    fs::write(&path, "a long line of many words\n".repeat(400)).unwrap();
    phone.say("/diff");
    let (post, page) = file(&phone, "changes.html").await;
    assert!(post.text.contains("+402 −1"), "{post:?}");
    assert!(String::from_utf8(page).unwrap().contains("<span class=\"add\">+a long line"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_runs_nothing_that_a_repository_names() {
    let (scratch, garden, phone) = phone().await;
    let started = scratch.home().join("started");
    let program = scratch.home().join("program");
    fs::write(&program, format!("#!/bin/sh\ntouch {}\ncat\n", started.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    git(&garden, &["init", "-q"]);
    fs::write(garden.join("beds.txt"), "tulips\n").unwrap();
    fs::write(garden.join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
    git(&garden, &["add", "."]);
    for key in ["filter.evil.clean", "diff.evil.textconv", "diff.external", "core.fsmonitor"] {
        git(&garden, &["config", key, program.to_str().unwrap()]);
    }
    phone.ask("sow the beans").await;
    phone.say("/diff");
    phone.see_text(&["~/garden: +", "+tulips"]).await;
    assert!(!started.exists());
}

fn git(directory: &Path, arguments: &[&str]) {
    let status = Command::new("git").current_dir(directory).args(arguments).status().unwrap();
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_tells_how_far_it_is_and_holds_nothing_up() {
    let (_scratch, garden, phone) = phone().await;
    let film: Vec<u8> = (0..16 << 20).map(|at: u32| at as u8).collect();
    fs::write(garden.join("film.mp4"), &film).unwrap();
    // Telegram takes the first megabyte, and the rest when it is let go.
    phone.client.fault(Fault::on(UPLOAD, Trouble::Hold { at: Stage::Asked }));
    phone.say("/get film.mp4");
    let percent = |post: &Post| -> Option<u8> {
        let (_, rest) = post.text.split_once("Sending film.mp4 (16 MB) · ")?;
        rest.strip_suffix(" %")?.parse().ok()
    };
    let first = |posts: &[Post]| posts.iter().find_map(&percent).filter(|share| *share > 0);
    let first = phone.see("a share of the file", first).await;
    assert!(first < 100, "{first}");
    // An answer does not wait for the file.
    let answer = phone.ask("sow the beans").await;
    phone.client.let_go();
    let (post, bytes) = file(&phone, "film.mp4").await;
    assert!(answer.id < post.id && bytes == film, "{} {}", answer.id, post.id);
    let gone = |posts: &[Post]| posts.iter().all(|post| percent(post).is_none()).then_some(());
    phone.see("the end of its way", gone).await;

    let lost = Fault { times: 2, ..Fault::on("sendDocument", Trouble::Cut) };
    phone.client.fault(lost);
    phone.say("/get film.mp4");
    let twice = |posts: &[Post]| {
        (posts.iter().filter(|post| post.media.is_some()).count() == 2).then_some(())
    };
    phone.see("the file again, after a while", twice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_git_no_diff() {
    let (_scratch, _, phone) = phone().await;
    phone.say("/diff");
    phone.see_text(&["No diff of ~/garden", "not in a git repository"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_shown_and_exported() {
    let (scratch, garden, phone) = phone().await;
    let prompts = ["sow <script>alert(1)</script>", "water", "weed", "pick", "cook"];
    scratch.session(&garden, &prompts, 5);
    phone.say("/history 2");
    let newest = phone.see_text(&["You · ", "pick", "cook", "Done: cook"]).await;
    assert!(!newest.text.contains("weed"), "{newest:?}");
    phone.press(&newest, "‹ Earlier").await;
    let older = phone.see_text(&["water", "weed"]).await;
    assert!(!older.text.contains("pick"), "{older:?}");
    phone.press(&older, "‹ Earlier").await;
    let oldest = phone.see_text(&["Done: sow"]).await;
    assert!(oldest.buttons().all(|button| button.text != "‹ Earlier"));

    phone.say("/export");
    let (post, page) = file(&phone, "sow.html").await;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("sow &lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
    assert!(post.text.contains("5 prompts"), "{post:?}");
    phone.press(&post, "As Markdown").await;
    let (_, text) = file(&phone, "sow.md").await;
    assert!(String::from_utf8(text).unwrap().contains("> water\n"));
}
