//! A session in a terminal of the real CLI, followed on the phone.

use crate::support::{
    cli,
    headless::{HOME, script},
    laptop::Laptop,
    messages_api::MessagesApi,
    phone::Phone,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_of_the_real_cli_is_followed_from_prompt_to_exit() {
    let Some(cli) = cli::find_for("a terminal of the real CLI is followed") else { return };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    laptop.print_as_person(&garden, "sow the beans");
    let mut base = laptop.claude_in(&garden);
    base.env("SEGUE_CLAUDE", &cli);
    let phone = Phone::start(&base, &garden).await;
    let terminal = laptop.open(&garden, &["--continue", "--permission-mode", "default"]);
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
    terminal.wait_for("Do you want to proceed?");
    // It takes no answer that comes as soon as it asks.
    terminal.wait_until("an answered question", |screen| {
        let asks = screen.contains("Do you want to proceed?");
        if asks {
            terminal.press("Enter");
        }
        !asks
    });
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
