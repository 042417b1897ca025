//! A session in a terminal of the real CLI, followed on the phone.

use crate::{
    support::{
        cli,
        headless::{HOME, script},
        laptop::{Laptop, Terminal},
        messages_api::MessagesApi,
        phone::Phone,
    },
    together::Bench,
};

/// Says yes to the question of a terminal. It takes no answer that comes as soon as it asks.
fn allow(terminal: &Terminal) {
    terminal.wait_for("Do you want to proceed?");
    terminal.wait_until("an answered question", |screen| {
        let asks = screen.contains("Do you want to proceed?");
        if asks {
            terminal.press("Enter");
        }
        !asks
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_of_the_real_cli_that_waits_and_ends_is_told_of() {
    let Some(cli) = cli::find_for("notices of the real CLI") else { return };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let mut base = laptop.claude_in(&garden);
    base.env("SEGUE_CLAUDE", &cli);
    let mut phone = Phone::start(&base, &garden).await;
    phone.terminate();
    phone.configure(
        "pace_ms = 20\nnotify = true\nnotify_after_seconds = 0\nnotify_delay_seconds = 0\n",
    );
    phone.boot().await;
    let terminal = laptop.open(&garden, &["--permission-mode", "default"]);
    terminal.wait_for("❯");
    laptop.wait_for_terminal("idle");
    terminal.say("plant tulips");
    let told = phone.see_text(&["waits for you on the laptop", "permission prompt"]).await;
    assert!(told.text.contains("Run mkdir -p beds") && !told.silent, "{told:?}");
    // Killed and started again, it is told again without sound, as what still waits.
    phone.kill();
    phone.boot().await;
    let list = phone.see_text(&["What needs you", "permission prompt"]).await;
    assert!(list.silent, "{list:?}");
    allow(&terminal);
    phone.see_text(&["has finished after", "The tool said"]).await;
    terminal.exit();
    let posts = phone.see("the chat", |posts| Some(posts.to_vec())).await;
    let count = |text: &str| posts.iter().filter(|post| post.text.contains(text)).count();
    assert_eq!((count("waits for you on"), count("has finished"), count("ended in")), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_of_the_real_cli_is_followed_from_prompt_to_exit() {
    let Some(bench) = Bench::new("a terminal of the real CLI is followed").await else { return };
    let Bench { laptop, garden, phone, .. } = &bench;
    let terminal = laptop.open(garden, &["--continue", "--permission-mode", "default"]);
    terminal.wait_for("❯");
    laptop.wait_for_terminal("idle");
    phone.say("/follow");
    phone.see_text(&["Following", "idle there"]).await;
    phone.see_text(&["sow the beans", "I see 1 prompts; the last is: sow the beans"]).await;
    // A prompt and its answer.
    terminal.say("water the peas");
    phone
        .see_text(&["You", "water the peas", "I see 2 prompts; the last is: water the peas"])
        .await;
    // A tool that asks there, and is allowed there.
    terminal.say("plant tulips");
    phone.see_text(&["plant tulips", "Waits for an answer there: permission prompt"]).await;
    assert!(!garden.join("beds").exists());
    allow(&terminal);
    phone.see_text(&["plant tulips", "✓ Run mkdir -p beds", "The tool said"]).await;
    assert!(garden.join("beds").exists());
    terminal.exit();
    phone.see_text(&["has ended there"]).await;
    let posts = phone.see("the chat", |posts| Some(posts.to_vec())).await;
    for text in ["the last is: sow the beans", "the last is: water the peas", "The tool said"] {
        let count = posts.iter().filter(|post| post.text.contains(text)).count();
        assert_eq!(count, 1, "{text}: {posts:#?}");
    }
}
