//! `/help` and `/start`.

use crate::{
    screens::{row, screen},
    telegram::{
        callback::{Callback, Carry, List},
        command::COMMANDS,
        screen::Screen,
        text::Text,
    },
};

/// The first message of a chat.
pub fn start() -> Screen {
    let mut text = Text::default();
    text.bold("Claude Code, from here").push(
        "\nWrite, and you go on with the session that you used last on the laptop. Sit down again \
         there, and ",
    );
    text.code("claude --continue").push(" shows all that happened here.");
    text.push("\n\nPick another session with /sessions; /help tells the rest.");
    let list = Callback::Sessions(List::default(), Carry::Nothing);
    screen(text, vec![row([("Sessions", list), ("New", Callback::New(None, Carry::Nothing))])])
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
