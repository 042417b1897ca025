//! What is said when the laptop has the same session open.

use crate::{
    bridge::{
        terminal::{Terminal, When},
        turn::Turn,
    },
    claude::{
        live::Live,
        session::{Session, SessionId, Status},
    },
    screens::{Scene, anchor, notice::others, row, screen, words},
    telegram::{
        callback::{Callback, Carry, Key},
        screen::{Button, Screen},
        text::Text,
    },
};

const TITLE: usize = 80;

/// A session is open in another process, and the person must choose for a prompt with so many
/// files.
pub fn choose(scene: &Scene, session: &Session, live: &Live, files: usize) -> Screen {
    let mut text = titled(scene, session);
    text.push(" is ");
    let id = session.id;
    let mut ways = Vec::new();
    text.append(whereabouts(live));
    text.push(". If both wrote to it, one side's turns would be lost. Your message is on hold.");
    if live.socket.is_some() && files > 0 {
        text.push("\nThe terminal takes words only, so what you attached cannot go there.");
    } else if live.socket.is_some() {
        text.push("\n")
            .bold("Send to the terminal")
            .push(": Claude answers there and here. It arrives as a message from “telegram”.");
        ways.push(row([("Send to the terminal", Callback::Terminal(id))]));
    }
    let (words, taking) = take_over(id, live);
    text.push("\n").bold("Take over").push(words);
    ways.push(taking);
    ways.push(row([
        ("Fork", Callback::Fork(id)),
        ("Other session", others(&session.project, Carry::Prompt)),
    ]));
    screen(text, ways)
}

/// What taking over costs, and its buttons.
fn take_over(session: SessionId, live: &Live) -> (&'static str, Vec<Button>) {
    let idle = Callback::TakeOver(session, When::Idle);
    let now = Callback::TakeOver(session, When::Now);
    match live.status {
        Status::Idle if live.is_background() => {
            (" stops it there and continues here.", row([("Take over", idle)]))
        }
        Status::Idle => (
            " closes it there and continues here. What is typed there and not sent is lost.",
            row([("Take over", idle)]),
        ),
        Status::Busy | Status::Waiting => (
            " closes it there and continues here: at once, which loses the turn it is in, or when \
             that has ended.",
            row([("Take over when idle", idle), ("Take over now", now)]),
        ),
    }
}

fn titled(scene: &Scene, session: &Session) -> Text {
    let mut text = anchor(scene, session.id);
    text.push(" ").bold(&words::line(&session.title, TITLE));
    text
}

fn whereabouts(live: &Live) -> Text {
    let mut text = Text::plain("open ");
    match &live.tmux {
        Some(pane) => {
            // `session:@window.%pane`: people know the session.
            let session = pane.split_once(":@").map_or(pane.as_str(), |(session, _)| session);
            text.push("in tmux session ").code(&words::line(session, TITLE))
        }
        None if live.is_background() => text.push("in the background"),
        None if live.entrypoint == "telegram" => text.push("with another bot"),
        None => text.push("in a terminal"),
    };
    text.data(&format!(" on the laptop (process {}), ", live.pid));
    text.push(match live.status {
        Status::Idle => "idle",
        Status::Busy => "in the middle of a turn",
        Status::Waiting => "waiting for an answer there",
    });
    text
}

/// The terminal that has a prompt waits for its person; None while it does not.
pub fn waits(scene: &Scene, turn: &Turn) -> Option<Screen> {
    let Terminal { waits, leaving, .. } = turn.terminal.as_ref()?;
    let waits = waits.as_deref()?;
    if *leaving && !turn.taken {
        return None;
    }
    let mut text = anchor(scene, turn.session);
    text.push(" The terminal on the laptop waits for an answer: ").bold(&words::line(waits, TITLE));
    text.push(". Answer it there, or take over: the terminal is closed, the turn it is in is ");
    text.push("lost, and your message is asked anew here.");
    let now = Callback::TakeOver(turn.session, When::Now);
    Some(screen(text, vec![row([("Take over", now)])]))
}

/// The laptop has opened a session that was warm here.
pub fn let_go(scene: &Scene, session: &Session, live: &Live) -> Screen {
    let mut text = titled(scene, session);
    text.push(" is now ").append(whereabouts(live));
    text.push(". It is let go here; your next message asks how to continue.");
    screen(text, Vec::new())
}

/// The laptop has opened a session that Claude works in for us.
pub fn opened(scene: &Scene, session: &Session, live: &Live, stop: Option<Key>) -> Screen {
    let mut text = titled(scene, session);
    text.push(" is now ").append(whereabouts(live));
    text.push(", while Claude works in it here. What is said there before this turn has ended ");
    text.push("would part the conversation in two, and one part would be lost.");
    let ways = stop.map(|key| row([("Stop here", Callback::Stop(key))]));
    screen(text, ways.into_iter().collect())
}

/// Another place goes on in the session that this place points at.
pub fn used_elsewhere(scene: &Scene, session: &Session) -> Screen {
    let mut text = titled(scene, session);
    text.push(" is used in another chat, too. What is said there is part of this conversation.");
    screen(text, Vec::new())
}

/// The transcript of a session went while we held the session.
pub fn transcript_gone(scene: &Scene, session: SessionId) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" The transcript of this session was deleted on the laptop. Claude remembers the ");
    text.push("conversation while it stays warm here; after that it is gone.");
    screen(text, Vec::new())
}

/// Claude's history takes no lines.
pub fn history_closed(error: &str) -> Screen {
    let mut text = Text::plain("Claude's history on the laptop cannot be written (");
    text.data(&words::line(error, 200));
    text.push("). Which session this chat is in is remembered only until segue ends.");
    screen(text, Vec::new())
}
