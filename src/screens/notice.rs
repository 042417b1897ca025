//! What segue says of its own accord: what it has done with a place, and what it must ask.

use std::path::Path;

use crate::{
    claude::{
        catalog::Left,
        session::{Session, SessionId},
    },
    screens::{Scene, anchor, button, row, screen, words},
    telegram::{
        callback::{Callback, Carry, Format, Key, List},
        screen::{Button, Screen},
        text::Text,
    },
};

const TITLE: usize = 80;
/// Characters of a path on a button.
const PATH: usize = 20;

pub(super) fn others(directory: &Path, carry: Carry) -> Callback {
    let directory = Some(Key::of_path(directory));
    Callback::Sessions(List { directory, ..List::default() }, carry)
}

fn titled(scene: &Scene, lead: &'static str, session: &Session) -> Text {
    let mut text = anchor(scene, session.id);
    text.push(" ").push(lead).bold(&words::line(&session.title, TITLE)).push(" in ");
    text.code(&words::path(&session.project, &scene.home)).push(", last used ");
    text.data(&words::age(scene.now, session.modified)).push(".");
    text
}

/// A place goes on in the newest session of its directory.
pub fn resumed(scene: &Scene, session: &Session) -> Screen {
    let text = titled(scene, "Continuing ", session);
    let ways = row([
        ("Other session", others(&session.project, Carry::Nothing)),
        ("New", Callback::New(None, Carry::Nothing)),
    ]);
    screen(text, vec![ways])
}

/// A conversation has moved on into another session, on the laptop.
pub fn continued(scene: &Scene, session: &Session) -> Screen {
    let lead = "This conversation has moved to another session. Continuing there: ";
    let text = titled(scene, lead, session);
    screen(text, vec![row([("Other session", others(&session.project, Carry::Nothing))])])
}

/// A group is asked before titles and answers are shown to all of it.
pub fn may_resume(scene: &Scene, session: &Session) -> Screen {
    let mut text = titled(scene, "Continue ", session);
    text.push(" Everybody in this group will read what Claude answers. Your message is on hold.");
    let ways = row([
        ("Other session", others(&session.project, Carry::Prompt)),
        ("New", Callback::New(None, Carry::Prompt)),
    ]);
    screen(text, vec![row([("Continue", Callback::Pick(session.id, Carry::Prompt))]), ways])
}

/// A session is begun because its directory has none.
pub fn first(scene: &Scene, session: SessionId, directory: &Path) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" No session in ").code(&words::path(directory, &scene.home));
    text.push(" yet: this starts the first.");
    screen(text, vec![row([("Other directory", Callback::Directories(0, Carry::Nothing))])])
}

/// The place points at a new session.
pub fn fresh(scene: &Scene, session: SessionId, directory: &Path) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" New session in ").code(&words::path(directory, &scene.home));
    text.push(". It begins with your next message.");
    screen(text, vec![row([("Other session", others(directory, Carry::Nothing))])])
}

/// A session could not be resumed; its prompt goes to a fresh one.
pub fn fell_back(scene: &Scene, old: SessionId, into: SessionId, directory: &Path) -> Screen {
    let mut text = anchor(scene, into);
    text.push(" The session ").code(&old.to_string());
    text.push(" could not be resumed: its transcript is gone or empty. ").bold("A fresh session");
    text.push(" in ").code(&words::path(directory, &scene.home));
    text.push(" answers your message; it knows nothing of the old one.");
    screen(text, vec![row([("Other session", others(directory, Carry::Nothing))])])
}

/// A session's directory is gone; the caller adds the directories to pick.
pub fn no_directory(scene: &Scene, directory: &Path) -> Text {
    let mut text = Text::plain("The directory ");
    text.code(&words::path(directory, &scene.home));
    text.push(" is gone. Your message is kept: pick where to send it.");
    text
}

/// An answer, or a part of one, that Telegram takes in no form; why, in its words.
pub fn unsent(scene: &Scene, session: SessionId, why: &str) -> Screen {
    let mut text = Text::plain("Claude has answered, and not all of it can be shown here: ");
    text.data(&words::line(why, 200)).push(". The session has the whole answer: ");
    text.code(&format!("claude --resume {session}")).push("\n\n").append(anchor(scene, session));
    let export = Callback::Export(session, Format::Html);
    screen(text, vec![row([("Export as a file", export)])])
}

/// To the owners, once for each group.
pub const ANONYMOUS: &str = "Somebody wrote to me in a group as an anonymous admin. Telegram hides \
    who that is, so I do not listen: turn off “Remain anonymous” in the group's admin rights, or \
    write as yourself.";

/// What is left to go on in with a session whose directory is gone.
pub fn left(scene: &Scene, session: SessionId, left: &[Left]) -> Vec<Vec<Button>> {
    let ways = left.iter().map(|left| {
        let what = match left {
            Left::Renamed(_) => "Continue in",
            Left::MainTree(_) => "Continue in the main tree",
        };
        let label = format!("{what} {}", words::short_path(left.dir(), &scene.home, PATH));
        vec![button(label, &Callback::Relocate(session, Key::of_path(left.dir())))]
    });
    ways.collect()
}

/// The configuration does not allow to work in a directory.
pub fn forbidden(scene: &Scene, directory: &Path) -> Screen {
    let mut text = Text::default();
    text.code(&words::path(directory, &scene.home));
    text.push(
        " lies outside the directories that this bot may work in (`roots` in its configuration). \
         /cd shows others.",
    );
    screen(text, Vec::new())
}

/// The place works in another directory.
pub fn moved(scene: &Scene, directory: &Path, newest: Option<&Session>) -> Screen {
    let mut text = Text::plain("Working in ");
    text.code(&words::path(directory, &scene.home)).push(" now. ");
    match newest {
        Some(session) => text
            .push("Your next message continues ")
            .bold(&words::line(&session.title, TITLE))
            .data(&format!(", last used {}.", words::age(scene.now, session.modified))),
        None => text.push("Your next message starts its first session."),
    };
    screen(
        text,
        vec![row([
            ("Other session", others(directory, Carry::Nothing)),
            ("New", Callback::New(None, Carry::Nothing)),
        ])],
    )
}

/// A chat that was never used, on a laptop where Claude was never used: all that there would be to
/// work in is the home directory, which nobody wants to hand out.
pub fn nowhere() -> Screen {
    let mut text = Text::plain("Where shall Claude work? Send ");
    text.code("/cd PATH").push(", such as ").code("/cd ~/project");
    text.push(". Your message is on hold, and goes to Claude there.");
    screen(text, Vec::new())
}

/// A directory that the person never trusted at the terminal.
pub fn distrusted(scene: &Scene, directory: &Path) -> Screen {
    let mut text = Text::plain("You haven't trusted ");
    text.code(&words::path(directory, &scene.home));
    text.push(" in Claude Code yet. Working there runs its hooks and settings. ");
    text.push("Your message is on hold.");
    let trust = Callback::Trust(Key::of_path(directory));
    screen(
        text,
        vec![row([
            ("Trust and continue", trust),
            ("Other directory", Callback::Directories(0, Carry::Prompt)),
        ])],
    )
}

/// A session goes on in a copy.
pub fn forked(scene: &Scene, of: &Session, into: SessionId) -> Screen {
    let mut text = anchor(scene, into);
    text.push(" Continuing in a copy of ").bold(&words::line(&of.title, TITLE));
    text.push("; the original stays as it is.");
    screen(text, vec![row([("Other session", others(&of.project, Carry::Nothing))])])
}

/// So many processes work in the background, which are all that are kept, and one more is started.
pub fn one_more(count: usize) -> Screen {
    let process = if count == 1 { "process" } else { "processes" };
    let count = format!("{count} Claude {process}");
    let mut text = Text::plain("Still running in the background: ");
    text.data(&count).push(". One more starts for this.");
    screen(text, Vec::new())
}

/// Somebody else gets the messages of this bot; `advice` says what to do.
pub fn conflict(advice: &str) -> Screen {
    let mut text = Text::plain("I get no messages at the moment: ");
    text.data(advice).push(".");
    screen(text, Vec::new())
}

/// A file of a prompt could not be read.
pub fn damaged(name: &str) -> Screen {
    let after = " could not be read and was set aside. If a message of yours got no answer, send \
                 it again.";
    about_path("A message that was kept on the laptop in ", name, after)
}

/// The state directory takes no files.
pub fn spool_closed(error: &str) -> Screen {
    let mut text = Text::plain("segue's state directory on the laptop cannot be written (");
    text.data(&words::line(error, 200));
    text.push("). Your messages go to Claude all the same, but those that have no answer yet ");
    text.push("would be lost if segue ended now.");
    screen(text, Vec::new())
}

/// An update could not be handled.
pub const BROKEN: &str = "segue could not handle this: it is a fault of segue's. It was set aside, and the log on the \
     laptop says more.";

/// An update could not be read.
pub const UNREAD: &str = "Telegram has brought something that segue cannot read. It was set aside, and the log on the \
     laptop says more. If a message of yours got no answer, send it again.";

/// A message carries something that is neither words nor a file; its kind in Telegram's words.
pub fn unreadable(kind: &str) -> Screen {
    let mut text = Text::plain("I can't pass this (");
    text.data(&kind.replace('_', " "));
    text.push(") to Claude. Send text, photos, files, voice or a location.");
    screen(text, Vec::new())
}

/// A plain sentence of ours.
pub fn plain(sentence: &'static str) -> Screen {
    screen(Text::plain(sentence), Vec::new())
}

/// A sentence about a path.
pub fn about_path(before: &'static str, path: &str, after: &'static str) -> Screen {
    let mut text = Text::plain(before);
    text.code(&words::line(path, 300)).push(after);
    screen(text, Vec::new())
}
