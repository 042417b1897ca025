//! The sessions that run now.

use crate::{
    claude::{
        live::Live,
        session::{SessionId, Status},
    },
    screens::{Scene, anchor, button, row, screen, words},
    telegram::{
        callback::{Callback, Carry, See, Sure},
        screen::Screen,
        text::Text,
    },
};

/// Characters of a title.
const TITLE: usize = 80;
/// Processes that are shown.
const SHOWN: usize = 20;

/// All of them, those that need somebody first, each with its title; and whether the person has a card
/// of those that wait.
pub fn live(scene: &Scene, all: &[(Live, String)], card: bool) -> Screen {
    let mut text = Text::default();
    if all.is_empty() {
        text.push("No session of Claude's runs on the laptop now. /sessions lists the others.");
        return screen(text, Vec::new());
    }
    text.data(&words::plural(all.len() as u64, "session")).push(" on the laptop");
    let mut rows = Vec::new();
    for (index, (live, title)) in all.iter().take(SHOWN).enumerate() {
        text.data(&format!("\n\n{}. ", index + 1)).bold(&words::line(title, TITLE)).push("\n");
        text.append(state(scene, live)).push("\n");
        text.code(&words::path(&live.cwd, &scene.home)).push(" · ").data(live.kind_name());
        if let Some(pane) = &live.tmux {
            text.push(" · tmux ").code(&words::line(pane, TITLE));
        }
        if let Some(started) = live.started {
            text.push(" · started ").data(&words::age(scene.now, started));
        }
        let number = index + 1;
        let follow = Callback::See(See::Follow(live.session));
        rows.push(vec![
            button(format!("Open {number}"), &Callback::Pick(live.session, Carry::Nothing)),
            button(format!("Follow {number}"), &follow),
            button(format!("Stop {number}"), &Callback::StopLive(live.session, Sure::Ask)),
        ]);
    }
    if all.len() > SHOWN {
        text.data(&format!("\n\n… and {} more", all.len() - SHOWN));
    }
    if !card {
        rows.push(row([("Keep a card", Callback::See(See::Card(true)))]));
    }
    screen(text, rows)
}

fn state(scene: &Scene, live: &Live) -> Text {
    let since = live.since.or(live.started);
    let long = since.map(|since| words::span(scene.now.saturating_sub(since) / 1000));
    let long = long.map_or_else(String::new, |long| format!(" for {long}"));
    let mut text = Text::plain("● ");
    match (live.status, &live.waiting_for) {
        (Status::Idle, _) => text.push("idle").data(&long),
        (Status::Busy, _) => text.push("busy").data(&long),
        (Status::Waiting, None) => text.push("waits for an answer").data(&long),
        (Status::Waiting, Some(what)) => {
            text.push("waits").data(&long).push(": ").bold(&words::line(what, TITLE))
        }
    };
    text
}

/// Whether a process shall be ended, and what that costs.
pub fn may_stop(scene: &Scene, live: &Live, title: &str) -> Screen {
    let mut text = anchor(scene, live.session);
    text.push(" End ").bold(&words::line(title, TITLE)).push("? ");
    text.data(&format!("Process {}, {}, in ", live.pid, live.kind_name()));
    text.code(&words::path(&live.cwd, &scene.home)).push(". ");
    text.push(match live.status {
        Status::Idle => "It is idle. What is typed there and not sent is lost.",
        Status::Busy | Status::Waiting => "It is in a turn, which is lost.",
    });
    text.push(" The session stays, and can be gone on with.");
    screen(text, vec![row([("End it", Callback::StopLive(live.session, Sure::Yes))])])
}

/// A process was asked to end.
pub fn stopped(scene: &Scene, session: SessionId, title: &str) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" ").bold(&words::line(title, TITLE)).push(" is ended.");
    let open = Callback::Pick(session, Carry::Nothing);
    screen(text, vec![row([("Open", open)])])
}

/// A process could not be ended.
pub fn not_stopped(scene: &Scene, session: SessionId, title: &str, why: &str) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" ").bold(&words::line(title, TITLE)).push(" could not be ended: ");
    text.data(&words::line(why, 300)).push(".");
    screen(text, Vec::new())
}
