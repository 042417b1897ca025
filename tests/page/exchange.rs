//! Walks through what goes in and comes out: photos, files, voice, edits, quotes, exports.

use std::fs;

use serde_json::json;

use crate::{
    view::View,
    walks::{DONE, end, walk},
};

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
    view.keep_whole("in-photos");
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
    view.keep_whole("in-things");
    view.click("[data-thing='voice']");
    view.message("Water the north bed this evening");
    view.keep_whole("in-voice");
    view.press("Send");
    last = answered(&mut view, &last);
    send_thing(&mut view, "sticker");
    view.newer(&last, "I can't pass this (sticker) to Claude");
    send_thing(&mut view, "location");
    view.see(".post.out .place", "52.457");
    last = answered(&mut view, &last);
    view.keep_whole("in-location");

    view.say("Sow the beams");
    last = answered(&mut view, &last);
    let mine = view.eval("[...document.querySelectorAll('.post.out')].at(-1).dataset.message");
    let mine = mine.as_str().unwrap().to_owned();
    view.act(&mine, "edit");
    view.eval("document.getElementById('input').select()");
    view.write("Sow the beans");
    view.enter();
    view.newer(&last, "You have edited this");
    view.keep_whole("in-edited");
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
    view.keep_whole("in-quote");
    view.settled();
    end(&mut view);
}

#[test]
fn a_walk_through_what_comes_out() {
    let Some((_demo, mut view)) = walk("a walk through what comes out") else { return };
    view.say("/get");
    view.message("~/garden/greenhouse:");
    view.keep_whole("out-folder");
    view.press("src/");
    view.press("watering.rs");
    view.see(".post.in .file", "watering.rs");
    view.press("‹ Up");
    view.press("beds.png");
    let photo = "document.querySelector('.post.in img.photo')?.naturalWidth === 480";
    view.wait("the plan of the beds", photo);
    view.keep_whole("out-photo");

    view.say("Fix the interval");
    view.press("Allow once");
    view.message("Done: src/watering.rs");
    view.keep_whole("out-answer");
    view.press("Diff");
    view.message("+    hours > INTERVAL_HOURS");
    view.press("Send watering.rs");
    view.settled();
    let last = view.newest();
    view.say("/diff");
    view.newer(&last, "-    hours > 36");
    view.keep_whole("out-diff");

    view.say("/history 1");
    view.message("You · ");
    view.press("‹ Earlier");
    view.keep_whole("out-history");
    view.say("/export");
    view.see(".post.in .file b", ".html");
    view.keep_whole("out-export");
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
    view.keep_whole("out-page");
    let wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(view.eval(wider), 0);
    view.assert_content();
}
