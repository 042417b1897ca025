//! Sessions that are archived or deleted.

use crate::{
    claude::session::{Session, SessionId},
    screens::{Scene, anchor, row, screen, words},
    telegram::{
        callback::{Callback, See, Sure},
        screen::Screen,
        text::Text,
    },
};

/// Characters of a title.
const TITLE: usize = 80;

fn lead(scene: &Scene, session: SessionId, title: &str) -> Text {
    let mut text = anchor(scene, session);
    text.push(" ").bold(&words::line(title, TITLE));
    text
}

/// A session is archived, or is not any more.
pub fn archived(scene: &Scene, session: &Session, archived: bool) -> Screen {
    let mut text = lead(scene, session.id, &session.title);
    text.push(if archived {
        " is archived: lists leave it out. Its next message takes that back."
    } else {
        " is not archived any more."
    });
    let undo = Callback::See(See::Archive(session.id, false));
    screen(text, if archived { vec![row([("Undo", undo)])] } else { Vec::new() })
}

/// Whether a session shall be deleted.
pub fn may_delete(scene: &Scene, session: &Session, prompts: usize) -> Screen {
    let mut text = anchor(scene, session.id);
    text.push(" Delete ").bold(&words::line(&session.title, TITLE)).push(" in ");
    text.code(&words::path(&session.project, &scene.home)).push("? ");
    text.data(&words::plural(prompts as u64, "prompt")).push(", ");
    text.data(&words::bytes(session.size)).push(", last used ");
    text.data(&words::age(scene.now, session.modified));
    text.push(". Its transcript goes to the laptop's trash, and Claude forgets it.");
    let ways = row([
        ("Delete it", Callback::See(See::Delete(session.id, Sure::Yes))),
        ("Archive instead", Callback::See(See::Archive(session.id, true))),
    ]);
    screen(text, vec![ways])
}

/// A session is in the trash.
pub fn deleted(scene: &Scene, session: &Session) -> Screen {
    let mut text = lead(scene, session.id, &session.title);
    text.push(" is in the laptop's trash.");
    screen(text, vec![row([("Undo", Callback::See(See::Restore(session.id)))])])
}

/// A session is out of the trash again.
pub fn restored(scene: &Scene, session: &Session) -> Screen {
    let mut text = lead(scene, session.id, &session.title);
    text.push(" is back where it was.");
    screen(text, Vec::new())
}

/// A session is where it was; why, in words.
pub fn refused(scene: &Scene, session: SessionId, title: &str, why: &str) -> Screen {
    let mut text = lead(scene, session, title);
    text.push(" stays as it is: ").data(&words::line(why, 300)).push(".");
    screen(text, Vec::new())
}
