//! What a turn leaves in the chat besides its card: the answer, and a word on a message that waits
//! for it.

use crate::{
    bridge::{
        choices::Verbosity,
        turn::{Outcome, Phase, TextPart, Turn, Wait},
    },
    screens::{Scene, anchor, card, failure, files, row, screen, words, work},
    telegram::{
        callback::{Callback, Carry},
        intent::deep_link,
        markdown,
        screen::Screen,
        text::{EntityKind, Text},
    },
};

pub use crate::screens::card::{TurnContext, stop_key};

/// What Telegram takes in a message, UTF-16 units and entities with a margin.
const MESSAGE: usize = 4_096;
const ENTITIES: usize = 90;
/// Characters of a title in the small line, so that a telephone shows it in one.
const TITLE: usize = 24;

/// A prompt that waits for the running turn, or was taken into it.
pub fn joining(scene: &Scene, turn: &Turn) -> Screen {
    let words = match turn.outcome() {
        Some(Outcome::Joined) => "Claude has taken this into the running turn.",
        Some(Outcome::TakenBack) => "Taken back: Claude has not read this.",
        Some(Outcome::Shutdown) if turn.taken => {
            "segue was ended while the terminal on the laptop works on this. What Claude says comes \
             here when segue is back."
        }
        Some(Outcome::Shutdown) => {
            "segue was ended before Claude read this. It is kept, and goes to Claude when segue is back."
        }
        _ => match turn.phase {
            Phase::Waiting(Wait::Interrupt) => "Interrupting the turn for this.",
            Phase::Waiting(Wait::After) => "Waits until this turn is done.",
            _ => "Claude takes this in at the next step.",
        },
    };
    let mut text = anchor(scene, turn.session);
    text.push(" ").italic(words);
    let open = turn.outcome().is_none();
    let back = Callback::TakeBack(stop_key(turn));
    screen(text, if open { vec![row([("Take back", back)])] } else { Vec::new() })
}

/// The final answer, in as many messages as it takes. Never empty; each is linked to the session, and
/// the last one ends in the small line.
pub fn answer(scene: &Scene, turn: &Turn, around: &TurnContext) -> Vec<Screen> {
    let outcome = turn.outcome().unwrap_or(&Outcome::Answered);
    let answer = join(turn.answer().iter());
    let (words, keyboard) = failure::ending(outcome, turn, answer.is_empty());
    let mut text = Text::default();
    if card::is_in_the_answer(turn) {
        text.append(card::stopped(scene, turn, around));
    } else {
        text = told(scene, turn, around);
        text.append(markdown::render(&answer));
        if let Some(words) = words {
            part_from(&mut text).append(words);
        }
    }
    let (after, more) = work::afterwords(turn, around.verbosity);
    if !after.is_empty() {
        part_from(&mut text).append(after);
    }
    if !turn.files.is_empty() {
        part_from(&mut text).append(kept(scene, turn));
    }
    if !card::is_in_the_answer(turn) {
        text.push("\n\n").append(small_line(scene, turn, around));
    }
    let mut parts: Vec<_> = text
        .split(MESSAGE - 1, ENTITIES)
        .into_iter()
        .map(|part| screen(part, Vec::new()))
        .collect();
    let count = parts.len();
    for part in &mut parts[..count.saturating_sub(1)] {
        part.text = linked(scene, turn, std::mem::take(&mut part.text));
    }
    if let Some(last) = parts.last_mut() {
        last.keyboard = [keyboard, more].concat();
        last.keyboard.extend(files::changed(&around.changed));
        if around.elsewhere {
            last.keyboard.push(row([(
                "Stay in this session",
                Callback::Pick(turn.session, Carry::Nothing),
            )]));
        }
    }
    parts
}

/// Where the files lie that came with the prompt.
fn kept(scene: &Scene, turn: &Turn) -> Text {
    let one = turn.files.len() == 1;
    let mut text = Text::plain(if one { "Your file is in " } else { "Your files are in " });
    for (number, file) in turn.files.iter().enumerate() {
        let of_project = file.strip_prefix(&turn.directory);
        let path = of_project.map_or_else(
            |_| words::path(file, &scene.home),
            |inside| words::path(inside, &scene.home),
        );
        text.push(if number == 0 { "" } else { ", " }).code(&path);
    }
    text
}

/// What comes before the words of an answer: why there is one, what Claude thought, and what it said
/// on the way, unless the card has it.
fn told(scene: &Scene, turn: &Turn, around: &TurnContext) -> Text {
    let mut text = Text::default();
    if let Some(occasion) = &turn.occasion {
        text.append(card::unasked(occasion)).push("\n\n");
    }
    let thoughts = work::thoughts(&turn.work);
    if !thoughts.is_empty() && around.verbosity != Verbosity::Words {
        text.append(thoughts).push("\n\n");
    }
    let remarks = join(turn.remarks().iter().filter(|said| !card::is_plan(turn, said)));
    if !remarks.is_empty() && !card::holds_remarks(scene, turn, around) {
        text.append(markdown::render(&remarks).trim().wrap(EntityKind::Fold)).push("\n\n");
    }
    text
}

/// An empty line, if something stands before it.
fn part_from(text: &mut Text) -> &mut Text {
    let gap = if text.is_empty() { "" } else { "\n\n" };
    text.push(gap)
}

/// A part of an answer behind a link that nobody sees, so that a reply to it finds its session.
fn linked(scene: &Scene, turn: &Turn, part: Text) -> Text {
    let mut text = Text::hidden_link(&deep_link(&scene.bot, turn.session));
    text.append(part);
    text
}

fn join<'a>(said: impl Iterator<Item = &'a TextPart>) -> String {
    said.map(|said| said.text.trim()).collect::<Vec<_>>().join("\n\n")
}

/// Title, time and cost, led by the sign that links to the session. Where it is too long for one
/// line it breaks behind the title.
fn small_line(scene: &Scene, turn: &Turn, around: &TurnContext) -> Text {
    let mut facts = vec![words::span(around.seconds)];
    facts.extend(turn.cost.map(words::dollars));
    facts.extend(turn.via_terminal.then(|| format!("via{}terminal", words::GLUE)));
    let facts = facts.join(&format!("{0}·{0}", words::GLUE));
    let title = words::whole(&around.title, TITLE);
    let mut text = anchor(scene, turn.session);
    text.push(" ").italic(&if title.is_empty() {
        facts
    } else {
        format!("{title} ·{}{facts}", words::GLUE)
    });
    text
}
