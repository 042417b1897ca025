//! Never lost, never twice, with everything going wrong at once, on the scripted CLI.
//!
//! Short in the suite. The long form, at least 200 kills:
//! `SEGUE_CHAOS_KILLS=200 cargo test --test scenarios chaos -- --nocapture`. With
//! `SEGUE_CHAOS_SEED=N` it makes other choices.

use std::fs;

use segue::sandbox::claude::script::Conversation;
use serde_json::Value;

use crate::support::{
    chaos::{
        Chaos, Request,
        plan::{draw, number},
        script,
    },
    phone::Phone,
    scratch::Scratch,
};

/// Seed of the short form: it is the same every time, and others are for the long one.
const SEED: u64 = 1;
/// Kills of the short form.
const KILLS: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn never_lost_never_twice() {
    let seed = number("SEGUE_CHAOS_SEED").unwrap_or(SEED);
    let kills = number("SEGUE_CHAOS_KILLS").unwrap_or(KILLS) as usize;
    println!("SEGUE_CHAOS_SEED={seed} SEGUE_CHAOS_KILLS={kills}");
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    fs::write(scratch.script(), script().to_string()).unwrap();
    let log = scratch.home().join("requests.jsonl");
    let mut base = scratch.base();
    base.env("SEGUE_SCRIPT_REQUESTS", &log);
    let phone = Phone::start(&base, &garden).await;
    let mut chaos = Chaos::begin(phone, &scratch.home()).await;
    for step in draw(seed, kills, chaos.spots.len()) {
        chaos.step(&step).await;
    }
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let number = |name: &str| line[name].as_u64().unwrap() as usize;
        let prompts = line["prompts"].as_array().unwrap().iter();
        Request {
            session: line["session"].as_str().unwrap().to_owned(),
            talk: Conversation {
                prompts: prompts.map(|text| text.as_str().unwrap().to_owned()).collect(),
                before: number("before"),
                replies: number("replies"),
                ..Conversation::default()
            },
        }
    };
    chaos.judge(|| fs::read_to_string(&log).unwrap().lines().map(read).collect()).await;
}
