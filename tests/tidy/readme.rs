//! What the README says of tests: each name in it is that of a test, and each promise has one.

use std::{collections::BTreeSet, fs};

use super::{none, sources};

/// The names of all tests.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in sources("tests").into_iter().chain(sources("src")) {
        let mut is_test = false;
        for line in source.text.lines().map(str::trim) {
            let name = line.trim_start_matches("async ").strip_prefix("fn ");
            match name.and_then(|rest| rest.split_once('(')) {
                Some((name, _)) if is_test => drop(names.insert(name.to_owned())),
                _ => {}
            }
            is_test = line.ends_with("test]")
                || line.starts_with("#[tokio::test")
                || (is_test && line.starts_with("#["));
        }
    }
    names
}

fn readme() -> String {
    fs::read_to_string("README.md").unwrap()
}

#[test]
fn what_can_go_wrong_is_tested() {
    let readme = readme();
    let (_, after) = readme.split_once("<!-- faults:").unwrap();
    let (table, _) = after.split_once("<!-- end of faults -->").unwrap();
    let tests = tests();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 20, "{rows:#?}");
    let mut complaints = Vec::new();
    for row in rows {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let named: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        if named.is_empty() && !row.starts_with("| **") {
            complaints.push(format!("no test in: {row}"));
        }
        let missing = named.iter().filter(|name| !tests.contains(**name));
        complaints.extend(missing.map(|name| format!("no such test: {name}")));
    }
    none(complaints);
}

#[test]
fn each_promise_has_a_test_of_its_name() {
    let readme = readme();
    let (_, after) = readme.split_once("## What it promises").unwrap();
    let (promises, _) = after.split_once("\n## ").unwrap();
    let names: Vec<String> = promises
        .split("**")
        .skip(1)
        .step_by(2)
        .map(|name| name.trim_end_matches('.').to_lowercase().replace(", ", "_").replace(' ', "_"))
        .collect();
    assert_eq!(names.len(), 6, "{names:?}");
    let tests = tests();
    none(
        names
            .iter()
            .filter(|name| !tests.iter().any(|test| test.starts_with(name.as_str())))
            .map(|name| format!("no test of the promise {name}")),
    );
}
