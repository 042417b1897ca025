//! What broke in the field, line by line, and the tests that hold the right value.
//!
//! The inputs are in `fixtures/cases`; where the real CLI can say what is right, it is asked in
//! `tests/real`: by its picker, by `--continue`, and by what it sends to the API after `--resume`.

use std::{collections::HashSet, fs, path::Path};

use walkdir::WalkDir;

/// What was wrong, and the tests named after it.
const BROKE: [(&str, &[&str]); 24] = [
    ("a prompt that begins with a tag", &["a_prompt_that_begins_with_a_tag_is_a_prompt"]),
    ("prose that quotes a command", &["prose_that_quotes_a_command_name_is_prose"]),
    ("/init, !cmd, own commands", &["commands_that_go_to_claude_begin_an_exchange"]),
    ("compaction in a turn", &["an_answer_after_a_compaction_in_its_turn_is_shown"]),
    (
        "what was said before /compact",
        &["what_was_said_before_a_compaction_is_exported_and_the_boundary_marked"],
    ),
    (
        "a missing parent, zeroes, a torn line",
        &["a_hole_in_a_file_is_bridged", "a_parent_that_is_not_there_is_bridged"],
    ),
    ("a line of 17 MB", &["a_line_of_many_megabytes_is_read"]),
    ("a byte order mark", &["a_byte_order_mark_is_no_loss"]),
    ("ids that are no UUIDs", &["ids_need_not_be_uuids"]),
    (
        "parallel tools",
        &["parallel_tools_keep_their_results", "blocks_and_results_of_one_message_belong_together"],
    ),
    (
        "half a surrogate, broken UTF-8, depth",
        &["half_a_surrogate_costs_one_sign", "bytes_that_are_no_utf8_and_depth_cost_no_more"],
    ),
    ("two objects on a line", &["two_records_on_a_line_and_what_stands_around_one_cost_nothing"]),
    (
        "pictures of a turn and of a tool",
        &[
            "a_picture_that_was_sent_in_a_turn_is_in_the_export",
            "a_picture_that_a_tool_gave_is_in_the_export",
            "thoughts_are_in_the_export_and_what_nobody_knows_is_named",
        ],
    ),
    ("U+2028", &["a_line_separator_is_a_line_break"]),
    (
        "JSON with spaces",
        &[
            "spaced_json_is_listed_like_compact_json",
            "a_history_that_another_program_wrote_anew_keeps_every_binding",
            "text_behind_escapes_is_found_however_json_is_written",
        ],
    ),
    (
        "a newest file of titles only",
        &[
            "a_newest_file_of_titles_only_is_passed_over",
            "the_newest_session_is_the_one_that_the_cli_continues",
        ],
    ),
    (
        "a file's name in capitals",
        &[
            "a_session_is_found_by_what_its_file_is_called",
            "a_session_whose_file_is_called_in_capitals_goes_on",
        ],
    ),
    (
        "a project that was moved",
        &[
            "a_project_that_was_moved_goes_on_where_its_folder_says",
            "a_directory_that_is_gone_leaves_its_other_spelling",
            "a_worktree_that_is_gone_leaves_its_main_tree",
        ],
    ),
    (
        "a shared folder, and 33 newer headless files",
        &["a_folder_that_two_directories_share_is_known_to_hold_both"],
    ),
    ("copies and links", &["copies_and_links_of_a_session_are_one_row"]),
    (
        "worktrees inside the main tree",
        &[
            "worktrees_inside_the_main_tree_are_lists_of_their_own",
            "worktrees_are_listed_as_the_clis_own_picker_lists_them",
        ],
    ),
    (
        "an emptied or zeroed transcript",
        &[
            "emptied_and_zeroed_files_are_passed_over",
            "a_first_turn_that_a_power_cut_has_zeroed_is_taken_up_once",
            "a_cli_that_dies_in_each_first_turn_is_not_started_for_ever",
            "a_session_whose_transcript_was_emptied_gives_way_to_one_fresh_session",
        ],
    ),
    ("the directory typed in last is deleted", &["the_directory_used_last_is_one_that_is_there"]),
    (
        "CLAUDE_CONFIG_DIR relative or with ~",
        &["a_directory_of_claude_that_differs_from_place_to_place_is_refused"],
    ),
];

#[test]
fn each_thing_that_broke_has_a_test_named_after_it() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = HashSet::new();
    for folder in ["src", "tests"] {
        let inside = |entry: &walkdir::DirEntry| entry.file_name() != "node_modules";
        for entry in WalkDir::new(top.join(folder)).into_iter().filter_entry(inside) {
            let path = entry.unwrap().into_path();
            if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(path).unwrap();
                let functions = text.split("fn ").skip(1).filter_map(|rest| rest.split_once('('));
                named.extend(functions.map(|(name, _)| name.to_owned()));
            }
        }
    }
    for (broke, tests) in BROKE {
        for test in tests {
            assert!(named.contains(*test), "{broke}: there is no test {test}");
        }
    }
}
