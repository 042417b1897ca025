//! Tokens and costs, against what `jq` reckons from the same files.

use std::{fs, path::Path, process::Command};

use segue::claude::{
    corpus::Corpus,
    home::Home,
    usage::{self, Sum, Usage, prices::Prices},
};
use serde_json::{Value, json};

use crate::{fixture, world::World};

/// The sums of all messages, each once, with the most output that a record of it tells.
const PIPELINE: &str = r#"
    [ inputs | try fromjson catch empty | select(.type == "assistant")
      | select(.message.usage != null and .message.model != "<synthetic>") ]
    | group_by(.message.id + "/" + (.requestId // "")) | map(max_by(.message.usage.output_tokens).message.usage)
    | [ (map(.input_tokens // 0) | add), (map(.output_tokens // 0) | add),
        (map(.cache_creation_input_tokens // 0) | add), (map(.cache_read_input_tokens // 0) | add) ]
"#;

fn of(home: &Home, since: u64) -> Usage {
    usage::of(home, &Prices::default(), since, |_, _| {})
}

fn tokens(sum: &Sum) -> [u64; 4] {
    let tokens = sum.tokens;
    [tokens.input, tokens.output, tokens.cache_creation, tokens.cache_read]
}

/// The same by `jq`; none where it is not there.
fn by_jq(home: &Home) -> Option<[u64; 4]> {
    let corpus = Corpus::of(home);
    let files = corpus.sessions.iter().flat_map(|session| &session.files).map(|file| &file.path);
    let output = Command::new("jq").args(["-n", "-R", "-c", PIPELINE]).args(files).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).ok()
}

fn message(id: &str, model: &str, output: u64, block: &str) -> Value {
    json!({"type": "assistant", "requestId": format!("req_{id}"), "cwd": "/home/ada/garden",
        "timestamp": "2026-05-04T09:12:33.456Z", "message": {"id": id, "model": model,
        "content": [{"type": "text", "text": block}],
        "usage": {"input_tokens": 10, "output_tokens": output, "cache_read_input_tokens": 1_000,
            "cache_creation_input_tokens": 100, "cache_creation": {"ephemeral_1h_input_tokens": 100}}}})
}

fn put(path: &Path, lines: &[Value]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text: Vec<_> = lines.iter().map(ToString::to_string).collect();
    fs::write(path, text.join("\n") + "\n").unwrap();
}

#[test]
fn sums_are_those_of_jq() {
    let Some(expected) = by_jq(&fixture()) else {
        println!("left out: sums_are_those_of_jq (no jq on the PATH)");
        return;
    };
    let usage = of(&fixture(), 0);
    assert_eq!(tokens(&usage.total), expected);
    assert!(expected.iter().all(|count| *count > 0) && usage.total.cost > 0.0, "{usage:?}");
}

#[test]
fn each_message_counts_once_and_a_fork_once_in_the_sums() {
    let world = World::new();
    let folder = world.home.folder(Path::new("/home/ada/garden"));
    let id = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
    let opus = "claude-opus-4-5-20251101";
    // Two records of one message while it grew, another message, and lines that say nothing of it.
    let told = json!({"type": "user", "message": {"content": "\"usage\":{\"input_tokens\":7}"}});
    let original = [
        message("a", opus, 1, "first"),
        message("a", opus, 20, "second"),
        told,
        message("b", "claude-tomorrow", 5, "x"),
        message("c", "<synthetic>", 5, "API Error"),
        json!({"type": "cost-state", "totalCostUSD": 1.5}),
    ];
    put(&folder.join(format!("{}.jsonl", id(1))), &original);
    let mut fork = original[..4].to_vec();
    fork.push(message("d", opus, 30, "more"));
    put(&folder.join(format!("{}.jsonl", id(2))), &fork);
    let agent = folder.join(id(1)).join("subagents/agent-1.jsonl");
    put(&agent, &[message("e", "claude-haiku-4-5-20251001", 40, "done")]);
    let usage = of(&world.home, 0);
    let of_session = |number: u32| {
        let is_it = |used: &&usage::SessionUsage| used.id.to_string() == id(number);
        usage.sessions.iter().find(is_it).unwrap()
    };
    assert_eq!(tokens(&of_session(1).sum), [30, 65, 300, 3_000]);
    assert_eq!(tokens(&of_session(2).sum), [30, 55, 300, 3_000]);
    assert_eq!(tokens(&usage.total), [40, 95, 400, 4_000]);
    assert_eq!((of_session(1).cli_cost, of_session(2).cli_cost), (Some(1.5), None));
    assert_eq!(usage.unknown.iter().collect::<Vec<_>>(), ["claude-tomorrow"]);
    let sums = [
        usage.days.values().collect::<Vec<_>>(),
        usage.models.values().collect(),
        usage.projects.values().collect(),
    ];
    for parts in sums {
        let mut sum = Sum::default();
        for part in parts {
            sum += *part;
        }
        assert_eq!(sum.tokens, usage.total.tokens);
        assert!((sum.cost - usage.total.cost).abs() < 1e-12);
    }
    // 10×5 + 50×25 + 200×10 + 2000×0.5 of opus twice, and of haiku 10×1 + 40×5 + 100×2 + 1000×0.1.
    let opus = (20.0 * 5.0 + 50.0 * 25.0 + 200.0 * 10.0 + 2_000.0 * 0.5) / 1e6;
    let haiku = (10.0 + 40.0 * 5.0 + 100.0 * 2.0 + 1_000.0 * 0.1) / 1e6;
    assert!((usage.total.cost - opus - haiku).abs() < 1e-12, "{}", usage.total.cost);
    if let Some(expected) = by_jq(&world.home) {
        assert_eq!(tokens(&usage.total), expected);
    }
    assert_eq!(of(&world.home, 1_777_885_953_457), Usage::default());
}
