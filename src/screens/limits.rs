//! How much of a plan is used, and what fills the context.

use crate::{
    claude::{
        session::SessionId,
        wire::limits::{Context, Limits, Window},
    },
    screens::{button, row, screen, words},
    telegram::{
        callback::{Callback, See},
        screen::{Button, Screen},
        text::Text,
    },
};

/// Signs of a full bar.
const BAR: f64 = 10.0;
/// Parts of the context that are named.
const PARTS: usize = 4;
/// From how many percent on *Compact* is offered.
const FULL: u64 = 50;
/// Percent at which a window is used up.
const OVER: f64 = 100.0;

/// The limits of the plan; `None` where none apply.
pub fn limits(limits: Option<&Limits>, held: Option<u64>) -> Screen {
    let mut text = Text::default();
    let Some(limits) = limits else {
        text.push(
            "No plan's limits apply here: Claude is used with an API key or a cloud account.",
        );
        return screen(text, Vec::new());
    };
    text.bold("Limits");
    if let Some(plan) = &limits.plan {
        text.push(" of the plan ").data(&words::line(plan, 40));
    }
    text.append(lines(limits));
    if limits.windows.is_empty() {
        text.push("\nThe CLI told none.");
    }
    let mut rows = Vec::new();
    if let Some(until) = held {
        text.push("\nYour messages are held until ").data(&words::clock(until)).push(".");
        rows.push(row([("Hold no longer", Callback::See(See::Hold(0)))]));
    } else {
        rows.extend(limits.windows.iter().find_map(hold).map(|hold| vec![hold]));
    }
    screen(text, rows)
}

/// The windows, a line break before each.
fn lines(limits: &Limits) -> Text {
    let mut text = Text::default();
    for window in &limits.windows {
        let filled = (window.percent / OVER * BAR).round().clamp(0.0, BAR) as usize;
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR as usize - filled));
        text.push("\n").code(&bar).data(&format!(" {:.0} % ", window.percent));
        text.data(&name(window));
        if let Some(at) = window.resets {
            text.push(" · resets ").data(&words::clock(at));
        }
    }
    text
}

fn name(window: &Window) -> String {
    let words = match window.name.as_str() {
        "five_hour" => "5 hours".to_owned(),
        "seven_day" => "7 days".to_owned(),
        name => match name.strip_prefix("seven_day_") {
            Some(of) => format!("7 days, {}", of.replace('_', " ")),
            None => name.to_owned(),
        },
    };
    words::line(&words, 40)
}

/// Holds messages until a window resets, where that is used up.
fn hold(window: &Window) -> Option<Button> {
    let at = window.resets.filter(|_| window.percent >= OVER)?;
    Some(hold_until(at))
}

/// Holds messages until then, seconds since the epoch.
pub(super) fn hold_until(at: u64) -> Button {
    let label = format!("Hold my messages until {}", words::time(at));
    button(label, &Callback::See(See::Hold(at)))
}

/// A window is used up so far that it should be known.
pub fn warning(window: &Window) -> Screen {
    let mut text = Text::plain("⚠ ");
    text.bold(&format!("{:.0} %", window.percent)).push(" of the limit for ");
    text.data(&name(window)).push(" is used.");
    if let Some(at) = window.resets {
        text.push(" It resets ").data(&words::clock(at)).push(".");
    }
    let hold = hold(window).map(|hold| vec![hold]);
    screen(text, hold.into_iter().collect())
}

/// Messages are held until then, or no longer.
pub fn held(until: Option<u64>) -> Screen {
    let mut text = Text::default();
    let Some(at) = until else {
        text.push("Your next messages go to Claude at once. Those that wait already still do.");
        return screen(text, Vec::new());
    };
    text.push("What you write waits until ").bold(&words::clock(at));
    text.push(" and goes to Claude then, in order. Each can be taken back.");
    screen(text, vec![row([("Hold no longer", Callback::See(See::Hold(0)))])])
}

/// Adds what is known of the plan and the context to a screen.
pub fn add(to: &mut Screen, limits: Option<&Limits>, context: Option<(SessionId, &Context)>) {
    if let Some((session, context)) = context {
        let percent = context.used * 100 / context.size;
        to.text.push("\n\n").bold("What fills the context");
        for (name, tokens) in context.parts.iter().take(PARTS) {
            to.text.push("\n").data(&words::tokens(*tokens)).push(" ");
            to.text.data(&words::line(name, 40));
        }
        if percent >= FULL {
            to.keyboard.push(row([("Compact", Callback::Compact(session))]));
        }
    }
    if let Some(limits) = limits.filter(|limits| !limits.windows.is_empty()) {
        to.text.push("\n\n").bold("Limits").append(lines(limits));
        to.keyboard.extend(limits.windows.iter().find_map(hold).map(|hold| vec![hold]));
    }
}
