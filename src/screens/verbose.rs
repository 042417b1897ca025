//! How much a place shows: the picker of `/verbose`, and the results of tools in a turn.

use crate::{
    bridge::{turn::Step, verbosity::Verbosity},
    screens::{button, screen, words},
    telegram::{
        callback::Callback,
        screen::Screen,
        text::{Text, clean},
    },
};

/// Lines of a result that are shown.
const LINES: usize = 4;
/// Characters of each.
const LINE: usize = 120;

/// A picker of how much is shown, with what holds now.
pub fn picker(now: Verbosity) -> Screen {
    let mut text = Text::plain("How much of a turn this chat shows. Now: ");
    text.bold(&now.level().to_string()).push(".");
    for one in Verbosity::ALL {
        text.push("\n• ").bold(&one.level().to_string()).push(": ").push(meaning(one));
    }
    let buttons = Verbosity::ALL.into_iter().map(|one| {
        let mark = if one == now { "✓ " } else { "" };
        button(format!("{mark}{} {}", one.level(), name(one)), &Callback::Verbose(one))
    });
    screen(text, vec![buttons.collect()])
}

fn name(verbosity: Verbosity) -> &'static str {
    match verbosity {
        Verbosity::Words => "words",
        Verbosity::Steps => "steps",
        Verbosity::Results => "output",
    }
}

fn meaning(verbosity: Verbosity) -> &'static str {
    match verbosity {
        Verbosity::Words => "what Claude says, and one line of what it is doing",
        Verbosity::Steps => "also each step, a line each",
        Verbosity::Results => "also the beginning of what each tool gave",
    }
}

/// A choice holds.
pub fn chosen(verbosity: Verbosity) -> Screen {
    let mut text = Text::plain("This chat shows ");
    text.bold(&verbosity.level().to_string()).push(": ").push(meaning(verbosity)).push(".");
    screen(text, Vec::new())
}

/// There is no such choice.
pub fn unknown() -> Screen {
    let mut text = Text::plain("There are ");
    text.code("/verbose 0").push(", ").code("1").push(" and ").code("2").push(".");
    screen(text, Vec::new())
}

/// The beginning of what a tool gave, beneath its step.
pub(super) fn result(step: &Step) -> Text {
    let shown = clean(&step.result);
    let lines: Vec<_> = shown.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut kept: Vec<_> = lines.iter().take(LINES).map(|line| words::clip(line, LINE)).collect();
    let mut text = Text::default();
    if kept.is_empty() {
        return text;
    }
    if lines.len() > LINES || step.result_cut {
        kept.push("…".to_owned());
    }
    text.push("\n").pre(&kept.join("\n"), None);
    text
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;
    use uuid::Uuid;

    use super::*;
    use crate::{
        bridge::{
            place::Place,
            prompt::{Prompt, Source},
            turn::{Phase, StepState, Turn},
        },
        claude::session::SessionId,
        screens::{Scene, card, turn::Around},
        telegram::text::rules,
    };

    fn step(result: &str) -> Step {
        Step {
            id: "t".to_owned(),
            tool: "Bash".to_owned(),
            subject: "ls".to_owned(),
            state: StepState::Done,
            result: result.to_owned(),
            result_cut: false,
        }
    }

    #[test]
    fn results_are_short_and_harmless() {
        let long = "x".repeat(LINE + 1);
        let clipped = format!("\n{}…", "x".repeat(LINE - 1));
        for (given, shown) in [
            ("", ""),
            (" \n\n", ""),
            ("a\n\nb\n", "\na\nb"),
            ("1\n2\n3\n4\n5", "\n1\n2\n3\n4\n…"),
            ("\u{202e}red\u{1b}[0m", "\n\u{fffd}red[0m"),
            (&long, &clipped),
        ] {
            assert_eq!(result(&step(given)).text, shown);
        }
    }

    #[test]
    fn a_long_turn_fits_into_its_messages() {
        let source = Source { bot: 1, place: Place { chat: 1, thread: None }, message: 1 };
        let session = SessionId(Uuid::nil());
        let mut turn = Turn::new(&Prompt::new(source, "", 0), session, Instant::now());
        turn.phase = Phase::Working;
        turn.steps = vec![step(&"🌷 🌷".repeat(60).replace(' ', "\n").repeat(9)); 200];
        turn.steps.extend(vec![step(&[&*"y".repeat(LINE); LINES].join("\n")); 5]);
        turn.partial = "*word* ".repeat(2_000);
        let scene = Scene { home: "/home/ada".into(), bot: "b".to_owned(), now: 0 };
        for verbosity in Verbosity::ALL {
            let around = Around { verbosity, ..Around::default() };
            let drawn = card::running(&scene, &turn, &around);
            for screen in [Some(drawn), card::rest(&scene, &turn, &around)] {
                let text = screen.map(|screen| screen.text).unwrap_or_default();
                assert_eq!(rules::broken(&text), None, "{verbosity:?}");
                assert!(text.utf16_len() <= 4_096, "{verbosity:?}: {}", text.utf16_len());
                assert!(text.entities.len() <= 100, "{verbosity:?}: {}", text.entities.len());
            }
        }
    }
}
