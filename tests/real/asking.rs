//! What Claude asks the person, on the real CLI.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    path::Bench,
    steering::with_rule,
    support::{headless, laptop::Laptop},
};

async fn bench(test: &str) -> Option<Bench> {
    let bench = Bench::set_up(test).await?;
    bench.api.play(headless::asking(&bench.laptop.home));
    Some(bench)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_allowed_once_for_good_or_denied_with_a_reason() {
    let Some(bench) = bench("permissions").await else { return };
    let Bench { garden, phone, .. } = &bench;
    let gate = garden.join("gate.txt");

    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate.txt").await;
    assert!(!gate.exists());
    phone.press(&question, "Deny + reason").await;
    phone.see_text(&["your next message here goes to Claude"]).await;
    phone.say("the dog is out");
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Then not, since: the dog is out"), "{answer:?}");
    assert!(!gate.exists());
    // Whatever the words, it is known as a denial.
    phone.say("/audit");
    phone.see_text(&["What tools did", "touch gate.txt", "denied"]).await;

    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    assert!(gate.exists());
    let settings = garden.join(".claude/settings.local.json");
    assert!(!settings.exists(), "once leaves no rule");

    fs::remove_file(&gate).unwrap();
    let prompt = phone.say("open the gate");
    let question = phone.see_open("touch gate.txt").await;
    phone.press(&question, "Always here").await;
    phone.answer(prompt).await;
    assert!(gate.exists());
    let settings: Value = serde_json::from_slice(&fs::read(settings).unwrap()).unwrap();
    assert_eq!(settings["permissions"]["allow"][0], "Bash(touch gate.txt)");

    fs::remove_file(&gate).unwrap();
    phone.ask("open the gate").await;
    assert!(gate.exists(), "not asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_by_one_by_many_and_in_own_words() {
    let Some(bench) = bench("questions").await else { return };
    let Bench { phone, .. } = &bench;
    let prompt = phone.say("set up the sensors");
    let first = phone.see_text(&["1 of 2 · Storage"]).await;
    phone.press(&first, "CSV").await;
    let second = phone.see_text(&["2 of 2 · Sensors"]).await;
    phone.press(&second, "☐ Soil, deep").await;
    let second = phone.see_with("☑ Soil, deep").await;
    phone.press(&second, "Other…").await;
    phone.see_text(&["your next message here is it"]).await;
    phone.say("wind, too");
    let second = phone.see_with("Done").await;
    phone.press(&second, "Done").await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("\"Where should the readings go?\"=\"CSV\""), "{answer:?}");
    assert!(answer.text.contains("=\"Soil, deep,wind, too\""), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_kept_and_approved_with_edits() {
    let Some(mut bench) = bench("a plan").await else { return };
    bench.phone.terminate();
    bench.phone.configure("pace_ms = 20\nmode = \"plan\"\n");
    bench.phone.boot().await;
    let Bench { garden, phone, .. } = &bench;
    let prompt = phone.say("draw a blueprint");
    let question = phone.see_with("Approve").await;
    phone.see_text(&["The plan\n", "1. Dig\n2. Sow"]).await;
    phone.press(&question, "Keep planning").await;
    phone.see_text(&["Write what should be different"]).await;
    phone.say("smaller, please");
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("Then otherwise: smaller, please"), "{answer:?}");
    assert!(!garden.join("bed.md").exists());

    let prompt = phone.say("draw a blueprint");
    let question = phone.see_with("Approve").await;
    phone.press(&question, "Approve + edits").await;
    phone.answer(prompt).await;
    assert!(garden.join("bed.md").exists(), "edits are accepted without a question");
}

/// Where the CLI has told Claude to write its plan.
fn plan_file(bench: &Bench) -> String {
    let said = Value::Array(bench.api.requests()).to_string();
    let (_, path) = said.rsplit_once("create your plan at ").unwrap();
    path.split(" using").next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_comes_from_its_file_and_its_end_decides_the_mode() {
    let Some(mut bench) = bench("the file of a plan").await else { return };
    bench.phone.ask("sow the peas").await;
    bench.phone.say("/mode plan");
    bench.phone.see_text(&["Mode: plan"]).await;
    bench.phone.ask("water the peas").await;
    let write = json!({"tool": {"name": "Write", "input": {
        "file_path": plan_file(&bench), "content": "# From the file\n\n1. Dig\n",
    }}});
    let exit = json!({"tool": {"name": "ExitPlanMode", "input": {}}});
    let replies = json!([[{"text": "I plan."}, write], [exit], [{"text": "Begun."}]]);
    let rule = json!({"words": ["draw"], "replies": replies});
    bench.api.play(with_rule(rule, &bench.laptop.home));
    let prompt = bench.phone.say("draw it");
    let question = bench.phone.see_with("Approve").await;
    bench.phone.see_text(&["From the file\n", "1. Dig"]).await;
    bench.phone.press(&question, "Approve + edits").await;
    bench.phone.answer(prompt).await;
    bench.phone.settled().await;
    bench.phone.mode_is("acceptEdits");
    bench.phone.kill();
    bench.phone.boot().await;
    let Bench { garden, phone, .. } = &bench;
    phone.say("/status");
    phone.see_text(&["mode accept edits"]).await;
    phone.ask("write it down").await;
    assert!(garden.join("notes.md").exists(), "edits are accepted without a question");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_claudes_own_ends_where_it_began() {
    let Some(mut bench) = bench("a plan of its own").await else { return };
    bench.api.play(headless::script(&bench.laptop.home));
    let prompt = bench.phone.say("think of a scheme");
    let question = bench.phone.see_with("Approve").await;
    bench.phone.see_text(&["1. Dig\n2. Sow"]).await;
    bench.phone.say("/status");
    bench.phone.see_text(&["mode plan"]).await;
    bench.phone.press(&question, "Approve").await;
    bench.phone.answer(prompt).await;
    bench.phone.settled().await;
    bench.phone.mode_is("default");
    bench.phone.kill();
    bench.phone.boot().await;
    bench.phone.say("/status");
    bench.phone.see_text(&["mode manual"]).await;
    let prompt = bench.phone.say("write it down");
    let question = bench.phone.see_open("notes.md").await;
    bench.phone.press(&question, "Allow once").await;
    bench.phone.answer(prompt).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_questions_at_once_stay_apart() {
    let Some(bench) = bench("several questions").await else { return };
    let Bench { phone, .. } = &bench;
    let prompt = phone.say("read the pages");
    let north = phone.see_open("127.0.0.1:9/north").await;
    let south = phone.see_open("127.0.0.1:9/south").await;
    assert_ne!(north.id, south.id);
    phone.press(&north, "Deny + reason").await;
    phone.press(&south, "Deny").await;
    let gone = |posts: &[segue::sandbox::Post]| {
        (!posts.iter().any(|post| post.id == south.id)).then_some(())
    };
    phone.see("one question less", gone).await;
    phone.say("too far north");
    phone.answer(prompt).await;
    let card = phone.see_text(&["↳ 2 steps"]).await;
    for line in ["127.0.0.1:9/south (you denied it)", "127.0.0.1:9/north: too far north"] {
        assert_eq!(card.text.matches(line).count(), 1, "{card:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_agent_shows_its_own_steps() {
    let Some(bench) = bench("a sub-agent").await else { return };
    let Bench { phone, .. } = &bench;
    let prompt = phone.say("delegate it");
    phone.see_text(&["Agent Look around", "\n    ▸ Run sleep 3"]).await;
    let answer = phone.answer(prompt).await;
    assert!(answer.text.contains("They have reported."), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_asks_says_why() {
    let asks = |_: &Laptop, garden: &Path| {
        let said = json!({"hookSpecificOutput": {
            "hookEventName": "PreToolUse", "permissionDecision": "ask",
            "permissionDecisionReason": "The gate opens on a road.",
        }});
        fs::write(garden.join("said.json"), said.to_string()).unwrap();
        let hook = json!([{"type": "command", "command": "cat said.json"}]);
        let settings = json!({"hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": hook}]}});
        fs::create_dir_all(garden.join(".claude")).unwrap();
        fs::write(garden.join(".claude/settings.json"), settings.to_string()).unwrap();
    };
    let Some(bench) = Bench::set_up_after("a hook that asks", asks).await else { return };
    bench.api.play(headless::asking(&bench.laptop.home));
    let prompt = bench.phone.say("open the gate");
    let question = bench.phone.see_open("touch gate.txt").await;
    assert!(question.text.contains("Asked because: "), "{question:?}");
    assert!(question.text.contains("The gate opens on a road."), "{question:?}");
    bench.phone.press(&question, "Allow once").await;
    bench.phone.answer(prompt).await;
    assert!(bench.garden.join("gate.txt").exists());
}
