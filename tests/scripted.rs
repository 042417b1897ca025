//! The scripted `claude` says what the real one said: the same events with the same fields, to the
//! same input.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

#[path = "scripted/behaviour.rs"]
mod behaviour;
#[path = "scripted/beside.rs"]
mod beside;

use crate::support::{
    headless::{self, Recording, Scenario},
    scripted::Home,
    shape::{assert_same, shape},
};

headless::each_scenario!(check);

fn check(name: &str) {
    let home = Home::new();
    let scenario = Scenario::load(name);
    let found = scenario.play_on(|| home.claude()).scrubbed(home.path());
    let expected = Recording::load(name);
    assert_same(name, &shape(&found.events()), &shape(&expected.events()));
    assert_eq!(found.ending.code, expected.ending.code, "{name}");
    assert_eq!(
        without_numbers(&found.ending.stderr),
        without_numbers(&expected.ending.stderr),
        "{name}"
    );
}

/// Words without the numbers of random ids, which go by the order of fields.
fn without_numbers(words: &str) -> String {
    let random = "22222222-0000-4000-8000-";
    let mut parts = words.split(random);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| {
        kept + random + part.trim_start_matches(|sign: char| sign.is_ascii_digit())
    })
}
