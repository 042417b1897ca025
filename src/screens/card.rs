//! The card of a turn: what Claude does while it runs, and one line of what it did once it is over.

use crate::{
    bridge::{
        choices::Verbosity,
        question::About,
        terminal::{Terminal, When},
        turn::{Decided, Outcome, Phase, Step, StepState, TextPart, Turn, Wait},
        work::is_list,
    },
    screens::{Scene, anchor, button, files::Changed, question, row, screen, verbose, words, work},
    telegram::{
        callback::{Callback, Key},
        markdown,
        screen::{Button, Screen},
        text::{EntityKind, Text},
    },
};

/// The newest steps that a running card shows; more would push the text off a phone.
const STEPS: usize = 5;
/// Steps that stay when the turn is over; Telegram takes about 100 entities.
const KEPT: usize = 30;
/// UTF-16 units of them.
const FOLDED: usize = 3_000;
/// Entities of them.
const FOLDED_ENTITIES: usize = 80;
/// Bytes of a heading that Claude writes above a plan.
const HEADING: usize = 80;
/// Characters of what was said between two steps, from which on it is no remark.
const REMARK: usize = 400;
/// UTF-16 units of the words that opened the turn.
const OPENING: usize = 240;
/// UTF-16 units of the text so far: a card is looked at, not read.
const SO_FAR: usize = 2_400;
/// Entities of the text so far; the steps need some, too.
const SO_FAR_ENTITIES: usize = 50;
/// UTF-16 units of what is done.
const DOINGS: usize = 2_400;
/// UTF-16 units of a message.
const MESSAGE: usize = 4_096;
/// Characters of a waiting message's words on a button.
const WAITING: usize = 9;
/// Waiting messages that can be taken back from a card.
const TAKEN_BACK: usize = 3;

/// What is known of a turn beyond what the run shows.
#[derive(Clone, Debug, Default)]
pub struct TurnContext {
    /// The session's title.
    pub title: String,
    /// Seconds since the turn began.
    pub seconds: u64,
    /// The place points at another session than this one.
    pub elsewhere: bool,
    /// Files that it has written.
    pub changed: Vec<Changed>,
    /// How much is shown.
    pub verbosity: Verbosity,
    /// The plan that it asks about, where a file has it.
    pub plan: Option<String>,
    /// Messages that wait for it and have no buttons of their own, each with its words.
    pub waiting: Vec<(Key, String)>,
}

/// What the *Stop* button of a turn names.
pub fn stop_key(turn: &Turn) -> Key {
    Key::of(turn.prompt.0)
}

/// Why a turn began that nobody asked for.
pub(super) fn unasked(occasion: &str) -> Text {
    let mut text = Text::default();
    let words = words::line(occasion, 200);
    text.italic(&if words.is_empty() {
        "Claude continued by itself.".to_owned()
    } else {
        format!("By itself: {words}")
    });
    text
}

// ---- While it runs ----

/// The card of a turn that runs.
pub fn running(scene: &Scene, turn: &Turn, around: &TurnContext) -> Screen {
    let mut text = anchor(scene, turn.session);
    text.push(" ").bold(&headline(turn));
    if around.seconds > 0 && !turn.waits_for_person() {
        text.push(" · ").data(&words::span(around.seconds));
    }
    if let Some(occasion) = &turn.occasion {
        text.push("\n").append(unasked(occasion));
    }
    let opening = opening(turn);
    if !opening.is_empty() {
        text.push("\n").append(opening);
    }
    if around.verbosity != Verbosity::Words {
        text.append(doings(scene, turn, around));
    }
    let so_far = so_far(turn);
    if !so_far.is_empty() {
        let room = MESSAGE.saturating_sub(text.utf16_len() + 2).min(SO_FAR);
        let newest = markdown::render(&so_far).tail(room).split(room, SO_FAR_ENTITIES).pop();
        text.push("\n\n").append(newest.unwrap_or_default());
    }
    screen(text, ways(turn, around))
}

/// The words that opened the turn, where steps have followed them.
fn opening(turn: &Turn) -> Text {
    let first = turn.said.first().filter(|said| said.after == 0 && !turn.steps.is_empty());
    let first = first.filter(|said| !is_plan(turn, said));
    let shown = first.map(|said| markdown::render(&said.text).trim()).unwrap_or_default();
    let mut parts = shown.head(OPENING).split(OPENING, 8);
    if parts.is_empty() { Text::default() } else { parts.swap_remove(0) }
}

/// Whether words are a plan that the person is or was asked about: it is shown with that.
pub(super) fn is_plan(turn: &Turn, said: &TextPart) -> bool {
    let open = turn.asks.iter().chain(turn.decided.iter().map(|decided| &decided.open));
    let mut plans = open.filter_map(|open| match &open.about {
        About::Plan(plan) => Some(plan),
        _ => None,
    });
    plans.any(|plan| {
        let (plan, said) = (plan.trim(), said.text.trim());
        !plan.is_empty() && said.contains(plan) && said.len() <= plan.len() + HEADING
    })
}

/// What is done besides talking, each on a line of its own, behind a line break; the list of things
/// to do stands apart.
fn doings(scene: &Scene, turn: &Turn, around: &TurnContext) -> Text {
    let mut text = steps(scene, turn, around, (STEPS, &[]));
    text.append(work::background(&turn.work));
    if text.utf16_len() > DOINGS {
        let newest = text.tail(DOINGS);
        text = Text::plain("\n");
        text.append(newest);
    }
    let list = work::checklist(&turn.work);
    if !list.is_empty() {
        text.push("\n").append(list);
    }
    text
}

/// What Claude has said since the last step, finished or not; nothing that stands further up.
fn so_far(turn: &Turn) -> String {
    let words = || turn.said.iter().filter(|said| !is_plan(turn, said));
    let since = words().filter(|said| said.after == turn.steps.len());
    let mut texts: Vec<_> = since.map(|said| said.text.as_str()).collect();
    texts.push(&turn.partial);
    texts.retain(|text| !text.trim().is_empty());
    match (texts.is_empty(), words().next_back()) {
        (true, Some(last)) if turn.said.len() > 1 || last.after > 0 => last.text.clone(),
        _ => texts.join("\n\n"),
    }
}

fn ways(turn: &Turn, around: &TurnContext) -> Vec<Vec<Button>> {
    let stop = ("Stop", Callback::Stop(stop_key(turn)));
    let now = Callback::TakeOver(turn.session, When::Now);
    let mut rows = vec![match &turn.terminal {
        // The question below has it.
        None if !turn.asks.is_empty() => Vec::new(),
        None => row([stop]),
        Some(_) if turn.taken => row([("Take over, ending it there", now)]),
        Some(_) => row([("Take over now", now), stop]),
    }];
    let is_one = around.waiting.len() == 1;
    rows.extend(around.waiting.iter().take(TAKEN_BACK).map(|(key, words)| {
        let of = if is_one { String::new() } else { format!(": {}", words::line(words, WAITING)) };
        vec![button(format!("Take back{of}"), &Callback::TakeBack(*key))]
    }));
    rows
}

// ---- When it is over ----

/// What is left of a turn besides its answer: one line, with the steps folded. None where nothing but
/// words was, or the answer says it.
pub fn rest(scene: &Scene, turn: &Turn, around: &TurnContext) -> Option<Screen> {
    let nothing = turn.steps.is_empty() && turn.decided.is_empty();
    if nothing || around.verbosity == Verbosity::Words || is_in_the_answer(turn) {
        return None;
    }
    Some(screen(line(scene, turn, around), Vec::new()))
}

/// Whether the card is all that there is to say: the person stopped the turn before a word.
pub(super) fn is_in_the_answer(turn: &Turn) -> bool {
    turn.outcome() == Some(&Outcome::Stopped) && turn.answer().is_empty()
}

/// The same of a turn that was stopped before a word.
pub(super) fn stopped(scene: &Scene, turn: &Turn, around: &TurnContext) -> Text {
    line(scene, turn, around)
}

/// Whether the card has what Claude said on the way, so that the answer begins with the answer: where
/// all of it is short enough to be seen there.
pub(super) fn holds_remarks(scene: &Scene, turn: &Turn, around: &TurnContext) -> bool {
    let remarks = turn.remarks();
    let short = |said: &TextPart| said.text.chars().count() <= REMARK;
    let there = around.verbosity != Verbosity::Words && !is_in_the_answer(turn);
    if !there || turn.steps.len() > KEPT || !remarks.iter().all(short) {
        return false;
    }
    let all = details(scene, turn, around, remarks);
    all.utf16_len() <= FOLDED && all.entities.len() <= FOLDED_ENTITIES
}

/// The steps and what was said between them, then the list of things to do.
fn details(scene: &Scene, turn: &Turn, around: &TurnContext, spoken: &[TextPart]) -> Text {
    let mut text = steps(scene, turn, around, (KEPT, spoken));
    let list = work::checklist(&turn.work);
    if !list.is_empty() {
        text.push("\n").append(list);
    }
    text.trim()
}

fn line(scene: &Scene, turn: &Turn, around: &TurnContext) -> Text {
    let steps = turn.steps.iter().filter(|step| !is_list(&step.tool)).count();
    let mut facts = Vec::new();
    facts.extend((steps > 0).then(|| words::plural(steps as u64, "step")));
    facts.push(words::span(around.seconds));
    let mut text = anchor(scene, turn.session);
    text.push(" ");
    if turn.outcome() == Some(&Outcome::Stopped) {
        text.bold("Stopped").push(" · ");
    }
    text.data(&facts.join(" · "));
    if around.verbosity == Verbosity::Words {
        return text;
    }
    let spoken = if holds_remarks(scene, turn, around) { turn.remarks() } else { &[] };
    let folded = details(scene, turn, around, spoken);
    if !folded.is_empty() {
        let folded = folded
            .head(FOLDED)
            .split(FOLDED, FOLDED_ENTITIES)
            .into_iter()
            .next()
            .unwrap_or_default();
        text.push("\n").append(folded.wrap(EntityKind::Fold));
    }
    text
}

// ---- The steps ----

/// The newest steps, each on a line of its own behind a line break, with what the person has decided,
/// and what was said before them.
fn steps(
    scene: &Scene,
    turn: &Turn,
    around: &TurnContext,
    (most, spoken): (usize, &[TextPart]),
) -> Text {
    let mut text = Text::default();
    let is_step = |(_, step): &(usize, &Step)| !is_list(&step.tool);
    let steps: Vec<_> = turn.steps.iter().enumerate().filter(is_step).collect();
    let hidden = steps.len().saturating_sub(most);
    if hidden > 0 {
        text.data(&format!("\n… {} before", words::plural(hidden as u64, "step")));
    }
    let mut spoken = spoken.iter().filter(|said| !is_plan(turn, said)).peekable();
    for (at, step) in &steps[hidden..] {
        while let Some(said) = spoken.next_if(|said| said.after <= *at) {
            text.push("\n").append(markdown::render(&said.text).trim());
        }
        text.push("\n").append(step_line(scene, turn, around, step));
        text.append(work::inner(&turn.work, step));
        if around.verbosity == Verbosity::Results {
            text.append(verbose::result(step));
        }
    }
    for said in spoken {
        text.push("\n").append(markdown::render(&said.text).trim());
    }
    let of_step = |decided: &&Decided| decision_of(turn, decided).is_some();
    for decided in turn.decided.iter().filter(|decided| !of_step(decided)) {
        text.push("\n").append(alone(scene, around, decided));
    }
    text
}

/// The step that a decision is about.
fn decision_of<'a>(turn: &'a Turn, decided: &Decided) -> Option<&'a Step> {
    let id = decided.open.ask.tool_use.as_deref()?;
    turn.steps.iter().find(|step| step.id == id)
}

fn step_line(scene: &Scene, turn: &Turn, around: &TurnContext, step: &Step) -> Text {
    let of_this = |decided: &&Decided| decided.open.ask.tool_use.as_deref() == Some(&*step.id);
    match turn.decided.iter().rfind(of_this) {
        Some(decided) if decided.open.about == About::Tool => {
            let mut text = work::line(step);
            text.append(question::verdict(scene, &decided.decision));
            text
        }
        Some(decided) => alone(scene, around, decided),
        None => {
            let mut text = work::line(step);
            let is_it =
                |(tool, subject): &(String, String)| *tool == step.tool && *subject == step.subject;
            if step.state == StepState::Failed && turn.denials.iter().any(is_it) {
                text.push(" (not allowed)");
            }
            text
        }
    }
}

/// A decision as a line of its own, of a plan with the plan.
fn alone(scene: &Scene, around: &TurnContext, decided: &Decided) -> Text {
    let mut open = decided.open.clone();
    if let (About::Plan(plan), Some(written)) = (&mut open.about, &around.plan) {
        plan.clone_from(written);
    }
    question::decided(scene, &open, &decided.decision)
}

// ---- Its first line ----

fn headline(turn: &Turn) -> String {
    if let Some(retry) = &turn.retry {
        let status = retry.error_status.map_or_else(String::new, |status| format!(" ({status})"));
        let trouble = match retry.error_status {
            Some(503 | 529) => "The API is overloaded",
            Some(429) => "The API asks to slow down",
            Some(401 | 403) => "The API rejected the login",
            _ => "The API does not answer",
        };
        return format!("{trouble}{status}: try {} of {}", retry.attempt, retry.max_retries);
    }
    match &turn.phase {
        Phase::Waiting(Wait::Turn | Wait::After | Wait::Interrupt) => {
            "Waiting for the running turn".to_owned()
        }
        Phase::Waiting(Wait::Place) => "Waiting for the turn of another chat".to_owned(),
        Phase::Waiting(Wait::Orphan) => "Waiting for the turn that was running before".to_owned(),
        Phase::Waiting(Wait::Terminal) => match &turn.terminal {
            Some(Terminal { leaving: true, .. }) => "Waiting until the terminal is idle".to_owned(),
            _ => "Waiting for the terminal on the laptop".to_owned(),
        },
        Phase::Working if turn.terminal.as_ref().is_some_and(|there| there.waits.is_some()) => {
            "The terminal waits for an answer there".to_owned()
        }
        Phase::Waiting(Wait::Slot(1)) => "Waiting: another turn is running".to_owned(),
        Phase::Waiting(Wait::Slot(most)) => format!("Waiting: {most} other turns are running"),
        Phase::Waiting(Wait::Files { count, percent }) => {
            let here = percent.map_or_else(String::new, |percent| format!(" · {percent} %"));
            let files = if *count == 1 { "your file".to_owned() } else { format!("{count} files") };
            format!("Fetching {files}{here}")
        }
        Phase::Starting => "Starting Claude".to_owned(),
        Phase::Done(_) => "Done".to_owned(),
        Phase::Working if !turn.asks.is_empty() => "Waiting for your answer".to_owned(),
        Phase::Working => match turn.steps.last() {
            Some(step) if step.state == StepState::Running => format!("{}…", doing(&step.tool)),
            _ if !turn.partial.is_empty() => "Writing…".to_owned(),
            _ if turn.thinking => "Thinking…".to_owned(),
            _ => "Working…".to_owned(),
        },
    }
}

fn doing(tool: &str) -> &'static str {
    match tool {
        "Bash" => "Running a command",
        "Read" | "NotebookRead" => "Reading",
        "Edit" | "MultiEdit" | "NotebookEdit" => "Editing",
        "Write" => "Writing a file",
        "Grep" | "Glob" | "LS" => "Searching",
        "WebFetch" | "WebSearch" => "Looking on the web",
        "Task" | "Agent" => "Working with a sub-agent",
        tool if is_list(tool) => "Planning the work",
        _ => "Using a tool",
    }
}
