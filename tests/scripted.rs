//! The scripted `claude` says what the real one said: the same events with the same fields, to the
//! same input.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

#[path = "scripted/behaviour.rs"]
mod behaviour;

use crate::support::{
    headless::{self, Recording, Scenario},
    scripted::Home,
    shape::{assert_same, shape},
};

headless::each_scenario!(check);

fn check(name: &str) {
    let home = Home::new();
    let scenario = Scenario::load(name);
    let found = scenario.play_on(|| home.claude());
    let expected = Recording::load(name);
    assert_same(name, &shape(&found.events()), &shape(&expected.events()));
    assert_eq!(found.ending, expected.ending, "{name}");
}
