//! The sessions and titles that we list are those of the CLI's own picker.

use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, SecondsFormat, Utc};
use segue::claude::{catalog, home::Home};
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
    id: Uuid,
    prompt: &'static str,
    entrypoint: &'static str,
    minutes: u64,
    also: Vec<Value>,
    /// What kind of session its records say it is.
    kind: Option<&'static str>,
    /// Written as other programs write JSON.
    spaced: bool,
}

fn made(prompt: &'static str, entrypoint: &'static str, also: Vec<Value>, minutes: u64) -> Made {
    Made { id: Uuid::new_v4(), prompt, entrypoint, minutes, also, kind: None, spaced: false }
}

/// The folder of a directory's transcripts.
fn folder(laptop: &Laptop, directory: &Path) -> PathBuf {
    let sign = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '-' };
    let slug: String = directory.to_str().unwrap().chars().map(sign).collect();
    let folder = laptop.claude().join("projects").join(slug);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(folder: &Path, project: &Path, made: &Made) -> PathBuf {
    let id = made.id;
    let used = SystemTime::now() - Duration::from_secs(60 * made.minutes);
    let at = DateTime::<Utc>::from(used).to_rfc3339_opts(SecondsFormat::Millis, true);
    let (asked, answered) = (Uuid::new_v4(), Uuid::new_v4());
    let record = |uuid: Uuid, parent: Value, kind: &str, content: Value| {
        let mut record = json!({
            "parentUuid": parent, "isSidechain": false, "type": kind, "uuid": uuid,
            "message": {"role": kind, "model": "claude-opus-5-5", "content": content},
            "timestamp": at, "userType": "external", "entrypoint": made.entrypoint,
            "cwd": project, "sessionId": id, "version": "2.1.328", "gitBranch": "main",
        });
        if let Some(kind) = made.kind {
            record["sessionKind"] = json!(kind);
        }
        record
    };
    let mut lines = vec![record(asked, Value::Null, "user", json!(made.prompt))];
    lines.extend(made.also.clone());
    let answer = json!([{"type": "text", "text": "Done."}]);
    lines.push(record(answered, json!(asked), "assistant", answer));
    let text: String = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
    let spaced = || text.replace("\":", "\": ").replace(",\"", ", \"");
    let path = folder.join(format!("{id}.jsonl"));
    fs::write(&path, if made.spaced { spaced() } else { text }).unwrap();
    date(&path, made.minutes);
    path
}

/// Makes a file so many minutes old.
fn date(path: &Path, minutes: u64) {
    let used = SystemTime::now() - Duration::from_secs(60 * minutes);
    let times = FileTimes::new().set_modified(used);
    File::options().write(true).open(path).unwrap().set_times(times).unwrap();
}

/// Waits until the CLI's picker shows these titles: it asks git for worktrees while it is open.
fn wait_for_picker(laptop: &Laptop, directory: &Path, titles: &[String]) {
    let terminal = laptop.open(directory, &[]);
    terminal.wait_for("❯");
    terminal.picker();
    terminal.wait_until(&titles.join(" | "), |screen| picked(screen) == titles);
}

/// The titles on the screen of a picker.
fn picked(screen: &str) -> Vec<String> {
    let lines: Vec<&str> = screen.lines().map(|line| line.trim_start_matches(['❯', ' '])).collect();
    let titles = lines.windows(2).filter(|two| two[1].contains(" ago · "));
    titles.map(|two| two[0].trim_end().to_owned()).collect()
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
    let folder = folder(&laptop, &garden);
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

#[test]
fn odd_sessions_are_listed_as_the_clis_own_picker_lists_them() {
    let Some(cli) = cli::find_for("odd picker parity") else { return };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let command = "<command-message>greet</command-message>\n<command-name>/greet</command-name>\n\
                   <command-args>Ada</command-args>";
    let said = |prompt: &str| json!({"type": "user", "uuid": Uuid::new_v4(), "message": {"content": prompt}});
    let titles = [
        made("<task>a prompt in tags</task>", "cli", vec![], 1),
        made("<task>in tags</task>", "cli", vec![said("and a later one")], 2),
        made("the log says <command-name>/foo</command-name>, why?", "cli", vec![], 3),
        made(
            "<command-message>init</command-message>\n<command-name>/init</command-name>",
            "cli",
            vec![],
            4,
        ),
        made(command, "cli", vec![], 5),
        made("<bash-input>ls</bash-input>", "cli", vec![], 6),
        made("<command-name>/clear</command-name>", "cli", vec![], 7),
        made("<command-name>/clear</command-name>", "cli", vec![said("said after clearing")], 8),
        made("one\u{2028}two", "cli", vec![], 9),
        made("why does <div>this</div> break?", "cli", vec![], 10),
        made("<system-reminder>x</system-reminder>\nwords", "cli", vec![said("second")], 11),
    ];
    let target = made("the conversation went on here", "cli", vec![], 5);
    let to = |id: Uuid| json!({"type": "continued-in", "continuedInSessionId": id});
    let kinds = [
        Made { spaced: true, ..made("spaced out", "cli", vec![], 1) },
        Made { spaced: true, ..made("spaced program", "sdk-cli", vec![], 2) },
        made("goes on nowhere", "cli", vec![], 3),
        made("goes on elsewhere", "cli", vec![], 4),
        Made { kind: Some("daemon"), ..made("of a daemon", "cli", vec![], 6) },
        Made { kind: Some("daemon-worker"), ..made("of a worker", "cli", vec![], 7) },
        Made { kind: Some("bg"), ..made("in the background", "cli", vec![], 8) },
        made("put away", "cli", vec![], 9),
    ];
    for (name, sessions) in [("titles", &titles[..]), ("kinds", &kinds)] {
        let directory = laptop.project(name);
        let folder = folder(&laptop, &directory);
        for session in sessions {
            let path = write(&folder, &directory, session);
            let behind = match session.prompt {
                "goes on nowhere" => to(Uuid::new_v4()),
                "goes on elsewhere" => to(target.id),
                _ => continue,
            };
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, format!("{text}{behind}\n")).unwrap();
            date(&path, session.minutes);
        }
    }
    let directory = laptop.project("kinds");
    let folder = folder(&laptop, &directory);
    let path = write(&folder, &directory, &target);
    symlink(&path, folder.join(format!("{}.jsonl", Uuid::new_v4()))).unwrap();
    let capitals = made("in capitals", "cli", vec![], 10);
    let path = write(&folder, &directory, &capitals);
    let name = format!("{}.jsonl", capitals.id.to_string().to_uppercase());
    fs::rename(&path, folder.join(name)).unwrap();
    let stub = folder.join(format!("{}.jsonl", Uuid::new_v4()));
    fs::write(&stub, "{\"type\":\"ai-title\",\"aiTitle\":\"titles only\"}\n").unwrap();
    date(&stub, 11);
    let away = folder.join(kinds[7].id.to_string());
    fs::create_dir(&away).unwrap();
    let note = json!({"archived": true, "at": Utc::now().to_rfc3339(), "by": "sdk"});
    fs::write(away.join("archived.json"), note.to_string()).unwrap();

    for (name, count) in [("titles", 11), ("kinds", 7)] {
        let directory = laptop.project(name);
        let ours = listed(&laptop, &directory);
        assert_eq!(ours.len(), count, "{ours:#?}");
        wait_for_picker(&laptop, &directory, &ours);
    }
}

#[test]
fn worktrees_are_listed_as_the_clis_own_picker_lists_them() {
    let Some(cli) = cli::find_for("worktree parity") else { return };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let repo = laptop.project("repo");
    let git = |arguments: &[&str]| {
        let mut git = laptop.command(Path::new("git"));
        git.current_dir(&repo).args(["-c", "user.name=Ada", "-c", "user.email=a@example.org"]);
        let output = git.args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "-q"]);
    git(&["commit", "-q", "--allow-empty", "-m", "First"]);
    let trees =
        ["kept", "deleted", "removed"].map(|name| repo.join(".claude/worktrees").join(name));
    for tree in &trees {
        git(&["worktree", "add", "-q", tree.to_str().unwrap()]);
    }
    fs::remove_dir_all(&trees[1]).unwrap();
    git(&["worktree", "remove", trees[2].to_str().unwrap()]);
    fs::create_dir(repo.join("src")).unwrap();
    let kept = laptop.project("repo/.claude/worktrees/kept");
    for (directory, prompt, minutes) in [
        (repo.clone(), "of the repository", 1),
        (repo.join("src"), "of a directory in it", 2),
        (kept.clone(), "of the worktree", 3),
        (trees[1].clone(), "of one that was deleted", 4),
        (trees[2].clone(), "of one that was removed", 5),
    ] {
        write(&folder(&laptop, &directory), &directory, &made(prompt, "cli", vec![], minutes));
    }
    for directory in [&repo, &kept] {
        let ours = listed(&laptop, directory);
        assert!(!ours.is_empty());
        wait_for_picker(&laptop, directory, &ours);
    }
}

#[test]
fn the_newest_session_is_the_one_that_the_cli_continues() {
    let Some(cli) = cli::find_for("continue parity") else { return };
    let api = MessagesApi::start(script(HOME.as_ref()));
    let laptop = Laptop::new(&cli, &api.url);
    let home = Home::find(None, &laptop.home);
    let target = made("the target", "cli", vec![], 90);
    let to = json!({"type": "continued-in", "continuedInSessionId": target.id}).to_string();
    let (titles, zeros) = ("{\"type\":\"ai-title\",\"aiTitle\":\"x\"}\n", "\0".repeat(4_000));
    // What the newest file is: these bytes, or those behind a conversation of its own.
    for (name, bytes, behind, expected) in [
        ("titles", titles, "", "the usual"),
        ("zeros", &zeros, "", "the usual"),
        ("continued", "", &to, "the usual"),
        ("plain", "", "", "the newest"),
    ] {
        let directory = laptop.project(name);
        let folder = folder(&laptop, &directory);
        write(&folder, &directory, &target);
        write(&folder, &directory, &made("the usual", "cli", vec![], 60));
        let path = write(&folder, &directory, &made("the newest", "cli", vec![], 30));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(
            &path,
            if bytes.is_empty() { format!("{text}{behind}\n") } else { bytes.to_owned() },
        )
        .unwrap();
        date(&path, 30);
        assert_eq!(catalog::newest(&home, &directory).unwrap().title, expected, "{name}");
        let output = laptop.print(&directory, &["--continue", "Which one?"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(api.prompts_seen(), [expected, "Which one?"], "{name}");
    }
}
