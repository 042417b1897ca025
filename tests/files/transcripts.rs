//! The fixture's transcripts, and its history, read whole.

use segue::claude::{
    catalog::{self, Query},
    history,
    transcript::{self, Digest},
};

use super::fixture;

/// The digest of the fixture's session of that title.
fn digest(title: &str) -> Digest {
    let home = fixture();
    let page = catalog::page(&home, &Query { take: 100, ..Query::default() });
    let session = page.sessions.iter().find(|session| session.title == title).unwrap();
    transcript::digest(&home.transcript(session.id).unwrap()).unwrap()
}

#[test]
fn a_conversation_is_digested() {
    let digest = digest("Sowing dates from frost data");
    assert_eq!((digest.prompts, digest.skipped), (2, 0));
    assert_eq!(digest.cost, Some(0.4127));
    assert_eq!(digest.model.as_deref(), Some("claude-opus-5-5"));
    assert!(digest.context.is_some_and(|tokens| tokens > 10_000));
    assert!(digest.first_at < digest.last_at);
    let last = digest.last.unwrap();
    assert_eq!(last.prompt, "Yes, and add a test with an even number of years.");
    assert!(last.answer.starts_with("Done: `src/frost.rs` holds the median"), "{}", last.answer);
    assert_eq!(last.tools, 2);
}

#[test]
fn a_broken_file_shows_what_can_be_read() {
    let digest = digest("Soil sensor reads zero");
    assert_eq!((digest.prompts, digest.skipped), (2, 2));
    let last = digest.last.unwrap();
    assert_eq!(
        (last.prompt.as_str(), last.answer.as_str()),
        ("It was the plug. Make the code say it, please.", "")
    );
}

#[test]
fn the_active_branch_is_followed() {
    let last = digest("Keep the Latin names in brackets, as on this label.").last.unwrap();
    assert_eq!(last.prompt, "Keep the Latin names in brackets, as on this label.");
    assert!(last.answer.starts_with("Done: *ffa dringo"));
}

#[test]
fn what_was_said_before_a_compact_boundary_is_shown() {
    let home = fixture();
    let query = Query { words: vec!["moon phases".to_owned()], take: 1, ..Query::default() };
    let session = catalog::page(&home, &query).sessions.pop().unwrap();
    let exchanges = transcript::exchanges(&home.transcript(session.id).unwrap(), 9).unwrap();
    let prompts: Vec<_> = exchanges.iter().map(|exchange| exchange.prompt.as_str()).collect();
    let expected = [
        "Draw the phase of the moon next to each day in the month view.",
        "Now put the same symbols into the week view, dimmed.",
    ];
    assert_eq!(prompts, expected);
}

#[test]
fn the_newest_line_of_a_place_is_found() {
    let home = fixture();
    let found = history::newest_tagged(&home, |entry| {
        let chat = entry.telegram.as_ref()?.get("chat")?.as_u64()?;
        (chat == 42).then(|| entry.display.clone())
    });
    assert!(found.unwrap().unwrap().starts_with("The seed shop takes five seconds"));
}
