//! Lists in homes as people had them when programs that read Claude's files went wrong.

use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, UNIX_EPOCH},
};

use segue::claude::{
    catalog::{self, Left, Query, Show},
    home::slug,
    session::{Session, SessionId},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{World, all_of, case, session, titles, transcript};

/// All sessions of all directories.
fn everything() -> Query {
    Query { take: 100, ..Query::default() }
}

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
fn a_session_is_found_by_what_its_file_is_called() {
    let world = World::new();
    let dir = world.dir("p");
    let name = "7F9C2BA4-E88F-4F82-B71D-4B0E6F6E6A10";
    let folder = world.home.folder(&dir);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{name}.jsonl"));
    fs::write(&path, case("plain", &dir, name)).unwrap();
    let found = newest(&world, &dir).unwrap();
    assert_eq!(catalog::find(&world.home, found.id).unwrap().title, "hello");
    assert_eq!(world.home.transcript(found.id), Some(path));
    assert_eq!(world.home.resume_id(found.id).as_deref(), Some(name));
}

#[test]
fn a_project_that_was_moved_goes_on_where_its_folder_says() {
    let world = World::new();
    let (old, new) = (world.dir("old"), world.dir("new"));
    let (id, path) = world.case("plain", (&old, &new));
    assert_eq!(
        catalog::find(&world.home, id).unwrap().project,
        new,
        "a copy, while both are there"
    );
    fs::remove_dir(&old).unwrap();
    assert_eq!(catalog::find(&world.home, id).unwrap().project, new);
    assert_eq!(newest(&world, &new).unwrap().project, new);
    let page = catalog::page(&world.home, &everything());
    assert_eq!(page.sessions[0].project, new);
    let projects = catalog::projects(&world.home);
    assert_eq!(projects.iter().map(|project| &project.dir).collect::<Vec<_>>(), [&new]);

    fs::remove_dir(&new).unwrap();
    let gone = catalog::find(&world.home, id).unwrap();
    assert_eq!(gone.project, old, "where it began, if nothing is there");
    assert_eq!(catalog::left_of(&world.home, &gone), []);
    assert!(path.exists());
}

#[test]
fn a_directory_that_is_gone_leaves_its_other_spelling() {
    let world = World::new();
    let (old, new) = (world.dir("my-app"), world.dir("my_app"));
    let (id, _) = world.case("plain", (&old, &old));
    let found = catalog::find(&world.home, id).unwrap();
    assert_eq!((found.project.as_path(), catalog::left_of(&world.home, &found)), (&*old, vec![]));
    fs::remove_dir(&old).unwrap();
    let found = catalog::find(&world.home, id).unwrap();
    assert_eq!(found.project, old);
    assert_eq!(catalog::left_of(&world.home, &found), [Left::Renamed(new)]);
}

#[test]
fn a_worktree_that_is_gone_leaves_its_main_tree() {
    let world = World::new();
    let repo = repository(&world, "repo");
    let beside = world.dir("repo").join(".claude/worktrees/one");
    let outside = world.root.path().canonicalize().unwrap().join("outside");
    for tree in [&beside, &outside] {
        git(&repo, &["worktree", "add", "-q", tree.to_str().unwrap()]);
    }
    world.case("plain", (&repo, &repo));
    let noted = world.root.path().join("noted");
    let (third, path) = world.case("plain", (&noted, &noted));
    let state = json!({"type": "worktree-state", "worktreeSession": {"originalCwd": repo}});
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{state}\n{text}")).unwrap();
    let (first, _) = world.case("plain", (&beside, &beside));
    let (second, _) = world.case("plain", (&outside, &outside));
    for tree in [&beside, &outside] {
        fs::remove_dir_all(tree).unwrap();
    }
    for id in [first, second, third] {
        let gone = catalog::find(&world.home, id).unwrap();
        let left = catalog::left_of(&world.home, &gone);
        assert_eq!(left, [Left::MainTree(repo.clone())], "{:?}", gone.project);
    }
}

#[test]
fn a_folder_that_two_directories_share_is_known_to_hold_both() {
    let world = World::new();
    let (one, two) = (world.dir("my-app"), world.dir("my_app"));
    assert_eq!(slug(&one), slug(&two));
    let folder = world.home.folder(&one);
    session(&folder, &one, "one", 1);
    session(&folder, &two, "two", 100);
    for second in 2..40 {
        let line = format!(
            r#"{{"type":"user","cwd":"{}","entrypoint":"sdk-cli","message":{{"content":"x"}}}}"#,
            two.display()
        );
        transcript(&folder, &line, second);
    }
    let mut dirs: Vec<_> = catalog::projects(&world.home).into_iter().map(|it| it.dir).collect();
    dirs.sort();
    assert_eq!(dirs, [one.clone(), two.clone()]);
    for (dir, prompt) in [(&one, "one"), (&two, "two")] {
        assert_eq!(world.prompts(dir), [prompt]);
        assert_eq!(catalog::count(&world.home, &all_of(dir)), 1);
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
fn worktrees_inside_the_main_tree_are_lists_of_their_own() {
    let world = World::new();
    let repo = repository(&world, "repo");
    let trees =
        ["one", "deleted", "forgotten"].map(|name| repo.join(".claude/worktrees").join(name));
    for tree in &trees {
        git(&repo, &["worktree", "add", "-q", tree.to_str().unwrap()]);
    }
    fs::remove_dir_all(&trees[1]).unwrap();
    git(&repo, &["worktree", "remove", trees[2].to_str().unwrap()]);
    let nested = repository(&world, "repo/nested");
    let inner = trees[0].join("src");
    fs::create_dir(&inner).unwrap();
    for (dir, prompt) in [
        (&repo, "main"),
        (&repo.join("src"), "source"),
        (&trees[0], "worktree"),
        (&inner, "in the worktree"),
        (&trees[1], "deleted"),
        (&trees[2], "forgotten"),
        (&nested, "nested"),
    ] {
        session(&world.home.folder(dir), dir, prompt, 1);
    }
    for (dir, expected) in [
        (&repo, &["forgotten", "main", "nested", "source"][..]),
        (&trees[0], &["in the worktree", "worktree"]),
    ] {
        let mut prompts = world.prompts(dir);
        prompts.sort();
        assert_eq!(prompts, expected);
    }
}

fn git(dir: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    git.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]);
    let output = git.args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn repository(world: &World, name: &str) -> PathBuf {
    let dir = world.dir(name);
    git(&dir, &["init", "-q"]);
    git(&dir, &["commit", "-q", "--allow-empty", "-m", "First"]);
    dir
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

#[test]
fn the_directory_used_last_is_one_that_is_there() {
    let world = World::new();
    let [gone, there, listed] = ["gone", "there", "listed"].map(|name| world.dir(name));
    let line = |dir: &Path| json!({"display": "x", "timestamp": 1, "project": dir}).to_string();
    fs::create_dir_all(&world.home.dir).unwrap();
    fs::write(world.home.history(), [line(&there), line(&gone), line(&gone)].join("\n")).unwrap();
    assert_eq!(catalog::last_project(&world.home), Some(gone.clone()));
    fs::remove_dir(&gone).unwrap();
    assert_eq!(catalog::last_project(&world.home), Some(there.clone()));
    fs::remove_dir(&there).unwrap();
    assert_eq!(catalog::last_project(&world.home), None);
    made(&world, &listed, ("x", 1), &json!({}), &[]);
    made(&world, &gone, ("x", 2), &json!({}), &[]);
    assert_eq!(catalog::last_project(&world.home), Some(listed));
}
