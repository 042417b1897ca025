//! Going on from an earlier point of a session.

use crate::{
    claude::session::{Session, SessionId},
    screens::{Scene, anchor, row, screen, words},
    telegram::{
        callback::{Callback, Carry},
        screen::Screen,
        text::Text,
    },
};

/// Characters of a title.
const TITLE: usize = 80;

/// Why a session is not gone back in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unable {
    /// It is open in a terminal.
    Open,
    /// Claude works in it.
    Works,
    /// Something was said in it since.
    WentOn,
}

/// The next message goes to a copy that leaves the last exchanges out.
pub fn will_fork(scene: &Scene, of: &Session, into: SessionId, newer: usize) -> Screen {
    let mut text = lead(scene, into, " Your next message goes to a copy of ", &of.title);
    text.push(" that ends there, without ").data(&left_out(newer));
    text.push("; the original stays as it is.");
    let back = Callback::Pick(of.id, Carry::Nothing);
    screen(text, vec![row([("Back to the original", back)])])
}

/// The next message goes to the session as it was before the last exchanges.
pub fn will_rewind(scene: &Scene, session: &Session, newer: usize) -> Screen {
    let mut text = lead(scene, session.id, " Your next message continues ", &session.title);
    text.push(" from there: ").data(&left_out(newer));
    text.push(" will be no part of the conversation any more, here and on the laptop. ");
    text.push("Files stay as they are.");
    let back = Callback::Pick(session.id, Carry::Nothing);
    screen(text, vec![row([("Undo: continue at its end", back)])])
}

/// It is not gone back.
pub fn unable(scene: &Scene, session: SessionId, title: &str, why: Unable) -> Screen {
    let mut text = lead(scene, session, " ", title);
    text.push(match why {
        Unable::Open => {
            " is open on the laptop, so nothing of it is taken back. Close it there first, or go on in \
             a copy."
        }
        Unable::Works => {
            " is at work, so nothing of it is taken back. Wait until it is done, or go on in a copy."
        }
        Unable::WentOn => {
            " has gone on since you chose an earlier point of it, so nothing of it is taken back: your \
             message continues it at its end."
        }
    });
    screen(text, Vec::new())
}

fn lead(scene: &Scene, session: SessionId, before: &'static str, title: &str) -> Text {
    let mut text = anchor(scene, session);
    text.push(before).bold(&words::line(title, TITLE));
    text
}

fn left_out(newer: usize) -> String {
    match newer {
        0 => "nothing".to_owned(),
        1 => "the exchange after it".to_owned(),
        _ => format!("the {newer} exchanges after it"),
    }
}
