//! A prompt that waits for a usage limit to reset.

use crate::{
    bridge::{prompt::PromptId, turn::Turn},
    screens::{row, screen, words},
    telegram::{
        button::{Key, Tap},
        later::{Later, Words},
        screen::{Button, Screen},
        steering::Steer,
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
    let words = if turn.taken { Words::GoOn } else { Words::Prompt };
    let later = Later { session: turn.session, attempt: turn.attempt + 1, at, words };
    row([("Continue then", Tap::Later(later))])
}

/// It waits.
pub fn waiting(at: u64, key: Key) -> Screen {
    let mut text = Text::plain("Waiting for the limit to reset: this goes on at ");
    text.bold(&words::clock(at)).push(", by itself.");
    screen(text, vec![row([("Take back", Tap::Steer(Steer::TakeBack(key)))])])
}

/// It does not wait any more.
pub fn taken_back(later: Later) -> Screen {
    let text = Text::plain("Taken back: nothing is sent when the limit resets.");
    let again = Tap::Again(later.session, later.attempt);
    screen(text, vec![row([("Try again", again), ("Continue then", Tap::Later(later))])])
}
