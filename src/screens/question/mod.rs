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

/// UTF-16 units of what a lost question was about.
const PART: usize = 4_000;
/// UTF-16 units and entities of a plan in its question.
const PLAN: usize = 3_400;
const PLAN_ENTITIES: usize = 80;
/// The button that approves a plan and accepts edits from then on.
const EDITS: &str = "Approve + edits";

/// Whose question it is.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The session that asks.
    pub session: SessionId,
    /// Where it works; empty where it is not known.
    pub directory: PathBuf,
    /// What stops the turn that asks.
    pub stop: Option<Key>,
    /// Whether a message of the person waits, which Claude reads when this is answered.
    pub waits: bool,
}

/// What the buttons of a question name.
pub fn key(ask: &Ask) -> Key {
    Key::of(&ask.request)
}

/// A question that waits for the person.
pub fn open(scene: &Scene, asker: &Asker, open: &Open) -> Screen {
    let key = key(&open.ask);
    let mut text = Text::default();
    // The link brings a reply to this message to its session.
    text.link("Claude asks", &deep_link(&scene.bot, asker.session)).push(": ");
    let mut rows = match &open.about {
        About::Tool => {
            text.append(tool(scene, asker, &open.ask)).append(granted(scene, open));
            text.append(writing(open.hands, "Write why: your next message here goes to Claude."));
            let mut rows = permission(open, key);
            if asker.waits && open.hands == Hands::Choosing {
                rows.push(row([("Deny with this", Callback::Answer(key, Press::With))]));
            }
            rows
        }
        About::Plan(plan) => {
            text.append(planned(plan));
            text.push("\n").bold(EDITS).push(": the plan, and from then on edits without asking.");
            let what = "Write what should be different: your next message here goes to Claude.";
            text.append(writing(open.hands, what));
            plan_keyboard(open.hands, key)
        }
        About::Form(form) => {
            text.push("\n").append(form::text(form, open.hands));
            form::keyboard(form, open.hands, key)
        }
    };
    if asker.waits {
        text.push("\n").italic("Claude reads what you wrote when you have answered this.");
    }
    rows.extend(asker.stop.map(|key| row([("Stop", Callback::Stop(key))])));
    screen(text, rows)
}

/// The plan, or its head where that is more than a message takes; then a file holds all of it.
fn planned(plan: &str) -> Text {
    let mut text = Text::default();
    if plan.trim().is_empty() {
        text.bold("approve the plan?").push(" (It stands in no message of this turn.)");
        return text;
    }
    text.bold("approve this plan?").push("\n\n").append(head(plan));
    if is_long(plan) {
        text.push("\n").italic(input::ALL);
    }
    text
}

fn head(plan: &str) -> Text {
    let shown = markdown::render(&clean(plan)).trim();
    let first = shown.head(PLAN).split(PLAN, PLAN_ENTITIES).into_iter().next();
    first.unwrap_or_default()
}

/// Whether a message shows a plan in part.
fn is_long(plan: &str) -> bool {
    let shown = markdown::render(&clean(plan)).trim();
    shown.utf16_len() > PLAN || shown.entities.len() > PLAN_ENTITIES
}

/// What the buttons that allow more than this once stand for.
fn granted(scene: &Scene, open: &Open) -> Text {
    let mut text = Text::default();
    let shown = match open.hands {
        Hands::Choosing => 0..open.grants.len().min(1),
        Hands::Looking => 1..open.grants.len(),
        Hands::Writing => 0..0,
    };
    let labels = grant::labels(&open.grants);
    for index in shown {
        text.push("\n").bold(&labels[index]);
        text.push(": ").data(&grant::whole(scene, &open.grants[index]));
    }
    text
}

fn writing(hands: Hands, words: &str) -> Text {
    let mut text = Text::default();
    if hands == Hands::Writing {
        text.push("\n").italic(words);
    }
    text
}

/// The first answers to a permission, at most four; the others are behind *More…*.
fn permission(open: &Open, key: Key) -> Vec<Vec<Button>> {
    let tap = |press| Callback::Answer(key, press);
    let labels = grant::labels(&open.grants);
    let granting = |index: usize| button(labels[index].as_str(), &tap(Press::Grant(index as u8)));
    match open.hands {
        Hands::Writing => vec![row([("‹ Back", tap(Press::Unwrite)), ("Deny", tap(Press::Deny))])],
        Hands::Looking => {
            let mut rows: Vec<_> = (1..labels.len()).map(|index| vec![granting(index)]).collect();
            rows.push(row([("‹ Back", tap(Press::Unwrite))]));
            rows
        }
        Hands::Choosing => {
            let mut first = row([("Allow once", tap(Press::Allow))]);
            first.extend((!labels.is_empty()).then(|| granting(0)));
            let deny = row([("Deny", tap(Press::Deny)), ("Deny + reason", tap(Press::Write))]);
            let more = (labels.len() > 1).then(|| row([("More…", tap(Press::More))]));
            [Some(first), Some(deny), more].into_iter().flatten().collect()
        }
    }
}

fn plan_keyboard(hands: Hands, key: Key) -> Vec<Vec<Button>> {
    let tap = |press| Callback::Answer(key, press);
    if hands == Hands::Writing {
        return vec![
            row([("Reject without comment", tap(Press::Deny))]),
            row([("‹ Back", tap(Press::Unwrite))]),
        ];
    }
    vec![
        row([("Approve", tap(Press::Allow)), (EDITS, tap(Press::Grant(0)))]),
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

/// What was decided of a tool, behind the tool's line.
pub(super) fn verdict(scene: &Scene, decision: &Decision) -> Text {
    let mut text = Text::default();
    match decision {
        Decision::Allowed(None) => text.push(" (you allowed it)"),
        Decision::Allowed(Some(grant)) => {
            text.push(" (you allowed it: ").data(&grant::whole(scene, grant)).push(")")
        }
        Decision::Denied(None) => text.push(" (you denied it)"),
        Decision::Denied(Some(why)) => text.push(": ").italic(&words::line(why, 300)),
        Decision::Answered(_) => &mut text,
    };
    text
}

/// What was decided, as a line of its own.
pub(super) fn decided(scene: &Scene, open: &Open, decision: &Decision) -> Text {
    let mut text = Text::default();
    match (decision, &open.about) {
        (Decision::Answered(answers), _) => {
            for (at, (question, given)) in answers.iter().enumerate() {
                text.push(if at > 0 { "\n" } else { "" }).push("✓ ");
                text.data(&words::line(question, 200)).push(" ");
                text.bold(&words::line(&given.join(", "), 300));
            }
        }
        (Decision::Allowed(grant), About::Plan(plan)) => {
            text.push("✓ Plan approved");
            if let Some(grant) = grant {
                text.push(" (").data(&grant::whole(scene, grant)).push(")");
            }
            if !plan.trim().is_empty() {
                text.push("\n").append(head(plan));
            }
        }
        (Decision::Denied(why), About::Plan(_)) => {
            text.push("✗ Plan rejected");
            if let Some(why) = why {
                text.push(": ").italic(&words::line(why, 300));
            }
        }
        (decision, _) => {
            let mark = if matches!(decision, Decision::Allowed(_)) { "✓ " } else { "✗ " };
            text.push(mark).append(subject(open)).append(verdict(scene, decision));
        }
    }
    text
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
