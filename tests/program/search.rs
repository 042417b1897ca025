//! `segue search` as scripts and people meet it.

use serde_json::Value;

use crate::{
    machine::{segue, stderr, stdout},
    support::scratch::Scratch,
};

#[test]
fn what_was_said_is_found_from_the_terminal() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let older = scratch.session(&garden, &["sow the beans", "and water the Beans"], 50);
    let newer = scratch.session(&garden, &["beans again"], 5);
    scratch.session(&garden, &["prune the pears"], 1);

    let output = segue(&scratch, &["search", "BEANS", "in:user", "--json"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    let text = stdout(&output);
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = rows.iter().map(|row| row["session"].as_str().unwrap()).collect();
    assert_eq!(told, [newer, older.clone()], "newest first");
    assert_eq!((&rows[0]["title"], &rows[1]["messages"]), (&"beans again".into(), &2.into()));
    assert_eq!(rows[0]["project"], garden.to_str().unwrap());
    assert_eq!((&rows[1]["in"], &rows[1]["place"]), (&"user".into(), &"session".into()));
    assert_eq!(rows[1]["excerpt"], "and water the Beans");
    assert!(rows[0]["at"].as_u64() > rows[1]["at"].as_u64());

    let output = segue(&scratch, &["search", "the beans", "--limit", "1"]);
    let text = stdout(&output);
    assert!(text.contains(&older) && text.contains("~/garden · "), "{text}");
    assert!(!text.contains('\x1b'), "plain in a pipe: {text:?}");
}

#[test]
fn a_search_that_finds_nothing_says_where_it_looked() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.session(&garden, &["sow the beans"], 5);
    let output = segue(&scratch, &["search", "quince", "in:user", "since:7d"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
    let words = stderr(&output);
    assert!(words.contains("nothing found in 1 session"), "{words}");
    assert!(
        words.contains("~/.claude/projects. Without since: or in: it may find more"),
        "{words}"
    );
    let output = segue(&scratch, &["search"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Give a word"), "{}", stderr(&output));
    for (query, advice) in
        [("", "Give a word"), ("x since:soon", "since:7d"), ("x in:me", "in:user")]
    {
        let output = segue(&scratch, &["search", query]);
        assert_eq!(output.status.code(), Some(2), "{query}");
        assert!(stderr(&output).contains(advice), "{}", stderr(&output));
    }
}
