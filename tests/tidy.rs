//! What holds for every file: who may know whom, how long a file is, what must not stand in it.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

#[path = "tidy/readme.rs"]
mod readme;
#[path = "tidy/rust.rs"]
mod rust;

use rust::{Part, Source, mark};

/// Each module of the crate, and which others it may know, as the page in `src/lib.rs` says.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("claude", &[]),
    ("bridge", &["claude"]),
    ("telegram", &["bridge", "claude"]),
    ("screens", &["telegram", "bridge", "claude"]),
    ("config", &["telegram", "bridge", "claude"]),
    ("app", &["config", "screens", "telegram", "bridge", "claude"]),
    ("sandbox", &[]),
    ("cli", &["sandbox", "app", "config", "screens", "telegram", "bridge", "claude"]),
];

/// What stands at the top, besides files whose name begins with a dot.
const TOP: [&str; 7] =
    ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "fixtures", "src", "tests"];

/// Most lines of a file before its tests.
const LONGEST: usize = 400;

/// Every file of the project, without what `.gitignore` names; paths from the top.
fn files() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ignored = fs::read_to_string(top.join(".gitignore")).unwrap();
    let ignored: Vec<_> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    let kept = |path: &Path| {
        path != Path::new(".git") && !ignored.iter().any(|name| path == Path::new(name))
    };
    let inside = |path: &Path| path.strip_prefix(top).unwrap().to_owned();
    let found = WalkDir::new(top).sort_by_file_name().into_iter();
    let found = found.filter_entry(|entry| kept(&inside(entry.path()))).map(Result::unwrap);
    found.filter(|entry| entry.file_type().is_file()).map(|entry| inside(entry.path())).collect()
}

/// Every Rust file below `folder`.
fn sources(folder: &str) -> Vec<Source> {
    let rust = |path: &PathBuf| {
        path.starts_with(folder) && path.extension().is_some_and(|extension| extension == "rs")
    };
    let mut sources: Vec<_> = files().into_iter().filter(rust).map(Source::read).collect();
    rust::mark_test_files(&mut sources);
    assert!(!sources.is_empty(), "nothing in {folder}");
    sources
}

/// Fails with every complaint, a line each.
fn none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<_> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Complains of every line of the program, not of its tests, that has one of these words.
fn forbid<'a>(
    sources: impl IntoIterator<Item = &'a Source>,
    words: &[&str],
    why: &str,
) -> Vec<String> {
    let lines = sources.into_iter().flat_map(|source| source.only(&[Part::Code]));
    lines
        .filter_map(|(place, line)| {
            let word = words.iter().find(|word| line.contains(**word))?;
            Some(format!("{place}: `{word}` {why}"))
        })
        .collect()
}

#[test]
fn modules_know_only_what_they_may() {
    let sources = sources("src");
    let mut complaints = Vec::new();
    for source in &sources {
        let Some(module) = source.module() else { continue };
        let Some((_, known)) = MAY_KNOW.iter().find(|(name, _)| *name == module) else {
            complaints.push(format!("{}:1: {module} stands in no row", source.path.display()));
            continue;
        };
        for (place, other) in source.reached() {
            if other != module && !known.contains(&other.as_str()) {
                complaints.push(format!("{place}: {module} may not know {other}"));
            }
        }
    }
    none(complaints);
}

#[test]
fn the_modules_are_those_that_the_architecture_names() {
    let page = fs::read_to_string("src/lib.rs").unwrap();
    let mut declared: Vec<_> =
        page.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut rows: Vec<_> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    declared.sort_unstable();
    rows.sort_unstable();
    assert_eq!(declared, rows);
    none(
        rows.iter()
            .filter(|name| !page.contains(&format!("[`{name}`]")))
            .map(|name| format!("src/lib.rs:1: the architecture does not speak of {name}")),
    );
}

#[test]
fn screens_do_nothing_but_draw() {
    let mut screens = sources("src");
    screens.retain(|source| source.module() == Some("screens"));
    let mut complaints = Vec::new();
    for source in &screens {
        for (place, path) in source.named_in("std::") {
            if ["env", "fs", "io", "net", "os", "process", "thread"].contains(&path.as_str()) {
                complaints.push(format!("{place}: screens may not know std::{path}"));
            }
        }
    }
    let clocks = ["tokio::", "reqwest::", "::now(", ".elapsed("];
    complaints.extend(forbid(&screens, &clocks, "is more than drawing"));
    none(complaints);
}

/// Names of the functions in a file that draw something a person sees.
fn drawing(source: &str) -> Vec<&str> {
    let shown = ["-> Screen", "-> Option<Screen>", "-> Vec<Screen>", "-> Text", "-> DiffView"];
    let functions = source.split("\npub fn ").skip(1);
    let drawing = functions.filter(|function| {
        let signature = function.split('{').next().unwrap_or_default();
        shown.iter().any(|shown| signature.contains(shown))
    });
    drawing.filter_map(|function| function.split(['(', '<']).next()).collect()
}

#[test]
fn every_screen_is_drawn_of_hostile_words() {
    let tried = fs::read_to_string("src/screens/hostile.rs").unwrap();
    let screens = sources("src/screens");
    none(screens.iter().flat_map(|source| {
        let names = drawing(&source.text).into_iter();
        let missing = names.filter(|name| !tried.contains(&format!("::{name}(")));
        let path = source.path.display();
        missing.map(|name| format!("{path}:1: {name} is not in hostile.rs")).collect::<Vec<_>>()
    }));
}

#[test]
fn every_file_says_first_what_it_is() {
    let all = sources("src").into_iter().chain(sources("tests"));
    none(
        all.filter(|source| !source.text.starts_with("//! "))
            .map(|source| format!("{}:1: no module docs", source.path.display())),
    );
}

#[test]
fn no_file_is_long() {
    let all = sources("src").into_iter().chain(sources("tests"));
    none(all.filter_map(|source| {
        let lines = source.only(&[Part::Code, Part::Comment]).count();
        let path = source.path.display();
        (lines > LONGEST).then(|| format!("{path}:{LONGEST}: {lines} lines before its tests"))
    }));
}

#[test]
fn nothing_is_left_for_later() {
    let marks =
        [mark("to", "do!"), mark("unimple", "mented!"), mark("TO", "DO"), mark("FIX", "ME")];
    none(each_text_line().filter_map(|(place, line)| {
        let mark = marks.iter().find(|mark| line.contains(mark.as_str()))?;
        Some(format!("{place}: {mark}"))
    }));
}

#[test]
fn no_machine_is_named() {
    let machines = [mark("/wo", "rk/"), mark("/ro", "ot/")];
    let begins = |line: &str, at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_.-~$}".contains(c))
    };
    none(each_text_line().filter_map(|(place, line)| {
        let named = machines.iter().find(|machine| {
            line.match_indices(machine.as_str()).any(|(at, _)| begins(&line, at))
        })?;
        Some(format!("{place}: {named}"))
    }));
}

/// Every line of every file that is text, with its place.
fn each_text_line() -> impl Iterator<Item = (String, String)> {
    files().into_iter().flat_map(|path| {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines
            .into_iter()
            .enumerate()
            .map(move |(at, line)| (format!("{}:{}", path.display(), at + 1), line))
    })
}

#[test]
fn nothing_panics_on_purpose() {
    let words = [".unwrap()", ".expect(", "panic!(", "unreachable!("];
    none(forbid(&sources("src"), &words, "outside of tests"));
}

#[test]
fn only_the_command_line_prints() {
    let mut sources = sources("src");
    sources.retain(|source| source.module() != Some("cli"));
    none(forbid(&sources, &["print!(", "println!(", "dbg!("], "outside of the command line"));
}

#[test]
fn imports_name_what_they_import() {
    // In the tests beside the code, what they test is all around them.
    let usual = ["use super::*;", "use proptest::prelude::*;"];
    let glob =
        |line: &str| line.ends_with("::*,") || line.ends_with("::*};") || line.ends_with("::*;");
    let all = sources("src").into_iter().chain(sources("tests"));
    none(all.flat_map(|source| {
        let lines = source.only(&[Part::Code, Part::Test]);
        let globs = lines.filter(|(place, line)| {
            glob(line) && !(place.starts_with("src/") && usual.contains(&line.trim()))
        });
        globs.map(|(place, line)| format!("{place}: {}", line.trim())).collect::<Vec<_>>()
    }));
}

#[test]
fn the_top_holds_what_it_must() {
    let mut found: Vec<_> = files()
        .iter()
        .map(|path| path.components().next().unwrap().as_os_str().to_str().unwrap().to_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    found.dedup();
    found.sort_unstable();
    assert_eq!(found, TOP);
}
