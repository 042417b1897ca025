//! The questions of `AskUserQuestion`: one message, one question at a time.

use crate::{
    bridge::{
        form::{self, Form, Picks, Question},
        question::{Press, QuestionMode},
    },
    screens::{button, row, words},
    telegram::{
        callback::{Callback, Key},
        screen::Button,
        text::{Text, clean},
    },
};

/// Characters of a question, and of what an option means.
const QUESTION: usize = 1_000;
const DESCRIPTION: usize = 400;
/// Characters of an option in the text.
const OPTION: usize = 200;
/// Characters on a button: what a telephone shows of it in one line.
const LABEL: usize = 28;

/// The question that is being answered.
pub(super) fn text(form: &Form, mode: QuestionMode) -> Text {
    let asked = form.current();
    let mut text = Text::default();
    if form.questions.len() > 1 {
        text.data(&format!("{} of {}", form.at + 1, form.questions.len()));
        if !asked.header.is_empty() {
            text.push(" · ").data(&words::line(&asked.header, LABEL));
        }
        text.push("\n");
    }
    text.bold(&words::clip(&clean(&asked.text), QUESTION));
    let is_told = |choice: &&form::Choice| {
        !choice.description.is_empty() || choice.label.chars().count() > LABEL
    };
    for choice in asked.options.iter().filter(is_told) {
        text.push("\n• ").data(&words::line(&choice.label, OPTION));
        if !choice.description.is_empty() {
            text.push(" — ").data(&words::line(&choice.description, DESCRIPTION));
        }
    }
    if let Some(written) = &asked.written {
        text.push("\nYour words: ").italic(&words::line(written, DESCRIPTION));
    }
    if mode == QuestionMode::Writing {
        text.push("\n\n").italic("Write your answer: your next message here is it.");
    } else if asked.picks == Picks::Many {
        text.push("\n\n").italic("Pick any number, then Done.");
    }
    text
}

/// Its buttons.
pub(super) fn keyboard(form: &Form, mode: QuestionMode, key: Key) -> Vec<Vec<Button>> {
    let tap = |press| Callback::Answer(key, press);
    if mode == QuestionMode::Writing {
        return vec![row([("‹ Choose instead", tap(Press::Unwrite))])];
    }
    let at = form.at as u8;
    let asked = form.current();
    let pick = |index: usize| button(label(asked, index), &tap(Press::Pick(at, index as u8)));
    let mut rows: Vec<Vec<Button>> =
        (0..asked.options.len()).map(|index| vec![pick(index)]).collect();
    let mut last = row([("Other…", tap(Press::Write))]);
    if asked.picks == Picks::Many && asked.is_answered() {
        last.push(button("Done", &tap(Press::Done(at))));
    }
    if form.at > 0 {
        last.insert(0, row([("‹ Back", tap(Press::Back(at)))]).remove(0));
    }
    rows.push(last);
    rows
}

fn label(asked: &Question, index: usize) -> String {
    let name = words::line(&asked.options[index].label, LABEL);
    match (asked.picked.contains(&index), asked.picks) {
        (true, _) => format!("☑ {name}"),
        (false, Picks::Many) => format!("☐ {name}"),
        (false, Picks::One) => name,
    }
}
