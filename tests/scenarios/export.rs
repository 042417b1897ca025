//! Sessions that are too large to be held in memory, as files in the chat.
//!
//! Small in the suite. The long form, a session of 400 MB:
//! `SEGUE_EXPORT_MB=400 cargo test --test scenarios export -- --nocapture`.

#![allow(clippy::print_stdout, reason = "the measures are what one runs it for")]

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};

use segue::sandbox::{Fault, Post, Stage, Trouble, UPLOAD};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    out::file,
    support::{
        chaos::plan::number,
        phone::{Phone, phone},
        scratch::Scratch,
        wait::until,
    },
};

const MB: usize = 1 << 20;
/// kB that the bot may hold more than before: a few times the longest line of 8 MB.
const MOST: u64 = 36_000;

/// A session in which the person and tools gave this content; its id.
fn session(
    scratch: &Scratch,
    project: &Path,
    contents: impl IntoIterator<Item = Vec<(&'static str, Value)>>,
) -> String {
    let id = Uuid::new_v4().to_string();
    let folder = scratch.folder(project);
    fs::create_dir_all(&folder).unwrap();
    let mut out = BufWriter::new(File::create(folder.join(format!("{id}.jsonl"))).unwrap());
    let first = vec![("user", json!("sow all the beds"))];
    let last = vec![("assistant", json!([{"type": "text", "text": "All of it is sown."}]))];
    let mut parent = Value::Null;
    for (kind, content) in [first].into_iter().chain(contents).chain([last]).flatten() {
        if kind == "api-request-blob" {
            writeln!(out, r#"{{"type":"{kind}","sessionId":"{id}","body":{content}}}"#).unwrap();
            continue;
        }
        let uuid = json!(Uuid::new_v4());
        let record = json!({
            "parentUuid": parent, "isSidechain": false, "type": kind, "uuid": uuid,
            "message": {"id": uuid, "role": kind, "model": "claude-opus", "content": content},
            "timestamp": "2026-11-20T10:00:01.000Z", "entrypoint": "cli", "cwd": project,
            "sessionId": id, "version": "2.1.332", "gitBranch": "main",
        });
        parent = uuid;
        writeln!(out, "{record}").unwrap();
    }
    out.flush().unwrap();
    id
}

/// A use of a tool that gave so many bytes.
fn tool(size: usize) -> Vec<(&'static str, Value)> {
    let id = format!("toolu_{}", Uuid::new_v4());
    let text = "a bean and a bean\n".repeat(size / 18);
    let call = json!([{"type": "tool_use", "id": id, "name": "Bash", "input": {"command": "sow"}}]);
    let gave = json!([{"type": "tool_result", "tool_use_id": id, "content": text}]);
    vec![("assistant", call), ("user", gave)]
}

/// A picture of so many bytes.
fn picture(size: usize) -> Vec<(&'static str, Value)> {
    let source =
        json!({"type": "base64", "media_type": "image/png", "data": "QUJD".repeat(size / 3)});
    vec![("user", json!([{"type": "image", "source": source}]))]
}

/// The most that a process held at once, kB, without what is mapped from files.
fn peak(phone: &Phone) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", phone.pid())).ok()?;
    let kb = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    kb("VmHWM:")?.checked_sub(kb("RssFile:")?)
}

/// Runs `work`, and says how long it took and what it took of memory.
async fn in_little_memory<T>(phone: &Phone, what: &str, work: impl Future<Output = T>) -> T {
    let (before, begun) = (peak(phone), Instant::now());
    let result = work.await;
    if let (Some(before), Some(after)) = (before, peak(phone)) {
        let took = begun.elapsed().as_secs_f64();
        println!("{what}: {took:.1} s, {before} kB before, {after} kB at most");
        assert!(after <= before + MOST, "{before} kB, then {after} kB");
    }
    result
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_session_is_sent_with_its_progress_and_holds_nothing_up() {
    let (scratch, garden, phone) = phone().await;
    let whole = number("SEGUE_EXPORT_MB").map_or(16, |many| many as usize);
    // What a tool gave is in the file up to a megabyte, and the rest is said to be left out; what was
    // sent to the API is not in it at all.
    let results = [MB; 4].into_iter().chain([2 * MB; 2]).map(tool);
    let requests =
        (0..(whole - 8) / 8).map(|_| vec![("api-request-blob", json!("x".repeat(8 * MB)))]);
    session(&scratch, &garden, results.chain(requests));
    phone.client.fault(Fault::on(UPLOAD, Trouble::Hold { at: Stage::Asked }));
    let (first, answer) = in_little_memory(&phone, "sent", async {
        phone.say("/export");
        let share = |post: &Post| post.text.contains("Sending sow-all-the-beds.html (");
        let first = |posts: &[Post]| posts.iter().find(|post| share(post)).cloned();
        let first = phone.see("how far it is", first).await;
        until("the file is on its way", || phone.client.held() > 0);
        // It is still on its way.
        (first, phone.ask("/new water the peas").await)
    })
    .await;
    assert!(first.text.ends_with('%') && answer.text.contains("water the peas"), "{first:?}");
    phone.client.let_go();
    let (post, page) = file(&phone, "sow-all-the-beds.html").await;
    assert!(post.id > answer.id);
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("sow all the beds") && page.contains("All of it is sown."));
    assert_eq!(page.matches("<summary>").count(), 6, "each use of a tool");
    assert!(page.len() > 4 * MB && page.len() < 50 * MB, "{}", page.len());
    let gone = |posts: &[Post]| posts.iter().all(|post| post.id != first.id).then_some(());
    phone.see("the end of its way", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_above_what_telegram_takes_says_how_to_get_it_on_the_laptop() {
    let (scratch, garden, phone) = phone().await;
    let whole = number("SEGUE_EXPORT_MB").map_or(60, |many| many as usize);
    let id = session(&scratch, &garden, (0..whole / 3).map(|_| picture(3 * MB)));
    in_little_memory(&phone, "refused", async {
        phone.say("/export");
        let answer = phone.ask("/new water the peas").await;
        assert!(answer.text.contains("water the peas"), "{answer:?}");
        let command = format!("segue export {id}");
        phone.see_text(&["Too large to send: Telegram takes 50 MB", &command]).await;
    })
    .await;
}
