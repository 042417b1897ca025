//! The path on the real CLI: a session of the laptop, continued from the phone, and back.

use std::{fs, path::Path};

use crate::support::{
    cli,
    headless::{HOME, script},
    laptop::{Laptop, Terminal, records},
    messages_api::MessagesApi,
    phone::{ADA, GROUP, Phone, session_of},
    wait::until,
};

/// A laptop with a project, and the phone of its person.
pub(crate) struct Bench {
    pub(crate) api: MessagesApi,
    pub(crate) laptop: Laptop,
    pub(crate) garden: std::path::PathBuf,
    pub(crate) phone: Phone,
}

impl Bench {
    /// None where the CLI is not installed.
    pub(crate) async fn set_up(test: &str) -> Option<Self> {
        Self::set_up_after(test, |_, _| {}).await
    }

    /// The same, with something on the laptop before the bot starts.
    pub(crate) async fn set_up_after(
        test: &str,
        before: impl FnOnce(&Laptop, &Path),
    ) -> Option<Self> {
        Some(Self::set_up_with(&cli::find_for(test)?, before).await)
    }

    /// The same with the oldest supported CLI.
    pub(crate) async fn set_up_oldest(test: &str) -> Option<Self> {
        Some(Self::set_up_with(&cli::find_oldest_for(test)?, |_, _| {}).await)
    }

    async fn set_up_with(cli: &Path, before: impl FnOnce(&Laptop, &Path)) -> Self {
        let api = MessagesApi::start(script(HOME.as_ref()));
        let laptop = Laptop::new(cli, &api.url);
        let garden = laptop.project("garden");
        before(&laptop, &garden);
        let mut base = laptop.claude_in(&garden);
        base.env("SEGUE_CLAUDE", cli);
        let phone = Phone::start(&base, &garden).await;
        Self { api, laptop, garden, phone }
    }
}

/// Has a turn on the laptop, and waits for its answer.
pub(crate) fn talk(terminal: &Terminal, prompt: &str, count: usize) {
    terminal.wait_for("❯");
    terminal.say(prompt);
    terminal.wait_for(&format!("I see {count} prompts; the last is: {prompt}"));
}

/// What a turn without tools answers.
pub(crate) fn sees(count: usize, prompt: &str) -> String {
    format!("I see {count} prompts; the last is: {prompt}")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_conversation() {
    let sow = |laptop: &Laptop, garden: &Path| {
        let terminal = laptop.open(garden, &[]);
        talk(&terminal, "sow the beans", 1);
        terminal.exit();
    };
    let Some(bench) = Bench::set_up_after("one conversation", sow).await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;

    let answer = phone.ask("water the beans").await;
    assert!(answer.text.contains(&sees(2, "water the beans")), "{answer:?}");
    phone.see_text(&["Continuing sow the beans in ~/garden"]).await;
    let answer = phone.ask("weed the beans").await;
    assert!(answer.text.contains(&sees(3, "weed the beans")), "{answer:?}");

    let terminal = laptop.open(garden, &["--continue"]);
    let screen = terminal.wait_for("weed the beans");
    assert!(screen.contains("sow the beans") && screen.contains("water the beans"), "{screen}");
    talk(&terminal, "pick the beans", 4);

    // The screen shows an answer a moment before the registry says that the turn is over.
    laptop.wait_for_terminal("idle");
    phone.say("cook the beans");
    let card = phone.see_text(&["is open in tmux", "idle"]).await;
    terminal.exit();
    phone.press(&card, "Take over").await;
    let answer = phone.answer(card.reply_to.unwrap()).await;
    assert!(answer.text.contains(&sees(5, "cook the beans")), "{answer:?}");

    let terminal = laptop.open(garden, &["--continue"]);
    terminal.wait_for("cook the beans");
    terminal.exit();
    assert_eq!(laptop.transcripts(garden).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_born_on_the_phone_is_in_the_picker_of_the_laptop() {
    let Some(bench) = Bench::set_up("a session born on the phone").await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;
    let answer = phone.ask("sow the peas").await;
    assert!(answer.text.contains(&sees(1, "sow the peas")), "{answer:?}");
    phone.see_text(&["No session in ~/garden yet"]).await;

    let terminal = laptop.open(garden, &[]);
    terminal.wait_for("❯");
    let picker = terminal.picker();
    assert!(picker.contains("sow the peas"), "{picker}");
    terminal.press("Escape");
    let history = records(&laptop.claude().join("history.jsonl"));
    assert_eq!(history[0]["display"], "sow the peas");
    assert_eq!(history[0]["sessionId"], session_of(&answer).as_str());
    assert_eq!(history[0]["telegram"]["chat"], ADA);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_is_asked_and_answered() {
    let Some(bench) = Bench::set_up("a permission").await else { return };
    let Bench { garden, phone, .. } = &bench;
    let prompt = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks", "mkdir -p beds"]).await;
    assert!(!question.silent, "a question makes itself heard");
    assert!(!garden.join("beds").exists());
    phone.press(&question, "Allow once").await;
    phone.answer(prompt).await;
    assert_eq!(fs::read_to_string(garden.join("beds/north.txt")).unwrap(), "tulips\n");
    phone.see_text(&["Run", "(you allowed it"]).await;

    fs::remove_dir_all(garden.join("beds")).unwrap();
    let prompt = phone.say("plant tulips");
    let question = phone.see_text(&["Claude asks", "mkdir -p beds"]).await;
    phone.press(&question, "Deny").await;
    phone.answer(prompt).await;
    assert!(!garden.join("beds").exists());
    phone.see_text(&["✗ Run"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_transcript_is_a_fresh_session_loudly() {
    let Some(mut bench) = Bench::set_up("a missing transcript").await else { return };
    let answer = bench.phone.ask("sow the peas").await;
    let old = session_of(&answer);
    bench.phone.terminate();
    fs::remove_file(bench.laptop.transcript(&bench.garden).0).unwrap();
    bench.phone.boot().await;

    let answer = bench.phone.ask("water the peas").await;
    assert!(answer.text.contains(&sees(1, "water the peas")), "{answer:?}");
    bench.phone.see_text(&["could not be resumed", &old, "A fresh session"]).await;
    assert_ne!(session_of(&answer), old);
    let answer = bench.phone.ask("weed the peas").await;
    assert!(answer.text.contains(&sees(2, "weed the peas")), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_transcript_goes_on() {
    let Some(mut bench) = Bench::set_up("a torn transcript").await else { return };
    bench.phone.ask("sow the peas").await;
    bench.phone.terminate();
    let (path, _) = bench.laptop.transcript(&bench.garden);
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"type\":\"user\",\"mess");
    fs::write(&path, bytes).unwrap();
    bench.phone.boot().await;
    let answer = bench.phone.ask("water the peas").await;
    assert!(answer.text.contains(&sees(2, "water the peas")), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_another_directory_is_continued_there() {
    let sow = |laptop: &Laptop, _: &Path| {
        let orchard = laptop.project("orchard");
        let terminal = laptop.open(&orchard, &[]);
        talk(&terminal, "prune the pears", 1);
        terminal.exit();
    };
    let Some(bench) = Bench::set_up_after("another directory", sow).await else { return };
    let Bench { laptop, phone, .. } = &bench;
    phone.say("/sessions prune the pears");
    let card = phone.see_text(&["prune the pears", "~/orchard", "Continue here?"]).await;
    phone.press(&card, "Continue").await;
    phone.see_text(&["prune the pears", "Write to continue here"]).await;
    let answer = phone.ask("where am I").await;
    assert!(answer.text.contains(&sees(2, "where am I")), "{answer:?}");
    let (_, written) = laptop.transcript(&laptop.home.join("orchard"));
    let newest = written.iter().rev().find(|record| record["type"] == "user").unwrap();
    assert_eq!(newest["cwd"], laptop.home.join("orchard").to_str().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_remembered() {
    let Some(mut bench) = Bench::set_up("nothing remembered").await else { return };
    bench.phone.ask("sow the peas").await;
    bench.phone.say("/new");
    bench.phone.see_text(&["New session in ~/garden"]).await;
    let answer = bench.phone.ask("build a shed").await;
    bench.phone.kill();
    let state = tempfile::tempdir().unwrap();
    bench.phone.set("XDG_STATE_HOME", state.path());
    bench.phone.set("XDG_CACHE_HOME", state.path());
    bench.phone.set("XDG_DATA_HOME", state.path());
    bench.phone.boot().await;
    let next = bench.phone.ask("paint the shed").await;
    assert!(next.text.contains(&sees(2, "paint the shed")), "{next:?}");
    assert_eq!(session_of(&next), session_of(&answer));
    bench.phone.terminate();
    let stored = |entry: &walkdir::DirEntry| entry.file_type().is_file();
    let found = walkdir::WalkDir::new(state.path()).into_iter().flatten().find(stored);
    assert!(found.is_none(), "at rest nothing is stored: {found:?}");
    // An orphan of a kill ends by itself, when it has seen that its stdin is closed.
    let lives = |entry: &serde_json::Value| Path::new(&format!("/proc/{}", entry["pid"])).exists();
    until("without a process of the bot's", || !bench.laptop.registry().iter().any(lives));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_places_at_once() {
    let Some(bench) = Bench::set_up("two places at once").await else { return };
    let Bench { api, phone, .. } = &bench;
    phone.client.say((GROUP, ADA), "/new").unwrap();
    phone
        .see_in(GROUP, "new session", |posts| {
            posts.iter().find(|post| post.text.contains("New session")).cloned()
        })
        .await;
    phone.say("/new");
    phone.see_text(&["New session"]).await;
    let slow = phone.client.say((GROUP, ADA), "ramble on").unwrap();
    phone.progress(GROUP, slow).await;
    let answer = phone.ask("sow the peas").await;
    assert!(answer.text.contains(&sees(1, "sow the peas")), "{answer:?}");
    api.release();
    phone.answer_in(GROUP, slow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_keeps_the_session_usable() {
    let Some(bench) = Bench::set_up("stop").await else { return };
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
