//! What was said, used and done anywhere, and what runs, in the chat.

use std::fs;

use segue::sandbox::Post;
use serde_json::json;

use crate::support::{
    phone::{Phone, session_of},
    scratch::Scratch,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_search_shows_where_it_was_said_and_goes_on_from_there() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let id = scratch.session(&garden, &["sow the beans", "thanks", "and what of the quinces?"], 50);
    for n in 1..=8 {
        scratch.session(&garden, &[&format!("quinces number {n}")], n);
    }
    scratch.session(&garden, &["prune the pears"], 1);
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/search QUINCES in:user");
    let page =
        phone.see_text(&["Found QUINCES in:user", "1. quinces number 1", "there is more"]).await;
    assert!(page.text.contains("6. quinces number 6") && !page.text.contains("7. "), "{page:?}");
    phone.press(&page, "Older ›").await;
    let page = phone.see_text(&["from the 7th on", "\n3. ", "10 sessions"]).await;
    assert!(page.text.contains("and what of the quinces?"), "{page:?}");
    phone.press(&page, "3").await;
    let around = phone.see_text(&["You · ", "and what of the quinces?"]).await;
    assert!(!around.text.contains("Done: sow the beans"), "{around:?}");
    phone.press(&around, "Continue here").await;
    let card = phone.see_text(&["Write to continue here", "3 prompts"]).await;
    assert_eq!(session_of(&card), id);
    phone.press(&around, "Continue in a copy").await;
    let answer = phone.ask("again").await;
    assert!(answer.text.contains("I see 4 prompts") && session_of(&answer) != id, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_finds_nothing_or_cannot_be_read_says_what_would() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["sow the beans"], 5);
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/search quince dir:garden");
    phone.see_text(&["Nothing found for quince dir:garden", "Without dir: it may find more"]).await;
    phone.say("/search beans since:soon");
    phone.see_text(&["since:soon is no time", "since:7d"]).await;
    phone.say("/search");
    phone.see_text(&["Give a word to look for"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tools_did_and_what_it_cost_is_told() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let id = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";
    let folder = scratch.folder(&garden);
    fs::create_dir_all(&folder).unwrap();
    let line = |number: usize, command: &str| {
        json!({"type": "assistant", "cwd": garden, "timestamp": "2026-05-04T09:12:33.456Z",
            "requestId": "r", "message": {"id": format!("m{number}"), "model": "claude-opus-4-5",
            "content": [{"type": "tool_use", "id": format!("t{number}"), "name": "Bash",
                "input": {"command": command}}],
            "usage": {"input_tokens": 100_000, "output_tokens": 1_000}}})
        .to_string()
    };
    let mut lines: Vec<String> = (0..30).map(|number| line(number, "ls beds")).collect();
    lines.push(line(30, "git push --force"));
    fs::write(folder.join(format!("{id}.jsonl")), lines.join("\n")).unwrap();
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say(&format!("/audit {}", &id[..8]));
    let told = phone.see_text(&["31 uses · 1 marked", "git push --force", "⚠ Overwrites"]).await;
    assert!(!told.text.contains("ls beds"), "{told:?}");
    let file = |posts: &[Post]| posts.iter().find(|post| post.media.is_some()).cloned();
    phone.see("a file", file).await;
    phone.say("/usage");
    // 31 times 100,000 tokens at 5 and 1,000 at 25 dollars a million.
    phone.see_text(&["In all  $16.28", "3.1M in", "claude-opus-4-5", "~/garden"]).await;
    let pictures = |posts: &[Post]| posts.iter().filter(|post| post.media.is_some()).count();
    assert_eq!(phone.see("the chat", |posts| Some(pictures(posts))).await, 1, "only the audit");
    // What was used on several days is a picture, too.
    let days = (1..=4).map(|ago| {
        let at = (chrono::Utc::now() - chrono::Days::new(ago)).to_rfc3339();
        let line = line(30 + ago as usize, "ls beds");
        line.replace("2026-05-04T09:12:33.456Z", &at)
    });
    let more = lines.iter().cloned().chain(days).collect::<Vec<_>>().join("\n");
    fs::write(folder.join(format!("{id}.jsonl")), more).unwrap();
    phone.say("/usage");
    phone.see("a picture", |posts| (pictures(posts) == 2).then_some(())).await;
    phone.see_text(&["What each of the last 30 days cost, "]).await;
    phone.say("/audit today");
    phone.see_text(&["What tools did today", "No tool was used"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_listed_and_ended_after_a_question() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let id = scratch.session(&garden, &["sow the beans"], 5);
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/live");
    phone.see_text(&["No session of Claude's runs"]).await;
    let mut terminal = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let pid = terminal.id();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let began = stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().to_owned();
    let folder = scratch.home().join(".claude/sessions");
    fs::create_dir_all(&folder).unwrap();
    let entry = json!({"pid": pid, "procStart": began, "sessionId": id, "cwd": garden,
        "kind": "interactive", "entrypoint": "cli", "status": "waiting",
        "waitingFor": "permission prompt"});
    fs::write(folder.join(format!("{pid}.json")), entry.to_string()).unwrap();
    phone.say("/live");
    let list =
        phone.see_text(&["1 session on the laptop", "sow the beans", "permission prompt"]).await;
    phone.press(&list, "Stop 1").await;
    let asked = phone.see_text(&["End sow the beans?", "which is lost"]).await;
    assert!(terminal.try_wait().unwrap().is_none(), "only asked");
    phone.press(&asked, "End it").await;
    phone.see_text(&["sow the beans is ended"]).await;
    assert!(!terminal.wait().unwrap().success());
    phone.press(&list, "Stop 1").await;
    phone.see_text(&["does not run any more"]).await;
}
