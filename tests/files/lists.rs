//! Lists in homes as people had them when programs that read Claude's files went wrong.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use segue::claude::{
    catalog::{self, Query, Show},
    session::{Session, SessionId},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{World, all_of, everything, titles};

/// When a transcript seems to have been written to, in seconds.
fn written_at(path: &Path, second: u64) {
    let then = UNIX_EPOCH + Duration::from_secs(second);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

/// Writes every object of a transcript anew, as other programs write JSON.
fn space(path: &Path) {
    let text = fs::read_to_string(path).unwrap();
    let spaced: String = text.replace("\":", "\": ").replace(",\"", ", \"");
    assert!(spaced.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    fs::write(path, spaced).unwrap();
}

/// A transcript in the CLI's form: a prompt of `second` and its answer, with more fields in each
/// record, and more lines behind.
fn made(
    world: &World,
    dir: &Path,
    (prompt, second): (&str, u64),
    more: &Value,
    behind: &[Value],
) -> SessionId {
    let id = SessionId(Uuid::from_u128(u128::from(second) << 64 | u128::from(prompt.len() as u64)));
    let record = |kind: &str, content: &str| {
        let mut record = json!({
            "type": kind, "uuid": format!("{kind}{second}"), "isSidechain": false, "cwd": dir,
            "entrypoint": "cli", "timestamp": format!("1970-01-01T00:00:{second:02}.000Z"),
            "message": {"content": content},
        });
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        record
    };
    let lines = [record("user", prompt), record("assistant", "done")];
    let lines = lines.iter().chain(behind).map(|line| format!("{line}\n"));
    let folder = world.home.folder(dir);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{id}.jsonl"));
    fs::write(&path, lines.collect::<String>()).unwrap();
    written_at(&path, second);
    id
}

fn newest(world: &World, dir: &Path) -> Option<Session> {
    catalog::newest(&world.home, dir)
}

#[test]
fn spaced_json_is_listed_like_compact_json() {
    let world = World::new();
    let dir = world.dir("p");
    let (id, path) = world.case("branch-spaced", (&dir, &dir));
    let found = catalog::find(&world.home, id).unwrap();
    assert_eq!(found.branch.as_deref(), Some("feat/x"));
    assert_eq!(found.title, "on a branch");
    fs::remove_file(path).unwrap();
    for (second, more) in [
        (1, json!({})),
        (2, json!({"entrypoint": "sdk-cli"})),
        (3, json!({"isSidechain": true})),
        (4, json!({"teamName": "beds"})),
        (5, json!({"sessionKind": "daemon"})),
        (6, json!({"sessionKind": "daemon-worker"})),
        (7, json!({"sessionKind": "bg"})),
    ] {
        let id = made(&world, &dir, (&format!("session {second}"), second), &more, &[]);
        let twin = made(&world, &dir, (&format!("its spaced twin {second}"), second), &more, &[]);
        space(&world.home.transcript(twin).unwrap());
        written_at(&world.home.transcript(twin).unwrap(), second);
        assert_ne!(id, twin);
    }
    let mut prompts = world.prompts(&dir);
    prompts.sort();
    let twins = ["its spaced twin 1", "its spaced twin 7", "session 1", "session 7"];
    assert_eq!(prompts, twins);
    let all = Query { hidden: Show::All, ..all_of(&dir) };
    assert_eq!(catalog::count(&world.home, &all), 14);
}

#[test]
fn a_newest_file_of_titles_only_is_passed_over() {
    let world = World::new();
    let dir = world.dir("p");
    let (plain, path) = world.case("plain", (&dir, &dir));
    written_at(&path, 10);
    let (stub, path) = world.case("stub", (&dir, &dir));
    written_at(&path, 20);
    assert_eq!(newest(&world, &dir).unwrap().id, plain);
    assert_eq!(catalog::find(&world.home, stub).unwrap().title, "stub title");
    assert_eq!(world.prompts(&dir), ["stub title", "hello"], "the picker shows it");
}

#[test]
fn emptied_and_zeroed_files_are_passed_over() {
    let world = World::new();
    let dir = world.dir("p");
    let (plain, path) = world.case("plain", (&dir, &dir));
    written_at(&path, 10);
    for (size, second) in [(0, 20), (3_000, 30), (300_000, 40)] {
        let (_, path) = world.case("plain", (&dir, &dir));
        fs::write(&path, vec![0; size]).unwrap();
        written_at(&path, second);
        assert_eq!(newest(&world, &dir).unwrap().id, plain, "{size}");
        assert_eq!(world.prompts(&dir), ["hello"]);
    }
}

#[test]
fn copies_and_links_of_a_session_are_one_row() {
    let world = World::new();
    let dirs = ["here", "there", "elsewhere"].map(|name| world.dir(name));
    let (id, path) = world.case("plain", (&dirs[0], &dirs[0]));
    written_at(&path, 30);
    let name = path.file_name().unwrap();
    // An older copy, one as old, a link, and a folder that is linked.
    for (dir, second) in [(&dirs[1], 10), (&dirs[2], 30)] {
        let copy = world.home.folder(dir).join(name);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&path, &copy).unwrap();
        written_at(&copy, second);
    }
    symlink(&path, path.with_file_name("11111111-1111-4111-8111-111111111111.jsonl")).unwrap();
    let here = world.home.folder(&dirs[0]);
    symlink(&here, here.with_file_name("-a-link")).unwrap();
    let page = catalog::page(&world.home, &everything());
    assert_eq!((titles(&page), page.sessions[0].id), (vec!["hello"], id));
    assert_eq!(page.sessions[0].project, dirs[0], "where it began");
    assert_eq!(catalog::count(&world.home, &everything()), 1);
    assert_eq!(world.prompts(&dirs[1]), ["hello"], "its folder has it");
}

#[test]
fn a_session_that_was_continued_in_another_gives_way_to_it() {
    let world = World::new();
    let dir = world.dir("p");
    let other = world.dir("other");
    let none = json!({});
    let last = made(&world, &other, ("the last", 10), &none, &[]);
    let to =
        |id: &dyn ToString| json!({"type": "continued-in", "continuedInSessionId": id.to_string()});
    let middle = made(&world, &other, ("the middle", 20), &none, &[to(&last)]);
    let title = json!({"type": "ai-title", "aiTitle": "Named"});
    let first = made(&world, &dir, ("the first", 50), &none, &[to(&middle), title]);
    made(&world, &dir, ("another", 30), &none, &[]);
    assert_eq!(newest(&world, &dir).unwrap().title, "another");
    assert_eq!(world.prompts(&dir), ["another"]);
    let shown = catalog::page(&world.home, &Query { hidden: Show::All, ..all_of(&dir) });
    assert_eq!(titles(&shown), ["Named", "another"]);
    assert_eq!(shown.sessions[0].continued_in, Some(middle));
    assert_eq!(catalog::follow(&world.home, first), last);
    assert_eq!(catalog::follow(&world.home, last), last);

    // Where it leads nowhere, in a circle, or something was said here since, it counts as before.
    let nowhere = Uuid::from_u128(9);
    let astray = made(&world, &dir, ("leads nowhere", 51), &none, &[to(&nowhere)]);
    let said = json!({"type": "user", "cwd": dir, "message": {"content": "and on"}});
    let back = made(&world, &dir, ("came back", 52), &none, &[to(&middle), said]);
    let mut prompts = world.prompts(&dir);
    prompts.sort();
    assert_eq!(prompts, ["another", "came back", "leads nowhere"]);
    assert_eq!(catalog::follow(&world.home, astray), astray);
    assert_eq!(catalog::follow(&world.home, back), back);
    let one = made(&world, &dir, ("a circle", 53), &none, &[to(&Uuid::from_u128(53 << 64 | 8))]);
    assert_eq!(catalog::follow(&world.home, one), one);
}

#[test]
fn an_archived_session_is_marked_until_something_is_said_in_it() {
    let world = World::new();
    let dir = world.dir("p");
    let id = made(&world, &dir, ("put away", 20), &json!({}), &[]);
    let notes = world.home.folder(&dir).join(id.to_string());
    fs::create_dir(&notes).unwrap();
    for (note, expected) in [
        (json!({"archived": true, "at": "1970-01-01T00:00:30.000Z", "by": "sdk"}), true),
        (json!({"archived": true, "at": "1970-01-01T00:00:19.000Z"}), false),
        (json!({"archived": false, "at": "1970-01-01T00:00:30.000Z"}), false),
        (json!({"archived": true}), true),
        (json!("?"), false),
    ] {
        fs::write(notes.join("archived.json"), note.to_string()).unwrap();
        let page = catalog::page(&world.home, &all_of(&dir));
        assert_eq!(page.sessions[0].archived, expected, "{note}");
        assert_eq!(newest(&world, &dir).map(|session| session.archived), Some(expected));
    }
}

#[test]
fn a_clear_that_stands_first_is_the_title_only_where_nothing_follows() {
    let world = World::new();
    let dir = world.dir("p");
    let clear = "<command-name>/clear</command-name>";
    let said = json!({"type": "user", "message": {"content": "after it"}});
    made(&world, &dir, (clear, 2), &json!({}), &[said]);
    made(&world, &dir, (clear, 1), &json!({}), &[]);
    assert_eq!(world.prompts(&dir), ["after it", "/clear"]);
}

#[test]
fn names_are_found_composed_or_decomposed() {
    let world = World::new();
    let composed = world.dir("caf\u{e9}");
    let decomposed = world.dir("the\u{302}");
    made(&world, &composed, ("Cre\u{300}me", 1), &json!({}), &[]);
    made(&world, &decomposed, ("br\u{fb}l\u{e9}e", 2), &json!({}), &[]);
    for (words, expected) in [
        ("cr\u{e8}me", "Cre\u{300}me"),
        ("BRU\u{302}LE\u{301}E", "br\u{fb}l\u{e9}e"),
        ("cafe\u{301}", "Cre\u{300}me"),
        ("th\u{ea}", "br\u{fb}l\u{e9}e"),
    ] {
        let query = Query { words: vec![words.to_owned()], ..everything() };
        assert_eq!(titles(&catalog::page(&world.home, &query)), [expected], "{words}");
    }
}
