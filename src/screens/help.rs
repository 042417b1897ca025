//! `/help` and `/start`.

use std::path::Path;

use crate::{
    screens::{
        Scene, row, screen,
        sessions::{SessionCard, about},
        words,
    },
    telegram::{
        callback::{Callback, Carry, Key, List},
        command::COMMANDS,
        screen::Screen,
        text::Text,
    },
};

/// The first message of a chat where others read along, too.
pub fn start() -> Screen {
    let list = Callback::Sessions(List::default(), Carry::Nothing);
    screen(lead(), vec![row([("Sessions", list), ("New", Callback::New(None, Carry::Nothing))])])
}

/// The same where a session can be continued.
pub fn start_in(scene: &Scene, card: &SessionCard) -> Screen {
    let mut text = lead();
    text.push("\n\nYou were here last:\n").append(about(scene, card));
    let session = &card.session;
    let here = List { directory: Some(Key::of_path(&session.project)), ..List::default() };
    screen(
        text,
        vec![
            row([("Continue", Callback::Pick(session.id, Carry::Nothing))]),
            row([
                ("Sessions", Callback::Sessions(here, Carry::Nothing)),
                ("New", Callback::New(None, Carry::Nothing)),
            ]),
        ],
    )
}

/// The same where there is no session yet, with where the first message starts one; None where it
/// would be the home directory, all of which nobody wants to hand out.
pub fn start_anew(scene: &Scene, directory: Option<&Path>) -> Screen {
    let mut text = lead();
    text.push("\n\nThere is no session yet. ");
    if let Some(directory) = directory {
        text.push("Your first message starts one in ");
        text.code(&words::path(directory, &scene.home)).push("; ");
        text.code("/cd PATH").push(" picks another directory.");
    } else {
        text.push("Say first where to work: ").code("/cd PATH").push(", such as ");
        text.code("/cd ~/project").push(". Then write.");
    }
    screen(text, Vec::new())
}

fn lead() -> Text {
    let mut text = Text::default();
    text.bold("Claude Code, from here")
        .push("\nWrite, and you continue the session of your laptop. Back there, ");
    text.code("claude --continue").push(" shows all that happened here. /help tells the rest.");
    text
}

/// What can be done here.
pub fn help() -> Screen {
    let mut text = Text::plain(
        "Write, and Claude answers in the session of this chat. A message during a turn is taken \
         into it; ",
    );
    text.code("!")
        .push(" in front interrupts the turn first, ")
        .code(">")
        .push(" waits until it is done. A reply to an answer goes to that answer's session.\n");
    for (name, about) in COMMANDS {
        text.push("\n/").push(name).push(" — ").push(about);
    }
    text.push("\n\nAny other command goes to Claude as it is, such as ").code("/compact").push(".");
    screen(text, Vec::new())
}

/// What somebody reads who is not allowed, with the id that the owner must add.
pub fn stranger(id: u64) -> Screen {
    let mut text = Text::plain("This bot answers to its owner only. Is it yours? Add ");
    text.code(&id.to_string())
        .push(" to ")
        .code("SEGUE_ALLOWED_USERS")
        .push(" and start it again.");
    screen(text, Vec::new())
}
