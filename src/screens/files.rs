//! Files, recordings and edited messages: what is said of them.

use std::path::{Path, PathBuf};

use crate::{
    bridge::attachment::{Attached, Unfit},
    claude::session::SessionId,
    screens::{Scene, button, row, screen, words},
    telegram::{
        callback::{Callback, Key},
        download,
        outgoing::LARGEST,
        screen::{Button, Screen},
        text::{EntityKind, Text},
    },
};

/// UTF-16 units of what was heard that a message shows.
const HEARD: usize = 3_500;
/// What a message says that does not show all that was heard.
pub const IN_PART: &str = "Only the beginning is shown; all of it is sent.";

/// A file that Telegram does not let bots have.
pub fn too_large_to_fetch(file: &Attached) -> Screen {
    let size =
        file.size.map_or_else(String::new, |size| format!(" has {} and", words::bytes(size)));
    let mut text = Text::default();
    text.code(&words::line(file.label(), 100)).data(&format!(
        "{size} is too large: Telegram lets bots fetch {} at most. Claude has not read this \
         message. Put the file on the laptop in another way and say where it is.",
        words::bytes(download::LARGEST)
    ));
    screen(text, Vec::new())
}

/// A picture that Claude got as a file, and why.
pub fn unseen(label: &str, unfit: Unfit) -> Screen {
    let mut text = Text::default();
    text.code(&words::line(label, 100)).push(match unfit {
        Unfit::Format => {
            " is not a kind of picture that Claude sees: JPEG, PNG, WebP and GIF are. It has the \
             file; sent as a photo, Telegram makes a JPEG of it."
        }
        Unfit::Pixels => " has too many pixels to be shown to Claude. It has the file.",
        Unfit::Damaged => " is damaged and cannot be shown to Claude. It has the file.",
    });
    screen(text, Vec::new())
}

/// A terminal's inbox takes words alone.
pub fn not_for_a_terminal() -> Screen {
    let words = "A terminal takes words only: to send the file, take the session over or fork it.";
    screen(Text::plain(words), Vec::new())
}

/// There is nobody who writes recordings down.
pub fn no_transcriber() -> Screen {
    let mut text = Text::plain("I cannot listen yet. Name a program that writes speech down as ");
    text.code("transcriber").push(" in the configuration (");
    text.code("segue config").push(" shows an example with ").code("whisper.cpp");
    text.push("), or write, please.");
    screen(text, Vec::new())
}

/// What was heard, to be sent or not.
pub fn heard(words: &str) -> Screen {
    let mut text = Text::plain("Heard:\n");
    text.append(quote(words));
    let (say, discard) = (Callback::SendHeard, Callback::DropHeard);
    screen(text, vec![row([("Send", say), ("Discard", discard)])])
}

/// What was heard, once it is sent.
pub fn said(words: &str) -> Screen {
    let mut text = Text::plain("Sent:\n");
    text.append(quote(words));
    screen(text, Vec::new())
}

fn quote(words: &str) -> Text {
    let shown = Text::of_prose(words);
    let is_long = shown.utf16_len() > HEARD;
    let mut text = shown.head(HEARD).trim().wrap(EntityKind::Fold);
    if is_long {
        text.push("\n").italic(IN_PART);
    }
    text
}

/// A recording that could not be written down.
pub fn not_heard(why: &str) -> Screen {
    let mut text = Text::plain("That could not be written down: ");
    text.data(&words::line(why, 300)).push(". Write it, please.");
    screen(text, Vec::new())
}

/// A message was edited after it was sent; the time of the edit is the attempt.
pub fn edited(session: SessionId, at: u32) -> Screen {
    let text = Text::plain("You have edited this. Claude goes by what it was before.");
    screen(text, vec![row([("Send it again", Callback::Retry(session, at))])])
}

/// A message was edited that was sent as a part of a prompt.
pub fn edited_part(session: SessionId, at: u32) -> Screen {
    let words = "You have edited a part of this. Claude goes by what it was before.";
    screen(Text::plain(words), vec![row([("Send all of it again", Callback::Retry(session, at))])])
}

/// A message was edited whose other parts are not known any more.
pub fn edited_alone() -> Screen {
    let words = "You have edited this. Claude goes by what it was before; I do not have the rest \
                 of the album any more, so send it anew to change that.";
    screen(Text::plain(words), Vec::new())
}

/// Entries of a folder that have a button; Telegram takes about 100.
const ENTRIES: usize = 40;
/// Files beneath an answer that have buttons of their own.
const CHANGED: usize = 4;
/// Characters of a name on a button.
const NAME: usize = 18;

/// A folder to pick from.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its path.
    pub path: PathBuf,
    /// How the listed names begin; empty: any.
    pub start: String,
    /// What is in it, in order.
    pub entries: Vec<Entry>,
    /// The folder above.
    pub up: Option<Key>,
}

/// Something in a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
    /// The key of its path.
    pub key: Key,
}

/// A folder, each entry a button. Its path is the first code in the text: the buttons need it.
pub fn folder(scene: &Scene, folder: &Folder) -> Screen {
    let mut text = Text::default();
    text.code(&words::path(&folder.path, &scene.home));
    let count = folder.entries.len();
    match (count, folder.start.is_empty()) {
        (0, true) => text.push(" is empty."),
        (0, false) => {
            text.push(" holds nothing that begins with ").code(&words::line(&folder.start, 60))
        }
        (_, true) => text.push(":"),
        (_, false) => {
            text.push(", what begins with ").code(&words::line(&folder.start, 60)).push(":")
        }
    };
    if count > ENTRIES {
        text.data(&format!("\nThe first {ENTRIES} of {count}. ")).code("/get part-of-name");
        text.push(" finds the others.");
    }
    text.data(&format!("\nFiles of up to {} can be sent.", words::bytes(LARGEST)));
    let buttons: Vec<Button> = folder
        .entries
        .iter()
        .take(ENTRIES)
        .map(|entry| {
            let mark = if entry.is_folder { "/" } else { "" };
            let label = format!("{}{mark}", words::file_name(&entry.name, NAME));
            button(label, &Callback::Entry(entry.key))
        })
        .collect();
    let mut rows = words::rows(&buttons, 2);
    rows.push(folder.up.map_or_else(Vec::new, |up| row([("‹ Up", Callback::Entry(up))])));
    screen(text, rows)
}

/// What stands beneath a file.
pub fn sent(scene: &Scene, path: &Path, size: u64) -> Screen {
    let mut text = Text::default();
    text.code(&words::clip(&words::path(path, &scene.home), 400));
    text.push(" · ").data(&words::bytes(size));
    screen(text, Vec::new())
}

/// A file that cannot be sent for its size.
pub fn not_to_send(name: &str, size: u64) -> Screen {
    let mut text = Text::default();
    text.code(&words::line(name, 200));
    match size {
        0 => text.push(" is empty, and Telegram takes no empty files."),
        size => text.data(&format!(
            " has {}: Telegram takes {} at most.",
            words::bytes(size),
            words::bytes(LARGEST)
        )),
    };
    screen(text, Vec::new())
}

/// A large file is on its way.
pub fn sending(name: &str, size: u64, percent: u64) -> Screen {
    let mut text = Text::plain("Sending ");
    text.code(&words::line(name, 200));
    text.data(&format!(" ({}) · {percent} %", words::bytes(size)));
    screen(text, Vec::new())
}

/// A file that Telegram did not take.
pub fn not_taken(name: &str, why: &str) -> Screen {
    let mut text = Text::default();
    text.code(&words::line(name, 200)).push(" could not be sent: ").data(&words::line(why, 300));
    screen(text, Vec::new())
}

/// A path that is none of the bot's business.
pub fn outside(path: &str) -> Screen {
    let mut text = Text::default();
    text.code(&words::line(path, 300)).push(
        " lies outside the directories that this bot may read (`roots` in its configuration).",
    );
    screen(text, Vec::new())
}

/// A button whose file is not known any more.
pub fn forgotten() -> Screen {
    screen(Text::plain("That file is not there any more. /get shows those that are."), Vec::new())
}

/// A file that a turn has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// The key of its path.
    pub key: Key,
    /// Whether it lies in a git repository.
    pub in_git: bool,
}

/// The buttons of what a turn has written, beneath its answer.
pub(super) fn changed(files: &[Changed]) -> Vec<Vec<Button>> {
    let skipped = files.len().saturating_sub(CHANGED);
    let mut rows: Vec<_> = files[skipped..]
        .iter()
        .map(|file| {
            let send = format!("Send {}", words::file_name(&file.name, NAME));
            let mut row = vec![button(send, &Callback::SendFile(file.key))];
            if file.in_git {
                row.push(button("Diff", &Callback::DiffFile(file.key)));
            }
            row
        })
        .collect();
    if skipped > 0 && files.iter().any(|file| file.in_git) {
        let label = format!("Diff of all {} files", files.len());
        rows.push(vec![button(label, &Callback::Diff)]);
    }
    rows
}

/// Nothing differs.
pub fn unchanged(what: &str) -> Screen {
    let mut text = Text::default();
    text.code(&words::line(what, 300)).push(" is as it was committed.");
    screen(text, Vec::new())
}

/// There is no diff to be had.
pub fn no_diff(what: &str, why: &str) -> Screen {
    let mut text = Text::plain("No diff of ");
    text.code(&words::line(what, 300)).push(": ").data(&words::line(why, 300)).push(".");
    screen(text, Vec::new())
}

/// A directory in which no program is run.
pub fn untrusted() -> Screen {
    let words = "You haven't trusted this directory in Claude Code yet, so nothing is run in it.";
    screen(Text::plain(words), Vec::new())
}

/// A command came with a file that it has no use for.
pub fn left_out() -> Screen {
    screen(
        Text::plain("This command takes no file: the one that came with it was left out."),
        Vec::new(),
    )
}

/// A text by itself.
pub fn bare(text: Text) -> Screen {
    screen(text, Vec::new())
}
