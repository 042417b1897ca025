//! One conversation: the laptop has the same session open, and what becomes of it here.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
};

use serde_json::json;

use crate::support::{
    phone::{ADA, GROUP, Phone, session_of},
    scratch::Scratch,
    terminal::HeldOpen,
    wait::until_or,
};

/// A bot on a home with one session.
struct Bench {
    scratch: Scratch,
    garden: PathBuf,
    transcript: PathBuf,
    id: String,
    phone: Phone,
}

impl Bench {
    async fn new() -> Self {
        let mut scratch = Scratch::new();
        let garden = scratch.project("garden");
        let id = scratch.session(&garden, &["sow the beans"], 5);
        let transcript = scratch.folder(&garden).join(format!("{id}.jsonl"));
        let phone = Phone::start(&scratch.base(), &garden).await;
        Self { scratch, garden, transcript, id, phone }
    }

    fn open(&self, status: &str) -> HeldOpen {
        HeldOpen::new(&self.scratch.home(), &self.garden, &self.transcript, status)
    }

    /// Waits until the bot's log says this so many times.
    fn logged(&self, words: &str, times: usize) {
        until_or(
            || self.phone.said().matches(words).count() >= times,
            || format!("no {words:?} in\n{}", self.phone.said()),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_goes_to_the_terminal_and_its_answer_comes_back() {
    let bench = Bench::new().await;
    let terminal = bench.open("idle");
    let prompt = bench.phone.say("water");
    let card =
        bench.phone.see_text(&["is open in a terminal", "idle", "Your message is on hold"]).await;
    bench.phone.press(&card, "Send to the terminal").await;
    let message = terminal.read();
    assert_eq!(message["message"]["content"], "water");
    assert_eq!(message["type"], "user");
    assert!(message["from"].as_str().unwrap().starts_with("telegram:"), "{message}");
    terminal.take_up(&message);
    let call = json!([{"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}]);
    terminal.answer(&call);
    bench.phone.see_text(&["Running a command"]).await;
    terminal.answer(&json!([{"type": "text", "text": "All wet."}]));
    terminal.end_turn();
    let answer = bench.phone.answer(prompt).await;
    assert!(answer.text.contains("All wet."), "{answer:?}");
    assert_eq!(session_of(&answer), bench.id);

    // The choice holds while the terminal stays, and prompts go one after the other.
    let first = bench.phone.say("weed");
    let message = terminal.read();
    let second = bench.phone.say("pick");
    bench.phone.progress(ADA, second).await;
    assert!(terminal.has_nothing(), "the second waits for the end of the first");
    for (prompt, message) in [(first, message)] {
        terminal.take_up(&message);
        terminal.answer(&json!([{"type": "text", "text": "No weeds."}]));
        terminal.end_turn();
        assert!(bench.phone.answer(prompt).await.text.contains("No weeds."));
    }
    let message = terminal.read();
    assert_eq!(message["message"]["content"], "pick");
    terminal.take_up(&message);
    terminal.answer(&json!([{"type": "text", "text": "Picked."}]));
    terminal.end_turn();
    assert!(bench.phone.answer(second).await.text.contains("Picked."));

    drop(terminal);
    let answer = bench.phone.ask("cook").await;
    assert!(answer.text.contains("the last is: cook"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_waits_is_said_aloud_and_taken_over() {
    let bench = Bench::new().await;
    let mut terminal = bench.open("idle");
    let prompt = bench.phone.say("water");
    let card = bench.phone.see_text(&["is open in a terminal"]).await;
    bench.phone.press(&card, "Send to the terminal").await;
    let message = terminal.read();
    terminal.take_up(&message);
    terminal.set("waiting", Some("permission prompt"));
    let call = bench.phone.see_text(&["waits for an answer", "permission prompt"]).await;
    assert!(!call.silent);
    terminal.set("busy", None);
    bench
        .phone
        .see("the call taken back", |posts| {
            posts.iter().all(|post| post.id != call.id).then_some(())
        })
        .await;
    terminal.set("waiting", Some("permission prompt"));
    let call = bench.phone.see_text(&["waits for an answer", "permission prompt"]).await;
    bench.phone.press(&call, "Take over").await;
    assert_eq!(terminal.ended_by(), Some(15), "asked, not killed");
    let answer = bench.phone.see_text(&["the last is: water"]).await;
    assert_eq!((answer.reply_to, session_of(&answer)), (Some(prompt), bench.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_over_waits_until_the_terminal_is_idle() {
    let bench = Bench::new().await;
    let mut terminal = bench.open("busy");
    let prompt = bench.phone.say("water");
    let card = bench.phone.see_text(&["in the middle of a turn", "loses the turn it is in"]).await;
    bench.phone.press(&card, "Take over when idle").await;
    bench.phone.see_text(&["Waiting until the terminal is idle"]).await;
    let other = bench.phone.say("weed");
    let progress = bench.phone.progress(ADA, other).await;
    bench.phone.press(&progress, "Stop").await;
    bench.phone.see_text(&["Taken back"]).await;
    terminal.set("idle", None);
    assert_eq!(terminal.ended_by(), Some(15));
    let answer = bench.phone.answer(prompt).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: water"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_terminal_is_taken_over_now() {
    let bench = Bench::new().await;
    let mut terminal = bench.open("busy");
    let prompt = bench.phone.say("water");
    let card = bench.phone.see_text(&["in the middle of a turn"]).await;
    bench.phone.press(&card, "Take over now").await;
    assert_eq!(terminal.ended_by(), Some(15));
    let answer = bench.phone.answer(prompt).await;
    assert!(answer.text.contains("I see 2 prompts; the last is: water"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_takes_no_messages_is_said() {
    let bench = Bench::new().await;
    let terminal = bench.open("idle");
    let prompt = bench.phone.say("water");
    let card = bench.phone.see_text(&["is open in a terminal"]).await;
    for entry in fs::read_dir(bench.scratch.home()).unwrap().flatten() {
        if entry.path().extension().is_some_and(|end| end == "sock") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    bench.phone.press(&card, "Send to the terminal").await;
    let answer = bench.phone.answer(prompt).await;
    assert!(answer.text.contains("takes no messages"), "{answer:?}");
    drop(terminal);
    bench.phone.press(&answer, "Try again").await;
    bench.phone.see_text(&["the last is: water"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_session_that_the_laptop_opens_is_let_go() {
    let bench = Bench::new().await;
    bench.phone.ask("water").await;
    bench.phone.settled().await;
    let before = fs::read(&bench.transcript).unwrap();
    let terminal = bench.open("idle");
    bench.phone.see_text(&["is now open in a terminal", "It is let go here"]).await;
    bench.logged("the CLI has ended", 1);
    assert_eq!(fs::read(&bench.transcript).unwrap(), before, "letting go writes nothing");
    bench.phone.say("weed");
    bench.phone.see_text(&["is open in a terminal", "Your message is on hold"]).await;
    drop(terminal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_stopped_when_the_laptop_opens_its_session() {
    let bench = Bench::new().await;
    bench.phone.ask("water").await;
    let prompt = bench.phone.say("ramble on");
    bench.phone.see_text(&["It all began"]).await;
    let terminal = bench.open("idle");
    let said = bench.phone.see_text(&["is now open in a terminal", "while Claude works"]).await;
    bench.phone.press(&said, "Stop here").await;
    let answer = bench.phone.answer(prompt).await;
    assert!(answer.text.contains("Stopped"), "{answer:?}");
    bench.logged("the CLI has ended", 1);
    drop(terminal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_as_soon_as_somebody_else_continues_its_session() {
    let bench = Bench::new().await;
    bench.phone.ask("water").await;
    bench.phone.settled().await;
    let terminal = bench.open("idle");
    terminal.take_up(&json!({"message": {"content": "weed"}, "from": "x"}));
    terminal.answer(&json!([{"type": "text", "text": "No weeds."}]));
    drop(terminal);
    bench.logged("the CLI has ended", 1);
    let answer = bench.phone.ask("cook").await;
    assert!(answer.text.contains("the last is: cook"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transcript_alone_ends_a_run_that_does_not_know_it() {
    let bench = Bench::new().await;
    bench.phone.ask("water").await;
    bench.phone.settled().await;
    let record = json!({
        "type": "user", "uuid": "22222222-2222-4222-8222-222222222222",
        "message": {"role": "user", "content": "from a script"},
    });
    let mut file = File::options().append(true).open(&bench.transcript).unwrap();
    file.write_all(format!("{record}\n").as_bytes()).unwrap();
    bench.logged("the CLI has ended", 1);
    let answer = bench.phone.ask("cook").await;
    assert!(answer.text.contains("the last is: cook"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_places_share_a_session_and_each_gets_its_own_answers() {
    let bench = Bench::new().await;
    let Bench { phone, id, .. } = &bench;
    phone.ask("water").await;
    phone.client.say((GROUP, ADA), &format!("/sessions {id}")).unwrap();
    let bound = |posts: &[segue::sandbox::Post]| {
        posts.iter().find(|post| post.text.contains("Write to continue here")).cloned()
    };
    phone.see_in(GROUP, "the card", bound).await;
    let slow = phone.say("ramble on");
    phone.see_text(&["It all began"]).await;
    let other = phone.client.say((GROUP, ADA), "weed").unwrap();
    let waiting = phone.progress(GROUP, other).await;
    assert!(waiting.text.contains("Waiting for the turn of another chat"), "{waiting:?}");
    let progress = phone.progress(ADA, slow).await;
    phone.press(&progress, "Stop").await;
    assert!(phone.answer(slow).await.text.contains("Stopped"));
    let answer = phone.answer_in(GROUP, other).await;
    assert!(answer.text.contains("the last is: weed"), "{answer:?}");
    phone.see_text(&["is used in another chat"]).await;
    let told = |posts: &[segue::sandbox::Post]| {
        posts.iter().filter(|post| post.text.contains("is used in another chat")).count()
    };
    assert_eq!(told(&phone.client.messages(GROUP)), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_takes_no_lines_is_said_and_survived() {
    let bench = Bench::new().await;
    // Whoever runs this may write to read-only files, and not to a directory.
    fs::create_dir_all(bench.scratch.home().join(".claude/history.jsonl")).unwrap();
    let first = bench.phone.answer(bench.phone.say("/new herbs")).await;
    bench.phone.see_text(&["history on the laptop cannot be written", "until segue ends"]).await;
    let second = bench.phone.answer(bench.phone.say("water")).await;
    assert_eq!(session_of(&first), session_of(&second));
    assert!(second.text.contains("I see 2 prompts"), "{second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_deleted_under_a_warm_run_is_said_and_survived() {
    let bench = Bench::new().await;
    bench.phone.ask("water").await;
    bench.phone.settled().await;
    fs::remove_file(&bench.transcript).unwrap();
    bench.phone.see_text(&["transcript of this session was deleted"]).await;
    let answer = bench.phone.ask("weed").await;
    assert!(answer.text.contains("the last is: weed"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_is_replaced_is_watched_anew() {
    let bench = Bench::new().await;
    bench.phone.ask("water").await;
    bench.phone.settled().await;
    let home = bench.scratch.home();
    fs::rename(home.join(".claude"), home.join("old")).unwrap();
    fs::create_dir(home.join(".claude")).unwrap();
    let answer = bench.phone.ask("weed").await;
    assert!(answer.text.contains("the last is: weed"), "{answer:?}");
    bench.phone.settled().await;
    let id = session_of(&answer);
    let transcript = bench.scratch.folder(&bench.garden).join(format!("{id}.jsonl"));
    let terminal = HeldOpen::new(&home, &bench.garden, &transcript, "idle");
    bench.phone.see_text(&["is now open in a terminal"]).await;
    drop(terminal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cli_behind_a_launcher_is_known_as_ours() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    scratch.launch_claude();
    let mut phone = Phone::start(&scratch.base(), &garden).await;
    for words in ["sow", "water", "weed"] {
        phone.ask(words).await;
        phone.settled().await;
    }
    assert_eq!(phone.said().matches("started the CLI").count(), 1, "{}", phone.said());
    phone.kill();
    phone.boot().await;
    let answer = phone.ask("harvest").await;
    assert!(answer.text.contains("I see 4 prompts"), "{answer:?}");
}
