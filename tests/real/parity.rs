//! The sessions and titles that we list are those of the CLI's own picker.

use std::{
    fs::{self, File, FileTimes},
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    cli,
    headless::{HOME, script},
    laptop::Laptop,
    messages_api::MessagesApi,
};

/// A session as it might be: its records beside the first prompt, and how old it is.
struct Made {
    prompt: &'static str,
    entrypoint: &'static str,
    minutes: u64,
    also: Vec<Value>,
}

fn made(prompt: &'static str, entrypoint: &'static str, also: Vec<Value>, minutes: u64) -> Made {
    Made { prompt, entrypoint, minutes, also }
}

fn write(folder: &Path, project: &Path, made: &Made) {
    let id = Uuid::new_v4();
    let used = SystemTime::now() - Duration::from_secs(60 * made.minutes);
    let at = DateTime::<Utc>::from(used).to_rfc3339_opts(SecondsFormat::Millis, true);
    let (asked, answered) = (Uuid::new_v4(), Uuid::new_v4());
    let record = |uuid: Uuid, parent: Value, kind: &str, content: Value| {
        json!({
            "parentUuid": parent, "isSidechain": false, "type": kind, "uuid": uuid,
            "message": {"role": kind, "model": "claude-opus-5-5", "content": content},
            "timestamp": at, "userType": "external", "entrypoint": made.entrypoint,
            "cwd": project, "sessionId": id, "version": "2.1.328", "gitBranch": "main",
        })
    };
    let mut lines = vec![record(asked, Value::Null, "user", json!(made.prompt))];
    lines.extend(made.also.clone());
    let answer = json!([{"type": "text", "text": "Done."}]);
    lines.push(record(answered, json!(asked), "assistant", answer));
    let text: String = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
    let path = folder.join(format!("{id}.jsonl"));
    fs::write(&path, text).unwrap();
    let times = FileTimes::new().set_modified(used);
    File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
}

fn listed(laptop: &Laptop, garden: &Path) -> Vec<String> {
    let mut command: Command = laptop.command(Path::new(env!("CARGO_BIN_EXE_segue")));
    command.current_dir(garden).args(["sessions", "--json"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_list_is_that_of_the_clis_own_picker() {
    let Some(cli) = cli::find_for("picker parity") else { return };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let garden = laptop.project("garden");
    let slug: String = garden
        .to_str()
        .unwrap()
        .chars()
        .map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '-' })
        .collect();
    let folder = laptop.claude().join("projects").join(slug);
    fs::create_dir_all(&folder).unwrap();
    let title = |kind: &str, key: &str, title: &str| json!({"type": kind, key: title});
    for session in [
        made("plain prompt of a session", "cli", vec![], 50),
        made("named by a model", "cli", vec![title("ai-title", "aiTitle", "Model title")], 40),
        made(
            "named by the person",
            "cli",
            vec![
                title("custom-title", "customTitle", "Old name"),
                title("ai-title", "aiTitle", "Not this"),
                title("custom-title", "customTitle", "Person title"),
            ],
            30,
        ),
        made("born on the phone", "telegram", vec![], 20),
        made("born in a program", "sdk-cli", vec![], 10),
        made("the newest of all", "cli", vec![], 5),
    ] {
        write(&folder, &garden, &session);
    }
    fs::write(folder.join("agent-1234.jsonl"), "{\"type\":\"user\"}\n").unwrap();

    let ours = listed(&laptop, &garden);
    let expected = [
        "the newest of all",
        "born on the phone",
        "Person title",
        "Model title",
        "plain prompt of a session",
    ];
    assert_eq!(ours, expected);

    let terminal = laptop.open(&garden, &[]);
    terminal.wait_for("❯");
    let screen = terminal.picker();
    let theirs = ours.iter().map(|title| {
        screen.find(title.as_str()).unwrap_or_else(|| panic!("no {title:?} in\n{screen}"))
    });
    assert!(theirs.is_sorted(), "another order:\n{screen}");
    for hidden in ["born in a program", "Old name", "Not this", "named by"] {
        assert!(!screen.contains(hidden), "{hidden:?} is shown in\n{screen}");
    }
}
