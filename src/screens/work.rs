//! What Claude does besides talking: its list, its sub-agents, what runs in the background; and what
//! there is to say of it once the turn is over.

use crate::{
    bridge::{
        choices::Verbosity,
        turn::{Step, StepState, Turn},
        work::{TodoItem, TodoState, Work},
    },
    screens::{
        row,
        words::{self, tool_name},
    },
    telegram::{
        callback::Callback,
        screen::Button,
        text::{EntityKind, Text, clean},
    },
};

/// Things to do that are shown; those that are done make room first.
const ITEMS: usize = 12;
/// Characters of one of them.
const ITEM: usize = 80;
/// Steps of a running sub-agent that are shown.
const INNER: usize = 2;
/// Characters of a step's subject.
const SUBJECT: usize = 60;
/// Tasks in the background that are named.
const TASKS: usize = 4;
/// Characters of the thoughts that are shown, folded.
const THOUGHTS: usize = 1_500;
/// Part of the context window from which on *Compact* is offered, percent. The CLI compacts by
/// itself a little later.
const FULL: u64 = 80;

/// The list of things to do, each on a line of its own, behind a line break.
pub(super) fn checklist(work: &Work) -> Text {
    let mut text = Text::default();
    let done = |item: &&TodoItem| item.state == TodoState::Done;
    let surplus = work.items.len().saturating_sub(ITEMS);
    let hidden = work.items.iter().filter(done).count().min(surplus);
    if hidden > 0 {
        text.data(&format!("\n☑ {hidden} more done"));
    }
    let mut skip = hidden;
    let shown = work.items.iter().filter(|item| {
        let skipped = skip > 0 && item.state == TodoState::Done;
        skip -= usize::from(skipped);
        !skipped
    });
    for item in shown.take(ITEMS) {
        let line = words::line(&item.text, ITEM);
        match item.state {
            TodoState::Open => text.push("\n☐ ").data(&line),
            TodoState::Doing => text.push("\n▸ ").bold(&line),
            TodoState::Done => text.push("\n☑ ").data(&line),
        };
    }
    if let left @ 1.. = (work.items.len() - hidden).saturating_sub(ITEMS) {
        text.data(&format!("\n☐ {left} more"));
    }
    text
}

/// What a sub-agent does, beneath the step that started it.
pub(super) fn inner(work: &Work, step: &Step) -> Text {
    let mut text = Text::default();
    let count = work.of(&step.id).count();
    if count == 0 {
        return text;
    }
    if step.state != StepState::Running {
        text.push(" · ").data(&words::plural(count as u64, "step"));
        return text;
    }
    for step in work.of(&step.id).skip(count.saturating_sub(INNER)) {
        text.push("\n    ").append(line(step));
    }
    text
}

/// A step in one line.
pub(super) fn line(step: &Step) -> Text {
    let mark = match step.state {
        StepState::Running => "▸",
        StepState::Done => "✓",
        StepState::Failed => "✗",
    };
    let mut text = Text::of_data(&format!("{mark} {}", tool_name(&step.tool)));
    if !step.subject.is_empty() {
        text.push(" ").code(&words::used_on(&step.subject, SUBJECT));
    }
    text
}

/// What runs in the background, behind a line break.
pub(super) fn background(work: &Work) -> Text {
    let mut text = Text::default();
    for task in work.background.iter().take(TASKS) {
        text.push("\n◦ In the background: ").data(&words::line(task, ITEM));
    }
    if let left @ 1.. = work.background.len().saturating_sub(TASKS) {
        text.data(&format!("\n◦ … and {left} more"));
    }
    text
}

/// What Claude thought, folded.
pub(super) fn thoughts(work: &Work) -> Text {
    let thoughts = work.thoughts.join("\n\n");
    let thoughts = words::clip(clean(&thoughts).trim(), THOUGHTS);
    if thoughts.is_empty() {
        return Text::default();
    }
    Text::of_prose(&format!("Thoughts\n{thoughts}")).wrap(EntityKind::Fold)
}

/// What is to be said after the answer, and the buttons that belong to it.
pub(super) fn afterwords(turn: &Turn, verbosity: Verbosity) -> (Text, Vec<Vec<Button>>) {
    let mut text = Text::default();
    let mut keyboard = Vec::new();
    let denied = denied(turn);
    // Else the card has it.
    if !denied.is_empty() && verbosity == Verbosity::Words {
        text.push("Not allowed: ").append(denied).push("\n");
    }
    if !turn.lost.is_empty() {
        let why = "The session went on at the laptop, so its process here was replaced. This ended \
                   with it: ";
        text.push(why).data(&named(&turn.lost)).push(".\n");
    }
    if !turn.work.background.is_empty() {
        let tasks = named(&turn.work.background);
        text.data(&format!("Still running in the background: {tasks}.\n"));
    }
    if let Some(percent) = full(turn) {
        text.data(&format!("The context is {percent} % full.\n"));
        keyboard.push(row([("Compact", Callback::Compact(turn.session))]));
    }
    (text.trim(), keyboard)
}

fn named(tasks: &[String]) -> String {
    let named: Vec<_> = tasks.iter().take(TASKS).map(|task| words::line(task, ITEM)).collect();
    named.join(", ")
}

fn denied(turn: &Turn) -> Text {
    let mut text = Text::default();
    // A plan that is not approved and a question without an answer are no refusals.
    let tools = turn.denials.iter();
    let tools = tools.filter(|(tool, _)| !matches!(&**tool, "ExitPlanMode" | "AskUserQuestion"));
    for (at, (tool, subject)) in tools.enumerate() {
        text.push(if at > 0 { ", " } else { "" }).data(&tool_name(tool));
        if !subject.is_empty() {
            text.push(" ").code(&words::used_on(subject, SUBJECT));
        }
    }
    text
}

/// How full the context is, percent, where that is worth a word.
fn full(turn: &Turn) -> Option<u64> {
    let (context, window) = turn.context.zip(turn.window.filter(|window| *window > 0))?;
    Some((context * 100 / window).min(100)).filter(|percent| *percent >= FULL)
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
        },
        claude::session::SessionId,
        telegram::text::rules,
    };

    fn item(text: &str, state: TodoState) -> TodoItem {
        TodoItem { id: String::new(), text: text.to_owned(), state }
    }

    #[test]
    fn a_list_is_a_checklist_of_bounded_length() {
        let mut work = Work {
            items: vec![
                item("Dig", TodoState::Done),
                item("So\u{202e}w", TodoState::Doing),
                item("Water", TodoState::Open),
            ],
            ..Work::default()
        };
        assert_eq!(checklist(&work).text, "\n☑ Dig\n▸ So\u{fffd}w\n☐ Water");
        work.items = (0..30)
            .map(|n| item(&n.to_string(), if n < 10 { TodoState::Done } else { TodoState::Open }))
            .collect();
        let text = checklist(&work);
        assert!(text.text.starts_with("\n☑ 10 more done\n☐ 10\n"), "{text:?}");
        assert!(text.text.ends_with("\n☐ 21\n☐ 8 more"), "{text:?}");
        assert_eq!(rules::broken(&text), None);
    }

    #[test]
    fn what_is_left_to_say_is_said_after_the_answer() {
        let source = Source { bot: 1, place: Place { chat: 1, thread: None }, message: 1 };
        let session = SessionId(Uuid::nil());
        let mut turn = Turn::new(&Prompt::new(source, "", 0), session, Instant::now());
        (turn.context, turn.window) = (Some(150), Some(200));
        assert_eq!(afterwords(&turn, Verbosity::Words), (Text::default(), Vec::new()));
        (turn.context, turn.window) = (Some(170), Some(200));
        turn.work.background = vec!["Fill\nit".to_owned()];
        let denied = |tool: &str, subject: &str| (tool.to_owned(), subject.to_owned());
        turn.denials =
            vec![denied("Bash", "ls"), denied("ExitPlanMode", ""), denied("mcp__a_b__c", "")];
        let (text, keyboard) = afterwords(&turn, Verbosity::Words);
        assert_eq!(
            text.text,
            "Not allowed: Run ls, a b: c\nStill running in the background: Fill it.\n\
             The context is 85 % full."
        );
        assert_eq!(keyboard[0][0].label, "Compact");
    }
}
