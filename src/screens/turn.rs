//! A turn as it runs, and what is left of it in the chat.

use crate::{
    bridge::{
        terminal::{Terminal, When},
        turn::{Outcome, Phase, Said, Step, StepState, Turn, Wait},
        verbosity::Verbosity,
        work::is_list,
    },
    claude::session::SessionId,
    screens::{
        Scene, anchor, failure,
        files::{self, Changed},
        row, screen, verbose, words, work,
    },
    telegram::{
        callback::{Callback, Carry, Key},
        intent::deep_link,
        markdown,
        screen::{Button, Screen},
        text::{EntityKind, Text},
    },
};

/// The newest steps that a progress message shows; more would push the text off a phone.
const STEPS: usize = 5;
/// Characters of a step's subject.
const SUBJECT: usize = 60;
/// UTF-16 units of the text so far: a progress message is looked at, not read.
const SO_FAR: usize = 2_400;
/// Entities of the text so far; the steps need some, too.
const SO_FAR_ENTITIES: usize = 60;
/// UTF-16 units of what is done, where results are shown.
const DOINGS: usize = 2_400;
/// What Telegram takes in a message, UTF-16 units and entities with a margin.
const MESSAGE: usize = 4_096;
const ENTITIES: usize = 90;
/// What is kept free of these for the line that continues a part.
const CONTINUED: (usize, usize) = (32, 2);
/// Characters of a title in the small line.
const TITLE: usize = 60;

/// What is known of a turn beyond what the run shows.
#[derive(Clone, Debug, Default)]
pub struct Around {
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
}

/// A turn while it runs.
pub fn progress(scene: &Scene, turn: &Turn, around: &Around) -> Screen {
    let mut text = anchor(scene, turn.session);
    text.push(" ").bold(&headline(turn));
    if around.seconds > 0 {
        text.push(" · ").data(&words::span(around.seconds));
    }
    if let Some(occasion) = &turn.occasion {
        text.push("\n").append(unasked(occasion));
    }
    if turn.joined > 0 {
        let taken = words::plural(turn.joined as u64, "more message");
        text.push("\n").italic(&format!("Took in {taken}."));
    }
    if around.verbosity != Verbosity::Words {
        text.append(doings(turn, around.verbosity));
    }
    let so_far = so_far(turn);
    if !so_far.is_empty() {
        let room = MESSAGE.saturating_sub(text.utf16_len() + 2).min(SO_FAR);
        let newest = markdown::render(&so_far).tail(room).split(room, SO_FAR_ENTITIES).pop();
        text.push("\n\n").append(newest.unwrap_or_default());
    }
    screen(text, vec![ways(turn)])
}

/// What is done besides talking, each on a line of its own, behind a line break.
fn doings(turn: &Turn, verbosity: Verbosity) -> Text {
    let mut text = work::checklist(&turn.work);
    let steps: Vec<&Step> = turn.steps.iter().filter(|step| !is_list(&step.tool)).collect();
    let hidden = steps.len().saturating_sub(STEPS);
    if hidden > 0 {
        text.data(&format!("\n… {} before", words::plural(hidden as u64, "step")));
    }
    for step in &steps[hidden..] {
        text.push("\n").append(work::line(step)).append(work::inner(&turn.work, step));
        if verbosity == Verbosity::Results {
            text.append(verbose::result(step));
        }
    }
    text.append(work::background(&turn.work));
    if verbosity == Verbosity::Results && text.utf16_len() > DOINGS {
        let mut newest = Text::plain("\n");
        newest.append(text.tail(DOINGS));
        return newest;
    }
    text
}

fn ways(turn: &Turn) -> Vec<Button> {
    let stop = ("Stop", Callback::Stop(stop_key(turn)));
    let now = Callback::TakeOver(turn.session, When::Now);
    match &turn.terminal {
        None => row([stop]),
        Some(_) if turn.taken => row([("Take over, ending it there", now)]),
        Some(_) => row([("Take over now", now), stop]),
    }
}

/// What the *Stop* button of a turn names.
pub fn stop_key(turn: &Turn) -> Key {
    Key::of(turn.prompt.0)
}

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

/// A tool's name as a person would say it.
pub(super) fn tool_name(tool: &str) -> String {
    let name = match tool {
        "Bash" => "Run",
        "Grep" | "Glob" | "LS" => "Search",
        "MultiEdit" => "Edit",
        "WebFetch" => "Fetch",
        "WebSearch" => "Search the web",
        "Task" => "Agent",
        "TodoWrite" => "Plan",
        "AskUserQuestion" => "Ask you",
        "ExitPlanMode" => "Show the plan",
        other => match other.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")) {
            Some((server, tool)) => {
                return words::line(&format!("{server}: {tool}").replace('_', " "), SUBJECT);
            }
            None => other,
        },
    };
    words::line(name, SUBJECT)
}

/// What Claude has said since the last step, finished or not.
fn so_far(turn: &Turn) -> String {
    let since = turn.said.iter().filter(|said| said.after == turn.steps.len());
    let mut texts: Vec<_> = since.map(|said| said.text.as_str()).collect();
    texts.push(&turn.partial);
    texts.retain(|text| !text.trim().is_empty());
    match (texts.is_empty(), turn.said.last()) {
        (true, Some(last)) => last.text.clone(),
        _ => texts.join("\n\n"),
    }
}

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

/// Why a turn began that nobody asked for.
fn unasked(occasion: &str) -> Text {
    let mut text = Text::default();
    let words = words::line(occasion, 200);
    text.italic(if words.is_empty() { "Claude continued by itself." } else { &words });
    text
}

/// What is left of the progress message once the answer is in the chat: one line of what was done,
/// or None where nothing but words was.
pub fn trace(scene: &Scene, turn: &Turn, around: &Around) -> Option<Screen> {
    if turn.steps.is_empty() || around.verbosity == Verbosity::Words {
        return None;
    }
    let mut counts: Vec<(String, u64)> = Vec::new();
    for step in turn.steps.iter().filter(|step| !is_list(&step.tool)) {
        let name = tool_name(&step.tool);
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let counted: Vec<_> = counts
        .into_iter()
        .map(|(name, count)| if count == 1 { name } else { format!("{name} ×{count}") })
        .collect();
    let mut text = anchor(scene, turn.session);
    text.push(" ").data(&counted.join(" · "));
    text.push(if counted.is_empty() { "" } else { " · " }).data(&words::span(around.seconds));
    text.append(work::checklist(&turn.work));
    if around.verbosity == Verbosity::Results {
        text.push("\n").append(verbose::trace(turn));
    }
    Some(screen(text, Vec::new()))
}

/// The final answer, in as many messages as it takes. Never empty; the last one ends in the small
/// line.
pub fn answer(scene: &Scene, turn: &Turn, around: &Around) -> Vec<Screen> {
    let outcome = turn.outcome().unwrap_or(&Outcome::Answered);
    let mut text = Text::default();
    if let Some(occasion) = &turn.occasion {
        text.append(unasked(occasion)).push("\n\n");
    }
    let thoughts = work::thoughts(&turn.work);
    if !thoughts.is_empty() && around.verbosity != Verbosity::Words {
        text.append(thoughts).push("\n\n");
    }
    let remarks = join(turn.remarks());
    if !remarks.is_empty() {
        text.append(markdown::render(&remarks).trim().wrap(EntityKind::Fold)).push("\n\n");
    }
    let answer = join(turn.answer());
    text.append(markdown::render(&answer));
    let (words, keyboard) = failure::ending(outcome, turn, answer.is_empty());
    if let Some(words) = words {
        if !text.is_empty() {
            text.push("\n\n");
        }
        text.append(words);
    }
    let (after, more) = work::afterwords(turn);
    if !after.is_empty() {
        text.push("\n\n").append(after);
    }
    text.push("\n\n").append(small_line(scene, turn, around));
    let mut parts: Vec<_> =
        parts(scene, turn.session, text).into_iter().map(|part| screen(part, Vec::new())).collect();
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

/// An answer in messages. Each leads to its session: the last by its small line, the others by one
/// that says how many there are.
fn parts(scene: &Scene, session: SessionId, text: Text) -> Vec<Text> {
    let whole = text.clone().split(MESSAGE, ENTITIES);
    if whole.len() == 1 {
        return whole;
    }
    let mut parts = text.split(MESSAGE - CONTINUED.0, ENTITIES - CONTINUED.1);
    let count = parts.len();
    for (at, part) in parts.iter_mut().enumerate().take(count.saturating_sub(1)) {
        let of = format!("{} of {count}", at + 1);
        part.push("\n\n").link(&of, &deep_link(&scene.bot, session));
    }
    parts
}

fn join(said: &[Said]) -> String {
    said.iter().map(|said| said.text.trim()).collect::<Vec<_>>().join("\n\n")
}

/// Title, time and cost, led by the sign that links to the session.
fn small_line(scene: &Scene, turn: &Turn, around: &Around) -> Text {
    let mut facts = vec![words::line(&around.title, TITLE), words::span(around.seconds)];
    facts.extend(turn.cost.map(words::dollars));
    facts.retain(|fact| !fact.is_empty());
    let mut text = anchor(scene, turn.session);
    text.push(" ").italic(&facts.join(" · "));
    text
}
