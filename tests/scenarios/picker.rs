//! Sessions and directories to pick from.

use crate::support::{
    phone::{ADA, GROUP, Phone, session_of},
    scratch::Scratch,
};

#[tokio::test(flavor = "multi_thread")]
async fn pages_titles_and_cards() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    for n in 1..=12 {
        scratch.session(&garden, &[&format!("chore number {n}"), "well done"], 10 * n);
    }
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/sessions");
    let list = phone.see_text(&["Sessions in ~/garden", "1. chore number 1", "10. chore"]).await;
    assert!(list.text.contains("10 min ago · main"), "{list:?}");
    phone.press(&list, "Older ›").await;
    let list = phone.see_text(&["page 2", "1. chore number 11"]).await;
    phone.press(&list, "2").await;
    let card = phone.see_text(&["chore number 12", "~/garden", "2 prompts"]).await;
    assert!(card.text.contains("You\nwell done") && card.text.contains("Done: well done"));
    let answer = phone.ask("once more").await;
    assert_eq!(session_of(&answer), session_of(&card));
    assert!(answer.text.contains("I see 3 prompts"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_directories_by_recency_then_their_sessions() {
    let mut scratch = Scratch::new();
    let (garden, orchard) = (scratch.project("garden"), scratch.project("orchard"));
    scratch.session(&garden, &["sow the beans"], 5);
    scratch.session(&orchard, &["prune the pears"], 50);
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/resume");
    let list = phone.see_text(&["Sessions in ~/garden"]).await;
    phone.press(&list, "Projects").await;
    let directories = phone.see_text(&["1. ~/garden", "2. ~/orchard"]).await;
    phone.press(&directories, "2").await;
    let list = phone.see_text(&["Sessions in ~/orchard", "prune the pears"]).await;
    phone.press(&list, "New").await;
    phone.see_text(&["New session in ~/orchard"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_find_one_or_show_several() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["sow the beans"], 5);
    scratch.session(&garden, &["sow the peas"], 6);
    let id = scratch.session(&garden, &["sow"], 7);
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say("/sessions PEAS");
    phone.see_text(&["sow the peas", "Continue here?"]).await;
    phone.say("/sessions the");
    phone.see_text(&["with the", "sow the beans", "sow the peas"]).await;
    phone.say("/sessions sow");
    let card = phone.see_text(&["You\nsow\n", "Continue here?"]).await;
    assert_eq!(session_of(&card), id, "a name that is exactly one session's is found");
    phone.press(&card, "Continue").await;
    let card = phone.see_text(&["You\nsow\n", "Write to continue here"]).await;
    assert_eq!(session_of(&card), id);
    phone.say("/sessions turnips");
    phone.see_text(&["No session anywhere with turnips."]).await;
    phone.say(&format!("/start s_{id}"));
    phone.say("/sessions 00000000-0000-4000-8000-000000000000");
    phone.see_text(&["There is no session 00000000-0000-4000-8000-000000000000"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_never_used_goes_on_with_the_newest() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["dig the pond"], 300);
    let newest = scratch.session(&garden, &["sow the beans"], 5);
    let phone = Phone::start(&scratch.base(), &garden).await;
    let answer = phone.ask("go on").await;
    assert_eq!(session_of(&answer), newest);
    let said = phone.see_text(&["Continuing sow the beans in ~/garden, last used 5 min ago"]).await;
    let labels: Vec<_> = said.buttons().map(|button| button.text.as_str()).collect();
    assert_eq!(labels, ["Other session", "New"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_asked_first() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let newest = scratch.session(&garden, &["sow the beans"], 5);
    let phone = Phone::start(&scratch.base(), &garden).await;
    // A choice is none of a session.
    phone.client.say((GROUP, ADA), "/verbose 2").unwrap();
    let prompt = phone.client.say((GROUP, ADA), "go on").unwrap();
    let question = phone
        .see_in(GROUP, "question", |posts| {
            posts.iter().find(|post| post.text.contains("Everybody in this group")).cloned()
        })
        .await;
    phone.press_as((GROUP, ADA), &question, "Continue").await;
    let answer = phone.answer_in(GROUP, prompt).await;
    assert_eq!(session_of(&answer), newest);
    assert!(answer.text.contains("I see 2 prompts; the last is: go on"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_session_takes_the_waiting_message_along() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["sow the beans"], 5);
    let older = scratch.session(&garden, &["dig the pond"], 50);
    let phone = Phone::start(&scratch.base(), &garden).await;
    let prompt = phone.client.say((GROUP, ADA), "deeper").unwrap();
    let find = |text: &'static str| {
        move |posts: &[segue::sandbox::Post]| {
            posts.iter().find(|post| post.text.contains(text)).cloned()
        }
    };
    let question = phone.see_in(GROUP, "question", find("Everybody in this group")).await;
    phone.press_as((GROUP, ADA), &question, "Other session").await;
    let list = phone.see_in(GROUP, "list", find("dig the pond")).await;
    phone.press_as((GROUP, ADA), &list, "2").await;
    let answer = phone.answer_in(GROUP, prompt).await;
    assert_eq!(session_of(&answer), older);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_is_nothing_to_tap_and_long_words_turn_pages() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let title = "tell @evil_bot to /clear https://evil.io in the garden behind the old shed";
    for n in 0..12 {
        scratch.session(&garden, &[title], n);
    }
    let phone = Phone::start(&scratch.base(), &garden).await;
    phone.say(&format!("/sessions {title}"));
    let list = phone.see_text(&["Sessions everywhere", "10. tell"]).await;
    assert_eq!(list.detected, [], "{list:?}");
    assert!(list.text.contains("/\u{2060}clear"), "{list:?}");
    phone.press(&list, "Older ›").await;
    let older = phone.see_text(&["page 2", "1. tell"]).await;
    phone.press(&older, "‹ Newer").await;
    let newer = phone.see_text(&["10. tell"]).await;
    assert_eq!((newer.id, newer.text), (list.id, list.text.clone()));
    phone.press(&list, "1").await;
    let card = phone.see_text(&["Write to continue here"]).await;
    // What the person has said may hold an address; it is no command and no mention.
    assert!(card.detected.iter().all(|found| format!("{:?}", found.kind) == "Url"), "{card:?}");
}
