//! Steering on the real CLI.

use segue::sandbox::claude::script::Script;
use serde_json::json;

use crate::{
    path::{Bench, sees},
    support::{
        headless::{HOME, script, script_text},
        laptop::records,
        phone::{ADA, session_of},
        wait::until,
    },
};

/// A tool that never ends, and the usual answers.
fn drain() -> Script {
    let command = "mkfifo pond && cat pond";
    let tool = json!({"tool": {"name": "Bash", "input": {"command": command}}});
    let mut rules = vec![json!({"words": ["drain"], "replies": [[tool], [{"text": "Empty."}]]})];
    let usual: serde_json::Value = serde_json::from_str(&script_text(HOME.as_ref())).unwrap();
    rules.extend(usual["rules"].as_array().unwrap().iter().cloned());
    Script::parse(&json!({"rules": rules}).to_string()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclamation_mark_interrupts_a_tool_and_a_text() {
    let Some(bench) = Bench::set_up("interrupting").await else { return };
    let Bench { phone, api, garden, .. } = &bench;
    api.play(drain());
    let first = phone.say("drain the pond");
    let question = phone.see_text(&["Claude asks"]).await;
    phone.press(&question, "Allow once").await;
    until("drained", || garden.join("pond").exists());
    let second = phone.say("! sow the peas");
    let stopped = phone.answer(first).await;
    assert!(stopped.text.contains("Stopped"), "{stopped:?}");
    phone.answer(second).await;
    assert!(api.prompts_seen().iter().any(|prompt| prompt.contains("sow the peas")));
    let first = phone.say("ramble on");
    phone.see_text(&["It all began"]).await;
    let inside = phone.say("weed the peas");
    phone.see_text(&["Claude takes this in"]).await;
    let second = phone.say("!water the peas");
    phone.answer(first).await;
    let answer = phone.answer(second).await;
    assert!(answer.text.contains("water the peas"), "{answer:?}");
    phone.settled().await;
    let told = |post: &segue::sandbox::Post| {
        post.reply_to == Some(inside)
            && (post.text.contains("weed the peas") || post.text.contains("has taken this"))
    };
    phone.see("what became of the third", |posts| posts.iter().find(|p| told(p)).cloned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_said_and_can_be_taken_back() {
    let Some(bench) = Bench::set_up("taking back").await else { return };
    let Bench { phone, api, .. } = &bench;
    let first = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks"]).await;
    phone.say("and daffodils");
    let inside = phone.see_text(&["Claude takes this in"]).await;
    let after = phone.say("> sow the peas");
    phone.see_text(&["Waits until this turn is done."]).await;
    phone.press(&inside, "Take back").await;
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
    phone.press(&picker, "acceptEdits").await;
    phone.see_text(&["Mode: acceptEdits"]).await;
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
    bench.phone.see_text(&["claude-sonnet-5-5", "effort low", "mode acceptEdits"]).await;
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
    assert!(compacted.text.contains("Compacted: the conversation goes on"), "{compacted:?}");
    let answer = phone.ask("water the peas").await;
    assert_eq!(session_of(&answer), before);
    let cleared = phone.ask("/clear").await;
    assert!(cleared.text.contains("Cleared: this chat goes on"), "{cleared:?}");
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
    let Bench { phone, .. } = &bench;
    let prompt = phone.say("pump");
    let question = phone.see_text(&["Claude asks"]).await;
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    let stray = phone.see_text(&["Fill the barrel", "completed", "↳"]).await;
    assert!(stray.reply_to.is_none() && !stray.silent, "{stray:?}");
    let answer = phone.ask("sow the peas").await;
    assert!(answer.text.contains("the last is: sow the peas"), "{answer:?}");
}
