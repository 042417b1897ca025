//! What doctor finds: nothing on a machine that is well, and each of the faults that are made here.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::Stdio,
    thread,
};

use segue::sandbox::{Fault, Trouble};
use serde_json::{Value, json};

use crate::{
    machine::{Machine, Running, script, stdout},
    support::{
        cli,
        phone::{ADA, PATIENCE},
    },
};

/// A machine on which everything is well.
async fn well() -> Machine {
    let mut machine = Machine::new().await;
    let garden = machine.scratch.project("garden");
    machine.scratch.session(&garden, &["sow the beans"], 5);
    machine.configure("transcriber = \"cat < $1 > /dev/null\"\n");
    claude(&machine, "2.1.332", "{\"loggedIn\": true, \"authMethod\": \"api_key\"}");
    machine
}

/// Has a CLI say a version and whether it is logged in.
fn claude(machine: &Machine, version: &str, login: &str) {
    let body = format!(
        "case \"$1\" in --version) echo '{version} (Claude Code)';; auth) echo '{login}';; esac"
    );
    let _ = fs::remove_file(machine.scratch.claude());
    script(&machine.scratch.claude(), &body);
}

/// What doctor finds, and its exit status.
fn look(machine: &Machine) -> (Vec<Value>, Option<i32>) {
    let output = machine.run(&["doctor", "--json"], "");
    let said = stdout(&output);
    assert!(!said.contains(&machine.token), "{said}");
    let findings = serde_json::from_str(&said);
    (findings.unwrap_or_else(|error| panic!("{error}: {output:?}")), output.status.code())
}

fn of<'a>(findings: &'a [Value], check: &str) -> Vec<&'a Value> {
    findings.iter().filter(|finding| finding["check"] == check).collect()
}

/// Doctor finds a fault of this kind in these words, and says what to do about it.
fn finds(machine: &Machine, check: &str, words: &str) {
    let (findings, code) = look(machine);
    let faults = of(&findings, check);
    let found = faults.iter().any(|fault| {
        fault["verdict"] == "fault"
            && fault["found"].as_str().unwrap().contains(words)
            && !fault["remedy"].as_str().unwrap().is_empty()
    });
    assert!(found, "no fault of {check} with {words:?} in {findings:#?}");
    assert_eq!(code, Some(1));
    let others = findings.iter().filter(|it| it["verdict"] == "fault" && it["check"] != check);
    assert_eq!(others.count(), 0, "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_well_has_no_fault() {
    let machine = well().await;
    let (findings, code) = look(&machine);
    assert_eq!(code, Some(0), "{findings:#?}");
    for check in [
        "settings",
        "claude",
        "login",
        "sessions",
        "history",
        "watches",
        "state",
        "tmux",
        "transcriber",
        "token",
        "clock",
        "chats",
        "people",
        "webhook",
        "polling",
    ] {
        let found = of(&findings, check);
        let good = found.iter().all(|it| it["verdict"] == "good" || check == "tmux");
        assert!(!found.is_empty() && good, "{check}: {findings:#?}");
    }
    // To look confirms nothing.
    machine.phone.say((ADA, ADA), "sow").unwrap();
    let said = stdout(&machine.run(&["doctor"], ""));
    assert!(said.contains("✓ token       of @segue_sandbox_bot"), "{said}");
    assert!(said.contains("1 update to be fetched") && said.ends_with("All is well.\n"), "{said}");
    let url = format!("{}/bot{}/getUpdates", machine.api_url(), machine.token);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let waiting = http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(waiting.contains("\"sow\""), "{waiting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_cli_tells_its_version_and_its_login() {
    let test = "the_real_cli_tells_its_version_and_its_login";
    let (Some(pinned), Some(oldest)) = (cli::find_for(test), cli::find_oldest_for(test)) else {
        return;
    };
    let machine = well().await;
    for cli in [pinned, oldest] {
        let ask = |key: &str| {
            let mut command = machine.segue();
            command.args(["doctor", "--json"]).env("SEGUE_CLAUDE", &cli);
            command.env("DISABLE_AUTOUPDATER", "1").env("ANTHROPIC_API_KEY", key);
            command.env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
            let output = command.output().unwrap();
            let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
            ["claude", "login"].map(|check| of(&findings, check)[0].clone())
        };
        let [version, login] = ask("");
        assert!(version["found"].as_str().unwrap().starts_with("2.1."), "{version}");
        assert_eq!((&version["verdict"], &login["verdict"]), (&json!("good"), &json!("fault")));
        let [_, login] = ask("sk-ant-api03-not-a-real-key-of-anybody-000000000000");
        assert_eq!(login["found"], "logged in (api key)");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_laptop_is_found() {
    let machine = well().await;
    let home = machine.home();
    // While segue runs, doctor does not listen for others, which takes a while.
    let settings = home.join("bot.toml");
    fs::copy(machine.config(), &settings).unwrap();
    let mut command = machine.segue();
    command.arg("--config").arg(settings).env("XDG_STATE_HOME", home.join("run"));
    let _bot = Running(command.stderr(Stdio::null()).spawn().unwrap());
    machine.phone.wait_poll(PATIENCE).await.unwrap();

    machine.configure("mode = \"foo\"\n");
    finds(&machine, "settings", "`mode` is \"foo\"");
    machine.configure("");
    let open = Permissions::from_mode(0o644);
    fs::set_permissions(machine.config(), open).unwrap();
    finds(&machine, "settings", "others can read it");
    machine.configure("");

    claude(&machine, "2.1.99", "{\"loggedIn\": true}");
    finds(&machine, "claude", "2.1.99 at");
    claude(&machine, "2.1.332", "{\"loggedIn\": false}");
    finds(&machine, "login", "not logged in");
    script(&machine.scratch.claude(), "echo oops >&2; exit 3");
    finds(&machine, "claude", "oops");
    fs::remove_file(machine.scratch.claude()).unwrap();
    finds(&machine, "claude", "no `claude` on the PATH");
    claude(&machine, "2.1.332", "{\"loggedIn\": true}");

    fs::rename(home.join(".claude/projects"), home.join("elsewhere")).unwrap();
    fs::write(home.join(".claude/projects"), "").unwrap();
    finds(&machine, "sessions", "cannot be read");
    fs::remove_file(home.join(".claude/projects")).unwrap();
    fs::rename(home.join("elsewhere"), home.join(".claude/projects")).unwrap();

    fs::create_dir(home.join(".claude/history.jsonl")).unwrap();
    finds(&machine, "history", "is a directory");
    fs::remove_dir(home.join(".claude/history.jsonl")).unwrap();

    fs::create_dir_all(home.join(".local/state")).unwrap();
    fs::write(home.join(".local/state/segue"), "").unwrap();
    finds(&machine, "state", "is in the way");
    fs::remove_file(home.join(".local/state/segue")).unwrap();

    machine.configure("transcriber = \"echo no model >&2; exit 1\"\n");
    finds(&machine, "transcriber", "no model");
    machine.configure("");

    fs::create_dir_all(home.join(".config/systemd/user")).unwrap();
    fs::write(home.join(".config/systemd/user/segue.service"), "").unwrap();
    machine
        .fake("systemctl", "printf 'ActiveState=failed\\nSubState=failed\\nResult=exit-code\\n'");
    finds(&machine, "service", "failed (failed), result exit-code");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_at_telegram_is_found() {
    let machine = well().await;
    let token = machine.token.clone();
    let config = fs::read_to_string(machine.config()).unwrap();

    fs::write(machine.config(), config.replace(&token, "7000000001:of-no-bot-at-all")).unwrap();
    finds(&machine, "token", "no bot with this token");
    fs::write(machine.config(), config.replace(&format!("token = \"{token}\""), "")).unwrap();
    finds(&machine, "token", "there is none");
    fs::write(machine.config(), config.replace("[1001]", "[1001, 1002]")).unwrap();
    finds(&machine, "people", "1002 has never written to the bot");
    fs::write(machine.config(), config.replace(&machine.api_url(), "http://127.0.0.1:9")).unwrap();
    finds(&machine, "telegram", "does not answer");
    fs::write(machine.config(), &config).unwrap();

    let url = format!("{}/bot{token}", machine.api_url());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let hook = format!("{url}/setWebhook?url=https://hooks.example/secret-path");
    assert!(http.get(hook).send().await.unwrap().status().is_success());
    finds(&machine, "webhook", "messages go to hooks.example");
    http.get(format!("{url}/deleteWebhook")).send().await.unwrap();

    // Another program came after us.
    let refused = Trouble::Refuse {
        code: 409,
        description: "Conflict: terminated by other getUpdates request; make sure that only one \
                      bot instance is running"
            .to_owned(),
    };
    let method = Some("getUpdates".to_owned());
    machine.phone.fault(Fault { method, ..Fault::next(refused) });
    finds(&machine, "polling", "another program receives");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_runs_is_left_in_peace() {
    let machine = well().await;
    let _bot = Running(machine.segue().stderr(Stdio::null()).spawn().unwrap());
    machine.phone.wait_poll(PATIENCE).await.unwrap();
    let (findings, code) = look(&machine);
    assert_eq!(code, Some(0), "{findings:#?}");
    assert!(of(&findings, "lock")[0]["found"].as_str().unwrap().contains("segue runs"));
    assert!(of(&findings, "polling")[0]["found"].as_str().unwrap().contains("runs here"));
    assert!(machine.phone.calls(0).iter().all(|call| call.status != Some(409)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_found() {
    let machine = well().await;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let (inside, token) = (machine.api_url(), machine.token.clone());
    // A Telegram that lives an hour ahead: it passes calls on and dates its answers itself.
    thread::spawn(move || {
        for mut stream in server.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let mut length = 0;
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).unwrap();
                let header = header.trim().to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if header.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let me = r#"{"ok":true,"result":{"id":7000000001,"is_bot":true,"first_name":"s","username":"segue_sandbox_bot","url":""}}"#;
            let batch = r#"{"ok":true,"result":[]}"#;
            let answer = if line.contains("GetUpdates") { batch } else { me };
            let date = (chrono::Utc::now() + chrono::TimeDelta::hours(1)).to_rfc2822();
            let date = date.replace("+0000", "GMT");
            let size = answer.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
            );
            if !line.starts_with("HEAD") {
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    let config = fs::read_to_string(machine.config()).unwrap();
    fs::write(machine.config(), config.replace(&inside, &format!("http://{address}"))).unwrap();
    assert!(!token.is_empty());
    finds(&machine, "clock", "s behind Telegram's");
}
