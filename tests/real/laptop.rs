//! A session of the laptop, continued headless under our flags, and continued on the laptop.

use serde_json::Value;

use crate::support::{
    cli,
    headless::{FLAGS, HOME, script},
    laptop::{Laptop, Terminal, records},
    messages_api::MessagesApi,
};

const TEST: &str = "a session goes from the laptop to the phone and back";

fn api() -> MessagesApi {
    MessagesApi::start(script(HOME.as_ref()))
}

/// Has a turn on the laptop, and waits for its answer.
fn talk(terminal: &Terminal, prompt: &str, count: usize) {
    terminal.wait_for("❯");
    terminal.say(prompt);
    terminal.wait_for(&format!("I see {count} prompts; the last is: {prompt}"));
}

fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["type"] == kind).collect()
}

#[test]
fn a_session_goes_from_the_laptop_to_the_phone_and_back() {
    let Some(cli) = cli::find_for(TEST) else { return };
    let api = api();
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");

    let terminal = laptop.open(&garden, &[]);
    talk(&terminal, "sow the beans", 1);
    terminal.exit();
    let (path, written) = laptop.transcript(&garden);
    let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let prompt = of_kind(&written, "user")[0];
    assert_eq!(prompt["message"]["content"], "sow the beans");
    assert_eq!(prompt["entrypoint"], "cli");
    assert_eq!(prompt["promptSource"], "typed");
    assert_eq!(prompt["cwd"], garden.to_str().unwrap());
    assert_eq!(prompt["sessionId"], id.as_str());
    let history = records(&laptop.claude().join("history.jsonl"));
    assert_eq!(history[0]["display"], "sow the beans");
    assert_eq!(history[0]["sessionId"], id.as_str());

    let mut phone = laptop.claude_in(&garden);
    phone.env("CLAUDE_CODE_ENTRYPOINT", "telegram").args([
        "-p",
        "--resume",
        &id,
        "water the beans",
    ]);
    let answer = phone.output().unwrap();
    assert_eq!(
        String::from_utf8(answer.stdout).unwrap().trim(),
        "I see 2 prompts; the last is: water the beans"
    );
    assert_eq!(api.prompts_seen(), ["sow the beans", "water the beans"]);
    let newest = records(&path);
    let newest = of_kind(&newest, "user").pop().unwrap().clone();
    assert_eq!(newest["entrypoint"], "telegram");

    let terminal = laptop.open(&garden, &["--continue"]);
    let screen = terminal.wait_for("water the beans");
    assert!(screen.contains("sow the beans"), "{screen}");
    talk(&terminal, "pick the beans", 3);
    terminal.exit();
    assert_eq!(laptop.transcripts(&garden), [path]);
}

#[test]
fn a_session_born_on_the_phone_is_in_the_laptops_picker() {
    let Some(cli) = cli::find_for("a session born on the phone is in the picker") else {
        return;
    };
    let api = api();
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    for (entrypoint, prompt) in [(Some("telegram"), "from the phone"), (None, "from a program")] {
        let mut run = laptop.claude_in(&garden);
        if let Some(entrypoint) = entrypoint {
            run.env("CLAUDE_CODE_ENTRYPOINT", entrypoint);
        }
        let output = run.args(["-p", prompt]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let terminal = laptop.open(&garden, &[]);
    terminal.wait_for("❯");
    let screen = terminal.picker();
    assert!(screen.contains("from the phone"), "{screen}");
    assert!(!screen.contains("from a program"), "{screen}");
}

#[test]
fn an_interactive_session_is_alive_in_the_registry() {
    let Some(cli) = cli::find_for("an interactive session is alive in the registry") else {
        return;
    };
    let api = api();
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let terminal = laptop.open(&garden, &[]);
    terminal.wait_for("❯");
    let entry = laptop.wait_for_registry("idle");
    assert_eq!(entry["kind"], "interactive");
    assert_eq!(entry["entrypoint"], "cli");
    assert_eq!(entry["cwd"], garden.to_str().unwrap());
    assert!(entry["tmux"].is_string(), "{entry}");

    terminal.say("ramble on");
    laptop.wait_for_registry("busy");
    api.release();
    laptop.wait_for_registry("idle");
    terminal.exit();
    assert_eq!(laptop.registry(), Vec::<Value>::new());
}

#[test]
fn our_flags_are_known() {
    let Some(cli) = cli::find_for("our flags are known") else { return };
    let api = api();
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let mut run = laptop.claude_in(&garden);
    let output = run.args(FLAGS).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
