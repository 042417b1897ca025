//! From an empty machine to the first answer, by hand at a terminal and by flags alone.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Stdio, time::Instant};

use crate::{
    machine::{Machine, Running, stderr, stdout},
    support::{
        cli,
        headless::{HOME, script},
        laptop::{Laptop, Terminal},
        messages_api::MessagesApi,
        phone::{ADA, GRACE, PATIENCE},
        wait::until,
    },
};
use segue::sandbox::{Fault, Post};

/// A person's two minutes, seconds.
const SECONDS: u64 = 120;

impl Machine {
    fn settings(&self) -> toml::Table {
        fs::read_to_string(self.config()).unwrap().parse().unwrap()
    }

    /// What a flag says of everything that has no default.
    fn by_flags(&self, more: &[&str]) -> std::process::Output {
        let (ada, url) = (ADA.to_string(), self.api_url());
        let mut args = vec!["setup", "--yes", "--token-file", "-", "--user", &ada];
        args.extend(["--api-url", &url, "--service", "no"]);
        args.extend(more);
        self.run(&args, &format!("{}\n", self.token))
    }

    /// Says something and waits for the answer, which is aloud.
    async fn answers(&self, prompt: &str) {
        let prompt = self.phone.say((ADA, ADA), prompt).unwrap();
        let is_it = |post: &&Post| post.id > prompt && !post.silent && post.text.contains('↳');
        let seen = self.phone.wait(ADA, PATIENCE, |posts| posts.iter().find(is_it).cloned()).await;
        seen.unwrap_or_else(|late| panic!("no answer: {late}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_flags_alone_from_nothing_to_the_first_answer() {
    let begun = Instant::now();
    let mut machine = Machine::new().await;
    let garden = machine.scratch.project("garden");
    let project = ["--project", "garden", "--topics", "yes", "--groups", "no"];
    let output = machine.by_flags(&project);
    let said = format!("{}{}", stdout(&output), stderr(&output));
    assert!(output.status.success(), "{said}");
    assert!(!said.contains(&machine.token) && said.contains("@segue_sandbox_bot"), "{said}");
    assert!(said.contains("Topics are on; the bot cannot be added to groups"), "{said}");
    machine.see(ADA, "segue is set up on").await;

    assert_eq!(fs::metadata(machine.config()).unwrap().permissions().mode() & 0o777, 0o600);
    let settings = machine.settings();
    assert_eq!(settings["token"].as_str(), Some(machine.token.as_str()));
    assert_eq!(settings["allowed_users"], toml::Value::from(vec![ADA]));
    assert_eq!(settings["project"].as_str(), garden.to_str());
    assert!(!settings.contains_key("claude"), "it is found by itself: {settings}");

    let _bot = Running(machine.segue().stderr(Stdio::null()).spawn().unwrap());
    machine.answers("sow the beans").await;
    assert!(begun.elapsed().as_secs() < SECONDS, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_says_what_it_is_where_its_owner_has_said_nothing() {
    let mut machine = Machine::new().await;
    machine.scratch.project("garden");
    assert!(machine.by_flags(&["--name", "Garden laptop"]).status.success());
    let url = format!("{}/bot{}", machine.api_url(), machine.token);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = async |method: &str| {
        let answer = http.get(format!("{url}/{method}")).send().await.unwrap();
        answer.text().await.unwrap()
    };
    call("setMyShortDescription?short_description=Mine").await;
    let bot = Running(machine.segue().stderr(Stdio::null()).spawn().unwrap());
    machine.phone.wait_poll(PATIENCE).await.unwrap();
    drop(bot);
    assert!(call("getMyName").await.contains("Garden laptop"));
    assert!(call("getMyDescription").await.contains("Continue the Claude Code session"));
    assert!(call("getMyShortDescription").await.contains("\"Mine\""));
    assert!(call("getMyCommands").await.contains("\"sessions\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_real_cli_from_nothing_to_the_first_answer() {
    let Some(cli) = cli::find_for("on_the_real_cli_from_nothing_to_the_first_answer") else {
        return;
    };
    let begun = Instant::now();
    let machine = Machine::new().await;
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let path = format!("{}:{}", cli.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let segue = || {
        let mut command = laptop.command(Path::new(env!("CARGO_BIN_EXE_segue")));
        command.env("PATH", &path).env("XDG_RUNTIME_DIR", machine.home().join("run"));
        command.current_dir(&garden);
        command
    };
    let token = machine.home().join("bot.token");
    fs::write(&token, &machine.token).unwrap();
    let mut command = segue();
    command.args(["setup", "--yes", "--user", &ADA.to_string(), "--api-url", &machine.api_url()]);
    command.args(["--project", ".", "--service", "no", "--token-file"]).arg(&token);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("✓ Logged in (api key)") && said.contains("✓ ~/garden\n"), "{said}");

    let _bot = Running(segue().stderr(Stdio::null()).spawn().unwrap());
    machine.answers("sow the beans").await;
    assert!(begun.elapsed().as_secs() < SECONDS, "{:?}", begun.elapsed());
    let texts: Vec<_> = machine.phone.messages(ADA).into_iter().map(|post| post.text).collect();
    assert!(texts.iter().any(|text| text.contains("the last is: sow the beans")), "{texts:?}");
    let records = laptop.transcript(&garden).1;
    assert!(records.iter().any(|record| record["entrypoint"] == "telegram"), "{records:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_keeps_what_is_there() {
    let mut machine = Machine::new().await;
    let garden = machine.scratch.project("garden");
    assert!(machine.by_flags(&["--project", "garden"]).status.success());
    let file = fs::read_to_string(machine.config()).unwrap();
    fs::write(machine.config(), format!("{file}# mine\nwarm_runs = 7\n")).unwrap();
    let grace = machine.phone.add_private(GRACE).unwrap();
    let output = machine.run(&["setup", "--yes", "--user", &grace.to_string()], "");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("Start it with segue run."), "{output:?}");
    machine.see(grace, "segue is set up on").await;
    let settings = machine.settings();
    assert_eq!(settings["token"].as_str(), Some(machine.token.as_str()));
    assert_eq!(settings["allowed_users"], toml::Value::from(vec![ADA, GRACE]));
    assert_eq!(settings["project"].as_str(), garden.to_str());
    assert_eq!(settings["warm_runs"].as_integer(), Some(7));
    assert!(fs::read_to_string(machine.config()).unwrap().contains("# mine"));
}

fn with<'a>(common: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [common, more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_everything_as_it_was() {
    let machine = Machine::new().await;
    let url = machine.api_url();
    let ada = ADA.to_string();
    let common = ["setup", "--yes", "--api-url", url.as_str()];
    let token = machine.token.as_str();
    for (args, input, words) in [
        (with(&common, &["--user", &ada]), "", "--token-file"),
        (
            with(&common, &["--token-file", "-", "--user", &ada]),
            "7000000001:wrong-one",
            "no bot with this",
        ),
        (
            with(&common, &["--token-file", "-", "--user", &ada]),
            "no token",
            "does not look like one",
        ),
        (with(&common, &["--token-file", "-"]), token, "--user ID"),
        (
            with(&common, &["--token-file", "-", "--user", &ada, "--claude", "/no"]),
            token,
            "`/no` is not there",
        ),
        (
            with(&common, &["--token-file", "-", "--user", &ada, "--project", "no"]),
            token,
            "is no directory",
        ),
    ] {
        let output = machine.run(&args, input);
        let said = stderr(&output);
        assert!(!output.status.success() && said.contains(words), "{args:?}: {said}");
        assert!(!machine.config().exists(), "{args:?}");
    }
    fs::create_dir_all(machine.config().parent().unwrap()).unwrap();
    fs::write(machine.config(), "warm_runs = \n").unwrap();
    let output = machine.by_flags(&[]);
    assert!(stderr(&output).contains("cannot be changed before it is mended"), "{output:?}");
    assert_eq!(fs::read_to_string(machine.config()).unwrap(), "warm_runs = \n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_at_a_terminal_asks_for_another_token_where_the_old_one_holds_no_more() {
    let mut machine = Machine::new().await;
    machine.scratch.project("garden");
    machine.configure("");
    let good = fs::read_to_string(machine.config()).unwrap();
    fs::write(machine.config(), good.replace(&machine.token, "7000000001:of-no-bot-at-all"))
        .unwrap();
    let claude = |login: &str| {
        machine.fake(
            "claude",
            &format!("case $1 in auth) echo '{{\"loggedIn\": {login}}}';; *) echo 2.1.332;; esac"),
        );
    };
    claude("false");
    let mut command = machine.segue();
    command.arg("setup");
    let terminal = Terminal::start(&machine.home(), &machine.home(), &command);
    terminal.wait_for("Token:");
    terminal.write(&machine.token);
    terminal.press("Enter");
    terminal.wait_for("Add another person? [y/N]");
    terminal.press("Enter");
    for question in ["Have topics in the chat", "Keep others from adding"] {
        terminal.wait_for(question);
        terminal.say("n");
    }
    terminal.wait_for("Enter looks again");
    terminal.press("Enter");
    terminal.wait_until("a second look", |screen| screen.matches("is not logged in").count() == 2);
    claude("true");
    terminal.press("Enter");
    terminal.wait_for("✓ Logged in");
    terminal.wait_for("Number or path");
    terminal.say("nowhere");
    terminal.wait_for("is no directory");
    terminal.say("garden");
    terminal.wait_for("Start segue here and now?");
    terminal.say("n");
    until("written", || machine.settings()["token"].as_str() == Some(machine.token.as_str()));
    assert!(machine.settings()["project"].as_str().unwrap().ends_with("/garden"));
    assert_eq!(machine.settings()["allowed_users"], toml::Value::from(vec![ADA]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerun_mends_what_it_answers_and_says_what_must_start_again() {
    let machine = Machine::new().await;
    machine.configure("");
    let _bot = Running(machine.segue().stderr(Stdio::null()).spawn().unwrap());
    machine.phone.wait_poll(PATIENCE).await.unwrap();
    machine.configure("claude = \"/nonexistent\"\nproject = \"/gone\"\n");
    let output = machine.run(&["setup", "--yes"], "");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("start it again"), "{output:?}");
    let settings = machine.settings();
    assert!(!settings.contains_key("claude") && !settings.contains_key("project"), "{settings}");

    machine.configure("mode = \"foo\"\n");
    let output = machine.run(&["setup", "--yes"], "");
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("`mode` is \"foo\"") && said.contains("before this is mended"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_no_settings_has_botfather_named() {
    let machine = Machine::new().await;
    let refused = segue::sandbox::Trouble::Refuse {
        code: 404,
        description: "Not Found: method not found".to_owned(),
    };
    let fault = Fault { method: Some("setMySettings".to_owned()), ..Fault::next(refused) };
    machine.phone.fault(fault);
    let said = stdout(&machine.by_flags(&["--topics", "yes", "--groups", "no"]));
    for words in ["Topics are off; the bot can be added", "Threaded Mode", "/setjoingroups"] {
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_a_person_is_let_in_by_the_code_in_their_chat() {
    let mut machine = Machine::new().await;
    let garden = machine.scratch.project("garden");
    machine.scratch.session(&garden, &["sow the beans"], 5);
    let mut command = machine.segue();
    command.args(["setup", "--api-url", &machine.api_url()]);
    let terminal = Terminal::start(&machine.home(), &machine.home(), &command);

    terminal.wait_for("Token:");
    terminal.write("7000000001:wrong-token");
    terminal.press("Enter");
    terminal.wait_for("Telegram knows no bot with this token");
    terminal.write(&machine.token);
    terminal.press("Enter");
    let screen = terminal.wait_for("Waiting for your message");
    assert!(screen.contains("▀") && screen.contains("https://t.me/segue_sandbox_bot?start=setup"));
    assert!(!screen.contains("SANDBOX") && !screen.contains("wrong-token"), "{screen}");

    // A stranger comes first, and is not let in.
    let grace = machine.phone.add_private(GRACE).unwrap();
    machine.phone.say((grace, grace), "hello").unwrap();
    terminal.wait_for("Grace Hopper (1002) wrote");
    machine.phone.say((ADA, ADA), "/start setup").unwrap();
    terminal.wait_for("Ada Lovelace (1001) wrote");
    let text = machine.see(ADA, "Type this code").await.text;
    let theirs = machine.see(grace, "Type this code").await.text;
    assert_ne!(text, theirs);
    terminal.say("none of them");
    terminal.wait_for("no such code");
    terminal.say(text.rsplit(' ').next().unwrap());
    terminal.wait_for("✓ Ada Lovelace (1001)");

    terminal.wait_for("Have topics in the chat");
    terminal.press("Enter");
    terminal.wait_for("Keep others from adding");
    terminal.press("Enter");
    terminal.wait_for("Topics are on; the bot cannot be added to groups.");
    terminal.wait_for("Claude Code 2.1.");
    terminal.wait_for("✓ Logged in (script)");
    let screen = terminal.wait_for("Number or path");
    assert!(screen.contains("1  ~/garden") && screen.contains("5 min ago"), "{screen}");
    terminal.say("1");
    let screen = terminal.wait_for("Start segue here and now?");
    assert!(screen.contains("✓ ~/.config/segue/config.toml"), "{screen}");
    machine.see(ADA, "segue is set up on").await;
    assert_eq!(machine.settings()["allowed_users"], toml::Value::from(vec![ADA]));

    terminal.press("Enter");
    let screen = terminal.wait_for("Ctrl-C ends it.");
    for line in ["@segue_sandbox_bot  https://t.me/segue_sandbox_bot", "1001", "~/garden"] {
        assert!(screen.contains(line), "{screen}");
    }
    machine.phone.wait_poll(PATIENCE).await.unwrap();
    machine.answers("water them").await;
    let prompts = machine.phone.messages(ADA);
    let unasked = prompts.iter().filter(|post| post.text.contains("setup") && post.from != ADA);
    let greetings = unasked.filter(|post| !post.text.contains("segue is set up")).count();
    assert_eq!(greetings, 0, "what was written to be let in is no prompt: {prompts:#?}");
    let calls = machine.phone.calls(0);
    let refused = calls.iter().find(|call| call.status == Some(400));
    assert!(refused.is_none(), "{refused:?}");
}
