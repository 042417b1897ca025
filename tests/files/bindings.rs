//! What a chat points at, read from a history that other programs have written, too.

use std::fs;

use segue::{
    bridge::{binding::Binding, place::Place, prompt::Source},
    claude::{history, home::Home},
};
use serde_json::{Value, json};

const PLACE: Place = Place { chat: -1_001_234_567_890, thread: Some(7) };
const BOT: u64 = 7_000_000_001;

/// What the place points at, as the app looks it up.
fn bound(home: &Home) -> Option<Binding> {
    let of_place = |entry: &history::Entry| match Binding::read(entry)? {
        (BOT, PLACE, binding) => Some(binding),
        _ => None,
    };
    history::newest_tagged(home, of_place).unwrap()
}

/// A line as other programs write it: `: ` and `, ` between all there is, keys sorted.
fn spaced(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(key, value)| format!("{}: {}", json!(key), spaced(value)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn a_history_that_another_program_wrote_anew_keeps_every_binding() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path());
    let session = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10".parse().unwrap();
    let binding = Binding::begin("/home/ada/gar\"den".into(), session);
    let other = Binding::newest_of("/home/ada".into());
    let source = Source { bot: BOT, place: PLACE, message: 3 };
    let elsewhere = Source { place: Place { thread: None, ..PLACE }, ..source };
    history::append(&home, &binding.entry(source, "\"telegram\"", 9)).unwrap();
    history::append(&home, &other.entry(elsewhere, "hello", 10)).unwrap();
    history::append(&home, &other.entry(Source { bot: 1, ..source }, "hello", 11)).unwrap();
    assert_eq!(bound(&home).as_ref(), Some(&binding), "as we write it");

    let written = fs::read_to_string(home.history()).unwrap();
    let values: Vec<Value> =
        written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<_> = values.iter().map(spaced).collect();
    fs::write(home.history(), lines.join("\n")).unwrap();
    assert_eq!(bound(&home), Some(binding), "as others do: {lines:#?}");
}
