//! A prompt that waits for a usage limit to reset.

use crate::{
    bridge::{prompt::PromptId, turn::Turn},
    screens::{button, row, screen, words},
    telegram::{
        callback::{Callback, Deferral, Deferred, Key},
        screen::{Button, Screen},
        text::Text,
    },
};

/// What the *Take back* button of a prompt names.
pub fn key(prompt: PromptId) -> Key {
    Key::of(prompt.0)
}

/// The button beneath a turn that a limit has ended; None where nobody knows for how long.
pub(super) fn offer(turn: &Turn, resets_at: Option<u64>) -> Vec<Button> {
    let Some(at) = resets_at else { return Vec::new() };
    let what = if turn.taken { Deferred::Continue } else { Deferred::Prompt };
    let later = Deferral { session: turn.session, attempt: turn.attempt + 1, at, what };
    vec![defer(later)]
}

fn defer(later: Deferral) -> Button {
    button(format!("Continue at {}", words::time(later.at)), &Callback::Defer(later))
}

/// It waits.
pub fn waiting(at: u64, key: Key) -> Screen {
    let mut text = Text::plain("Waiting for the limit to reset: this continues at ");
    text.bold(&words::clock(at)).push(", by itself.");
    screen(text, vec![row([("Take back", Callback::TakeBack(key))])])
}

/// It does not wait any more.
pub fn taken_back(later: Deferral) -> Screen {
    let text = Text::plain("Taken back: nothing is sent when the limit resets.");
    let again = Callback::Retry(later.session, later.attempt);
    screen(text, vec![vec![button("Try again", &again), defer(later)]])
}
