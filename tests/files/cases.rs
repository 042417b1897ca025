//! Transcripts as people had them when programs that read Claude's files went wrong
//! (`fixtures/cases`): each is read as the CLI reads it.

use std::{fs, path::PathBuf, process::Command};

use segue::claude::{
    session::SessionId,
    transcript::{
        self,
        story::{self, Event, Outline, Part},
    },
};

use super::world::{World, case};

/// A case in a home of its own.
struct Case {
    world: World,
    project: PathBuf,
    session: SessionId,
    path: PathBuf,
}

impl Case {
    fn of(name: &str) -> Self {
        let world = World::new();
        let project = world.dir("project");
        let (session, path) = world.case(name, (&project, &project));
        Self { world, project, session, path }
    }

    /// What was asked and answered, as `/history` tells it.
    fn exchanges(&self) -> Vec<(String, String)> {
        let story = story::story(&self.path, 0, 20).unwrap();
        let told = story.chapters.into_iter().map(|chapter| {
            let said = chapter.parts.into_iter().filter_map(|part| match part {
                Part::Said(text) => Some(text),
                _ => None,
            });
            (chapter.prompt, said.collect::<Vec<_>>().join("\n"))
        });
        told.collect()
    }

    /// All that is told, a line each.
    fn told(&self) -> Vec<String> {
        let outline = Outline::of(&self.path).unwrap();
        let mut told = Vec::new();
        let each = |event: Event<'_>| {
            told.push(match event {
                Event::Asked { prompt, .. } => format!("asked: {prompt}"),
                Event::Said(text) => format!("said: {text}"),
                Event::Used(tool) => {
                    format!("used: {} {:?}", tool.input["command"].as_str().unwrap(), tool.result)
                }
                Event::Shown(picture) => format!("shown: {}", picture.media_type),
                Event::Printed(text) => format!("printed: {text}"),
                Event::Compacted => "compacted".to_owned(),
                Event::Summary(text) => format!("summary: {text}"),
                Event::Notice(text) => format!("notice: {text}"),
                Event::Thought(text) => format!("thought: {text}"),
                Event::Unknown(kind) => format!("unknown: {kind}"),
            });
            Ok(())
        };
        outline.tell(each).unwrap();
        told
    }

    /// What `segue export` writes.
    fn export(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
        command.env_clear().env("HOME", self.world.root.path());
        command.env("CLAUDE_CONFIG_DIR", &self.world.home.dir).current_dir(&self.project);
        let session = self.session.to_string();
        let output =
            command.args(["export", &session, "-o", "-"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Holds `/history` and both exports of a case to what was asked and answered.
fn check(name: &str, expected: &[(&str, &str)]) {
    let case = Case::of(name);
    let exchanges = case.exchanges();
    let exchanges: Vec<_> = exchanges.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(exchanges, expected, "{name}");
    let last = transcript::digest(&case.path).unwrap().last.unwrap();
    let (prompt, answer) = expected.last().unwrap();
    assert!((&*last.prompt, &*last.answer) == (*prompt, answer.lines().last().unwrap_or_default()));
    let (page, text) = (case.export(&[]), case.export(&["--md"]));
    for (prompt, answer) in expected {
        let prompt = prompt.lines().next().unwrap();
        assert!(text.contains(&format!("> {prompt}\n")), "{name}: {text}");
        for line in answer.lines() {
            assert!(text.contains(line) && page.contains(line), "{name}: {text}\n{page}");
        }
    }
}

#[test]
fn a_prompt_that_begins_with_a_tag_is_a_prompt() {
    check(
        "tag-prompt",
        &[
            ("plain question", "plain answer"),
            ("<div class=\"x\">why is this not centred?</div>", "because of the margin"),
        ],
    );
    check("tag-prompt-first", &[("<task>explain it</task>", "so it works")]);
}

#[test]
fn prose_that_quotes_a_command_name_is_prose() {
    let prose = "the log says <command-name>/foo</command-name> twice, why?";
    check("command-name-quoted", &[(prose, "because of the hook")]);
}

#[test]
fn commands_that_go_to_claude_begin_an_exchange() {
    check("init-command", &[("/init", "CLAUDE.md is made")]);
    check("bang-answered", &[("! ls", "there is file1")]);
    assert_eq!(Case::of("bang-answered").told()[1], "printed: file1");
}

#[test]
fn an_answer_after_a_compaction_in_its_turn_is_shown() {
    check("compacted-in-a-turn", &[("do the big task", "the big task is done")]);
    let told = Case::of("compacted-in-a-turn").told();
    assert_eq!(told[1..3], ["used: make Some(\"built\")", "compacted"]);
}

#[test]
fn what_was_said_before_a_compaction_is_exported_and_the_boundary_marked() {
    check(
        "compacted-between",
        &[("question before", "answer before"), ("question after", "answer after")],
    );
    let case = Case::of("compacted-between");
    for export in [case.export(&[]), case.export(&["--md"])] {
        let places = ["answer before", "Compacted here", "SUMMARY", "question after"]
            .map(|words| export.find(words).unwrap_or_else(|| panic!("no {words} in {export}")));
        assert!(places.is_sorted(), "{export}");
    }
}

#[test]
fn a_hole_in_a_file_is_bridged() {
    let all = [("q one", "a one"), ("q two", "a two"), ("q three", "a three")];
    check("parent-missing", &all[..2]);
    check("nul-before", &all);
    // The second prompt itself is lost.
    check("torn-in-the-middle", &[("q one", "a one\na two"), ("q three", "a three")]);
    let torn = Case::of("torn-in-the-middle");
    assert_eq!(story::story(&torn.path, 0, 9).unwrap().unreadable, 1);
    assert!(torn.export(&[]).contains("1 line could not be read"));
}

#[test]
fn a_line_of_many_megabytes_is_read() {
    let case = Case::of("parent-missing");
    let text = fs::read_to_string(&case.path).unwrap();
    // A result of a tool above what readers used to take, and one above what any reader takes.
    for (megabytes, unreadable) in [(17, 0), (65, 1)] {
        let payload = "x".repeat(megabytes << 20);
        let (first, rest) = text.split_once('\n').unwrap();
        let (second, rest) = rest.split_once('\n').unwrap();
        let huge = second
            .replace("\"userType\"", &format!("\"toolUseResult\":\"{payload}\",\"userType\""));
        fs::write(&case.path, [first, &huge, rest].join("\n")).unwrap();
        let story = story::story(&case.path, 0, 9).unwrap();
        let prompts: Vec<_> = story.chapters.iter().map(|chapter| &*chapter.prompt).collect();
        assert_eq!((prompts, story.unreadable), (vec!["q one", "q two"], unreadable));
        assert_eq!(story.chapters[0].parts.len(), 1 - unreadable, "its answer");
    }
}

#[test]
fn a_byte_order_mark_is_no_loss() {
    check("bom", &[("q one", "a one"), ("q two", "a two")]);
    assert_eq!(transcript::digest(&Case::of("bom").path).unwrap().skipped, 0);
}

#[test]
fn ids_need_not_be_uuids() {
    check("ids-that-are-no-uuids", &[("q one", "a one")]);
}

#[test]
fn parallel_tools_keep_their_results() {
    let expected = [
        "asked: two at once",
        "used: echo one Some(\"RESULT-ONE\")",
        "used: echo two Some(\"RESULT-TWO\")",
        "said: both done",
    ];
    let case = Case::of("parallel-tools");
    assert_eq!(case.told(), expected);
    for export in [case.export(&[]), case.export(&["--md"])] {
        assert!(export.contains("RESULT-ONE") && export.contains("RESULT-TWO"), "{export}");
    }
}

#[test]
fn half_a_surrogate_costs_one_sign() {
    let case = Case::of("surrogate-in-a-command");
    assert_eq!(case.told()[1], "used: echo \u{fffd} rocket Some(\"out\")");
    assert!(case.export(&["--md"]).contains("echo \u{fffd} rocket"));
}

#[test]
fn bytes_that_are_no_utf8_and_depth_cost_no_more() {
    let case = Case::of("surrogate-in-a-command");
    let text = fs::read_to_string(&case.path).unwrap();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let text = text.replace(r#""input":{"#, &format!(r#""input":{{"deep":{deep},"#));
    let bytes: Vec<u8> = text.into_bytes();
    let at = bytes.windows(6).position(|bytes| bytes == b"\\ud83d").unwrap();
    fs::write(&case.path, [&bytes[..at], &b"\xff"[..], &bytes[at + 6..]].concat()).unwrap();
    assert_eq!(case.told()[1], "used: echo \u{fffd} rocket Some(\"out\")");
}

#[test]
fn a_picture_that_was_sent_in_a_turn_is_in_the_export() {
    let case = Case::of("picture-in-a-turn");
    assert_eq!(case.told()[2..4], ["asked: and look at this", "shown: image/png"]);
    assert!(case.export(&[]).contains("src=\"data:image/png;base64,iVBORw0KGgo"));
    assert!(case.export(&["--md"]).contains("> [picture, image/png, "));
}

#[test]
fn a_picture_that_a_tool_gave_is_in_the_export() {
    let case = Case::of("picture-in-a-turn");
    let text = fs::read_to_string(&case.path).unwrap();
    let image = |kind: &str| {
        format!(
            r#"[{{"type":"text","text":"done"}},{{"type":"image","source":{{"type":"base64","media_type":"{kind}","data":"AAAA"}}}}]"#
        )
    };
    for (kind, shown) in [
        ("image/png", "src=\"data:image/png;base64,AAAA\""),
        ("image/heic", "[picture, image/heic, 3 bytes]"),
    ] {
        fs::write(
            &case.path,
            text.replace(r#""content":"done""#, &format!(r#""content":{}"#, image(kind))),
        )
        .unwrap();
        let page = case.export(&[]);
        assert!(page.contains(shown), "{page}");
        assert!(case.export(&["--md"]).contains(&format!("[picture, {kind}, 3 bytes]")));
    }
}

#[test]
fn thoughts_are_in_the_export_and_what_nobody_knows_is_named() {
    let case = Case::of("plain");
    let text = fs::read_to_string(&case.path).unwrap();
    let blocks = concat!(
        r#"[{"type":"thinking","thinking":"let me *see*","signature":"x"},"#,
        r#"{"type":"thinking","thinking":""},{"type":"server_tool_use","id":"y"},"#,
        r#"{"type":"text","text":"hi"}]"#
    );
    let with = text.replace(r#"[{"type":"text","text":"hi"}]"#, blocks);
    assert_ne!(with, text);
    fs::write(&case.path, with).unwrap();
    let expected =
        ["asked: hello", "thought: let me *see*", "unknown: server_tool_use", "said: hi"];
    assert_eq!(case.told(), expected);
    assert_eq!(case.exchanges(), [("hello".to_owned(), "hi".to_owned())]);
    let (page, text) = (case.export(&[]), case.export(&["--md"]));
    assert!(page.contains("<summary>Thought</summary>\n<p>let me <em>see</em></p>"), "{page}");
    assert!(text.contains("<summary>Thought</summary>\n\nlet me *see*\n"), "{text}");
    for export in [page, text] {
        assert!(export.contains("[server_tool_use, not shown]"), "{export}");
    }
    // What a tool gave, too.
    let case = Case::of("parallel-tools");
    let text = fs::read_to_string(&case.path).unwrap();
    let blocks =
        r#"[{"type":"text","text":"RESULT-ONE"},{"type":"tool_reference","tool_name":"z"}]"#;
    fs::write(&case.path, text.replace("\"RESULT-ONE\"", blocks)).unwrap();
    for export in [case.export(&[]), case.export(&["--md"])] {
        let at = export.find("RESULT-ONE").unwrap();
        assert!(export[at..].contains("[tool_reference, not shown]"), "{export}");
    }
}

#[test]
fn a_line_separator_is_a_line_break() {
    let case = Case::of("line-separator");
    assert!(case.export(&[]).contains("<p>one\ntwo</p>"));
    let text = case.export(&["--md"]);
    assert!(text.contains("> one\n> two\n") && text.contains("three\nfour"), "{text}");
    // In what a tool gave, too.
    let case = Case::of("parallel-tools");
    let text = fs::read_to_string(&case.path).unwrap();
    fs::write(&case.path, text.replace("RESULT-ONE", "A\\u2028B")).unwrap();
    for export in [case.export(&[]), case.export(&["--md"])] {
        assert!(export.contains("A\nB"), "{export}");
    }
}

#[test]
fn two_records_on_a_line_and_what_stands_around_one_cost_nothing() {
    let plain = String::from_utf8(case("plain", "/x".as_ref(), "y")).unwrap();
    let (first, second) = plain.trim_end().split_once('\n').unwrap();
    let other = first.replace("hello", "OTHER");
    for text in [
        format!("{first}{other}\n{second}\n"),
        format!("{first}\0\0\0\n\0\0{second}\n"),
        format!("{first} garbage\n  {second}\r\n"),
        format!("\n\n{first}\n\0\0\0\n\n{second}"),
    ] {
        let case = Case::of("plain");
        fs::write(&case.path, &text).unwrap();
        assert_eq!(case.told(), ["asked: hello", "said: hi"], "{text}");
    }
}
