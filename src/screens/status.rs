//! `/status`: where a place is and what runs.

use std::path::PathBuf;

use crate::{
    bridge::{
        choices::{Choice, Choices},
        verbosity::Verbosity,
    },
    claude::{session::SessionId, wire::offers::mode_name},
    screens::{Scene, anchor, row, screen, words},
    telegram::{
        callback::{Callback, Carry, Key, List},
        screen::Screen,
        text::Text,
    },
};

/// What `/status` tells.
#[derive(Clone, Debug)]
pub struct Status {
    /// The place's directory.
    pub directory: PathBuf,
    /// Its session, with its title; None: the next prompt finds one.
    pub session: Option<(SessionId, String)>,
    /// Whether something was said in that session: it can be resumed.
    pub begun: bool,
    /// Git branch of the session.
    pub branch: Option<String>,
    /// US dollars of that session so far.
    pub cost: Option<f64>,
    /// The run of that session, if there is one.
    pub run: Option<Running>,
    /// What holds for the place; of runs, where nothing runs.
    pub choices: Choices,
    /// Sessions of other places.
    pub others: Vec<Other>,
    /// How many processes are warm.
    pub warm: usize,
    /// How many turns run.
    pub busy: usize,
    /// Version of the CLI, where one has run.
    pub version: Option<String>,
}

/// What is known of a run.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// What it does, in words.
    pub activity: String,
    /// Model in use.
    pub model: Option<String>,
    /// Permission mode in use.
    pub mode: Option<String>,
    /// Effort, where it was chosen.
    pub effort: Option<String>,
    /// Tokens in the context, and its size.
    pub context: Option<(u64, Option<u64>)>,
    /// US dollars so far.
    pub cost: Option<f64>,
}

/// Another place and its session.
#[derive(Clone, Debug)]
pub struct Other {
    /// The session, where it has one.
    pub session: Option<SessionId>,
    /// Its title, or that there is none.
    pub title: String,
    /// Its directory.
    pub directory: PathBuf,
}

/// The status of a place.
pub fn status(scene: &Scene, status: &Status) -> Screen {
    let mut text = Text::default();
    match &status.session {
        Some((session, title)) => {
            text.append(anchor(scene, *session)).push(" ").bold(&words::line(title, 80));
        }
        None => {
            text.bold("No session yet").push(": the next message finds or starts one");
        }
    }
    text.push("\n").code(&words::path(&status.directory, &scene.home));
    if let Some(branch) = words::branch(status.branch.as_deref()) {
        text.push(" · ").data(&branch);
    }
    text.append(match (&status.run, status.begun) {
        (Some(running), _) => run(running, status.cost),
        (None, true) => asleep("Asleep: the next message wakes it.", &status.choices),
        (None, false) if status.session.is_some() => {
            asleep("It begins with the next message.", &status.choices)
        }
        (None, false) => asleep("", &status.choices),
    });
    if status.run.is_none() {
        text.append(behind_a_break(&Vec::from_iter(so_far(status.cost))));
    }
    if let Some((session, _)) = status.session.as_ref().filter(|_| status.begun) {
        text.push("\nOn the laptop: ").code(&format!("claude --resume {session}"));
    }
    if status.choices.verbosity != Verbosity::default() {
        text.push("\nShows: /verbose ").data(&status.choices.verbosity.level().to_string());
    }
    if !status.others.is_empty() {
        text.push("\n\n").bold("Other chats");
        for other in &status.others {
            text.push("\n");
            if let Some(session) = other.session {
                text.append(anchor(scene, session)).push(" ");
            }
            text.data(&words::line(&other.title, 60)).push(" · ");
            text.code(&words::path(&other.directory, &scene.home));
        }
    }
    let turns = words::plural(status.busy as u64, "turn");
    let warm = if status.warm == 1 { "1 process" } else { &format!("{} processes", status.warm) };
    text.push("\n\n").italic(&format!("{turns} running · {warm} kept warm{}", version(status)));
    let here = Key::of_path(&status.directory);
    let list =
        Callback::Sessions(List { directory: Some(here), ..List::default() }, Carry::Nothing);
    screen(text, vec![row([("Sessions", list), ("New", Callback::New(None, Carry::Nothing))])])
}

fn version(status: &Status) -> String {
    status.version.as_ref().map_or_else(String::new, |version| format!(" · Claude Code {version}"))
}

/// What holds where nothing runs, behind a line break.
fn asleep(state: &str, choices: &Choices) -> Text {
    let mut lines = vec![state.to_owned()];
    let kinds = [Choice::Model, Choice::Effort, Choice::Mode];
    let facts: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| {
            let value = words::line(choices.get(kind)?, 60);
            Some(match kind {
                Choice::Model => words::model(&value),
                Choice::Mode => format!("mode {}", mode_name(&value)),
                Choice::Effort => format!("effort {value}"),
            })
        })
        .collect();
    if !facts.is_empty() {
        lines.push(facts.join(" · "));
    }
    behind_a_break(&lines)
}

/// The lines that are not empty, a line break before each.
fn behind_a_break(lines: &[String]) -> Text {
    let mut text = Text::default();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        text.push("\n").data(line);
    }
    text
}

/// What a session has cost, where that is known and anything.
fn so_far(cost: Option<f64>) -> Option<String> {
    cost.filter(|cost| *cost > 0.0).map(|cost| format!("{} so far", words::dollars(cost)))
}

/// What a run does, behind a line break.
fn run(run: &Running, cost: Option<f64>) -> Text {
    let mut lines = vec![run.activity.clone()];
    let mut facts: Vec<String> = Vec::new();
    facts.extend(run.model.as_deref().map(words::model));
    facts.extend(run.effort.as_ref().map(|effort| format!("effort {effort}")));
    facts.extend(run.mode.as_deref().map(|mode| format!("mode {}", mode_name(mode))));
    if !facts.is_empty() {
        lines.push(facts.join(" · "));
    }
    let mut use_so_far: Vec<String> = Vec::new();
    use_so_far.extend(run.context.map(|(used, window)| match window.filter(|size| *size > 0) {
        Some(size) => format!(
            "Context {} of {} ({} %)",
            words::tokens(used),
            words::tokens(size),
            used * 100 / size
        ),
        None => format!("Context {}", words::tokens(used)),
    }));
    use_so_far.extend(so_far(cost.into_iter().chain(run.cost).reduce(f64::max)));
    if !use_so_far.is_empty() {
        lines.push(use_so_far.join(" · "));
    }
    behind_a_break(&lines)
}
