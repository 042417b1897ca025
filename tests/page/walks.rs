//! Walks through the demo as a person takes them who tries everything once, on a telephone: what
//! Claude asks, how it is steered, what goes in and comes out, and what it does meanwhile.
//!
//! With `SEGUE_PICTURES` set to a directory, each step leaves a picture there, light and dark.

use std::fs;

use serde_json::json;

use crate::{
    bot::ADA,
    chromium::find_for,
    demo::Demo,
    view::{Screen, View},
};

/// What the last part of an answer ends in.
const DONE: &str = " s · <$0.01";

/// The demo on a telephone, with the private chat open.
fn walk(test: &str) -> Option<(Demo, View)> {
    let program = find_for(test)?;
    let demo = Demo::start();
    let mut view = View::open(&program, &demo.url, Screen::Tall);
    view.click(&format!("[data-chat='{ADA}']"));
    view.see("#chat-status", "online");
    Some((demo, view))
}

/// What holds at the end of every walk.
fn end(view: &mut View) {
    assert_eq!(view.overhang(), 0);
    view.assert_content();
}

#[test]
fn a_walk_through_what_claude_asks() {
    let Some((_demo, mut view)) = walk("a walk through what Claude asks") else { return };
    view.say("Run the tests");
    view.message("Claude asks: Run");
    view.keep("asks-permission");
    view.press("Allow once");
    view.message("✓ Allowed");
    view.message(DONE);
    let last = view.newest();
    view.say("Run them again, please");
    view.newer(&last, "Claude asks: Run");
    view.press_like("Always allow");
    view.newer(&last, "Always allow");
    view.newer(&last, DONE);
    view.keep("asks-always");

    view.say("Fix the interval");
    view.message("Claude asks: Edit");
    view.keep("asks-edit");
    view.press("Deny and say why");
    view.message("your next message here goes to Claude");
    view.say("Not before the harvest");
    view.message("✗ Denied");
    view.message("as it is.");
    view.keep("asks-denied");

    view.say("I have a question");
    view.message("1 of 2 · Storage");
    view.keep("asks-single");
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
    view.keep("asks-multi");
    view.press("Done");
    view.message("Soil, Rain");

    view.say("Make a plan");
    view.message("Claude asks: approve this plan?");
    view.keep("asks-plan");
    view.press("Approve");
    view.message("✓ Plan approved");
    view.message("I've noted your answer on the plan.");
    view.settled();
    end(&mut view);
}

#[test]
fn a_walk_through_steering_a_turn() {
    let Some((_demo, mut view)) = walk("a walk through steering a turn") else { return };
    view.say("A long report");
    view.message("A year in the garden");
    view.press("Stop");
    view.message("Stopped here");
    view.settled();
    view.keep("steer-stopped");

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
    view.newer(&last, "Claude takes this in");
    view.keep("steer-joined");
    view.newer(&last, "And the sensors?");
    view.settled();

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
    view.newer(&last, "Waits until this turn is done");
    view.keep("steer-later");
    view.press("Take back");
    view.newer(&last, "Taken back: Claude has not read this.");
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
        ("/mode", "acceptEdits", "Mode: acceptEdits"),
        ("/model", "Sonnet", "Model: Sonnet"),
        ("/effort", "low", "Effort: low"),
    ] {
        view.say(command);
        view.press(label);
        view.message(said);
        view.keep(&format!("pick-{}", &command[1..]));
    }
    view.say("/commands review");
    view.message("/code_review");
    view.keep("pick-commands");
    view.say("/btw what was first?");
    view.message("Aside: the conversation does not know of this.");
    view.keep("pick-aside");
    view.say("/rename All about beans");
    view.message("Renamed: All about beans.");
    view.say("/fork");
    view.message("Your next message goes to a copy of All about beans");
    view.keep("pick-fork");
    let last = view.newest();
    view.say("Hello, copy");
    view.newer(&last, DONE);
    view.say("/agent");
    view.message("Start a session with one of Claude's agents");
    view.keep("pick-agent");
    view.press("Explore");
    view.message("New session with the agent Explore");
    let last = view.newest();
    view.say("Hello again");
    view.newer(&last, "This is prompt 1 of our conversation");
    view.newer(&last, DONE);
    view.say("/status");
    view.message("effort low");
    view.keep("pick-status");
    end(&mut view);
}

/// Drops files on the chat: pictures of this size, drawn by the browser itself.
fn drop_pictures(view: &mut View, names: &[&str]) {
    let names = json!(names);
    view.eval(&format!(
        "(async () => {{
            const files = new DataTransfer();
            for (const name of {names}) {{
                const canvas = Object.assign(document.createElement('canvas'),
                    {{ width: 300, height: 200 }});
                const pen = canvas.getContext('2d');
                pen.fillStyle = '#7a5';
                pen.fillRect(0, 0, 300, 200);
                const picture = await new Promise((done) => canvas.toBlob(done, 'image/png'));
                files.items.add(new File([picture], name, {{ type: 'image/png' }}));
            }}
            const chat = document.querySelector('main.chat');
            chat.dispatchEvent(new DragEvent('drop', {{ dataTransfer: files, cancelable: true }}));
        }})(); true"
    ));
}

/// Sends one of the things behind the paper clip.
fn send_thing(view: &mut View, thing: &str) {
    view.click("#attach");
    view.click(&format!("[data-thing='{thing}']"));
    view.miss("#things");
}

#[test]
fn a_walk_through_what_goes_in() {
    let Some((_demo, mut view)) = walk("a walk through what goes in") else { return };
    let answered = |view: &mut View, last: &str| view.newer(last, DONE);
    let mut last = view.newest();
    for names in [&["bed.png"][..], &["north.png", "south.png"]] {
        view.click("#input");
        view.write("Which flower?");
        drop_pictures(&mut view, names);
        last = answered(&mut view, &last);
    }
    view.keep("in-photos");
    view.eval(
        "(() => {
            const files = new DataTransfer();
            files.items.add(new File(['sow beans'], 'notes.txt', { type: 'text/plain' }));
            const chat = document.querySelector('main.chat');
            chat.dispatchEvent(new DragEvent('drop', { dataTransfer: files, cancelable: true }));
        })()",
    );
    view.see(".post.out .file", "notes.txt");
    last = answered(&mut view, &last);
    view.click("#attach");
    view.see("#things", "Sticker");
    view.keep("in-things");
    view.click("[data-thing='voice']");
    view.message("Water the north bed this evening");
    view.keep("in-voice");
    view.press("Send");
    last = answered(&mut view, &last);
    send_thing(&mut view, "sticker");
    view.newer(&last, "A sticker says nothing to Claude");
    send_thing(&mut view, "location");
    view.see(".post.out .place", "52.457");
    last = answered(&mut view, &last);
    view.keep("in-location");

    view.say("Sow the beams");
    last = answered(&mut view, &last);
    let mine = view.eval("[...document.querySelectorAll('.post.out')].at(-1).dataset.message");
    let mine = mine.as_str().unwrap().to_owned();
    view.act(&mine, "edit");
    view.eval("document.getElementById('input').select()");
    view.write("Sow the beans");
    view.enter();
    view.newer(&last, "You have edited this");
    view.keep("in-edited");
    view.press("Send it again");
    last = answered(&mut view, &last);

    view.act(&mine, "forward");
    view.see(".post.out .forwarded", "Forwarded from");
    last = answered(&mut view, &last);
    let text = format!("document.querySelector('[data-message=\"{last}\"] .text')");
    view.act(&last, "copy");
    view.eval(&format!(
        "(() => {{
            const node = document.createTreeWalker({text}, NodeFilter.SHOW_TEXT).nextNode();
            getSelection().setBaseAndExtent(node, 0, node, 6);
        }})()"
    ));
    view.click(&format!("[data-message='{last}'] [data-action='reply']"));
    view.see("#context-text", "Gladly");
    view.write("Why so?");
    view.enter();
    view.see(".post.out .quote", "“Gladly”");
    answered(&mut view, &last);
    view.keep("in-quote");
    view.settled();
    end(&mut view);
}

#[test]
fn a_walk_through_what_comes_out() {
    let Some((_demo, mut view)) = walk("a walk through what comes out") else { return };
    view.say("/get");
    view.message("~/garden/greenhouse:");
    view.keep("out-folder");
    view.press("src/");
    view.press("watering.rs");
    view.see(".post.in .file", "watering.rs");
    view.press("‹ Up");
    view.press("beds.png");
    let photo = "document.querySelector('.post.in img.photo')?.naturalWidth === 480";
    view.wait("the plan of the beds", photo);
    view.keep("out-photo");

    view.say("Fix the interval");
    view.press("Allow once");
    view.message("Done: src/watering.rs");
    view.keep("out-answer");
    view.press("Diff");
    view.message("+    hours > INTERVAL_HOURS");
    view.press("Send watering.rs");
    view.settled();
    let last = view.newest();
    view.say("/diff");
    view.newer(&last, "-    hours > 36");
    view.keep("out-diff");

    view.say("/history 1");
    view.message("You · ");
    view.press("‹ Earlier");
    view.keep("out-history");
    view.say("/export");
    view.see(".post.in .file b", ".html");
    view.keep("out-export");
    let page = view.eval(
        "fetch([...document.querySelectorAll('.post.in .file')].at(-1).href)
            .then((file) => file.text())",
    );
    end(&mut view);
    open_export(&mut view, page.as_str().unwrap());
}

/// Opens an exported conversation as a person would, from the disk.
fn open_export(view: &mut View, page: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("export.html");
    fs::write(&path, page).unwrap();
    let url = format!("file://{}", path.display());
    view.chromium.call("Page.navigate", json!({ "url": url }));
    view.wait("the export", "document.querySelector('h1')");
    view.see("body", "The watering interval is a magic number.");
    view.keep("out-page");
    let wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(view.eval(wider), 0);
    view.assert_content();
}

#[test]
fn a_walk_through_what_claude_does() {
    let Some((_demo, mut view)) = walk("a walk through what Claude does") else { return };
    view.say("Do the chores");
    view.message("▸ Sow the beans");
    view.keep("does-list");
    view.message("Three of four are done");
    view.settled();
    view.message("☐ Write it down");

    view.say("Send an agent");
    view.message("▸ Read …/greenhouse/src/sensors.rs");
    view.keep("does-agent");
    view.message("The sub-agent found it");
    view.settled();

    view.say("Start the pump");
    view.message("Still running in the background: Fill the barrel");
    let last = view.newest();
    view.newer(&last, "\"Fill the barrel\" completed");
    view.keep("does-background");
    view.settled();
    end(&mut view);
}

#[test]
fn a_walk_through_trouble() {
    let Some((_demo, mut view)) = walk("a walk through trouble") else { return };
    view.say("Reach the limit");
    view.message("A usage limit was reached. It resets at");
    view.press("Continue then");
    view.message("Waiting for the limit to reset");
    view.keep("trouble-limit");
    view.say("/verbose");
    view.message("How much of a turn");
    view.keep("trouble-verbose");
    let last = view.newest();
    view.newer(&last, "Gladly");
    view.settled();

    view.say("Make an error");
    view.message("Overloaded");
    view.keep("trouble-error");
    view.say("Show the login");
    view.message("not logged in");
    view.keep("trouble-login");
    view.say("Now crash");
    view.message("flower pots");
    view.press("Try again");
    view.keep("trouble-crash");
    view.settled();
    end(&mut view);
}
