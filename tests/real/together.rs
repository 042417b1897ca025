//! One conversation on the real CLI: laptop and phone in any order, the open terminal included.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests, and seeds are printed")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use segue::sandbox::Post;

use crate::support::{
    answers::answer_to,
    cli,
    headless::{HOME, script},
    laptop::{Laptop, Terminal},
    messages_api::MessagesApi,
    phone::{Phone, session_of},
    wait::until,
};

/// A laptop with a project and a session in it, and the phone of its person.
pub(crate) struct Bench {
    pub(crate) laptop: Laptop,
    pub(crate) garden: PathBuf,
    pub(crate) phone: Phone,
    api: MessagesApi,
}

impl Bench {
    /// None where the CLI is not installed. The session has one prompt.
    pub(crate) async fn new(test: &str) -> Option<Self> {
        let cli = cli::find_for(test)?;
        let api = MessagesApi::start(script(HOME.as_ref()));
        let laptop = Laptop::new(&cli, &api.url);
        let garden = laptop.project("garden");
        laptop.print_as_person(&garden, "sow the beans");
        let mut base = laptop.claude_in(&garden);
        base.env("SEGUE_CLAUDE", &cli);
        let phone = Phone::start(&base, &garden).await;
        Some(Self { laptop, garden, phone, api })
    }

    fn id(&self) -> String {
        stem(&self.laptop.transcript(&self.garden).0).to_owned()
    }

    /// Waits for what the bot says of a prompt: its answer, or a card with these words.
    async fn reaction(&self, prompt: i64, words: &str) -> Post {
        let fits = |post: &&Post| post.reply_to == Some(prompt) && post.text.contains(words);
        let wish = format!("reaction to #{prompt}");
        let found = |posts: &[Post]| {
            let answer = answer_to(posts, prompt).filter(|post| post.text.contains("the last is:"));
            answer.or_else(|| posts.iter().find(fits)).cloned()
        };
        self.phone.see(&wish, found).await
    }
}

/// Has a turn in a terminal, and waits for its answer.
fn talk(terminal: &Terminal, prompt: &str, count: usize) {
    terminal.wait_for("❯");
    terminal.say(prompt);
    terminal.wait_for(&sees(count, prompt));
}

fn sees(count: usize, prompt: &str) -> String {
    format!("I see {count} prompts; the last is: {prompt}")
}

/// The session of a transcript.
fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

fn has(post: &Post, label: &str) -> bool {
    post.buttons().any(|button| button.text == label)
}

/// Small numbers in an order that a seed decides.
struct Dice(u64);

impl Dice {
    /// From `SEGUE_SEED`, or else the same every time.
    fn new() -> Self {
        let seed = env::var("SEGUE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        println!("SEGUE_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What must be true: how many prompts each side's session has.
struct Model {
    dice: Dice,
    /// The phone's session and its prompts.
    phone: (String, usize),
    /// The terminal, its session, its prompts, and whether prompts go there without asking.
    terminal: Option<(Terminal, String, usize, bool)>,
    /// Choices that were not made yet: each is, in an order that the dice decide.
    left: Vec<&'static str>,
}

/// What the person may choose when the session is open in a terminal.
const CHOICES: [&str; 3] = ["Send to the terminal", "Take over", "Fork"];

#[tokio::test(flavor = "multi_thread")]
async fn laptop_and_phone_in_any_order_lose_no_turn() {
    let Some(bench) = Bench::new("laptop and phone in any order").await else { return };
    let mut model =
        Model { dice: Dice::new(), phone: (bench.id(), 1), terminal: None, left: CHOICES.to_vec() };
    let mut steps = 0..60;
    while let Some(step) = steps.next().filter(|step| *step < 16 || !model.left.is_empty()) {
        match model.dice.below(5) {
            0 | 1 => laptop_turn(&bench, &mut model, step),
            2 if model.terminal.is_some() => {
                if let Some((terminal, ..)) = model.terminal.take() {
                    terminal.exit();
                }
            }
            _ => phone_turn(&bench, &mut model, step).await,
        }
    }
    assert_eq!(model.left, [""; 0], "every choice was made");
    if let Some((terminal, ..)) = model.terminal.take() {
        terminal.exit();
    }
    let last = bench.phone.ask("at last").await;
    assert!(last.text.contains(&sees(model.phone.1 + 1, "at last")), "{last:?}");
}

/// The person types in the terminal, which is opened on the phone's session where none is open.
fn laptop_turn(bench: &Bench, model: &mut Model, step: usize) {
    let (terminal, id, mut count, sends) = model.terminal.take().unwrap_or_else(|| {
        let (id, count) = model.phone.clone();
        (bench.laptop.open(&bench.garden, &["--resume", &id]), id, count, false)
    });
    count += 1;
    println!("{step}: the laptop, {id}, {count}");
    talk(&terminal, &format!("laptop {step}"), count);
    if model.phone.0 == id {
        model.phone.1 = count;
    }
    model.terminal = Some((terminal, id, count, sends));
}

/// The person writes on the phone, and chooses where there is a choice.
async fn phone_turn(bench: &Bench, model: &mut Model, step: usize) {
    let text = format!("phone {step}");
    let count = model.phone.1 + 1;
    println!("{step}: the phone, {}, {count}", model.phone.0);
    let prompt = bench.phone.say(&text);
    let mut seen = bench.reaction(prompt, "Your message is on hold").await;
    let here = model.terminal.as_ref().filter(|(_, id, ..)| *id == model.phone.0);
    if here.is_some_and(|(.., sends)| !sends) {
        let wished = if model.left.is_empty() { &mut CHOICES.to_vec() } else { &mut model.left };
        let choice = wished.swap_remove(model.dice.below(wished.len() as u64) as usize);
        let label = match choice {
            "Take over" if !has(&seen, "Take over") => "Take over when idle",
            label => label,
        };
        println!("{step}: {label}");
        bench.phone.press(&seen, label).await;
        seen = bench.reaction(prompt, "nothing else").await;
        match (choice, &mut model.terminal) {
            ("Send to the terminal", Some((.., sends))) => *sends = true,
            ("Take over", terminal) => *terminal = None,
            _ => model.phone.0 = session_of(&seen),
        }
    }
    assert!(seen.text.contains(&sees(count, &text)), "{seen:?}");
    assert_eq!(session_of(&seen), model.phone.0);
    model.phone.1 = count;
    if let Some((terminal, id, there, _)) = &mut model.terminal
        && *id == model.phone.0
    {
        terminal.wait_for(&sees(count, &text));
        *there = count;
    }
    bench.phone.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_asks_is_said_and_taken_over() {
    let Some(bench) = Bench::new("a terminal that asks").await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;
    let terminal = laptop.open(garden, &["--continue", "--permission-mode", "default"]);
    terminal.wait_for("❯");
    let prompt = phone.say("plant tulips");
    let card = bench.reaction(prompt, "Your message is on hold").await;
    phone.press(&card, "Send to the terminal").await;
    let call = phone.see_text(&["waits for an answer", "permission prompt"]).await;
    assert!(!call.silent);
    phone.press(&call, "Take over").await;
    let question = phone.see_text(&["Claude asks", "mkdir -p beds"]).await;
    assert!(!garden.join("beds").exists(), "nothing was done without a person");
    phone.press(&question, "Allow once").await;
    phone.see_text(&["The tool said"]).await;
    assert_eq!(fs::read_to_string(garden.join("beds/north.txt")).unwrap(), "tulips\n");
    assert_eq!(laptop.transcripts(garden).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_terminal_takes_a_message_after_its_turn() {
    let Some(bench) = Bench::new("a busy terminal").await else { return };
    let Bench { laptop, garden, phone, api } = &bench;
    let terminal = laptop.open(garden, &["--continue"]);
    terminal.wait_for("❯");
    terminal.say("ramble on");
    laptop.wait_for_registry("busy");
    let prompt = phone.say("water the beans");
    let card = bench.reaction(prompt, "in the middle of a turn").await;
    assert!(has(&card, "Take over now") && has(&card, "Take over when idle"), "{card:?}");
    phone.press(&card, "Send to the terminal").await;
    phone.see_text(&["Waiting for the terminal on the laptop"]).await;
    api.release();
    let answer = bench.reaction(prompt, "nothing else").await;
    assert!(answer.text.contains(&sees(3, "water the beans")), "{answer:?}");
    terminal.wait_for(&sees(3, "water the beans"));
    terminal.exit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_background_session_is_stopped_by_its_own_command() {
    let Some(bench) = Bench::new("a background session").await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;
    let claude = |args: &[&str]| {
        let mut command = laptop.claude_in(garden);
        command.args(args).stdin(Stdio::null()).output().unwrap()
    };
    let started = claude(&["--bg", "sow the peas"]);
    assert!(started.status.success(), "{started:?}");
    let entry = laptop.wait_for_registry("idle");
    let id = entry["sessionId"].as_str().unwrap();
    let answered = |path: &PathBuf| fs::read_to_string(path).unwrap().contains("turn_duration");
    let is_there =
        || laptop.transcripts(garden).iter().any(|path| stem(path) == id && answered(path));
    until("first answer", is_there);
    phone.say(&format!("/sessions {id}"));
    phone.see_text(&["sow the peas", "I see 1 prompts"]).await;
    let prompt = phone.say("water the peas");
    let card = bench.reaction(prompt, "Your message is on hold").await;
    assert!(card.text.contains("open in the background"), "{card:?}");
    let label = if has(&card, "Take over") { "Take over" } else { "Take over when idle" };
    phone.press(&card, label).await;
    let answer = bench.reaction(prompt, "nothing else").await;
    assert!(answer.text.contains(&sees(2, "water the peas")), "{answer:?}");
    assert_eq!(session_of(&answer), id);
    let ended = claude(&["daemon", "stop", "--any"]);
    assert!(ended.status.success(), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_a_run_never_changes_what_continue_picks() {
    let Some(mut bench) = Bench::new("what continue picks").await else { return };
    let (garden, first) = (bench.garden.clone(), bench.id());
    bench.phone.ask("water the beans").await;
    bench.phone.settled().await;
    let terminal = bench.laptop.open(&garden, &[]);
    talk(&terminal, "prune the pears", 1);
    terminal.exit();
    let newest = |garden: &Path| {
        let mut all = bench.laptop.transcripts(garden);
        all.sort_by_key(|path| path.metadata().unwrap().modified().unwrap());
        all.pop().unwrap()
    };
    let pears = newest(&garden);
    assert_ne!(stem(&pears), first);
    bench.phone.terminate();
    assert_eq!(newest(&garden), pears, "ending a run writes nothing");
    let terminal = bench.laptop.open(&garden, &["--continue"]);
    terminal.wait_for("prune the pears");
    terminal.exit();

    bench.phone.boot().await;
    let answer = bench.phone.ask("weed the beans").await;
    assert!(answer.text.contains(&sees(3, "weed the beans")), "{answer:?}");
    bench.phone.settled().await;
    let terminal = bench.laptop.open(&garden, &["--resume", &first]);
    bench.phone.see_text(&["is now open in tmux", "let go here"]).await;
    until("end of the CLI", || bench.phone.said().contains("the CLI has ended"));
    talk(&terminal, "pick the beans", 4);
    terminal.exit();
    let answer = bench.phone.ask("cook the beans").await;
    assert!(answer.text.contains(&sees(5, "cook the beans")), "{answer:?}");
}
