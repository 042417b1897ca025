//! `segue usage` as scripts and people meet it.

use std::fs;

use serde_json::Value;

use crate::{
    machine::{segue, stderr, stdout},
    support::scratch::Scratch,
};

#[test]
fn costs_are_told_to_scripts_and_people() {
    let scratch = Scratch::new();
    let folder = scratch.home().join(".claude/projects/-garden");
    fs::create_dir_all(&folder).unwrap();
    let line = |id: &str, model: &str| {
        format!(
            r#"{{"type":"assistant","requestId":"r","timestamp":"2026-05-04T09:12:33.456Z","cwd":"/garden","message":{{"id":"{id}","model":"{model}","usage":{{"input_tokens":1000000,"output_tokens":2,"cache_creation_input_tokens":3,"cache_read_input_tokens":4}}}}}}"#
        )
    };
    let text = format!("{}\n{}\n", line("a", "claude-opus-4-5"), line("b", "claude-tomorrow"));
    let id = "7f9c2ba4-e88f-4f82-b71d-4b0e6f6e6a10";
    fs::write(folder.join(format!("{id}.jsonl")), text).unwrap();

    let output = segue(&scratch, &["usage", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let whole: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(whole["total"]["input_tokens"], 2_000_000);
    assert_eq!(whole["unknown_models"][0], "claude-tomorrow");
    for (list, key, value) in [
        ("sessions", "session", id),
        ("models", "model", "claude-opus-4-5"),
        ("projects", "project", "/garden"),
    ] {
        let row = &whole[list][0];
        assert_eq!(row[key], value);
        for name in ["input", "output", "cache_creation", "cache_read"] {
            assert!(row[format!("{name}_tokens")].as_u64() > Some(0), "{row}");
        }
        assert!(row["cost_usd"].as_f64().unwrap() > 5.0, "{row}");
    }
    assert!(whole["days"][0]["day"].as_str().unwrap().starts_with("2026-05-0"));

    let output = segue(&scratch, &["usage"]);
    let text = stdout(&output);
    assert!(text.contains("$5.00") && text.contains("claude-opus-4-5"), "{text}");
    assert!(
        !text.contains('\x1b') && stderr(&output).contains("no price is known for claude-tomorrow")
    );

    let prices = scratch.home().join("prices.toml");
    let table = "[claude-tomorrow]\ninput = 2\noutput = 0\ncache_write = 0\ncache_write_1h = 0\ncache_read = 0\n";
    fs::write(&prices, table).unwrap();
    let output = segue(&scratch, &["usage", "--prices", prices.to_str().unwrap()]);
    assert!(stdout(&output).contains("$7.00"), "{}", stdout(&output));
    fs::write(&prices, "[x]\ninput = 'much'\n").unwrap();
    for (arguments, code, words) in [
        (&["usage", "--since", "soon"][..], 2, "yesterday"),
        (&["usage", "--prices", prices.to_str().unwrap()], 2, "[claude-opus-5-5]"),
        (&["usage", "--since", "2026-05-06"], 1, "no message of Claude's"),
    ] {
        let output = segue(&scratch, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}
