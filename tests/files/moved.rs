//! Sessions whose directories were moved, renamed, deleted or checked out beside each other.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use segue::claude::{
    catalog::{self, Alternative},
    home::slug,
    session::Session,
};
use serde_json::json;

use super::world::{World, all_of, case, everything, session, transcript};

fn newest(world: &World, dir: &Path) -> Option<Session> {
    catalog::newest(&world.home, dir)
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
    assert_eq!(catalog::left_of(&world.home, &found), [Alternative::Renamed(new)]);
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
        assert_eq!(left, [Alternative::MainTree(repo.clone())], "{:?}", gone.project);
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
    session(&world.home.folder(&listed), &listed, "x", 1);
    session(&world.home.folder(&gone), &gone, "x", 2);
    assert_eq!(catalog::last_project(&world.home), Some(listed));
}
