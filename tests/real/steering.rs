//! Steering on the real CLI.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use segue::sandbox::{Post, claude::script::Script};
use serde_json::{Value, json};

use crate::{
    path::{Bench, sees},
    support::{
        headless::{HOME, script, script_text},
        laptop::records,
        phone::{ADA, PATIENCE, session_of},
        wait::{until, until_or},
    },
};

/// A rule of one's own, and the usual answers.
pub(crate) fn with_rule(rule: Value, home: &Path) -> Script {
    let mut rules = vec![rule];
    let usual: Value = serde_json::from_str(&script_text(home)).unwrap();
    rules.extend(usual["rules"].as_array().unwrap().iter().cloned());
    Script::parse(&json!({"rules": rules}).to_string()).unwrap()
}

/// A command that is run when somebody speaks of draining.
fn drain(command: &str) -> Script {
    let tool = json!({"tool": {"name": "Bash", "input": {"command": command}}});
    let rule = json!({"words": ["drain"], "replies": [[tool], [{"text": "Empty."}]]});
    with_rule(rule, HOME.as_ref())
}

/// Whether a process runs with these arguments.
fn runs(arguments: &[&str]) -> bool {
    let wanted = arguments.join("\0") + "\0";
    let entries = fs::read_dir("/proc").unwrap().map_while(Result::ok);
    let mut lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| line == wanted.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_the_tool_its_process_and_the_turn() {
    let Some(bench) = Bench::set_up("stopping a tool").await else { return };
    let Bench { phone, api, .. } = &bench;
    // A length that nobody else sleeps.
    let (length, sleep) = (Duration::from_secs_f64(57.913), ["sleep", "57.913"]);
    // The CLI refuses to run a sleep alone.
    api.play(drain(&format!("touch pond; {}", sleep.join(" "))));
    for stop in ["the button", "/stop", "! sow the peas"] {
        let prompt = phone.say("drain the pond");
        let question = phone.see_open("touch pond").await;
        phone.press(&question, "Allow once").await;
        let deadline = Instant::now() + PATIENCE;
        while !runs(&sleep) {
            assert!(Instant::now() < deadline, "no sleep\n{}", phone.said());
            tokio::task::yield_now().await;
        }
        let begun = Instant::now();
        if stop == "the button" {
            let progress = phone.progress(ADA, prompt).await;
            phone.press(&progress, "Stop").await;
        } else {
            phone.say(stop);
        }
        let stopped = phone.answer(prompt).await;
        assert!(stopped.text.contains("Stopped"), "{stop}: {stopped:?}");
        while runs(&sleep) {
            assert!(begun.elapsed() < length / 4, "{stop}: it sleeps on\n{}", phone.said());
            tokio::task::yield_now().await;
        }
        assert!(begun.elapsed() < length / 4, "{stop}: waited for it: {:?}", begun.elapsed());
        phone.settled().await;
    }
    let answer = phone.ask("water the peas").await;
    assert!(answer.text.contains(&sees(5, "water the peas")), "{answer:?}");
    assert_eq!(phone.said().matches("started the CLI").count(), 1, "the session stays in use");
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_about_nothing_is_allowed_by_a_setting_alone() {
    let Some(mut bench) = Bench::set_up("bypassing permissions").await else { return };
    bench.phone.terminate();
    // The CLI lets root do this in a sandbox only.
    bench.phone.set("IS_SANDBOX", "1");
    bench.phone.boot().await;
    bench.phone.ask("sow the peas").await;
    bench.phone.say("/mode bypassPermissions");
    bench.phone.see_text(&["is not allowed here", "allow_bypass = true"]).await;
    bench.phone.terminate();
    bench.phone.configure("pace_ms = 20\nallow_bypass = true\n");
    bench.phone.boot().await;
    let Bench { phone, garden, .. } = &bench;
    phone.say("/mode");
    let picker =
        phone.see_text(&["How much Claude asks here", "bypass permissions: never asks"]).await;
    phone.press(&picker, "bypass permissions").await;
    let warning = phone.see_text(&["Claude would ask about nothing any more"]).await;
    phone.press(&warning, "Yes, stop asking").await;
    phone.see_text(&["Claude asks about nothing here"]).await;
    phone.ask("plant tulips").await;
    assert_eq!(fs::read_to_string(garden.join("beds/north.txt")).unwrap(), "tulips\n");
    let asked = |post: &segue::sandbox::Post| post.text.contains("Claude asks:");
    assert!(!phone.client.messages(ADA).iter().any(asked));
    phone.say("/status");
    phone.see_text(&["mode bypass permissions"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclamation_mark_interrupts_a_tool_and_a_text() {
    let Some(bench) = Bench::set_up("interrupting").await else { return };
    let Bench { phone, api, garden, .. } = &bench;
    api.play(drain("mkfifo pond && cat pond"));
    let first = phone.say("drain the pond");
    let question = phone.see_text(&["Claude asks"]).await;
    phone.press(&question, "Allow once").await;
    until("drained", || garden.join("pond").exists());
    let second = phone.say("! sow the peas");
    let stopped = phone.answer(first).await;
    assert!(stopped.text.contains("Stopped"), "{stopped:?}");
    let answer = phone.answer(second).await;
    assert!(answer.text.contains(&sees(2, "sow the peas")), "{answer:?}");
    let first = phone.say("ramble on");
    phone.see_text(&["It all began"]).await;
    let inside = phone.say("weed the peas");
    phone.see_reaction(inside, Some("😴")).await;
    let second = phone.say("!water the peas");
    phone.answer(first).await;
    let answer = phone.answer(second).await;
    assert!(answer.text.contains("water the peas"), "{answer:?}");
    phone.settled().await;
    phone.see_reaction(inside, None).await;
    until_or(
        || api.prompts_seen().iter().any(|text| text.contains("weed the peas")),
        || format!("{:?}\n{:?}", api.prompts_seen(), phone.client.messages(ADA)),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_said_and_can_be_taken_back() {
    let Some(bench) = Bench::set_up("taking back").await else { return };
    let Bench { phone, api, .. } = &bench;
    let first = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks"]).await;
    let inside = phone.say("and daffodils");
    phone.see_reaction(inside, Some("😴")).await;
    let after = phone.say("> sow the peas");
    phone.see_reaction(after, Some("😴")).await;
    let card = phone.see_with("Take back: and d…").await;
    phone.press(&card, "Take back: and d…").await;
    phone.see_text(&["Taken back: Claude has not read this."]).await;
    phone.press(&question, "Allow once").await;
    phone.answer(first).await;
    let answer = phone.answer(after).await;
    assert!(answer.text.contains(&sees(2, "sow the peas")), "{answer:?}");
    assert_eq!(api.prompts_seen(), ["plant tulips", "sow the peas"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mode_model_and_effort_reach_the_api() {
    let Some(mut bench) = Bench::set_up("mode, model and effort").await else { return };
    bench.api.play(script(&bench.laptop.home));
    let phone = &bench.phone;
    phone.ask("sow the peas").await;
    phone.say("/model");
    let picker = phone.see_text(&["Which model answers here"]).await;
    phone.press(&picker, "Sonnet").await;
    phone.see_text(&["Model: Sonnet"]).await;
    phone.say("/effort low");
    phone.see_text(&["Effort: low"]).await;
    phone.say("/mode");
    let picker = phone.see_text(&["How much Claude asks here"]).await;
    phone.press(&picker, "accept edits").await;
    phone.see_text(&["Mode: accept edits"]).await;
    let asked = |bench: &Bench| {
        let requests = bench.api.requests();
        let newest = requests
            .iter()
            .rev()
            .find(|request| request["tools"].as_array().is_some_and(|tools| !tools.is_empty()));
        let newest = newest.unwrap();
        (
            newest["model"].as_str().unwrap().to_owned(),
            newest["output_config"]["effort"].as_str().unwrap_or_default().to_owned(),
        )
    };
    phone.ask("water the peas").await;
    let expected = ("claude-sonnet-5-5".to_owned(), "low".to_owned());
    assert_eq!(asked(&bench), expected, "in the warm run");
    bench.phone.ask("write it down").await;
    assert!(bench.garden.join("notes.md").exists(), "without a question");
    bench.phone.kill();
    bench.phone.boot().await;
    bench.phone.ask("/new weed the peas").await;
    assert_eq!(asked(&bench), expected, "in another session, after a restart");
    bench.phone.say("/status");
    bench.phone.see_text(&["Sonnet 5.5 · effort low · mode accept edits"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aside_does_not_enter_the_conversation() {
    let Some(bench) = Bench::set_up("a side question").await else { return };
    let Bench { phone, api, .. } = &bench;
    phone.ask("sow the peas").await;
    phone.say("/btw what did I sow?");
    phone.see_text(&["I see 2 prompts", "Aside: the conversation does not know"]).await;
    let answer = phone.ask("water the peas").await;
    assert!(answer.text.contains(&sees(2, "water the peas")), "{answer:?}");
    assert_eq!(api.prompts_seen(), ["sow the peas", "water the peas"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_and_a_title_are_in_the_picker_of_the_laptop() {
    let Some(bench) = Bench::set_up("fork and rename").await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;
    let original = session_of(&phone.ask("sow the peas").await);
    phone.say("/rename All about peas");
    phone.see_text(&["Renamed: All about peas."]).await;
    phone.say("/fork");
    phone.see_text(&["Your next message goes to a copy of All about peas"]).await;
    let copy = phone.ask("water the peas").await;
    assert!(copy.text.contains(&sees(2, "water the peas")), "{copy:?}");
    assert_ne!(session_of(&copy), original);
    let again = phone.ask("weed the peas").await;
    assert!(again.text.contains(&sees(3, "weed the peas")), "{again:?}");
    phone.say("/rename The copy");
    phone.see_text(&["Renamed: The copy."]).await;
    assert_eq!(laptop.transcripts(garden).len(), 2);
    let kept = laptop
        .transcripts(garden)
        .into_iter()
        .find(|path| path.file_stem().is_some_and(|stem| stem.to_str() == Some(&original)));
    let kept = std::fs::read_to_string(kept.unwrap()).unwrap();
    assert!(!kept.contains("water the peas"), "the original stays as it is");
    phone.say("/rename");
    let title = phone.see_text(&["This session is called The copy"]).await;
    phone.press(&title, "Suggest a title").await;
    phone.see_text(&["It could be called:"]).await;

    let terminal = laptop.open(garden, &[]);
    terminal.wait_for("❯");
    let picker = terminal.picker();
    assert!(picker.contains("All about peas") && picker.contains("The copy"), "{picker}");
    terminal.press("Escape");
}

#[tokio::test(flavor = "multi_thread")]
async fn compact_and_clear_keep_the_place_in_its_conversation() {
    let Some(bench) = Bench::set_up("compact and clear").await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;
    let before = session_of(&phone.ask("sow the peas").await);
    let compacted = phone.ask("/compact").await;
    assert!(compacted.text.contains("Compacted: the conversation continues"), "{compacted:?}");
    let answer = phone.ask("water the peas").await;
    assert_eq!(session_of(&answer), before);
    let cleared = phone.answer(phone.say("/clear")).await;
    assert!(cleared.text.contains("Cleared: this chat continues"), "{cleared:?}");
    let answer = phone.ask("weed the peas").await;
    assert!(answer.text.contains(&sees(1, "weed the peas")), "{answer:?}");
    assert_ne!(session_of(&answer), before);
    let answer = phone.ask("pick the peas").await;
    assert!(answer.text.contains(&sees(2, "pick the peas")), "{answer:?}");
    assert!(!phone.said().contains("continued elsewhere"), "{}", phone.said());
    let history = records(&laptop.claude().join("history.jsonl"));
    let newest = history.last().unwrap();
    assert_eq!(newest["sessionId"], session_of(&answer).as_str());
    assert_eq!(newest["telegram"]["chat"], ADA);
    let terminal = laptop.open(garden, &["--continue"]);
    terminal.wait_for("pick the peas");
    terminal.exit();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_and_the_commands_of_the_cli() {
    let Some(bench) = Bench::set_up("agents and commands").await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;
    phone.say("/commands review");
    phone.see_text(&["/code_review", "Send one as it stands"]).await;
    phone.say("/agent Explore");
    phone.see_text(&["New session with the agent Explore"]).await;
    let answer = phone.ask("sow the peas").await;
    assert!(answer.text.contains(&sees(1, "sow the peas")), "{answer:?}");
    let (_, written) = laptop.transcript(garden);
    assert!(written.iter().any(|record| record["agentSetting"] == "Explore"), "{written:?}");
    let context = phone.ask("/context").await;
    assert!(context.text.contains("Context Usage"), "{context:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_turn_that_a_background_task_begins_is_delivered() {
    let Some(bench) = Bench::set_up("a background task").await else { return };
    let Bench { phone, garden, .. } = &bench;
    let prompt = phone.say("pump");
    let question = phone.see_text(&["Claude asks"]).await;
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    fs::write(garden.join("pumped"), "").unwrap();
    let is_it = |post: &&Post| {
        !post.silent
            && ["Fill the barrel", "completed", "↳"].iter().all(|text| post.text.contains(text))
    };
    let stray = phone.see("its answer", |posts| posts.iter().find(is_it).cloned()).await;
    assert!(stray.reply_to.is_none(), "{stray:?}");
    let answer = phone.ask("sow the peas").await;
    assert!(answer.text.contains("the last is: sow the peas"), "{answer:?}");
}
