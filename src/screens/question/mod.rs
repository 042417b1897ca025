//! What Claude asks the person: permission for a tool, approval of a plan, a choice; and what was
//! decided.

mod diff;
mod form;
mod grant;
pub mod input;

use std::path::PathBuf;

use serde_json::Value;

use crate::{
    bridge::{
        danger::{self, Ground},
        question::{About, Decision, Hands, Open, Press},
        work,
    },
    claude::{session::SessionId, wire::Ask},
    screens::{Scene, audit::danger_name, button, row, screen, turn::tool_name, words},
    telegram::{
        callback::{Callback, Key},
        intent::deep_link,
        markdown,
        screen::{Button, Screen},
        text::{Text, clean},
    },
};

/// UTF-16 units and entities of one part of a plan.
const PART: usize = 4_000;
const ENTITIES: usize = 90;

/// Whose question it is.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The session that asks.
    pub session: SessionId,
    /// Where it works; empty where it is not known.
    pub directory: PathBuf,
}

/// What the buttons of a question name.
pub fn key(ask: &Ask) -> Key {
    Key::of(&ask.request)
}

/// What is shown before a question and stays: the plan that is to be approved.
pub fn before(open: &Open) -> Vec<Screen> {
    let About::Plan(plan) = &open.about else { return Vec::new() };
    let parts = markdown::render(&clean(plan)).trim().split(PART, ENTITIES);
    parts.into_iter().map(|part| screen(part, Vec::new())).collect()
}

/// A question that waits for the person.
pub fn open(scene: &Scene, asker: &Asker, open: &Open) -> Screen {
    let key = key(&open.ask);
    let mut text = Text::default();
    // The link brings a reply to this message to its session.
    text.link("Claude asks", &deep_link(&scene.bot, asker.session)).push(": ");
    match &open.about {
        About::Tool => {
            text.append(tool(scene, asker, &open.ask));
            text.append(writing(open.hands, "Write why: your next message here goes to Claude."));
            screen(text, permission(scene, open, key))
        }
        About::Plan(plan) => {
            let sentence = if plan.trim().is_empty() {
                "approve the plan? (It stands in no message of this turn.)"
            } else {
                "approve this plan?"
            };
            text.bold(sentence);
            let what = "Write what should be different: your next message here goes to Claude.";
            text.append(writing(open.hands, what));
            screen(text, plan_keyboard(open.hands, key))
        }
        About::Form(form) => {
            text.push("\n").append(form::text(form, open.hands));
            screen(text, form::keyboard(form, open.hands, key))
        }
    }
}

fn writing(hands: Hands, words: &str) -> Text {
    let mut text = Text::default();
    if hands == Hands::Writing {
        text.push("\n").italic(words);
    }
    text
}

fn permission(scene: &Scene, open: &Open, key: Key) -> Vec<Vec<Button>> {
    let tap = |press| Callback::Answer(key, press);
    if open.hands == Hands::Writing {
        return vec![row([("‹ Back", tap(Press::Unwrite)), ("Deny", tap(Press::Deny))])];
    }
    let mut rows = vec![row([("Allow once", tap(Press::Allow))])];
    rows.extend(open.grants.iter().enumerate().map(|(index, grant)| {
        let label = grant::label(scene, grant);
        vec![button(label, &tap(Press::Grant(index as u8)))]
    }));
    rows.push(row([("Deny", tap(Press::Deny)), ("Deny and say why", tap(Press::Write))]));
    rows
}

fn plan_keyboard(hands: Hands, key: Key) -> Vec<Vec<Button>> {
    let tap = |press| Callback::Answer(key, press);
    if hands == Hands::Writing {
        let ways = [("‹ Back", tap(Press::Unwrite)), ("Reject without comment", tap(Press::Deny))];
        return vec![row(ways)];
    }
    vec![
        row([("Approve", tap(Press::Allow))]),
        row([("Approve and accept edits", tap(Press::Grant(0)))]),
        row([("Keep planning", tap(Press::Write))]),
    ]
}

// ---- A tool ----

fn tool(scene: &Scene, asker: &Asker, ask: &Ask) -> Text {
    let mut text = Text::default();
    text.bold(&tool_name(&ask.tool));
    let said = ask.description.as_deref().filter(|said| !is_shown_anyway(ask, said));
    if let Some(description) = said {
        text.push("\n").prose(&words::line(description, 300));
    }
    if let Some(reason) = &ask.reason {
        text.push("\nAsked because: ").prose(&words::line(reason, 300));
    }
    let ground = Ground { directory: asker.directory.clone(), home: scene.home.clone() };
    let dangers = danger::find(&ask.tool, &ask.input, &ground);
    if !dangers.is_empty() {
        let said: Vec<_> = dangers.into_iter().map(|danger| danger_name(danger).1).collect();
        text.push("\n⚠ ").bold(&said.join(" · "));
    }
    text.push("\n").append(input::shown(scene, ask));
    text
}

/// The CLI describes some tools by what stands in their input.
fn is_shown_anyway(ask: &Ask, description: &str) -> bool {
    ["file_path", "url", "query", "path"].iter().any(|key| {
        let shown = ask.input.get(*key).and_then(Value::as_str);
        shown.is_some_and(|shown| shown.ends_with(description))
    })
}

// ---- What was decided ----

/// How a question was closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Closed<'a> {
    /// The person decided.
    Decided(&'a Decision),
    /// It went without an answer: the turn was stopped or has ended.
    Withdrawn,
    /// We end, and with us the question.
    Lost(SessionId),
}

/// One line of what was decided.
pub fn closed(scene: &Scene, open: &Open, how: Closed<'_>) -> Screen {
    let why = |text: &mut Text, why: &Option<String>| {
        if let Some(why) = why {
            text.push(": ").italic(&words::line(why, 300));
        }
    };
    let mut text = Text::default();
    match (how, &open.about) {
        (Closed::Lost(session), _) => return lost(session, &subject(open)),
        (Closed::Withdrawn, _) => {
            text.push("No longer asked: ").append(subject(open));
        }
        (Closed::Decided(Decision::Answered(answers)), _) => {
            for (at, (question, given)) in answers.iter().enumerate() {
                text.push(if at > 0 { "\n" } else { "" }).push("✓ ");
                text.data(&words::line(question, 200)).push(" ");
                text.bold(&words::line(&given.join(", "), 300));
            }
        }
        (Closed::Decided(Decision::Allowed(grant)), about) => {
            let plan = matches!(about, About::Plan(_));
            text.push(if plan { "✓ Plan approved" } else { "✓ Allowed: " });
            if !plan {
                text.append(subject(open));
            }
            if let Some(grant) = grant {
                text.push(" · ").italic(&grant::label(scene, grant));
            }
        }
        (Closed::Decided(Decision::Denied(reason)), About::Plan(_)) => {
            text.push("✗ Keep planning");
            why(&mut text, reason);
        }
        (Closed::Decided(Decision::Denied(reason)), _) => {
            text.push("✗ Denied: ").append(subject(open));
            why(&mut text, reason);
        }
    }
    screen(text, Vec::new())
}

/// A question that ended with the process that asked it. `what` it was about.
pub fn lost(session: SessionId, what: &Text) -> Screen {
    let mut text = Text::plain("✗ Not granted, since segue ended before you answered: ");
    text.append(what.clone());
    screen(text.head(PART), vec![row([("Ask again", Callback::AskAgain(session))])])
}

/// What a question was about, in a few words.
pub fn subject(open: &Open) -> Text {
    let mut text = Text::default();
    match &open.about {
        About::Plan(_) => text.push("the plan"),
        About::Form(form) => text.data(&words::line(&form.current().text, 200)),
        About::Tool => {
            text.data(&tool_name(&open.ask.tool));
            let subject = work::subject(&open.ask.tool, &open.ask.input);
            if subject.is_empty() {
                &mut text
            } else {
                text.push(" ").code(&words::used_on(&subject, 120))
            }
        }
    };
    text
}

#[cfg(test)]
mod tests;
