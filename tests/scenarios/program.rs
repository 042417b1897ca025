//! The program at the terminal: arguments, settings, lists.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::scratch::Scratch;

fn segue(scratch: &Scratch, args: &[&str]) -> Output {
    let base = scratch.base();
    let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
    command.env_clear().envs(base.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(args).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn without_token_or_users_it_says_what_to_set_and_exits_with_2() {
    let scratch = Scratch::new();
    let output = segue(&scratch, &[]);
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

#[test]
fn config_prints_what_is_in_force_and_hides_the_token() {
    let scratch = Scratch::new();
    let config = scratch.home().join("config.toml");
    std::fs::write(&config, "token = \"1:secret\"\nwarm_runs = 7\n").unwrap();
    let output = segue(&scratch, &["config", "--config", config.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("warm_runs       7") && said.contains("(hidden)"), "{said}");
    assert!(!said.contains("secret"), "{said}");
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
