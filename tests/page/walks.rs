//! Walks through the demo as a person takes them who tries everything once, on a telephone: what
//! Claude asks, how it is steered, and what it does meanwhile.
//!
//! With `SEGUE_PICTURES` set to a directory, each step leaves a picture there, light and dark.

use crate::{
    bot::ADA,
    chromium::find_for,
    demo::Demo,
    view::{Screen, View},
};

/// What the last part of an answer ends in.
pub(crate) const DONE: &str = "\u{a0}s\u{a0}·\u{a0}<$0.01";

/// The demo on a telephone, with the private chat open.
pub(crate) fn walk(test: &str) -> Option<(Demo, View)> {
    let program = find_for(test)?;
    let demo = Demo::start();
    let mut view = View::open(&program, &demo.url, Screen::Tall);
    view.click(&format!("[data-chat='{ADA}']"));
    view.see("#chat-status", "online");
    Some((demo, view))
}

/// What holds at the end of every walk.
pub(crate) fn end(view: &mut View) {
    assert_eq!(view.overhang(), 0);
    view.assert_content();
}

#[test]
fn a_walk_through_what_claude_asks() {
    let Some((_demo, mut view)) = walk("a walk through what Claude asks") else { return };
    view.say("Run the tests");
    view.message("Claude asks: Run");
    view.keep_whole("asks-permission");
    view.press("Allow once");
    view.message("you allowed it");
    view.message(DONE);
    let last = view.newest();
    view.say("Run them again, please");
    view.newer(&last, "Claude asks: Run");
    view.press("Always here");
    view.newer(&last, DONE);
    view.keep_whole("asks-always");

    view.say("Fix the interval");
    view.message("Claude asks: Edit");
    view.keep_whole("asks-edit");
    view.press("Deny + reason");
    view.message("your next message here goes to Claude");
    view.say("Not before the harvest");
    view.message("✗ Edit");
    view.message("as it is.");
    view.keep_whole("asks-denied");

    view.say("I have a question");
    view.message("1 of 2 · Storage");
    view.keep_whole("asks-single");
    view.press("SQLite");
    view.message("2 of 2 · Sensors");
    view.press("‹ Back");
    view.message("1 of 2 · Storage");
    view.press("Other…");
    view.message("your next message here is it");
    view.say("A notebook");
    view.message("2 of 2 · Sensors");
    view.press("☐ Soil");
    view.press("☐ Rain");
    view.keep_whole("asks-multi");
    view.press("Done");
    view.message("Soil, Rain");

    view.say("Make a plan");
    view.message("Claude asks: approve this plan?");
    view.keep_whole("asks-plan");
    view.press("Approve");
    view.message("✓ Plan approved");
    view.message("I've noted your answer on the plan.");
    view.settled();
    end(&mut view);
}

#[test]
fn a_walk_through_steering_a_turn() {
    let Some((demo, mut view)) = walk("a walk through steering a turn") else { return };
    demo.stay_at("A year in the garden");
    view.say("A long report");
    view.message("A year in the garden");
    view.press("Stop");
    view.message("Stopped here");
    view.settled();
    view.keep_whole("steer-stopped");

    demo.stay_at("Read");
    let last = view.newest();
    view.say("Slow, please");
    view.newer(&last, "▸ Read");
    view.press("Stop");
    view.newer(&last, "Stopped here");
    view.settled();

    let last = view.newest();
    view.say("Slow, please");
    view.newer(&last, "▸ Read");
    view.say("And the sensors?");
    view.see(".reactions", "😴");
    view.keep_whole("steer-joined");
    demo.go_on();
    view.newer(&last, "And the sensors?");
    view.settled();

    demo.stay_at("Read");
    let last = view.newest();
    view.say("Slow, please");
    view.newer(&last, "▸ Read");
    view.say("! Never mind that");
    view.newer(&last, "Stopped here");
    view.newer(&last, "Gladly. This is prompt");
    view.newer(&last, DONE);
    view.settled();

    let last = view.newest();
    view.say("Slow, please");
    view.newer(&last, "▸ Read");
    view.say("> Later, then");
    view.see(".reactions", "😴");
    view.keep_whole("steer-later");
    view.press("Take back");
    view.newer(&last, "Taken back: Claude has not read this.");
    demo.go_on();
    view.newer(&last, "Three files, one entry point");
    view.settled();
    end(&mut view);
}

#[test]
fn a_walk_through_the_pickers() {
    let Some((_demo, mut view)) = walk("a walk through the pickers") else { return };
    view.say("Hello");
    view.message(DONE);
    for (command, label, said) in [
        ("/mode", "accept edits", "Mode: accept edits"),
        ("/model", "Sonnet", "Model: Sonnet"),
        ("/effort", "low", "Effort: low"),
    ] {
        view.say(command);
        view.press(label);
        view.message(said);
        view.keep_whole(&format!("pick-{}", &command[1..]));
    }
    view.say("/commands review");
    view.message("/code_review");
    view.keep_whole("pick-commands");
    view.say("/btw what was first?");
    view.message("Aside: the conversation does not know of this.");
    view.keep_whole("pick-aside");
    view.say("/rename All about beans");
    view.message("Renamed: All about beans.");
    view.say("/fork");
    view.message("Your next message goes to a copy of All about beans");
    view.keep_whole("pick-fork");
    let last = view.newest();
    view.say("Hello, copy");
    view.newer(&last, DONE);
    view.say("/agent");
    view.message("Start a session with one of Claude's agents");
    view.keep_whole("pick-agent");
    view.press("Explore");
    view.message("New session with the agent Explore");
    let last = view.newest();
    view.say("Hello again");
    view.newer(&last, "This is prompt 1 of our conversation");
    view.newer(&last, DONE);
    view.say("/status");
    view.message("effort low");
    view.keep_whole("pick-status");
    end(&mut view);
}

#[test]
fn a_walk_through_what_claude_does() {
    let Some((demo, mut view)) = walk("a walk through what Claude does") else { return };
    demo.stay_at("--sow beans");
    view.say("Do the chores");
    view.message("▸ Sow the beans");
    view.keep_whole("does-list");
    demo.go_on();
    view.message("Three of four are done");
    view.settled();
    view.message("☐ Write it down");

    demo.stay_at("sensors.rs");
    view.say("Send an agent");
    view.message("▸ Read …/greenhouse/src/sensors.rs");
    view.keep_whole("does-agent");
    demo.go_on();
    view.message("The sub-agent found it");
    view.settled();

    demo.stay_at("Fill the barrel");
    view.say("Start the pump");
    view.message("Still running in the background: Fill the barrel");
    let last = view.newest();
    demo.go_on();
    view.newer(&last, "\"Fill the barrel\" completed");
    view.keep_whole("does-background");
    view.settled();
    end(&mut view);
}

#[test]
fn a_walk_through_trouble() {
    let Some((_demo, mut view)) = walk("a walk through trouble") else { return };
    view.say("Reach the limit");
    view.message("A usage limit was reached. It resets at");
    view.press_like("Continue at ");
    view.message("Waiting for the limit to reset");
    view.keep_whole("trouble-limit");
    view.say("/verbose");
    view.message("How much of a turn");
    view.keep_whole("trouble-verbose");
    view.press("Take back");
    view.message("Taken back: nothing is sent when the limit resets.");

    view.say("Make an error");
    view.message("Overloaded");
    view.keep_whole("trouble-error");
    view.say("Show the login");
    view.message("not logged in");
    view.keep_whole("trouble-login");
    view.say("Now crash");
    view.message("flower pots");
    view.press("Try again");
    view.keep_whole("trouble-crash");
    view.settled();
    end(&mut view);
}
