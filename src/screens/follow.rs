//! A session that runs elsewhere, as it is followed in the chat.

use crate::{
    bridge::work::subject,
    claude::{
        live::Live,
        session::{SessionId, Status},
        transcript::{
            follow::{Ended, Growing},
            story::{Chapter, Part},
        },
    },
    screens::{Scene, anchor, button, history::asked, row, screen, turn::tool_name, words},
    telegram::{
        callback::{Callback, Carry, Format, See},
        markdown,
        screen::Screen,
        text::{EntityKind, Text},
    },
};

/// Characters of a title.
const TITLE: usize = 80;
/// Steps that are shown, folded.
const STEPS: usize = 12;
/// Characters of what was said between two of them.
const REMARK: usize = 200;
/// Characters of what a tool is used on.
const SUBJECT: usize = 60;
/// What Telegram takes in a message, UTF-16 units and entities with a margin.
const MESSAGE: usize = 4_000;
const ENTITIES: usize = 90;
/// Sessions to choose from.
const SHOWN: usize = 8;

/// Which session is followed.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The session.
    pub session: SessionId,
    /// Its title.
    pub title: String,
    /// The process that has it, if one has.
    pub live: Option<Live>,
}

/// Whether the files must be looked at again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// The system tells of each change.
    Told,
    /// It gives no more watches.
    Polled,
}

/// A place begins to follow a session, or goes on after a restart.
pub fn begun(scene: &Scene, followed: &Followed, again: bool, sight: Sight) -> Screen {
    let mut text = anchor(scene, followed.session);
    text.push(if again { " Still following " } else { " Following " });
    text.bold(&words::line(&followed.title, TITLE));
    match &followed.live {
        Some(live) => {
            text.push(" in ").code(&words::path(&live.cwd, &scene.home)).push(", ");
            text.push(match live.status {
                Status::Idle => "idle there",
                Status::Busy => "busy there",
                Status::Waiting => "waiting for an answer there",
            });
        }
        None => _ = text.push(", which nobody has open at the moment"),
    }
    text.push(". What is said there comes here without sound, from the last exchange on. ");
    text.push("Reply to it to continue it from here; ").command("follow").push(" off ends this.");
    if sight == Sight::Polled {
        text.push(" The system gives no more watches on files, so I look every second.");
    }
    screen(text, vec![row([("Stop following", Callback::See(See::Unfollow))])])
}

/// A place follows nothing any more.
pub fn ended(scene: &Scene, session: SessionId, title: &str) -> Screen {
    let mut text = anchor(scene, session);
    text.push(" No longer following ").bold(&words::line(title, TITLE)).push(".");
    screen(text, Vec::new())
}

/// The process that had the session has ended, or has another one now.
pub fn closed(scene: &Scene, followed: &Followed, next: Option<SessionId>) -> Screen {
    let mut text = anchor(scene, followed.session);
    text.push(" ").bold(&words::line(&followed.title, TITLE)).push(match next {
        Some(_) => " was left there for another session.",
        None => " has ended there.",
    });
    text.push(" I go on following it, should it be opened again.");
    let open = Callback::Pick(followed.session, Carry::Nothing);
    let mut ways = row([("Continue here", open)]);
    if let Some(next) = next {
        ways.push(button("Follow the other", &Callback::See(See::Follow(next))));
    }
    ways.extend(row([("Stop following", Callback::See(See::Unfollow))]));
    screen(text, vec![ways])
}

/// The transcript of the followed session is gone.
pub fn gone(scene: &Scene, followed: &Followed) -> Screen {
    let mut text = anchor(scene, followed.session);
    text.push(" The transcript of ").bold(&words::line(&followed.title, TITLE));
    text.push(" was deleted. I go on following it, should it come again.");
    screen(text, vec![row([("Stop following", Callback::See(See::Unfollow))])])
}

/// Telegram does not take what was said there.
pub fn not_shown(scene: &Scene, followed: &Followed) -> Screen {
    let mut text = anchor(scene, followed.session);
    text.push(" Something that was said in ").bold(&words::line(&followed.title, TITLE));
    text.push(
        " cannot be shown here: Telegram does not take it. The whole session as a page has it.",
    );
    let page = Callback::Export(followed.session, Format::Html);
    screen(text, vec![row([("All as a page", page)])])
}

/// The conversation has moved on into another session.
pub fn moved_on(scene: &Scene, followed: &Followed, next: SessionId) -> Screen {
    let mut text = anchor(scene, followed.session);
    text.push(" ").bold(&words::line(&followed.title, TITLE));
    text.push(" has moved on into another session.");
    screen(text, vec![row([("Follow it there", Callback::See(See::Follow(next)))])])
}

/// What there is to follow: processes with the titles of their sessions.
pub fn choose(scene: &Scene, lead: Text, all: &[(Live, String)]) -> Screen {
    let mut text = lead;
    let mut buttons = Vec::new();
    for (index, (live, title)) in all.iter().take(SHOWN).enumerate() {
        text.data(&format!("\n\n{}. ", index + 1)).bold(&words::line(title, TITLE)).push("\n");
        text.code(&words::path(&live.cwd, &scene.home)).push(match live.status {
            Status::Idle => " · idle",
            Status::Busy => " · busy",
            Status::Waiting => " · waits for an answer",
        });
        let follow = Callback::See(See::Follow(live.session));
        buttons.push(button((index + 1).to_string(), &follow));
    }
    screen(text, words::rows(&buttons, 4))
}

/// One exchange of the session: while it runs in one message, and when it is over in as many as it
/// takes. Empty where there is nothing to show.
pub fn exchange(scene: &Scene, followed: &Followed, growing: &Growing) -> Vec<Screen> {
    let chapter = &growing.chapter;
    if chapter.prompt.is_empty() && chapter.pictures == 0 && chapter.parts.is_empty() {
        return Vec::new();
    }
    let mut text = anchor(scene, followed.session);
    text.push(" ").italic(&words::line(&followed.title, TITLE)).push("\n");
    text.append(asked(scene, chapter));
    let (steps, answer) = parts(chapter, growing.ended.is_none());
    if !steps.is_empty() {
        text.append(steps.wrap(EntityKind::Fold)).push("\n");
    }
    let answer = markdown::render(&answer).trim();
    if growing.ended.is_none() {
        let state = state(followed, chapter);
        let room = MESSAGE.saturating_sub(text.utf16_len() + state.utf16_len() + 2);
        let newest = answer.tail(room).split(room, ENTITIES / 2).pop().unwrap_or_default();
        if !newest.is_empty() {
            text.append(newest).push("\n");
        }
        text.append(state);
        return vec![screen(text, Vec::new())];
    }
    text.append(answer);
    if growing.ended == Some(Ended::Interrupted) {
        text.push("\n").italic("Interrupted there.");
    }
    let parts = text.trim().split(MESSAGE, ENTITIES).into_iter().enumerate();
    let linked = parts.map(|(at, part)| {
        // A reply to any of them finds its session.
        let mut text = if at == 0 { Text::default() } else { anchor(scene, followed.session) };
        if at > 0 {
            text.push(" ");
        }
        text.append(part);
        screen(text, Vec::new())
    });
    linked.collect()
}

/// What it is at.
fn state(followed: &Followed, chapter: &Chapter) -> Text {
    let waits = followed.live.as_ref().filter(|live| live.status == Status::Waiting);
    let mut text = Text::default();
    if let Some(live) = waits {
        let what = live.waiting_for.as_deref().unwrap_or("input needed");
        text.push("● Waits for an answer there: ").bold(&words::line(what, TITLE));
        return text;
    }
    match chapter.parts.last() {
        Some(Part::Used(tool)) if !tool.failed => {
            text.push("▸ ").data(&tool_name(&tool.name)).push("…");
        }
        _ => _ = text.push("▸ Working…"),
    }
    text
}

/// What was done, and what was said after the last of it.
fn parts(chapter: &Chapter, grows: bool) -> (Text, String) {
    let is_step = |part: &Part| matches!(part, Part::Used(_) | Part::Compacted);
    let after = chapter.parts.iter().rposition(is_step).map_or(0, |last| last + 1);
    let said = chapter.parts[after..].iter().filter_map(|part| match part {
        Part::Said(text) | Part::Notice(text) => Some(text.as_str()),
        Part::Used(_) | Part::Compacted => None,
    });
    let answer = said.collect::<Vec<_>>().join("\n\n");
    let hidden = after.saturating_sub(STEPS);
    let mut steps = Text::default();
    if hidden > 0 {
        steps.data(&format!("… {} before", words::plural(hidden as u64, "step")));
    }
    let running = (grows && after == chapter.parts.len()).then(|| after.saturating_sub(1));
    for (at, part) in chapter.parts[..after].iter().enumerate().skip(hidden) {
        if !steps.is_empty() {
            steps.push("\n");
        }
        steps.append(step(part, running == Some(at)));
    }
    (steps, answer)
}

fn step(part: &Part, runs: bool) -> Text {
    let mut text = Text::default();
    match part {
        Part::Said(said) | Part::Notice(said) => _ = text.data(&words::line(said, REMARK)),
        Part::Compacted => _ = text.push("The conversation was compacted."),
        Part::Used(tool) => {
            text.push(match (tool.failed, runs) {
                (true, _) => "✗ ",
                (false, true) => "▸ ",
                (false, false) => "✓ ",
            });
            text.data(&tool_name(&tool.name));
            let used_on = subject(&tool.name, &tool.input);
            if !used_on.is_empty() {
                text.push(" ").code(&words::used_on(&used_on, SUBJECT));
            }
        }
    }
    text
}
