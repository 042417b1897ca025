//! What a search finds, against what `jq` finds in the same files, and what becomes of damage.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    ops::ControlFlow,
    path::Path,
    process::Command,
    time::{Duration, UNIX_EPOCH},
};

use segue::claude::{
    corpus::Corpus,
    home::Home,
    search::{self, Event, Found, Place, Query, QueryContext, Speaker, Summary},
};
use serde_json::{Value, json};

use crate::{fixture, world::World};

/// Messages that hold `$w`, as the transcripts' own structure has them.
const PIPELINE: &str = r#"
    select((.type == "user" or .type == "assistant") and (.isMeta != true))
    | [ .message.content
        | if type == "string" then . else .[]
          | if .type == "text" then .text
            elif .type == "thinking" then .thinking
            elif .type == "tool_use" then .name, (.input | .. | strings)
            elif .type == "tool_result" then
                (.content | if type == "string" then . else .[]? | .text? // empty end)
            else empty end
          end ]
    | select(join("\n") | ascii_downcase | contains($w)) | 1
"#;

fn query(text: &str) -> Query {
    let there = Path::new("/home/ada");
    Query::parse(text, &QueryContext { home: there, here: there, now: 1_800_000_000_000 }).unwrap()
}

fn all(home: &Home, text: &str) -> (Vec<Found>, Summary) {
    let mut found = Vec::new();
    let summary = search::run(home, &query(text), |event| {
        found.extend(match event {
            Event::Found(found) => Some(found),
            Event::Progress { .. } => None,
        });
        ControlFlow::Continue(())
    });
    (found, summary)
}

/// Sessions and how many of their messages match.
fn counts(home: &Home, text: &str) -> BTreeMap<String, usize> {
    let (found, _) = all(home, text);
    assert!(found.is_sorted_by(|a, b| a.at >= b.at), "{text}: newest first");
    let of_transcripts = found.into_iter().filter(|found| found.place != Place::History);
    of_transcripts.map(|found| (found.session.unwrap().to_string(), found.messages)).collect()
}

/// The same by `jq`.
fn by_jq(home: &Home, word: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for session in Corpus::of(home).sessions {
        for file in &session.files {
            // Line by line, since one that is broken ends jq.
            let raw = format!("try (fromjson | {PIPELINE}) catch empty");
            let arguments = ["-R", "-r", "--arg", "w", word, &raw];
            let output = Command::new("jq").args(arguments).arg(&file.path).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let count = String::from_utf8(output.stdout).unwrap().lines().count();
            if count > 0 {
                *counts.entry(session.id.to_string()).or_default() += count;
            }
        }
    }
    counts
}

/// A session of these records, each with its time.
fn session(world: &World, number: u64, records: &[Value]) -> String {
    let folder = world.home.folder(&world.dir("garden"));
    fs::create_dir_all(&folder).unwrap();
    let id = format!("00000000-0000-4000-8000-{number:012}");
    let line = |record: &Value| {
        let mut record = record.clone();
        record["timestamp"] = json!(format!("2026-05-04T09:{:02}:00.000Z", number % 60));
        record["cwd"] = json!(world.dir("garden"));
        record.to_string() + "\n"
    };
    let path = folder.join(format!("{id}.jsonl"));
    fs::write(&path, records.iter().map(line).collect::<String>()).unwrap();
    touch(&path, 1_777_885_200 + number * 60);
    id
}

fn touch(path: &Path, second: u64) {
    let then = UNIX_EPOCH + Duration::from_secs(second);
    File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
}

fn said(kind: &str, text: &str) -> Value {
    json!({"type": kind, "message": {"content": [{"type": "text", "text": text}]}})
}

#[test]
fn a_search_finds_what_jq_finds() {
    if Command::new("jq").arg("--version").output().is_err() {
        println!("left out: a_search_finds_what_jq_finds (no jq on the PATH)");
        return;
    }
    for word in ["bean", "water", "the", "src/", "a", "greenhouse", "no such word"] {
        assert_eq!(counts(&fixture(), word), by_jq(&fixture(), word), "{word}");
    }
    let world = World::new();
    let tool = json!({"type": "assistant", "message": {"content": [
        {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "grep \"Quince\" a.txt"}}]}});
    let result = json!({"type": "user", "message": {"content": [
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "a quince\n"}]}]}});
    let ballast = [
        json!({"type": "attachment", "attachment": {"type": "skill_listing", "content": "quince"}}),
        json!({"type": "api-request-shape", "system": "quince"}),
        json!({"type": "user", "isMeta": true, "message": {"content": "quince"}}),
        json!({"type": "user", "message": {"content": [{"type": "tool_result", "content": "x"}]},
            "toolUseResult": {"stdout": "quince"}}),
    ];
    session(&world, 1, &[said("user", "A QUINCE tree"), said("assistant", "quinces\n\"quince\"")]);
    session(&world, 2, &[tool, result]);
    session(&world, 3, &ballast);
    session(&world, 4, &[said("user", "nothing of it")]);
    for word in ["quince", "a quince", "grep", "tree", "in"] {
        let asked = format!("\"{word}\"");
        assert_eq!(counts(&world.home, &asked), by_jq(&world.home, word), "{word}");
    }
}

#[test]
fn text_behind_escapes_is_found_however_json_is_written() {
    let world = World::new();
    let folder = world.home.folder(&world.dir("garden"));
    fs::create_dir_all(&folder).unwrap();
    let lines = [
        r#"{"type":"user","message":{"content":"say \"jam\" or größer"}}"#,
        r#"{"type" : "user" , "message" : {"content" : "say \"jam\" or gr\u00f6\u00DFer"} }"#,
        r#"{"type":"user","message":{"content":"say\n\"JAM\" OR GR\u00D6\u00dfER"}}"#,
    ];
    for (number, line) in lines.iter().enumerate() {
        let id = format!("00000000-0000-4000-8000-{number:012}");
        fs::write(folder.join(format!("{id}.jsonl")), line).unwrap();
    }
    for text in ["größer", "öß", "jam", "\"say ", "jam or", "\"or größer\"", "ö"] {
        assert_eq!(counts(&world.home, text).len(), 3, "{text}");
    }
}

#[test]
fn sessions_come_newest_first_and_what_is_enough_is_enough() {
    let world = World::new();
    for number in 0..40 {
        let fruit = if number % 2 == 0 { "plum" } else { "pear" };
        session(&world, number, &[said("user", fruit), said("assistant", "a fruit")]);
    }
    // Written to long after it was said: it waits for its place.
    let late = session(&world, 6, &[said("user", "plum")]);
    let folder = world.home.folder(&world.dir("garden"));
    touch(&folder.join(format!("{late}.jsonl")), 1_777_985_200);
    let (found, summary) = all(&world.home, "plum");
    assert_eq!((found.len(), summary.sessions), (20, 40));
    assert!(found.is_sorted_by(|a, b| a.at > b.at));
    let mut seen = Vec::new();
    search::run(&world.home, &query("plum"), |event| {
        if let Event::Found(found) = event {
            seen.push(found.at);
        }
        if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let first: Vec<_> = found.iter().take(3).map(|found| found.at).collect();
    assert_eq!(seen, first);
}

#[test]
fn fields_narrow_a_search() {
    let world = World::new();
    let id = session(&world, 1, &[said("user", "plum jam"), said("assistant", "plum cake")]);
    let names = |text: &str| counts(&world.home, text);
    for (text, count) in [
        ("plum", 2),
        ("plum in:user", 1),
        ("plum in:claude", 1),
        ("plum in:tools", 0),
        ("jam cake", 0),
        ("\"plum jam\"", 1),
        ("plum jam", 1),
        ("plum since:2026-05-03", 2),
        ("plum since:2026-05-06", 0),
        ("plum dir:GARDEN", 2),
        ("plum dir:/nowhere", 0),
    ] {
        assert_eq!(names(text).get(&id).copied().unwrap_or_default(), count, "{text}");
    }
    let (found, _) = all(&world.home, "plum");
    let [found] = &found[..] else { panic!("{found:?}") };
    assert_eq!((found.by, &*found.title), (Speaker::Claude, "plum jam"));
    assert_eq!(found.project, world.dir("garden"));
    let (found, _) = all(&world.home, "in:claude CAKE plum");
    assert_eq!(found[0].excerpt.text, "plum cake");
    assert_eq!(found[0].excerpt.marks, [0..4, 5..9]);
}

#[test]
fn sub_agents_and_deleted_sessions_are_searched() {
    let world = World::new();
    let id = session(&world, 1, &[said("user", "look after the beds")]);
    let folder = world.home.folder(&world.dir("garden"));
    let agents = folder.join(&id).join("subagents");
    fs::create_dir_all(&agents).unwrap();
    let mut asked = said("user", "count the slugs");
    asked["isSidechain"] = json!(true);
    asked["timestamp"] = json!("2026-05-04T09:02:00.000Z");
    fs::write(agents.join("agent-1.jsonl"), asked.to_string()).unwrap();
    let gone = "00000000-0000-4000-8000-000000000099";
    let line = |text: &str, session: Option<&str>| {
        let project = "/home/ada/shed";
        json!({"display": text, "timestamp": 7, "project": project, "sessionId": session})
            .to_string()
    };
    let history = [
        line("slugs again", Some(&id)),
        line("slugs in the shed", Some(gone)),
        "torn {".to_owned(),
        line("old slugs", None),
    ];
    fs::write(world.home.history(), history.join("\n")).unwrap();
    let (found, _) = all(&world.home, "slugs");
    let told: BTreeSet<_> = found
        .iter()
        .map(|found| {
            (found.session.map(|id| id.to_string()), found.place == Place::History, found.by)
        })
        .collect();
    let expected = BTreeSet::from([
        (Some(id), false, Speaker::Claude),
        (Some(gone.to_owned()), true, Speaker::User),
        (None, true, Speaker::User),
    ]);
    assert_eq!(told, expected);
    assert_eq!(found[0].place, Place::Agent);
    assert_eq!(found[0].title, "look after the beds");
}

#[test]
fn damage_is_passed_over_and_counted() {
    let world = World::new();
    let whole = session(&world, 1, &[said("user", "a plum")]);
    let torn = session(&world, 2, &[said("user", "a plum")]);
    let folder = world.home.folder(&world.dir("garden"));
    let path = folder.join(format!("{torn}.jsonl"));
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("garbage plum\n\0\0\0{\"type\":\"user\",\"message\":{\"content\":\"plum");
    fs::write(&path, &text).unwrap();
    let long = session(&world, 3, &[said("user", &format!("plum {}", "x".repeat(11 << 20)))]);
    fs::create_dir(folder.join("00000000-0000-4000-8000-000000000077.jsonl")).unwrap();
    let (found, summary) = all(&world.home, "plum");
    let ids: BTreeSet<_> = found.iter().map(|found| found.session.unwrap().to_string()).collect();
    assert_eq!(ids, BTreeSet::from([whole, torn]));
    assert_eq!((summary.too_long, summary.unreadable), (1, 0));
    fs::remove_file(folder.join(format!("{long}.jsonl"))).unwrap();
    assert_eq!(all(&Home::at("/nowhere"), "plum").1, Summary::default());
}
