//! What is asked outside of all chats: the menu, the bot's page, its settings, webhooks, chats.

use segue::telegram::account::{
    self, Chat, Pinned, Profile, SetMySettings, Support, Webhook, set_profile, set_settings,
};
use segue::telegram::client::Client;
use segue::telegram::refusal::Refusal;
use serde_json::{Value, json};

use crate::server::{Fault, Server, TOKEN};

async fn bot() -> (Server, Client) {
    let server = Server::start().await;
    let client = Client::connect(TOKEN, &server.url).expect("a client");
    (server, client)
}

fn names(body: &Value) -> Vec<&str> {
    let commands = body["commands"].as_array().expect("commands");
    commands.iter().filter_map(|command| command["command"].as_str()).collect()
}

#[tokio::test]
async fn one_bad_command_does_not_lose_the_menu() {
    let (server, client) = bot().await;
    let menu = [("new", "Start"), ("not-one", "x"), ("stop", "End"), ("help", "What to do")];
    account::set_commands(&client, &menu).await.expect("a menu");
    assert_eq!(names(&server.bodies("setmycommands")[0]), ["new", "stop", "help"]);

    // Telegram has a rule that nobody knows here: it refuses the whole, and “stop” by itself.
    let refusal = || Fault::refusal("Bad Request: BOT_COMMAND_INVALID");
    server.change(|room| room.calls.clear());
    for fault in [Some(refusal()), None, Some(refusal())] {
        server.fail("setmycommands", fault.unwrap_or(Fault::None));
    }
    account::set_commands(&client, &menu).await.expect("a menu");
    let bodies = server.bodies("setmycommands");
    let asked: Vec<_> = bodies.iter().map(names).collect();
    let one_by_one = [vec!["new", "stop", "help"], vec!["new"], vec!["stop"], vec!["help"]];
    assert_eq!(asked[..4], one_by_one);
    assert_eq!(asked[4..], [["new", "help"]]);
}

#[tokio::test]
async fn the_page_of_the_bot_is_changed_in_parts() {
    let (server, client) = bot().await;
    let profile = Profile {
        name: Some("Ada's laptop".into()),
        description: Some("Claude, from afar".into()),
        short: None,
    };
    set_profile(&client, profile).await.expect("a profile");
    let calls = server.change(|room| room.calls.clone());
    let expected = [
        ("setmyname", json!({"name": "Ada's laptop"})),
        ("setmydescription", json!({"description": "Claude, from afar"})),
    ];
    assert_eq!(calls, expected.map(|(method, body)| (method.to_owned(), body)));
}

#[tokio::test]
async fn an_older_server_knows_no_settings() {
    let (server, client) = bot().await;
    let settings = SetMySettings { has_topics_enabled: Some(true), ..SetMySettings::default() };
    assert_eq!(set_settings(&client, settings.clone()).await, Ok(Support::Done));
    assert_eq!(server.bodies("setmysettings"), [json!({"has_topics_enabled": true})]);
    for description in ["Not Found", "Bad Request: method is unknown"] {
        server.fail("setmysettings", Fault::refusal(description));
        assert_eq!(set_settings(&client, settings.clone()).await, Ok(Support::Unknown));
    }
    server.fail("setmysettings", Fault::LostRequest);
    let lost = set_settings(&client, settings).await;
    assert!(matches!(lost, Err(Refusal::Unknown(_))), "{lost:?}");
}

#[tokio::test]
async fn webhooks_and_chats_are_told_of() {
    let (server, client) = bot().await;
    let url = "https://example.org/hook".to_owned();
    let hook = Webhook { url, pending_update_count: 3 };
    assert_eq!(account::webhook(&client).await, Ok(hook));
    assert_eq!(account::delete_webhook(&client).await, Ok(()));
    assert_eq!(server.bodies("deletewebhook"), [json!({})], "what waits stays");
    let pinned = Some(Pinned { message: 7, from: 42, text: "beds".into() });
    let garden = Chat { title: "Garden".into(), is_forum: true, pinned };
    assert_eq!(account::chat(&client, -100).await, Ok(garden));
}
