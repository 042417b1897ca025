//! Random conversations are read as a slow and obvious reader reads them: one that holds all records
//! at once, and looks for each by going through them.

use std::fs;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use segue::{
    claude::transcript::{
        self,
        story::{Event, Outline, Part, story},
    },
    screens::export::Rendering,
    telegram::callback::Format,
};
use serde_json::Value;

use super::conversations::{File, steps};

/// Places of the records on the active branch, oldest first.
fn branch(records: &[Value]) -> Vec<usize> {
    let is_main =
        |at: &usize| records[*at]["isSidechain"] != true && records[*at]["uuid"].is_string();
    let find = |id: &Value| {
        (0..records.len()).rev().find(|at| id.is_string() && records[*at]["uuid"] == *id)
    };
    let parent = |at: usize| {
        let record = &records[at];
        let logical = if record["subtype"] == "compact_boundary" {
            &record["logicalParentUuid"]
        } else {
            &Value::Null
        };
        find(&record["parentUuid"]).or_else(|| find(logical))
    };
    let all: Vec<usize> = (0..records.len()).filter(is_main).collect();
    let Some(last) = all.last().copied() else { return Vec::new() };
    let leaf = records.iter().rev().find_map(|record| record.get("leafUuid"));
    let leaf = leaf.and_then(find).filter(|leaf| is_main(leaf));
    let mut above = vec![last];
    while let Some(next) = parent(*above.last().unwrap()).filter(|next| !above.contains(next)) {
        above.push(next);
    }
    // No record of ours stands before its parent, so nothing descends from the last one.
    let mut at = Some(leaf.filter(|leaf| !above.contains(leaf)).unwrap_or(last));
    let mut branch: Vec<usize> = Vec::new();
    while let Some(here) = at {
        branch.push(here);
        let free = |at: &usize| is_main(at) && !branch.contains(at);
        let record = &records[here];
        at = match parent(here).filter(|next| !branch.contains(next)) {
            Some(next) => Some(next),
            None if record["subtype"] == "compact_boundary" => (0..here).rev().find(free),
            None if record["parentUuid"].is_null() => None,
            None => {
                // Times are written so that they sort as texts.
                let time = |at: usize| records[at]["timestamp"].as_str().unwrap().to_owned();
                let mut best: Option<usize> = None;
                for other in (0..records.len()).filter(free) {
                    if time(other) <= time(here) && best.is_none_or(|best| time(other) > time(best))
                    {
                        best = Some(other);
                    }
                }
                best
            }
        };
    }
    branch.reverse();
    branch
}

/// All that is told of the branch.
fn told(records: &[Value]) -> Vec<String> {
    let branch = branch(records);
    let message = |at: usize| records[at]["message"]["id"].as_str();
    let mut told = Vec::new();
    for (place, at) in branch.iter().copied().enumerate() {
        // Blocks of one message that stand beside the branch come with its last block that is on it.
        let is_last = message(at).is_some()
            && !branch[place + 1..].iter().any(|next| message(*next) == message(at));
        let beside = (0..records.len()).filter(|other| {
            is_last
                && !branch.contains(other)
                && records[*other]["isSidechain"] != true
                && message(*other) == message(at)
        });
        let mut here: Vec<usize> = beside.chain([at]).collect();
        here.sort_unstable();
        told.extend(here.into_iter().flat_map(|at| tell(records, &branch, at)));
    }
    told
}

fn tell(records: &[Value], branch: &[usize], at: usize) -> Vec<String> {
    let record = &records[at];
    if record["isSidechain"] == true {
        return Vec::new();
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let content = &record["message"]["content"];
    match record["type"].as_str().unwrap() {
        "system" => vec!["compacted".to_owned()],
        "user" if record["isCompactSummary"] == true => vec![text(content)],
        "user" if content.is_string() => vec![format!("asked {}", text(content))],
        "attachment" if record["attachment"]["type"] == "queued_command" => {
            vec![
                format!("asked {}", text(&record["attachment"]["prompt"][0]["text"])),
                "shown".to_owned(),
            ]
        }
        "assistant" if content[0]["type"] == "text" => vec![text(&content[0]["text"])],
        "assistant" if content[0]["type"] == "thinking" => {
            vec![text(&content[0]["thinking"]), text(&content[1]["type"])]
        }
        "assistant" => {
            let id = &content[0]["id"];
            let is_result =
                |at: &usize| records[*at]["message"]["content"][0]["tool_use_id"] == *id;
            let results: Vec<usize> = (0..records.len()).filter(is_result).collect();
            // That of the branch, where there are several.
            let result = results.iter().rfind(|at| branch.contains(at)).or(results.first());
            let mut told = vec![text(&content[0]["input"]["command"])];
            told.extend(result.map(|at| text(&records[*at]["message"]["content"][0]["content"])));
            told
        }
        _ => Vec::new(),
    }
}

/// What our reader tells, in the same words.
fn told_by(outline: &Outline) -> Vec<String> {
    let mut told = Vec::new();
    let each = |event: Event<'_>| {
        match event {
            Event::Asked { prompt, .. } => told.push(format!("asked {prompt}")),
            Event::Shown(_) => told.push("shown".to_owned()),
            Event::Said(text)
            | Event::Notice(text)
            | Event::Summary(text)
            | Event::Thought(text)
            | Event::Unknown(text) => told.push(text.to_owned()),
            Event::Used(tool) => {
                told.push(tool.input["command"].as_str().unwrap().to_owned());
                told.extend(tool.result.clone());
            }
            Event::Compacted => told.push("compacted".to_owned()),
            Event::Printed(text) => panic!("{text}"),
        }
        Ok(())
    };
    outline.tell(each).unwrap();
    told
}

proptest! {
    #[test]
    fn history_and_export_are_what_a_slow_reader_reads(steps in steps(), torn_end in any::<bool>()) {
        let mut file = File::of(&steps);
        if torn_end {
            file.bytes.extend(br#"{"type":"user","uuid":"#);
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("session.jsonl");
        fs::write(&path, &file.bytes).unwrap();
        let expected = told(&file.records);

        let outline = Outline::of(&path).unwrap();
        prop_assert_eq!(told_by(&outline), &*expected);
        prop_assert_eq!(outline.unreadable, file.unreadable);
        let asked = expected.iter().filter(|told| told.starts_with("asked ")).count();
        prop_assert_eq!(outline.prompts, asked);

        let history = story(&path, 0, usize::MAX).unwrap();
        let prompts: Vec<_> = history.chapters.iter().map(|chapter| format!("asked {}", chapter.prompt)).collect();
        let wanted: Vec<_> = expected.iter().filter(|told| told.starts_with("asked ")).cloned().collect();
        let led_in = prompts.len() - wanted.len();
        prop_assert_eq!(&prompts[led_in..], &*wanted);
        for chapter in &history.chapters {
            for part in &chapter.parts {
                if let Part::Said(text) | Part::Notice(text) = part {
                    prop_assert!(expected.contains(text));
                }
            }
        }
        let last = transcript::exchanges(&path, 1).unwrap().pop();
        prop_assert_eq!(last.map(|last| format!("asked {}", last.prompt)), wanted.last().cloned());

        for format in [Format::Html, Format::Markdown] {
            let mut rendering = Rendering::new(format);
            let mut text = String::new();
            outline.tell(|event| { text.push_str(&rendering.event(&event)); Ok(()) }).unwrap();
            text.push_str(&rendering.end());
            let mut rest = &*text;
            for told in expected.iter().filter(|told| *told != "shown" && *told != "compacted") {
                let words = told.trim_start_matches("asked ");
                let at = rest.find(words);
                prop_assert!(at.is_some(), "no {words:?} in order in {text}");
                rest = &rest[at.unwrap() + words.len()..];
            }
            // Nothing else: no branch that was left, and nothing that was no conversation.
            let count = text.matches("words-").count();
            prop_assert_eq!(count, expected.iter().filter(|told| told.contains("words-")).count());
        }
    }
}
