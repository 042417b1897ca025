//! Lists of sessions: which, in what order, under which titles, and at what cost.

use std::{fs, os::unix::fs::symlink, path::Path};

use segue::claude::{
    catalog::{self, Query, Show},
    home::{Home, slug},
    session::SessionId,
};
use uuid::Uuid;

use super::{
    fixture, garden,
    world::{World, all_of, session, titles, transcript},
};

#[test]
fn the_fixture_is_listed_as_the_picker_lists_it() {
    let home = fixture();
    for (project, expected) in [
        (
            "almanac",
            &[
                "Sowing dates, the cautious way",
                "Sowing dates from frost data",
                "Fix the leap year panic in week 53",
                "Moon phases in month and week view",
            ][..],
        ),
        (
            "greenhouse",
            &["Watering schedule for the greenhouse", "Soil sensor reads zero", "/clear"],
        ),
        (
            "website",
            &[
                "Make the seed shop fast on a phone",
                "Keep the Latin names in brackets, as on this label.",
                "RSS feed for new seeds",
            ],
        ),
        ("nowhere", &[]),
    ] {
        let page = catalog::page(&home, &all_of(garden(project)));
        assert_eq!(titles(&page), expected, "{project}");
        assert_eq!((page.more, page.unreadable), (false, 0));
        assert!(page.sessions.iter().all(|session| session.project == garden(project)));
    }
    let page = catalog::page(&home, &Query { take: 100, ..Query::default() });
    assert_eq!(page.sessions.len(), 10);
    assert_eq!(titles(&page)[0], "Make the seed shop fast on a phone");
    assert!(page.sessions.is_sorted_by(|a, b| a.modified >= b.modified));
}

#[test]
fn a_session_says_what_it_is() {
    let home = fixture();
    let page = catalog::page(&home, &all_of(garden("website")));
    let session = page.sessions[0].clone();
    assert_eq!(catalog::find(&home, session.id).as_ref(), Some(&session));
    assert_eq!(session.origin.as_deref(), Some("telegram"));
    assert_eq!(session.branch.as_deref(), Some("main"));
    assert_eq!(session.modified, 1_777_983_459_370);
    assert_eq!(session.status, None);
    let path = home.transcript(session.id).unwrap();
    assert_eq!(session.size, path.metadata().unwrap().len());
    assert_eq!(catalog::find(&home, "11111111-1111-4111-8111-111111111111".parse().unwrap()), None);
}

#[test]
fn hidden_sessions_are_shown_on_request() {
    let query = Query { hidden: Show::All, ..all_of(garden("almanac")) };
    let page = catalog::page(&fixture(), &query);
    assert_eq!(page.sessions.len(), 5);
    let programs: Vec<_> =
        page.sessions.iter().filter(|s| s.origin.as_deref() == Some("sdk-cli")).collect();
    assert_eq!(programs.len(), 1);
    assert_eq!(programs[0].title, "Summarise the commits since the last tag for the changelog.");
    let query = Query { hidden: Show::All, ..all_of(garden("greenhouse")) };
    assert_eq!(
        catalog::page(&fixture(), &query).sessions.len(),
        4,
        "nor the empty and the garbage"
    );
}

#[test]
fn pages_follow_each_other() {
    let home = fixture();
    let everything = catalog::page(&home, &Query { take: 100, ..Query::default() }).sessions;
    for take in 1..=11 {
        let mut pages = Vec::new();
        loop {
            let page = catalog::page(&home, &Query { take, skip: pages.len(), ..Query::default() });
            pages.extend(page.sessions);
            if !page.more {
                break;
            }
        }
        assert_eq!(pages, everything, "{take} a page");
    }
    let nothing = catalog::page(&home, &Query { take: 0, ..Query::default() });
    assert!(nothing.sessions.is_empty() && nothing.more);
}

#[test]
fn words_match_title_directory_and_first_prompt() {
    for (words, expected) in [
        (&["SENSOR"][..], &["Soil sensor reads zero"][..]),
        (&["garden/website", "rss"], &["RSS feed for new seeds"]),
        (&["tomatoes every"], &["Watering schedule for the greenhouse"]),
        (&["welsh"], &["Keep the Latin names in brackets, as on this label."]),
        (&["sowing", "cautious"], &["Sowing dates, the cautious way"]),
        (&["changelog"], &[]),
        (&["sensor", "cautious"], &[]),
    ] {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        let page = catalog::page(&fixture(), &Query { words, take: 9, ..Query::default() });
        assert_eq!(titles(&page), expected);
    }
}

#[test]
fn projects_are_those_used_last_first() {
    let home = fixture();
    let projects = catalog::projects(&home);
    let mut dirs: Vec<_> = projects.iter().map(|project| project.dir.clone()).collect();
    dirs.sort();
    assert_eq!(dirs, [garden("almanac"), garden("greenhouse"), garden("website")]);
    assert!(projects.is_sorted_by(|a, b| a.modified >= b.modified));
    let rows = |dir: &Path| catalog::count(&home, &Query { take: 1, ..all_of(dir) });
    let rows: Vec<_> = dirs.iter().map(|dir| rows(dir)).collect();
    assert_eq!(rows, [4, 3, 3], "as many as each list shows");
}

#[test]
fn a_page_of_ten_opens_the_files_of_ten() {
    let world = World::new();
    let folders: Vec<_> = (0..50).map(|n| world.home.projects().join(format!("-p-{n}"))).collect();
    for n in 0..10_000 {
        let folder = &folders[n % folders.len()];
        session(folder, Path::new("/p"), &format!("prompt {n}"), 1_000_000 + n as u64);
    }
    let query = Query { take: 10, ..Query::default() };
    let page = catalog::page(&world.home, &query);
    let expected: Vec<_> = (0..10).map(|n| format!("prompt {}", 9_999 - n)).collect();
    assert_eq!(titles(&page), expected);
    assert!(page.more);
    assert!(page.opened <= 12, "opened {}", page.opened);
    let page = catalog::page(&world.home, &Query { skip: 30, ..query });
    assert_eq!(titles(&page)[0], "prompt 9969");
    assert!(page.opened <= 42, "opened {}", page.opened);
}

#[test]
fn a_session_stands_where_its_last_word_was_said() {
    let world = World::new();
    let dir = world.dir("p");
    let folder = world.home.folder(&dir);
    let said = |prompt: &str, at: &str| {
        format!(
            r#"{{"type":"user","timestamp":"{at}","cwd":"{}","message":{{"content":"{prompt}"}}}}
{{"type":"cost-state","totalCostUSD":1}}"#,
            dir.display()
        )
    };
    transcript(&folder, &said("closed last", "1970-01-01T00:00:04.000Z"), 110);
    transcript(&folder, &said("closed late", "1970-01-01T00:00:05.000Z"), 100);
    transcript(&folder, &said("clock ahead", "1970-01-01T00:10:00.000Z"), 50);
    transcript(&folder, &said("usual", "1970-01-01T00:00:20.000Z"), 20);
    session(&folder, &dir, "without times", 10);
    assert_eq!(
        world.prompts(&dir),
        ["clock ahead", "usual", "without times", "closed late", "closed last"]
    );
    let first = catalog::page(&world.home, &Query { take: 1, ..all_of(&dir) });
    assert_eq!((titles(&first), first.more), (vec!["clock ahead"], true));
    let newest = catalog::newest(&world.home, &dir).unwrap();
    assert_eq!(newest.title, "closed last", "as claude --continue picks");
}

#[test]
fn a_repository_is_listed_whole_and_its_neighbours_are_not() {
    let world = World::new();
    let repo = world.dir("repo");
    fs::create_dir(repo.join(".git")).unwrap();
    let deep = world.dir("repo/src/deep");
    let neighbour = world.dir("repo-two");
    let elsewhere = world.dir("else");
    for (at, (cwd, prompt)) in
        [(&repo, "root"), (&deep, "deep"), (&neighbour, "neighbour"), (&elsewhere, "else")]
            .iter()
            .enumerate()
    {
        session(&world.home.folder(cwd), cwd, prompt, 100 - at as u64);
    }
    session(&world.home.folder(&deep), &elsewhere, "moved here", 10);
    assert_eq!(world.prompts(&repo), ["root", "deep", "moved here"]);
    assert_eq!(world.prompts(&deep), ["root", "deep", "moved here"]);
    assert_eq!(world.prompts(&neighbour), ["neighbour"]);
    assert_eq!(catalog::newest(&world.home, &deep).unwrap().title, "deep");
    assert_eq!(catalog::newest(&world.home, &repo).unwrap().title, "root");
}

#[test]
fn directories_that_share_a_folder_are_told_apart() {
    let world = World::new();
    let (one, two) = (world.dir("a-b"), world.dir("a/b"));
    assert_eq!(slug(&one), slug(&two));
    let folder = world.home.folder(&one);
    session(&folder, &one, "one", 2);
    session(&folder, &two, "two", 1);
    assert_eq!(world.prompts(&one), ["one"]);
    assert_eq!(world.prompts(&two), ["two"]);
}

#[test]
fn symlinks_and_long_paths_lead_to_their_folders() {
    let world = World::new();
    let long = world.dir(&["a long name"; 22].join("/"));
    let folder = world.home.folder(&long);
    session(&folder, &long, "ours", 2);
    assert_eq!(world.prompts(&long), ["ours"]);
    let link = world.root.path().join("link");
    symlink(&long, &link).unwrap();
    assert_eq!(world.prompts(&link), ["ours"]);

    let name = folder.file_name().unwrap().to_str().unwrap();
    let other = folder.with_file_name(format!("{}other1", &name[..201]));
    fs::rename(&folder, &other).unwrap();
    assert_eq!(world.prompts(&long), ["ours"], "another build's hash");
}

#[test]
fn what_cannot_be_read_is_counted() {
    let world = World::new();
    let dir = world.dir("p");
    let folder = world.home.folder(&dir);
    session(&folder, &dir, "fine", 1);
    fs::create_dir(folder.join("11111111-1111-4111-8111-111111111111.jsonl")).unwrap();
    symlink(&folder, folder.join("21111111-1111-4111-8111-111111111111.jsonl")).unwrap();
    fs::write(folder.join("notes.jsonl"), "{}").unwrap();
    symlink("loop", world.home.projects().join("loop")).unwrap();
    let page = catalog::page(&world.home, &Query { take: 9, ..Query::default() });
    assert_eq!((titles(&page), page.unreadable), (vec!["fine"], 1));

    let nowhere = Home::at(world.root.path().join("nowhere"));
    let page = catalog::page(&nowhere, &Query { take: 9, ..Query::default() });
    assert_eq!((page.sessions.len(), page.unreadable), (0, 0));
    assert_eq!(catalog::last_project(&nowhere), None);
}

#[test]
fn titles_are_found_anywhere_in_large_files() {
    let world = World::new();
    let dir = world.dir("p");
    let folder = world.home.folder(&dir);
    let filler =
        format!("{{\"type\":\"user\",\"x\":\"{}\"}}\n", "-title\\\" ".repeat(2_000)).repeat(600);
    let begin =
        format!(r#"{{"type":"user","cwd":"{}","message":{{"content":"first"}}}}"#, dir.display());
    let title = r#"{"type":"custom-title","customTitle":"Found it"}"#;
    transcript(&folder, &format!("{begin}\n{filler}{title}\n{filler}"), 3);
    transcript(&folder, &format!("{begin}\n{filler}"), 2);
    transcript(&folder, &format!("{filler}{begin}\n{filler}"), 1);
    assert_eq!(world.prompts(&dir), ["Found it", "first", "first"]);
}

#[test]
fn titles_are_found_where_the_beginning_and_the_end_of_a_file_are_cut() {
    let world = World::new();
    let dir = world.dir("p");
    let id = SessionId(Uuid::from_u128(7));
    let path = world.home.folder(&dir).join(format!("{id}.jsonl"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let begin =
        format!(r#"{{"type":"user","cwd":"{}","message":{{"content":"first"}}}}"#, dir.display());
    let filler = |len: usize| format!("{{\"type\":\"mode\",\"x\":\"{}\"}}\n", "x".repeat(len));
    let ai = "{\"type\":\"ai-title\",\"aiTitle\":\"Ai\"}\n";
    let last = "{\"type\":\"last-prompt\",\"lastPrompt\":\"Last\"}\n";
    // Files of one, two and three windows of 64 KiB; the records on and around their borders.
    for size in [60_000_usize, 100_000, 200_000] {
        for border in [0, 65_536, size - 65_536.min(size), size] {
            for before in (0..160).step_by(31) {
                let at = border.saturating_sub(before).max(begin.len() + 41).min(size);
                let head = filler(at - begin.len() - 40);
                let rest = filler((size - at).max(30) - 26);
                for (records, expected) in [
                    (ai.to_owned(), "Ai"),
                    (last.to_owned(), "Last"),
                    (format!("{last}{ai}"), "Ai"),
                ] {
                    fs::write(&path, format!("{begin}\n{head}{records}{rest}")).unwrap();
                    let found = catalog::find(&world.home, id).unwrap();
                    assert_eq!(found.title, expected, "{size} {border} {before}");
                }
            }
        }
    }
}
