//! How a turn ended that was not simply answered: each outcome's sentence and its next step.

use crate::{
    bridge::{
        outcome::ContextChange,
        terminal::Trouble,
        turn::{Outcome, Turn},
    },
    screens::{later, limits, row, words},
    telegram::{
        callback::{Callback, Carry},
        screen::Button,
        text::{EntityKind, Text, clean},
    },
};

/// Lines of stderr that are shown; the log has the rest.
const STDERR: usize = 12;

/// The words that end an answer, and the buttons beneath. `wordless`: Claude has said nothing.
pub(super) fn ending(
    outcome: &Outcome,
    turn: &Turn,
    wordless: bool,
) -> (Option<Text>, Vec<Vec<Button>>) {
    let again = vec![row([("Try again", Callback::Retry(turn.session, turn.attempt + 1))])];
    let on = vec![row([("Continue", Callback::Continue(turn.session, turn.attempt + 1))])];
    let plain = |words: &'static str| Some(Text::plain(words));
    match outcome {
        Outcome::Answered if wordless && turn.change == Some(ContextChange::Cleared) => (
            plain(
                "Cleared: this chat continues in a new, empty session. The old one is in /sessions.",
            ),
            vec![],
        ),
        Outcome::Answered if wordless && turn.change == Some(ContextChange::Compacted) => {
            (plain("Compacted: the conversation continues from a summary of it."), vec![])
        }
        Outcome::Answered if wordless => (plain("Claude finished without a reply."), vec![]),
        Outcome::Answered | Outcome::Joined | Outcome::Silent | Outcome::NoConversation => {
            (None, vec![])
        }
        // The line of what was done says it.
        Outcome::Stopped if wordless => (None, again),
        Outcome::Stopped => (plain("Stopped here."), again),
        Outcome::TakenBack => (plain("Taken back: Claude has not read this."), vec![]),
        Outcome::Repeated => (
            plain("Claude has had this message before, so it did not run again."),
            vec![row([("Show the session", Callback::Pick(turn.session, Carry::Nothing))])],
        ),
        Outcome::Api { status, message } => (Some(api(*status, message)), again),
        Outcome::Limit { resets_at, message } => {
            let when = resets_at
                .map_or_else(String::new, |at| format!(" It resets at {}.", words::clock(at)));
            let mut text = Text::of_data(&format!("A usage limit was reached.{when}\n"));
            text.append(quoted(message));
            let mut ways = again;
            ways[0].extend(later::offer(turn, *resets_at));
            ways.extend(resets_at.map(|at| vec![limits::hold_until(at)]));
            (Some(text), ways)
        }
        Outcome::NotLoggedIn => {
            let mut text = Text::plain("Claude is not logged in on the laptop. Run ");
            text.code("claude").push(" there, type ").code("/login").push(", then try again.");
            (Some(text), again)
        }
        Outcome::Missing { program } => {
            let mut text = Text::plain("The Claude CLI was not found at ");
            text.code(&program.display().to_string());
            text.push(". Install it, or set ").code("SEGUE_CLAUDE").push(" to its path.");
            (Some(text), again)
        }
        Outcome::TooOld { message } => {
            let mut text = Text::plain("This Claude CLI is too old for segue. Update it with ");
            text.code("claude update").push(", then try again.\n").append(quoted(message));
            (Some(text), again)
        }
        Outcome::NoDirectory { directory } => {
            let mut text = Text::plain("The directory ");
            text.code(&directory.display().to_string()).push(" is gone. Pick another with /cd.");
            (Some(text), vec![])
        }
        Outcome::NotBegun => (
            plain(
                "Claude could not begin a session: twice nothing was left of its transcript. Claude \
                 has not answered this. Is there space on the laptop's disk? Then try again.",
            ),
            again,
        ),
        Outcome::Crashed { how, stderr } => (Some(crashed(how, stderr)), again),
        Outcome::BrokenOff => {
            (plain("Claude was cut off here: it, segue or the laptop went down."), on)
        }
        Outcome::NoFile { message } => {
            let mut text = Text::plain("Claude has not read this, since its file is missing.\n");
            text.append(quoted(message));
            (Some(text), again)
        }
        Outcome::Unreadable { message } => {
            let mut text = plain(
                "Claude's transcript of this session cannot be read, so I don't know whether this \
                 message has run, and have not sent it again.\n",
            );
            if let Some(text) = &mut text {
                text.append(quoted(message));
            }
            (text, again)
        }
        Outcome::Terminal(trouble) => (plain(terminal(*trouble)), again),
        Outcome::Shutdown => {
            (plain("segue was ended on the laptop; what Claude did is in the session."), on)
        }
    }
}

fn terminal(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Closed => "The terminal on the laptop was closed while Claude worked there.",
        Trouble::Deaf => "The terminal on the laptop takes no messages. Claude has not read this.",
        Trouble::Ignores => {
            "The terminal on the laptop is idle and has not taken this message. It may still do so: \
             look there before you send it again."
        }
        Trouble::Stays => {
            "The terminal on the laptop was asked to end and did not. Close it there, then try \
             again. Claude has not read this."
        }
    }
}

fn api(status: Option<u16>, message: &str) -> Text {
    let status = match status {
        Some(status) => format!(" with {status}{}", meaning(status)),
        None => String::new(),
    };
    let mut text = Text::of_data(&format!("Claude's API failed{status}. The session is intact.\n"));
    text.append(quoted(message));
    text
}

fn meaning(status: u16) -> &'static str {
    match status {
        401 | 403 => " (not allowed: is the laptop logged in?)",
        429 => " (too many requests)",
        529 => " (overloaded)",
        500..=599 => " (a fault there)",
        _ => "",
    }
}

fn crashed(how: &str, stderr: &str) -> Text {
    let mut text =
        Text::of_data(&format!("Claude ended unexpectedly ({how}). The session is kept."));
    let lines: Vec<_> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(STDERR)..].join("\n");
    if !tail.is_empty() {
        text.push("\n").pre(&words::clip(&clean(&tail), 1_500), None);
    }
    text
}

fn quoted(message: &str) -> Text {
    Text::of_prose(&words::clip(&clean(message), 1_000)).trim().wrap(EntityKind::Quote)
}
