//! What the person is told of sessions that others run.

use std::path::PathBuf;

use serde_json::Value;

use crate::{
    bridge::{notices::Quiet, remembered::Kept, work::subject},
    claude::{live::Live, session::SessionId, transcript::story::Tool},
    screens::{Scene, anchor, button, row, screen, turn::tool_name, words},
    telegram::{
        callback::{Callback, Carry, See},
        markdown,
        screen::{Button, Screen},
        text::{EntityKind, Text, clean},
    },
};

/// Characters of a title, of a question, and UTF-16 units of last words.
const TITLE: usize = 80;
const QUESTION: usize = 600;
const LAST_WORDS: usize = 900;
const ENTITIES: usize = 40;
/// Sessions of a list.
const SHOWN: usize = 8;
/// How the card of what waits begins: by these words it is found again.
pub const CARD: &str = "What needs you";

/// Which session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The session.
    pub session: SessionId,
    /// Its title.
    pub title: String,
    /// Its directory.
    pub directory: PathBuf,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It waits: for what in the CLI's words, what exactly, and whether its terminal takes messages.
    Waits {
        /// `permission prompt`, `input needed`, ….
        what: Option<String>,
        /// The tool, the question or the plan.
        exactly: Option<String>,
        /// Whether a message from here can go there.
        inbox: bool,
    },
    /// A turn of so many seconds is over, with these last words.
    Finished(u64, String),
    /// A turn failed, with these words.
    Failed(String),
    /// The process ended in the middle of a turn.
    BrokenOff,
}

impl Told {
    /// What of it is kept until the quiet hours are over, also over a restart; of a wait nothing is,
    /// because it is over by then or still there.
    pub fn kept(&self) -> Option<Kept> {
        match self {
            Self::Waits { .. } => None,
            Self::Finished(..) => Some(Kept::Finished),
            Self::Failed(_) => Some(Kept::Failed),
            Self::BrokenOff => Some(Kept::BrokenOff),
        }
    }
}

impl From<Kept> for Told {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Finished => Self::Finished(0, String::new()),
            Kept::Failed => Self::Failed(String::new()),
            Kept::BrokenOff => Self::BrokenOff,
        }
    }
}

/// One notice.
pub fn notice(scene: &Scene, whose: &Whose, told: &Told) -> Screen {
    let mut text = lead(scene, whose);
    text.push(match told {
        Told::Waits { .. } => " waits for you on the laptop",
        Told::Finished(..) => " has finished",
        Told::Failed(_) => " has failed",
        Told::BrokenOff => " ended in the middle of a turn",
    });
    match told {
        Told::Waits { what, exactly, inbox } => {
            if let Some(what) = what {
                text.push(": ").bold(&words::line(what, TITLE));
            }
            text.push(".");
            if let Some(exactly) = exactly {
                let shown = words::clip(clean(exactly).trim(), QUESTION);
                text.push("\n").append(Text::of_prose(&shown).wrap(EntityKind::Quote));
            }
            text.push("\nAnswer there, or open it and write: I ask then whether to take it over, ");
            text.push("which asks you here");
            text.push(if *inbox { ", or to send your message to it." } else { "." });
        }
        Told::Finished(seconds, words) => {
            text.push(" after ").data(&words::span(*seconds)).push(".");
            text.append(last_words(words));
        }
        Told::Failed(words) => _ = text.push(".").append(last_words(words)),
        Told::BrokenOff => _ = text.push(": its process is gone. It can be gone on with."),
    }
    screen(text, vec![ways(whose.session)])
}

/// What the call of a tool asks a person: its question, its plan, or what it would do.
pub fn asks(tool: &Tool) -> String {
    let input = &tool.input;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match tool.name.as_str() {
        "AskUserQuestion" => {
            let questions = input["questions"].as_array().map_or(&[][..], Vec::as_slice);
            questions.iter().map(|asked| text(&asked["question"])).collect::<Vec<_>>().join("\n")
        }
        "ExitPlanMode" => match text(&input["plan"]) {
            plan if plan.is_empty() => "Is the plan all right?".to_owned(),
            plan => plan,
        },
        name => format!("{} {}", tool_name(name), subject(name, input)).trim_end().to_owned(),
    }
}

fn lead(scene: &Scene, whose: &Whose) -> Text {
    let mut text = anchor(scene, whose.session);
    text.push(" ").bold(&words::line(&whose.title, TITLE)).push(" in ");
    text.code(&words::path(&whose.directory, &scene.home));
    text
}

fn last_words(words: &str) -> Text {
    let mut text = Text::default();
    let shown = markdown::render(words).trim().tail(LAST_WORDS).split(LAST_WORDS, ENTITIES).pop();
    if let Some(shown) = shown.filter(|shown| !shown.is_empty()) {
        text.push("\n\n").append(shown);
    }
    text
}

fn ways(session: SessionId) -> Vec<Button> {
    row([
        ("Open", Callback::Pick(session, Carry::Nothing)),
        ("Follow", Callback::See(See::Follow(session))),
        ("Mute this session", Callback::See(See::Mute(session, true))),
    ])
}

/// All that waits, when segue starts; and as the card.
pub fn waiting(scene: &Scene, all: &[(Live, String)]) -> Screen {
    let mut text = Text::default();
    text.bold(CARD);
    let mut rows = Vec::new();
    for (index, (live, title)) in all.iter().take(SHOWN).enumerate() {
        text.data(&format!("\n\n{}. ", index + 1)).bold(&words::line(title, TITLE)).push("\n");
        let what = live.waiting_for.as_deref().unwrap_or("input needed");
        text.data(&words::line(what, TITLE)).push(" · ");
        text.code(&words::path(&live.cwd, &scene.home));
        let number = index + 1;
        let follow = Callback::See(See::Follow(live.session));
        rows.push(vec![
            button(format!("Open {number}"), &Callback::Pick(live.session, Carry::Nothing)),
            button(format!("Follow {number}"), &follow),
        ]);
    }
    if all.len() > SHOWN {
        text.data(&format!("\n\n… and {} more: ", all.len() - SHOWN)).push("/live");
    }
    screen(text, rows)
}

/// What happened in the quiet hours, the oldest first.
pub fn digest(scene: &Scene, all: &[(Whose, Told)]) -> Screen {
    let mut text = Text::default();
    text.bold("While it was quiet");
    let mut picks = Vec::new();
    for (index, (whose, told)) in all.iter().rev().take(SHOWN).rev().enumerate() {
        text.data(&format!("\n\n{}. ", index + 1)).bold(&words::line(&whose.title, TITLE));
        text.push("\n").push(match told {
            Told::Waits { .. } => "waits for you",
            Told::Finished(..) => "has finished",
            Told::Failed(_) => "has failed",
            Told::BrokenOff => "ended in the middle of a turn",
        });
        text.push(" · ").code(&words::path(&whose.directory, &scene.home));
        let open = Callback::Pick(whose.session, Carry::Nothing);
        picks.push(button(format!("Open {}", index + 1), &open));
    }
    if all.len() > SHOWN {
        text.data(&format!("\n\n… and {} before", all.len() - SHOWN));
    }
    screen(text, words::rows(&picks, 4))
}

/// What `/notify` says.
#[derive(Clone, Debug)]
pub struct State {
    /// Whether this person is told.
    pub on: bool,
    /// From how many seconds on a turn is told of.
    pub after: u64,
    /// When nothing is told.
    pub quiet: Option<Quiet>,
    /// Whether they have the card.
    pub card: bool,
    /// Sessions that they hear nothing of.
    pub muted: Vec<Whose>,
}

/// What this person is told of.
pub fn state(state: &State) -> Screen {
    let mut text = Text::default();
    text.bold(if state.on { "Notices are on" } else { "Notices are off" });
    text.push(if state.on {
        ": you hear when a session on the laptop waits for you, ends badly, or finishes a turn of \
         more than "
    } else {
        ". When they are on, you hear when a session on the laptop waits for you, ends badly, or \
         finishes a turn of more than "
    });
    text.data(&words::span(state.after)).push(".");
    if let Some(quiet) = state.quiet {
        text.push(" Nothing comes from ").data(&quiet.to_string().replace('-', " to "));
        text.push("; then one message says what happened.");
    }
    text.push(if state.card {
        "\nA card of what needs you is on top of this chat while something does."
    } else {
        "\nA card of what needs you can be kept on top of this chat."
    });
    let notices = if state.on { "Turn off" } else { "Turn on" };
    let card = if state.card { "No card" } else { "Keep a card" };
    let mut rows = vec![row([
        (notices, Callback::See(See::Notices(!state.on))),
        (card, Callback::See(See::Card(!state.card))),
    ])];
    for whose in state.muted.iter().take(SHOWN) {
        let label = format!("Unmute {}", words::line(&whose.title, 30));
        rows.push(vec![button(label, &Callback::See(See::Mute(whose.session, false)))]);
    }
    screen(text, rows)
}

/// A session is muted, or is not any more.
pub fn muted(scene: &Scene, whose: &Whose, on: bool) -> Screen {
    let mut text = lead(scene, whose);
    text.push(if on {
        " is muted: you hear nothing of it until you open /notify and unmute it."
    } else {
        " is heard of again."
    });
    let back = Callback::See(See::Mute(whose.session, false));
    screen(text, if on { vec![row([("Unmute", back)])] } else { Vec::new() })
}
