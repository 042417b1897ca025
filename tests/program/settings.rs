//! Settings and lists at the terminal: what is said, where it comes from, and what is refused.

use std::process::Command;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::{
    machine::{command, segue, stderr, stdout},
    support::{laptop::Terminal, scratch::Scratch},
};

#[test]
fn without_token_or_users_it_says_what_to_set_and_exits_with_2() {
    let scratch = Scratch::new();
    let output = segue(&scratch, &["run"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("TELEGRAM_BOT_TOKEN") && said.contains("segue sandbox"), "{said}");

    let config = scratch.home().join("config.toml");
    std::fs::write(&config, "token = \"1:secret\"\n").unwrap();
    let output = segue(&scratch, &["run", "--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("SEGUE_ALLOWED_USERS"), "{said}");
    assert!(said.contains("others can read it"), "the open file is warned of: {said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_bad_setting_is_named_and_exits_with_2() {
    let scratch = Scratch::new();
    let config = scratch.home().join("config.toml");
    std::fs::write(&config, "idle_minutes = \"soon\"\n").unwrap();
    let output = segue(&scratch, &["--config", config.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("config.toml: `idle_minutes` is \"soon\""), "{said}");
    let output = segue(&scratch, &["--config", "/no/such/file.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/no/such/file.toml"), "{output:?}");
}

/// A text with one blank where columns are set apart.
fn in_line(text: &str) -> String {
    let mut words = text.to_owned();
    while words.contains("  ") {
        words = words.replace("  ", " ");
    }
    words
}

#[test]
fn config_prints_what_is_in_force_and_hides_the_token() {
    let scratch = Scratch::new();
    let config = scratch.home().join("config.toml");
    std::fs::write(&config, "token = \"1:secret\"\nwarm_runs = 7\n").unwrap();
    let output = segue(&scratch, &["config", "--config", config.to_str().unwrap()]);
    let said = in_line(&stdout(&output));
    assert!(said.contains("\nwarm_runs 7\n # from "), "{said}");
    assert!(said.contains("\ntoken (hidden)\n"), "{said}");
    assert!(said.contains("\nlog info\n # default; "), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn config_works_when_the_file_is_wrong_and_says_so() {
    let scratch = Scratch::new();
    let config = scratch.home().join("config.toml");
    let look = |what: &str| {
        let mut command = command(&scratch);
        command.env_remove("SEGUE_CLAUDE").args([what, "--config", config.to_str().unwrap()]);
        command.output().unwrap()
    };
    for (text, words) in [
        ("warm_runs = \ntoken = \"1:secret-secret\"", "line 1: "),
        ("tokn = \"1:secret-secret\"\n", "there is no key `tokn`; the keys are token, token_file,"),
        ("token_file = \"1:secret-secret\"\n", "a token itself belongs in `token`"),
        ("mode = \"foo\"\n", "must be one of manual, default, acceptEdits, plan, auto,"),
        ("claude = \"/nonexistent\"\n", "must be the full path of a program that exists"),
    ] {
        std::fs::write(&config, text).unwrap();
        let output = look("config");
        let said = in_line(&stdout(&output));
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("✗ ") && said.contains(words), "{said}");
        assert!(said.contains("idle_minutes 10"), "{said}");
        assert!(!said.contains("secret"), "{said}");
        let output = look("run");
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(words) && !stderr(&output).contains("secret"));
    }
}

#[test]
fn a_directory_of_claude_that_differs_from_place_to_place_is_refused() {
    let scratch = Scratch::new();
    for dir in ["~/.claude-work", "claude-work"] {
        let all: [&[&str]; 7] = [
            &["run"],
            &["sessions"],
            &["search", "x"],
            &["usage"],
            &["live"],
            &["audit"],
            &["export"],
        ];
        for arguments in all {
            let mut command = command(&scratch);
            let output = command.args(arguments).env("CLAUDE_CONFIG_DIR", dir).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(output.stdout.is_empty(), "{arguments:?}");
            let said = stderr(&output);
            let named = said.contains("`CLAUDE_CONFIG_DIR` is") && said.contains("a full path");
            assert!(named, "{arguments:?}: {said}");
        }
    }
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let scratch = Scratch::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = segue(&scratch, &["sandbox", "--demo", "--no-open", "--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains(&format!("port {port} is in use")) && said.contains("--port N"),
        "{said}"
    );
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let scratch = Scratch::new();
    let pages = scratch.home().join("man1");
    let output = segue(&scratch, &["man", "--dir", pages.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let page = stdout(&segue(&scratch, &["man"]));
    let script = stdout(&segue(&scratch, &["completions", "bash"]));
    for command in ["setup", "run", "doctor", "service", "sessions", "config", "sandbox"] {
        assert!(pages.join(format!("segue-{command}.1")).is_file(), "{command}");
        assert!(
            script.contains(command) && page.contains(&format!("segue\\-{command}(1)")),
            "{page}"
        );
    }
    assert!(page.contains("allowed_users") && page.contains("TELEGRAM_BOT_TOKEN"), "{page}");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(segue(&scratch, &["completions", shell]).status.success(), "{shell}");
    }
}

#[test]
fn sessions_lists_a_directory_or_all_as_lines_or_json() {
    let mut scratch = Scratch::new();
    let (garden, orchard) = (scratch.project("garden"), scratch.project("orchard"));
    let beans = scratch.session(&garden, &["sow the beans"], 5);
    scratch.session(&orchard, &["prune the pears"], 50);
    let output = segue(&scratch, &["sessions", garden.to_str().unwrap(), "--json"]);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(row["id"], beans.as_str());
    assert_eq!(row["title"], "sow the beans");
    assert_eq!(row["project"], garden.to_str().unwrap());
    assert_eq!(row["branch"], "main");
    assert_eq!(row["origin"], "cli");
    assert_eq!(row["status"], Value::Null);
    assert!(row["modified"].is_u64() && row["size"].as_u64() > Some(100), "{row}");

    let output = segue(&scratch, &["sessions", "--all", "--limit", "1"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("sow the beans") && said.contains("5 min ago · main · ~/garden"),
        "{said}"
    );
    assert!(!said.contains("prune the pears"), "{said}");
    let output = segue(&scratch, &["sessions", "/no/such/directory"]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("`/no/such/directory` is no directory"), "{output:?}");
}

#[test]
fn a_list_at_a_terminal_fits_it_and_says_how_much_more_there_is() {
    let mut scratch = Scratch::new();
    let garden = scratch.project("garden");
    let said = stdout(&segue(&scratch, &["sessions", "--all"]));
    assert!(said.starts_with("No sessions yet: `claude` in a directory makes one"), "{said}");
    scratch.session(&garden, &["浇水".repeat(60).as_str()], 5);
    for minutes in 6..9 {
        scratch.session(&garden, &["sow the beans"], minutes);
    }
    let mut shell = Command::new("sh");
    let list = command(&scratch);
    shell.envs(list.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let line = format!("{} sessions --all --limit 2; sleep 600", env!("CARGO_BIN_EXE_segue"));
    shell.args(["-c", &line]);
    let terminal = Terminal::start(&scratch.home(), &scratch.home(), &shell);
    let screen = terminal.wait_for("2 more: --limit N");
    let title = screen.lines().find(|line| line.contains('浇')).unwrap();
    assert!(title.ends_with('…') && title.width() <= 120, "{screen}");
    assert_eq!(screen.lines().filter(|line| !line.is_empty()).count(), 5, "{screen}");

    let mut list = command(&scratch);
    let plain = stdout(&list.args(["sessions", "--all"]).output().unwrap());
    assert!(!plain.contains('\u{1b}') && plain.contains(&"浇水".repeat(60)), "{plain}");
    let colour = stdout(&list.env("CLICOLOR_FORCE", "1").output().unwrap());
    assert!(colour.contains("\u{1b}[1m"), "{colour}");
    let none = stdout(&list.env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE").output().unwrap());
    assert_eq!(none, plain);
}
