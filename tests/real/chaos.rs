//! Never lost, never twice, with everything going wrong at once, on the real CLI: what Claude was
//! asked is what the Messages API was asked.
//!
//! Short in the suite. The long form:
//! `SEGUE_CHAOS_KILLS=100 cargo test --test real chaos -- --nocapture`. With
//! `SEGUE_CHAOS_SEED=N` it makes other choices.

#![allow(clippy::print_stdout, reason = "seeds are printed")]

use segue::sandbox::claude::script::Script;

use crate::support::{
    chaos::{
        Chaos, Request,
        plan::{draw, number},
        script,
    },
    cli,
    laptop::Laptop,
    messages_api::MessagesApi,
    phone::Phone,
};

/// Seed of the short form: it is the same every time, and others are for the long one.
const SEED: u64 = 1;
/// Kills of the short form.
const KILLS: u64 = 8;

#[tokio::test(flavor = "multi_thread")]
async fn never_lost_never_twice() {
    let Some(cli) = cli::find_for("never lost, never twice") else { return };
    let seed = number("SEGUE_CHAOS_SEED").unwrap_or(SEED);
    let kills = number("SEGUE_CHAOS_KILLS").unwrap_or(KILLS) as usize;
    println!("SEGUE_CHAOS_SEED={seed} SEGUE_CHAOS_KILLS={kills}");
    let api = MessagesApi::start(Script::parse(&script().to_string()).unwrap());
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let mut base = laptop.claude_in(&garden);
    base.env("SEGUE_CLAUDE", &cli);
    let phone = Phone::start(&base, &garden).await;
    let mut chaos = Chaos::begin(phone, &laptop.home).await;
    for step in draw(seed, kills, chaos.spots.len()) {
        chaos.step(&step).await;
    }
    let request = |(session, talk)| Request { session, talk };
    chaos.judge(|| api.conversations().into_iter().map(request).collect()).await;
}
