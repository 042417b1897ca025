//! Every recorded stream, played again on the real CLI.
//!
//! With `SEGUE_RECORD=1` in the environment the recordings are written anew.

use std::{env, path::Path};

use crate::support::{
    cli,
    headless::{self, Recording, Scenario},
    laptop::Laptop,
    messages_api::MessagesApi,
    shape::{assert_same, shape},
};

crate::support::headless::each_scenario!(check);

fn play(cli: &Path, scenario: &Scenario) -> Recording {
    let api = MessagesApi::start(headless::script(Path::new(headless::HOME)));
    let laptop = Laptop::new(cli, &api.url);
    api.play(headless::script(&laptop.home));
    let garden = laptop.project("garden");
    let recording = scenario.play_on(|| laptop.claude_in(&garden));
    recording.scrubbed(&laptop.home)
}

fn check(name: &str) {
    let Some(cli) = cli::find_for(&format!("the stream “{name}”")) else {
        return;
    };
    let scenario = Scenario::load(name);
    let found = play(&cli, &scenario);
    if env::var_os("SEGUE_RECORD").is_some() {
        found.save(name);
    }
    let expected = Recording::load(name);
    assert_same(name, &shape(&found.events()), &shape(&expected.events()));
    assert_eq!(found.ending, expected.ending, "{name}");
}
