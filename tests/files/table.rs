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

/// The same of programs that bring Claude into a chat.
const BROKE_IN_CHATS: [(&str, &[&str]); 18] = [
    (
        "a sub-agent in the background asks",
        &[
            "what_a_sub_agent_asks_during_its_turn_outlasts_the_turns_that_end",
            "what_a_sub_agent_asks_after_its_turn_is_answered",
        ],
    ),
    (
        "a file that cannot be opened",
        &["a_file_that_cannot_be_opened_is_a_sentence_and_holds_nothing_up"],
    ),
    (
        "a progress message is refused",
        &["a_progress_message_that_is_refused_for_a_moment_costs_no_answer"],
    ),
    ("an answer is refused", &["an_answer_that_telegram_takes_in_no_form_is_said"]),
    ("taken back behind a file", &["what_waits_behind_a_file_is_taken_back"]),
    ("a reply to a part of an answer", &["each_part_of_an_answer_leads_to_its_session"]),
    ("New pressed again", &["new_pressed_again_is_another_session"]),
    (
        "pictures with a command",
        &[
            "a_caption_that_is_a_command_keeps_its_pictures",
            "a_photo_for_an_aside_is_said_to_be_left_out",
        ],
    ),
    (
        "a long text with a sign, a command, a reason",
        &[
            "a_long_text_with_a_sign_in_front_is_one_prompt",
            "a_long_command_is_one_and_a_sign_is_read_with_a_quote",
            "a_long_reason_is_one_and_a_place_is_an_answer",
            "a_long_answer_in_own_words_is_one",
        ],
    ),
    ("a comment on what is forwarded", &["a_comment_and_what_is_forwarded_with_it_are_one_prompt"]),
    (
        "a reply to somebody's photo or file",
        &[
            "a_question_about_somebodys_photo_takes_it_along",
            "a_question_about_somebodys_file_takes_it_along",
        ],
    ),
    (
        "buttons that lead out of the roots",
        &["roots_hold_lists_buttons_links_and_chats_that_were_elsewhere"],
    ),
    ("`!` below a quote", &["an_exclamation_mark_below_a_quote_interrupts"]),
    ("a launcher", &["a_cli_behind_a_launcher_is_known_as_ours"]),
    ("a hook that says why", &["a_hook_that_asks_says_why", "a_question_says_why_it_is_asked"]),
    (
        "an edit of what waits",
        &["what_is_edited_while_it_waits_goes_in_its_new_form", "an_edited_new_is_offered_again"],
    ),
    (
        "a text below a permission",
        &["what_is_written_below_a_permission_is_read_after_it_or_is_the_reason"],
    ),
    ("an anonymous admin", &["an_admin_who_hides_is_told_once_through_the_owner"]),
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
    for (broke, tests) in BROKE.into_iter().chain(BROKE_IN_CHATS) {
        for test in tests {
            assert!(named.contains(*test), "{broke}: there is no test {test}");
        }
    }
}
