//! The scripted `claude` and the real one continue each other's sessions.

use crate::support::{
    background::{self, Place},
    cli,
    headless::{HOME, script},
    laptop::Laptop,
    messages_api::MessagesApi,
    scripted,
};

const SESSION: &str = "11111111-0000-4000-8000-000000000001";

#[test]
fn the_scripted_and_the_real_one_continue_each_other() {
    let Some(cli) = cli::find_for("the scripted claude and the real one") else {
        return;
    };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let scripted = scripted::link(&laptop.home);
    let say = |by_script: bool, conversation: [&str; 2], prompt: &str| {
        let mut command = if by_script {
            let mut command = laptop.command(&scripted);
            command.current_dir(&garden);
            scripted::play(&mut command, &laptop.home);
            command
        } else {
            laptop.claude_in(&garden)
        };
        command.arg("-p").args(conversation).arg(prompt);
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let resume = ["--resume", SESSION];
    for (count, (by_script, conversation, prompt)) in [
        (true, ["--session-id", SESSION], "sow the beans"),
        (false, resume, "water the beans"),
        (true, resume, "pick the beans"),
        (false, resume, "cook the beans"),
    ]
    .into_iter()
    .enumerate()
    {
        let said = say(by_script, conversation, prompt);
        assert_eq!(said, format!("I see {} prompts; the last is: {prompt}", count + 1));
    }
    assert_eq!(laptop.transcripts(&garden).len(), 1);
}

#[test]
fn a_background_session_begins_is_listed_and_ends() {
    let Some(cli) = cli::find_for("a background session of the real one") else {
        return;
    };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let claude = || laptop.claude_in(&garden);
    background::check(&Place { home: &laptop.home, claude: &claude });
    let ended = claude().args(["daemon", "stop", "--any"]).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn the_login_is_told() {
    let Some(cli) = cli::find_for("the login") else {
        return;
    };
    let laptop = Laptop::new(&cli, "http://127.0.0.1:1");
    let garden = laptop.project("garden");
    let claude = || laptop.claude_in(&garden);
    background::check_login(&Place { home: &laptop.home, claude: &claude }, |command| {
        command.env_remove("ANTHROPIC_API_KEY");
    });
}
