//! What was said before, to be read in the chat.

use crate::{
    bridge::work::subject,
    claude::{
        session::SessionId,
        transcript::story::{Chapter, Part, Story},
    },
    screens::{
        Scene, anchor, row, screen,
        words::{self, tool_name},
    },
    telegram::{
        callback::{Callback, Carry, Format, See},
        markdown,
        screen::{Button, Screen},
        text::{EntityKind, Text, clean, line_breaks},
    },
};

/// Characters of a prompt and UTF-16 units of an answer: a chat is scrolled, an export is read.
const PROMPT: usize = 600;
const ANSWER: usize = 1_800;
/// Tools that are named one by one.
const TOOLS: usize = 12;
/// What Telegram takes in a message, UTF-16 units and entities with a margin.
const MESSAGE: usize = 4_096;
const ENTITIES: usize = 90;

/// Which part of which session is shown.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The session.
    pub session: SessionId,
    /// Its title.
    pub title: String,
    /// How many newer chapters are left out.
    pub skip: u16,
    /// How many were asked for.
    pub take: u16,
}

/// The past, in as many messages as it takes. Never empty.
pub fn history(scene: &Scene, past: &HistoryPage, story: &Story) -> Vec<Screen> {
    let mut text = anchor(scene, past.session);
    text.push(" ").bold(&words::line(&past.title, 80));
    if story.chapters.is_empty() {
        text.push("\nNothing was said before.");
    }
    if let Some(unreadable) = words::unreadable(story.unreadable) {
        text.push("\n").italic(&format!("{unreadable}."));
    }
    for chapter in &story.chapters {
        text.push("\n\n").append(told(scene, chapter));
    }
    let earlier = Callback::Earlier {
        session: past.session,
        skip: past.skip.saturating_add(past.take),
        take: past.take,
    };
    let mut buttons = if story.earlier { row([("‹ Earlier", earlier)]) } else { Vec::new() };
    if past.skip > 0 {
        let skip = past.skip.saturating_sub(past.take);
        let later = Callback::Earlier { session: past.session, skip, take: past.take };
        buttons.extend(row([("Later ›", later)]));
    }
    if !story.chapters.is_empty() {
        buttons.extend(row([("All as a page", Callback::Export(past.session, Format::Html))]));
    }
    let parts = text.split(MESSAGE, ENTITIES).into_iter();
    let mut screens: Vec<_> = parts.map(|part| screen(part, Vec::new())).collect();
    if let Some(last) = screens.last_mut().filter(|_| !buttons.is_empty()) {
        last.keyboard = vec![buttons];
    }
    screens
}

/// The ways to continue from what was shown of a session: at its end, and where it is not its last
/// exchange, from there; `point` is when that began, milliseconds since the Unix epoch.
pub fn ways_on(session: SessionId, point: Option<u64>) -> Vec<Vec<Button>> {
    let end = Callback::Pick(session, Carry::Nothing);
    match point {
        None => {
            vec![row([("Continue here", end), ("Continue in a copy", Callback::Copy(session))])]
        }
        Some(at) => vec![
            row([
                ("Fork from here", Callback::See(See::ForkAt(session, at))),
                ("Rewind to here", Callback::See(See::Rewind(session, at))),
            ]),
            row([("Continue at its end", end)]),
        ],
    }
}

fn told(scene: &Scene, chapter: &Chapter) -> Text {
    let mut text = asked(scene, chapter);
    text.bold("Claude").push("\n");
    let tools = tools(chapter);
    if !tools.is_empty() {
        text.append(tools.wrap(EntityKind::Fold)).push("\n");
    }
    let answer = markdown::render(&answer(chapter)).trim();
    let is_long = answer.utf16_len() > ANSWER;
    let shown = answer.head(ANSWER).split(ANSWER, ENTITIES / 2).into_iter().next();
    match shown.filter(|shown| !shown.is_empty()) {
        Some(shown) => text.append(shown).push(if is_long { " …" } else { "" }),
        None => text.italic("(nothing said)"),
    };
    if chapter.parts.contains(&Part::Compacted) {
        text.push("\n").italic("(the conversation was compacted here)");
    }
    text
}

/// What the person said and showed; nothing where the file begins in the middle of a turn.
pub(super) fn asked(scene: &Scene, chapter: &Chapter) -> Text {
    let mut text = Text::default();
    let mut prompt = words::clip(&clean(&line_breaks(chapter.prompt.trim())), PROMPT);
    if chapter.pictures > 0 {
        let pictures = words::plural(chapter.pictures as u64, "picture");
        prompt = format!("{prompt}\n[{pictures}]");
    }
    if prompt.is_empty() {
        return text;
    }
    text.bold("You");
    if let Some(at) = chapter.at {
        text.push(" · ").data(&words::age(scene.now, at));
    }
    text.push("\n").append(Text::of_prose(prompt.trim_start()).wrap(EntityKind::Quote)).push("\n");
    text
}

/// What was said after the last tool, or else all that was said.
fn answer(chapter: &Chapter) -> String {
    let is_tool = |part: &Part| matches!(part, Part::Used(_));
    let after = chapter.parts.iter().rposition(is_tool).map_or(0, |last| last + 1);
    let said = |parts: &[Part]| {
        let texts = parts.iter().filter_map(|part| match part {
            Part::Said(text) | Part::Notice(text) => Some(text.as_str()),
            Part::Used(_) | Part::Compacted => None,
        });
        texts.collect::<Vec<_>>().join("\n\n")
    };
    let last = said(&chapter.parts[after..]);
    if last.is_empty() { said(&chapter.parts) } else { last }
}

fn tools(chapter: &Chapter) -> Text {
    let used: Vec<_> = chapter
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Used(tool) => Some(tool),
            Part::Said(_) | Part::Notice(_) | Part::Compacted => None,
        })
        .collect();
    let mut text = Text::default();
    let left_out = used.len().saturating_sub(TOOLS);
    if left_out > 0 {
        text.data(&format!("… {} before\n", words::plural(left_out as u64, "step")));
    }
    for (at, tool) in used[left_out..].iter().enumerate() {
        text.push(if at == 0 { "" } else { "\n" });
        text.push(if tool.failed { "✗ " } else { "✓ " }).data(&tool_name(&tool.name));
        let used_on = subject(&tool.name, &tool.input);
        if !used_on.is_empty() {
            text.push(" ").code(&words::used_on(&used_on, 60));
        }
    }
    text
}
