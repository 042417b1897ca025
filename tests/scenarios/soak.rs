//! Prompts without an end: the bot's memory and open files stay what they are.
//!
//! Short in the suite. The long form, an hour:
//! `SEGUE_SOAK_MINUTES=60 cargo test --test scenarios soak -- --nocapture`.

#![allow(clippy::print_stdout, reason = "the measures are what one runs it for")]

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    chaos::plan::number,
    phone::{ADA, GROUP, Phone},
    scratch::Scratch,
};

/// The short form.
const SHORT: Duration = Duration::from_secs(20);
/// Rounds that it takes to tell, however slow the machine is.
const LEAST: usize = 30;
/// Rounds that a session lasts, and a chat until it is cleared: what is there to be read should
/// not grow either.
const SESSION: usize = 25;
/// What the last third may have more than the first, a ratio. Allocators and pools fill up slowly.
const MORE: f64 = 1.15;

/// What a process uses.
struct Sample {
    /// Resident memory, kB.
    memory: f64,
    files: f64,
}

impl Sample {
    fn of(pid: u32) -> Self {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).unwrap();
        let memory = line.trim().trim_end_matches(" kB").parse().unwrap();
        let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as f64;
        Self { memory, files }
    }
}

fn mean(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    samples.iter().map(of).sum::<f64>() / samples.len() as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_and_open_files_stay_what_they_are() {
    let time = number("SEGUE_SOAK_MINUTES").map_or(SHORT, |many| Duration::from_secs(many * 60));
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let script = json!({"rules": [
        {"words": ["slow"], "replies": [[
            {"text": "One after the other. "}, {"pause": 350}, {"text": "Done with {last}"},
        ]]},
        {"words": ["work"], "replies": [
            [{"tool": {"name": "Bash", "input": {"command": "ls"}, "asks": "never"}}],
            [{"text": "Done with {last}"}],
        ]},
        {"replies": [[{"text": "# Done\n\nwith **{last}**\n\n- and\n- more\n"}]]},
    ]});
    fs::write(scratch.script(), script.to_string()).unwrap();
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    phone.terminate();
    // As many as there are places: each holds some open files.
    phone.configure("pace_ms = 20\nwarm_runs = 2\n");
    phone.boot().await;
    let (begun, mut samples, mut rounds) = (Instant::now(), Vec::new(), 0);
    while begun.elapsed() < time || rounds < LEAST {
        for chat in [ADA, GROUP] {
            if rounds % SESSION == 0 {
                phone.client.clear(chat).unwrap();
            }
            let word = ["quick", "work", "slow"][rounds % 3];
            let new = if rounds % SESSION == 0 { "/new " } else { "" };
            let said = format!("{new}{word} number {rounds}");
            let prompt = phone.client.say((chat, ADA), &said).unwrap();
            phone.answer_in(chat, prompt).await;
        }
        rounds += 1;
        phone.settled().await;
        samples.push(Sample::of(phone.pid()));
    }
    phone.at_rest();
    // What is loaded once is no growth.
    let samples = &samples[samples.len() / 10..];
    let third = samples.len() / 3;
    let (first, last) = (&samples[..third], &samples[samples.len() - third..]);
    println!("{} prompts in {:?}", rounds * 2, begun.elapsed());
    judge("kB of memory", [first, last].map(|third| mean(third, |sample| sample.memory)));
    judge("open files", [first, last].map(|third| mean(third, |sample| sample.files)));
}

fn judge(name: &str, [before, after]: [f64; 2]) {
    println!("{name}: {before:.0}, then {after:.0}, {:.3} ×", after / before);
    assert!(after < before * MORE, "{name}: {before:.0}, then {after:.0}");
}
