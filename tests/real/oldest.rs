//! The oldest supported CLI: what every conversation needs holds with it, too.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::{
    path::{Bench, sees},
    support::{phone::ADA, wait::until},
};

/// Waits until a text of Claude's stands in the only transcript, which this CLI writes after the
/// result.
fn wait_until_written(bench: &Bench, text: &str) -> Vec<Value> {
    let holds =
        |path: PathBuf| fs::read_to_string(path).is_ok_and(|written| written.contains(text));
    until("written", || bench.laptop.transcripts(&bench.garden).into_iter().any(holds));
    bench.laptop.transcript(&bench.garden).1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_and_is_resumed() {
    let Some(mut bench) = Bench::set_up_oldest("resuming with the oldest CLI").await else {
        return;
    };
    let answer = bench.phone.ask("sow the peas").await;
    assert!(answer.text.contains(&sees(1, "sow the peas")), "{answer:?}");
    let answer = bench.phone.ask("water the peas").await;
    assert!(answer.text.contains(&sees(2, "water the peas")), "{answer:?}");
    let written = wait_until_written(&bench, &sees(2, "water the peas"));
    let prompt = written.iter().find(|record| record["type"] == "user").unwrap();
    assert_eq!(prompt["version"], "2.1.100");
    assert_eq!(prompt["entrypoint"], "telegram");

    bench.phone.terminate();
    bench.phone.boot().await;
    let answer = bench.phone.ask("weed the peas").await;
    assert!(answer.text.contains(&sees(3, "weed the peas")), "{answer:?}");
    wait_until_written(&bench, &sees(3, "weed the peas"));
    let terminal = bench.laptop.open(&bench.garden, &["--continue"]);
    terminal.wait_for("weed the peas");
}

/// Its answer stands in the transcript a moment after it was told: the process must live until then.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_chat_has_shown_is_there_on_the_laptop_when_segue_ends() {
    let Some(mut bench) = Bench::set_up_oldest("the end of segue with the oldest CLI").await else {
        return;
    };
    for (count, prompt) in [(1, "sow the peas"), (3, "weed the peas")] {
        let said = bench.phone.say(prompt);
        let answer = bench.phone.answer(said).await;
        assert!(answer.text.contains(&sees(count, prompt)), "{answer:?}");
        bench.phone.terminate();
        let printed = bench.laptop.print(&bench.garden, &["--continue", "and what now?"]);
        let words = String::from_utf8(printed.stdout).unwrap();
        assert!(words.contains(&sees(count + 1, "and what now?")), "{words}");
        bench.phone.boot().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_is_asked_and_answered() {
    let Some(bench) = Bench::set_up_oldest("a permission with the oldest CLI").await else {
        return;
    };
    let Bench { garden, phone, .. } = &bench;
    for (label, planted) in [("Deny", false), ("Allow once", true)] {
        let prompt = phone.say("plant tulips");
        let question = phone.see_open("mkdir -p beds").await;
        phone.press(&question, label).await;
        phone.answer(prompt).await;
        assert_eq!(garden.join("beds/north.txt").exists(), planted, "{label}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_keeps_the_session_usable() {
    let Some(bench) = Bench::set_up_oldest("a stop with the oldest CLI").await else { return };
    let Bench { phone, .. } = &bench;
    phone.ask("sow the peas").await;
    let prompt = phone.say("ramble on");
    let progress = phone.progress(ADA, prompt).await;
    phone.press(&progress, "Stop").await;
    let stopped = phone.answer(prompt).await;
    assert!(stopped.text.contains("Stopped"), "{stopped:?}");
    let answer = phone.ask("water the peas").await;
    assert!(answer.text.contains("the last is: water the peas"), "{answer:?}");
}
