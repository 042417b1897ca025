//! Sessions that are archived, deleted, recapped, and read from any point.

use std::fs;

use crate::support::{
    elsewhere::Elsewhere,
    phone::{Phone, phone, session_of},
    scratch::Scratch,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_session_is_left_out_until_its_next_prompt() {
    let (scratch, garden, phone) = phone().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    scratch.session(&garden, &["prune the pears"], 6);
    phone.say("/archive beans");
    let archived = phone.see_text(&["sow the beans", "is archived"]).await;
    let note = scratch.folder(&garden).join(&id).join("archived.json");
    assert!(fs::read_to_string(&note).unwrap().contains(r#""archived":true"#));
    phone.say("/sessions");
    phone.see_text(&["Sessions in", "prune the pears"]).await;
    phone.press(&archived, "Undo").await;
    phone.see_text(&["is not archived any more"]).await;
    assert!(fs::read_to_string(&note).unwrap().contains(r#""archived":false"#));
    phone.say("/archive quinces");
    phone.see_text(&["There is no such session"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_session_is_in_the_trash_and_comes_back() {
    let (scratch, garden, phone) = phone().await;
    let answer = phone.ask("sow the beans").await;
    phone.settled().await;
    let id = session_of(&answer);
    let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
    let agents = transcript.with_extension("").join("subagents");
    fs::create_dir_all(&agents).unwrap();
    fs::write(agents.join("agent-1.jsonl"), "{}\n").unwrap();
    phone.say("/delete");
    let question = phone.see_text(&["Delete sow the beans in ~/garden?", "1 prompt"]).await;
    assert!(transcript.exists(), "only asked");
    phone.press(&question, "Delete it").await;
    let deleted = phone.see_text(&["sow the beans is in the laptop's trash"]).await;
    assert!(!transcript.exists() && !agents.exists());
    // The chat does not go on in what is gone.
    let fresh = phone.ask("prune the pears").await;
    assert!(fresh.text.contains("I see 1 prompts") && session_of(&fresh) != id, "{fresh:?}");
    phone.press(&deleted, "Undo").await;
    phone.see_text(&["sow the beans is back where it was"]).await;
    assert!(transcript.exists() && agents.join("agent-1.jsonl").exists());
    phone.say(&format!("/sessions {id}"));
    phone.see_text(&["Write to continue here", "sow the beans"]).await;
    let answer = phone.ask("water them").await;
    assert!(answer.text.contains("I see 2 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_open_is_not_deleted() {
    let (scratch, garden, phone) = phone().await;
    let id = scratch.session(&garden, &["sow the beans"], 5);
    phone.say(&format!("/delete {}", &id[..8]));
    let question = phone.see_text(&["Delete sow the beans"]).await;
    let terminal = Elsewhere::open(&scratch, &garden, &id);
    phone.press(&question, "Delete it").await;
    phone.see_text(&["sow the beans stays as it is: process", "has it open"]).await;
    phone.say(&format!("/delete {id}"));
    phone
        .see("two refusals", |posts| {
            let refused = posts.iter().filter(|post| post.text.contains("has it open"));
            (refused.count() == 2).then_some(())
        })
        .await;
    drop(terminal);
    assert!(scratch.folder(&garden).join(format!("{id}.jsonl")).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recap_adds_nothing_and_history_begins_anywhere() {
    let (scratch, garden, phone) = phone().await;
    let id = scratch.session(&garden, &["sow", "water", "weed", "pick", "eat"], 5);
    let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
    phone.say(&format!("/sessions {id}"));
    phone.see_text(&["Write to continue here"]).await;
    let before = fs::read_to_string(&transcript).unwrap();
    phone.say("/recap");
    phone.see_text(&["I see 6 prompts; the last is: Recap this session"]).await;
    assert_eq!(fs::read_to_string(&transcript).unwrap(), before);
    phone.say("/history 2");
    let last = phone.see_text(&["pick", "Done: eat"]).await;
    phone.press(&last, "‹ Earlier").await;
    let middle = phone.see_text(&["Done: water", "Done: weed"]).await;
    phone.press(&middle, "Later ›").await;
    phone
        .see("the last two again", |posts| {
            let last = posts.iter().filter(|post| post.text.contains("Done: eat"));
            (last.count() == 2).then_some(())
        })
        .await;
    phone.say("/history 1h");
    phone.see_text(&["Done: sow", "Done: water", "Done: weed"]).await;
    phone.say("/history someday");
    phone.see_text(&["someday is neither a number nor a time"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_of_what_lies_outside_the_roots() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let orchard = scratch.project("orchard");
    let id = scratch.session(&orchard, &["prune the pears"], 5);
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.say(&format!("/sessions {id}"));
    phone.see_text(&["Write to continue here", "prune the pears"]).await;
    phone.terminate();
    phone.configure(&format!("pace_ms = 20\nroots = [{:?}]\n", garden.to_str().unwrap()));
    phone.boot().await;
    for (number, command) in
        ["/history", "/export", "/follow", "/archive", "/delete", "/history 1h"].iter().enumerate()
    {
        phone.say(&if *command == "/follow" {
            format!("/follow {id}")
        } else {
            (*command).to_owned()
        });
        phone
            .see(command, |posts| {
                let refused = posts.iter().filter(|post| post.text.contains("lies outside"));
                (refused.count() == number + 1).then_some(())
            })
            .await;
    }
    let told = |posts: &[segue::sandbox::Post]| {
        Some(posts.iter().filter(|post| post.text.contains("Done: prune")).count())
    };
    assert_eq!(phone.see("the chat", told).await, 1, "the card from before");
}
